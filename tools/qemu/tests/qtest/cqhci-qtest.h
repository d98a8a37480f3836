/*
 * What the tests of the eMMC hosts and of the debug port share: finding a PCI
 * function of the virt machine, reading the properties of a device, and what a
 * cipher has to make of a published vector
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_CQHCI_QTEST_H
#define TESTS_QTEST_CQHCI_QTEST_H

#include "hw/pci/pci_regs.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"

/* "-M virt,highmem-ecam=off" */
#define VIRT_MACHINE    "-M virt,highmem-ecam=off -m 128 -nodefaults"
#define VIRT_ECAM       0x3f000000ull
#define VIRT_PCI_MMIO   0x10000000ull
#define VIRT_RAM        0x40000000ull

/* Configuration space of the function with that id; it must be there. */
static inline uint64_t pci_find(QTestState *qts, uint16_t vendor,
                                uint16_t device)
{
    for (unsigned slot = 0; slot < 32; slot++) {
        uint64_t config = VIRT_ECAM + (slot << 15);

        if (qtest_readw(qts, config + PCI_VENDOR_ID) == vendor &&
            qtest_readw(qts, config + PCI_DEVICE_ID) == device) {
            return config;
        }
    }
    g_assert_not_reached();
}

static inline void pci_enable(QTestState *qts, uint64_t config, uint64_t bar)
{
    qtest_writel(qts, config + PCI_BASE_ADDRESS_0, bar);
    qtest_writew(qts, config + PCI_COMMAND,
                 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static inline uint64_t qom_get(QTestState *qts, const char *id,
                               const char *property)
{
    g_autofree char *path = g_strconcat("/machine/peripheral/", id, NULL);
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': {"
                             " 'path': %s, 'property': %s } }",
                             path, property);
    uint64_t value;

    g_assert(qdict_haskey(reply, "return"));
    value = qdict_get_int(reply, "return");
    qobject_unref(reply);
    return value;
}

static inline void qom_set(QTestState *qts, const char *id,
                           const char *property, uint64_t value)
{
    g_autofree char *path = g_strconcat("/machine/peripheral/", id, NULL);

    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': {"
                             " 'path': %s, 'property': %s, 'value': %" PRId64
                             " } }", path, property, (int64_t)value);
}

/* Violations of the host: @count of that name, and none of any other */
static inline void assert_violations_are(QTestState *qts, const char *expected,
                                         uint64_t count)
{
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-list', 'arguments': {"
                             " 'path': '/machine/peripheral/host0' } }");
    QListEntry *e;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(reply, "return"), e) {
        const char *name = qdict_get_str(qobject_to(QDict, qlist_entry_obj(e)),
                                         "name");

        if (g_str_has_prefix(name, "stat-violation-")) {
            bool it = expected && g_str_equal(name + 15, expected);
            uint64_t value = qom_get(qts, "host0", name);

            if (value != (it ? count : 0)) {
                g_test_message("%s is %" PRIu64, name, value);
            }
            g_assert_cmpuint(value, ==, it ? count : 0);
        }
    }
    qobject_unref(reply);
}

/* IEEE Std 1619-2007, vector 10: AES-256-XTS, data unit 0xff */
static const uint8_t vector_key[64] = {
    0x27, 0x18, 0x28, 0x18, 0x28, 0x45, 0x90, 0x45, 0x23, 0x53, 0x60, 0x28,
    0x74, 0x71, 0x35, 0x26, 0x62, 0x49, 0x77, 0x57, 0x24, 0x70, 0x93, 0x69,
    0x99, 0x59, 0x57, 0x49, 0x66, 0x96, 0x76, 0x27, 0x31, 0x41, 0x59, 0x26,
    0x53, 0x58, 0x97, 0x93, 0x23, 0x84, 0x62, 0x64, 0x33, 0x83, 0x27, 0x95,
    0x02, 0x88, 0x41, 0x97, 0x16, 0x93, 0x99, 0x37, 0x51, 0x05, 0x82, 0x09,
    0x74, 0x94, 0x45, 0x92,
};
/* of its 512 bytes of ciphertext */
static const char vector_sha256[] =
    "e97e974fa393af794f7a4684395814cf820de60a01eaec677d87b452e316b364";

#endif
