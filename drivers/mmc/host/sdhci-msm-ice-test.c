// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what needs no Qualcomm hardware: which engines are used, and how
 * a key is handed to the firmware. Expected values are written out in numbers.
 *
 * Included by sdhci-msm-ice.c, since what is tested is private to it.
 */

#include <kunit/test.h>

static void key_words_are_big_endian(struct kunit *test)
{
	u8 key[64], swapped[64];
	unsigned int i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = 3 * i + 1;
	sdhci_msm_ice_swap_key(swapped, key);

	/* No byte leaves its word, and each word is the other way round. */
	for (i = 0; i < sizeof(key); i += 4) {
		KUNIT_EXPECT_EQ(test, swapped[i + 0], key[i + 3]);
		KUNIT_EXPECT_EQ(test, swapped[i + 1], key[i + 2]);
		KUNIT_EXPECT_EQ(test, swapped[i + 2], key[i + 1]);
		KUNIT_EXPECT_EQ(test, swapped[i + 3], key[i + 0]);
	}
	KUNIT_EXPECT_EQ(test, swapped[0], (u8)10);
	KUNIT_EXPECT_EQ(test, swapped[63], (u8)181);
}

struct engine_case {
	u32 version;
	u32 fuses;
	bool usable;
};

static const struct engine_case engine_cases[] = {
	{ 0x03000000, 0x00, true },
	/* neither minor version nor step matters */
	{ 0x0301004b, 0x00, true },
	{ 0x03ffffff, 0x00, true },
	/* other majors, nothing there, a bus that answers nothing */
	{ 0x02ffffff, 0x00, false },
	{ 0x04000000, 0x00, false },
	{ 0x00030000, 0x00, false },
	{ 0x13000000, 0x00, false },
	{ 0x00000000, 0x00, false },
	{ 0xffffffff, 0x00, false },
	/* each of the fuses by itself; others are not ours to judge */
	{ 0x03000000, 0x01, false },
	{ 0x03000000, 0x02, false },
	{ 0x03000000, 0x04, false },
	{ 0x03000000, 0x07, false },
	{ 0x03000000, 0xf8, true },
};

static void versions_and_fuses(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(engine_cases); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    !sdhci_msm_ice_obstacle(engine_cases[i].version,
							    engine_cases[i].fuses),
				    (int)engine_cases[i].usable, "case %u", i);
}

static struct kunit_case sdhci_msm_ice_test_cases[] = {
	KUNIT_CASE(key_words_are_big_endian),
	KUNIT_CASE(versions_and_fuses),
	{}
};

static struct kunit_suite sdhci_msm_ice_test_suite = {
	.name = "sdhci-msm-ice",
	.test_cases = sdhci_msm_ice_test_cases,
};

kunit_test_suites(&sdhci_msm_ice_test_suite);
