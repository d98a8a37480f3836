# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# fault-parts.sh - the parts of scripts/check in which hardware fails and comes and goes:
# what their guests are given, and how they are started. Sourced by scripts/check,
# whose functions and variables it uses, behind guest-parts.sh.

fault_guests="errors errors-msm life life-msm paths paths-msm by-software by-software-msm no-cmdq no-cmdq-msm no-engine"
fault_guests="$fault_guests no-crypto no-crypto-msm switched-off switched-off-msm sd-card sd-card-msm"
fault_guests="$fault_guests sleep sleep-msm losses losses-msm hygiene hygiene-msm hibernate hibernate-msm kexec kexec-msm"

# Tests of errors.sh that have extents, as it has them if none are named
fault_tests="retry-data-unit-512 retry-data-unit-4096 retry-between-plain retry-merged
 retry-forced-unit-access retry-of-split completed-in-part parts-of-a-unit-fail
 engine-error-alone engine-error-with-others engine-error-after-another
 failed-but-completed descriptors-without-room
 right-request-fails keys-lost-in-flight tuning-loses-keys programming-fails-at-first
 programming-fails-over-old-key programming-fails-at-restoring eviction-fails
 told-when-idle recovery-waits"

# a_key_each NAME KEY: an extent for each of 32 keyslots, with keys from that number on
a_key_each() {
	n=0
	while [ $n -lt 32 ]; do
		extent "$1.$n" "fault-$(($2 + n))" $((n * 1000)) 4096 4096
		n=$((n + 1))
	done
}

# fault_plan TEST: the extents that it needs
fault_plan() {
	n=0
	case $1 in
	retry-data-unit-*)
		corpus_file "$1" 262144
		extent "$1.0" fault-0 7 "${1#retry-data-unit-}" 131072
		extent "$1.1" fault-1 100000 "${1#retry-data-unit-}" 131072 ;;
	retry-between-plain|engine-error-with-others)
		corpus_file "$1" 262144
		while [ $n -lt 64 ]; do
			case $((n % 4)) in
			0)	extent "$1.$n" fault-2 $((n * 100)) 4096 4096 ;;
			1)	extent "$1.$n" - 0 4096 4096 ;;
			2)	extent "$1.$n" fault-3 $((n * 100)) 512 4096 ;;
			3)	extent "$1.$n" fault-2 $((n * 300)) 2048 4096 ;;
			esac
			n=$((n + 1))
		done ;;
	retry-merged|retry-forced-unit-access|engine-error-alone|engine-error-after-another)
		corpus_file "$1" 131072
		extent "$1.0" fault-4 33 4096 131072 ;;
	retry-of-split)
		corpus_file "$1" 524288
		extent "$1.0" fault-5 3 4096 524288 ;;
	completed-in-part)
		corpus_file "$1" 524288
		extent "$1.512" fault-6 5 512 262144
		extent "$1.4096" fault-6 5 4096 262144 ;;
	stopped-transfers)
		corpus_file "$1" 262144
		extent "$1.512" fault-6 1005 512 131072
		extent "$1.4096" fault-6 2005 4096 131072 ;;
	single-blocks)
		corpus_file "$1" 16384
		extent "$1.0" fault-7 3005 512 16384 ;;
	read-unit-by-unit)
		corpus_file "$1" 131072
		extent "$1.512" fault-7 4005 512 65536
		extent "$1.4096" fault-7 5005 4096 65536 ;;
	write-ends-inside-a-unit)
		corpus_file "$1" 131072
		extent "$1.512" fault-7 6005 512 65536
		extent "$1.4096" fault-7 7005 4096 65536 ;;
	parts-of-a-unit-fail)
		corpus_file "$1" 131072
		extent "$1.512" fault-7 5 512 65536
		extent "$1.4096" fault-7 5 4096 65536 ;;
	told-when-idle)
		corpus_file "$1" 65536
		extent "$1.0" fault-2 8005 4096 65536 ;;
	recovery-waits)
		corpus_file "$1" 131072
		while [ $n -lt 16 ]; do
			extent "$1.$n" "fault-$((n % 8))" $((n * 500)) 4096 8192
			n=$((n + 1))
		done ;;
	right-request-fails)
		corpus_file "$1" 266240
		extent "$1.it" fault-8 5 4096 4096
		extent "$1.others.0." fault-8 6 4096 131072
		extent "$1.others.1." fault-9 6 512 65536
		extent "$1.others.2." - 0 4096 65536 ;;
	failed-but-completed)
		corpus_file "$1" 1310720
		for n in 3 12 26 45 other; do
			extent "$1.$n" fault-5 $((offset / 64 + 7005)) 4096 262144
		done ;;
	descriptors-without-room|loss-stops-those-behind|tuning-loses-keys|key-goes-first)
		corpus_file "$1" 65536
		extent "$1.0" fault-1 6005 4096 65536 ;;
	keys-lost-in-flight)
		corpus_file "$1" 262144
		while [ $n -lt 32 ]; do
			extent "$1.$n" "fault-$((n % 10))" $((n * 1000)) 4096 8192
			n=$((n + 1))
		done ;;
	programming-fails-at-restoring)
		corpus_file "$1" 262144
		while [ $n -lt 32 ]; do
			case $((n % 4)) in
			3)	extent "$1.$n" - 0 4096 8192 ;;
			*)	extent "$1.$n" "fault-$(((n - n / 4) % 3))" $((n * 1000)) 4096 8192 ;;
			esac
			n=$((n + 1))
		done ;;
	programming-fails-over-old-key)
		corpus_file "$1" 196608
		a_key_each "$1.old" 20
		extent "$1.new" fault-10 5 4096 65536 ;;
	programming-fails-at-first)
		corpus_file "$1" 131072
		extent "$1.it" fault-10 5 4096 65536
		extent "$1.neighbour" fault-11 5 4096 65536 ;;
	eviction-fails)
		corpus_file "$1" 262144
		for n in 1 2 3; do
			extent "$1.$n" "fault-$((11 + n))" 5 4096 65536
		done
		extent "$1.neighbour" fault-15 5 4096 65536
		corpus_file "$1-of-all" 131072
		a_key_each "$1.all" 20 ;;
	esac
}

