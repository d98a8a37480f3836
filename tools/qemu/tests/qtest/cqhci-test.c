/*
 * Tests of the eMMC host's command queue engine and its encryption
 *
 * The engine is driven as a driver would drive it: task lists in guest memory,
 * doorbells, interrupts. Where data moves there is an emmc card on the bus.
 * Virtual time stands still but for cq_wait(), which fails if what is waited
 * for does not come.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "qobject/qlist.h"
#include "cqhci-qtest.h"

#define BAR             VIRT_PCI_MMIO
#define CQE             (BAR + 0x200)
#define SLOTS           (BAR + 0x1000)
#define VENDOR_INTEL    0x8086
#define DEVICE_GLK      0x31cc
#define DELAY           100000

#define VER     0x00
#define CAP     0x04
#define CFG     0x08
#define CFG_EN          BIT(0)
#define CFG_CGE         BIT(1)
#define CFG_128         BIT(8)
#define CFG_DCMD        BIT(12)
#define CTL     0x0c
#define CTL_HALT        BIT(0)
#define CTL_CLEAR       BIT(8)
#define IS      0x10
#define IS_HAC          BIT(0)
#define IS_TCC          BIT(1)
#define IS_RED          BIT(2)
#define IS_TCL          BIT(3)
#define IS_GCE          BIT(4)
#define IS_ICCE         BIT(5)
#define IS_ALL          0x3f
#define ISTE    0x14
#define ISGE    0x18
#define IC      0x1c
#define IC_EN           BIT(31)
#define IC_SB           BIT(20)
#define IC_RESET        BIT(16)
#define IC_THWEN        BIT(15)
#define IC_TOWEN        BIT(7)
#define TDLBA   0x20
#define TDLBAU  0x24
#define TDBR    0x28
#define TCN     0x2c
#define DQS     0x30
#define DPT     0x34
#define TCLR    0x38
#define TDPE    0x3c
#define SSC1    0x40
#define SSC2    0x44
#define CRDCT   0x48
#define RMEM    0x50
#define TERRI   0x54
#define TERRI_C(task, index)    (BIT(15) | (task) << 8 | (index))
#define TERRI_D(task, index)    (BIT(31) | (task) << 24 | (index) << 16)
#define CRI     0x58
#define CRA     0x5c
#define CCAP    0x100
#define CCAP1   0x104

/* SDHCI */
#define SD_BLKSIZE      0x04
#define SD_ARGUMENT     0x08
#define SD_COMMAND      0x0c
#define SD_RESPONSE     0x10
#define SD_POWER        0x28
#define SD_CLOCK        0x2c
#define SD_RESET        0x2f
#define SD_STATUS       0x30
#define SD_STATUS_CQE       BIT(14)
#define SD_STATUS_ERROR     BIT(15)
#define SD_STATUS_CMD_TO    BIT(16)
#define SD_STATUS_DATA_CRC  BIT(21)
#define SD_STATUS_ADMA      BIT(25)
#define SD_STATUS_EN    0x34
#define SD_SIGNAL_EN    0x38

/* Task descriptor */
#define T_ATTR          0x2full         /* task, interrupt, end, valid */
#define T_NO_INT        BIT(2)
#define T_READ          BIT(12)
#define T_QBAR          BIT(14)
#define T_COUNT(n)      ((uint64_t)(n) << 16)
#define T_LBA(n)        ((uint64_t)(n) << 32)
#define T_CRYPT(slot, dun)  (BIT_ULL(47) | (uint64_t)(slot) << 32 | (dun))
#define D_ATTR          0x2full
#define D_CMD(n)        ((uint64_t)(n) << 16)
#define D_R1            (2ull << 23)
#define D_ARG(n)        ((uint64_t)(n) << 32)
#define X_TRANSFER      0x21u
#define X_LINK          0x31u
#define X_END           0x2u

/* Guest memory. Pages of a task lie apart and in falling order. */
#define MEM_TDL         (VIRT_RAM + 1 * MiB)
#define MEM_CHAIN(tag)  (VIRT_RAM + 2 * MiB + (tag) * 4 * KiB)
#define MEM_PAGE(tag, n) (VIRT_RAM + 64 * MiB - ((tag) * 64 + (n)) * 12 * KiB)
#define PAGE            4096
#define PAGE_SECTORS    8
#define SECTOR          512

#define CARD_RCA        0x1234
#define CARD_SIZE       (4ull * GiB)

typedef struct Host {
    QTestState *qts;
    uint64_t config;
    char *card;
    char *ledger;
    bool tds128;
    unsigned td_size;
} Host;

static uint32_t cq_read(Host *h, unsigned reg)
{
    return qtest_readl(h->qts, CQE + reg);
}

static void cq_write(Host *h, unsigned reg, uint32_t value)
{
    qtest_writel(h->qts, CQE + reg, value);
}

static uint32_t slot_read(Host *h, unsigned slot, unsigned word)
{
    return qtest_readl(h->qts, SLOTS + slot * 0x80 + word * 4);
}

static void slot_write(Host *h, unsigned slot, unsigned word, uint32_t value)
{
    qtest_writel(h->qts, SLOTS + slot * 0x80 + word * 4, value);
}

static uint64_t counter(Host *h, const char *name)
{
    g_autofree char *property = g_strconcat("stat-", name, NULL);

    return qom_get(h->qts, "host0", property);
}

static void arm(Host *h, const char *fault, uint64_t n)
{
    g_autofree char *property = g_strconcat("fault-", fault, NULL);

    qom_set(h->qts, "host0", property, n);
}

static void assert_fired(Host *h, const char *fault)
{
    g_autofree char *fired = g_strdup_printf("fault-%s-fired", fault);
    g_autofree char *armed = g_strdup_printf("fault-%s-armed", fault);
    g_autofree char *left = g_strdup_printf("fault-%s", fault);

    g_assert_cmpuint(qom_get(h->qts, "host0", armed), ==, 1);
    g_assert_cmpuint(qom_get(h->qts, "host0", fired), ==, 1);
    g_assert_cmpuint(qom_get(h->qts, "host0", left), ==, 0);
}

static void assert_violations(Host *h, const char *expected, uint64_t count)
{
    assert_violations_are(h->qts, expected, count);
}

static void host_start(Host *h, const char *args, bool card)
{
    g_autofree char *drive = NULL;
    int fd;

    memset(h, 0, sizeof(*h));
    fd = g_file_open_tmp("cqhci-ledger-XXXXXX", &h->ledger, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    if (card) {
        fd = g_file_open_tmp("cqhci-card-XXXXXX", &h->card, NULL);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(ftruncate(fd, CARD_SIZE), ==, 0);
        close(fd);
        drive = g_strdup_printf("-drive if=none,id=d,format=raw,file=%s "
                                "-device emmc,id=card0,bus=sd-bus,drive=d",
                                h->card);
    }
    h->qts = qtest_initf(VIRT_MACHINE " -device sdhci-pci-emmc,id=host0,"
                         "ledger=%s%s %s", h->ledger, args, drive ?: "");
    h->config = pci_find(h->qts, VENDOR_INTEL, DEVICE_GLK);
    pci_enable(h->qts, h->config, BAR);
    h->tds128 = true;
    h->td_size = 12;
}

static char *host_end(Host *h)
{
    char *ledger = NULL;

    qtest_quit(h->qts);
    g_assert_true(g_file_get_contents(h->ledger, &ledger, NULL, NULL));
    unlink(h->ledger);
    g_free(h->ledger);
    if (h->card) {
        unlink(h->card);
        g_free(h->card);
    }
    return ledger;
}

/* No test ends with violations that it did not look for. */
static void host_stop(Host *h, const char *violation, uint64_t count)
{
    assert_violations(h, violation, count);
    g_free(host_end(h));
}

static uint32_t sd_command(Host *h, unsigned cmd, uint32_t arg, unsigned flags)
{
    qtest_writel(h->qts, BAR + SD_STATUS, 0xffffffff);
    qtest_writel(h->qts, BAR + SD_ARGUMENT, arg);
    qtest_writel(h->qts, BAR + SD_COMMAND, (cmd << 8 | flags) << 16);
    g_assert_cmphex(qtest_readl(h->qts, BAR + SD_STATUS) & SD_STATUS_ERROR,
                    ==, 0);
    return qtest_readl(h->qts, BAR + SD_RESPONSE);
}

static void sd_on(Host *h)
{
    qtest_writeb(h->qts, BAR + SD_POWER + 1, 0x0f);
    qtest_writew(h->qts, BAR + SD_CLOCK, 0x0005);
    qtest_writel(h->qts, BAR + SD_STATUS_EN, 0xffffffff);
    qtest_writel(h->qts, BAR + SD_SIGNAL_EN, SD_STATUS_CQE | 0xffff0000);
}

/* The card into the state in which it takes queued tasks */
static void card_on(Host *h)
{
    unsigned tries = 0;

    sd_on(h);
    sd_command(h, 0, 0, 0);
    while (!(sd_command(h, 1, 0x40ff8080, 2) & BIT(31))) {
        g_assert_cmpuint(tries++, <, 10);
        qtest_clock_step(h->qts, 1000000);
    }
    sd_command(h, 2, 0, 1);
    sd_command(h, 3, CARD_RCA << 16, 2);
    sd_command(h, 7, CARD_RCA << 16, 3);
    sd_command(h, 6, 3 << 24 | 15 << 16 | 1 << 8, 3);
    qtest_clock_step(h->qts, 1000000);
    qtest_writel(h->qts, BAR + SD_STATUS, 0xffffffff);
}

static void cq_on(Host *h, uint32_t cfg)
{
    cfg |= h->tds128 ? CFG_128 : 0;
    cq_write(h, CFG, cfg);
    cq_write(h, TDLBA, MEM_TDL);
    cq_write(h, TDLBAU, 0);
    cq_write(h, SSC2, CARD_RCA);
    cq_write(h, ISTE, IS_ALL);
    cq_write(h, ISGE, IS_ALL);
    cq_write(h, CFG, cfg | CFG_EN);
    g_assert_cmphex(cq_read(h, CFG), ==, cfg | CFG_EN);
}

static void start_on(Host *h, const char *args, uint32_t cfg)
{
    host_start(h, args, true);
    card_on(h);
    cq_on(h, cfg);
}

static uint64_t tdl_entry(Host *h, unsigned tag)
{
    unsigned task = h->tds128 ? 16 : 8;
    unsigned link = h->td_size == 8 ? 8 : 16;

    return MEM_TDL + tag * (task + link);
}

static void put_task(Host *h, unsigned tag, uint64_t lower, uint64_t upper)
{
    qtest_writeq(h->qts, tdl_entry(h, tag), lower);
    if (h->tds128) {
        qtest_writeq(h->qts, tdl_entry(h, tag) + 8, upper);
    }
}

static void put_transfer(Host *h, uint64_t at, uint32_t attr, uint32_t len,
                         uint64_t addr)
{
    qtest_writel(h->qts, at, attr | len << 16);
    if (h->td_size == 8) {
        qtest_writel(h->qts, at + 4, addr);
    } else {
        qtest_writeq(h->qts, at + 4, addr);
    }
}

static void put_link(Host *h, unsigned tag)
{
    put_transfer(h, tdl_entry(h, tag) + (h->tds128 ? 16 : 8), X_LINK, 0,
                 MEM_CHAIN(tag));
}

/* A task of so many sectors; all but the last page of its memory are full */
static void put_data(Host *h, unsigned tag, uint64_t flags, uint32_t lba,
                     unsigned sectors, uint64_t upper)
{
    put_task(h, tag, T_ATTR | flags | T_COUNT(sectors) | T_LBA(lba), upper);
    put_link(h, tag);
    for (unsigned n = 0; n * PAGE_SECTORS < sectors; n++) {
        unsigned left = sectors - n * PAGE_SECTORS;

        put_transfer(h, MEM_CHAIN(tag) + n * h->td_size,
                     X_TRANSFER | (left <= PAGE_SECTORS ? X_END : 0),
                     MIN(left, PAGE_SECTORS) * SECTOR, MEM_PAGE(tag, n));
    }
}

static void memory_set(Host *h, unsigned tag, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at += PAGE) {
        qtest_memwrite(h->qts, MEM_PAGE(tag, at / PAGE), data + at,
                       MIN(PAGE, len - at));
    }
}

