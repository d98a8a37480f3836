#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# noice.sh - a Qualcomm host whose engine cannot be used works without it
#
# usage: noice.sh REASON
#
# The host was started so that the engine, the firmware or what the device tree says of
# them is not as it should be. REASON is the line that the driver has to print, with
# dashes for spaces; "-" where there is no command queue, and so nothing to say.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

reason=$(echo "${1-}" | tr - ' ')
raw=${part}3

test_one_line_says_why() {
	dmesg | grep 'inline encryption' >"$tmp/lines" || :
	case $reason in
	" ")	[ ! -s "$tmp/lines" ] || fail "$(cat "$tmp/lines")" ;;
	*)	[ "$(wc -l <"$tmp/lines")" = 1 ] || fail "$(cat "$tmp/lines")"
		grep -q "no inline encryption: $reason" "$tmp/lines" || fail "$(cat "$tmp/lines")" ;;
	esac
}

test_card_works() {
	dd if="$INPUT/noice/file-0" of="$raw" bs=16k conv=fsync
	drop
	dd if="$raw" bs=16k count=16 | cmp - "$INPUT/noice/file-0"
}

test_command_queue_as_described() {
	want=1
	[ "$reason" != " " ] || want=0
	[ "$(cat "/sys/block/$disk/device/cmdq_en")" = $want ] || fail "cmdq_en is not $want"
}

# No keyslots, no clock that runs, no call to the firmware for a key
test_engine_is_left_alone() {
	[ "$(engine_stat keys-programmed)" = 0 ] || fail "a key was programmed"
	[ "$(engine_stat scm-failed)" = 0 ] || fail "the firmware was asked for what it has not"
	if [ -e /sys/kernel/debug/clk/sdhci-msm-ice-clock ]; then
		count=$(cat /sys/kernel/debug/clk/sdhci-msm-ice-clock/clk_enable_count)
		[ "$count" = 0 ] || fail "the engine's clock runs"
	fi
}

run_tests noice- one-line-says-why card-works command-queue-as-described engine-is-left-alone
