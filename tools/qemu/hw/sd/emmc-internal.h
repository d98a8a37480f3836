/*
 * eMMC card: what the files of the model share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * emmc.c holds the commands and the data path, emmc-regs.c the registers and
 * what CMD6 may write in them, emmc-rpmb.c the partition of that name,
 * emmc-ledger.c the record of what crossed the bus. Change this file with them;
 * nothing else includes it.
 */

#ifndef HW_SD_EMMC_INTERNAL_H
#define HW_SD_EMMC_INTERNAL_H

#include "qemu/notify.h"
#include "qemu/units.h"
#include "hw/qdev-core.h"
#include "hw/sd/sd.h"
#include "qom/object.h"
#include "sdmmc-internal.h"

#define EMMC_SECTOR_SHIFT       9
#define EMMC_SECTOR_SIZE        (1 << EMMC_SECTOR_SHIFT)
#define EMMC_TASKS_MAX          32

/* Sectors move between bus and block backend in runs of this many bytes */
#define EMMC_RUN_SIZE           (64 * KiB)

/* The parts of the card, numbered as PARTITION_CONFIG numbers them */
enum {
    EMMC_PART_USER  = 0,
    EMMC_PART_BOOT1 = 1,
    EMMC_PART_BOOT2 = 2,
    EMMC_PART_RPMB  = 3,
};

/* Card states, as CURRENT_STATE reports them */
typedef enum EMMCCardState {
    EMMC_IDLE  = 0,
    EMMC_READY = 1,
    EMMC_IDENT = 2,
    EMMC_STBY  = 3,
    EMMC_TRAN  = 4,
    EMMC_DATA  = 5,
    EMMC_RCV   = 6,
    EMMC_SLP   = 10,
    EMMC_INA   = 11,    /* answers nothing, so no response ever shows it */
} EMMCCardState;

/* Names of the counters: emmc_stat_names and emmc_violation_names */
typedef enum EMMCStat {
    EMMC_STAT_COMMANDS,
    EMMC_STAT_PROBES,
    EMMC_STAT_RESETS,
    EMMC_STAT_HW_RESETS,
    EMMC_STAT_SLEEPS,
    EMMC_STAT_AWAKES,
    EMMC_STAT_SWITCHES,
    EMMC_STAT_SWITCH_ERRORS,
    EMMC_STAT_CMDQ_ENABLES,
    EMMC_STAT_CMDQ_DISABLES,
    EMMC_STAT_TASKS_QUEUED,
    EMMC_STAT_TASKS_EXECUTED,
    EMMC_STAT_TASKS_DISCARDED,
    EMMC_STAT_QUEUE_DEPTH_MAX,
    EMMC_STAT_QUEUE_POLLS,
    EMMC_STAT_READS,
    EMMC_STAT_READ_SECTORS,
    EMMC_STAT_WRITES,
    EMMC_STAT_WRITE_SECTORS,
    EMMC_STAT_RELIABLE_WRITES,
    EMMC_STAT_FORCED_WRITES,
    EMMC_STAT_STOPS,
    EMMC_STAT_IDLE_STOPS,
    EMMC_STAT_ERASES,
    EMMC_STAT_ERASE_SECTORS,
    EMMC_STAT_CACHE_ENABLES,
    EMMC_STAT_FLUSHES,
    EMMC_STAT_RPMB_REQUESTS,
    EMMC_STAT_RPMB_RESPONSES,
    EMMC_STAT_COUNT,
} EMMCStat;

typedef enum EMMCViolation {
    EMMC_VIOLATION_COMMAND,
    EMMC_VIOLATION_ADDRESS,
    EMMC_VIOLATION_BLOCK_COUNT,
    EMMC_VIOLATION_DATA,
    EMMC_VIOLATION_ERASE,
    EMMC_VIOLATION_EXT_CSD,
    EMMC_VIOLATION_RELIABLE_WRITE,
    EMMC_VIOLATION_RESERVED_BITS,
    EMMC_VIOLATION_CMDQ_OFF,
    EMMC_VIOLATION_CMDQ_LEGACY_DATA,
    EMMC_VIOLATION_QUEUE_NOT_EMPTY,
    EMMC_VIOLATION_TASK_ID,
    EMMC_VIOLATION_TASK_BUSY,
    EMMC_VIOLATION_TASK_SEQUENCE,
    EMMC_VIOLATION_TASK_NOT_READY,
    EMMC_VIOLATION_TASK_DIRECTION,
    EMMC_VIOLATION_RPMB,
    EMMC_VIOLATION_COUNT,
} EMMCViolation;

typedef enum EMMCFaultId {
    EMMC_FAULT_COMMAND,
    EMMC_FAULT_TASK_COMMAND,
    EMMC_FAULT_DATA_READ,
    EMMC_FAULT_DATA_WRITE,
    EMMC_FAULT_READ_STATUS,
    EMMC_FAULT_WRITE_STATUS,
    EMMC_FAULT_TASK_LOST,
    EMMC_FAULT_CMDQ_ENABLE,
    EMMC_FAULT_FLUSH,
    EMMC_FAULT_COUNT,
} EMMCFaultId;

typedef struct EMMCFault {
    uint64_t left;      /* fires when this reaches zero; zero: not armed */
    uint64_t repeat;    /* times to fire in a row */
    uint64_t armed;
    uint64_t fired;
} EMMCFault;

