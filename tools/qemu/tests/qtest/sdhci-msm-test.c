/*
 * Tests of Qualcomm's eMMC host: registers, power controller, clocks, engine,
 * encryption outside of the queue, and firmware
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
#include "qemu/cutils.h"
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

#define SD_SYSAD        0x00
#define SD_BLKSIZE      0x04
#define SD_ARGUMENT     0x08
#define SD_COMMAND      0x0c
#define TRANS_DMA           BIT(0)
#define TRANS_COUNT         BIT(1)
#define TRANS_READ          BIT(4)
#define TRANS_MULTI         BIT(5)
#define CMD_RESPONSE        0x02
#define CMD_DATA            BIT(5)
#define SD_RESPONSE     0x10
#define SD_BUFFER       0x20
#define SD_HOSTCTL      0x28
#define HOSTCTL_ADMA        0x10
#define SD_POWER        0x29
#define SD_POWER_ON         0x0f
#define SD_CLOCK        0x2c
#define SD_RESET        0x2f
#define SD_RESET_ALL        0x01
#define SD_RESET_DATA       0x04
#define SD_STATUS       0x30
#define SD_STATUS_DONE      BIT(1)
#define SD_STATUS_ERROR     BIT(15)
#define SD_STATUS_CMD_TO    BIT(16)
#define SD_STATUS_DATA_CRC  BIT(21)
#define SD_STATUS_ADMA      BIT(25)
#define SD_STATUS_EN    0x34
#define SD_CONTROL2     0x3e
#define SD_V18              BIT(3)
#define SD_CAPABILITIES 0x40
#define SD_ADMA         0x58
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
#define LEGACY_FORBID   0x260
#define LEGACY_FORBIDDEN    BIT(15)
#define CORE_VERSION    0x318
#define GENERICS        0x320

#define CFG             0x08
#define CFG_CGE             BIT(1)
#define CFG_ON              (BIT(0) | BIT(1) | BIT(8))
#define CTL             0x0c
#define CTL_HALT            BIT(0)
#define IS              0x10
#define IS_GCE              BIT(4)
#define ISTE            0x14
#define TDLBA           0x20
#define TDBR            0x28
#define SSC2            0x44
#define LEGACY          0x70
#define LEGACY_ENABLE       BIT(8)
#define LEGACY_DUN      0x74
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
#define MEM_DATA        (VIRT_RAM + 4 * MiB)
#define MEM_ADMA        (VIRT_RAM + 5 * MiB)
#define NO_MEM          0x100000ull
#define SLOTS           32
#define SLOT            3
#define SECTOR          512
#define ADMA_PIECE      768
#define CARD_RCA        1

typedef struct Host {
    QTestState *qts;
    char *ledger;
    char *card;
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

/* Records of the ledger of that type with that text in them */
static unsigned ledger_records(Host *h, const char *type, const char *text)
{
    g_autofree char *all = NULL;
    g_auto(GStrv) lines = NULL;
    unsigned found = 0;

    g_assert_true(g_file_get_contents(h->ledger, &all, NULL, NULL));
    lines = g_strsplit(all, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        found += g_str_has_prefix(lines[i], type) && strstr(lines[i], text);
    }
    return found;
}

static unsigned ledger_slots(Host *h, const char *text)
{
    return ledger_records(h, "P ", text);
}

/* The key that set_good() sets, as the ledger has it */
static char *ledger_key(void)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t raw[64];

    for (unsigned i = 0; i < sizeof(raw); i++) {
        raw[i] = 1 + i;
    }
    g_checksum_update(sum, (const uint8_t *)"mmc-crypto key", 14);
    g_checksum_update(sum, raw, sizeof(raw));
    return g_strdup_printf("key=%.16s", g_checksum_get_string(sum));
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

/*
 * Transfers that SDHCI makes by itself: by words, by one address or by a table,
 * of one block or of several with and without their number being told
 */
typedef enum { PIO, SDMA, ADMA, MOVERS } Mover;
typedef enum { SINGLE, COUNTED, OPEN, KINDS } Kind;

static uint32_t sd_command(Host *h, unsigned cmd, uint32_t arg, unsigned flags)
{
    qtest_writel(h->qts, HC + SD_STATUS, 0xffffffff);
    qtest_writel(h->qts, HC + SD_ARGUMENT, arg);
    qtest_writel(h->qts, HC + SD_COMMAND, (cmd << 8 | flags) << 16);
    g_assert_cmphex(hc(h, SD_STATUS) & SD_STATUS_ERROR, ==, 0);
    return hc(h, SD_RESPONSE);
}

/* With a card that waits for transfers, an engine that is set up, and a key */
static void start_card(Host *h, const char *properties, unsigned unit)
{
    g_autofree char *all = NULL;
    unsigned tries = 0;
    int fd = g_file_open_tmp("sdhci-msm-card-XXXXXX", &h->card, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, 4 * GiB), ==, 0);
    close(fd);
    all = g_strdup_printf("%s -drive if=none,id=d,format=raw,file=%s "
                          "-device emmc,id=card0,drive=d", properties,
                          h->card);
    start(h, all);
    qtest_writeb(h->qts, HC + SD_POWER, SD_POWER_ON);
    qtest_writew(h->qts, HC + SD_CLOCK, 0x0005);
    hc_set(h, SD_STATUS_EN, 0xffffffff);
    sd_command(h, 0, 0, 0);
    while (!(sd_command(h, 1, 0x40ff8080, 2) & BIT(31))) {
        g_assert_cmpuint(tries++, <, 10);
        qtest_clock_step(h->qts, 1000000);
    }
    sd_command(h, 2, 0, 1);
    sd_command(h, 3, CARD_RCA << 16, 2);
    sd_command(h, 7, CARD_RCA << 16, 3);
    qtest_writel(h->qts, ICE + ICE_ADVANCED, 0x0d80f100);
    put_key(h, 1);
    put_args(h, XTS_256, unit / SECTOR);
    g_assert_cmpint(set(h, SLOT, MEM_KEY, 64), ==, OK);
    qtest_writel(h->qts, CQE + CFG, CFG_CGE);
    hc_set(h, LEGACY_FORBID, 0);
}

