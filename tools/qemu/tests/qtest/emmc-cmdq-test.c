/*
 * QTest testcases for the eMMC card and its command queue
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Drives the card through the registers of an ordinary SDHCI, command by
 * command, so that nothing but the card is under test. Add a case here for
 * whatever the card is taught; each must fail when that part of the model is
 * broken.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pci/pci_regs.h"
#include "libqtest.h"
#include "libqos/generic-pcihost.h"
#include "libqos/pci.h"
#include "qobject/qdict.h"

#define SECTOR              512
#define USER_SIZE           (4 * GiB)
#define BOOT_SIZE           (1 * MiB)
#define RCA                 7
#define SLOT                QPCI_DEVFN(3, 0)
#define DMA                 0x48000000

/* SDHCI */
#define SDMA_ADDRESS        0x00
#define BLOCK_SIZE          0x04
#define BLOCK_COUNT         0x06
#define ARGUMENT            0x08
#define TRANSFER_MODE       0x0c
#define COMMAND             0x0e
#define RESPONSE            0x10
#define POWER_CONTROL       0x29
#define CLOCK_CONTROL       0x2c
#define INT_STATUS          0x30
#define ERR_STATUS          0x32
#define INT_ENABLE          0x34
#define ERR_ENABLE          0x36

#define MODE_DMA            BIT(0)
#define MODE_COUNT          BIT(1)
#define MODE_READ           BIT(4)
#define MODE_MULTI          BIT(5)
#define BOUNDARY_512K       (7 << 12)
#define INT_COMMAND         BIT(0)
#define INT_TRANSFER        BIT(1)
#define INT_ERROR           BIT(15)
#define ERR_COMMAND_TIMEOUT BIT(0)

enum { NO_RSP, R2, R1, R1B, R3 = R1 };
#define WITH_DATA           BIT(5)

/* Status */
#define OUT_OF_RANGE        BIT(31)
#define ADDRESS_MISALIGN    BIT(30)
#define ERASE_SEQ_ERROR     BIT(28)
#define ERASE_PARAM         BIT(27)
#define COM_CRC_ERROR       BIT(23)
#define ILLEGAL             BIT(22)
#define ECC_FAILED          BIT(21)
#define GENERAL_ERROR       BIT(19)
#define ERASE_RESET         BIT(13)
#define STATE(r1)           extract32(r1, 9, 4)
#define READY               BIT(8)
#define SWITCH_ERROR        BIT(7)
#define ERRORS              0xfff9e080
enum { STBY = 3, TRAN = 4, DATA = 5, RCV = 6 };

/* EXT_CSD */
#define CMDQ_MODE_EN        15
#define FLUSH_CACHE         32
#define CACHE_CTRL          33
#define PARTITION_CONFIG    179
#define BUS_WIDTH           183
#define HS_TIMING           185

#define TASK_READ           BIT(30)
#define SQS                 BIT(15)

typedef struct Card {
    QTestState *qts;
    QGenericPCIBus bus;
    QPCIDevice *pci;
    QPCIBar bar;
    char *image;
    char *ledger;
} Card;

static Card *card_start(const char *props, uint64_t size)
{
    Card *c = g_new0(Card, 1);
    int fd;

    fd = g_file_open_tmp("emmc-test-XXXXXX.img", &c->image, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    close(fd);
    c->ledger = g_strconcat(c->image, ".ledger", NULL);

    c->qts = qtest_initf("-M virt -m 256M -nodefaults"
                         " -device sdhci-pci,id=host0,addr=3"
                         " -drive if=none,id=d0,format=raw,discard=unmap,"
                         "file=%s -device emmc,id=card0,drive=d0,ledger=%s%s",
                         c->image, c->ledger, props);
    qpci_init_generic(&c->bus, c->qts, NULL, false);
    c->pci = qpci_device_find(&c->bus.bus, SLOT);
    g_assert_nonnull(c->pci);
    qpci_device_enable(c->pci);
    c->bar = qpci_iomap(c->pci, 0, NULL);

    qpci_io_writeb(c->pci, c->bar, POWER_CONTROL, 0x0f);
    qpci_io_writew(c->pci, c->bar, CLOCK_CONTROL, 0x0007);
    qpci_io_writew(c->pci, c->bar, INT_ENABLE, 0x00ff);
    qpci_io_writew(c->pci, c->bar, ERR_ENABLE, 0xffff);
    return c;
}

/* Ends QEMU in good order and returns the ledger */
static char *card_stop(Card *c)
{
    char *text;

    g_free(c->pci);
    qtest_qmp_assert_success(c->qts, "{ 'execute': 'quit' }");
    qtest_wait_qemu(c->qts);
    qtest_quit(c->qts);

    g_assert_true(g_file_get_contents(c->ledger, &text, NULL, NULL));
    unlink(c->ledger);
    unlink(c->image);
    g_free(c->ledger);
    g_free(c->image);
    g_free(c);
    return text;
}

static void card_end(Card *c)
{
    g_free(card_stop(c));
}

static uint64_t card_get(Card *c, const char *property)
{
    QDict *rsp = qtest_qmp(c->qts, "{ 'execute': 'qom-get', 'arguments': {"
                           " 'path': '/machine/peripheral/card0',"
                           " 'property': %s } }", property);
    uint64_t value;

    g_assert_true(qdict_haskey(rsp, "return"));
    value = qdict_get_int(rsp, "return");
    qobject_unref(rsp);
    return value;
}

static void card_arm(Card *c, const char *fault, int n)
{
    qtest_qmp_assert_success(c->qts, "{ 'execute': 'qom-set', 'arguments': {"
                             " 'path': '/machine/peripheral/card0',"
                             " 'property': %s, 'value': %d } }", fault, n);
}

/* A command's response, or false if there was none in time */
static bool command(Card *c, unsigned index, uint32_t arg, unsigned flags,
                    uint32_t *r1)
{
    uint16_t status;

    qpci_io_writel(c->pci, c->bar, ARGUMENT, arg);
    qpci_io_writew(c->pci, c->bar, COMMAND, index << 8 | flags);
    status = qpci_io_readw(c->pci, c->bar, INT_STATUS);
    g_assert_cmphex(status & INT_COMMAND, ==, INT_COMMAND);
    qpci_io_writew(c->pci, c->bar, INT_STATUS, status);
    if (status & INT_ERROR) {
        g_assert_cmphex(qpci_io_readw(c->pci, c->bar, ERR_STATUS), ==,
                        ERR_COMMAND_TIMEOUT);
        qpci_io_writew(c->pci, c->bar, ERR_STATUS, ERR_COMMAND_TIMEOUT);
        return false;
    }
    if (flags & WITH_DATA) {
        g_assert_cmphex(status & INT_TRANSFER, ==, INT_TRANSFER);
    }
    *r1 = qpci_io_readl(c->pci, c->bar, RESPONSE);
    return true;
}

static uint32_t ok(Card *c, unsigned index, uint32_t arg, unsigned flags)
{
    uint32_t r1 = 0;

    g_assert_true(command(c, index, arg, flags, &r1));
    return r1;
}

static uint32_t status(Card *c)
{
    return ok(c, 13, RCA << 16, R1);
}

/* No response, the reason in the next one, and the violation counted once */
static void illegal(Card *c, unsigned index, uint32_t arg,
                    const char *violation)
{
    uint64_t before = card_get(c, violation);
    uint32_t r1;

    g_assert_false(command(c, index, arg, R1, &r1));
    g_assert_cmphex(status(c) & ERRORS, ==, ILLEGAL);
    g_assert_cmphex(status(c) & ERRORS, ==, 0);
    g_assert_cmpuint(card_get(c, violation), ==, before + 1);
}

static void setup_data(Card *c, bool read, unsigned size, unsigned blocks)
{
    qpci_io_writel(c->pci, c->bar, SDMA_ADDRESS, DMA);
    qpci_io_writew(c->pci, c->bar, BLOCK_SIZE, size | BOUNDARY_512K);
    qpci_io_writew(c->pci, c->bar, BLOCK_COUNT, blocks);
    qpci_io_writew(c->pci, c->bar, TRANSFER_MODE, MODE_DMA | MODE_COUNT |
                   (read ? MODE_READ : 0) | (blocks > 1 ? MODE_MULTI : 0));
}

static uint32_t read_data(Card *c, unsigned index, uint32_t arg, void *data,
                          unsigned size, unsigned blocks)
{
    uint32_t r1;

    qtest_memset(c->qts, DMA, 0xa5, size * blocks);
    setup_data(c, true, size, blocks);
    r1 = ok(c, index, arg, R1 | WITH_DATA);
    qtest_memread(c->qts, DMA, data, size * blocks);
    return r1;
}

static uint32_t write_data(Card *c, unsigned index, uint32_t arg,
                           const void *data, unsigned size, unsigned blocks)
{
    qtest_memwrite(c->qts, DMA, data, size * blocks);
    setup_data(c, false, size, blocks);
    return ok(c, index, arg, R1 | WITH_DATA);
}

/* No two sectors alike, whatever seed and number */
static void *pattern(uint32_t seed, unsigned sectors)
{
    uint32_t *data = g_malloc(sectors * SECTOR);

    for (unsigned i = 0; i < sectors * SECTOR / 4; i++) {
        data[i] = seed * 0x9e3779b9 + i * 0x85ebca6b;
    }
    return data;
}

static void image_read(Card *c, uint64_t offset, void *data, size_t size)
{
    int fd = open(c->image, O_RDONLY);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pread(fd, data, size, offset), ==, size);
    close(fd);
}