typedef struct EMMCTask {
    bool queued;
    bool read;
    bool reliable;
    bool forced;
    uint8_t id;
    uint16_t sectors;
    uint32_t arg;       /* start address as CMD45 gave it */
    int64_t ready_at;   /* virtual time; INT64_MAX: never */
} EMMCTask;

/*
 * The data phase in progress. Sectors are counted in the partition that was
 * selected when the command came.
 */
typedef struct EMMCTransfer {
    uint8_t cmd;
    uint8_t part;
    bool open_ended;    /* only CMD12 ends it */
    bool fua;           /* reliable write or forced programming */
    int8_t task;        /* -1: not a queued task */
    uint64_t sector;    /* first sector of the run in buf */
    uint32_t left;      /* sectors from there to the end of the transfer */
    uint32_t run;       /* bytes in buf, reads only */
    uint32_t pos;       /* bytes of buf that crossed the bus */
    uint8_t buf[EMMC_RUN_SIZE];
} EMMCTransfer;

#define EMMC_RPMB_KEY_SIZE      32
#define EMMC_RPMB_NONCE_SIZE    16
#define EMMC_RPMB_BLOCK_SIZE    256

/* What it holds outlives each reset, and the last request until the next */
typedef struct EMMCRPMB {
    uint8_t *data;
    uint32_t size;
    bool has_key;
    uint8_t key[EMMC_RPMB_KEY_SIZE];
    uint32_t counter;
    uint16_t request;           /* its kind; zero: none */
    uint16_t address;
    uint8_t nonce[EMMC_RPMB_NONCE_SIZE];
    uint16_t written;           /* the last that was to change something */
    uint16_t written_address;
    uint16_t written_result;
} EMMCRPMB;

typedef struct EMMCLedger {
    int fd;             /* -1: none */
    uint64_t n;         /* records written */
    bool failed;
    Notifier exit;
} EMMCLedger;

DECLARE_INSTANCE_CHECKER(struct EMMCState, EMMC, TYPE_EMMC)

typedef struct EMMCState {
    DeviceState parent_obj;

    /* Properties */
    BlockBackend *blk;
    uint64_t boot_part_size;
    uint64_t rpmb_size;
    uint8_t boot_config;
    bool cmdq;
    uint8_t cmdq_depth;
    uint64_t cmdq_ready_ns;
    uint64_t cache_size;
    uint8_t rel_wr_sec;
    bool enhanced_rel_wr;
    char *ledger_path;

    uint64_t user_sectors;

    /* Registers */
    uint8_t cid[16];
    uint8_t csd[16];
    uint8_t ext_csd[512];
    uint16_t rca;
    uint32_t status;            /* error bits that the next R1 carries */
    uint32_t late_status;       /* found out after R1: for the one after */
    int32_t state;              /* EMMCCardState */

    /* Sequences of commands */
    uint32_t block_count_arg;   /* CMD23, for the next command only */
    bool block_count_set;
    uint8_t erase_stage;        /* how many of CMD35, CMD36 have come */
    uint32_t erase_start;
    uint32_t erase_end;
    bool task_params_set;       /* CMD44 came, CMD45 has not */
    EMMCTask task_params;

    EMMCTask tasks[EMMC_TASKS_MAX];
    EMMCTransfer xfer;
    bool data_lost;             /* an error or fault left out the data phase */
    EMMCRPMB rpmb;

    uint64_t stats[EMMC_STAT_COUNT];
    uint64_t violations[EMMC_VIOLATION_COUNT];
    EMMCFault faults[EMMC_FAULT_COUNT];
    uint64_t fault_repeat;      /* of faults that are armed from now on */
    EMMCLedger ledger;
} EMMCState;

static inline void emmc_count(EMMCState *s, EMMCStat stat)
{
    s->stats[stat]++;
}

void emmc_violation(EMMCState *s, EMMCViolation violation);
bool emmc_fault(EMMCState *s, EMMCFaultId id);

static inline bool emmc_cmdq_enabled(const EMMCState *s)
{
    return s->ext_csd[EXT_CSD_CMDQ_MODE_EN];
}

static inline unsigned emmc_part(const EMMCState *s)
{
    return s->ext_csd[EXT_CSD_PART_CONFIG] & EXT_CSD_PART_CONFIG_ACC_MASK;
}

/* emmc-regs.c */
void emmc_regs_init(EMMCState *s);
void emmc_regs_reset(EMMCState *s);
void emmc_switch(EMMCState *s, uint32_t arg);

static inline bool emmc_is_sector_addressed(const EMMCState *s)
{
    return s->user_sectors > (2 * GiB >> EMMC_SECTOR_SHIFT);
}

/* emmc-rpmb.c */
void emmc_rpmb_take(EMMCState *s, unsigned n);
void emmc_rpmb_give(EMMCState *s, unsigned n);

/* emmc-ledger.c */
bool emmc_ledger_open(EMMCState *s, Error **errp);
void emmc_ledger_close(EMMCState *s);
void emmc_ledger_sectors(EMMCState *s, bool write, const uint8_t *data,
                         unsigned sectors);
void emmc_ledger_erase(EMMCState *s, unsigned part, uint64_t sector,
                       uint64_t sectors);
void emmc_ledger_flush(EMMCState *s);

#endif
