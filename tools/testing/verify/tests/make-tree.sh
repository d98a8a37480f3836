#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# make-tree.sh DIR - the originals of the fixtures: DIR/iv32, iv64, perfile,
# plain and keys
#
# Always the same bytes, so that only images need to be kept. Whoever changes
# anything here must make the fixtures anew (make-fixture.sh).

set -eu
LC_ALL=C
export LC_ALL

mkdir -p "$1"
cd "$1"

# lines SIZE LABEL: lines that occurs nowhere else, cut off at SIZE bytes
lines() {
	awk -v size="$1" -v name="$2" 'BEGIN {
		for (n = 0; n < size; n += length(line) + 1) {
			line = sprintf("mmc-crypto-marker %s %06d", name, n)
			print line
		}
	}' | head -c "$1"
}

mkdir iv32 iv64 perfile plain keys
for k in one two; do
	printf 'mmc-crypto test key %s' "$k" |
		openssl dgst -sha512 -binary >keys/$k.key
done

cd iv32
: >empty
printf x >one
for size in 40 512 4097; do
	lines $size $size >"size-$size"
done
long=$(printf '%0255d' 0 | tr 0 n)
lines 700 long-name >"$long"
lines 600 newline >'a
newline'
: >"$(printf 'z\303\274rich \342\202\254')"
: >-dash
: >'with spaces '
mkdir -p deep/er/still 'only folders'
lines 300 deep >deep/er/still/file
mkdir many
i=0
while [ $i -lt 80 ]; do
	: >"many/a rather long name that fills folders $i"
	i=$((i + 1))
done
ln -s size-40 link
ln -s "$(printf '%0100d' 0)" link-100
ln -s "/$(printf '%0800d' 0 | tr 0 l)" link-801
mkfifo pipe
# holes in front, between and behind, far enough apart for indirect nodes
lines 4096 sparse-5 | dd of=sparse bs=4096 seek=5 conv=notrunc 2>/dev/null
lines 3000 sparse-1000 | dd of=sparse bs=4096 seek=1000 conv=notrunc 2>/dev/null
lines 4096 sparse-3500 | dd of=sparse bs=4096 seek=3500 conv=notrunc 2>/dev/null
truncate -s 16000001 sparse

cd ../iv64
lines 4096 iv64 >file
: >small
ln -s file link
mkdir folder
lines 100 iv64-inner >folder/inner

cd ../perfile
lines 3000 perfile-a >a
lines 200 perfile-b >b
ln -s a link
mkdir folder
lines 100 perfile-inner >folder/inner

cd ../plain
lines 6000 legible >canary
lines 50 plain-small >small
ln -s canary link
mkdir folder
lines 512 plain-inner >folder/inner
