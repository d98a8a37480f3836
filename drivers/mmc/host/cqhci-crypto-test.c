// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of how registers and descriptors of the CQHCI crypto extension are
 * read and made. Expected values are written out in numbers, not in terms of the
 * driver's own definitions.
 *
 * Included by cqhci-crypto.c, since what is tested is private to it.
 */

#include <kunit/test.h>

struct cap_case {
	u32 reg;
	enum blk_crypto_mode_num mode;
	unsigned int sizes;
};

static const struct cap_case cap_cases[] = {
	/* AES-XTS, 256-bit key: the one that is used, with every data unit size */
	{ 0x00030100, BLK_ENCRYPTION_MODE_AES_256_XTS, 512 },
	{ 0x00030800, BLK_ENCRYPTION_MODE_AES_256_XTS, 4096 },
	{ 0x00030f00, BLK_ENCRYPTION_MODE_AES_256_XTS, 0x1e00 },
	{ 0x0003ff00, BLK_ENCRYPTION_MODE_AES_256_XTS, 0x1fe00 },
	/* reserved bits are nobody's business */
	{ 0xff030800, BLK_ENCRYPTION_MODE_AES_256_XTS, 4096 },
	/* an engine that offers no data unit size offers nothing */
	{ 0x00030000, BLK_ENCRYPTION_MODE_AES_256_XTS, 0 },
	/* other key sizes: 128, 192, 512, reserved */
	{ 0x00010800, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	{ 0x00020800, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	{ 0x00040800, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	{ 0x00000800, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	{ 0x00ff0800, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	/* BitLocker AES-CBC, AES-ECB, ESSIV-AES-CBC, reserved */
	{ 0x00030801, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	{ 0x00030802, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	{ 0x00030803, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	{ 0x000308ff, BLK_ENCRYPTION_MODE_INVALID, 4096 },
	/* what is read from a device that is not there */
	{ 0x00000000, BLK_ENCRYPTION_MODE_INVALID, 0 },
	{ 0xffffffff, BLK_ENCRYPTION_MODE_INVALID, 0x1fe00 },
};

static void capability_decoding(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cap_cases); i++) {
		struct cqhci_crypto_cap cap =
				cqhci_crypto_decode_cap(cap_cases[i].reg);

		KUNIT_EXPECT_EQ_MSG(test, (int)cap.mode,
				    (int)cap_cases[i].mode, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, cap.data_unit_sizes,
				    cap_cases[i].sizes, "case %u", i);
	}
}

struct layout_case {
	u32 ccap;
	resource_size_t mmio_size;
	bool sane;		/* with keyslots in the standard registers */
	bool sane_without;	/* with keyslots elsewhere */
};

static const struct layout_case layout_cases[] = {
	/* one capability, 32 slots at 0xe00: they end at 0x1e00 */
	{ 0x0e001f01, 0x1e00, true, true },
	{ 0x0e001f01, 0x1dff, false, true },
	/* the size of the mapping is not known */
	{ 0x0e001f01, 0, false, false },
	/* the array would be on top of the queue's own registers */
	{ 0x00001f01, 0x10000, false, true },
	{ 0x01001f01, 0x10000, false, true },
	/* ... or just behind the last capability */
	{ 0x02000001, 0x10000, true, true },
	{ 0x02000040, 0x10000, false, true },
	/* all that the fields can say */
	{ 0xff00ffff, 0x17f00, true, true },
	{ 0xff00ffff, 0x17eff, false, true },
	{ 0xffffffff, 0x1000, false, true },
	/* more capabilities than registers */
	{ 0x0e0000ff, 0x400, false, false },
	{ 0x00000000, 0x200, false, true },
};

static void register_layout(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(layout_cases); i++) {
		const struct layout_case *c = &layout_cases[i];
		struct cqhci_crypto crypto;

		cqhci_crypto_decode_ccap(c->ccap, &crypto);
		KUNIT_EXPECT_EQ_MSG(test, c->sane,
				    cqhci_crypto_layout_is_sane(&crypto,
								c->mmio_size,
								true),
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, c->sane_without,
				    cqhci_crypto_layout_is_sane(&crypto,
								c->mmio_size,
								false),
				    "case %u", i);
	}
}

/* A key whose bytes tell where they come from. */
static void make_test_key(struct blk_crypto_key *key, unsigned int size,
			  unsigned int data_unit_size)
{
	unsigned int i;

	memset(key, 0, sizeof(*key));
	key->size = size;
	key->crypto_cfg.crypto_mode = BLK_ENCRYPTION_MODE_AES_256_XTS;
	key->crypto_cfg.data_unit_size = data_unit_size;
	for (i = 0; i < size; i++)
		key->raw[i] = i + 1;
}

static void key_layout(struct kunit *test)
{
	struct blk_crypto_key key;
	struct cqhci_crypto_cfg cfg;

	make_test_key(&key, 64, 4096);
	cqhci_crypto_fill_cfg(&cfg, &key, 0);
	KUNIT_EXPECT_EQ(test, cfg.key[0], 0x04030201U);
	KUNIT_EXPECT_EQ(test, cfg.key[7], 0x201f1e1dU);
	KUNIT_EXPECT_EQ(test, cfg.key[8], 0x24232221U);
	KUNIT_EXPECT_EQ(test, cfg.key[15], 0x403f3e3dU);

	/* the second half has its own place, however short the first one is */
	make_test_key(&key, 32, 4096);
	cqhci_crypto_fill_cfg(&cfg, &key, 0);
	KUNIT_EXPECT_EQ(test, cfg.key[0], 0x04030201U);
	KUNIT_EXPECT_EQ(test, cfg.key[3], 0x100f0e0dU);
	KUNIT_EXPECT_EQ(test, cfg.key[4], 0U);
	KUNIT_EXPECT_EQ(test, cfg.key[7], 0U);
	KUNIT_EXPECT_EQ(test, cfg.key[8], 0x14131211U);
	KUNIT_EXPECT_EQ(test, cfg.key[11], 0x201f1e1dU);
	KUNIT_EXPECT_EQ(test, cfg.key[12], 0U);
	KUNIT_EXPECT_EQ(test, cfg.key[15], 0U);
}

static void keyslot_configuration(struct kunit *test)
{
	struct blk_crypto_key key;
	struct cqhci_crypto_cfg cfg;

	make_test_key(&key, 64, 4096);
	cqhci_crypto_fill_cfg(&cfg, &key, 0);
	KUNIT_EXPECT_EQ(test, cfg.config, 0x80000008U);
	cqhci_crypto_fill_cfg(&cfg, &key, 0xfe);
	KUNIT_EXPECT_EQ(test, cfg.config, 0x8000fe08U);

	make_test_key(&key, 64, 512);
	cqhci_crypto_fill_cfg(&cfg, &key, 1);
	KUNIT_EXPECT_EQ(test, cfg.config, 0x80000101U);
}

static void capability_for_key(struct kunit *test)
{
	struct blk_crypto_config cfg = {
		.crypto_mode = BLK_ENCRYPTION_MODE_AES_256_XTS,
		.data_unit_size = 4096,
		.dun_bytes = 4,
	};
	struct blk_keyslot_manager *ksm;
	struct cqhci_crypto *crypto;
	unsigned int *sizes;

	ksm = kunit_kzalloc(test, sizeof(*ksm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ksm);
	crypto = kunit_kzalloc(test, struct_size(crypto, caps, 3), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, crypto);

	/* an unknown one comes first, then two that differ in their sizes */
	crypto->num_caps = 3;
	crypto->caps[0] = cqhci_crypto_decode_cap(0x00030f02);
	crypto->caps[1] = cqhci_crypto_decode_cap(0x00030100);
	crypto->caps[2] = cqhci_crypto_decode_cap(0x00030800);

	KUNIT_EXPECT_EQ(test, cqhci_crypto_find_cap(crypto, &cfg), 2);
	cfg.data_unit_size = 512;
	KUNIT_EXPECT_EQ(test, cqhci_crypto_find_cap(crypto, &cfg), 1);
	cfg.data_unit_size = 1024;
	KUNIT_EXPECT_LT(test, cqhci_crypto_find_cap(crypto, &cfg), 0);
	cfg.data_unit_size = 4096;
	cfg.crypto_mode = BLK_ENCRYPTION_MODE_ADIANTUM;
	KUNIT_EXPECT_LT(test, cqhci_crypto_find_cap(crypto, &cfg), 0);

	KUNIT_EXPECT_TRUE(test, cqhci_crypto_advertise(crypto, ksm));
	KUNIT_EXPECT_EQ(test, ksm->max_dun_bytes_supported, 4U);
	sizes = ksm->crypto_modes_supported;
	KUNIT_EXPECT_EQ(test, sizes[BLK_ENCRYPTION_MODE_AES_256_XTS], 0x1200U);
	KUNIT_EXPECT_EQ(test, sizes[BLK_ENCRYPTION_MODE_INVALID], 0U);

	/* no data unit size, or no known algorithm: nothing to advertise */
	crypto->num_caps = 1;
	KUNIT_EXPECT_FALSE(test, cqhci_crypto_advertise(crypto, ksm));
	crypto->caps[0] = cqhci_crypto_decode_cap(0x00030000);
	KUNIT_EXPECT_FALSE(test, cqhci_crypto_advertise(crypto, ksm));
	crypto->num_caps = 0;
	KUNIT_EXPECT_FALSE(test, cqhci_crypto_advertise(crypto, ksm));
}

static void task_descriptor(struct kunit *test)
{
	struct bio_crypt_ctx ctx = { };
	struct mmc_request mrq = { };

	/* sticky values without a context must not reach the descriptor */
	mrq.crypto_key_slot = 7;
	KUNIT_EXPECT_EQ(test, cqhci_crypto_task_desc(&mrq), 0ULL);

	mrq.crypto_ctx = &ctx;
	mrq.crypto_key_slot = 0;
	KUNIT_EXPECT_EQ(test, cqhci_crypto_task_desc(&mrq),
			0x0000800000000000ULL);

	mrq.crypto_key_slot = 0x1f;
	ctx.bc_dun[0] = 0x89abcdef;
	KUNIT_EXPECT_EQ(test, cqhci_crypto_task_desc(&mrq),
			0x0000801f89abcdefULL);

	mrq.crypto_key_slot = 0xff;
	ctx.bc_dun[0] = 0xffffffff;
	KUNIT_EXPECT_EQ(test, cqhci_crypto_task_desc(&mrq),
			0x000080ffffffffffULL);
}

struct error_case {
	u32 status;
	u32 tdpe;
	u32 terri;
	u32 last_terri;
	u32 encrypted;
	u32 failed;
	bool ask_again;
	bool keys_in_doubt;
};

static const struct error_case error_cases[] = {
	/* GCE: data part of TERRI, command part, the former before the latter */
	{ 0x10, 0, 0x85000000, 0, 0x000000e0, 0x00000020, false, false },
	{ 0x10, 0, 0x00008600, 0, 0x000000e0, 0x00000040, false, false },
	{ 0x10, 0, 0x87008600, 0, 0x000000e0, 0x00000080, false, false },
	{ 0x10, 0, 0x9f000000, 0, 0x80000001, 0x80000000, false, false },
	/* what is not marked as valid names nobody */
	{ 0x10, 0, 0x05000600, 0, 0x000000e0, 0, true, false },
	/* nor does the name of a task that has no key */
	{ 0x10, 0, 0x81000000, 0, 0x000000e0, 0, true, false },
	/* nor does what was told of an earlier error; another name is news */
	{ 0x10, 0, 0x85000000, 0x85000000, 0x000000e0, 0, true, false },
	{ 0x10, 0, 0x85000000, 0x85000000, 0x00000040, 0x00000040, false, false },
	{ 0x10, 0, 0x86000000, 0x85000000, 0x000000e0, 0x00000040, false, false },
	/* nobody named: the only one, one of many, none */
	{ 0x10, 0, 0, 0, 0x00000004, 0x00000004, false, false },
	{ 0x10, 0, 0, 0, 0x0000000c, 0, true, false },
	{ 0x10, 0, 0, 0, 0, 0, false, false },
	/* TDPE is not for GCE */
	{ 0x10, 0x4, 0, 0, 0x0000000c, 0, true, false },

	/* ICCE: one task, several, and one that has no key among them */
	{ 0x20, 0x00000008, 0, 0, 0x0000000f, 0x00000008, false, true },
	{ 0x20, 0x0000000a, 0, 0, 0x0000000f, 0x0000000a, false, true },
	{ 0x20, 0x00000018, 0, 0, 0x0000000f, 0x00000008, false, true },
	/* TERRI is not for ICCE */
	{ 0x20, 0x00000008, 0x81000000, 0, 0x0000000f, 0x00000008, false, true },
	{ 0x20, 0, 0x81000000, 0, 0x0000000f, 0, true, true },
	/* nobody named */
	{ 0x20, 0, 0, 0, 0x00000002, 0x00000002, false, true },
	{ 0x20, 0, 0, 0, 0, 0, false, true },

	/* both */
	{ 0x30, 0x00000008, 0x81000000, 0, 0x0000000f, 0x0000000a, false, true },
	{ 0x30, 0, 0x81000000, 0, 0x0000000f, 0x00000002, false, true },
	{ 0x30, 0, 0, 0, 0x0000000f, 0, true, true },
};

static void errors_of_the_engine(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(error_cases); i++) {
		const struct error_case *c = &error_cases[i];
		struct cqhci_crypto_verdict v =
			cqhci_crypto_judge(c->status, c->tdpe, c->terri,
					   c->last_terri, c->encrypted);

		KUNIT_EXPECT_EQ_MSG(test, v.failed, c->failed, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, (int)v.ask_again, (int)c->ask_again,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, (int)v.keys_in_doubt,
				    (int)c->keys_in_doubt, "case %u", i);
	}
}

/* What debugfs shows of an engine with one mode that is used, and one that is not */
static void capabilities_as_text(struct kunit *test)
{
	static const char * const text =
		"CCAP 0x0e001f02: 2 capabilities, 32 keyslots at 0xe00\n"
		"CRYPTOCAP0 0x00030f00: AES-XTS, key of 256 bits, data units 0x1e00\n"
		"CRYPTOCAP1 0x00050804: reserved, key of 0 bits, data units 0x1000\n";
	struct cqhci_crypto *crypto;
	struct seq_file s = {};

	crypto = kunit_kzalloc(test, struct_size(crypto, caps, 2), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, crypto);
	s.size = PAGE_SIZE;
	s.buf = kunit_kzalloc(test, s.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s.buf);

	crypto->ccap = 0x0e001f02;
	cqhci_crypto_decode_ccap(crypto->ccap, crypto);
	crypto->caps[0].reg = 0x00030f00;
	crypto->caps[1].reg = 0x00050804;
	cqhci_crypto_print_caps(&s, crypto);
	KUNIT_EXPECT_STREQ(test, (const char *)s.buf, text);
}

static struct kunit_case cqhci_crypto_test_cases[] = {
	KUNIT_CASE(capability_decoding),
	KUNIT_CASE(register_layout),
	KUNIT_CASE(key_layout),
	KUNIT_CASE(keyslot_configuration),
	KUNIT_CASE(capability_for_key),
	KUNIT_CASE(task_descriptor),
	KUNIT_CASE(errors_of_the_engine),
	KUNIT_CASE(capabilities_as_text),
	{}
};

static struct kunit_suite cqhci_crypto_test_suite = {
	.name = "cqhci-crypto",
	.test_cases = cqhci_crypto_test_cases,
};

kunit_test_suites(&cqhci_crypto_test_suite);
