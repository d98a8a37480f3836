#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# paths.sh - requests that cannot go the way that encrypts, or that go another one
#
# usage: paths.sh TEST...
#
# Which tests make sense depends on the card and the host: scripts/check names them.
# What has a context must be encrypted or fail; whatever else may happen, the host
# searches the whole card for plaintext at the end. Extents are as in raw.sh.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"

dev=$(readlink -f "/sys/block/$disk/device")
dev=${dev%/mmc_host/*}
driver=$(readlink -f "$dev/driver")
watch=/sys/module/mmc_watch/parameters
card=$(readlink -f "/sys/block/$disk/device")
card_driver=$(readlink -f "$card/driver")

# rebind [COMMAND...]: which is run in between
rebind() {
	echo "${dev##*/}" >"$driver/unbind"
	"$@"
	echo "${dev##*/}" >"$driver/bind"
	wait_for "${part}3"
}

# goes_by PATH ENCRYPTS: what the driver says of the requests' way
goes_by() {
	for line in "path: $1" "encrypts: $2"; do
		grep -qx "$line" /sys/kernel/debug/mmc*/crypto/engine || fail "not $line"
	done
}

# The card is used as it is found, and software encrypts if the way does not
test_as_expected() {
	before=$(crossed)
	client -b 16384 write as-expected.
	client -b 65536 read as-expected.
	count=$(crossed)
	if on_engine; then
		[ "$count" -gt "$before" ] || fail "not encrypted by the engine"
	else
		[ "$count" -eq "$before" ] || fail "encrypted by the engine"
	fi
}

io_worker() {
	for _ in 1 2 3; do
		client -b 4096 write "$extents" || return
		client -b 8192 read "$extents" || return
	done
}

# between EXTENTS ANSWER COMMAND...: an ioctl, over and over while workers use these extents,
# which has to answer the same each time. It takes the card out of its command queue, if it has
# one, and the driver has to put it back.
between() {
	extents=$1
	answer=$2
	shift 2
	queue=$(cat "/sys/block/$disk/device/cmdq_en")
	in_parallel io_worker &
	pid=$!
	count=0
	while kill -0 $pid 2>/dev/null; do
		got=$("$@") || fail "the ioctl failed"
		[ "$got" = "$answer" ] || fail "the ioctl answers $got, not $answer"
		count=$((count + 1))
	done
	wait $pid
	[ $count -gt 3 ] || fail "only $count ioctls between"
	client -b 65536 read "$extents"
	[ "$(cat "/sys/block/$disk/device/cmdq_en")" = "$queue" ] || fail "the command queue was $queue"
}

test_ioctls_between() {
	between ioctls-between. "$(($(cat "/sys/block/$disk/device/rev")))" mmcioc "$DISK" read-ext-csd
}

# What is asked of the replay protected memory block, and what it answers, is data without
# a context. The card refuses the partition while its queue is on, and the other way round.
test_rpmb_between() {
	[ -c "${DISK}rpmb" ] || skip "the card has no RPMB"
	counter=$(mmcioc "${DISK}rpmb" rpmb-counter) || fail "the first question"
	answers=$(testport get card0 stat-rpmb-responses) || skip "only the virtual card counts"
	violations=$(testport get card0 stat-violation-rpmb)
	[ "${HOST-}" != msm ] || others=$(engine_stat legacy-encrypted)
	between rpmb-between. "$counter" mmcioc "${DISK}rpmb" rpmb-counter
	answers=$(($(testport get card0 stat-rpmb-responses) - answers))
	[ $answers -eq $count ] || fail "$answers answers to $count questions"
	[ "$(testport get card0 stat-violation-rpmb)" -eq "$violations" ] ||
		fail "the partition was used beside the queue"
	# Without a queue, the workers' requests are counted there, too: the guard looks at violations
	[ "${HOST-}" != msm ] || [ "$queue" = 0 ] || [ "$(engine_stat legacy-encrypted)" -eq "$others" ] ||
		fail "encrypted, though it has no context"
}

