/*
 * Qualcomm's eMMC host: what its parts share
 *
 * Only hw/sd/sdhci-msm*.c may include this. Registers that Linux names are
 * named as there; no other public name is known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_SD_SDHCI_MSM_INTERNAL_H
#define HW_SD_SDHCI_MSM_INTERNAL_H

#include "hw/arm/sip.h"
#include "hw/core/sysbus-fdt-device.h"
#include "hw/sd/cqhci.h"
#include "hw/sd/sdhci.h"
#include "hw/sd/sdhci-msm.h"

OBJECT_DECLARE_SIMPLE_TYPE(SDHCIMSMState, SDHCI_MSM_EMMC)

/* The regions, in the order in which the machine maps them */
enum {
    MSM_REGION_HC,
    MSM_REGION_CQHCI,
    MSM_REGION_ICE,
    MSM_REGION_SCM,             /* x-scm-port=on only */
};
#define MSM_HC_SIZE     0x1000
#define MSM_ICE_SIZE    0x8000
#define MSM_SCM_SIZE    0x1000
#define MSM_LEGACY_REGS 2

enum {
    MSM_IRQ_HC,
    MSM_IRQ_POWER,
};

/* Clocks that can be gated: inputs of the device, pins of the machine's GPIO */
enum {
    MSM_CLOCK_CORE,
    MSM_CLOCK_ICE,
    MSM_CLOCKS,
};
#define MSM_CLOCK_INPUT "clock"
#define MSM_GPIO_TYPE   "pl061"
#define MSM_GPIO_PIN(clock) (5 + (clock))

/* Counters beside the engine's, "stat-NAME"; V_ stands for "violation-" */
typedef enum {
    MSM_STAT_POWER_REQUESTS,
    MSM_STAT_BISTS,
    MSM_STAT_ICE_UNCONFIGURED,
    MSM_STAT_SCM_CALLS,
    MSM_STAT_SCM_AVAILABLE,
    MSM_STAT_SCM_SET,
    MSM_STAT_SCM_INVALIDATE,
    MSM_STAT_SCM_FAILED,
    MSM_STAT_LEGACY_TRANSFERS,
    MSM_STAT_LEGACY_ENCRYPTED,
    MSM_STAT_V_VENDOR_REGISTER,
    MSM_STAT_V_KEY_REGISTER,
    MSM_STAT_V_LEGACY_CRYPTO,
    MSM_STAT_V_LEGACY_RESERVED,
    MSM_STAT_V_LEGACY_BUSY,
    MSM_STAT_V_LEGACY_OFF,
    MSM_STAT_V_LEGACY_SLOT,
    MSM_STAT_V_LEGACY_KEY,
    MSM_STAT_V_LEGACY_COMMAND,
    MSM_STAT_V_LEGACY_LENGTH,
    MSM_STAT_V_LEGACY_DUN,
    MSM_STAT_V_POWER,
    MSM_STAT_V_CORE_UNCLOCKED,
    MSM_STAT_V_ICE_UNCLOCKED,
    MSM_STAT_V_ICE_REGISTER,
    MSM_STAT_V_ICE_NOT_READY,
    MSM_STAT_V_SCM_UNCLOCKED,
    MSM_STAT_V_SCM_CALL,
    MSM_STAT_V_SCM_ARGINFO,
    MSM_STAT_V_SCM_SLOT,
    MSM_STAT_V_SCM_KEY,
    MSM_STAT_V_SCM_CIPHER,
    MSM_STAT_V_SCM_UNIT,
    MSM_STAT_V_SCM_BUFFER,
    MSM_STAT__MAX
} MSMStat;

/* Faults beside the engine's, "fault-NAME" */
typedef enum {
    MSM_FAULT_POWER,
    MSM_FAULT_COLLAPSE,
    MSM_FAULT_BIST,
    MSM_FAULT_FUSES,
    MSM_FAULT_VERSION,
    MSM_FAULT_SCM_UNAVAILABLE,
    MSM_FAULT_SCM_SET,
    MSM_FAULT_SCM_INVALIDATE,
    MSM_FAULT_SCM_BUSY,
    MSM_FAULT_LEGACY_CMD,
    MSM_FAULT_LEGACY_DATA,
    MSM_FAULT_LEGACY_CUT,
    MSM_FAULT_LEGACY_KEYS_LOST,
    MSM_FAULT__MAX
} MSMFault;

