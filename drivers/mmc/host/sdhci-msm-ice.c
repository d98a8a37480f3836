// SPDX-License-Identifier: GPL-2.0-only
/*
 * Qualcomm's Inline Crypto Engine (ICE) in front of an eMMC.
 *
 * Its keyslots can only be written by the secure world: the registers that the
 * crypto extension to CQHCI has for them do nothing here. Capabilities, task
 * descriptors and errors are as that extension has them, and are dealt with in
 * cqhci-crypto.c; what is in here is Qualcomm's alone.
 *
 * A module by itself, so that sdhci-msm.c can be a module of its own name.
 */

#include <linux/bitfield.h>
#include <linux/blk-crypto.h>
#include <linux/clk.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/qcom_scm.h>
#include <linux/string.h>

#include <asm/unaligned.h>

#include <linux/mmc/core.h>
#include <linux/mmc/host.h>

#include "cqhci.h"
#include "sdhci.h"
#include "sdhci-msm-ice.h"

/* Registers of the engine */
#define ICE_VERSION			0x0008
#define ICE_VERSION_MAJOR		GENMASK(31, 24)

/* Blown on parts whose keys do not come from software, or that have no engine */
#define ICE_FUSES			0x0010
#define ICE_FUSE_DISABLED		BIT(0)
#define ICE_FUSE_HW_KEYS		GENMASK(2, 1)

/* The built-in self-test, which clocking the engine starts */
#define ICE_BIST_STATUS			0x0070
#define ICE_BIST_BUSY			GENMASK(31, 28)
#define ICE_BIST_POLL_US		50
#define ICE_BIST_TIMEOUT_US		5000

#define ICE_ADVANCED_CONTROL		0x1000
/* Gate clocks of the stages that are idle: nibble 3 of the low-power sequence */
#define ICE_ADV_LOW_POWER		GENMASK(14, 12)
/* What the optimisation sequence sets; its bits are not described any further */
#define ICE_ADV_OPTIMIZATIONS		0x0d807100
/* The hardware guide wants this much rest on both sides of that write. */
#define ICE_ADV_DELAY_US		5

#define ICE_REGS_SIZE			(ICE_ADVANCED_CONTROL + 4)

/* The only version that any driver in this tree has been seen to work with */
#define ICE_MAJOR_KNOWN			3

/*
 * Qualcomm's addition to CQHCI's registers, for transfers that do not pass
 * through the queue: keyslot and enable bit, and the first data unit's number. They
 * hold for every transfer until they are written again.
 */
#define CQHCI_MSM_NONCQ_CRYPTO		0x70
#define CQHCI_MSM_NONCQ_ENABLE		BIT(8)
#define CQHCI_MSM_NONCQ_DUN		0x74

/*
 * A register of the host, of which nothing is described but this bit: while it is
 * set, those registers have no effect.
 */
#define SDHCI_MSM_NONCQ_CTL		0x260
#define SDHCI_MSM_NONCQ_OFF		BIT(15)

#define ICE_XTS_256_KEY_SIZE		64
#define ICE_SCM_DATA_UNIT		512

struct sdhci_msm_ice {
	struct device *dev;
	void __iomem *mmio;
	struct clk *clk;
	struct cqhci_host *cq_host;
	/* the host's own, with what is in here added */
	struct cqhci_host_ops cq_ops;
	/* the host's own, which is called with the registers set for its request */
	void (*request)(struct mmc_host *mmc, struct mmc_request *mrq);
	/*
	 * Transfers beside the queue may be encrypted as the last one was. Used
	 * in ->request() only, of which there is one at a time, and while there
	 * can be none.
	 */
	bool noncq_set;
	/*
	 * Held while the firmware works on a keyslot, and while the clock is
	 * switched: system sleep does not wait for those who have resumed the
	 * host. Nests inside the keyslot manager's lock.
	 */
	struct mutex lock;
	/* The clock runs, and the self-test was passed; protected by lock */
	bool on;
	u32 version;
};

/* Why the engine cannot be used, or NULL if it can. */
static const char *sdhci_msm_ice_obstacle(u32 version, u32 fuses)
{
	if (FIELD_GET(ICE_VERSION_MAJOR, version) != ICE_MAJOR_KNOWN)
		return "version not known";
	if (fuses & ICE_FUSE_DISABLED)
		return "disabled by fuses";
	if (fuses & ICE_FUSE_HW_KEYS)
		return "restricted to hardware keys by fuses";
	return NULL;
}

/*
 * The firmware takes the key as 32-bit words, most significant byte first,
 * where the engine takes the same words least significant byte first.
 */
