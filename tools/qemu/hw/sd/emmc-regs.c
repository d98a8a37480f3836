/*
 * eMMC card: CID, CSD, extended CSD and what SWITCH does to it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Written from JESD84-B51A, chapter 7. A byte that CMD6 may write is a line of
 * emmc_modes, and one with an effect beyond being stored a case in
 * emmc_mode_write(). What the card cannot do must not be claimed here.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "system/block-backend.h"
#include "emmc-internal.h"
#include "trace.h"

/* CMD6 argument */
#define SWITCH_ACCESS(arg)      extract32(arg, 24, 2)
#define SWITCH_INDEX(arg)       extract32(arg, 16, 8)
#define SWITCH_VALUE(arg)       extract32(arg, 8, 8)
#define SWITCH_CMD_SET(arg)     extract32(arg, 0, 3)
#define SWITCH_RESERVED         0xfc0000f8

enum {
    SWITCH_COMMAND_SET,
    SWITCH_SET_BITS,
    SWITCH_CLEAR_BITS,
    SWITCH_WRITE_BYTE,
};

#define SWITCH_ERROR            BIT(7)

#define PART_CONFIG_ENABLE(v)   extract8(v, 3, 3)
#define PART_CONFIG_ACCESS(v)   extract8(v, 0, 3)
#define BOOT_ENABLE_USER        7
#define BUS_WIDTH_STROBE        BIT(7)
#define POWER_OFF_NOTIFICATION_MAX 4
#define HS_TIMING_HS400         3

#define CSD_UNIT_MULT           7   /* C_SIZE counts 512 read blocks */
#define BOOT_UNIT               (128 * KiB)
#define RPMB_UNIT               (128 * KiB)

typedef struct EMMCMode {
    uint8_t index;
    uint8_t bits;       /* that may be set */
    uint8_t lost;       /* that return to zero at any reset */
    bool action;        /* reads as zero: a write starts something */
} EMMCMode;

static const EMMCMode emmc_modes[] = {
    { EXT_CSD_CMDQ_MODE_EN,             0x01, 0x01 },
    { EXT_CSD_FLUSH_CACHE,              0x01, .action = true },
    { EXT_CSD_CACHE_CTRL,               0x01, 0x01 },
    { EXT_CSD_POWER_OFF_NOTIFICATION,   0x07, 0x07 },
    { EXT_CSD_HPI_MGMT,                 0x01, 0x01 },
    { EXT_CSD_RST_N_FUNCTION,           EXT_CSD_RST_N_MASK },
    { EXT_CSD_BKOPS_EN,                 0x03 },
    { EXT_CSD_BKOPS_START,              0xff, .action = true },
    { EXT_CSD_SANITIZE_START,           0xff, .action = true },
    { EXT_CSD_ERASE_GROUP_DEF,          0x01, 0x01 },
    { EXT_CSD_BOOT_BUS_CONDITIONS,      0x1f },
    { EXT_CSD_PART_CONFIG,              0x7f, 0x07 },
    { EXT_CSD_BUS_WIDTH,                0x8f, 0xff },
    { EXT_CSD_HS_TIMING,                0xff, 0xff },
    { EXT_CSD_POWER_CLASS,              0x0f, 0x0f },
};

/* Checksum of CID and CSD: polynomial x^7 + x^3 + 1, and a one behind it */
static uint8_t emmc_register_crc(const uint8_t *reg)
{
    uint8_t crc = 0;

    for (unsigned i = 0; i < 15; i++) {
        crc ^= reg[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc << 1) ^ (crc & 0x80 ? 0x09 << 1 : 0);
        }
    }
    return crc | 1;
}

/* Bits of CID and CSD are numbered from the end, 127 is the first on the bus */
static void emmc_register_put(uint8_t *reg, unsigned msb, unsigned lsb,
                              uint32_t value)
{
    for (unsigned bit = lsb; bit <= msb; bit++, value >>= 1) {
        uint8_t *byte = &reg[15 - bit / 8];

        *byte = deposit32(*byte, bit % 8, 1, value & 1);
    }
}

