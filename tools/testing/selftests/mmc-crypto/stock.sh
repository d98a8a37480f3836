#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# stock.sh - the unpatched drivers run the virtual hardware with its command queue
#
# Drivers that nobody here wrote work on it, and use what they should: that is
# what says that the model is right. Nothing is encrypted.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

raw=${part}3

test_command_queue_is_on() {
	[ "$(cat "/sys/block/$disk/device/cmdq_en")" = 1 ] || fail "cmdq_en is not 1"
}

copy_worker() {
	dd if="$INPUT/stock/file-$1" of="$raw" bs=4k seek=$(($1 * 256)) oflag=direct \
		conv=notrunc
}

# Buffered writes and read-ahead keep several requests under way
test_data_comes_back() {
	before=$(engine_stat doorbells)
	in_parallel copy_worker
	cat "$INPUT"/stock/file-* >"$tmp/all"
	size=$(stat -c %s "$tmp/all")
	dd if="$tmp/all" of="$raw" bs=1M seek=16 conv=notrunc
	drop
	n=0
	while [ $n -lt "$WORKERS" ]; do
		dd if="$raw" bs=4k skip=$((n * 256)) count=256 iflag=direct |
			cmp - "$INPUT/stock/file-$n"
		n=$((n + 1))
	done
	dd if="$raw" bs=1M skip=16 count=$((size / 1048576)) | cmp - "$tmp/all"
	count=$(engine_stat doorbells)
	[ "$count" -gt "$before" ] || fail "no doorbell was rung"
}

test_tasks_overlap() {
	count=$(engine_stat in-flight-max)
	[ "$count" -gt 1 ] ||
		fail "there was never more than one task in flight"
}

# Flushes are direct commands where the host has them
test_direct_commands() {
	before=$(engine_stat dcmds)
	dd if="$INPUT/stock/file-0" of="$raw" bs=64k count=1 conv=notrunc,fsync
	after=$(engine_stat dcmds)
	if [ "${DCMD-}" = y ]; then
		[ "$after" -gt "$before" ] || fail "a flush was no direct command"
	else
		[ "$after" -eq 0 ] || fail "a direct command, but the host has none"
	fi
}

test_file_system_works() {
	mke2fs -q -F -t ext4 "${part}1"
	mkdir -p /mnt/stock
	mount -t ext4 "${part}1" /mnt/stock
	cp "$INPUT"/stock/* /mnt/stock
	umount /mnt/stock
	mount -t ext4 "${part}1" /mnt/stock
	for path in "$INPUT"/stock/*; do
		cmp "$path" "/mnt/stock/${path##*/}"
	done
	umount /mnt/stock
	e2fsck -fn "${part}1"
}

run_tests stock- command-queue-is-on data-comes-back tasks-overlap direct-commands \
	file-system-works
