#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# seen.sh - what the kernel says of the engine: log, sysfs, debugfs, trace events
#
# usage: seen.sh [TEST...]
#        seen.sh unused REASON WHERE    (dashes for spaces)
#
# Everything is compared with the virtual hardware's own properties and counts. Nothing
# that is said may have a key in it. "unused" is for hosts whose engine the card does not
# use: REASON has to be in the log, WHERE is the path that debugfs has to name, or "-" if
# there is no engine that could be used at all.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

dev=$(readlink -f "/sys/block/$disk/device")
host=${dev%/*}
host=${host##*/}
dev=${dev%/mmc_host/*}
driver=$(readlink -f "$dev/driver")
sys=/sys/block/$disk/queue/crypto
debug=/sys/kernel/debug/$host/crypto
trace=/sys/kernel/tracing
# The path that encrypts, as the kernel calls it
case $(cat "/sys/block/$disk/device/cmdq_en" 2>/dev/null) in
1)	way="command queue" ;;
*)	way=legacy ;;
esac

property() {
	testport get host0 "$1" || fail "no property $1"
}

# counted NAME: what the kernel has counted
counted() {
	awk -F': ' -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' "$debug/counters" ||
		fail "no counter $1"
}

# snapshot FILE: what kernel and hardware have counted so far, a line "NAME NUMBER" each
snapshot() {
	{
		sed 's/ /-/g; s/:-/ /' "$debug/counters"
		for each in keys-programmed keys-evicted tasks-encrypted units-encrypted gce icce; do
			echo "hw-$each $(engine_stat $each)"
		done
		# The Qualcomm host counts by itself what went past its queue
		[ "$way" != legacy ] || echo "hw-legacy-encrypted $(engine_stat legacy-encrypted)"
		echo "hw-program-failed $(fired $program)"
		echo "hw-evict-failed $(fired $evict)"
	} >"$1"
}

# grown NAME...: by how much these, taken together, have grown since "before" was taken
grown() {
	echo "$@" | tr ' ' '\n' >"$tmp/grown"
	awk 'FILENAME ~ /grown$/ { want[$1] = 1; next }
	     !($1 in want) { next }
	     FILENAME ~ /before$/ { sum -= $2 }
	     FILENAME ~ /after$/ { sum += $2; seen++ }
	     END { print sum + 0; exit !seen }' "$tmp/grown" "$tmp/before" "$tmp/after" ||
		fail "nothing counts $*"
}

# agree WHAT A B: two numbers that have to be the same, and not 0
agree() {
	[ "$2" = "$3" ] || fail "$1: the kernel says $2, the hardware $3"
	[ "$2" -gt 0 ] || fail "$1: nothing happened"
}

sizes() {
	printf '0x%x' $(($(property data-unit-sizes) * 512))
}

words() {
	echo "$(property keyslots) keyslots, 32-bit DUNs, AES-256-XTS with data units $(sizes)"
}

# said TEXT: the one line in the log that is about inline encryption
said() {
	dmesg | grep 'inline encryption' >"$tmp/lines" || :
	[ "$(wc -l <"$tmp/lines")" = 1 ] || fail "not one line: $(cat "$tmp/lines")"
	grep -qF "$disk: $1" "$tmp/lines" || fail "$(cat "$tmp/lines"), not: $1"
}

# file FILE TEXT
file() {
	[ "$(cat "$1")" = "$2" ] || fail "$1: '$(cat "$1")' is not '$2'"
}

test_line_in_log() { said "inline encryption by $way: $(words)"; }

test_sysfs() {
	for queue in /sys/block/"$disk"*/queue; do
		file "$queue/crypto/num_keyslots" "$(property keyslots)"
		file "$queue/crypto/max_dun_bits" 32
		[ "$(ls "$queue/crypto/modes")" = AES-256-XTS ] || fail "modes: $(ls "$queue/crypto/modes")"
		file "$queue/crypto/modes/AES-256-XTS" "$(sizes)"
	done
	[ ! -e /sys/block/vda/queue/crypto ] || fail "a disk without engine has a directory"
}

test_debugfs_engine() {
	grep -qxF "engine: $(words)" "$debug/engine" || fail "$(cat "$debug/engine")"
	grep -qx "path: $way" "$debug/engine" || fail "$(cat "$debug/engine")"
	grep -qx "encrypts: yes" "$debug/engine" || fail "$(cat "$debug/engine")"
	grep -q "^CCAP 0x.*, $(property keyslots) keyslots at" "$debug/engine" || fail "$(cat "$debug/engine")"
	grep -q "^CRYPTOCAP0 0x.*: AES-XTS, key of 256 bits, data units $(sizes)$" "$debug/engine" ||
		fail "$(cat "$debug/engine")"
}

