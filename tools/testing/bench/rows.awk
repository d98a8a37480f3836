# SPDX-License-Identifier: GPL-2.0
#
# rows.awk - the rows of a bench, as tools/testing/guest/bench.c takes them
#
#   awk -v setup=engine|fallback|base|corrected -v slots=N [-v short=y] -f rows.awk
#
# Prints WHERE and a row; where is raw (the card itself), dm (dm-crypt on it), or for
# files plain, inline, software, dm-files, and with -fio behind it what fio does. A row
# is repeated until about so many instructions are counted that the ticks of the clock,
# which fall now before and now behind its end, are less than 0.1 % of them.

# what a request takes, about: what one of its size does, and each page where software
# encrypts
function guess(way, pattern, size, depth,	one)
{
	one = 6000 + size / 13
	if (depth == 1)
		one += 4500
	# they become one
	else if (pattern == "seq" && size <= 65536)
		one = one / 8 + size / 13
	if (way == "fallback" || way == "dm-crypt")
		one += size / 4096 * 10000
	return one
}

function raw(where, way, op, pattern, size, depth, keys,	nr, rounds)
{
	nr = size <= 16384 ? 248 : size <= 65536 ? 62 : 31
	if (keys > nr)
		nr = 1240
	if (size >= 262144 && depth <= 8)
		nr = 8
	rounds = int(enough / (nr * guess(way, pattern, size, depth))) + 1
	# The fewer requests a batch becomes, the more of it is waiting, which varies
	if (pattern == "seq" && depth > 1 && size <= 16384)
		rounds *= 4
	print where, way, op, pattern, size, depth, nr, rounds, keys
}

function requests(where, way, keys,	o, p, s, d)
{
	for (s = 1; s <= nr_sizes; s++)
		for (p = 1; p <= 2; p++)
			for (o = 1; o <= 2; o++)
				for (d = 1; d <= nr_depths; d++)
					raw(where, way, ops[o], patterns[p], sizes[s], depths[d], keys)
}

function files(where, way, keys,	o)
{
	for (o = 1; o <= 2; o++) {
		print where, way, ops[o], "seq", 1048576, 16, keys
		print where, way, ops[o], "rand", 4096, 1024, keys
	}
	print where, way, "create", "seq", 4096, 128, keys
	for (o = 1; o <= 2; o++) {
		print where "-fio", way, ops[o], "seq", 1048576, 32, keys
		print where "-fio", way, ops[o], "rand", 4096, 2048, keys
	}
}

BEGIN {
	enough = 16000000
	nr_sizes = split(short ? "4096 65536 1048576" : "4096 16384 65536 262144 1048576", sizes)
	nr_depths = split(short ? "1 31" : "1 8 31", depths)
	split("read write", ops)
	split("seq rand", patterns)
	if (setup == "base") {
		requests("raw", "plaintext", 0)
	} else if (setup == "corrected") {
		for (o = 1; o <= 2; o++) {
			raw("raw", "plaintext", ops[o], "rand", 4096, 31, 0)
			raw("raw", "plaintext", ops[o], "seq", 1048576, 1, 0)
		}
	} else if (setup == "engine") {
		requests("raw", "plaintext", 0)
		requests("raw", "inline", 1)
		for (o = 1; o <= 2; o++) {
			raw("raw", "inline", ops[o], "rand", 4096, 31, slots)
			raw("raw", "inline", ops[o], "rand", 4096, 31, 2 * slots)
			raw("raw", "inline", ops[o], "rand", 4096, 31, 1000)
		}
		requests("dm", "dm-crypt", 0)
		files("plain", "plaintext", 0)
		files("inline", "inline", 1)
		files("software", "fscrypt", 0)
		files("dm-files", "dm-crypt", 0)
	} else if (setup == "fallback") {
		requests("raw", "fallback", 1)
		files("inline", "fallback", 1)
	} else {
		exit 1
	}
}