static void emmc_cid_init(EMMCState *s)
{
    uint8_t *cid = s->cid;

    memset(cid, 0, sizeof(s->cid));
    emmc_register_put(cid, 127, 120, 0xaa);         /* MID: unassigned */
    emmc_register_put(cid, 113, 112, 1);            /* CBX: soldered, BGA */
    emmc_register_put(cid, 111, 104, 'Q');          /* OID */
    memcpy(&cid[3], "QEMMC!", 6);                   /* PNM */
    emmc_register_put(cid, 55, 48, 0x51);           /* PRV: 5.1 */
    emmc_register_put(cid, 47, 16, 0x51c0de01);     /* PSN */
    emmc_register_put(cid, 15, 8, (1 << 4) | 12);   /* MDT: January 2025 */
    cid[15] = emmc_register_crc(cid);
}

static void emmc_csd_init(EMMCState *s)
{
    unsigned block_shift = EMMC_SECTOR_SHIFT;
    uint32_t units = 0x1000;    /* the most C_SIZE holds: "see SEC_COUNT" */
    uint8_t *csd = s->csd;

    if (!emmc_is_sector_addressed(s)) {
        /* Above 1 GiB twelve bits are too few for 512-byte blocks */
        if (s->user_sectors > (1 * GiB >> EMMC_SECTOR_SHIFT)) {
            block_shift++;
        }
        units = s->user_sectors
                >> (CSD_UNIT_MULT + 2 + block_shift - EMMC_SECTOR_SHIFT);
    }

    memset(csd, 0, sizeof(s->csd));
    emmc_register_put(csd, 127, 126, 3);            /* see CSD_STRUCTURE */
    emmc_register_put(csd, 125, 122, 4);            /* SPEC_VERS: 4.x, 5.x */
    emmc_register_put(csd, 119, 112, 0x4f);         /* TAAC: 40 ms */
    emmc_register_put(csd, 111, 104, 0x01);         /* NSAC */
    emmc_register_put(csd, 103, 96, 0x32);          /* TRAN_SPEED: 26 MHz */
    /* CCC: basic, block read, block write, erase and, if any, the queue */
    emmc_register_put(csd, 95, 84, 0x035 | (s->cmdq ? 0x800 : 0));
    emmc_register_put(csd, 83, 80, block_shift);    /* READ_BL_LEN */
    emmc_register_put(csd, 73, 62, units - 1);      /* C_SIZE */
    emmc_register_put(csd, 61, 50, 0xfff);          /* currents */
    emmc_register_put(csd, 49, 47, CSD_UNIT_MULT);  /* C_SIZE_MULT */
    emmc_register_put(csd, 46, 42, 31);             /* ERASE_GRP_SIZE */
    /* ERASE_GRP_MULT: groups of 512 KiB, as after ERASE_GROUP_DEF */
    emmc_register_put(csd, 41, 37,
                      (32 >> (block_shift - EMMC_SECTOR_SHIFT)) - 1);
    emmc_register_put(csd, 36, 32, 31);             /* WP_GRP_SIZE */
    emmc_register_put(csd, 28, 26, 2);              /* R2W_FACTOR */
    emmc_register_put(csd, 25, 22, block_shift);    /* WRITE_BL_LEN */
    csd[15] = emmc_register_crc(csd);
}

