/*
 * Tests of the debug port: its registers, its requests, its results file
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cqhci-qtest.h"

#define BAR             VIRT_PCI_MMIO
#define PORT_IDENTITY   (BAR + 0x0000)
#define PORT_LENGTH     (BAR + 0x0004)
#define PORT_STATUS     (BAR + 0x0008)
#define PORT_REQUEST    (BAR + 0x1000)
#define PORT_REPLY      (BAR + 0x1800)
#define TEXT_SIZE       2048

typedef struct Port {
    QTestState *qts;
    char *results;
} Port;

static void port_start(Port *p)
{
    uint64_t config;
    int fd = g_file_open_tmp("mmc-testport-XXXXXX", &p->results, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    p->qts = qtest_initf(VIRT_MACHINE " -device sdhci-pci-emmc,id=host0 "
                         "-device mmc-testport,id=port0,results=%s",
                         p->results);
    config = pci_find(p->qts, 0x1234, 0x4d43);
    g_assert_cmphex(qtest_readl(p->qts, config + PCI_CLASS_REVISION) >> 8, ==,
                    0xff0000);
    pci_enable(p->qts, config, BAR);
}

static void port_stop(Port *p)
{
    qtest_quit(p->qts);
    unlink(p->results);
    g_free(p->results);
}

static uint32_t port_request(Port *p, const char *text)
{
    g_autofree char *padded = g_malloc0(TEXT_SIZE + 4);
    size_t len = strlen(text);

    g_assert_cmpuint(len, <=, TEXT_SIZE);
    memcpy(padded, text, len);
    for (size_t i = 0; i < len; i += 4) {
        qtest_writel(p->qts, PORT_REQUEST + i, ldl_le_p(padded + i));
    }
    qtest_writel(p->qts, PORT_LENGTH, len);
    return qtest_readl(p->qts, PORT_STATUS);
}

static char *port_reply(Port *p)
{
    uint32_t len = qtest_readl(p->qts, PORT_LENGTH);
    char *text = g_malloc0(TEXT_SIZE + 4);

    g_assert_cmpuint(len, <=, TEXT_SIZE);
    for (uint32_t i = 0; i < len; i += 4) {
        stl_le_p(text + i, qtest_readl(p->qts, PORT_REPLY + i));
    }
    g_assert_cmpuint(strlen(text), ==, len);
    return text;
}

static void assert_reply(Port *p, const char *request, const char *expected)
{
    g_autofree char *reply = NULL;

    g_assert_cmpuint(port_request(p, request), ==, 0);
    reply = port_reply(p);
    g_assert_cmpstr(reply, ==, expected);
}

static void assert_results(Port *p, const char *expected)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(p->results, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

static void test_registers(void)
{
    Port p;

    port_start(&p);
    g_assert_cmphex(qtest_readl(p.qts, PORT_IDENTITY), ==, 0x544d4d43);
    g_assert_cmpuint(qtest_readl(p.qts, PORT_LENGTH), ==, 0);
    g_assert_cmpuint(qtest_readl(p.qts, PORT_STATUS), ==, 0);
    qtest_writel(p.qts, PORT_REQUEST + TEXT_SIZE - 4, 0x12345678);
    g_assert_cmphex(qtest_readl(p.qts, PORT_REQUEST + TEXT_SIZE - 4), ==,
                    0x12345678);
    /* The reply is the port's to write. */
    qtest_writel(p.qts, PORT_REPLY, 0x12345678);
    g_assert_cmphex(qtest_readl(p.qts, PORT_REPLY), ==, 0);
    port_stop(&p);
}

static void test_log(void)
{
    Port p;

    port_start(&p);
    g_assert_cmpuint(port_request(&p, "log ok 1 a name"), ==, 0);
    /* Not buffered: it is there while the guest still runs. */
    assert_results(&p, "ok 1 a name\n");
    g_assert_cmpuint(port_request(&p, "log "), ==, 0);
    g_assert_cmpuint(port_request(&p, "end 0123abcd 4 5"), ==, 0);
    assert_results(&p, "ok 1 a name\n\n# end 0123abcd 4 5\n");
    port_stop(&p);
}

