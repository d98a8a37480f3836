/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MediaTek's inline encryption engine: what mtk-sd.c calls.
 *
 * Its registers are CQHCI's and are dealt with in cqhci-crypto.c. What is in here
 * must vanish with CONFIG_MMC_CRYPTO=n.
 */

#ifndef MTK_SD_CRYPTO_H
#define MTK_SD_CRYPTO_H

#include <linux/types.h>

struct clk;
struct cqhci_host;
struct device;
struct mmc_host;
struct platform_device;

/**
 * struct msdc_crypto - The engine of one host
 * @clk: its clock; %NULL if the device tree names none, which is to say that
 *	there is no engine
 * @cq_host: the command queue that it serves; %NULL if it is not used
 * @on: the clock was started, and has to be stopped
 */
struct msdc_crypto {
#ifdef CONFIG_MMC_CRYPTO
	struct clk *clk;
	struct cqhci_host *cq_host;
	bool on;
#endif
};

#ifdef CONFIG_MMC_CRYPTO

int msdc_crypto_get_clock(struct msdc_crypto *crypto, struct device *dev);
void msdc_crypto_start(struct msdc_crypto *crypto, struct device *dev);
void msdc_crypto_stop(struct msdc_crypto *crypto);
void msdc_crypto_setup(struct msdc_crypto *crypto, struct platform_device *pdev,
		       struct mmc_host *mmc, struct cqhci_host *cq_host,
		       unsigned int offset);

#else /* CONFIG_MMC_CRYPTO */

static inline int msdc_crypto_get_clock(struct msdc_crypto *crypto,
					struct device *dev)
{
	return 0;
}

static inline void msdc_crypto_start(struct msdc_crypto *crypto,
				     struct device *dev)
{
}

static inline void msdc_crypto_stop(struct msdc_crypto *crypto)
{
}

static inline void msdc_crypto_setup(struct msdc_crypto *crypto,
				     struct platform_device *pdev,
				     struct mmc_host *mmc,
				     struct cqhci_host *cq_host,
				     unsigned int offset)
{
}

#endif /* !CONFIG_MMC_CRYPTO */

#endif /* MTK_SD_CRYPTO_H */
