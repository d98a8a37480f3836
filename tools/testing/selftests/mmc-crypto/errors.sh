#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# errors.sh - bios with contexts while the hardware makes mistakes: retries, errors
# of the engine, keyslots that do not take or keep their key
#
# usage: errors.sh [TEST...]
#
# What is written where stands in the plan, as for raw.sh. A test has to leave its
# extents as the plan has them, whatever went wrong on the way. The faults are those
# of the virtual hardware.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

queue=/sys/block/$disk/queue

# What disturbs a request, and at which one of a test there surely is one: without a
# command queue there is one at a time, and what waits meanwhile is merged
case $(cat "/sys/block/$disk/device/cmdq_en" 2>/dev/null) in
1)	disturbances="data cmd red" lost=keys-lost early=5 late=7 ;;
*)	disturbances="legacy-data legacy-cmd legacy-keys-lost" lost=legacy-keys-lost early=2 late=2 ;;
esac

# counted NAME: what the kernel has counted of that
counted() {
	sed -n "s/^$1: //p" /sys/kernel/debug/mmc*/crypto/counters
}

# extent_sector NAME: where the plan has it
extent_sector() {
	sed -n "s/^$1 sector=\([0-9]*\) .*/\1/p" "$PLAN"
}

# both_ways PREFIX OPTION...: writes and reads in which a transfer is disturbed, a
# command is not answered, or answered with an error; in the middle, with others in flight
both_ways() {
	prefix=$1
	shift
	for name in $disturbances; do
		hit "$name" "${nth:-$early}" client "$@" write "$prefix."
		hit "$name" "${nth:-$late}" client "$@" read "$prefix."
		client -b 65536 read "$prefix."
	done
}

test_retry_data_unit_512() { both_ways retry-data-unit-512 -s 512 -b 16384; }
test_retry_data_unit_4096() { both_ways retry-data-unit-4096 -b 16384; }

# Encrypted and plain tasks, and flushes, are in flight together
test_retry_between_plain() { both_ways retry-between-plain -b 4096 -f 5; }

# Few requests are left of many bios
test_retry_merged() { nth=1 both_ways retry-merged -m -b 4096; }

test_retry_forced_unit_access() {
	for name in $disturbances; do
		hit "$name" "$early" client -u -b 8192 write retry-forced-unit-access.
		client -b 65536 read retry-forced-unit-access.
	done
}

# A request of 6 KiB is no multiple of the data unit
test_retry_of_split() {
	before=$(cat "$queue/max_sectors_kb")
	for size in 64 6; do
		echo $size >"$queue/max_sectors_kb"
		guarded both_ways retry-of-split -b 262144
		echo "$before" >"$queue/max_sectors_kb"
		judged "max_sectors_kb $size"
	done
}

# limited LIMIT COMMAND...: on a host that transfers so few blocks at a time
limited() {
	insmod "$here/mmc-limit.ko" disk="$DISK" "$1"
	shift
	guarded "$@"
	rmmod mmc_limit
	judged "with a limit: $*"
}

partial() {
	client -b 65536 write completed-in-part.
	client -b 65536 read completed-in-part.
	both_ways completed-in-part -b 65536
}

# Requests are completed in parts, each of which begins with another data unit number
test_completed_in_part() {
	for limit in blocks=8 blocks=24 max_blocks=16; do
		limited $limit partial
		client -b 131072 read completed-in-part.
	done
}

# Without being told the number of blocks, the card goes on until it is stopped
test_stopped_transfers() {
	insmod "$here/mmc-limit.ko" disk="$DISK" cmd23=n
	guarded both_ways stopped-transfers -b 32768
	rmmod mmc_limit
	judged "without CMD23"
	client -b 131072 read stopped-transfers.
}

# A block at a time is a command of another kind
test_single_blocks() {
	limited blocks=1 client -b 8192 write single-blocks.
	limited blocks=1 client -b 8192 read single-blocks.
	client -b 16384 read single-blocks.
}

# After the second error the driver reads the least that it can at a time
test_read_unit_by_unit() {
	client write read-unit-by-unit.
	for size in 512 4096; do
		fault repeat 2
		hit legacy-data 1 client -b 65536 read read-unit-by-unit.$size
		fault repeat 1
	done
	client -b 65536 read read-unit-by-unit.
}