static void assert_image(Card *c, uint64_t sector, const void *expected,
                         unsigned sectors)
{
    g_autofree uint8_t *found = g_malloc(sectors * SECTOR);

    image_read(c, sector * SECTOR, found, sectors * SECTOR);
    g_assert_cmpmem(found, sectors * SECTOR, expected, sectors * SECTOR);
}

static void assert_zero(Card *c, uint64_t sector, unsigned sectors)
{
    g_autofree uint8_t *zero = g_malloc0(sectors * SECTOR);

    assert_image(c, sector, zero, sectors);
}

/* Returns the status of the command after the next one, where refusal shows */
static uint32_t mode_write(Card *c, uint8_t index, uint8_t value)
{
    uint32_t r1 = ok(c, 6, 3 << 24 | index << 16 | value << 8, R1B);

    g_assert_cmphex(r1 & ERRORS, ==, 0);
    return status(c) & ERRORS;
}

static void set_mode(Card *c, uint8_t index, uint8_t value)
{
    g_assert_cmphex(mode_write(c, index, value), ==, 0);
}

static void read_ext_csd(Card *c, uint8_t *ext_csd)
{
    g_assert_cmphex(read_data(c, 8, 0, ext_csd, SECTOR, 1) & ERRORS, ==, 0);
}

static void identify(Card *c)
{
    uint32_t r1;

    command(c, 0, 0, NO_RSP, &r1);
    ok(c, 1, 0x40ff8080, R3);
    ok(c, 2, 0, R2);
    ok(c, 3, RCA << 16, R1);
    ok(c, 7, RCA << 16, R1);
    g_assert_cmpint(STATE(status(c)), ==, TRAN);
}

static Card *card_ready(const char *props)
{
    Card *c = card_start(props, USER_SIZE);

    identify(c);
    return c;
}

static Card *card_queueing(const char *props)
{
    Card *c = card_ready(props);

    set_mode(c, CMDQ_MODE_EN, 1);
    return c;
}

static void queue_task(Card *c, unsigned id, uint32_t flags, uint32_t sector,
                       unsigned sectors)
{
    g_assert_cmphex(ok(c, 44, flags | id << 16 | sectors, R1) & ERRORS, ==, 0);
    g_assert_cmphex(ok(c, 45, sector, R1) & ERRORS, ==, 0);
}

static uint32_t queue_status(Card *c)
{
    return ok(c, 13, RCA << 16 | SQS, R1);
}

static void test_identify(void)
{
    Card *c = card_start("", USER_SIZE);
    uint32_t r1;

    g_assert_true(!command(c, 8, 0x1aa, R1, &r1));
    g_assert_true(!command(c, 55, 0, R1, &r1));
    g_assert_cmpuint(card_get(c, "stat-probes"), ==, 2);
    g_assert_cmpuint(card_get(c, "stat-violation-command"), ==, 0);

    command(c, 0, 0, NO_RSP, &r1);
    /* A question leaves the card idle; it is sector addressed, and ready */
    g_assert_cmphex(ok(c, 1, 0, R3), ==, 0xc0ff8080);
    g_assert_cmphex(ok(c, 1, 0x40ff8080, R3), ==, 0xc0ff8080);
    ok(c, 2, 0, R2);
    /* PRV and PSN, in the register's last bytes */
    g_assert_cmphex(qpci_io_readl(c->pci, c->bar, RESPONSE) >> 8 & 0xffffff,
                    ==, 0xc0de01 & 0xffffff);
    ok(c, 3, RCA << 16, R1);
    g_assert_cmpint(STATE(status(c)), ==, STBY);
    ok(c, 9, RCA << 16, R2);
    /* CSD_STRUCTURE 3, SPEC_VERS 4, C_SIZE at its end */
    g_assert_cmphex(qpci_io_readl(c->pci, c->bar, RESPONSE + 12) >> 16 & 0xfc,
                    ==, 0xd0);
    g_assert_cmphex(qpci_io_readl(c->pci, c->bar, RESPONSE + 4) >> 22, ==,
                    0x3ff);
    /* Not for this card */
    g_assert_false(command(c, 13, (RCA + 1) << 16, R1, &r1));
    ok(c, 7, RCA << 16, R1);
    r1 = status(c);
    g_assert_cmpint(STATE(r1), ==, TRAN);
    g_assert_cmphex(r1 & (ERRORS | READY), ==, READY);

    illegal(c, 2, 0, "stat-violation-command");
    illegal(c, 56, 0, "stat-violation-command");

    /* Asleep, the card hears nothing but CMD5 and CMD0 */
    command(c, 7, 0, NO_RSP, &r1);
    g_assert_cmpint(STATE(status(c)), ==, STBY);
    ok(c, 5, RCA << 16 | BIT(15), R1B);
    g_assert_false(command(c, 13, RCA << 16, R1, &r1));
    ok(c, 5, RCA << 16, R1B);
    g_assert_cmpint(STATE(status(c)), ==, STBY);
    g_assert_cmpuint(card_get(c, "stat-sleeps"), ==, 1);
    g_assert_cmpuint(card_get(c, "stat-awakes"), ==, 1);
    card_end(c);
}

