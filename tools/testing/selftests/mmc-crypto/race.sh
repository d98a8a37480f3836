#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# race.sh - files, bios, evictions and unencrypted I/O at once, on two processors
#
# Looks for what only happens when things happen together. What is on the card
# at the end is proven by the host, as everywhere.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

mnt=/mnt/race
in=$INPUT/race

# Files with a key each
file_worker() {
	for path in "$in"/files/*-"$1"; do
		copy=$mnt/files/${path##*/}
		cp "$path" "$copy"
		sync
		echo 1 >/proc/sys/vm/drop_caches
		cmp "$path" "$copy"
	done
}

# Bios with keys that are evicted at the end of each client
bio_worker() {
	for size in 4096 12288 65536; do
		client -m -b $size write "race.$1."
		client -b $size -f 7 read "race.$1."
	done
}

plain_worker() {
	mkdir "$mnt/plain"
	cp "$in"/plain/* "$mnt/plain"
	sync
}

# remove_idle_key ID: while others drop caches, inodes of closed files are held
# for a moment, and then count as open
remove_idle_key() {
	for _ in $(seq 50); do
		! fskey remove "$mnt" "$1" || return 0
		[ "$(fskey status "$mnt" "$1")" != absent ] || return 0
		sleep 0.1
	done
	return 1
}

# A folder whose key comes and goes
evict_worker() {
	for round in 1 2 3 4; do
		id=$(fskey add "$mnt" "$keys/race-evict.key")
		if [ "$round" -eq 1 ]; then
			mkdir "$mnt/evict"
			fskey set "$mnt/evict" "$id" ino_lblk_32
			cp "$in"/evict/* "$mnt/evict"
		fi
		diff -r "$in/evict" "$mnt/evict"
		sync
		remove_idle_key "$id" || fail "round $round: a file is open"
	done
}

worker() {
	case $1 in
	0|1|2)	file_worker "$1" ;;
	3|4)	bio_worker "$1" ;;
	5)	plain_worker ;;
	6)	evict_worker ;;
	esac
}

test_all_at_once() {
	[ "$(nproc)" -ge 2 ] || fail "one processor cannot race"
	WORKERS=7
	in_parallel worker
}

test_nothing_lost() {
	umount $mnt
	mount -t ext4 -o inlinecrypt "${part}1" $mnt
	fskey add $mnt "$keys/race-files.key"
	fskey add $mnt "$keys/race-evict.key"
	for dir in files evict; do
		same "$in/$dir" "$mnt/$dir"
	done
	same "$in/plain" "$mnt/plain"
	client read race.
	umount $mnt
	e2fsck -fn "${part}1"
}

mkdir -p $mnt
if ! mke2fs -q -F -t ext4 -b 4096 -O encrypt,stable_inodes "${part}1" >&2 ||
   ! mount -t ext4 -o inlinecrypt "${part}1" $mnt ||
   ! id=$(fskey add $mnt "$keys/race-files.key") ||
   ! mkdir $mnt/files || ! fskey set $mnt/files "$id"; then
	echo "Bail out! ext4 cannot be made or mounted on ${part}1"
	exit 1
fi
[ ! -f "$RUN/canary" ] || cp "$RUN/canary" $mnt
run_tests race- all-at-once nothing-lost
