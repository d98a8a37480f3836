/*
 * eMMC card: the replay protected memory block (RPMB)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Written from JESD84-B51A, chapter 6.6.22. The partition is not read and
 * written: what CMD25 brings is a request, and what CMD18 fetches is the
 * response to it, both in frames of 512 bytes. A request of another kind is a
 * case in emmc_rpmb_take(), its response one in emmc_rpmb_give(). What is not
 * known here is answered by a general failure, as a card may.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/iov.h"
#include "qapi/error.h"
#include "crypto/hmac.h"
#include "emmc-internal.h"

/* Data written at once: EN_RPMB_REL_WR is 0, so no more than two frames */
#define RPMB_WRITE_FRAMES       2
/* Of all requests and responses, those that one run holds */
#define RPMB_FRAMES_MAX         (EMMC_RUN_SIZE / EMMC_SECTOR_SIZE)

/* Kinds of requests; the response has the same number in its upper half */
enum {
    RPMB_PROGRAM_KEY    = 1,
    RPMB_READ_COUNTER   = 2,
    RPMB_WRITE          = 3,
    RPMB_READ           = 4,
    RPMB_READ_RESULT    = 5,
};

enum {
    RPMB_OK             = 0,
    RPMB_GENERAL        = 1,
    RPMB_AUTHENTICATION = 2,
    RPMB_COUNTER        = 3,
    RPMB_ADDRESS        = 4,
    RPMB_WRITE_FAILURE  = 5,
    RPMB_NO_KEY         = 7,
    RPMB_EXPIRED        = BIT(7),
};

/* Numbers are big endian */
typedef struct RPMBFrame {
    uint8_t stuff[196];
    uint8_t mac[EMMC_RPMB_KEY_SIZE];    /* or the key that is programmed */
    uint8_t data[EMMC_RPMB_BLOCK_SIZE];
    uint8_t nonce[EMMC_RPMB_NONCE_SIZE];
    uint32_t counter;
    uint16_t address;                   /* in blocks of 256 bytes */
    uint16_t blocks;
    uint16_t result;
    uint16_t type;
} QEMU_PACKED RPMBFrame;

QEMU_BUILD_BUG_ON(sizeof(RPMBFrame) != EMMC_SECTOR_SIZE);

/* Of several frames, the MAC covers what follows it in each of them */
static void emmc_rpmb_mac(EMMCState *s, const RPMBFrame *frames, unsigned n,
                          uint8_t *mac)
{
    g_autoptr(QCryptoHmac) hmac = NULL;
    struct iovec parts[RPMB_FRAMES_MAX];
    size_t len = EMMC_RPMB_KEY_SIZE;

    for (unsigned i = 0; i < n; i++) {
        parts[i].iov_base = (void *)frames[i].data;
        parts[i].iov_len = sizeof(RPMBFrame) - offsetof(RPMBFrame, data);
    }
    hmac = qcrypto_hmac_new(QCRYPTO_HASH_ALGO_SHA256, s->rpmb.key,
                            sizeof(s->rpmb.key), &error_abort);
    qcrypto_hmac_bytesv(hmac, parts, n, &mac, &len, &error_abort);
}

/* Whether @blocks from @address on are within the partition */
static bool emmc_rpmb_has(EMMCState *s, uint16_t address, unsigned blocks)
{
    return address + blocks <= s->rpmb_size / EMMC_RPMB_BLOCK_SIZE;
}

static uint16_t emmc_rpmb_program_key(EMMCState *s, const RPMBFrame *frame,
                                      unsigned n)
{
    EMMCRPMB *r = &s->rpmb;

    if (n != 1 || !s->xfer.fua || r->has_key) {
        return RPMB_GENERAL;
    }
    memcpy(r->key, frame->mac, sizeof(r->key));
    r->has_key = true;
    return RPMB_OK;
}