static void stop_card(Host *h, const char *violation, uint64_t count)
{
    assert_violations(h, violation, count);
    stop(h);
    unlink(h->card);
    g_free(h->card);
}

static void crypt_on(Host *h, unsigned slot, uint32_t dun)
{
    qtest_writel(h->qts, CQE + LEGACY_DUN, dun);
    qtest_writel(h->qts, CQE + LEGACY, LEGACY_ENABLE | slot);
}

static void crypt_off(Host *h)
{
    qtest_writel(h->qts, CQE + LEGACY, 0);
}

static void put_table(Host *h, unsigned len)
{
    for (unsigned at = 0; at < len; at += ADMA_PIECE) {
        uint64_t desc = MEM_ADMA + at / ADMA_PIECE * 8;
        unsigned piece = MIN(len - at, ADMA_PIECE);

        qtest_writel(h->qts, desc,
                     0x21 | (at + piece == len ? 2 : 0) | piece << 16);
        qtest_writel(h->qts, desc + 4, MEM_DATA + at);
    }
}

/* The command that begins it; what the host says of it */
static uint32_t begin(Host *h, Mover how, unsigned cmd, uint32_t arg, bool read,
                      unsigned size, unsigned blocks, unsigned multi)
{
    unsigned mode = (how == PIO ? 0 : TRANS_DMA) | (read ? TRANS_READ : 0) |
                    multi;

    qtest_writel(h->qts, HC + SD_BLKSIZE, 0);
    qtest_writeb(h->qts, HC + SD_HOSTCTL, how == ADMA ? HOSTCTL_ADMA : 0);
    qtest_writel(h->qts, HC + SD_SYSAD, MEM_DATA);
    qtest_writel(h->qts, HC + SD_ADMA, MEM_ADMA);
    qtest_writel(h->qts, HC + SD_STATUS, 0xffffffff);
    qtest_writel(h->qts, HC + SD_BLKSIZE, 7 << 12 | size | blocks << 16);
    qtest_writel(h->qts, HC + SD_ARGUMENT, arg);
    qtest_writel(h->qts, HC + SD_COMMAND,
                 mode | (cmd << 8 | CMD_DATA | CMD_RESPONSE) << 16);
    return hc(h, SD_STATUS);
}

static void words_out(Host *h, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at += 4) {
        qtest_writel(h->qts, HC + SD_BUFFER, ldl_le_p(data + at));
    }
}

static void words_in(Host *h, uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at += 4) {
        stl_le_p(data + at, qtest_readl(h->qts, HC + SD_BUFFER));
    }
}

/* All of a transfer; how it ended */
static uint32_t move(Host *h, Mover how, unsigned cmd, uint32_t arg, bool read,
                     unsigned size, unsigned blocks, unsigned multi,
                     uint8_t *data)
{
    uint32_t status;

    put_table(h, size * blocks);
    if (how != PIO && !read) {
        qtest_memwrite(h->qts, MEM_DATA, data, size * blocks);
    }
    status = begin(h, how, cmd, arg, read, size, blocks, multi);
    if (status & SD_STATUS_ERROR) {
        return status;
    }
    if (how == PIO) {
        read ? words_in(h, data, size * blocks) :
               words_out(h, data, size * blocks);
    }
    for (unsigned i = 0; !(hc(h, SD_STATUS) & (SD_STATUS_DONE |
                                               SD_STATUS_ERROR)); i++) {
        g_assert_cmpuint(i, <, 1000);
        qtest_clock_step(h->qts, 1000);
    }
    if (how != PIO && read) {
        qtest_memread(h->qts, MEM_DATA, data, size * blocks);
    }
    return hc(h, SD_STATUS);
}

static uint32_t sectors(Host *h, Mover how, Kind kind, bool read, uint32_t lba,
                        uint8_t *data, unsigned count)
{
    unsigned multi = kind == SINGLE ? 0 : TRANS_MULTI | TRANS_COUNT;
    uint32_t status;

    g_assert_true(kind != SINGLE || count == 1);
    if (kind == COUNTED) {
        sd_command(h, 23, count, 2);
    }
    status = move(h, how, (read ? 17 : 24) + !!multi, lba, read, SECTOR, count,
                  multi, data);
    if (kind == OPEN) {
        sd_command(h, 12, 0, 3);
    }
    return status;
}

/* The way of most tests, where nothing goes wrong */
static void good(Host *h, bool read, uint32_t lba, uint8_t *data,
                 unsigned count)
{
    g_assert_cmphex(sectors(h, ADMA, count == 1 ? SINGLE : COUNTED, read, lba,
                            data, count) & SD_STATUS_ERROR, ==, 0);
}

