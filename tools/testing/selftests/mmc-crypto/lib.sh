# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# lib.sh - what the test programs here share: KTAP, keys and mounts.
# Sourced. A test is a function test_NAME, run by run_tests in a subshell of its
# own under "set -e": it passes if it reaches its end, and skips with "skip".
#
# What the environment may say, and what holds without it:
: "${DISK:=/dev/mmcblk0}"		# the whole card
: "${ENGINE:=engine}"			# what encrypts: engine, fallback or none
: "${INPUT:=/input}"			# the corpus, read only
: "${RUN:=/run/mmc-crypto}"		# keys and plan
: "${PLAN:=$RUN/plan}"			# of the raw extents
: "${WORKERS:=6}"			# of the concurrent tests
# FALLBACK	n: the kernel has no software to encrypt with
# DCMD		y: the host has direct commands, and counts them
# HOST		the virtual host that the card is on: pci or msm
# BOOT		y: the card has boot partitions, which may be written
export DISK ENGINE INPUT RUN

# shellcheck disable=SC2034 # the programs use them
{
	disk=${DISK##*/}
	case $disk in
	*[0-9])	part=${DISK}p ;;
	*)	part=$DISK ;;
	esac
	keys=$RUN/keys
	# A key that is not taken, a slot that is not cleared: by the firmware, where it does that
	case ${HOST-} in
	msm)	program=scm-set evict=scm-invalidate ;;
	*)	program=program evict=evict ;;
	esac
	here=$(CDPATH="" cd -- "$(dirname -- "$0")" && pwd -P)
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# fail TEXT: end the test
fail() {
	echo "$*" >&2
	exit 1
}

# skip TEXT: end the test; in CI that is a failure. The status is none that the programs
# of file systems end with.
skip() {
	echo "SKIP $*" >&2
	exit 77
}

# client OPTION... write|read PREFIX: raw I/O with keys, by the plan
client() {
	blkcrypt -d "$DISK" -k "$keys" -c "$INPUT" -p "$PLAN" "$@"
}

# keep_keys OPTION... write|read PREFIX: a client in the background, which does each extent when
# it is written to file descriptor 9, and keeps its keys until dismissed
keep_keys() {
	mkfifo "$tmp/extents"
	client -q 1 -p - "$@" <"$tmp/extents" &
	keeper=$!
	exec 9>"$tmp/extents"
	rm "$tmp/extents"
}

dismiss_keeper() {
	exec 9>&-
	wait "$keeper"
}

keyslots() {
	cat /sys/kernel/debug/mmc*/crypto/keyslots
}

# shown PATTERN: of how many keyslots the kernel says that
shown() {
	keyslots | grep -c "^[0-9]*: $1\$" || :
}

# holding NUMBER: wait until so many idle keyslots are shown to hold their key
holding() {
	tries=0
	while [ "$(shown "valid .* users=0")" -ne "$1" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || fail "not $1 keyslots hold their key: $(keyslots)"
		sleep 0.1
	done
}

# fails COMMAND...: the client has to end with an error. Data that differs is none, and worse
fails() {
	client_status=0
	"$@" || client_status=$?
	[ $client_status -eq 1 ] || fail "status $client_status, not 1: $*"
}

# may_fail COMMAND...: the same where it may as well succeed
may_fail() {
	client_status=0
	"$@" || client_status=$?
	[ $client_status -le 1 ] || fail "status $client_status: $*"
}

# wait_for PATTERN: up to ten seconds
wait_for() {
	tries=0
	# shellcheck disable=SC2086 # a pattern
	while ! ls -d $1 >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || fail "$1 did not come back"
		sleep 0.1
	done
}

# run_tests PREFIX NAME...: run test_NAME (dashes for underscores) for each; what is
# printed as KTAP is PREFIX and NAME
run_tests() {
	prefix=$1
	shift
	echo "KTAP version 1"
	echo "1..$#"
	number=0
	failed=0
	log=$tmp/log
	for name; do
		number=$((number + 1))
		start=$(date +%s)
		(
			set -e
			"test_$(echo "$name" | tr - _)"
		) >"$log" 2>&1 </dev/null
		status=$?
		took=$(($(date +%s) - start))
		case $status in
		0)	echo "ok $number $prefix$name # time=${took}s" ;;
		77)	echo "ok $number $prefix$name # SKIP $(sed -n 's/^SKIP //p' "$log")" ;;
		*)	failed=$((failed + 1))
			sed 's/^/# /' "$log"
			echo "not ok $number $prefix$name # time=${took}s status=$status" ;;
		esac
	done
	[ $failed -eq 0 ]
}

