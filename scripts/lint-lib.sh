# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # what is set here is used where it is sourced, and the reverse
#
# lint-lib.sh - builds of single commits, and what the compilers say of them
# Sourced by scripts/lint and scripts/same-code, after lib.sh.
#
# A commit is built in a checkout of its own, out/lint/tree, for each line of
# tools/testing/lint/builds in a folder of that line's, on top of what the commit before
# has left there: what is compiled is what the commit changes.

# LINT_DIR is of the tip's lint, beside which a long one may run
lint=${LINT_DIR-$out/lint}
tab=$(printf "\t")
lint_data=$top/tools/testing/lint
lint_tree=$lint/tree
# Folders with what is touched and what uses it; the check "folders" sees that it is so
lint_folders="block/ drivers/mmc/ drivers/firmware/ drivers/scsi/ufs/ fs/crypto/"

# row NAME: the line of the table, into $arch, $compiler, $option, $drivers, $what,
# $checks and $when
row() {
	row_line=$(awk -v name="$1" '$1 == name' "$lint_data/builds")
	[ -n "$row_line" ] || die "no build '$1' in tools/testing/lint/builds"
	# shellcheck disable=SC2086 # words
	set -- $row_line
	[ $# -eq 8 ] || die "tools/testing/lint/builds: not eight fields: $row_line"
	arch=$2 compiler=$3 option=$4 drivers=$5 what=$6 checks=$7 when=$8
}

# rows WHEN: names
rows() {
	awk -v when="$1" '/^[^#]/ && $8 == when { print $1 }' "$lint_data/builds"
}

# lint_checkout: out/lint/tree, which borrows the objects of out/tree
lint_checkout() {
	"$top/scripts/tree" || die "the patched tree could not be made"
	series_base=$(git -C "$out/tree" rev-parse 'base^{commit}')
	series_head=$(git -C "$out/tree" rev-parse series)
	# The second series is on top of the first, if it is up to date
	commits_head=$(git -C "$out/tree" rev-parse -q --verify refs/heads/block-cleanups || echo "$series_head")
	[ -z "$(git -C "$out/tree" status --porcelain)" ] ||
		say "note: out/tree has changes that are not committed: they are not looked at"
	if ! git -C "$lint_tree" cat-file -e "$series_base" 2>/dev/null; then
		rm -rf -- "$lint_tree" "$lint/build"
		mkdir -p "$lint/build"
		git clone -q --shared --no-checkout "$out/tree" "$lint_tree"
	fi
}

# checkout COMMIT
checkout() {
	[ -f "$lint_tree/Makefile" ] || need_space "$out" 8000 "the builds of single commits"
	[ "$(git -C "$lint_tree" rev-parse -q --verify HEAD)" = "$1" ] &&
		[ -f "$lint_tree/Makefile" ] && return
	git -C "$lint_tree" checkout -q -f --detach "$1" || die "cannot check out $1"
}

# code_of COMMIT: a checksum of what can make a difference to a build of the row
code_of() {
	case $what in
	dtbs)	git -C "$lint_tree" rev-parse "$1:arch/$arch/boot/dts" "$1:include/dt-bindings" ;;
	*)	code_in "$lint_tree" "$1" ;;
	esac | checksum
}

checksum() {
	sha256sum | cut -c 1-24
}

# wanted_config: of the row
wanted_config() {
	[ "$option" != all ] || return 0
	{
		cat "$lint_data/kernel.config" "$lint_data/option-$option.config"
		cat "$lint_data/drivers.config" "$lint_data/$arch.config" |
			if [ "$drivers" = y ]; then sed 's/=m$/=y/'; else cat; fi
	} | grep -v '^# [^C]'
}

