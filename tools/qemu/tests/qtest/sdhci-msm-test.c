/*
 * Tests of Qualcomm's eMMC host: registers, power controller, clocks, engine
 * and firmware
 *
 * No processor runs: secure monitor calls go in by the region that
 * x-scm-port=on adds, and clocks are switched at the machine's GPIO. The
 * command queue engine has tests of its own (cqhci-test.c); of it, only what
 * this host makes different is tested here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "cqhci-qtest.h"

/* The machine's bus puts the regions there, each at a multiple of its size */
#define BUS             0x0c000000ull
#define HC              (BUS + 0x0000)
#define SCM             (BUS + 0x1000)
#define CQE             (BUS + 0x2000)
#define ICE             (BUS + 0x8000)

#define GPIO            0x09030000ull
#define GPIO_DIR        (GPIO + 0x400)
#define GPIO_DATA(pins) (GPIO + ((pins) << 2))
#define PIN_CORE        BIT(5)
#define PIN_ICE         BIT(6)

#define SD_POWER        0x29
#define SD_POWER_ON         0x0f
#define SD_RESET        0x2f
#define SD_RESET_ALL        0x01
#define SD_CONTROL2     0x3e
#define SD_V18              BIT(3)
#define SD_CAPABILITIES 0x40
#define VENDOR_SPEC     0x20c
#define CAPABILITIES0   0x21c
#define PWR_STATUS      0x240
#define PWR_MASK        0x244
#define PWR_CLEAR       0x248
#define PWR_CTL         0x24c
#define BUS_OFF             BIT(0)
#define BUS_ON              BIT(1)
#define IO_LOW              BIT(2)
#define IO_HIGH             BIT(3)
#define BUS_SUCCESS         BIT(0)
#define IO_SUCCESS          BIT(2)
#define CORE_VERSION    0x318
#define GENERICS        0x320

#define CFG             0x08
#define CFG_ON              (BIT(0) | BIT(1) | BIT(8))
#define IS              0x10
#define IS_GCE              BIT(4)
#define ISTE            0x14
#define TDLBA           0x20
#define TDBR            0x28
#define LEGACY          0x70
#define VENDOR_CFG1     0xa00
#define KEYS            0x1000

#define ICE_VERSION     0x08
#define ICE_FUSES       0x10
#define ICE_BIST        0x70
#define ICE_ADVANCED    0x1000
#define BIST_TIME       200000

#define SMC64           BIT_ULL(30)
#define SIP             BIT_ULL(25)
#define FAST            BIT_ULL(31)
#define AVAILABLE       0x0601
#define INVALIDATE      0x1003
#define SET             0x1004
#define SET_ARGINFO     0x85
#define XTS_256         3
#define OK              0
#define ERROR           -1
#define EINVAL_ARG      -2
#define EINVAL_ADDR     -3
#define EOPNOTSUPP      -4
#define EBUSY_          -12

#define MEM_ARGS        (VIRT_RAM + 1 * MiB)
#define MEM_KEY         (VIRT_RAM + 2 * MiB)
#define MEM_TDL         (VIRT_RAM + 3 * MiB)
#define NO_MEM          0x100000ull
#define SLOTS           32

typedef struct Host {
    QTestState *qts;
    char *ledger;
} Host;

static uint64_t counter(Host *h, const char *name)
{
    g_autofree char *property = g_strconcat("stat-", name, NULL);

    return qom_get(h->qts, "host0", property);
}

static void arm(Host *h, const char *fault)
{
    g_autofree char *property = g_strconcat("fault-", fault, NULL);

    qom_set(h->qts, "host0", property, 1);
}

static void assert_fired(Host *h, const char *fault)
{
    g_autofree char *fired = g_strdup_printf("fault-%s-fired", fault);

    g_assert_cmpuint(qom_get(h->qts, "host0", fired), ==, 1);
}

static void assert_violations(Host *h, const char *expected, uint64_t count)
{
    assert_violations_are(h->qts, expected, count);
}

static void set_clocks(Host *h, unsigned pins)
{
    qtest_writeb(h->qts, GPIO_DIR, PIN_CORE | PIN_ICE);
    qtest_writeb(h->qts, GPIO_DATA(PIN_CORE | PIN_ICE), pins);
}

