/*
 * CQHCI engine: the ledger of what crossed it
 *
 * Format and meaning of the records are an interface of the project, described
 * in tools/testing/README.rst; they change there first. The recorder of the
 * card is another one, and shares nothing with this one on purpose.
 *
 * Each record is written as it arises, by a write of its own, so that a guest
 * that is killed leaves all that happened. The end record says that the file
 * is whole; a ledger that could not be written gets none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "crypto/hash.h"
#include "system/system.h"
#include "cqhci-internal.h"

#define SHA256_LEN      32
#define SHA_RECORDED    8
/* of a task without encryption, one record tells at most that much */
#define PLAIN_PIECE     4096

struct CQHCILedger {
    int fd;
    char *path;
    uint64_t records;
    uint64_t tasks;
    Notifier exit;
};

static void G_GNUC_PRINTF(3, 4)
cqhci_ledger_record(CQHCILedger *l, char type, const char *fmt, ...)
{
    g_autoptr(GString) line = g_string_new(NULL);
    va_list ap;

    if (l->fd < 0) {
        return;
    }
    g_string_printf(line, "%c n=%" PRIu64, type, l->records + 1);
    va_start(ap, fmt);
    g_string_append_vprintf(line, fmt, ap);
    va_end(ap);
    g_string_append_c(line, '\n');

    if (qemu_write_full(l->fd, line->str, line->len) != line->len) {
        error_report("cqhci: %s: %s: the ledger ends here",
                     l->path, strerror(errno));
        close(l->fd);
        l->fd = -1;
        return;
    }
    l->records++;
}

static void cqhci_ledger_end(CQHCILedger *l)
{
    if (l->fd >= 0) {
        cqhci_ledger_record(l, 'E', "%s", "");
    }
    if (l->fd >= 0) {
        close(l->fd);
        l->fd = -1;
    }
}

static void cqhci_ledger_exit(Notifier *n, void *unused)
{
    cqhci_ledger_end(container_of(n, CQHCILedger, exit));
}

CQHCILedger *cqhci_ledger_open(const char *path, Error **errp)
{
    CQHCILedger *l;
    int fd = qemu_create(path, O_WRONLY | O_TRUNC, 0666, errp);

    if (fd < 0) {
        return NULL;
    }
    l = g_new0(CQHCILedger, 1);
    l->fd = fd;
    l->path = g_strdup(path);
    l->exit.notify = cqhci_ledger_exit;
    qemu_add_exit_notifier(&l->exit);
    return l;
}

void cqhci_ledger_close(CQHCILedger *l)
{
    if (!l) {
        return;
    }
    qemu_remove_exit_notifier(&l->exit);
    cqhci_ledger_end(l);
    g_free(l->path);
    g_free(l);
}

static void append_sha(GString *line, const uint8_t *block)
{
    uint8_t digest[SHA256_LEN];
    uint8_t *result = digest;
    size_t len = sizeof(digest);

    qcrypto_hash_bytes(QCRYPTO_HASH_ALGO_SHA256, (const char *)block,
                       CQHCI_BLOCK, &result, &len, &error_abort);
    for (unsigned i = 0; i < SHA_RECORDED; i++) {
        g_string_append_printf(line, "%02x", digest[i]);
    }
}

void cqhci_ledger_units(CQHCILedger *l, const CQHCITaskReport *r,
                        const uint8_t *card_side)
{
    uint32_t piece = (r->crossed ? r->unit : PLAIN_PIECE) / CQHCI_BLOCK;
    uint32_t dun = r->dun;

    if (!l) {
        return;
    }
    for (uint32_t at = 0; at < r->sectors; at += piece, dun++) {
        uint32_t sectors = MIN(piece, r->sectors - at);
        g_autoptr(GString) line = g_string_new(NULL);

        g_string_printf(line, " t=%" PRIu64 " lba=%" PRIu64 " sectors=%u dun=",
                        l->tasks + 1, r->lba + at, sectors);
        if (r->crossed) {
            g_string_append_printf(line, "%u", dun);
        } else {
            g_string_append_c(line, '-');
        }
        g_string_append(line, " sha=");
        for (uint32_t i = 0; i < sectors; i++) {
            if (i) {
                g_string_append_c(line, ',');
            }
            append_sha(line, card_side + (size_t)(at + i) * CQHCI_BLOCK);
        }
        cqhci_ledger_record(l, 'U', "%s", line->str);
    }
}

void cqhci_ledger_task(CQHCILedger *l, const CQHCITaskReport *r)
{
    g_autoptr(GString) crypto = g_string_new(NULL);
    g_autofree char *task = r->task == CQHCI_TASK_LEGACY ?
                            g_strdup("legacy") : g_strdup_printf("%d", r->task);

    if (!l) {
        return;
    }
    l->tasks++;
    if (!r->wanted) {
        g_string_assign(crypto, "slot=- key=- dun=- dus=-");
    } else {
        g_string_printf(crypto, "slot=%u key=%s dun=%u dus=", r->slot,
                        r->key ?: "-", r->dun);
        if (r->unit) {
            g_string_append_printf(crypto, "%u", r->unit);
        } else {
            g_string_append_c(crypto, '-');
        }
    }
    cqhci_ledger_record(l, 'T', " t=%" PRIu64 " task=%s dir=%c lba=%" PRIu64
                        " sectors=%u crypt=%d %s status=%s", l->tasks, task,
                        r->read ? 'r' : 'w', r->lba, r->sectors, r->crossed,
                        crypto->str, r->status);
}

void cqhci_ledger_slot(CQHCILedger *l, unsigned slot, const char *key,
                       bool enable, uint32_t unit, uint32_t cap)
{
    g_autofree char *dus = unit ? g_strdup_printf("%u", unit) : g_strdup("-");

    if (l) {
        cqhci_ledger_record(l, 'P', " slot=%u key=%s enable=%d dus=%s cap=%u",
                            slot, key ?: "-", enable, dus, cap);
    }
}
