/*
 * The firmware of Qualcomm's eMMC host: keys come in by secure monitor calls
 *
 * Calls are those of the "Secure Channel Manager": function id of the SMC
 * calling convention in x0 with service and command in its lower half, the
 * number of arguments and their types in x1, arguments from x2 on. With more
 * than four, x5 is the address of a buffer that holds the fourth and all
 * after it. Both conventions, 32 and 64 bits, fast and yielding, are answered
 * alike.
 *
 * What a caller does wrong is answered as firmware answers it, and counted by
 * kind. With x-scm-port=on a region takes the registers of a call instead of
 * a processor, for tests that run none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "hw/registerfields.h"
#include "system/dma.h"
#include "sdhci-msm-internal.h"

FIELD(SMCCC, COMMAND, 0, 8)
FIELD(SMCCC, SERVICE, 8, 8)
FIELD(SMCCC, OWNER, 24, 6)
FIELD(SMCCC, SMC64, 30, 1)
#define SMCCC_SIP               2
#define SMCCC_NOT_SUPPORTED     UINT64_MAX

FIELD(ARGINFO, COUNT, 0, 4)
#define SCM_TYPE_RW(arg)        (2u << (4 + 2 * (arg)))

#define SCM_CALL(service, command)  ((service) << 8 | (command))
#define SCM_IS_CALL_AVAILABLE   SCM_CALL(0x06, 0x01)
#define SCM_INVALIDATE_ICE_KEY  SCM_CALL(0x10, 0x03)
#define SCM_SET_ICE_KEY         SCM_CALL(0x10, 0x04)

enum {
    SCM_OK = 0,
    SCM_ERROR = -1,
    SCM_EINVAL_ARG = -2,
    SCM_EINVAL_ADDR = -3,
    SCM_EOPNOTSUPP = -4,
    SCM_EBUSY = -12,
};

#define SCM_REG_ARGS            4
#define SCM_MAX_ARGS            10
#define SCM_AES_256_XTS         3
#define SCM_XTS_KEY_BYTES       64

/* Offsets of the port: x0 to x5 in, x0 to x3 out; the last one in calls */
#define SCM_PORT_CALL           0x100

static bool scm_read_memory(uint64_t addr, void *buf, size_t len)
{
    const MemTxAttrs attrs = { .memory = true };

    return dma_memory_read(&address_space_memory, addr, buf, len, attrs) ==
           MEMTX_OK;
}

/* All arguments of the call, wherever they are */
static int scm_arguments(SDHCIMSMState *s, const uint64_t in[],
                         uint64_t args[SCM_MAX_ARGS])
{
    unsigned count = FIELD_EX64(in[1], ARGINFO, COUNT);
    bool wide = FIELD_EX64(in[0], SMCCC, SMC64);
    unsigned size = wide ? 8 : 4;
    uint8_t buf[(SCM_MAX_ARGS - SCM_REG_ARGS + 1) * 8];
    unsigned outside;

    for (unsigned i = 0; i < SCM_REG_ARGS; i++) {
        args[i] = wide ? in[2 + i] : (uint32_t)in[2 + i];
    }
    if (count <= SCM_REG_ARGS) {
        return SCM_OK;
    }
    if (count > SCM_MAX_ARGS) {
        msm_violation(s, MSM_STAT_V_SCM_ARGINFO, "%u arguments", count);
        return SCM_EINVAL_ARG;
    }
    outside = count - (SCM_REG_ARGS - 1);
    if (!scm_read_memory(args[SCM_REG_ARGS - 1], buf, outside * size)) {
        msm_violation(s, MSM_STAT_V_SCM_BUFFER, "no memory at 0x%" PRIx64,
                      args[SCM_REG_ARGS - 1]);
        return SCM_EINVAL_ADDR;
    }
    for (unsigned i = 0; i < outside; i++) {
        args[SCM_REG_ARGS - 1 + i] = wide ? ldq_le_p(buf + i * 8) :
                                            ldl_le_p(buf + i * 4);
    }
    return SCM_OK;
}

static bool scm_offers_ice(SDHCIMSMState *s)
{
    return !strcmp(s->scm, "on");
}

/* One argument: the function id that is asked about, owner included */
static int scm_is_call_available(SDHCIMSMState *s, const uint64_t args[],
                                 uint64_t *result)
{
    uint32_t id = args[0];

    msm_count(s, MSM_STAT_SCM_AVAILABLE);
    *result = 0;
    if (FIELD_EX32(id, SMCCC, OWNER) != SMCCC_SIP) {
        return SCM_OK;
    }
    switch (id & 0xffff) {
    case SCM_IS_CALL_AVAILABLE:
        *result = 1;
        break;
    case SCM_INVALIDATE_ICE_KEY:
    case SCM_SET_ICE_KEY:
        *result = scm_offers_ice(s) &&
                  !msm_fault(s, MSM_FAULT_SCM_UNAVAILABLE);
        break;
    }
    return SCM_OK;
}

/* What both calls need before they can touch a keyslot */
static int scm_ice_check(SDHCIMSMState *s, uint64_t slot)
{
    if (msm_fault(s, MSM_FAULT_SCM_BUSY)) {
        return SCM_EBUSY;
    }
    if (slot >= s->cqhci.num_slots) {
        msm_violation(s, MSM_STAT_V_SCM_SLOT, "slot %" PRIu64 " of %u", slot,
                      s->cqhci.num_slots);
        return SCM_EINVAL_ARG;
    }
    if (!s->clock[MSM_CLOCK_ICE]) {
        msm_violation(s, MSM_STAT_V_SCM_UNCLOCKED, "slot %" PRIu64, slot);
        return SCM_ERROR;
    }
    return SCM_OK;
}