static void test_ext_csd(void)
{
    uint8_t e[512];
    Card *c = card_ready(",cmdq-depth=24,cache-size=64K,rel-wr-sec=8,"
                         "enhanced-rel-wr=off");

    read_ext_csd(c, e);
    g_assert_cmpint(e[192], ==, 8);             /* EXT_CSD_REV */
    g_assert_cmpint(e[307], ==, 23);            /* CMDQ_DEPTH */
    g_assert_cmpint(e[308], ==, 1);             /* CMDQ_SUPPORT */
    g_assert_cmpint(ldl_le_p(e + 212), ==, USER_SIZE / SECTOR);
    g_assert_cmpint(ldl_le_p(e + 249), ==, 64 * 8);
    g_assert_cmpint(e[222], ==, 8);             /* REL_WR_SEC_C */
    g_assert_cmpint(e[166], ==, 0);             /* WR_REL_PARAM */
    g_assert_cmpint(e[168], ==, 0);             /* RPMB_SIZE_MULT */
    g_assert_cmpint(e[181], ==, 0);             /* ERASED_MEM_CONT */
    g_assert_cmpint(e[162], ==, 1);             /* RST_n_FUNCTION */
    g_assert_cmpint(e[248], !=, 0);             /* GENERIC_CMD6_TIME */
    g_assert_cmpint(e[CMDQ_MODE_EN], ==, 0);
    card_end(c);

    c = card_ready(",cmdq=off");
    read_ext_csd(c, e);
    g_assert_cmpint(e[308], ==, 0);
    g_assert_cmphex(mode_write(c, CMDQ_MODE_EN, 1), ==, SWITCH_ERROR);
    illegal(c, 44, 1, "stat-violation-command");
    card_end(c);
}

static void test_switch(void)
{
    uint8_t e[512];
    Card *c = card_ready("");

    set_mode(c, HS_TIMING, 1);
    set_mode(c, BUS_WIDTH, 2);
    set_mode(c, CACHE_CTRL, 1);
    set_mode(c, FLUSH_CACHE, 1);
    g_assert_cmpuint(card_get(c, "stat-flushes"), ==, 1);
    set_mode(c, CMDQ_MODE_EN, 1);
    read_ext_csd(c, e);
    g_assert_cmpint(e[HS_TIMING], ==, 1);
    g_assert_cmpint(e[CACHE_CTRL], ==, 1);
    g_assert_cmpint(e[FLUSH_CACHE], ==, 0);
    g_assert_cmpint(e[CMDQ_MODE_EN], ==, 1);
    g_assert_cmpuint(card_get(c, "stat-cmdq-enables"), ==, 1);
    g_assert_cmpuint(card_get(c, "stat-switch-errors"), ==, 0);

    /* Clear bits, then set them again */
    ok(c, 6, 2 << 24 | CACHE_CTRL << 16 | 1 << 8, R1B);
    read_ext_csd(c, e);
    g_assert_cmpint(e[CACHE_CTRL], ==, 0);
    g_assert_cmpuint(card_get(c, "stat-flushes"), ==, 2);
    ok(c, 6, 1 << 24 | CACHE_CTRL << 16 | 1 << 8, R1B);
    read_ext_csd(c, e);
    g_assert_cmpint(e[CACHE_CTRL], ==, 1);

    /* Refused: no such mode, a property, a reserved bit, no such partition */
    g_assert_cmphex(mode_write(c, 100, 1), ==, SWITCH_ERROR);
    g_assert_cmphex(mode_write(c, 192, 1), ==, SWITCH_ERROR);
    g_assert_cmphex(mode_write(c, CMDQ_MODE_EN, 2), ==, SWITCH_ERROR);
    g_assert_cmpuint(card_get(c, "stat-violation-ext-csd"), ==, 3);
    g_assert_cmphex(mode_write(c, PARTITION_CONFIG, 1), ==, SWITCH_ERROR);
    g_assert_cmphex(mode_write(c, PARTITION_CONFIG, 3), ==, SWITCH_ERROR);
    g_assert_cmphex(mode_write(c, PARTITION_CONFIG, 4), ==, SWITCH_ERROR);
    g_assert_cmphex(mode_write(c, HS_TIMING, 4), ==, SWITCH_ERROR);
    g_assert_cmpuint(card_get(c, "stat-switch-errors"), ==, 7);
    read_ext_csd(c, e);
    g_assert_cmpint(e[PARTITION_CONFIG], ==, 0);
    g_assert_cmpint(e[HS_TIMING], ==, 1);
    g_assert_cmpint(e[CMDQ_MODE_EN], ==, 1);

    /* What a reset takes back */
    identify(c);
    read_ext_csd(c, e);
    g_assert_cmpint(e[CMDQ_MODE_EN], ==, 0);
    g_assert_cmpint(e[CACHE_CTRL], ==, 0);
    g_assert_cmpint(e[HS_TIMING], ==, 0);
    card_end(c);
}

static void test_legacy(void)
{
    Card *c = card_ready("");
    g_autofree void *one = pattern(1, 1);
    g_autofree void *many = pattern(2, 300);
    g_autofree void *back = g_malloc(300 * SECTOR);
    const uint32_t last = USER_SIZE / SECTOR - 1;

    write_data(c, 24, last, one, SECTOR, 1);
    assert_image(c, last, one, 1);
    read_data(c, 17, last, back, SECTOR, 1);
    g_assert_cmpmem(back, SECTOR, one, SECTOR);

    /* Counted by CMD23: more than one run and not a whole number of them */
    ok(c, 23, 300, R1);
    write_data(c, 25, 5, many, SECTOR, 300);
    g_assert_cmpint(STATE(status(c)), ==, TRAN);
    assert_image(c, 5, many, 300);
    ok(c, 23, 300, R1);
    read_data(c, 18, 5, back, SECTOR, 300);
    g_assert_cmpint(STATE(status(c)), ==, TRAN);
    g_assert_cmpmem(back, 300 * SECTOR, many, 300 * SECTOR);

    /* Open ended, until CMD12; CMD23 counts for one command only */
    write_data(c, 25, 1000, many, SECTOR, 3);
    g_assert_cmpint(STATE(status(c)), ==, RCV);
    ok(c, 12, 0, R1B);
    assert_image(c, 1000, many, 3);
    read_data(c, 18, 1000, back, SECTOR, 2);
    g_assert_cmpint(STATE(status(c)), ==, DATA);
    ok(c, 12, 0, R1);
    g_assert_cmpmem(back, 2 * SECTOR, many, 2 * SECTOR);
    g_assert_cmpint(STATE(status(c)), ==, TRAN);

    g_assert_cmpuint(card_get(c, "stat-write-sectors"), ==, 1 + 300 + 3);
    g_assert_cmpuint(card_get(c, "stat-read-sectors"), ==, 1 + 300 + 2);
    g_assert_cmpuint(card_get(c, "stat-writes"), ==, 3);
    g_assert_cmpuint(card_get(c, "stat-reads"), ==, 3);

    /* Beyond the end: one that begins there, one that runs into it */
    g_assert_cmphex(ok(c, 17, last + 1, R1) & ERRORS, ==, OUT_OF_RANGE);
    ok(c, 23, 2, R1);
    g_assert_cmphex(ok(c, 25, last, R1) & ERRORS, ==, OUT_OF_RANGE);
    g_assert_cmpuint(card_get(c, "stat-violation-address"), ==, 2);
    write_data(c, 25, last, many, SECTOR, 2);
    g_assert_cmphex(ok(c, 12, 0, R1B) & ERRORS, ==, OUT_OF_RANGE);
    g_assert_cmpuint(card_get(c, "stat-violation-address"), ==, 3);
    assert_image(c, last, many, 1);

    /* More data than CMD23 said, and fewer */
    ok(c, 23, 2, R1);
    write_data(c, 25, 2000, many, SECTOR, 3);
    g_assert_cmpuint(card_get(c, "stat-violation-data"), ==, 1);
    assert_zero(c, 2002, 1);
    ok(c, 23, 3, R1);
    write_data(c, 25, 2000, many, SECTOR, 2);
    ok(c, 12, 0, R1B);
    g_assert_cmpuint(card_get(c, "stat-violation-block-count"), ==, 1);

    /* All or nothing is promised for one sector and for eight */
    g_assert_cmpuint(card_get(c, "stat-reliable-writes"), ==, 0);
    ok(c, 23, BIT(31) | 3, R1);
    write_data(c, 25, 3000, many, SECTOR, 3);
    g_assert_cmpuint(card_get(c, "stat-reliable-writes"), ==, 1);
    g_assert_cmpuint(card_get(c, "stat-violation-reliable-write"), ==, 0);
    card_end(c);
}