# Without errors, kernel and hardware count the same
test_counters() {
	snapshot "$tmp/before"
	client -b 16384 write seen.
	client -b 16384 read seen.
	snapshot "$tmp/after"
	agree keys "$(grown keys-programmed keys-restored)" "$(grown hw-keys-programmed)"
	agree evictions "$(grown keyslots-cleared)" "$(grown hw-keys-evicted)"
	agree requests "$(grown requests)" "$(grown hw-tasks-encrypted hw-legacy-encrypted)"
	agree blocks "$(grown blocks)" $(($(grown hw-units-encrypted) * 8))
	for none in keys-restored programming-failed clearing-failed general-errors \
		    invalid-configurations; do
		[ "$(grown $none)" = 0 ] || fail "$none: $(grown $none)"
	done
}

# One request at a time, so that each error of the engine is a report of its own; more of
# one kind than of the other
test_counters_of_errors() {
	snapshot "$tmp/before"
	hit gce 2 client -q 1 -b 16384 write seen.
	hit gce-unnamed 3 client -q 1 -b 16384 read seen.
	hit gce 5 client -q 1 -b 16384 read seen.
	hit icce 3 client -q 1 -b 16384 write seen.
	hit keys-lost 5 client -q 1 -b 16384 read seen.
	hit $program 1 client -q 1 -b 16384 write seen.
	hit $evict 1 client -q 1 -b 16384 read seen.
	client read seen.
	snapshot "$tmp/after"
	agree "general errors" "$(grown general-errors)" "$(grown hw-gce)"
	agree "invalid configurations" "$(grown invalid-configurations)" "$(grown hw-icce)"
	[ "$(grown losses)" -ge "$(grown hw-icce)" ] || fail "losses: $(grown losses)"
	agree "keys" "$(grown keys-programmed keys-restored)" "$(grown hw-keys-programmed)"
	agree "failed programmings" "$(grown programming-failed)" "$(grown hw-program-failed)"
	agree "failed evictions" "$(grown clearing-failed)" "$(grown hw-evict-failed)"
	[ "$(grown keys-restored)" -gt 0 ] || fail "no key was restored"
}

# busy: reads, until told to end
busy() {
	while [ -e "$tmp/on" ]; do
		client -q 4 -b 4096 read seen. >/dev/null 2>&1 || :
	done
}

# A key in use is in a keyslot, what it is for can be read, and not what it is
test_keyslots() {
	: >"$tmp/on"
	busy &
	found=
	tries=0
	while [ $tries -lt 200 ]; do
		tries=$((tries + 1))
		cat "$debug/keyslots" >>"$tmp/said"
		if grep -q '^[0-9]*: valid AES-256-XTS 4096 users=[1-9]' "$tmp/said"; then
			found=y
			break
		fi
	done
	rm "$tmp/on"
	wait
	[ -n "$found" ] || fail "no key in use was seen: $(sort -u "$tmp/said")"
	! grep -v uncleared "$debug/keyslots" || fail "a key is left"
	no_key_in "$tmp/said"
}

# no_key_in FILE: no eight bytes of any key, in either order, as text or as they are
no_key_in() {
	tr 'A-F' 'a-f' <"$1" | tr -d ' \n:_-' >"$tmp/squeezed"
	! grep -qF -f "$tmp/patterns" "$tmp/squeezed" || fail "a key is in $1"
	od -An -v -tx1 "$1" | tr -d ' \n' >"$tmp/squeezed"
	! grep -qF -f "$tmp/patterns" "$tmp/squeezed" || fail "a key is in $1"
}

