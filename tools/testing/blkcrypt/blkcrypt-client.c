// SPDX-License-Identifier: GPL-2.0
/*
 * Test client of blk-crypto: submits bios with encryption contexts to a block
 * device, on request from user space (/dev/blkcrypt), without a file system.
 *
 * It is what shows data units smaller than a file system's block, a chosen
 * queue depth, and bios that merge or have to be split.  It has to stay
 * ignorant of what is below the block device.
 *
 * The file systems that use blk-crypto are always built in, so 5.10 exports
 * none of its functions to modules.  The addresses are asked from a probe that
 * is registered disarmed: that way the client needs no change of the kernel
 * under test, and runs on any that has CONFIG_KPROBES.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bio.h>
#include <linux/blk-crypto.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "blkcrypt.h"

static bool evict_at_end;
module_param(evict_at_end, bool, 0644);
MODULE_PARM_DESC(evict_at_end, "Evict keys when the last bio ends, if it ends where one may sleep");

static bool deep;
module_param(deep, bool, 0644);
MODULE_PARM_DESC(deep, "Submit bios from further down the stack than anything else is done");

static typeof(bio_crypt_set_ctx) *set_ctx;
static typeof(blk_crypto_init_key) *init_key;
static typeof(blk_crypto_start_using_key) *start_using_key;
static typeof(blk_crypto_evict_key) *evict_key;

/**
 * struct client - an open file
 * @lock: guards all of it; one submission at a time
 * @bdev: the device that was chosen, or NULL
 * @keys: by their number
 */
struct client {
	struct mutex lock;
	struct block_device *bdev;
	struct blk_crypto_key *keys[BLKCRYPT_MAX_KEYS];
};

/**
 * struct batch - bios that were submitted together
 * @pending: bios that have not ended, and one for the submitter
 * @done: completed when @pending gets to zero
 * @evicts: whose keys are evicted by the last bio, or NULL
 */
struct batch {
	struct client *evicts;
	atomic_t pending;
	struct completion done;
};

static void batch_put(struct batch *batch)
{
	if (atomic_dec_and_test(&batch->pending))
		complete(&batch->done);
}

static void client_evict(struct client *client, unsigned int nr)
{
	evict_key(bdev_get_queue(client->bdev), client->keys[nr]);
	kfree_sensitive(client->keys[nr]);
	client->keys[nr] = NULL;
}

static void client_evict_all(struct client *client)
{
	unsigned int nr;

	for (nr = 0; nr < BLKCRYPT_MAX_KEYS; nr++)
		if (client->keys[nr])
			client_evict(client, nr);
}

static void client_end_io(struct bio *bio)
{
	struct batch *batch = bio->bi_private;

	/* The submitter waits, or is the only other one to be pending. */
	if (batch->evicts && !in_interrupt() && !irqs_disabled() &&
	    atomic_read(&batch->pending) <= 2)
		client_evict_all(batch->evicts);
	batch_put(batch);
}

static int client_target(struct client *client, void __user *arg)
{
	struct blkcrypt_target target;
	struct block_device *bdev;

	if (client->bdev)
		return -EBUSY;
	if (copy_from_user(&target, arg, sizeof(target)))
		return -EFAULT;
	if (strnlen(target.path, sizeof(target.path)) == sizeof(target.path))
		return -ENAMETOOLONG;

	bdev = blkdev_get_by_path(target.path, FMODE_READ | FMODE_WRITE, NULL);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);

	client->bdev = bdev;
	return 0;
}

static int client_add_key(struct client *client, void __user *arg)
{
	struct blk_crypto_key *key;
	struct blkcrypt_key spec;
	unsigned int nr;
	int err;

	if (!client->bdev)
		return -ENODEV;

	for (nr = 0; nr < BLKCRYPT_MAX_KEYS && client->keys[nr]; nr++)
		;
	if (nr == BLKCRYPT_MAX_KEYS)
		return -ENOSPC;

	key = kzalloc(sizeof(*key), GFP_KERNEL);
	if (!key)
		return -ENOMEM;

	err = -EFAULT;
	if (copy_from_user(&spec, arg, sizeof(spec)))
		goto out;
	err = init_key(key, spec.raw, BLK_ENCRYPTION_MODE_AES_256_XTS,
		       spec.dun_bytes, spec.data_unit_size);
	if (err)
		goto out;
	err = start_using_key(key, bdev_get_queue(client->bdev));
	if (err)
		goto out;

	client->keys[nr] = key;
	key = NULL;
	err = nr;
out:
	memzero_explicit(&spec, sizeof(spec));
	kfree_sensitive(key);
	return err;
}

