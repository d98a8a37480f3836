# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the guest of the tests needs and nothing else: to be used together with
# --without-default-devices --with-devices-aarch64=mmc-crypto
CONFIG_ARM_VIRT=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_SDHCI_PCI=y
CONFIG_SDHCI_PCI_EMMC=y
CONFIG_MMC_TESTPORT=y
CONFIG_SDHCI_MSM_EMMC=y
