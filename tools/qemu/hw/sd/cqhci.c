/*
 * CQHCI engine: registers, tasks and direct commands
 *
 * Software puts task descriptors into guest memory and rings a doorbell bit.
 * The engine reads the descriptor at once, and everything that goes over the
 * bus happens in steps that a timer of the virtual clock separates, one task
 * a step: queueing in the card (CMD44, CMD45), asking which tasks are ready
 * (CMD13), running one of them (CMD46, CMD47). A completion inside the write
 * to the doorbell would keep the queue at one task, and neither halting nor
 * recovery would ever meet a task in flight.
 *
 * Which fields software may write, and how, is the table cqhci_regs[].
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/dma.h"
#include "cqhci-internal.h"

/* eMMC commands that the engine sends by itself */
#define CMD_SEND_STATUS         13
#define CMD_QUEUED_TASK_PARAMS  44
#define CMD_QUEUED_TASK_ADDRESS 45
#define CMD_EXECUTE_READ_TASK   46
#define CMD_EXECUTE_WRITE_TASK  47

/* CMD44 */
FIELD(CMD44, COUNT, 0, 16)
FIELD(CMD44, TASK, 16, 5)
FIELD(CMD44, PRIORITY, 23, 1)
FIELD(CMD44, FORCED, 24, 1)
FIELD(CMD44, CONTEXT, 25, 4)
FIELD(CMD44, TAG, 29, 1)
FIELD(CMD44, READ, 30, 1)
FIELD(CMD44, RELIABLE, 31, 1)
/* CMD46 and CMD47 */
FIELD(CMD46, TASK, 16, 5)
/* CMD13 */
FIELD(CMD13, SQS, 15, 1)
FIELD(CMD13, RCA, 16, 16)

/* What can be told though nothing is wrong */
#define IS_ERRORS (R_IS_RED_MASK | R_IS_GCE_MASK | R_IS_ICCE_MASK)

/* More descriptors than that are a loop: each moves at least one byte. */
#define MAX_DESCRIPTORS         65536
/* Coalescing timeouts count 1024 periods of the internal clock. */
#define ITCF_VALUE              192
#define ITCF_100KHZ             2
#define COALESCE_UNIT_NS        (1024 * 10000 / ITCF_VALUE)

typedef struct CQHCIReg {
    const char *name;
    uint32_t reset;
    uint32_t writable;          /* software writes it as it is */
    uint32_t w1c;
    uint32_t command;           /* acts when written, see the handler */
    void (*write)(CQHCIState *s, uint32_t old, uint32_t value);
} CQHCIReg;

static const char *const cqhci_stat_names[CQHCI_STAT__MAX] = {
    [CQHCI_STAT_DOORBELLS] = "stat-doorbells",
    [CQHCI_STAT_TASKS] = "stat-tasks",
    [CQHCI_STAT_TRANSFERS] = "stat-transfers",
    [CQHCI_STAT_DCMDS] = "stat-dcmds",
    [CQHCI_STAT_IN_FLIGHT_MAX] = "stat-in-flight-max",
    [CQHCI_STAT_TASKS_ENCRYPTED] = "stat-tasks-encrypted",
    [CQHCI_STAT_UNITS_ENCRYPTED] = "stat-units-encrypted",
    [CQHCI_STAT_KEYS_PROGRAMMED] = "stat-keys-programmed",
    [CQHCI_STAT_KEYS_EVICTED] = "stat-keys-evicted",
    [CQHCI_STAT_KEYS_LOST] = "stat-keys-lost",
    [CQHCI_STAT_ENABLES] = "stat-enables",
    [CQHCI_STAT_HALTS] = "stat-halts",
    [CQHCI_STAT_CLEARED] = "stat-cleared",
    [CQHCI_STAT_ERRORS] = "stat-errors",
    [CQHCI_STAT_GCE] = "stat-gce",
    [CQHCI_STAT_ICCE] = "stat-icce",
    [CQHCI_STAT_IRQS] = "stat-irqs",
    [CQHCI_STAT_RESETS] = "stat-resets",
    [CQHCI_STAT_SLEEPS] = "stat-sleeps",
    [CQHCI_STAT_V_REGISTER] = "stat-violation-register",
    [CQHCI_STAT_V_CONFIG] = "stat-violation-config",
    [CQHCI_STAT_V_DOORBELL] = "stat-violation-doorbell",
    [CQHCI_STAT_V_CLEAR] = "stat-violation-clear",
    [CQHCI_STAT_V_DISABLE] = "stat-violation-disable",
    [CQHCI_STAT_V_DESCRIPTOR] = "stat-violation-descriptor",
    [CQHCI_STAT_V_RESERVED] = "stat-violation-reserved",
    [CQHCI_STAT_V_TRANSFER] = "stat-violation-transfer",
    [CQHCI_STAT_V_DMA] = "stat-violation-dma",
    [CQHCI_STAT_V_SLOT_BUSY] = "stat-violation-slot-busy",
    [CQHCI_STAT_V_SLOT_ORDER] = "stat-violation-slot-order",
    [CQHCI_STAT_V_SLOT_KEY] = "stat-violation-slot-key",
    [CQHCI_STAT_V_SLOT_CONFIG] = "stat-violation-slot-config",
    [CQHCI_STAT_V_SLOT_RESERVED] = "stat-violation-slot-reserved",
    [CQHCI_STAT_V_CRYPTO_OFF] = "stat-violation-crypto-off",
    [CQHCI_STAT_V_CRYPTO_SLOT] = "stat-violation-crypto-slot",
    [CQHCI_STAT_V_CRYPTO_LENGTH] = "stat-violation-crypto-length",
    [CQHCI_STAT_V_CRYPTO_DUN] = "stat-violation-crypto-dun",
};

static const char *const cqhci_fault_names[CQHCI_FAULT__MAX] = {
    [CQHCI_FAULT_GCE] = "fault-gce",
    [CQHCI_FAULT_GCE_UNNAMED] = "fault-gce-unnamed",
    [CQHCI_FAULT_ICCE] = "fault-icce",
    [CQHCI_FAULT_ICCE_UNNAMED] = "fault-icce-unnamed",
    [CQHCI_FAULT_DATA] = "fault-data",
    [CQHCI_FAULT_DATA_DONE] = "fault-data-done",
    [CQHCI_FAULT_CMD] = "fault-cmd",
    [CQHCI_FAULT_RED] = "fault-red",
    [CQHCI_FAULT_SLOW] = "fault-slow",
    [CQHCI_FAULT_KEYS_LOST] = "fault-keys-lost",
    [CQHCI_FAULT_PROGRAM] = "fault-program",
    [CQHCI_FAULT_EVICT] = "fault-evict",
    [CQHCI_FAULT_NO_ENABLE] = "fault-no-enable",
    [CQHCI_FAULT_NO_HALT] = "fault-no-halt",
};

/* Counters and faults */

void cqhci_count(CQHCIState *s, CQHCIStat stat)
{
    s->stats[stat]++;
}

void cqhci_count_violation(uint64_t *count, const char *name, const char *fmt,
                           va_list ap)
{
    g_autofree char *why = g_strdup_vprintf(fmt, ap);

    (*count)++;
    qemu_log_mask(LOG_GUEST_ERROR, "%s: %s\n", name, why);
}

void cqhci_violation(CQHCIState *s, CQHCIStat stat, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    cqhci_count_violation(&s->stats[stat], cqhci_stat_names[stat], fmt, ap);
    va_end(ap);
}