/* What no reset changes, and the state of the card as it leaves the factory */
void emmc_regs_init(EMMCState *s)
{
    uint8_t *e = s->ext_csd;

    emmc_cid_init(s);
    emmc_csd_init(s);

    memset(e, 0, sizeof(s->ext_csd));
    e[EXT_CSD_RST_N_FUNCTION] = EXT_CSD_RST_N_ENABLED;
    e[EXT_CSD_RPMB_MULT] = s->rpmb_size / RPMB_UNIT;
    e[EXT_CSD_PART_CONFIG] = s->boot_config;

    e[EXT_CSD_REV] = 8;                     /* 5.1 */
    e[EXT_CSD_STRUCTURE] = 2;
    /* High speed at 26 and 52 MHz, DDR52, HS200 and HS400 at 1.8 V */
    e[EXT_CSD_CARD_TYPE] = 0x57;
    e[EXT_CSD_DRIVER_STRENGTH] = 0x01;
    e[EXT_CSD_OUT_OF_INTERRUPT_TIME] = 10;  /* 100 ms */
    e[EXT_CSD_PART_SWITCH_TIME] = 30;       /* 300 ms */
    for (unsigned i = EXT_CSD_MIN_PERF_R_4_26; i <= EXT_CSD_MIN_PERF_W_8_52;
         i++) {
        e[i] = 0x46;
    }
    stl_le_p(&e[EXT_CSD_SEC_CNT], s->user_sectors);
    e[EXT_CSD_S_A_TIMEOUT] = 0x11;          /* 13 ms */
    e[EXT_CSD_S_C_VCCQ] = 1;
    e[EXT_CSD_S_C_VCC] = 1;
    e[EXT_CSD_HC_WP_GRP_SIZE] = 1;
    e[EXT_CSD_REL_WR_SEC_C] = s->rel_wr_sec;
    e[EXT_CSD_WR_REL_PARAM] = s->enhanced_rel_wr ? EXT_CSD_WR_REL_PARAM_EN : 0;
    e[EXT_CSD_ERASE_TIMEOUT_MULT] = 1;      /* 300 ms */
    e[EXT_CSD_HC_ERASE_GRP_SIZE] = 1;       /* 512 KiB */
    e[EXT_CSD_ACC_SIZE] = 1;
    e[EXT_CSD_BOOT_MULT] = s->boot_part_size / BOOT_UNIT;
    e[EXT_CSD_SEC_FEATURE_SUPPORT] = 0x50;  /* sanitize, trim */
    e[EXT_CSD_TRIM_MULT] = 1;               /* 300 ms */
    e[EXT_CSD_INI_TIMEOUT_PA] = 10;         /* 1 s */
    e[EXT_CSD_POWER_OFF_LONG_TIME] = 50;    /* 500 ms */
    e[EXT_CSD_GENERIC_CMD6_TIME] = 50;      /* 500 ms */
    stl_le_p(&e[EXT_CSD_CACHE_SIZE], s->cache_size / (KiB / 8));
    memcpy(&e[EXT_CSD_FIRMWARE_VERSION], "QEMU-5.1", 8);
    e[EXT_CSD_PRE_EOL_INFO] = 1;            /* normal */
    e[EXT_CSD_LIFE_TIME_EST_A] = 1;         /* at most a tenth used */
    e[EXT_CSD_LIFE_TIME_EST_B] = 1;
    if (s->cmdq) {
        e[EXT_CSD_CMDQ_DEPTH] = s->cmdq_depth - 1;
        e[EXT_CSD_CMDQ_SUPPORT] = 1;
    }
    e[EXT_CSD_BKOPS_SUPPORT] = 1;
    e[EXT_CSD_HPI_FEATURES] = 1;            /* by CMD13 */
    e[EXT_CSD_S_CMD_SET] = 1;
}

void emmc_regs_reset(EMMCState *s)
{
    for (unsigned i = 0; i < ARRAY_SIZE(emmc_modes); i++) {
        s->ext_csd[emmc_modes[i].index] &= ~emmc_modes[i].lost;
    }
}

static bool emmc_part_config_valid(EMMCState *s, uint8_t value)
{
    unsigned last = s->boot_part_size ? EMMC_PART_BOOT2 : EMMC_PART_USER;
    unsigned access = PART_CONFIG_ACCESS(value);
    unsigned enable = PART_CONFIG_ENABLE(value);

    /* There are no general purpose partitions to select */
    return (access <= last || (access == EMMC_PART_RPMB && s->rpmb_size)) &&
           (enable <= last || enable == BOOT_ENABLE_USER);
}

/* The queue has no way to what is not read and written */
static bool emmc_queue_beside_rpmb(EMMCState *s, bool queue, bool rpmb)
{
    if (queue && rpmb) {
        emmc_violation(s, EMMC_VIOLATION_RPMB);
    }
    return queue && rpmb;
}