/* One argument: the slot */
static int scm_invalidate_ice_key(SDHCIMSMState *s, const uint64_t args[])
{
    int ret = scm_ice_check(s, args[0]);

    if (ret) {
        return ret;
    }
    if (msm_fault(s, MSM_FAULT_SCM_INVALIDATE)) {
        return SCM_ERROR;
    }
    cqhci_clear_key(&s->cqhci, args[0]);
    msm_count(s, MSM_STAT_SCM_INVALIDATE);
    return SCM_OK;
}

/* Slot, key's address, its size, cipher, and data unit size in 512 bytes */
static int scm_set_ice_key(SDHCIMSMState *s, const uint64_t args[])
{
    uint8_t raw[SCM_XTS_KEY_BYTES];
    uint32_t words[SCM_XTS_KEY_BYTES / 4];
    int ret = scm_ice_check(s, args[0]);

    if (ret) {
        return ret;
    }
    if (args[3] != SCM_AES_256_XTS) {
        msm_violation(s, MSM_STAT_V_SCM_CIPHER, "cipher %" PRIu64, args[3]);
        return SCM_EINVAL_ARG;
    }
    if (args[2] != SCM_XTS_KEY_BYTES) {
        msm_violation(s, MSM_STAT_V_SCM_KEY, "%" PRIu64 " bytes", args[2]);
        return SCM_EINVAL_ARG;
    }
    if (!scm_read_memory(args[1], raw, sizeof(raw))) {
        msm_violation(s, MSM_STAT_V_SCM_KEY, "no memory at 0x%" PRIx64,
                      args[1]);
        return SCM_EINVAL_ADDR;
    }
    if (msm_fault(s, MSM_FAULT_SCM_SET)) {
        return SCM_ERROR;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        words[i] = ldl_be_p(raw + i * 4);
    }
    if (!cqhci_set_key(&s->cqhci, args[0], words, args[4])) {
        msm_violation(s, MSM_STAT_V_SCM_UNIT, "data units of %" PRIu64
                      " times 512 bytes", args[4]);
        return SCM_EINVAL_ARG;
    }
    msm_count(s, MSM_STAT_SCM_SET);
    return SCM_OK;
}

static int scm_call(SDHCIMSMState *s, const uint64_t in[], uint64_t *result)
{
    uint32_t call = in[0] & 0xffff;
    uint64_t args[SCM_MAX_ARGS];
    uint32_t arginfo;
    int ret;

    switch (call) {
    case SCM_IS_CALL_AVAILABLE:
    case SCM_INVALIDATE_ICE_KEY:
        arginfo = 1;
        break;
    case SCM_SET_ICE_KEY:
        arginfo = 5 | SCM_TYPE_RW(1);
        break;
    default:
        return SCM_EOPNOTSUPP;
    }
    if (call != SCM_IS_CALL_AVAILABLE && !scm_offers_ice(s)) {
        msm_violation(s, MSM_STAT_V_SCM_CALL, "0x%04x is not offered", call);
        return SCM_EOPNOTSUPP;
    }
    if (in[1] != arginfo) {
        msm_violation(s, MSM_STAT_V_SCM_ARGINFO, "call 0x%04x: 0x%" PRIx64
                      " instead of 0x%x", call, in[1], arginfo);
        return SCM_EINVAL_ARG;
    }
    ret = scm_arguments(s, in, args);
    if (ret) {
        return ret;
    }
    switch (call) {
    case SCM_IS_CALL_AVAILABLE:
        return scm_is_call_available(s, args, result);
    case SCM_INVALIDATE_ICE_KEY:
        return scm_invalidate_ice_key(s, args);
    default:
        return scm_set_ice_key(s, args);
    }
}

bool msm_scm_call(void *opaque, const uint64_t in[], uint64_t out[])
{
    SDHCIMSMState *s = opaque;
    int ret;

    if (!strcmp(s->scm, "off")) {
        return false;
    }
    msm_count(s, MSM_STAT_SCM_CALLS);
    ret = scm_call(s, in, &out[1]);
    out[0] = (int64_t)ret;
    if (ret) {
        msm_count(s, MSM_STAT_SCM_FAILED);
    }
    return true;
}

static uint64_t msm_scm_port_read(void *opaque, hwaddr addr, unsigned size)
{
    SDHCIMSMState *s = opaque;

    return addr / 8 < ARRAY_SIZE(s->scm_reg) ? s->scm_reg[addr / 8] : 0;
}

static void msm_scm_port_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size)
{
    SDHCIMSMState *s = opaque;

    if (addr / 8 < ARM_SIP_ARGS) {
        s->scm_reg[addr / 8] = value;
    } else if (addr == SCM_PORT_CALL) {
        /* As the processor does, so that its way is what is tested */
        if (!arm_sip_call(s->scm_reg, &s->scm_reg[ARM_SIP_ARGS])) {
            s->scm_reg[ARM_SIP_ARGS] = SMCCC_NOT_SUPPORTED;
        }
    }
}

const MemoryRegionOps msm_scm_port_ops = {
    .read = msm_scm_port_read,
    .write = msm_scm_port_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 8, .max_access_size = 8, },
    .impl = { .min_access_size = 8, .max_access_size = 8, },
};
