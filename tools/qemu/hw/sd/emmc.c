/*
 * eMMC card with a command queue
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Written from JESD84-B51A, chapter 6. The commands stand in emmc_commands,
 * with the states and modes in which each is legal as data: what is not legal
 * there gets no response and is counted, so handlers need not ask.
 *
 * docs/system/devices/emmc.rst describes properties, counters and faults.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "system/block-backend.h"
#include "emmc-internal.h"
#include "trace.h"

/* Sectors erased at once by CMD38 without TRIM; also how sizes are rounded */
#define EMMC_ERASE_GROUP        (512 * KiB / EMMC_SECTOR_SIZE)
#define EMMC_BOOT_UNIT          (128 * KiB)
#define EMMC_BOOT_MAX           (255 * EMMC_BOOT_UNIT)
#define EMMC_RPMB_UNIT          (128 * KiB)
#define EMMC_RPMB_MAX           (128 * EMMC_RPMB_UNIT)
#define EMMC_CACHE_UNIT         KiB
#define EMMC_CACHE_MAX          (256 * MiB)

/* OCR: 2.7 to 3.6 V and 1.7 to 1.95 V */
#define OCR_VOLTAGES            0x00ff8080
#define OCR_SECTOR_MODE         BIT(30)
#define OCR_POWERED_UP          BIT(31)

/* Arguments */
#define ARG_RCA(arg)            extract32(arg, 16, 16)
#define GO_IDLE_IDLE            0x00000000
#define GO_IDLE_PRE_IDLE        0xf0f0f0f0
#define SLEEP_AWAKE_SLEEP       BIT(15)
#define SEND_STATUS_QUEUE       BIT(15)
#define BLOCK_COUNT(arg)        extract32(arg, 0, 16)
#define BLOCK_COUNT_FORCED      BIT(24)
#define BLOCK_COUNT_PACKED      BIT(30)
#define BLOCK_COUNT_RELIABLE    BIT(31)
#define ERASE_ERASE             0x00000000
#define ERASE_TRIM              0x00000001
#define ERASE_DISCARD           0x00000003
#define TASK_ID(arg)            extract32(arg, 16, 5)
#define TASK_BLOCKS(arg)        extract32(arg, 0, 16)
#define TASK_RELIABLE           BIT(31)
#define TASK_READ               BIT(30)
#define TASK_FORCED             BIT(24)
#define TASK_PARAMS_RESERVED    0x00600000
#define TASK_ID_RESERVED        0xffe0ffff
#define TASK_MGMT_RESERVED      0xffe0fff0
#define TASK_MGMT_OP(arg)       extract32(arg, 0, 4)
#define TASK_MGMT_QUEUE         1
#define TASK_MGMT_TASK          2

/* Commands that follow other commands, or stand out otherwise */
enum {
    CMD_SEND_STATUS     = 13,
    CMD_READ_MULTI      = 18,
    CMD_WRITE_MULTI     = 25,
    CMD_ERASE_START     = 35,
    CMD_ERASE_END       = 36,
    CMD_ERASE           = 38,
    CMD_TASK_ADDRESS    = 45,
    CMD_COUNT           = 64
};

typedef enum EMMCResponse {
    EMMC_ILLEGAL,       /* none, and ILLEGAL_COMMAND in the next */
    EMMC_NONE,
    EMMC_R1,            /* or R1b: the card is never found busy */
    EMMC_R1_QUEUE,      /* R1 that carries the queue status */
    EMMC_R2_CID,
    EMMC_R2_CSD,
    EMMC_R3,
} EMMCResponse;

#define IN(state)               BIT(EMMC_##state)

enum {
    ADDRESSED   = BIT(0),   /* carries an RCA: others' commands are ignored */
    QUEUE_ONLY  = BIT(1),   /* illegal unless the queue is enabled */
    NO_QUEUE    = BIT(2),   /* illegal while it is enabled */
    BESIDE_TASKS = BIT(3),  /* legal while there are tasks */
    NO_RPMB     = BIT(4),   /* illegal while that partition is selected */
};

typedef struct EMMCCommand {
    EMMCResponse (*handler)(EMMCState *s, uint32_t arg);
    uint16_t states;
    uint8_t flags;
} EMMCCommand;

static const char *const emmc_stat_names[EMMC_STAT_COUNT] = {
    [EMMC_STAT_COMMANDS]            = "stat-commands",
    [EMMC_STAT_PROBES]              = "stat-probes",
    [EMMC_STAT_RESETS]              = "stat-resets",
    [EMMC_STAT_HW_RESETS]           = "stat-hw-resets",
    [EMMC_STAT_SLEEPS]              = "stat-sleeps",
    [EMMC_STAT_AWAKES]              = "stat-awakes",
    [EMMC_STAT_SWITCHES]            = "stat-switches",
    [EMMC_STAT_SWITCH_ERRORS]       = "stat-switch-errors",
    [EMMC_STAT_CMDQ_ENABLES]        = "stat-cmdq-enables",
    [EMMC_STAT_CMDQ_DISABLES]       = "stat-cmdq-disables",
    [EMMC_STAT_TASKS_QUEUED]        = "stat-tasks-queued",
    [EMMC_STAT_TASKS_EXECUTED]      = "stat-tasks-executed",
    [EMMC_STAT_TASKS_DISCARDED]     = "stat-tasks-discarded",
    [EMMC_STAT_QUEUE_DEPTH_MAX]     = "stat-queue-depth-max",
    [EMMC_STAT_QUEUE_POLLS]         = "stat-queue-polls",
    [EMMC_STAT_READS]               = "stat-reads",
    [EMMC_STAT_READ_SECTORS]        = "stat-read-sectors",
    [EMMC_STAT_WRITES]              = "stat-writes",
    [EMMC_STAT_WRITE_SECTORS]       = "stat-write-sectors",
    [EMMC_STAT_RELIABLE_WRITES]     = "stat-reliable-writes",
    [EMMC_STAT_FORCED_WRITES]       = "stat-forced-writes",
    [EMMC_STAT_STOPS]               = "stat-stops",
    [EMMC_STAT_IDLE_STOPS]          = "stat-idle-stops",
    [EMMC_STAT_ERASES]              = "stat-erases",
    [EMMC_STAT_ERASE_SECTORS]       = "stat-erase-sectors",
    [EMMC_STAT_CACHE_ENABLES]       = "stat-cache-enables",
    [EMMC_STAT_FLUSHES]             = "stat-flushes",
    [EMMC_STAT_RPMB_REQUESTS]       = "stat-rpmb-requests",
    [EMMC_STAT_RPMB_RESPONSES]      = "stat-rpmb-responses",
};

