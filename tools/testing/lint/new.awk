# SPDX-License-Identifier: GPL-2.0
#
# new.awk - of findings as warnings.awk prints them, those that the base has not
#
#   awk -f new.awk BASE FINDINGS
#
# Lines of code move, so that a finding is known by its file and message; of two alike
# where the base has one, one is new.

BEGIN {
	FS = "\t"
}

FNR == NR && FILENAME == ARGV[1] {
	known[$1, $3]++
	next
}

known[$1, $3]-- <= 0
