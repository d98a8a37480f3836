/*
 * eMMC Command Queueing Host Controller Interface with inline encryption
 *
 * A host controller model embeds a CQHCIState, says where its bus, its DMA
 * address space and its interrupt are, and maps the two regions where its
 * hardware has them. Nothing here knows a vendor: what differs between hosts
 * (descriptor size, how keys get in, when they get lost) is a property, a
 * callback or the argument of a call. What a host cannot reach through this
 * page is private to hw/sd/cqhci*.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_SD_CQHCI_H
#define HW_SD_CQHCI_H

#include "exec/memory.h"
#include "hw/qdev-core.h"
#include "hw/sd/sd.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_CQHCI "cqhci"
OBJECT_DECLARE_SIMPLE_TYPE(CQHCIState, CQHCI)

#define CQHCI_MMIO_SIZE         0x200
#define CQHCI_SLOT_STRIDE       0x80
#define CQHCI_SLOT_REGS         (CQHCI_SLOT_STRIDE / 4)
#define CQHCI_MAX_SLOTS         256
#define CQHCI_KEY_WORDS         16
#define CQHCI_MAX_CAPS          15
#define CQHCI_TASKS             32

/*
 * Counters, "stat-NAME" to the user; V_ stands for "violation-", an access to
 * which real hardware would answer with undefined behaviour.
 */
typedef enum {
    CQHCI_STAT_DOORBELLS,
    CQHCI_STAT_TASKS,
    CQHCI_STAT_TRANSFERS,
    CQHCI_STAT_DCMDS,
    CQHCI_STAT_IN_FLIGHT_MAX,
    CQHCI_STAT_TASKS_ENCRYPTED,
    CQHCI_STAT_UNITS_ENCRYPTED,
    CQHCI_STAT_KEYS_PROGRAMMED,
    CQHCI_STAT_KEYS_EVICTED,
    CQHCI_STAT_KEYS_LOST,
    CQHCI_STAT_ENABLES,
    CQHCI_STAT_HALTS,
    CQHCI_STAT_CLEARED,
    CQHCI_STAT_ERRORS,
    CQHCI_STAT_GCE,
    CQHCI_STAT_ICCE,
    CQHCI_STAT_IRQS,
    CQHCI_STAT_RESETS,
    CQHCI_STAT_SLEEPS,
    CQHCI_STAT_V_REGISTER,
    CQHCI_STAT_V_CONFIG,
    CQHCI_STAT_V_DOORBELL,
    CQHCI_STAT_V_CLEAR,
    CQHCI_STAT_V_DISABLE,
    CQHCI_STAT_V_DESCRIPTOR,
    CQHCI_STAT_V_RESERVED,
    CQHCI_STAT_V_TRANSFER,
    CQHCI_STAT_V_DMA,
    CQHCI_STAT_V_SLOT_BUSY,
    CQHCI_STAT_V_SLOT_ORDER,
    CQHCI_STAT_V_SLOT_KEY,
    CQHCI_STAT_V_SLOT_CONFIG,
    CQHCI_STAT_V_SLOT_RESERVED,
    CQHCI_STAT_V_CRYPTO_OFF,
    CQHCI_STAT_V_CRYPTO_SLOT,
    CQHCI_STAT_V_CRYPTO_LENGTH,
    CQHCI_STAT_V_CRYPTO_DUN,
    CQHCI_STAT__MAX
} CQHCIStat;

/* Faults: "fault-NAME", each with "-armed" and "-fired" */
typedef enum {
    CQHCI_FAULT_GCE,
    CQHCI_FAULT_GCE_UNNAMED,
    CQHCI_FAULT_ICCE,
    CQHCI_FAULT_ICCE_UNNAMED,
    CQHCI_FAULT_DATA,
    CQHCI_FAULT_DATA_DONE,
    CQHCI_FAULT_CMD,
    CQHCI_FAULT_RED,
    CQHCI_FAULT_SLOW,
    CQHCI_FAULT_KEYS_LOST,
    CQHCI_FAULT_PROGRAM,
    CQHCI_FAULT_EVICT,
    CQHCI_FAULT_NO_ENABLE,
    CQHCI_FAULT_NO_HALT,
    CQHCI_FAULT__MAX
} CQHCIFault;

