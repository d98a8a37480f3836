#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# scripts-test - bad input gets one clear line and a non-zero exit, and loses
# nothing
#
# usage: tools/testing/scripts-test.sh [PATTERN]
#
# Works on a copy of the scripts with a cache of its own; needs no network, no
# kernel and no emulator. KTAP on stdout, details of a failure on stderr. With
# PATTERN only the tests whose name it matches (a shell pattern) are run.

set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
mkdir -p "$top/out"
work=$(mktemp -d "$top/out/scripts-test.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP

# A copy, so that .config, out/ and the cache are this test's
copy=$work/repo
mkdir -p "$copy" "$work/tmp" "$work/bin"
(cd "$top" && tar -cf - Makefile Kconfig scripts tools/testing/guest tools/testing/blkcrypt tools/testing/configs \
	tools/testing/check tools/testing/lint) | tar -xf - -C "$copy"
unset BASE QEMU KERNEL INPUT PLAINTEXT HOST MAKEFLAGS MAKELEVEL
real_cache=${XDG_CACHE_HOME:-$HOME/.cache}/mmc-crypto
export XDG_CACHE_HOME="$work/cache" TMPDIR="$work/tmp"
cd "$copy" || exit 1
said=$work/said
pattern=${1:-*}
# shellcheck source=tools/testing/ktap.sh
. "$top/tools/testing/ktap.sh"

# refused STATUS TEXT COMMAND...: fails with that status, and the one line that it
# says has TEXT
refused() {
	want=$1
	text=$2
	shift 2
	got=0
	timeout 60 "$@" >"$said" 2>&1 </dev/null || got=$?
	[ $got -eq "$want" ] || { echo "status $got instead of $want"; return 1; }
	# "make" adds its own line, and progress is no complaint
	lines=$(grep -vc -e '^make' -e ' \.\.\.$' -e ': done (' "$said")
	[ "$lines" -eq 1 ] || { echo "$lines lines instead of one"; return 1; }
	grep -q -- "$text" "$said" || { echo "does not say '$text'"; return 1; }
}

# fake_df MIB: whatever is asked, that much is free
fake_df() {
	printf '#!/bin/sh\necho header\necho "disk 1 1 %d 1%% /"\n' $(($1 * 1024)) >"$work/bin/df"
	chmod +x "$work/bin/df"
}

kernel_tree() {
	mkdir -p "$1"
	printf 'VERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = %s\nEXTRAVERSION =\n' "$2" "$3" "$4" >"$1/Makefile"
	: >"$1/Kconfig"
}

# The machine's apt, with a mirror that is a folder with nothing in it
empty_mirror() {
	mkdir -p "$work/mirror" "$work/aptlists"
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	echo "deb [trusted=yes] file:$work/mirror $codename main" >"$work/sources.list"
	cat >"$work/apt.conf" <<-EOF
	Dir::Etc::SourceList "$work/sources.list";
	Dir::Etc::SourceParts "/nonexistent";
	Dir::State::Lists "$work/aptlists";
	Dir::State::status "$work/aptstatus";
	Dir::Cache "$work/aptlists";
	EOF
	: >"$work/aptstatus"
}

# missing_package NAME: dpkg says that it is not installed
missing_package() {
	printf '#!/bin/sh\ncase " $* " in *" %s "*) exit 1 ;; esac\nexec /usr/bin/dpkg-query "$@"\n' "$1" >"$work/bin/dpkg-query"
	chmod +x "$work/bin/dpkg-query"
}

# A stand-in for the emulator that never ends and says that it runs
fake_qemu() {
	printf '#!/bin/sh\necho $$ >"%s"\nexec sleep 1000\n' "$work/qemu.pid" >"$work/qemu"
	chmod +x "$work/qemu"
	echo kernel >"$work/Image"
	echo initrd >"$work/initrd"
	truncate -s 4G "$work/card.img"
	rm -f "$work/qemu.pid"
}

vm() {
	scripts/vm --qemu "$work/qemu" --kernel "$work/Image" --initrd "$work/initrd" "$@"
}

gone() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.5
	done
	kill "$1"
	echo "process $1 was left running"
	return 1
}

wait_for() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ ! -s "$1" ] || return 0
		sleep 0.5
	done
	echo "$1 did not appear"
	return 1
}

test_no_network_base() {
	empty_mirror
	refused 1 'cannot fetch package lists.*BASE=' env APT_CONFIG="$work/apt.conf" scripts/fetch base
}