bool cqhci_fault_due(CQHCIFaultState *f)
{
    if (!f->left || --f->left) {
        return false;
    }
    f->fired++;
    if (f->repeat > 1) {
        f->repeat--;
        f->left = 1;
    }
    return true;
}

bool cqhci_fault(CQHCIState *s, CQHCIFault fault)
{
    return cqhci_fault_due(&s->faults[fault]);
}

/* The same, of a data task: the faults may be aimed at those with one sector. */
static bool cqhci_task_fault(CQHCIState *s, unsigned n, CQHCIFault fault)
{
    uint64_t first = FIELD_EX64(s->task[n].desc[0], TASK, ADDRESS);
    uint64_t count = FIELD_EX64(s->task[n].desc[0], TASK, COUNT);

    if (s->fault_sector &&
        (s->fault_sector < first || s->fault_sector - first >= count)) {
        return false;
    }
    return cqhci_fault(s, fault);
}

/* Interrupts */

static void cqhci_update_irq(CQHCIState *s)
{
    bool level = s->regs[R_IS] & s->regs[R_ISGE];

    if (level == s->irq_level) {
        return;
    }
    s->irq_level = level;
    if (level) {
        cqhci_count(s, CQHCI_STAT_IRQS);
    }
    s->ops->set_irq(s->host, level);
}

static void cqhci_raise(CQHCIState *s, uint32_t bits)
{
    s->regs[R_IS] |= bits & s->regs[R_ISTE];
    cqhci_update_irq(s);
}

static void cqhci_coalesce_reset(CQHCIState *s)
{
    s->coalesced = 0;
    s->regs[R_IC] &= ~R_IC_ICSB_MASK;
    timer_del(s->coalesce_timer);
}

static void cqhci_coalesce_now(void *opaque)
{
    CQHCIState *s = opaque;

    cqhci_coalesce_reset(s);
    cqhci_raise(s, R_IS_TCC_MASK);
}

/* Tasks that ask for no interrupt are told of in batches. */
static void cqhci_coalesce(CQHCIState *s)
{
    uint32_t ic = s->regs[R_IC];
    uint32_t threshold = FIELD_EX32(ic, IC, ICCTH);
    uint32_t timeout = FIELD_EX32(ic, IC, ICTOVAL);

    if (!FIELD_EX32(ic, IC, ICEN)) {
        return;
    }
    s->regs[R_IC] |= R_IC_ICSB_MASK;
    if (++s->coalesced == threshold) {
        cqhci_coalesce_now(s);
    } else if (timeout && !timer_pending(s->coalesce_timer)) {
        timer_mod(s->coalesce_timer,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  (int64_t)timeout * COALESCE_UNIT_NS);
    }
}

/* Tasks */

static bool cqhci_is_dcmd(CQHCIState *s, unsigned n)
{
    return n == DCMD_TASK && FIELD_EX32(s->regs[R_CFG], CFG, DCMD);
}

static bool cqhci_is_halted(CQHCIState *s)
{
    return FIELD_EX32(s->regs[R_CTL], CTL, HALT);
}

bool cqhci_enabled(CQHCIState *s)
{
    return FIELD_EX32(s->regs[R_CFG], CFG, EN);
}

bool cqhci_crypto_enabled(CQHCIState *s)
{
    return FIELD_EX32(s->regs[R_CFG], CFG, CGE);
}

/* Fetched and neither finished nor failed. */
static bool cqhci_in_flight(const CQHCITask *t)
{
    return t->state == CQHCI_TASK_FETCHED || t->state == CQHCI_TASK_QUEUED;
}

static bool cqhci_is_encrypted(CQHCIState *s, unsigned n)
{
    return !cqhci_is_dcmd(s, n) && FIELD_EX64(s->task[n].desc[1], CRYPTO, CE);
}

bool cqhci_slot_in_flight(CQHCIState *s, unsigned slot)
{
    if (s->legacy_slot >= 0 && s->legacy_slot == slot) {
        return true;
    }
    for (unsigned i = 0; i < CQHCI_TASKS; i++) {
        if (cqhci_in_flight(&s->task[i]) && cqhci_is_encrypted(s, i) &&
            FIELD_EX64(s->task[i].desc[1], CRYPTO, SLOT) == slot) {
            return true;
        }
    }
    return false;
}

static bool cqhci_any_in_flight(CQHCIState *s)
{
    for (unsigned i = 0; i < CQHCI_TASKS; i++) {
        if (cqhci_in_flight(&s->task[i])) {
            return true;
        }
    }
    return false;
}

static bool cqhci_running(CQHCIState *s)
{
    return cqhci_enabled(s) && !cqhci_is_halted(s) && !s->stalled;
}

/* The next step, or nothing if there is nothing to do. */
static void cqhci_schedule(CQHCIState *s)
{
    if (s->halting || (cqhci_running(s) && cqhci_any_in_flight(s))) {
        if (!timer_pending(s->timer)) {
            timer_mod(s->timer,
                      qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + s->delay);
        }
    } else {
        timer_del(s->timer);
    }
}

static void cqhci_describe(CQHCIState *s, unsigned n, CQHCITaskReport *r)
{
    const CQHCITask *t = &s->task[n];
    const CQHCIKeyslot *slot;

    *r = (CQHCITaskReport) {
        .task = n,
        .read = FIELD_EX64(t->desc[0], TASK, READ),
        .lba = FIELD_EX64(t->desc[0], TASK, ADDRESS),
        .sectors = FIELD_EX64(t->desc[0], TASK, COUNT),
        .wanted = cqhci_is_encrypted(s, n),
        .crossed = t->crossed,
    };
    if (r->wanted) {
        r->slot = FIELD_EX64(t->desc[1], CRYPTO, SLOT);
        r->dun = FIELD_EX64(t->desc[1], CRYPTO, DUN);
        slot = &s->slots[r->slot];
        if (slot->usable) {
            r->key = slot->fingerprint;
            r->unit = slot->unit;
        }
    }
}

/* What counts these says how the ledger numbers them */
static void cqhci_record_task(CQHCIState *s, const CQHCITaskReport *r)
{
    cqhci_count(s, CQHCI_STAT_TRANSFERS);
    cqhci_ledger_task(s->ledger_file, r);
}

/* A task that did not get its data through */
static void cqhci_close_task(CQHCIState *s, unsigned n, const char *status)
{
    CQHCITaskReport r;

    cqhci_count(s, CQHCI_STAT_TASKS);
    if (!cqhci_is_dcmd(s, n)) {
        cqhci_describe(s, n, &r);
        r.status = status;
        cqhci_record_task(s, &r);
    }
}

/* The task stays in TDBR until software clears it. */
static void cqhci_fail(CQHCIState *s, unsigned n, const char *status)
{
    cqhci_close_task(s, n, status);
    cqhci_count(s, CQHCI_STAT_ERRORS);
    s->task[n].state = CQHCI_TASK_FAILED;
    s->regs[R_DPT] &= ~BIT(n);
    s->regs[R_DQS] &= ~BIT(n);
    s->stalled = s->error_stall;
}

static void cqhci_blame_command(CQHCIState *s, unsigned n, unsigned cmd)
{
    s->regs[R_TERRI] = FIELD_DP32(0, TERRI, C_VALID, 1) |
                       FIELD_DP32(0, TERRI, C_TASK, n) |
                       FIELD_DP32(0, TERRI, C_INDEX, cmd);
}

