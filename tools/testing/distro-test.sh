#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# distro-test - what whoever ships a kernel takes beside the series
#
# usage: tools/testing/distro-test.sh
#
# Configures the patched tree out of place, and builds nothing. KTAP on stdout.

set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
"$top/scripts/tree" >&2 || exit 1
tree=$top/out/tree
work=$(mktemp -d "$top/out/distro-test.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP
fragment=$top/patches/v5.10/mmc-crypto.config

# shellcheck source=tools/testing/ktap.sh
. "$top/tools/testing/ktap.sh"

# The kernel's own script says what it could not have, and ends well all the same
fragment_merges_into_the_defconfig() {
	mkdir "$work/merged"
	(cd "$tree" && ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- scripts/kconfig/merge_config.sh -O "$work/merged" \
		arch/arm64/configs/defconfig "$fragment") >"$work/log" 2>&1 </dev/null || { cat "$work/log"; return 1; }
	for option in BLK_INLINE_ENCRYPTION FS_ENCRYPTION_INLINE_CRYPT MMC_CRYPTO; do
		grep -x "CONFIG_$option=y" "$work/merged/.config" || { echo "no $option"; return 1; }
	done
	! grep -E 'CONFIG_(FS_ENCRYPTION|BLK_INLINE|MMC_CRYPTO).* not in final .config' "$work/log"
}

# What it turns on is off without it: the fragment is what did it
defconfig_has_none_of_it() {
	make -s -C "$tree" "O=$work/plain" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- defconfig </dev/null || return 1
	! grep -E '^CONFIG_(BLK_INLINE_ENCRYPTION|FS_ENCRYPTION_INLINE_CRYPT|MMC_CRYPTO)=' "$work/plain/.config" &&
		grep -qx 'CONFIG_MMC=y' "$work/plain/.config"
}

readme_has_the_same_options() {
	grep '^CONFIG_' "$fragment" >"$work/fragment"
	sed -n 's/^    \(CONFIG_[A-Z_]*=y\)$/\1/p' "$top/README.md" | diff - "$work/fragment" && [ -s "$work/fragment" ]
}

set -- fragment_merges_into_the_defconfig defconfig_has_none_of_it readme_has_the_same_options
run_cases "$@"