# What is traced is what was counted, and there is no key in it; that one would be found
# is tried out
test_trace_events() {
	[ -e $trace/events ] || mount -t tracefs trace $trace
	echo 8192 >$trace/buffer_size_kb
	echo >$trace/trace
	for group in blk_ksm mmc_crypto mmc block; do
		echo 1 >$trace/events/$group/enable
	done
	snapshot "$tmp/before"
	client -q 4 -b 65536 write seen.
	hit keys-lost 1 client -q 1 -b 65536 read seen.
	hit gce 1 client -q 1 -b 65536 read seen.
	hit gce-unnamed 1 client -q 1 -b 65536 read seen.
	hit $program 1 client -q 1 -b 65536 read seen.
	snapshot "$tmp/after"
	for group in blk_ksm mmc_crypto mmc block; do
		echo 0 >$trace/events/$group/enable
	done
	cat $trace/trace >"$tmp/trace"
	traced() { grep -c "$1" "$tmp/trace" || :; }
	agree "keys programmed" "$(grown keys-programmed)" \
		"$(traced ' blk_ksm_program: .* mode=AES-256-XTS data_unit_size=4096 err=0$')"
	agree "keys restored" "$(grown keys-restored)" \
		"$(traced ' blk_ksm_restore: .* mode=AES-256-XTS data_unit_size=4096 err=0$')"
	agree "programming failed" "$(grown programming-failed)" \
		"$(traced ' blk_ksm_\(program\|restore\): .* err=-[0-9]*$')"
	agree "keyslots cleared" "$(grown keyslots-cleared)" "$(traced ' blk_ksm_evict: .* err=0$')"
	agree "losses" "$(grown losses)" "$(traced " blk_ksm_keys_lost: ${dev##*/}$")"
	agree "general errors" "$(grown general-errors)" \
		"$(traced " mmc_crypto_error: $host: general error$")"
	agree "invalid configurations" "$(grown invalid-configurations)" \
		"$(traced " mmc_crypto_error: $host: invalid configuration$")"
	no_key_in "$tmp/trace"

	head -n 3 "$tmp/patterns" | tail -n 1 >$trace/trace_marker
	cat $trace/trace >"$tmp/trace"
	! (no_key_in "$tmp/trace") || fail "a key that is there was not found"
	echo >$trace/trace
}

test_no_key_in_files() {
	cat "$debug"/* "$sys"/* "$sys"/*/* >"$tmp/said" 2>/dev/null || :
	grep -q AES-256-XTS "$tmp/said" || fail "nothing was said"
	no_key_in "$tmp/said"
	dmesg >"$tmp/said"
	no_key_in "$tmp/said"
}

readers() {
	while [ -e "$tmp/on" ]; do
		cat "$debug"/* "$sys"/* "$sys"/*/* >/dev/null 2>&1 || :
	done
}

# The files go with the disk, under those who read them, and come back with it
test_read_while_unbound() {
	: >"$tmp/on"
	for _ in 1 2 3; do
		readers &
	done
	for _ in 1 2 3; do
		echo "${dev##*/}" >"$driver/unbind"
		if [ -e "$sys" ] || [ -e "$debug" ]; then
			fail "the files are still there"
		fi
		echo "${dev##*/}" >"$driver/bind"
		wait_for "$sys/num_keyslots"
	done
	rm "$tmp/on"
	wait
	wait_for "${part}3"
	client read seen.
	[ "$(counted requests)" -gt 0 ] || fail "nothing is counted"
}

# Nothing in sysfs; the log and debugfs say why
test_unused() {
	said "no inline encryption: $reason"
	[ ! -e "$sys" ] || fail "there is a directory"
	[ "$(engine_stat keys-programmed)" = 0 ] || fail "the engine was given keys"
	if [ "$where" = - ]; then
		grep -q "^engine: unusable: $reason" "$debug/engine" || fail "$(cat "$debug/engine")"
		[ "$(ls "$debug")" = engine ] || fail "$(ls "$debug")"
		return
	fi
	grep -qxF "engine: $(words)" "$debug/engine" || fail "$(cat "$debug/engine")"
	grep -qx "path: $where" "$debug/engine" || fail "$(cat "$debug/engine")"
	grep -qx "encrypts: no" "$debug/engine" || fail "$(cat "$debug/engine")"
	[ "$(counted requests)" = 0 ] || fail "$(counted requests) requests"
	[ "$(counted "keys programmed")" = 0 ] || fail "keys were programmed"
}

# Each key, eight bytes a line; as they are, and each eight in reverse
for key in "$keys"/*.key; do
	od -An -v -w8 -tx1 "$key" | while read -r a b c d e f g h; do
		echo "$a$b$c$d$e$f$g$h"
		echo "$h$g$f$e$d$c$b$a"
	done
done >"$tmp/patterns"

if [ "${1-}" = unused ]; then
	reason=$(echo "$2" | tr - ' ')
	where=$(echo "$3" | sed 's/\(.\)-/\1 /g')
	set -- unused
else
	[ ! -f "$RUN/canary" ] ||
		dd if="$RUN/canary" of="${part}3" bs=4096 count=1 conv=notrunc,fsync 2>/dev/null
fi
[ $# -gt 0 ] || set -- line-in-log sysfs debugfs-engine counters counters-of-errors keyslots \
	trace-events no-key-in-files read-while-unbound
run_tests seen- "$@"
