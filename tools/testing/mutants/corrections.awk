# SPDX-License-Identifier: GPL-2.0
#
# corrections.awk - the corrections that the page on MMC inline encryption lists, a line each: the
# first cells of the table below "What goes wrong without it"

/^What goes wrong without it/ { on = 1 }
!on { next }
/^   \* - / {
	if (title && !heading)
		print title
	heading = !title
	title = substr($0, 8)
	first = 1
	next
}
/^     - / { first = 0 }
first && /^       / {
	sub(/^ +/, "")
	title = title " " $0
}
END {
	if (title)
		print title
}
