/*
 * Qualcomm's eMMC host: sdhci-msm v5 with CQHCI, ICE and firmware
 *
 * SDHCI in the first 256 bytes of its region, the vendor's registers behind
 * it; the command queue engine in a region of its own, whose standard key
 * registers do nothing; the registers of the encrypting part
 * (sdhci-msm-ice.c); and the firmware that programs keys (sdhci-msm-scm.c). A
 * power controller stands between SDHCI's power bits and the supply: each
 * change is a request that software takes from an interrupt of its own and
 * answers.
 *
 * Two clocks can be gated. That alone loses nothing. The power of the engine
 * can collapse while neither runs, if the fault of that name says so: then
 * its keys (keys-lost-at) and its registers are lost, those of SDHCI and
 * CQHCI are retained.
 *
 * Both controllers are models of their own; what stands here is what is between
 * them and what is the vendor's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "sdhci-msm-internal.h"
/* it wants SDHCIState declared */
#include "sdhci-internal.h"

/* The vendor's registers, from the beginning of the host's region */
REG32(DLL_CONFIG, 0x200)
    FIELD(DLL_CONFIG, EN, 16, 1)
REG32(DLL_STATUS, 0x208)
    FIELD(DLL_STATUS, LOCK, 7, 1)
    FIELD(DLL_STATUS, DDR_LOCK, 11, 1)
REG32(VENDOR_SPEC, 0x20c)
REG32(VENDOR_SPEC_FUNC2, 0x210)
REG32(VENDOR_SPEC_ADMA_ERR_ADDR0, 0x214)
REG32(VENDOR_SPEC_ADMA_ERR_ADDR1, 0x218)
REG32(VENDOR_SPEC_CAPABILITIES0, 0x21c)
REG32(DDR_200_CFG, 0x224)
REG32(PWRCTL_STATUS, 0x240)
    FIELD(PWRCTL, BUS_OFF, 0, 1)
    FIELD(PWRCTL, BUS_ON, 1, 1)
    FIELD(PWRCTL, IO_LOW, 2, 1)
    FIELD(PWRCTL, IO_HIGH, 3, 1)
REG32(PWRCTL_MASK, 0x244)
REG32(PWRCTL_CLEAR, 0x248)
REG32(PWRCTL_CTL, 0x24c)
    FIELD(PWRCTL_CTL, BUS_SUCCESS, 0, 1)
    FIELD(PWRCTL_CTL, BUS_FAIL, 1, 1)
    FIELD(PWRCTL_CTL, IO_SUCCESS, 2, 1)
    FIELD(PWRCTL_CTL, IO_FAIL, 3, 1)
REG32(VENDOR_SPEC3, 0x250)
REG32(DLL_CONFIG_2, 0x254)
REG32(DLL_CONFIG_3, 0x258)
REG32(DDR_CONFIG, 0x25c)
REG32(LEGACY_CRYPTO, 0x260)
    FIELD(LEGACY_CRYPTO, FORBIDDEN, 15, 1)
REG32(MCI_FIFO_CNT, 0x308)
REG32(MCI_VERSION, 0x318)
REG32(GENERICS, 0x320)
REG32(MCI_STATUS, 0x324)
REG32(TESTBUS_CONFIG, 0x32c)
REG32(SDCC_DEBUG_REG, 0x358)
REG32(MCI_DATA_CNT, 0x35c)
REG32(DLL_USR_CTL, 0x388)

#define PWRCTL_BUS (R_PWRCTL_BUS_OFF_MASK | R_PWRCTL_BUS_ON_MASK)
#define PWRCTL_IO  (R_PWRCTL_IO_LOW_MASK | R_PWRCTL_IO_HIGH_MASK)
#define PWRCTL_ALL (PWRCTL_BUS | PWRCTL_IO)

#define HOSTCTL2_V18        BIT(3)

