#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# guards.sh - at the end of a guest: what would have noticed mistakes still can
#
# GUARDS names those that the kernel was configured with, VIOLATIONS_ALLOWED what software cannot
# help doing in this guest.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"
: "${GUARDS:=not-tainted}"
: "${TAINT_ALLOWED:=4096}"
: "${VIOLATIONS_ALLOWED:=}"

# A module from outside the tree (4096) is our own test client
test_not_tainted() {
	taint=$(cat /proc/sys/kernel/tainted)
	[ $((taint & ~TAINT_ALLOWED)) -eq 0 ] || fail "the kernel is tainted: $taint"
}

# lockdep turns itself off at its first report, and when it runs out of memory
test_lockdep_still_on() {
	grep -q '^ debug_locks: *1$' /proc/lockdep_stats ||
		fail "$(cat /proc/lockdep_stats)"
}

# kmemleak is alive if it finds what was leaked on purpose, and nothing else may be
# there. Two scans: the first only notes checksums, and what is younger than five
# seconds is left alone. The planted module has gone by then, so its leaks are told by
# the program that loaded it. The console is read for reports: two lines frame this one.
test_only_the_planted_leak() {
	echo "mmc-crypto: planted leak begins" >/dev/kmsg
	! insmod "$here/planted.ko" error=leak || fail "it should not load"
	sleep 6
	echo scan >/sys/kernel/debug/kmemleak
	echo scan >/sys/kernel/debug/kmemleak
	cat /sys/kernel/debug/kmemleak >"$tmp/leaks"
	echo clear >/sys/kernel/debug/kmemleak
	echo "mmc-crypto: planted leak ends" >/dev/kmsg
	planted=$(grep -c 'comm "insmod"' "$tmp/leaks") || fail "the planted leak was not found"
	# What 5.10 leaks itself: the partition table of a disk whose reference count finds no memory
	all=$(awk '/^unreferenced/ { n++ } / disk_expand_part_tbl\+/ { n-- } END { print n + 0 }' \
		"$tmp/leaks")
	# 16 of them, and insmod tries both system calls
	if [ "$planted" -gt 32 ] || [ "$all" -gt "$planted" ]; then
		fail "$all leaks, $planted of them planted: $(cat "$tmp/leaks")"
	fi
}

# The virtual hardware counts what real hardware would answer with nonsense
test_no_violation() {
	seen=
	for id in host0 card0; do
		testport list $id stat-violation- >"$tmp/names"
		while read -r name; do
			count=$(testport get $id "$name")
			case " $VIOLATIONS_ALLOWED " in
			*" ${name#stat-violation-} "*)	allowed="${allowed-} $name=$count" ;;
			*)	[ "$count" = 0 ] || seen="$seen $id: $name is $count;" ;;
			esac
		done <"$tmp/names"
	done
	[ -z "${allowed-}" ] || echo "# allowed:$allowed" >/dev/console
	[ -z "$seen" ] || fail "$seen"
	[ "$ENGINE" = none ] || testport list host0 stat-violation- | grep -q . ||
		fail "no violation is counted at all"
}

# The engine, if it can, and software only if it cannot
test_right_one_encrypts() {
	count=$(crossed)
	case $ENGINE in
	engine)	[ "$count" -gt 0 ] || fail "nothing crossed the engine" ;;
	*)	[ "$count" -eq 0 ] || fail "$count transfers crossed the engine" ;;
	esac
}

# shellcheck disable=SC2086 # a list
run_tests guard- $GUARDS
