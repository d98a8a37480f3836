# SPDX-License-Identifier: GPL-2.0
#
# judge.awk - the verdict on each round of one guest of the fault campaign
#
#   awk -v first=S -v count=N -v floor=PERCENT -v dir=DIR -f judge.awk \
#       PLAN ROUNDS ENGINE_LEDGER RESULTS PROOF_KV JUDGED
#
# Writes DIR/rounds.new ("SEED ok JOBS ERRORS" or "SEED failed WHY"), DIR/bursts.new
# ("SEED CLASS armed fired encrypted jobs errors wrong") and DIR/boots.new ("FIRST COUNT
# plaintext wrong reports"). JUDGED has what ktap.awk printed, of guest and proof.
#
# The guest says what was acknowledged, how much failed and which faults fired. How
# much was to be done stands in the plan, whether an encrypted task was hit in the
# ledger, and whether what was acknowledged is there in the proofs: one after each round
# ("proof-SEED: "), and one when the guest has ended ("proof: "), which has the ledgers, too.

function why(round, text) {
	if (!(round in reason))
		reason[round] = text
}

function why_since(round, text,	i) {
	for (i = round + 0; i < first + count; i++)
		why(i, text)
}

function why_all(text) {
	why_since(first, text)
}

# Extents begin at multiples of 4096 bytes, tasks need not
function place(sector) {
	return int(sector / 8)
}

# proof_after(TEXT): the round that the proof came after, or nothing
function proof_after(text) {
	return match(text, /ok proof-[0-9]+: /) ? substr(text, RSTART + 9, RLENGTH - 11) : ""
}

FNR == 1 { file++ }

file == 1 {
	split($2, sector, "=")
	split($8, bytes, "=")
	for (i = 0; i < bytes[2] / 4096; i++)
		extent[place(sector[2]) + i] = $1
	next
}

# How many jobs there are, and what is to be written
file == 2 && $1 == "round" { round = $2 }
file == 2 && $1 == "burst" { bursts_planned[round]++ }
file == 2 && $1 ~ /^(write|over|rawwrite)$/ { planned[round]++ }
file == 2 { next }

# Tasks that failed though they were to be encrypted. The others that were in flight then
# end as aborted, and so do those that the card lost
file == 3 && $1 == "T" && !/ slot=- / && !/ status=ok$/ {
	split($3, number, "=")
	split($6, lba, "=")
	if (place(lba[2]) in extent)
		hit[number[2]] = / status=aborted$/ ? "aborted" : "failed"
}
file == 3 { next }

# hits(FIRST, LAST, ABORTED): how many of these transfers were hit
function hits(from, to, aborted,	t, n) {
	n = 0
	for (t = from; t <= to; t++)
		n += hit[t] == "failed" || (aborted && hit[t] == "aborted")
	return n
}

file == 4 && $2 == "burst" {
	round = $3
	class = $4
	for (i = 5; i <= NF; i++) {
		split($i, field, "=")
		value[field[1]] = field[2]
	}
	split(value["transfers"], transfers, "-")
	bursts_done[round]++
	jobs[round] += value["jobs"]
	errors[round] += value["errors"]
	# The engine's own faults hit encrypted tasks only, these hit any
	encrypted = "-"
	if (class ~ /^(gce|icce|(legacy-)?keys-lost)/)
		encrypted = value["fired"]
	else if (class ~ /^((legacy-)?(data|cmd)|legacy-cut|red|task-command|(data|read|write|legacy-data)-[a-z]*)$/)
		encrypted = hits(transfers[1] + 0, transfers[2] + 0)
	else if (class == "task-lost")
		encrypted = hits(transfers[1] + 0, transfers[2] + 0, 1)
	if (encrypted == 0 && encrypted != "-")
		why(round, class ": it hit no encrypted task")
	print round, class, value["armed"], value["fired"], encrypted, value["jobs"], \
		value["errors"], value["wrong"] >dir "/bursts.new"
	next
}
file == 4 && $2 == "ack" { acked[$3]++; next }
file == 4 && $2 == "wrong" {
	round = $3
	sub(/^.*# wrong [0-9]+ /, "")
	why(round, $0)
	next
}
file == 4 { next }

file == 5 {
	split($0, field, "=")
	if (field[1] == "PLAINTEXT_FOUND_BEFORE")
		plaintext_before = field[2] > plaintext_before + 0 ? field[2] : plaintext_before
	else
		kv[field[1]] = field[2]
	next
}

/^ok campaign-round-/ { passed[substr($2, 16)] = 1; next }
/^not ok campaign-round-/ { why(substr($3, 16), "see the results"); next }
/^not ok console/ { reports++; why_all($0); next }
/^ok proof-[0-9]+: / { proven[proof_after($0)] = 1; next }
/^not ok proof(-[0-9]+)?: / {
	after = proof_after($0)
	what = $0
	sub(/^[^:]*: /, "", what)
	sub(/\t.*/, "", what)
	# What is wrong stays wrong: several proofs find it, from one round on
	if (!(what in since)) {
		since[what] = after == "" ? first : after
		wrong += what ~ /^(tree|policy|ciphertext|plan|ledger)/
	}
	# It may name the folder of a round
	round = what
	if (what ~ /^(tree|policy|ciphertext) / && sub(/^.*\/r/, "", round))
		why(round + 0, $0)
	else if (after != "")
		why(after, $0)
	else
		why_since(since[what], $0)
	next
}
/^not ok/ { why_all($0) }

END {
	for (i = first; i < first + count; i++) {
		if (!(i in passed))
			why(i, "it did not come to its end")
		if (bursts_done[i] != bursts_planned[i])
			why(i, bursts_done[i] + 0 " bursts of " bursts_planned[i])
		if (!(i in proven))
			why(i, "it was not proven when it was over")
		if (acked[i] * 100 < planned[i] * floor)
			why(i, acked[i] + 0 " of " planned[i] " acknowledged")
		if ((jobs[i] - errors[i]) * 100 < jobs[i] * floor)
			why(i, errors[i] " of " jobs[i] " jobs failed")
		if (i in reason)
			print i, "failed", reason[i] >dir "/rounds.new"
		else
			print i, "ok", jobs[i], errors[i] >dir "/rounds.new"
	}
	if (!("PLAINTEXT_FOUND" in kv))
		kv["PLAINTEXT_FOUND"] = "?"
	else if (plaintext_before + 0 > kv["PLAINTEXT_FOUND"] + 0)
		kv["PLAINTEXT_FOUND"] = plaintext_before
	print first, count, kv["PLAINTEXT_FOUND"], wrong + 0, reports + 0 >dir "/boots.new"
	printf "" >>(dir "/bursts.new")
}