/* In the engine's region: offsets from the engine */
/* Encryption of transfers that do not pass through the queue */
#define CQE_LEGACY          0x70
#define CQE_VENDOR_CFG1     0xa00
#define CQE_KEYS_DEFAULT    0x10    /* array pointer: behind the vendor's */

typedef struct MSMReg {
    uint32_t reset;
    uint32_t writable;
    bool known;
} MSMReg;

static const MSMReg msm_regs[MSM_HC_SIZE / 4] = {
    [R_DLL_CONFIG] = { 0x60000000, UINT32_MAX, true },
    [R_DLL_STATUS] = { 0, 0, true },
    [R_VENDOR_SPEC] = { 0xa9c, UINT32_MAX, true },
    [R_VENDOR_SPEC_FUNC2] = { 0, UINT32_MAX, true },
    [R_VENDOR_SPEC_ADMA_ERR_ADDR0] = { 0, 0, true },
    [R_VENDOR_SPEC_ADMA_ERR_ADDR1] = { 0, 0, true },
    [R_VENDOR_SPEC_CAPABILITIES0] = { 0, UINT32_MAX, true },
    [R_DDR_200_CFG] = { 0, UINT32_MAX, true },
    [R_PWRCTL_STATUS] = { 0, 0, true },
    [R_PWRCTL_MASK] = { 0, PWRCTL_ALL, true },
    [R_PWRCTL_CLEAR] = { 0, 0, true },
    [R_PWRCTL_CTL] = { 0, UINT32_MAX, true },
    [R_VENDOR_SPEC3] = { 0, UINT32_MAX, true },
    [R_DLL_CONFIG_2] = { 0, UINT32_MAX, true },
    [R_DLL_CONFIG_3] = { 0, UINT32_MAX, true },
    [R_DDR_CONFIG] = { 0x80040873, UINT32_MAX, true },
    [R_LEGACY_CRYPTO] = { R_LEGACY_CRYPTO_FORBIDDEN_MASK, UINT32_MAX, true },
    [R_MCI_FIFO_CNT] = { 0, 0, true },
    /* core 1.0x4d: capabilities from software, no calibration block */
    [R_MCI_VERSION] = { 0x1000004d, 0, true },
    [R_GENERICS] = { BIT(29), 0, true },
    [R_MCI_STATUS] = { 0, 0, true },
    [R_TESTBUS_CONFIG] = { 0, UINT32_MAX, true },
    [R_SDCC_DEBUG_REG] = { 0, 0, true },
    [R_MCI_DATA_CNT] = { 0, 0, true },
    [R_DLL_USR_CTL] = { 0x10800, UINT32_MAX, true },
};