static void test_reliable_write(void)
{
    Card *c = card_ready(",rel-wr-sec=8,enhanced-rel-wr=off");
    g_autofree void *data = pattern(3, 8);

    ok(c, 23, BIT(31) | 8, R1);
    write_data(c, 25, 64, data, SECTOR, 8);
    ok(c, 23, BIT(31) | 1, R1);
    write_data(c, 25, 65, data, SECTOR, 1);
    g_assert_cmpuint(card_get(c, "stat-violation-reliable-write"), ==, 0);
    ok(c, 23, BIT(31) | 8, R1);
    write_data(c, 25, 65, data, SECTOR, 8);
    ok(c, 23, BIT(31) | 4, R1);
    write_data(c, 25, 64, data, SECTOR, 4);
    g_assert_cmpuint(card_get(c, "stat-violation-reliable-write"), ==, 2);
    g_assert_cmpuint(card_get(c, "stat-reliable-writes"), ==, 4);
    card_end(c);
}

static void test_small_card(void)
{
    Card *c = card_start("", 64 * MiB);
    g_autofree void *data = pattern(4, 1);
    uint32_t r1;

    command(c, 0, 0, NO_RSP, &r1);
    g_assert_cmphex(ok(c, 1, 0x40ff8080, R3), ==, 0x80ff8080);
    ok(c, 2, 0, R2);
    ok(c, 3, RCA << 16, R1);
    ok(c, 9, RCA << 16, R2);
    /* C_SIZE, bits 73 to 62: 256 units of 256 KiB */
    g_assert_cmphex(qpci_io_readl(c->pci, c->bar, RESPONSE + 4) >> 22 |
                    (qpci_io_readl(c->pci, c->bar, RESPONSE + 8) & 3) << 10,
                    ==, 255);
    ok(c, 7, RCA << 16, R1);
    /* Byte addresses */
    write_data(c, 24, 3 * SECTOR, data, SECTOR, 1);
    assert_image(c, 3, data, 1);
    g_assert_cmphex(ok(c, 17, 3, R1) & ERRORS, ==, ADDRESS_MISALIGN);
    card_end(c);
}

static void test_queue(void)
{
    Card *c = card_queueing("");
    const unsigned sectors = 200;
    void *data[32];
    g_autofree void *back = g_malloc(sectors * SECTOR);

    for (unsigned i = 0; i < 32; i++) {
        data[i] = pattern(100 + i, sectors);
        queue_task(c, i, 0, 10000 + i * sectors, sectors);
        g_assert_cmphex(queue_status(c), ==, i < 31 ? BIT(i + 1) - 1
                                                    : UINT32_MAX);
    }
    g_assert_cmpuint(card_get(c, "stat-queue-depth-max"), ==, 32);

    /* Any order will do, and each moves only its own data */
    for (unsigned i = 0; i < 32; i++) {
        unsigned id = (i * 13 + 5) % 32;

        g_assert_cmphex(write_data(c, 47, id << 16, data[id], SECTOR,
                                   sectors) & ERRORS, ==, 0);
        g_assert_cmphex(queue_status(c) & BIT(id), ==, 0);
        assert_image(c, 10000 + id * sectors, data[id], sectors);
    }
    g_assert_cmphex(queue_status(c), ==, 0);
    g_assert_cmpuint(card_get(c, "stat-tasks-executed"), ==, 32);

    for (unsigned i = 0; i < 32; i++) {
        queue_task(c, i, TASK_READ, 10000 + (31 - i) * sectors, sectors);
    }
    for (unsigned i = 0; i < 32; i++) {
        read_data(c, 46, i << 16, back, SECTOR, sectors);
        g_assert_cmpmem(back, sectors * SECTOR, data[31 - i],
                        sectors * SECTOR);
    }
    g_assert_cmpuint(card_get(c, "stat-tasks-queued"), ==, 64);
    g_assert_cmpuint(card_get(c, "stat-tasks-executed"), ==, 64);
    g_assert_cmpuint(card_get(c, "stat-write-sectors"), ==, 32 * sectors);

    /* Reliable write and forced programming */
    queue_task(c, 3, BIT(31), 5, 1);
    write_data(c, 47, 3 << 16, data[0], SECTOR, 1);
    queue_task(c, 3, BIT(24), 5, 1);
    write_data(c, 47, 3 << 16, data[0], SECTOR, 1);
    g_assert_cmpuint(card_get(c, "stat-reliable-writes"), ==, 1);
    g_assert_cmpuint(card_get(c, "stat-forced-writes"), ==, 1);

    for (unsigned i = 0; i < 32; i++) {
        g_free(data[i]);
    }
    card_end(c);
}

