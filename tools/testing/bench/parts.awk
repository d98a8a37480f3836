# SPDX-License-Identifier: GPL-2.0
#
# parts.awk - what the rows of a bench were spent on: one line for each, in
# instructions and bytes stored, by part of the kernel
#
#   awk -f parts.awk objects symbols results windows
#
#   objects    PART SYMBOL, a line each: what the object files of a part define
#   symbols    System.map of the kernel
#   results    of the guest, with a line "module ADDRESS SYMBOL [MODULE]" for each
#              symbol of its modules, and the rows
#   windows    what insns.c wrote
#
# Prints: ROW ALL BYTES PART=COUNT... and, with -v functions=FILE, writes there
# ROW PART FUNCTION COUNT, rows being counted. A symbol whose name is in two parts belongs
# to that of the symbol before it: what is linked from one file lies together.

function part_of_module(m)
{
	if (m ~ /^mmc_(core|block)$/)
		return "mmc"
	if (m ~ /^(cqhci|sdhci)/)
		return "driver"
	if (m ~ /^blkcrypt_client$/)
		return "client"
	return "rest"
}

FILENAME != file { file = FILENAME; nth++ }

nth == 1 {
	if ($2 in object && object[$2] != $1)
		object[$2] = "?"
	else
		object[$2] = $1
	next
}

nth == 2 {
	if ($2 ~ /[tTwW]/)
		line[++n] = $1 " " $3 " -"
	next
}

nth == 3 {
	# Of the repetitions of a row, each of which is a window, the last
	if ($1 == "row") {
		repeats = $0
		sub(/.* repeats=/, "", repeats)
		last += repeats + 0
		row_of[last] = ++nr_rows
	}
	if ($1 == "module" && $3 !~ /^[$]/) {
		gsub(/[][]/, "", $4)
		line[++n] = $2 " " $3 " " $4
	}
	next
}

nth == 4 && !sorted {
	sort_symbols()
	sorted = 1
}

# Lines begin with addresses of the same length, so that text sorts as they do
function sort_symbols(	i, f, out, part)
{
	out = tmp "/symbols"
	for (i = 1; i <= n; i++)
		print line[i] | ("LC_ALL=C sort >" out)
	close("LC_ALL=C sort >" out)
	n = 0
	part = "rest"
	while ((getline i <out) > 0) {
		split(i, f, " ")
		n++
		addr[n] = f[1]
		name[n] = f[2]
		if (f[3] != "-")
			part = part_of_module(f[3])
		else if (!(f[2] in object))
			part = "rest"
		else if (object[f[2]] != "?")
			part = object[f[2]]
		parts[n] = part
	}
	close(out)
}

function find(a,	lo, hi, mid)
{
	if (a in known)
		return known[a]
	lo = 1
	hi = n
	while (lo < hi) {
		mid = int((lo + hi + 1) / 2)
		# As text: they are no numbers that awk could hold
		if (addr[mid] "" <= a "")
			lo = mid
		else
			hi = mid - 1
	}
	return known[a] = lo
}

$1 == "window" {
	row = row_of[$2]
	next
}

!row { next }

$1 == "user" {
	all += $2
	bytes += $3
	out = row " " sprintf("%.0f %.0f", all, bytes)
	for (p in sum)
		out = out " " p "=" sprintf("%.0f", sum[p])
	print out " user=" $2
	if (functions)
		for (s in of_symbol)
			print row, parts[s], name[s], of_symbol[s] >functions
	split("", sum)
	split("", of_symbol)
	all = bytes = 0
	next
}

{
	s = find($1)
	sum[parts[s]] += $2
	of_symbol[s] += $2
	all += $2
	bytes += $3
}