static void test_end_malformed(void)
{
    static const char *const bad[] = {
        "end ", "end nonce", "end nonce 1", "end nonce 1 x", "end nonce 1 2 3",
        "end  1 2",
    };
    Port p;

    port_start(&p);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpuint(port_request(&p, bad[i]), ==, EINVAL);
    }
    assert_results(&p, "");
    port_stop(&p);
}

static void test_get_set(void)
{
    Port p;

    port_start(&p);
    assert_reply(&p, "get host0 stat-doorbells", "0");
    assert_reply(&p, "get host0 fault-gce", "0");
    assert_reply(&p, "set host0 fault-gce 3", "");
    assert_reply(&p, "get host0 fault-gce", "3");
    assert_reply(&p, "get host0 fault-gce-armed", "1");
    assert_reply(&p, "get host0 fault-gce-fired", "0");
    g_assert_cmpuint(qom_get(p.qts, "host0", "fault-gce"), ==, 3);
    assert_reply(&p, "set host0 fault-gce 0", "");
    assert_reply(&p, "get host0 fault-gce", "0");
    assert_reply(&p, "get host0 fault-gce-armed", "1");
    port_stop(&p);
}

static void test_refused(void)
{
    static const struct {
        const char *request;
        uint32_t status;
    } table[] = {
        { "get nowhere stat-doorbells", ENODEV },
        { "get host0 stat-nothing", ENOENT },
        { "get host0 order", ENOENT },
        { "get host0", EINVAL },
        { "set host0 stat-doorbells 1", EPERM },
        { "set host0 delay 1", EPERM },
        { "set host0 nothing 1", EPERM },
        { "set host0 fault-gce-armed 1", EPERM },
        { "set host0 fault-nothing 1", ENOENT },
        { "set nowhere fault-gce 1", ENODEV },
        { "set host0 fault-gce -1", EINVAL },
        { "set host0 fault-gce", EINVAL },
        { "list nowhere stat-", ENODEV },
        { "list host0", EINVAL },
        { "logs", EINVAL },
        { "nonsense", EINVAL },
        { "", EINVAL },
    };
    Port p;

    port_start(&p);
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        g_assert_cmpuint(port_request(&p, table[i].request), ==,
                         table[i].status);
        g_assert_cmpuint(qtest_readl(p.qts, PORT_LENGTH), ==, 0);
    }
    qtest_writel(p.qts, PORT_LENGTH, TEXT_SIZE + 1);
    g_assert_cmpuint(qtest_readl(p.qts, PORT_STATUS), ==, EMSGSIZE);
    assert_results(&p, "");
    port_stop(&p);
}

static void test_list(void)
{
    g_autofree char *reply = NULL;
    g_auto(GStrv) names = NULL;
    Port p;

    port_start(&p);
    g_assert_cmpuint(port_request(&p, "list host0 fault-icce"), ==, 0);
    reply = port_reply(&p);
    names = g_strsplit(reply, "\n", -1);
    g_assert_true(g_strv_contains((const char *const *)names, "fault-icce"));
    g_assert_true(g_strv_contains((const char *const *)names,
                                  "fault-icce-unnamed-fired"));
    g_assert_cmpuint(g_strv_length(names), ==, 6 + 1);
    g_assert_cmpuint(port_request(&p, "list host0 stat-"), ==, 0);
    g_assert_cmpuint(qtest_readl(p.qts, PORT_LENGTH), >, 0);
    port_stop(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/mmc-testport/registers", test_registers);
    qtest_add_func("/mmc-testport/log", test_log);
    qtest_add_func("/mmc-testport/end-malformed", test_end_malformed);
    qtest_add_func("/mmc-testport/get-set", test_get_set);
    qtest_add_func("/mmc-testport/refused", test_refused);
    qtest_add_func("/mmc-testport/list", test_list);
    return g_test_run();
}
