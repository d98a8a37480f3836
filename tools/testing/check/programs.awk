# SPDX-License-Identifier: GPL-2.0
#
# programs.awk - each program of a list once, since what is asked of one twice is made once
#
#   echo "raw.sh:a stock.sh raw.sh:b" | awk -f programs.awk     raw.sh:a:b and stock.sh
#
# A program comes with all the tests that are asked of it, or with none, which is all that it
# has, if that is asked of it too. A test asked for again stands where it was asked for last:
# some end what those before them need. The file system is a part of the name of fs.sh.

{
	for (i = 1; i <= NF; i++) {
		n = split($i, word, ":")
		first = 2
		program = word[1]
		if (program == "fs.sh" && n > 1)
			program = program ":" word[first++]
		if (!(program in tests)) {
			order[++programs] = program
			tests[program] = ":"
		}
		if (first > n)
			whole[program] = 1
		for (; first <= n; first++) {
			at = index(tests[program], ":" word[first] ":")
			if (at)
				tests[program] = substr(tests[program], 1, at) \
					substr(tests[program], at + length(word[first]) + 2)
			tests[program] = tests[program] word[first] ":"
		}
	}
}

END {
	for (i = 1; i <= programs; i++) {
		program = order[i]
		print program (program in whole ? "" : substr(tests[program], 1, length(tests[program]) - 1))
	}
}
