# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # what is set here is used where it is sourced, and the reverse
#
# guest-parts.sh - the parts of scripts/check that are guests: what each is given, how it is
# started, and what proves that it did right. Sourced by scripts/check, whose functions and
# variables it uses; fault-parts.sh has those whose hardware fails. What a mutant is tested
# with is here, and so not in scripts/check: scripts/mutants goes by it.

# --- what a guest is given: corpus, plan and keys

# Where what is; tools/testing/selftests/mmc-crypto/README.rst has the same table
# Seconds for a proof, of which none needs more than a few
proof_limit=${PROOF_LIMIT:-300}
card_bytes=$((4 << 30))
p1=2048
p2=2097152
p3=4194304
last_unit=$((card_bytes / 512 - 8))
boot_mib=1

# What the tests of fs.sh need: test, folder, key, policy, number and size of files
fs_table="
one-key one-key one iv32 24 60000
many-keys many-keys many perfile 40 30000
more-keys-than-slots more-keys-than-slots many perfile 48 20000
evict-and-reuse evict-a evict-a iv32 6 20000
evict-and-reuse evict-b evict-b iv32 6 20000
evict-and-reuse evict-c evict-c iv32 6 20000
rewrite-in-place rewrite one iv32 3 65536
direct-io direct one iv32 3 70000
unencrypted-beside beside one iv32 12 50000
unencrypted-beside plain - - 12 50000
key-removed-while-open busy busy iv32 4 50000"

# What race.sh needs, likewise
race_table="
all-at-once files race-files perfile 48 40000
all-at-once evict race-evict iv32 6 40000
all-at-once plain - - 24 50000"

# What msm.sh needs, likewise
msm_table="
any files files iv32 6 30000"

# file_list DIR NUMBER SIZE: sizes from the one given on; of many files, some are odd
file_list() {
	n=0
	while [ $n -lt "$2" ]; do
		case $2:$n in
		[1-5]:*)	size=$(($3 + n * 331)) ;;
		*:1)	size=1 ;;
		*:2)	size=4096 ;;
		*:3)	size=4097 ;;
		*:4)	size=0 ;;
		*)	size=$(($3 + n * 331)) ;;
		esac
		# race.sh deals out files by the end of their names
		echo "$size $1/file-$n$([ "${1#race/files}" = "$1" ] || echo "-$((n % 3))")"
		n=$((n + 1))
	done
}

# extent NAME KEY DUN DUS LENGTH [FILE OFFSET]: the next one of the plan, behind the
# last; its data is the next of the corpus file of the test
extent() {
	echo "$1 sector=$sector key=$2 dun=$3 dus=$4 file=$file offset=$offset length=$5" >>"$dir/plan"
	sector=$((sector + $5 / 512))
	offset=$((offset + $5))
}

# corpus_file TEST SIZE: begin the extents of a test
corpus_file() {
	file=raw/$1
	offset=0
	echo "$2 raw/$1" >>"$dir/corpus.list"
	# Tests do not touch: what one does to its neighbour is seen
	sector=$((sector + 64))
}