static void cqhci_blame_data(CQHCIState *s, unsigned n)
{
    bool read = FIELD_EX64(s->task[n].desc[0], TASK, READ);

    s->regs[R_TERRI] = FIELD_DP32(0, TERRI, D_VALID, 1) |
                       FIELD_DP32(0, TERRI, D_TASK, n) |
                       FIELD_DP32(0, TERRI, D_INDEX,
                                  read ? CMD_EXECUTE_READ_TASK :
                                         CMD_EXECUTE_WRITE_TASK);
}

static void cqhci_fail_data(CQHCIState *s, unsigned n, const char *status,
                            CQHCIBusError error)
{
    cqhci_blame_data(s, n);
    cqhci_fail(s, n, status);
    s->ops->bus_error(s->host, error);
}

/*
 * GCE is told by TERRI, ICCE by TDPE alone. Unnamed, no register says which
 * task it was: TERRI keeps what an earlier error has left there. Together with
 * a bad response, it tells of that one.
 */
static void cqhci_fail_crypto(CQHCIState *s, unsigned n,
                              CQHCICryptoResult error, bool named)
{
    uint32_t beside = s->fault_beside & IS_ERRORS;

    if (error == CQHCI_CRYPTO_GCE) {
        if (named) {
            cqhci_blame_data(s, n);
        }
        cqhci_count(s, CQHCI_STAT_GCE);
        cqhci_fail(s, n, "gce");
        beside |= R_IS_GCE_MASK;
    } else {
        if (named) {
            s->regs[R_TDPE] |= BIT(n);
        }
        cqhci_count(s, CQHCI_STAT_ICCE);
        cqhci_fail(s, n, "icce");
        beside |= R_IS_ICCE_MASK;
    }
    if (beside & R_IS_RED_MASK) {
        cqhci_blame_command(s, n, CMD_QUEUED_TASK_PARAMS);
    }
    cqhci_raise(s, beside);
}

static void cqhci_complete(CQHCIState *s, unsigned n)
{
    uint32_t bit = BIT(n);

    s->task[n].state = CQHCI_TASK_IDLE;
    s->regs[R_TDBR] &= ~bit;
    s->regs[R_DPT] &= ~bit;
    s->regs[R_DQS] &= ~bit;
    s->regs[R_TCN] |= bit;
    if (FIELD_EX64(s->task[n].desc[0], DESC, INT)) {
        cqhci_coalesce_reset(s);
        cqhci_raise(s, R_IS_TCC_MASK);
    } else {
        cqhci_coalesce(s);
    }
}

/*
 * Only the host's registers tell of the error, and not whose it is: TERRI keeps
 * what an earlier one has left there, and the task is told as completed.
 */
static void cqhci_fail_done(CQHCIState *s, unsigned n)
{
    cqhci_fail(s, n, "card");
    cqhci_complete(s, n);
    s->ops->bus_error(s->host, CQHCI_BUS_DATA_CRC);
}

/* Software gives the task up. */
static void cqhci_clear_task(CQHCIState *s, unsigned n)
{
    if (cqhci_in_flight(&s->task[n])) {
        cqhci_close_task(s, n, "aborted");
    }
    if (s->task[n].state != CQHCI_TASK_IDLE) {
        cqhci_count(s, CQHCI_STAT_CLEARED);
    }
    s->task[n].state = CQHCI_TASK_IDLE;
    s->regs[R_TDBR] &= ~BIT(n);
    s->regs[R_DPT] &= ~BIT(n);
    s->regs[R_DQS] &= ~BIT(n);
    s->regs[R_TDPE] &= ~BIT(n);
}

static void cqhci_clear_all(CQHCIState *s)
{
    for (unsigned i = 0; i < CQHCI_TASKS; i++) {
        cqhci_clear_task(s, i);
    }
}

/*
 * Sends a command and looks at its response as RMEM says. A wrong response is
 * reported and blamed on the task, which the caller then fails.
 */
static bool cqhci_command(CQHCIState *s, unsigned n, unsigned cmd,
                          uint32_t arg, uint32_t *response)
{
    SDRequest request = { .cmd = cmd, .arg = arg };
    uint8_t raw[16];
    bool red = false;

    /* The card is asked once for all tasks: faults count the others only. */
    if (cmd == CMD_QUEUED_TASK_PARAMS) {
        if (cqhci_task_fault(s, n, CQHCI_FAULT_CMD)) {
            goto timeout;
        }
        red = cqhci_task_fault(s, n, CQHCI_FAULT_RED);
    }
    if (sdbus_do_command(s->bus, &request, raw) != 4) {
        goto timeout;
    }
    *response = ldl_be_p(raw);
    s->regs[R_CRI] = cmd;
    s->regs[R_CRA] = *response;
    if (cmd == CMD_SEND_STATUS) {
        return true;
    }
    if (red) {
        s->regs[R_CRA] |= s->regs[R_RMEM];
    }
    if (s->regs[R_CRA] & s->regs[R_RMEM]) {
        cqhci_blame_command(s, n, cmd);
        cqhci_fail(s, n, "card");
        cqhci_raise(s, R_IS_RED_MASK);
        return false;
    }
    return true;

timeout:
    cqhci_blame_command(s, n, cmd);
    cqhci_fail(s, n, "card");
    s->ops->bus_error(s->host, CQHCI_BUS_CMD_TIMEOUT);
    return false;
}

/* DMA goes to memory only; whatever else answers there is not for the engine */
static bool cqhci_dma(CQHCIState *s, dma_addr_t addr, void *buf, size_t len,
                      DMADirection dir)
{
    const MemTxAttrs attrs = { .memory = true };

    if (dma_memory_rw(s->dma_as, addr, buf, len, dir, attrs) == MEMTX_OK) {
        return true;
    }
    cqhci_violation(s, CQHCI_STAT_V_DMA, "no memory at 0x%" PRIx64 ", %zu",
                    (uint64_t)addr, len);
    return false;
}

static bool cqhci_dma_read(CQHCIState *s, dma_addr_t addr, void *buf,
                           size_t len)
{
    return cqhci_dma(s, addr, buf, len, DMA_DIRECTION_TO_DEVICE);
}

static bool cqhci_dma_write(CQHCIState *s, dma_addr_t addr, void *buf,
                            size_t len)
{
    return cqhci_dma(s, addr, buf, len, DMA_DIRECTION_FROM_DEVICE);
}

static unsigned cqhci_task_desc_size(CQHCIState *s)
{
    return FIELD_EX32(s->regs[R_CFG], CFG, TDS128) ? 16 : 8;
}

/* In the task list, a link or transfer descriptor follows each task's. */
static dma_addr_t cqhci_task_desc(CQHCIState *s, unsigned n)
{
    uint64_t base = deposit64(s->regs[R_TDLBA], 32, 32, s->regs[R_TDLBAU]);
    unsigned link = s->transfer_desc_size == 8 ? 8 : 16;

    return base + n * (cqhci_task_desc_size(s) + link);
}

static bool cqhci_check_task_desc(CQHCIState *s, unsigned n)
{
    const CQHCITask *t = &s->task[n];
    uint64_t reserved;

    if (!FIELD_EX64(t->desc[0], DESC, VALID) ||
        !FIELD_EX64(t->desc[0], DESC, END) ||
        FIELD_EX64(t->desc[0], DESC, ACT) != DESC_ACT_TASK) {
        cqhci_violation(s, CQHCI_STAT_V_DESCRIPTOR,
                        "task %u: attributes 0x%02x", n,
                        (unsigned)(t->desc[0] & 0x3f));
        return false;
    }
    if (cqhci_is_dcmd(s, n)) {
        reserved = t->desc[1] | (t->desc[0] & DCMD_RESERVED);
    } else {
        reserved = t->desc[1] & CRYPTO_RESERVED;
        if (!FIELD_EX64(t->desc[0], TASK, COUNT)) {
            cqhci_violation(s, CQHCI_STAT_V_DESCRIPTOR,
                            "task %u: no blocks", n);
            return false;
        }
    }
    if (reserved) {
        cqhci_violation(s, CQHCI_STAT_V_RESERVED,
                        "task %u: reserved bits: 0x%016" PRIx64
                        " 0x%016" PRIx64, n, t->desc[0], t->desc[1]);
    }
    return true;
}

