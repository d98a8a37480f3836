# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# ktap.sh - run the cases of a test script, which are its functions. Sourced by scripts
# whose scratch folder is $work; those that run in the guest have lib.sh instead.

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
