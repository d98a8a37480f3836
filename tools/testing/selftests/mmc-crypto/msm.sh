#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# msm.sh - firmware and engine of the Qualcomm host fail, and it comes and goes
#
# usage: msm.sh [TEST...]
#
# One folder of encrypted files is on the card from the beginning. Each test makes
# something go wrong and then reads the files: what the engine cannot do, software
# does (FALLBACK) or the request fails, and at the end all is as it was. The host
# decrypts them from the raw card afterwards.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

mnt=/mnt/msm
in=$INPUT/msm/files
driver=/sys/bus/platform/drivers/sdhci_msm
clocks="sdhci-msm-core-clock sdhci-msm-ice-clock"

counter() {
	testport get host0 "stat-$1"
}

# fault NAME [N [TIMES]]: the n-th event from now on, so many in a row; 0: none
fault() {
	testport set host0 fault-repeat "${3:-1}"
	testport set host0 "fault-$1" "${2:-1}"
}

fired() {
	[ "$(testport get host0 "fault-$1-fired")" -gt "${2:-0}" ] || fail "fault $1 did not fire"
}

has_fired() {
	testport get host0 "fault-$1-fired"
}

# kernel_counts NAME: what the kernel has counted of that
kernel_counts() {
	sed -n "s/^$1: //p" /sys/kernel/debug/mmc*/crypto/counters
}

attach() {
	mkdir -p $mnt
	mount -t ext4 -o inlinecrypt "${part}1" $mnt
	fskey add $mnt "$keys/msm-files.key" >"$tmp/id"
}

# detach: and with the file system, its keys leave the slots
detach() {
	! grep -q " $mnt " /proc/mounts || umount $mnt
}

unbind() {
	echo "$device" >$driver/unbind
	[ ! -e "$DISK" ] || fail "the card is still there"
}

bind() {
	echo "$device" >$driver/bind
	wait_for "${part}3"
}

# fresh: as at the beginning, whatever a test that failed has left
fresh() {
	for name in version fuses bist collapse scm-unavailable scm-set scm-invalidate scm-busy; do
		fault $name 0
	done
	[ -e "$driver/$device" ] || bind
	detach
	attach
}

# read_by_engine, read_by_software: the files are right, and who decrypted them
read_files() {
	drop
	crossed=$(counter tasks-encrypted)
	same "$in" $mnt/files
	crossed=$(($(counter tasks-encrypted) - crossed))
}

read_by_engine() {
	read_files
	[ $crossed -gt 0 ] || fail "the engine had no part in it"
}

read_by_software() {
	read_files
	[ $crossed -eq 0 ] || fail "$crossed tasks crossed an engine that is not used"
}

# reads_fail: no file can be read, and nothing is there instead
reads_fail() {
	drop
	for path in "$in"/*; do
		if dd if="$mnt/files/${path##*/}" of="$tmp/got" bs=4k 2>/dev/null && [ -s "$path" ]; then
			fail "${path##*/} could be read"
		fi
	done
}

# works_without REASON: the host says once why there is no engine, and the card works
works_without() {
	[ "$(dmesg | grep -c 'no inline encryption: ')" = 1 ] ||
		fail "not one line: $(dmesg | grep 'inline encryption')"
	dmesg | grep -q "no inline encryption: $1" || fail "$(dmesg | grep 'inline encryption')"
	[ "$(cat "/sys/block/$disk/device/cmdq_en")" = 1 ] || fail "no command queue"
}

# without FAULT REASON: probing again with that fault leaves a host without engine, and
# a clock that is as off as it was; the next time all is well
without() {
	fresh
	before=$(has_fired "$1")
	detach
	unbind
	dmesg -c >/dev/null
	fault "$1"
	bind
	fired "$1" "$before"
	works_without "$2"
	clock_is_off sdhci-msm-ice-clock
	attach
	read_by_software
	detach
	unbind
	bind
	attach
	read_by_engine
}

clock_is_off() {
	count=$(cat "/sys/kernel/debug/clk/$1/clk_enable_count")
	[ "$count" = 0 ] || fail "$1 was enabled $count times and not disabled"
}

# Keys come in by the firmware and by nothing else
test_keys_only_by_firmware() {
	fresh
	before=$(counter scm-set)
	read_by_engine
	[ "$(counter scm-set)" -gt "$before" ] || fail "no key was set"
	[ "$(counter scm-set)" = "$(counter keys-programmed)" ] || fail "a key came in by another way"
	[ "$(counter violation-key-register)" = 0 ] || fail "a standard key register was written"
	[ "$(counter ice-unconfigured)" = 0 ] || fail "the engine was used before it was set up"
}

test_version_unknown() { without version "version not known"; }
test_fuses_blown() { without fuses "disabled by fuses"; }
test_self_test_never_ends() { without bist "ICE does not end its self-test"; }
test_keyslots_not_cleared() { without scm-invalidate "keyslots cannot be cleared"; }
test_calls_not_offered() { without scm-unavailable "firmware does not take keys"; }

# A key that cannot be set fails the requests that need it, and no others
test_set_fails() {
	fresh
	fault scm-set 1 1000000
	before=$(has_fired scm-set)
	errors=$(counter errors)
	reads_fail
	fired scm-set "$before"
	[ "$(counter errors)" = "$errors" ] || fail "a request went on to the engine"
	dd if="$INPUT/msm/plain/file-0" of="${part}3" bs=4k conv=fsync
	drop
	dd if="${part}3" bs=4k count=4 | cmp - "$INPUT/msm/plain/file-0" || fail "unencrypted data"
	fault scm-set 0
	detach
	attach
	read_by_engine
}