test_no_network_qemu() {
	empty_mirror
	refused 1 'cannot fetch package lists.*QEMU=' env APT_CONFIG="$work/apt.conf" scripts/fetch qemu
}

test_no_apt_source() {
	empty_mirror
	: >"$work/sources.list"
	refused 1 'apt has no source for' env APT_CONFIG="$work/apt.conf" scripts/fetch base
}

test_no_network_deps() {
	empty_mirror
	missing_package bc
	refused 1 'no package bc here (.*needed: bc' env APT_CONFIG="$work/apt.conf" PATH="$work/bin:$PATH" scripts/deps
}

test_no_sudo() {
	empty_mirror
	missing_package bc
	printf '#!/bin/sh\necho 1000\n' >"$work/bin/id"
	printf '#!/bin/sh\necho "sudo: you may not" >&2\nexit 1\n' >"$work/bin/sudo"
	chmod +x "$work/bin/id" "$work/bin/sudo"
	refused 1 'sudo: you may not.*needed: bc' env APT_CONFIG="$work/apt.conf" PATH="$work/bin:$PATH" scripts/deps
}

# fake_apt COMMANDS: lists can be had, and then this is done instead of fetching
fake_apt() {
	empty_mirror
	cat >"$work/bin/apt-get" <<-EOF
	#!/bin/sh
	case " \$* " in
	*" --print-uris "*)	exec /usr/bin/apt-get "\$@" ;;
	*" update "*)		exit 0 ;;
	esac
	$1
	EOF
	chmod +x "$work/bin/apt-get"
}

# not_there WHAT TEXT: there are lists, and the mirror has not what they name
not_there() {
	fake_apt 'echo "W: never mind" >&2; echo "E: it is gone" >&2; exit 100'
	refused 1 "$2" env APT_CONFIG="$work/apt.conf" PATH="$work/bin:$PATH" scripts/fetch "$1" || return 1
	# The lists may be what is wrong
	[ ! -e "$XDG_CACHE_HOME/mmc-crypto/apt/$1/updated" ] || { echo "the lists are kept"; return 1; }
}

test_package_gone_base() {
	not_there base 'cannot fetch linux-source-5.10 .* (it is gone); .*BASE='
}

test_package_gone_qemu() {
	not_there qemu 'cannot fetch the source of QEMU .* (it is gone); .*QEMU='
}

test_package_gone_guest() {
	not_there guest "cannot fetch the guest's programs .* (it is gone)$"
}

test_package_gone_debian() {
	not_there debian 'cannot fetch a kernel 6.12 '
}

test_wrong_checksum() {
	fake_apt 'echo wrong >linux-source-5.10_5.10.262-1_all.deb'
	refused 1 'checksum of linux-source.* is wrong' \
		env APT_CONFIG="$work/apt.conf" PATH="$work/bin:$PATH" scripts/fetch base || return 1
	rm -rf "$XDG_CACHE_HOME/mmc-crypto/apt"
	[ -z "$(find "$XDG_CACHE_HOME" -name 'linux-source*')" ] || { echo "it is kept"; return 1; }
}

test_half_download_not_trusted() {
	empty_mirror
	deb=$XDG_CACHE_HOME/mmc-crypto/dl/linux-source-5.10_5.10.262-1_all.deb
	mkdir -p "${deb%/*}"
	echo half >"$deb"
	refused 1 'cannot fetch package lists' env APT_CONFIG="$work/apt.conf" scripts/fetch base || return 1
	[ ! -e "$deb" ] || { echo "the half file is still there"; return 1; }
}

test_qemu_changed_in_cache() {
	empty_mirror
	f=$XDG_CACHE_HOME/mmc-crypto/dl/qemu_10.0.99+ds.orig.tar.xz
	mkdir -p "${f%/*}"
	echo changed >"$f"
	echo 0000 >"$f.sha256"
	refused 1 'cannot fetch package lists' env APT_CONFIG="$work/apt.conf" scripts/fetch qemu
}

test_base_missing() {
	refused 1 'BASE=/no/such does not exist' env BASE=/no/such scripts/fetch base
}

test_base_not_5_10() {
	kernel_tree "$work/six" 6 1 0
	refused 1 'is not Linux 5.10 (6.1.0)' env BASE="$work/six" scripts/fetch base
}

