# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# series-lib.sh - the format of patches/v5.10, read and written
# Sourced by scripts/tree and scripts/refresh, after lib.sh.
#
# A patch is a mail header (From, Date, Subject), the message, a line "---", a
# line "Adds: PATH" for each file that the commit adds, and the changes to files
# that the base has. The added files themselves stand in the repository at their
# kernel paths, so that they can be read and searched; one commit brings one
# whole, and later commits do not touch it.

series_dirs="block drivers include Documentation"
# shellcheck disable=SC2154  # $out and $top are from lib.sh
tree=$out/tree
# The second series, on top of the first: its folder below patches, and its branch
block_series=v5.10-block-cleanups
block_branch=block-cleanups
stamp=$tree/.git/mmc-crypto-stamp
fixed_date='2021-01-01T00:00:00Z'

stamp_field() {
	sed -n "s/^$1=//p" "$stamp" 2>/dev/null
}

# series_inputs BASE: a checksum of all that out/tree is made of
series_inputs() {
	{
		echo "$1"
		cd "$top" && for si_dir in patches/v5.10/*.patch "patches/$block_series"/*.patch $series_dirs; do
			[ ! -e "$si_dir" ] || find "$si_dir" -type f -exec sha256sum {} +
		done | sort -k2
	} | sha256sum
}

# write_stamp BASE: the branch that is checked out is now what the repository says, on this base
write_stamp() {
	{
		echo "inputs=$(series_inputs "$1")"
		echo "base=$1"
		echo "head=$(git -C "$tree" rev-parse series)"
		echo "block=$(git -C "$tree" rev-parse -q --verify "refs/heads/$block_branch")"
	} >"$stamp.new"
	mv "$stamp.new" "$stamp"
}

# on_block_branch: is it the second series that is checked out?
on_block_branch() {
	[ "$(git -C "$tree" symbolic-ref -q --short HEAD)" = $block_branch ]
}

# block_has_work: has its branch commits that the last run of these scripts did not make?
block_has_work() {
	bw_head=$(git -C "$tree" rev-parse -q --verify "refs/heads/$block_branch") &&
		[ "$bw_head" != "$(stamp_field block)" ]
}

# series_is_whole: what is exported is the branch "series", all of it
series_is_whole() {
	[ -z "$(git -C "$tree" status --porcelain)" ] ||
		die "out/tree has changes that are not committed"
	case $(git -C "$tree" symbolic-ref -q --short HEAD) in
	series|"$block_branch") ;;
	*) die "out/tree has neither the branch series nor $block_branch checked out, as in the middle of a rebase" ;;
	esac
	[ -n "$(git -C "$tree" rev-list base..series)" ] || die "out/tree has no commits on top of its base"
}

# as_nobody COMMAND...: with a committer, on a machine that has none
as_nobody() {
	GIT_COMMITTER_NAME=mmc-crypto GIT_COMMITTER_EMAIL=mmc-crypto@localhost \
	GIT_AUTHOR_NAME=${GIT_AUTHOR_NAME-mmc-crypto} \
	GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL-mmc-crypto@localhost} "$@"
}

# header PATCH FIELD
header() {
	sed -n "/^\$/q; s/^$2: //p" "$1"
}

# in_index COMMAND...: git, on an index of its own, so that files in out/tree do
# not change (and are not built again) unless the result of the series does
in_index() {
	GIT_INDEX_FILE=$tree/.git/series-index git -C "$tree" "$@"
}

# apply_patch PATCH PARENT: prints the commit that the patch makes
apply_patch() {
	ap_name=${1##*/}
	ap_from=$(header "$1" From)
	ap_date=$(header "$1" Date)
	ap_subject=$(header "$1" Subject)
	if [ -z "$ap_from" ] || [ -z "$ap_date" ] || [ -z "$ap_subject" ] ||
	   ! grep -qx -e --- "$1"; then
		die "$ap_name is not in the format of patches/v5.10"
	fi
	# git apply takes offsets but no fuzz
	if grep -q '^diff --git ' "$1"; then
		ap_log=$(in_index apply --cached "$1" 2>&1) ||
			die "$ap_name does not apply: $(echo "$ap_log" | head -n 1)"
	fi
	sed -n '/^---$/,/^diff --git /s/^Adds: //p' "$1" | while IFS= read -r ap_file; do
		[ -z "$(in_index ls-files -- "$ap_file")" ] ||
			die "$ap_name adds $ap_file, which is there already"
		[ -f "$top/$ap_file" ] ||
			die "$ap_name adds $ap_file, which the repository does not have"
		ap_blob=$(in_index hash-object -w -- "$top/$ap_file")
		in_index update-index --add --cacheinfo "100644,$ap_blob,$ap_file"
	done || exit 1
	{
		echo "$ap_subject"
		echo
		sed '1,/^$/d; /^---$/,$d' "$1"
	} | git stripspace |
		GIT_AUTHOR_NAME=${ap_from% <*} \
		GIT_AUTHOR_EMAIL=$(echo "$ap_from" | sed 's/.*<\(.*\)>/\1/') \
		GIT_AUTHOR_DATE=$ap_date GIT_COMMITTER_DATE=$ap_date \
		as_nobody git -C "$tree" commit-tree -p "$2" "$(in_index write-tree)" ||
		die "$ap_name could not be committed"
}

