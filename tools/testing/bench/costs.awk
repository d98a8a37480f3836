# SPDX-License-Identifier: GPL-2.0
#
# costs.awk - what the series costs a request, and what blk-crypto does, beside what the
# project has set itself as limits
#
#   awk -v host=HOST -v row="read rand 4096 31" -v limit=PERCENT -v tasks=N \
#       -f costs.awk plan functions of base, of corrections, of engine
#
# N: how many requests the card sees for one of the row. Rows are of plaintext in the
# first two and of plaintext and inline in the last. Only the parts that can be the series'
# are looked at: scheduling and timers differ by themselves.

BEGIN {
	# Instructions without an encryption context, beside what corrections of the base take
	plain_limit = 4 * tasks
	# What the series adds to block/; all else there is blk-crypto's own
	split("blk_ksm_restore_slot blk_ksm_restore_lost_slot blk_ksm_get_slot_idx __bio_crypt_whole_units", f)
	for (i in f)
		ours[f[i]] = 1
	name[1] = "base plaintext"
	name[2] = "corrected plaintext"
	name[3] = "engine plaintext"
	name[4] = "engine inline"
}

FNR == 1 { nth++ }

# The rows of file NTH that are wanted
nth % 2 == 1 {
	for (i = 1; i <= 4; i++) {
		split(name[i], f, " ")
		if ((i < 3 ? i : 3) == (nth + 1) / 2 && !nr[i] && index($0, "raw " f[2] " " row " ") == 1) {
			nr[i] = FNR
			requests[i] = $7 * $8
		}
	}
	next
}

{
	for (i = 1; i <= 4; i++) {
		if ((i < 3 ? i : 3) != nth / 2 || $1 != nr[i])
			continue
		all[i] += $4 / requests[i]
		if ($2 == "mmc" || $2 == "driver" || $3 in ours)
			mine[i] += $4 / requests[i]
		else if ($2 == "block" || $2 == "blk-crypto")
			block[i] += $4 / requests[i]
	}
}

function judge(x, most)
{
	return x <= most ? "" : ": MORE"
}

END {
	for (i = 1; i <= 4; i++)
		if (!nr[i])
			exit 1
	corrections = mine[2] + block[2] - mine[1] - block[1]
	without = mine[3] + block[3] - mine[2] - block[2]
	with = mine[4] - mine[3]
	split(row, f, " ")
	printf "%-5s %-5s %-8s %4d  %+12.1f %+12.1f (%+d%s) %+12.1f %+10.1f = %+.2f %% (%+.1f %%%s)\n", host, f[1], f[3],
		f[4], corrections, without, plain_limit, judge(without, plain_limit + 0.5), all[4] - all[3] - with, with,
		with / all[3] * 100, limit, judge(with / all[3] * 100, limit)
}
