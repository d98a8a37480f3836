#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kunit.sh - what the KUnit suites of the kernel had to say
#
# They ran when the kernel or their module was started. What each leaves in debugfs is
# cut where a case had more to say than fits, its verdict as well, so it is the kernel's
# log that is read. Which suites and cases there have to be, the host knows.

find /lib/modules -name '*[-_]test.ko*' -o -name '*kunit*.ko*' | while read -r path; do
	name=${path##*/}
	modprobe "${name%%.ko*}"
done
# And one that is part of a driver whose hardware is not here
modprobe mtk-sd-crypto

echo "KTAP version 1"
dmesg | sed 's/^\[[^]]*\] //' | awk '
	/^    # Subtest: / { suite = $NF; next }
	suite && /^    (not )?ok [0-9]+ - / {
		line[++count] = $0
		sub(/^ +/, "", line[count])
		sub(/ok [0-9]+ - /, "ok " count " kunit-" suite ".", line[count])
		if (line[count] ~ /^not/)
			failed++
		next
	}
	# The diagnosis of a case comes before its result
	suite && /^    / && !/^    1\.\./ { print "#" $0; next }
	suite && /^(not )?ok [0-9]+ - / { suite = "" }
	END {
		print "1.." count + 0
		for (i = 1; i <= count; i++)
			print line[i]
		exit failed || !count
	}'