static void start(Host *h, const char *properties)
{
    int fd = g_file_open_tmp("sdhci-msm-XXXXXX", &h->ledger, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    h->qts = qtest_initf(VIRT_MACHINE " -device sdhci-msm-emmc,id=host0,"
                         "x-scm-port=on,ledger=%s%s", h->ledger, properties);
    set_clocks(h, PIN_CORE | PIN_ICE);
    qtest_clock_step(h->qts, BIST_TIME);
}

static void stop(Host *h)
{
    qtest_quit(h->qts);
    unlink(h->ledger);
    g_free(h->ledger);
}

static uint32_t hc(Host *h, unsigned reg)
{
    return qtest_readl(h->qts, HC + reg);
}

static void hc_set(Host *h, unsigned reg, uint32_t value)
{
    qtest_writel(h->qts, HC + reg, value);
}

static uint32_t ice(Host *h, unsigned reg)
{
    return qtest_readl(h->qts, ICE + reg);
}

/* A call with the arguments that fit registers; x1 of the answer in @result */
static int64_t smc(Host *h, uint64_t id, uint64_t arginfo, uint64_t a0,
                   uint64_t a1, uint64_t a2, uint64_t a3, uint64_t *result)
{
    const uint64_t x[] = { id, arginfo, a0, a1, a2, a3 };

    for (unsigned i = 0; i < ARRAY_SIZE(x); i++) {
        qtest_writeq(h->qts, SCM + i * 8, x[i]);
    }
    qtest_writeq(h->qts, SCM + 0x100, 1);
    if (result) {
        *result = qtest_readq(h->qts, SCM + 7 * 8);
    }
    return qtest_readq(h->qts, SCM + 6 * 8);
}

static bool available(Host *h, uint64_t convention, unsigned call)
{
    uint64_t result = 2;

    g_assert_cmpint(smc(h, convention | SIP | AVAILABLE, 1, SIP | call, 0, 0, 0,
                        &result), ==, OK);
    g_assert_cmpuint(result, <=, 1);
    return result;
}

static int64_t invalidate(Host *h, uint64_t slot)
{
    return smc(h, SMC64 | SIP | INVALIDATE, 1, slot, 0, 0, 0, NULL);
}

/* A key as the firmware wants it: words of the raw key, high byte first */
static void put_key(Host *h, uint8_t first)
{
    uint8_t swapped[64];

    for (unsigned i = 0; i < sizeof(swapped); i++) {
        swapped[i ^ 3] = first + i;
    }
    qtest_memwrite(h->qts, MEM_KEY, swapped, sizeof(swapped));
}

static void put_args(Host *h, uint64_t cipher, uint64_t units)
{
    qtest_writeq(h->qts, MEM_ARGS, cipher);
    qtest_writeq(h->qts, MEM_ARGS + 8, units);
}

static int64_t set(Host *h, uint64_t slot, uint64_t key, uint64_t len)
{
    return smc(h, SMC64 | SIP | SET, SET_ARGINFO, slot, key, len, MEM_ARGS,
               NULL);
}

static int64_t set_good(Host *h, uint64_t slot)
{
    put_key(h, 1);
    put_args(h, XTS_256, 8);
    return set(h, slot, MEM_KEY, 64);
}

/* "P" records of the ledger with that text in them */
static unsigned ledger_slots(Host *h, const char *text)
{
    g_autofree char *all = NULL;
    g_auto(GStrv) lines = NULL;
    unsigned found = 0;

    g_assert_true(g_file_get_contents(h->ledger, &all, NULL, NULL));
    lines = g_strsplit(all, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        found += g_str_has_prefix(lines[i], "P ") && strstr(lines[i], text);
    }
    return found;
}

/* An encrypted task; what the engine says of it */
static uint32_t run_encrypted(Host *h, unsigned slot)
{
    const uint64_t desc[] = {
        cpu_to_le64(0x2f | 8 << 16), cpu_to_le64(BIT_ULL(47) |
                                                 (uint64_t)slot << 32)
    };
    uint32_t status;

    qtest_memwrite(h->qts, MEM_TDL, desc, sizeof(desc));
    qtest_writel(h->qts, CQE + TDLBA, MEM_TDL);
    qtest_writel(h->qts, CQE + ISTE, 0x3f);
    qtest_writel(h->qts, CQE + CFG, CFG_ON);
    qtest_writel(h->qts, CQE + TDBR, 1);
    qtest_clock_step(h->qts, 1000000);
    status = qtest_readl(h->qts, CQE + IS);
    return status;
}

static void test_registers(void)
{
    Host h;

    start(&h, "");
    g_assert_cmphex(hc(&h, CORE_VERSION) >> 28, ==, 1);
    g_assert_cmphex(hc(&h, GENERICS), ==, BIT(29));
    g_assert_cmphex(hc(&h, VENDOR_SPEC), ==, 0xa9c);
    hc_set(&h, VENDOR_SPEC, 0x12345678);
    g_assert_cmphex(hc(&h, VENDOR_SPEC), ==, 0x12345678);
    hc_set(&h, CORE_VERSION, 0);
    g_assert_cmphex(hc(&h, CORE_VERSION) >> 28, ==, 1);
    /* Capabilities are what software puts there */
    hc_set(&h, CAPABILITIES0, 0x3f0034b4);
    g_assert_cmphex(hc(&h, SD_CAPABILITIES), ==, 0x3f0034b4);
    qtest_writel(h.qts, CQE + VENDOR_CFG1, 0x6000);
    g_assert_cmphex(qtest_readl(h.qts, CQE + VENDOR_CFG1), ==, 0x6000);
    assert_violations(&h, NULL, 0);
    hc(&h, 0x204);
    qtest_writel(h.qts, CQE + 0xa04, 1);
    qtest_readw(h.qts, HC + VENDOR_SPEC);
    assert_violations(&h, "vendor-register", 3);
    qtest_system_reset(h.qts);
    set_clocks(&h, PIN_CORE);
    g_assert_cmphex(hc(&h, VENDOR_SPEC), ==, 0xa9c);
    g_assert_cmphex(qtest_readl(h.qts, CQE + VENDOR_CFG1), ==, 0);
    stop(&h);
}

/* Takes the request as software does */
static void answer(Host *h, uint32_t request, uint32_t ctl)
{
    g_assert_cmphex(hc(h, PWR_STATUS), ==, request);
    g_assert_true(qtest_get_irq(h->qts, 1));
    hc_set(h, PWR_CLEAR, request);
    g_assert_cmphex(hc(h, PWR_STATUS), ==, 0);
    g_assert_false(qtest_get_irq(h->qts, 1));
    hc_set(h, PWR_CTL, ctl);
    assert_violations(h, NULL, 0);
}

static void test_power(void)
{
    Host h;

    /* Without a card there is no power to switch */
    start(&h, " -drive if=none,id=card,driver=null-co,size=4G,read-zeroes=on"
          " -device emmc,drive=card");
    qtest_irq_intercept_out_named(h.qts, "/machine/peripheral/host0",
                                  "sysbus-irq");
    qtest_writeb(h.qts, HC + SD_POWER, SD_POWER_ON);
    g_assert_cmphex(hc(&h, PWR_STATUS), ==, BUS_ON);
    g_assert_false(qtest_get_irq(h.qts, 1));
    hc_set(&h, PWR_MASK, 0xf);
    answer(&h, BUS_ON, BUS_SUCCESS | IO_SUCCESS);
    /* No change is no request */
    qtest_writeb(h.qts, HC + SD_POWER, SD_POWER_ON);
    g_assert_cmphex(hc(&h, PWR_STATUS), ==, 0);
    qtest_writew(h.qts, HC + SD_CONTROL2, SD_V18);
    answer(&h, IO_LOW, IO_SUCCESS);
    qtest_writew(h.qts, HC + SD_CONTROL2, 0);
    answer(&h, IO_HIGH, IO_SUCCESS);
    qtest_writeb(h.qts, HC + SD_RESET, SD_RESET_ALL);
    answer(&h, BUS_OFF, BUS_SUCCESS | IO_SUCCESS);
    qtest_writeb(h.qts, HC + SD_RESET, SD_RESET_ALL);
    g_assert_cmphex(hc(&h, PWR_STATUS), ==, 0);
    qtest_writeb(h.qts, HC + SD_POWER, SD_POWER_ON);
    answer(&h, BUS_ON, BUS_SUCCESS | IO_SUCCESS);
    qtest_writeb(h.qts, HC + SD_POWER, 0);
    answer(&h, BUS_OFF, BUS_SUCCESS | IO_SUCCESS);
    g_assert_cmpuint(counter(&h, "power-requests"), ==, 6);
    hc_set(&h, PWR_CTL, BUS_SUCCESS);
    assert_violations(&h, "power", 1);
    arm(&h, "power");
    qtest_writeb(h.qts, HC + SD_POWER, SD_POWER_ON);
    g_assert_cmphex(hc(&h, PWR_STATUS), ==, 0);
    assert_fired(&h, "power");
    stop(&h);
}

static void test_clocks(void)
{
    Host h;

    start(&h, "");
    set_clocks(&h, PIN_ICE);
    hc(&h, GENERICS);
    qtest_readl(h.qts, CQE + CFG);
    assert_violations(&h, "core-unclocked", 1);
    stop(&h);

    start(&h, "");
    set_clocks(&h, PIN_CORE);
    g_assert_cmphex(ice(&h, ICE_VERSION), ==, 0);
    qtest_writel(h.qts, ICE + ICE_ADVANCED, 1);
    assert_violations(&h, "ice-unclocked", 2);
    set_clocks(&h, PIN_CORE | PIN_ICE);
    g_assert_cmphex(ice(&h, ICE_ADVANCED), ==, 0);
    stop(&h);
}

static void test_ice(void)
{
    Host h;

    start(&h, "");
    g_assert_cmphex(ice(&h, ICE_VERSION) >> 24, ==, 3);
    g_assert_cmphex(ice(&h, ICE_FUSES), ==, 0);
    g_assert_cmphex(ice(&h, ICE_BIST), ==, 0);
    qtest_writel(h.qts, ICE + ICE_ADVANCED, 0x0d807100);
    g_assert_cmphex(ice(&h, ICE_ADVANCED), ==, 0x0d807100);
    arm(&h, "version");
    g_assert_cmphex(ice(&h, ICE_VERSION), ==, 0);
    g_assert_cmphex(ice(&h, ICE_VERSION) >> 24, ==, 3);
    assert_fired(&h, "version");
    arm(&h, "fuses");
    g_assert_cmphex(ice(&h, ICE_FUSES), ==, 7);
    g_assert_cmphex(ice(&h, ICE_FUSES), ==, 0);
    assert_fired(&h, "fuses");
    /* The self-test takes its time, or for ever */
    set_clocks(&h, PIN_CORE);
    set_clocks(&h, PIN_CORE | PIN_ICE);
    g_assert_cmphex(ice(&h, ICE_BIST), ==, 0xf0000000);
    qtest_clock_step(h.qts, BIST_TIME - 1);
    g_assert_cmphex(ice(&h, ICE_BIST), ==, 0xf0000000);
    qtest_clock_step(h.qts, 1);
    g_assert_cmphex(ice(&h, ICE_BIST), ==, 0);
    g_assert_cmphex(ice(&h, ICE_ADVANCED), ==, 0x0d807100);
    arm(&h, "bist");
    set_clocks(&h, PIN_CORE);
    set_clocks(&h, PIN_CORE | PIN_ICE);
    qtest_clock_step(h.qts, 3600ll * 1000000000);
    g_assert_cmphex(ice(&h, ICE_BIST), ==, 0xf0000000);
    assert_fired(&h, "bist");
    g_assert_cmpuint(counter(&h, "bists"), ==, 3);
    assert_violations(&h, NULL, 0);
    ice(&h, 0x2000);
    qtest_writel(h.qts, ICE + ICE_VERSION, 0);
    assert_violations(&h, "ice-register", 2);
    stop(&h);

    start(&h, ",ice-version=0x02010000,ice-fuses=2");
    g_assert_cmphex(ice(&h, ICE_VERSION), ==, 0x02010000);
    g_assert_cmphex(ice(&h, ICE_FUSES), ==, 2);
    stop(&h);
}

static void test_engine_not_ready(void)
{
    static const char *const properties[] = { "", ",ice-fuses=1", "" };
    Host h;

    /* Clock off, fuses blown, self-test running; and then none of them */
    for (unsigned i = 0; i < 3; i++) {
        start(&h, properties[i]);
        g_assert_cmpint(set_good(&h, 0), ==, OK);
        if (i == 0) {
            set_clocks(&h, PIN_CORE);
        } else if (i == 2) {
            arm(&h, "bist");
            set_clocks(&h, PIN_CORE);
            set_clocks(&h, PIN_CORE | PIN_ICE);
        }
        g_assert_cmphex(run_encrypted(&h, 0), ==, IS_GCE);
        assert_violations(&h, "ice-not-ready", 1);
        g_assert_cmpuint(counter(&h, "ice-unconfigured"), ==, 0);
        stop(&h);
    }
    start(&h, "");
    g_assert_cmpint(set_good(&h, 0), ==, OK);
    /* It goes on to the card, of which there is none */
    g_assert_cmphex(run_encrypted(&h, 0), ==, 0);
    g_assert_cmpuint(counter(&h, "ice-unconfigured"), ==, 1);
    assert_violations(&h, NULL, 0);
    stop(&h);
}

static void test_key_registers(void)
{
    Host h;

    start(&h, "");
    g_assert_cmphex(qtest_readl(h.qts, CQE + 0x100) >> 24, ==, KEYS >> 8);
    for (unsigned word = 0; word < 18; word++) {
        qtest_writel(h.qts, CQE + KEYS + word * 4, BIT(31) | word);
    }
    assert_violations(&h, "key-register", 18);
    g_assert_cmpuint(counter(&h, "keys-programmed"), ==, 0);
    g_assert_cmpuint(ledger_slots(&h, ""), ==, 0);
    stop(&h);
}

static void test_legacy_crypto(void)
{
    Host h;

    start(&h, "");
    qtest_writel(h.qts, CQE + LEGACY, 5);
    qtest_writel(h.qts, CQE + LEGACY + 4, 0x12345678);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY), ==, 5);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY + 4), ==, 0x12345678);
    assert_violations(&h, NULL, 0);
    qtest_writel(h.qts, CQE + LEGACY, BIT(8));
    assert_violations(&h, "legacy-crypto", 1);
    stop(&h);
}