static void fill(uint8_t *data, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (i * 7 + (i >> 9) * 31 + seed) & 0xff;
    }
}

/* A command that never got to the card */
static void refused(Host *h, bool read, uint32_t lba, uint8_t *data,
                    unsigned count)
{
    uint64_t commands = qom_get(h->qts, "card0", "stat-commands");
    uint32_t status = sectors(h, ADMA, SINGLE, read, lba, data, count);

    g_assert_cmphex(status & (SD_STATUS_DONE | SD_STATUS_CMD_TO |
                              SD_STATUS_DATA_CRC), ==, SD_STATUS_CMD_TO);
    g_assert_cmpuint(qom_get(h->qts, "card0", "stat-commands"), ==, commands);
}

static void test_legacy_registers(void)
{
    Host h;

    start(&h, "");
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY), ==, 0);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY_DUN), ==, 0);
    g_assert_cmphex(hc(&h, LEGACY_FORBID), ==, LEGACY_FORBIDDEN);
    hc_set(&h, LEGACY_FORBID, 0);
    crypt_on(&h, 5, 0x12345678);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY), ==, LEGACY_ENABLE | 5);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY_DUN), ==, 0x12345678);
    qtest_writeb(h.qts, HC + SD_RESET, SD_RESET_ALL);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY), ==, 0);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY_DUN), ==, 0);
    g_assert_cmphex(hc(&h, LEGACY_FORBID), ==, 0);
    assert_violations(&h, NULL, 0);
    qtest_writel(h.qts, CQE + LEGACY, 0xfffff205);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY), ==, 5);
    assert_violations(&h, "legacy-reserved", 1);
    qtest_system_reset(h.qts);
    set_clocks(&h, PIN_CORE);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY), ==, 0);
    g_assert_cmphex(hc(&h, LEGACY_FORBID), ==, LEGACY_FORBIDDEN);
    stop(&h);

    start(&h, "");
    set_clocks(&h, PIN_ICE);
    qtest_readl(h.qts, CQE + LEGACY);
    qtest_writel(h.qts, CQE + LEGACY_DUN, 1);
    assert_violations(&h, "core-unclocked", 2);
    stop(&h);
}

static void test_legacy_vector(void)
{
    uint8_t plain[SECTOR], cipher[SECTOR], back[SECTOR], swapped[64];
    g_autofree char *sum = NULL;
    Host h;

    start_card(&h, "", SECTOR);
    for (unsigned i = 0; i < SECTOR; i++) {
        plain[i] = i;
    }
    for (unsigned i = 0; i < sizeof(swapped); i++) {
        swapped[i ^ 3] = vector_key[i];
    }
    qtest_memwrite(h.qts, MEM_KEY, swapped, sizeof(swapped));
    g_assert_cmpint(set(&h, 31, MEM_KEY, 64), ==, OK);
    crypt_on(&h, 31, 0xff);
    good(&h, false, 100, plain, 1);
    crypt_off(&h);
    good(&h, true, 100, cipher, 1);
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, cipher, SECTOR);
    g_assert_cmpstr(sum, ==, vector_sha256);
    good(&h, false, 200, cipher, 1);
    crypt_on(&h, 31, 0xff);
    good(&h, true, 200, back, 1);
    g_assert_cmpmem(plain, SECTOR, back, SECTOR);
    g_assert_cmpuint(counter(&h, "legacy-transfers"), ==, 4);
    g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 2);
    g_assert_cmpuint(counter(&h, "units-encrypted"), ==, 2);
    g_assert_cmpuint(counter(&h, "tasks-encrypted"), ==, 0);
    stop_card(&h, NULL, 0);
}

/* Whatever moves the data, each unit is encrypted as it would be alone. */
static void test_legacy_moves(void)
{
    enum { COUNT = 16 };
    uint8_t plain[COUNT * SECTOR], cipher[COUNT * SECTOR], back[COUNT * SECTOR];

    for (Mover how = PIO; how < MOVERS; how++) {
        for (Kind kind = SINGLE; kind < KINDS; kind++) {
            unsigned unit = kind == SINGLE ? SECTOR : 8 * SECTOR;
            unsigned count = kind == SINGLE ? 1 : COUNT;
            Host h;

            start_card(&h, "", unit);
            fill(plain, sizeof(plain), how);
            crypt_on(&h, SLOT, 1000);
            g_assert_cmphex(sectors(&h, how, kind, false, 64, plain, count) &
                            SD_STATUS_ERROR, ==, 0);
            g_assert_cmphex(sectors(&h, how, kind, true, 64, back, count) &
                            SD_STATUS_ERROR, ==, 0);
            g_assert_cmpmem(plain, count * SECTOR, back, count * SECTOR);
            crypt_off(&h);
            g_assert_cmphex(sectors(&h, how, kind, true, 64, cipher, count) &
                            SD_STATUS_ERROR, ==, 0);
            for (unsigned at = 0; at < count * SECTOR; at += unit) {
                g_assert_true(memcmp(cipher + at, plain + at, unit));
                crypt_on(&h, SLOT, 1000 + at / unit);
                good(&h, true, 64 + at / SECTOR, back, unit / SECTOR);
                g_assert_cmpmem(plain + at, unit, back, unit);
            }
            stop_card(&h, NULL, 0);
        }
    }
}

