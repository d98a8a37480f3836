// SPDX-License-Identifier: GPL-2.0-only
/*
 * MediaTek's inline encryption engine, as far as it is not CQHCI's: its clock.
 *
 * When the engine loses its keys is not known, so mmc_crypto_set_reports_loss()
 * is not for this driver: each return of the card to its initial state counts as a
 * loss, and what else may be one is reported on top of that by mtk-sd.c.
 *
 * A module by itself, so that mtk-sd.c can be a module of its own name.
 */

#include <linux/clk.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include <linux/mmc/core.h>
#include <linux/mmc/host.h>

#include "cqhci.h"
#include "cqhci-crypto.h"
#include "mtk-sd-crypto.h"

/**
 * msdc_crypto_get_clock() - Look whether a host has an engine
 * @crypto: to be filled in, all zeroes
 * @dev: the host's device
 *
 * Only a device tree that names the clock says that there is an engine.
 *
 * Context: Process context.
 * Return: 0, with or without an engine; -EPROBE_DEFER if its clock is not there
 *	   yet; another error if it cannot be had.
 */
int msdc_crypto_get_clock(struct msdc_crypto *crypto, struct device *dev)
{
	struct clk *clk = devm_clk_get_optional(dev, "crypto");

	if (IS_ERR(clk))
		return PTR_ERR(clk);

	crypto->clk = clk;
	return 0;
}
EXPORT_SYMBOL_GPL(msdc_crypto_get_clock);

/**
 * msdc_crypto_start() - Start the engine's clock
 * @crypto: the engine, or none
 * @dev: the host's device
 *
 * If the clock does not start, no key is programmed until it does. The caller
 * reports all keys as lost when clocks were stopped, so that every request that
 * needs one fails meanwhile; other requests are not affected.
 *
 * Context: Process context, no request under way.
 */
void msdc_crypto_start(struct msdc_crypto *crypto, struct device *dev)
{
	int err = clk_prepare_enable(crypto->clk);

	if (err)
		dev_err(dev, "crypto clock does not start, error %d: encrypted requests will fail\n",
			err);

	crypto->on = !err;
	if (crypto->cq_host)
		cqhci_crypto_set_off(crypto->cq_host, err);
}
EXPORT_SYMBOL_GPL(msdc_crypto_start);

/**
 * msdc_crypto_stop() - Stop the engine's clock, if it runs
 * @crypto: the engine, or none
 *
 * Context: Process context, no request under way. Waits until no keyslot is being
 *	    written.
 */
void msdc_crypto_stop(struct msdc_crypto *crypto)
{
	if (crypto->cq_host)
		cqhci_crypto_set_off(crypto->cq_host, true);
	if (crypto->on)
		clk_disable_unprepare(crypto->clk);
	crypto->on = false;
}
EXPORT_SYMBOL_GPL(msdc_crypto_stop);

/**
 * msdc_crypto_setup() - Make use of the engine, if there is one
 * @crypto: the engine, with its clock running, or none
 * @pdev: the host's device
 * @mmc: the host, not added yet
 * @cq_host: its command queue engine, not initialised yet
 * @offset: of that in the device's first window of registers, in bytes
 *
 * Sets %MMC_CAP2_CRYPTO if the engine may be used, for cqhci_init() to go on
 * from. There is nothing to undo.
 *
 * Context: Process context.
 */
void msdc_crypto_setup(struct msdc_crypto *crypto, struct platform_device *pdev,
		       struct mmc_host *mmc, struct cqhci_host *cq_host,
		       unsigned int offset)
{
	struct resource *res = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	resource_size_t size = resource_size(res);

	if (!crypto->clk)
		return;

	if (!crypto->on) {
		mmc_crypto_set_obstacle(mmc, "crypto clock does not start");
		return;
	}

	crypto->cq_host = cq_host;
	cqhci_crypto_set_mmio_size(cq_host, size > offset ? size - offset : 0);
	mmc->caps2 |= MMC_CAP2_CRYPTO;
}
EXPORT_SYMBOL_GPL(msdc_crypto_setup);

#ifdef CONFIG_MMC_MTK_CRYPTO_KUNIT_TEST
#include "mtk-sd-crypto-test.c"
#endif

MODULE_DESCRIPTION("MediaTek inline encryption engine of eMMC hosts");
MODULE_LICENSE("GPL v2");