# Tests of paths.sh that have extents, each one that is large enough for several requests
path_tests="as-expected ioctls-between rpmb-between queue-refused leaves-queue late-timeout engine-stays-off
 reserves-for-keyslots found-without-queue found-without-memory found-engine-off made-on-software-queue
 moved-to-software-queue timeout-of-engine-off disk-without-attributes"

# Files of lifecycle.sh
life_table="
- files files perfile 40 30000"

# Files of hygiene.sh
hygiene_table="
- files files perfile 12 30000
- evict evict iv32 4 30000"

# Files of losses.sh, which have a key each
losses_table="
- files files perfile 5 30000"

# Files of sleep.sh, and those that the other kernel reads, with more keys than there are
# keyslots
sleep_table="
- files files perfile 12 30000"
other_table="
- other other perfile 40 5000"

# Files of kexec.sh
kexec_table="
- files files perfile 12 30000"

# give_faults PROGRAM TESTS: what a program of these parts needs
give_faults() {
	case $1 in
	errors.sh)
		for test in ${2:-$fault_tests}; do
			fault_plan "$test"
		done ;;
	seen.sh)
		# Nothing is written by "unused", and by any other test the same
		if [ "${2%% *}" != unused ] && ! grep -q "raw/seen$" "$dir/corpus.list"; then
			corpus_file seen 262144
			extent seen.0 seen-0 7 4096 131072
			extent seen.1 seen-1 100000 4096 131072
		fi ;;
	paths.sh)
		for test in $path_tests; do
			wants "$test" "$2" || continue
			corpus_file "$test" 262144
			extent "$test.0" paths-0 7 4096 131072
			extent "$test.1" paths-1 7 512 131072
		done
		echo "65536 raw/retry-mode-ends" >>"$dir/corpus.list" ;;
	lifecycle.sh)
		give_table life $((p1 * 512)) "$life_table" ""
		key life-scratch ;;
	sleep.sh)
		give_table sleep $((p1 * 512)) "$sleep_table" ""
		give_table sleep $((p2 * 512)) "$other_table" ""
		truncate -s 1G "$dir/swap.img" ;;
	kexec.sh)
		# Each of its tests is given the same
		! grep -q kexec/ "$dir/corpus.list" || return 0
		give_table kexec $((p1 * 512)) "$kexec_table" ""
		mkdir -p "$dir/corpus/boot"
		eval "kernel=\$kernel_$variant"
		cp -- "$kernel/arch/arm64/boot/Image" "$dir/corpus/boot/Image"
		cat -- "$where/tools/$variant.cpio" "$where/tools/modules-$variant/run.cpio" \
			>"$dir/corpus/boot/initrd" ;;
	losses.sh)
		give_table losses $((p1 * 512)) "$losses_table" "" ;;
	hygiene.sh)
		corpus_file hygiene 65536
		extent hygiene.0 hygiene-raw 7 4096 65536
		give_table hygiene $((p1 * 512)) "$hygiene_table" "" ;;
	esac
}

