/*
 * Qualcomm's eMMC host: encryption of transfers that SDHCI makes by itself
 *
 * Two registers beside the command queue engine's name a keyslot and the DUN of
 * the first data unit. They work if host register 0x260 does not forbid it and
 * the engine's crypto general enable is set, whether or not the engine owns the
 * bus, and then they hold for whatever data a command moves, until software
 * changes them: this hardware does not tell one command from another. What
 * software would hardly want is counted, and done all the same if it can be.
 *
 * A data unit is longer than a block. Here, data crosses the cipher in whole
 * units: a unit is read from the card when its first block is wanted, and
 * written when its last one has come.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "hw/registerfields.h"
#include "sdhci-msm-internal.h"
#include "sdhci-internal.h"

REG32(LEGACY_CRYPTO, 0x0)
    FIELD(LEGACY_CRYPTO, SLOT, 0, 8)
    FIELD(LEGACY_CRYPTO, ENABLE, 8, 1)
REG32(LEGACY_DUN, 0x4)

#define SECTOR          512
/* The cipher leaves what is less than one of its blocks as it is. */
#define XTS_BLOCK       16

#define CMD_READ_SINGLE     17
#define CMD_READ_MULTIPLE   18
#define CMD_WRITE_SINGLE    24
#define CMD_WRITE_MULTIPLE  25

static SDHCIMSMState *msm_of(SDHCIState *sdhci)
{
    return container_of(sdhci, SDHCIMSMState, sdhci);
}

/* Registers */

void msm_legacy_changed(SDHCIMSMState *s, const char *name, uint32_t old,
                        uint32_t value)
{
    if (s->legacy.active && old != value) {
        msm_violation(s, MSM_STAT_V_LEGACY_BUSY,
                      "%s: 0x%08x changed to 0x%08x during a transfer", name,
                      old, value);
    }
}

static uint64_t msm_legacy_reg_read(void *opaque, hwaddr addr, unsigned size)
{
    SDHCIMSMState *s = opaque;

    msm_core_clocked(s, "legacy crypto", addr);
    return s->legacy_reg[addr / 4];
}

static void msm_legacy_reg_write(void *opaque, hwaddr addr, uint64_t value,
                                 unsigned size)
{
    const uint32_t known[] = {
        [R_LEGACY_CRYPTO] = R_LEGACY_CRYPTO_SLOT_MASK |
                            R_LEGACY_CRYPTO_ENABLE_MASK,
        [R_LEGACY_DUN] = UINT32_MAX,
    };
    SDHCIMSMState *s = opaque;
    uint32_t *reg = &s->legacy_reg[addr / 4];

    msm_core_clocked(s, "legacy crypto", addr);
    if (!s->legacy_on) {
        if (addr / 4 == R_LEGACY_CRYPTO &&
            FIELD_EX32(value, LEGACY_CRYPTO, ENABLE)) {
            msm_violation(s, MSM_STAT_V_LEGACY_CRYPTO, "0x%08" PRIx64, value);
        }
        return;
    }
    if (value & ~known[addr / 4]) {
        msm_violation(s, MSM_STAT_V_LEGACY_RESERVED, "0x%08" PRIx64, value);
        value &= known[addr / 4];
    }
    msm_legacy_changed(s, "legacy crypto", *reg, value);
    *reg = value;
}

const MemoryRegionOps msm_legacy_reg_ops = {
    .read = msm_legacy_reg_read,
    .write = msm_legacy_reg_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4, },
};

/* What a transfer is, and whether it can begin */

static bool msm_legacy_moves_sectors(uint8_t cmd)
{
    return cmd == CMD_READ_SINGLE || cmd == CMD_READ_MULTIPLE ||
           cmd == CMD_WRITE_SINGLE || cmd == CMD_WRITE_MULTIPLE;
}

/* In bytes; 0 where only its end will tell */
static uint32_t msm_legacy_length(const SDHCIState *sdhci)
{
    uint32_t blocks = !(sdhci->trnmod & SDHC_TRNS_MULTI) ? 1 :
                      sdhci->trnmod & SDHC_TRNS_BLK_CNT_EN ? sdhci->blkcnt : 0;

    return blocks * extract32(sdhci->blksize, 0, 12);
}

/* Of transfers of sectors, those that fault-sector does not spare */
static bool msm_legacy_fault(SDHCIMSMState *s, MSMFault fault)
{
    const CQHCITaskReport *r = &s->legacy.report;
    uint64_t aim = s->cqhci.fault_sector;

    if (!s->legacy.sectors ||
        (aim && (aim < r->lba || aim - r->lba >= r->sectors))) {
        return false;
    }
    return msm_fault(s, fault);
}

