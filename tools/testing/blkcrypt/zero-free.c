// SPDX-License-Identifier: GPL-2.0
/*
 * When this module is loaded, all memory that is free is zeroed, once. What is found
 * in memory then is something that somebody still has, or did not wipe in a slab.
 *
 * init_on_free=1 on the command line would do more, if the base could be booted
 * with it: on arm64 it patches code before memory is set up, and crashes.
 */

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>

/* Take every page that is free but for the last reserves, and give it back */
static int __init zero_free_init(void)
{
	struct page *page, *next;
	unsigned long count = 0;
	LIST_HEAD(pages);

	while ((page = alloc_page(GFP_NOWAIT | __GFP_ZERO | __GFP_NOWARN))) {
		list_add(&page->lru, &pages);
		count++;
	}
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	pr_info("zero_free: %lu pages were free\n", count);
	return 0;
}
module_init(zero_free_init);

static void __exit zero_free_exit(void)
{
}
module_exit(zero_free_exit);

MODULE_DESCRIPTION("Test module: free memory is zeroed");
MODULE_LICENSE("GPL v2");
