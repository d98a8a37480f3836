// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inline encryption by command queue engines, after the crypto extension to
 * CQHCI (JESD84-B51A): what the engine can do, and how it is given keys.
 *
 * A module by itself, so that cqhci.c can keep its name and be a module of that
 * name. It calls nothing in cqhci.c. What a vendor does differently goes behind
 * struct cqhci_host_ops.
 */

#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/blk-crypto.h>
#include <linux/device.h>
#include <linux/keyslot-manager.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pm_runtime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <linux/mmc/host.h>

#include "cqhci.h"
#include "cqhci-crypto.h"

/* Crypto capability: how many capabilities and keyslots, and where the slots are */
#define CQHCI_CCAP			0x100
#define CQHCI_CCAP_NUM_CAPS		GENMASK(7, 0)
#define CQHCI_CCAP_NUM_SLOTS_M1		GENMASK(15, 8)
#define CQHCI_CCAP_CFG_PTR		GENMASK(31, 24)
#define CQHCI_CCAP_CFG_PTR_UNIT		0x100

/* One register for each combination of algorithm and key size */
#define CQHCI_CRYPTOCAP(i)		(0x104 + 4 * (i))
#define CQHCI_CRYPTOCAP_ALG		GENMASK(7, 0)
#define CQHCI_CRYPTOCAP_DATA_UNITS	GENMASK(15, 8)	/* bit n: 512 << n bytes */
#define CQHCI_CRYPTOCAP_KEY_SIZE	GENMASK(23, 16)

#define CQHCI_ALG_AES_XTS		0

#define CQHCI_KEY_SIZE_256		3

/* Each keyslot is an array of 32-bit registers */
#define CQHCI_CRYPTOCFG_SIZE		0x80
#define CQHCI_CRYPTOCFG_KEY(i)		(4 * (i))
#define CQHCI_CRYPTOCFG_CONFIG		(4 * 16)
#define CQHCI_CRYPTOCFG_VENDOR		(4 * 17)

#define CQHCI_CRYPTOCFG_DATA_UNIT	GENMASK(7, 0)	/* as in CRYPTOCAP, one bit */
#define CQHCI_CRYPTOCFG_CAP_IDX		GENMASK(15, 8)
#define CQHCI_CRYPTOCFG_ENABLE		BIT(31)

#define CQHCI_KEY_DWORDS		16
/* The two halves of an XTS key start here, whatever their size */
#define CQHCI_XTS_HALF			32

#define CQHCI_DATA_UNIT_MIN		512

/* One of the engine's capabilities, as blk-crypto sees it */
struct cqhci_crypto_cap {
	enum blk_crypto_mode_num mode;	/* INVALID: not one that it knows */
	unsigned int data_unit_sizes;	/* set of sizes in bytes, each a power of 2 */
	u32 reg;			/* as it was read */
};

/* What the capability registers say, decoded once */
struct cqhci_crypto {
	u32 ccap;			/* as it was read */
	unsigned int num_slots;
	unsigned int cfg_base;		/* offset of keyslot 0 from the CQE's base */
	unsigned int num_caps;
	struct cqhci_crypto_cap caps[];
};

/* What is written to a keyslot, in the CPU's byte order */
struct cqhci_crypto_cfg {
	u32 key[CQHCI_KEY_DWORDS];
	u32 config;
};

static struct cqhci_crypto_cap cqhci_crypto_decode_cap(u32 reg)
{
	struct cqhci_crypto_cap cap = {
		.mode = BLK_ENCRYPTION_MODE_INVALID,
		.data_unit_sizes = FIELD_GET(CQHCI_CRYPTOCAP_DATA_UNITS, reg) *
				   CQHCI_DATA_UNIT_MIN,
	};

	/*
	 * Other algorithms have no counterpart in blk-crypto, or one of which
	 * nobody has shown that it gives the same ciphertext.
	 */
	if (FIELD_GET(CQHCI_CRYPTOCAP_ALG, reg) == CQHCI_ALG_AES_XTS &&
	    FIELD_GET(CQHCI_CRYPTOCAP_KEY_SIZE, reg) == CQHCI_KEY_SIZE_256)
		cap.mode = BLK_ENCRYPTION_MODE_AES_256_XTS;

	return cap;
}

