/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Qualcomm's Inline Crypto Engine (ICE) in front of an eMMC: what sdhci-msm.c
 * calls.
 *
 * ICE sits behind the command queue engine, whose task descriptors choose key
 * and DUN, and behind the host's other transfers, for which registers do; this
 * is about those, its power, its state of health, and its keys. All of it must
 * vanish with CONFIG_MMC_CRYPTO=n.
 */

#ifndef _MMC_HOST_SDHCI_MSM_ICE_H
#define _MMC_HOST_SDHCI_MSM_ICE_H

#include <linux/pm_runtime.h>

struct cqhci_host;
struct mmc_host;
struct platform_device;

#ifdef CONFIG_MMC_CRYPTO

int sdhci_msm_ice_init(struct platform_device *pdev, struct mmc_host *mmc,
		       struct cqhci_host *cq_host);
void sdhci_msm_ice_suspend(struct mmc_host *mmc);
void sdhci_msm_ice_resume(struct mmc_host *mmc);
int sdhci_msm_ice_force_resume(struct device *dev);

#else /* CONFIG_MMC_CRYPTO */

static inline int sdhci_msm_ice_init(struct platform_device *pdev,
				     struct mmc_host *mmc,
				     struct cqhci_host *cq_host)
{
	return 0;
}

static inline void sdhci_msm_ice_suspend(struct mmc_host *mmc)
{
}

static inline void sdhci_msm_ice_resume(struct mmc_host *mmc)
{
}

#define sdhci_msm_ice_force_resume	pm_runtime_force_resume

#endif /* !CONFIG_MMC_CRYPTO */

#endif /* _MMC_HOST_SDHCI_MSM_ICE_H */