# guarded COMMAND...: its $status, for what has to be put right whatever that is. The first
# command that fails ends it, as it ends a test; so this must not be asked itself whether it
# fails ("||", "if"), where a shell would go on.
guarded() {
	set +e
	(
		set -e
		"$@"
	)
	status=$?
	set -e
}

# judged TEXT: what was guarded counts, now that things were put right
judged() {
	[ "$status" -ne 77 ] || exit 77
	[ "$status" -eq 0 ] || fail "$*"
}

# awake COMMAND...: guarded, with the host kept from sleeping, in which it may lose its keys
awake() {
	power=/sys/block/$disk/device/../../../power/control
	power_before=$(cat "$power")
	echo on >"$power"
	guarded "$@"
	echo "$power_before" >"$power"
}

# same A B: two trees or files are equal, and there is something to compare
same() {
	find "$1" -type f | grep -q . || fail "$1: nothing there"
	diff -qr "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# drop: forget what is cached, so that it has to be read again
drop() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# in_parallel FUNCTION: run FUNCTION n for n from 0 to WORKERS - 1, all at once
in_parallel() {
	pids=
	n=0
	while [ $n -lt "$WORKERS" ]; do
		"$1" $n &
		pids="$pids $!"
		n=$((n + 1))
	done
	for pid in $pids; do
		wait "$pid" || fail "worker $pid failed"
	done
}

# disk_stat FIELD: a number of the disk's /sys/block/DISK/stat, counted from 1
disk_stat() {
	awk -v field="$1" '{ print $field }' "/sys/block/$disk/stat"
}

# engine_stat NAME: a counter of the virtual host. On real hardware, which has none,
# the test is skipped: so call it in an assignment, where its status counts.
engine_stat() {
	stat_status=0
	testport get host0 "stat-$1" || stat_status=$?
	case $stat_status in
	0)	;;
	2)	skip "only the virtual host counts" ;;
	*)	fail "no counter $1" ;;
	esac
}

# keys_held: how many keyslots have a key, of an engine that has lost none
keys_held() {
	held_programmed=$(engine_stat keys-programmed) || return
	held_evicted=$(engine_stat keys-evicted) || return
	echo $((held_programmed - held_evicted))
}

# crossed: how many tasks, and transfers outside of a command queue, were encrypted
crossed() {
	crossed_tasks=$(engine_stat tasks-encrypted) || return
	case ${HOST-} in
	msm)	crossed_others=$(engine_stat legacy-encrypted) || return ;;
	*)	crossed_others=0 ;;
	esac
	echo $((crossed_tasks + crossed_others))
}

# on_engine: end here unless an engine encrypts: what follows is only true of one
on_engine() {
	[ "$ENGINE" = engine ]
}

# fault NAME N: arm the fault of the virtual host (or CARD=y: of the card) for the N-th
# of its events from now; 0 disarms it, which leaves $status of guarded as it is. On real
# hardware the test is skipped.
fault() {
	fault_status=0
	testport set "${FAULT_ID:-host0}" "fault-$1" "$2" || fault_status=$?
	case $fault_status in
	0)	;;
	2)	skip "only the virtual host has faults" ;;
	*)	fail "no fault $1" ;;
	esac
}

# fired NAME: how often the fault fired so far
fired() {
	testport get "${FAULT_ID:-host0}" "fault-$1-fired" || fail "no fault $1"
}

# hit NAME N COMMAND...: the N-th event goes wrong during the command, which succeeds
hit() {
	hit_name=$1
	hit_before=$(fired "$1")
	fault "$1" "$2"
	shift 2
	"$@" || fail "$hit_name: failed: $*"
	hit_after=$(fired "$hit_name")
	[ "$hit_after" -gt "$hit_before" ] || fail "$hit_name: did not fire: $*"
}
