# SPDX-License-Identifier: GPL-2.0
#
# differ.awk - by which functions two rows differ, in instructions per request
#
#   awk -v one="raw plaintext read rand 4096 31" -v two="raw inline read rand 4096 31" \
#       -f differ.awk plan-one functions-one plan-two functions-two
#
# A row is told by the beginning of its line in the plan, whose number is the row's. What
# differs by less than half an instruction is no matter of the request.

FNR == 1 { nth++ }

nth == 1 && index($0, one " ") == 1 && !row[1] { row[1] = FNR; requests[1] = $7 * $8 }
nth == 3 && index($0, two " ") == 1 && !row[2] { row[2] = FNR; requests[2] = $7 * $8 }

nth == 2 && $1 == row[1] { differ[$2 " " $3] -= $4 / requests[1] }
nth == 4 && $1 == row[2] { differ[$2 " " $3] += $4 / requests[2] }

END {
	if (!row[1] || !row[2])
		exit 1
	for (i in differ)
		if (differ[i] > 0.5 || differ[i] < -0.5) {
			split(i, f, " ")
			printf "%+10.1f  %-11s %s\n", differ[i], f[1], f[2] | "sort -rn"
		}
	close("sort -rn")
}