# Other tasks go on when one failed, so that they also complete during recovery. What
# the hosts share is watched on one of them; what is Qualcomm's, in firmware-msm.
part_errors() {
	case $host in
	pci)	debug_guest ;;
	msm)	variant=run
		fallback=n ;;
	esac
	host_props="$host_props error-stall=off"
	append=panic_on_warn=1
	recovery=y
	tests="seen.sh errors.sh guards.sh"
	[ "$host" = pci ] ||
		tests="seen.sh:line-in-log:sysfs:debugfs-engine:counters:counters-of-errors:keyslots:no-key-in-files:read-while-unbound errors.sh guards.sh"
	guest "$part"
	quiet
	proven
}

# without_base_reports: what the base kernel says by itself when a disk goes away is no report
without_base_reports() {
	grep -v '^#\|^$' "$testing/base-reports" >"$dir/base-reports"
	grep -vEf "$dir/base-reports" "$dir/reports" >"$dir/reports.ours" || :
	mv -- "$dir/reports.ours" "$dir/reports"
}

part_life() {
	limit=1200
	debug_guest
	# What an allocation may be said to be from, which is not for a running kernel to be told
	append="$append slub_debug=A,kmalloc-*,request_queue"
	# One warning is the base kernel's own, and it taints
	taint=4608
	recovery=y
	# Nothing but its driver takes the keys from it
	[ "$host" = msm ] || host_props="$host_props keys-lost-at=never"
	tests="lifecycle.sh guards.sh"
	guest "$part"
	without_base_reports
	# One of the allocations that fail is kmemleak's own, which can do without
	sed -i "/kmemleak: Cannot allocate a scan area/d" "$dir/reports"
	quiet
	proven
}

# A card without a command queue: on one host nothing but software can encrypt, the
# other one has registers for its ordinary transfers
part_no_cmdq() {
	case $host in
	pci)	debug_guest ;;
	# sd-card-msm goes the same way with instrumentation
	msm)	variant=run
		fallback=n ;;
	esac
	card_props=cmdq=off
	recovery=y
	engine=fallback
	tests="fs.sh:ext4:one-key:many-keys:unencrypted-beside:remount:consistent-at-end
 paths.sh:as-expected:retry-mode-ends seen.sh:unused:requests-go-by-legacy:legacy guards.sh"
	if [ "$host" = msm ]; then
		engine=engine
		dcmd=n
		card_props="$card_props rpmb-size=128K"
		# Disks go away, of which the base kernel warns
		taint=4608
		# lifecycle.sh has the partition for ext4, and paths.sh the other one while it is raw
		tests="paths.sh:as-expected:ioctls-between:rpmb-between:retry-mode-ends
 fs.sh:f2fs:one-key:more-keys-than-slots:unencrypted-beside:remount:consistent-at-end
 raw.sh:data-unit-512:data-unit-1024:split-max-sectors:split-segments:plain-and-flushes-between
 seen.sh:line-in-log:sysfs:debugfs-engine:counters
 errors.sh:retry-data-unit-512:retry-data-unit-4096:retry-between-plain:retry-merged:retry-forced-unit-access:retry-of-split:completed-in-part:stopped-transfers:single-blocks:read-unit-by-unit:parts-of-a-unit-fail:keys-lost-in-flight:loss-stops-those-behind:programming-fails-at-first:programming-fails-over-old-key:programming-fails-at-restoring:eviction-fails:plan-intact-at-end
 lifecycle.sh:host-unbound:card-unbound:card-removed:keys-stay-at-probe:consistent-at-end guards.sh"
	fi
	guest "$part"
	[ "$host" = pci ] || without_base_reports
	quiet
	proven
}