static void memory_get(Host *h, unsigned tag, uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at += PAGE) {
        qtest_memread(h->qts, MEM_PAGE(tag, at / PAGE), data + at,
                      MIN(PAGE, len - at));
    }
}

static void fill(uint8_t *data, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (i * 7 + (i >> 9) * 31 + seed) & 0xff;
    }
}

static void ring(Host *h, uint32_t tags)
{
    cq_write(h, TDBR, tags);
}

/* Steps of virtual time until these bits of the register are set */
static void cq_wait(Host *h, unsigned reg, uint32_t bits)
{
    for (unsigned i = 0; (cq_read(h, reg) & bits) != bits; i++) {
        g_assert_cmpuint(i, <, 200);
        qtest_clock_step(h->qts, DELAY);
    }
}

static void cq_finish(Host *h, uint32_t tags)
{
    cq_wait(h, TCN, tags);
    g_assert_cmphex(cq_read(h, TDBR) & tags, ==, 0);
    g_assert_cmphex(cq_read(h, IS), ==, IS_TCC);
    cq_write(h, IS, IS_TCC);
    cq_write(h, TCN, tags);
    g_assert_cmphex(cq_read(h, TCN), ==, 0);
    g_assert_cmphex(cq_read(h, IS), ==, 0);
}

static void cq_do(Host *h, unsigned tag)
{
    ring(h, BIT(tag));
    cq_finish(h, BIT(tag));
}

static void card_write(Host *h, uint32_t lba, const uint8_t *data,
                       unsigned sectors, uint64_t upper)
{
    memory_set(h, 0, data, sectors * SECTOR);
    put_data(h, 0, 0, lba, sectors, upper);
    cq_do(h, 0);
}

static void card_read(Host *h, uint32_t lba, uint8_t *data, unsigned sectors,
                      uint64_t upper)
{
    put_data(h, 0, T_READ, lba, sectors, upper);
    cq_do(h, 0);
    memory_get(h, 0, data, sectors * SECTOR);
}

static void program(Host *h, unsigned slot, const uint8_t key[64],
                    unsigned unit_mask, uint32_t vendor)
{
    slot_write(h, slot, 16, 0);
    for (unsigned i = 0; i < 16; i++) {
        slot_write(h, slot, i, ldl_le_p(key + i * 4));
    }
    slot_write(h, slot, 17, vendor);
    slot_write(h, slot, 16, BIT(31) | unit_mask);
}

static void make_key(uint8_t key[64], unsigned seed)
{
    for (unsigned i = 0; i < 64; i++) {
        key[i] = i * 5 + seed;
    }
}

/* Engine and card forget their tasks, as recovery makes them. */
static void cq_recover(Host *h)
{
    cq_write(h, IS, IS_ALL);
    cq_write(h, CTL, CTL_HALT);
    cq_wait(h, CTL, CTL_HALT);
    g_assert_cmphex(cq_read(h, IS), ==, IS_HAC);
    cq_write(h, CTL, CTL_HALT | CTL_CLEAR);
    g_assert_cmphex(cq_read(h, IS), ==, IS_HAC | IS_TCL);
    g_assert_cmphex(cq_read(h, TDBR), ==, 0);
    cq_write(h, IS, IS_ALL);
    sd_command(h, 48, 1, 3);
    qtest_writel(h->qts, BAR + SD_STATUS, 0xffffffff);
    cq_write(h, CTL, 0);
    g_assert_cmphex(cq_read(h, CTL), ==, 0);
}

/* Registers */

static void test_reset_values(void)
{
    static const struct {
        unsigned reg;
        uint32_t value;
    } table[] = {
        { VER, 0x510 }, { CAP, 0x100020c0 }, { CFG, 0 }, { CTL, 0 }, { IS, 0 },
        { ISTE, 0 }, { ISGE, 0 }, { IC, 0 }, { TDLBA, 0 }, { TDLBAU, 0 },
        { TDBR, 0 }, { TCN, 0 }, { DQS, 0 }, { DPT, 0 }, { TCLR, 0 },
        { TDPE, 0 }, { SSC1, 0x11000 }, { SSC2, 0 }, { CRDCT, 0 },
        { RMEM, 0xfdf9a080 }, { TERRI, 0 }, { CRI, 0 }, { CRA, 0 },
        { CCAP, 0x0e001f01 }, { CCAP1, 0x00030f00 }, { CCAP1 + 4, 0 },
    };
    Host h;

    host_start(&h, "", false);
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        g_assert_cmphex(cq_read(&h, table[i].reg), ==, table[i].value);
    }
    cq_write(&h, SSC2, 0x1234);
    cq_write(&h, RMEM, 0x1);
    qtest_writeb(h.qts, BAR + SD_RESET, 0x01);
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        g_assert_cmphex(cq_read(&h, table[i].reg), ==, table[i].value);
    }
    g_assert_cmpuint(counter(&h, "resets"), ==, 1);
    host_stop(&h, NULL, 0);
}

static void test_access(void)
{
    static const unsigned read_only[] = {
        VER, CAP, DQS, DPT, TDPE, CRDCT, TERRI, CRI, CRA, CCAP, CCAP1,
    };
    static const struct {
        unsigned reg;
        uint32_t mask;
    } writable[] = {
        { CFG, CFG_CGE | CFG_128 | CFG_DCMD }, { ISTE, IS_ALL },
        { ISGE, IS_ALL }, { TDLBA, 0xfffffc00 }, { TDLBAU, 0xffffffff },
        { SSC1, 0xfffff }, { SSC2, 0xffff }, { RMEM, 0xffffffff },
    };
    unsigned violations = 0;
    Host h;

    host_start(&h, "", false);
    for (unsigned i = 0; i < ARRAY_SIZE(read_only); i++) {
        uint32_t old = cq_read(&h, read_only[i]);

        cq_write(&h, read_only[i], old);
        cq_write(&h, read_only[i], ~old);
        violations++;
        g_assert_cmphex(cq_read(&h, read_only[i]), ==, old);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(writable); i++) {
        cq_write(&h, writable[i].reg, writable[i].mask);
        g_assert_cmphex(cq_read(&h, writable[i].reg), ==, writable[i].mask);
        cq_write(&h, writable[i].reg, 0);
        g_assert_cmphex(cq_read(&h, writable[i].reg), ==, 0);
        if (writable[i].mask != UINT32_MAX) {
            cq_write(&h, writable[i].reg, ~writable[i].mask & ~CFG_EN);
            violations++;
            g_assert_cmphex(cq_read(&h, writable[i].reg), ==, 0);
        }
    }
    /* A register that does not exist, and one that is not 32 bits wide */
    g_assert_cmphex(cq_read(&h, 0x4c), ==, 0);
    cq_write(&h, 0x4c, 1);
    qtest_writeb(h.qts, CQE + SSC2, 1);
    g_assert_cmphex(qtest_readb(h.qts, CQE + RMEM), ==, 0);
    violations += 3;
    g_assert_cmphex(cq_read(&h, SSC2), ==, 0);
    host_stop(&h, "register", violations);
}