static void cqhci_fetch(CQHCIState *s, unsigned n)
{
    CQHCITask *t = &s->task[n];

    t->desc[0] = t->desc[1] = 0;
    t->crossed = false;
    if (!cqhci_dma_read(s, cqhci_task_desc(s, n), t->desc,
                        cqhci_task_desc_size(s))) {
        cqhci_fail_data(s, n, "dma", CQHCI_BUS_DMA);
        return;
    }
    t->desc[0] = le64_to_cpu(t->desc[0]);
    t->desc[1] = le64_to_cpu(t->desc[1]);
    if (!cqhci_check_task_desc(s, n)) {
        cqhci_fail_data(s, n, "invalid", CQHCI_BUS_DMA);
        return;
    }
    t->state = CQHCI_TASK_FETCHED;
}

/* Doorbells that were rung, or held back while the engine did not run */
static void cqhci_fetch_rung(CQHCIState *s)
{
    for (unsigned i = 0; i < CQHCI_TASKS && cqhci_running(s); i++) {
        if (s->task[i].state == CQHCI_TASK_RUNG) {
            cqhci_fetch(s, i);
        }
    }
    cqhci_schedule(s);
}

/*
 * Moves the task's data between guest memory and the buffer, as the chain of
 * link and transfer descriptors says. The chain must be as long as the task.
 */
static const char *cqhci_transfer(CQHCIState *s, unsigned n, bool to_guest,
                                  size_t len)
{
    dma_addr_t at = cqhci_task_desc(s, n) + cqhci_task_desc_size(s);
    unsigned desc_len = s->transfer_desc_size;
    size_t done = 0;

    for (unsigned i = 0; i < MAX_DESCRIPTORS; i++) {
        uint8_t raw[16] = { 0 };
        uint32_t attr, count;
        uint64_t addr;

        if (!cqhci_dma_read(s, at, raw, desc_len)) {
            return "dma";
        }
        attr = ldl_le_p(raw);
        addr = desc_len == 8 ? ldl_le_p(raw + 4) : ldq_le_p(raw + 4);
        if (!FIELD_EX32(attr, DESC, VALID)) {
            cqhci_violation(s, CQHCI_STAT_V_TRANSFER,
                            "task %u: descriptor 0x%08x is not valid",
                            n, attr);
            return "invalid";
        }
        if (attr & TRANSFER_RESERVED) {
            cqhci_violation(s, CQHCI_STAT_V_RESERVED,
                            "task %u: transfer descriptor 0x%08x", n, attr);
        }
        switch (FIELD_EX32(attr, DESC, ACT)) {
        case DESC_ACT_LINK:
            at = addr;
            continue;
        case DESC_ACT_TRANSFER:
            count = FIELD_EX32(attr, TRANSFER, LENGTH) ?: 0x10000;
            if (count > len - done) {
                cqhci_violation(s, CQHCI_STAT_V_TRANSFER,
                                "task %u: more than its %zu bytes", n, len);
                return "invalid";
            }
            if (!(to_guest ? cqhci_dma_write(s, addr, s->buf + done, count) :
                             cqhci_dma_read(s, addr, s->buf + done, count))) {
                return "dma";
            }
            done += count;
            break;
        case DESC_ACT_NOP:
            break;
        default:
            cqhci_violation(s, CQHCI_STAT_V_TRANSFER,
                            "task %u: descriptor 0x%08x is of no known kind",
                            n, attr);
            return "invalid";
        }
        if (FIELD_EX32(attr, DESC, END)) {
            if (done != len) {
                cqhci_violation(s, CQHCI_STAT_V_TRANSFER,
                                "task %u: %zu of %zu bytes", n, done, len);
                return "invalid";
            }
            return NULL;
        }
        at += desc_len;
    }
    cqhci_violation(s, CQHCI_STAT_V_TRANSFER, "task %u: endless chain", n);
    return "invalid";
}

/* Whether the task goes on; if not it has failed. */
static bool cqhci_check_crypto(CQHCIState *s, unsigned n)
{
    uint64_t upper = s->task[n].desc[1];
    uint64_t bytes = FIELD_EX64(s->task[n].desc[0], TASK, COUNT) * CQHCI_BLOCK;
    CQHCICryptoResult result;

    if (!cqhci_is_encrypted(s, n)) {
        return true;
    }
    result = cqhci_crypto_check(s, FIELD_EX64(upper, CRYPTO, SLOT),
                                FIELD_EX64(upper, CRYPTO, DUN), bytes);
    if (result == CQHCI_CRYPTO_OK) {
        return true;
    }
    cqhci_fail_crypto(s, n, result, true);
    return false;
}

/* Faults of encrypted tasks count the tasks as they are dispatched. */
static bool cqhci_crypto_faults(CQHCIState *s, unsigned n)
{
    static const struct {
        CQHCIFault fault;
        CQHCICryptoResult result;
        bool named;
    } table[] = {
        { CQHCI_FAULT_GCE, CQHCI_CRYPTO_GCE, true },
        { CQHCI_FAULT_GCE_UNNAMED, CQHCI_CRYPTO_GCE, false },
        { CQHCI_FAULT_ICCE, CQHCI_CRYPTO_ICCE, true },
        { CQHCI_FAULT_ICCE_UNNAMED, CQHCI_CRYPTO_ICCE, false },
    };

    if (!cqhci_is_encrypted(s, n)) {
        return false;
    }
    if (cqhci_task_fault(s, n, CQHCI_FAULT_KEYS_LOST)) {
        cqhci_crypto_lose_keys(s);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        if (cqhci_task_fault(s, n, table[i].fault)) {
            cqhci_fail_crypto(s, n, table[i].result, table[i].named);
            return true;
        }
    }
    return false;
}

/* Puts a data task into the card's queue. */
static void cqhci_dispatch(CQHCIState *s, unsigned n)
{
    uint64_t desc = s->task[n].desc[0];
    uint32_t response;
    uint32_t arg = 0;

    if (cqhci_crypto_faults(s, n) || !cqhci_check_crypto(s, n)) {
        return;
    }
    arg = FIELD_DP32(arg, CMD44, COUNT, FIELD_EX64(desc, TASK, COUNT));
    arg = FIELD_DP32(arg, CMD44, TASK, n);
    arg = FIELD_DP32(arg, CMD44, PRIORITY, FIELD_EX64(desc, TASK, PRIORITY));
    arg = FIELD_DP32(arg, CMD44, FORCED, FIELD_EX64(desc, TASK, FORCED));
    arg = FIELD_DP32(arg, CMD44, CONTEXT, FIELD_EX64(desc, TASK, CONTEXT));
    arg = FIELD_DP32(arg, CMD44, TAG, FIELD_EX64(desc, TASK, TAG));
    arg = FIELD_DP32(arg, CMD44, READ, FIELD_EX64(desc, TASK, READ));
    arg = FIELD_DP32(arg, CMD44, RELIABLE, FIELD_EX64(desc, TASK, RELIABLE));
    if (cqhci_command(s, n, CMD_QUEUED_TASK_PARAMS, arg, &response) &&
        cqhci_command(s, n, CMD_QUEUED_TASK_ADDRESS,
                      FIELD_EX64(desc, TASK, ADDRESS), &response)) {
        s->task[n].state = CQHCI_TASK_QUEUED;
        s->regs[R_DPT] |= BIT(n);
    }
}