static const char *const emmc_violation_names[EMMC_VIOLATION_COUNT] = {
    [EMMC_VIOLATION_COMMAND]            = "stat-violation-command",
    [EMMC_VIOLATION_ADDRESS]            = "stat-violation-address",
    [EMMC_VIOLATION_BLOCK_COUNT]        = "stat-violation-block-count",
    [EMMC_VIOLATION_DATA]               = "stat-violation-data",
    [EMMC_VIOLATION_ERASE]              = "stat-violation-erase",
    [EMMC_VIOLATION_EXT_CSD]            = "stat-violation-ext-csd",
    [EMMC_VIOLATION_RELIABLE_WRITE]     = "stat-violation-reliable-write",
    [EMMC_VIOLATION_RESERVED_BITS]      = "stat-violation-reserved-bits",
    [EMMC_VIOLATION_CMDQ_OFF]           = "stat-violation-cmdq-off",
    [EMMC_VIOLATION_CMDQ_LEGACY_DATA]   = "stat-violation-cmdq-legacy-data",
    [EMMC_VIOLATION_QUEUE_NOT_EMPTY]    = "stat-violation-queue-not-empty",
    [EMMC_VIOLATION_TASK_ID]            = "stat-violation-task-id",
    [EMMC_VIOLATION_TASK_BUSY]          = "stat-violation-task-busy",
    [EMMC_VIOLATION_TASK_SEQUENCE]      = "stat-violation-task-sequence",
    [EMMC_VIOLATION_TASK_NOT_READY]     = "stat-violation-task-not-ready",
    [EMMC_VIOLATION_TASK_DIRECTION]     = "stat-violation-task-direction",
    [EMMC_VIOLATION_RPMB]               = "stat-violation-rpmb",
};

static const char *const emmc_fault_names[EMMC_FAULT_COUNT] = {
    [EMMC_FAULT_COMMAND]        = "fault-command",
    [EMMC_FAULT_TASK_COMMAND]   = "fault-task-command",
    [EMMC_FAULT_DATA_READ]      = "fault-data-read",
    [EMMC_FAULT_DATA_WRITE]     = "fault-data-write",
    [EMMC_FAULT_READ_STATUS]    = "fault-read-status",
    [EMMC_FAULT_WRITE_STATUS]   = "fault-write-status",
    [EMMC_FAULT_TASK_LOST]      = "fault-task-lost",
    [EMMC_FAULT_CMDQ_ENABLE]    = "fault-cmdq-enable",
    [EMMC_FAULT_FLUSH]          = "fault-flush",
};

void emmc_violation(EMMCState *s, EMMCViolation violation)
{
    s->violations[violation]++;
    qemu_log_mask(LOG_GUEST_ERROR, "emmc: %s\n",
                  emmc_violation_names[violation]);
}

/* To be asked once for each event that the fault may hit */
bool emmc_fault(EMMCState *s, EMMCFaultId id)
{
    EMMCFault *fault = &s->faults[id];

    if (!fault->left || --fault->left) {
        return false;
    }
    fault->fired++;
    if (fault->repeat > 1) {
        fault->repeat--;
        fault->left = 1;
    }
    trace_emmc_fault(emmc_fault_names[id]);
    return true;
}

static unsigned emmc_queue_depth(EMMCState *s)
{
    unsigned depth = 0;

    for (unsigned i = 0; i < EMMC_TASKS_MAX; i++) {
        depth += s->tasks[i].queued;
    }
    return depth;
}

static uint64_t emmc_part_sectors(EMMCState *s)
{
    return emmc_part(s) == EMMC_PART_USER
           ? s->user_sectors : s->boot_part_size >> EMMC_SECTOR_SHIFT;
}

/* The image holds both boot partitions, then the user area */
static int64_t emmc_image_offset(EMMCState *s, unsigned part, uint64_t sector)
{
    unsigned boot_parts = part == EMMC_PART_USER ? 2 : part - EMMC_PART_BOOT1;

    return boot_parts * s->boot_part_size + (sector << EMMC_SECTOR_SHIFT);
}

/* Refuses with the status bits that say why */
static bool emmc_address(EMMCState *s, uint32_t arg, uint32_t sectors,
                         uint64_t *sector)
{
    if (emmc_is_sector_addressed(s)) {
        *sector = arg;
    } else {
        if (arg % EMMC_SECTOR_SIZE) {
            s->status |= ADDRESS_ERROR;
            emmc_violation(s, EMMC_VIOLATION_ADDRESS);
            return false;
        }
        *sector = arg >> EMMC_SECTOR_SHIFT;
    }

    if (*sector + sectors > emmc_part_sectors(s)) {
        s->status |= OUT_OF_RANGE;
        emmc_violation(s, EMMC_VIOLATION_ADDRESS);
        return false;
    }
    return true;
}

/* Data phase */

static void emmc_transfer_done(EMMCState *s)
{
    EMMCTransfer *x = &s->xfer;

    if (x->task >= 0) {
        s->tasks[x->task].queued = false;
        emmc_count(s, EMMC_STAT_TASKS_EXECUTED);
    }
    s->state = EMMC_TRAN;
}

/* Bytes in the run that begins now: as much as is left and fits in */
static uint32_t emmc_run_bytes(const EMMCTransfer *x)
{
    return MIN(x->left, EMMC_RUN_SIZE >> EMMC_SECTOR_SHIFT)
           << EMMC_SECTOR_SHIFT;
}

/* Fetch the next run of a read */
static void emmc_run_fetch(EMMCState *s)
{
    EMMCTransfer *x = &s->xfer;

    x->run = emmc_run_bytes(x);
    x->pos = 0;
    trace_emmc_run("read", x->part, x->sector, x->run >> EMMC_SECTOR_SHIFT);
    if (x->part == EMMC_PART_RPMB) {
        emmc_rpmb_give(s, x->run >> EMMC_SECTOR_SHIFT);
        return;
    }
    if (blk_pread(s->blk, emmc_image_offset(s, x->part, x->sector), x->run,
                  x->buf, 0) < 0) {
        memset(x->buf, 0, x->run);
        s->status |= CARD_ECC_FAILED;
    }
}

/* The whole sectors of a read's run that have left are told to the ledger */
static void emmc_run_left(EMMCState *s)
{
    EMMCTransfer *x = &s->xfer;
    uint32_t sectors = x->pos >> EMMC_SECTOR_SHIFT;

    emmc_ledger_sectors(s, false, x->buf, sectors);
    s->stats[EMMC_STAT_READ_SECTORS] += sectors;
    x->sector += sectors;
    x->left -= sectors;
    x->run = x->pos = 0;
}

/* Whole sectors go where they belong */
static bool emmc_run_store(EMMCState *s, uint32_t sectors)
{
    EMMCTransfer *x = &s->xfer;

    if (x->part == EMMC_PART_RPMB) {
        emmc_rpmb_take(s, sectors);
        return true;
    }
    return !sectors ||
           blk_pwrite(s->blk, emmc_image_offset(s, x->part, x->sector),
                      sectors << EMMC_SECTOR_SHIFT, x->buf,
                      x->fua ? BDRV_REQ_FUA : 0) >= 0;
}

/* The whole sectors that have arrived are stored, then told to the ledger */
static void emmc_run_commit(EMMCState *s)
{
    EMMCTransfer *x = &s->xfer;
    uint32_t sectors = x->pos >> EMMC_SECTOR_SHIFT;

    trace_emmc_run("write", x->part, x->sector, sectors);
    if (!emmc_run_store(s, sectors)) {
        s->status |= SD_ERROR;
    } else {
        emmc_ledger_sectors(s, true, x->buf, sectors);
        s->stats[EMMC_STAT_WRITE_SECTORS] += sectors;
    }
    x->sector += sectors;
    x->left -= sectors;
    x->pos = 0;
}

/* The host ends the data phase before the card does */
static void emmc_transfer_cut(EMMCState *s)
{
    EMMCTransfer *x = &s->xfer;

    if (s->state == EMMC_RCV) {
        emmc_run_commit(s);
    } else if (x->left) {
        emmc_run_left(s);
    }
    /* A queued task that was cut short stays queued until it is discarded */
    s->state = EMMC_TRAN;
    s->data_lost = false;
}