# Where a slot cannot be cleared, what comes after is right all the same
test_invalidate_fails() {
	fresh
	read_by_engine
	fault scm-invalidate 1 1000000
	before=$(has_fired scm-invalidate)
	detach
	fired scm-invalidate "$before"
	cat /sys/kernel/debug/mmc*/crypto/keyslots >"$tmp/slots"
	grep -q ' uncleared' "$tmp/slots" || fail "the slot counts as free: $(cat "$tmp/slots")"
	fault scm-invalidate 0
	attach
	read_by_engine
}

# Busy is no failure: the call is made again
test_firmware_busy() {
	fresh
	before=$(has_fired scm-busy)
	failed=$(kernel_counts "programming failed")
	fault scm-busy 1 3
	read_by_engine
	[ "$(has_fired scm-busy)" = $((before + 3)) ] || fail "it did not ask three times again"
	[ "$(kernel_counts "programming failed")" = "$failed" ] || fail "it was taken for a failure"
}

# suspended: the host's clocks are off; ten seconds are more than it takes
suspended() {
	i=0
	while [ "$(cat "$driver/$device/power/runtime_status")" != suspended ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ $i -lt 100 ] || fail "the host does not suspend"
	for clock in $clocks; do
		clock_is_off "$clock"
	done
}

# Stopped clocks cost nothing: no key is set again, and the self-test is waited for
test_runtime_suspend_keeps_keys() {
	fresh
	read_by_engine
	sync
	suspended
	set_before=$(counter scm-set)
	bists=$(counter bists)
	read_by_engine
	[ "$(counter scm-set)" = "$set_before" ] || fail "keys were set again"
	[ "$(counter bists)" -gt "$bists" ] || fail "the engine's clock was never off"
}

# A host whose clocks are stopped is woken before it is removed
test_removed_while_suspended() {
	fresh
	detach
	suspended
	unclocked=$(counter violation-core-unclocked)
	unbind
	[ "$(counter violation-core-unclocked)" = "$unclocked" ] ||
		fail "a register was accessed without a clock"
	bind
	attach
	read_by_engine
}

# If the engine does not come back, encrypted requests fail until it does. Nothing is handed to
# it meanwhile: that it would fail them is not relied on.
test_self_test_fails_at_resume() {
	fresh
	read_by_engine
	dd if="$INPUT/msm/plain/file-0" of="${part}3" bs=4k conv=fsync
	sync
	suspended
	before=$(has_fired bist)
	errors=$(counter errors)
	fault bist 1 1000000
	reads_fail
	fired bist "$before"
	[ "$(counter errors)" = "$errors" ] || fail "the engine was asked without keys"
	dd if="${part}3" bs=4k count=4 iflag=direct | cmp - "$INPUT/msm/plain/file-0" ||
		fail "unencrypted data"
	fault bist 0
	suspended
	read_by_engine
}

# Suspend to idle, which an alarm ends; the engine's power collapses meanwhile
test_system_sleep_loses_keys() {
	fresh
	read_by_engine
	sync
	before=$(has_fired collapse)
	lost=$(counter keys-lost)
	fault collapse
	echo 0 >/sys/class/rtc/rtc0/wakealarm
	echo +2 >/sys/class/rtc/rtc0/wakealarm
	echo freeze >/sys/power/state
	fired collapse "$before"
	[ "$(counter keys-lost)" -gt "$lost" ] || fail "no key was lost"
	read_by_engine
	[ "$(counter ice-unconfigured)" = 0 ] || fail "the engine was not set up again"
}

# busy: readers of files and writers of bios, until they are told to end, and whether
# the card is there or not. A file system that is written to warns of its own when its
# disk goes; this one is read only meanwhile.
busy() {
	while [ ! -e "$tmp/enough" ]; do
		case $1 in
		0)	drop
			cat $mnt/files/* >/dev/null 2>&1 || : ;;
		*)	client -b 16384 write "msm.$1." >/dev/null 2>&1 || : ;;
		esac
	done
}

# The host goes in the middle of I/O, and comes back with a clean engine
test_removal_under_io() {
	fresh
	for round in 1 2 3; do
		rm -f "$tmp/enough"
		mount -o remount,ro $mnt
		pids=
		for n in 0 1 2; do
			busy $n &
			pids="$pids $!"
		done
		crossed=$(counter tasks-encrypted)
		sleep 1
		[ "$(counter tasks-encrypted)" -gt "$crossed" ] || fail "round $round: nothing was going on"
		unbind
		: >"$tmp/enough"
		for pid in $pids; do
			wait "$pid" || :
		done
		detach
		for clock in $clocks; do
			clock_is_off "$clock"
		done
		bind
		attach
		read_by_engine
	done
	for n in 1 2; do
		client write "msm.$n."
		client read "msm.$n."
	done
}

[ $# -gt 0 ] || set -- keys-only-by-firmware version-unknown fuses-blown self-test-never-ends \
	calls-not-offered keyslots-not-cleared set-fails invalidate-fails firmware-busy runtime-suspend-keeps-keys \
	removed-while-suspended self-test-fails-at-resume system-sleep-loses-keys removal-under-io

device=$(cd $driver && echo *.mmc)
mkdir -p $mnt
# Inode tables that are zeroed later would wake a host that has just been seen asleep
if ! [ -e "$driver/$device" ] ||
   ! mke2fs -q -F -t ext4 -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 \
	-O encrypt,stable_inodes "${part}1" >&2 || ! attach ||
   ! mkdir $mnt/files || ! fskey set $mnt/files "$(cat "$tmp/id")" ino_lblk_32 ||
   ! cp "$in"/* $mnt/files || ! sync; then
	echo "Bail out! no Qualcomm host, or no ext4 on ${part}1"
	exit 1
fi
[ ! -f "$RUN/canary" ] || cp "$RUN/canary" $mnt
run_tests msm- "$@"
