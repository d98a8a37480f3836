#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# fs.sh - encrypted files on a file system (ext4 or f2fs) with inline encryption
#
# usage: fs.sh ext4|f2fs [TEST...]
#
# With PLAIN=1 nothing is encrypted: the host then has to notice.
#
# Everything that a test leaves below the mount point, the host decrypts from the
# raw card afterwards: at the end each folder must be as it is in the corpus.
# A test therefore may do with its files what it likes, but must restore them.

fs=${1-}
case $fs in
ext4)	number=1 ;;
f2fs)	number=2 ;;
*)	echo "usage: fs.sh ext4|f2fs" >&2; exit 1 ;;
esac
shift
# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

dev=$part$number
mnt=/mnt/$fs
in=$INPUT/$fs

fs_mount() {
	mkdir -p "$mnt"
	if [ "${PLAIN-}" = 1 ]; then
		mount -t "$fs" "$dev" "$mnt"
		return
	fi
	mount -t "$fs" -o inlinecrypt "$dev" "$mnt"
}

# add_key NAME: give the file system that master key
add_key() {
	fskey add "$mnt" "$keys/$fs-$1.key" >"$tmp/$1.id"
}

# key_is STATE NAME: absent, present or incomplete (files are still open)
key_is() {
	[ "$(fskey status "$mnt" "$(cat "$tmp/$2.id")")" = "$1" ] ||
		fail "key $2 is not $1"
}

# remove_key NAME: fails if files that use it are open
remove_key() {
	fskey remove "$mnt" "$(cat "$tmp/$1.id")"
}

# new_dir NAME KEY [FLAG]: an empty encrypted folder
new_dir() {
	new=$mnt/$1
	new_key=$2
	shift 2
	mkdir "$new"
	[ "${PLAIN-}" != 1 ] || return 0
	add_key "$new_key"
	fskey set "$new" "$(cat "$tmp/$new_key.id")" "$@"
}

# One key for all files (IV_INO_LBLK_32): the natural policy for an engine
test_one_key() {
	new_dir one-key one ino_lblk_32
	cp -r "$in/one-key/." "$mnt/one-key"
	same "$in/one-key" "$mnt/one-key"
	drop
	same "$in/one-key" "$mnt/one-key"
}

# The default policy has a key for each file
test_many_keys() {
	new_dir many-keys many
	cp -r "$in/many-keys/." "$mnt/many-keys"
	drop
	same "$in/many-keys" "$mnt/many-keys"
}

# worker N: write every WORKERS-th file, forget what is cached, and read it back with
# slots that the files of others have had in between
worker() {
	mine=$(cd "$in/more-keys-than-slots" && find . -type f |
		awk -v mine="$1" -v of="$WORKERS" 'NR % of == mine')
	[ -n "$mine" ]
	for round in 1 2; do
		for name in $mine; do
			dd if="$in/more-keys-than-slots/$name" bs=64k conv=fsync \
				of="$mnt/more-keys-than-slots/$name" 2>/dev/null
		done
		echo 1 >/proc/sys/vm/drop_caches
		# shellcheck disable=SC2086 # a list
		(cd "$in/more-keys-than-slots" && sha256sum $mine) >"$tmp/want-$1"
		# shellcheck disable=SC2086 # a list
		(cd "$mnt/more-keys-than-slots" && sha256sum $mine) >"$tmp/got-$1"
		cmp "$tmp/want-$1" "$tmp/got-$1" >&2 || {
			diff "$tmp/want-$1" "$tmp/got-$1"
			fail "round $round: these differ"
		}
	done
}

# 48 files with a key each want 32 slots at the same time
test_more_keys_than_slots() {
	new_dir more-keys-than-slots many
	in_parallel worker
	drop
	same "$in/more-keys-than-slots" "$mnt/more-keys-than-slots"
}

# A key that was removed leaves its slot; when it is back, it is programmed again
test_evict_and_reuse() {
	for key in a b c; do
		new_dir "evict-$key" "evict-$key" ino_lblk_32
		cp -r "$in/evict-$key/." "$mnt/evict-$key"
	done
	for round in 1 2 3; do
		for key in a b c; do
			sync
			remove_key "evict-$key"
			[ ! -e "$mnt/evict-$key/file-0" ] ||
				fail "round $round: the key is removed, but the name is still there"
			add_key "evict-$key"
			same "$in/evict-$key" "$mnt/evict-$key"
		done
	done
}

