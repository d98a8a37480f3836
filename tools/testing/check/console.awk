# SPDX-License-Identifier: GPL-2.0
#
# console.awk - find what the kernel reports against itself on a guest's console
#
# Prints "KIND: LINE" for each. Nothing else is read from the console. Between the
# two lines that guards.sh puts around its planted leak, the report of it is due. With
# kmemleak=off, it says so.

function report(kind) {
	print kind ": " $0
}

{ sub(/\r$/, "") }

/mmc-crypto: planted leak begins/ { planting = 1; next }
/mmc-crypto: planted leak ends/ { planting = 0; next }

/kmemleak: [0-9]+ new suspected memory leaks/ {
	if (!planting)
		report("kmemleak")
	next
}
kmemleak == "off" && /kmemleak: Kernel memory leak detector disabled/ { next }
/kmemleak: .*(disabled|Cannot|failed)/		{ report("kmemleak"); next }
/BUG: KASAN/					{ report("kasan"); next }
/UBSAN: /					{ report("ubsan"); next }
/BUG: sleeping function|BUG: scheduling while/	{ report("atomic"); next }
/possible (circular|irq|recursive) lock|INFO: (possible|inconsistent)|WARNING: (possible|inconsistent|bad unlock|held lock|suspicious RCU)|INFO: trying to register|BUG: MAX_LOCK|DEBUG_LOCKS_WARN_ON/ {
	report("lockdep")
	next
}
/WARNING: /					{ report("warning"); next }
/INFO: task .* blocked for more/		{ report("hung"); next }
/rcu.*(detected stall|self-detected)|soft lockup|hard LOCKUP/ { report("stall"); next }
/ODEBUG: |list_(add|del) corruption|refcount_t: |page allocation failure|Out of memory/ {
	report("debug")
	next
}
/BUG: |Internal error: |Unable to handle kernel|Kernel panic|kernel BUG at|Oops/ {
	report("bug")
	next
}
# What one life of a device left for the next to fall over; and what was not said at all
/cannot create duplicate filename|(Directory|File) .* already present|Busy inodes after unmount|does not have a release\(\) function|printk messages dropped/ {
	report("life")
	next
}
# Where no fault is injected, no recovery is due either
!recovery && /mmc[0-9]+: (cqhci: timeout|running CQE recovery|Timeout waiting for hardware)/ {
	report("mmc")
	next
}