/* What goes wrong on the bus is reported by the host's own registers. */
typedef enum {
    CQHCI_BUS_CMD_TIMEOUT,
    CQHCI_BUS_DATA_CRC,
    CQHCI_BUS_DMA,
} CQHCIBusError;

typedef enum {
    CQHCI_RESET_SOFTWARE,       /* the host's "software reset for all" */
    CQHCI_RESET_POWER,          /* the host's power came back */
    CQHCI_RESET_COLD,           /* the machine was reset */
} CQHCIReset;

typedef struct CQHCIHostOps {
    /* level of the engine's interrupt */
    void (*set_irq)(void *host, bool level);
    /* an error of the command or data line, or of DMA */
    void (*bus_error)(void *host, CQHCIBusError error);
    /*
     * whether an encrypted task can be run now, if the host has more to say of
     * that than the registers of the engine; where it cannot, that is a GCE
     */
    bool (*can_encrypt)(void *host);
} CQHCIHostOps;

/* ledger=FILE; see hw/sd/cqhci-ledger.c */
typedef struct CQHCILedger CQHCILedger;

typedef struct CQHCIFaultState {
    uint64_t left;
    uint64_t repeat;            /* times to fire in a row */
    uint64_t armed;
    uint64_t fired;
} CQHCIFaultState;

typedef struct CQHCIKeyslot {
    uint32_t reg[CQHCI_SLOT_REGS];
    uint32_t before[CQHCI_SLOT_REGS];   /* when it was last enabled */
    bool was_enabled;           /* before configuration was last written */
    uint16_t key_written;       /* key words written since it was disabled */
    bool excused;               /* a loss or a fault took the key that it had */
    bool usable;                /* enabled, with a key and a valid set-up */
    uint32_t unit;              /* data unit size in bytes, if usable */
    struct QCryptoCipher *cipher;
    char fingerprint[17];       /* of the key, if usable */
} CQHCIKeyslot;

typedef enum {
    CQHCI_TASK_IDLE,
    CQHCI_TASK_RUNG,            /* doorbell rung, descriptor not yet read */
    CQHCI_TASK_FETCHED,         /* descriptor read and valid */
    CQHCI_TASK_QUEUED,          /* the card has accepted it */
    CQHCI_TASK_FAILED,          /* waits for being cleared */
} CQHCITaskState;

typedef struct CQHCITask {
    CQHCITaskState state;
    uint64_t seq;               /* order of the doorbells */
    uint64_t desc[2];
    bool crossed;               /* its data is past the cipher and recorded */
} CQHCITask;

/* What a task's closing record tells; the reasons are in the ledger's words */
typedef struct CQHCITaskReport {
    int task;                   /* or CQHCI_TASK_LEGACY */
    bool read;
    uint64_t lba;
    uint32_t sectors;
    bool wanted;                /* software asked for encryption */
    bool crossed;               /* the data crossed the cipher */
    unsigned slot;
    const char *key;            /* NULL if there is none */
    uint32_t dun;
    uint32_t unit;
    const char *status;
} CQHCITaskReport;

/* It was not queued, but is one of the host's own transfers. */
#define CQHCI_TASK_LEGACY (-1)

struct CQHCIState {
    DeviceState parent_obj;

    /* set by cqhci_attach() */
    const CQHCIHostOps *ops;
    void *host;
    SDBus *bus;
    AddressSpace *dma_as;

    MemoryRegion mmio;          /* the standard registers */
    MemoryRegion slots_mmio;    /* CRYPTOCFG array, if register-keys is on */

    uint32_t regs[CQHCI_MMIO_SIZE / 4];
    CQHCITask task[CQHCI_TASKS];
    uint64_t seq;
    bool halting;               /* CTL.HALT was asked for */
    bool stalled;               /* an error waits for software to halt */
    bool irq_level;
    uint32_t coalesced;         /* completions that no interrupt told of */
    QEMUTimer *timer;           /* the bus is done with what it did */
    QEMUTimer *coalesce_timer;
    GRand *rand;
    uint8_t *buf;
    size_t buf_size;

    CQHCIKeyslot *slots;
    int legacy_slot;            /* a transfer beside the queue uses it; or -1 */
    uint32_t ccap;
    uint32_t cryptocap[CQHCI_MAX_CAPS];