# make_block_branch: from what the repository has of the second series. Nothing else needs it,
# so that it may not apply while the first one changes.
make_block_branch() {
	mb_head=$(git -C "$tree" rev-parse series)
	in_index read-tree "$mb_head"
	for mb_patch in "$top/patches/$block_series"/[0-9]*.patch; do
		[ -f "$mb_patch" ] || return 0
		if ! mb_head=$(apply_patch "$mb_patch" "$mb_head"); then
			say "note: there is no branch $block_branch, which has to be mended"
			git -C "$tree" update-ref -d "refs/heads/$block_branch"
			return 0
		fi
	done
	git -C "$tree" update-ref "refs/heads/$block_branch" "$mb_head"
}

# write_patch COMMIT NUMBER DIR BASE: the reverse; files that BASE has not go below DIR/files
write_patch() {
	wp_file=$3/$(printf '%04d-%.52s.patch' "$2" "$(git -C "$tree" log -1 --format=%f "$1")")
	git -C "$tree" diff-tree -r --no-renames --no-commit-id --name-status --diff-filter=A "$1" |
		cut -f2 >"$3/added"
	git -C "$tree" diff-tree -r --no-renames --no-commit-id --name-only --diff-filter=a "$1" |
		while IFS= read -r wp_path; do
			! git -C "$tree" cat-file -e "$4:$wp_path" 2>/dev/null || continue
			die "$(git -C "$tree" log -1 --format=%h "$1") changes $wp_path, which an earlier commit adds: squash the change into that one"
		done || exit 1
	while IFS= read -r wp_path; do
		case " $series_dirs " in
		*" ${wp_path%%/*} "*) ;;
		*) die "$wp_path: files are added only below $series_dirs" ;;
		esac
		mkdir -p "$(dirname "$3/files/$wp_path")"
		git -C "$tree" show "$1:$wp_path" >"$3/files/$wp_path"
	done <"$3/added" || exit 1
	{
		TZ=UTC git -C "$tree" log -1 \
			--format='From: %an <%ae>%nDate: %ad%nSubject: %s%n%n%b' \
			--date=format:'%Y-%m-%dT%H:%M:%S%z' "$1" |
			git stripspace
		echo ---
		sed 's/^/Adds: /' "$3/added"
		echo
		git -C "$tree" diff-tree -p --no-renames --no-commit-id --diff-filter=a \
			--no-color --no-ext-diff --src-prefix=a/ --dst-prefix=b/ "$1" |
			sed '/^index [0-9a-f]*\.\./d'
	} >"$wp_file"
	rm "$3/added"
}
