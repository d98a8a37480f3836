// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/block/<disk>/queue/crypto: what the inline encryption engine behind a
 * queue can do. Names and formats are an interface to user space, described in
 * Documentation/ABI/testing/sysfs-block; nothing in here may show what a key is.
 *
 * The files need no lock: a queue's keyslot manager neither appears nor goes nor
 * changes what it advertises while the directory is there, and removing the
 * directory waits for those who read.
 */

#include <linux/blk-crypto.h>
#include <linux/blkdev.h>
#include <linux/keyslot-manager.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "blk.h"

/* A file in the directory "modes" */
struct mode_file {
	struct kobj_attribute file;
	enum blk_crypto_mode_num mode;
};

/* The directory's kobject is the queue's child. */
static struct blk_keyslot_manager *dir_to_ksm(struct kobject *dir)
{
	return container_of(dir->parent, struct request_queue, kobj)->ksm;
}

static ssize_t num_keyslots_show(struct kobject *dir,
				 struct kobj_attribute *file, char *page)
{
	return sysfs_emit(page, "%u\n", dir_to_ksm(dir)->num_slots);
}

static ssize_t max_dun_bits_show(struct kobject *dir,
				 struct kobj_attribute *file, char *page)
{
	return sysfs_emit(page, "%u\n",
			  8 * dir_to_ksm(dir)->max_dun_bytes_supported);
}

static unsigned int mode_data_unit_sizes(struct kobject *dir,
					 struct kobj_attribute *file)
{
	const struct mode_file *f = container_of(file, struct mode_file, file);

	return dir_to_ksm(dir)->crypto_modes_supported[f->mode];
}

static ssize_t mode_show(struct kobject *dir, struct kobj_attribute *file,
			 char *page)
{
	return sysfs_emit(page, "0x%x\n", mode_data_unit_sizes(dir, file));
}

#define MODE_FILE(_mode, _name)				\
	[BLK_ENCRYPTION_MODE_##_mode] = {		\
		.file.attr = {				\
			.name = _name,			\
			.mode = 0444,			\
		},					\
		.file.show = mode_show,			\
		.mode = BLK_ENCRYPTION_MODE_##_mode,	\
	}

static struct mode_file mode_files[] = {
	MODE_FILE(AES_256_XTS, "AES-256-XTS"),
	MODE_FILE(AES_128_CBC_ESSIV, "AES-128-CBC-ESSIV"),
	MODE_FILE(ADIANTUM, "Adiantum"),
};

static struct attribute *modes_dir_files[] = {
	&mode_files[BLK_ENCRYPTION_MODE_AES_256_XTS].file.attr,
	&mode_files[BLK_ENCRYPTION_MODE_AES_128_CBC_ESSIV].file.attr,
	&mode_files[BLK_ENCRYPTION_MODE_ADIANTUM].file.attr,
	NULL,
};

/* Only modes that the engine has got a file. */
static umode_t mode_is_visible(struct kobject *dir, struct attribute *attr,
			       int n)
{
	struct kobj_attribute *file =
			container_of(attr, struct kobj_attribute, attr);

	return mode_data_unit_sizes(dir, file) ? attr->mode : 0;
}

static const struct attribute_group modes_dir = {
	.name = "modes",
	.attrs = modes_dir_files,
	.is_visible = mode_is_visible,
};

static struct kobj_attribute num_keyslots_file = __ATTR_RO(num_keyslots);
static struct kobj_attribute max_dun_bits_file = __ATTR_RO(max_dun_bits);

static struct attribute *crypto_dir_files[] = {
	&num_keyslots_file.attr,
	&max_dun_bits_file.attr,
	NULL,
};

static const struct attribute_group crypto_dir = {
	.attrs = crypto_dir_files,
};

static const struct attribute_group *crypto_dirs[] = {
	&crypto_dir,
	&modes_dir,
	NULL,
};

/**
 * blk_crypto_mode_name() - The name by which user space knows an encryption mode
 * @mode: the mode
 *
 * Context: Any context.
 * Return: the name of the mode's file in sysfs, or NULL if @mode is
 *	   BLK_ENCRYPTION_MODE_INVALID.
 */
const char *blk_crypto_mode_name(enum blk_crypto_mode_num mode)
{
	/* A mode that is new has to get a name. */
	BUILD_BUG_ON(ARRAY_SIZE(mode_files) != BLK_ENCRYPTION_MODE_MAX);

	return mode_files[mode].file.attr.name;
}
EXPORT_SYMBOL_GPL(blk_crypto_mode_name);

/**
 * blk_crypto_sysfs_register() - Make the directory "crypto" of a queue
 * @q: the queue, whose own directory is there; without an engine it gets none
 *
 * Context: Process context, with @q->sysfs_dir_lock held.
 * Return: 0 or -errno.
 */
int blk_crypto_sysfs_register(struct request_queue *q)
{
	int err;

	if (!q->ksm)
		return 0;

	q->crypto_dir = kobject_create_and_add("crypto", &q->kobj);
	if (!q->crypto_dir)
		return -ENOMEM;

	err = sysfs_create_groups(q->crypto_dir, crypto_dirs);
	if (err)
		blk_crypto_sysfs_unregister(q);
	return err;
}

/**
 * blk_crypto_sysfs_unregister() - Remove what blk_crypto_sysfs_register() made
 * @q: the queue, with or without a directory
 *
 * Nobody looks at @q->ksm through these files once this has returned.
 *
 * Context: Process context, with @q->sysfs_dir_lock held.
 */
void blk_crypto_sysfs_unregister(struct request_queue *q)
{
	if (!q->crypto_dir)
		return;

	/* The last reference may be given up much later. */
	kobject_del(q->crypto_dir);
	kobject_put(q->crypto_dir);
	q->crypto_dir = NULL;
}