static void emmc_read_data(SDState *sd, void *data, size_t length)
{
    EMMCState *s = EMMC(sd);
    EMMCTransfer *x = &s->xfer;
    uint8_t *to = data;

    while (length) {
        uint32_t chunk;

        if (s->state == EMMC_DATA && x->pos == x->run) {
            if (x->left) {
                emmc_run_fetch(s);
            } else if (!s->data_lost) {
                /* An open-ended read has come to the end of the card */
                s->data_lost = true;
                s->status |= OUT_OF_RANGE;
                emmc_violation(s, EMMC_VIOLATION_ADDRESS);
            }
        }
        chunk = MIN(length, x->run - x->pos);
        if (s->state != EMMC_DATA || !chunk) {
            if (!s->data_lost) {
                emmc_violation(s, EMMC_VIOLATION_DATA);
            }
            memset(to, 0, length);
            return;
        }

        memcpy(to, x->buf + x->pos, chunk);
        x->pos += chunk;
        to += chunk;
        length -= chunk;

        if (x->pos == x->run) {
            if (x->left) {
                emmc_run_left(s);
            }
            if (!x->left && !x->open_ended) {
                emmc_transfer_done(s);
            }
        }
    }
}

static void emmc_write_data(SDState *sd, const void *data, size_t length)
{
    EMMCState *s = EMMC(sd);
    EMMCTransfer *x = &s->xfer;
    const uint8_t *from = data;

    while (length) {
        uint32_t run, chunk;

        if (s->state != EMMC_RCV) {
            if (!s->data_lost) {
                emmc_violation(s, EMMC_VIOLATION_DATA);
            }
            return;
        }
        run = emmc_run_bytes(x);
        if (!run) {
            /* An open-ended write has come to the end of the card */
            if (!s->data_lost) {
                s->data_lost = true;
                s->status |= OUT_OF_RANGE;
                emmc_violation(s, EMMC_VIOLATION_ADDRESS);
            }
            return;
        }

        chunk = MIN(length, run - x->pos);
        memcpy(x->buf + x->pos, from, chunk);
        x->pos += chunk;
        from += chunk;
        length -= chunk;

        if (x->pos == run) {
            emmc_run_commit(s);
            if (!x->left && !x->open_ended) {
                emmc_transfer_done(s);
            }
        }
    }
}

static uint8_t emmc_read_byte(SDState *sd)
{
    uint8_t value;

    emmc_read_data(sd, &value, sizeof(value));
    return value;
}

static void emmc_write_byte(SDState *sd, uint8_t value)
{
    emmc_write_data(sd, &value, sizeof(value));
}

/* What the card sends from its registers, in place of sectors */
static EMMCResponse emmc_send_register(EMMCState *s, const uint8_t *reg,
                                       size_t size)
{
    EMMCTransfer *x = &s->xfer;

    memcpy(x->buf, reg, size);
    x->task = -1;
    x->open_ended = false;
    x->left = 0;
    x->run = size;
    x->pos = 0;
    s->state = EMMC_DATA;
    return EMMC_R1;
}

/*
 * Begin to move sectors, from @sector on. Zero @sectors means that the host
 * will say when it is enough.
 */
static EMMCResponse emmc_transfer_begin(EMMCState *s, uint8_t cmd, bool write,
                                        int task, uint64_t sector,
                                        uint32_t sectors)
{
    EMMCTransfer *x = &s->xfer;

    emmc_count(s, write ? EMMC_STAT_WRITES : EMMC_STAT_READS);
    if (emmc_fault(s, write ? EMMC_FAULT_WRITE_STATUS
                            : EMMC_FAULT_READ_STATUS)) {
        s->status |= write ? SD_ERROR : CARD_ECC_FAILED;
        s->data_lost = true;
        return EMMC_R1;
    }
    if (emmc_fault(s, write ? EMMC_FAULT_DATA_WRITE : EMMC_FAULT_DATA_READ)) {
        s->late_status |= write ? SD_ERROR : CARD_ECC_FAILED;
        s->data_lost = true;
        return EMMC_R1;
    }

    x->cmd = cmd;
    x->part = emmc_part(s);
    x->task = task;
    x->open_ended = !sectors;
    x->sector = sector;
    x->left = sectors ?: emmc_part_sectors(s) - sector;
    x->run = x->pos = 0;
    s->state = write ? EMMC_RCV : EMMC_DATA;
    return EMMC_R1;
}

/* What of a write must be on the medium before the card is ready again */
static void emmc_set_durable(EMMCState *s, bool reliable, bool forced,
                             uint64_t sector, uint32_t sectors)
{
    s->xfer.fua = reliable || forced;
    if (forced) {
        emmc_count(s, EMMC_STAT_FORCED_WRITES);
    }
    if (!reliable) {
        return;
    }
    emmc_count(s, EMMC_STAT_RELIABLE_WRITES);
    /* Without the enhanced kind, all or nothing holds for two sizes only */
    if (!s->enhanced_rel_wr && sectors != 1 &&
        (sectors != s->rel_wr_sec || sector % s->rel_wr_sec)) {
        emmc_violation(s, EMMC_VIOLATION_RELIABLE_WRITE);
    }
}

/* Reset */

static void emmc_reset_common(EMMCState *s)
{
    s->state = EMMC_IDLE;
    s->rca = 1;
    s->status = 0;
    s->late_status = 0;
    s->block_count_set = false;
    s->erase_stage = 0;
    s->task_params_set = false;
    s->data_lost = false;
    memset(s->tasks, 0, sizeof(s->tasks));
    emmc_regs_reset(s);
}

static void emmc_reset_hold(Object *obj, ResetType type)
{
    emmc_reset_common(EMMC(obj));
}

/* With the power on, what has arrived is kept */
static void emmc_reset_warm(EMMCState *s)
{
    if (s->state == EMMC_DATA || s->state == EMMC_RCV) {
        emmc_transfer_cut(s);
    }
    emmc_reset_common(s);
}

static void emmc_hw_reset(SDState *sd)
{
    EMMCState *s = EMMC(sd);

    if (s->ext_csd[EXT_CSD_RST_N_FUNCTION] == EXT_CSD_RST_N_ENABLED) {
        emmc_count(s, EMMC_STAT_HW_RESETS);
        emmc_reset_warm(s);
    }
}

/* Commands */

/* CMD0 */
static EMMCResponse emmc_go_idle(EMMCState *s, uint32_t arg)
{
    if (arg == GO_IDLE_IDLE || arg == GO_IDLE_PRE_IDLE) {
        emmc_count(s, EMMC_STAT_RESETS);
        emmc_reset_warm(s);
    }
    return EMMC_NONE;
}

/* CMD1 */
static EMMCResponse emmc_send_op_cond(EMMCState *s, uint32_t arg)
{
    /* Without any voltage it is a question only */
    if (arg & OCR_VOLTAGES) {
        s->state = EMMC_READY;
    }
    return EMMC_R3;
}

/* CMD2 */
static EMMCResponse emmc_all_send_cid(EMMCState *s, uint32_t arg)
{
    s->state = EMMC_IDENT;
    return EMMC_R2_CID;
}

/* CMD3 */
static EMMCResponse emmc_set_relative_addr(EMMCState *s, uint32_t arg)
{
    s->rca = ARG_RCA(arg);
    s->state = EMMC_STBY;
    return EMMC_R1;
}

