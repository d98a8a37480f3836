/*
 * Qualcomm's eMMC host: what the machine has to know of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_SD_SDHCI_MSM_H
#define HW_SD_SDHCI_MSM_H

#define TYPE_SDHCI_MSM_EMMC "sdhci-msm-emmc"

#endif