static bool emmc_mode_accepts(EMMCState *s, uint8_t index, uint8_t value)
{
    uint8_t now = s->ext_csd[index];

    switch (index) {
    case EXT_CSD_CMDQ_MODE_EN:
        return s->cmdq &&
               !emmc_queue_beside_rpmb(s, value, emmc_part(s) ==
                                                 EMMC_PART_RPMB) &&
               !(value && emmc_fault(s, EMMC_FAULT_CMDQ_ENABLE));
    case EXT_CSD_FLUSH_CACHE:
        return !(value && emmc_fault(s, EMMC_FAULT_FLUSH));
    case EXT_CSD_CACHE_CTRL:
        return s->cache_size || !value;
    case EXT_CSD_POWER_OFF_NOTIFICATION:
        return value <= POWER_OFF_NOTIFICATION_MAX;
    case EXT_CSD_RST_N_FUNCTION:
        /* Can be set once, for good or for bad */
        return value == now || (!now && value != EXT_CSD_RST_N_MASK);
    case EXT_CSD_PART_CONFIG:
        return emmc_part_config_valid(s, value) &&
               !emmc_queue_beside_rpmb(s, emmc_cmdq_enabled(s),
                                       PART_CONFIG_ACCESS(value) ==
                                       EMMC_PART_RPMB);
    case EXT_CSD_HS_TIMING:
        return extract8(value, 0, 4) <= HS_TIMING_HS400;
    case EXT_CSD_BUS_WIDTH:
        /* One, four and eight bits; the latter two also at double data rate */
        return value <= 2 || value == 5 || value == 6 ||
               value == (6 | BUS_WIDTH_STROBE);
    default:
        return true;
    }
}

static void emmc_count_mode(EMMCState *s, uint8_t index, uint8_t old,
                            uint8_t value)
{
    if (old == value) {
        return;
    }
    switch (index) {
    case EXT_CSD_CMDQ_MODE_EN:
        emmc_count(s, value ? EMMC_STAT_CMDQ_ENABLES
                            : EMMC_STAT_CMDQ_DISABLES);
        break;
    case EXT_CSD_CACHE_CTRL:
        if (value) {
            emmc_count(s, EMMC_STAT_CACHE_ENABLES);
        }
        break;
    }
}

/* Returns whether it could be done */
static bool emmc_mode_write(EMMCState *s, const EMMCMode *mode, uint8_t value)
{
    uint8_t old = s->ext_csd[mode->index];

    /* Turning the cache off empties it too */
    if ((mode->index == EXT_CSD_FLUSH_CACHE && value) ||
        (mode->index == EXT_CSD_CACHE_CTRL && old && !value)) {
        if (blk_flush(s->blk) < 0) {
            s->late_status |= SD_ERROR;
            return false;
        }
        emmc_count(s, EMMC_STAT_FLUSHES);
        emmc_ledger_flush(s);
    }
    if (!mode->action) {
        emmc_count_mode(s, mode->index, old, value);
        trace_emmc_switch(mode->index, old, value);
        s->ext_csd[mode->index] = value;
    }
    return true;
}

static const EMMCMode *emmc_find_mode(uint8_t index)
{
    for (unsigned i = 0; i < ARRAY_SIZE(emmc_modes); i++) {
        if (emmc_modes[i].index == index) {
            return &emmc_modes[i];
        }
    }
    return NULL;
}

/*
 * CMD6 is answered before it is carried out: that it was refused shows in the
 * response after the next.
 */
void emmc_switch(EMMCState *s, uint32_t arg)
{
    const EMMCMode *mode = emmc_find_mode(SWITCH_INDEX(arg));
    uint8_t value = SWITCH_VALUE(arg);

    emmc_count(s, EMMC_STAT_SWITCHES);
    if (arg & SWITCH_RESERVED) {
        emmc_violation(s, EMMC_VIOLATION_RESERVED_BITS);
    }

    if (SWITCH_ACCESS(arg) == SWITCH_COMMAND_SET) {
        /* Only the standard command set exists */
        if (SWITCH_CMD_SET(arg)) {
            goto refuse;
        }
        return;
    }

    if (!mode) {
        goto violation;
    }
    switch (SWITCH_ACCESS(arg)) {
    case SWITCH_SET_BITS:
        value = s->ext_csd[mode->index] | value;
        break;
    case SWITCH_CLEAR_BITS:
        value = s->ext_csd[mode->index] & ~value;
        break;
    }
    if (value & ~mode->bits) {
        goto violation;
    }
    if (!emmc_mode_accepts(s, mode->index, value) ||
        !emmc_mode_write(s, mode, value)) {
        goto refuse;
    }
    return;

violation:
    qemu_log_mask(LOG_GUEST_ERROR, "emmc: CMD6 writes 0x%02x to EXT_CSD[%u]\n",
                  value, (unsigned)SWITCH_INDEX(arg));
    emmc_violation(s, EMMC_VIOLATION_EXT_CSD);
refuse:
    emmc_count(s, EMMC_STAT_SWITCH_ERRORS);
    s->late_status |= SWITCH_ERROR;
}
