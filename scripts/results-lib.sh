# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154 # some of what is used here is set where it is sourced
#
# results-lib.sh - tools/testing/results, the table of what a full run of the tests found
# Sourced by scripts/check, which writes it part by part, and by scripts/series, whose cover
# letter has its figures; after lib.sh.
#
# It is of one base, built and run by one set of tools: a part that is noted under another
# head begins the table anew. Each part says of which series it is, and by the tests of which commit
# here; "+" is for changes that were not committed, but for the tables that a full run itself writes.
# A part that looks at what people read, lapses when that changes; the others, when the code does.
# One that was not run has "-" in each column.

results=$top/tools/testing/results

# results_field NAME: of the head
results_field() {
	sed -n "s/^$1=//p" "$results" 2>/dev/null
}

# results_series PART: that of now
results_series() {
	case $1 in
	commits|lint|scripts)	series_whole HEAD ;;
	*)			series_code HEAD ;;
	esac
}

# results_tests: by what they are found
results_tests() {
	git -C "$top" rev-parse -q --short=7 HEAD 2>/dev/null || { echo "?"; return; }
	[ -z "$(git -C "$top" status --porcelain -- scripts tools ':!tools/testing/results' \
		':!tools/testing/mutants/results.txt' 2>/dev/null)" ] || echo "+"
}

# results_head: what it has to say now
results_head() {
	cat <<-END
	base=$base_version
	compiler=$(aarch64-linux-gnu-gcc --version 2>/dev/null | head -n 1)
	emulator=$("$out/qemu/qemu-system-aarch64" --version 2>/dev/null | sed -n '1s/.* version //p')
	END
}

# results_row PART: what the table has of it
results_row() {
	awk -v part="$1" '$1 == part' "$results" 2>/dev/null
}

# results_missing: the parts of a full run that have not passed on the series as it is
results_missing() {
	for rm_part in $full_parts; do
		results_row "$rm_part" | awk -v series="$(results_series "$rm_part")" \
			'$3 == series && $5 > 0 && $6 == 0 { found = 1 } END { exit !found }' || echo "$rm_part"
	done | paste -s -d ' '
}

# results_note PART PASSED FAILED TOOK: writes its row
results_note() {
	(
		flock 5
		rn_head=$(results_head)
		rn_tests=$(results_tests | paste -s -d '')
		[ "$(sed -n '/^[a-z]*=/p' "$results" 2>/dev/null)" = "$rn_head" ] || : >"$results"
		{
			cat <<-END
			# What each part of a full run of the tests found last, on which series, by the tests of which commit,
			# and how long it took beside others. The series is told by git rev-parse HEAD^{tree} in out/tree for
			# commits, lint and scripts, and for the others by a checksum of git ls-tree HEAD without
			# Documentation, MAINTAINERS and CREDITS. "scripts/check --full" writes this.
			$rn_head
			$(printf '%-20s %-10s %-12s %-8s %6s %6s  %s' '# part' date series tests passed failed took)
			END
			for rn_part in $full_parts; do
				if [ "$rn_part" = "$1" ]; then
					printf '%-20s %-10s %-12s %-8s %6s %6s  %s\n' "$1" "$(date -u +%Y-%m-%d)" \
						"$(results_series "$1")" "$rn_tests" "$2" "$3" "$4"
				else
					results_row "$rn_part" | grep . ||
						printf '%-20s %-10s %-12s %-8s %6s %6s  %s\n' "$rn_part" - - - - - -
				fi
			done
		} >"$results.new"
		mv -- "$results.new" "$results"
	) 5>"$where/results.lock"
}