static void test_pci(void)
{
    Host h;

    host_start(&h, ",subsystem-vendor-id=0x1234,subsystem-id=0x5678", false);
    g_assert_cmphex(qtest_readl(h.qts, h.config + PCI_CLASS_REVISION) >> 8, ==,
                    0x080501);
    g_assert_cmphex(qtest_readl(h.qts, h.config + PCI_SUBSYSTEM_VENDOR_ID), ==,
                    0x56781234);
    qtest_writel(h.qts, h.config + PCI_BASE_ADDRESS_0, 0xffffffff);
    g_assert_cmphex(qtest_readl(h.qts, h.config + PCI_BASE_ADDRESS_0), ==,
                    0xffffe000);
    qtest_writel(h.qts, h.config + PCI_BASE_ADDRESS_0, BAR);
    /* Latency tolerance, which Intel's driver keeps there */
    qtest_writel(h.qts, BAR + 0x804, 0x12345678);
    qtest_writel(h.qts, BAR + 0x808, 0x9abcdef0);
    g_assert_cmphex(qtest_readl(h.qts, BAR + 0x804), ==, 0x12345678);
    g_assert_cmphex(qtest_readl(h.qts, BAR + 0x808), ==, 0x9abcdef0);
    host_stop(&h, NULL, 0);

    host_start(&h, "", false);
    g_assert_cmphex(qtest_readl(h.qts, h.config + PCI_SUBSYSTEM_VENDOR_ID), ==,
                    0x4d431af4);
    /* SDHCI says that it does 64-bit DMA, on which 128-bit descriptors hang */
    g_assert_cmphex(qtest_readl(h.qts, BAR + 0x40) & BIT(28), !=, 0);
    host_stop(&h, NULL, 0);
    host_start(&h, ",dma64=off", false);
    g_assert_cmphex(qtest_readl(h.qts, BAR + 0x40) & BIT(28), ==, 0);
    host_stop(&h, NULL, 0);
}

static void test_hw_reset(void)
{
    Host h;

    host_start(&h, "", true);
    card_on(&h);
    /* RST_N_FUNCTION, which only ever can be set once */
    sd_command(&h, 6, 3 << 24 | 162 << 16 | 1 << 8, 3);
    g_assert_cmpuint(qom_get(h.qts, "card0", "stat-hw-resets"), ==, 0);
    qtest_writeb(h.qts, BAR + SD_POWER + 1, 0x1f);
    g_assert_cmpuint(qom_get(h.qts, "card0", "stat-hw-resets"), ==, 0);
    qtest_writeb(h.qts, BAR + SD_POWER + 1, 0x0f);
    g_assert_cmpuint(qom_get(h.qts, "card0", "stat-hw-resets"), ==, 1);
    qtest_writeb(h.qts, BAR + SD_POWER + 1, 0x0f);
    g_assert_cmpuint(qom_get(h.qts, "card0", "stat-hw-resets"), ==, 1);
    host_stop(&h, NULL, 0);
}

/* Command and data line may be reset by one write. */
static void test_combined_reset(void)
{
    Host h;

    host_start(&h, "", true);
    card_on(&h);
    sd_command(&h, 13, CARD_RCA << 16, 3);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, 3);
    qtest_writeb(h.qts, BAR + SD_RESET, 0x06);
    g_assert_cmphex(qtest_readb(h.qts, BAR + SD_RESET), ==, 0);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, 0);
    /* Neither of them resets the engine. */
    g_assert_cmpuint(counter(&h, "resets"), ==, 0);
    host_stop(&h, NULL, 0);
}

/* Power that goes away takes the tasks with it. */
static void test_sleep(void)
{
    uint64_t pm;
    Host h;

    start_on(&h, "", 0);
    pm = h.config + 0x80 + PCI_PM_CTRL;
    put_data(&h, 0, 0, 0, 8, 0);
    cq_do(&h, 0);
    cq_write(&h, CTL, CTL_HALT);
    qtest_writew(h.qts, pm, 3);
    qtest_writew(h.qts, pm, 0);
    g_assert_cmphex(cq_read(&h, CFG), ==, 0);
    assert_violations(&h, NULL, 0);

    sd_on(&h);
    cq_on(&h, 0);
    ring(&h, 1);
    qtest_writew(h.qts, pm, 3);
    qtest_clock_step(h.qts, 10 * DELAY);
    qtest_writew(h.qts, pm, 0);
    qtest_clock_step(h.qts, 10 * DELAY);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 0);
    g_assert_cmpuint(counter(&h, "tasks"), ==, 2);
    g_assert_cmpuint(counter(&h, "cleared"), ==, 1);
    host_stop(&h, "disable", 1);
}

static void test_capability(void)
{
    Host h;

    host_start(&h, ",crypto=off", false);
    g_assert_cmphex(cq_read(&h, CAP) & BIT(28), ==, 0);
    g_assert_cmphex(cq_read(&h, CCAP), ==, 0);
    g_assert_cmphex(cq_read(&h, CCAP1), ==, 0);
    slot_write(&h, 0, 16, BIT(31));
    g_assert_cmphex(slot_read(&h, 0, 16), ==, 0);
    host_stop(&h, NULL, 0);

    host_start(&h, ",keyslots=5,data-unit-sizes=9", false);
    g_assert_cmphex(cq_read(&h, CCAP), ==, 0x0e000401);
    g_assert_cmphex(cq_read(&h, CCAP1), ==, 0x00030900);
    host_stop(&h, NULL, 0);

    host_start(&h, ",x-ccap=0xff00ff07,cryptocaps=0x00010f00:0xdeadbeef",
               false);
    g_assert_cmphex(cq_read(&h, CCAP), ==, 0xff00ff07);
    g_assert_cmphex(cq_read(&h, CCAP1), ==, 0x00010f00);
    g_assert_cmphex(cq_read(&h, CCAP1 + 4), ==, 0xdeadbeef);
    host_stop(&h, NULL, 0);
}

static void test_config_while_enabled(void)
{
    Host h;

    host_start(&h, "", false);
    cq_on(&h, 0);
    cq_write(&h, CFG, CFG_EN | CFG_128 | CFG_CGE);
    g_assert_cmphex(cq_read(&h, CFG), ==, CFG_EN | CFG_128);
    cq_write(&h, CFG, CFG_EN);
    g_assert_cmphex(cq_read(&h, CFG), ==, CFG_EN | CFG_128);
    cq_write(&h, TDLBA, MEM_TDL + 1024);
    cq_write(&h, CFG, CFG_128);
    cq_write(&h, CFG, CFG_CGE);
    g_assert_cmphex(cq_read(&h, CFG), ==, CFG_CGE);
    g_assert_cmpuint(counter(&h, "enables"), ==, 1);
    host_stop(&h, "config", 3);
}

static void test_interrupt(void)
{
    Host h;

    host_start(&h, "", false);
    sd_on(&h);
    cq_on(&h, 0);
    cq_write(&h, ISTE, 0);
    cq_write(&h, CTL, CTL_HALT);
    g_assert_cmphex(cq_read(&h, IS), ==, 0);
    cq_write(&h, CTL, 0);

    cq_write(&h, ISTE, IS_HAC);
    cq_write(&h, ISGE, 0);
    cq_write(&h, CTL, CTL_HALT);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_HAC);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, 0);
    g_assert_cmphex(qtest_readw(h.qts, h.config + PCI_STATUS) &
                    PCI_STATUS_INTERRUPT, ==, 0);

    cq_write(&h, ISGE, IS_HAC);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, SD_STATUS_CQE);
    g_assert_cmphex(qtest_readw(h.qts, h.config + PCI_STATUS) &
                    PCI_STATUS_INTERRUPT, !=, 0);
    /* A level: the host's status cannot clear it, the engine's does */
    qtest_writel(h.qts, BAR + SD_STATUS, SD_STATUS_CQE);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, SD_STATUS_CQE);
    qtest_writel(h.qts, BAR + SD_SIGNAL_EN, 0);
    g_assert_cmphex(qtest_readw(h.qts, h.config + PCI_STATUS) &
                    PCI_STATUS_INTERRUPT, ==, 0);
    qtest_writel(h.qts, BAR + SD_STATUS_EN, 0);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, 0);
    qtest_writel(h.qts, BAR + SD_STATUS_EN, SD_STATUS_CQE);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, SD_STATUS_CQE);
    cq_write(&h, IS, IS_HAC);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, 0);
    g_assert_cmpuint(counter(&h, "irqs"), ==, 1);

    /* What is no longer enabled is forgotten. */
    cq_write(&h, CTL, 0);
    cq_write(&h, CTL, CTL_HALT);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_HAC);
    cq_write(&h, ISTE, 0);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==, 0);
    cq_write(&h, ISTE, IS_HAC);
    g_assert_cmphex(cq_read(&h, IS), ==, 0);
    host_stop(&h, NULL, 0);
}

/* Keyslots */