static void test_scm_available(void)
{
    Host h;

    start(&h, "");
    for (unsigned i = 0; i < 4; i++) {
        uint64_t convention = (i & 1 ? SMC64 : 0) | (i & 2 ? FAST : 0);

        g_assert_true(available(&h, convention, AVAILABLE));
        g_assert_true(available(&h, convention, SET));
        g_assert_true(available(&h, convention, INVALIDATE));
        g_assert_false(available(&h, convention, 0x0110));
    }
    arm(&h, "scm-unavailable");
    g_assert_false(available(&h, SMC64, SET));
    g_assert_true(available(&h, SMC64, SET));
    assert_fired(&h, "scm-unavailable");
    /* What is not offered is an answer, and no mistake */
    g_assert_cmpint(smc(&h, SMC64 | SIP | 0x0110, 1, 0, 0, 0, 0, NULL), ==,
                    EOPNOTSUPP);
    assert_violations(&h, NULL, 0);
    g_assert_cmpuint(counter(&h, "scm-calls"), ==, 19);
    g_assert_cmpuint(counter(&h, "scm-available"), ==, 18);
    g_assert_cmpuint(counter(&h, "scm-failed"), ==, 1);
    stop(&h);

    start(&h, ",scm=no-ice");
    g_assert_true(available(&h, SMC64, AVAILABLE));
    g_assert_false(available(&h, SMC64, SET));
    g_assert_false(available(&h, SMC64, INVALIDATE));
    g_assert_cmpint(set_good(&h, 0), ==, EOPNOTSUPP);
    assert_violations(&h, "scm-call", 1);
    stop(&h);

    /* Nobody answers, and that is PSCI's answer */
    start(&h, ",scm=off");
    g_assert_cmpint(smc(&h, SMC64 | SIP | AVAILABLE, 1, SIP | AVAILABLE, 0, 0,
                        0, NULL), ==, -1);
    g_assert_cmpuint(counter(&h, "scm-calls"), ==, 0);
    stop(&h);
}

