/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inline encryption for MMC: what the core and the block driver call.
 *
 * This is the boundary between the block layer's keyslot manager and MMC. Keep
 * it free of any particular engine or host controller, and keep the functions
 * that every request passes inline and short: with CONFIG_MMC_CRYPTO=n nothing
 * of them may remain.
 */

#ifndef _MMC_CORE_CRYPTO_H
#define _MMC_CORE_CRYPTO_H

#include <linux/blk-crypto.h>
#include <linux/blkdev.h>
#include <linux/keyslot-manager.h>

struct mmc_host;
struct mmc_request;

/**
 * enum mmc_crypto_path - The ways that a request can take to the host driver
 * @MMC_CRYPTO_PATH_LEGACY: one request after the other, by ->request() of
 *	&struct mmc_host_ops, or through the host software queue
 * @MMC_CRYPTO_PATH_CQE: through a command queue engine, by ->cqe_request() of
 *	&struct mmc_cqe_ops
 */
enum mmc_crypto_path {
	MMC_CRYPTO_PATH_LEGACY,
	MMC_CRYPTO_PATH_CQE,
};

#ifdef CONFIG_MMC_CRYPTO

void mmc_crypto_setup_queue(struct request_queue *q, struct mmc_host *host);
void mmc_crypto_release_queue(struct request_queue *q);
bool mmc_crypto_can_encrypt(struct mmc_host *host);
void mmc_crypto_set_initial_state(struct mmc_host *host);
void mmc_crypto_stop_host(struct mmc_host *host);
void mmc_crypto_free_host(struct mmc_host *host);
int mmc_crypto_prepare_encrypted(struct request *req, struct mmc_request *mrq,
				 enum mmc_crypto_path path);

/**
 * mmc_crypto_dun_fits() - Check all DUNs of a request against a field's width
 * @dun: the first data unit's number, least significant 64 bits first
 * @units: how many data units there are, at least 1
 * @bytes: the width of the field, at most 8
 *
 * Return: whether the first and the last number, and so all between, can be
 *	   represented in a field of that width.
 */
static inline bool mmc_crypto_dun_fits(const u64 dun[BLK_CRYPTO_DUN_ARRAY_SIZE],
				       unsigned int units, unsigned int bytes)
{
	u64 last = dun[0] + units - 1;
	u64 more = 0;
	unsigned int i;

	for (i = 1; i < BLK_CRYPTO_DUN_ARRAY_SIZE; i++)
		more |= dun[i];

	if (likely(bytes < sizeof(last)))
		more |= last >> (8 * bytes);

	return !more && last >= dun[0];
}

/* Whether requests of @q may have to be encrypted by the host. */
static inline bool mmc_crypto_queue_encrypts(struct request_queue *q)
{
	return q->ksm;
}

/*
 * The least that may be transferred of @req by itself: @bytes, or a data unit if
 * it has an encryption context and that is more.
 */
static inline unsigned int mmc_crypto_min_bytes(struct request *req,
						unsigned int bytes)
{
	if (likely(!req->crypt_ctx))
		return bytes;
	return max(bytes, req->crypt_ctx->bc_key->crypto_cfg.data_unit_size);
}

/*
 * How much of the @bytes that were transferred at the front of @req counts: if it
 * has an encryption context, whole data units, since it can be continued only there.
 */
static inline unsigned int mmc_crypto_whole_units(struct request *req,
						  unsigned int bytes)
{
	/* When nothing is left of it, its key may be gone as well. */
	if (likely(!req->crypt_ctx) || !blk_rq_bytes(req))
		return bytes;
	return round_down(bytes,
			  req->crypt_ctx->bc_key->crypto_cfg.data_unit_size);
}

/*
 * A request that did not go through a command queue engine ended in an error. If it
 * was encrypted, it may be its key that is missing: nothing else would tell.
 */
static inline void mmc_crypto_request_failed(struct request *req)
{
	if (unlikely(req->crypt_ctx))
		blk_ksm_keys_lost(req->q->ksm);
}

/**
 * mmc_crypto_prepare_req() - Hand a request's encryption context to its mrq
 * @req: the request
 * @mrq: the MMC request made of it, whose data is final: what part of @req it
 *	transfers must not change afterwards
 * @path: the way that @mrq is about to take
 *
 * To be called each time before @mrq is given to the host driver, since the key
 * may have been lost, or the path may have changed, since the last time.
 *
 * Context: Process context. May sleep if a key has to be restored.
 * Return: 0 if @mrq may be issued, with @mrq->crypto_ctx set if and only if
 *	   it has to be encrypted; else -EIO and @req must fail.
 */
static inline int mmc_crypto_prepare_req(struct request *req,
					 struct mmc_request *mrq,
					 enum mmc_crypto_path path)
{
	if (likely(!req->crypt_ctx))
		return 0;
	return mmc_crypto_prepare_encrypted(req, mrq, path);
}

#else /* CONFIG_MMC_CRYPTO */

static inline void mmc_crypto_setup_queue(struct request_queue *q,
					  struct mmc_host *host)
{
}

static inline void mmc_crypto_release_queue(struct request_queue *q)
{
}

static inline void mmc_crypto_set_initial_state(struct mmc_host *host)
{
}

static inline void mmc_crypto_stop_host(struct mmc_host *host)
{
}

static inline void mmc_crypto_free_host(struct mmc_host *host)
{
}

static inline bool mmc_crypto_queue_encrypts(struct request_queue *q)
{
	return false;
}

static inline unsigned int mmc_crypto_min_bytes(struct request *req,
						unsigned int bytes)
{
	return bytes;
}

static inline unsigned int mmc_crypto_whole_units(struct request *req,
						  unsigned int bytes)
{
	return bytes;
}

static inline void mmc_crypto_request_failed(struct request *req)
{
}

static inline int mmc_crypto_prepare_req(struct request *req,
					 struct mmc_request *mrq,
					 enum mmc_crypto_path path)
{
	return 0;
}

#endif /* !CONFIG_MMC_CRYPTO */

#endif /* _MMC_CORE_CRYPTO_H */
