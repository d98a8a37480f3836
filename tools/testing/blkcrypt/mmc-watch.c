// SPDX-License-Identifier: GPL-2.0
/*
 * While this module is loaded, it looks on as the host of one disk is given
 * keys and requests.
 *
 *   insmod mmc-watch.ko disk=/dev/mmcblk0
 *
 * Its parameters tell how often a keyslot was written to, and how often that
 * was done by somebody who may not use the reserves of memory, or whose reclaim
 * could evict a key.  The block layer waits for it, and so does who needs it to
 * get memory back, or holds the lock that eviction takes.  Writing to "late"
 * tells the timeout of a request again that was issued before, as a timer does
 * that lost the race against its completion. Writing to "reset" resets the card, as
 * recovery does, but without a request. With slow_ms=N it takes so long to give a
 * key to the host; how often recovery began while a request was on its way to the host,
 * is counted as well.
 *
 * To be loaded and unloaded while nothing is under way on the host, which must not be unbound
 * meanwhile.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/keyslot-manager.h>
#include <linux/mmc/card.h>
#include <linux/mmc/core.h>
#include <linux/mmc/host.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "core.h"
#include "queue.h"

#include "mmc-disk.h"

static unsigned int keyslots;
module_param(keyslots, uint, 0444);
MODULE_PARM_DESC(keyslots, "How often a keyslot was written to");

static unsigned int unreserved;
module_param(unreserved, uint, 0444);
MODULE_PARM_DESC(unreserved, "How often by somebody without the reserves");

static unsigned int evicting;
module_param(evicting, uint, 0444);
MODULE_PARM_DESC(evicting, "How often by somebody whose reclaim may evict");

static unsigned int slow_ms;
module_param(slow_ms, uint, 0644);
MODULE_PARM_DESC(slow_ms, "How many milliseconds it takes to program a key");

static unsigned int recoveries;
module_param(recoveries, uint, 0444);
MODULE_PARM_DESC(recoveries, "How often the command queue was recovered");

static unsigned int untimely;
module_param(untimely, uint, 0444);
MODULE_PARM_DESC(untimely, "How often while a request was being issued");

static struct mmc_request *seen;
static void (*seen_notifier)(struct mmc_request *mrq);
static const struct mmc_cqe_ops *cqe_ops;
static struct mmc_cqe_ops watched_cqe_ops;

static int watch_request(struct mmc_host *mmc, struct mmc_request *mrq)
{
	/*
	 * It is a part of the block layer's request, which stays where it is.
	 * What is in it does not, when it is used again.
	 */
	if (mrq->data && mrq->recovery_notifier) {
		seen_notifier = mrq->recovery_notifier;
		seen = mrq;
	}
	return cqe_ops->cqe_request(mmc, mrq);
}

static void watch_recovery_start(struct mmc_host *mmc)
{
	struct mmc_queue *mq = bdev->bd_disk->queue->queuedata;

	recoveries++;
	if (READ_ONCE(mq->busy))
		untimely++;
	cqe_ops->cqe_recovery_start(mmc);
}

static int late_set(const char *val, const struct kernel_param *kp)
{
	if (!seen)
		return -ENOENT;
	seen_notifier(seen);
	return 0;
}

static const struct kernel_param_ops late_ops = {
	.set = late_set,
};
module_param_cb(late, &late_ops, NULL, 0200);
MODULE_PARM_DESC(late, "Tell the timeout of a request that was issued before");

static int reset_set(const char *val, const struct kernel_param *kp)
{
	int err;

	if (!host)
		return -ENODEV;
	mmc_claim_host(host);
	err = mmc_hw_reset(host);
	mmc_release_host(host);
	return err;
}

static const struct kernel_param_ops reset_ops = {
	.set = reset_set,
};
module_param_cb(reset, &reset_ops, NULL, 0200);
MODULE_PARM_DESC(reset, "Reset the card");

/* This is also built for kernels that do not have the series. */
#ifdef CONFIG_MMC_CRYPTO
static struct blk_ksm_ll_ops ksm_ops;

static void watch_keyslot(void)
{
	keyslots++;
	if (!(current->flags & PF_MEMALLOC))
		unreserved++;
	if (!(current->flags & PF_MEMALLOC_NOIO))
		evicting++;
}

static int watch_program(struct blk_keyslot_manager *ksm,
			 const struct blk_crypto_key *key, unsigned int slot)
{
	watch_keyslot();
	if (slow_ms)
		msleep(slow_ms);
	return ksm_ops.keyslot_program(ksm, key, slot);
}

static int watch_evict(struct blk_keyslot_manager *ksm,
		       const struct blk_crypto_key *key, unsigned int slot)
{
	watch_keyslot();
	return ksm_ops.keyslot_evict(ksm, key, slot);
}

static void watch_keyslots(void)
{
	ksm_ops = host->ksm.ksm_ll_ops;
	host->ksm.ksm_ll_ops.keyslot_program = watch_program;
	host->ksm.ksm_ll_ops.keyslot_evict = watch_evict;
}

static void unwatch_keyslots(void)
{
	host->ksm.ksm_ll_ops = ksm_ops;
}
#else
static void watch_keyslots(void)
{
}

static void unwatch_keyslots(void)
{
}
#endif

static int __init watch_init(void)
{
	int err = get_host();

	if (err)
		return err;

	cqe_ops = host->cqe_ops;
	if (!cqe_ops) {
		put_host();
		return -ENODEV;
	}
	watched_cqe_ops = *cqe_ops;
	watched_cqe_ops.cqe_request = watch_request;
	watched_cqe_ops.cqe_recovery_start = watch_recovery_start;
	host->cqe_ops = &watched_cqe_ops;
	watch_keyslots();
	return 0;
}
module_init(watch_init);

static void __exit watch_exit(void)
{
	unwatch_keyslots();
	host->cqe_ops = cqe_ops;
	put_host();
}
module_exit(watch_exit);

MODULE_DESCRIPTION("Test module: an MMC host that is looked at");
MODULE_LICENSE("GPL v2");