/* What a transfer leaves in the registers holds for the next. */
static void test_legacy_sticky(void)
{
    uint8_t plain[SECTOR], one[SECTOR], two[SECTOR];
    Host h;

    start_card(&h, "", SECTOR);
    fill(plain, SECTOR, 5);
    crypt_on(&h, SLOT, 7);
    good(&h, false, 10, plain, 1);
    good(&h, false, 11, plain, 1);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY_DUN), ==, 7);
    crypt_off(&h);
    good(&h, true, 10, one, 1);
    good(&h, true, 11, two, 1);
    g_assert_cmpmem(one, SECTOR, two, SECTOR);
    g_assert_true(memcmp(one, plain, SECTOR));
    stop_card(&h, NULL, 0);
}

static void read_register(Host *h, unsigned cmd, uint8_t *data, unsigned size)
{
    g_assert_cmphex(move(h, ADMA, cmd, 0, true, size, 1, 0, data) &
                    SD_STATUS_ERROR, ==, 0);
    if (size % 128) {
        /* There was more of it. */
        sd_command(h, 12, 0, 3);
    }
}

/* It does not ask what a command moves: what the card says of itself, too */
static void test_legacy_commands(void)
{
    static const struct {
        unsigned cmd, size;
    } cases[] = { { 8, 512 }, { 21, 128 }, { 8, 504 } };
    uint8_t plain[SECTOR], wrong[SECTOR], back[SECTOR];

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned size = cases[i].size;
        unsigned whole = ROUND_DOWN(size, 16);
        Host h;

        start_card(&h, "", SECTOR);
        memset(back, 0, SECTOR);
        read_register(&h, cases[i].cmd, plain, size);
        assert_violations(&h, NULL, 0);
        crypt_on(&h, SLOT, 3);
        read_register(&h, cases[i].cmd, wrong, size);
        g_assert_true(memcmp(plain, wrong, whole));
        g_assert_cmpmem(plain + whole, size - whole, wrong + whole,
                        size - whole);
        assert_violations(&h, "legacy-command", 1);
        memcpy(back, wrong, whole);
        good(&h, false, 0, back, 1);
        crypt_off(&h);
        good(&h, true, 0, back, 1);
        g_assert_cmpmem(plain, whole, back, whole);
        g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 1);
        g_assert_cmpuint(ledger_records(&h, "T ", "task=legacy"), ==, 2);
        stop_card(&h, "legacy-command", 1);
    }
}

/* Both switches have to be on; who owns the bus is no matter. */
static void test_legacy_switches(void)
{
    uint8_t plain[SECTOR], back[SECTOR];
    Host h;

    fill(plain, SECTOR, 1);
    for (unsigned i = 0; i < 2; i++) {
        start_card(&h, "", SECTOR);
        crypt_on(&h, SLOT, 0);
        if (i) {
            hc_set(&h, LEGACY_FORBID, LEGACY_FORBIDDEN);
        } else {
            qtest_writel(h.qts, CQE + CFG, 0);
        }
        good(&h, false, 0, plain, 1);
        crypt_off(&h);
        good(&h, true, 0, back, 1);
        g_assert_cmpmem(plain, SECTOR, back, SECTOR);
        g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 0);
        g_assert_cmpuint(ledger_records(&h, "T ", "crypt=0 slot=-"), ==, 2);
        stop_card(&h, "legacy-off", 1);
    }
    start_card(&h, "", SECTOR);
    crypt_on(&h, SLOT, 0);
    good(&h, false, 0, plain, 1);
    qtest_writel(h.qts, CQE + CFG, CFG_ON);
    qtest_writel(h.qts, CQE + CTL, CTL_HALT);
    good(&h, true, 0, back, 1);
    g_assert_cmpmem(plain, SECTOR, back, SECTOR);
    g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 2);
    stop_card(&h, NULL, 0);
}

/* Queued tasks and transfers beside the queue have the cipher in common. */
static void test_legacy_and_queue(void)
{
    uint8_t plain[8 * SECTOR], back[8 * SECTOR];
    Host h;

    start_card(&h, "", 8 * SECTOR);
    fill(plain, sizeof(plain), 9);
    qtest_memwrite(h.qts, MEM_DATA, plain, sizeof(plain));
    qtest_writel(h.qts, CQE + SSC2, CARD_RCA);
    sd_command(&h, 6, 3 << 24 | 15 << 16 | 1 << 8, 3);
    qtest_writel(h.qts, MEM_TDL + 16, 0x23 | sizeof(plain) << 16);
    qtest_writel(h.qts, MEM_TDL + 20, MEM_DATA);
    run_encrypted(&h, SLOT);
    g_assert_cmpuint(counter(&h, "tasks-encrypted"), ==, 1);
    qtest_writel(h.qts, CQE + CFG, CFG_CGE);
    sd_command(&h, 6, 3 << 24 | 15 << 16, 3);
    crypt_on(&h, SLOT, 0);
    good(&h, true, 0, back, 8);
    g_assert_cmpmem(plain, sizeof(plain), back, sizeof(back));
    g_assert_cmpuint(counter(&h, "tasks-encrypted"), ==, 1);
    g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 1);
    stop_card(&h, NULL, 0);
}