# An SD card tells how many blocks of a write it has got. What is left begins inside a data
# unit, of which the whole has to be written again
test_write_ends_inside_a_unit() {
	for size in 512 4096; do
		for n in 1 2; do
			hit legacy-cut $n client -s $size -b 12288 write write-ends-inside-a-unit.$size
			client -b 65536 read write-ends-inside-a-unit.$size
		done
	done
}

# The parts are no multiple of the data unit, be they smaller than one or larger: an
# error, not other data
test_parts_of_a_unit_fail() {
	client write parts-of-a-unit-fail.
	for limit in blocks=5 blocks=13 max_blocks=13; do
		limited $limit client -e 5 -b 65536 write parts-of-a-unit-fail.4096
		limited $limit client -e 5 -b 65536 read parts-of-a-unit-fail.4096
	done
	limited blocks=5 client -s 512 -b 65536 write parts-of-a-unit-fail.512
	limited blocks=5 client -s 512 -b 65536 read parts-of-a-unit-fail.512
	client read parts-of-a-unit-fail.
}

# engine_errors PREFIX OPTION...: each error of the engine once, in writes and reads
engine_errors() {
	prefix=$1
	shift
	for name in gce icce gce-unnamed icce-unnamed; do
		hit "$name" 3 client "$@" write "$prefix."
		hit "$name" 4 client "$@" read "$prefix."
		client -b 65536 read "$prefix."
	done
}

test_engine_error_alone() { engine_errors engine-error-alone -q 1 -b 16384; }
test_engine_error_with_others() { engine_errors engine-error-with-others -b 4096 -f 7; }

# An error of another kind came before: what it left in the registers says nothing. That nobody
# else is blamed for it, right-request-fails shows.
test_engine_error_after_another() {
	for name in gce-unnamed icce-unnamed icce gce; do
		hit data 2 client -b 4096 -q 4 write engine-error-after-another.
		hit "$name" 3 client -b 4096 write engine-error-after-another.
		hit cmd 2 client -b 4096 -q 4 read engine-error-after-another.
		hit "$name" 3 client -b 4096 read engine-error-after-another.
	done
}

failed_but_completed() {
	for n in 3 12 26 45; do
		client write failed-but-completed.other
		hit data $((n + 7)) client -b 4096 read failed-but-completed.other
		hit data-done $n client -b 4096 write failed-but-completed.$n
		client read failed-but-completed.$n
		hit data $((n + 9)) client -b 4096 read failed-but-completed.other
		hit data-done $n client -b 4096 read failed-but-completed.$n
	done
}

# An error of which no register tells whose it is, or only that of an earlier one; and the
# task that failed is told as completed. What it was to transfer is not there. With all tags
# in use, which is why nothing may be merged, the driver most likely blames another one.
test_failed_but_completed() {
	before=$(cat "$queue/max_sectors_kb")
	echo 4 >"$queue/max_sectors_kb"
	guarded failed_but_completed
	echo "$before" >"$queue/max_sectors_kb"
	judged "what had failed was believed"
}

# others WORKER: what must not be disturbed: other keys, the same key, and no key
others() {
	for _ in 1 2; do
		client -b 4096 -q 16 write "right-request-fails.others.$1." || return
		client -b 8192 -q 16 read "right-request-fails.others.$1." || return
	done
}

# beside NAMES: what comes with the engine's errors from now on
beside() {
	bits=0
	case $1 in *+red*)	bits=$((bits + 4)) ;; esac
	case $1 in *+gce*)	bits=$((bits + 16)) ;; esac
	case $1 in *+icce*)	bits=$((bits + 32)) ;; esac
	fault beside $bits
}

one_request_fails() {
	for names in $blamed; do
		name=${names%%+*}
		beside "${names#"$name"}"
		for what in write read; do
			before=$(fired "$name")
			fault repeat 1000
			fault "$name" 1
			fault repeat 1
			in_parallel others &
			pid=$!
			for _ in 1 2 3; do
				client -e 5 -b 4096 $what right-request-fails.it ||
					fail "$name: the $what did not fail"
			done
			wait $pid || fail "$name: others failed beside the $what"
			count=$(fired "$name")
			fault "$name" 0
			# Each of the three goes wrong three times, and once more where that
			# is not told by whom: no try is spent on whom an old error named
			echo "# $name, $what: $((count - before)) errors" >/dev/console
			case $name in
			gce*|icce*)
				[ $((count - before)) -le 12 ] ||
					fail "$name: took $((count - before)) errors to find who it is" ;;
			esac
			client -b 4096 $what right-request-fails.it || fail "$name: not over"
		done
		[ "$count" -ge 6 ] || fail "$name: fired $count times"
	done
}

