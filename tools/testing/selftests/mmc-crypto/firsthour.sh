#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# firsthour.sh - the commands in the kernel's page for users do what the page says
#
# usage: firsthour.sh [SECTION...]
#
# The page is Documentation/admin-guide/mmc-crypto.rst. In its literal blocks a line
# that begins with "# " is a command, and what follows, up to the next one, is all that
# it prints; "..." stands for anything within a line. Each section that has commands is
# a test with the name of its title, and a shell of its own; they build on each other.
# Engine and processor are those of the virtual hosts: for a board, PAGE is a copy of the
# page that has its own.
#
# The first two partitions of the card get file systems, of which no other test knows
# anything: those that make theirs there have to come later.

# shellcheck source=lib.sh
. "$(dirname -- "$0")/lib.sh"
: "${PAGE:=$here/mmc-crypto.rst}"
# A section that ended too early has left it mounted
trap 'umount /data 2>/dev/null; rm -rf "$tmp"' EXIT

# The N-th command of a section is left in SECTION/N.do, what it prints in SECTION/N.says
sections=$(awk -v page="$tmp/page" '
	/^==/ && length($0) == length(title) {
		section = tolower(title)
		gsub(/[^a-z0-9]+/, "-", section)
		n = 0
	}
	/^[^ ]/ { title = $0; literal = /::$/; says = "" }
	literal && /^  # / {
		file = sprintf("%s/%s/%03d", page, section, ++n)
		if (n == 1) {
			system("mkdir -p " page "/" section)
			print section
		}
		print substr($0, 5) >(file ".do")
		says = file ".says"
		printf "" >says
		next
	}
	says && /^  / { print substr($0, 3) >says }
' "$PAGE")

# as_said SAYS PRINTED: line by line
as_said() {
	sed 's/[][*?\\]/\\&/g; s/\.\.\./*/g' "$1" >"$tmp/patterns"
	[ "$(wc -l <"$1")" -eq "$(wc -l <"$2")" ] || return 1
	while IFS= read -r want <&3; do
		IFS= read -r line <&4
		# shellcheck disable=SC2254 # a pattern
		case $line in
		$want)	;;
		*)	return 1 ;;
		esac
	done 3<"$tmp/patterns" 4<"$2"
}

# type_in SECTION: its commands, in this shell
type_in() {
	for typed in "$tmp/page/$1"/*.do; do
		says=${typed%.do}.says
		status=0
		eval "$(cat "$typed")" >"$tmp/printed" 2>&1 || status=$?
		if [ $status -ne 0 ] || ! as_said "$says" "$tmp/printed"; then
			echo "# $(cat "$typed")"
			cat "$tmp/printed"
			fail "status $status; the page says: $(cat "$says")"
		fi
	done
}

for each in $sections; do
	eval "test_$(echo "$each" | tr - _)() { type_in $each; }"
done
# shellcheck disable=SC2086 # a list
[ $# -gt 0 ] || set -- $sections
if [ $# -eq 0 ]; then
	echo "Bail out! no commands in $PAGE"
	exit 1
fi
run_tests first-hour- "$@"
