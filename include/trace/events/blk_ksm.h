/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the keyslot manager does to the keyslots of an inline encryption engine.
 * Nothing in here may tell anything of a key but what it is for.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM blk_ksm

#if !defined(_TRACE_BLK_KSM_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_BLK_KSM_H

#include <linux/blk-crypto.h>
#include <linux/device.h>
#include <linux/keyslot-manager.h>
#include <linux/tracepoint.h>

#ifndef _TRACE_BLK_KSM_HELPERS
#define _TRACE_BLK_KSM_HELPERS
/* The device that the engine is in; "-" is none, like the software fallback. */
static inline const char *blk_ksm_trace_dev(struct blk_keyslot_manager *ksm)
{
	struct device *dev = READ_ONCE(ksm->dev);

	return dev ? dev_name(dev) : "-";
}
#endif

DECLARE_EVENT_CLASS(blk_ksm_program_class,

	TP_PROTO(struct blk_keyslot_manager *ksm, unsigned int slot,
		 const struct blk_crypto_config *cfg, int err),

	TP_ARGS(ksm, slot, cfg, err),

	TP_STRUCT__entry(
		__string(dev,			blk_ksm_trace_dev(ksm))
		__string(mode,			blk_crypto_mode_name(cfg->crypto_mode))
		__field(unsigned int,		slot)
		__field(unsigned int,		data_unit_size)
		__field(int,			err)
	),

	TP_fast_assign(
		__assign_str(dev, blk_ksm_trace_dev(ksm));
		__assign_str(mode, blk_crypto_mode_name(cfg->crypto_mode));
		__entry->slot = slot;
		__entry->data_unit_size = cfg->data_unit_size;
		__entry->err = err;
	),

	TP_printk("%s: slot=%u mode=%s data_unit_size=%u err=%d",
		  __get_str(dev), __entry->slot, __get_str(mode),
		  __entry->data_unit_size, __entry->err)
);

/* A key was programmed into a keyslot that did not hold it before. */
DEFINE_EVENT(blk_ksm_program_class, blk_ksm_program,
	TP_PROTO(struct blk_keyslot_manager *ksm, unsigned int slot,
		 const struct blk_crypto_config *cfg, int err),
	TP_ARGS(ksm, slot, cfg, err)
);

/* A key was programmed again, since the hardware had lost it. */
DEFINE_EVENT(blk_ksm_program_class, blk_ksm_restore,
	TP_PROTO(struct blk_keyslot_manager *ksm, unsigned int slot,
		 const struct blk_crypto_config *cfg, int err),
	TP_ARGS(ksm, slot, cfg, err)
);

/* A keyslot was cleared. */
TRACE_EVENT(blk_ksm_evict,

	TP_PROTO(struct blk_keyslot_manager *ksm, unsigned int slot, int err),

	TP_ARGS(ksm, slot, err),

	TP_STRUCT__entry(
		__string(dev,			blk_ksm_trace_dev(ksm))
		__field(unsigned int,		slot)
		__field(int,			err)
	),

	TP_fast_assign(
		__assign_str(dev, blk_ksm_trace_dev(ksm));
		__entry->slot = slot;
		__entry->err = err;
	),

	TP_printk("%s: slot=%u err=%d",
		  __get_str(dev), __entry->slot, __entry->err)
);

/* The hardware has lost all its keys, or may have. */
TRACE_EVENT(blk_ksm_keys_lost,

	TP_PROTO(struct blk_keyslot_manager *ksm),

	TP_ARGS(ksm),

	TP_STRUCT__entry(
		__string(dev,			blk_ksm_trace_dev(ksm))
	),

	TP_fast_assign(
		__assign_str(dev, blk_ksm_trace_dev(ksm));
	),

	TP_printk("%s", __get_str(dev))
);

#endif /* _TRACE_BLK_KSM_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
