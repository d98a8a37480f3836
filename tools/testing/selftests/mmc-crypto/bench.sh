#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh - the way of a request does not get longer
#
# usage: bench.sh [TEST...]
#
# Counts the instructions that requests take, on the virtual hardware, where they are the
# same each time, and compares them with bounds. Not times: a busy machine changes
# nothing. Where a bound is passed on purpose, write down the new number here, with the
# reason in the commit.
#
# The numbers are those of a kernel without instrumentation, by the compiler named below;
# another one's code may be longer by "slack" percent.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

slack=15
! grep -q 'gcc (Debian 12\.2' /proc/version || slack=0

# bounds: per request, NAME HOST at-most
bounds="
plaintext-random-read		pci 8060
plaintext-random-read		msm 8030
plaintext-random-write		pci 8090
plaintext-random-write		msm 8050
plaintext-large-read		pci 83000
plaintext-large-read		msm 83000
encryption-adds-random-read	pci 1120
encryption-adds-random-read	msm 1120
encryption-adds-random-write	pci 1120
encryption-adds-random-write	msm 1120
encryption-adds-large-read	pci 15450
encryption-adds-large-read	msm 15450
programming-adds		pci 1230
programming-adds		msm 2940"

random_read="read rand 4096 31 248 8"
random_write="write rand 4096 31 248 8"
large_read="read seq 1048576 8 8 24"

# What bench.c says of a row
row_units=0 row_units_encrypted=0 row_keys_programmed=0 row_requests=0 row_rounds=0
row_repeats=0 row_least=0

# measure ROW KEYS: into these
measure() {
	head -c $(($2 * 64)) /dev/urandom >"$tmp/keys"
	echo "row $1 $2" | bench raw "${part}3" "$tmp/keys" >"$tmp/row" || fail "bench failed: $1"
	eval "$(tr " " "\n" <"$tmp/row" | sed -n "s/-/_/g; s/^\([a-z0-9_]*=[0-9]*\)\$/row_\1/p")"
	[ "$row_units_encrypted" -eq "$row_units" ] ||
		fail "$row_units_encrypted data units were encrypted, not $row_units"
	per_request=$((row_least / (row_requests * row_rounds)))
}

# bound NAME NUMBER
bound() {
	most=$(echo "$bounds" | awk -v name="$1" -v host="$HOST" '$1 == name && $2 == host { print $3 }')
	[ -n "$most" ] || fail "no bound for $1 on $HOST"
	most=$((most * (100 + slack) / 100))
	echo "$1: $2 instructions, of at most $most" >/dev/console
	[ "$2" -le "$most" ] || fail "$2 instructions, and at most $most are right"
	# So much less is a bound that notices nothing any more, or counting that fails
	[ "$2" -ge $((most * (90 - slack) / 100)) ] || fail "$2 instructions: lower the bound of $most"
}

# plaintext NAME ROW
plaintext() {
	measure "$2" 0
	bound "plaintext-$1" $per_request
}

# encrypted NAME ROW: what it adds
encrypted() {
	measure "$2" 0
	without=$per_request
	measure "$2" 1
	bound "encryption-adds-$1" $((per_request - without))
}

test_plaintext_random_read() { plaintext random-read "$random_read"; }
test_plaintext_random_write() { plaintext random-write "$random_write"; }
test_plaintext_large_read() { plaintext large-read "$large_read"; }
test_encryption_adds_random_read() { encrypted random-read "$random_read"; }
test_encryption_adds_random_write() { encrypted random-write "$random_write"; }
test_encryption_adds_large_read() { encrypted large-read "$large_read"; }

# As many keys as there are slots cost no more than one
test_keys_that_fit_add_nothing() {
	slots=$(cat "/sys/block/$disk/queue/crypto/num_keyslots")
	measure "$random_read" 1
	one=$per_request
	measure "$random_read" "$slots"
	[ "$row_keys_programmed" -eq "$slots" ] || fail "$row_keys_programmed keys were programmed, not $slots"
	[ "$per_request" -le "$one" ] || fail "$per_request instructions with $slots keys, $one with one"
}

# With twice as many, each request has to have its key programmed, and that is all
test_programming_adds() {
	slots=$(cat "/sys/block/$disk/queue/crypto/num_keyslots")
	measure "$random_read" "$slots"
	fits=$per_request
	measure "$random_read" $((2 * slots))
	# Each time, the first and those that are counted
	wanted=$((row_requests * (row_rounds + 1) * row_repeats))
	[ "$row_keys_programmed" -eq $wanted ] || fail "$row_keys_programmed keys were programmed, not $wanted"
	bound programming-adds $((per_request - fits))
}

[ $# -gt 0 ] || set -- plaintext-random-read plaintext-random-write plaintext-large-read \
	encryption-adds-random-read encryption-adds-random-write encryption-adds-large-read \
	keys-that-fit-add-nothing programming-adds
run_tests bench- "$@"