    CQHCILedger *ledger_file;
    uint64_t stats[CQHCI_STAT__MAX];
    CQHCIFaultState faults[CQHCI_FAULT__MAX];
    uint64_t fault_sector;      /* faults hit tasks with it only; 0: any */
    uint64_t fault_repeat;      /* of faults that are armed from now on */
    uint64_t fault_beside;      /* bits of IS that the engine's errors bring */

    /* properties */
    char *ledger;
    char *order;
    uint64_t seed;
    uint64_t delay;
    uint64_t slow_delay;
    bool error_stall;
    uint8_t transfer_desc_size;
    bool crypto;
    uint32_t num_slots;
    uint8_t units;
    uint8_t array_ptr;
    bool register_keys;
    char *keys_lost_at;
    uint64_t ccap_override;
    char *cryptocaps;
    bool cipher;
};

/*
 * cqhci_attach:
 * Tell the engine about its host; to be called before it is realized.
 */
void cqhci_attach(CQHCIState *s, const CQHCIHostOps *ops, void *host,
                  SDBus *bus, AddressSpace *dma_as);

/*
 * cqhci_reset:
 * The host, and the engine with it, is reset. Whether that loses the keys is
 * for the property "keys-lost-at" to say.
 */
void cqhci_reset(CQHCIState *s, CQHCIReset kind);

/*
 * cqhci_sleep:
 * The host's power goes away; ends with cqhci_reset(CQHCI_RESET_POWER).
 */
void cqhci_sleep(CQHCIState *s);

/*
 * cqhci_power_collapse:
 * The memory of the keys loses its power, the registers keep theirs. Whether
 * that loses the keys is for the property "keys-lost-at" to say.
 */
void cqhci_power_collapse(CQHCIState *s);

/*
 * cqhci_set_key, cqhci_clear_key:
 * For hosts whose keys come in another way than by the registers: put an
 * AES-256-XTS key into a slot, as the words that the registers would hold, with
 * data units of @units times 512 bytes; or take it out.
 *
 * Returns: false where the engine has no such data unit size
 */
bool cqhci_set_key(CQHCIState *s, unsigned slot,
                   const uint32_t words[CQHCI_KEY_WORDS], uint64_t units);
void cqhci_clear_key(CQHCIState *s, unsigned slot);

/*
 * For hosts that can encrypt data that does not pass through the queue: such a
 * transfer names the slot that it uses in @legacy_slot while it runs.
 *
 * cqhci_crypto_enabled: CFG's crypto general enable
 * cqhci_crypto_run: encrypt or decrypt data units, of which the last may be
 *   short, but for whole blocks of the cipher; the slot must be usable
 * cqhci_crypto_lose_keys: clear all slots, and not by software's doing
 * cqhci_record_legacy: tell the ledger of a transfer that ended, and of the
 *   @moved sectors that were on the bus
 */
bool cqhci_crypto_enabled(CQHCIState *s);
void cqhci_crypto_run(CQHCIState *s, unsigned slot, bool encrypt, uint32_t dun,
                      uint8_t *buf, size_t len);
void cqhci_crypto_lose_keys(CQHCIState *s);
void cqhci_record_legacy(CQHCIState *s, const CQHCITaskReport *r,
                         const uint8_t *card_side, uint32_t moved);

/*
 * cqhci_count_violation:
 * For a device with violations of its own: count it, and say to the log of guest
 * errors what it was.
 */
void cqhci_count_violation(uint64_t *count, const char *name, const char *fmt,
                           va_list ap) G_GNUC_PRINTF(3, 0);

/*
 * cqhci_fault_due:
 * An event that the fault matches takes place: whether it is to go wrong.
 */
bool cqhci_fault_due(CQHCIFaultState *f);

/* The properties of a fault, for a device with faults of its own */
void cqhci_fault_add(ObjectClass *klass, const char *name,
                     ObjectPropertyAccessor *get, ObjectPropertyAccessor *set,
                     unsigned index);
void cqhci_fault_get(CQHCIFaultState *f, Visitor *v, const char *name,
                     Error **errp);
void cqhci_fault_set(CQHCIState *s, CQHCIFaultState *f, Visitor *v,
                     const char *name, Error **errp);

/* cqhci_enabled: whether the engine owns the bus. */
bool cqhci_enabled(CQHCIState *s);

#endif
