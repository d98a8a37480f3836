#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# raw.sh - bios with encryption contexts, submitted to the card without a file
# system by the blk-crypto test client
#
# usage: raw.sh [TEST...]
#
# What is written where, with which key and data unit numbers, stands in the plan;
# the extents of a test begin with its name. The host decrypts the raw card by
# the same plan: a test has to leave its extents as the plan has them.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

queue=/sys/block/$disk/queue

# unplanned LINE OPTION... write|read: an extent that must not stand in the plan,
# because nothing may come of it
unplanned() {
	line=$1
	shift
	echo "unplanned $line" >"$tmp/plan"
	blkcrypt -d "$DISK" -k "$keys" -c "$INPUT" -p "$tmp/plan" "$@" unplanned
}

# Merges of reads and writes so far
merges() {
	echo $(($(disk_stat 2) + $(disk_stat 6)))
}

# data_unit BYTES: bios of two sizes, so that reads begin in the middle of writes
data_unit() {
	client -s "$1" -b 65536 write "data-unit-$1."
	client -s "$1" -b 65536 read "data-unit-$1."
	client -s "$1" -b 20480 read "data-unit-$1."
}

test_data_unit_512() { data_unit 512; }
test_data_unit_1024() { data_unit 1024; }
test_data_unit_2048() { data_unit 2048; }
test_data_unit_4096() { data_unit 4096; }

test_queue_depth_31() {
	client -b 4096 -q 31 write queue-depth-31.
	client -b 4096 -q 31 read queue-depth-31.
	if on_engine; then
		count=$(engine_stat in-flight-max)
		[ "$count" -gt 1 ] ||
			fail "there was never more than one task in flight"
	fi
}

# Neighbours whose data unit numbers follow each other become one request
test_contiguous_bios_merge() {
	before=$(merges)
	client -m -b 4096 write contiguous-bios-merge.
	[ "$(merges)" -gt "$before" ] || fail "writes were not merged"
	before=$(merges)
	client -m -b 4096 read contiguous-bios-merge.
	[ "$(merges)" -gt "$before" ] || fail "reads were not merged"
	client -m -r -b 4096 write contiguous-bios-merge.
	client -m -r -b 8192 read contiguous-bios-merge.
}

# separate NAME: neighbours on the card which must stay requests of their own
separate() {
	before=$(merges)
	client -m -b 4096 write "$1."
	client -m -b 4096 read "$1."
	client -m -r -b 4096 read "$1."
	# The fallback encrypts before requests are made: they may merge
	on_engine || return 0
	[ "$(merges)" -eq "$before" ] || fail "bios were merged"
}

test_no_merge_across_dun_gap() { separate no-merge-across-dun-gap; }
test_no_merge_across_keys() { separate no-merge-across-keys; }

written_and_read() {
	client -b 262144 write split-max-sectors.
	client -b 262144 read split-max-sectors.
	client -m -b 12288 read split-max-sectors.
}

# with_max_sectors KB: write and read with requests that small
with_max_sectors() {
	before=$(cat "$queue/max_sectors_kb")
	echo "$1" >"$queue/max_sectors_kb"
	guarded written_and_read
	echo "$before" >"$queue/max_sectors_kb"
	judged "max_sectors_kb $1: data was lost"
}

test_split_max_sectors() {
	with_max_sectors 64
	# No multiple of the data unit
	with_max_sectors 6
}

test_split_segments() {
	[ "$(cat "$queue/max_segments")" -lt 256 ] ||
		fail "256 segments fit in one request: nothing is split"
	client -s 512 -b 131072 -q 4 write split-segments.512
	client -s 512 -b 131072 -q 4 read split-segments.512
	client -s 4096 -b 1048576 -q 2 write split-segments.4096
	client -s 4096 -b 1048576 -q 2 read split-segments.4096
	client -s 512 -b 12800 read split-segments.512
}

# Descriptors with and without encryption, and flushes (direct commands, where
# the host has them), one after the other
test_plain_and_flushes_between() {
	client -b 4096 -f 3 write plain-and-flushes-between.
	client -b 4096 -f 5 read plain-and-flushes-between.
	[ "${DCMD-}" = y ] || return 0
	before=$(engine_stat dcmds)
	client -b 4096 -f 2 write plain-and-flushes-between.
	count=$(engine_stat dcmds)
	[ "$count" -gt "$before" ] || fail "no direct command was issued"
}