# Ways that change while requests with contexts are under way. What the driver does to an
# engine that is off, and to a card that has refused its queue, cannot be helped.
part_paths() {
	debug_guest
	violations="doorbell clear cmdq-off"
	card_props="enhanced-rel-wr=off rpmb-size=128K"
	append=panic_on_warn=1
	recovery=y
	tests="paths.sh:as-expected:reserves-for-keyslots:ioctls-between:rpmb-between:queue-refused:leaves-queue:late-timeout:timeout-of-engine-off:engine-stays-off:found-engine-off:retry-mode-ends:moved-to-software-queue:disk-without-attributes"
	[ "$host" = pci ] || tests="$tests:found-without-queue:found-without-memory"
	tests="$tests raw.sh:forced-unit-access guards.sh"
	guest "$part"
	quiet
	proven
}

# Disks that are made where software has to encrypt, of a host with an engine, which reads
# afterwards what that wrote. Its ledger cannot know of that: the proof looks at the card.
part_by_software() {
	engine=fallback
	debug_guest
	guards=$(echo "$guards" | sed 's/ right-one-encrypts//')
	append=panic_on_warn=1
	recovery=y
	tests="paths.sh:made-on-software-queue"
	[ "$host" = msm ] || tests="$tests:found-without-queue:found-without-memory"
	tests="$tests guards.sh"
	guest "$part"
	quiet
	proven
}

# key_search MOMENT KEYS EXPRESSION DUE TEXT: of what keyscan finds in the memory at that moment,
# the number that the expression takes out is due
key_search() {
	"$where/tools/keyscan" "$dir/dump-$1" "$2" >"$dir/$1.found" ||
		note "$part" "not ok memory: $1${tab}it could not be searched"
	found=$(sed -n "$3" "$dir/$1.found")
	[ "${found:--1}" = "$4" ] || {
		note "$part" "not ok memory: $1: $5${tab}$found, not $4 (see $dir/$1.found)"
		return
	}
	note "$part" "ok memory: $1: $5"
}

# key_moment MOMENT KEYS DUE TEXT: how many of the keys there are. The derived ones are those of
# the files' contents; a per-file policy has as many as files with data.
key_moment() {
	key_search "$1" "$2" 's/^total \([0-9]*\) of .*/\1/p' "$3" "$4"
}

# key_once MOMENT KEY TEXT: each of its four pieces is in one place
key_once() {
	key_search "$1" "$2" "s|^${2##*/} 0 \([0-9]*\).*|\1|p" 4 "$3"
}

# What was written last to each keyslot
keyslots_cleared() {
	if awk '/^P / { split($3, slot, "="); last[slot[2]] = $4 " " $5; programmed += $5 == "enable=1" }
	     END { for (i in last) if (last[i] != "key=- enable=0") exit 1; exit !programmed }' \
	     "$dir/engine.ledger"; then
		note "$part" "ok keyslots cleared"
	else
		note "$part" "not ok keyslots cleared${tab}a key stayed in its slot (see $dir/engine.ledger)"
	fi
}

# keys_found: how many keys there were each time that all keyslots were cleared in a row, as
# a driver does before it uses the engine. The first time tells how many slots there are.
keys_found() {
	awk '/^P / {
		split($3, field, "=")
		slot = field[2] + 0
		if ($5 == "enable=1") {
			keyed = 1
			held += !has[slot]
			has[slot] = 1
			at = -1
			next
		}
		if (slot == 0 && at != 0)
			found = held
		at = slot == 0 ? 0 : slot == at + 1 || slot == at ? slot : -1
		held -= has[slot]
		has[slot] = 0
		if (!keyed)
			last = slot > last ? slot : last
		else if (at == last && before != last)
			print found
		before = at
	}' "$dir/engine.ledger" | paste -s -d ' '
}

