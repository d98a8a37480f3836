#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# hygiene.sh - what is left of keys in the guest's memory
#
# usage: hygiene.sh
#
# The debug port writes the memory to files, which the host searches. Copies that are
# user space's to wipe are wiped here: the files that keys came in. Free
# pages are zeroed first (zero-free.ko): exited programs have left much in them. What is
# freed in a slab is not: who had a key there has to wipe it.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

mnt=/mnt/hygiene
in=$INPUT/hygiene
dev=$(readlink -f "/sys/block/$disk/device")
dev=${dev%/mmc_host/*}

# dump NAME: the memory as it is now
dump() {
	insmod "$here/zero-free.ko"
	rmmod zero_free
	status=0
	testport dump "$1" || status=$?
	[ $status -ne 2 ] || skip "only the virtual machine can be looked into"
	[ $status -eq 0 ] || fail "no image of the memory"
}

# wipe FILE...: in place
wipe() {
	for file; do
		dd if=/dev/zero of="$file" bs=64 count=1 conv=notrunc,fsync
		rm "$file"
	done
}

# with_data: how many files have a key of their own that was needed
with_data() {
	find "$in/files" -type f -size +0 | wc -l
}

# held NUMBER: so many keyslots have a key
held() {
	count=$(keys_held)
	[ "$count" -eq "$1" ] || fail "$count keyslots have a key, not $1"
}

programmed() {
	keep_keys -m write hygiene.
	grep '^hygiene\.' "$PLAN" >&9
	holding 1
	wipe "$keys/hygiene-raw.key"
	dump programmed
	dismiss_keeper
}

# A key in a keyslot is in its owner's memory and nowhere else: what was given to the engine
# is not left on the stack, although nobody has used that part of it since
test_key_programmed() {
	deep=/sys/module/blkcrypt_client/parameters/deep
	dump delivered
	echo Y >$deep
	awake programmed
	echo N >$deep
	judged "the key"
}

# The keys are in use: the host must find each of them here
test_keys_in_use() {
	mount -t ext4 -o inlinecrypt "${part}1" $mnt
	fskey add $mnt "$keys/hygiene-files.key" >"$RUN/id-files"
	fskey add $mnt "$keys/hygiene-evict.key" >"$RUN/id-evict"
	fskey set $mnt/files "$(cat "$RUN/id-files")"
	fskey set $mnt/evict "$(cat "$RUN/id-evict")" ino_lblk_32
	cp "$in"/files/* $mnt/files
	cp "$in"/evict/* $mnt/evict
	wipe "$keys"/*
	drop
	same "$in/files" $mnt/files
	same "$in/evict" $mnt/evict
	held $(($(with_data) + 1))
	dump in-use
}

# One key is removed while the other stays
test_key_removed() {
	sync
	fskey remove $mnt "$(cat "$RUN/id-evict")"
	[ ! -e $mnt/evict/file-0 ] || fail "the key is still there"
	held "$(with_data)"
	same "$in/files" $mnt/files
	dump removed
}

test_unmounted() {
	umount $mnt
	held 0
	dump unmounted
}

test_driver_unbound() {
	echo "${dev##*/}" >"$dev/driver/unbind"
	dump unbound
}

mkdir -p $mnt
if ! mke2fs -q -F -t ext4 -b 4096 -O encrypt,stable_inodes "${part}1" >&2 ||
   ! mount -t ext4 "${part}1" $mnt || ! mkdir $mnt/files $mnt/evict || ! umount $mnt; then
	echo "Bail out! ext4 cannot be made or mounted on ${part}1"
	exit 1
fi
if [ -f "$RUN/canary" ]; then
	mount -t ext4 "${part}1" $mnt
	cp "$RUN/canary" $mnt
	umount $mnt
fi
run_tests hygiene- key-programmed keys-in-use key-removed unmounted driver-unbound