# In between, the card refuses to go back to its command queue. The first requests may
# fail; none may pass unencrypted, and the driver finds its way back by itself or
# when it is bound again.
test_queue_refused() {
	client write queue-refused.
	hits=$(FAULT_ID=card0 fired cmdq-enable)
	FAULT_ID=card0 fault cmdq-enable 1
	mmcioc "$DISK" read-ext-csd >/dev/null || :
	count=$(FAULT_ID=card0 fired cmdq-enable)
	[ "$count" -gt "$hits" ] || fail "did not fire"
	for _ in 1 2 3; do
		may_fail client -b 16384 write queue-refused.
		may_fail client -b 16384 read queue-refused.
	done
	rebind
	client -b 16384 write queue-refused.
	client read queue-refused.
}

# Until they are told to end. What cannot be encrypted may only fail.
leaving_worker() {
	[ "${HOST-}" = pci ] && may=may_fail || may=
	while [ ! -e "$tmp/enough" ]; do
		$may client -b 4096 write "$leaving." || return
		$may client -b 8192 read "$leaving." || return
	done
}

# leave_queue TEST: for good, in the middle of its I/O: the card refuses its command queue
# after an ioctl and after the reset that follows
leave_queue() {
	leaving=$1
	hits=$(FAULT_ID=card0 fired cmdq-enable)
	rm -f "$tmp/enough"
	in_parallel leaving_worker &
	pid=$!
	sleep 0.3
	FAULT_ID=card0 fault repeat 2
	FAULT_ID=card0 fault cmdq-enable 1
	mmcioc "$DISK" read-ext-csd >/dev/null || :
	tries=0
	while [ "$(FAULT_ID=card0 fired cmdq-enable)" -lt $((hits + 2)) ] && [ $tries -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	sleep 0.3
	touch "$tmp/enough"
	wait $pid
	FAULT_ID=card0 fault repeat 0
	[ $tries -lt 100 ] || fail "the card was not reset"
	[ "$(cat "/sys/block/$disk/device/cmdq_en")" = 0 ] || fail "the command queue is on"
}

# The host that encrypts without goes on, byte for byte; on the other one what has a
# context fails, and the rest does not.
test_leaves_queue() {
	client write leaves-queue.
	leave_queue leaves-queue
	tasks=$(engine_stat tasks)
	if [ "${HOST-}" = pci ]; then
		goes_by legacy no
		fails client -b 16384 read leaves-queue.
		fails client -b 16384 write leaves-queue.
	else
		goes_by legacy yes
		before=$(engine_stat legacy-encrypted)
		client -b 16384 read leaves-queue.
		client -b 65536 write leaves-queue.
		drop
		client -b 4096 read leaves-queue.
		[ "$(engine_stat legacy-encrypted)" -gt "$before" ] || fail "not encrypted"
	fi
	dd if="${part}3" bs=4096 count=1 iflag=direct | cmp - "$RUN/canary" || fail "plain data"
	count=$(engine_stat tasks)
	[ "$count" -eq "$tasks" ] || fail "$((count - tasks)) tasks were given to the queue"
	rebind
	client -b 16384 read leaves-queue.
	client -b 16384 write leaves-queue.
	client read leaves-queue.
	count=$(engine_stat tasks)
	[ "$count" -gt "$tasks" ] || fail "no task in the queue of the next life"
}

late_timeout() {
	client -b 16384 read late-timeout.
	leave_queue late-timeout
	echo y >"$watch/late"
	sleep 0.5
	dd if="${part}3" of="$tmp/read" bs=4096 count=1 iflag=direct
	cmp "$tmp/read" "$RUN/canary"
}

timeout_of_engine_off() {
	client read timeout-of-engine-off.
	# Nothing is under way, and the card comes back without its queue
	refuse_queue
	echo y >"$watch/reset"
	[ "$(FAULT_ID=card0 fired cmdq-enable)" -gt "$hits" ] || fail "did not fire"
	[ "$(cat "/sys/block/$disk/device/cmdq_en")" = 0 ] || fail "the command queue is on"
	echo y >"$watch/late"
	sleep 0.5
	dd if="${part}3" of="$tmp/read" bs=4096 count=1 iflag=direct
	cmp "$tmp/read" "$RUN/canary"
}

# The same, before any request has been told that the queue was left
test_timeout_of_engine_off() {
	client write timeout-of-engine-off.
	hits=$(FAULT_ID=card0 fired cmdq-enable)
	insmod "$here/mmc-watch.ko" disk="$DISK"
	guarded timeout_of_engine_off
	rmmod mmc_watch
	rebind
	judged "not as before"
	client read timeout-of-engine-off.
}

# The timeout of a request that went through the queue is told when the queue was left:
# there is nothing to recover, and what comes next goes on as it did
test_late_timeout() {
	client write late-timeout.
	insmod "$here/mmc-watch.ko" disk="$DISK"
	guarded late_timeout
	rmmod mmc_watch
	rebind
	judged "not as before"
	client read late-timeout.
}

refuse_queue() {
	FAULT_ID=card0 fault cmdq-enable 1
}

# found_without_queue EXTENTS
found_without_queue() {
	[ "$(cat "/sys/block/$disk/device/cmdq_en")" = 0 ] || fail "the command queue is on"
	before=$(crossed)
	tasks=$(engine_stat tasks)
	client -b 16384 write "$1"
	client -b 65536 read "$1"
	[ "$(engine_stat tasks)" -eq "$tasks" ] || fail "tasks were given to the queue"
	count=$(crossed)
	if [ "${HOST-}" = pci ]; then
		goes_by legacy no
		[ "$count" -eq "$before" ] || fail "encrypted by the engine"
	else
		goes_by legacy yes
		[ "$count" -gt "$before" ] || fail "not encrypted by the engine"
	fi
}

# fail_in FUNCTION: no memory for what this function of the kernel asks for first, whoever
# calls it
fail_in() {
	sort /proc/kallsyms | awk -v name="$1" '
		start { print $1; exit }
		$3 == name { print $1; start = 1 }' >"$tmp/where"
	[ "$(wc -l <"$tmp/where")" -eq 2 ] || fail "where is $1?"
	(
		cd /sys/kernel/debug/failslab
		echo N >task-filter
		echo N >ignore-gfp-wait
		echo "0x$(sed -n 1p "$tmp/where")" >require-start
		echo "0x$(sed -n 2p "$tmp/where")" >require-end
		echo 1 >./times
		echo 100 >probability
	)
}

# failed_in: it did fail
failed_in() {
	echo 0 >/sys/kernel/debug/failslab/probability
	[ "$(cat /sys/kernel/debug/failslab/times)" -eq 0 ] || fail "no allocation failed"
}

# The card has its command queue on when the host finds no memory for its own: the card has
# to be told, since with it on it takes nothing else
test_found_without_memory() {
	rebind fail_in cqhci_enable
	failed_in
	guarded found_without_queue found-without-memory.
	rebind
	judged "not as it should be without a queue"
	goes_by "command queue" yes
	client -b 65536 read found-without-memory.
}

# The card refuses its command queue when it is found: its disk is made without. The host
# that encrypts without does, on the other one software does. The next time that the card
# is found, it has its queue.
test_found_without_queue() {
	hits=$(FAULT_ID=card0 fired cmdq-enable)
	rebind refuse_queue
	[ "$(FAULT_ID=card0 fired cmdq-enable)" -gt "$hits" ] || fail "did not fire"
	guarded found_without_queue found-without-queue.
	FAULT_ID=card0 fault cmdq-enable 0
	rebind
	judged "not as it should be without a queue"
	goes_by "command queue" yes
	before=$(engine_stat tasks-encrypted)
	client -b 65536 read found-without-queue.
	count=$(engine_stat tasks-encrypted)
	[ "$count" -gt "$before" ] || fail "not read by the queue of the next life"
}

found_engine_off() {
	# A minute until the first request times out, by which the kernel looks for partitions
	sleep 60
	wait_for "${part}3"
	[ "$(fired no-enable)" -gt "$hits" ] || fail "did not fire"
	before=$(crossed)
	client -b 16384 write found-engine-off.
	client -b 65536 read found-engine-off.
	[ "$(crossed)" -gt "$before" ] || fail "not encrypted"
	goes_by "command queue" yes
}

# The engine does not come on when the card is found, but when it recovers from that
test_found_engine_off() {
	hits=$(fired no-enable)
	echo "${dev##*/}" >"$driver/unbind"
	fault no-enable 1
	echo "${dev##*/}" >"$driver/bind"
	guarded found_engine_off
	fault no-enable 0
	judged "not as it should be when the engine is on"
}

# The keys are evicted when the client ends
written_and_read() {
	client write "$1."
	client read "$1."
}

# Who waits for the keyslots may be who frees memory: whoever writes to one does not wait
# for memory, but uses the reserves. Nor does reclaim of its own evict keys, which waits for
# what it holds.
test_reserves_for_keyslots() {
	insmod "$here/mmc-watch.ko" disk="$DISK"
	guarded written_and_read reserves-for-keyslots
	keyslots=$(cat "$watch/keyslots")
	unreserved=$(cat "$watch/unreserved")
	evicting=$(cat "$watch/evicting")
	rmmod mmc_watch
	judged "no I/O"
	[ "$keyslots" -ge 4 ] || fail "keyslots were written to $keyslots times"
	[ "$unreserved" -eq 0 ] || fail "$unreserved times of $keyslots without the reserves"
	[ "$evicting" -eq 0 ] || fail "reclaim could evict keys $evicting times of $keyslots"
}

# Without an engine nothing gets to the card
engine_is_off() {
	fault data 1
	fault repeat 1000
	fault no-enable 1
	# What meets the error is tried again when the engine is off
	! dd if="${part}3" of=/dev/null bs=4096 count=1 iflag=direct || fail "read without the engine"
	before="$(crossed) $(testport get card0 stat-writes)"
	client -b 16384 -e 5 write engine-stays-off.
	client -b 16384 -e 5 read engine-stays-off.
	count="$(crossed) $(testport get card0 stat-writes)"
	[ "$count" = "$before" ] || fail "something got to the card: $count, not $before"
}

# After an error the engine does not come on again. A request that times out makes the driver
# recover once more: none fails if the engine comes on then, and if it never does, all fail.
test_engine_stays_off() {
	client write engine-stays-off.
	hits=$(fired no-enable)
	fault no-enable 1
	fault data 3
	client -b 16384 write engine-stays-off.
	count=$(fired no-enable)
	[ "$count" -gt "$hits" ] || fail "did not fire"
	client -b 16384 read engine-stays-off.
	# Milliseconds, for each of three tries
	echo 1000 >"/sys/block/$disk/queue/io_timeout"
	guarded engine_is_off
	fault no-enable 0
	fault data 0
	fault repeat 0
	rebind
	judged "not as it should be without the engine"
	client read engine-stays-off.
	client -b 16384 write engine-stays-off.
	client read engine-stays-off.
}

software_queue_on() {
	modprobe mmc_hsq
	insmod "$here/mmc-software.ko" disk="$DISK"
}

software_queue_off() {
	rmmod mmc_software
	rmmod mmc_hsq
}

# The disk goes and comes back, the card stays
disk_goes() {
	echo "${card##*/}" >"$card_driver/unbind"
}

disk_comes() {
	echo "${card##*/}" >"$card_driver/bind"
	wait_for "${part}3"
}

# The kernel goes on with a disk whose queue could not be shown in sysfs
test_disk_without_attributes() {
	disk_goes
	fail_in blk_crypto_sysfs_register
	disk_comes
	failed_in
	[ ! -e "/sys/block/$disk/queue" ] || fail "the queue is shown"
	guarded written_and_read disk-without-attributes
	disk_goes
	disk_comes
	judged "no I/O"
	[ -d "/sys/block/$disk/queue/crypto" ] || fail "nor is the next one shown"
	written_and_read disk-without-attributes
}

plain_works() {
	write_one retry-mode-ends
	dd if="${part}2" bs=65536 count=1 iflag=direct | cmp -n 65536 - "$INPUT/raw/retry-mode-ends" ||
		fail "plain data"
}

made_on_software_queue() {
	disk_comes
	before="$(engine_stat tasks) $(crossed) $(engine_stat keys-programmed)"
	client -b 16384 write made-on-software-queue.
	client -b 65536 read made-on-software-queue.
	plain_works
	count="$(engine_stat tasks) $(crossed) $(engine_stat keys-programmed)"
	[ "$count" = "$before" ] || fail "the engine did something: $count, not $before"
	goes_by "software queue" no
}

# Whose requests wait in the host software queue, where no engine sees to them: software
# encrypts
test_made_on_software_queue() {
	software_queue_on
	disk_goes
	guarded made_on_software_queue
	disk_goes
	software_queue_off
	disk_comes
	judged "not as it should be on the software queue"
	before=$(engine_stat tasks-encrypted)
	client -b 65536 read made-on-software-queue.
	count=$(engine_stat tasks-encrypted)
	[ "$count" -gt "$before" ] || fail "not read by the command queue afterwards"
}

moved_to_software_queue() {
	before=$(crossed)
	written=$(testport get card0 stat-writes)
	client -b 16384 -e 5 write moved-to-software-queue.
	client -b 16384 -e 5 read moved-to-software-queue.
	[ "$(testport get card0 stat-writes)" -eq "$written" ] || fail "something was written"
	[ "$(crossed)" -eq "$before" ] || fail "something crossed the engine"
	plain_works
	goes_by "software queue" no
}

# A disk that was made for the command queue cannot go over to software: what has a context
# fails until the queue is back
test_moved_to_software_queue() {
	client write moved-to-software-queue.
	software_queue_on
	guarded moved_to_software_queue
	software_queue_off
	judged "not as it should be on the software queue"
	before=$(crossed)
	client -b 65536 read moved-to-software-queue.
	client -b 16384 write moved-to-software-queue.
	[ "$(crossed)" -gt "$before" ] || fail "not encrypted in the queue"
}

# written COMMAND...: write commands that the card gets meanwhile
written() {
	before=$(testport get card0 stat-writes) || skip "only the virtual card counts"
	"$@"
	after=$(testport get card0 stat-writes)
	echo $((after - before))
}

write_one() {
	dd if="$INPUT/raw/$1" of="${part}2" bs=65536 count=1 oflag=direct conv=notrunc
}

# A request that failed is tried again block by block. Those that use the same place
# afterwards are not.
test_retry_mode_ends() {
	usual=$(written write_one retry-mode-ends 2>/dev/null)
	FAULT_ID=card0 fault write-status 1
	retried=$(written write_one retry-mode-ends 2>/dev/null)
	[ "$retried" -gt $((usual + 16)) ] || fail "$retried commands: nothing was retried"
	# As many as there are tags
	for try in $(seq 64); do
		count=$(written write_one retry-mode-ends 2>/dev/null)
		[ "$count" -eq "$usual" ] || fail "write $try takes $count commands, not $usual"
	done
	dd if="${part}2" bs=65536 count=1 iflag=direct | cmp -n 65536 - "$INPUT/raw/retry-mode-ends"
}

[ $# -gt 0 ] || { echo "usage: paths.sh TEST..." >&2; exit 1; }
[ ! -f "$RUN/canary" ] || dd if="$RUN/canary" of="${part}3" bs=4096 count=1 conv=notrunc,fsync 2>/dev/null
run_tests paths- "$@"