static void test_slots(void)
{
    uint8_t key[64];
    Host h;

    host_start(&h, ",keyslots=4", false);
    make_key(key, 1);
    program(&h, 3, key, 8, 0xabcd);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_cmphex(slot_read(&h, 3, i), ==, 0);
    }
    g_assert_cmphex(slot_read(&h, 3, 16), ==, BIT(31) | 8);
    g_assert_cmphex(slot_read(&h, 3, 17), ==, 0xabcd);
    g_assert_cmphex(slot_read(&h, 2, 16), ==, 0);
    g_assert_cmpuint(counter(&h, "keys-programmed"), ==, 1);
    g_assert_cmpuint(counter(&h, "keys-evicted"), ==, 0);
    slot_write(&h, 3, 16, 0);
    slot_write(&h, 3, 16, 0);
    g_assert_cmpuint(counter(&h, "keys-evicted"), ==, 1);
    /* There is no slot behind the last one. */
    slot_write(&h, 4, 16, BIT(31));
    g_assert_cmphex(slot_read(&h, 4, 16), ==, 0);
    g_assert_cmpuint(counter(&h, "keys-programmed"), ==, 1);
    host_stop(&h, NULL, 0);
}

static void test_slot_order(void)
{
    uint8_t key[64];
    Host h;

    host_start(&h, "", false);
    make_key(key, 1);
    program(&h, 0, key, 1, 0);
    slot_write(&h, 0, 5, 1);
    slot_write(&h, 0, 16, BIT(31) | 2);
    host_stop(&h, "slot-order", 2);
}

static void test_slot_key(void)
{
    uint8_t zero[64] = { 0 };
    uint8_t key[64];
    Host h;

    host_start(&h, "", false);
    slot_write(&h, 0, 16, BIT(31) | 1);
    program(&h, 1, zero, 1, 0);
    /* The old key is no key of the new configuration. */
    make_key(key, 1);
    program(&h, 2, key, 1, 0);
    slot_write(&h, 2, 16, 0);
    slot_write(&h, 2, 16, BIT(31) | 1);
    host_stop(&h, "slot-key", 3);
}

static void test_slot_config(void)
{
    uint8_t key[64];
    Host h;

    host_start(&h, ",data-unit-sizes=9", false);
    make_key(key, 1);
    program(&h, 0, key, 0, 0);
    program(&h, 1, key, 9, 0);
    program(&h, 2, key, 2, 0);
    program(&h, 3, key, 1 | 1 << 8, 0);
    program(&h, 4, key, 1, 0);
    program(&h, 5, key, 8, 0);
    host_stop(&h, "slot-config", 4);
}

static void test_slot_reserved(void)
{
    Host h;

    host_start(&h, "", false);
    slot_write(&h, 0, 18, 1);
    slot_write(&h, 0, 31, 1);
    slot_write(&h, 0, 20, 0);
    slot_write(&h, 0, 16, BIT(16));
    g_assert_cmphex(slot_read(&h, 0, 18), ==, 0);
    host_stop(&h, "slot-reserved", 3);
}

/* Keys are lost as the property says: with what is done, and what it costs. */
static void lose_keys(const char *args, bool reset, bool power)
{
    uint8_t key[64];
    uint32_t on = BIT(31) | 1;
    unsigned lost = 0;
    uint64_t pm;
    Host h;

    host_start(&h, args, false);
    make_key(key, 1);
    program(&h, 0, key, 1, 0);
    qtest_writeb(h.qts, BAR + SD_RESET, 0x06);
    cq_on(&h, 0);
    cq_write(&h, CFG, 0);
    g_assert_cmphex(slot_read(&h, 0, 16), ==, on);

    qtest_writeb(h.qts, BAR + SD_RESET, 0x01);
    g_assert_cmphex(slot_read(&h, 0, 16), ==, reset ? 0 : on);
    lost += reset;
    g_assert_cmpuint(counter(&h, "keys-lost"), ==, lost);
    /* What is lost already is not lost again. */
    qtest_writeb(h.qts, BAR + SD_RESET, 0x01);
    g_assert_cmpuint(counter(&h, "keys-lost"), ==, lost);
    g_assert_cmpuint(counter(&h, "resets"), ==, 2);

    program(&h, 0, key, 1, 0);
    cq_write(&h, SSC2, 1);
    pm = h.config + 0x80 + PCI_PM_CTRL;
    qtest_writew(h.qts, pm, 3);
    g_assert_cmpuint(counter(&h, "sleeps"), ==, 1);
    qtest_writew(h.qts, pm, 0);
    g_assert_cmpuint(counter(&h, "sleeps"), ==, 1);
    g_assert_cmphex(cq_read(&h, SSC2), ==, 0);
    g_assert_cmphex(slot_read(&h, 0, 16), ==, power ? 0 : on);
    lost += power;
    g_assert_cmpuint(counter(&h, "keys-lost"), ==, lost);
    host_stop(&h, NULL, 0);
}

static void test_keys_lost(void)
{
    lose_keys("", true, true);
    lose_keys(",keys-lost-at=reset", true, true);
    lose_keys(",keys-lost-at=power", false, true);
    lose_keys(",keys-lost-at=never", false, false);
}

/* Data */

static void do_data(unsigned td_size, bool tds128)
{
    enum { SECTORS = 3 * PAGE_SECTORS + 3 };
    g_autofree char *args = g_strdup_printf(",transfer-desc-size=%u", td_size);
    uint8_t data[SECTORS * SECTOR], back[sizeof(data)];
    Host h;

    host_start(&h, args, true);
    h.td_size = td_size;
    h.tds128 = tds128;
    card_on(&h);
    cq_on(&h, 0);

    fill(data, sizeof(data), td_size);
    memory_set(&h, 5, data, sizeof(data));
    put_data(&h, 5, 0, 1000, SECTORS, 0);
    cq_do(&h, 5);
    put_data(&h, 9, T_READ, 1000, SECTORS, 0);
    cq_do(&h, 9);
    memory_get(&h, 9, back, sizeof(back));
    g_assert_cmpmem(data, sizeof(data), back, sizeof(back));

    g_assert_cmpuint(counter(&h, "doorbells"), ==, 2);
    g_assert_cmpuint(counter(&h, "tasks"), ==, 2);
    g_assert_cmpuint(counter(&h, "tasks-encrypted"), ==, 0);
    g_assert_cmpuint(counter(&h, "in-flight-max"), ==, 1);
    host_stop(&h, NULL, 0);
}

static void test_data(void)
{
    do_data(8, false);
    do_data(8, true);
    do_data(12, false);
    do_data(12, true);
    do_data(16, false);
    do_data(16, true);
}

/* One transfer descriptor in the task list itself, of the longest length */
static void test_data_without_link(void)
{
    size_t len = 64 * KiB;
    g_autofree uint8_t *data = g_malloc(len);
    g_autofree uint8_t *back = g_malloc(len);
    Host h;

    start_on(&h, "", 0);
    fill(data, len, 1);
    for (unsigned pass = 0; pass < 2; pass++) {
        qtest_memwrite(h.qts, VIRT_RAM + 16 * MiB, data, pass ? 1 : len);
        put_task(&h, 0, T_ATTR | (pass ? T_READ : 0) | T_COUNT(128), 0);
        put_transfer(&h, tdl_entry(&h, 0) + 16, X_TRANSFER | X_END, 0,
                     VIRT_RAM + 16 * MiB);
        cq_do(&h, 0);
        qtest_memread(h.qts, VIRT_RAM + 16 * MiB, back, len);
        g_assert_cmpmem(data, len, back, len);
        qtest_memset(h.qts, VIRT_RAM + 16 * MiB, 0, len);
    }
    host_stop(&h, NULL, 0);
}

/* The task fails as invalid or for its DMA, and nothing completes. */
static void assert_fails(Host *h, unsigned tag, unsigned cmd)
{
    ring(h, BIT(tag));
    for (unsigned i = 0; i < 5; i++) {
        qtest_clock_step(h->qts, DELAY);
    }
    g_assert_cmphex(cq_read(h, TERRI), ==, TERRI_D(tag, cmd));
    g_assert_cmphex(qtest_readl(h->qts, BAR + SD_STATUS), ==,
                    SD_STATUS_ADMA | SD_STATUS_ERROR);
    g_assert_cmphex(cq_read(h, TDBR), ==, BIT(tag));
    g_assert_cmphex(cq_read(h, TCN), ==, 0);
    g_assert_cmphex(cq_read(h, IS), ==, 0);
    cq_recover(h);
}

static void test_bad_task(void)
{
    static const uint64_t bad[] = {
        T_COUNT(8),                                     /* not valid */
        (T_ATTR & ~2ull) | T_COUNT(8),                  /* no end */
        (T_ATTR & ~0x38ull) | 0x20 | T_COUNT(8),        /* a transfer */
        T_ATTR | T_COUNT(0),
    };
    Host h;

    start_on(&h, "", 0);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        put_data(&h, 3, 0, 0, 8, 0);
        qtest_writeq(h.qts, tdl_entry(&h, 3), bad[i]);
        assert_fails(&h, 3, 47);
    }
    host_stop(&h, "descriptor", ARRAY_SIZE(bad));
}

static void test_reserved_bits(void)
{
    uint8_t data[SECTOR] = { 0 };
    Host h;

    start_on(&h, "", CFG_DCMD);
    card_write(&h, 0, data, 1, BIT_ULL(40));
    card_write(&h, 0, data, 1, BIT_ULL(48));
    /* DUN and slot of a task without encryption mean nothing. */
    card_write(&h, 0, data, 1, T_CRYPT(255, 0xffffffff) & ~BIT_ULL(47));
    put_task(&h, 31, D_ATTR | D_CMD(13) | D_R1 | D_ARG(CARD_RCA << 16),
             BIT_ULL(0));
    cq_do(&h, 31);
    put_task(&h, 31, D_ATTR | D_CMD(13) | D_R1 | D_ARG(CARD_RCA << 16) |
             BIT(6), 0);
    cq_do(&h, 31);
    host_stop(&h, "reserved", 4);
}

