#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kunit.sh - what the KUnit suites of the kernel had to say
#
# They ran when the kernel or their module was started; each left its results in
# debugfs. Which suites and cases there have to be, the host knows.

find /lib/modules -name '*[-_]test.ko*' -o -name '*kunit*.ko*' | while read -r path; do
	name=${path##*/}
	modprobe "${name%%.ko*}"
done

echo "KTAP version 1"
cat /sys/kernel/debug/kunit/*/results 2>/dev/null | awk '
	/^ +# Subtest: / { suite = $NF }
	/^ +(not )?ok [0-9]+ - / {
		line[++count] = $0
		sub(/^ +/, "", line[count])
		sub(/ok [0-9]+ - /, "ok " count " kunit-" suite ".", line[count])
		if (line[count] ~ /^not/)
			failed++
		next
	}
	# The diagnosis of a case comes before its result
	/^ +# / { print "#" $0 }
	END {
		print "1.." count + 0
		for (i = 1; i <= count; i++)
			print line[i]
		exit failed || !count
	}'
