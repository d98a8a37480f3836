#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# make-fixture.sh ext4|f2fs DIR TOOL - make DIR/KIND.img.xz and DIR/KIND.map
#
# Needs root, loop devices, and a kernel with fscrypt and the file system; TOOL
# is the compiled fscrypt-fixture.c. The kernel writes the image; which block
# must have which DUN and key is worked out here with the openssl program, so
# that the verifier's own derivation is judged by something else. Lines of the
# map: "sector dun fingerprint sectors", for each block.

set -eu

kind=$1
out=$2
tool=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
offset=$((1024 * 1024))
bs=4096
img=$out/$kind.img

cleanup() {
	umount "$work/mnt" 2>/dev/null || :
	losetup -d "$loop" 2>/dev/null || :
	rm -rf "$work"
}
loop=
trap cleanup EXIT

mkdir -p "$work/mnt" "$out"
"$here/make-tree.sh" "$work/tree"

rm -f "$img"
truncate -s $((offset + 64 * 1024 * 1024)) "$img"
loop=$(losetup --show -f -o $offset "$img")
case $kind in
ext4)
	mke2fs -q -t ext4 -b $bs -O encrypt,stable_inodes,inline_data,^has_journal \
		"$loop"
	uuid=$(dumpe2fs -h "$loop" 2>/dev/null |
		sed -n 's/^Filesystem UUID: *//p' | tr -d -)
	;;
f2fs)
	mkfs.f2fs -q -f -O encrypt,extra_attr,inode_checksum,flexible_inline_xattr \
		"$loop" >/dev/null
	uuid=$(dd if="$loop" bs=1 skip=$((1024 + 108)) count=16 2>/dev/null |
		od -An -tx1 | tr -d ' \n')
	;;
*)
	echo "make-fixture.sh: $kind: neither ext4 nor f2fs" >&2
	exit 2
	;;
esac

mount -t "$kind" "$loop" "$work/mnt"
one=$("$tool" addkey "$work/mnt" <"$work/tree/keys/one.key")
two=$("$tool" addkey "$work/mnt" <"$work/tree/keys/two.key")
mkdir "$work/mnt/iv32" "$work/mnt/iv64" "$work/mnt/perfile"
"$tool" policy "$work/mnt/iv32" "$one" 0x13
"$tool" policy "$work/mnt/iv64" "$two" 0x09
"$tool" policy "$work/mnt/perfile" "$two" 0x02
for d in iv32 iv64 perfile plain; do
	cp -a --sparse=always "$work/tree/$d" "$work/mnt/"
done
# something that is gone again leaves traces which must not disturb
cp "$work/tree/perfile/b" "$work/mnt/iv32/deleted"
sync
rm "$work/mnt/iv32/deleted"
umount "$work/mnt"
mount -t "$kind" "$loop" "$work/mnt"
"$tool" addkey "$work/mnt" <"$work/tree/keys/one.key" >/dev/null
"$tool" addkey "$work/mnt" <"$work/tree/keys/two.key" >/dev/null
for d in iv32 iv64 perfile plain; do
	diff -r --no-dereference -x pipe "$work/tree/$d" "$work/mnt/$d"
done

fingerprint() {
	{
		printf 'mmc-crypto key'
		printf %s "$1" | xxd -r -p
	} | sha256sum | cut -c 1-16
}

# inode number as eight little-endian bytes
ino_le() {
	printf '%016x' "$1" | sed 's/\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\8\7\6\5\4\3\2\1/'
}

# hkdf KEYFILE LENGTH INFO, the last in hex: context byte and what follows it
hkdf() {
	openssl kdf -keylen "$2" -kdfopt digest:SHA512 \
		-kdfopt hexkey:"$(od -An -v -tx1 "$1" | tr -d ' \n')" \
		-kdfopt hexinfo:6673637279707400"$3" HKDF | tr -d ':\n' |
		tr A-F a-f
}

for d in iv32 iv64 perfile; do
	find "$work/mnt/$d" -type f -size +0 -exec "$tool" map {} $bs \; |
	while read -r ino nonce lblk byte; do
		case $d in
		iv32)
			key=$(hkdf "$work/tree/keys/one.key" 64 "0601$uuid")
			sip=$(hkdf "$work/tree/keys/one.key" 16 07)
			hash=$(ino_le "$ino" | xxd -r -p | openssl mac \
				-macopt hexkey:"$sip" -macopt size:8 SIPHASH)
			# the number's lower half, little-endian, is digits 1 to 8
			low=$(echo "$hash" | sed 's/\(..\)\(..\)\(..\)\(..\).*/\4\3\2\1/')
			dun=$(((0x$low + lblk) % 4294967296))
			;;
		iv64)
			key=$(hkdf "$work/tree/keys/two.key" 64 "0401$uuid")
			dun=$((ino * 4294967296 + lblk))
			;;
		perfile)
			key=$(hkdf "$work/tree/keys/two.key" 64 "02$nonce")
			dun=$lblk
			;;
		esac
		echo "$(((byte + offset) / 512)) $dun $(fingerprint "$key") $((bs / 512))"
	done
done >"$out/$kind.map"

umount "$work/mnt"
losetup -d "$loop"
xz -6e -f "$img"
ls -l "$out/$kind.img.xz" "$out/$kind.map"