static bool msm_legacy_asked(SDHCIMSMState *s)
{
    if (!s->legacy_on ||
        !FIELD_EX32(s->legacy_reg[R_LEGACY_CRYPTO], LEGACY_CRYPTO, ENABLE)) {
        return false;
    }
    if (msm_legacy_forbidden(s) || !cqhci_crypto_enabled(&s->cqhci)) {
        msm_violation(s, MSM_STAT_V_LEGACY_OFF,
                      "encryption is asked for and switched off");
        return false;
    }
    return true;
}

/* Returns: why it cannot be encrypted, in the ledger's words, or NULL */
static const char *msm_legacy_prepare(SDHCIMSMState *s)
{
    MSMLegacy *x = &s->legacy;
    CQHCITaskReport *r = &x->report;
    const CQHCIKeyslot *slot;

    r->wanted = true;
    r->slot = FIELD_EX32(s->legacy_reg[R_LEGACY_CRYPTO], LEGACY_CRYPTO, SLOT);
    r->dun = x->dun = s->legacy_reg[R_LEGACY_DUN];
    slot = &s->cqhci.slots[r->slot];

    if (r->slot >= s->cqhci.num_slots) {
        msm_violation(s, MSM_STAT_V_LEGACY_SLOT, "slot %u of %u", r->slot,
                      s->cqhci.num_slots);
        return "icce";
    }
    if (!msm_ice_ready(s)) {
        return "gce";
    }
    if (msm_legacy_fault(s, MSM_FAULT_LEGACY_KEYS_LOST)) {
        cqhci_crypto_lose_keys(&s->cqhci);
    }
    if (!slot->usable) {
        if (!slot->excused) {
            msm_violation(s, MSM_STAT_V_LEGACY_KEY, "slot %u has no key",
                          r->slot);
        }
        return "icce";
    }
    pstrcpy(x->key, sizeof(x->key), slot->fingerprint);
    r->key = x->key;
    r->unit = slot->unit;
    if (!x->length) {
        msm_violation(s, MSM_STAT_V_LEGACY_LENGTH, "of no known length");
        return "invalid";
    }
    if (!x->sectors) {
        msm_violation(s, MSM_STAT_V_LEGACY_COMMAND,
                      "CMD%u does not move sectors", s->sdhci.cmdreg >> 8);
    } else if (x->length % r->unit) {
        msm_violation(s, MSM_STAT_V_LEGACY_LENGTH,
                      "%u bytes in data units of %u", x->length, r->unit);
    }
    if (DIV_ROUND_UP(x->length, r->unit) - 1 > UINT32_MAX - r->dun) {
        msm_violation(s, MSM_STAT_V_LEGACY_DUN,
                      "DUN %u plus %u bytes overflows", r->dun, x->length);
    }
    return NULL;
}

/* Its end: all of it is told to the ledger at once. */
static void msm_legacy_close(SDHCIMSMState *s, const char *status)
{
    MSMLegacy *x = &s->legacy;
    uint32_t moved = x->card_side->len / SECTOR;

    x->active = false;
    s->cqhci.legacy_slot = -1;
    if (!x->sectors) {
        return;
    }
    if (!x->length) {
        x->report.sectors = moved;
    }
    x->report.crossed = x->encrypt && moved;
    x->report.status = status;
    cqhci_record_legacy(&s->cqhci, &x->report, x->card_side->data, moved);
    msm_count(s, MSM_STAT_LEGACY_TRANSFERS);
    if (x->report.crossed && !strcmp(status, "ok")) {
        msm_count(s, MSM_STAT_LEGACY_ENCRYPTED);
    }
}

static void msm_legacy_abort(SDHCIState *sdhci)
{
    SDHCIMSMState *s = msm_of(sdhci);

    if (s->legacy.active) {
        msm_legacy_close(s, s->legacy.failure ?: "aborted");
    }
}

static bool msm_legacy_begin(SDHCIState *sdhci)
{
    SDHCIMSMState *s = msm_of(sdhci);
    MSMLegacy *x = &s->legacy;
    const char *refused = NULL;

    msm_legacy_abort(sdhci);
    g_byte_array_set_size(x->card_side, 0);
    x->sectors = msm_legacy_moves_sectors(sdhci->cmdreg >> 8);
    x->length = msm_legacy_length(sdhci);
    x->left = x->length;
    x->unit_len = x->unit_at = 0;
    x->failure = NULL;
    x->report = (CQHCITaskReport) {
        .task = CQHCI_TASK_LEGACY,
        .read = sdhci->trnmod & SDHC_TRNS_READ,
        .lba = sdhci->argument,
        .sectors = x->length / SECTOR,
    };
    x->encrypt = msm_legacy_asked(s);
    if (x->encrypt) {
        refused = msm_legacy_prepare(s);
    }
    if (!refused && msm_legacy_fault(s, MSM_FAULT_LEGACY_CMD)) {
        refused = "card";
    }
    if (refused) {
        msm_legacy_close(s, refused);
        return false;
    }
    x->cut = !x->report.read && x->length &&
             msm_legacy_fault(s, MSM_FAULT_LEGACY_CUT);
    x->crc_error = msm_legacy_fault(s, MSM_FAULT_LEGACY_DATA) || x->cut;
    x->active = true;
    if (x->encrypt) {
        s->cqhci.legacy_slot = x->report.slot;
    }
    return true;
}

