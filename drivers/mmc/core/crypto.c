// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline encryption for MMC: the core's side.
 *
 * The core owns the keyslot manager, which is embedded in struct mmc_host, and
 * decides which queues use it. What an engine looks like is for host drivers:
 * nothing in here may know about CQHCI, let alone about a vendor. See
 * Documentation/driver-api/mmc/mmc-crypto.rst for the life cycle.
 */

#include <linux/blkdev.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/keyslot-manager.h>
#include <linux/moduleparam.h>

#include <linux/mmc/core.h>
#include <linux/mmc/host.h>

#include "crypto.h"
#include "host.h"

static bool mmc_crypto_enable = true;
module_param_named(crypto, mmc_crypto_enable, bool, 0444);
MODULE_PARM_DESC(crypto, "Use inline encryption engines of host controllers (default: on)");

/**
 * mmc_crypto_init_host() - Initialise a host's keyslot manager
 * @host: the host, not added yet
 * @num_slots: how many keyslots its engine has
 * @ops: how to program and evict them
 *
 * Called by the host driver, which alone knows the engine, between
 * mmc_alloc_host() and mmc_add_host(). On success it goes on to fill in the
 * crypto modes and the width of the DUN in @host->ksm. There is nothing to
 * undo if a later step of the driver's probe fails.
 *
 * Context: Process context.
 * Return: 0; -EOPNOTSUPP if inline encryption has been switched off by the
 *	   module parameter "crypto"; -EINVAL if there are no slots; -ENOMEM. After
 *	   an error the driver must clear %MMC_CAP2_CRYPTO, or fail.
 */
int mmc_crypto_init_host(struct mmc_host *host, unsigned int num_slots,
			 const struct blk_ksm_ll_ops *ops)
{
	int err;

	if (!mmc_crypto_enable)
		return -EOPNOTSUPP;

	err = blk_ksm_init(&host->ksm, num_slots);
	if (err)
		return err;

	host->ksm.ksm_ll_ops = *ops;
	host->ksm.dev = mmc_dev(host);
	/* See mmc_crypto_prepare_encrypted(). */
	host->ksm.restores_at_issue = true;
	return 0;
}
EXPORT_SYMBOL_GPL(mmc_crypto_init_host);

/**
 * mmc_crypto_set_obstacle() - Say why a host that may have an engine cannot use it
 * @host: the host, not added yet
 * @fmt: what users are to be told when a card is found, as for printf()
 *
 * Context: Process context.
 */
void mmc_crypto_set_obstacle(struct mmc_host *host, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	host->crypto_obstacle = devm_kvasprintf(mmc_dev(host), GFP_KERNEL, fmt,
						args);
	va_end(args);
}
EXPORT_SYMBOL_GPL(mmc_crypto_set_obstacle);

/* Whether the host has an engine, which is known once it has been added */
static bool mmc_crypto_host_has_engine(struct mmc_host *host)
{
	return host->caps2 & MMC_CAP2_CRYPTO;
}

/**
 * mmc_crypto_set_initial_state() - Take notice of a return to the initial state
 * @host: the host
 *
 * Called when the host's bus has gone back to its initial state: at power-off, at
 * power-up and when the card is reset. Keyslots belong to the host's engine and
 * not to the card, so that these events need not affect them; a host driver that
 * has called mmc_crypto_set_reports_loss() is believed. For any other host each
 * of them counts as a loss. In either case keys are restored by the requests that
 * need them.
 *
 * Context: Any context.
 */
void mmc_crypto_set_initial_state(struct mmc_host *host)
{
	if (mmc_crypto_host_has_engine(host) && !host->crypto_reports_loss)
		blk_ksm_keys_lost(&host->ksm);
}

/* The way that requests with data take as long as nothing goes wrong */
static enum mmc_crypto_path mmc_crypto_queue_path(struct mmc_host *host)
{
	/* The host software queue is a command queue engine by name only. */
	if (host->cqe_enabled && !host->hsq_enabled)
		return MMC_CRYPTO_PATH_CQE;
	return MMC_CRYPTO_PATH_LEGACY;
}

/* An engine that did not serve the command queue would not have been set up. */
static bool mmc_crypto_path_encrypts(struct mmc_host *host,
				     enum mmc_crypto_path path)
{
	if (path == MMC_CRYPTO_PATH_CQE)
		return true;
	/* What waits in the host software queue is not looked at again. */
	return host->crypto_in_request && !host->hsq_enabled;
}

/* Whether requests with data take a path that encrypts, at present */
bool mmc_crypto_can_encrypt(struct mmc_host *host)
{
	return mmc_crypto_path_encrypts(host, mmc_crypto_queue_path(host));
}

/**
 * mmc_crypto_setup_queue() - Let a card's request_queue use the host's engine
 * @q: the queue, which has no users yet
 * @host: the host that the card sits on
 *
 * Does so only if requests with data take a path that encrypts, which is the
 * command queue unless the host driver has called mmc_crypto_set_in_request();
 * otherwise blk-crypto is left to its fallback. A queue that got the engine
 * holds @host and its parent device until mmc_crypto_release_queue().
 *
 * Context: Process context.
 */
