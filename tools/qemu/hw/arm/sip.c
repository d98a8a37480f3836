/*
 * Secure monitor calls of the silicon provider: from processor to device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "hw/arm/sip.h"

#define SMCCC_OWNER_SHIFT   24
#define SMCCC_OWNER_BITS    6
#define SMCCC_OWNER_SIP     2

static ARMSIPHandler *sip_handler;
static void *sip_opaque;

bool arm_sip_set_handler(ARMSIPHandler *handler, void *opaque)
{
    if (handler && sip_handler) {
        return false;
    }
    sip_handler = handler;
    sip_opaque = opaque;
    return true;
}

bool arm_sip_call(const uint64_t in[ARM_SIP_ARGS],
                  uint64_t out[ARM_SIP_RESULTS])
{
    if (!sip_handler || extract64(in[0], SMCCC_OWNER_SHIFT,
                                  SMCCC_OWNER_BITS) != SMCCC_OWNER_SIP) {
        return false;
    }
    memcpy(out, in, ARM_SIP_RESULTS * sizeof(out[0]));
    return sip_handler(sip_opaque, in, out);
}
