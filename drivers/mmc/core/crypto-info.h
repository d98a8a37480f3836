/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inline encryption for MMC: what users are told about it.
 *
 * Nothing in here decides anything, and nothing may show what a key is. With
 * CONFIG_MMC_CRYPTO=n nothing of it may remain.
 */

#ifndef _MMC_CORE_CRYPTO_INFO_H
#define _MMC_CORE_CRYPTO_INFO_H

#include <linux/types.h>

struct blk_keyslot_manager;
struct mmc_host;
struct request_queue;
struct seq_file;

#ifdef CONFIG_MMC_CRYPTO

void mmc_crypto_announce(struct mmc_host *host, struct request_queue *q,
			 const char *disk);
void mmc_crypto_add_debugfs(struct mmc_host *host);
int mmc_crypto_describe(const struct blk_keyslot_manager *ksm, char *buf,
			size_t size);

#else /* CONFIG_MMC_CRYPTO */

static inline void mmc_crypto_announce(struct mmc_host *host,
				       struct request_queue *q,
				       const char *disk)
{
}

static inline void mmc_crypto_add_debugfs(struct mmc_host *host)
{
}

#endif /* !CONFIG_MMC_CRYPTO */

#endif /* _MMC_CORE_CRYPTO_INFO_H */