static int client_evict_key(struct client *client, void __user *arg)
{
	u32 nr;

	if (get_user(nr, (u32 __user *)arg))
		return -EFAULT;
	if (nr >= BLKCRYPT_MAX_KEYS || !client->keys[nr])
		return -ENOENT;

	client_evict(client, nr);
	return 0;
}

/* Copy between a bio's segments and user space; the bio has not been started. */
static int bio_fill(struct bio *bio, const void __user *buf)
{
	struct bvec_iter iter;
	struct bio_vec bv;

	bio_for_each_segment(bv, bio, iter) {
		if (copy_from_user(page_address(bv.bv_page) + bv.bv_offset,
				   buf, bv.bv_len))
			return -EFAULT;
		buf += bv.bv_len;
	}
	return 0;
}

/* The other way; the bio has ended, so its iterator is of no use any more. */
static int bio_fetch(struct bio *bio, void __user *buf)
{
	struct bvec_iter_all iter;
	struct bio_vec *bv;

	bio_for_each_segment_all(bv, bio, iter) {
		if (copy_to_user(buf, page_address(bv->bv_page) + bv->bv_offset,
				 bv->bv_len))
			return -EFAULT;
		buf += bv->bv_len;
	}
	return 0;
}

static void bio_destroy(struct bio *bio)
{
	bio_free_pages(bio);
	bio_put(bio);
}

/*
 * Where the bio goes, and with which key: what a bio that has ended needs again. Its data
 * stays.
 */
static void bio_aim(struct bio *bio, struct client *client,
		    const struct blkcrypt_bio *spec)
{
	bio_set_dev(bio, client->bdev);
	bio->bi_iter.bi_sector = spec->sector;
	bio->bi_end_io = client_end_io;
	bio->bi_opf = REQ_OP_READ;
	if (spec->flags & (BLKCRYPT_BIO_WRITE | BLKCRYPT_BIO_FLUSH))
		bio->bi_opf = REQ_OP_WRITE | REQ_SYNC;
	if (spec->flags & BLKCRYPT_BIO_FUA)
		bio->bi_opf |= REQ_FUA;
	if (spec->flags & BLKCRYPT_BIO_FLUSH)
		bio->bi_opf |= REQ_PREFLUSH;

	if (spec->key != BLKCRYPT_NO_KEY) {
		u64 dun[BLK_CRYPTO_DUN_ARRAY_SIZE] = { spec->dun };

		set_ctx(bio, client->keys[spec->key], dun, GFP_KERNEL);
	}
}

static void bio_again(struct bio *bio, struct client *client,
		      const struct blkcrypt_bio *spec)
{
	unsigned short nr_segs = bio->bi_vcnt;

	bio_reset(bio);
	bio->bi_vcnt = nr_segs;
	bio->bi_iter.bi_size = spec->len;
	bio_aim(bio, client, spec);
}

/*
 * A page for every segment, and a segment that is shorter than its page begins
 * somewhere in it: no two become one, so that the number of segments is known.
 */
static struct bio *bio_build(struct client *client, u32 seg_size,
			     const struct blkcrypt_bio *spec)
{
	unsigned int nr_segs = spec->len / seg_size;
	unsigned int places = PAGE_SIZE / seg_size;
	struct bio *bio;
	unsigned int i;

	if (spec->len % seg_size || nr_segs > BIO_MAX_PAGES ||
	    !spec->len != !!(spec->flags & BLKCRYPT_BIO_FLUSH) ||
	    spec->sector >= get_capacity(client->bdev->bd_disk) ||
	    (spec->key != BLKCRYPT_NO_KEY &&
	     (!spec->len || spec->key < 0 || spec->key >= BLKCRYPT_MAX_KEYS ||
	      !client->keys[spec->key])))
		return ERR_PTR(-EINVAL);

	bio = bio_alloc(GFP_KERNEL, nr_segs);
	if (!bio)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < nr_segs; i++) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		if (!page) {
			bio_destroy(bio);
			return ERR_PTR(-ENOMEM);
		}
		__bio_add_page(bio, page, seg_size, i % places * seg_size);
	}

	if (spec->flags & BLKCRYPT_BIO_WRITE &&
	    bio_fill(bio, u64_to_user_ptr(spec->buf))) {
		bio_destroy(bio);
		return ERR_PTR(-EFAULT);
	}

	bio_aim(bio, client, spec);
	return bio;
}