test_forced_unit_access() {
	client -u -b 16384 write forced-unit-access.
	client -b 65536 read forced-unit-access.
}

slot_worker() {
	for depth in 2 8 31; do
		client -b 8192 -q $depth write "more-keys-than-slots.$1."
		client -b 16384 -q $depth read "more-keys-than-slots.$1."
	done
}

test_more_keys_than_slots() {
	in_parallel slot_worker
}

# The client evicts its keys when it ends
test_evict_and_reuse() {
	for size in 4096 16384 65536; do
		for key in 0 1 2 3; do
			client -b $size write "evict-and-reuse.$key"
		done
		for key in 3 2 1 0; do
			client read "evict-and-reuse.$key"
		done
	done
}

# The last data unit of the card has the last number that fits 32 bits
test_last_sector_last_dun() {
	client write last-sector-last-dun.
	client -b 4096 read last-sector-last-dun.
}

# Beyond, there is no number: an error, and nothing is written or read
test_dun_beyond_32_bits_fails() {
	client write dun-beyond-32-bits-fails.
	line=$(sed -n 's/^dun-beyond-32-bits-fails\.0 //p' "$PLAN" |
		sed 's/dun=[0-9]*/dun=4294967290/; s/offset=[0-9]*/offset=65536/')
	unplanned "$line" -e 5 -b 65536 write
	unplanned "$line" -e 5 -b 65536 read
	client read dun-beyond-32-bits-fails.
}

# A key that wants more of a number than the hardware has
test_wide_dun_refused() {
	unplanned "sector=0 key=raw-0 dun=0 dus=4096 file=raw/data-unit-512 offset=0 length=4096" \
		-e 65 -D 8 read
}

test_part_of_a_unit_fails() {
	unplanned "sector=0 key=raw-0 dun=0 dus=4096 file=raw/data-unit-512 offset=0 length=4096" \
		-e 5 -s 512 -b 512 read
}

boot_worker() {
	boot=${DISK}boot$1
	dd if="$INPUT/raw/boot-$1" of="$boot" bs=8k oflag=direct
	dd if="$boot" bs=4k count=32 iflag=direct | cmp - "$INPUT/raw/boot-$1"
}

# Boot partitions have queues of their own on the same host
test_boot_partitions_beside_user_area() {
	for n in 0 1; do
		echo 0 >"/sys/block/${disk}boot$n/force_ro"
	done
	boot_worker 0 &
	first=$!
	boot_worker 1 &
	second=$!
	client -b 8192 write boot-partitions-beside-user-area.
	client -b 4096 read boot-partitions-beside-user-area.
	wait $first || fail "boot partition 0"
	wait $second || fail "boot partition 1"
}

# What is planned is still there after everything else, read in one go
test_plan_intact_at_end() {
	client -b 131072 read ""
}

if [ $# -eq 0 ]; then
	set -- data-unit-512 data-unit-1024 data-unit-2048 data-unit-4096 \
		queue-depth-31 contiguous-bios-merge no-merge-across-dun-gap \
		no-merge-across-keys split-max-sectors split-segments \
		plain-and-flushes-between forced-unit-access more-keys-than-slots \
		evict-and-reuse last-sector-last-dun part-of-a-unit-fails
	if on_engine; then
		set -- "$@" dun-beyond-32-bits-fails
	fi
	if [ "${FALLBACK-}" = n ]; then
		set -- "$@" wide-dun-refused
	fi
	if [ "${BOOT-}" = y ]; then
		set -- "$@" boot-partitions-beside-user-area
	fi
	set -- "$@" plan-intact-at-end
fi
# The host's search for plaintext has to find this, or it would find nothing. The plan
# begins behind it.
[ ! -f "$RUN/canary" ] || dd if="$RUN/canary" of="${part}3" bs=4096 count=1 conv=notrunc,fsync 2>/dev/null
run_tests raw- "$@"