static void cqhci_crypto_decode_ccap(u32 ccap, struct cqhci_crypto *crypto)
{
	crypto->num_caps = FIELD_GET(CQHCI_CCAP_NUM_CAPS, ccap);
	crypto->num_slots = FIELD_GET(CQHCI_CCAP_NUM_SLOTS_M1, ccap) + 1;
	crypto->cfg_base = FIELD_GET(CQHCI_CCAP_CFG_PTR, ccap) *
			   CQHCI_CCAP_CFG_PTR_UNIT;
}

/* Whether the registers that CCAP speaks of lie where they can be. */
static bool cqhci_crypto_layout_is_sane(const struct cqhci_crypto *crypto,
					resource_size_t mmio_size,
					bool std_keyslots)
{
	unsigned int caps_end = CQHCI_CRYPTOCAP(crypto->num_caps);

	if (caps_end > mmio_size)
		return false;
	if (!std_keyslots)
		return true;
	return crypto->cfg_base >= caps_end &&
	       crypto->cfg_base + crypto->num_slots * CQHCI_CRYPTOCFG_SIZE <=
			mmio_size;
}

static int cqhci_crypto_find_cap(const struct cqhci_crypto *crypto,
				 const struct blk_crypto_config *cfg)
{
	unsigned int i;

	for (i = 0; i < crypto->num_caps; i++) {
		if (crypto->caps[i].mode == cfg->crypto_mode &&
		    crypto->caps[i].data_unit_sizes & cfg->data_unit_size)
			return i;
	}
	return -EOPNOTSUPP;
}

static void cqhci_crypto_fill_cfg(struct cqhci_crypto_cfg *cfg,
				  const struct blk_crypto_key *key,
				  unsigned int cap_idx)
{
	unsigned int half = key->size / 2;

	memset(cfg, 0, sizeof(*cfg));
	memcpy(cfg->key, key->raw, half);
	memcpy((u8 *)cfg->key + CQHCI_XTS_HALF, key->raw + half, half);
	/* The registers take the key's bytes in order, lowest first. */
	le32_to_cpu_array(cfg->key, ARRAY_SIZE(cfg->key));

	cfg->config = CQHCI_CRYPTOCFG_ENABLE |
		      FIELD_PREP(CQHCI_CRYPTOCFG_CAP_IDX, cap_idx) |
		      FIELD_PREP(CQHCI_CRYPTOCFG_DATA_UNIT,
				 key->crypto_cfg.data_unit_size /
				 CQHCI_DATA_UNIT_MIN);
}

/*
 * Write a keyslot's registers. The slot is disabled first and enabled last, so
 * that a task that uses it by mistake meets an error and not half a key.
 *
 * A device that has lost its power or its clock, or is gone, ignores writes. A
 * request that relies on the key must not be issued then, which only reading
 * back can tell; the key itself cannot be read.
 */
static int cqhci_crypto_write_cfg(struct cqhci_host *cq_host, unsigned int slot,
				  const struct cqhci_crypto_cfg *cfg)
{
	unsigned int base = cq_host->crypto->cfg_base +
			    slot * CQHCI_CRYPTOCFG_SIZE;
	const u32 mask = CQHCI_CRYPTOCFG_ENABLE | CQHCI_CRYPTOCFG_CAP_IDX |
			 CQHCI_CRYPTOCFG_DATA_UNIT;
	u32 config;
	int i;

	cqhci_writel(cq_host, 0, base + CQHCI_CRYPTOCFG_CONFIG);
	for (i = 0; i < CQHCI_KEY_DWORDS; i++)
		cqhci_writel(cq_host, cfg->key[i],
			     base + CQHCI_CRYPTOCFG_KEY(i));
	cqhci_writel(cq_host, 0, base + CQHCI_CRYPTOCFG_VENDOR);
	cqhci_writel(cq_host, cfg->config, base + CQHCI_CRYPTOCFG_CONFIG);

	config = cqhci_readl(cq_host, base + CQHCI_CRYPTOCFG_CONFIG);
	return (config & mask) == cfg->config ? 0 : -EIO;
}

static const struct cqhci_crypto_cfg cqhci_crypto_empty_cfg;