static void test_scm_keys(void)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *text = NULL;
    uint8_t raw[64];
    Host h;

    for (unsigned i = 0; i < sizeof(raw); i++) {
        raw[i] = 1 + i;
    }
    g_checksum_update(sum, (const uint8_t *)"mmc-crypto key", 14);
    g_checksum_update(sum, raw, sizeof(raw));
    text = g_strdup_printf("slot=31 key=%.16s enable=1 dus=4096",
                           g_checksum_get_string(sum));

    start(&h, "");
    g_assert_cmpint(set_good(&h, 31), ==, OK);
    g_assert_cmpuint(ledger_slots(&h, text), ==, 1);
    g_assert_cmpint(invalidate(&h, 31), ==, OK);
    g_assert_cmpuint(ledger_slots(&h, "slot=31 key=- enable=0"), ==, 1);
    g_assert_cmpuint(ledger_slots(&h, ""), ==, 2);
    /* Over another key, which is cleared first */
    g_assert_cmpint(set_good(&h, 4), ==, OK);
    g_assert_cmpint(set_good(&h, 4), ==, OK);
    g_assert_cmpuint(ledger_slots(&h, "slot=4 key=- enable=0"), ==, 1);
    /* An empty slot may be cleared */
    g_assert_cmpint(invalidate(&h, 0), ==, OK);
    /* The 32-bit convention has a narrower buffer */
    qtest_writel(h.qts, MEM_ARGS, XTS_256);
    qtest_writel(h.qts, MEM_ARGS + 4, 1);
    g_assert_cmpint(smc(&h, SIP | SET, SET_ARGINFO, 2, MEM_KEY, 64,
                        0xffffffff00000000ull | MEM_ARGS, NULL), ==, OK);
    g_assert_cmpuint(ledger_slots(&h, "slot=2 "), ==, 1);
    g_assert_cmpuint(ledger_slots(&h, "dus=512"), ==, 1);
    g_assert_cmpuint(counter(&h, "scm-set"), ==, 4);
    g_assert_cmpuint(counter(&h, "scm-invalidate"), ==, 2);
    g_assert_cmpuint(counter(&h, "scm-failed"), ==, 0);
    g_assert_cmpuint(counter(&h, "keys-programmed"), ==, 4);
    assert_violations(&h, NULL, 0);
    stop(&h);
}