static void test_queue_rules(void)
{
    Card *c = card_ready(",cmdq-depth=8");
    g_autofree void *data = pattern(5, 4);
    uint32_t r1;

    /* Nothing of it while the queue is off */
    illegal(c, 44, 1, "stat-violation-cmdq-off");
    illegal(c, 13, RCA << 16 | SQS, "stat-violation-cmdq-off");
    illegal(c, 48, 1, "stat-violation-cmdq-off");

    set_mode(c, CMDQ_MODE_EN, 1);
    illegal(c, 17, 0, "stat-violation-cmdq-legacy-data");
    illegal(c, 18, 0, "stat-violation-cmdq-legacy-data");
    illegal(c, 23, 1, "stat-violation-cmdq-legacy-data");
    illegal(c, 24, 0, "stat-violation-cmdq-legacy-data");
    illegal(c, 25, 0, "stat-violation-cmdq-legacy-data");

    illegal(c, 44, 8 << 16 | 1, "stat-violation-task-id");
    illegal(c, 44, 2 << 16, "stat-violation-block-count");
    illegal(c, 45, 0, "stat-violation-task-sequence");
    /* The pair does not survive another command */
    ok(c, 44, 2 << 16 | 1, R1);
    ok(c, 48, 1, R1B);
    illegal(c, 45, 0, "stat-violation-task-sequence");

    /* A task that does not fit is not queued */
    ok(c, 44, 2 << 16 | 2, R1);
    g_assert_cmphex(ok(c, 45, USER_SIZE / SECTOR - 1, R1) & ERRORS, ==,
                    OUT_OF_RANGE);
    g_assert_cmphex(queue_status(c), ==, 0);

    queue_task(c, 2, 0, 70, 4);
    illegal(c, 44, 2 << 16 | 1, "stat-violation-task-busy");
    illegal(c, 46, 2 << 16, "stat-violation-task-direction");
    illegal(c, 47, 3 << 16, "stat-violation-task-not-ready");
    illegal(c, 6, 3 << 24 | CACHE_CTRL << 16 | 1 << 8,
            "stat-violation-queue-not-empty");
    illegal(c, 8, 0, "stat-violation-queue-not-empty");
    illegal(c, 35, 0, "stat-violation-queue-not-empty");

    /* Another task can come while one is moving its data */
    setup_data(c, false, SECTOR, 2);
    qtest_memwrite(c->qts, DMA, data, 2 * SECTOR);
    ok(c, 47, 2 << 16, R1 | WITH_DATA);
    g_assert_cmpint(STATE(status(c)), ==, RCV);
    queue_task(c, 4, 0, 90, 1);
    g_assert_false(command(c, 47, 4 << 16, R1, &r1));
    g_assert_cmphex(status(c) & ERRORS, ==, ILLEGAL);

    /* Cut short, it stays until it is discarded */
    ok(c, 12, 0, R1B);
    g_assert_cmphex(queue_status(c), ==, BIT(2) | BIT(4));
    assert_image(c, 70, data, 2);
    assert_zero(c, 72, 2);
    ok(c, 48, 2 << 16 | 2, R1B);
    g_assert_cmphex(queue_status(c), ==, BIT(4));
    illegal(c, 47, 2 << 16, "stat-violation-task-not-ready");
    queue_task(c, 5, TASK_READ, 0, 1);
    ok(c, 48, 1, R1B);
    g_assert_cmphex(queue_status(c), ==, 0);
    g_assert_cmpuint(card_get(c, "stat-tasks-discarded"), ==, 3);

    /* A stop with nothing to stop is how hosts recover */
    g_assert_false(command(c, 12, 0, R1B, &r1));
    g_assert_cmpuint(card_get(c, "stat-idle-stops"), ==, 1);
    g_assert_cmphex(status(c) & ERRORS, ==, ILLEGAL);

    /* Reset empties the queue and turns it off */
    queue_task(c, 1, 0, 0, 1);
    identify(c);
    illegal(c, 47, 1 << 16, "stat-violation-cmdq-off");
    set_mode(c, CMDQ_MODE_EN, 1);
    g_assert_cmphex(queue_status(c), ==, 0);
    set_mode(c, CMDQ_MODE_EN, 0);
    g_assert_cmpuint(card_get(c, "stat-cmdq-disables"), ==, 1);
    write_data(c, 24, 0, data, SECTOR, 1);
    assert_image(c, 0, data, 1);
    card_end(c);
}

static void test_ready_delay(void)
{
    Card *c = card_queueing(",cmdq-ready-ns=1000000");

    queue_task(c, 0, TASK_READ, 0, 1);
    g_assert_cmphex(queue_status(c), ==, 0);
    illegal(c, 46, 0, "stat-violation-task-not-ready");
    qtest_clock_step(c->qts, 1000000);
    g_assert_cmphex(queue_status(c), ==, BIT(0));
    card_end(c);
}

static void erase(Card *c, uint32_t first, uint32_t last, uint32_t arg)
{
    ok(c, 35, first, R1);
    ok(c, 36, last, R1);
    g_assert_cmphex(ok(c, 38, arg, R1B) & ERRORS, ==, 0);
    g_assert_cmphex(status(c) & ERRORS, ==, 0);
}

static void test_erase(void)
{
    Card *c = card_ready("");
    const unsigned group = 512 * KiB / SECTOR;
    g_autofree void *data = pattern(6, 8);
    uint8_t back[SECTOR];
    struct stat st;

    for (unsigned i = 0; i < 4; i++) {
        ok(c, 23, 8, R1);
        write_data(c, 25, i * group, data, SECTOR, 8);
    }
    /* Trim and discard mean the sectors that they say */
    erase(c, 2, 3, 1);
    assert_image(c, 0, data, 2);
    assert_zero(c, 2, 2);
    assert_image(c, 4, (uint8_t *)data + 4 * SECTOR, 4);
    erase(c, 5, 5, 3);
    assert_zero(c, 5, 1);
    assert_image(c, 6, (uint8_t *)data + 6 * SECTOR, 2);
    /* Erase means whole groups */
    erase(c, group + 1, 2 * group, 0);
    assert_zero(c, group, 8);
    assert_zero(c, 2 * group, 8);
    assert_image(c, 3 * group, data, 8);
    read_data(c, 17, group, back, SECTOR, 1);
    g_assert_cmpint(back[0], ==, 0);
    g_assert_cmpuint(card_get(c, "stat-erases"), ==, 3);
    g_assert_cmpuint(card_get(c, "stat-erase-sectors"), ==, 3 + 2 * group);

    /* All of it at once, and it takes no room afterwards */
    erase(c, 0, USER_SIZE / SECTOR - 1, 3);
    assert_zero(c, 3 * group, 8);
    g_assert_cmpint(stat(c->image, &st), ==, 0);
    g_assert_cmpint(st.st_blocks, <=, 64);

    /* Wrong sequences, wrong order, wrong place, wrong kind */
    g_assert_cmphex(ok(c, 38, 0, R1B) & ERRORS, ==, ERASE_SEQ_ERROR);
    g_assert_cmphex(ok(c, 36, 0, R1) & ERRORS, ==, ERASE_SEQ_ERROR);
    ok(c, 35, 9, R1);
    ok(c, 36, 8, R1);
    g_assert_cmphex(ok(c, 38, 1, R1B) & ERRORS, ==, ERASE_PARAM);
    ok(c, 35, 0, R1);
    ok(c, 36, 0, R1);
    g_assert_cmphex(ok(c, 38, 0x80000000, R1B) & ERRORS, ==, ERASE_PARAM);
    g_assert_cmpuint(card_get(c, "stat-violation-erase"), ==, 4);
    ok(c, 35, 0, R1);
    ok(c, 36, USER_SIZE / SECTOR, R1);
    g_assert_cmphex(ok(c, 38, 1, R1B) & ERRORS, ==, OUT_OF_RANGE);
    ok(c, 35, 0, R1);
    g_assert_cmphex(ok(c, 16, SECTOR, R1) & ERRORS, ==, ERASE_RESET);
    g_assert_cmphex(ok(c, 36, 0, R1) & ERRORS, ==, ERASE_SEQ_ERROR);
    g_assert_cmpuint(card_get(c, "stat-erases"), ==, 4);
    card_end(c);
}

