/*
 * CQHCI engine: keyslots and the cipher behind them
 *
 * AES-XTS through QEMU's crypto layer, so what the card gets is what a drive
 * would hold. A published vector is checked whenever an engine is realized: a
 * QEMU built without a library that has XTS must not start.
 *
 * The rules of the keyslot registers are enforced more strictly than hardware
 * does; each breach has a counter. Keys cannot be read back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qapi/error.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "cqhci-internal.h"

#define XTS_IV_LEN      16
#define KEY_BYTES       (CRYPTOCFG_KEY_WORDS * 4)
/* the second half of an XTS key begins there, whatever its size */
#define KEY_HALF        (KEY_BYTES / 2)

/* Data units of 512 << n bytes; eight bits, so at most 64 KiB */
static uint32_t cqhci_unit_size(uint32_t mask)
{
    return is_power_of_2(mask) ? CQHCI_BLOCK << ctz32(mask) : 0;
}

/* Length of one half of the key, or 0 where the engine cannot do it. */
static size_t cqhci_cap_half_len(CQHCIState *s, uint32_t cap)
{
    uint32_t reg;

    if (cap >= FIELD_EX32(s->ccap, CCAP, NUM_CAPS) || cap >= CQHCI_MAX_CAPS) {
        return 0;
    }
    reg = s->cryptocap[cap];
    if (FIELD_EX32(reg, CRYPTOCAP, ALGORITHM) != CQHCI_ALG_AES_XTS) {
        return 0;
    }
    switch (FIELD_EX32(reg, CRYPTOCAP, KEY_SIZE)) {
    case CQHCI_KEY_128:
        return 16;
    case CQHCI_KEY_256:
        return 32;
    default:
        return 0;
    }
}

/* The key in the registers, without the gap that short ones have */
static size_t cqhci_slot_key(const CQHCIKeyslot *slot, size_t half,
                             uint8_t key[KEY_BYTES])
{
    uint8_t raw[KEY_BYTES];

    for (unsigned i = 0; i < CRYPTOCFG_KEY_WORDS; i++) {
        stl_le_p(raw + i * 4, slot->reg[i]);
    }
    memcpy(key, raw, half);
    memcpy(key + half, raw + KEY_HALF, half);
    return half * 2;
}

static void cqhci_fingerprint(const uint8_t *key, size_t len, char out[17])
{
    static const char prefix[] = "mmc-crypto key";
    struct iovec iov[] = {
        { .iov_base = (void *)prefix, .iov_len = strlen(prefix) },
        { .iov_base = (void *)key, .iov_len = len },
    };
    uint8_t digest[32];
    uint8_t *result = digest;
    size_t digest_len = sizeof(digest);

    qcrypto_hash_bytesv(QCRYPTO_HASH_ALGO_SHA256, iov, ARRAY_SIZE(iov),
                        &result, &digest_len, &error_abort);
    for (unsigned i = 0; i < 8; i++) {
        snprintf(out + i * 2, 3, "%02x", digest[i]);
    }
}

static QCryptoCipher *cqhci_cipher_new(const uint8_t *key, size_t len,
                                       Error **errp)
{
    return qcrypto_cipher_new(len == 64 ? QCRYPTO_CIPHER_ALGO_AES_256 :
                                          QCRYPTO_CIPHER_ALGO_AES_128,
                              QCRYPTO_CIPHER_MODE_XTS, key, len, errp);
}

static void cqhci_slot_disable(CQHCIKeyslot *slot)
{
    qcrypto_cipher_free(slot->cipher);
    slot->cipher = NULL;
    slot->usable = false;
}

/* CFGE went to 1: from now on the slot is what tasks are checked against. */
static void cqhci_slot_enable(CQHCIState *s, unsigned n)
{
    CQHCIKeyslot *slot = &s->slots[n];
    uint32_t config = slot->reg[CRYPTOCFG_CONFIG];
    uint32_t mask = FIELD_EX32(config, CRYPTOCFG, UNIT);
    uint32_t cap = FIELD_EX32(config, CRYPTOCFG, CAP);
    size_t half = cqhci_cap_half_len(s, cap);
    uint8_t key[KEY_BYTES];
    uint16_t needed;
    size_t len;

    if (!half || !cqhci_unit_size(mask) ||
        !(mask & FIELD_EX32(s->cryptocap[cap], CRYPTOCAP, UNITS))) {
        cqhci_violation(s, CQHCI_STAT_V_SLOT_CONFIG,
                        "slot %u: no such configuration: 0x%08x", n, config);
        return;
    }
    needed = MAKE_64BIT_MASK(0, half / 4);
    needed |= needed << (KEY_HALF / 4);
    len = cqhci_slot_key(slot, half, key);
    if ((slot->key_written & needed) != needed || buffer_is_zero(key, len)) {
        cqhci_violation(s, CQHCI_STAT_V_SLOT_KEY,
                        "slot %u: enabled without a key", n);
        return;
    }
    slot->unit = cqhci_unit_size(mask);
    slot->cipher = cqhci_cipher_new(key, len, &error_abort);
    slot->usable = true;
}