# Without instrumentation, which keeps freed memory for a while
part_hygiene() {
	variant=run
	fallback=n
	host_props="$host_props keys-lost-at=never"
	append=panic_on_warn=1
	dumps=y
	tests="hygiene.sh guards.sh"
	guest "$part"
	quiet
	proven
	[ -f "$dir/derived" ] || return 0
	gcc -O2 -Wall -o "$where/tools/keyscan" "$testing/check/keyscan.c" ||
		die "the search for keys does not build"
	cat "$dir"/keys/*.key >"$dir/masters"
	masters=$(($(stat -c %s "$dir/masters") / 64))
	# One of them is the plan's, and no file's
	derived=$(($(stat -c %s "$dir/derived") / 64 - 1))
	key_moment delivered "$dir/masters" "$masters" "master keys are found"
	key_once programmed "$dir/keys/hygiene-raw.key" "the key is found once"
	key_moment in-use "$dir/derived" "$derived" "contents keys are found"
	key_moment removed "$dir/derived" $((derived - 1)) "contents keys but one are found"
	for moment in in-use unmounted unbound; do
		key_moment $moment "$dir/masters" 0 "no master key"
	done
	for moment in unmounted unbound; do
		key_moment $moment "$dir/derived" 0 "no contents key"
	done
	rm -f -- "$dir"/dump-*
	keyslots_cleared
}

# The host keeps its keys, which its driver cannot count on
part_sleep() {
	debug_guest
	host_props="$host_props keys-lost-at=never"
	recovery=y
	tests="sleep.sh:suspended-to-idle:consistent-at-end guards.sh"
	guest "$part"
	quiet
	proven
}

# What is counted is what happens between two readings: without instrumentation, which
# is slow enough for the host to fall asleep meanwhile. The card comes to be reset because it
# refuses its queue, which the driver notices by its errors.
part_losses() {
	variant=run
	fallback=n
	violations=cmdq-off
	[ "$host" = msm ] || host_props="$host_props keys-lost-at=power"
	append=panic_on_warn=1
	recovery=y
	tests="losses.sh guards.sh"
	guest "$part"
	quiet
	proven
}

# The machine is reset on the way, and another kernel uses the engine before the one that
# hibernated is back. Nothing but the reset makes the host lose its keys: what the other
# kernel leaves in the keyslots stays there. Without message interrupts, whose tables are
# the other kernel's.
part_hibernate() {
	variant=run
	fallback=n
	host_props="$host_props keys-lost-at=never"
	append="panic=0 irqchip.gicv3_nolpi=1 pci=nomsi"
	reboot=y
	tests="sleep.sh:hibernated:consistent-at-end guards.sh"
	guest "$part"
	quiet
	proven
}

# Another kernel takes over, twice; the second time from one that has panicked. The host
# keeps its keys. Without message interrupts, which cannot be taken away from the first
# kernel's memory.
part_kexec() {
	variant=run
	fallback=n
	host_props="$host_props keys-lost-at=never"
	append="crashkernel=192M irqchip.gicv3_nolpi=1 pci=nomsi"
	tests="kexec.sh:restarted kexec.sh:crashed guards.sh"
	guest "$part"
	sed -i "/Kernel panic - not syncing: sysrq triggered crash/d" "$dir/reports"
	quiet
	proven
	keyslots_cleared
	found=$(keys_found | sed "s/[1-9][0-9]*/some/g")
	due=$(echo "$tests" | tr " " "\n" | sed -n "s/.*:restarted/0/p; s/.*:crashed/some/p" | paste -s -d " ")
	if [ "$found" = "$due" ]; then
		note "$part" "ok keyslots found"
	else
		note "$part" "not ok keyslots found${tab}with '$found' keys, not '$due'"
	fi
}

# few_files UNUSED: what is enough to see who encrypts, and that the format is the same;
# UNUSED is why, and where requests go instead, for seen.sh
few_files() {
	engine=fallback
	debug_guest
	append="$append panic_on_warn=1"
	tests="fs.sh:ext4:one-key:many-keys:remount:consistent-at-end paths.sh:as-expected
 seen.sh:unused:$1 guards.sh"
	guest "$part"
	quiet
	proven
}

# The capability register says that there is an engine, and there is none
part_no_engine() {
	host_props="$host_props x-ccap=0"
	few_files capabilities-of-the-engine-make-no-sense:-
}

# The capability register of the command queue engine says that there is none
part_no_crypto() {
	host_props="$host_props crypto=off"
	few_files command-queue-engine-has-no-crypto-support:-
}

# There is one, which the user has said to leave alone
part_switched_off() {
	append=mmc_core.crypto=0
	few_files switched-off-by-mmc_core.crypto=0:-
}

# The slot is made for an eMMC, and an SD card sits in it, which keeps no ledger
part_sd_card() {
	card_model=sd-card
	if [ "$host" = pci ]; then
		few_files requests-go-by-legacy:legacy
		return
	fi
	host_props="$host_props dt-sd=on"
	debug_guest
	dcmd=n
	append=panic_on_warn=1
	tests="fs.sh:ext4:one-key:many-keys:unencrypted-beside:remount:consistent-at-end paths.sh:as-expected
 seen.sh:line-in-log:sysfs:counters errors.sh:key-goes-first:write-ends-inside-a-unit guards.sh"
	guest "$part"
	quiet
	proven
}