static void test_legacy_no_key(void)
{
    uint8_t data[SECTOR] = { 0 };
    Host h;

    start_card(&h, "", SECTOR);
    crypt_on(&h, SLOTS, 0);
    refused(&h, true, 0, data, 1);
    stop_card(&h, "legacy-slot", 1);

    /* Never programmed; programmed and cleared again */
    start_card(&h, "", SECTOR);
    crypt_on(&h, SLOT + 1, 0);
    refused(&h, true, 0, data, 1);
    assert_violations(&h, "legacy-key", 1);
    g_assert_cmpint(invalidate(&h, SLOT), ==, OK);
    crypt_on(&h, SLOT, 0);
    refused(&h, false, 0, data, 1);
    g_assert_cmpuint(counter(&h, "legacy-transfers"), ==, 2);
    g_assert_cmpuint(ledger_records(&h, "T ", "crypt=0 slot=3 key=- dun=0 dus=-"
                                    " status=icce"), ==, 1);
    g_assert_cmpuint(ledger_records(&h, "U ", ""), ==, 0);
    stop_card(&h, "legacy-key", 2);

    /* That hardware lost a key or did not take it is not software's mistake, */
    start_card(&h, "", SECTOR);
    arm(&h, "collapse");
    set_clocks(&h, 0);
    set_clocks(&h, PIN_CORE | PIN_ICE);
    qtest_clock_step(h.qts, BIST_TIME);
    crypt_on(&h, SLOT, 0);
    refused(&h, true, 0, data, 1);
    g_assert_cmpint(invalidate(&h, SLOT), ==, OK);
    arm(&h, "program");
    g_assert_cmpint(set(&h, SLOT, MEM_KEY, 64), ==, OK);
    refused(&h, true, 0, data, 1);
    assert_violations(&h, NULL, 0);
    /* but it knows what it cleared. */
    g_assert_cmpint(invalidate(&h, SLOT), ==, OK);
    refused(&h, true, 0, data, 1);
    stop_card(&h, "legacy-key", 1);

    start_card(&h, "", SECTOR);
    set_clocks(&h, PIN_CORE);
    crypt_on(&h, SLOT, 0);
    refused(&h, false, 0, data, 1);
    g_assert_cmpuint(ledger_records(&h, "T ", "status=gce"), ==, 1);
    stop_card(&h, "ice-not-ready", 1);
}

/* Less than a data unit is the beginning of one; what has no end is refused. */
static void test_legacy_length(void)
{
    uint8_t plain[8 * SECTOR], whole[8 * SECTOR], part[8 * SECTOR];
    Host h;

    start_card(&h, "", 8 * SECTOR);
    fill(plain, sizeof(plain), 77);
    crypt_on(&h, SLOT, 2);
    good(&h, false, 0, plain, 8);
    good(&h, false, 8, plain, 3);
    crypt_off(&h);
    good(&h, true, 0, whole, 8);
    good(&h, true, 8, part, 8);
    g_assert_cmpmem(whole, 3 * SECTOR, part, 3 * SECTOR);
    g_assert_true(buffer_is_zero(part + 3 * SECTOR, 5 * SECTOR));
    stop_card(&h, "legacy-length", 1);

    start_card(&h, "", SECTOR);
    crypt_on(&h, SLOT, 2);
    g_assert_cmphex(begin(&h, ADMA, 18, 0, true, SECTOR, 8, TRANS_MULTI) &
                    SD_STATUS_CMD_TO, !=, 0);
    g_assert_cmpuint(ledger_records(&h, "T ", "status=invalid"), ==, 1);
    stop_card(&h, "legacy-length", 1);

    /* A table that ends too early is SDHCI's to complain of. */
    start_card(&h, "", SECTOR);
    crypt_on(&h, SLOT, 2);
    put_table(&h, 3 * SECTOR);
    begin(&h, ADMA, 25, 0, false, SECTOR, 8, TRANS_MULTI | TRANS_COUNT);
    g_assert_cmphex(hc(&h, SD_STATUS) & SD_STATUS_ADMA, !=, 0);
    g_assert_cmpuint(ledger_records(&h, "T ", "status=invalid"), ==, 1);
    g_assert_cmpuint(ledger_records(&h, "U ", ""), ==, 3);
    g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 0);
    stop_card(&h, NULL, 0);
}

static void test_legacy_dun(void)
{
    uint8_t plain[2 * SECTOR], back[2 * SECTOR];
    Host h;

    start_card(&h, "", SECTOR);
    fill(plain, sizeof(plain), 3);
    crypt_on(&h, SLOT, UINT32_MAX - 1);
    good(&h, false, 0, plain, 2);
    assert_violations(&h, NULL, 0);
    crypt_on(&h, SLOT, UINT32_MAX);
    good(&h, false, 0, plain, 2);
    assert_violations(&h, "legacy-dun", 1);
    good(&h, true, 0, back, 1);
    crypt_on(&h, SLOT, 0);
    good(&h, true, 1, back + SECTOR, 1);
    g_assert_cmpmem(plain, sizeof(plain), back, sizeof(back));
    stop_card(&h, "legacy-dun", 1);
}

