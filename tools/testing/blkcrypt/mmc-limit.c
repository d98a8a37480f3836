// SPDX-License-Identifier: GPL-2.0
/*
 * While this module is loaded, the host of one disk transfers at most so many
 * blocks at a time, as some hosts must: requests that are larger are completed
 * in part and issued again for the rest, whatever path they take.
 *
 *   insmod mmc-limit.ko disk=/dev/mmcblk0 blocks=16
 *
 * The limit is the host operation that drivers have for that; with max_blocks=N it is what the
 * host says to be able to transfer, which it said otherwise when the queue was made. With tuning_loses=y
 * the host is due to be tuned, and that counts as a loss of all keys, as it does for a
 * driver that resets its host when a setting turns out to be bad. With desc64=y its
 * command queue has task descriptors of 64 bits, which have no room for a context. Requests
 * without one have to be left out then, since their descriptors are where those of 128 were.
 *
 * To be loaded and unloaded while nothing is under way on the host, which must not be unbound
 * meanwhile.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/mmc/card.h>
#include <linux/mmc/host.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>

#include "cqhci.h"
#include "mmc-disk.h"

static int blocks = INT_MAX;
module_param(blocks, int, 0444);
MODULE_PARM_DESC(blocks, "At most so many blocks of 512 bytes at a time");

static unsigned int max_blocks;
module_param(max_blocks, uint, 0444);
MODULE_PARM_DESC(max_blocks, "The largest number of blocks of the host");

static bool cmd23 = true;
module_param(cmd23, bool, 0444);
MODULE_PARM_DESC(cmd23, "Tell the card before how many there will be");

static bool tuning_loses;
module_param(tuning_loses, bool, 0444);
MODULE_PARM_DESC(tuning_loses, "Have the host tuned, which loses keys");

static bool desc64;
module_param(desc64, bool, 0444);
MODULE_PARM_DESC(desc64, "Have task descriptors of 64 bits");

static unsigned int tuned;
module_param(tuned, uint, 0444);
MODULE_PARM_DESC(tuned, "How often that was done");

static const struct mmc_host_ops *host_ops;
static struct mmc_host_ops limited_ops;
static unsigned int max_blk_count;

static int limit_blocks(struct mmc_card *card, unsigned int direction,
			int wanted)
{
	return min(wanted, blocks);
}

static void limit_request(struct mmc_host *mmc, struct mmc_request *mrq)
{
	if (!cmd23)
		mrq->sbc = NULL;
	host_ops->request(mmc, mrq);
}

static int limit_tune(struct mmc_host *mmc, u32 opcode)
{
	tuned++;
	/* This is also built for kernels that do not have the series. */
#ifdef CONFIG_MMC_CRYPTO
	mmc_crypto_keys_lost(mmc);
#endif
	return 0;
}

/*
 * The engine is told the size when it is enabled, which has been done with 128 and,
 * as long as the host does not sleep, is not done again.
 */
static int limit_descriptors(void)
{
	struct cqhci_host *cq_host = host->cqe_private;

	if (!cq_host || host->hsq_enabled ||
	    !(cq_host->caps & CQHCI_TASK_DESC_SZ_128))
		return -ENODEV;

	pm_runtime_get_sync(mmc_dev(host));
	cq_host->caps &= ~CQHCI_TASK_DESC_SZ_128;
	return 0;
}

static void unlimit_descriptors(void)
{
	struct cqhci_host *cq_host = host->cqe_private;

	cq_host->caps |= CQHCI_TASK_DESC_SZ_128;
	pm_runtime_put(mmc_dev(host));
}

static int __init limit_init(void)
{
	int err;

	if (blocks < 1)
		return -EINVAL;

	err = get_host();
	if (err)
		return err;
	if (desc64) {
		err = limit_descriptors();
		if (err) {
			put_host();
			return err;
		}
	}
	host_ops = host->ops;
	limited_ops = *host_ops;
	limited_ops.multi_io_quirk = limit_blocks;
	limited_ops.request = limit_request;
	if (tuning_loses)
		limited_ops.execute_tuning = limit_tune;
	host->ops = &limited_ops;
	max_blk_count = host->max_blk_count;
	if (max_blocks)
		host->max_blk_count = max_blocks;
	if (tuning_loses)
		host->need_retune = 1;
	return 0;
}
module_init(limit_init);

static void __exit limit_exit(void)
{
	host->ops = host_ops;
	host->max_blk_count = max_blk_count;
	if (desc64)
		unlimit_descriptors();
	/* Nor is it tuned by the driver, which does not do that at this speed. */
	if (tuning_loses)
		host->can_retune = 0;
	put_host();
}
module_exit(limit_exit);

MODULE_DESCRIPTION("Test module: an MMC host that can do less");
MODULE_LICENSE("GPL v2");