static const char *const msm_stat_names[MSM_STAT__MAX] = {
    [MSM_STAT_POWER_REQUESTS] = "stat-power-requests",
    [MSM_STAT_BISTS] = "stat-bists",
    [MSM_STAT_ICE_UNCONFIGURED] = "stat-ice-unconfigured",
    [MSM_STAT_SCM_CALLS] = "stat-scm-calls",
    [MSM_STAT_SCM_AVAILABLE] = "stat-scm-available",
    [MSM_STAT_SCM_SET] = "stat-scm-set",
    [MSM_STAT_SCM_INVALIDATE] = "stat-scm-invalidate",
    [MSM_STAT_SCM_FAILED] = "stat-scm-failed",
    [MSM_STAT_LEGACY_TRANSFERS] = "stat-legacy-transfers",
    [MSM_STAT_LEGACY_ENCRYPTED] = "stat-legacy-encrypted",
    [MSM_STAT_V_VENDOR_REGISTER] = "stat-violation-vendor-register",
    [MSM_STAT_V_KEY_REGISTER] = "stat-violation-key-register",
    [MSM_STAT_V_LEGACY_CRYPTO] = "stat-violation-legacy-crypto",
    [MSM_STAT_V_LEGACY_RESERVED] = "stat-violation-legacy-reserved",
    [MSM_STAT_V_LEGACY_BUSY] = "stat-violation-legacy-busy",
    [MSM_STAT_V_LEGACY_OFF] = "stat-violation-legacy-off",
    [MSM_STAT_V_LEGACY_SLOT] = "stat-violation-legacy-slot",
    [MSM_STAT_V_LEGACY_KEY] = "stat-violation-legacy-key",
    [MSM_STAT_V_LEGACY_COMMAND] = "stat-violation-legacy-command",
    [MSM_STAT_V_LEGACY_LENGTH] = "stat-violation-legacy-length",
    [MSM_STAT_V_LEGACY_DUN] = "stat-violation-legacy-dun",
    [MSM_STAT_V_POWER] = "stat-violation-power",
    [MSM_STAT_V_CORE_UNCLOCKED] = "stat-violation-core-unclocked",
    [MSM_STAT_V_ICE_UNCLOCKED] = "stat-violation-ice-unclocked",
    [MSM_STAT_V_ICE_REGISTER] = "stat-violation-ice-register",
    [MSM_STAT_V_ICE_NOT_READY] = "stat-violation-ice-not-ready",
    [MSM_STAT_V_SCM_UNCLOCKED] = "stat-violation-scm-unclocked",
    [MSM_STAT_V_SCM_CALL] = "stat-violation-scm-call",
    [MSM_STAT_V_SCM_ARGINFO] = "stat-violation-scm-arginfo",
    [MSM_STAT_V_SCM_SLOT] = "stat-violation-scm-slot",
    [MSM_STAT_V_SCM_KEY] = "stat-violation-scm-key",
    [MSM_STAT_V_SCM_CIPHER] = "stat-violation-scm-cipher",
    [MSM_STAT_V_SCM_UNIT] = "stat-violation-scm-unit",
    [MSM_STAT_V_SCM_BUFFER] = "stat-violation-scm-buffer",
};

static const char *const msm_fault_names[MSM_FAULT__MAX] = {
    [MSM_FAULT_POWER] = "fault-power",
    [MSM_FAULT_COLLAPSE] = "fault-collapse",
    [MSM_FAULT_BIST] = "fault-bist",
    [MSM_FAULT_FUSES] = "fault-fuses",
    [MSM_FAULT_VERSION] = "fault-version",
    [MSM_FAULT_SCM_UNAVAILABLE] = "fault-scm-unavailable",
    [MSM_FAULT_SCM_SET] = "fault-scm-set",
    [MSM_FAULT_SCM_INVALIDATE] = "fault-scm-invalidate",
    [MSM_FAULT_SCM_BUSY] = "fault-scm-busy",
    [MSM_FAULT_LEGACY_CMD] = "fault-legacy-cmd",
    [MSM_FAULT_LEGACY_DATA] = "fault-legacy-data",
    [MSM_FAULT_LEGACY_CUT] = "fault-legacy-cut",
    [MSM_FAULT_LEGACY_KEYS_LOST] = "fault-legacy-keys-lost",
};

void msm_count(SDHCIMSMState *s, MSMStat stat)
{
    s->stats[stat]++;
}

void msm_violation(SDHCIMSMState *s, MSMStat stat, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    cqhci_count_violation(&s->stats[stat], msm_stat_names[stat], fmt, ap);
    va_end(ap);
}

bool msm_fault(SDHCIMSMState *s, MSMFault fault)
{
    return cqhci_fault_due(&s->faults[fault]);
}

/* The power controller */

static void msm_update_power_irq(SDHCIMSMState *s)
{
    qemu_set_irq(s->power_irq, !!(s->power_status & s->vendor[R_PWRCTL_MASK]));
}

static void msm_power_request(SDHCIMSMState *s, uint32_t request)
{
    msm_count(s, MSM_STAT_POWER_REQUESTS);
    if (msm_fault(s, MSM_FAULT_POWER)) {
        return;
    }
    s->power_status |= request;
    s->power_pending |= request;
    msm_update_power_irq(s);
}

