/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inline encryption by command queue engines: what cqhci.c calls.
 *
 * Registers and descriptor fields of the crypto extension to CQHCI
 * (JESD84-B51A) have their place in here and in cqhci-crypto.c; vendors'
 * registers do not. Whatever cqhci.c calls must vanish with
 * CONFIG_MMC_CRYPTO=n.
 */

#ifndef LINUX_MMC_CQHCI_CRYPTO_H
#define LINUX_MMC_CQHCI_CRYPTO_H

#include <linux/bitfield.h>
#include <linux/blk-crypto.h>

#include <linux/mmc/host.h>

#include "cqhci.h"

/* Bits 127:64 of the task descriptor of a data transfer */
#define CQHCI_TD_DUN		GENMASK_ULL(31, 0)
#define CQHCI_TD_KEYSLOT	GENMASK_ULL(39, 32)
#define CQHCI_TD_CRYPTO_ENABLE	BIT_ULL(47)

/* What the width of CQHCI_TD_DUN means to the keyslot manager */
#define CQHCI_DUN_BYTES		4

/**
 * struct cqhci_crypto_verdict - What to make of an error of the crypto engine
 * @failed: the tasks that it belongs to, a bit for each
 * @ask_again: it cannot be told to which of the encrypted tasks it belongs; they
 *	have to be issued again, one at a time
 * @keys_in_doubt: the engine may have lost its keys
 */
struct cqhci_crypto_verdict {
	u32 failed;
	bool ask_again;
	bool keys_in_doubt;
};

#ifdef CONFIG_MMC_CRYPTO

/* Errors of the crypto engine; only enabled where there is one */
#define CQHCI_IS_CRYPTO_ERRORS	(CQHCI_IS_GCE | CQHCI_IS_ICCE)

int cqhci_crypto_init(struct cqhci_host *cq_host);
void cqhci_crypto_set_off(struct cqhci_host *cq_host, bool off);
struct cqhci_crypto_verdict cqhci_crypto_judge(u32 status, u32 tdpe, u32 terri,
					       u32 last_terri, u32 encrypted);

/**
 * cqhci_crypto_set_mmio_size() - Tell how far a host's registers reach
 * @cq_host: the command queue engine, not initialised yet
 * @size: how many bytes are mapped at its mmio; 0, as without this, if it is not
 *	known, which excludes its crypto engine
 *
 * Context: Any context.
 */
static inline void cqhci_crypto_set_mmio_size(struct cqhci_host *cq_host,
					      resource_size_t size)
{
	cq_host->mmio_size = size;
}

/* Whether the engine is to be enabled; final once cqhci_init() has returned. */
static inline bool cqhci_crypto_enabled(struct cqhci_host *cq_host)
{
	return cq_host->mmc->caps2 & MMC_CAP2_CRYPTO;
}

/*
 * Have the engine enabled together with the queue, or off for good: the system
 * that ran before may have left it on.
 */
static inline u32 cqhci_crypto_set_cfg(struct cqhci_host *cq_host, u32 cfg)
{
	if (cqhci_crypto_enabled(cq_host))
		return cfg | CQHCI_CRYPTO_ENABLE;
	return cfg & ~CQHCI_CRYPTO_ENABLE;
}

static inline bool cqhci_crypto_is_encrypted(const struct mmc_request *mrq)
{
	return mrq->crypto_ctx;
}

/*
 * Bits 127:64 of the task descriptor for @mrq. That all its DUNs fit has been
 * checked by mmc_crypto_prepare_req() against what the keyslot manager was told.
 */
static inline u64 cqhci_crypto_task_desc(const struct mmc_request *mrq)
{
	if (!mrq->crypto_ctx)
		return 0;

	return CQHCI_TD_CRYPTO_ENABLE |
	       FIELD_PREP(CQHCI_TD_KEYSLOT, mrq->crypto_key_slot) |
	       FIELD_PREP(CQHCI_TD_DUN, mrq->crypto_ctx->bc_dun[0]);
}

#else /* CONFIG_MMC_CRYPTO */

#define CQHCI_IS_CRYPTO_ERRORS	0

static inline int cqhci_crypto_init(struct cqhci_host *cq_host)
{
	return 0;
}

static inline void cqhci_crypto_set_mmio_size(struct cqhci_host *cq_host,
					      resource_size_t size)
{
}

static inline void cqhci_crypto_set_off(struct cqhci_host *cq_host, bool off)
{
}

static inline bool cqhci_crypto_enabled(struct cqhci_host *cq_host)
{
	return false;
}

static inline u32 cqhci_crypto_set_cfg(struct cqhci_host *cq_host, u32 cfg)
{
	return cfg;
}

static inline bool cqhci_crypto_is_encrypted(const struct mmc_request *mrq)
{
	return false;
}

static inline u64 cqhci_crypto_task_desc(const struct mmc_request *mrq)
{
	return 0;
}

#endif /* !CONFIG_MMC_CRYPTO */

#endif /* LINUX_MMC_CQHCI_CRYPTO_H */