void mmc_crypto_setup_queue(struct request_queue *q, struct mmc_host *host)
{
	if (!mmc_crypto_host_has_engine(host))
		return;

	if (!mmc_crypto_can_encrypt(host))
		return;

	if (!blk_ksm_register(&host->ksm, q))
		return;

	/*
	 * Keys are evicted through the queue until its last opener has gone.
	 * By then the host may have been removed, and removing it drops the
	 * reference to the parent that the driver core holds.
	 */
	get_device(mmc_dev(host));
	get_device(mmc_classdev(host));
}
EXPORT_SYMBOL_GPL(mmc_crypto_setup_queue);

/**
 * mmc_crypto_release_queue() - Undo mmc_crypto_setup_queue()
 * @q: the queue, whose last opener has gone
 *
 * Harmless for a queue that did not get the engine.
 *
 * Context: Process context.
 */
void mmc_crypto_release_queue(struct request_queue *q)
{
	struct mmc_host *host;
	struct device *parent;

	if (!q->ksm)
		return;

	host = container_of(q->ksm, struct mmc_host, ksm);
	parent = mmc_dev(host);
	q->ksm = NULL;
	/* Releasing the host still looks at its parent. */
	put_device(mmc_classdev(host));
	put_device(parent);
}
EXPORT_SYMBOL_GPL(mmc_crypto_release_queue);

/**
 * mmc_crypto_stop_host() - Clear the keyslots and leave the hardware alone
 * @host: the host, which is given no more requests
 *
 * Called when the host is removed, and at shutdown, when the card's queues are
 * quiesced: a request that is parked there finds no key. Keys that are evicted
 * afterwards do not reach the host driver.
 *
 * Context: Process context.
 */
void mmc_crypto_stop_host(struct mmc_host *host)
{
	blk_ksm_detach(&host->ksm);
}

/**
 * mmc_crypto_free_host() - Destroy the keyslot manager
 * @host: the host, to which there are no references any more
 *
 * Whether it was ever initialised does not matter.
 *
 * Context: Process context.
 */
void mmc_crypto_free_host(struct mmc_host *host)
{
	blk_ksm_destroy(&host->ksm);
}

/* Kept out of the way of requests that are not refused */
static noinline int mmc_crypto_refuse(struct request *req, int err)
{
	pr_err_ratelimited("%s: encrypted request refused, error %d\n",
			   req->rq_disk ? req->rq_disk->disk_name : "mmc", err);
	/* Not @err, which could be one that makes the caller try for ever. */
	return -EIO;
}

/* The part of mmc_crypto_prepare_req() for requests with a context. */
int mmc_crypto_prepare_encrypted(struct request *req, struct mmc_request *mrq,
				 enum mmc_crypto_path path)
{
	/* Of no use to a request without a keyslot, whose queue may have no ksm */
	struct mmc_host *host = container_of(req->q->ksm, struct mmc_host, ksm);
	unsigned int unit_bits, blocks, bytes, units;
	const struct bio_crypt_ctx *ctx;
	int slot, err;

	/*
	 * blk-crypto gives a request a keyslot if its queue has an engine. The
	 * queue has one only if its path encrypts; what goes another way must
	 * not have come that far.
	 */
	if (!req->crypt_keyslot || !mmc_crypto_path_encrypts(host, path))
		return mmc_crypto_refuse(req, -EOPNOTSUPP);

	/*
	 * A command queue is tuned again by its first request. Keys may be lost
	 * by that, and nobody looks for them afterwards.
	 */
	if (unlikely(host->retune_now)) {
		err = mmc_retune(host);
		if (err)
			return mmc_crypto_refuse(req, err);
	}

	/* Before anything else, so that little has to be saved over the call. */
	slot = blk_ksm_restore_slot(req->crypt_keyslot);
	if (slot < 0)
		return mmc_crypto_refuse(req, slot);

	ctx = req->crypt_ctx;
	unit_bits = ctx->bc_key->data_unit_size_bits;
	blocks = mrq->data->blocks;
	bytes = mrq->data->blksz * blocks;
	units = bytes >> unit_bits;

	/* Part of a data unit cannot be encrypted by itself. */
	if (bytes != units << unit_bits)
		return mmc_crypto_refuse(req, -EINVAL);

	if (!mmc_crypto_dun_fits(ctx->bc_dun, units,
				 host->ksm.max_dun_bytes_supported))
		return mmc_crypto_refuse(req, -EOVERFLOW);

	mrq->crypto_ctx = ctx;
	mrq->crypto_key_slot = slot;

	WRITE_ONCE(host->crypto_requests, host->crypto_requests + 1);
	WRITE_ONCE(host->crypto_blocks, host->crypto_blocks + blocks);
	return 0;
}
EXPORT_SYMBOL_GPL(mmc_crypto_prepare_encrypted);
