/*
 * Qualcomm's inline crypto engine: its own registers
 *
 * The cipher and the keyslots are those of the command queue engine; what is
 * here says whether that can be used: version, fuses, the engine's clock, and
 * the self-test that runs whenever that is switched on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/registerfields.h"
#include "sdhci-msm-internal.h"

REG32(ICE_CONTROL, 0x0000)
REG32(ICE_RESET, 0x0004)
REG32(ICE_VERSION, 0x0008)
REG32(ICE_FUSE_SETTING, 0x0010)
REG32(ICE_PARAMETERS_1, 0x0014)
REG32(ICE_PARAMETERS_5, 0x0024)
REG32(ICE_INVALID_CCFG_ERR_STTS, 0x0030)
REG32(ICE_GENERAL_ERR_STTS, 0x0040)
REG32(ICE_GENERAL_ERR_MASK, 0x0044)
REG32(ICE_NON_SEC_IRQ_CLR, 0x0048)
REG32(ICE_STREAM1_ERROR_SYNDROME1, 0x0050)
REG32(ICE_STREAM2_BIST_FINISH_VEC, 0x006c)
REG32(ICE_BIST_STATUS, 0x0070)
    FIELD(ICE_BIST_STATUS, RUNNING, 28, 4)
REG32(ICE_BYPASS_STATUS, 0x0074)
REG32(ICE_ADVANCED_CONTROL, 0x1000)
REG32(ICE_ENDIAN_SWAP, 0x1004)
REG32(ICE_TEST_BUS_CONTROL, 0x1010)
REG32(ICE_TEST_BUS_REG, 0x1014)

/* What software sets in ADVANCED_CONTROL before it uses the engine */
#define ICE_LOW_POWER       0x00007000
#define ICE_OPTIMIZATION    0x0d807100

#define ICE_ALL_FUSES       0x7

static bool msm_ice_bist_runs(SDHCIMSMState *s)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) < s->bist_end;
}

bool msm_ice_ready(SDHCIMSMState *s)
{
    uint32_t control = s->ice_control[R_ICE_ADVANCED_CONTROL];
    const char *why = !s->clock[MSM_CLOCK_ICE] ? "its clock is off" :
                      msm_ice_bist_runs(s) ? "its self-test runs" :
                      s->ice_fuses ? "its fuses are blown" : NULL;

    if (why) {
        msm_violation(s, MSM_STAT_V_ICE_NOT_READY,
                      "encrypted task, but for the engine %s", why);
        return false;
    }
    if (~control & (ICE_LOW_POWER | ICE_OPTIMIZATION)) {
        msm_count(s, MSM_STAT_ICE_UNCONFIGURED);
    }
    return true;
}

void msm_ice_clock_on(SDHCIMSMState *s)
{
    msm_count(s, MSM_STAT_BISTS);
    s->bist_end = msm_fault(s, MSM_FAULT_BIST) ? INT64_MAX :
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + s->bist_time;
}

void msm_ice_collapse(SDHCIMSMState *s)
{
    memset(s->ice_control, 0, sizeof(s->ice_control));
}

void msm_ice_reset(SDHCIMSMState *s)
{
    msm_ice_collapse(s);
    s->bist_end = 0;
    if (s->clock[MSM_CLOCK_ICE]) {
        msm_ice_clock_on(s);
    }
}

static bool msm_ice_clocked(SDHCIMSMState *s, hwaddr addr)
{
    if (s->clock[MSM_CLOCK_ICE]) {
        return true;
    }
    msm_violation(s, MSM_STAT_V_ICE_UNCLOCKED,
                  "register 0x%04" HWADDR_PRIx, addr);
    return false;
}

static uint64_t msm_ice_read(void *opaque, hwaddr addr, unsigned size)
{
    SDHCIMSMState *s = opaque;

    if (!msm_ice_clocked(s, addr)) {
        return 0;
    }
    switch (addr / 4) {
    case R_ICE_VERSION:
        return msm_fault(s, MSM_FAULT_VERSION) ? 0 : s->ice_version;
    case R_ICE_FUSE_SETTING:
        return msm_fault(s, MSM_FAULT_FUSES) ? ICE_ALL_FUSES : s->ice_fuses;
    case R_ICE_BIST_STATUS:
        return msm_ice_bist_runs(s) ? R_ICE_BIST_STATUS_RUNNING_MASK : 0;
    case R_ICE_CONTROL ... R_ICE_RESET:
    case R_ICE_PARAMETERS_1 ... R_ICE_PARAMETERS_5:
    case R_ICE_INVALID_CCFG_ERR_STTS:
    case R_ICE_GENERAL_ERR_STTS ... R_ICE_NON_SEC_IRQ_CLR:
    case R_ICE_STREAM1_ERROR_SYNDROME1 ... R_ICE_STREAM2_BIST_FINISH_VEC:
    case R_ICE_BYPASS_STATUS:
    case R_ICE_ADVANCED_CONTROL ... R_ICE_ENDIAN_SWAP:
    case R_ICE_TEST_BUS_CONTROL ... R_ICE_TEST_BUS_REG:
        return s->ice_control[addr / 4];
    default:
        msm_violation(s, MSM_STAT_V_ICE_REGISTER,
                      "read of 0x%04" HWADDR_PRIx, addr);
        return 0;
    }
}

static void msm_ice_write(void *opaque, hwaddr addr, uint64_t value,
                          unsigned size)
{
    SDHCIMSMState *s = opaque;

    if (!msm_ice_clocked(s, addr)) {
        return;
    }
    switch (addr / 4) {
    case R_ICE_CONTROL ... R_ICE_RESET:
    case R_ICE_GENERAL_ERR_MASK:
    case R_ICE_ADVANCED_CONTROL ... R_ICE_ENDIAN_SWAP:
    case R_ICE_TEST_BUS_CONTROL:
        s->ice_control[addr / 4] = value;
        break;
    case R_ICE_NON_SEC_IRQ_CLR:
        break;
    default:
        msm_violation(s, MSM_STAT_V_ICE_REGISTER,
                      "0x%08" PRIx64 " written to 0x%04" HWADDR_PRIx, value,
                      addr);
        break;
    }
}

const MemoryRegionOps msm_ice_ops = {
    .read = msm_ice_read,
    .write = msm_ice_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4, },
};