/* Nothing that a transfer depends on is to be touched while it runs. */
static void test_legacy_busy(void)
{
    uint8_t plain[2 * SECTOR], back[2 * SECTOR];
    Host h;

    start_card(&h, "", SECTOR);
    fill(plain, sizeof(plain), 8);
    crypt_on(&h, SLOT, 40);
    sd_command(&h, 23, 2, 2);
    begin(&h, PIO, 25, 0, false, SECTOR, 2, TRANS_MULTI | TRANS_COUNT);
    words_out(&h, plain, SECTOR);
    crypt_on(&h, SLOT, 40);
    hc_set(&h, LEGACY_FORBID, 0);
    assert_violations(&h, NULL, 0);
    crypt_on(&h, SLOT + 1, 90);
    hc_set(&h, LEGACY_FORBID, LEGACY_FORBIDDEN);
    assert_violations(&h, "legacy-busy", 3);
    words_out(&h, plain + SECTOR, SECTOR);
    g_assert_cmphex(hc(&h, SD_STATUS) & (SD_STATUS_DONE | SD_STATUS_ERROR), ==,
                    SD_STATUS_DONE);
    hc_set(&h, LEGACY_FORBID, 0);
    crypt_on(&h, SLOT, 40);
    good(&h, true, 0, back, 2);
    g_assert_cmpmem(plain, sizeof(plain), back, sizeof(back));
    stop_card(&h, "legacy-busy", 3);

    /* A key that goes away takes the rest of the data with it. */
    for (unsigned read = 0; read < 2; read++) {
        start_card(&h, "", SECTOR);
        fill(plain, sizeof(plain), 8);
        good(&h, false, 0, plain, 2);
        crypt_on(&h, SLOT, 40);
        sd_command(&h, 23, 2, 2);
        begin(&h, PIO, read ? 18 : 25, 0, read, SECTOR, 2,
              TRANS_MULTI | TRANS_COUNT);
        if (!read) {
            words_out(&h, plain, SECTOR);
        }
        g_assert_cmpint(invalidate(&h, SLOT), ==, OK);
        assert_violations(&h, "slot-busy", 1);
        if (read) {
            words_in(&h, back, sizeof(back));
            g_assert_true(buffer_is_zero(back + SECTOR, SECTOR));
        } else {
            words_out(&h, plain + SECTOR, SECTOR);
        }
        g_assert_cmphex(hc(&h, SD_STATUS) & (SD_STATUS_DONE |
                                             SD_STATUS_DATA_CRC), ==,
                        SD_STATUS_DATA_CRC);
        g_assert_cmpuint(ledger_records(&h, "T ", "status=icce"), ==, 1);
        g_assert_cmpint(invalidate(&h, SLOT), ==, OK);
        stop_card(&h, "slot-busy", 1);
    }
}

/* Software gives it up: what was moved until then is what is recorded. */
static void test_legacy_abort(void)
{
    uint8_t plain[16 * SECTOR];
    Host h;

    for (unsigned i = 0; i < 3; i++) {
        start_card(&h, "", 4 * SECTOR);
        fill(plain, sizeof(plain), 8);
        crypt_on(&h, SLOT, 40);
        begin(&h, PIO, 25, 0, false, SECTOR, 16, TRANS_MULTI | TRANS_COUNT);
        words_out(&h, plain, 6 * SECTOR);
        if (i == 0) {
            qtest_writeb(h.qts, HC + SD_RESET, SD_RESET_DATA);
        } else if (i == 1) {
            qtest_writeb(h.qts, HC + SD_RESET, SD_RESET_ALL);
        } else {
            qtest_system_reset(h.qts);
        }
        g_assert_cmpuint(ledger_records(&h, "U ", "lba=0 sectors=4 dun=40 "),
                         ==, 1);
        g_assert_cmpuint(ledger_records(&h, "U ", ""), ==, 1);
        g_assert_cmpuint(ledger_records(&h, "T ", "dir=w lba=0 sectors=16"), ==,
                         1);
        g_assert_cmpuint(ledger_records(&h, "T ", "crypt=1 "), ==, 1);
        g_assert_cmpuint(ledger_records(&h, "T ", "status=aborted"), ==, 1);
        g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 0);
        /* That slot is nobody's now. */
        set_clocks(&h, PIN_CORE | PIN_ICE);
        g_assert_cmpint(invalidate(&h, SLOT), ==, OK);
        stop_card(&h, NULL, 0);
    }
}

/* SDHCI is in the middle of its table then, and goes on: nothing is moved. */
static void test_legacy_abandoned(void)
{
    enum { COUNT = 24, LATE = 22 };
    uint8_t plain[COUNT * SECTOR], back[COUNT * SECTOR];
    Host h;

    start_card(&h, "", SECTOR);
    fill(plain, sizeof(plain), 8);
    qtest_memwrite(h.qts, MEM_DATA, plain, sizeof(plain));
    put_table(&h, sizeof(plain));
    begin(&h, ADMA, 25, 0, false, SECTOR, COUNT, TRANS_MULTI | TRANS_COUNT);
    qtest_writeb(h.qts, HC + SD_RESET, SD_RESET_DATA);
    qtest_clock_step(h.qts, 1000000);
    qtest_writeb(h.qts, HC + SD_RESET, SD_RESET_DATA);
    sd_command(&h, 12, 0, 3);
    good(&h, true, 0, back, COUNT);
    g_assert_cmpmem(plain, SECTOR, back, SECTOR);
    g_assert_true(buffer_is_zero(back + LATE * SECTOR,
                                 (COUNT - LATE) * SECTOR));
    g_assert_cmpuint(ledger_records(&h, "T ", "status=aborted"), ==, 1);
    stop_card(&h, NULL, 0);
}