# plan_test TEST: the extents that a test of raw.sh needs
plan_test() {
	n=0
	case $1 in
	data-unit-*)
		corpus_file "$1" 262144
		extent "$1.0" raw-0 7 "${1#data-unit-}" 200704
		extent "$1.1" raw-1 100000 "${1#data-unit-}" 61440 ;;
	queue-depth-31|forced-unit-access|contiguous-bios-merge)
		corpus_file "$1" 524288
		extent "$1.0" raw-1 4096 4096 524288 ;;
	no-merge-across-dun-gap)
		corpus_file "$1" 131072
		while [ $n -lt 32 ]; do
			extent "$1.$n" raw-2 $((1000 - n * 7)) 4096 4096
			n=$((n + 1))
		done ;;
	no-merge-across-keys)
		corpus_file "$1" 131072
		while [ $n -lt 32 ]; do
			case $((n % 3)) in
			0)	extent "$1.$n" raw-3 $n 4096 4096 ;;
			1)	extent "$1.$n" raw-4 $n 4096 4096 ;;
			2)	extent "$1.$n" - 0 4096 4096 ;;
			esac
			n=$((n + 1))
		done ;;
	split-max-sectors)
		corpus_file "$1" 786432
		extent "$1.0" raw-5 50 4096 786432 ;;
	split-segments)
		corpus_file "$1" 3145728
		extent "$1.512" raw-6 1 512 1048576
		extent "$1.4096" raw-6 2 4096 2097152 ;;
	plain-and-flushes-between)
		corpus_file "$1" 524288
		while [ $n -lt 64 ]; do
			case $((n % 2)) in
			0)	extent "$1.$n" raw-7 $((n * 100)) 2048 8192 ;;
			1)	extent "$1.$n" - 0 4096 8192 ;;
			esac
			n=$((n + 1))
		done ;;
	more-keys-than-slots)
		corpus_file "$1" 786432
		while [ $n -lt 48 ]; do
			extent "$1.$((n % 6)).$n" "raw-$n" $((n * 3)) 4096 16384
			n=$((n + 1))
		done ;;
	evict-and-reuse)
		corpus_file "$1" 262144
		while [ $n -lt 4 ]; do
			extent "$1.$n" "raw-$((40 + n))" 77 4096 65536
			n=$((n + 1))
		done ;;
	dun-beyond-32-bits-fails)
		corpus_file "$1" 131072
		extent "$1.0" raw-8 0 4096 65536 ;;
	boot-partitions-beside-user-area)
		corpus_file "$1" 524288
		extent "$1.0" raw-9 0 4096 524288
		echo "131072 raw/boot-0" >>"$dir/corpus.list"
		echo "131072 raw/boot-1" >>"$dir/corpus.list" ;;
	last-sector-last-dun)
		corpus_file "$1" 4096
		next=$sector
		sector=$last_unit
		extent "$1.0" raw-10 4294967295 4096 4096
		sector=$next ;;
	msm)
		for worker in 1 2; do
			corpus_file "msm-$worker" 524288
			n=0
			while [ $n -lt 16 ]; do
				extent "msm.$worker.$n" "raw-$((n + worker * 2))" $((n * 1000)) 4096 32768
				n=$((n + 1))
			done
		done ;;
	race)
		for worker in 3 4; do
			corpus_file "race-$worker" 786432
			n=0
			while [ $n -lt 24 ]; do
				extent "race.$worker.$n" "raw-$((n + worker * 2))" $((n * 1000)) 4096 32768
				n=$((n + 1))
			done
		done ;;
	esac
}

raw_tests="data-unit-512 data-unit-1024 data-unit-2048 data-unit-4096 queue-depth-31
 contiguous-bios-merge no-merge-across-dun-gap no-merge-across-keys split-max-sectors
 split-segments plain-and-flushes-between forced-unit-access more-keys-than-slots
 evict-and-reuse dun-beyond-32-bits-fails boot-partitions-beside-user-area
 last-sector-last-dun"

# key NAME: 64 random bytes
key() {
	[ -e "$dir/keys/$1.key" ] || head -c 64 /dev/urandom >"$dir/keys/$1.key"
}

# wants TEST LIST: is the test in the list, or does an empty list mean all?
wants() {
	case " $2 " in
	"  "|*" $1 "*) return 0 ;;
	esac
	return 1
}

# give_table FOLDER OFFSET TABLE CHOSEN: corpus, keys and expectations of files
give_table() {
	echo "--fs $2" >>"$dir/proof.args"
	echo "$3" | while read -r test folder key policy number size; do
		if [ -z "$test" ] || ! wants "$test" "$4"; then
			continue
		fi
		file_list "$1/$folder" "$number" "$size" >>"$dir/corpus.list"
		if [ "$key" = - ]; then
			echo "--expect-plain $folder $1/$folder" >>"$dir/proof.args"
			continue
		fi
		case $1 in
		race)	name=$key ;;
		*)	name=$1-$key ;;
		esac
		key "$name"
		echo "--policy $policy" >>"$dir/proof.args"
		echo "--expect $folder $1/$folder" >>"$dir/proof.args"
	done
}

