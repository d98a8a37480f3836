#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kexec.sh - another kernel takes over from one that uses the engine
#
# usage: kexec.sh HOW          prepares a file system, uses it, and leaves for the other kernel
#        kexec.sh after HOW    in that kernel: what "check" goes on with
#
# HOW is "restarted", where devices are shut down before, or "crashed", where nothing is:
# the engine is in the middle of it. The kernel and its initramfs are in the corpus; the
# second command line is the first one and what tells "check" and this where they were.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

mnt=/mnt/kexec
in=$INPUT/kexec

# Nothing has been mounted yet: what is in the keyslots is the other kernel's
test_no_key_is_left() {
	before=$(sed -n 's/.*mmc_crypto_keys_held=\([0-9]*\).*/\1/p' /proc/cmdline)
	[ "$before" -gt 0 ] || fail "the other kernel held no key"
	count=$(keys_held)
	[ "$count" -eq 0 ] || fail "$count of the other kernel's $before keys are still there"
}

test_files_are_there() {
	mkdir -p $mnt
	mount -t ext4 -o inlinecrypt "${part}1" $mnt
	[ ! -e $mnt/files/file-0 ] || fail "the other kernel's key is known"
	fskey add $mnt "$keys/kexec-files.key"
	same "$in/files" $mnt/files
	umount $mnt
	e2fsck -fn "${part}1" || fail "e2fsck: status $?"
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
	(cd / && find run/mmc-crypto | cpio -o -H newc) >>/tmp/initrd 2>/dev/null
	while :; do
		echo 1 >/proc/sys/vm/drop_caches
		cat $mnt/files/* >/dev/null
		dd if=/dev/zero of=$mnt/scratch bs=16k count=16 conv=fsync,notrunc
	done 2>/dev/null &
	sleep 0.3
	crash=
	[ "$1" != crashed ] || crash=--crash
	kexecnow $crash "$INPUT/boot/Image" /tmp/initrd \
		"$(cat /proc/cmdline) mmc_crypto_stage=$STAGE mmc_crypto_keys_held=$(keys_held)" >&2
	kill $!
	echo "Bail out! the other kernel was not started"
	return 1
}

case ${1-} in
after)	run_tests "kexec-$2-" no-key-is-left files-are-there ;;
restarted|crashed)	start_other "$1" ;;
*)	echo "usage: kexec.sh [after] restarted|crashed" >&2
	exit 1 ;;
esac
