# SPDX-License-Identifier: GPL-2.0
#
# table.awk - results.csv for people
#
# Numbers are instructions per request, in thousands where the head of the table says so.

BEGIN { FS = "," }

NR == 1 {
	for (i = 1; i <= NF; i++)
		column[$i] = i
	next
}

function get(name)
{
	return $column[name]
}

{
	if (!($1 in seen)) {
		seen[$1] = 1
		hosts[++nr_hosts] = $1
	}
	row = get("op") "," get("pattern") "," get("size") "," get("depth")
	way = get("setup") == "base" ? "base" : get("way")
	key = get("host") "," get("kind") "," way "," row "," (way == "inline" ? get("keys") : 0)
	count[key] = get("instructions")
	doubt[key] = get("counts") == "yes" ? "" : "?"
	programmed[key] = get("keys-programmed")
	requests[key] = get("requests")
	stored[key] = get("stored-per-4k")
	split(parts, part, " ")
	for (i = 1; i <= nr_parts; i++)
		spent[key, i] = get(part[i])
	if (get("counts") != "yes")
		bad++
	rows++
}

BEGIN {
	parts = "user block blk-crypto mmc driver crypto interrupt client rest"
	nr_parts = split(parts, part, " ")
	nr_sizes = split("4096 16384 65536 262144 1048576", size, " ")
	nr_depths = split("1 8 31", depth, " ")
	split("read write", op, " ")
	split("rand seq", pattern, " ")
}

function k(h, kind, way, row, keys)
{
	return h "," kind "," way "," row "," keys + 0
}

function show(key, format)
{
	return key in count ? sprintf(format, count[key]) doubt[key] : "-"
}

function percent(key, of)
{
	return key in count && of in count ? sprintf("%+.2f %%", (count[key] / count[of] - 1) * 100) : "-"
}

function name(bytes)
{
	return bytes >= 1048576 ? bytes / 1048576 " MiB" : bytes / 1024 " KiB"
}

function requests_table(h,	o, p, s, d, row, plain, inl)
{
	printf "%-5s %-10s %-7s %5s %10s %10s %10s %10s %10s %10s %10s\n", "", "", "size", "depth", "base",
		"plaintext", "inline", "fallback", "dm-crypt", "inline is", "fallback is"
	for (p = 1; p <= 2; p++)
		for (o = 1; o <= 2; o++)
			for (s = 1; s <= nr_sizes; s++)
				for (d = 1; d <= nr_depths; d++) {
					row = op[o] "," pattern[p] "," size[s] "," depth[d]
					plain = k(h, "raw", "plaintext", row)
					if (!(plain in count))
						continue
					inl = k(h, "raw", "inline", row, 1)
					printf "%-5s %-10s %-7s %5d %10s %10s %10s %10s %10s %10s %10s\n", op[o],
						pattern[p] == "seq" ? "sequential" : "random", name(size[s]), depth[d],
						show(k(h, "raw", "base", row), "%.0f"), show(plain, "%.0f"), show(inl, "%.0f"),
						show(k(h, "raw", "fallback", row), "%.0f"), show(k(h, "raw", "dm-crypt", row), "%.0f"),
						percent(inl, plain), percent(k(h, "raw", "fallback", row), plain)
				}
}

function files_table(h,	o, row, i, text, plain)
{
	split("read,seq,1048576,1 write,seq,1048576,1 read,rand,4096,1 write,rand,4096,1 create,seq,4096,1", row, " ")
	split("1 MiB, read one after another;1 MiB, written one after another;4 KiB, read at random;4 KiB, written at random;new file of 4 KiB: create, write, fsync, rename", text, ";")
	printf "%-48s %10s %10s %10s %10s %10s %10s %10s\n", "", "plaintext", "inline", "fscrypt", "fallback",
		"dm-crypt", "inline is", "fscrypt is"
	for (i = 1; i <= 5; i++) {
		plain = k(h, "file", "plaintext", row[i])
		printf "%-48s %10s %10s %10s %10s %10s %10s %10s\n", text[i], show(plain, "%.0f"),
			show(k(h, "file", "inline", row[i], 1), "%.0f"), show(k(h, "file", "fscrypt", row[i]), "%.0f"),
			show(k(h, "file", "fallback", row[i]), "%.0f"), show(k(h, "file", "dm-crypt", row[i]), "%.0f"),
			percent(k(h, "file", "inline", row[i], 1), plain), percent(k(h, "file", "fscrypt", row[i]), plain)
	}
}

