// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what the MMC core decides about encrypted requests.
 */

#include <kunit/test.h>
#include <linux/module.h>

#include "crypto.h"

struct dun_case {
	u64 dun[BLK_CRYPTO_DUN_ARRAY_SIZE];
	unsigned int units;
	unsigned int bytes;
	bool fits;
};

static const struct dun_case dun_cases[] = {
	{ { 0 },		1,	4, true },
	{ { 0xffffffff },	1,	4, true },
	{ { 0x100000000 },	1,	4, false },
	/* the last unit's number decides, and there must be no wrap on the way */
	{ { 0xfffffff0 },	0x10,	4, true },
	{ { 0xfffffff0 },	0x11,	4, false },
	{ { 0xffffffff },	2,	4, false },
	{ { 0 },		UINT_MAX, 4, true },
	{ { 1 },		UINT_MAX, 4, true },
	{ { 2 },		UINT_MAX, 4, false },
	{ { U64_MAX },		1,	4, false },
	{ { U64_MAX },		2,	4, false },
	{ { 0, 1 },		1,	4, false },
	{ { 5, 1 },		1,	8, false },
	/* other widths */
	{ { 0xff },		1,	1, true },
	{ { 0xff },		2,	1, false },
	{ { U64_MAX },		1,	8, true },
	{ { U64_MAX },		2,	8, false },
	{ { U64_MAX - 1 },	2,	8, true },
	{ { 0 },		1,	0, true },
	{ { 1 },		1,	0, false },
};

static void dun_limits(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dun_cases); i++) {
		const struct dun_case *c = &dun_cases[i];

		KUNIT_EXPECT_EQ_MSG(test,
				    mmc_crypto_dun_fits(c->dun, c->units, c->bytes),
				    c->fits, "case %u", i);
	}
}

static struct kunit_case mmc_crypto_test_cases[] = {
	KUNIT_CASE(dun_limits),
	{}
};

static struct kunit_suite mmc_crypto_test_suite = {
	.name = "mmc-crypto",
	.test_cases = mmc_crypto_test_cases,
};

kunit_test_suites(&mmc_crypto_test_suite);

MODULE_DESCRIPTION("KUnit tests of inline encryption in the MMC core");
MODULE_LICENSE("GPL v2");