/* Software says what became of the requests. */
static void msm_power_answer(SDHCIMSMState *s, uint32_t value)
{
    uint32_t bus = value & (R_PWRCTL_CTL_BUS_SUCCESS_MASK |
                            R_PWRCTL_CTL_BUS_FAIL_MASK);

    /* A change of the bus changes the level of its lines too. */
    if ((bus && !(s->power_pending & PWRCTL_BUS)) ||
        (value && !s->power_pending)) {
        msm_violation(s, MSM_STAT_V_POWER,
                      "answer 0x%x to what was not asked", value);
    }
    if (value) {
        s->power_pending = 0;
    }
}

static bool msm_bus_is_on(SDHCIMSMState *s)
{
    return s->sdhci.pwrcon & SDHC_POWER_ON;
}

/* The host's region */

void msm_core_clocked(SDHCIMSMState *s, const char *what, hwaddr addr)
{
    if (!s->clock[MSM_CLOCK_CORE]) {
        msm_violation(s, MSM_STAT_V_CORE_UNCLOCKED,
                      "%s 0x%03" HWADDR_PRIx, what, addr);
    }
}

bool msm_legacy_forbidden(SDHCIMSMState *s)
{
    return FIELD_EX32(s->vendor[R_LEGACY_CRYPTO], LEGACY_CRYPTO, FORBIDDEN);
}

static bool msm_vendor_known(SDHCIMSMState *s, hwaddr addr, unsigned size)
{
    if (size == 4 && msm_regs[addr / 4].known) {
        return true;
    }
    msm_violation(s, MSM_STAT_V_VENDOR_REGISTER,
                  "0x%03" HWADDR_PRIx ", %u bytes", addr, size);
    return false;
}

static uint64_t msm_hc_read(void *opaque, hwaddr addr, unsigned size)
{
    SDHCIMSMState *s = opaque;
    uint64_t value = 0;

    msm_core_clocked(s, "SDHCI", addr);
    if (addr < SDHC_REGISTERS_MAP_SIZE) {
        memory_region_dispatch_read(&s->sdhci.iomem, addr, &value,
                                    size_memop(size) | MO_LE,
                                    MEMTXATTRS_UNSPECIFIED);
        return value;
    }
    if (!msm_vendor_known(s, addr, size)) {
        return 0;
    }
    switch (addr / 4) {
    case R_PWRCTL_STATUS:
        return s->power_status;
    case R_DLL_STATUS:
        return FIELD_EX32(s->vendor[R_DLL_CONFIG], DLL_CONFIG, EN) ?
               R_DLL_STATUS_LOCK_MASK | R_DLL_STATUS_DDR_LOCK_MASK : 0;
    case R_LEGACY_CRYPTO:
        return s->legacy_on ? s->vendor[R_LEGACY_CRYPTO] : 0;
    default:
        return s->vendor[addr / 4];
    }
}

static void msm_sdhci_write(SDHCIMSMState *s, hwaddr addr, uint64_t value,
                            unsigned size)
{
    bool was_on = msm_bus_is_on(s);
    bool was_low = s->sdhci.hostctl2 & HOSTCTL2_V18;
    bool low;

    memory_region_dispatch_write(&s->sdhci.iomem, addr, value,
                                 size_memop(size) | MO_LE,
                                 MEMTXATTRS_UNSPECIFIED);
    low = s->sdhci.hostctl2 & HOSTCTL2_V18;
    if (was_on != msm_bus_is_on(s)) {
        msm_power_request(s, was_on ? R_PWRCTL_BUS_OFF_MASK :
                                      R_PWRCTL_BUS_ON_MASK);
    } else if (was_on && was_low != low) {
        msm_power_request(s, low ? R_PWRCTL_IO_LOW_MASK :
                                   R_PWRCTL_IO_HIGH_MASK);
    }
}