static void sdhci_msm_ice_swap_key(u8 dst[ICE_XTS_256_KEY_SIZE],
				   const u8 src[ICE_XTS_256_KEY_SIZE])
{
	unsigned int i;

	for (i = 0; i < ICE_XTS_256_KEY_SIZE; i += sizeof(u32))
		put_unaligned_be32(get_unaligned_le32(src + i), dst + i);
}

/* The engine that a command queue's own operations belong to */
static struct sdhci_msm_ice *to_ice(struct cqhci_host *cq_host)
{
	return container_of(cq_host->ops, struct sdhci_msm_ice, cq_ops);
}

static int sdhci_msm_ice_program(struct cqhci_host *cq_host,
				 const struct blk_crypto_key *key,
				 unsigned int slot)
{
	struct sdhci_msm_ice *ice = to_ice(cq_host);
	u8 swapped[ICE_XTS_256_KEY_SIZE];
	int err = -EIO;

	if (key->crypto_cfg.crypto_mode != BLK_ENCRYPTION_MODE_AES_256_XTS ||
	    key->size != sizeof(swapped))
		return -EOPNOTSUPP;

	sdhci_msm_ice_swap_key(swapped, key->raw);

	mutex_lock(&ice->lock);
	/* The firmware does not look whether the engine has a clock. */
	if (ice->on)
		err = qcom_scm_ice_set_key(slot, swapped, sizeof(swapped),
					   QCOM_SCM_ICE_CIPHER_AES_256_XTS,
					   key->crypto_cfg.data_unit_size /
					   ICE_SCM_DATA_UNIT);
	mutex_unlock(&ice->lock);

	memzero_explicit(swapped, sizeof(swapped));
	return err;
}

static int sdhci_msm_ice_evict(struct cqhci_host *cq_host, unsigned int slot)
{
	struct sdhci_msm_ice *ice = to_ice(cq_host);
	int err = -EIO;

	mutex_lock(&ice->lock);
	if (ice->on)
		err = qcom_scm_ice_invalidate_key(slot);
	mutex_unlock(&ice->lock);

	return err;
}

/* To be called with the clock running. */
static int sdhci_msm_ice_start(struct sdhci_msm_ice *ice)
{
	u32 val;
	int err;

	val = readl(ice->mmio + ICE_ADVANCED_CONTROL);
	val |= ICE_ADV_LOW_POWER;
	writel(val, ice->mmio + ICE_ADVANCED_CONTROL);

	udelay(ICE_ADV_DELAY_US);
	writel(val | ICE_ADV_OPTIMIZATIONS, ice->mmio + ICE_ADVANCED_CONTROL);
	udelay(ICE_ADV_DELAY_US);

	err = readl_poll_timeout(ice->mmio + ICE_BIST_STATUS, val,
				 !(val & ICE_BIST_BUSY), ICE_BIST_POLL_US,
				 ICE_BIST_TIMEOUT_US);
	if (err)
		return err;

	/* Whatever the boot loader has been doing, nothing is encrypted as that was. */
	cqhci_writel(ice->cq_host, 0, CQHCI_MSM_NONCQ_CRYPTO);
	ice->noncq_set = false;
	return 0;
}

static int sdhci_msm_ice_enable(struct sdhci_msm_ice *ice)
{
	int err = clk_prepare_enable(ice->clk);

	if (err)
		return err;

	err = sdhci_msm_ice_start(ice);
	if (err)
		clk_disable_unprepare(ice->clk);
	else
		ice->on = true;

	return err;
}

/*
 * Data that is not encrypted passes an engine without clock: a kernel that does
 * not know of the engine has it stopped with all other clocks that nobody uses.
 */
static void sdhci_msm_ice_disable(struct sdhci_msm_ice *ice)
{
	mutex_lock(&ice->lock);
	if (ice->on) {
		ice->on = false;
		clk_disable_unprepare(ice->clk);
	}
	mutex_unlock(&ice->lock);
}

/* The engine of a host of which nothing is known, or NULL */
static struct sdhci_msm_ice *sdhci_msm_ice_of(struct mmc_host *mmc)
{
	struct cqhci_host *cq_host = mmc->cqe_private;

	if (!cq_host || cq_host->ops->crypto_program != sdhci_msm_ice_program)
		return NULL;
	return to_ice(cq_host);
}

/*
 * A reset may have undone it, and the queue, which needs general enable as well,
 * need not have been on since, or at all. CQHCI wants its configuration left alone
 * while it is enabled, but then it had general enable before.
 */
static void sdhci_msm_ice_ready_noncq(struct sdhci_msm_ice *ice,
				      struct sdhci_host *host)
{
	u32 val;

	val = sdhci_readl(host, SDHCI_MSM_NONCQ_CTL);
	if (val & SDHCI_MSM_NONCQ_OFF)
		sdhci_writel(host, val & ~SDHCI_MSM_NONCQ_OFF,
			     SDHCI_MSM_NONCQ_CTL);

