# SPDX-License-Identifier: GPL-2.0
#
# ktap.awk - judge a KTAP stream: prints a line "ok NAME" or "not ok NAME" each, with a
# tab and the reason behind the name where there is one
#
#   awk -v nonce=N -f ktap.awk STREAM    what a guest sent, with its end record
#   awk -f ktap.awk STREAM               any other stream
#
# The default is failure: whatever is missing, short, out of order, skipped or
# said twice becomes a failed line named "stream". Streams are nested once.

function bad(why) {
	print "not ok stream\t" why
}

function open_level(level) {
	seen_version[level] = 1
	plan[level] = -1
	count[level] = 0
}

# The plan of a level that ends has to have been kept
function close_level(level) {
	if (!seen_version[level])
		return
	if (plan[level] < 0)
		bad("no plan" where(level))
	else if (plan[level] != count[level])
		bad(count[level] " results of " plan[level] where(level))
	seen_version[level] = 0
}

function where(level) {
	return level ? " below result " (count[0] + 1) : ""
}

# A result with results below it says nothing that these have not said, unless
# it says that something failed besides them.
function result(level, text, passed,	name, number, directive) {
	number = text
	sub(/^(not )?ok /, "", number)
	name = number
	sub(/ .*/, "", number)
	sub(/^[0-9]+ (- )?/, "", name)
	directive = ""
	if (match(name, / # /)) {
		directive = substr(name, RSTART + 3)
		name = substr(name, 1, RSTART - 1)
	}
	count[level]++
	if (number != count[level])
		bad("result " number " where " count[level] " was due: " name)
	if (!level && had_below) {
		if (!passed && !failed_below)
			bad(name " failed besides its tests")
		had_below = failed_below = 0
		return
	}
	if (name in known)
		bad("a second result of " name)
	known[name] = 1
	results++
	if (passed)
		passes++
	if (directive ~ /^(SKIP|TODO)/) {
		print "not ok " name "\t" directive
	} else {
		print (passed ? "ok " : "not ok ") name
		if (!passed)
			print_diagnosis()
	}
	if (level && !passed)
		failed_below = 1
	diagnoses = 0
}

function print_diagnosis(	i) {
	for (i = 1; i <= diagnoses; i++)
		print "  " diagnosis[i]
}

ended { bad("something follows the end record"); ended = 0 }

/^    / {
	line = substr($0, 5)
	if (line ~ /^KTAP version 1$/) {
		close_level(1)
		open_level(1)
		had_below = 1
		next
	}
	if (!seen_version[1]) {
		if (line ~ /^Bail out!/)
			bad(line)
		next
	}
	if (line ~ /^1\.\.[0-9]+$/)
		plan[1] = substr(line, 4) + 0
	else if (line ~ /^(not )?ok [0-9]+ /)
		result(1, line, line !~ /^not/)
	else if (line ~ /^Bail out!/)
		bad(line)
	else if (line ~ /^# /)
		diagnosis[++diagnoses] = line
	next
}

/^KTAP version 1$/ { open_level(0); next }
/^1\.\.[0-9]+$/ { plan[0] = substr($0, 4) + 0; next }

/^(not )?ok [0-9]+ / {
	if (!seen_version[0])
		bad("a result before the version")
	if (seen_version[1])
		close_level(1)
	else if (nonce != "")
		bad("no tests below " $0)
	result(0, $0, !/^not/)
	next
}

/^# end / {
	if (NF != 5 || $3 != nonce)
		bad("an end record of another run")
	else if ($4 != passes + 0 || $5 != results - passes)
		bad("the end record says " $4 " passed, " $5 " failed; here are " \
		    passes + 0 " and " results - passes)
	else
		right_end = 1
	ended = 1
	next
}

/^# / {
	diagnosis[++diagnoses] = $0
	if (nonce != "")
		print "  " $0
	next
}

/^Bail out!/ { bad($0) }

END {
	if (seen_version[1])
		close_level(1)
	if (!seen_version[0])
		bad("it does not begin with its version")
	close_level(0)
	if (nonce != "" && !right_end)
		bad("it has no end record of this run")
	if (!results)
		bad("it has no results")
}