test_base_tarball_not_5_10() {
	kernel_tree "$work/six" 6 1 0
	tar -C "$work" -cJf "$work/six.tar.xz" six
	refused 1 'is not Linux 5.10 (6.1.0)' env BASE="$work/six.tar.xz" scripts/fetch base
}

test_base_no_kernel() {
	mkdir -p "$work/none"
	refused 1 'is not Linux 5.10 (no kernel source)' env BASE="$work/none" scripts/fetch base
}

test_base_tarball_broken() {
	head -c 1000 /dev/urandom >"$work/broken.tar.xz"
	timeout 60 env BASE="$work/broken.tar.xz" scripts/fetch base >"$said" 2>&1 </dev/null && return 1
	tail -n 1 "$said" | grep -q 'cannot be unpacked'
}

test_base_tarball_taken() {
	kernel_tree "$work/linux-5.10.9" 5 10 9
	tar -C "$work" -czf "$work/five.tar.gz" linux-5.10.9
	tree=$(BASE=$work/five.tar.gz scripts/fetch base 2>"$said") || return 1
	grep -q 'note: base is 5.10.9' "$said" || return 1
	[ -f "$tree/Kconfig" ]
}

test_base_changed_in_cache() {
	kernel_tree "$work/linux-5.10.7" 5 10 7
	tar -C "$work" -czf "$work/changed.tar.gz" linux-5.10.7
	tree=$(BASE=$work/changed.tar.gz scripts/fetch base 2>"$said") || return 1
	echo more >>"$tree/Kconfig"
	BASE=$work/changed.tar.gz scripts/fetch base >/dev/null 2>"$said" || return 1
	grep -q 'changed since it was unpacked' "$said" || return 1
	[ ! -s "$tree/Kconfig" ]
}

test_qemu_missing() {
	refused 1 'QEMU=/no/such does not exist' env QEMU=/no/such scripts/fetch qemu
}

test_qemu_wrong_version() {
	mkdir -p "$work/qemu-9.2.0"
	echo 9.2.0 >"$work/qemu-9.2.0/VERSION"
	tar -C "$work" -cJf "$work/q.tar.xz" qemu-9.2.0
	refused 1 'is not QEMU 10.0 (9.2.0)' env QEMU="$work/q.tar.xz" scripts/fetch qemu
}

test_qemu_is_a_folder() {
	mkdir -p "$work/qemu-10.0.2"
	refused 1 'a tarball of QEMU 10.0 is needed' env QEMU="$work/qemu-10.0.2" scripts/fetch qemu
}

# small_qemu: a source of QEMU, and an overlay for it, that take no time to build. What
# is built is a word; sleep's argument stands in a file.
small_qemu() {
	rm -rf "$work/qemu-10.0.9" tools/qemu out/qemu
	mkdir -p "$work/qemu-10.0.9/pc-bios" tools/qemu/configs tools/qemu/docs tools/qemu/hw \
		tools/qemu/include tools/qemu/tests tools/qemu/patches
	echo 10.0.9 >"$work/qemu-10.0.9/VERSION"
	: >"$work/qemu-10.0.9/pc-bios/meson.build"
	echo old >"$work/qemu-10.0.9/word"
	cat >"$work/qemu-10.0.9/configure" <<-EOF
	#!/bin/sh
	cat >build.ninja <<-END
	rule it
	 command = echo y >$work/mark && sleep \\\$\\\$(cat $work/hurry) && cp \\\$in \\\$out && chmod +x \\\$out
	build qemu-system-aarch64: it $copy/out/qemu/src/word
	END
	EOF
	chmod +x "$work/qemu-10.0.9/configure"
	echo file >tools/qemu/hw/file
	printf -- '--- a/word\n+++ b/word\n@@ -1 +1 @@\n-old\n+new\n' >tools/qemu/patches/0001-word.patch
	pack_qemu
}

pack_qemu() {
	tar -C "$work" -czf "$work/qemu.tar.gz" qemu-10.0.9
	echo 0 >"$work/hurry"
}

test_qemu_builds_without_ccache() {
	small_qemu
	echo '# CONFIG_CCACHE is not set' >.config
	scripts/qemu "$work/qemu.tar.gz" >"$said" 2>&1
	res=$?
	rm -f .config
	[ $res -eq 0 ] && [ "$(cat out/qemu/qemu-system-aarch64)" = new ] &&
		! grep ccache out/qemu/build/configured
}