/* With the host known to be awake */
static int cqhci_crypto_clear_slot(struct cqhci_host *cq_host, unsigned int slot)
{
	if (cq_host->ops->crypto_evict)
		return cq_host->ops->crypto_evict(cq_host, slot);
	return cqhci_crypto_write_cfg(cq_host, slot, &cqhci_crypto_empty_cfg);
}

static struct cqhci_host *cqhci_crypto_ksm_to_host(struct blk_keyslot_manager *ksm)
{
	return container_of(ksm, struct mmc_host, ksm)->cqe_private;
}

/*
 * The keyslot manager has resumed the host, unless the system is going to sleep and
 * nobody can: its registers may have no clock then.
 */
static bool cqhci_crypto_is_asleep(struct cqhci_host *cq_host)
{
	return cq_host->crypto_off ||
	       pm_runtime_status_suspended(mmc_dev(cq_host->mmc));
}

/* System sleep does not wait for those who have resumed the host: it may come now. */
static int cqhci_crypto_write_slot(struct cqhci_host *cq_host, unsigned int slot,
				   const struct cqhci_crypto_cfg *cfg)
{
	int err = -EIO;

	mutex_lock(&cq_host->crypto_lock);
	if (!cqhci_crypto_is_asleep(cq_host))
		err = cqhci_crypto_write_cfg(cq_host, slot, cfg);
	mutex_unlock(&cq_host->crypto_lock);

	return err;
}

static int cqhci_crypto_keyslot_program(struct blk_keyslot_manager *ksm,
					const struct blk_crypto_key *key,
					unsigned int slot)
{
	struct cqhci_host *cq_host = cqhci_crypto_ksm_to_host(ksm);
	struct cqhci_crypto_cfg cfg;
	int cap_idx;
	int err;

	if (cq_host->ops->crypto_program)
		return cq_host->ops->crypto_program(cq_host, key, slot);

	cap_idx = cqhci_crypto_find_cap(cq_host->crypto, &key->crypto_cfg);
	if (cap_idx < 0)
		return cap_idx;

	cqhci_crypto_fill_cfg(&cfg, key, cap_idx);
	err = cqhci_crypto_write_slot(cq_host, slot, &cfg);
	memzero_explicit(&cfg, sizeof(cfg));
	return err;
}

static int cqhci_crypto_keyslot_evict(struct blk_keyslot_manager *ksm,
				      const struct blk_crypto_key *key,
				      unsigned int slot)
{
	struct cqhci_host *cq_host = cqhci_crypto_ksm_to_host(ksm);

	if (cq_host->ops->crypto_evict)
		return cq_host->ops->crypto_evict(cq_host, slot);
	return cqhci_crypto_write_slot(cq_host, slot, &cqhci_crypto_empty_cfg);
}

static const struct blk_ksm_ll_ops cqhci_crypto_ksm_ops = {
	.keyslot_program	= cqhci_crypto_keyslot_program,
	.keyslot_evict		= cqhci_crypto_keyslot_evict,
};

static void cqhci_crypto_print_cap(struct seq_file *s, unsigned int i, u32 reg)
{
	static const char * const algorithms[] = {
		"AES-XTS", "BitLocker AES-CBC", "AES-ECB", "ESSIV-AES-CBC",
	};
	static const unsigned int key_bits[] = { 0, 128, 192, 256, 512 };
	unsigned int alg = FIELD_GET(CQHCI_CRYPTOCAP_ALG, reg);
	unsigned int size = FIELD_GET(CQHCI_CRYPTOCAP_KEY_SIZE, reg);

	seq_printf(s, "CRYPTOCAP%u 0x%08x: %s, key of %u bits, data units 0x%x\n",
		   i, reg,
		   alg < ARRAY_SIZE(algorithms) ? algorithms[alg] : "reserved",
		   size < ARRAY_SIZE(key_bits) ? key_bits[size] : 0,
		   cqhci_crypto_decode_cap(reg).data_unit_sizes);
}

static void cqhci_crypto_print_caps(struct seq_file *s,
				    const struct cqhci_crypto *crypto)
{
	unsigned int i;

	seq_printf(s, "CCAP 0x%08x: %u capabilities, %u keyslots at 0x%x\n",
		   crypto->ccap, crypto->num_caps, crypto->num_slots,
		   crypto->cfg_base);
	for (i = 0; i < crypto->num_caps; i++)
		cqhci_crypto_print_cap(s, i, crypto->caps[i].reg);
}