static void test_legacy_ledger(void)
{
    uint8_t plain[16 * SECTOR];
    g_autofree char *key = NULL;
    Host h;

    start_card(&h, "", 8 * SECTOR);
    fill(plain, sizeof(plain), 8);
    key = ledger_key();
    good(&h, false, 5000, plain, 9);
    crypt_on(&h, SLOT, 40);
    good(&h, false, 64, plain, 16);
    good(&h, true, 72, plain, 8);
    g_assert_cmpuint(ledger_records(&h, "U ", " t=1 lba=5000 sectors=8 dun=- "),
                     ==, 1);
    g_assert_cmpuint(ledger_records(&h, "U ", " t=1 lba=5008 sectors=1 dun=- "),
                     ==, 1);
    g_assert_cmpuint(ledger_records(&h, "T ", " t=1 task=legacy dir=w lba=5000 "
                                    "sectors=9 crypt=0 slot=- key=- dun=- "
                                    "dus=- status=ok"), ==, 1);
    g_assert_cmpuint(ledger_records(&h, "U ", " t=2 lba=64 sectors=8 dun=40 "),
                     ==, 1);
    g_assert_cmpuint(ledger_records(&h, "U ", " t=2 lba=72 sectors=8 dun=41 "),
                     ==, 1);
    g_assert_cmpuint(ledger_records(&h, "T ", " t=2 task=legacy dir=w lba=64 "
                                    "sectors=16 crypt=1 slot=3 key="), ==, 1);
    g_assert_cmpuint(ledger_records(&h, "U ", " t=3 lba=72 sectors=8 dun=40 "),
                     ==, 1);
    g_assert_cmpuint(ledger_records(&h, "T ", " t=3 task=legacy dir=r lba=72 "
                                    "sectors=8 crypt=1 slot=3 key="), ==, 1);
    g_assert_cmpuint(ledger_records(&h, "T ", key), ==, 2);
    g_assert_cmpuint(ledger_records(&h, "T ", " dun=40 dus=4096 status=ok"), ==,
                     2);
    g_assert_cmpuint(ledger_records(&h, "U ", ""), ==, 5);
    g_assert_cmpuint(ledger_records(&h, "T ", ""), ==, 3);
    /* Only the end of it tells how long it is. */
    crypt_off(&h);
    g_assert_cmphex(move(&h, ADMA, 25, 6000, false, SECTOR, 2, TRANS_MULTI,
                         plain) & SD_STATUS_ERROR, ==, 0);
    g_assert_cmpuint(ledger_records(&h, "T ", " t=4 task=legacy dir=w lba=6000 "
                                    "sectors=2 crypt=0 "), ==, 1);
    stop_card(&h, NULL, 0);
}

static void test_legacy_faults(void)
{
    uint8_t plain[SECTOR], back[SECTOR], both[2 * SECTOR];
    Host h;

    start_card(&h, "", SECTOR);
    fill(plain, SECTOR, 8);
    crypt_on(&h, SLOT, 0);

    /* No response, encrypted or not; and the next one is good */
    for (unsigned i = 0; i < 2; i++) {
        arm(&h, "legacy-cmd");
        refused(&h, false, 0, plain, 1);
        good(&h, false, 0, plain, 1);
        crypt_off(&h);
    }
    g_assert_cmpuint(qom_get(h.qts, "host0", "fault-legacy-cmd-fired"), ==, 2);

    /* The data was moved, but nobody must believe it; the card has it */
    crypt_on(&h, SLOT, 0);
    arm(&h, "legacy-data");
    g_assert_cmphex(sectors(&h, ADMA, SINGLE, true, 0, back, 1) &
                    (SD_STATUS_DONE | SD_STATUS_DATA_CRC), ==,
                    SD_STATUS_DATA_CRC);
    g_assert_true(buffer_is_zero(back, SECTOR));
    good(&h, true, 0, back, 1);
    arm(&h, "legacy-data");
    g_assert_cmphex(sectors(&h, ADMA, SINGLE, false, 1, plain, 1) &
                    (SD_STATUS_DONE | SD_STATUS_DATA_CRC), ==,
                    SD_STATUS_DATA_CRC);
    good(&h, true, 1, back, 1);
    g_assert_cmpmem(plain, SECTOR, back, SECTOR);
    g_assert_cmpuint(qom_get(h.qts, "host0", "fault-legacy-data-fired"), ==, 2);
    g_assert_cmpuint(ledger_records(&h, "T ", "crypt=1 "), ==, 5);
    g_assert_cmpuint(ledger_records(&h, "T ", "status=card"), ==, 4);
    g_assert_cmpuint(counter(&h, "legacy-transfers"), ==, 8);
    g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 3);

    /* Of what is written, the card gets all but the last sector. */
    fill(both, sizeof(both), 9);
    arm(&h, "legacy-cut");
    good(&h, true, 1, back, 1);
    g_assert_cmphex(sectors(&h, ADMA, OPEN, false, 20, both, 2) &
                    (SD_STATUS_DONE | SD_STATUS_DATA_CRC), ==,
                    SD_STATUS_DATA_CRC);
    assert_fired(&h, "legacy-cut");
    good(&h, true, 20, back, 1);
    g_assert_cmpmem(both, SECTOR, back, SECTOR);
    crypt_off(&h);
    good(&h, true, 21, back, 1);
    g_assert_true(buffer_is_zero(back, SECTOR));

    /* Transfers that do not have the sector, or no sectors, are spared. */
    qom_set(h.qts, "host0", "fault-sector", 50);
    arm(&h, "legacy-cmd");
    good(&h, false, 49, plain, 1);
    good(&h, false, 51, plain, 1);
    refused(&h, false, 50, plain, 1);
    qom_set(h.qts, "host0", "fault-sector", 0);
    arm(&h, "legacy-cmd");
    crypt_off(&h);
    g_assert_cmphex(move(&h, ADMA, 8, 0, true, SECTOR, 1, 0, back) &
                    SD_STATUS_ERROR, ==, 0);
    refused(&h, false, 50, plain, 1);

    /* Keys are lost before the next transfer that needs one. */
    arm(&h, "legacy-keys-lost");
    good(&h, true, 0, back, 1);
    g_assert_cmpuint(counter(&h, "keys-lost"), ==, 0);
    crypt_on(&h, SLOT, 0);
    refused(&h, true, 0, back, 1);
    assert_fired(&h, "legacy-keys-lost");
    g_assert_cmpuint(counter(&h, "keys-lost"), ==, 1);
    refused(&h, true, 0, back, 1);
    g_assert_cmpint(set(&h, SLOT, MEM_KEY, 64), ==, OK);
    good(&h, true, 1, back, 1);
    g_assert_cmpmem(plain, SECTOR, back, SECTOR);
    stop_card(&h, NULL, 0);
}