/* It was disabled and its key cleared, and that shall not have been. */
static void cqhci_slot_restore(CQHCIState *s, unsigned n)
{
    CQHCIKeyslot *slot = &s->slots[n];
    uint32_t config = slot->before[CRYPTOCFG_CONFIG];
    uint8_t key[KEY_BYTES];
    size_t len;

    memcpy(slot->reg, slot->before, sizeof(slot->reg));
    slot->key_written = UINT16_MAX;
    cqhci_slot_enable(s, n);
    len = cqhci_slot_key(slot,
                         cqhci_cap_half_len(s, FIELD_EX32(config, CRYPTOCFG,
                                                          CAP)), key);
    cqhci_fingerprint(key, len, slot->fingerprint);
    cqhci_ledger_slot(s->ledger_file, n, slot->fingerprint, true, slot->unit,
                      FIELD_EX32(config, CRYPTOCFG, CAP));
}

static void cqhci_slot_write_config(CQHCIState *s, unsigned n, uint32_t value)
{
    CQHCIKeyslot *slot = &s->slots[n];
    bool was = FIELD_EX32(slot->reg[CRYPTOCFG_CONFIG], CRYPTOCFG, CFGE);
    bool enable = FIELD_EX32(value, CRYPTOCFG, CFGE);
    uint8_t key[KEY_BYTES];
    size_t len = cqhci_slot_key(slot, KEY_HALF, key);
    size_t half;

    if (enable && cqhci_fault(s, CQHCI_FAULT_PROGRAM)) {
        slot->excused = true;
        return;
    }
    if (was) {
        memcpy(slot->before, slot->reg, sizeof(slot->before));
        slot->was_enabled = true;
    } else if (slot->was_enabled) {
        slot->was_enabled = false;
        if (!enable && buffer_is_zero(key, len) &&
            cqhci_fault(s, CQHCI_FAULT_EVICT)) {
            cqhci_slot_restore(s, n);
            return;
        }
    }
    if (was && enable) {
        cqhci_violation(s, CQHCI_STAT_V_SLOT_ORDER,
                        "slot %u: configured while enabled", n);
    }
    if (enable) {
        cqhci_count(s, CQHCI_STAT_KEYS_PROGRAMMED);
    } else if (was) {
        cqhci_count(s, CQHCI_STAT_KEYS_EVICTED);
    }

    cqhci_slot_disable(slot);
    slot->reg[CRYPTOCFG_CONFIG] = value;
    slot->excused = false;
    /* The fingerprint is of what counts as the key under that capability. */
    half = cqhci_cap_half_len(s, FIELD_EX32(value, CRYPTOCFG, CAP));
    if (half) {
        len = cqhci_slot_key(slot, half, key);
    }
    cqhci_fingerprint(key, len, slot->fingerprint);
    cqhci_ledger_slot(s->ledger_file, n,
                      buffer_is_zero(key, len) ? NULL : slot->fingerprint,
                      enable,
                      cqhci_unit_size(FIELD_EX32(value, CRYPTOCFG, UNIT)),
                      FIELD_EX32(value, CRYPTOCFG, CAP));
    if (enable) {
        cqhci_slot_enable(s, n);
    } else {
        slot->key_written = 0;
    }
}

static uint64_t cqhci_slots_read(void *opaque, hwaddr addr, unsigned size)
{
    CQHCIState *s = opaque;
    unsigned word = addr % CQHCI_SLOT_STRIDE / 4;

    if (size != 4) {
        cqhci_violation(s, CQHCI_STAT_V_REGISTER,
                        "keyslots: read of %u bytes", size);
        return 0;
    }
    if (word < CRYPTOCFG_KEY_WORDS) {
        return 0;
    }
    return s->slots[addr / CQHCI_SLOT_STRIDE].reg[word];
}