static void test_bad_transfer(void)
{
    uint64_t chain = MEM_CHAIN(3);
    Host h;

    start_on(&h, "", 0);
    /* Shorter, and longer, than the task */
    put_data(&h, 3, 0, 0, 16, 0);
    put_transfer(&h, chain, X_TRANSFER | X_END, 4096, MEM_PAGE(3, 0));
    assert_fails(&h, 3, 47);
    put_data(&h, 3, 0, 0, 8, 0);
    put_transfer(&h, chain, X_TRANSFER | X_END, 4100, MEM_PAGE(3, 0));
    assert_fails(&h, 3, 47);
    put_data(&h, 3, T_READ, 0, 8, 0);
    put_transfer(&h, chain, (X_TRANSFER | X_END) & ~1u, 4096, MEM_PAGE(3, 0));
    assert_fails(&h, 3, 46);
    put_data(&h, 3, 0, 0, 8, 0);
    put_transfer(&h, chain, 0x29 | X_END, 4096, MEM_PAGE(3, 0));
    assert_fails(&h, 3, 47);
    /* A link that leads back to itself */
    put_data(&h, 3, 0, 0, 8, 0);
    put_transfer(&h, chain, X_LINK, 0, chain);
    assert_fails(&h, 3, 47);
    host_stop(&h, "transfer", 5);
}

static void test_dma(void)
{
    Host h;

    start_on(&h, "", 0);
    /* Nothing there; the host's own registers; no task list */
    put_data(&h, 3, 0, 0, 8, 0);
    put_transfer(&h, MEM_CHAIN(3), X_TRANSFER | X_END, 4096, 0x8000000000ull);
    assert_fails(&h, 3, 47);
    put_data(&h, 3, T_READ, 0, 8, 0);
    put_transfer(&h, MEM_CHAIN(3), X_TRANSFER | X_END, 4096, BAR);
    assert_fails(&h, 3, 46);
    cq_write(&h, CFG, CFG_128);
    cq_write(&h, TDLBA, 0x60000000);
    cq_write(&h, CFG, CFG_128 | CFG_EN);
    assert_fails(&h, 3, 47);
    host_stop(&h, "dma", 3);
}

static void test_doorbell(void)
{
    Host h;

    host_start(&h, "", true);
    card_on(&h);
    ring(&h, 1);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 0);
    cq_on(&h, 0);
    put_data(&h, 0, 0, 0, 8, 0);
    ring(&h, 1);
    ring(&h, 1);
    cq_finish(&h, 1);
    g_assert_cmpuint(counter(&h, "doorbells"), ==, 1);
    host_stop(&h, "doorbell", 2);
}

/* Queue */

static char *do_order(const char *args)
{
    enum { TASKS = 6 };
    static const unsigned rung[TASKS] = { 4, 1, 30, 2, 0, 17 };
    g_autoptr(GString) order = g_string_new(NULL);
    Host h;

    start_on(&h, args, 0);
    for (unsigned i = 0; i < TASKS; i++) {
        put_data(&h, rung[i], 0, i * 8, 8, 0);
        ring(&h, BIT(rung[i]));
    }
    g_assert_cmpuint(counter(&h, "in-flight-max"), ==, TASKS);
    for (unsigned i = 0; i < TASKS; i++) {
        uint32_t done;

        g_assert_cmphex(cq_read(&h, TCN), ==, 0);
        qtest_clock_step(h.qts, DELAY);
        done = cq_read(&h, TCN);
        g_assert_cmpuint(ctpop32(done), ==, 1);
        g_assert_cmphex(cq_read(&h, TDBR) & done, ==, 0);
        /* The rest waits in the card. */
        g_assert_cmphex(cq_read(&h, DPT), ==, cq_read(&h, TDBR));
        g_string_append_printf(order, " %u", ctz32(done));
        cq_write(&h, TCN, done);
    }
    g_assert_cmphex(cq_read(&h, TDBR), ==, 0);
    host_stop(&h, NULL, 0);
    return g_strdup(order->str);
}

static void test_order(void)
{
    g_autofree char *fifo = do_order("");
    g_autofree char *lifo = do_order(",order=lifo");

    g_assert_cmpstr(fifo, ==, " 4 1 30 2 0 17");
    g_assert_cmpstr(lifo, ==, " 17 0 2 30 1 4");
}

/* A seed stands for one order; do_order() saw each task once. */
static void test_order_random(void)
{
    g_autofree char *seed1 = do_order(",order=random,seed=1");
    g_autofree char *again = do_order(",order=random,seed=1");
    g_autofree char *seed2 = do_order(",order=random,seed=2");

    g_assert_cmpstr(seed1, ==, again);
    g_assert_cmpstr(seed1, !=, seed2);
}

static void test_barrier(void)
{
    Host h;

    start_on(&h, ",order=lifo", 0);
    put_data(&h, 0, 0, 0, 8, 0);
    put_data(&h, 1, 0, 8, 8, 0);
    put_data(&h, 2, T_QBAR, 16, 8, 0);
    put_data(&h, 3, 0, 24, 8, 0);
    for (unsigned i = 0; i < 4; i++) {
        ring(&h, BIT(i));
    }
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TCN), ==, BIT(1));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TCN), ==, BIT(1) | BIT(0));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TCN), ==, 7);
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TCN), ==, 15);
    host_stop(&h, NULL, 0);
}

static void test_delay(void)
{
    Host h;

    start_on(&h, ",delay=5000000", 0);
    put_data(&h, 0, 0, 0, 8, 0);
    ring(&h, 1);
    qtest_clock_step(h.qts, 4999999);
    g_assert_cmphex(cq_read(&h, TCN), ==, 0);
    qtest_clock_step(h.qts, 1);
    g_assert_cmphex(cq_read(&h, TCN), ==, 1);
    host_stop(&h, NULL, 0);
}

static void test_dcmd(void)
{
    Host h;

    start_on(&h, "", CFG_DCMD);
    put_data(&h, 0, 0, 0, 8, 0);
    ring(&h, 1);
    put_task(&h, 31, D_ATTR | T_QBAR | D_CMD(13) | D_R1 |
             D_ARG(CARD_RCA << 16), 0);
    ring(&h, BIT(31));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TCN), ==, BIT(0));
    cq_write(&h, TCN, BIT(0));
    cq_finish(&h, BIT(31));
    /* In transfer state, ready for data */
    g_assert_cmphex(cq_read(&h, CRDCT) & 0x1f00, ==, 0x900);
    g_assert_cmphex(cq_read(&h, CRI), ==, 13);
    g_assert_cmpuint(counter(&h, "dcmds"), ==, 1);
    g_assert_cmpuint(counter(&h, "tasks"), ==, 2);

    /* A command that the card does not know gets no response. */
    put_task(&h, 31, D_ATTR | D_CMD(63) | D_R1, 0);
    ring(&h, BIT(31));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TERRI), ==, TERRI_C(31, 63));
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==,
                    SD_STATUS_CMD_TO | SD_STATUS_ERROR);
    g_assert_cmphex(cq_read(&h, TDBR), ==, BIT(31));
    cq_recover(&h);
    host_stop(&h, NULL, 0);
}

/* Without direct commands, the last task is like the others. */
static void test_task_31(void)
{
    uint8_t data[PAGE], back[PAGE];
    Host h;

    start_on(&h, "", 0);
    fill(data, PAGE, 9);
    memory_set(&h, 31, data, PAGE);
    put_data(&h, 31, 0, 64, 8, 0);
    cq_do(&h, 31);
    card_read(&h, 64, back, 8, 0);
    g_assert_cmpmem(data, PAGE, back, PAGE);
    host_stop(&h, NULL, 0);
}

static void test_halt(void)
{
    Host h;

    start_on(&h, "", 0);
    /* Idle: at once */
    cq_write(&h, CTL, CTL_HALT);
    g_assert_cmphex(cq_read(&h, CTL), ==, CTL_HALT);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_HAC);
    cq_write(&h, IS, IS_HAC);
    /* Doorbells are held back until the halt ends. */
    ring(&h, 1);
    qtest_clock_step(h.qts, 10 * DELAY);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 1);
    g_assert_cmphex(cq_read(&h, IS), ==, 0);
    /* Nor have their descriptors been read before. */
    put_data(&h, 0, 0, 0, 8, 0);
    put_data(&h, 1, 0, 8, 8, 0);
    cq_write(&h, CTL, 0);
    cq_finish(&h, 1);

    /* Busy: when the bus is free. What was in flight goes on afterwards. */
    ring(&h, 3);
    qtest_clock_step(h.qts, DELAY);
    cq_write(&h, CTL, CTL_HALT);
    g_assert_cmphex(cq_read(&h, CTL), ==, 0);
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, CTL), ==, CTL_HALT);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_HAC | IS_TCC);
    g_assert_cmphex(cq_read(&h, TCN), ==, 1);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 2);
    cq_write(&h, IS, IS_ALL);
    qtest_clock_step(h.qts, 10 * DELAY);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 2);
    cq_write(&h, CTL, 0);
    cq_wait(&h, TCN, 2);
    g_assert_cmpuint(counter(&h, "halts"), ==, 2);
    host_stop(&h, NULL, 0);
}