static void batch_submit(struct batch *batch, struct bio **bios,
			 unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		bios[i]->bi_private = batch;
		submit_bio(bios[i]);
	}
}

/*
 * What is left on the stack by those who are called from here is still there when
 * all bios have ended, if they were plugged.
 */
static noinline void batch_submit_deep(struct batch *batch, struct bio **bios,
				       unsigned int nr)
{
	u8 room[1024];

	barrier_data(room);
	batch_submit(batch, bios, nr);
	barrier_data(room);
}

static void batch_run(struct client *client, struct bio **bios, unsigned int nr,
		      bool plugged)
{
	struct blk_plug plug;
	struct batch batch;

	batch.evicts = evict_at_end ? client : NULL;
	atomic_set(&batch.pending, nr + 1);
	init_completion(&batch.done);

	if (plugged)
		blk_start_plug(&plug);
	if (deep)
		batch_submit_deep(&batch, bios, nr);
	else
		batch_submit(&batch, bios, nr);
	if (plugged)
		blk_finish_plug(&plug);

	batch_put(&batch);
	wait_for_completion_io(&batch.done);
}

static void bios_run(struct client *client, struct bio **bios,
		     const struct blkcrypt_submit *submit)
{
	unsigned int batch = submit->batch ?: submit->nr;
	unsigned int i;

	for (i = 0; i < submit->nr; i += batch)
		batch_run(client, bios + i, min(batch, submit->nr - i),
			  submit->flags & BLKCRYPT_SUBMIT_PLUG);
}

static void bios_run_again(struct client *client, struct bio **bios,
			   const struct blkcrypt_bio *specs,
			   const struct blkcrypt_submit *submit)
{
	unsigned int round, i;

	for (round = 0; round < submit->rounds; round++) {
		for (i = 0; i < submit->nr; i++) {
			/* An error ends it, and is for the caller to see. */
			if (bios[i]->bi_status)
				return;
			bio_again(bios[i], client, &specs[i]);
		}
		bios_run(client, bios, submit);
	}
}

/* Instructions of all that runs on a processor, of which the bench has one only. */
static struct perf_event *counter_new(void)
{
	struct perf_event_attr attr = {
		.type	= PERF_TYPE_HARDWARE,
		.config	= PERF_COUNT_HW_INSTRUCTIONS,
		.size	= sizeof(attr),
		.pinned	= true,
	};

	return perf_event_create_kernel_counter(&attr, 0, NULL, NULL, NULL);
}

static u64 counter_read(struct perf_event *counter)
{
	u64 enabled, running;

	return perf_event_read_value(counter, &enabled, &running);
}

static int bios_count(struct client *client, struct bio **bios,
		      const struct blkcrypt_bio *specs,
		      struct blkcrypt_submit *submit)
{
	struct perf_event *counter = counter_new();
	u64 before;

	if (IS_ERR(counter))
		return PTR_ERR(counter);

	before = counter_read(counter);
	asm volatile(BLKCRYPT_MARK_BEGIN ::: "memory");
	bios_run_again(client, bios, specs, submit);
	asm volatile(BLKCRYPT_MARK_END ::: "memory");
	submit->instructions = counter_read(counter) - before;
	perf_event_release_kernel(counter);
	return 0;
}

