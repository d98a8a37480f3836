// SPDX-License-Identifier: GPL-2.0
/*
 * While this module is loaded, the host of one disk has the host software queue in
 * place of its command queue, as hosts without one may have.
 *
 *   insmod mmc-software.ko disk=/dev/mmcblk0
 *
 * The disk itself is not held: its driver may be unbound from the card and bound
 * again.  A disk that was there before has a request queue that was made for the
 * command queue.  One that came meanwhile has to be gone before the module is, since
 * it has more tags than the command queue.
 *
 * To be loaded and unloaded while nothing is under way on the host, which must not be unbound
 * meanwhile.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/mmc/card.h>
#include <linux/mmc/core.h>
#include <linux/mmc/host.h>
#include <linux/module.h>

#include "core.h"
#include "mmc_hsq.h"
#include "mmc_ops.h"
#include "sdhci.h"

#include "mmc-disk.h"

static const struct mmc_cqe_ops *cqe_ops;
static const struct sdhci_ops *sdhci_ops;
static struct sdhci_ops software_sdhci_ops;
static bool defers;

/*
 * The software queue is found where the driver of the engine looks for the command
 * queue, and keys come and go all the time: it gets a host of its own, which hands
 * on what it is given.
 */
static struct mmc_hsq hsq;
static struct mmc_host hsq_host;

static void hand_on_request(struct mmc_host *mmc, struct mmc_request *mrq)
{
	host->ops->request(host, mrq);
}

static void hand_on_post_req(struct mmc_host *mmc, struct mmc_request *mrq,
			     int err)
{
	host->ops->post_req(host, mrq, err);
}

static const struct mmc_host_ops hsq_host_ops = {
	.request	= hand_on_request,
	.post_req	= hand_on_post_req,
};

static int software_enable(struct mmc_host *mmc, struct mmc_card *card)
{
	return hsq_host.cqe_ops->cqe_enable(&hsq_host, card);
}

static void software_disable(struct mmc_host *mmc)
{
	hsq_host.cqe_ops->cqe_disable(&hsq_host);
}

static int software_request(struct mmc_host *mmc, struct mmc_request *mrq)
{
	return hsq_host.cqe_ops->cqe_request(&hsq_host, mrq);
}

static void software_post_req(struct mmc_host *mmc, struct mmc_request *mrq)
{
	hsq_host.cqe_ops->cqe_post_req(&hsq_host, mrq);
}

static int software_wait_for_idle(struct mmc_host *mmc)
{
	return hsq_host.cqe_ops->cqe_wait_for_idle(&hsq_host);
}

static void software_recovery_start(struct mmc_host *mmc)
{
	hsq_host.cqe_ops->cqe_recovery_start(&hsq_host);
}

static void software_recovery_finish(struct mmc_host *mmc)
{
	hsq_host.cqe_ops->cqe_recovery_finish(&hsq_host);
}

static const struct mmc_cqe_ops software_cqe_ops = {
	.cqe_enable		= software_enable,
	.cqe_disable		= software_disable,
	.cqe_request		= software_request,
	.cqe_post_req		= software_post_req,
	.cqe_wait_for_idle	= software_wait_for_idle,
	.cqe_recovery_start	= software_recovery_start,
	.cqe_recovery_finish	= software_recovery_finish,
};

static void software_request_done(struct sdhci_host *sdhci,
				  struct mmc_request *mrq)
{
	if (!mmc_hsq_finalize_request(&hsq_host, mrq))
		mmc_request_done(host, mrq);
}

/* With the host claimed, whose hardware queue is off */
static void software_start(struct sdhci_host *sdhci)
{
	sdhci_ops = sdhci->ops;
	software_sdhci_ops = *sdhci_ops;
	software_sdhci_ops.request_done = software_request_done;
	sdhci->ops = &software_sdhci_ops;
	/* The next request is issued by who completes one, and may sleep. */
	defers = sdhci->always_defer_done;
	sdhci->always_defer_done = true;

	cqe_ops = host->cqe_ops;
	host->cqe_ops = &software_cqe_ops;
	/* Neither a reset nor an ioctl brings the card's queue back. */
	host->caps2 &= ~MMC_CAP2_CQE;
	host->card->reenable_cmdq = false;
	host->hsq_enabled = true;
	/* It is new, and so not on yet. */
	host->cqe_ops->cqe_enable(host, host->card);
}

static void software_stop(struct sdhci_host *sdhci)
{
	host->cqe_ops->cqe_disable(host);
	host->hsq_enabled = false;
	host->caps2 |= MMC_CAP2_CQE;
	host->cqe_ops = cqe_ops;
	sdhci->always_defer_done = defers;
	sdhci->ops = sdhci_ops;
}

/* Whether the card and the host have their command queue again */
static bool hardware_start(void)
{
	host->card->reenable_cmdq = !mmc_cmdq_enable(host->card);
	return !cqe_ops->cqe_enable(host, host->card);
}

static int __init software_init(void)
{
	int err = get_host();

	if (err)
		return err;
	get_device(mmc_classdev(host));
	put_host();

	hsq_host.parent = mmc_dev(host);
	hsq_host.ops = &hsq_host_ops;
	err = mmc_hsq_init(&hsq, &hsq_host);
	if (err)
		goto put_device;

	mmc_claim_host(host);
	if (!host->cqe_enabled || host->hsq_enabled)
		err = -ENODEV;
	else
		err = mmc_cmdq_disable(host->card);
	if (!err) {
		host->cqe_ops->cqe_disable(host);
		software_start(mmc_priv(host));
	}
	mmc_release_host(host);
	if (!err)
		return 0;

put_device:
	put_device(mmc_classdev(host));
	return err;
}
module_init(software_init);

static void __exit software_exit(void)
{
	mmc_claim_host(host);
	software_stop(mmc_priv(host));
	host->cqe_enabled = hardware_start();
	if (!host->cqe_enabled)
		pr_err("the command queue did not come back\n");
	mmc_release_host(host);
	put_device(mmc_classdev(host));
}
module_exit(software_exit);

MODULE_DESCRIPTION("Test module: an MMC host with the host software queue");
MODULE_LICENSE("GPL v2");