static void wrong(const char *violation, int64_t error, uint64_t slot,
                  uint64_t key, uint64_t len, uint64_t cipher, uint64_t units)
{
    Host h;

    start(&h, "");
    put_key(&h, 1);
    put_args(&h, cipher, units);
    g_assert_cmpint(set(&h, slot, key, len), ==, error);
    assert_violations(&h, violation, 1);
    g_assert_cmpuint(counter(&h, "scm-failed"), ==, 1);
    g_assert_cmpuint(counter(&h, "keys-programmed"), ==, 0);
    stop(&h);
}

static void test_scm_wrong(void)
{
    Host h;

    wrong("scm-slot", EINVAL_ARG, SLOTS, MEM_KEY, 64, XTS_256, 8);
    wrong("scm-key", EINVAL_ADDR, 0, NO_MEM, 64, XTS_256, 8);
    wrong("scm-key", EINVAL_ARG, 0, MEM_KEY, 32, XTS_256, 8);
    wrong("scm-cipher", EINVAL_ARG, 0, MEM_KEY, 64, 2, 8);
    wrong("scm-unit", EINVAL_ARG, 0, MEM_KEY, 64, XTS_256, 0);
    wrong("scm-unit", EINVAL_ARG, 0, MEM_KEY, 64, XTS_256, 3);
    wrong("scm-unit", EINVAL_ARG, 0, MEM_KEY, 64, XTS_256, 16);
    wrong("scm-unit", EINVAL_ARG, 0, MEM_KEY, 64, XTS_256, 0x108);

    start(&h, "");
    g_assert_cmpint(smc(&h, SMC64 | SIP | SET, SET_ARGINFO, 0, MEM_KEY, 64,
                        NO_MEM, NULL), ==, EINVAL_ADDR);
    assert_violations(&h, "scm-buffer", 1);
    stop(&h);

    start(&h, "");
    g_assert_cmpint(smc(&h, SMC64 | SIP | SET, 5, 0, MEM_KEY, 64, MEM_ARGS,
                        NULL), ==, EINVAL_ARG);
    g_assert_cmpint(smc(&h, SMC64 | SIP | INVALIDATE, 2, 0, 0, 0, 0, NULL), ==,
                    EINVAL_ARG);
    assert_violations(&h, "scm-arginfo", 2);
    g_assert_cmpint(invalidate(&h, SLOTS - 1), ==, OK);
    stop(&h);

    start(&h, "");
    g_assert_cmpint(invalidate(&h, SLOTS), ==, EINVAL_ARG);
    assert_violations(&h, "scm-slot", 1);
    stop(&h);

    start(&h, "");
    set_clocks(&h, PIN_CORE);
    g_assert_cmpint(set_good(&h, 0), ==, ERROR);
    g_assert_cmpint(invalidate(&h, 0), ==, ERROR);
    assert_violations(&h, "scm-unclocked", 2);
    stop(&h);
}

