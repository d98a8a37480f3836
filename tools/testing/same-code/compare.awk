# SPDX-License-Identifier: GPL-2.0
#
# compare.awk - functions that two builds have not alike: object and name of each
#
#   awk -f compare.awk BASE SERIES
#
# Both as functions.awk prints them. A name that an object has twice is looked at as one.

BEGIN {
	FS = "\t"
}

{
	key = $1 " " $2
	code[FNR == NR, key] = code[FNR == NR, key] $3
	seen[key]
}

END {
	for (key in seen)
		if (code[1, key] != code[0, key])
			print key | "sort"
}
