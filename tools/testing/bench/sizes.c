// SPDX-License-Identifier: GPL-2.0
/*
 * What a host and a request take of memory: each variable is as large as the struct that
 * it is named after. Compiled, never loaded.
 */
#include <linux/blk-crypto.h>
#include <linux/blkdev.h>
#include <linux/mmc/core.h>
#include <linux/mmc/host.h>
#include <linux/module.h>

#include "cqhci.h"
#include "queue.h"

char size_mmc_host[sizeof(struct mmc_host)];
char size_cqhci_host[sizeof(struct cqhci_host)];
char size_mmc_queue_req[sizeof(struct mmc_queue_req)];
char size_request[sizeof(struct request)];
char size_bio_crypt_ctx[sizeof(struct bio_crypt_ctx)];

MODULE_LICENSE("GPL v2");
