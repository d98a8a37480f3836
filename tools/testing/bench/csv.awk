# SPDX-License-Identifier: GPL-2.0
#
# csv.awk - rows of a bench as CSV: what the guest said of each, and what it was spent on
#
#   awk -v host=HOST -v setup=SETUP -f csv.awk parts results
#   awk -v header=1 -f csv.awk </dev/null
#
# Instructions are per request, of the repetition that took fewer. A row counts if the
# engine encrypted all of what it had to, and nothing else; if the two repetitions that took
# least differ by no more than 0.1 %; and if the processor's own count is that from outside.

BEGIN {
	FS = " "
	nr_parts = split("user block blk-crypto mmc driver crypto interrupt client rest", part)
	limit = 0.1
	if (header) {
		line = "host,setup,kind,way,op,pattern,size,depth,keys,requests,instructions,spread,counts,why"
		for (i = 1; i <= nr_parts; i++)
			line = line "," part[i]
		print line ",stored-per-4k,tasks,keys-programmed,requests-per-second"
		exit
	}
}

function abs(x)
{
	return x < 0 ? -x : x
}

FILENAME ~ /parts$/ {
	nr_windows++
	window_all[$1] = $2
	window_bytes[$1] = $3
	for (i = 4; i <= NF; i++) {
		split($i, f, "=")
		spent[$1, f[1]] = f[2]
	}
	next
}

# How often all of a row is done, what is not counted included: of bios, the first round of
# each repetition, of files, one repetition
function passes(kind, rounds, repeats)
{
	return kind == "raw" ? (rounds + 1) * repeats : repeats + 1
}

$1 == "row" {
	w = ++nr_rows
	for (i = 2; i <= NF; i++) {
		split($i, f, "=")
		v[f[1]] = f[2]
	}
	n = v["requests"] * v["rounds"]
	least = v["least"]
	spread = (v["second"] - least) / least * 100
	due = v["way"] == "inline" ? v["units"] : 0
	why = ""
	if (v["units-encrypted"] != due)
		why = why " encrypted " v["units-encrypted"] " of " due
	if (spread > limit)
		why = why " repetitions differ"
	if (!(w in window_all) || abs(window_all[w] - v["last"]) / v["last"] * 100 > limit)
		why = why " counts differ: " v["last"] " and " window_all[w]
	sub(/^ /, "", why)
	printf "%s,%s,%s,%s,%s,%s,%d,%d,%d,%d,%.1f,%.3f,%s,%s", host, setup, v["kind"], v["way"], v["op"],
		v["pattern"], v["size"], v["depth"], v["keys"], n, least / n, spread, why ? "no" : "yes", why
	for (i = 1; i <= nr_parts; i++)
		printf ",%.1f", spent[w, part[i]] / n
	# What is programmed once is of the first round; the rest comes with each request
	printf ",%.0f,%.2f,%d,%.0f\n", window_bytes[w] / n / v["size"] * 4096,
		v["tasks"] / (v["requests"] * passes(v["kind"], v["rounds"], v["repeats"])),
		v["keys-programmed"], 1e9 / (least / n)
}

END {
	if (!header && nr_rows != nr_windows) {
		print "csv.awk: " nr_rows " rows and " nr_windows " windows" >"/dev/stderr"
		exit 1
	}
}
