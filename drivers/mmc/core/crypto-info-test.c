// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what users are told about inline encryption of MMC.
 */

#include <kunit/test.h>
#include <linux/blk-crypto.h>
#include <linux/keyslot-manager.h>
#include <linux/module.h>
#include <linux/string.h>

#include "crypto-info.h"

/* Every mode that there is, and the largest numbers */
static void make_large_ksm(struct blk_keyslot_manager *ksm)
{
	unsigned int mode;

	memset(ksm, 0, sizeof(*ksm));
	ksm->num_slots = 256;
	ksm->max_dun_bytes_supported = 32;
	for (mode = BLK_ENCRYPTION_MODE_INVALID + 1;
	     mode < BLK_ENCRYPTION_MODE_MAX; mode++)
		ksm->crypto_modes_supported[mode] = 0x1fe00;
}

static void engine_in_words(struct kunit *test)
{
	struct blk_keyslot_manager *ksm;
	char buf[160];
	int len;

	ksm = kunit_kzalloc(test, sizeof(*ksm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ksm);

	ksm->num_slots = 32;
	ksm->max_dun_bytes_supported = 4;
	ksm->crypto_modes_supported[BLK_ENCRYPTION_MODE_AES_256_XTS] = 0x1e00;
	len = mmc_crypto_describe(ksm, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, (const char *)buf,
			   "32 keyslots, 32-bit DUNs, AES-256-XTS with data units 0x1e00");
	KUNIT_EXPECT_EQ(test, (size_t)len, strlen(buf));

	/* the largest text there can be is not cut */
	make_large_ksm(ksm);
	len = mmc_crypto_describe(ksm, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, (const char *)buf + len - 34,
			   ", Adiantum with data units 0x1fe00");
}

static void engine_in_few_words(struct kunit *test)
{
	struct blk_keyslot_manager *ksm;
	char buf[16];
	unsigned int size;

	ksm = kunit_kzalloc(test, sizeof(*ksm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ksm);
	make_large_ksm(ksm);

	for (size = 1; size < sizeof(buf); size++) {
		int len;

		memset(buf, '#', sizeof(buf));
		len = mmc_crypto_describe(ksm, buf, size);
		KUNIT_EXPECT_EQ(test, len, (int)size - 1);
		KUNIT_EXPECT_EQ(test, (int)buf[size - 1], 0);
		KUNIT_EXPECT_EQ(test, (int)buf[size], (int)'#');
	}
}

static struct kunit_case mmc_crypto_info_test_cases[] = {
	KUNIT_CASE(engine_in_words),
	KUNIT_CASE(engine_in_few_words),
	{}
};

static struct kunit_suite mmc_crypto_info_test_suite = {
	.name = "mmc-crypto-info",
	.test_cases = mmc_crypto_info_test_cases,
};

kunit_test_suites(&mmc_crypto_info_test_suite);

MODULE_DESCRIPTION("KUnit tests of what users are told about inline encryption of MMC");
MODULE_LICENSE("GPL v2");