static void cqhci_crypto_show_caps(struct mmc_host *mmc, struct seq_file *s)
{
	struct cqhci_host *cq_host = mmc->cqe_private;

	cqhci_crypto_print_caps(s, cq_host->crypto);
}

/* Read and decode the capability registers into cq_host->crypto. */
static int cqhci_crypto_read_caps(struct cqhci_host *cq_host)
{
	struct device *dev = mmc_dev(cq_host->mmc);
	u32 ccap = cqhci_readl(cq_host, CQHCI_CCAP);
	struct cqhci_crypto *crypto;
	unsigned int i;

	crypto = devm_kzalloc(dev, struct_size(crypto, caps,
					       FIELD_MAX(CQHCI_CCAP_NUM_CAPS)),
			      GFP_KERNEL);
	if (!crypto)
		return -ENOMEM;

	crypto->ccap = ccap;
	cqhci_crypto_decode_ccap(ccap, crypto);
	if (!cqhci_crypto_layout_is_sane(crypto, cq_host->mmio_size,
					 !cq_host->ops->crypto_program)) {
		dev_warn(dev, "CQHCI crypto capability 0x%08x does not fit into %pa bytes of registers\n",
			 ccap, &cq_host->mmio_size);
		return -ENXIO;
	}

	for (i = 0; i < crypto->num_caps; i++) {
		u32 reg = cqhci_readl(cq_host, CQHCI_CRYPTOCAP(i));

		crypto->caps[i] = cqhci_crypto_decode_cap(reg);
		crypto->caps[i].reg = reg;
	}

	cq_host->crypto = crypto;
	cq_host->mmc->crypto_show_caps = cqhci_crypto_show_caps;
	return 0;
}

/* Tell the keyslot manager what the engine can do. */
static bool cqhci_crypto_advertise(const struct cqhci_crypto *crypto,
				   struct blk_keyslot_manager *ksm)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < crypto->num_caps; i++) {
		const struct cqhci_crypto_cap *cap = &crypto->caps[i];

		if (cap->mode == BLK_ENCRYPTION_MODE_INVALID ||
		    !cap->data_unit_sizes)
			continue;
		ksm->crypto_modes_supported[cap->mode] |= cap->data_unit_sizes;
		any = true;
	}
	ksm->max_dun_bytes_supported = CQHCI_DUN_BYTES;

	return any;
}

/* If it fails, @why says what is in the way. */
static int cqhci_crypto_setup(struct cqhci_host *cq_host, const char **why)
{
	struct mmc_host *mmc = cq_host->mmc;
	unsigned int slot;
	int err;

	/* Nothing below is known to be mapped otherwise. */
	*why = "registers of the engine are not mapped";
	if (cq_host->mmio_size < CQHCI_CRYPTOCAP(0))
		return -ENXIO;

	*why = "command queue engine has no crypto support";
	if (!(cqhci_readl(cq_host, CQHCI_CAP) & CQHCI_CAP_CS))
		return -ENODEV;

	*why = "capabilities of the engine make no sense";
	err = cqhci_crypto_read_caps(cq_host);
	if (err)
		return err;

	*why = "switched off by mmc_core.crypto=0";
	err = mmc_crypto_init_host(mmc, cq_host->crypto->num_slots,
				   &cqhci_crypto_ksm_ops);
	if (err)
		return err;

	*why = "engine has no mode that blk-crypto knows";
	if (!cqhci_crypto_advertise(cq_host->crypto, &mmc->ksm))
		return -ENODEV;

	/* Whatever ran on this machine before may have left its keys. */
	*why = "keyslots cannot be cleared";
	for (slot = 0; slot < cq_host->crypto->num_slots; slot++) {
		err = cqhci_crypto_clear_slot(cq_host, slot);
		if (err) {
			dev_warn(mmc_dev(mmc), "CQHCI crypto: error %d clearing keyslot %u\n",
				 err, slot);
			return -EIO;
		}
	}

	/* Only these have room for a keyslot and a DUN. */
	cq_host->caps |= CQHCI_TASK_DESC_SZ_128;
	return 0;
}