/* Data */

/* Nothing more of it can be right. */
static void msm_legacy_fail(MSMLegacy *x, const char *why)
{
    x->failure = x->failure ?: why;
}

/* The data unit in the buffer; the slot may have changed since the beginning */
static bool msm_legacy_crypt(SDHCIMSMState *s, bool encrypt)
{
    MSMLegacy *x = &s->legacy;

    if (!s->cqhci.slots[x->report.slot].usable) {
        msm_legacy_fail(x, "icce");
        x->crc_error = true;
        return false;
    }
    cqhci_crypto_run(&s->cqhci, x->report.slot, encrypt, x->dun++, x->unit,
                     ROUND_DOWN(x->unit_len, XTS_BLOCK));
    return true;
}

/* An empty buffer for what comes next: a data unit, or as it is wanted */
static void msm_legacy_next(MSMLegacy *x, size_t wanted)
{
    x->unit_at = 0;
    x->unit_len = !x->active ? 0 :
                  x->encrypt ? MIN(x->report.unit, x->left) :
                               MIN(wanted, sizeof(x->unit));
    x->left -= x->encrypt ? x->unit_len : 0;
}

static void msm_legacy_from_card(SDHCIMSMState *s)
{
    MSMLegacy *x = &s->legacy;
    bool ready = sdbus_data_ready(&s->sdhci.sdbus);

    sdbus_read_data(&s->sdhci.sdbus, x->unit, x->unit_len);
    if (!ready) {
        msm_legacy_fail(x, "card");
        return;
    }
    g_byte_array_append(x->card_side, x->unit, x->unit_len);
    if (x->encrypt) {
        msm_legacy_crypt(s, false);
    }
    if (x->crc_error) {
        memset(x->unit, 0, x->unit_len);
    }
}

static void msm_legacy_to_card(SDHCIMSMState *s)
{
    MSMLegacy *x = &s->legacy;
    bool ready = sdbus_receive_ready(&s->sdhci.sdbus);
    size_t len = x->unit_len;

    if (x->encrypt && !msm_legacy_crypt(s, true)) {
        return;
    }
    if (x->cut) {
        len = MIN(len, x->length - SECTOR - x->card_side->len);
    }
    sdbus_write_data(&s->sdhci.sdbus, x->unit, len);
    if (!ready) {
        msm_legacy_fail(x, "card");
        return;
    }
    g_byte_array_append(x->card_side, x->unit, len);
}

/* Without a transfer there is no data: SDHCI may go on after a reset of it. */
static void msm_legacy_read(SDHCIState *sdhci, void *buf, size_t len)
{
    SDHCIMSMState *s = msm_of(sdhci);
    MSMLegacy *x = &s->legacy;
    uint8_t *to = buf;
    size_t n;

    for (; len; to += n, len -= n) {
        if (x->unit_at == x->unit_len) {
            msm_legacy_next(x, len);
            if (!x->unit_len) {
                memset(to, 0, len);
                return;
            }
            msm_legacy_from_card(s);
        }
        n = MIN(len, x->unit_len - x->unit_at);
        memcpy(to, x->unit + x->unit_at, n);
        x->unit_at += n;
    }
}

static void msm_legacy_write(SDHCIState *sdhci, const void *buf, size_t len)
{
    SDHCIMSMState *s = msm_of(sdhci);
    MSMLegacy *x = &s->legacy;
    const uint8_t *from = buf;
    size_t n;

    for (; len; from += n, len -= n) {
        if (x->unit_at == x->unit_len) {
            msm_legacy_next(x, len);
            if (!x->unit_len) {
                return;
            }
        }
        n = MIN(len, x->unit_len - x->unit_at);
        memcpy(x->unit + x->unit_at, from, n);
        x->unit_at += n;
        if (x->unit_at == x->unit_len) {
            msm_legacy_to_card(s);
        }
    }
}

static bool msm_legacy_end(SDHCIState *sdhci)
{
    SDHCIMSMState *s = msm_of(sdhci);
    MSMLegacy *x = &s->legacy;

    if (!x->active) {
        return true;
    }
    msm_legacy_close(s, x->failure ?: x->crc_error ? "card" :
                     x->card_side->len < x->length ? "invalid" : "ok");
    return !x->crc_error;
}

const SDHCIDataOps msm_legacy_data_ops = {
    .begin = msm_legacy_begin,
    .read = msm_legacy_read,
    .write = msm_legacy_write,
    .end = msm_legacy_end,
    .abort = msm_legacy_abort,
};