# One request goes wrong each time that it is tried: it fails, and no other does, not even
# the one that the registers still name for an error of before
test_right_request_fails() {
	client write right-request-fails.
	blamed="gce icce gce-unnamed icce-unnamed data cmd red
 gce+icce icce+gce gce-unnamed+icce icce-unnamed+gce gce+red icce+red gce+icce+red"
	WORKERS=3
	fault sector "$(extent_sector right-request-fails.it)"
	guarded one_request_fails
	fault sector 0
	fault repeat 1
	fault beside 0
	for name in $blamed; do
		fault "${name%%+*}" 0
	done
	judged "the wrong request failed"
	client read right-request-fails.
}

raised_when_idle() {
	# GCE, ICCE, both, and the same with RED
	for bits in 16 32 48 20 36 52; do
		fault raise $bits
		client -b 4096 read told-when-idle.
	done
	# Nor is it taken for an error of those that are not encrypted
	for n in $(seq 100); do
		fault raise 16
		fault raise 32
	done &
	pid=$!
	dd if="${part}2" of=/dev/null bs=4096 count=200 iflag=direct || fail "a plain request failed"
	wait $pid
}

# The engine tells of an error though no encrypted task is in flight, alone or beside another
# error: that is no request's fault, and no reason to warn in a way that may end in a panic
test_told_when_idle() {
	client write told-when-idle.
	said=$(dmesg | grep -c 'crypto error without encrypted task') || :
	awake raised_when_idle
	judged "something failed"
	count=$(dmesg | grep -c 'crypto error without encrypted task') || :
	[ "$count" -gt "$said" ] || fail "nothing was said of it"
	client -b 4096 write told-when-idle.
	client read told-when-idle.
}

issue_slowly() {
	echo 60 >"$watch/slow_ms"
	for n in 1 2 3 4 5 6; do
		before=$(fired data)
		fault keys-lost 5
		fault data $((n + 5))
		client -b 4096 -q 8 read recovery-waits.
		[ "$(fired data)" -gt "$before" ] || fail "no error: $n"
		fault data 0
	done
	echo 0 >"$watch/slow_ms"
}

# Keys are restored one after the other as requests are issued again, when one of these fails:
# there is no recovery before who is being issued has been issued
test_recovery_waits() {
	watch=/sys/module/mmc_watch/parameters
	client write recovery-waits.
	insmod "$here/mmc-watch.ko" disk="$DISK"
	guarded issue_slowly
	recoveries=$(cat "$watch/recoveries")
	untimely=$(cat "$watch/untimely")
	rmmod mmc_watch
	judged "it did not go on"
	echo "# $recoveries recoveries, $untimely of them untimely" >/dev/console
	[ "$recoveries" -ge 12 ] || fail "only $recoveries recoveries"
	[ "$untimely" -eq 0 ] || fail "$untimely of $recoveries recoveries while a request was being issued"
	client -b 65536 read recovery-waits.
}

refused_both_ways() {
	client -e 5 -b 8192 write "$1."
	client -e 5 -b 8192 read "$1."
}

# Where task descriptors have no room for the context: an error, and nothing in plaintext
test_descriptors_without_room() {
	client write descriptors-without-room.
	insmod "$here/mmc-limit.ko" disk="$DISK" desc64=y
	guarded refused_both_ways descriptors-without-room
	rmmod mmc_limit
	judged "it went on"
	client read descriptors-without-room.
}

# The engine loses its keys while tasks that use them are in flight. Where nothing says
# so, the error does: it takes no reset of the card to get them back.
test_keys_lost_in_flight() {
	resets=$(testport get card0 stat-resets)
	for n in 1 $((early * 2 - 1)) $((early * 4)); do
		hit "$lost" $n client -b 4096 write keys-lost-in-flight.
		hit "$lost" $n client -b 4096 read keys-lost-in-flight.
	done
	client -b 65536 read keys-lost-in-flight.
	[ "$lost" = keys-lost ] || [ "$(testport get card0 stat-resets)" = "$resets" ] ||
		fail "the card was reset"
}

