# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# ktap.sh - run the cases of a test script, which are its functions, and what several of
# them do. Sourced by scripts whose scratch folder is $work; those that run in the guest
# have lib.sh instead.

# interrupted MARK COMMAND...: ctrl-C once MARK is there; a shell that starts something in
# the background lets it ignore the signal, which the terminal would not. Not at the same
# moment: a shell that is between fork and exec loses it. What does not end is ended, and
# fails.
interrupted() {
	mark=$1
	shift
	rm -f "$mark"
	setsid env --default-signal=INT "$@" </dev/null &
	pid=$!
	tries=0
	until [ -s "$mark" ]; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || { echo "never came to where it is interrupted"; return 1; }
		sleep 0.1
	done
	sleep 1
	kill -INT -$pid
	(sleep 60; kill -KILL -$pid 2>/dev/null) >/dev/null 2>&1 &
	watchdog=$!
	got=0
	wait $pid || got=$?
	kill $watchdog 2>/dev/null
	case $got in
	0)	echo "interrupted, and status 0"; return 1 ;;
	137)	echo "did not end when interrupted"; return 1 ;;
	esac
}

# run_cases CASE...: KTAP on stdout, what a case that failed has said on stderr
run_cases() {
	echo "KTAP version 1"
	echo "1..$#"
	count=0
	failed=0
	for t do
		count=$((count + 1))
		if "$t" >"$work/said" 2>&1; then
			echo "ok $count $t"
		else
			echo "not ok $count $t"
			sed 's/^/# /' "$work/said" >&2
			failed=$((failed + 1))
		fi
	done
	echo "# $((count - failed)) passed, $failed failed"
	[ $failed -eq 0 ]
}