/* CMD4: DSR_IMP is 0, so there is nothing to set */
static EMMCResponse emmc_set_dsr(EMMCState *s, uint32_t arg)
{
    return EMMC_NONE;
}

/* CMD5 */
static EMMCResponse emmc_sleep_awake(EMMCState *s, uint32_t arg)
{
    bool sleep = arg & SLEEP_AWAKE_SLEEP;

    if (sleep == (s->state == EMMC_SLP)) {
        return EMMC_ILLEGAL;
    }
    emmc_count(s, sleep ? EMMC_STAT_SLEEPS : EMMC_STAT_AWAKES);
    s->state = sleep ? EMMC_SLP : EMMC_STBY;
    return EMMC_R1;
}

/* CMD6 */
static EMMCResponse emmc_cmd_switch(EMMCState *s, uint32_t arg)
{
    emmc_switch(s, arg);
    return EMMC_R1;
}

/* CMD7: not ADDRESSED, since any other card's address deselects this one */
static EMMCResponse emmc_select(EMMCState *s, uint32_t arg)
{
    bool us = ARG_RCA(arg) == s->rca;

    if (us == (s->state != EMMC_STBY)) {
        return us ? EMMC_ILLEGAL : EMMC_NONE;
    }
    if (s->state == EMMC_DATA) {
        emmc_transfer_cut(s);
    }
    s->state = us ? EMMC_TRAN : EMMC_STBY;
    return us ? EMMC_R1 : EMMC_NONE;
}

/* CMD8 */
static EMMCResponse emmc_send_ext_csd(EMMCState *s, uint32_t arg)
{
    return emmc_send_register(s, s->ext_csd, sizeof(s->ext_csd));
}

/* CMD9 */
static EMMCResponse emmc_send_csd(EMMCState *s, uint32_t arg)
{
    return EMMC_R2_CSD;
}

/* CMD10 */
static EMMCResponse emmc_send_cid(EMMCState *s, uint32_t arg)
{
    return EMMC_R2_CID;
}

/* CMD12 */
static EMMCResponse emmc_stop_transmission(EMMCState *s, uint32_t arg)
{
    EMMCTransfer *x = &s->xfer;

    emmc_count(s, EMMC_STAT_STOPS);
    if (!x->open_ended ||
        (s->state == EMMC_RCV && x->pos % EMMC_SECTOR_SIZE)) {
        emmc_violation(s, EMMC_VIOLATION_BLOCK_COUNT);
    }
    emmc_transfer_cut(s);
    return EMMC_R1;
}

/* CMD13 */
static EMMCResponse emmc_send_status(EMMCState *s, uint32_t arg)
{
    if (!(arg & SEND_STATUS_QUEUE)) {
        return EMMC_R1;
    }
    if (!emmc_cmdq_enabled(s)) {
        emmc_violation(s, EMMC_VIOLATION_CMDQ_OFF);
        return EMMC_ILLEGAL;
    }
    emmc_count(s, EMMC_STAT_QUEUE_POLLS);
    return EMMC_R1_QUEUE;
}

/* CMD15 */
static EMMCResponse emmc_go_inactive(EMMCState *s, uint32_t arg)
{
    s->state = EMMC_INA;
    return EMMC_NONE;
}

/* CMD16 */
static EMMCResponse emmc_set_blocklen(EMMCState *s, uint32_t arg)
{
    if (arg != EMMC_SECTOR_SIZE) {
        s->status |= BLOCK_LEN_ERROR;
    }
    return EMMC_R1;
}

static EMMCResponse emmc_read(EMMCState *s, uint8_t cmd, uint32_t arg,
                              uint32_t sectors)
{
    uint64_t sector;

    if (!emmc_address(s, arg, sectors ?: 1, &sector)) {
        s->data_lost = true;
        return EMMC_R1;
    }
    return emmc_transfer_begin(s, cmd, false, -1, sector, sectors);
}

static EMMCResponse emmc_write(EMMCState *s, uint8_t cmd, uint32_t arg,
                               uint32_t sectors, uint32_t block_count_arg)
{
    uint64_t sector;

    if (!emmc_address(s, arg, sectors ?: 1, &sector)) {
        s->data_lost = true;
        return EMMC_R1;
    }
    emmc_set_durable(s, block_count_arg & BLOCK_COUNT_RELIABLE,
                     block_count_arg & BLOCK_COUNT_FORCED, sector, sectors);
    return emmc_transfer_begin(s, cmd, true, -1, sector, sectors);
}

/*
 * CMD18 and CMD25 of that partition, with a count only: it has no sectors, so
 * those in its transfers are numbered from zero.
 */
static EMMCResponse emmc_rpmb(EMMCState *s, uint8_t cmd, bool write)
{
    uint32_t frames = BLOCK_COUNT(s->block_count_arg);

    if (!frames) {
        emmc_violation(s, EMMC_VIOLATION_RPMB);
        return EMMC_ILLEGAL;
    }
    s->xfer.fua = s->block_count_arg & BLOCK_COUNT_RELIABLE;
    return emmc_transfer_begin(s, cmd, write, -1, 0, frames);
}

/* CMD17 */
static EMMCResponse emmc_read_single(EMMCState *s, uint32_t arg)
{
    return emmc_read(s, 17, arg, 1);
}

/* CMD18 */
static EMMCResponse emmc_read_multi(EMMCState *s, uint32_t arg)
{
    if (emmc_part(s) == EMMC_PART_RPMB) {
        return emmc_rpmb(s, 18, false);
    }
    return emmc_read(s, 18, arg, BLOCK_COUNT(s->block_count_arg));
}

/* CMD21 */
static EMMCResponse emmc_send_tuning(EMMCState *s, uint32_t arg)
{
    /* The pattern on four lines; on eight, each line doubles its neighbour */
    static const uint8_t pattern[64] = {
        0xff, 0x0f, 0xff, 0x00, 0xff, 0xcc, 0xc3, 0xcc,
        0xc3, 0x3c, 0xcc, 0xff, 0xfe, 0xff, 0xfe, 0xef,
        0xff, 0xdf, 0xff, 0xdd, 0xff, 0xfb, 0xff, 0xfb,
        0xbf, 0xff, 0x7f, 0xff, 0x77, 0xf7, 0xbd, 0xef,
        0xff, 0xf0, 0xff, 0xf0, 0x0f, 0xfc, 0xcc, 0x3c,
        0xcc, 0x33, 0xcc, 0xcf, 0xff, 0xef, 0xff, 0xee,
        0xff, 0xfd, 0xff, 0xfd, 0xdf, 0xff, 0xbf, 0xff,
        0xbb, 0xff, 0xf7, 0xff, 0xf7, 0x7f, 0x7b, 0xde,
    };
    uint8_t wide[2 * sizeof(pattern)];

    if (s->ext_csd[EXT_CSD_BUS_WIDTH] == 1) {
        return emmc_send_register(s, pattern, sizeof(pattern));
    }
    for (unsigned i = 0; i < sizeof(pattern); i++) {
        wide[2 * i] = extract8(pattern[i], 4, 4) * 0x11;
        wide[2 * i + 1] = extract8(pattern[i], 0, 4) * 0x11;
    }
    return emmc_send_register(s, wide, sizeof(wide));
}