/* From here on, the ledger knows of the data. */
static void cqhci_cross(CQHCIState *s, CQHCITaskReport *r)
{
    s->task[r->task].crossed = r->crossed = r->wanted;
    cqhci_ledger_units(s->ledger_file, r, s->buf);
}

static bool cqhci_run_write(CQHCIState *s, CQHCITaskReport *r, size_t len)
{
    uint32_t response;

    r->status = cqhci_transfer(s, r->task, false, len);
    if (r->status) {
        cqhci_fail_data(s, r->task, r->status, CQHCI_BUS_DMA);
        return false;
    }
    if (r->wanted) {
        cqhci_crypto_run(s, r->slot, true, r->dun, s->buf, len);
    }
    if (!cqhci_command(s, r->task, CMD_EXECUTE_WRITE_TASK,
                       FIELD_DP32(0, CMD46, TASK, r->task), &response)) {
        return false;
    }
    if (!sdbus_receive_ready(s->bus)) {
        cqhci_fail_data(s, r->task, "card", CQHCI_BUS_DATA_CRC);
        return false;
    }
    sdbus_write_data(s->bus, s->buf, len);
    cqhci_cross(s, r);
    return true;
}

static bool cqhci_run_read(CQHCIState *s, CQHCITaskReport *r, size_t len)
{
    uint32_t response;

    if (!cqhci_command(s, r->task, CMD_EXECUTE_READ_TASK,
                       FIELD_DP32(0, CMD46, TASK, r->task), &response)) {
        return false;
    }
    if (!sdbus_data_ready(s->bus)) {
        cqhci_fail_data(s, r->task, "card", CQHCI_BUS_DATA_CRC);
        return false;
    }
    sdbus_read_data(s->bus, s->buf, len);
    cqhci_cross(s, r);
    if (r->wanted) {
        cqhci_crypto_run(s, r->slot, false, r->dun, s->buf, len);
    }
    r->status = cqhci_transfer(s, r->task, true, len);
    if (r->status) {
        cqhci_fail_data(s, r->task, r->status, CQHCI_BUS_DMA);
        return false;
    }
    return true;
}

static void cqhci_run_task(CQHCIState *s, unsigned n)
{
    CQHCITaskReport r;
    size_t len;

    /* The slot may have changed since the task was dispatched. */
    if (!cqhci_check_crypto(s, n)) {
        return;
    }
    if (cqhci_task_fault(s, n, CQHCI_FAULT_DATA)) {
        cqhci_fail_data(s, n, "card", CQHCI_BUS_DATA_CRC);
        return;
    }
    if (cqhci_task_fault(s, n, CQHCI_FAULT_DATA_DONE)) {
        cqhci_fail_done(s, n);
        return;
    }
    cqhci_describe(s, n, &r);
    len = (size_t)r.sectors * CQHCI_BLOCK;
    if (len > s->buf_size) {
        s->buf = g_realloc(s->buf, len);
        s->buf_size = len;
    }
    if (!(r.read ? cqhci_run_read(s, &r, len) : cqhci_run_write(s, &r, len))) {
        return;
    }
    r.status = "ok";
    cqhci_record_task(s, &r);
    cqhci_count(s, CQHCI_STAT_TASKS);
    if (r.crossed) {
        cqhci_count(s, CQHCI_STAT_TASKS_ENCRYPTED);
    }
    cqhci_complete(s, n);
}

void cqhci_record_legacy(CQHCIState *s, const CQHCITaskReport *r,
                         const uint8_t *card_side, uint32_t moved)
{
    CQHCITaskReport units = *r;

    units.sectors = moved;
    cqhci_ledger_units(s->ledger_file, &units, card_side);
    cqhci_record_task(s, r);
}

static void cqhci_run_dcmd(CQHCIState *s)
{
    uint64_t desc = s->task[DCMD_TASK].desc[0];
    SDRequest request = {
        .cmd = FIELD_EX64(desc, DCMD, INDEX),
        .arg = FIELD_EX64(desc, DCMD, ARGUMENT),
    };
    unsigned kind = FIELD_EX64(desc, DCMD, RESPONSE);
    uint8_t raw[16];
    int len;

    if (kind == DCMD_RESPONSE_NONE || kind == DCMD_RESPONSE_R2) {
        /* No register could take the 136 bits of an R2. */
        len = sdbus_do_command(s->bus, &request, raw);
        if (kind == DCMD_RESPONSE_R2 && len != 16) {
            cqhci_blame_command(s, DCMD_TASK, request.cmd);
            cqhci_fail(s, DCMD_TASK, "card");
            s->ops->bus_error(s->host, CQHCI_BUS_CMD_TIMEOUT);
            return;
        }
    } else if (!cqhci_command(s, DCMD_TASK, request.cmd, request.arg,
                              &s->regs[R_CRDCT])) {
        return;
    }
    cqhci_count(s, CQHCI_STAT_DCMDS);
    cqhci_count(s, CQHCI_STAT_TASKS);
    cqhci_complete(s, DCMD_TASK);
}

/* The task that the order property picks among several, or -1 */
static int cqhci_pick(CQHCIState *s, uint32_t among)
{
    int best = -1;

    if (!among) {
        return -1;
    }
    if (s->rand) {
        for (int skip = g_rand_int_range(s->rand, 0, ctpop32(among));
             skip; skip--) {
            among &= among - 1;
        }
        return ctz32(among);
    }
    for (unsigned i = 0; i < CQHCI_TASKS; i++) {
        bool later;

        if (!(among & BIT(i))) {
            continue;
        }
        later = best < 0 || s->task[i].seq > s->task[best].seq;
        if (best < 0 || later == !strcmp(s->order, "lifo")) {
            best = i;
        }
    }
    return best;
}

/*
 * Fetched tasks that may go on: a task with a queue barrier waits for all
 * before it, and holds back all after it.
 */
static uint32_t cqhci_eligible(CQHCIState *s)
{
    uint64_t barrier = UINT64_MAX;
    uint64_t oldest = UINT64_MAX;
    uint32_t eligible = 0;

    for (unsigned i = 0; i < CQHCI_TASKS; i++) {
        const CQHCITask *t = &s->task[i];

        if (t->state == CQHCI_TASK_IDLE || t->state == CQHCI_TASK_FAILED) {
            continue;
        }
        oldest = MIN(oldest, t->seq);
        if (cqhci_in_flight(t) && FIELD_EX64(t->desc[0], TASK, QBAR)) {
            barrier = MIN(barrier, t->seq);
        }
    }
    for (unsigned i = 0; i < CQHCI_TASKS; i++) {
        const CQHCITask *t = &s->task[i];

        if (t->state == CQHCI_TASK_FETCHED &&
            (t->seq < barrier || (t->seq == barrier && t->seq == oldest))) {
            eligible |= BIT(i);
        }
    }
    return eligible;
}

static void cqhci_halt_now(CQHCIState *s)
{
    s->halting = false;
    s->stalled = false;
    s->regs[R_CTL] |= R_CTL_HALT_MASK;
    cqhci_count(s, CQHCI_STAT_HALTS);
    cqhci_schedule(s);
    cqhci_raise(s, R_IS_HAC_MASK);
}