static void test_boot_partitions(void)
{
    Card *c = card_start(",boot-partition-size=1M", USER_SIZE + 2 * BOOT_SIZE);
    g_autofree void *user = pattern(7, 1);
    g_autofree void *boot1 = pattern(8, 1);
    g_autofree void *boot2 = pattern(9, 1);
    const uint64_t boot_sectors = BOOT_SIZE / SECTOR;
    uint8_t back[SECTOR];

    identify(c);
    write_data(c, 24, 0, user, SECTOR, 1);
    set_mode(c, PARTITION_CONFIG, 1);
    write_data(c, 24, 0, boot1, SECTOR, 1);
    g_assert_cmphex(ok(c, 17, boot_sectors, R1) & ERRORS, ==, OUT_OF_RANGE);
    set_mode(c, PARTITION_CONFIG, 2);
    set_mode(c, CMDQ_MODE_EN, 1);
    queue_task(c, 0, 0, 0, 1);
    write_data(c, 47, 0, boot2, SECTOR, 1);
    assert_image(c, 0, boot1, 1);
    assert_image(c, boot_sectors, boot2, 1);
    assert_image(c, 2 * boot_sectors, user, 1);
    g_assert_cmphex(mode_write(c, PARTITION_CONFIG, 3), ==, SWITCH_ERROR);

    /* A reset leads back to the user area */
    identify(c);
    read_data(c, 17, 0, back, SECTOR, 1);
    g_assert_cmpmem(back, SECTOR, user, SECTOR);
    card_end(c);
}

/* RPMB: where the fields of a frame begin */
#define RPMB_SIZE           (256 * KiB)
#define RPMB_BLOCK          256
#define RPMB_MAC            196
#define RPMB_DATA           228
#define RPMB_NONCE          484
#define RPMB_COUNTER        500
#define RPMB_ADDRESS        504
#define RPMB_COUNT          506
#define RPMB_RESULT         508
#define RPMB_TYPE           510

static const uint8_t rpmb_key[32] = "no more than an example of a key";

/* By another implementation than the card's */
static void rpmb_mac(const uint8_t *frames, unsigned n, uint8_t *mac)
{
    g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, rpmb_key,
                                       sizeof(rpmb_key));
    gsize len = 32;

    for (unsigned i = 0; i < n; i++) {
        g_hmac_update(hmac, frames + i * SECTOR + RPMB_DATA,
                      SECTOR - RPMB_DATA);
    }
    g_hmac_get_digest(hmac, mac, &len);
}

static void rpmb_send(Card *c, const uint8_t *frames, unsigned n,
                      bool reliable)
{
    ok(c, 23, (reliable ? BIT(31) : 0) | n, R1);
    g_assert_cmphex(write_data(c, 25, 0, frames, SECTOR, n) & ERRORS, ==, 0);
}

static void rpmb_fetch(Card *c, uint8_t *frames, unsigned n)
{
    ok(c, 23, n, R1);
    g_assert_cmphex(read_data(c, 18, 0, frames, SECTOR, n) & ERRORS, ==, 0);
}

/* A request that is one frame, and the response to it in @n */
static void rpmb_ask(Card *c, uint16_t type, uint16_t address, uint8_t *frames,
                     unsigned n)
{
    uint8_t request[SECTOR] = {};
    uint8_t zero[16] = {};
    const uint8_t *nonce = type == 2 || type == 4 ? request + RPMB_NONCE : zero;

    memset(request + RPMB_NONCE, 0x50 + type, 16);
    stw_be_p(request + RPMB_ADDRESS, address);
    stw_be_p(request + RPMB_TYPE, type);
    rpmb_send(c, request, 1, false);
    rpmb_fetch(c, frames, n);
    g_assert_cmpmem(frames + RPMB_NONCE, 16, nonce, 16);
}

static void assert_rpmb(const uint8_t *frame, uint16_t type, uint16_t result)
{
    g_assert_cmphex((uint16_t)lduw_be_p(frame + RPMB_TYPE), ==, type);
    g_assert_cmphex((uint16_t)lduw_be_p(frame + RPMB_RESULT), ==, result);
}

static void assert_rpmb_mac(const uint8_t *frames, unsigned n)
{
    uint8_t mac[32];

    rpmb_mac(frames, n, mac);
    g_assert_cmpmem(frames + (n - 1) * SECTOR + RPMB_MAC, 32, mac, 32);
}

/* The result of what was asked for last, with the request to see it */
static void rpmb_result(Card *c, uint16_t type, uint16_t result)
{
    uint8_t frame[SECTOR];

    rpmb_ask(c, 5, 0, frame, 1);
    assert_rpmb(frame, type, result);
}

static void rpmb_program_key(Card *c, bool reliable, uint16_t result)
{
    uint8_t frame[SECTOR] = {};

    memcpy(frame + RPMB_MAC, rpmb_key, 32);
    stw_be_p(frame + RPMB_TYPE, 1);
    rpmb_send(c, frame, 1, reliable);
    rpmb_result(c, 0x0100, result);
}

/* Returns the frames, which are sent and, after a change, may be sent again */
static uint8_t *rpmb_write(Card *c, uint32_t counter, uint16_t address,
                           const uint8_t *data, unsigned n)
{
    uint8_t *frames = g_malloc0(n * SECTOR);

    for (unsigned i = 0; i < n; i++) {
        uint8_t *frame = frames + i * SECTOR;

        memcpy(frame + RPMB_DATA, data + i * RPMB_BLOCK, RPMB_BLOCK);
        stl_be_p(frame + RPMB_COUNTER, counter);
        stw_be_p(frame + RPMB_ADDRESS, address);
        stw_be_p(frame + RPMB_COUNT, n);
        stw_be_p(frame + RPMB_TYPE, 3);
    }
    rpmb_mac(frames, n, frames + (n - 1) * SECTOR + RPMB_MAC);
    rpmb_send(c, frames, n, true);
    return frames;
}

static void assert_rpmb_counter(Card *c, uint32_t counter)
{
    uint8_t frame[SECTOR];

    rpmb_ask(c, 2, 0, frame, 1);
    assert_rpmb(frame, 0x0200, 0);
    assert_rpmb_mac(frame, 1);
    g_assert_cmpuint((uint32_t)ldl_be_p(frame + RPMB_COUNTER), ==, counter);
}