test_qemu_file_is_there_already() {
	small_qemu
	mkdir "$work/qemu-10.0.9/hw"
	: >"$work/qemu-10.0.9/hw/file"
	pack_qemu
	refused 1 'has a file of its own at tools/qemu/hw/file' scripts/qemu "$work/qemu.tar.gz"
}

test_qemu_patch_does_not_apply() {
	small_qemu
	echo other >"$work/qemu-10.0.9/word"
	pack_qemu
	scripts/qemu "$work/qemu.tar.gz" >"$said" 2>&1 && return 1
	tail -n 1 "$said" | grep -q '0001-word.patch does not apply to qemu.tar.gz'
}

test_qemu_interrupted() {
	small_qemu
	echo 1000 >"$work/hurry"
	interrupted "$work/mark" scripts/qemu "$work/qemu.tar.gz" || return 1
	[ ! -e out/qemu/qemu-system-aarch64 ] || { echo "there is one already"; return 1; }
	echo 0 >"$work/hurry"
	scripts/qemu "$work/qemu.tar.gz" >"$said" 2>&1 && [ "$(cat out/qemu/qemu-system-aarch64)" = new ]
}

test_no_space_for_download() {
	fake_df 10
	refused 1 'no space left for' env PATH="$work/bin:$PATH" scripts/fetch base
}

test_no_space_for_input() {
	fake_df 10
	mkdir -p "$work/in"
	echo data >"$work/in/file"
	refused 1 'no space left for' env PATH="$work/bin:$PATH" scripts/corpus "$work/in" "$work/x.sqfs" 4096
}

test_input_missing() {
	refused 1 'INPUT=/no/such does not exist' env INPUT=/no/such scripts/run
}

test_input_is_a_file() {
	refused 1 'is not a folder' env INPUT=/etc/passwd scripts/run
}

test_input_empty() {
	mkdir -p "$work/empty"
	refused 1 'holds no file' env INPUT="$work/empty" scripts/run || return 1
	: >"$work/empty/file"
	refused 1 'only empty files' env INPUT="$work/empty" scripts/run
}

test_input_unreadable() {
	mkdir -p "$work/locked/sub"
	echo data >"$work/locked/file"
	echo data >"$work/locked/sub/file"
	if [ "$(id -u)" -eq 0 ]; then
		# root reads everything, until it may not
		set -- setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search
	else
		set --
	fi
	res=0
	for path in sub/file sub; do
		chmod 0 "$work/locked/$path"
		refused 1 "cannot read .*/$path\$" "$@" env INPUT="$work/locked" scripts/run || res=1
		chmod 755 "$work/locked/$path"
	done
	chmod 0 "$work/locked"
	refused 1 'INPUT=.*/locked cannot be read' "$@" env INPUT="$work/locked" scripts/run || res=1
	chmod 755 "$work/locked"
	return $res
}

test_input_larger_than_card() {
	mkdir -p "$work/large"
	truncate -s 5G "$work/large/file"
	refused 1 'larger than the card' env INPUT="$work/large" scripts/run
}

test_input_odd_names() {
	odd=$work/odd
	mkdir -p "$odd"
	long=$(printf '%0255d' 7)
	newline='new
line'
	for name in 'a space' "$newline" -dash "$long" "$(printf '\303\274\303\266')" "tail
"; do
		printf '%s' "$name" >"$odd/$name"
	done
	: >"$odd/empty"
	truncate -s 1M "$odd/sparse"
	ln -s nowhere "$odd/dangling"
	seen=$(scripts/corpus "$odd" "$work/odd.sqfs" 4096 2>"$said") || return 1
	bytes=$((7 + 8 + 5 + 255 + 4 + 5 + 1048576))
	[ "${seen% *}" = "8 $bytes" ] || { echo "says '$seen', not '8 $bytes ...'"; return 1; }
	unsquashfs -q -n -d "$work/odd.out" "$work/odd.sqfs" >/dev/null || return 1
	make -s -C tools/testing/guest O="$work/native" "$work/native/cmptree" >/dev/null || return 1
	[ "$("$work/native/cmptree" "$odd" "$work/odd.out")" = "8 $bytes" ] || return 1
	# and it sees a difference
	printf x | dd of="$work/odd.out/sparse" bs=1 seek=1000000 conv=notrunc 2>/dev/null
	! "$work/native/cmptree" "$odd" "$work/odd.out" >/dev/null 2>&1
}

