# SPDX-License-Identifier: GPL-2.0
#
# report.awk - findings for people, each at the first commit that has it
#
#   awk [-v all=1] -f report.awk ACCEPTED COMMITS FINDINGS
#
# FINDINGS: ID, check, file, line and message, with tabs between them. What ACCEPTED names is
# left out; with "all", what it names and nobody found is a finding. Prints a line each.

BEGIN {
	FS = "\t"
}

FNR == 1 {
	input++
}

input == 1 && /^[^#\t ]/ {
	n++
	check[n] = $0
	sub(/ .*/, "", check[n])
	expression[n] = substr($0, length(check[n]) + 2)
	next
}

input == 2 {
	title[$1] = $4
}

function accepted(which, text,	i) {
	for (i = 1; i <= n; i++) {
		if (check[i] == which && text ~ expression[i]) {
			used[i] = 1
			return 1
		}
	}
	return 0
}

input == 3 && !accepted($2, $3 ": " $5) {
	if (!(($3, $5) in where)) {
		order[++count] = $3 SUBSEP $5
		where[$3, $5] = ($1 == "tip" ? "the series" : "commit " $1 " (" title[$1] ")") ": " $3 (+$4 ? ":" $4 : "")
		message[$3, $5] = $5
	}
	if (!said[$3, $5, $2]++)
		by[$3, $5] = by[$3, $5] (by[$3, $5] ? ", " : "") $2
}

END {
	for (i = 1; i <= count; i++)
		print where[order[i]] ": " message[order[i]] " [" by[order[i]] "]"
	for (i = 1; all && i <= n; i++)
		if (!used[i])
			print "tools/testing/lint/accepted: nothing is accepted by: " check[i] " " expression[i]
}
