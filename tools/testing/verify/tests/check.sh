#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# check.sh VERIFY MKLEDGER MKRAW - tests of the verifier, KTAP on standard output
#
# The fixtures are images that a stock 5.10 kernel wrote (make-fixture.sh). On
# each of them the verifier must pass, and then fail by the named check for
# every single thing that is broken here. Add a mutation with each new check.

set -u
LC_ALL=C
export LC_ALL

verify=$(realpath "$1")
mkledger=$(realpath "$2")
mkraw=$(realpath "$3")
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 2

total=0
failed=0

# result NAME STATUS: a line of KTAP; what the verifier said follows a failure
result() {
	total=$((total + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $total $1"
	else
		failed=$((failed + 1))
		echo "not ok $total $1"
		sed 's/^/# /' out
	fi
}

# run OPTION...: the verifier on the present image, keys and ledgers
run() {
	"$verify" --image img --key keys/one.key --key keys/two.key \
		--canary canary --kv kv "$@" >out 2>&1
}

trees() {
	run --fs 1048576 \
		--policy iv32 --expect iv32=tree/iv32 \
		--policy iv64 --expect /iv64=tree/iv64 \
		--policy perfile --expect perfile/=tree/perfile \
		--expect-plain plain=tree/plain \
		--marker-scan tree/iv32 --marker-scan tree/iv64 \
		--engine-ledger engine --card-ledger card "$@"
}

# shellcheck disable=SC2120 # it is called by name, with options
plan() {
	run --plan plan --corpus tree/iv32 --engine-ledger engine \
		--card-ledger card --ledger-exact "$@"
}

passes() {
	name=$1
	shift
	"$@"
	status=$?
	[ $status -eq 0 ] && grep -qx RESULT=PASS kv
	result "$name" $?
	reset
}

# fails NAME CHECKS COMMAND...: these checks and no others
fails() {
	name=$1
	checks=$2
	shift 2
	"$@"
	status=$?
	got=$(sed -n 's/^not ok [0-9]* //p' out | sort | paste -sd, -)
	want=$(printf '%s\n' "$checks" | tr , '\n' | sort | paste -sd, -)
	echo "failed: $got, not: $want" >>out
	[ $status -eq 1 ] && [ "$got" = "$want" ] && grep -qx RESULT=FAIL kv
	result "$name" $?
	reset
}

# refuses NAME TEXT COMMAND...: status 2 and a line that holds TEXT
refuses() {
	name=$1
	text=$2
	shift 2
	"$@"
	status=$?
	[ $status -eq 2 ] && grep -q "^verify: .*$text" out &&
		[ "$(grep -c ^verify: out)" -eq 1 ]
	result "$name" $?
	reset
}

reset() {
	rm -rf tree keys canary
	cp -a good/tree good/keys good/canary good/engine good/card .
	[ ! -f good/plan ] || cp good/plan .
	[ ! -f good/tried ] || cp good/tried .
	# the image is the largest piece and seldom the one that was broken
	if [ -f touched ] || [ ! -f img ]; then
		cp --sparse=always good/img img
		rm -f touched
	fi
}

# whatever changes the image has to go through here
on_image() {
	: >touched
	"$@"
}

# poke SECTOR BYTE <DATA
poke() {
	on_image dd of=img bs=1 seek=$(($1 * 512 + $2)) conv=notrunc 2>/dev/null
}

# edit LEDGER AWK: the program sees split records and may change or drop them
edit() {
	awk "$2" "$1" >edited && mv edited "$1"
}

# the same, but the numbers stay without a gap
renumber() {
	edit "$1" "$2"
	edit "$1" '{ sub(/ n=[0-9]+/, " n=" NR); print }'
}

# unit NUMBER COLUMN of the map
unit() {
	sed -n "$1p" good/map | cut -d ' ' -f "$2"
}

echo "KTAP version 1"
mkdir good
# where engine and card disagree, nothing can be said of what crossed
agree="ledgers agree,ledger writes,ledger last writes"

"$here/make-tree.sh" good/tree
mv good/tree/keys good/keys
cp good/tree/plain/canary good/canary

for kind in ext4 f2fs; do
	xz -dc "$here/fixtures/$kind.img.xz" | dd of=good/img bs=64k conv=sparse 2>/dev/null
	cp "$here/fixtures/$kind.map" good/map
	"$mkledger" good/img good/map good/engine good/card
	rm -f img
	reset

	passes "$kind: all holds" trees --ledger-exact
	passes "$kind: more may have crossed" trees --ledger-covers
	"$mkledger" img good/map engine card legacy
	passes "$kind: every other task was not queued" trees --ledger-exact
	passes "$kind: without ledgers" run --fs 1048576 --expect iv32=tree/iv32

	a=$(unit 1 1)
	b=$(unit 2 1)

	# the image
	printf '\125' | poke "$a" 77
	fails "$kind: a byte of ciphertext changed" \
		"tree 0:iv32,ciphertext 0:iv32,ledger and image" trees
	on_image dd if=good/img of=img bs=512 skip="$a" seek="$b" count=8 conv=notrunc 2>/dev/null
	on_image dd if=good/img of=img bs=512 skip="$b" seek="$a" count=8 conv=notrunc 2>/dev/null
	fails "$kind: two blocks swapped" \
		"tree 0:iv32,ciphertext 0:iv32,ledger and image" trees
	head -c 4096 tree/iv32/size-4097 | poke 133000 0
	fails "$kind: a block of plaintext" "no plaintext,no marker" trees
	sha=$(head -c 512 tree/iv32/size-4097 | sha256sum | cut -c 1-16)
	sed -i "1i S n=0 cmd=25 part=0 dir=w lba=$a sha=$sha" card
	renumber card 1
	fails "$kind: plaintext that was written over since" "no plaintext" trees
	mkdir never
	tr "a-z" "b-za" <good/tree/iv32/size-4097 >never/lost
	passes "$kind: what became of it is not asked" run --fs 1048576 \
		--expect iv32=tree/iv32 --never never
	head -c 4096 never/lost | poke 133000 0
	fails "$kind: a block that nothing is expected of, in plaintext" "no plaintext" \
		run --fs 1048576 --expect iv32=tree/iv32 --never never
	rm -r never
	tail -c +2049 tree/iv32/size-512 | cat - tree/iv32/size-40 | poke 133000 36
	fails "$kind: a small file in the middle of a sector" \
		"no plaintext,no marker" trees
	head -n 1 tree/iv32/size-512 | poke 133000 13
	fails "$kind: a marker at an odd byte" "no marker" trees
	"$here/make-tree.sh" other
	sed 's/legible/missing/' other/plain/canary >canary
	rm -r other
	fails "$kind: no canary" "canary,no plaintext" trees

	# keys and policies
	cp keys/two.key keys/one.key
	fails "$kind: a key is not given" \
		"file system 0,tree 0:iv32,ciphertext 0:iv32,ledger writes,ledger reads" \
		trees --ledger-exact
	fails "$kind: another policy than wanted" "policy 0:iv32" \
		run --fs 1048576 --policy iv64 --expect iv32=tree/iv32
	fails "$kind: a tree is not encrypted" \
		"policy 0:plain,ciphertext 0:plain,no plaintext" \
		run --fs 1048576 --expect plain=tree/plain --expect iv32=tree/iv32
	fails "$kind: a tree is encrypted" "policy 0:iv32" \
		run --fs 1048576 --expect-plain iv32=tree/iv32 --expect iv64=tree/iv64

	# the originals
	rm tree/iv64/folder/inner
	fails "$kind: a file too many" "tree 0:/iv64" trees
	: >tree/iv64/folder/other
	fails "$kind: a file is missing" "tree 0:/iv64" trees
	mv tree/iv64/small tree/iv64/Small
	fails "$kind: a file has another name" "tree 0:/iv64" trees
	printf x >tree/iv32/empty
	fails "$kind: a file of another size" "tree 0:iv32" trees
	printf y | dd of=tree/iv32/sparse bs=1 seek=9000000 conv=notrunc 2>/dev/null
	fails "$kind: data where the card has a hole" \
		"tree 0:iv32,ciphertext 0:iv32" trees
	printf y | dd of=tree/plain/folder/inner bs=1 seek=5 conv=notrunc 2>/dev/null
	fails "$kind: an unencrypted file differs" "tree 0:plain" trees
	ln -sf elsewhere tree/iv32/link
	fails "$kind: a link points elsewhere" "tree 0:iv32" trees
	ln -sf "$(printf '%0800d' 1)" tree/iv32/link-801
	fails "$kind: a long link points elsewhere" "tree 0:iv32" trees
	rm tree/iv32/pipe
	: >tree/iv32/pipe
	fails "$kind: a file of another type" "tree 0:iv32" trees
	fails "$kind: no such folder" "tree 0:iv33,policy 0:iv33,ciphertext 0:iv33" \
		run --fs 1048576 --expect iv33=tree/iv32
	mkdir none
	fails "$kind: nothing to prove" \
		"tree 0:none,policy 0:none,ciphertext 0:none" \
		run --fs 1048576 --expect none=none
	rmdir none

	# ledgers by themselves
	edit engine '!/^E/'
	fails "$kind: the engine's ledger has no end" "ledgers complete" trees
	edit card '!/^E/'
	fails "$kind: the card's ledger has no end" "ledgers complete" trees
	edit card '!/^F/'
	fails "$kind: the card's ledger has a gap" "ledgers complete" trees
	edit engine '!/^P/ || !/enable=0/'
	fails "$kind: the engine's ledger has a gap" "ledgers complete" trees
	renumber engine '!/^T/ || !/status=card/'
	fails "$kind: a task is not closed" "ledgers complete,$agree" trees
	renumber card "!/ cmd=46 .* lba=$a /"
	fails "$kind: the card lacks a record" "$agree" trees
	renumber card "{ print } / cmd=46 .* lba=$a / { print }"
	fails "$kind: the card has a record too many" "$agree" trees
	edit engine "/^U/ && / lba=$b / { sub(/sha=..../, \"sha=0123\") } { print }"
	fails "$kind: the engine's data is other than the card's" "$agree" trees
	edit card "/ cmd=47 .* lba=$b / { sub(/sha=..../, \"sha=0123\") } { print }"
	fails "$kind: the card's data is other than the engine's" \
		"$agree,ledger and image" trees
	edit engine '/^P.*enable=1/ { sub(/key=..../, "key=0123") } { print }'
	fails "$kind: a slot was given another key" "ledger keys" trees
	edit engine '/^P/ { sub(/enable=1/, "enable=0") } { print }'
	fails "$kind: a slot was not enabled" "ledger keys" trees

	echo "F n=$(($(wc -l <card) + 1))" >>card
	fails "$kind: a record behind the end" "ledgers complete" trees
	edit engine '/^U/ { sub(/ t=3 /, " t=4 ") } { print }'
	fails "$kind: a task with another's data" "$agree" trees
	renumber engine '{ print } /^T.* t=3 / { print }'
	refuses "$kind: a task is closed twice" "closed twice" trees

	# ledgers and the rest
	edit engine "/ lba=$b / { sub(/dun=[0-9]+/, \"dun=99\") } { print }"
	fails "$kind: another DUN" \
		"ledger writes,ledger last writes,ledger reads" trees --ledger-exact
	edit engine "/^U/ && / lba=$b / { sub(/dun=[0-9]+/, \"dun=99\") } { print }"
	fails "$kind: a data unit's DUN is not its task's" \
		"ledgers agree,ledger writes,ledger last writes" trees
	edit engine "/ dir=r lba=$b / { sub(/key=..../, \"key=0123\") } { print }"
	fails "$kind: read with another key" \
		"ledger keys,ledger last writes,ledger reads" trees --ledger-exact
	edit engine "/ lba=$b / { sub(/crypt=1/, \"crypt=0\") } { print }"
	fails "$kind: a block did not cross" "ledger writes,ledger last writes" trees
	line=$(grep -n " cmd=46 .* lba=$a " card | head -n 1 | cut -d : -f 1)
	sha=$(sed -n "s/^S.* cmd=47 .* lba=$b sha=//p" card | head -n 1)
	renumber card "{ print } NR == $line - 2 { print \"S n=0 cmd=25 part=0 dir=w lba=$b sha=$sha\" }"
	fails "$kind: overwritten outside of the queue" "ledger last writes" trees
	renumber card "/^E/ { print \"Z n=0 cmd=38 part=0 lba=$b sectors=8\" } { print }"
	fails "$kind: erased in the end" "ledger last writes" trees
	sed 1d good/map >map
	"$mkledger" img map engine card
	fails "$kind: a file's block is in no ledger" \
		"ledger writes,ledger last writes,ledger reads" trees --ledger-exact
	{
		cat good/map
		echo "133000 7 $(unit 1 3) 8"
	} >map
	"$mkledger" img map engine card
	fails "$kind: a block too many crossed" "ledger writes,ledger reads" \
		trees --ledger-exact
	"$mkledger" img map engine card
	passes "$kind: a deleted file's block crossed" trees --ledger-covers
	where=$(grep -abo 'mmc-crypto-marker legible 000000' img | head -n 1 | cut -d : -f 1)
	{
		cat good/map
		echo "$((where / 512)) 7 $(unit 1 3) 8"
	} >map
	"$mkledger" img map engine card
	fails "$kind: an unencrypted file's block crossed" "ledger last writes" trees

	# unusable input
	refuses "$kind: damaged superblock" "neither ext4 nor f2fs" \
		run --fs 0 --expect iv32=tree/iv32
	on_image truncate -s 8M img
	refuses "$kind: image cut short" "fit the image" trees
done

# a plan: every size of data unit, a DUN that needs all of its bits, plain data
rm -f good/map
truncate -s 0 good/img
truncate -s 4M good/img
cat >good/plan <<END
half sector=16 key=one dun=0 dus=512 file=size-4097 offset=0 length=4096
one sector=80 key=two dun=4294967280 dus=1024 file=size-4097 offset=1 length=4096
two sector=160 key=one dun=77 dus=2048 file=long offset=0 length=32768
four sector=1024 key=one dun=123456 dus=4096 file=long offset=32768 length=8192
plain sector=4096 key=- dun=- dus=- file=legible offset=0 length=8192
END
awk 'BEGIN { while (n++ < 1800) printf("mmc-crypto-marker plan %d\n", n) }' >good/tree/iv32/long
head -c 4608 good/canary >good/tree/iv32/legible
head -c 3584 /dev/zero | tr '\0' l >>good/tree/iv32/legible
head -c 4608 good/tree/iv32/legible >good/canary
"$mkraw" good/img good/keys good/tree/iv32 <good/plan >good/map || echo "Bail out! mkraw"
"$mkledger" good/img good/map good/engine good/card
rm -f img
reset
passes "plan: all holds" plan

# what was tried, though it failed or something else was written there later
# shellcheck disable=SC2120 # it is called by name
attempts() {
	run --plan plan --corpus tree/iv32 --engine-ledger engine --card-ledger card --attempts tried
}
cp good/plan good/tried
echo "gone sector=3000 key=one dun=9 dus=4096 file=long offset=0 length=8192" >>good/tried
t=$(sed -n 's/^T.* t=\([0-9]*\) .*status=card$/\1/p' good/engine | head -n 1)
sector=$(sed -n "s/^T.* t=$t .* lba=\([0-9]*\) .*/\1/p" good/engine)
reset
passes "attempts: all holds" attempts
edit engine "/ t=$t / { sub(/dun=[0-9]+/, \"dun=99\") } { print }"
fails "attempts: another DUN in one that failed" "ledger attempts" attempts
edit engine "/^T.* t=$t / { sub(/key=..../, \"key=0123\") } { print }"
fails "attempts: another key in one that failed" "ledger attempts" attempts
renumber engine "/^U.* t=$t / { next } /^T.* t=$t / { sub(/crypt=1/, \"crypt=0\")
	sub(/key=[0-9a-f]*/, \"key=-\"); sub(/dus=[0-9]*/, \"dus=-\"); sub(/status=card/, \"status=icce\") } { print }"
passes "attempts: the key was lost" attempts
edit engine "/^T.* t=$t / { sub(/crypt=1 slot=3 key=[0-9a-f]* dun=[0-9]* dus=[0-9]*/,
	\"crypt=0 slot=- key=- dun=- dus=-\") } { print }"
fails "attempts: one that failed was not encrypted" "ledger attempts" attempts
edit engine "/^T.* t=$t / { sub(/crypt=1/, \"crypt=0\") } { print }"
fails "attempts: data moved, and was not encrypted" "ledger attempts" attempts
edit engine "/^T.* t=$t / { sub(/dus=[0-9]*/, \"dus=4096\") } /^U.* t=$t / { next } { print }"
renumber engine 1
fails "attempts: another size of data units" "ledger attempts" attempts
{
	sed -n '/^1024 /s/ 123456 / 99 /p' good/map
	cat good/map
} >map
"$mkledger" img map engine card
fails "attempts: another DUN, and written again with its own" "ledger attempts,ledger last writes" attempts
{
	sed -n '/^1024 /s/^1024 /3008 /p' good/map
	cat good/map
} >map
"$mkledger" img map engine card
fails "attempts: another DUN in an extent of which nothing was acknowledged" "ledger attempts" attempts
sha=$(sed -n "s/^S.* cmd=47 .* lba=$sector sha=//p" good/card | tail -n 1)
renumber card "/^E/ { print \"S n=0 cmd=18 part=0 dir=r lba=$sector sha=$sha\" } { print }"
fails "attempts: read past the engine" "ledger attempts" attempts
sed -i 's/^two sector=160 /two sector=82 /' tried
refuses "attempts: two extents at one place" "one and two overlap" attempts

# what is not queued, recorded like what is
legacy() {
	"$mkledger" img good/map engine card legacy
}
legacy
at=$(sed -n 's/^T.* task=legacy dir=w lba=\([0-9]*\) .* crypt=1 .*/\1/p' engine | tail -n 1)
passes "legacy: all holds" plan
legacy
renumber card '!/ cmd=25 / || seen++'
fails "legacy: the card lacks a record" "$agree,ledger reads" plan
legacy
sed -i "\$i S n=0 cmd=25 part=0 dir=w lba=8000 sha=0123456789abcdef" card
renumber card 1
fails "legacy: the card has a record too many" \
	"$agree,ledger and image,ledger reads" plan
legacy
edit card '{ sub(/ cmd=25 /, " cmd=47 ") } { print }'
fails "legacy: the card says that it was queued" "$agree,ledger reads" plan
legacy
edit card '{ sub(/ cmd=46 /, " cmd=18 ") } { print }'
fails "legacy: the card says that it was not queued" "$agree,ledger reads" plan
legacy
edit engine '/ task=legacy / { sub(/crypt=1/, "crypt=0") } { print }'
fails "legacy: it did not cross" "ledger writes,ledger last writes,ledger reads" plan
legacy
edit engine '/ task=legacy / && / crypt=1 / { sub(/key=..../, "key=0123") } { print }'
fails "legacy: another key" \
	"ledger keys,ledger writes,ledger last writes,ledger reads" plan
legacy
edit engine "/ lba=$at / { sub(/dun=[0-9]+/, \"dun=99\") } { print }"
fails "legacy: another DUN" "ledger writes,ledger last writes,ledger reads" plan
# The last sector is not what a transfer got to, nor its hash what the ledger has
cut="/^U.* t=3 / { sub(/sectors=8/, \"sectors=7\"); sub(/,[0-9a-f]*\$/, \"\") } { print }"
{
	sed -n '/^1024 /p' good/map
	cat good/map
} >map
"$mkledger" img map engine card legacy
edit engine "$cut"
passes "legacy: one that failed ended within a data unit" plan
"$mkledger" img map engine card
edit engine "$(echo "$cut" | sed 's/t=3/t=2/')"
fails "legacy: one that was queued ended within a data unit" "ledgers agree" plan
"$mkledger" img map engine card legacy
edit engine "$cut"
sed -i '/^U.* t=3 /{s/dun=[0-9]*/dun=99/}' engine
fails "legacy: one that failed ended within a data unit with another DUN" "ledgers agree" plan
legacy
edit engine '{ sub(/ task=legacy /, " task=other ") } { print }'
refuses "legacy: another word" "neither legacy nor has a tag" plan
printf '\125' | poke 161 9
fails "plan: a byte of ciphertext changed" "plan,ledger and image" plan
printf '\125' | poke 4097 9
fails "plan: a byte of plain data changed" "canary,no plaintext,plan,ledger and image" plan
sed -i 's/dun=77/dun=78/' plan
fails "plan: another DUN" "plan,ledger writes,ledger last writes,ledger reads" plan
sed -i 's/^four \(.*\)key=one/four \1key=two/' plan
fails "plan: another key" "plan,ledger writes,ledger last writes,ledger reads" plan
sed -i 's/^four \(.*\)dus=4096/four \1dus=2048/' plan
fails "plan: another data unit size" "plan,ledger writes,ledger last writes,ledger reads" plan
echo "more sector=18 key=one dun=2 dus=512 file=size-4097 offset=1024 length=512" >>plan
fails "plan: two extents at one place" "plan,ledger writes,ledger reads" plan
sed -i '/^plain/d' plan
passes "plan: unencrypted data that nobody asked for" plan
sed -i 's/^four \(.*\)key=one dun=123456 dus=4096/four \1key=- dun=- dus=-/' plan
fails "plan: encrypted instead of plain" \
	"plan,ledger writes,ledger last writes,ledger reads" plan
sed -i 's/length=8192/length=8193/' plan
refuses "plan: not whole data units" "line 4: length 8193" plan
sed -i 's/dus=2048/dus=8192/' plan
refuses "plan: no such data unit" "line 3: no data unit" plan
sed -i 's/key=two/key=three/' plan
refuses "plan: no such key" "line 2: key 'three'" plan
sed -i 's/sector=16 //' plan
refuses "plan: a field is missing" "line 1: no field 'sector'" plan
sed -i 's/sector=16 /sector=8190 /' plan
refuses "plan: behind the card's end" "not within the card" plan
sed -i 's/file=long offset=0/file=long offset=40000/' plan
refuses "plan: behind the file's end" "has no such bytes" plan

# input that cannot be used
bare() {
	"$verify" "$@" >out 2>&1
}
refuses "no image" "image is needed" bare --fs 0
refuses "nothing to prove" "nothing to prove" bare --image img --key keys/one.key
refuses "no key" "no --key" bare --image img --fs 0
refuses "unknown option" "try --help" bare --image img --fsck 0
refuses "stray argument" "not an option" bare --image img img
refuses "no such image" "No such file" bare --image gone --fs 0 --key keys/one.key
refuses "image of odd size" "no multiple" bare --image keys/one.key --fs 0 --key keys/one.key
refuses "offset that is no number" "not a number" bare --image img --fs 1k
refuses "offset behind the end" "not a sector" run --fs 999999999488
refuses "expectation without file system" "no --fs" bare --expect a=b
refuses "expectation without folder" "not PATH=DIR" bare --fs 0 --expect a
refuses "unknown policy" "not known" bare --policy iv128
refuses "one ledger" "need each other" bare --image img --engine-ledger engine
refuses "plan without corpus" "need each other" bare --image img --plan plan
refuses "exact and covers" "exclude each other" bare --image img --engine-ledger engine \
	--card-ledger card --ledger-exact --ledger-covers
printf short >keys/one.key
refuses "key of the wrong length" "not 64 bytes" plan
: >engine
fails "empty ledger" \
	"ledgers complete,ledgers agree,ledger keys,ledger writes,ledger last writes,ledger reads" plan
printf 'S n=1 cmd=4' >card
refuses "ledger cut within a line" "middle of a line" plan
sed -i 's/ dus=/ dux=/' engine
refuses "ledger with another field" "missing or out of place" plan
sed -i 's/sha=..../sha=XYZW/' card
refuses "ledger with a bad hash" "not eight bytes" plan
sed -i 's/^F/G/' card
refuses "unknown record" "not a record" plan
rm -r canary
refuses "no such canary" "No such file" plan

# the published vectors must notice a primitive that is wrong
# vector NAME SED: the same program, but for one line of its crypto.c
vector() {
	rm -rf mutant
	mkdir mutant
	cp "$here"/../*.[ch] "$here/../Makefile" mutant/
	cp -p "$(dirname "$verify")"/*.o mutant/ 2>/dev/null
	sed -i "$2" mutant/crypto.c
	if cmp -s mutant/crypto.c "$here/../crypto.c"; then
		echo "nothing mutated" >out
		result "vectors: $1" 1
		return
	fi
	MAKEFLAGS="" make -C mutant O=. >out 2>&1 && (
		verify=mutant/verify
		plan
		grep -qx 'not ok 1 vectors' out
	)
	result "vectors: $1" $?
}
vector "SipHash" 's/some\(pseudorandomly\)/sume\1/'
vector "HKDF" 's/len < t_len ? len : t_len/len < 16 ? len : 16/'
vector "HMAC" 's/EVP_sha512(), key/EVP_sha384(), key/'
vector "XTS's tweak" 's/(uint8_t)(dun >> 8 \* i)/(uint8_t)(dun << 1 >> 8 * i)/'
vector "stolen ciphertext" 's/CTS_MODE_CS3/CTS_MODE_CS1/'
vector "SHA-256" 's/"SHA256"/"SHA512-256"/'

echo "1..$total"
echo "# $((total - failed)) passed, $failed failed"
[ $failed -eq 0 ]
