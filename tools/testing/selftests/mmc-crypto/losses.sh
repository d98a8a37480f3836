#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# losses.sh - keys are programmed when the engine has lost them and they are needed, and
# never otherwise
#
# usage: losses.sh [TEST...]
#
# Each file of the folder has a key of its own. What is counted is what the virtual
# hardware counts; a test in which the event did not happen fails. Afterwards the files
# are right, which the host proves from the raw card as well.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

mnt=/mnt/losses
in=$INPUT/losses/files
alarm=/sys/class/rtc/rtc0/wakealarm
dev=$(readlink -f "/sys/block/$disk/device")
dev=${dev%/mmc_host/*}
# What runtime suspend does: the device goes to D3 and its keys with it, or, at Qualcomm,
# clocks stop and all keys stay. What a card is reset by: its pin, or its power, which
# takes a reset of that host.
case ${HOST-} in
msm)	naps=bists nap_loses=n reset_by=stat-resets reset_loses=y ;;
*)	naps=sleeps nap_loses=y reset_by=stat-hw-resets reset_loses=n ;;
esac

# use N...: read these files from the card, which needs their keys. Dropping pages leaves
# the inodes, and with them the keys, where they are.
use() {
	echo 1 >/proc/sys/vm/drop_caches
	for n; do
		cmp "$in/file-$n" "$mnt/files/file-$n" || fail "file $n is not as it was"
	done
}

# from_now: begin to count
from_now() {
	programmed=$(engine_stat keys-programmed)
	lost=$(engine_stat keys-lost)
	wrong=$(engine_stat icce)
	events=$(testport get "${1%/*}" "${1#*/}")
	event=$1
}

# happened LOSES PROGRAMMED WHAT: since then, the event; with a loss of keys (y) or
# without (n); and so many keys were programmed, before the engine could miss them
happened() {
	count=$(testport get "${event%/*}" "${event#*/}")
	[ "$count" -gt "$events" ] || fail "$3: $event is still $count"
	count=$(($(engine_stat keys-lost) - lost))
	case $1 in
	y)	[ $count -gt 0 ] || fail "$3: no key was lost" ;;
	n)	[ $count -eq 0 ] || fail "$3: $count keys were lost" ;;
	esac
	programmed_are "$2" "$3"
}

programmed_are() {
	count=$(($(engine_stat keys-programmed) - programmed))
	[ $count -eq "$1" ] || fail "$2: $count keys were programmed, not $1"
	count=$(($(engine_stat icce) - wrong))
	[ $count -eq 0 ] || fail "$2: $count tasks had no key in their slot"
}

# if_lost LOSES NUMBER: so many keys have to be programmed if there was a loss
if_lost() {
	case $1 in
	y)	echo "$2" ;;
	n)	echo 0 ;;
	esac
}

# suspended: the host is, within ten seconds
suspended() {
	sync
	tries=0
	while [ "$(cat "$dev/power/runtime_status")" != suspended ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || fail "the host does not suspend"
		sleep 0.1
	done
}

# Once, however often they are used
test_programmed_once() {
	from_now card0/stat-reads
	use 0 1 2
	happened n 3 "first use"
	use 2 1 0
	programmed_are 3 "second use"
}

# To and fro, with I/O that needs no key
test_runtime_suspend_unused() {
	use 0 1 2
	suspended
	from_now "host0/stat-$naps"
	for _ in 1 2 3; do
		dd if="${part}3" bs=4096 count=1 iflag=direct | cmp - "$RUN/canary"
		suspended
	done
	happened "$nap_loses" 0 "runtime suspend"
}

test_runtime_suspend() {
	use 0 1 2
	from_now "host0/stat-$naps"
	suspended
	use 0 1
	happened "$nap_loses" "$(if_lost $nap_loses 2)" "runtime suspend"
	# At once, or the host is asleep again
	use 1 0
	use 2
	[ "$(cat "$dev/power/runtime_status")" = active ] || fail "it sleeps too early"
	programmed_are "$(if_lost $nap_loses 3)" "what was used later"
}

# The system's sleep resets or powers off the host, whichever it is
test_system_suspend() {
	use 0 1 2
	from_now card0/stat-resets
	echo 0 >$alarm
	echo +2 >$alarm
	echo freeze >/sys/power/state
	programmed_are 0 "waking up"
	use 0 2
	happened y 2 "system suspend"
	use 2 0
	programmed_are 2 "second use"
}

# The card is reset in the middle of I/O that needs no key
test_card_reset() {
	use 0 1 2
	from_now card0/$reset_by
	FAULT_ID=card0 fault cmdq-enable 1
	mmcioc "$DISK" read-ext-csd >/dev/null || :
	dd if="${part}3" bs=4096 count=1 iflag=direct | cmp - "$RUN/canary"
	use 0 1
	happened $reset_loses "$(if_lost $reset_loses 2)" "reset of the card"
	[ "$(cat "/sys/block/$disk/device/cmdq_en")" = 1 ] || fail "the command queue is off"
}

test_consistent_at_end() {
	umount $mnt
	e2fsck -fn "${part}1"
}

mkdir -p $mnt
if ! mke2fs -q -F -t ext4 -b 4096 -O encrypt,stable_inodes "${part}1" >&2 ||
   ! mount -t ext4 -o inlinecrypt "${part}1" $mnt ||
   ! id=$(fskey add $mnt "$keys/losses-files.key") || ! mkdir $mnt/files ||
   ! fskey set $mnt/files "$id" || ! cp "$in"/* $mnt/files || ! umount $mnt ||
   ! mount -t ext4 -o inlinecrypt "${part}1" $mnt ||
   ! fskey add $mnt "$keys/losses-files.key" >&2 ||
   ! dd if="$RUN/canary" of="${part}3" bs=4096 count=1 conv=fsync 2>/dev/null; then
	echo "Bail out! no files to be read"
	exit 1
fi
# Long enough for two tests in a row, and no longer
echo 1000 >"$dev/power/autosuspend_delay_ms"
[ $# -gt 0 ] || set -- programmed-once runtime-suspend-unused runtime-suspend system-suspend \
	card-reset consistent-at-end
run_tests losses- "$@"