function fio_table(h,	o, p, row, plain, inl)
{
	printf "%-30s %10s %10s %10s %10s %10s %10s %10s\n", "", "plaintext", "inline", "fscrypt", "fallback",
		"dm-crypt", "inline is", "fscrypt is"
	for (p = 2; p >= 1; p--)
		for (o = 1; o <= 2; o++) {
			row = op[o] "," pattern[p] "," (pattern[p] == "seq" ? "1048576" : "4096") ",1"
			plain = k(h, "fio", "plaintext", row)
			inl = k(h, "fio", "inline", row, 1)
			printf "%-30s %10s %10s %10s %10s %10s %10s %10s\n", op[o] "-" pattern[p] ".fio", show(plain, "%.0f"),
				show(inl, "%.0f"), show(k(h, "fio", "fscrypt", row), "%.0f"),
				show(k(h, "fio", "fallback", row), "%.0f"), show(k(h, "fio", "dm-crypt", row), "%.0f"),
				percent(inl, plain), percent(k(h, "fio", "fscrypt", row), plain)
		}
}

function keys_table(h,	o, n, i, key, nr)
{
	nr = split("1 32 64 1000", n, " ")
	printf "%-6s %8s %14s %24s\n", "", "keys", "per request", "programmings per request"
	for (o = 1; o <= 2; o++)
		for (i = 1; i <= nr; i++) {
			key = k(h, "raw", "inline", op[o] ",rand,4096,31", n[i])
			if (key in count)
				printf "%-6s %8d %14s %24s\n", op[o], n[i], show(key, "%.0f"),
					(programmed[key] > n[i] ? "1" : "0")
		}
}

function parts_line(h, text, kind, way, row, keys,	key, i)
{
	key = k(h, kind, way, row, keys)
	if (!(key in count))
		return
	printf "%-34s %-9s", text, way
	for (i = 1; i <= nr_parts; i++)
		printf " %10.0f", spent[key, i]
	printf " %10s\n", stored[key]
}

function parts_table(h,	i, n, row, text, w, way, nr)
{
	n = split("read,rand,4096,31 write,rand,4096,31 read,seq,1048576,1 write,seq,1048576,1", row, " ")
	split("random read of 4 KiB;random write of 4 KiB;sequential read of 1 MiB;sequential write of 1 MiB", text, ";")
	nr = split("base plaintext inline fallback dm-crypt", way, " ")
	printf "%-44s", ""
	for (i = 1; i <= nr_parts; i++)
		printf " %10s", part[i]
	printf " %10s\n", "stored/4k"
	for (i = 1; i <= n; i++)
		for (w = 1; w <= nr; w++)
			parts_line(h, text[i], "raw", way[w], row[i], way[w] == "inline")
	parts_line(h, "file, read of 1 MiB", "file", "plaintext", "read,seq,1048576,1")
	parts_line(h, "file, read of 1 MiB", "file", "inline", "read,seq,1048576,1", 1)
	parts_line(h, "file, read of 1 MiB", "file", "fscrypt", "read,seq,1048576,1")
}

END {
	for (i = 1; i <= nr_hosts; i++) {
		h = hosts[i]
		print "Host " h
		print ""
		print "Instructions per request, by the kernel test client. Sequential requests that are"
		print "submitted together become fewer; \"base\" is the unpatched kernel."
		print ""
		requests_table(h)
		print ""
		print "Instructions for each read, write or file, on ext4, copies to the program included"
		print ""
		files_table(h)
		print ""
		print "The same by fio, with its job files in tools/testing/bench/fio: instructions for each"
		print "request, its own start included"
		print ""
		fio_table(h)
		print ""
		print "More keys than the 32 slots: random requests of 4 KiB, 31 at a time"
		print ""
		keys_table(h)
		print ""
		print "Where they go: instructions per request, and bytes stored per 4 KiB"
		print ""
		parts_table(h)
		print ""
	}
	printf "%d rows, %d of them do not count (marked by ?)\n", rows, bad
}