static void cqhci_slots_write(void *opaque, hwaddr addr, uint64_t value,
                              unsigned size)
{
    CQHCIState *s = opaque;
    unsigned n = addr / CQHCI_SLOT_STRIDE;
    unsigned word = addr % CQHCI_SLOT_STRIDE / 4;
    CQHCIKeyslot *slot = &s->slots[n];

    if (size != 4) {
        cqhci_violation(s, CQHCI_STAT_V_REGISTER,
                        "keyslots: write of %u bytes", size);
        return;
    }
    if (cqhci_slot_in_flight(s, n)) {
        cqhci_violation(s, CQHCI_STAT_V_SLOT_BUSY,
                        "slot %u: written while a task uses it", n);
    }

    switch (word) {
    case 0 ... CRYPTOCFG_KEY_WORDS - 1:
        if (FIELD_EX32(slot->reg[CRYPTOCFG_CONFIG], CRYPTOCFG, CFGE)) {
            cqhci_violation(s, CQHCI_STAT_V_SLOT_ORDER,
                            "slot %u: key written while enabled", n);
            cqhci_slot_disable(slot);
        }
        slot->reg[word] = value;
        slot->key_written |= 1 << word;
        break;
    case CRYPTOCFG_CONFIG:
        if (value & ~(R_CRYPTOCFG_UNIT_MASK | R_CRYPTOCFG_CAP_MASK |
                      R_CRYPTOCFG_CFGE_MASK)) {
            cqhci_violation(s, CQHCI_STAT_V_SLOT_RESERVED,
                            "slot %u: reserved bits", n);
        }
        cqhci_slot_write_config(s, n, value);
        break;
    case CRYPTOCFG_VENDOR:
        slot->reg[word] = value;
        break;
    default:
        if (value) {
            cqhci_violation(s, CQHCI_STAT_V_SLOT_RESERVED,
                            "slot %u: reserved word %u", n, word);
        }
        break;
    }
}

const MemoryRegionOps cqhci_slots_ops = {
    .read = cqhci_slots_read,
    .write = cqhci_slots_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4, },
    .impl = { .min_access_size = 1, .max_access_size = 4, },
};

/* Without the registers: tasks that use the slot and the ledger learn of it too */
static void cqhci_slot_clear(CQHCIState *s, unsigned n)
{
    CQHCIKeyslot *slot = &s->slots[n];

    if (cqhci_slot_in_flight(s, n)) {
        cqhci_violation(s, CQHCI_STAT_V_SLOT_BUSY,
                        "slot %u: changed while a task uses it", n);
    }
    memset(slot->reg, 0, CRYPTOCFG_KEY_WORDS * sizeof(slot->reg[0]));
    cqhci_slot_write_config(s, n, 0);
}

void cqhci_clear_key(CQHCIState *s, unsigned slot)
{
    cqhci_slot_clear(s, slot);
}

bool cqhci_set_key(CQHCIState *s, unsigned n,
                   const uint32_t words[CQHCI_KEY_WORDS], uint64_t units)
{
    CQHCIKeyslot *slot = &s->slots[n];
    unsigned cap = 0;
    uint32_t config;

    while (cap < CQHCI_MAX_CAPS &&
           (cqhci_cap_half_len(s, cap) != KEY_HALF ||
            !(units & FIELD_EX32(s->cryptocap[cap], CRYPTOCAP, UNITS)))) {
        cap++;
    }
    if (!is_power_of_2(units) || units > UINT8_MAX || cap == CQHCI_MAX_CAPS) {
        return false;
    }
    if (FIELD_EX32(slot->reg[CRYPTOCFG_CONFIG], CRYPTOCFG, CFGE)) {
        cqhci_slot_clear(s, n);
    }
    memcpy(slot->reg, words, CRYPTOCFG_KEY_WORDS * sizeof(words[0]));
    slot->key_written = UINT16_MAX;
    config = FIELD_DP32(0, CRYPTOCFG, UNIT, units);
    config = FIELD_DP32(config, CRYPTOCFG, CAP, cap);
    config = FIELD_DP32(config, CRYPTOCFG, CFGE, 1);
    cqhci_slot_write_config(s, n, config);
    return true;
}

void cqhci_crypto_lose_keys(CQHCIState *s)
{
    bool lost = false;

    for (unsigned i = 0; i < s->num_slots; i++) {
        CQHCIKeyslot *slot = &s->slots[i];

        if (FIELD_EX32(slot->reg[CRYPTOCFG_CONFIG], CRYPTOCFG, CFGE)) {
            lost = slot->excused = true;
        }
        cqhci_slot_disable(slot);
        memset(slot->reg, 0, sizeof(slot->reg));
        slot->key_written = 0;
        slot->was_enabled = false;
    }
    if (lost) {
        cqhci_count(s, CQHCI_STAT_KEYS_LOST);
    }
}