# make_args: what make is told, into the caller's arguments, by lines
make_args() {
	echo "ARCH=$arch"
	case $arch in
	arm64)	echo CROSS_COMPILE=aarch64-linux-gnu- ;;
	x86_64)	echo CROSS_COMPILE=x86_64-linux-gnu- ;;
	arm)	echo CROSS_COMPILE=arm-linux-gnueabihf- ;;
	*)	die "builds: no compiler is known for $arch" ;;
	esac
	case $compiler:$arch in
	gcc:*)		;;
	clang:arm)	echo LLVM=1 ;;
	clang:*)	printf 'LLVM=1\nLLVM_IAS=1\n' ;;
	esac
	case $checks in *W*) echo W=1 ;; esac
	case $checks in *C*) echo C=1 ;; esac
}

# row_print: a checksum of all that a build is made of beside the source
row_print() {
	{
		make_args
		wanted_config
		echo "$what $lint_folders"
		case $compiler in
		gcc)	"$(make_args | sed -n 's/CROSS_COMPILE=//p')gcc" --version | head -n 1 ;;
		clang)	clang --version | head -n 1 ;;
		esac
		case $checks in *C*) sparse --version ;; esac
		sed -n "/^build_row()/,/^}/p" "$top/scripts/lint-lib.sh"
		cat "$lint_data/warnings.awk"
	} 2>&1 | checksum
}

# build_row NAME COMMIT FINDINGS: builds it with one process, and leaves what was said
build_row() {
	row "$1"
	br_o=$lint/build/$1
	# What was compiled and then interrupted has said what nobody has read
	[ ! -e "$br_o/busy" ] || rm -rf -- "$br_o"
	mkdir -p "$br_o"
	: >"$br_o/busy"
	if [ "$(cat "$br_o/made-by" 2>/dev/null)" != "$(row_print)" ]; then
		find "$br_o" -mindepth 1 -maxdepth 1 ! -name busy -exec rm -rf -- {} +
		row_print >"$br_o/made-by"
	fi
	[ "${CONFIG_CCACHE-}" != y ] || PATH=/usr/lib/ccache:$PATH
	build_environment
	# shellcheck disable=SC2046 # words
	set -- "$1" "$2" "$3" -s -C "$lint_tree" "O=$br_o" $(make_args) LOCALVERSION=
	br_name=$1 br_commit=$2 br_findings=$3
	shift 3
	br_status=0
	: >"$br_o/config.log"
	: >"$br_o/log"
	br_kconfig=$(git -C "$lint_tree" ls-tree -r "$br_commit" | grep Kconfig | checksum)
	if [ "$(cat "$br_o/kconfig" 2>/dev/null)" != "$br_kconfig" ]; then
		wanted_config >"$br_o/wanted.config"
		case $option in
		all)	make "$@" allmodconfig ;;
		*)	make "$@" KCONFIG_ALLCONFIG="$br_o/wanted.config" allnoconfig ;;
		esac >"$br_o/config.log" 2>&1 </dev/null || br_status=$?
		echo "$br_kconfig" >"$br_o/kconfig"
	fi
	# Of the series all must be there; an earlier tree does not have it yet
	if [ "$br_commit" = "$series_head" ]; then
		grep -h '^CONFIG_' "$br_o/wanted.config" | grep -vxF -f "$br_o/.config" |
			sed 's/^/-\t0\terror: the configuration cannot have /' >"$br_o/lost" || :
	fi
	case $what in
	link)	br_targets="vmlinux modules" ;;
	dtbs)	br_targets=dtbs ;;
	# Of a folder, kbuild makes no modules unless it is told to
	*)	br_targets="KBUILD_MODULES=1 $lint_folders" ;;
	esac
	# All of the errors, not only the first file's
	# shellcheck disable=SC2086 # a list
	[ $br_status -ne 0 ] || make -k "$@" $br_targets >"$br_o/log" 2>&1 </dev/null || br_status=$?
	{
		awk -v tree="$lint_tree" -v ok=$((br_status == 0)) -f "$lint_data/warnings.awk" "$br_o/config.log" "$br_o/log"
		cat "$br_o/lost" 2>/dev/null || :
	} >"$br_findings.new"
	mv -- "$br_findings.new" "$br_findings"
	code_of "$br_commit" >"$br_o/state"
	rm -f -- "$br_o/busy" "$br_o/lost"
}