# without_key COMMAND...: of the requests that are waiting, only the one in flight meets the
# keyslot that has lost its key, although nothing but its error tells so
without_key() {
	bad=$(($(engine_stat legacy-transfers) - $(engine_stat legacy-encrypted)))
	hit "$lost" 3 "$@"
	bad=$(($(engine_stat legacy-transfers) - $(engine_stat legacy-encrypted) - bad))
	[ $bad -eq 1 ] || fail "$bad requests, not one, were sent without their key: $*"
}

loss_both_ways() {
	without_key client -m -b 4096 write loss-stops-those-behind.
	without_key client -m -b 4096 read loss-stops-those-behind.
}

test_loss_stops_those_behind() {
	before=$(cat "$queue/max_sectors_kb")
	# Plugged, so that they are there at once; small, so that they are not merged
	echo 4 >"$queue/max_sectors_kb"
	guarded loss_both_ways
	echo "$before" >"$queue/max_sectors_kb"
	judged "those behind went on"
	client -b 65536 read loss-stops-those-behind.
}

# Tuning comes right before a request, and may involve a reset of the host: the key is
# looked for afterwards
test_tuning_loses_keys() {
	for what in write read; do
		before=$(counted "keys restored")
		insmod "$here/mmc-limit.ko" disk="$DISK" tuning_loses=y
		status=0
		# One extent in one piece: no other request would make up for it
		client -b 65536 $what tuning-loses-keys. || status=$?
		tuned=$(cat /sys/module/mmc_limit/parameters/tuned)
		rmmod mmc_limit
		[ $status -eq 0 ] || fail "$what"
		[ "$tuned" -eq 1 ] || fail "$what: tuned $tuned times"
		[ $(($(counted "keys restored") - before)) -eq 1 ] || fail "$what: sent with a keyslot that had lost its key"
	done
	client -b 4096 read tuning-loses-keys.
}

# The key is freed when the last bio ends, which is before the request does
test_key_goes_first() {
	evict=/sys/module/blkcrypt_client/parameters/evict_at_end
	client write key-goes-first.
	echo Y >$evict
	fault repeat 2
	hit legacy-data 1 client -b 65536 read key-goes-first.
	fault repeat 1
	echo N >$evict
	client -b 4096 read key-goes-first.
}

neighbours() {
	for _ in 1 2 3; do
		client -b 4096 write "$1.neighbour" || return
		client -b 4096 read "$1.neighbour" || return
	done
}

# A key that the engine does not take: its requests fail, those of others do not, and
# when it is taken all is well
test_programming_fails_at_first() {
	client write programming-fails-at-first.it
	neighbours programming-fails-at-first
	before=$(fired $program)
	errors=$(engine_stat errors)
	fault repeat 1000
	fault $program 1
	fault repeat 1
	client -e 5 -b 4096 write programming-fails-at-first.it
	client -e 5 -b 4096 -q 1 read programming-fails-at-first.it
	fault $program 0
	count=$(engine_stat errors)
	[ "$count" -eq "$errors" ] || fail "requests went on to an engine without their key"
	count=$(fired $program)
	[ "$count" -gt "$before" ] || fail "nothing was programmed"
	client -b 4096 write programming-fails-at-first.it
	neighbours programming-fails-at-first
	client read programming-fails-at-first.
}

# old_keys: all of them are used, each by one request
old_keys() {
	grep '^programming-fails-over-old-key\.old' "$PLAN" >&9
}

over_old_key() {
	new=programming-fails-over-old-key.new
	keep_keys "$1" programming-fails-over-old-key.old
	old_keys
	holding 32
	requests=$(counted requests)
	fault repeat 1000
	fault $program 1
	fault repeat 1
	# A single request, whose keyslot is cleared when the key is evicted, and some that try
	# one after another
	client -e 5 -b 65536 write $new
	holding 31
	[ "$(shown uncleared)" -eq 0 ] || fail "a keyslot that was cleared does not count as that"
	client -e 5 -b 4096 -q 1 read $new
	fault $program 0
	left=$(shown "valid .* users=0")
	[ "$left" -lt 31 ] || fail "no other keyslot was tried"
	[ "$(counted requests)" -eq "$requests" ] || fail "requests went on without their key"
	programmed=$(engine_stat keys-programmed)
	old_keys
	holding 32
	programmed=$(($(engine_stat keys-programmed) - programmed))
	[ $programmed -ge $((32 - left)) ] || fail "of $((32 - left)) keys that were gone, $programmed were programmed"
	dismiss_keeper
}

