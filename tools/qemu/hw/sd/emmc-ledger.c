/*
 * eMMC card: the ledger
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A text file that says what really arrived at the card and what left it, for
 * a verifier that trusts neither the guest nor the host controller's model.
 * It must therefore stay independent of them: share no code with a host's
 * recorder. The format is an interface (tools/testing/README.rst); change it
 * there first.
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "crypto/hash.h"
#include "system/system.h"
#include "emmc-internal.h"

#define SHA256_BYTES    32
#define SHA_SHOWN_BYTES 8

/*
 * One write for all the text, and no buffer of our own: what a killed QEMU
 * leaves behind is complete up to its last record.
 */
static void emmc_ledger_write(EMMCState *s, const GString *text)
{
    EMMCLedger *l = &s->ledger;

    if (l->failed) {
        return;
    }
    if (qemu_write_full(l->fd, text->str, text->len) != text->len) {
        /* The missing end record tells the reader; the user learns it here */
        l->failed = true;
        error_report("emmc: cannot write ledger '%s': %s", s->ledger_path,
                     strerror(errno));
    }
}

static void emmc_ledger_end(Notifier *notifier, void *data)
{
    EMMCLedger *l = container_of(notifier, EMMCLedger, exit);
    EMMCState *s = container_of(l, EMMCState, ledger);
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "E n=%" PRIu64 "\n", ++l->n);
    emmc_ledger_write(s, text);
    close(l->fd);
    l->fd = -1;
}

bool emmc_ledger_open(EMMCState *s, Error **errp)
{
    EMMCLedger *l = &s->ledger;

    l->fd = -1;
    if (!s->ledger_path) {
        return true;
    }

    l->fd = qemu_create(s->ledger_path, O_WRONLY | O_TRUNC, 0644, errp);
    if (l->fd < 0) {
        return false;
    }
    l->exit.notify = emmc_ledger_end;
    qemu_add_exit_notifier(&l->exit);
    return true;
}

void emmc_ledger_close(EMMCState *s)
{
    if (s->ledger.fd >= 0) {
        qemu_remove_exit_notifier(&s->ledger.exit);
        emmc_ledger_end(&s->ledger.exit, NULL);
    }
}

/* The sectors that the current transfer holds at @data, which it starts with */
void emmc_ledger_sectors(EMMCState *s, bool write, const uint8_t *data,
                         unsigned sectors)
{
    EMMCTransfer *x = &s->xfer;
    g_autoptr(GString) text = NULL;

    if (s->ledger.fd < 0 || !sectors) {
        return;
    }

    text = g_string_sized_new(sectors * 64);
    for (unsigned i = 0; i < sectors; i++) {
        uint8_t digest[SHA256_BYTES];
        uint8_t *result = digest;
        size_t len = sizeof(digest);

        qcrypto_hash_bytes(QCRYPTO_HASH_ALGO_SHA256,
                           (const char *)data + i * EMMC_SECTOR_SIZE,
                           EMMC_SECTOR_SIZE, &result, &len, &error_abort);
        g_string_append_printf(text, "S n=%" PRIu64 " cmd=%u part=%u dir=%c"
                               " lba=%" PRIu64 " sha=", ++s->ledger.n, x->cmd,
                               x->part, write ? 'w' : 'r', x->sector + i);
        for (unsigned j = 0; j < SHA_SHOWN_BYTES; j++) {
            g_string_append_printf(text, "%02x", digest[j]);
        }
        g_string_append_c(text, '\n');
    }
    emmc_ledger_write(s, text);
}

void emmc_ledger_erase(EMMCState *s, unsigned part, uint64_t sector,
                       uint64_t sectors)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (s->ledger.fd < 0) {
        return;
    }
    g_string_append_printf(text, "Z n=%" PRIu64 " cmd=38 part=%u lba=%" PRIu64
                           " sectors=%" PRIu64 "\n", ++s->ledger.n, part,
                           sector, sectors);
    emmc_ledger_write(s, text);
}

void emmc_ledger_flush(EMMCState *s)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (s->ledger.fd < 0) {
        return;
    }
    g_string_append_printf(text, "F n=%" PRIu64 "\n", ++s->ledger.n);
    emmc_ledger_write(s, text);
}
