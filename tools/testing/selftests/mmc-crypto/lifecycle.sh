#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# lifecycle.sh - driver, modules, device and card go away while a file system with
# keys is mounted and used, and come back
#
# usage: lifecycle.sh [TEST...]
#
# What goes away under a mounted file system takes the data with it that was not
# written yet: what is compared was written before. The host decrypts it at the end.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

mnt=/mnt/life
in=$INPUT/life
card=$(basename "$(readlink -f "/sys/block/$disk/device")")
dev=$(readlink -f "/sys/block/$disk/device")
dev=${dev%/mmc_host/*}
host_name=${dev##*/}
driver=$(readlink -f "$dev/driver")
rescan=/sys/module/mmc_rescan/parameters
module=$(basename "$(readlink -f "$driver/module")")

read_files() {
	echo 1 >/proc/sys/vm/drop_caches
	cat "$mnt"/files/*
}

write_scratch() { dd if=/dev/zero of="$mnt/scratch/file" bs=16k count=16 conv=fsync,notrunc; }

# again_and_again N COMMAND...: until end_io; went.N tells that it succeeded, failed.N that
# it did not
again_and_again() {
	worker=$1
	shift
	while [ ! -e "$tmp/end" ]; do
		if "$@"; then
			: >"$tmp/went.$worker"
		else
			: >"$tmp/failed.$worker"
		fi
	done >/dev/null 2>&1
}

# begin_io: readers and a writer, whose data does not matter, until end_io. When this
# returns, each of them is under way, by the engine.
begin_io() {
	rm -f "$tmp/end" "$tmp"/went.* "$tmp"/failed.*
	# However the test ends, they do
	trap 'touch "$tmp/end"' EXIT
	before=$(crossed)
	again_and_again 0 read_files &
	again_and_again 1 read_files &
	again_and_again 2 write_scratch &
	for n in 0 1 2; do
		wait_for "$tmp/went.$n"
	done
	count=$(crossed)
	[ "$count" -gt "$before" ] || fail "what is under way is not by the engine"
}

# fails_io: what was under way does not go on with what went away
fails_io() {
	for n in 0 1 2; do
		wait_for "$tmp/failed.$n"
	done
}

end_io() {
	touch "$tmp/end"
	wait
}

life_mount() {
	wait_for "${part}1"
	mount -t ext4 -o inlinecrypt "${part}1" $mnt
	fskey add $mnt "$keys/life-files.key" >/dev/null
	fskey add $mnt "$keys/life-scratch.key" >/dev/null
}

# back: what was there before has to be there again, encrypted by the engine as before
back() {
	before=$(crossed)
	life_mount
	same "$in/files" $mnt/files
	count=$(crossed)
	[ "$count" -gt "$before" ] || fail "not by the engine"
}

# away_and_back AWAY BACK: functions; in between, the file system is unmounted, so that
# its keys are evicted from an engine that is not there
away_and_back() {
	begin_io
	$1
	fails_io
	end_io
	! cat $mnt/files/* >/dev/null 2>&1 || [ -b "$DISK" ] ||
		fail "files of a card that is gone can be read"
	umount $mnt
	$2
	back
}

unbind_host() { echo "$host_name" >"$driver/unbind"; }
bind_host() { echo "$host_name" >"$driver/bind"; }
test_host_unbound() { away_and_back unbind_host bind_host; }

unbind_card() { echo "$card" >/sys/bus/mmc/drivers/mmcblk/unbind; }
bind_card() { echo "$card" >/sys/bus/mmc/drivers/mmcblk/bind; }
test_card_unbound() { away_and_back unbind_card bind_card; }

# The card is not answered for any more, and its host, which stays, looks for it: a while
# later, so that requests may be the first to notice
take_card_out() {
	FAULT_ID=card0 fault repeat 1000000000
	FAULT_ID=card0 fault command 1
	echo 300 >$rescan/in_ms
	tries=0
	while [ -e "/sys/bus/mmc/devices/$card" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || fail "the card is still there"
		sleep 0.1
	done
	[ -e "$driver/$host_name" ] || fail "the host is gone as well"
}
# A card that is put in knows nothing yet. This one only answers again: were it in the middle of
# the host's looking for it, it would be told to begin without having been reset.
put_card_in() {
	grep -qx 1 $rescan/looked
	FAULT_ID=card0 fault command 0
	FAULT_ID=card0 fault repeat 0
	echo 0 >$rescan/in_ms
}
# Its keys are evicted from an engine that is there
put_other_card_in() {
	slots=$(cat /sys/kernel/debug/mmc*/crypto/keyslots)
	[ -z "$slots" ] || fail "keys are left: $slots"
	put_card_in
}
test_card_removed() {
	insmod "$here/mmc-rescan.ko" disk="$DISK"
	guarded away_and_back take_card_out put_other_card_in
	put_card_in
	rmmod mmc_rescan
	judged "with the card taken out"
}