static void msm_hc_write(void *opaque, hwaddr addr, uint64_t value,
                         unsigned size)
{
    SDHCIMSMState *s = opaque;
    uint32_t *reg = &s->vendor[addr / 4];
    uint32_t old = *reg;

    msm_core_clocked(s, "SDHCI", addr);
    if (addr < SDHC_REGISTERS_MAP_SIZE) {
        msm_sdhci_write(s, addr, value, size);
        return;
    }
    if (!msm_vendor_known(s, addr, size)) {
        return;
    }
    *reg = (old & ~msm_regs[addr / 4].writable) |
           (value & msm_regs[addr / 4].writable);
    switch (addr / 4) {
    case R_VENDOR_SPEC_CAPABILITIES0:
        s->sdhci.capareg = deposit64(s->sdhci.capareg, 0, 32, value);
        break;
    case R_PWRCTL_MASK:
        msm_update_power_irq(s);
        break;
    case R_PWRCTL_CLEAR:
        s->power_status &= ~value;
        msm_update_power_irq(s);
        break;
    case R_PWRCTL_CTL:
        msm_power_answer(s, value);
        break;
    case R_LEGACY_CRYPTO:
        msm_legacy_changed(s, "vendor register 0x260", old, *reg);
        break;
    }
}

static const MemoryRegionOps msm_hc_ops = {
    .read = msm_hc_read,
    .write = msm_hc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4, },
    .impl = { .min_access_size = 1, .max_access_size = 4, },
};

/* The engine's region: what of it is not the engine */

static uint64_t msm_cqe_read(void *opaque, hwaddr addr, unsigned size)
{
    SDHCIMSMState *s = opaque;

    msm_core_clocked(s, "CQHCI", addr);
    if (addr == CQE_VENDOR_CFG1 && size == 4) {
        return s->cqe_vendor;
    }
    if (addr < s->cqhci.array_ptr * 0x100) {
        msm_violation(s, MSM_STAT_V_VENDOR_REGISTER,
                      "CQHCI 0x%03" HWADDR_PRIx ", %u bytes", addr, size);
    }
    return 0;
}

static void msm_cqe_write(void *opaque, hwaddr addr, uint64_t value,
                          unsigned size)
{
    SDHCIMSMState *s = opaque;

    msm_core_clocked(s, "CQHCI", addr);
    if (addr == CQE_VENDOR_CFG1 && size == 4) {
        s->cqe_vendor = value;
    } else if (addr >= s->cqhci.array_ptr * 0x100) {
        /* What it was is not logged: it may have been a key. */
        msm_violation(s, MSM_STAT_V_KEY_REGISTER,
                      "0x%03" HWADDR_PRIx " written", addr);
    } else {
        msm_violation(s, MSM_STAT_V_VENDOR_REGISTER,
                      "CQHCI 0x%03" HWADDR_PRIx ", %u bytes", addr, size);
    }
}

static const MemoryRegionOps msm_cqe_ops = {
    .read = msm_cqe_read,
    .write = msm_cqe_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4, },
    .impl = { .min_access_size = 1, .max_access_size = 4, },
};

/* The host's side of the engine */

static void msm_cqe_set_irq(void *opaque, bool level)
{
    SDHCIMSMState *s = opaque;

    sdhci_set_cqe_irq(&s->sdhci, level);
}

static void msm_cqe_bus_error(void *opaque, CQHCIBusError error)
{
    static const uint16_t status[] = {
        [CQHCI_BUS_CMD_TIMEOUT] = SDHC_EIS_CMDTIMEOUT,
        [CQHCI_BUS_DATA_CRC] = SDHC_EIS_DATACRC,
        [CQHCI_BUS_DMA] = SDHC_EIS_ADMAERR,
    };
    SDHCIMSMState *s = opaque;

    sdhci_raise_error(&s->sdhci, status[error]);
}

static bool msm_cqe_can_encrypt(void *opaque)
{
    return msm_ice_ready(opaque);
}

