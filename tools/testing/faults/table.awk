# SPDX-License-Identifier: GPL-2.0
#
# table.awk - the campaign's summary by class of fault
#
#   awk -v first=S -v last=S -f table.awk ROUNDS BOOTS BURSTS
#
# Fails if any round failed or is missing.

FNR == 1 { file++ }

file == 1 && $1 >= first && $1 <= last {
	if (verdict[$1] != "failed")
		verdict[$1] = $2
	next
}

file == 2 && $1 >= first && $1 <= last {
	boots++
	plaintext += $3
	wrong += $4
	reports += $5
	if ($3 !~ /^[0-9]+$/)
		unproven++
	next
}

file == 3 && $1 >= first && $1 <= last {
	if (!($2 in bursts))
		order[++classes] = $2
	bursts[$2]++
	injected[$2] += $3
	observed[$2] += $4
	if ($5 == "-")
		encrypted[$2] = "-"
	else
		encrypted[$2] += $5
	jobs[$2] += $6
	errors[$2] += $7
	read_wrong[$2] += $8
}

END {
	printf "%-22s %7s %9s %9s %10s %8s %11s %6s\n", "class", "bursts", "injected", \
		"observed", "encrypted", "I/O", "I/O errors", "wrong"
	for (i = 1; i <= classes; i++) {
		c = order[i]
		printf "%-22s %7d %9d %9d %10s %8d %11d %6d\n", c, bursts[c], injected[c], \
			observed[c], encrypted[c], jobs[c], errors[c], read_wrong[c]
		all_jobs += jobs[c]
		all_errors += errors[c]
		wrong += read_wrong[c]
	}
	for (round in verdict) {
		if (verdict[round] == "ok")
			good++
		else
			failed++
	}
	missing = last - first + 1 - good - failed
	print ""
	print "rounds              " good + 0 " good, " failed + 0 " failed" \
		(missing ? ", " missing " not done" : "")
	print "guests              " boots + 0 (unproven ? " (" unproven " without a proof)" : "")
	print "I/O                 " all_jobs + 0 ", " all_errors + 0 " failed"
	print "plaintext blocks    " plaintext + 0
	print "wrong bytes         " wrong + 0 " places"
	print "kernel reports      " reports + 0
	exit failed || missing || unproven || plaintext || wrong || reports
}