CQHCICryptoResult cqhci_crypto_check(CQHCIState *s, unsigned slot,
                                     uint32_t dun, uint64_t bytes)
{
    const CQHCIKeyslot *k = &s->slots[slot];

    if (!cqhci_crypto_enabled(s)) {
        cqhci_violation(s, CQHCI_STAT_V_CRYPTO_OFF,
                        "encrypted task while CFG.CGE is 0");
        return CQHCI_CRYPTO_GCE;
    }
    if (s->ops->can_encrypt && !s->ops->can_encrypt(s->host)) {
        return CQHCI_CRYPTO_GCE;
    }
    if (slot >= s->num_slots) {
        cqhci_violation(s, CQHCI_STAT_V_CRYPTO_SLOT,
                        "encrypted task names slot %u of %u",
                        slot, s->num_slots);
        return CQHCI_CRYPTO_ICCE;
    }
    if (!k->usable) {
        return CQHCI_CRYPTO_ICCE;
    }
    if (bytes % k->unit) {
        cqhci_violation(s, CQHCI_STAT_V_CRYPTO_LENGTH,
                        "%" PRIu64 " bytes in data units of %u",
                        bytes, k->unit);
        return CQHCI_CRYPTO_ICCE;
    }
    if (dun + bytes / k->unit - 1 > UINT32_MAX) {
        cqhci_violation(s, CQHCI_STAT_V_CRYPTO_DUN,
                        "DUN %u plus %" PRIu64 " bytes overflows",
                        dun, bytes);
        return CQHCI_CRYPTO_ICCE;
    }
    return CQHCI_CRYPTO_OK;
}

static void cqhci_crypt_unit(QCryptoCipher *cipher, bool encrypt, uint32_t dun,
                             uint8_t *buf, size_t len)
{
    uint8_t iv[XTS_IV_LEN] = { 0 };

    stl_le_p(iv, dun);
    qcrypto_cipher_setiv(cipher, iv, sizeof(iv), &error_abort);
    if (encrypt) {
        qcrypto_cipher_encrypt(cipher, buf, buf, len, &error_abort);
    } else {
        qcrypto_cipher_decrypt(cipher, buf, buf, len, &error_abort);
    }
}

/* The slot is known to be usable; x-cipher=off is the tests' mutant. */
void cqhci_crypto_run(CQHCIState *s, unsigned slot, bool encrypt, uint32_t dun,
                      uint8_t *buf, size_t len)
{
    const CQHCIKeyslot *k = &s->slots[slot];

    for (size_t at = 0; at < len; at += k->unit, dun++) {
        if (s->cipher) {
            cqhci_crypt_unit(k->cipher, encrypt, dun, buf + at,
                             MIN(k->unit, len - at));
        }
        cqhci_count(s, CQHCI_STAT_UNITS_ENCRYPTED);
    }
}

/*
 * IEEE Std 1619-2007, annex B, vector 10: AES-256-XTS of the bytes 0 to 255,
 * twice, as data unit 0xff. The ends are compared: the last block's tweak
 * depends on all before it.
 */