/* CMD23 */
static EMMCResponse emmc_set_block_count(EMMCState *s, uint32_t arg)
{
    if (arg & BLOCK_COUNT_PACKED) {
        emmc_violation(s, EMMC_VIOLATION_RESERVED_BITS);
        return EMMC_ILLEGAL;
    }
    s->block_count_arg = arg;
    s->block_count_set = true;
    return EMMC_R1;
}

/* CMD24 */
static EMMCResponse emmc_write_single(EMMCState *s, uint32_t arg)
{
    return emmc_write(s, 24, arg, 1, 0);
}

/* CMD25 */
static EMMCResponse emmc_write_multi(EMMCState *s, uint32_t arg)
{
    if (emmc_part(s) == EMMC_PART_RPMB) {
        return emmc_rpmb(s, 25, true);
    }
    return emmc_write(s, 25, arg, BLOCK_COUNT(s->block_count_arg),
                      s->block_count_arg);
}

/* CMD35 */
static EMMCResponse emmc_erase_start(EMMCState *s, uint32_t arg)
{
    s->erase_start = arg;
    s->erase_stage = 1;
    return EMMC_R1;
}

static EMMCResponse emmc_erase_refuse(EMMCState *s, uint32_t status)
{
    s->status |= status;
    s->erase_stage = 0;
    emmc_violation(s, EMMC_VIOLATION_ERASE);
    return EMMC_R1;
}

/* CMD36 */
static EMMCResponse emmc_erase_end(EMMCState *s, uint32_t arg)
{
    if (s->erase_stage != 1) {
        return emmc_erase_refuse(s, ERASE_SEQ_ERROR);
    }
    s->erase_end = arg;
    s->erase_stage = 2;
    return EMMC_R1;
}

/* CMD38 */
static EMMCResponse emmc_erase(EMMCState *s, uint32_t arg)
{
    uint64_t first, last, sectors;

    if (s->erase_stage != 2) {
        return emmc_erase_refuse(s, ERASE_SEQ_ERROR);
    }
    s->erase_stage = 0;
    if (!emmc_address(s, s->erase_start, 1, &first) ||
        !emmc_address(s, s->erase_end, 1, &last)) {
        return EMMC_R1;
    }
    if (first > last) {
        return emmc_erase_refuse(s, ERASE_PARAM);
    }

    switch (arg) {
    case ERASE_ERASE:
        /* Each group that is touched, as a whole */
        first = QEMU_ALIGN_DOWN(first, EMMC_ERASE_GROUP);
        last = MIN(QEMU_ALIGN_UP(last + 1, EMMC_ERASE_GROUP),
                   emmc_part_sectors(s)) - 1;
        break;
    case ERASE_TRIM:
    case ERASE_DISCARD:
        break;
    default:
        /* No secure erase and trim: SEC_FEATURE_SUPPORT does not claim them */
        return emmc_erase_refuse(s, ERASE_PARAM);
    }

    sectors = last - first + 1;
    trace_emmc_erase(arg, emmc_part(s), first, sectors);
    if (blk_pwrite_zeroes(s->blk, emmc_image_offset(s, emmc_part(s), first),
                          sectors << EMMC_SECTOR_SHIFT,
                          BDRV_REQ_MAY_UNMAP) < 0) {
        s->late_status |= SD_ERROR;
        return EMMC_R1;
    }
    emmc_ledger_erase(s, emmc_part(s), first, sectors);
    emmc_count(s, EMMC_STAT_ERASES);
    s->stats[EMMC_STAT_ERASE_SECTORS] += sectors;
    return EMMC_R1;
}

/* CMD44 */
static EMMCResponse emmc_task_params(EMMCState *s, uint32_t arg)
{
    uint8_t id = TASK_ID(arg);

    if (arg & TASK_PARAMS_RESERVED) {
        emmc_violation(s, EMMC_VIOLATION_RESERVED_BITS);
    }
    if (id >= s->cmdq_depth) {
        emmc_violation(s, EMMC_VIOLATION_TASK_ID);
        return EMMC_ILLEGAL;
    }
    if (s->tasks[id].queued) {
        emmc_violation(s, EMMC_VIOLATION_TASK_BUSY);
        return EMMC_ILLEGAL;
    }
    if (!TASK_BLOCKS(arg)) {
        emmc_violation(s, EMMC_VIOLATION_BLOCK_COUNT);
        return EMMC_ILLEGAL;
    }

    s->task_params = (EMMCTask) {
        .id = id,
        .read = arg & TASK_READ,
        .reliable = arg & TASK_RELIABLE,
        .forced = arg & TASK_FORCED,
        .sectors = TASK_BLOCKS(arg),
    };
    s->task_params_set = true;
    return EMMC_R1;
}

/* CMD45 */
static EMMCResponse emmc_task_address(EMMCState *s, uint32_t arg)
{
    EMMCTask *task = &s->task_params;
    uint64_t sector;

    if (!s->task_params_set) {
        emmc_violation(s, EMMC_VIOLATION_TASK_SEQUENCE);
        return EMMC_ILLEGAL;
    }
    s->task_params_set = false;
    if (!emmc_address(s, arg, task->sectors, &sector)) {
        return EMMC_R1;
    }

    emmc_count(s, EMMC_STAT_TASKS_QUEUED);
    task->queued = true;
    task->arg = arg;
    task->ready_at = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + s->cmdq_ready_ns;
    if (emmc_fault(s, EMMC_FAULT_TASK_LOST)) {
        task->ready_at = INT64_MAX;
    }
    s->tasks[task->id] = *task;
    s->stats[EMMC_STAT_QUEUE_DEPTH_MAX] =
        MAX(s->stats[EMMC_STAT_QUEUE_DEPTH_MAX], emmc_queue_depth(s));
    return EMMC_R1;
}

static bool emmc_task_ready(EMMCState *s, const EMMCTask *task)
{
    return task->queued &&
           task->ready_at <= qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static uint32_t emmc_queue_status(EMMCState *s)
{
    uint32_t ready = 0;

    for (unsigned i = 0; i < EMMC_TASKS_MAX; i++) {
        ready |= (uint32_t)emmc_task_ready(s, &s->tasks[i]) << i;
    }
    return ready;
}

static EMMCResponse emmc_execute(EMMCState *s, uint8_t cmd, bool read,
                                 uint32_t arg)
{
    uint8_t id = TASK_ID(arg);
    EMMCTask *task = &s->tasks[id];
    uint64_t sector;

    if (arg & TASK_ID_RESERVED) {
        emmc_violation(s, EMMC_VIOLATION_RESERVED_BITS);
    }
    if (!emmc_task_ready(s, task)) {
        emmc_violation(s, EMMC_VIOLATION_TASK_NOT_READY);
        return EMMC_ILLEGAL;
    }
    if (task->read != read) {
        emmc_violation(s, EMMC_VIOLATION_TASK_DIRECTION);
        return EMMC_ILLEGAL;
    }
    /* It was good when it was queued, and no switch can have come since */
    emmc_address(s, task->arg, task->sectors, &sector);
    if (!read) {
        emmc_set_durable(s, task->reliable, task->forced, sector,
                         task->sectors);
    }
    return emmc_transfer_begin(s, cmd, !read, id, sector, task->sectors);
}

/* CMD46 */
static EMMCResponse emmc_execute_read(EMMCState *s, uint32_t arg)
{
    return emmc_execute(s, 46, true, arg);
}

/* CMD47 */
static EMMCResponse emmc_execute_write(EMMCState *s, uint32_t arg)
{
    return emmc_execute(s, 47, false, arg);
}

static void emmc_task_discard(EMMCState *s, EMMCTask *task)
{
    if (task->queued) {
        task->queued = false;
        emmc_count(s, EMMC_STAT_TASKS_DISCARDED);
    }
}

/* CMD48 */
static EMMCResponse emmc_task_management(EMMCState *s, uint32_t arg)
{
    if (arg & TASK_MGMT_RESERVED) {
        emmc_violation(s, EMMC_VIOLATION_RESERVED_BITS);
    }
    switch (TASK_MGMT_OP(arg)) {
    case TASK_MGMT_QUEUE:
        for (unsigned i = 0; i < EMMC_TASKS_MAX; i++) {
            emmc_task_discard(s, &s->tasks[i]);
        }
        return EMMC_R1;
    case TASK_MGMT_TASK:
        emmc_task_discard(s, &s->tasks[TASK_ID(arg)]);
        return EMMC_R1;
    default:
        emmc_violation(s, EMMC_VIOLATION_RESERVED_BITS);
        return EMMC_ILLEGAL;
    }
}

#define IN_TRANSFER (IN(TRAN) | IN(DATA) | IN(RCV))
#define IN_ANY      (IN(IDLE) | IN(READY) | IN(IDENT) | IN(STBY) | \
                     IN_TRANSFER | IN(SLP))

