#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# campaign.sh - rounds of the fault campaign: I/O of all kinds while things go wrong
#
# usage: campaign.sh SEED...
#
# What a round does, was decided on the host (tools/testing/faults) and stands in
# $RUN/rounds; "faults" carries it out. The same file systems stay for all rounds.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

# prepare FS NUMBER OPTIONS POLICIES: make and mount it, with a folder for each key
prepare() {
	mkdir -p "/mnt/$1"
	mount -t "$1" -o "$3" "$part$2" "/mnt/$1" || return
	for policy in $4; do
		name=${policy%=*}
		mkdir "/mnt/$1/$name" || return
		id=$(fskey add "/mnt/$1" "$keys/$1-$name.key") || return
		# shellcheck disable=SC2086 # none is no argument
		fskey set "/mnt/$1/$name" "$id" ${policy#*=} || return
	done
	mkdir "/mnt/$1/plain"
}

test_consistent_at_end() {
	# After rounds that failed they may be gone
	for fs in ext4 f2fs; do
		umount "/mnt/$fs"
	done
	disk=$(cd /sys/block && echo mmcblk?)
	e2fsck -fn "/dev/${disk}p1"
	fsck.f2fs --dry-run "/dev/${disk}p2"
}

# Inode tables zeroed later, by the kernel, would be hit by faults meant for data
init="lazy_itable_init=0,lazy_journal_init=1"
policies="k0=ino_lblk_32 k1= k2=ino_lblk_32 k3="
if ! mke2fs -q -F -t ext4 -b 4096 -E "$init" -N 4096 -O encrypt,stable_inodes "${part}1" >&2 ||
   ! mkfs.f2fs -q -f -O encrypt,extra_attr "${part}2" >&2 ||
   ! prepare ext4 1 inlinecrypt "$policies" ||
   ! prepare f2fs 2 inlinecrypt,background_gc=off,nodiscard "$policies"; then
	echo "Bail out! the file systems cannot be made or mounted"
	exit 1
fi
# The host's search for plaintext has to find this, or it would find nothing
cp "$RUN/canary" /mnt/ext4/canary

# Where a process was told to have an allocation fail, it may be any
if [ -d /sys/kernel/debug/failslab ]; then
	echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/failslab/verbose
fi
# The system wakes up at once, having gone all the way but for the sleep itself
echo 0 >/sys/module/suspend/parameters/pm_test_delay
# The host is suspended by itself whenever nothing is to be done
echo auto >"/sys/block/$disk/device/../../../power/control"

for seed; do
	eval "test_round_$seed() { faults $RUN/rounds $seed; }"
done
# shellcheck disable=SC2046 # a list
run_tests campaign- $(printf 'round-%s ' "$@") consistent-at-end
