/*
 * Secure monitor calls of the silicon provider, answered by a device model
 *
 * On a machine whose conduit is SMC and that has no EL3 of its own, QEMU
 * answers PSCI in place of the firmware. The same firmware often answers
 * calls of the chip's maker too (SMC calling convention, ARM DEN 0028, owner
 * 2): whoever models those registers here, and is asked before PSCI is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_ARM_SIP_H
#define HW_ARM_SIP_H

#define ARM_SIP_ARGS    6       /* x0 to x5 */
#define ARM_SIP_RESULTS 4       /* x0 to x3 */

/*
 * ARMSIPHandler:
 * Answer the call in @in. Registers that a result does not change are in @out
 * already.
 *
 * Returns: false if the firmware does not know of such calls
 */
typedef bool ARMSIPHandler(void *opaque, const uint64_t in[ARM_SIP_ARGS],
                           uint64_t out[ARM_SIP_RESULTS]);

/*
 * arm_sip_set_handler:
 * There is one firmware: while it has a handler only NULL can be set.
 *
 * Returns: whether it was set
 */
bool arm_sip_set_handler(ARMSIPHandler *handler, void *opaque);

/*
 * arm_sip_call:
 * For the processor: @in and @out are its registers.
 *
 * Returns: false if it is no such call, or there is no such firmware
 */
bool arm_sip_call(const uint64_t in[ARM_SIP_ARGS],
                  uint64_t out[ARM_SIP_RESULTS]);

#endif
