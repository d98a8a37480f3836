// SPDX-License-Identifier: GPL-2.0
/*
 * While this module is loaded, the card of one disk counts as one that can be taken
 * out, and its host looks for it when told to.
 *
 *   insmod mmc-rescan.ko disk=/dev/mmcblk0
 *   echo 300 >/sys/module/mmc_rescan/parameters/in_ms
 *   cat /sys/module/mmc_rescan/parameters/looked
 *
 * From the writing on, who meets an error may find that the card is gone; after so many
 * milliseconds the host looks by itself. If the card does not answer then, it is removed,
 * and the next time it is found again. The reading ends when the host does not look any
 * more.
 *
 * The disk is not held, so that it can go. The host must not be unbound meanwhile.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/jiffies.h>
#include <linux/mmc/host.h>
#include <linux/module.h>

#include "mmc-disk.h"

static u32 nonremovable;

static int in_ms_set(const char *val, const struct kernel_param *kp)
{
	unsigned int ms;
	int err = kstrtouint(val, 0, &ms);

	if (err)
		return err;
	/* While the module is loaded only, and not by an argument */
	if (!host)
		return -ENODEV;
	mmc_detect_change(host, msecs_to_jiffies(ms));
	return 0;
}

static const struct kernel_param_ops in_ms_ops = {
	.set = in_ms_set,
};
module_param_cb(in_ms, &in_ms_ops, NULL, 0200);
MODULE_PARM_DESC(in_ms, "Look for the card after so many milliseconds");

static int looked_get(char *buffer, const struct kernel_param *kp)
{
	if (!host)
		return -ENODEV;
	flush_delayed_work(&host->detect);
	return sysfs_emit(buffer, "1\n");
}

static const struct kernel_param_ops looked_ops = {
	.get = looked_get,
};
module_param_cb(looked, &looked_ops, NULL, 0400);
MODULE_PARM_DESC(looked, "Wait until the host has looked for the card");

static int __init rescan_init(void)
{
	int err = get_host();

	if (err)
		return err;
	get_device(mmc_classdev(host));
	put_host();

	nonremovable = host->caps & MMC_CAP_NONREMOVABLE;
	host->caps &= ~MMC_CAP_NONREMOVABLE;
	return 0;
}
module_init(rescan_init);

static void __exit rescan_exit(void)
{
	host->caps |= nonremovable;
	put_device(mmc_classdev(host));
}
module_exit(rescan_exit);

MODULE_DESCRIPTION("Test module: an MMC card that can be taken out");
MODULE_LICENSE("GPL v2");
