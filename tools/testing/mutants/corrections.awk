# SPDX-License-Identifier: GPL-2.0
#
# corrections.awk - the corrections that the page on MMC inline encryption lists, below "What goes
# wrong without it": for each commit that one takes, a line with the correction, a tab, the commit

# keep: the commit whose title has been read
function keep()
{
	if (commit && !heading)
		print title "\t" commit
	commit = ""
}

/^What goes wrong without it/ { on = 1 }
!on { next }
/^   \* - / {
	keep()
	heading = !title
	title = substr($0, 8)
	cell = 1
	next
}
/^     - / {
	cell++
	text = substr($0, 8)
	if (cell == 3)
		commit = text
	next
}
cell == 3 && /^$/ {
	keep()
	next
}
/^       / {
	sub(/^ +/, "")
	if (cell == 1)
		title = title " " $0
	else if (cell == 3)
		commit = commit (commit ? " " : "") $0
}
END { keep() }
