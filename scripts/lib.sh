# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # what is set here is used where it is sourced, and the reverse
#
# lib.sh - what the scripts here share: places, messages, configuration.
# Sourced, with $prog set to the script's name. Messages go to stderr, so that a
# script can print a path for its caller on stdout.

set -eu
umask 022
export LC_ALL=C

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
out=$top/out
# XDG says that a relative path there is to be ignored
case ${XDG_CACHE_HOME-} in
/*)	cache=$XDG_CACHE_HOME/mmc-crypto ;;
*)	cache=${HOME:?HOME is not set}/.cache/mmc-crypto ;;
esac

# The base that the series is made on, and the QEMU that the overlay is made on.
# A file's checksum stands here only where its content must not change.
base_version=5.10.262
base_deb=linux-source-5.10_5.10.262-1_all.deb
base_sha256=4f01148344ca9e5c1c9743ab4a084cf61c437548f803443ccc044602278b52bc
qemu_series=10.0
qemu_tested=10.0.13
qemu_tested_sha256=6a0888e806c2ffc0c5f0733e974f9aea55491950d3c47c98669c8b236dde59ae

say() {
	printf '%s\n' "$prog: $*" >&2
}

# die MESSAGE: the one clear line
die() {
	say "$*"
	exit 1
}

# usage_error MESSAGE: the caller's mistake, told apart from a failure
usage_error() {
	say "$* (try $prog --help)"
	exit 2
}

# help: the comment at the head of the script is its manual
help() {
	sed -n '3,${ /^#/!q; s/^# \{0,1\}//; p; }' "$0"
	exit 0
}

now() {
	date +%s
}

# took START: how long ago that was, for people
took() {
	took_s=$(($(now) - $1))
	if [ $took_s -ge 60 ]; then
		printf '%d min %d s' $((took_s / 60)) $((took_s % 60))
	else
		printf '%d s' $took_s
	fi
}

# step TEXT ... done_step: a long step and what it took
step() {
	step_start=$(now)
	step_text=$1
	say "$1 ..."
}

done_step() {
	say "$step_text: done ($(took "$step_start"))"
}

# with_progress LOG EXPECTED COMMAND...: run something long, say now and then how
# far it is, and leave its status. Its log has a line for each thing done, of which
# about EXPECTED will come; if that is 0, nobody knows and the last line is shown.
# The command is in the foreground, so that ctrl-C ends it as it ends itself.
with_progress() {
	wp_log=$1
	wp_expected=$2
	shift 2
	: >"$wp_log"
	(
		# Its sleep may outlive it: that must not hold a lock or a pipe
		exec 7>&- 8>&- 9>&-
		while sleep 15 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
			if [ "$wp_expected" -gt 0 ]; then
				wp_far="$(wc -l <"$wp_log") of about $wp_expected lines of work"
			else
				wp_far=$(tail -n 1 "$wp_log" | cut -c 1-60)
			fi
			say "$step_text: $wp_far ($(took "$step_start"))"
		done
	) &
	progress_pid=$!
	wp_status=0
	"$@" >"$wp_log" 2>"$wp_log.err" </dev/null || wp_status=$?
	end_progress
	return $wp_status
}

end_progress() {
	[ -n "${progress_pid-}" ] || return 0
	# A shell that was just forked may lose any other signal, and then go on for ever
	kill -KILL "$progress_pid" 2>/dev/null || :
	wait "$progress_pid" 2>/dev/null || :
	progress_pid=
}

# need_space DIR MIB WHAT: say so before, not in the middle
need_space() {
	mkdir -p "$1" 2>/dev/null || die "cannot make the folder $1"
	ns_free=$(df -Pk -- "$1" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$ns_free" -ge "$2" ] ||
		die "no space left for $3: $1 has $ns_free MiB free, $2 MiB are needed"
}

# have_sha256 FILE SHA256: is the file there, whole and unchanged?
have_sha256() {
	[ -f "$1" ] && [ "$(sha256sum <"$1")" = "$2  -" ]
}

# lock NAME: one at a time; the lock goes with the process that holds it
lock() {
	mkdir -p "$cache" 2>/dev/null || die "cannot make the folder $cache"
	exec 9>"$cache/$1.lock"
	flock -n 9 || { say "waiting for another $1 to end"; flock 9; }
}

# lock_out NAME: the same for what is only this clone's
lock_out() {
	mkdir -p "$out"
	exec 8>"$out/$1.lock"
	flock -n 8 || { say "waiting for another $1 to end"; flock 8; }
}

# verifier LOG: build what proves cards. One at a time: two would spoil each other's files
verifier() {
	mkdir -p "$out"
	if flock "$out/verify.lock" \
		make -C "$top/tools/testing/verify" O="$out/verify" >"$1" 2>&1 </dev/null; then
		return
	fi
	tail -n 15 "$1" >&2
	die "the verifier does not build (all of it in $1)"
}

# code_in DIR REV: what of the kernel in this repository counts for whoever builds or runs it. What is
# only read, and by people, makes no other kernel
code_in() {
	git -C "$1" ls-tree "$2" | grep -v "$(printf '\t')\(Documentation\|MAINTAINERS\|CREDITS\)$"
}

# series_whole REV, series_code REV: which series out/tree has, as the tables of results tell it; and
# which kernel, for those of what was built or run. Nothing, if it has none yet
series_whole() {
	git -C "$out/tree" rev-parse -q --verify "$1^{tree}" | cut -c 1-12
}

series_code() {
	sc_code=$(code_in "$out/tree" "$1" 2>/dev/null) || return 0
	echo "$sc_code" | sha256sum | cut -c 1-12
}

# jobs: how many processes a build may use
jobs() {
	if [ "${CONFIG_JOBS:-0}" -gt 0 ]; then
		echo "$CONFIG_JOBS"
	else
		nproc
	fi
}

# need_host MODEL: is it known, and have the kernels its driver?
need_host() {
	case $1 in
	pci) nh_driver=$CONFIG_HOST_PCI ;;
	msm) nh_driver=$CONFIG_HOST_MSM ;;
	*) usage_error "unknown host '$1': pci and msm are known" ;;
	esac
	[ "$nh_driver" = y ] || die "host '$1' is not configured (make menuconfig)"
}

# compiler_args: what make is told so that it builds for arm64
compiler_args() {
	echo ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
	if [ "${CONFIG_CC_CLANG-}" = y ]; then
		echo LLVM=1 LLVM_IAS=1
	fi
}

# build_environment: of a kernel, so that the same source gives the same objects, which the
# compiler's cache then has
build_environment() {
	# The same file in another folder is the same file
	export CCACHE_BASEDIR="$top" CCACHE_NOHASHDIR=1
	export KBUILD_BUILD_USER=mmc-crypto KBUILD_BUILD_HOST=mmc-crypto
	export KBUILD_BUILD_TIMESTAMP="1 January 2020" KBUILD_BUILD_VERSION=1
}

# The configuration: what "make menuconfig" wrote, over the defaults, which are
# those of Kconfig (scripts-test.sh compares them)
defaults() {
	CONFIG_BASE_FETCHED=y
	CONFIG_BASE_PATH=
	CONFIG_QEMU_PATH=
	CONFIG_CC_GCC=y
	CONFIG_CCACHE=y
	CONFIG_JOBS=0
	CONFIG_HOST_PCI=y
	CONFIG_HOST_MSM=y
	CONFIG_CARD_SIZE=4096
	CONFIG_DEBUG_KASAN=y
	CONFIG_DEBUG_LOCKDEP=y
	CONFIG_DEBUG_KMEMLEAK=y
	CONFIG_DEBUG_UBSAN=y
	CONFIG_DEBUG_ATOMIC=y
}

defaults
if [ -e "$top/.config" ]; then
	# Only what kconfig writes is taken from the file; it is no script
	eval "$(sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/\1=/p
		/^CONFIG_[A-Z0-9_]*=\(y\|-\{0,1\}[0-9]*\|"[^"$`\\]*"\)$/p' "$top/.config")"
fi