static bool cqhci_crypto_self_test(Error **errp)
{
    static const uint8_t key[64] = {
        0x27, 0x18, 0x28, 0x18, 0x28, 0x45, 0x90, 0x45,
        0x23, 0x53, 0x60, 0x28, 0x74, 0x71, 0x35, 0x26,
        0x62, 0x49, 0x77, 0x57, 0x24, 0x70, 0x93, 0x69,
        0x99, 0x59, 0x57, 0x49, 0x66, 0x96, 0x76, 0x27,
        0x31, 0x41, 0x59, 0x26, 0x53, 0x58, 0x97, 0x93,
        0x23, 0x84, 0x62, 0x64, 0x33, 0x83, 0x27, 0x95,
        0x02, 0x88, 0x41, 0x97, 0x16, 0x93, 0x99, 0x37,
        0x51, 0x05, 0x82, 0x09, 0x74, 0x94, 0x45, 0x92,
    };
    static const uint8_t first[16] = {
        0x1c, 0x3b, 0x3a, 0x10, 0x2f, 0x77, 0x03, 0x86,
        0xe4, 0x83, 0x6c, 0x99, 0xe3, 0x70, 0xcf, 0x9b,
    };
    static const uint8_t last[16] = {
        0xc4, 0xf3, 0x6f, 0xfd, 0xa9, 0xfc, 0xea, 0x70,
        0xb9, 0xc6, 0xe6, 0x93, 0xe1, 0x48, 0xc1, 0x51,
    };
    g_autoptr(QCryptoCipher) cipher = NULL;
    uint8_t buf[CQHCI_BLOCK];

    cipher = cqhci_cipher_new(key, sizeof(key), errp);
    if (!cipher) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(buf); i++) {
        buf[i] = i;
    }
    cqhci_crypt_unit(cipher, true, 0xff, buf, sizeof(buf));
    if (memcmp(buf, first, sizeof(first)) ||
        memcmp(buf + sizeof(buf) - sizeof(last), last, sizeof(last))) {
        error_setg(errp, "cqhci: AES-XTS does not match its test vector");
        return false;
    }
    cqhci_crypt_unit(cipher, false, 0xff, buf, sizeof(buf));
    for (unsigned i = 0; i < sizeof(buf); i++) {
        if (buf[i] != (uint8_t)i) {
            error_setg(errp, "cqhci: AES-XTS does not decrypt what it "
                       "encrypted");
            return false;
        }
    }
    return true;
}

/* CRYPTOCAP words as "0x00030f00:0x00010f00" */
static bool cqhci_parse_caps(CQHCIState *s, unsigned *count, Error **errp)
{
    g_auto(GStrv) words = g_strsplit(s->cryptocaps, ":", -1);
    unsigned n = g_strv_length(words);

    if (n > CQHCI_MAX_CAPS) {
        error_setg(errp, "cryptocaps: at most %u words", CQHCI_MAX_CAPS);
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned int value;

        if (qemu_strtoui(words[i], NULL, 16, &value)) {
            error_setg(errp, "cryptocaps: '%s' is not a word in hex",
                       words[i]);
            return false;
        }
        s->cryptocap[i] = value;
    }
    *count = n;
    return true;
}

bool cqhci_crypto_realize(CQHCIState *s, Error **errp)
{
    unsigned caps = 1;

    if (!s->num_slots || s->num_slots > CQHCI_MAX_SLOTS) {
        error_setg(errp, "keyslots must be 1 to %u", CQHCI_MAX_SLOTS);
        return false;
    }
    if (!s->units) {
        error_setg(errp, "data-unit-sizes must name at least one size");
        return false;
    }
    if (s->array_ptr * 0x100 < CQHCI_MMIO_SIZE) {
        error_setg(errp, "array-pointer must be behind the registers, at %u "
                   "or more", CQHCI_MMIO_SIZE / 0x100);
        return false;
    }
    if (s->ccap_override != UINT64_MAX && s->ccap_override > UINT32_MAX) {
        error_setg(errp, "x-ccap has 32 bits");
        return false;
    }
    if (!cqhci_crypto_self_test(errp)) {
        return false;
    }

    s->cryptocap[0] = FIELD_DP32(0, CRYPTOCAP, ALGORITHM, CQHCI_ALG_AES_XTS);
    s->cryptocap[0] = FIELD_DP32(s->cryptocap[0], CRYPTOCAP, UNITS, s->units);
    s->cryptocap[0] = FIELD_DP32(s->cryptocap[0], CRYPTOCAP, KEY_SIZE,
                                 CQHCI_KEY_256);
    if (s->cryptocaps && !cqhci_parse_caps(s, &caps, errp)) {
        return false;
    }
    s->ccap = FIELD_DP32(0, CCAP, NUM_CAPS, caps);
    s->ccap = FIELD_DP32(s->ccap, CCAP, NUM_CFGS, s->num_slots - 1);
    s->ccap = FIELD_DP32(s->ccap, CCAP, ARRAY_PTR, s->array_ptr);
    if (s->ccap_override != UINT64_MAX) {
        s->ccap = s->ccap_override;
    }
    if (!s->crypto) {
        s->ccap = 0;
        memset(s->cryptocap, 0, sizeof(s->cryptocap));
    }
    /* A task names its slot in 8 bits: the array covers all that it can name */
    s->slots = g_new0(CQHCIKeyslot, CQHCI_MAX_SLOTS);
    return true;
}

void cqhci_crypto_unrealize(CQHCIState *s)
{
    for (unsigned i = 0; i < s->num_slots; i++) {
        cqhci_slot_disable(&s->slots[i]);
    }
    g_free(s->slots);
    s->slots = NULL;
}