/* The card moves nothing, though it answers; or it does not answer */
static void test_legacy_card_fails(void)
{
    uint8_t data[SECTOR] = { 1 };
    Host h;

    start_card(&h, "", SECTOR);
    crypt_on(&h, SLOT, 0);
    for (unsigned read = 0; read < 2; read++) {
        qom_set(h.qts, "card0", read ? "fault-data-read" : "fault-data-write",
                1);
        sectors(&h, ADMA, SINGLE, read, 0, data, 1);
    }
    qom_set(h.qts, "card0", "fault-command", 1);
    g_assert_cmphex(sectors(&h, ADMA, SINGLE, true, 0, data, 1) &
                    SD_STATUS_CMD_TO, !=, 0);
    g_assert_cmpuint(ledger_records(&h, "U ", ""), ==, 0);
    g_assert_cmpuint(ledger_records(&h, "T ", "crypt=0 slot=3 "), ==, 3);
    g_assert_cmpuint(ledger_records(&h, "T ", "status=card"), ==, 2);
    g_assert_cmpuint(ledger_records(&h, "T ", "status=aborted"), ==, 1);
    stop_card(&h, NULL, 0);
}

static void test_legacy_absent(void)
{
    uint8_t plain[SECTOR], back[SECTOR];
    Host h;

    start_card(&h, ",x-legacy-crypto=off", SECTOR);
    fill(plain, SECTOR, 8);
    hc_set(&h, LEGACY_FORBID, LEGACY_FORBIDDEN);
    g_assert_cmphex(hc(&h, LEGACY_FORBID), ==, 0);
    qtest_writel(h.qts, CQE + LEGACY, 5);
    qtest_writel(h.qts, CQE + LEGACY_DUN, 5);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY), ==, 0);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY_DUN), ==, 0);
    assert_violations(&h, NULL, 0);
    crypt_on(&h, SLOT, 0);
    g_assert_cmphex(qtest_readl(h.qts, CQE + LEGACY), ==, 0);
    good(&h, false, 0, plain, 1);
    good(&h, true, 0, back, 1);
    g_assert_cmpmem(plain, SECTOR, back, SECTOR);
    g_assert_cmpuint(counter(&h, "legacy-transfers"), ==, 2);
    g_assert_cmpuint(counter(&h, "legacy-encrypted"), ==, 0);
    stop_card(&h, "legacy-crypto", 1);
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
    g_autofree char *key = ledger_key();
    g_autofree char *text = g_strdup_printf("slot=31 %s enable=1 dus=4096",
                                            key);
    Host h;

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
    qtest_add_func("sdhci-msm/legacy-registers", test_legacy_registers);
    qtest_add_func("sdhci-msm/legacy-vector", test_legacy_vector);
    qtest_add_func("sdhci-msm/legacy-moves", test_legacy_moves);
    qtest_add_func("sdhci-msm/legacy-sticky", test_legacy_sticky);
    qtest_add_func("sdhci-msm/legacy-commands", test_legacy_commands);
    qtest_add_func("sdhci-msm/legacy-switches", test_legacy_switches);
    qtest_add_func("sdhci-msm/legacy-and-queue", test_legacy_and_queue);
    qtest_add_func("sdhci-msm/legacy-no-key", test_legacy_no_key);
    qtest_add_func("sdhci-msm/legacy-length", test_legacy_length);
    qtest_add_func("sdhci-msm/legacy-dun", test_legacy_dun);
    qtest_add_func("sdhci-msm/legacy-busy", test_legacy_busy);
    qtest_add_func("sdhci-msm/legacy-abort", test_legacy_abort);
    qtest_add_func("sdhci-msm/legacy-abandoned", test_legacy_abandoned);
    qtest_add_func("sdhci-msm/legacy-ledger", test_legacy_ledger);
    qtest_add_func("sdhci-msm/legacy-faults", test_legacy_faults);
    qtest_add_func("sdhci-msm/legacy-card-fails", test_legacy_card_fails);
    qtest_add_func("sdhci-msm/legacy-absent", test_legacy_absent);
    qtest_add_func("sdhci-msm/scm-available", test_scm_available);
    qtest_add_func("sdhci-msm/scm-keys", test_scm_keys);
    qtest_add_func("sdhci-msm/scm-wrong", test_scm_wrong);
    qtest_add_func("sdhci-msm/scm-faults", test_scm_faults);
    qtest_add_func("sdhci-msm/keys-lost", test_keys_lost);
    return g_test_run();
}
