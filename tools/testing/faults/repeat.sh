#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# repeat.sh - do a round of the fault campaign twice, and see that it comes out the same
#
# usage: repeat.sh SEED DIR [OPTION...]
#
# In two folders below DIR, which is made anew, whose names differ in length; the options are
# those of scripts/faults. What the guest said and when, what it wrote to its results, and what the
# engine and the card noted have to be the same to the last byte. Whether the round
# is good, is not asked: one that failed has to be repeatable, too.

set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd -P)
if [ $# -lt 2 ] || [ -z "$1" ] || [ -z "$2" ]; then
	echo "usage: repeat.sh SEED DIR [OPTION...]" >&2
	exit 2
fi
seed=$1
where=$2
shift 2
rm -rf -- "$where"
mkdir -p "$where"
where=$(CDPATH='' cd -- "$where" && pwd -P) || exit 1
for each in one another-one-with-a-longer-name; do
	"$top/scripts/faults" --forget --seed "$seed" --rounds 1 --in "$where/$each" "$@" || :
	# It is kept elsewhere if it failed
	for dir in "$where/$each/boot" "$where/$each/failed-$seed"; do
		[ ! -d "$dir" ] || ln -s "$dir" "$where/$each/guest"
	done
done

status=0
for file in console.log results.ktap engine.ledger card.ledger; do
	if ! [ -s "$where/one/guest/$file" ]; then
		echo "repeat.sh: there is no $file in $where/one"
		status=1
	elif ! cmp "$where/one/guest/$file" "$where/another-one-with-a-longer-name/guest/$file"; then
		status=1
	fi
done
[ $status -ne 0 ] || echo "repeat.sh: round $seed came out the same twice"
exit $status
