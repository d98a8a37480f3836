#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kexec.sh - another kernel takes over from one that uses the engine
#
# usage: kexec.sh          prepares a file system, uses it, and starts the other kernel
#        kexec.sh after    in that kernel: what "check" goes on with
#
# The kernel and its initramfs are in the corpus; the second command line is the
# first one and what tells "check" where it was.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

mnt=/mnt/kexec
in=$INPUT/kexec

test_files_are_there() {
	mkdir -p $mnt
	mount -t ext4 -o inlinecrypt "${part}1" $mnt
	! cat $mnt/files/* >/dev/null 2>&1 || [ ! -e $mnt/files/file-0 ] ||
		fail "the other kernel's key is known"
	fskey add $mnt "$keys/kexec-files.key"
	same "$in/files" $mnt/files
	rm -f $mnt/scratch
	umount $mnt
	e2fsck -fn "${part}1"
}

# The engine that the first kernel left in use had to be emptied before it was used
test_first_kernel_left_no_key() {
	evicted=$(engine_stat keys-evicted)
	[ "$evicted" -gt 0 ] || fail "no keyslot was cleared"
}

start_other() {
	mkdir -p $mnt
	mke2fs -q -F -t ext4 -b 4096 -O encrypt,stable_inodes "${part}1" >&2 &&
		mount -t ext4 -o inlinecrypt "${part}1" $mnt && mkdir $mnt/files &&
		fskey set $mnt/files "$(fskey add $mnt "$keys/kexec-files.key")" &&
		cp "$in"/files/* $mnt/files && sync
	[ ! -f "$RUN/canary" ] || cp "$RUN/canary" $mnt
	sync

	cp "$INPUT/boot/initrd" /tmp/initrd
	(cd / && find run/mmc-crypto -type f | cpio -o -H newc) >>/tmp/initrd
	while :; do
		echo 1 >/proc/sys/vm/drop_caches
		cat $mnt/files/* >/dev/null
		dd if=/dev/zero of=$mnt/scratch bs=16k count=16 conv=fsync,notrunc
	done 2>/dev/null &
	sleep 0.3
	kexecnow "$INPUT/boot/Image" /tmp/initrd "$(cat /proc/cmdline) mmc_crypto_stage=$STAGE" >&2
	kill $!
	echo "Bail out! the other kernel was not started"
	return 1
}

case ${1-} in
after)	run_tests kexec- files-are-there first-kernel-left-no-key ;;
*)	start_other ;;
esac