static int client_submit(struct client *client, void __user *arg)
{
	struct blkcrypt_submit submit;
	struct blkcrypt_bio *specs;
	struct bio **bios;
	unsigned int nr;
	int err = 0;

	if (!client->bdev)
		return -ENODEV;
	if (copy_from_user(&submit, arg, sizeof(submit)))
		return -EFAULT;
	if (!submit.nr || submit.nr > BLKCRYPT_MAX_BIOS || submit.reserved ||
	    !is_power_of_2(submit.seg_size) ||
	    submit.seg_size < SECTOR_SIZE || submit.seg_size > PAGE_SIZE)
		return -EINVAL;

	specs = memdup_user(u64_to_user_ptr(submit.bios),
			    array_size(submit.nr, sizeof(*specs)));
	if (IS_ERR(specs))
		return PTR_ERR(specs);

	bios = kcalloc(submit.nr, sizeof(*bios), GFP_KERNEL);
	if (!bios) {
		err = -ENOMEM;
		goto free_specs;
	}

	for (nr = 0; nr < submit.nr; nr++) {
		bios[nr] = bio_build(client, submit.seg_size, &specs[nr]);
		if (IS_ERR(bios[nr])) {
			err = PTR_ERR(bios[nr]);
			goto free_bios;
		}
	}

	bios_run(client, bios, &submit);
	if (submit.flags & BLKCRYPT_SUBMIT_COUNT)
		err = bios_count(client, bios, specs, &submit);
	else
		bios_run_again(client, bios, specs, &submit);

	while (nr--) {
		struct blkcrypt_bio *spec = &specs[nr];

		spec->error = blk_status_to_errno(bios[nr]->bi_status);
		if (!spec->error &&
		    !(spec->flags & (BLKCRYPT_BIO_WRITE | BLKCRYPT_BIO_FLUSH)))
			err = bio_fetch(bios[nr], u64_to_user_ptr(spec->buf)) ?:
			      err;
		bio_destroy(bios[nr]);
	}
	nr = 0;
	if (copy_to_user(u64_to_user_ptr(submit.bios), specs,
			 array_size(submit.nr, sizeof(*specs))) ||
	    copy_to_user(arg, &submit, sizeof(submit)))
		err = -EFAULT;

free_bios:
	while (nr--)
		bio_destroy(bios[nr]);
	kfree(bios);
free_specs:
	kfree(specs);
	return err;
}

static long client_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;
	struct client *client = file->private_data;
	long ret;

	mutex_lock(&client->lock);
	switch (cmd) {
	case BLKCRYPT_IOC_TARGET:
		ret = client_target(client, uarg);
		break;
	case BLKCRYPT_IOC_ADD_KEY:
		ret = client_add_key(client, uarg);
		break;
	case BLKCRYPT_IOC_EVICT_KEY:
		ret = client_evict_key(client, uarg);
		break;
	case BLKCRYPT_IOC_SUBMIT:
		ret = client_submit(client, uarg);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&client->lock);
	return ret;
}

static int client_open(struct inode *inode, struct file *file)
{
	struct client *client = kzalloc(sizeof(*client), GFP_KERNEL);

	if (!client)
		return -ENOMEM;

	mutex_init(&client->lock);
	file->private_data = client;
	return 0;
}

static int client_release(struct inode *inode, struct file *file)
{
	struct client *client = file->private_data;

	client_evict_all(client);
	if (client->bdev)
		blkdev_put(client->bdev, FMODE_READ | FMODE_WRITE);
	kfree(client);
	return 0;
}

static const struct file_operations client_fops = {
	.owner		= THIS_MODULE,
	.open		= client_open,
	.release	= client_release,
	.unlocked_ioctl	= client_ioctl,
};

static struct miscdevice client_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "blkcrypt",
	.fops	= &client_fops,
};

static void *__init find_function(const char *name)
{
	struct kprobe probe = {
		.symbol_name	= name,
		.flags		= KPROBE_FLAG_DISABLED,
	};
	int err = register_kprobe(&probe);

	if (err) {
		pr_err("%s not found (%d)\n", name, err);
		return NULL;
	}
	unregister_kprobe(&probe);
	return probe.addr;
}

static int __init client_init(void)
{
	set_ctx = find_function("bio_crypt_set_ctx");
	init_key = find_function("blk_crypto_init_key");
	start_using_key = find_function("blk_crypto_start_using_key");
	evict_key = find_function("blk_crypto_evict_key");
	if (!set_ctx || !init_key || !start_using_key || !evict_key)
		return -ENOENT;

	return misc_register(&client_misc);
}
module_init(client_init);

static void __exit client_exit(void)
{
	misc_deregister(&client_misc);
}
module_exit(client_exit);

MODULE_DESCRIPTION("Test client of blk-crypto");
MODULE_LICENSE("GPL v2");