/* One turn of the bus */
static void cqhci_step(void *opaque)
{
    CQHCIState *s = opaque;
    uint32_t eligible, status;
    int n;

    if (s->halting) {
        cqhci_halt_now(s);
        return;
    }

    eligible = cqhci_eligible(s);
    if ((eligible & BIT(DCMD_TASK)) && cqhci_is_dcmd(s, DCMD_TASK)) {
        cqhci_run_dcmd(s);
        cqhci_schedule(s);
        return;
    }
    while (eligible && cqhci_running(s)) {
        n = ctz32(eligible);
        for (unsigned i = n + 1; i < CQHCI_TASKS; i++) {
            if ((eligible & BIT(i)) && s->task[i].seq < s->task[n].seq) {
                n = i;
            }
        }
        eligible &= ~BIT(n);
        cqhci_dispatch(s, n);
    }

    if (s->regs[R_DPT] && cqhci_running(s)) {
        n = ctz32(s->regs[R_DPT]);
        if (cqhci_command(s, n, CMD_SEND_STATUS,
                          FIELD_DP32(R_CMD13_SQS_MASK, CMD13, RCA,
                                     s->regs[R_SSC2]), &status)) {
            s->regs[R_DQS] = status & s->regs[R_DPT];
        }
        n = cqhci_pick(s, s->regs[R_DQS]);
        if (n >= 0 && cqhci_running(s)) {
            if (cqhci_task_fault(s, n, CQHCI_FAULT_SLOW)) {
                timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                          s->slow_delay);
                return;
            }
            cqhci_run_task(s, n);
        }
    }
    cqhci_schedule(s);
}

/* Register access */

static void cqhci_disable(CQHCIState *s)
{
    if (s->regs[R_TDBR] && !cqhci_is_halted(s)) {
        cqhci_violation(s, CQHCI_STAT_V_DISABLE,
                        "disabled with tasks 0x%08x", s->regs[R_TDBR]);
    }
    cqhci_clear_all(s);
    cqhci_coalesce_reset(s);
    s->regs[R_TCN] = 0;
    s->regs[R_CTL] = 0;
    s->halting = false;
    s->stalled = false;
    cqhci_schedule(s);
}

static void cqhci_write_cfg(CQHCIState *s, uint32_t old, uint32_t value)
{
    uint32_t other = (old ^ value) & ~R_CFG_EN_MASK;

    if ((old & R_CFG_EN_MASK) && (value & R_CFG_EN_MASK) && other) {
        cqhci_violation(s, CQHCI_STAT_V_CONFIG,
                        "CFG 0x%08x changed to 0x%08x while enabled",
                        old, value);
        s->regs[R_CFG] = old;
        return;
    }
    if (!(old & R_CFG_EN_MASK) && (value & R_CFG_EN_MASK)) {
        if (cqhci_fault(s, CQHCI_FAULT_NO_ENABLE)) {
            s->regs[R_CFG] &= ~R_CFG_EN_MASK;
            return;
        }
        cqhci_count(s, CQHCI_STAT_ENABLES);
    }
    if ((old & R_CFG_EN_MASK) && !(value & R_CFG_EN_MASK)) {
        cqhci_disable(s);
    }
}

static void cqhci_write_ctl(CQHCIState *s, uint32_t old, uint32_t value)
{
    bool halted = old & R_CTL_HALT_MASK;

    s->regs[R_CTL] = old;
    if (value & R_CTL_CLEAR_ALL_MASK) {
        if (halted) {
            cqhci_clear_all(s);
            cqhci_raise(s, R_IS_TCL_MASK);
        } else {
            cqhci_violation(s, CQHCI_STAT_V_CLEAR,
                            "tasks cleared without halt");
        }
    }
    if (!(value & R_CTL_HALT_MASK)) {
        s->regs[R_CTL] &= ~R_CTL_HALT_MASK;
        s->halting = false;
        cqhci_fetch_rung(s);
    } else if (cqhci_enabled(s) && !halted && !s->halting &&
               !cqhci_fault(s, CQHCI_FAULT_NO_HALT)) {
        if (cqhci_running(s) && cqhci_any_in_flight(s)) {
            /* At the end of what the bus does now, however slow the card */
            s->halting = true;
            timer_del(s->timer);
            cqhci_schedule(s);
        } else {
            cqhci_halt_now(s);
        }
    }
}

static void cqhci_write_is(CQHCIState *s, uint32_t old, uint32_t value)
{
    cqhci_update_irq(s);
}

/* A status that is not enabled is not shown, nor is it remembered. */
static void cqhci_write_iste(CQHCIState *s, uint32_t old, uint32_t value)
{
    s->regs[R_IS] &= value;
    cqhci_update_irq(s);
}

static void cqhci_write_ic(CQHCIState *s, uint32_t old, uint32_t value)
{
    uint32_t ic = value & R_IC_ICEN_MASK;

    ic |= (value & R_IC_ICCTHWEN_MASK ? value : old) & R_IC_ICCTH_MASK;
    ic |= (value & R_IC_ICTOVALWEN_MASK ? value : old) & R_IC_ICTOVAL_MASK;
    s->regs[R_IC] = ic | (old & R_IC_ICSB_MASK);
    if ((value & R_IC_ICCTR_MASK) || !(ic & R_IC_ICEN_MASK)) {
        cqhci_coalesce_reset(s);
    }
}

static void cqhci_write_tdlba(CQHCIState *s, uint32_t old, uint32_t value)
{
    if (cqhci_enabled(s) && old != value) {
        cqhci_violation(s, CQHCI_STAT_V_CONFIG,
                        "task list moved while enabled");
    }
}

static void cqhci_write_tdbr(CQHCIState *s, uint32_t old, uint32_t value)
{
    uint32_t in_flight;

    s->regs[R_TDBR] = old;
    if (!cqhci_enabled(s) || (value & old)) {
        cqhci_violation(s, CQHCI_STAT_V_DOORBELL, "0x%08x rung, 0x%08x set%s",
                        value, old, cqhci_enabled(s) ? "" : ", disabled");
        if (!cqhci_enabled(s)) {
            return;
        }
        value &= ~old;
    }
    for (unsigned i = 0; i < CQHCI_TASKS; i++) {
        if (value & BIT(i)) {
            cqhci_count(s, CQHCI_STAT_DOORBELLS);
            s->task[i].state = CQHCI_TASK_RUNG;
            s->task[i].seq = s->seq++;
        }
    }
    s->regs[R_TDBR] |= value;
    in_flight = ctpop32(s->regs[R_TDBR]);
    s->stats[CQHCI_STAT_IN_FLIGHT_MAX] =
        MAX(s->stats[CQHCI_STAT_IN_FLIGHT_MAX], in_flight);
    cqhci_fetch_rung(s);
}

static void cqhci_write_tclr(CQHCIState *s, uint32_t old, uint32_t value)
{
    s->regs[R_TCLR] = 0;
    if (!cqhci_is_halted(s)) {
        cqhci_violation(s, CQHCI_STAT_V_CLEAR,
                        "tasks 0x%08x cleared without halt", value);
        return;
    }
    for (unsigned i = 0; i < CQHCI_TASKS; i++) {
        if (value & BIT(i)) {
            cqhci_clear_task(s, i);
        }
    }
    cqhci_raise(s, R_IS_TCL_MASK);
}

#define IS_BITS (R_IS_HAC_MASK | R_IS_TCC_MASK | R_IS_RED_MASK |        \
                 R_IS_TCL_MASK | R_IS_GCE_MASK | R_IS_ICCE_MASK)

