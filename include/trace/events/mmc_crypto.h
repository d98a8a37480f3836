/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What inline encryption engines of MMC hosts report. What is done to their keyslots
 * is traced by the keyslot manager, see blk_ksm.h.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mmc_crypto

#if !defined(_TRACE_MMC_CRYPTO_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_MMC_CRYPTO_H

#include <linux/mmc/host.h>
#include <linux/tracepoint.h>

TRACE_DEFINE_ENUM(MMC_CRYPTO_ERROR_GENERAL);
TRACE_DEFINE_ENUM(MMC_CRYPTO_ERROR_CONFIG);

TRACE_EVENT(mmc_crypto_error,

	TP_PROTO(struct mmc_host *host, enum mmc_crypto_error kind),

	TP_ARGS(host, kind),

	TP_STRUCT__entry(
		__string(name,			mmc_hostname(host))
		__field(unsigned int,		kind)
	),

	TP_fast_assign(
		__assign_str(name, mmc_hostname(host));
		__entry->kind = kind;
	),

	TP_printk("%s: %s", __get_str(name),
		  __print_symbolic(__entry->kind,
				   { MMC_CRYPTO_ERROR_GENERAL, "general error" },
				   { MMC_CRYPTO_ERROR_CONFIG, "invalid configuration" }))
);

#endif /* _TRACE_MMC_CRYPTO_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