static void test_clear(void)
{
    g_autofree char *ledger = NULL;
    Host h;

    start_on(&h, "", 0);
    for (unsigned i = 0; i < 3; i++) {
        put_data(&h, i, 0, i * 8, 8, 0);
    }
    ring(&h, 7);
    cq_write(&h, CTL, CTL_CLEAR);
    cq_write(&h, TCLR, 1);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 7);
    cq_write(&h, CTL, CTL_HALT);
    cq_wait(&h, CTL, CTL_HALT);
    cq_write(&h, IS, IS_ALL);
    cq_write(&h, TCLR, BIT(1));
    g_assert_cmphex(cq_read(&h, TCLR), ==, 0);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 5);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_TCL);
    cq_write(&h, IS, IS_ALL);
    cq_write(&h, CTL, CTL_HALT | CTL_CLEAR);
    g_assert_cmphex(cq_read(&h, CTL), ==, CTL_HALT);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 0);
    g_assert_cmphex(cq_read(&h, DPT), ==, 0);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_TCL);
    g_assert_cmpuint(counter(&h, "cleared"), ==, 3);
    cq_write(&h, CTL, 0);
    qtest_clock_step(h.qts, 10 * DELAY);
    g_assert_cmphex(cq_read(&h, TCN), ==, 0);
    assert_violations(&h, "clear", 2);
    ledger = host_end(&h);
    g_assert_nonnull(strstr(ledger, "T n=1 t=1 task=1 dir=w lba=8 sectors=8 "
                            "crypt=0 slot=- key=- dun=- dus=- "
                            "status=aborted\n"));
}

static void test_disable(void)
{
    Host h;

    start_on(&h, "", 0);
    put_data(&h, 0, 0, 0, 8, 0);
    ring(&h, 1);
    cq_finish(&h, 1);
    ring(&h, 1);
    cq_write(&h, CFG, CFG_128);
    g_assert_cmphex(cq_read(&h, TDBR), ==, 0);
    qtest_clock_step(h.qts, 10 * DELAY);
    g_assert_cmphex(cq_read(&h, TCN), ==, 0);
    host_stop(&h, "disable", 1);
}

static void put_quiet(Host *h, unsigned tag)
{
    put_data(h, tag, 0, 0, 8, 0);
    qtest_writeq(h->qts, tdl_entry(h, tag),
                 (T_ATTR & ~T_NO_INT) | T_COUNT(8));
}

static void test_coalescing(void)
{
    Host h;

    start_on(&h, "", 0);
    for (unsigned i = 0; i < 4; i++) {
        put_quiet(&h, i);
    }
    put_data(&h, 4, 0, 0, 8, 0);

    /* Off: a task that asks for no interrupt gets none. */
    ring(&h, 1);
    cq_wait(&h, TCN, 1);
    g_assert_cmphex(cq_read(&h, IS), ==, 0);

    /* Three of them */
    cq_write(&h, TCN, 0xff);
    cq_write(&h, IC, IC_EN | IC_RESET | IC_THWEN | 3 << 8);
    g_assert_cmphex(cq_read(&h, IC), ==, IC_EN | 3 << 8);
    ring(&h, 3);
    cq_wait(&h, TCN, 3);
    g_assert_cmphex(cq_read(&h, IS), ==, 0);
    g_assert_cmphex(cq_read(&h, IC), ==, IC_EN | IC_SB | 3 << 8);
    ring(&h, 4);
    cq_wait(&h, TCN, 7);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_TCC);
    g_assert_cmphex(cq_read(&h, IC), ==, IC_EN | 3 << 8);

    /* One that asks for an interrupt tells of the others too. */
    cq_write(&h, IS, IS_TCC);
    cq_write(&h, TCN, 0xff);
    ring(&h, BIT(0) | BIT(4));
    cq_wait(&h, TCN, BIT(0) | BIT(4));
    g_assert_cmphex(cq_read(&h, IS), ==, IS_TCC);
    g_assert_cmphex(cq_read(&h, IC), ==, IC_EN | 3 << 8);

    /* Time: 100 units of 1024 periods of 19.2 MHz, 5.33 ms */
    cq_write(&h, IS, IS_TCC);
    cq_write(&h, TCN, 0xff);
    cq_write(&h, IC, IC_EN | IC_RESET | IC_TOWEN | 100);
    g_assert_cmphex(cq_read(&h, IC), ==, IC_EN | 3 << 8 | 100);
    ring(&h, 1);
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TCN), ==, 1);
    qtest_clock_step(h.qts, 5300000);
    g_assert_cmphex(cq_read(&h, IS), ==, 0);
    qtest_clock_step(h.qts, 40000);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_TCC);
    host_stop(&h, NULL, 0);
}

/* Encryption */

static void test_vector(void)
{
    uint8_t plain[SECTOR], cipher[SECTOR], back[SECTOR];
    g_autofree char *sum = NULL;
    Host h;

    start_on(&h, "", CFG_CGE);
    program(&h, 7, vector_key, 1, 0);
    for (unsigned i = 0; i < SECTOR; i++) {
        plain[i] = i;
    }
    card_write(&h, 100, plain, 1, T_CRYPT(7, 0xff));
    card_read(&h, 100, cipher, 1, 0);
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, cipher, SECTOR);
    g_assert_cmpstr(sum, ==, vector_sha256);
    card_write(&h, 200, cipher, 1, 0);
    card_read(&h, 200, back, 1, T_CRYPT(7, 0xff));
    g_assert_cmpmem(plain, SECTOR, back, SECTOR);
    g_assert_cmpuint(counter(&h, "tasks-encrypted"), ==, 2);
    g_assert_cmpuint(counter(&h, "units-encrypted"), ==, 2);
    host_stop(&h, NULL, 0);
}

/* Each unit is encrypted as if it were alone, with the next DUN. */
static void test_units(void)
{
    enum { SECTORS = 24 };
    uint8_t plain[SECTORS * SECTOR], whole[sizeof(plain)], one[sizeof(plain)];
    uint8_t first[PAGE];
    Host h;

    start_on(&h, "", CFG_CGE);
    fill(plain, sizeof(plain), 3);
    for (unsigned log = 0; log < 4; log++) {
        unsigned unit = 1 << log;

        program(&h, log, vector_key, 1 << log, 0);
        card_write(&h, 0, plain, SECTORS, T_CRYPT(log, 0xfffffff0 - SECTORS));
        card_read(&h, 0, whole, SECTORS, 0);
        for (unsigned at = 0; at < SECTORS; at += unit) {
            card_write(&h, at, plain + at * SECTOR, unit,
                       T_CRYPT(log, 0xfffffff0 - SECTORS + at / unit));
        }
        card_read(&h, 0, one, SECTORS, 0);
        g_assert_cmpmem(whole, sizeof(whole), one, sizeof(one));
        g_assert_cmpint(memcmp(whole, plain, SECTOR), !=, 0);
        /* A unit is one message: what its halves were is encrypted anew. */
        if (log) {
            size_t second = unit / 2 * SECTOR;  /* unit of half that size */

            g_assert_cmpmem(first, second, whole, second);
            g_assert_cmpint(memcmp(first + second, whole + second, 16), !=, 0);
        }
        memcpy(first, whole, sizeof(first));
        card_read(&h, 0, one, SECTORS, T_CRYPT(log, 0xfffffff0 - SECTORS));
        g_assert_cmpmem(plain, sizeof(plain), one, sizeof(one));
    }
    host_stop(&h, NULL, 0);
}

/* AES-128-XTS: 16 bytes from each half of the key registers */
static void test_aes_128(void)
{
    uint8_t plain[SECTOR], a[SECTOR], b[SECTOR];
    uint8_t key[64];
    Host h;

    start_on(&h, ",cryptocaps=0x00030f00:0x00010f00", CFG_CGE);
    make_key(key, 1);
    fill(plain, SECTOR, 4);
    program(&h, 0, key, 1 | 1 << 8, 0);
    card_write(&h, 0, plain, 1, T_CRYPT(0, 5));
    card_read(&h, 0, a, 1, 0);
    memset(key + 16, 0, 16);
    memset(key + 48, 0, 16);
    program(&h, 1, key, 1 | 1 << 8, 0);
    card_write(&h, 0, plain, 1, T_CRYPT(1, 5));
    card_read(&h, 0, b, 1, 0);
    g_assert_cmpmem(a, SECTOR, b, SECTOR);
    key[32] ^= 1;
    program(&h, 2, key, 1 | 1 << 8, 0);
    card_write(&h, 0, plain, 1, T_CRYPT(2, 5));
    card_read(&h, 0, b, 1, 0);
    g_assert_cmpint(memcmp(a, b, SECTOR), !=, 0);
    host_stop(&h, NULL, 0);
}

static void assert_crypto_error(Host *h, uint32_t is, bool named, unsigned tag)
{
    uint32_t terri = cq_read(h, TERRI);

    ring(h, BIT(tag));
    cq_wait(h, IS, is);
    g_assert_cmphex(cq_read(h, IS), ==, is);
    g_assert_cmphex(cq_read(h, TDBR), ==, BIT(tag));
    g_assert_cmphex(cq_read(h, TCN), ==, 0);
    if (is == IS_ICCE) {
        g_assert_cmphex(cq_read(h, TDPE), ==, named ? BIT(tag) : 0);
        g_assert_cmphex(cq_read(h, TERRI), ==, terri);
    } else {
        g_assert_cmphex(cq_read(h, TDPE), ==, 0);
        g_assert_cmphex(cq_read(h, TERRI), ==,
                        named ? TERRI_D(tag, 47) : terri);
    }
    cq_recover(h);
    g_assert_cmphex(cq_read(h, TDPE), ==, 0);
}