# give TESTS: make everything that these programs need
give() {
	sector=$p3
	: >"$dir/corpus.list"
	: >"$dir/proof.args"
	for each in $1; do
		program=${each%%:*}
		chosen=$(echo "$each" | tr ':' ' ')
		chosen=${chosen#"$program"}
		case $program in
		fs.sh)
			# The first argument is the file system
			fs=$(echo "$chosen" | awk '{ print $1 }')
			chosen=$(echo "$chosen" | awk '{ $1 = ""; print }' | sed 's/^ *//')
			case $fs in
			ext4)	offset=$((p1 * 512)) ;;
			f2fs)	offset=$((p2 * 512)) ;;
			esac
			give_table "$fs" "$offset" "$fs_table" "$chosen" ;;
		race.sh)
			give_table race $((p1 * 512)) "$race_table" ""
			plan_test race ;;
		raw.sh)
			for test in $raw_tests; do
				# As raw.sh has it
				case $test:$engine:$boot in
				dun-beyond-*:fallback:*|boot-*:n) continue ;;
				esac
				if wants "$test" "${chosen# }"; then
					plan_test "$test"
				fi
			done ;;
		msm.sh)
			give_table msm $((p1 * 512)) "$msm_table" ""
			echo "16384 msm/plain/file-0" >>"$dir/corpus.list"
			# Of all tests, this one has raw extents
			! wants removal-under-io "${chosen# }" || plan_test msm ;;
		noice.sh)
			echo "262144 noice/file-0" >>"$dir/corpus.list" ;;
		stock.sh)
			for n in 0 1 2 3 4 5; do
				echo "1048576 stock/file-$n"
			done >>"$dir/corpus.list" ;;
		*)	give_faults "$program" "${chosen# }" ;;
		esac
	done
	if [ -f "$dir/plan" ]; then
		sed -n 's/.* key=\([^ -][^ ]*\) .*/\1/p' "$dir/plan" | sort -u | while read -r name; do
			key "$name"
		done
		# Keys of tests that must not find any data
		key raw-0
	fi
	"$where/tools/corpus" "$dir/corpus" "$nonce" <"$dir/corpus.list" ||
		die "no corpus in $dir"
	echo "4096 canary" | "$where/tools/corpus" "$dir" "$nonce" ||
		die "no canary in $dir"
	mksquashfs "$dir/corpus" "$dir/input.sqfs" -quiet -no-progress -noappend -noI -noD -noF \
		-all-root >"$dir/input.log" 2>&1 || die "no $dir/input.sqfs (see $dir/input.log)"
}

# --- guests