/* The checks come in the order that the standard has them in */
static uint16_t emmc_rpmb_write(EMMCState *s, const RPMBFrame *frames,
                                unsigned n)
{
    EMMCRPMB *r = &s->rpmb;
    const RPMBFrame *last = &frames[n - 1];
    uint16_t address = be16_to_cpu(last->address);
    uint8_t mac[EMMC_RPMB_KEY_SIZE];

    if (!r->has_key) {
        return RPMB_NO_KEY;
    }
    if (n > RPMB_WRITE_FRAMES || be16_to_cpu(last->blocks) != n ||
        !s->xfer.fua) {
        return RPMB_GENERAL;
    }
    if (r->counter == UINT32_MAX) {
        return RPMB_EXPIRED | RPMB_WRITE_FAILURE;
    }
    if (!emmc_rpmb_has(s, address, n)) {
        return RPMB_ADDRESS;
    }
    emmc_rpmb_mac(s, frames, n, mac);
    if (memcmp(mac, last->mac, sizeof(mac))) {
        return RPMB_AUTHENTICATION;
    }
    if (be32_to_cpu(last->counter) != r->counter) {
        return RPMB_COUNTER;
    }

    for (unsigned i = 0; i < n; i++) {
        memcpy(&r->data[(address + i) * EMMC_RPMB_BLOCK_SIZE],
               frames[i].data, EMMC_RPMB_BLOCK_SIZE);
    }
    r->counter++;
    return RPMB_OK;
}

/* Requests have come, the first @n frames of what the transfer was to bring */
void emmc_rpmb_take(EMMCState *s, unsigned n)
{
    const RPMBFrame *frames = (const RPMBFrame *)s->xfer.buf;
    EMMCRPMB *r = &s->rpmb;

    /* Of what is cut short, or too long, nobody can say what it asks for */
    r->request = 0;
    if (!n || s->xfer.sector || s->xfer.left != n) {
        return;
    }

    emmc_count(s, EMMC_STAT_RPMB_REQUESTS);
    r->request = be16_to_cpu(frames->type);
    r->address = be16_to_cpu(frames->address);
    memcpy(r->nonce, frames->nonce, sizeof(r->nonce));
    switch (r->request) {
    case RPMB_PROGRAM_KEY:
        r->written_result = emmc_rpmb_program_key(s, frames, n);
        break;
    case RPMB_WRITE:
        r->written_result = emmc_rpmb_write(s, frames, n);
        break;
    default:
        return;
    }
    /* What a request for the result is answered with */
    r->written = r->request;
    r->written_address = r->address;
}

static uint16_t emmc_rpmb_read(EMMCState *s, RPMBFrame *frames, unsigned n)
{
    EMMCRPMB *r = &s->rpmb;

    if (!r->has_key) {
        return RPMB_NO_KEY;
    }
    if (!emmc_rpmb_has(s, r->address, n)) {
        return RPMB_ADDRESS;
    }
    for (unsigned i = 0; i < n; i++) {
        memcpy(frames[i].data,
               &r->data[(r->address + i) * EMMC_RPMB_BLOCK_SIZE],
               EMMC_RPMB_BLOCK_SIZE);
    }
    return RPMB_OK;
}

/* The response to the last request, in @n frames */
void emmc_rpmb_give(EMMCState *s, unsigned n)
{
    RPMBFrame *frames = (RPMBFrame *)s->xfer.buf;
    EMMCRPMB *r = &s->rpmb;
    RPMBFrame head = {};
    uint16_t type = r->request;
    uint16_t result = RPMB_GENERAL;

    memset(frames, 0, n * sizeof(*frames));
    if (s->xfer.sector || s->xfer.left != n ||
        (n != 1 && type != RPMB_READ)) {
        type = 0;
    }
    switch (type) {
    case RPMB_READ_COUNTER:
        memcpy(head.nonce, r->nonce, sizeof(head.nonce));
        head.counter = cpu_to_be32(r->counter);
        result = r->has_key ? RPMB_OK : RPMB_NO_KEY;
        break;
    case RPMB_READ:
        memcpy(head.nonce, r->nonce, sizeof(head.nonce));
        head.address = cpu_to_be16(r->address);
        head.blocks = cpu_to_be16(n);
        result = emmc_rpmb_read(s, frames, n);
        break;
    case RPMB_READ_RESULT:
        type = r->written;
        if (type == RPMB_WRITE) {
            head.counter = cpu_to_be32(r->counter);
            head.address = cpu_to_be16(r->written_address);
        }
        result = type ? r->written_result : RPMB_GENERAL;
        break;
    }
    if (r->counter == UINT32_MAX) {
        result |= RPMB_EXPIRED;
    }

    emmc_count(s, EMMC_STAT_RPMB_RESPONSES);
    head.result = cpu_to_be16(result);
    head.type = cpu_to_be16(type << 8);
    for (unsigned i = 0; i < n; i++) {
        memcpy(frames[i].nonce, head.nonce,
               sizeof(head) - offsetof(RPMBFrame, nonce));
    }
    if (r->has_key && type != RPMB_PROGRAM_KEY) {
        emmc_rpmb_mac(s, frames, n, frames[n - 1].mac);
    }
}