static void test_scm_faults(void)
{
    Host h;

    start(&h, "");
    arm(&h, "scm-set");
    g_assert_cmpint(set_good(&h, 0), ==, ERROR);
    g_assert_cmpuint(ledger_slots(&h, ""), ==, 0);
    assert_fired(&h, "scm-set");
    g_assert_cmpint(set_good(&h, 0), ==, OK);
    arm(&h, "scm-invalidate");
    g_assert_cmpint(invalidate(&h, 0), ==, ERROR);
    g_assert_cmpuint(ledger_slots(&h, "enable=0"), ==, 0);
    assert_fired(&h, "scm-invalidate");
    arm(&h, "scm-busy");
    g_assert_cmpint(invalidate(&h, 0), ==, EBUSY_);
    assert_fired(&h, "scm-busy");
    g_assert_cmpint(invalidate(&h, 0), ==, OK);
    g_assert_cmpuint(counter(&h, "scm-failed"), ==, 3);
    assert_violations(&h, NULL, 0);
    stop(&h);
}

/* Whether a key is still there after what is done with clocks and resets */
static void test_keys_lost(void)
{
    static const struct {
        const char *properties;
        bool reset, collapse, lost;
    } cases[] = {
        { "", false, false, false },
        { "", true, false, true },
        { "", false, true, true },
        { ",keys-lost-at=power", true, false, false },
        { ",keys-lost-at=power", false, true, true },
        { ",keys-lost-at=never", true, true, false },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        Host h;

        start(&h, cases[i].properties);
        g_assert_cmpint(set_good(&h, 0), ==, OK);
        qtest_writel(h.qts, ICE + ICE_ADVANCED, 1);
        if (cases[i].reset) {
            qtest_writeb(h.qts, HC + SD_RESET, SD_RESET_ALL);
        }
        if (cases[i].collapse) {
            arm(&h, "collapse");
        }
        set_clocks(&h, PIN_CORE);
        set_clocks(&h, 0);
        set_clocks(&h, PIN_CORE | PIN_ICE);
        qtest_clock_step(h.qts, BIST_TIME);
        g_assert_cmphex(ice(&h, ICE_ADVANCED), ==, !cases[i].collapse);
        g_assert_cmpuint(counter(&h, "keys-lost"), ==, cases[i].lost);
        g_assert_cmpuint(counter(&h, "sleeps"), ==, cases[i].collapse);
        assert_violations(&h, NULL, 0);
        stop(&h);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("sdhci-msm/registers", test_registers);
    qtest_add_func("sdhci-msm/power", test_power);
    qtest_add_func("sdhci-msm/clocks", test_clocks);
    qtest_add_func("sdhci-msm/ice", test_ice);
    qtest_add_func("sdhci-msm/engine-not-ready", test_engine_not_ready);
    qtest_add_func("sdhci-msm/key-registers", test_key_registers);
    qtest_add_func("sdhci-msm/legacy-crypto", test_legacy_crypto);
    qtest_add_func("sdhci-msm/scm-available", test_scm_available);
    qtest_add_func("sdhci-msm/scm-keys", test_scm_keys);
    qtest_add_func("sdhci-msm/scm-wrong", test_scm_wrong);
    qtest_add_func("sdhci-msm/scm-faults", test_scm_faults);
    qtest_add_func("sdhci-msm/keys-lost", test_keys_lost);
    return g_test_run();
}