static const CQHCIHostOps msm_cqe_ops_of_host = {
    .set_irq = msm_cqe_set_irq,
    .bus_error = msm_cqe_bus_error,
    .can_encrypt = msm_cqe_can_encrypt,
};

static void msm_reset_cqe_vendor(SDHCIMSMState *s)
{
    s->cqe_vendor = 0;
    memset(s->legacy_reg, 0, sizeof(s->legacy_reg));
}

static void msm_reset_all(SDHCIState *sdhci)
{
    SDHCIMSMState *s = container_of(sdhci, SDHCIMSMState, sdhci);

    cqhci_reset(&s->cqhci, CQHCI_RESET_SOFTWARE);
    msm_reset_cqe_vendor(s);
}

/* Clocks and resets */

static void msm_set_clock(void *opaque, int n, int level)
{
    SDHCIMSMState *s = opaque;
    bool was_on = s->clock[MSM_CLOCK_CORE] || s->clock[MSM_CLOCK_ICE];
    bool ice_was_on = s->clock[MSM_CLOCK_ICE];

    s->clock[n] = level;
    if (s->clock[MSM_CLOCK_ICE] && !ice_was_on) {
        msm_ice_clock_on(s);
    }
    if (was_on && !s->clock[MSM_CLOCK_CORE] && !s->clock[MSM_CLOCK_ICE] &&
        msm_fault(s, MSM_FAULT_COLLAPSE)) {
        cqhci_power_collapse(&s->cqhci);
        msm_ice_collapse(s);
    }
}

static void msm_reset(DeviceState *dev)
{
    SDHCIMSMState *s = SDHCI_MSM_EMMC(dev);

    for (unsigned i = 0; i < ARRAY_SIZE(s->vendor); i++) {
        s->vendor[i] = msm_regs[i].reset;
    }
    msm_reset_cqe_vendor(s);
    s->power_status = 0;
    s->power_pending = 0;
    msm_update_power_irq(s);
    msm_ice_reset(s);
    cqhci_reset(&s->cqhci, CQHCI_RESET_COLD);
}

/* QOM */

static void msm_sdhci_irq(void *opaque, int n, int level)
{
    SDHCIMSMState *s = opaque;

    qemu_set_irq(s->irq, level);
}

static bool msm_one_of(const char *property, const char *value,
                       const char *const *words, Error **errp)
{
    if (g_strv_contains(words, value)) {
        return true;
    }
    error_setg(errp, "sdhci-msm-emmc: %s=%s is not known", property, value);
    return false;
}

static bool msm_check_properties(SDHCIMSMState *s, Error **errp)
{
    static const char *const scm[] = { "on", "no-ice", "off", NULL };
    static const char *const dt[] = {
        "ok", "absent", "no-clock", "zero-size", "overlap", "no-scm", NULL
    };

    if (!s->scm) {
        s->scm = g_strdup("on");
    }
    if (!s->dt_ice) {
        s->dt_ice = g_strdup("ok");
    }
    if (s->cqhci.array_ptr * 0x100 <= CQE_VENDOR_CFG1) {
        error_setg(errp, "sdhci-msm-emmc: array-pointer must be behind the "
                   "vendor's register at 0x%x", CQE_VENDOR_CFG1);
        return false;
    }
    return msm_one_of("scm", s->scm, scm, errp) &&
           msm_one_of("dt-ice", s->dt_ice, dt, errp);
}

/* The machine's pins drive the clocks; without them they could not be off. */
static bool msm_connect_clocks(SDHCIMSMState *s, Error **errp)
{
    Object *gpio = object_resolve_path_type("", MSM_GPIO_TYPE, NULL);

    if (!gpio) {
        error_setg(errp, "sdhci-msm-emmc: the machine must have one "
                   MSM_GPIO_TYPE);
        return false;
    }
    for (unsigned i = 0; i < MSM_CLOCKS; i++) {
        qdev_connect_gpio_out(DEVICE(gpio), MSM_GPIO_PIN(i),
                              qdev_get_gpio_in_named(DEVICE(s),
                                                     MSM_CLOCK_INPUT, i));
    }
    return true;
}

