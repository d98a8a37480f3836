// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline encryption for MMC: what users are told about it, by a line in the log
 * for each card, by debugfs and by trace events.
 *
 * Nothing in here decides anything, and nothing may show what a key is. The files
 * in debugfs are described in Documentation/driver-api/mmc/mmc-crypto.rst.
 */

#include <linux/blk-crypto.h>
#include <linux/blkdev.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/keyslot-manager.h>
#include <linux/seq_file.h>

#include <linux/mmc/host.h>

#include "crypto.h"
#include "crypto-info.h"

#define CREATE_TRACE_POINTS
#include <trace/events/mmc_crypto.h>

/* Long enough for an engine that has every mode */
#define MMC_CRYPTO_TEXT_SIZE	160

/**
 * mmc_crypto_describe() - Put into words what an engine can do
 * @ksm: the keyslot manager of the engine
 * @buf: where to write it
 * @size: how much fits there, in bytes
 *
 * Context: Any context.
 * Return: the length of the text, which was cut to less than @size.
 */
int mmc_crypto_describe(const struct blk_keyslot_manager *ksm, char *buf,
			size_t size)
{
	unsigned int mode;
	int len;

	len = scnprintf(buf, size, "%u keyslots, %u-bit DUNs", ksm->num_slots,
			8 * ksm->max_dun_bytes_supported);

	for (mode = 0; mode < BLK_ENCRYPTION_MODE_MAX; mode++) {
		if (!ksm->crypto_modes_supported[mode])
			continue;
		len += scnprintf(buf + len, size - len,
				 ", %s with data units 0x%x",
				 blk_crypto_mode_name(mode),
				 ksm->crypto_modes_supported[mode]);
	}

	return len;
}
EXPORT_SYMBOL_GPL(mmc_crypto_describe);

/* The way that the card's requests take to the host driver */
static const char *mmc_crypto_path_name(struct mmc_host *host)
{
	if (host->hsq_enabled)
		return "software queue";
	if (host->cqe_enabled)
		return "command queue";
	return "legacy";
}

/**
 * mmc_crypto_announce() - Tell whether a card's requests are encrypted inline
 * @host: the host
 * @q: the card's queue, set up by mmc_crypto_setup_queue()
 * @disk: the name of its disk
 *
 * Called once for each card. There is a line in the log if the host has an
 * engine, or may have one and cannot use it; other hosts say nothing.
 *
 * Context: Process context.
 */
void mmc_crypto_announce(struct mmc_host *host, struct request_queue *q,
			 const char *disk)
{
	char engine[MMC_CRYPTO_TEXT_SIZE];

	host->crypto_used = q->ksm;

	if (!(host->caps2 & MMC_CAP2_CRYPTO)) {
		if (host->crypto_obstacle)
			pr_info("%s: no inline encryption: %s\n", disk,
				host->crypto_obstacle);
		return;
	}

	mmc_crypto_describe(&host->ksm, engine, sizeof(engine));
	if (host->crypto_used)
		pr_info("%s: inline encryption by %s: %s\n", disk,
			mmc_crypto_path_name(host), engine);
	else
		pr_info("%s: no inline encryption: requests go by %s, past the engine (%s)\n",
			disk, mmc_crypto_path_name(host), engine);
}
EXPORT_SYMBOL_GPL(mmc_crypto_announce);

/**
 * mmc_crypto_error() - Count and trace an error that the engine has reported
 * @host: the host
 * @kind: what kind of error
 *
 * Called by host drivers for each report of the hardware. What becomes of the
 * requests is another matter.
 *
 * Context: Any context. Calls for the same host must not run at the same time.
 */
void mmc_crypto_error(struct mmc_host *host, enum mmc_crypto_error kind)
{
	WRITE_ONCE(host->crypto_errors[kind], host->crypto_errors[kind] + 1);
	trace_mmc_crypto_error(host, kind);
}
EXPORT_SYMBOL_GPL(mmc_crypto_error);

static int engine_show(struct seq_file *s, void *data)
{
	struct mmc_host *host = s->private;
	char engine[MMC_CRYPTO_TEXT_SIZE];

	if (host->caps2 & MMC_CAP2_CRYPTO) {
		mmc_crypto_describe(&host->ksm, engine, sizeof(engine));
		seq_printf(s, "engine: %s\n", engine);
	} else {
		seq_printf(s, "engine: unusable: %s\n", host->crypto_obstacle);
	}

	if (host->card)
		seq_printf(s, "path: %s\nencrypts: %s\n",
			   mmc_crypto_path_name(host),
			   host->crypto_used && mmc_crypto_can_encrypt(host) ?
			   "yes" : "no");

	if (host->crypto_show_caps)
		host->crypto_show_caps(host, s);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(engine);

static int keyslots_show(struct seq_file *s, void *data)
{
	struct mmc_host *host = s->private;
	struct blk_ksm_slot_info info;
	unsigned int i;

	for (i = 0; i < host->ksm.num_slots; i++) {
		blk_ksm_get_slot_info(&host->ksm, i, &info);
		if (info.has_key)
			seq_printf(s, "%u: %s %s %u users=%u%s\n", i,
				   info.is_valid ? "valid" : "invalid",
				   blk_crypto_mode_name(info.crypto_cfg.crypto_mode),
				   info.crypto_cfg.data_unit_size, info.users,
				   info.needs_clearing ? " uncleared" : "");
		else if (info.needs_clearing)
			seq_printf(s, "%u: uncleared\n", i);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(keyslots);

static int counters_show(struct seq_file *s, void *data)
{
	struct mmc_host *host = s->private;
	struct blk_ksm_stats stats;

	blk_ksm_get_stats(&host->ksm, &stats);
	seq_printf(s, "keys programmed: %lu\n", stats.programmed);
	seq_printf(s, "keys restored: %lu\n", stats.restored);
	seq_printf(s, "programming failed: %lu\n", stats.program_failed);
	seq_printf(s, "keyslots cleared: %lu\n", stats.evicted);
	seq_printf(s, "clearing failed: %lu\n", stats.evict_failed);
	seq_printf(s, "losses: %lu\n", stats.losses);
	seq_printf(s, "general errors: %lu\n",
		   READ_ONCE(host->crypto_errors[MMC_CRYPTO_ERROR_GENERAL]));
	seq_printf(s, "invalid configurations: %lu\n",
		   READ_ONCE(host->crypto_errors[MMC_CRYPTO_ERROR_CONFIG]));
	seq_printf(s, "requests: %lu\n", READ_ONCE(host->crypto_requests));
	seq_printf(s, "blocks: %lu\n", READ_ONCE(host->crypto_blocks));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

/**
 * mmc_crypto_add_debugfs() - Make the directory "crypto" of a host in debugfs
 * @host: the host, whose own directory is there and removes this one with it
 *
 * A host that cannot have an engine gets none; one that has an engine that it
 * cannot use gets what is known of it.
 *
 * Context: Process context.
 */
void mmc_crypto_add_debugfs(struct mmc_host *host)
{
	struct dentry *dir;

	if (!(host->caps2 & MMC_CAP2_CRYPTO) && !host->crypto_obstacle)
		return;

	dir = debugfs_create_dir("crypto", host->debugfs_root);
	debugfs_create_file("engine", 0400, dir, host, &engine_fops);

	if (!(host->caps2 & MMC_CAP2_CRYPTO))
		return;

	debugfs_create_file("keyslots", 0400, dir, host, &keyslots_fops);
	debugfs_create_file("counters", 0400, dir, host, &counters_fops);
}
