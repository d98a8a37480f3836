#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# planted.sh - the kernel under test reports errors that were made on purpose
#
# usage: planted.sh [TEST...]
#
# A report is looked for in the kernel's log here, and by the host on the console,
# with what it uses for every guest. lockdep comes first: the report of KASAN turns it
# off. KASAN reports once a boot.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

# sees ERROR TEXT: making that error puts the text in the log
sees() {
	dmesg -c >/dev/null
	! insmod "$here/planted.ko" "error=$1" || fail "it should not load"
	dmesg | grep -q "$2" || fail "no report of the planted error"
}

test_kasan_sees_an_overrun() { sees overrun 'BUG: KASAN: slab-out-of-bounds in planted_overrun'; }
test_ubsan_sees_a_shift() { sees shift 'UBSAN: shift-out-of-bounds'; }
test_sleep_in_atomic_is_seen() { sees sleep 'BUG: sleeping function called from invalid context'; }
test_warning_is_seen() { sees warning 'WARNING: .* planted_warning'; }
test_lockdep_sees_an_inversion() { sees inversion 'possible circular locking dependency'; }

# What the kernel was not configured with is not asked for
[ $# -gt 0 ] || set -- lockdep-sees-an-inversion ubsan-sees-a-shift sleep-in-atomic-is-seen \
	warning-is-seen kasan-sees-an-overrun
run_tests planted- "$@"