remove_device() { echo 1 >"$dev/remove"; }
rescan_bus() { echo 1 >/sys/bus/pci/rescan; }
test_device_removed() { away_and_back remove_device rescan_bus; }

# The keyslot manager's operations were in these
remove_modules() {
	unbind_host
	for each in $(ls /sys/module/cqhci/holders) sdhci_msm_ice cqhci cqhci_crypto sdhci_pltfm sdhci; do
		[ ! -e "/sys/module/$each" ] || rmmod "$each"
	done
}
# init has loaded them in this way
insert_modules() {
	rmmod mmc_block mmc_core
	modprobe mmc_block
	modprobe "$module"
}
test_modules_removed() { away_and_back remove_modules insert_modules; }

# wait_for_new: the disk that the driver makes beside the old one
wait_for_new() {
	wait_for "$dev/mmc_host/*/*/block/*"
	basename "$dev"/mmc_host/*/*/block/*
}

# A file stays open, and its key in use, while the driver goes and comes back: the old
# disk stays dead, and the new one knows nothing of it
test_file_open_across() {
	exec 5<$mnt/files/file-0
	drop
	unbind_host
	! cat <&5 >/dev/null 2>&1 || fail "the file can still be read from the card"
	bind_host
	# The old disk keeps its name as long as somebody has it
	new=$(wait_for_new)
	dd if="/dev/$new" of=/dev/null bs=4096 count=1 iflag=direct
	exec 5<&-
	umount $mnt
	unbind_host
	bind_host
	back
}

# The engine cannot be cleared of the keys that are in it, neither when the driver goes nor, of
# one of them, when it comes: it is left alone, and software reads and writes the same
leave_keys() {
	drop
	same "$in/files" $mnt/files
	fault repeat 1000
	hit "$evict" 1 unbind_host
	fault repeat 1
	umount $mnt
	dmesg -c >/dev/null
	hit "$evict" 5 bind_host
	wait_for "${part}1"
	dmesg | grep -q "no inline encryption: keyslots cannot be cleared (error -5)" ||
		fail "$(dmesg | grep "inline encryption")"
	before=$(crossed)
	life_mount
	same "$in/files" $mnt/files
	cp "$in/files/file-0" $mnt/scratch/by-software
	drop
	cmp $mnt/scratch/by-software "$in/files/file-0"
	# The proof has no place for what the engine reads and never wrote
	rm $mnt/scratch/by-software
	umount $mnt
	count=$(crossed)
	[ "$count" -eq "$before" ] || fail "by an engine that has the keys of others"
}
test_keys_stay_at_probe() {
	guarded leave_keys
	fault repeat 1
	fault "$evict" 0
	! grep -q " $mnt " /proc/mounts || umount $mnt
	[ ! -e "$driver/$host_name" ] || unbind_host
	bind_host
	judged "with a keyslot that was not cleared"
	back
}

failslab=/sys/kernel/debug/failslab

# fail_each DRIVER DEVICE [FUNCTION]: bind with another allocation failing each time, until all
# of them have, or all before those that FUNCTION of the kernel asks for
fail_each() {
	n=0
	result=
	until [ "${result%% *}" = not-injected ]; do
		n=$((n + 1))
		[ -z "${3-}" ] || dmesg -c >/dev/null
		result=$(failnth $n "$1/bind" "$2")
		if [ -e "$1/$2" ]; then
			survived=$((survived + 1))
			echo "$2" >"$1/unbind"
		fi
		[ $n -lt 1000 ] || fail "no end: $result"
		[ -z "${3-}" ] || ! dmesg | grep -q "] *$3+" || result="not-injected done"
	done
	[ "$result" = "not-injected done" ] || fail "at the end: $result"
	[ $n -gt 10 ] || fail "only $n allocations"
	failed=$((failed + n - 1))
}

# of_drivers: from now on only allocations from kmalloc(), as the drivers' own are, and queues, if
# the kernel was told at boot which caches these are
of_drivers() {
	grep -q 'slub_debug=A,kmalloc-\*' /proc/cmdline && echo Y >$failslab/cache-filter
}

of_all() { echo N >$failslab/cache-filter; }

begin_failing() {
	[ -d $failslab ] || skip "no fault injection"
	echo N >$failslab/ignore-gfp-wait
	echo 0 >$failslab/verbose
	survived=0
	failed=0
	umount $mnt
}

# tell WHAT: how much that was
tell() {
	echo "# $1: $failed allocations failed, one at a time; $survived times it was bound" |
		tee /dev/kmsg
}

# The driver is bound again and again. What failed must leave nothing, and be told as an
# error. What the kernel allocates beside it, kmemleak's records among that, is not the same
# each time, so that the count steps over some: those of drivers are counted once more by
# themselves.
test_probe_fails_at_each_allocation() {
	begin_failing
	# Which only makes it longer
	rmmod mmc_block
	unbind_host
	fail_each "$driver" "$host_name"
	if of_drivers; then
		fail_each "$driver" "$host_name"
		of_all
	fi
	modprobe mmc_block
	tell host
	bind_host
	back
}

# The same of the card's driver, whose queue is given the engine, up to the adding of its disk:
# 5.10 itself does not outlive that this fails. The log has who asked for memory.
fail_card() {
	of_drivers || :
	fail_each /sys/bus/mmc/drivers/mmcblk "$card" __device_add_disk
	tell card
}
test_card_fails_at_each_allocation() {
	begin_failing
	unbind_card
	echo 2 >$failslab/verbose
	guarded fail_card
	of_all
	echo 0 >$failslab/verbose
	[ -e "/sys/bus/mmc/drivers/mmcblk/$card" ] || bind_card
	judged "the card's driver"
	life_mount
	same "$in/files" $mnt/files
	umount $mnt
	# Whoever still held the host would hold its name
	unbind_host
	bind_host
	new=$(ls "$dev/mmc_host")
	[ "$new" = "${card%%:*}" ] || fail "somebody holds the old host: the new one is $new"
	back
}

test_consistent_at_end() {
	rm -r $mnt/scratch
	umount $mnt
	e2fsck -fn "${part}1"
}

if [ $# -eq 0 ]; then
	set -- host-unbound card-unbound card-removed file-open-across
	[ ! -e "$dev/remove" ] || set -- "$@" device-removed
	set -- "$@" modules-removed keys-stay-at-probe card-fails-at-each-allocation
	set -- "$@" probe-fails-at-each-allocation consistent-at-end
fi

mkdir -p $mnt
if ! mke2fs -q -F -t ext4 -b 4096 -O encrypt,stable_inodes "${part}1" >&2 ||
   ! mount -t ext4 -o inlinecrypt "${part}1" $mnt ||
   ! mkdir $mnt/files $mnt/scratch ||
   ! fskey set $mnt/files "$(fskey add $mnt "$keys/life-files.key")" ||
   ! fskey set $mnt/scratch "$(fskey add $mnt "$keys/life-scratch.key")" ino_lblk_32 ||
   ! cp "$in"/files/* $mnt/files; then
	echo "Bail out! ext4 cannot be made or mounted on ${part}1"
	exit 1
fi
[ ! -f "$RUN/canary" ] || cp "$RUN/canary" $mnt
sync
run_tests life- "$@"