static const EMMCCommand emmc_commands[CMD_COUNT] = {
    [0]  = { emmc_go_idle, IN_ANY, BESIDE_TASKS },
    [1]  = { emmc_send_op_cond, IN(IDLE) },
    [2]  = { emmc_all_send_cid, IN(READY) },
    [3]  = { emmc_set_relative_addr, IN(IDENT) },
    [4]  = { emmc_set_dsr, IN(STBY) },
    [5]  = { emmc_sleep_awake, IN(STBY) | IN(SLP), ADDRESSED },
    [6]  = { emmc_cmd_switch, IN(TRAN) },
    [7]  = { emmc_select, IN(STBY) | IN(TRAN) | IN(DATA) },
    [8]  = { emmc_send_ext_csd, IN(TRAN) },
    [9]  = { emmc_send_csd, IN(STBY), ADDRESSED },
    [10] = { emmc_send_cid, IN(STBY), ADDRESSED },
    [12] = { emmc_stop_transmission, IN(DATA) | IN(RCV), BESIDE_TASKS },
    [13] = { emmc_send_status, IN(STBY) | IN_TRANSFER,
             ADDRESSED | BESIDE_TASKS },
    [15] = { emmc_go_inactive, IN(STBY) | IN_TRANSFER,
             ADDRESSED | BESIDE_TASKS },
    [16] = { emmc_set_blocklen, IN(TRAN), NO_QUEUE },
    [17] = { emmc_read_single, IN(TRAN), NO_QUEUE | NO_RPMB },
    [18] = { emmc_read_multi, IN(TRAN), NO_QUEUE },
    [21] = { emmc_send_tuning, IN(TRAN) },
    [23] = { emmc_set_block_count, IN(TRAN), NO_QUEUE },
    [24] = { emmc_write_single, IN(TRAN), NO_QUEUE | NO_RPMB },
    [25] = { emmc_write_multi, IN(TRAN), NO_QUEUE },
    [35] = { emmc_erase_start, IN(TRAN), NO_RPMB },
    [36] = { emmc_erase_end, IN(TRAN), NO_RPMB },
    [38] = { emmc_erase, IN(TRAN), NO_RPMB },
    [44] = { emmc_task_params, IN_TRANSFER, QUEUE_ONLY | BESIDE_TASKS },
    [45] = { emmc_task_address, IN_TRANSFER, QUEUE_ONLY | BESIDE_TASKS },
    [46] = { emmc_execute_read, IN(TRAN), QUEUE_ONLY | BESIDE_TASKS },
    [47] = { emmc_execute_write, IN(TRAN), QUEUE_ONLY | BESIDE_TASKS },
    [48] = { emmc_task_management, IN(TRAN), QUEUE_ONLY | BESIDE_TASKS },
};

/* Commands by which hosts ask an idle card whether it is another kind */
static bool emmc_is_probe(EMMCState *s, uint8_t cmd)
{
    return s->state == EMMC_IDLE &&
           (cmd == 5 || cmd == 8 || cmd == 52 || cmd == 55);
}

static bool emmc_command_legal(EMMCState *s, uint8_t cmd)
{
    const EMMCCommand *c = &emmc_commands[cmd];
    bool known = c->handler && (s->cmdq || !(c->flags & QUEUE_ONLY));

    if (emmc_is_probe(s, cmd)) {
        emmc_count(s, EMMC_STAT_PROBES);
        return false;
    }
    if (cmd == 12 && s->state == EMMC_TRAN) {
        /* Illegal too, but part of how hosts recover */
        emmc_count(s, EMMC_STAT_IDLE_STOPS);
        return false;
    }
    if (!known || !(c->states & BIT(s->state))) {
        emmc_violation(s, EMMC_VIOLATION_COMMAND);
        return false;
    }
    if ((c->flags & QUEUE_ONLY) && !emmc_cmdq_enabled(s)) {
        emmc_violation(s, EMMC_VIOLATION_CMDQ_OFF);
        return false;
    }
    if ((c->flags & NO_QUEUE) && emmc_cmdq_enabled(s)) {
        emmc_violation(s, EMMC_VIOLATION_CMDQ_LEGACY_DATA);
        return false;
    }
    if ((c->flags & NO_RPMB) && emmc_part(s) == EMMC_PART_RPMB) {
        emmc_violation(s, EMMC_VIOLATION_RPMB);
        return false;
    }
    if (!(c->flags & BESIDE_TASKS) && emmc_queue_depth(s)) {
        emmc_violation(s, EMMC_VIOLATION_QUEUE_NOT_EMPTY);
        return false;
    }
    return true;
}

/* Some commands lose their meaning if others come in between */
static void emmc_end_sequences(EMMCState *s, uint8_t cmd)
{
    if (!s->block_count_set || (cmd != CMD_READ_MULTI &&
                                cmd != CMD_WRITE_MULTI)) {
        s->block_count_arg = 0;
    }
    s->block_count_set = false;

    if (cmd == CMD_SEND_STATUS) {
        return;
    }
    if (s->erase_stage && cmd != CMD_ERASE_START && cmd != CMD_ERASE_END &&
        cmd != CMD_ERASE) {
        s->erase_stage = 0;
        s->status |= ERASE_RESET;
    }
    if (cmd != CMD_TASK_ADDRESS) {
        s->task_params_set = false;
    }
}

static bool emmc_command_fault(EMMCState *s, uint8_t cmd)
{
    bool task = emmc_commands[cmd].flags & QUEUE_ONLY;
    bool fault = emmc_fault(s, EMMC_FAULT_COMMAND);

    return (task && emmc_fault(s, EMMC_FAULT_TASK_COMMAND)) || fault;
}

static void emmc_put_r1(EMMCState *s, EMMCCardState state, uint8_t *response)
{
    stl_be_p(response, s->status | READY_FOR_DATA | state << 9);
    s->status = s->late_status;
    s->late_status = 0;
}