test_unknown_host() {
	refused 2 "unknown host 'nvme'" env HOST=nvme scripts/run || return 1
	# make has an exit status of its own
	refused 2 "unknown host 'nvme'" make HOST=nvme run || return 1
	fake_qemu
	refused 2 "unknown host 'nvme'" scripts/vm --qemu "$work/qemu" --kernel "$work/Image" --host nvme
}

test_msm_firmware_needs_emulation() {
	fake_qemu
	refused 2 "the host 'msm' needs --accel tcg" scripts/vm --qemu "$work/qemu" --kernel "$work/Image" \
		--host msm --accel kvm
}

test_host_chooses_device_and_machine() {
	fake_qemu
	truncate -s 3G "$work/card.img"
	: >"$work/initrd"
	for pair in pci:virt,gic:sdhci-pci-emmc msm:virt,virtualization=on,gic:sdhci-msm-emmc; do
		host=${pair%%:*}
		words=${pair#*:}
		scripts/vm --qemu "$work/qemu" --kernel "$work/Image" --initrd "$work/initrd" --host "$host" \
			--card "$work/card.img" --dry-run >"$said" 2>&1 || return 1
		grep -q -e "-machine ${words%:*}-version" "$said" || return 1
		grep -q -e "-device ${words#*:},id=host0" "$said" || return 1
	done
}

test_no_queue_is_for_msm() {
	refused 2 "--no-queue is for the host msm" scripts/faults --no-queue || return 1
	refused 2 "--no-queue is for the host msm" make faults NO_QUEUE=y
}

test_unknown_options() {
	for s in scripts/*; do
		case $s in *.sh) continue ;; esac
		refused 2 'try .* --help' "$s" --no-such-option || { echo "$s"; return 1; }
	done
}

test_help() {
	for s in scripts/*; do
		case $s in *.sh) continue ;; esac
		"$s" --help | grep -q '^usage: ' || { echo "$s"; return 1; }
	done
}

test_plaintext_value() {
	refused 2 'PLAINTEXT is 1' env PLAINTEXT=yes scripts/run
}

test_shell_without_terminal() {
	refused 1 'a shell needs a terminal' scripts/run shell
}

test_kernel_missing() {
	refused 1 'KERNEL=/no/such does not exist' env KERNEL=/no/such scripts/run
}

test_kernel_no_tree() {
	mkdir -p "$work/none"
	refused 1 'is no kernel tree' scripts/kernel --tree "$work/none" own
}

test_package_without_a_kernel() {
	echo no package >"$work/no.deb"
	refused 1 'no.deb cannot be unpacked' scripts/deb --unpack "$work/no.deb" "$work/unpacked" || return 1
	mkdir -p "$work/package/DEBIAN"
	printf '%s\n' 'Package: x' 'Version: 1' 'Architecture: all' 'Maintainer: x <x@localhost>' 'Description: x' \
		>"$work/package/DEBIAN/control"
	dpkg-deb --build "$work/package" "$work/other.deb" >/dev/null || return 1
	refused 1 'other.deb holds no kernel' scripts/deb --unpack "$work/other.deb" "$work/unpacked" || return 1
	refused 1 'no such package' scripts/deb --unpack "$work/none.deb" "$work/unpacked"
}

test_release_not_offered() {
	empty_mirror
	refused 1 'cannot fetch package lists' env APT_CONFIG="$work/apt.conf" scripts/releases --list
}

test_card_too_small() {
	fake_qemu
	truncate -s 2G "$work/card.img"
	refused 1 'not larger than 2 GiB' scripts/vm --qemu "$work/qemu" --kernel "$work/Image" --card "$work/card.img"
}

test_kvm_that_does_not_work() {
	fake_qemu
	refused 1 'KVM' scripts/vm --qemu "$work/qemu" --kernel "$work/Image" --accel kvm
}

# Where the processor would do, and the guest that only powers off never does
test_kvm_that_hangs() {
	fake_qemu
	printf '#!/bin/sh\necho aarch64\n' >"$work/bin/uname"
	printf '#!/bin/sh\nshift 3\nexec /usr/bin/timeout 1 "$@"\n' >"$work/bin/timeout"
	chmod +x "$work/bin/uname" "$work/bin/timeout"
	refused 1 'KVM was asked for' /usr/bin/env PATH="$work/bin:$PATH" \
		scripts/vm --qemu "$work/qemu" --kernel "$work/Image" --accel kvm || return 1
	[ -z "$(find out -name 'kvm-probe.*')" ] || { echo "left files behind"; return 1; }
	[ ! -e "$work/qemu.pid" ] || gone "$(cat "$work/qemu.pid")"
}

test_vm_time_limit() {
	fake_qemu
	got=0
	vm --timeout 2 >"$said" 2>&1 || got=$?
	[ $got -eq 124 ] || { echo "status $got"; return 1; }
	grep -q 'did not end within 2 s' "$said" && gone "$(cat "$work/qemu.pid")"
}

test_vm_interrupted() {
	fake_qemu
	interrupted "$work/qemu.pid" scripts/vm --qemu "$work/qemu" --kernel "$work/Image" --initrd "$work/initrd" || return 1
	gone "$(cat "$work/qemu.pid")" || return 1
	[ -z "$(find out -name 'vm.*')" ] || { echo "left files behind"; return 1; }
	vm --timeout 1 >"$said" 2>&1
	[ $? -eq 124 ]
}

test_vm_killed_with_its_caller() {
	fake_qemu
	scripts/vm --qemu "$work/qemu" --kernel "$work/Image" --initrd "$work/initrd" >"$said" 2>&1 &
	pid=$!
	wait_for "$work/qemu.pid" || return 1
	kill -KILL $pid
	wait $pid 2>/dev/null
	gone "$(cat "$work/qemu.pid")"
}

test_fetch_interrupted() {
	# An unpacking that takes long enough, and then again without hurry
	kernel_tree "$work/linux-5.10.8" 5 10 8
	tar -C "$work" -czf "$work/slow.tar.gz" linux-5.10.8
	printf '#!/bin/sh\necho y >"%s"\nsleep 3\nexec /bin/tar "$@"\n' "$work/mark" >"$work/bin/tar"
	chmod +x "$work/bin/tar"
	interrupted "$work/mark" env PATH="$work/bin:$PATH" BASE="$work/slow.tar.gz" scripts/fetch base || return 1
	rm -f "$work/bin/tar"
	[ -z "$(find "$XDG_CACHE_HOME/mmc-crypto/src" -name '*.new.*')" ] || { echo "left files behind"; return 1; }
	tree=$(BASE=$work/slow.tar.gz scripts/fetch base 2>"$said") || return 1
	[ -f "$tree/Kconfig" ]
}

test_kernel_interrupted() {
	kernel_tree "$work/slow" 5 10 8
	cat >"$work/bin/make" <<-EOF
	#!/bin/sh
	for each; do
		case \$each in O=*) o=\${each#O=} ;; esac
	done
	case " \$* " in
	*" allnoconfig "*)	cp "\$o/wanted.config" "\$o/.config" ;;
	*" modules_install "*)	mkdir -p "\$o/root/lib/modules/5.10.8" ;;
	*)	mkdir -p "\$o/arch/arm64/boot"
		echo half >"\$o/arch/arm64/boot/Image"
		echo y >"$work/mark"
		sleep \$(cat "$work/hurry")
		echo whole >"\$o/arch/arm64/boot/Image" ;;
	esac
	EOF
	chmod +x "$work/bin/make"
	echo 1000 >"$work/hurry"
	interrupted "$work/mark" env PATH="$work/bin:$PATH" BASE="$work/slow" scripts/kernel stock || return 1
	echo 0 >"$work/hurry"
	build=$(env PATH="$work/bin:$PATH" BASE="$work/slow" scripts/kernel stock 2>"$said") || return 1
	[ "$(cat "$build/arch/arm64/boot/Image")" = whole ]
}

# Two campaigns may begin at once, and want the same one
test_guests_made_at_once() {
	mv scripts/fetch "$work/fetch"
	printf '#!/bin/sh\necho "%s"\n' "$work/packages" >scripts/fetch
	chmod +x scripts/fetch
	for each in $(sed -n '/^programs="/,/"$/p' scripts/guest | tr -d '"' | sed 's/^programs=//') \
			usr/lib/ld-linux-aarch64.so.1; do
		mkdir -p "$work/packages/${each%/*}"
		: >"$work/packages/$each"
	done
	# None of these files is a program
	printf '#!/bin/sh\n' >"$work/bin/aarch64-linux-gnu-readelf"
	chmod +x "$work/bin/aarch64-linux-gnu-readelf"
	started=
	for each in 1 2 3 4; do
		PATH="$work/bin:$PATH" scripts/guest >"$work/guest.$each" 2>"$work/guest.$each.err" &
		started="$started $!"
	done
	res=0
	for each in $started; do
		wait "$each" || res=$?
	done
	mv "$work/fetch" scripts/fetch
	cat "$work"/guest.*.err >"$said"
	[ $res -eq 0 ] || { echo "one of them ended with status $res"; return 1; }
	[ "$(cat "$work"/guest.[1-4] | sort -u)" = "$copy/out/guest/initramfs.cpio" ]
}

test_defaults_are_kconfigs() {
	# The tool is built out of the base: where that was fetched, compare
	base=$real_cache/src/linux-source-5.10
	[ -d "$base" ] || { echo "# SKIP no base tree here"; return 4; }
	BASE=$base scripts/config defconfig >"$said" 2>&1 || return 1
	# Kconfig would leave a build's files, too
	[ ! -e include/config ] && [ ! -e include/generated ] || return 1
	sed -n 's/^\(CONFIG_[A-Z_]*=\)"*\([^"]*\)"*$/\1\2/p' .config | sort >"$work/kconfig"
	rm -f .config
	sed -n '/^defaults() {/,/^}/s/^\t\(CONFIG_[A-Z_]*=.*\)$/\1/p' scripts/lib.sh | sort >"$work/lib"
	# A value that kconfig hides is empty in the script
	grep -v '^CONFIG_BASE_PATH=$' "$work/lib" | diff - "$work/kconfig"
}

test_config_is_read() {
	printf '# CONFIG_HOST_%s is not set\n' PCI MSM >.config
	echo CONFIG_CARD_SIZE=2304 >>.config
	mkdir -p "$work/large"
	truncate -s 3G "$work/large/file"
	refused 1 "host 'pci' is not configured" scripts/run &&
		refused 1 "host 'msm' is not configured" env HOST=msm scripts/run &&
		refused 1 "host 'msm' is not configured" scripts/faults --host msm &&
		echo CONFIG_HOST_PCI=y >>.config &&
		refused 1 'larger than the card: .* it has 2304' env INPUT="$work/large" scripts/run
	res=$?
	rm -f .config
	return $res
}

test_config_chooses_parts_of_check() {
	scripts/check --list >"$work/all"
	echo '# CONFIG_HOST_MSM is not set' >.config
	scripts/check --list >"$work/pci" &&
		refused 2 "no part 'run-msm' (.config leaves out HOST_MSM)" scripts/check --only run-msm &&
		refused 2 "missing is for everything" scripts/check --full --missing &&
		refused 2 "missing is for --full" scripts/check --missing
	res=$?
	rm -f .config
	[ $res -eq 0 ] && grep -qx run-msm "$work/all" && grep -qx run "$work/pci" || return 1
	! grep -e '-msm$' "$work/pci"
}

test_config_is_no_script() {
	# shellcheck disable=SC2016 # it must not be run
	printf 'CONFIG_BASE_PATH="$(touch %s)"\ntouch %s\n' "$work/bad" "$work/bad" >.config
	INPUT=/no/such scripts/run >"$said" 2>&1
	rm -f .config
	[ ! -e "$work/bad" ]
}

tests=$(sed -n 's/^test_\([a-z0-9_]*\)() {$/\1/p' "$top/tools/testing/scripts-test.sh")
selected=
for t in $tests; do
	# shellcheck disable=SC2254 # it is a pattern
	case $t in $pattern) selected="$selected $t" ;; esac
done
# shellcheck disable=SC2086 # a list of names
set -- $selected
echo "KTAP version 1"
echo "1..$#"
number=0
failed=0
for t do
	number=$((number + 1))
	: >"$said"
	status=0
	why=$( (test_"$t") 2>&1) || status=$?
	case $status in
	0) echo "ok $number $t" ;;
	4) echo "ok $number $t ${why}" ;;
	*)
		failed=$((failed + 1))
		echo "not ok $number $t"
		{ echo "$why"; cat "$said"; } | sed 's/^/# /' >&2 ;;
	esac
	rm -rf -- "${work:?}/bin"
	mkdir "$work/bin"
done
[ $failed -eq 0 ] && [ $number -gt 0 ]