/**
 * cqhci_crypto_init() - Set up inline encryption if the engine offers it
 * @cq_host: the command queue engine, with its registers accessible
 *
 * Called by cqhci_init() on behalf of host drivers that have set
 * %MMC_CAP2_CRYPTO, which then says no more than that there may be an engine.
 * If there is one, and it is usable, mmc_host's keyslot manager is initialised,
 * all keyslots are cleared, and 128-bit task descriptors are asked for.
 * Otherwise the capability is taken back, and noted why; that is no error.
 *
 * Context: Process context.
 * Return: 0, or -ENOMEM.
 */
int cqhci_crypto_init(struct cqhci_host *cq_host)
{
	struct mmc_host *mmc = cq_host->mmc;
	const char *why;
	int err;

	if (!(mmc->caps2 & MMC_CAP2_CRYPTO))
		return 0;

	mutex_init(&cq_host->crypto_lock);

	err = cqhci_crypto_setup(cq_host, &why);
	if (err) {
		mmc->caps2 &= ~MMC_CAP2_CRYPTO;
		mmc_crypto_set_obstacle(mmc, "%s (error %d)", why, err);
		return err == -ENOMEM ? err : 0;
	}

	return 0;
}
EXPORT_SYMBOL_GPL(cqhci_crypto_init);

/**
 * cqhci_crypto_set_off() - Tell whether the registers of keyslots can be reached
 * @cq_host: the command queue engine, after cqhci_crypto_init()
 * @off: they cannot, for example because their clock does not run
 *
 * For host drivers with the standard keyslot registers. While @off, no key is
 * programmed and no keyslot is cleared. If keys are lost meanwhile, or cannot be
 * used, that has to be reported as well, so that requests that need them fail.
 *
 * Context: Process context. Waits until no keyslot is being written.
 */
void cqhci_crypto_set_off(struct cqhci_host *cq_host, bool off)
{
	mutex_lock(&cq_host->crypto_lock);
	cq_host->crypto_off = off;
	mutex_unlock(&cq_host->crypto_lock);
}
EXPORT_SYMBOL_GPL(cqhci_crypto_set_off);

/**
 * cqhci_crypto_judge() - Find the tasks that an error of the engine belongs to
 * @status: the interrupt status, with GCE or ICCE or both
 * @tdpe: the register of that name, a bit for each task
 * @terri: the register of that name
 * @last_terri: what it said at the error before this one
 * @encrypted: the tasks in flight that are encrypted, a bit for each
 *
 * ICCE: a task named a keyslot whose configuration does not allow it. TDPE tells
 * the tasks, and nothing else does. The likeliest reason is that the engine has
 * lost its keys without anyone noticing.
 *
 * GCE: the engine has failed. TERRI may tell the task. It keeps what it was told
 * of an earlier error, and need not have been written for this one: the same again
 * tells nothing. If no task is told, and only one was encrypted, that was it.
 *
 * Context: Any context.
 * Return: the verdict; no task has failed that was not encrypted.
 */
struct cqhci_crypto_verdict cqhci_crypto_judge(u32 status, u32 tdpe, u32 terri,
					       u32 last_terri, u32 encrypted)
{
	struct cqhci_crypto_verdict verdict = {};

	if (status & CQHCI_IS_ICCE) {
		verdict.keys_in_doubt = true;
		verdict.failed = tdpe & encrypted;
	}

	if ((status & CQHCI_IS_GCE) && terri != last_terri) {
		u32 named = 0;

		if (CQHCI_TERRI_D_VALID(terri))
			named |= BIT(CQHCI_TERRI_D_TASK(terri));
		else if (CQHCI_TERRI_C_VALID(terri))
			named |= BIT(CQHCI_TERRI_C_TASK(terri));
		verdict.failed |= named & encrypted;
	}

	if (!verdict.failed) {
		if (hweight32(encrypted) == 1)
			verdict.failed = encrypted;
		else
			verdict.ask_again = encrypted;
	}

	return verdict;
}
EXPORT_SYMBOL_GPL(cqhci_crypto_judge);

#ifdef CONFIG_MMC_CQHCI_CRYPTO_KUNIT_TEST
#include "cqhci-crypto-test.c"
#endif

MODULE_DESCRIPTION("Inline encryption by command queue engines of MMC hosts");
MODULE_LICENSE("GPL v2");