static int emmc_do_command(SDState *sd, SDRequest *req, uint8_t *response)
{
    EMMCState *s = EMMC(sd);
    EMMCCardState state = s->state;
    uint8_t cmd = req->cmd % CMD_COUNT;
    EMMCResponse type = EMMC_ILLEGAL;

    if (!s->blk || state == EMMC_INA) {
        return 0;
    }

    emmc_count(s, EMMC_STAT_COMMANDS);
    trace_emmc_command(cmd, req->arg, state);
    if (emmc_command_fault(s, cmd)) {
        s->status |= COM_CRC_ERROR;
        return 0;
    }
    if ((emmc_commands[cmd].flags & ADDRESSED) &&
        (emmc_commands[cmd].states & BIT(state)) &&
        ARG_RCA(req->arg) != s->rca) {
        return 0;
    }

    emmc_end_sequences(s, cmd);
    if (emmc_command_legal(s, cmd)) {
        if (state == EMMC_TRAN) {
            s->data_lost = false;
        }
        type = emmc_commands[cmd].handler(s, req->arg);
    }

    switch (type) {
    case EMMC_NONE:
        return 0;
    case EMMC_R1:
        emmc_put_r1(s, state, response);
        trace_emmc_response(cmd, ldl_be_p(response));
        return 4;
    case EMMC_R1_QUEUE:
        stl_be_p(response, emmc_queue_status(s));
        trace_emmc_response(cmd, ldl_be_p(response));
        return 4;
    case EMMC_R2_CID:
        memcpy(response, s->cid, sizeof(s->cid));
        return sizeof(s->cid);
    case EMMC_R2_CSD:
        memcpy(response, s->csd, sizeof(s->csd));
        return sizeof(s->csd);
    case EMMC_R3:
        stl_be_p(response, OCR_POWERED_UP | OCR_VOLTAGES |
                 (emmc_is_sector_addressed(s) ? OCR_SECTOR_MODE : 0));
        return 4;
    case EMMC_ILLEGAL:
        s->status |= ILLEGAL_COMMAND;
        return 0;
    default:
        g_assert_not_reached();
    }
}

static bool emmc_receive_ready(SDState *sd)
{
    return EMMC(sd)->state == EMMC_RCV;
}

static bool emmc_data_ready(SDState *sd)
{
    return EMMC(sd)->state == EMMC_DATA;
}

static bool emmc_get_inserted(SDState *sd)
{
    EMMCState *s = EMMC(sd);

    return s->blk && blk_is_inserted(s->blk);
}

static bool emmc_get_readonly(SDState *sd)
{
    EMMCState *s = EMMC(sd);

    return s->blk && !blk_is_writable(s->blk);
}

static void emmc_set_voltage(SDState *sd, uint16_t millivolts)
{
    if (millivolts != SD_VOLTAGE_1_8V && millivolts != SD_VOLTAGE_3_0V &&
        millivolts != SD_VOLTAGE_3_3V) {
        qemu_log_mask(LOG_GUEST_ERROR, "emmc: supply of %u mV\n", millivolts);
    }
}

/* Device */

static bool emmc_check_properties(EMMCState *s, Error **errp)
{
    if (s->cmdq_depth < 1 || s->cmdq_depth > EMMC_TASKS_MAX) {
        error_setg(errp, "cmdq-depth must be 1 to %u, not %u", EMMC_TASKS_MAX,
                   s->cmdq_depth);
    } else if (s->cache_size % EMMC_CACHE_UNIT ||
               s->cache_size > EMMC_CACHE_MAX) {
        error_setg(errp, "cache-size must be a multiple of 1 KiB and at most"
                   " 256 MiB");
    } else if (!s->rel_wr_sec) {
        error_setg(errp, "rel-wr-sec must not be 0");
    } else if (s->boot_part_size % EMMC_BOOT_UNIT ||
               s->boot_part_size > EMMC_BOOT_MAX) {
        error_setg(errp, "boot-partition-size must be a multiple of 128 KiB"
                   " and at most 32640 KiB");
    } else if (s->rpmb_size % EMMC_RPMB_UNIT || s->rpmb_size > EMMC_RPMB_MAX) {
        error_setg(errp, "rpmb-size must be a multiple of 128 KiB and at most"
                   " 16 MiB");
    } else {
        return true;
    }
    return false;
}

static bool emmc_set_size(EMMCState *s, Error **errp)
{
    int64_t size = blk_getlength(s->blk);
    int64_t boot = 2 * s->boot_part_size;

    if (size < 0) {
        error_setg_errno(errp, -size, "cannot get the size of the drive");
        return false;
    }
    if (size <= boot || (size - boot) % (EMMC_ERASE_GROUP * EMMC_SECTOR_SIZE)
        || (size - boot) >> EMMC_SECTOR_SHIFT > UINT32_MAX) {
        error_setg(errp, "the user area, the drive's %" PRId64 " bytes without"
                   " %" PRId64 " of boot partitions, must be a multiple of"
                   " 512 KiB, at least one and less than 2 TiB", size, boot);
        return false;
    }
    s->user_sectors = (size - boot) >> EMMC_SECTOR_SHIFT;
    return true;
}

static void emmc_realize(DeviceState *dev, Error **errp)
{
    EMMCState *s = EMMC(dev);

    if (!emmc_check_properties(s, errp)) {
        return;
    }
    if (s->blk) {
        if (!blk_supports_write_perm(s->blk)) {
            error_setg(errp, "cannot use a read-only drive as an eMMC");
            return;
        }
        if (!emmc_set_size(s, errp) ||
            blk_set_perm(s->blk, BLK_PERM_CONSISTENT_READ | BLK_PERM_WRITE,
                         BLK_PERM_ALL, errp) < 0) {
            return;
        }
    }
    s->rpmb.size = s->rpmb_size;
    s->rpmb.data = g_malloc0(s->rpmb.size);
    emmc_regs_init(s);
    emmc_ledger_open(s, errp);
}

static void emmc_unrealize(DeviceState *dev)
{
    EMMCState *s = EMMC(dev);

    emmc_ledger_close(s);
    g_free(s->rpmb.data);
}

static void emmc_fault_get(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    EMMCFault *fault = &EMMC(obj)->faults[(uintptr_t)opaque];

    visit_type_uint64(v, name, &fault->left, errp);
}

static void emmc_fault_set(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    EMMCState *s = EMMC(obj);
    EMMCFault *fault = &s->faults[(uintptr_t)opaque];

    if (visit_type_uint64(v, name, &fault->left, errp) && fault->left) {
        fault->repeat = s->fault_repeat;
        fault->armed++;
    }
}

static void emmc_instance_init(Object *obj)
{
    EMMCState *s = EMMC(obj);

    s->ledger.fd = -1;
    for (unsigned i = 0; i < EMMC_STAT_COUNT; i++) {
        object_property_add_uint64_ptr(obj, emmc_stat_names[i], &s->stats[i],
                                       OBJ_PROP_FLAG_READ);
    }
    for (unsigned i = 0; i < EMMC_VIOLATION_COUNT; i++) {
        object_property_add_uint64_ptr(obj, emmc_violation_names[i],
                                       &s->violations[i], OBJ_PROP_FLAG_READ);
    }
    for (uintptr_t i = 0; i < EMMC_FAULT_COUNT; i++) {
        g_autofree char *armed = g_strconcat(emmc_fault_names[i], "-armed",
                                             NULL);
        g_autofree char *fired = g_strconcat(emmc_fault_names[i], "-fired",
                                             NULL);

        object_property_add(obj, emmc_fault_names[i], "uint64",
                            emmc_fault_get, emmc_fault_set, NULL, (void *)i);
        object_property_add_uint64_ptr(obj, armed, &s->faults[i].armed,
                                       OBJ_PROP_FLAG_READ);
        object_property_add_uint64_ptr(obj, fired, &s->faults[i].fired,
                                       OBJ_PROP_FLAG_READ);
    }
    object_property_add_uint64_ptr(obj, "fault-repeat", &s->fault_repeat,
                                   OBJ_PROP_FLAG_READWRITE);
}