static void test_rpmb(void)
{
    Card *c = card_ready(",rpmb-size=256K");
    g_autofree uint8_t *data = pattern(12, 2);
    uint8_t back[3 * SECTOR];
    uint8_t *frames;

    read_ext_csd(c, back);
    g_assert_cmpint(back[168], ==, 2);          /* RPMB_SIZE_MULT */
    set_mode(c, PARTITION_CONFIG, 3);

    /* Without a key there is a counter, and nothing else */
    rpmb_ask(c, 2, 0, back, 1);
    assert_rpmb(back, 0x0200, 7);
    rpmb_ask(c, 4, 0, back, 1);
    assert_rpmb(back, 0x0400, 7);
    g_free(rpmb_write(c, 0, 0, data, 1));
    rpmb_result(c, 0x0300, 7);

    /* The key is written reliably, and once */
    rpmb_program_key(c, false, 1);
    rpmb_program_key(c, true, 0);
    rpmb_program_key(c, true, 1);
    assert_rpmb_counter(c, 0);

    /* One block and two, the last ones */
    g_free(rpmb_write(c, 0, 5, data, 1));
    rpmb_ask(c, 5, 0, back, 1);
    assert_rpmb(back, 0x0300, 0);
    assert_rpmb_mac(back, 1);
    g_assert_cmpuint((uint32_t)ldl_be_p(back + RPMB_COUNTER), ==, 1);
    g_assert_cmpuint((uint16_t)lduw_be_p(back + RPMB_ADDRESS), ==, 5);
    g_free(rpmb_write(c, 1, RPMB_SIZE / RPMB_BLOCK - 2, data, 2));
    rpmb_result(c, 0x0300, 0);
    assert_rpmb_counter(c, 2);

    rpmb_ask(c, 4, RPMB_SIZE / RPMB_BLOCK - 2, back, 2);
    assert_rpmb(back, 0x0400, 0);
    assert_rpmb(back + SECTOR, 0x0400, 0);
    assert_rpmb_mac(back, 2);
    g_assert_cmpmem(back + RPMB_DATA, 256, data, 256);
    g_assert_cmpmem(back + SECTOR + RPMB_DATA, 256, data + 256, 256);
    rpmb_ask(c, 4, 4, back, 3);
    assert_rpmb_mac(back, 3);
    g_assert_cmpint(back[RPMB_DATA], ==, 0);
    g_assert_cmpmem(back + SECTOR + RPMB_DATA, 256, data, 256);
    g_assert_cmpint(back[2 * SECTOR + RPMB_DATA], ==, 0);

    /* The same again, a forgery, beyond the end, too much, not reliably */
    frames = rpmb_write(c, 1, 7, data + 256, 1);
    rpmb_result(c, 0x0300, 3);
    frames[RPMB_DATA] ^= 1;
    rpmb_send(c, frames, 1, true);
    rpmb_result(c, 0x0300, 2);
    g_free(frames);
    g_free(rpmb_write(c, 2, RPMB_SIZE / RPMB_BLOCK - 1, data, 2));
    rpmb_result(c, 0x0300, 4);
    g_free(rpmb_write(c, 2, 0, data, 3));
    rpmb_result(c, 0x0300, 1);
    frames = rpmb_write(c, 0, 7, data + 256, 1);
    stl_be_p(frames + RPMB_COUNTER, 2);
    rpmb_mac(frames, 1, frames + RPMB_MAC);
    rpmb_send(c, frames, 1, false);
    rpmb_result(c, 0x0300, 1);
    rpmb_send(c, frames, 1, true);
    rpmb_result(c, 0x0300, 0);
    g_free(frames);
    assert_rpmb_counter(c, 3);
    rpmb_ask(c, 4, RPMB_SIZE / RPMB_BLOCK - 1, back, 2);
    assert_rpmb(back, 0x0400, 4);

    /* What the card does not know, and a response that nobody asked for */
    rpmb_ask(c, 6, 0, back, 1);
    assert_rpmb(back, 0x0600, 1);
    ok(c, 23, 2, R1);
    memset(back, 0, SECTOR);
    stw_be_p(back + RPMB_TYPE, 2);
    write_data(c, 25, 0, back, SECTOR, 1);
    ok(c, 12, 0, R1B);
    rpmb_fetch(c, back, 1);
    assert_rpmb(back, 0, 1);

    /* It has no sectors to be read, written or erased */
    illegal(c, 17, 0, "stat-violation-rpmb");
    illegal(c, 18, 0, "stat-violation-rpmb");
    illegal(c, 24, 0, "stat-violation-rpmb");
    illegal(c, 25, 0, "stat-violation-rpmb");
    illegal(c, 35, 0, "stat-violation-rpmb");
    g_assert_cmphex(mode_write(c, CMDQ_MODE_EN, 1), ==, SWITCH_ERROR);
    g_assert_cmpuint(card_get(c, "stat-violation-rpmb"), ==, 6);
    g_assert_cmpuint(card_get(c, "stat-cmdq-enables"), ==, 0);

    /* The queue and it exclude each other; a reset leads to the user area */
    identify(c);
    set_mode(c, CMDQ_MODE_EN, 1);
    g_assert_cmphex(mode_write(c, PARTITION_CONFIG, 3), ==, SWITCH_ERROR);
    g_assert_cmpuint(card_get(c, "stat-violation-rpmb"), ==, 7);
    queue_task(c, 0, TASK_READ, 0, 1);
    read_data(c, 46, 0, back, SECTOR, 1);
    g_assert_cmpint(back[0], ==, 0);
    set_mode(c, CMDQ_MODE_EN, 0);
    set_mode(c, PARTITION_CONFIG, 3);
    assert_rpmb_counter(c, 3);
    rpmb_ask(c, 4, 7, back, 1);
    g_assert_cmpmem(back + RPMB_DATA, 256, data + 256, 256);

    /* Nothing of it is in the image */
    assert_zero(c, 0, 2 * RPMB_SIZE / SECTOR);
    assert_zero(c, (USER_SIZE - RPMB_SIZE) / SECTOR, RPMB_SIZE / SECTOR);
    card_end(c);
}

static void test_tuning(void)
{
    Card *c = card_ready("");
    uint8_t narrow[64], wide[128];

    set_mode(c, BUS_WIDTH, 1);
    read_data(c, 21, 0, narrow, sizeof(narrow), 1);
    g_assert_cmphex((uint32_t)ldl_be_p(narrow), ==, 0xff0fff00);
    g_assert_cmphex((uint32_t)ldl_be_p(narrow + 60), ==, 0xf77f7bde);
    set_mode(c, BUS_WIDTH, 2);
    read_data(c, 21, 0, wide, sizeof(wide), 1);
    g_assert_cmphex((uint32_t)ldl_be_p(wide), ==, 0xffff00ff);
    g_assert_cmphex((uint32_t)ldl_be_p(wide + 124), ==, 0x77bbddee);
    card_end(c);
}