static void msm_map(SDHCIMSMState *s)
{
    SysBusDevice *sbd = SYS_BUS_DEVICE(s);
    uint64_t cqe_size = s->cqhci.array_ptr * 0x100 +
                        s->cqhci.num_slots * CQHCI_SLOT_STRIDE;

    memory_region_init_io(&s->hc, OBJECT(s), &msm_hc_ops, s, "sdhci-msm-hc",
                          MSM_HC_SIZE);
    memory_region_init_io(&s->cqe, OBJECT(s), &msm_cqe_ops, s,
                          "sdhci-msm-cqhci", pow2ceil(cqe_size));
    memory_region_add_subregion(&s->cqe, 0, &s->cqhci.mmio);
    memory_region_init_io(&s->legacy_mmio, OBJECT(s), &msm_legacy_reg_ops, s,
                          "sdhci-msm-legacy-crypto", sizeof(s->legacy_reg));
    memory_region_add_subregion_overlap(&s->cqe, CQE_LEGACY, &s->legacy_mmio,
                                        1);
    memory_region_init_io(&s->ice, OBJECT(s), &msm_ice_ops, s,
                          "sdhci-msm-ice", MSM_ICE_SIZE);
    sysbus_init_mmio(sbd, &s->hc);
    sysbus_init_mmio(sbd, &s->cqe);
    sysbus_init_mmio(sbd, &s->ice);
    if (s->scm_port_on) {
        memory_region_init_io(&s->scm_port, OBJECT(s), &msm_scm_port_ops, s,
                              "sdhci-msm-scm-port", MSM_SCM_SIZE);
        sysbus_init_mmio(sbd, &s->scm_port);
    }
}

static void msm_realize(DeviceState *dev, Error **errp)
{
    SDHCIMSMState *s = SDHCI_MSM_EMMC(dev);
    CQHCIState *cqhci = &s->cqhci;

    if (!msm_check_properties(s, errp)) {
        return;
    }
    /* DMA is 32 bits wide: SDHCI's capability says so */
    if (!cqhci->transfer_desc_size) {
        cqhci->transfer_desc_size = 8;
    }
    if (!sysbus_realize(SYS_BUS_DEVICE(&s->sdhci), errp)) {
        return;
    }
    s->sdhci.reset_all = msm_reset_all;
    s->sdhci.data_ops = &msm_legacy_data_ops;
    cqhci_attach(cqhci, &msm_cqe_ops_of_host, s, &s->sdhci.sdbus,
                 s->sdhci.dma_as);
    if (!qdev_realize(DEVICE(cqhci), NULL, errp) ||
        !msm_connect_clocks(s, errp)) {
        return;
    }
    if (!arm_sip_set_handler(msm_scm_call, s)) {
        error_setg(errp, "sdhci-msm-emmc: the firmware knows of one host only");
        return;
    }
    sysbus_connect_irq(SYS_BUS_DEVICE(&s->sdhci), 0,
                       qdev_get_gpio_in_named(dev, "sdhci-irq", 0));
    msm_map(s);
}