static const VMStateDescription emmc_task_vmstate = {
    .name = "emmc/task",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(queued, EMMCTask),
        VMSTATE_BOOL(read, EMMCTask),
        VMSTATE_BOOL(reliable, EMMCTask),
        VMSTATE_BOOL(forced, EMMCTask),
        VMSTATE_UINT8(id, EMMCTask),
        VMSTATE_UINT16(sectors, EMMCTask),
        VMSTATE_UINT32(arg, EMMCTask),
        VMSTATE_INT64(ready_at, EMMCTask),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription emmc_transfer_vmstate = {
    .name = "emmc/transfer",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(cmd, EMMCTransfer),
        VMSTATE_UINT8(part, EMMCTransfer),
        VMSTATE_BOOL(open_ended, EMMCTransfer),
        VMSTATE_BOOL(fua, EMMCTransfer),
        VMSTATE_INT8(task, EMMCTransfer),
        VMSTATE_UINT64(sector, EMMCTransfer),
        VMSTATE_UINT32(left, EMMCTransfer),
        VMSTATE_UINT32(run, EMMCTransfer),
        VMSTATE_UINT32(pos, EMMCTransfer),
        VMSTATE_UINT8_ARRAY(buf, EMMCTransfer, EMMC_RUN_SIZE),
        VMSTATE_END_OF_LIST()
    },
};

static int emmc_post_load(void *opaque, int version_id)
{
    EMMCState *s = opaque;
    EMMCTransfer *x = &s->xfer;
    uint32_t run = s->state == EMMC_RCV ? emmc_run_bytes(x) : x->run;

    /* What the data path takes for granted */
    if (run > EMMC_RUN_SIZE || x->pos > run || x->task >= EMMC_TASKS_MAX ||
        x->part > EMMC_PART_RPMB || emmc_part(s) > EMMC_PART_RPMB) {
        return -EINVAL;
    }
    return 0;
}

static bool emmc_rpmb_needed(void *opaque)
{
    return EMMC(opaque)->rpmb_size;
}

static const VMStateDescription emmc_rpmb_vmstate = {
    .name = "emmc/rpmb",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = emmc_rpmb_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_VBUFFER_UINT32(rpmb.data, EMMCState, 1, NULL, rpmb.size),
        VMSTATE_BOOL(rpmb.has_key, EMMCState),
        VMSTATE_UINT8_ARRAY(rpmb.key, EMMCState, EMMC_RPMB_KEY_SIZE),
        VMSTATE_UINT32(rpmb.counter, EMMCState),
        VMSTATE_UINT16(rpmb.request, EMMCState),
        VMSTATE_UINT16(rpmb.address, EMMCState),
        VMSTATE_UINT8_ARRAY(rpmb.nonce, EMMCState, EMMC_RPMB_NONCE_SIZE),
        VMSTATE_UINT16(rpmb.written, EMMCState),
        VMSTATE_UINT16(rpmb.written_address, EMMCState),
        VMSTATE_UINT16(rpmb.written_result, EMMCState),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription emmc_vmstate = {
    .name = "emmc",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = emmc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_ARRAY(ext_csd, EMMCState, 512),
        VMSTATE_UINT16(rca, EMMCState),
        VMSTATE_UINT32(status, EMMCState),
        VMSTATE_UINT32(late_status, EMMCState),
        VMSTATE_INT32(state, EMMCState),
        VMSTATE_UINT32(block_count_arg, EMMCState),
        VMSTATE_BOOL(block_count_set, EMMCState),
        VMSTATE_UINT8(erase_stage, EMMCState),
        VMSTATE_UINT32(erase_start, EMMCState),
        VMSTATE_UINT32(erase_end, EMMCState),
        VMSTATE_BOOL(task_params_set, EMMCState),
        VMSTATE_STRUCT(task_params, EMMCState, 1, emmc_task_vmstate, EMMCTask),
        VMSTATE_STRUCT_ARRAY(tasks, EMMCState, EMMC_TASKS_MAX, 1,
                             emmc_task_vmstate, EMMCTask),
        VMSTATE_STRUCT(xfer, EMMCState, 1, emmc_transfer_vmstate,
                       EMMCTransfer),
        VMSTATE_BOOL(data_lost, EMMCState),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &emmc_rpmb_vmstate,
        NULL
    },
};

static const Property emmc_properties[] = {
    DEFINE_PROP_DRIVE("drive", EMMCState, blk),
    DEFINE_PROP_SIZE("boot-partition-size", EMMCState, boot_part_size, 0),
    DEFINE_PROP_UINT8("boot-config", EMMCState, boot_config, 0),
    DEFINE_PROP_SIZE("rpmb-size", EMMCState, rpmb_size, 0),
    DEFINE_PROP_BOOL("cmdq", EMMCState, cmdq, true),
    DEFINE_PROP_UINT8("cmdq-depth", EMMCState, cmdq_depth, EMMC_TASKS_MAX),
    DEFINE_PROP_UINT64("cmdq-ready-ns", EMMCState, cmdq_ready_ns, 0),
    DEFINE_PROP_SIZE("cache-size", EMMCState, cache_size, 512 * KiB),
    DEFINE_PROP_UINT8("rel-wr-sec", EMMCState, rel_wr_sec, 1),
    DEFINE_PROP_BOOL("enhanced-rel-wr", EMMCState, enhanced_rel_wr, true),
    DEFINE_PROP_STRING("ledger", EMMCState, ledger_path),
};

static void emmc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    SDCardClass *sc = SDMMC_COMMON_CLASS(klass);

    dc->desc = "eMMC 5.1";
    dc->realize = emmc_realize;
    dc->unrealize = emmc_unrealize;
    dc->vmsd = &emmc_vmstate;
    /* Soldered to the board: there when the machine starts, or never */
    dc->hotpluggable = false;
    device_class_set_props(dc, emmc_properties);
    rc->phases.hold = emmc_reset_hold;

    sc->do_command = emmc_do_command;
    sc->write_byte = emmc_write_byte;
    sc->read_byte = emmc_read_byte;
    sc->write_data = emmc_write_data;
    sc->read_data = emmc_read_data;
    sc->receive_ready = emmc_receive_ready;
    sc->data_ready = emmc_data_ready;
    sc->hw_reset = emmc_hw_reset;
    sc->set_voltage = emmc_set_voltage;
    sc->get_inserted = emmc_get_inserted;
    sc->get_readonly = emmc_get_readonly;
}

static const TypeInfo emmc_types[] = {
    {
        .name           = TYPE_EMMC,
        .parent         = TYPE_SDMMC_COMMON,
        .instance_size  = sizeof(EMMCState),
        .instance_init  = emmc_instance_init,
        .class_init     = emmc_class_init,
    },
};

DEFINE_TYPES(emmc_types)
