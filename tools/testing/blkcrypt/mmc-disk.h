/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host that a module is about, which is named by a disk on it
 */

#ifndef MMC_DISK_H
#define MMC_DISK_H

#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/genhd.h>
#include <linux/mmc/card.h>
#include <linux/mmc/host.h>
#include <linux/module.h>

static char *disk = "/dev/mmcblk0";
module_param(disk, charp, 0444);
MODULE_PARM_DESC(disk, "A disk on the host");

static struct block_device *bdev;
static struct mmc_host *host;

/* Holding the disk open keeps the host. */
static int get_host(void)
{
	struct mmc_card *card;

	bdev = blkdev_get_by_path(disk, FMODE_READ, NULL);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);

	card = container_of(disk_to_dev(bdev->bd_disk)->parent, struct mmc_card,
			    dev);
	host = card->host;
	return 0;
}

static void put_host(void)
{
	blkdev_put(bdev, FMODE_READ);
}

#endif