# All keyslots hold keys when one is to be programmed that the engine does not take: its
# requests fail, and those of the keys that were there get theirs again
test_programming_fails_over_old_key() {
	client write programming-fails-over-old-key.
	for what in write read; do
		awake over_old_key $what
		fault $program 0
		judged "old keys and new: $what"
	done
	client -b 4096 read programming-fails-over-old-key.
}

# restoring COUNT LIMIT: so many programmings fail behind the first one of each of the three
# keys, and with them bios up to this limit
restoring() {
	for what in write read; do
		before=$(fired $program)
		fault repeat "$1"
		fault $program 4
		fault repeat 1
		fault "$lost" $((early * 4))
		client -e 5 -n "$2" -b 4096 $what programming-fails-at-restoring.
		after=$(fired $program)
		fault $program 0
		[ "$after" -gt "$before" ] || fail "did not fire"
		client -b 4096 $what programming-fails-at-restoring.
	done
}

# All keys are lost in flight, and the engine takes none of them back, or all but once: the
# requests that need them fail, and no others. When it does again, all is well.
test_programming_fails_at_restoring() {
	client write programming-fails-at-restoring.
	guarded restoring 1000 48
	fault $program 0
	judged "no key is taken"
	# The one that asked, of two bios that may have been merged
	guarded restoring 1 2
	fault $program 0
	judged "once, a key is not taken"
}

# no_eviction: the client evicts its keys when it ends, and none of that is carried out
no_eviction() {
	fault repeat 1000
	fault $evict 1
	fault repeat 1
	client write eviction-fails.all
	fault $evict 0
	[ "$(shown uncleared)" -eq 32 ] || fail "the keyslots are not all uncleared: $(keyslots)"
	cleared=$(counted "keyslots cleared")
}

# clear_are NUMBER TEXT: none is uncleared, and since then so many were cleared
clear_are() {
	[ "$(shown uncleared)" -eq 0 ] || fail "$2: still not clear: $(keyslots)"
	cleared=$(($(counted "keyslots cleared") - cleared))
	[ $cleared -eq "$1" ] || fail "$2: $cleared keyslots were cleared, not $1"
}

evictions_fail() {
	client write eviction-fails.all
	[ "$(shown uncleared)" -eq 0 ] || fail "all keyslots were used, and are not clear"
	for n in 1 2 3; do
		hit $evict 1 client -b 16384 write eviction-fails.$n
		[ "$(shown uncleared)" -eq 1 ] || fail "not one keyslot is uncleared: $(keyslots)"
		# The next eviction makes up for it
		client read eviction-fails.$n
		[ "$(shown uncleared)" -eq 0 ] || fail "a keyslot was left: $(keyslots)"
	done
	# Every keyslot is used once: it is cleared before, and after
	no_eviction
	client write eviction-fails.all
	clear_are 64 "each was used"
	# One is used, and the others are cleared with the eviction of its key
	no_eviction
	client read eviction-fails.1
	clear_are 33 "one was used"
}

# A slot that could not be cleared is not used before that has been done, which is when the
# next key is evicted at the latest
test_eviction_fails() {
	awake evictions_fail
	fault $evict 0
	judged "a keyslot that is not clear"
	neighbours eviction-fails
	client read eviction-fails.
}

test_plan_intact_at_end() {
	client -b 131072 read ""
}

if [ $# -eq 0 ]; then
	set -- retry-data-unit-512 retry-data-unit-4096 retry-between-plain retry-merged \
		retry-forced-unit-access retry-of-split completed-in-part parts-of-a-unit-fail \
		engine-error-alone engine-error-with-others engine-error-after-another \
		failed-but-completed descriptors-without-room right-request-fails keys-lost-in-flight \
		tuning-loses-keys programming-fails-at-first programming-fails-over-old-key \
		programming-fails-at-restoring eviction-fails told-when-idle recovery-waits plan-intact-at-end
fi
[ ! -f "$RUN/canary" ] || dd if="$RUN/canary" of="${part}3" bs=4096 count=1 conv=notrunc,fsync 2>/dev/null
run_tests errors- "$@"