static void test_disabled_slot(void)
{
    uint8_t key[64];
    Host h;

    start_on(&h, "", CFG_CGE);
    put_data(&h, 2, 0, 0, 8, T_CRYPT(4, 0));
    assert_crypto_error(&h, IS_ICCE, true, 2);
    make_key(key, 1);
    program(&h, 4, key, 8, 0);
    slot_write(&h, 4, 16, 0);
    assert_crypto_error(&h, IS_ICCE, true, 2);
    program(&h, 4, key, 8, 0);
    cq_do(&h, 2);
    g_assert_cmpuint(counter(&h, "icce"), ==, 2);
    host_stop(&h, NULL, 0);
}

static void test_bad_slot(void)
{
    Host h;

    start_on(&h, ",keyslots=8", CFG_CGE);
    put_data(&h, 2, 0, 0, 8, T_CRYPT(8, 0));
    assert_crypto_error(&h, IS_ICCE, true, 2);
    put_data(&h, 2, 0, 0, 8, T_CRYPT(255, 0));
    assert_crypto_error(&h, IS_ICCE, true, 2);
    host_stop(&h, "crypto-slot", 2);
}

static void test_engine_off(void)
{
    uint8_t key[64];
    Host h;

    start_on(&h, "", 0);
    make_key(key, 1);
    program(&h, 0, key, 8, 0);
    put_data(&h, 2, 0, 0, 8, T_CRYPT(0, 0));
    assert_crypto_error(&h, IS_GCE, true, 2);
    host_stop(&h, "crypto-off", 1);
}

static void test_partial_unit(void)
{
    uint8_t key[64];
    Host h;

    start_on(&h, "", CFG_CGE);
    make_key(key, 1);
    program(&h, 0, key, 8, 0);
    put_data(&h, 2, 0, 0, 9, T_CRYPT(0, 0));
    assert_crypto_error(&h, IS_ICCE, true, 2);
    host_stop(&h, "crypto-length", 1);
}

static void test_dun_overflow(void)
{
    uint8_t key[64];
    Host h;

    start_on(&h, "", CFG_CGE);
    make_key(key, 1);
    program(&h, 0, key, 8, 0);
    put_data(&h, 2, 0, 0, 16, T_CRYPT(0, 0xfffffffe));
    cq_do(&h, 2);
    put_data(&h, 2, 0, 0, 16, T_CRYPT(0, 0xffffffff));
    assert_crypto_error(&h, IS_ICCE, true, 2);
    host_stop(&h, "crypto-dun", 1);
}

static void test_slot_busy(void)
{
    uint8_t key[64];
    Host h;

    start_on(&h, "", CFG_CGE);
    make_key(key, 1);
    program(&h, 0, key, 8, 0);
    program(&h, 1, key, 8, 0);
    put_data(&h, 2, 0, 0, 8, T_CRYPT(0, 0));
    ring(&h, 4);
    program(&h, 1, key, 8, 0);
    assert_violations(&h, NULL, 0);
    slot_write(&h, 0, 16, 0);
    /* The task meets a slot that is off now. */
    cq_wait(&h, IS, IS_ICCE);
    cq_recover(&h);
    slot_write(&h, 0, 16, 0);
    host_stop(&h, "slot-busy", 1);
}

/* A mutant for the verifier: it claims to encrypt. */
static void test_no_cipher(void)
{
    uint8_t plain[PAGE], back[PAGE];
    g_autofree char *ledger = NULL;
    uint8_t key[64];
    Host h;

    start_on(&h, ",x-cipher=off", CFG_CGE);
    make_key(key, 1);
    program(&h, 0, key, 8, 0);
    fill(plain, PAGE, 3);
    card_write(&h, 0, plain, 8, T_CRYPT(0, 0));
    card_read(&h, 0, back, 8, 0);
    g_assert_cmpmem(plain, PAGE, back, PAGE);
    g_assert_cmpuint(counter(&h, "units-encrypted"), ==, 1);
    ledger = host_end(&h);
    g_assert_nonnull(strstr(ledger, "sectors=8 crypt=1 slot=0"));
}

static char *short_sha(const void *data, size_t len)
{
    char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, len);

    sum[16] = '\0';
    return sum;
}

static void test_ledger(void)
{
    static const char prefix[] = "mmc-crypto key";
    uint8_t named[sizeof(prefix) - 1 + 64];
    uint8_t plain[2 * SECTOR], cipher[2 * SECTOR];
    g_autofree char *fingerprint = NULL;
    g_autofree char *expected = NULL;
    g_autofree char *ledger = NULL;
    g_autofree char *sha0 = NULL;
    g_autofree char *sha1 = NULL;
    Host h;

    start_on(&h, "", CFG_CGE);
    memcpy(named, prefix, sizeof(prefix) - 1);
    memcpy(named + sizeof(prefix) - 1, vector_key, 64);
    fingerprint = short_sha(named, sizeof(named));
    fill(plain, sizeof(plain), 1);

    program(&h, 9, vector_key, 1, 0);
    card_write(&h, 70, plain, 2, T_CRYPT(9, 1000));
    card_read(&h, 70, cipher, 2, 0);
    put_data(&h, 4, 0, 70, 2, T_CRYPT(8, 5));
    ring(&h, BIT(4));
    cq_wait(&h, IS, IS_ICCE);
    sha0 = short_sha(cipher, SECTOR);
    sha1 = short_sha(cipher + SECTOR, SECTOR);
    expected = g_strdup_printf(
        "P n=1 slot=9 key=- enable=0 dus=- cap=0\n"
        "P n=2 slot=9 key=%s enable=1 dus=512 cap=0\n"
        "U n=3 t=1 lba=70 sectors=1 dun=1000 sha=%s\n"
        "U n=4 t=1 lba=71 sectors=1 dun=1001 sha=%s\n"
        "T n=5 t=1 task=0 dir=w lba=70 sectors=2 crypt=1 slot=9 key=%s "
        "dun=1000 dus=512 status=ok\n"
        "U n=6 t=2 lba=70 sectors=2 dun=- sha=%s,%s\n"
        "T n=7 t=2 task=0 dir=r lba=70 sectors=2 crypt=0 slot=- key=- "
        "dun=- dus=- status=ok\n"
        "T n=8 t=3 task=4 dir=w lba=70 sectors=2 crypt=0 slot=8 key=- "
        "dun=5 dus=- status=icce\n",
        fingerprint, sha0, sha1, fingerprint, sha0, sha1);
    /* Not buffered: it is there while the guest still runs. */
    g_assert_true(g_file_get_contents(h.ledger, &ledger, NULL, NULL));
    g_assert_cmpstr(ledger, ==, expected);
    g_free(ledger);
    ledger = host_end(&h);
    g_assert_true(g_str_has_prefix(ledger, expected));
    g_assert_cmpstr(ledger + strlen(expected), ==, "E n=9\n");
}

/* Faults */

static void start_encrypted(Host *h)
{
    uint8_t key[64];

    start_on(h, "", CFG_CGE);
    make_key(key, 1);
    program(h, 0, key, 8, 0);
}

static void do_crypto_fault(const char *fault, uint32_t is, bool named)
{
    Host h;

    start_encrypted(&h);
    put_data(&h, 1, 0, 0, 8, T_CRYPT(0, 0));
    put_data(&h, 2, 0, 0, 8, T_CRYPT(0, 0));
    put_data(&h, 3, 0, 0, 8, 0);
    /* Its task stays in TERRI. */
    arm(&h, "data", 1);
    ring(&h, BIT(3));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TERRI), ==, TERRI_D(3, 47));
    cq_recover(&h);
    arm(&h, fault, 2);
    cq_do(&h, 1);
    cq_do(&h, 3);
    assert_crypto_error(&h, is, named, 2);
    assert_fired(&h, fault);
    cq_do(&h, 2);
    host_stop(&h, NULL, 0);
}

static void test_fault_crypto(void)
{
    do_crypto_fault("gce", IS_GCE, true);
    do_crypto_fault("gce-unnamed", IS_GCE, false);
    do_crypto_fault("icce", IS_ICCE, true);
    do_crypto_fault("icce-unnamed", IS_ICCE, false);
}

static void test_fault_beside(void)
{
    Host h;

    start_encrypted(&h);
    put_data(&h, 2, 0, 0, 8, T_CRYPT(0, 0));
    arm(&h, "beside", IS_ICCE);
    arm(&h, "gce", 1);
    ring(&h, BIT(2));
    cq_wait(&h, IS, IS_GCE | IS_ICCE);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_GCE | IS_ICCE);
    g_assert_cmphex(cq_read(&h, TERRI), ==, TERRI_D(2, 47));
    g_assert_cmphex(cq_read(&h, TDPE), ==, 0);
    cq_recover(&h);

    arm(&h, "beside", IS_RED);
    arm(&h, "icce", 1);
    ring(&h, BIT(2));
    cq_wait(&h, IS, IS_ICCE | IS_RED);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_ICCE | IS_RED);
    g_assert_cmphex(cq_read(&h, TERRI), ==, TERRI_C(2, 44));
    g_assert_cmphex(cq_read(&h, TDPE), ==, BIT(2));
    cq_recover(&h);

    arm(&h, "beside", 0);
    cq_do(&h, 2);
    /* Of no task, and not what is no error */
    arm(&h, "raise", IS_GCE | IS_HAC);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_GCE);
    cq_write(&h, IS, IS_GCE);
    g_assert_cmpuint(counter(&h, "errors"), ==, 2);
    host_stop(&h, NULL, 0);
}

