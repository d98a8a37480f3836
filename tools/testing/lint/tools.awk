# SPDX-License-Identifier: GPL-2.0
#
# tools.awk - what kernel-doc, get_abi.pl, coccinelle and Sphinx said, one finding a line: file,
# line and message with tabs between them; each once
#
#   awk -v tree=DIR -f tools.awk LOG
#
# A line that is in none of their forms is a finding too: nothing is overlooked.

{
	while ((at = index($0, tree "/")) > 0)
		$0 = substr($0, 1, at - 1) substr($0, at + length(tree) + 1)
	gsub(/\t/, " ")
	file = "-"
	line = 0
	message = $0
}

/^ *$/ {
	next
}

match($0, /^([^ :]+:[0-9]+(:[0-9]+-[0-9]+)?|[^ :]*[.\/][^ :]*): /) {
	split($0, part, ":")
	file = part[1]
	line = part[2] + 0
	message = substr($0, RLENGTH + 1)
}

!seen[file, line, message]++ {
	print file "\t" line "\t" message
}