/* The largest that a keyslot can name */
#define MSM_MAX_UNIT    (512 << 7)

/* The transfer that SDHCI makes, and what its data crosses on the way */
typedef struct MSMLegacy {
    bool active;
    bool sectors;               /* that it moves; else a register or the like */
    bool encrypt;
    bool crc_error;             /* how it will end */
    bool cut;                   /* the card does not get the last sector */
    const char *failure;        /* in the ledger's words, or NULL */
    uint32_t length;            /* in bytes, 0: not known */
    uint32_t left;              /* of them, what has not been in the buffer */
    uint32_t dun;               /* of the next data unit */
    char key[17];               /* the slot's fingerprint when it began */
    CQHCITaskReport report;
    GByteArray *card_side;      /* what was on the bus */
    uint32_t unit_len;
    uint32_t unit_at;
    uint8_t unit[MSM_MAX_UNIT];
} MSMLegacy;

struct SDHCIMSMState {
    SysBusDevice parent_obj;

    SDHCIState sdhci;
    CQHCIState cqhci;
    MemoryRegion hc;
    MemoryRegion cqe;           /* engine, and what is beside it */
    MemoryRegion legacy_mmio;   /* in the engine's place there */
    MemoryRegion ice;
    MemoryRegion scm_port;
    qemu_irq irq;
    qemu_irq power_irq;
    bool clock[MSM_CLOCKS];

    uint32_t vendor[MSM_HC_SIZE / 4];
    uint32_t cqe_vendor;
    uint32_t legacy_reg[MSM_LEGACY_REGS]; /* slot and enable; DUN */
    MSMLegacy legacy;
    uint32_t power_status;      /* requests that software did not clear */
    uint32_t power_pending;     /* requests that software did not answer */

    uint32_t ice_control[MSM_ICE_SIZE / 4];
    int64_t bist_end;           /* virtual time, INT64_MAX: never */

    uint64_t scm_reg[ARM_SIP_ARGS + ARM_SIP_RESULTS]; /* of the port */

    uint64_t stats[MSM_STAT__MAX];
    CQHCIFaultState faults[MSM_FAULT__MAX];

    /* properties */
    uint32_t ice_version;
    uint32_t ice_fuses;
    uint64_t bist_time;
    char *scm;
    bool scm_port_on;
    char *dt_ice;
    bool dt_cqe;
    bool dt_sd;
    bool legacy_on;
};

/* sdhci-msm-emmc.c */
void msm_count(SDHCIMSMState *s, MSMStat stat);
void msm_violation(SDHCIMSMState *s, MSMStat stat, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);
bool msm_fault(SDHCIMSMState *s, MSMFault fault);
void msm_core_clocked(SDHCIMSMState *s, const char *what, hwaddr addr);
/* transfers beside the queue: whether the host's own register says no */
bool msm_legacy_forbidden(SDHCIMSMState *s);

/* sdhci-msm-fdt.c: its node and those of its clocks and of the firmware */
void msm_add_fdt_nodes(SysBusDevice *sbd, void *fdt, PlatformBusDevice *bus,
                       const char *bus_node, int irq_start);

/* sdhci-msm-ice.c */
extern const MemoryRegionOps msm_ice_ops;
void msm_ice_reset(SDHCIMSMState *s);
/* the engine's power is gone, and its registers with it */
void msm_ice_collapse(SDHCIMSMState *s);
/* its clock was switched on */
void msm_ice_clock_on(SDHCIMSMState *s);
bool msm_ice_ready(SDHCIMSMState *s);

/* sdhci-msm-legacy.c */
extern const MemoryRegionOps msm_legacy_reg_ops;
extern const SDHCIDataOps msm_legacy_data_ops;
/* a register that these transfers depend on is written */
void msm_legacy_changed(SDHCIMSMState *s, const char *name, uint32_t old,
                        uint32_t value);

/* sdhci-msm-scm.c */
extern const MemoryRegionOps msm_scm_port_ops;
bool msm_scm_call(void *opaque, const uint64_t in[], uint64_t out[]);

#endif