static void test_faults(void)
{
    Card *c = card_queueing("");
    g_autofree void *data = pattern(10, 2);
    g_autofree void *back = g_malloc(2 * SECTOR);
    uint32_t r1;

    /* The second command from now on is not answered */
    card_arm(c, "fault-command", 2);
    status(c);
    g_assert_cmpuint(card_get(c, "fault-command"), ==, 1);
    g_assert_false(command(c, 13, RCA << 16, R1, &r1));
    g_assert_cmphex(status(c) & ERRORS, ==, COM_CRC_ERROR);
    g_assert_cmpuint(card_get(c, "fault-command-armed"), ==, 1);
    g_assert_cmpuint(card_get(c, "fault-command-fired"), ==, 1);
    g_assert_cmpuint(card_get(c, "fault-command"), ==, 0);

    card_arm(c, "fault-task-command", 1);
    status(c);
    g_assert_false(command(c, 44, 1, R1, &r1));
    g_assert_cmphex(status(c) & ERRORS, ==, COM_CRC_ERROR);

    /* A data phase that does not come about: the task stays queued */
    queue_task(c, 0, 0, 300, 2);
    card_arm(c, "fault-data-write", 1);
    r1 = write_data(c, 47, 0, data, SECTOR, 2);
    g_assert_cmphex(r1 & ERRORS, ==, 0);
    r1 = status(c);
    g_assert_cmphex(r1 & ERRORS, ==, GENERAL_ERROR);
    g_assert_cmpint(STATE(r1), ==, TRAN);
    assert_zero(c, 300, 2);
    g_assert_cmphex(queue_status(c), ==, BIT(0));
    write_data(c, 47, 0, data, SECTOR, 2);
    assert_image(c, 300, data, 2);

    queue_task(c, 0, TASK_READ, 300, 2);
    card_arm(c, "fault-data-read", 1);
    r1 = read_data(c, 46, 0, back, SECTOR, 2);
    g_assert_cmphex(r1 & ERRORS, ==, 0);
    g_assert_cmphex(status(c) & ERRORS, ==, ECC_FAILED);
    g_assert_cmpint(*(uint8_t *)back, ==, 0);

    /* The same, admitted in the response */
    card_arm(c, "fault-read-status", 1);
    g_assert_cmphex(ok(c, 46, 0, R1) & ERRORS, ==, ECC_FAILED);
    g_assert_cmphex(status(c) & ERRORS, ==, 0);
    ok(c, 48, 1, R1B);
    queue_task(c, 0, 0, 300, 2);
    card_arm(c, "fault-write-status", 1);
    g_assert_cmphex(ok(c, 47, 0, R1) & ERRORS, ==, GENERAL_ERROR);
    ok(c, 48, 1, R1B);
    g_assert_cmpuint(card_get(c, "stat-violation-data"), ==, 0);

    /* A task that the card forgets to make ready */
    card_arm(c, "fault-task-lost", 1);
    queue_task(c, 1, TASK_READ, 0, 1);
    queue_task(c, 2, TASK_READ, 0, 1);
    g_assert_cmphex(queue_status(c), ==, BIT(2));
    ok(c, 48, 1, R1B);

    card_arm(c, "fault-flush", 1);
    g_assert_cmphex(mode_write(c, FLUSH_CACHE, 1), ==, SWITCH_ERROR);
    set_mode(c, CMDQ_MODE_EN, 0);
    card_arm(c, "fault-cmdq-enable", 1);
    g_assert_cmphex(mode_write(c, CMDQ_MODE_EN, 1), ==, SWITCH_ERROR);
    illegal(c, 48, 1, "stat-violation-cmdq-off");
    set_mode(c, CMDQ_MODE_EN, 1);

    /* Twice in a row from the second on, and not a third time */
    set_mode(c, CMDQ_MODE_EN, 0);
    card_arm(c, "fault-repeat", 2);
    card_arm(c, "fault-cmdq-enable", 2);
    set_mode(c, CMDQ_MODE_EN, 1);
    set_mode(c, CMDQ_MODE_EN, 0);
    g_assert_cmphex(mode_write(c, CMDQ_MODE_EN, 1), ==, SWITCH_ERROR);
    g_assert_cmphex(mode_write(c, CMDQ_MODE_EN, 1), ==, SWITCH_ERROR);
    set_mode(c, CMDQ_MODE_EN, 1);
    g_assert_cmpuint(card_get(c, "fault-cmdq-enable-fired"), ==, 3);
    card_arm(c, "fault-repeat", 0);

    /* Disarmed in time */
    card_arm(c, "fault-command", 1);
    card_arm(c, "fault-command", 0);
    status(c);
    g_assert_cmpuint(card_get(c, "fault-command-fired"), ==, 1);
    card_end(c);
}

/* The same record, by another implementation of the hash */
static void expect_sector(GString *text, unsigned n, unsigned cmd,
                          unsigned part, char dir, uint64_t lba,
                          const void *data)
{
    g_autofree char *sha = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data,
                                                       SECTOR);

    g_string_append_printf(text, "S n=%u cmd=%u part=%u dir=%c lba=%" PRIu64
                           " sha=%.16s\n", n, cmd, part, dir, lba, sha);
}

static void test_ledger(void)
{
    Card *c = card_start(",boot-partition-size=1M,rpmb-size=128K",
                         USER_SIZE + 2 * BOOT_SIZE);
    g_autofree uint8_t *data = pattern(11, 3);
    g_autofree char *found = NULL;
    g_autoptr(GString) expected = g_string_new(NULL);
    uint8_t back[2 * SECTOR], e[512];

    identify(c);
    read_ext_csd(c, e);
    ok(c, 23, 2, R1);
    write_data(c, 25, 40, data, SECTOR, 2);
    read_data(c, 17, 41, back, SECTOR, 1);
    read_data(c, 18, 40, back, SECTOR, 1);
    ok(c, 12, 0, R1);
    set_mode(c, CMDQ_MODE_EN, 1);
    queue_task(c, 9, 0, 50, 1);
    queue_task(c, 2, TASK_READ, 40, 2);
    write_data(c, 47, 9 << 16, data + 2 * SECTOR, SECTOR, 1);
    read_data(c, 46, 2 << 16, back, SECTOR, 2);
    set_mode(c, FLUSH_CACHE, 1);
    erase(c, 10, 12, 1);
    set_mode(c, CMDQ_MODE_EN, 0);
    set_mode(c, PARTITION_CONFIG, 2);
    write_data(c, 24, 7, data, SECTOR, 1);
    set_mode(c, PARTITION_CONFIG, 3);
    rpmb_send(c, data, 2, false);
    rpmb_fetch(c, back, 1);
    found = card_stop(c);

    expect_sector(expected, 1, 25, 0, 'w', 40, data);
    expect_sector(expected, 2, 25, 0, 'w', 41, data + SECTOR);
    expect_sector(expected, 3, 17, 0, 'r', 41, data + SECTOR);
    expect_sector(expected, 4, 18, 0, 'r', 40, data);
    expect_sector(expected, 5, 47, 0, 'w', 50, data + 2 * SECTOR);
    expect_sector(expected, 6, 46, 0, 'r', 40, data);
    expect_sector(expected, 7, 46, 0, 'r', 41, data + SECTOR);
    g_string_append(expected, "F n=8\nZ n=9 cmd=38 part=0 lba=10 sectors=3\n");
    expect_sector(expected, 10, 24, 2, 'w', 7, data);
    expect_sector(expected, 11, 25, 3, 'w', 0, data);
    expect_sector(expected, 12, 25, 3, 'w', 1, data + SECTOR);
    expect_sector(expected, 13, 18, 3, 'r', 0, back);
    g_string_append(expected, "E n=14\n");
    g_assert_cmpstr(found, ==, expected->str);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/emmc/identify", test_identify);
    qtest_add_func("/emmc/ext-csd", test_ext_csd);
    qtest_add_func("/emmc/switch", test_switch);
    qtest_add_func("/emmc/legacy-transfers", test_legacy);
    qtest_add_func("/emmc/reliable-write", test_reliable_write);
    qtest_add_func("/emmc/small-card", test_small_card);
    qtest_add_func("/emmc/queue", test_queue);
    qtest_add_func("/emmc/queue-rules", test_queue_rules);
    qtest_add_func("/emmc/ready-delay", test_ready_delay);
    qtest_add_func("/emmc/erase", test_erase);
    qtest_add_func("/emmc/boot-partitions", test_boot_partitions);
    qtest_add_func("/emmc/rpmb", test_rpmb);
    qtest_add_func("/emmc/tuning", test_tuning);
    qtest_add_func("/emmc/faults", test_faults);
    qtest_add_func("/emmc/ledger", test_ledger);

    return g_test_run();
}