# A block that is written over, in a file that is there already
test_rewrite_in_place() {
	new_dir rewrite one ino_lblk_32
	cp -r "$in/rewrite/." "$mnt/rewrite"
	for path in "$in"/rewrite/*; do
		copy=$mnt/rewrite/${path##*/}
		sync
		dd if=/dev/zero of="$copy" bs=4096 count=3 seek=2 conv=notrunc 2>/dev/null
		sync
		dd if=/dev/zero of="$copy" bs=1000 count=1 seek=9 conv=notrunc 2>/dev/null
		drop
		! cmp -s "$path" "$copy" || fail "$copy: was not changed"
		dd if="$path" of="$copy" bs=4096 conv=notrunc 2>/dev/null
	done
	drop
	same "$in/rewrite" "$mnt/rewrite"
}

# O_DIRECT on encrypted files is buffered in 5.10, and has to work
test_direct_io() {
	new_dir direct one ino_lblk_32
	for path in "$in"/direct/*; do
		dd if="$path" of="$mnt/direct/${path##*/}" bs=64k oflag=direct
	done
	drop
	for path in "$in"/direct/*; do
		dd if="$mnt/direct/${path##*/}" bs=4k iflag=direct | cmp - "$path"
	done
}

# Unencrypted files stay so, beside encrypted ones that are written meanwhile
test_unencrypted_beside() {
	new_dir beside one ino_lblk_32
	mkdir "$mnt/plain"
	cp -r "$in/beside/." "$mnt/beside" &
	cp -r "$in/plain/." "$mnt/plain"
	wait $!
	drop
	diff -r "$in/beside" "$mnt/beside" &
	same "$in/plain" "$mnt/plain"
	wait $!
}

# While a file is open, its key stays until it is closed
test_key_removed_while_open() {
	new_dir busy busy ino_lblk_32
	cp -r "$in/busy/." "$mnt/busy"
	drop
	exec 5<>"$mnt/busy/file-0"
	! remove_key busy || fail "a key in use was removed completely"
	key_is incomplete busy
	! cat "$mnt/busy/file-1" >/dev/null 2>&1 ||
		fail "the key can still be used for files that were not open"
	# Both ways through the open file: half is read, half is written again
	dd if="$in/busy/file-0" of="$tmp/half" bs=4096 count=4
	dd of="$tmp/read" bs=4096 count=4 <&5
	cmp "$tmp/half" "$tmp/read"
	dd if="$in/busy/file-0" bs=4096 skip=4 >&5
	exec 5>&-
	remove_key busy
	key_is absent busy
	[ ! -e "$mnt/busy/file-0" ] || fail "the key was not removed after the file was closed"
	add_key busy
	same "$in/busy" "$mnt/busy"
}

test_drop_caches() {
	drop
	for dir in "$in"/*/; do
		dir=${dir%/}
		same "$dir" "$mnt/${dir##*/}"
	done
}

# After a new mount nothing is known of keys, and everything is read again
test_remount() {
	umount "$mnt"
	fs_mount
	for key in "$keys/$fs"-*.key; do
		key=${key##*/"$fs"-}
		add_key "${key%.key}"
	done
	for dir in "$in"/*/; do
		dir=${dir%/}
		same "$dir" "$mnt/${dir##*/}"
	done
}

test_consistent_at_end() {
	umount "$mnt"
	case $fs in
	ext4)	e2fsck -fn "$dev" ;;
	f2fs)	fsck.f2fs --dry-run "$dev" ;;
	esac
}

if [ $# -eq 0 ]; then
	set -- one-key many-keys more-keys-than-slots evict-and-reuse rewrite-in-place \
		direct-io unencrypted-beside key-removed-while-open drop-caches \
		remount consistent-at-end
fi

# The virtual SD card erases by writing, which takes a minute for a partition
case $(cat "/sys/block/$disk/device/type") in
SD)	discard="-E nodiscard" ;;
*)	discard= ;;
esac

# What all of them stand on: it is no test
make_fs() {
	# shellcheck disable=SC2086 # a list
	case $fs in
	ext4)	mke2fs -q -F -t ext4 -b 4096 -O encrypt,stable_inodes $discard "$dev" ;;
	f2fs)	mkfs.f2fs -q -f -O encrypt,extra_attr "$dev" ;;
	esac
}

if ! make_fs >&2 || ! fs_mount; then
	echo "Bail out! $fs cannot be made or mounted on $dev"
	exit 1
fi
# The host's search for plaintext has to find this, or it would find nothing
[ ! -f "$RUN/canary" ] || cp "$RUN/canary" "$mnt"
run_tests "$fs-" "$@"
