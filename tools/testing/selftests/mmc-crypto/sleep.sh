#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# sleep.sh - the system sleeps and wakes up with a file system with keys mounted, and
# finds the engine in another state than the one that it left
#
# usage: sleep.sh [TEST...]
#        sleep.sh before-resume    what init calls before an image is resumed
#
# Hibernation writes its image to /dev/vdb and reboots. The kernel that comes up then
# uses the engine with a key of its own before it makes way, so that the keyslots
# hold something, and not what the resumed kernel believes.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

mnt=/mnt/sleep
in=$INPUT/sleep
other=/mnt/other
alarm=/sys/class/rtc/rtc0/wakealarm

mount_other() {
	mkdir -p $other
	mount -t ext4 -o "$1,inlinecrypt" "${part}2" $other
	fskey add $other "$keys/sleep-other.key"
}

if [ "${1-}" = before-resume ]; then
	mount_other ro >/dev/null
	cat $other/other/* >/dev/null
	exit
fi

# again: all is read from the card again, and written
again() {
	drop
	same "$in/files" $mnt/files
	cp "$in"/files/* $mnt/files
	drop
	same "$in/files" $mnt/files
}

# Readers and a writer are frozen in the middle of it
test_suspended_to_idle() {
	sleeps=$(engine_stat sleeps)
	: >"$tmp/on"
	while [ -e "$tmp/on" ]; do
		echo 1 >/proc/sys/vm/drop_caches
		cat $mnt/files/* | cmp - "$tmp/all" || touch "$tmp/wrong"
	done &
	while [ -e "$tmp/on" ]; do
		dd if=/dev/zero of=$mnt/scratch bs=16k count=16 conv=fsync,notrunc
	done 2>/dev/null &
	for _ in 1 2 3; do
		sleep 0.2
		# That this host slept is seen by its power, which goes if it may
		[ "${HOST-}" != msm ] || fault collapse 1
		echo 0 >$alarm
		echo +2 >$alarm
		echo freeze >/sys/power/state
	done
	rm "$tmp/on"
	wait
	[ ! -e "$tmp/wrong" ] || fail "wrong data was read"
	again
	count=$(engine_stat sleeps)
	[ "$count" -gt "$sleeps" ] || fail "the host did not sleep"
}

# A file that is open keeps its key, and with it a keyslot as it is believed
test_hibernated() {
	swapon /dev/vdb
	drop
	holders=
	for file in "$mnt"/files/*; do
		tail -f "$file" >/dev/null &
		holders="$holders $!"
	done
	same "$in/files" $mnt/files
	before=$(engine_stat keys-programmed)
	echo 0 >/sys/power/image_size
	echo reboot >/sys/power/disk
	echo disk >/sys/power/state
	# Another kernel has been here
	count=$(engine_stat keys-programmed)
	[ "$count" -gt "$before" ] || fail "no key was programmed on the way"
	echo 1 >/proc/sys/vm/drop_caches
	same "$in/files" $mnt/files
	# shellcheck disable=SC2086 # a list
	kill $holders
	again
	swapoff /dev/vdb
}

test_consistent_at_end() {
	rm -f $mnt/scratch
	umount $mnt
	e2fsck -fn "${part}1"
	mount_other ro
	same "$in/other" $other/other
	umount $other
}

make_fs() {
	mke2fs -q -F -t ext4 -b 4096 -O encrypt,stable_inodes "$1"
}

mkdir -p $mnt $other
if ! make_fs "${part}1" >&2 || ! make_fs "${part}2" >&2 ||
   ! id=$(mount_other rw) || ! mkdir $other/other ||
   ! fskey set $other/other "$id" || ! cp "$in"/other/* $other/other || ! umount $other ||
   ! mount -t ext4 -o inlinecrypt "${part}1" $mnt ||
   ! id=$(fskey add $mnt "$keys/sleep-files.key") || ! mkdir $mnt/files ||
   ! fskey set $mnt/files "$id" || ! cp "$in"/files/* $mnt/files ||
   ! mkswap /dev/vdb >&2; then
	echo "Bail out! nothing to sleep on"
	exit 1
fi
[ ! -f "$RUN/canary" ] || cp "$RUN/canary" $mnt
cat "$in"/files/* >"$tmp/all"
sync
[ $# -gt 0 ] || set -- suspended-to-idle hibernated consistent-at-end
run_tests sleep- "$@"