static void test_fault_keys_lost(void)
{
    Host h;

    start_encrypted(&h);
    arm(&h, "keys-lost", 1);
    put_data(&h, 2, 0, 0, 8, T_CRYPT(0, 0));
    assert_crypto_error(&h, IS_ICCE, true, 2);
    assert_fired(&h, "keys-lost");
    g_assert_cmpuint(counter(&h, "keys-lost"), ==, 1);
    g_assert_cmphex(slot_read(&h, 0, 16), ==, 0);
    host_stop(&h, NULL, 0);
}

static void test_fault_bus(void)
{
    Host h;

    start_encrypted(&h);
    put_data(&h, 2, 0, 0, 8, 0);
    arm(&h, "data", 1);
    ring(&h, BIT(2));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TERRI), ==, TERRI_D(2, 47));
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==,
                    SD_STATUS_DATA_CRC | SD_STATUS_ERROR);
    assert_fired(&h, "data");
    cq_recover(&h);

    arm(&h, "cmd", 1);
    ring(&h, BIT(2));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TERRI), ==, TERRI_C(2, 44));
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==,
                    SD_STATUS_CMD_TO | SD_STATUS_ERROR);
    assert_fired(&h, "cmd");
    cq_recover(&h);

    arm(&h, "red", 1);
    ring(&h, BIT(2));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TERRI), ==, TERRI_C(2, 44));
    g_assert_cmphex(cq_read(&h, IS), ==, IS_RED);
    assert_fired(&h, "red");
    cq_recover(&h);

    /* The same error, but neither register tells whose it is. */
    put_data(&h, 3, 0, 0, 8, 0);
    arm(&h, "data-done", 1);
    ring(&h, BIT(3));
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, TERRI), ==, TERRI_C(2, 44));
    g_assert_cmphex(cq_read(&h, TCN), ==, BIT(3));
    g_assert_cmphex(cq_read(&h, TDBR), ==, 0);
    g_assert_cmphex(qtest_readl(h.qts, BAR + SD_STATUS), ==,
                    SD_STATUS_DATA_CRC | SD_STATUS_ERROR | SD_STATUS_CQE);
    assert_fired(&h, "data-done");
    g_assert_cmpuint(counter(&h, "errors"), ==, 4);
    cq_write(&h, TCN, BIT(3));
    cq_recover(&h);
    cq_do(&h, 2);
    host_stop(&h, NULL, 0);
}

static void test_fault_slow(void)
{
    Host h;

    start_on(&h, ",slow-delay=1000000000", 0);
    arm(&h, "slow", 1);
    put_data(&h, 0, 0, 0, 8, 0);
    ring(&h, 1);
    qtest_clock_step(h.qts, 999999999);
    g_assert_cmphex(cq_read(&h, TCN), ==, 0);
    assert_fired(&h, "slow");
    /* A slow card does not keep the engine from halting. */
    cq_write(&h, CTL, CTL_HALT);
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, CTL), ==, CTL_HALT);
    cq_write(&h, CTL, 0);
    cq_wait(&h, TCN, 1);
    host_stop(&h, NULL, 0);
}

static void unprogram(Host *h, unsigned slot)
{
    for (int word = -1; word < 17; word++) {
        slot_write(h, slot, word < 0 ? 16 : word, 0);
    }
}

static void test_fault_control(void)
{
    uint8_t key[64];
    Host h;

    host_start(&h, "", false);
    arm(&h, "no-enable", 1);
    cq_write(&h, CFG, CFG_EN);
    g_assert_cmphex(cq_read(&h, CFG), ==, 0);
    assert_fired(&h, "no-enable");
    cq_on(&h, 0);

    arm(&h, "no-halt", 1);
    cq_write(&h, CTL, CTL_HALT);
    qtest_clock_step(h.qts, 10 * DELAY);
    g_assert_cmphex(cq_read(&h, CTL), ==, 0);
    assert_fired(&h, "no-halt");
    cq_write(&h, CTL, CTL_HALT);
    g_assert_cmphex(cq_read(&h, CTL), ==, CTL_HALT);

    arm(&h, "program", 1);
    make_key(key, 1);
    program(&h, 0, key, 1, 0);
    g_assert_cmphex(slot_read(&h, 0, 16), ==, 0);
    assert_fired(&h, "program");
    g_assert_cmpuint(counter(&h, "keys-programmed"), ==, 0);
    program(&h, 0, key, 1, 0);
    g_assert_cmphex(slot_read(&h, 0, 16), ==, BIT(31) | 1);

    arm(&h, "evict", 1);
    unprogram(&h, 0);
    g_assert_cmphex(slot_read(&h, 0, 16), ==, BIT(31) | 1);
    assert_fired(&h, "evict");
    unprogram(&h, 0);
    g_assert_cmphex(slot_read(&h, 0, 16), ==, 0);
    host_stop(&h, NULL, 0);
}

/* Some faults hit the same task again and again, and let the others pass. */
static void test_fault_aimed(void)
{
    Host h;

    start_on(&h, "", 0);
    qom_set(h.qts, "host0", "fault-sector", 107);
    qom_set(h.qts, "host0", "fault-repeat", 2);
    arm(&h, "data", 1);
    put_data(&h, 0, 0, 108, 8, 0);
    ring(&h, 1);
    cq_wait(&h, TCN, 1);
    cq_write(&h, TCN, 1);
    for (unsigned i = 0; i < 2; i++) {
        put_data(&h, 1, 0, 100, 8, 0);
        ring(&h, 2);
        qtest_clock_step(h.qts, 10 * DELAY);
        g_assert_cmphex(cq_read(&h, TDBR), ==, 2);
        cq_recover(&h);
    }
    cq_do(&h, 1);
    host_stop(&h, NULL, 0);
}

/* An error stops the queue, or, by property, only its own task. */
static void test_error_stall(void)
{
    Host h;

    start_encrypted(&h);
    put_data(&h, 1, 0, 0, 8, T_CRYPT(1, 0));
    put_data(&h, 2, 0, 0, 8, 0);
    ring(&h, BIT(1));
    ring(&h, BIT(2));
    qtest_clock_step(h.qts, DELAY);
    qtest_clock_step(h.qts, DELAY);
    g_assert_cmphex(cq_read(&h, IS), ==, IS_ICCE);
    g_assert_cmphex(cq_read(&h, TDBR), ==, BIT(1) | BIT(2));
    cq_recover(&h);
    cq_do(&h, 2);
    host_stop(&h, NULL, 0);

    start_on(&h, ",error-stall=off", CFG_CGE);
    put_data(&h, 1, 0, 0, 8, T_CRYPT(1, 0));
    put_data(&h, 2, 0, 0, 8, 0);
    ring(&h, BIT(1));
    ring(&h, BIT(2));
    cq_wait(&h, TCN, BIT(2));
    g_assert_cmphex(cq_read(&h, IS), ==, IS_ICCE | IS_TCC);
    g_assert_cmphex(cq_read(&h, TDBR), ==, BIT(1));
    host_stop(&h, NULL, 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "registers/reset", test_reset_values },
        { "registers/access", test_access },
        { "registers/capability", test_capability },
        { "registers/config-while-enabled", test_config_while_enabled },
        { "registers/interrupt", test_interrupt },
        { "pci/config", test_pci },
        { "pci/hw-reset", test_hw_reset },
        { "pci/combined-reset", test_combined_reset },
        { "pci/sleep", test_sleep },
        { "slots/read-back", test_slots },
        { "slots/order", test_slot_order },
        { "fault/beside", test_fault_beside },
        { "slots/key", test_slot_key },
        { "slots/config", test_slot_config },
        { "slots/reserved", test_slot_reserved },
        { "slots/busy", test_slot_busy },
        { "slots/keys-lost", test_keys_lost },
        { "data/descriptor-sizes", test_data },
        { "data/without-link", test_data_without_link },
        { "data/bad-task", test_bad_task },
        { "data/reserved-bits", test_reserved_bits },
        { "data/bad-transfer", test_bad_transfer },
        { "data/dma", test_dma },
        { "queue/doorbell", test_doorbell },
        { "queue/order", test_order },
        { "queue/order-random", test_order_random },
        { "queue/barrier", test_barrier },
        { "queue/delay", test_delay },
        { "queue/dcmd", test_dcmd },
        { "queue/task-31", test_task_31 },
        { "queue/halt", test_halt },
        { "queue/clear", test_clear },
        { "queue/disable", test_disable },
        { "queue/coalescing", test_coalescing },
        { "queue/error-stall", test_error_stall },
        { "crypto/vector", test_vector },
        { "crypto/units", test_units },
        { "crypto/aes-128", test_aes_128 },
        { "crypto/disabled-slot", test_disabled_slot },
        { "crypto/bad-slot", test_bad_slot },
        { "crypto/engine-off", test_engine_off },
        { "crypto/partial-unit", test_partial_unit },
        { "crypto/dun-overflow", test_dun_overflow },
        { "crypto/no-cipher", test_no_cipher },
        { "crypto/ledger", test_ledger },
        { "fault/crypto", test_fault_crypto },
        { "fault/keys-lost", test_fault_keys_lost },
        { "fault/bus", test_fault_bus },
        { "fault/slow", test_fault_slow },
        { "fault/control", test_fault_control },
        { "fault/aimed", test_fault_aimed },
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
        g_autofree char *path = g_strconcat("/cqhci/", tests[i].name, NULL);

        qtest_add_func(path, tests[i].run);
    }
    return g_test_run();
}