static const CQHCIReg cqhci_regs[CQHCI_MMIO_SIZE / 4] = {
    [R_VER] = { "VER", .reset = 0x510 },
    [R_CAP] = { "CAP", .reset = ITCF_VALUE << R_CAP_ITCFVAL_SHIFT |
                                ITCF_100KHZ << R_CAP_ITCFMUL_SHIFT },
    [R_CFG] = { "CFG", .writable = R_CFG_EN_MASK | R_CFG_CGE_MASK |
                                   R_CFG_TDS128_MASK | R_CFG_DCMD_MASK,
                .write = cqhci_write_cfg },
    [R_CTL] = { "CTL", .command = R_CTL_HALT_MASK | R_CTL_CLEAR_ALL_MASK,
                .write = cqhci_write_ctl },
    [R_IS] = { "IS", .w1c = IS_BITS, .write = cqhci_write_is },
    [R_ISTE] = { "ISTE", .writable = IS_BITS, .write = cqhci_write_iste },
    [R_ISGE] = { "ISGE", .writable = IS_BITS, .write = cqhci_write_is },
    [R_IC] = { "IC", .command = R_IC_ICEN_MASK | R_IC_ICCTR_MASK |
                                R_IC_ICCTHWEN_MASK | R_IC_ICCTH_MASK |
                                R_IC_ICTOVALWEN_MASK | R_IC_ICTOVAL_MASK |
                                R_IC_ICSB_MASK,
               .write = cqhci_write_ic },
    [R_TDLBA] = { "TDLBA", .writable = 0xfffffc00,
                  .write = cqhci_write_tdlba },
    [R_TDLBAU] = { "TDLBAU", .writable = 0xffffffff,
                   .write = cqhci_write_tdlba },
    [R_TDBR] = { "TDBR", .command = 0xffffffff, .write = cqhci_write_tdbr },
    [R_TCN] = { "TCN", .w1c = 0xffffffff },
    [R_DQS] = { "DQS" },
    [R_DPT] = { "DPT" },
    [R_TCLR] = { "TCLR", .command = 0xffffffff, .write = cqhci_write_tclr },
    [R_TDPE] = { "TDPE" },
    [R_SSC1] = { "SSC1", .reset = 0x00011000, .writable = 0x000fffff },
    [R_SSC2] = { "SSC2", .writable = 0x0000ffff },
    [R_CRDCT] = { "CRDCT" },
    [R_RMEM] = { "RMEM", .reset = 0xfdf9a080, .writable = 0xffffffff },
    [R_TERRI] = { "TERRI" },
    [R_CRI] = { "CRI" },
    [R_CRA] = { "CRA" },
    [R_CCAP] = { "CCAP" },
    [R_CRYPTOCAP ... R_CRYPTOCAP + CQHCI_MAX_CAPS - 1] = { "CRYPTOCAP" },
};

static uint64_t cqhci_read(void *opaque, hwaddr addr, unsigned size)
{
    CQHCIState *s = opaque;

    if (size != 4) {
        cqhci_violation(s, CQHCI_STAT_V_REGISTER,
                        "0x%03" HWADDR_PRIx ": read of %u bytes", addr, size);
        return 0;
    }
    return s->regs[addr / 4];
}

static void cqhci_write(void *opaque, hwaddr addr, uint64_t value,
                        unsigned size)
{
    CQHCIState *s = opaque;
    const CQHCIReg *reg = &cqhci_regs[addr / 4];
    uint32_t *r = &s->regs[addr / 4];
    uint32_t old = *r;
    uint32_t known = reg->writable | reg->w1c | reg->command;

    /* Read-only bits may be written back as they are. */
    if (size != 4 || ((value ^ old) & value & ~known)) {
        cqhci_violation(s, CQHCI_STAT_V_REGISTER,
                        "%s (0x%03" HWADDR_PRIx "): write of %u bytes, "
                        "0x%08" PRIx64, reg->name ?: "reserved", addr, size,
                        value);
        if (size != 4) {
            return;
        }
    }
    *r = (old & ~reg->writable) | (value & reg->writable);
    *r &= ~(value & reg->w1c);
    if (reg->write) {
        reg->write(s, old, value & known);
    }
}

static const MemoryRegionOps cqhci_ops = {
    .read = cqhci_read,
    .write = cqhci_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4, },
    .impl = { .min_access_size = 1, .max_access_size = 4, },
};

/* Reset */

static bool cqhci_loses_keys(CQHCIState *s, CQHCIReset kind)
{
    switch (kind) {
    case CQHCI_RESET_SOFTWARE:
        return !strcmp(s->keys_lost_at, "reset");
    case CQHCI_RESET_POWER:
        return strcmp(s->keys_lost_at, "never");
    default:
        return true;
    }
}

void cqhci_reset(CQHCIState *s, CQHCIReset kind)
{
    cqhci_clear_all(s);
    cqhci_coalesce_reset(s);
    timer_del(s->timer);
    s->halting = false;
    s->stalled = false;
    for (unsigned i = 0; i < ARRAY_SIZE(s->regs); i++) {
        s->regs[i] = cqhci_regs[i].reset;
    }
    s->regs[R_CAP] = FIELD_DP32(s->regs[R_CAP], CAP, CS, s->crypto);
    s->regs[R_CCAP] = s->ccap;
    memcpy(&s->regs[R_CRYPTOCAP], s->cryptocap, sizeof(s->cryptocap));
    cqhci_update_irq(s);

    if (kind == CQHCI_RESET_SOFTWARE) {
        cqhci_count(s, CQHCI_STAT_RESETS);
    }
    if (cqhci_loses_keys(s, kind)) {
        cqhci_crypto_lose_keys(s);
    }
}

void cqhci_sleep(CQHCIState *s)
{
    cqhci_count(s, CQHCI_STAT_SLEEPS);
    if (cqhci_enabled(s)) {
        cqhci_disable(s);
        s->regs[R_CFG] &= ~R_CFG_EN_MASK;
    }
}

void cqhci_power_collapse(CQHCIState *s)
{
    cqhci_count(s, CQHCI_STAT_SLEEPS);
    if (cqhci_loses_keys(s, CQHCI_RESET_POWER)) {
        cqhci_crypto_lose_keys(s);
    }
}

/* QOM */

void cqhci_attach(CQHCIState *s, const CQHCIHostOps *ops, void *host,
                  SDBus *bus, AddressSpace *dma_as)
{
    s->ops = ops;
    s->host = host;
    s->bus = bus;
    s->dma_as = dma_as;
}

static bool cqhci_one_of(const char *property, const char *value,
                         const char *const *words, Error **errp)
{
    if (g_strv_contains(words, value)) {
        return true;
    }
    error_setg(errp, "cqhci: %s=%s is not known", property, value);
    return false;
}