static void msm_init(Object *obj)
{
    SDHCIMSMState *s = SDHCI_MSM_EMMC(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    s->legacy.card_side = g_byte_array_new();
    object_initialize_child(obj, "sdhci", &s->sdhci, TYPE_SYSBUS_SDHCI);
    /* It has the bit for the level of the lines */
    qdev_prop_set_uint8(DEVICE(&s->sdhci), "uhs", UHS_I);
    object_initialize_child(obj, "cqhci", &s->cqhci, TYPE_CQHCI);
    qdev_prop_set_uint8(DEVICE(&s->cqhci), "array-pointer", CQE_KEYS_DEFAULT);
    /* Counters, faults and set-up of the engine are the host's to its user. */
    qdev_alias_all_properties(DEVICE(&s->cqhci), obj);
    sysbus_init_irq(sbd, &s->irq);
    sysbus_init_irq(sbd, &s->power_irq);
    qdev_init_gpio_in_named(DEVICE(obj), msm_sdhci_irq, "sdhci-irq", 1);
    qdev_init_gpio_in_named(DEVICE(obj), msm_set_clock, MSM_CLOCK_INPUT,
                            MSM_CLOCKS);
}

static void msm_finalize(Object *obj)
{
    g_byte_array_unref(SDHCI_MSM_EMMC(obj)->legacy.card_side);
}

static void msm_get_stat(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    visit_type_uint64(v, name,
                      &SDHCI_MSM_EMMC(obj)->stats[GPOINTER_TO_UINT(opaque)],
                      errp);
}

static void msm_get_fault(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    cqhci_fault_get(&SDHCI_MSM_EMMC(obj)->faults[GPOINTER_TO_UINT(opaque)],
                    v, name, errp);
}

static void msm_set_fault(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    SDHCIMSMState *s = SDHCI_MSM_EMMC(obj);

    cqhci_fault_set(&s->cqhci, &s->faults[GPOINTER_TO_UINT(opaque)], v, name,
                    errp);
}

static const Property msm_properties[] = {
    DEFINE_PROP_UINT32("ice-version", SDHCIMSMState, ice_version, 0x03010013),
    DEFINE_PROP_UINT32("ice-fuses", SDHCIMSMState, ice_fuses, 0),
    DEFINE_PROP_UINT64("bist-time", SDHCIMSMState, bist_time, 200 * 1000),
    DEFINE_PROP_STRING("scm", SDHCIMSMState, scm),
    DEFINE_PROP_BOOL("x-scm-port", SDHCIMSMState, scm_port_on, false),
    DEFINE_PROP_STRING("dt-ice", SDHCIMSMState, dt_ice),
    DEFINE_PROP_BOOL("dt-cqe", SDHCIMSMState, dt_cqe, true),
    DEFINE_PROP_BOOL("dt-sd", SDHCIMSMState, dt_sd, false),
    DEFINE_PROP_BOOL("x-legacy-crypto", SDHCIMSMState, legacy_on, true),
};

static const VMStateDescription msm_vmstate = {
    .name = TYPE_SDHCI_MSM_EMMC,
    .unmigratable = 1,
};

static void msm_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    SysbusFDTDeviceClass *fdt = SYSBUS_FDT_DEVICE_CLASS(klass);

    dc->desc = "Qualcomm eMMC host with CQHCI and ICE";
    dc->realize = msm_realize;
    dc->vmsd = &msm_vmstate;
    fdt->add_fdt_nodes = msm_add_fdt_nodes;
    /* Its wires to the machine stay, so it does too. */
    dc->hotpluggable = false;
    set_bit(DEVICE_CATEGORY_STORAGE, dc->categories);
    device_class_set_legacy_reset(dc, msm_reset);
    device_class_set_props(dc, msm_properties);

    for (unsigned i = 0; i < MSM_STAT__MAX; i++) {
        object_class_property_add(klass, msm_stat_names[i], "uint64",
                                  msm_get_stat, NULL, NULL,
                                  GUINT_TO_POINTER(i));
    }
    for (unsigned i = 0; i < MSM_FAULT__MAX; i++) {
        cqhci_fault_add(klass, msm_fault_names[i], msm_get_fault,
                        msm_set_fault, i);
    }
}

static const TypeInfo msm_types[] = {
    {
        .name = TYPE_SDHCI_MSM_EMMC,
        .parent = TYPE_DYNAMIC_SYS_BUS_DEVICE,
        .instance_size = sizeof(SDHCIMSMState),
        .instance_init = msm_init,
        .instance_finalize = msm_finalize,
        .class_init = msm_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_SYSBUS_FDT_DEVICE },
            { },
        },
    },
};

DEFINE_TYPES(msm_types)