	val = cqhci_readl(ice->cq_host, CQHCI_CFG);
	if (!(val & CQHCI_CRYPTO_ENABLE))
		cqhci_writel(ice->cq_host, val | CQHCI_CRYPTO_ENABLE, CQHCI_CFG);
}

/*
 * Every transfer beside the queue passes here, be it of the block driver, tuning or
 * the card's registers.
 */
static void sdhci_msm_ice_request(struct mmc_host *mmc, struct mmc_request *mrq)
{
	struct sdhci_msm_ice *ice = sdhci_msm_ice_of(mmc);

	if (mrq->crypto_ctx) {
		/* That it fits was seen to by the core. */
		u32 dun = mrq->crypto_ctx->bc_dun[0];

		sdhci_msm_ice_ready_noncq(ice, mmc_priv(mmc));
		ice->noncq_set = true;
		cqhci_writel(ice->cq_host, dun, CQHCI_MSM_NONCQ_DUN);
		cqhci_writel(ice->cq_host,
			     CQHCI_MSM_NONCQ_ENABLE | mrq->crypto_key_slot,
			     CQHCI_MSM_NONCQ_CRYPTO);
	} else if (ice->noncq_set) {
		cqhci_writel(ice->cq_host, 0, CQHCI_MSM_NONCQ_CRYPTO);
		ice->noncq_set = false;
	}

	ice->request(mmc, mrq);
}

/**
 * sdhci_msm_ice_suspend() - Stop the clock of a host's engine
 * @mmc: the host, with or without an engine
 *
 * Called before the host's own clocks are stopped, or if there turns out to be no
 * use for the engine. Keys stay where they are: it is power that they need. (The
 * driver of UFS stops the same engine's clock, too, without programming keys
 * afterwards.)
 *
 * Context: Process context, no request under way. Waits for the firmware if it is
 *	    working on a keyslot.
 */
void sdhci_msm_ice_suspend(struct mmc_host *mmc)
{
	struct sdhci_msm_ice *ice = sdhci_msm_ice_of(mmc);

	if (ice)
		sdhci_msm_ice_disable(ice);
}
EXPORT_SYMBOL_GPL(sdhci_msm_ice_suspend);

/**
 * sdhci_msm_ice_resume() - Start a host's engine again
 * @mmc: the host, with or without an engine
 *
 * Called when the host's own clocks run. If the engine does not come back,
 * requests that need it fail until it does, the next time that the host is
 * resumed; other requests are not affected.
 *
 * Context: Process context, no request under way.
 */
void sdhci_msm_ice_resume(struct mmc_host *mmc)
{
	struct sdhci_msm_ice *ice = sdhci_msm_ice_of(mmc);
	int err;

	/* cqhci_init() may have found that there is no use for it. */
	if (!ice || !(mmc->caps2 & MMC_CAP2_CRYPTO))
		return;

	mutex_lock(&ice->lock);
	err = ice->on ? 0 : sdhci_msm_ice_enable(ice);
	mutex_unlock(&ice->lock);

	if (err) {
		dev_err(ice->dev, "ICE does not come back, error %d: encrypted requests will fail\n",
			err);
		/* Requests then ask for their keys, and programming them fails. */
		mmc_crypto_keys_lost(mmc);
	}
}
EXPORT_SYMBOL_GPL(sdhci_msm_ice_resume);

/**
 * sdhci_msm_ice_force_resume() - pm_runtime_force_resume() of such a host
 * @dev: the host's device, with or without an engine
 *
 * After system sleep, when more may have been off than the clocks that runtime
 * PM stops.
 *
 * Context: Process context.
 * Return: what pm_runtime_force_resume() returns.
 */
int sdhci_msm_ice_force_resume(struct device *dev)
{
	struct sdhci_host *host = dev_get_drvdata(dev);

	mmc_crypto_keys_lost(host->mmc);

	return pm_runtime_force_resume(dev);
}
EXPORT_SYMBOL_GPL(sdhci_msm_ice_force_resume);

static void sdhci_msm_ice_off(void *ice)
{
	sdhci_msm_ice_disable(ice);
}

/*
 * Whatever is to be had of the engine before the queue is set up. On error, @why
 * says what could not be done, and the caller releases what was acquired.
 */
static int sdhci_msm_ice_setup(struct sdhci_msm_ice *ice,
			       struct platform_device *pdev,
			       struct resource *res, const char **why)
{
	struct resource *cqhci_res = platform_get_resource_byname(pdev,
							IORESOURCE_MEM, "cqhci");
	u32 fuses;
	int err;