static void cqhci_realize(DeviceState *dev, Error **errp)
{
    static const char *const orders[] = { "fifo", "lifo", "random", NULL };
    static const char *const losses[] = { "reset", "power", "never", NULL };
    CQHCIState *s = CQHCI(dev);

    if (!s->order) {
        s->order = g_strdup("fifo");
    }
    if (!s->keys_lost_at) {
        s->keys_lost_at = g_strdup("reset");
    }
    if (!cqhci_one_of("order", s->order, orders, errp) ||
        !cqhci_one_of("keys-lost-at", s->keys_lost_at, losses, errp)) {
        return;
    }
    if (s->transfer_desc_size != 8 && s->transfer_desc_size != 12 &&
        s->transfer_desc_size != 16) {
        error_setg(errp, "cqhci: transfer-desc-size must be 8, 12 or 16");
        return;
    }
    if (!s->delay) {
        error_setg(errp, "cqhci: delay must not be 0");
        return;
    }
    if (!cqhci_crypto_realize(s, errp)) {
        return;
    }
    if (s->ledger) {
        s->ledger_file = cqhci_ledger_open(s->ledger, errp);
        if (!s->ledger_file) {
            cqhci_crypto_unrealize(s);
            return;
        }
    }
    if (!strcmp(s->order, "random")) {
        s->rand = g_rand_new_with_seed(s->seed);
    }
    s->legacy_slot = -1;
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cqhci_step, s);
    s->coalesce_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cqhci_coalesce_now,
                                     s);
    memory_region_init_io(&s->mmio, OBJECT(s), &cqhci_ops, s, "cqhci",
                          CQHCI_MMIO_SIZE);
    memory_region_init_io(&s->slots_mmio, OBJECT(s), &cqhci_slots_ops, s,
                          "cqhci-slots", s->num_slots * CQHCI_SLOT_STRIDE);
    cqhci_reset(s, CQHCI_RESET_COLD);
}

static void cqhci_unrealize(DeviceState *dev)
{
    CQHCIState *s = CQHCI(dev);

    cqhci_clear_all(s);
    cqhci_ledger_close(s->ledger_file);
    s->ledger_file = NULL;
    timer_free(s->timer);
    timer_free(s->coalesce_timer);
    cqhci_crypto_unrealize(s);
    g_clear_pointer(&s->rand, g_rand_free);
    g_free(s->buf);
    s->buf = NULL;
    s->buf_size = 0;
}

static void cqhci_get_stat(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    visit_type_uint64(v, name, &CQHCI(obj)->stats[GPOINTER_TO_UINT(opaque)],
                      errp);
}

void cqhci_fault_get(CQHCIFaultState *f, Visitor *v, const char *name,
                     Error **errp)
{
    uint64_t *value = g_str_has_suffix(name, "-armed") ? &f->armed :
                      g_str_has_suffix(name, "-fired") ? &f->fired : &f->left;

    visit_type_uint64(v, name, value, errp);
}

void cqhci_fault_set(CQHCIState *s, CQHCIFaultState *f, Visitor *v,
                     const char *name, Error **errp)
{
    uint64_t value;

    if (!visit_type_uint64(v, name, &value, errp)) {
        return;
    }
    f->left = value;
    f->repeat = s->fault_repeat;
    f->armed += value != 0;
}

void cqhci_fault_add(ObjectClass *klass, const char *name,
                     ObjectPropertyAccessor *get, ObjectPropertyAccessor *set,
                     unsigned index)
{
    g_autofree char *armed = g_strconcat(name, "-armed", NULL);
    g_autofree char *fired = g_strconcat(name, "-fired", NULL);
    void *opaque = GUINT_TO_POINTER(index);

    object_class_property_add(klass, name, "uint64", get, set, NULL, opaque);
    object_class_property_add(klass, armed, "uint64", get, NULL, NULL, opaque);
    object_class_property_add(klass, fired, "uint64", get, NULL, NULL, opaque);
}

static void cqhci_get_fault(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    cqhci_fault_get(&CQHCI(obj)->faults[GPOINTER_TO_UINT(opaque)], v, name,
                    errp);
}

static void cqhci_set_fault(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    CQHCIState *s = CQHCI(obj);

    cqhci_fault_set(s, &s->faults[GPOINTER_TO_UINT(opaque)], v, name, errp);
}

/* What holds for whichever faults are armed; where in CQHCIState, says opaque */
static void cqhci_get_aim(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    visit_type_uint64(v, name, (void *)CQHCI(obj) + GPOINTER_TO_SIZE(opaque),
                      errp);
}

static void cqhci_set_aim(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    visit_type_uint64(v, name, (void *)CQHCI(obj) + GPOINTER_TO_SIZE(opaque),
                      errp);
}

/* Errors that nothing has led to */
static void cqhci_set_raise(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    uint64_t bits;

    if (visit_type_uint64(v, name, &bits, errp)) {
        cqhci_raise(CQHCI(obj), bits & IS_ERRORS);
    }
}

static const Property cqhci_properties[] = {
    DEFINE_PROP_STRING("ledger", CQHCIState, ledger),
    DEFINE_PROP_STRING("order", CQHCIState, order),
    DEFINE_PROP_UINT64("seed", CQHCIState, seed, 1),
    DEFINE_PROP_UINT64("delay", CQHCIState, delay, 100 * 1000),
    DEFINE_PROP_UINT64("slow-delay", CQHCIState, slow_delay,
                       100 * 1000 * 1000),
    DEFINE_PROP_BOOL("error-stall", CQHCIState, error_stall, true),
    /* 0: as the host has it */
    DEFINE_PROP_UINT8("transfer-desc-size", CQHCIState, transfer_desc_size,
                      0),
    DEFINE_PROP_BOOL("crypto", CQHCIState, crypto, true),
    DEFINE_PROP_UINT32("keyslots", CQHCIState, num_slots, 32),
    DEFINE_PROP_UINT8("data-unit-sizes", CQHCIState, units, 0x0f),
    DEFINE_PROP_UINT8("array-pointer", CQHCIState, array_ptr, 0x0e),
    DEFINE_PROP_BOOL("register-keys", CQHCIState, register_keys, true),
    DEFINE_PROP_STRING("keys-lost-at", CQHCIState, keys_lost_at),
    DEFINE_PROP_UINT64("x-ccap", CQHCIState, ccap_override, UINT64_MAX),
    DEFINE_PROP_STRING("cryptocaps", CQHCIState, cryptocaps),
    DEFINE_PROP_BOOL("x-cipher", CQHCIState, cipher, true),
};

/*
 * A task in flight is spread over guest, engine and card; and a ledger that
 * goes on elsewhere would prove nothing.
 */
static const VMStateDescription cqhci_vmstate = {
    .name = TYPE_CQHCI,
    .unmigratable = 1,
};

static void cqhci_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = cqhci_realize;
    dc->unrealize = cqhci_unrealize;
    dc->vmsd = &cqhci_vmstate;
    dc->user_creatable = false;
    device_class_set_props(dc, cqhci_properties);

    for (unsigned i = 0; i < CQHCI_STAT__MAX; i++) {
        object_class_property_add(klass, cqhci_stat_names[i], "uint64",
                                  cqhci_get_stat, NULL, NULL,
                                  GUINT_TO_POINTER(i));
    }
    for (unsigned i = 0; i < CQHCI_FAULT__MAX; i++) {
        cqhci_fault_add(klass, cqhci_fault_names[i], cqhci_get_fault,
                        cqhci_set_fault, i);
    }
    object_class_property_add(klass, "fault-sector", "uint64",
                              cqhci_get_aim, cqhci_set_aim, NULL,
                              (void *)offsetof(CQHCIState, fault_sector));
    object_class_property_add(klass, "fault-repeat", "uint64",
                              cqhci_get_aim, cqhci_set_aim, NULL,
                              (void *)offsetof(CQHCIState, fault_repeat));
    object_class_property_add(klass, "fault-beside", "uint64",
                              cqhci_get_aim, cqhci_set_aim, NULL,
                              (void *)offsetof(CQHCIState, fault_beside));
    object_class_property_add(klass, "fault-raise", "uint64", NULL, cqhci_set_raise,
                              NULL, NULL);
}

static const TypeInfo cqhci_types[] = {
    {
        .name = TYPE_CQHCI,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(CQHCIState),
        .class_init = cqhci_class_init,
    },
};

DEFINE_TYPES(cqhci_types)
