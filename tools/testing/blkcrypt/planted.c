// SPDX-License-Identifier: GPL-2.0
/*
 * Plants one kernel error on purpose, so that a test can show that the
 * instrumentation of the kernel under test would have reported a real one.
 *
 * Never loads: the error is made while it initialises, which then fails with
 * EAGAIN.  To plant another kind, add a function and a row to the table.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *error = "";
module_param(error, charp, 0);
MODULE_PARM_DESC(error, "Which error to make");

/*
 * Several, because a stale pointer on a stack or in a register would hide one, and
 * of whole pages: in a cache of small objects, the one in front of each points at it
 * until it is written there, which is what the allocator left of its list.
 * Not inlined, for the report to name it.
 */
static noinline void planted_leak(void)
{
	unsigned int i;
	void *lost;

	for (i = 0; i < 16; i++) {
		lost = kmalloc(2 * KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(lost);
	}
}

static noinline void planted_overrun(void)
{
	unsigned char *buf = kmalloc(120, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(buf);
	if (buf)
		buf[120] = 1;
	kfree(buf);
}

static noinline void planted_shift(void)
{
	unsigned int by = 33;
	int value = 1;

	OPTIMIZER_HIDE_VAR(by);
	value <<= by;
	OPTIMIZER_HIDE_VAR(value);
}

static noinline void planted_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static noinline void planted_inversion(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);

	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

static noinline void planted_warning(void)
{
	WARN(1, "planted warning\n");
}

static const struct {
	const char *name;
	void (*make)(void);
} errors[] = {
	{ "leak",	planted_leak },
	{ "overrun",	planted_overrun },
	{ "shift",	planted_shift },
	{ "sleep",	planted_sleep },
	{ "inversion",	planted_inversion },
	{ "warning",	planted_warning },
};

static int __init planted_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		if (!strcmp(error, errors[i].name)) {
			errors[i].make();
			return -EAGAIN;
		}
	}
	pr_err("no error named '%s'\n", error);
	return -EINVAL;
}
module_init(planted_init);

MODULE_DESCRIPTION("Plants a kernel error for the tests of the tests");
MODULE_LICENSE("GPL v2");