	*why = "ICE registers are too few, or overlap others";
	if (resource_size(res) < ICE_REGS_SIZE ||
	    (cqhci_res && resource_overlaps(res, cqhci_res)))
		return -EINVAL;
	ice->mmio = devm_ioremap_resource(ice->dev, res);
	if (IS_ERR(ice->mmio))
		return PTR_ERR(ice->mmio);

	*why = "ICE has no clock";
	ice->clk = devm_clk_get(ice->dev, "ice");
	if (IS_ERR(ice->clk))
		return PTR_ERR(ice->clk);

	/* qcom_scm_ice_available() relies on there being an SCM device. */
	*why = "firmware does not take keys for ICE";
	if (!qcom_scm_is_available() || !qcom_scm_ice_available())
		return -EOPNOTSUPP;

	/* All data passes through it: vote for the highest rate it can have. */
	*why = "rate of ICE's clock cannot be set";
	err = clk_set_rate(ice->clk, INT_MAX);
	if (err)
		return err;

	*why = "clock of ICE cannot be started";
	err = devm_add_action(ice->dev, sdhci_msm_ice_off, ice);
	if (err)
		return err;
	err = clk_prepare_enable(ice->clk);
	if (err)
		return err;
	ice->on = true;

	/* Nothing is written to an engine that is not known. */
	ice->version = readl(ice->mmio + ICE_VERSION);
	fuses = readl(ice->mmio + ICE_FUSES);
	*why = sdhci_msm_ice_obstacle(ice->version, fuses);
	if (*why)
		return -ENODEV;

	*why = "ICE does not end its self-test";
	return sdhci_msm_ice_start(ice);
}

/**
 * sdhci_msm_ice_init() - Make use of the engine, if there is one
 * @pdev: the host's device, with its clocks running
 * @mmc: the host, not added yet
 * @cq_host: its command queue engine, with ops set, not initialised yet
 *
 * Sets %MMC_CAP2_CRYPTO if the engine can be used, for cqhci_init() to go on
 * from. If there is no engine, or if it lacks anything that it needs, the host
 * works without inline encryption, and it is noted why. There is nothing to undo
 * if a later step of the driver's probe fails.
 *
 * Context: Process context.
 * Return: 0, with or without an engine; -ENOMEM; -EPROBE_DEFER if its clock is
 *	   not there yet.
 */
int sdhci_msm_ice_init(struct platform_device *pdev, struct mmc_host *mmc,
		       struct cqhci_host *cq_host)
{
	struct device *dev = &pdev->dev;
	const char *why = "no ICE is described";
	struct sdhci_msm_ice *ice;
	struct sdhci_host *host;
	struct resource *res;
	u32 version = 0;
	int err;

	res = platform_get_resource_byname(pdev, IORESOURCE_MEM, "ice");
	if (!res) {
		err = -ENODEV;
		goto without;
	}

	/* What turns out to be of no use is given back at once. */
	if (!devres_open_group(dev, sdhci_msm_ice_init, GFP_KERNEL))
		return -ENOMEM;
	ice = devm_kzalloc(dev, sizeof(*ice), GFP_KERNEL);
	if (!ice) {
		err = -ENOMEM;
		goto release;
	}
	ice->dev = dev;
	ice->cq_host = cq_host;
	mutex_init(&ice->lock);

	err = sdhci_msm_ice_setup(ice, pdev, res, &why);
	version = ice->version;
	if (err)
		goto release;
	devres_close_group(dev, sdhci_msm_ice_init);

	ice->cq_ops = *cq_host->ops;
	ice->cq_ops.crypto_program = sdhci_msm_ice_program;
	ice->cq_ops.crypto_evict = sdhci_msm_ice_evict;
	cq_host->ops = &ice->cq_ops;

	host = mmc_priv(mmc);
	ice->request = host->mmc_host_ops.request;
	host->mmc_host_ops.request = sdhci_msm_ice_request;

	mmc_crypto_set_in_request(mmc);
	mmc_crypto_set_reports_loss(mmc);
	mmc->caps2 |= MMC_CAP2_CRYPTO;
	return 0;

release:
	devres_release_group(dev, sdhci_msm_ice_init);
	if (err == -ENOMEM || err == -EPROBE_DEFER)
		return err;
without:
	mmc_crypto_set_obstacle(mmc, "%s (ICE version 0x%08x, error %d)", why,
				version, err);
	return 0;
}
EXPORT_SYMBOL_GPL(sdhci_msm_ice_init);

#ifdef CONFIG_MMC_SDHCI_MSM_ICE_KUNIT_TEST
#include "sdhci-msm-ice-test.c"
#endif

MODULE_DESCRIPTION("Qualcomm Inline Crypto Engine of eMMC hosts");
MODULE_LICENSE("GPL v2");