# prepare VARIANT: build the kernel, the initramfs and the modules
prepare() {
	case $1 in
	debian)	kernel=$("$top/scripts/fetch" debian) || die "no kernel of Debian" ;;
	*)	kernel=$("$top/scripts/kernel" ${source:+--tree "$source" --name "mutant-$1"} "$1") ||
			die "no $1 kernel" ;;
	esac
	initrd=$("$top/scripts/guest" "$kernel") || die "no initramfs"
	# "make run" makes one of the same name
	cp -- "$initrd" "$where/tools/$1.cpio"
	eval "kernel_$1=\$kernel"
	case $1 in stock|debian) return 0 ;; esac

	modules=$where/tools/modules-$1
	rm -rf -- "$modules"
	mkdir -p "$modules/root/usr/lib/mmc-crypto/selftests"
	cp -- "$testing/blkcrypt/"* "$modules/"
	# shellcheck disable=SC2046 # a list of arguments
	make -C "$kernel" $(compiler_args) M="$modules" modules >"$modules/build.log" 2>&1 </dev/null || {
		tail -n 15 "$modules/build.log" >&2
		die "the test client does not build (all of it in $modules/build.log)"
	}
	cp -- "$modules"/*.ko "$modules/root/usr/lib/mmc-crypto/selftests/"
	(cd "$modules/root" && find . -mindepth 1 | cpio --quiet -o -H newc) >"$modules/run.cpio" ||
		die "cannot write $modules/run.cpio"
}

# make_card: a sparse image with the partitions on it. The card's boot partitions, if
# it has any, are in front of its user area.
make_card() {
	truncate -s "$card_bytes" "$dir/user.img" || die "no card in $dir"
	printf 'label: dos\nstart=%s, size=%s\nstart=%s, size=%s\nstart=%s\n' \
		$p1 $((p2 - p1)) $p2 $((p3 - p2)) $p3 |
		sfdisk -q "$dir/user.img" || die "no partitions on $dir/user.img"
	if [ "$boot" = n ]; then
		mv -- "$dir/user.img" "$dir/card.img"
		return
	fi
	truncate -s $((card_bytes + (boot_mib * 2 << 20))) "$dir/card.img" || die "no card in $dir"
	dd if="$dir/user.img" of="$dir/card.img" bs=1M seek=$((boot_mib * 2)) count=1 conv=notrunc \
		2>/dev/null || die "cannot write $dir/card.img"
}

# user_area: the image as the proof wants it
user_area() {
	if [ "$boot" = n ]; then
		echo "$dir/card.img"
		return
	fi
	dd if="$dir/card.img" of="$dir/user.img" bs=1M skip=$((boot_mib * 2)) conv=sparse 2>/dev/null ||
		die "cannot write $dir/user.img"
	echo "$dir/user.img"
}

# guest PART: run one; what it is stands in the variables that part_* set
guest() {
	part=$1
	dir=$where/$part
	nonce=$(od -An -N 8 -t x8 /dev/urandom | tr -d ' ')
	mkdir -p "$dir/keys" "$dir/corpus"
	tests=${only_tests:-$tests}
	# shellcheck disable=SC2086 # a list
	guards=$(possible guard- $guards)
	give "$tests"
	make_card
	eval "kernel=\$kernel_$variant"
	cat >"$dir/env" <<-END
	NONCE=$nonce
	MODE=check
	TESTS="$tests"
	HOST=$host
	ENGINE=$engine
	FALLBACK=$fallback
	DCMD=$dcmd
	BOOT=$boot
	PLAIN=$plain
	GUARDS="$guards"
	TAINT_ALLOWED=$taint
	VIOLATIONS_ALLOWED="$violations"
	BEFORE_RESUME="/usr/lib/mmc-crypto/selftests/sleep.sh before-resume"
	END
	"$top/scripts/guest" --pack "$dir" >/dev/null || die "no $dir/run.cpio"

	set -- --kernel "$kernel/arch/arm64/boot/Image" --initrd "$where/tools/$variant.cpio" \
		--initrd "$dir/run.cpio"
	case $variant in
	stock|debian) ;;
	*) set -- "$@" --initrd "$where/tools/modules-$variant/run.cpio" ;;
	esac
	for property in $host_props; do
		set -- "$@" --host-prop "$property"
	done
	[ "$boot" = n ] || set -- "$@" --card-prop "boot-partition-size=${boot_mib}M"
	for property in $card_props; do
		set -- "$@" --card-prop "$property"
	done
	[ "$kmemleak" = on ] || append="$append kmemleak=off"
	# Of a mutant, the report is wanted and what comes after
	[ -z "$source" ] || append=$(echo "$append" | sed 's/panic_on_warn=1//')
	[ -z "$append" ] || set -- "$@" --append "$append"
	case $card_model in
	emmc)	set -- "$@" --card-ledger "$dir/card.ledger" ;;
	*)	set -- "$@" --card-model "$card_model" ;;
	esac
	[ ! -f "$dir/swap.img" ] || set -- "$@" --swap "$dir/swap.img"
	[ -z "$reboot" ] || set -- "$@" --reboot
	[ -z "$dumps" ] || set -- "$@" --dump "$dir/dump-"
	status=0
	"$top/scripts/vm" "$@" --host "$host" --card "$dir/card.img" --disk "$dir/input.sqfs" --cpus "$cpus" \
		--memory 768 --timeout "$limit" --results "$dir/results.ktap" \
		--engine-ledger "$dir/engine.ledger" --console "$dir/console.log" >"$dir/vm.log" 2>&1 7>&- &
	children=$!
	wait "$children" || status=$?
	children=
	[ $status -eq 0 ] || note "$part" "not ok guest${tab}it ended with status $status (see $dir/vm.log)"

	[ -f "$dir/results.ktap" ] || : >"$dir/results.ktap"
	awk -v nonce="$nonce" -f "$testing/check/ktap.awk" "$dir/results.ktap" | note_all "$part"
	awk -v recovery="$recovery" -v kmemleak="$kmemleak" -f "$testing/check/console.awk" "$dir/console.log" >"$dir/reports"
}

# quiet: the kernel reported nothing
quiet() {
	if [ -s "$dir/reports" ]; then
		head -n 5 "$dir/reports" | sed 's/^/	/' >&2
		note "$part" "not ok console${tab}$(wc -l <"$dir/reports") reports of the kernel, the first: $(head -n 1 "$dir/reports") (see $dir/console.log)"
	else
		note "$part" "ok console"
	fi
}

# prove: what is on the card, by the keys, the plan and the originals alone
prove() {
	set -- --image "$(user_area)" --canary "$dir/canary" --kv "$dir/proof.kv"
	for file in "$dir"/keys/*.key; do
		set -- "$@" --key "$file"
	done
	while read -r option one two; do
		case $option in
		--expect|--expect-plain)	set -- "$@" "$option" "$one=$dir/corpus/$two" ;;
		*)				set -- "$@" "$option" "$one" ;;
		esac
	done <"$dir/proof.args"
	[ -z "$dumps" ] || set -- "$@" --derived "$dir/derived"
	[ ! -f "$dir/plan" ] || set -- "$@" --plan "$dir/plan" --corpus "$dir/corpus"
	if [ "$engine" != fallback ] && [ "$card_model" = emmc ]; then
		set -- "$@" --engine-ledger "$dir/engine.ledger" --card-ledger "$dir/card.ledger"
		# Whatever became of it; but unencrypted I/O goes to the same places
		case $engine:" $tests " in
		*" stock.sh"*)	;;
		engine:*)	[ ! -f "$dir/plan" ] || set -- "$@" --attempts "$dir/plan" ;;
		esac
	fi
	proof_status=0
	timeout "$proof_limit" "$out/verify/verify" "$@" >"$dir/proof.ktap" 2>"$dir/proof.err" || proof_status=$?
	[ ! -s "$dir/proof.err" ] || say "	$(tail -n 1 "$dir/proof.err")"
	awk -f "$testing/check/ktap.awk" "$dir/proof.ktap" >"$dir/proof"
	if [ $proof_status -ne 0 ] && ! grep -q '^not ok' "$dir/proof"; then
		echo "not ok verifier${tab}status $proof_status: $(tail -n 1 "$dir/proof.err")" >>"$dir/proof"
	fi
}

# proven: all of it has to hold, if the chosen programs leave anything to be proven
proven() {
	[ -s "$dir/proof.args" ] || [ -f "$dir/plan" ] || return 0
	prove
	sed 's/^\(not \)\{0,1\}ok /&proof: /' "$dir/proof" | note_all "$part"
}

# refuted CHECK: the proof must fail at that check; and the canary must be found, or
# it fails for another reason
refuted() {
	prove
	if grep -q "^not ok $1" "$dir/proof" && grep -qx 'ok canary' "$dir/proof"; then
		note "$part" "ok proof fails at: $1"
	else
		note "$part" "not ok proof fails at: $1${tab}it did not (see $dir/proof.ktap)"
	fi
}

# Of the two eMMC functions of Intel that the host can be, only this one is given
# direct commands by the driver
with_dcmd=device-id=0x34c4

defaults_of_guest() {
	variant=debug
	host=pci
	# Tasks that take long enough for others to be queued meanwhile
	host_props="$with_dcmd delay=500000"
	engine=engine
	fallback=y
	dcmd=y
	boot=n
	card_model=emmc
	card_props=
	reboot=
	dumps=
	append=
	kmemleak=on
	recovery=
	plain=
	cpus=1
	# An idle machine needs a quarter of it; one that also builds may need most
	limit=1200
	taint=4096
	violations=
	guards="not-tainted no-violation right-one-encrypts"
}

# on_msm: the same on the Qualcomm host, which always has direct commands
on_msm() {
	host=msm
	host_props=delay=500000
}

# kmemleak makes a guest slower by half or more, so that it is off where what others do
# is done again. It watches the campaign, in which there is every error; and file systems,
# Qualcomm's firmware, comings and goings, sleep, and the ways of requests.
unwatched="debug-fs-msm debug-raw debug-raw-msm errors no-mode no-mode-msm paths-msm"
unwatched="$unwatched by-software by-software-msm no-cmdq no-engine no-crypto no-crypto-msm"
unwatched="$unwatched switched-off switched-off-msm sd-card sd-card-msm race sleep-msm"

# debug_guest: what the instrumented kernel notices
debug_guest() {
	guards="not-tainted lockdep-still-on only-the-planted-leak no-violation right-one-encrypts"
	case " $unwatched " in
	*" $part "*)
		kmemleak=off
		guards="not-tainted lockdep-still-on no-violation right-one-encrypts" ;;
	esac
}

part_stock() {
	variant=stock
	engine=none
	tests="stock.sh guards.sh"
	guest "$part"
	quiet
}

# A kernel that nobody here has built finds the Qualcomm host and its card
part_stock_debian() {
	variant=debian
	engine=none
	tests="stock.sh guards.sh"
	guest "$part"
	quiet
}

part_stock_no_dcmd() {
	variant=stock
	engine=none
	dcmd=n
	host_props=delay=500000
	tests="stock.sh guards.sh"
	guest "$part"
	quiet
}

# Firmware and engine of the Qualcomm host fail; what the kernel says of its own
# recovery is due then
part_firmware() {
	debug_guest
	tests="msm.sh guards.sh"
	guest "$part"
	sed -i '/^mmc: /d' "$dir/reports"
	quiet
	proven
}

# Of parts ice-*: what is wrong, as properties of the host, and what the driver says
ice_setups="
absent dt-ice=absent no-ICE-is-described
no-clock dt-ice=no-clock ICE-has-no-clock
zero-size dt-ice=zero-size ICE-registers-are-too-few
overlap dt-ice=overlap ICE-registers-are-too-few
no-scm dt-ice=no-scm firmware-does-not-take-keys
silent-scm scm=off firmware-does-not-take-keys
no-calls scm=no-ice firmware-does-not-take-keys
version ice-version=0x02010000 version-not-known
fused ice-fuses=1 disabled-by-fuses
hw-keys ice-fuses=6 restricted-to-hardware-keys
no-cqe dt-cqe=off -"

part_ice() {
	variant=run
	engine=none
	setup=${part#ice-}
	host_props="$host_props $(echo "$ice_setups" | awk -v it="${setup%-msm}" '$1 == it { print $2 }')"
	tests="noice.sh:$(echo "$ice_setups" | awk -v it="${setup%-msm}" '$1 == it { print $3 }') guards.sh"
	guest "$part"
	quiet
}

# The fallback is compiled out: nothing but the engine can encrypt
part_run() {
	variant=run
	fallback=n
	boot=y
	tests="firsthour.sh fs.sh:f2fs raw.sh guards.sh"
	[ "$host" = pci ] || tests="firsthour.sh fs.sh:ext4 raw.sh guards.sh"
	guest "$part"
	quiet
	proven
}

part_debug_fs() {
	debug_guest
	# Both hosts have both file systems, one of them without instrumentation (part_run)
	tests="kunit.sh fs.sh:ext4 guards.sh"
	[ "$host" = pci ] || tests="kunit.sh fs.sh:f2fs guards.sh"
	guest "$part"
	quiet
	proven
}

part_debug_raw() {
	debug_guest
	boot=y
	tests="raw.sh guards.sh"
	# Of what is seen, errors-msm has no trace events to see
	[ "$host" = pci ] || recovery=y tests="seen.sh:trace-events raw.sh guards.sh"
	guest "$part"
	quiet
	proven
}

# An engine without AES-256-XTS: software encrypts, and the format is the same
part_no_mode() {
	engine=fallback
	host_props="$host_props cryptocaps=0x00010f03"
	debug_guest
	tests="fs.sh:ext4:one-key:many-keys:evict-and-reuse:unencrypted-beside:remount:consistent-at-end
 raw.sh:data-unit-512:data-unit-4096:more-keys-than-slots seen.sh:unused:engine-has-no-mode:-
 guards.sh"
	# There, what is seen is that the host's driver leaves it to software
	[ "$host" = pci ] || tests="fs.sh:ext4:one-key:unencrypted-beside:consistent-at-end
 raw.sh:data-unit-512:data-unit-4096 seen.sh:unused:engine-has-no-mode:- guards.sh"
	guest "$part"
	quiet
	proven
}

part_race() {
	cpus=2
	case $host in
	pci)	debug_guest ;;
	# Faster, and thus other races
	msm)	variant=run
		fallback=n ;;
	esac
	tests="race.sh guards.sh"
	guest "$part"
	quiet
	proven
}

# Instructions are counted where nothing is instrumented, with the host as fast as it is
part_bench() {
	variant=run
	host_props=$with_dcmd
	[ "$host" = pci ] || host_props=
	tests="bench.sh guards.sh"
	guest "$part"
	quiet
}

# Errors that were planted have to be on the console, one kind of each
part_planted() {
	taint=-1
	tests=planted.sh:$(possible planted- lockdep-sees-an-inversion ubsan-sees-a-shift \
		sleep-in-atomic-is-seen warning-is-seen kasan-sees-an-overrun | tr ' ' :)
	guards=$(possible guard- only-the-planted-leak)
	[ -z "$guards" ] || tests="guards.sh $tests"
	guest "$part"
	for kind in $(possible "console: " kasan ubsan atomic warning lockdep); do
		if grep -q "^$kind: " "$dir/reports"; then
			note planted "ok console: $kind"
		else
			note planted "not ok console: $kind${tab}the planted error is not there"
		fi
	done
}

part_plaintext() {
	variant=run
	fallback=n
	plain=1
	tests="fs.sh:ext4:one-key:many-keys"
	guest "$part"
	refuted "no plaintext"
}

part_no_cipher() {
	variant=run
	fallback=n
	host_props="$host_props x-cipher=off"
	tests="fs.sh:ext4:one-key raw.sh:data-unit-4096"
	guest "$part"
	refuted "ciphertext 0:one-key"
}
