#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# series-test - the series becomes a git tree, mails, and itself again
#
# usage: tools/testing/series-test.sh
#
# Works on a copy of the repository, on a base that has only those files of the
# real one that the series changes, so that it takes seconds. KTAP on stdout.

set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
mkdir -p "$top/out"
base=$("$top/scripts/fetch" base) || exit 1
work=$(mktemp -d "$top/out/series-test.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP

repo=$work/repo
mkdir -p "$repo" "$work/home"
(cd "$top" && tar -cf - Makefile Kconfig scripts patches block drivers include Documentation 2>/dev/null) |
	tar -xf - -C "$repo"
# Nobody's machine: no identity, no configuration
unset QEMU KERNEL INPUT PLAINTEXT HOST GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL \
	GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL EMAIL
export HOME="$work/home" XDG_CACHE_HOME="$work/cache" GIT_CONFIG_NOSYSTEM=1 \
	GIT_CONFIG_GLOBAL=/dev/null

# small_base DIR: what the series touches, and what makes it a kernel
small_base() {
	mkdir -p "$1"
	# .gitattributes decides what stands behind the @@ of a hunk
	for f in Makefile Kconfig .gitattributes scripts/get_maintainer.pl $(cat "$repo"/patches/*/*.patch | sed -n 's|^--- a/||p' | sort -u); do
		# What the second series changes may have come with the first
		[ -f "$base/$f" ] || continue
		mkdir -p "$1/$(dirname "$f")"
		cp "$base/$f" "$1/$f"
	done
}
small_base "$work/base"
export BASE="$work/base"

# shellcheck source=tools/testing/ktap.sh
. "$top/tools/testing/ktap.sh"

# refused TEXT COMMAND...
refused() {
	text=$1
	shift
	! "$@" >"$work/refusal" 2>&1 || { echo "was not refused"; return 1; }
	grep -q -- "$text" "$work/refusal" || { cat "$work/refusal"; return 1; }
}

head_of() {
	git -C "$repo/out/tree" rev-parse "HEAD$1"
}

becomes_a_tree() {
	"$repo/scripts/tree" || return 1
	[ "$(git -C "$repo/out/tree" rev-list --count base..HEAD)" -eq \
	  "$(find "$repo/patches/v5.10" -name '*.patch' | wc -l)" ]
}

is_the_same_every_time() {
	before=$(head_of '') || return 1
	rm -rf "$repo/out/tree"
	"$repo/scripts/tree" && [ "$(head_of '')" = "$before" ]
}

# Ctrl-C at a step of git's, and then the same command again; from nothing or not
is_made_after_an_interruption() {
	before=$(head_of '') || return 1
	mkdir -p "$work/bin"
	real=$(command -v git)
	for step in add checkout; do
		case $step in
		add)	rm -rf "$repo/out/tree" ;;
		*)	rm -f "$repo/out/tree/.git/mmc-crypto-stamp"
			git -C "$repo/out/tree" checkout -q base ;;
		esac
		printf '#!/bin/sh\ncase " $* " in\n*" %s "*)\n\techo y >"%s"\n\tsleep 1000 ;;\nesac\nexec "%s" "$@"\n' \
			$step "$work/mark" "$real" >"$work/bin/git"
		chmod +x "$work/bin/git"
		interrupted "$work/mark" env PATH="$work/bin:$PATH" "$repo/scripts/tree" || return 1
		"$repo/scripts/tree" && [ "$(head_of '')" = "$before" ] || return 1
		[ -z "$(git -C "$repo/out/tree" status --porcelain)" ] || { echo "not whole after git $step"; return 1; }
	done
}

comes_back_unchanged() {
	"$repo/scripts/refresh" || return 1
	for d in patches block drivers include Documentation; do
		[ ! -e "$top/$d" ] && [ ! -e "$repo/$d" ] || diff -r "$top/$d" "$repo/$d" || return 1
	done
}

mails_apply_without_an_identity() {
	"$repo/scripts/series" --signoff 'A B <a@example.org>' >"$work/mailed" 2>&1 || { cat "$work/mailed"; return 1; }
	# The author of a commit that "git am" makes is in the mail; who applies it is not
	cp -R "$work/base" "$work/am" && cd "$work/am" && git init -q . && git add -A -f &&
		GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@localhost GIT_COMMITTER_NAME=x \
		GIT_COMMITTER_EMAIL=x@localhost git commit -q -m base &&
		find "$repo/out/series" -name '*.patch' | sort | tail -n +2 |
		GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@localhost xargs git am -q || return 1
	[ "$(git rev-parse 'HEAD^{tree}')" = "$(head_of '^{tree}')" ] || return 1
	[ "$(git log --format=%B | grep -c '^Signed-off-by: A B')" -eq \
	  "$(git rev-list --count HEAD~1 2>/dev/null)" ] || return 1
	# Who can sign nothing off is not the author of what is sent
	[ "$(git log --format=%an%n%s | grep -c '^A B$')" -eq "$(git rev-list --count HEAD~1)" ]
}

# The series adds an entry to MAINTAINERS: whom it names is for who sends it
maintainer_without_mail_is_told() {
	for file in "$repo"/out/series/*.patch; do
		! grep -q '^+M:.*\.example>$' "$file" || echo "${file##*/}"
	done >"$work/without"
	[ "$(grep -c 'to be changed before it is sent' "$work/mailed")" -eq "$(wc -l <"$work/without")" ] ||
		{ cat "$work/mailed"; return 1; }
	while read -r file; do
		grep -q "to be changed before it is sent: $file " "$work/mailed" || { cat "$work/mailed"; return 1; }
	done <"$work/without"
}

# As a maintainer's script would look at them: signed off by their author, and to somebody
mails_pass_checkpatch() {
	perl "$base/scripts/checkpatch.pl" --root="$base" --no-tree --terse --show-types "$repo"/out/series/*[1-9]-*.patch |
		grep -E 'SIGN_OFF|LONG_LINE|AUTHOR' && return 1
	for file in "$repo"/out/series/*.patch; do
		sed '/^$/q' "$file" | grep -q '^To: ' || { echo "$file is to nobody"; return 1; }
		! sed '/^$/q' "$file" | grep -q '\.example>' || { echo "$file is to an address that takes no mail"; return 1; }
	done
}

# What a maintainer's own git may be set to
configuration_makes_no_difference() {
	before=$(head_of '')
	cp -R "$repo/out/series" "$work/as-before"
	mkdir -p "$work/hooks"
	# shellcheck disable=SC2016 # it is the hook's
	printf '#!/bin/sh\necho "Change-Id: I1" >>"$1"\n' >"$work/hooks/commit-msg"
	printf '#!/bin/sh\nexit 1\n' >"$work/hooks/pre-commit"
	chmod +x "$work/hooks/commit-msg" "$work/hooks/pre-commit"
	cat >"$work/gitconfig" <<-END
	[diff]
		noprefix = true
		renames = copies
	[format]
		signoff = true
		useAutoBase = true
		suffix = .txt
		attach = true
		subjectPrefix = RFC
		thread = shallow
		to = x@localhost
		signature = me
	[commit]
		gpgsign = true
	[tag]
		gpgsign = true
	[core]
		hooksPath = $work/hooks
	[gpg]
		program = false
	END
	rm -rf "$repo/out/tree"
	GIT_CONFIG_GLOBAL=$work/gitconfig "$repo/scripts/tree" && [ "$(head_of '')" = "$before" ] || return 1
	GIT_CONFIG_GLOBAL=$work/gitconfig "$repo/scripts/refresh" || return 1
	diff -r "$top/patches" "$repo/patches" || return 1
	# And two at once leave a whole one
	exports=
	for each in 1 2; do
		GIT_CONFIG_GLOBAL=$work/gitconfig "$repo/scripts/series" --signoff 'A B <a@example.org>' &
		exports="$exports $!"
	done
	for each in $exports; do
		wait "$each" || return 1
	done
	diff -r -I '^Date: ' "$work/as-before" "$repo/out/series"
}

cover_letter_is_filled_in() {
	! grep -q '\*\*\*' "$repo/out/series/0000-cover-letter.patch" &&
		grep -q '^Subject: .*inline encryption' "$repo/out/series/0000-cover-letter.patch"
}

mails_are_addressed() {
	for title in block-keep mmc-core-let mmc-sdhci-msm-encrypt; do
		sed '/^$/q' "$repo"/out/series/[0-9]*-$title-*.patch >"$work/head.$title"
	done
	grep -qi 'To: .*axboe' "$work/head.block-keep" || return 1
	grep -q 'Cc: linux-block@\|^ linux-block@' "$work/head.block-keep" || return 1
	! grep -q 'linux-mmc@' "$work/head.block-keep" || return 1
	# The role has a bracket of its own there
	grep -q '^To: Ulf Hansson' "$work/head.mmc-core-let" || return 1
	grep -q 'linux-mmc@' "$work/head.mmc-core-let" || return 1
	grep -q 'linux-arm-msm@' "$work/head.mmc-sdhci-msm-encrypt" || return 1
	sed '/^$/q' "$repo/out/series/0000-cover-letter.patch" >"$work/head"
	for who in axboe linux-block@ linux-mmc@ linux-arm-msm@; do
		[ "$(grep -c "$who" "$work/head")" -eq 1 ] || { cat "$work/head"; return 1; }
	done
}

# letter: what the cover letter says, in one line
letter() {
	sed '1,/^$/d' "$repo/out/series/0000-cover-letter.patch" | paste -s -d ' '
}

# noted [PART PASSED FAILED TOOK]: notes it; prints which of two parts, or of $parts, have not passed
noted() {
	sh -c '
		prog=scripts/check
		. "${0%/*}/lib.sh"
		. "$top/scripts/results-lib.sh"
		where=$out full_parts=${parts-one two}
		[ $# -eq 0 ] || results_note "$@"
		results_missing
	' "$repo/scripts/noted" "$@"
}

figures_are_those_of_the_last_run() {
	letter | grep 'No run of these tests has been noted yet' || return 1
	mkdir -p "$repo/tools/testing/bench"
	cp -R "$top/tools/testing/bench/results" "$repo/tools/testing/bench/"
	[ "$(noted one 4700 1 "2 s")" = "one two" ] && "$repo/scripts/series" &&
		letter | grep ": 4700 results passed and 1 failed. Not run were: two. The base was" || return 1
	[ "$(noted)" = "one two" ] || return 1
	[ "$(noted one 4711 0 "2 s")" = two ] && [ -z "$(noted two 3 0 "1 min 2 s")" ] || return 1
	sed -i 's/^\(one *\)[^ ]*/\12026-01-02/' "$repo/tools/testing/results"
	"$repo/scripts/series" && letter | grep "between 2026-01-02 and 20[^ ]*: 4714 results passed and 0 failed. The" ||
		return 1
	# What the series was before is told apart
	sed -i 's/^\(one *[^ ]* *\)[^ ]*/\10123/' "$repo/tools/testing/results"
	[ "$(noted)" = one ] && "$repo/scripts/series" &&
		letter | grep ': 3 results passed and 0 failed. Of an earlier state of this series 4711 passed and 0 failed: one. The' ||
		return 1
	# Of another base, it begins anew
	sed -i 's/^base=.*/base=5.10.1/' "$repo/tools/testing/results"
	[ "$(noted two 3 0 "1 s")" = one ] && ! grep '^one .*4711' "$repo/tools/testing/results" || return 1
	figure=$(awk '/^Host pci/ { at = 1 } at && /^write random +4 KiB +1 / { print $8; exit }' \
		"$top/tools/testing/bench/results/table.txt")
	[ -n "$figure" ] && letter | grep "$figure instructions to write with the engine" || return 1
	rm -r "$repo/tools"
}

cover_letter_tells_what_changed() {
	letter | grep " 1 block: keep a request's DUN in step with partial completion     2 files changed, " || return 1
	cd "$repo" && git init -q . && git add -A patches block drivers include Documentation &&
		git -c user.name=x -c user.email=x@localhost commit -q -m before || return 1
	scripts/series --since HEAD || return 1
	! letter | grep 'Changed since' || return 1
	# A message, a file that is added, and a title
	sed -i '5s/^/word /' patches/v5.10/0001-*.patch
	echo '/* end */' >>drivers/mmc/core/crypto.c
	sed -i 's/^\(Subject: mmc: block: \).*retry.*/\1another title/' patches/v5.10/*-mmc-block-forget-*.patch
	scripts/series --since HEAD || return 1
	letter | grep -o 'Changed since.*What each' >"$work/told"
	git checkout -q . && rm -rf .git && "$repo/scripts/tree" || return 1
	[ "$(grep -o ' - [a-z]*: [a-z/_-]*: [a-z]*:* [a-z]*' "$work/told" | sort | paste -s -d ,)" = \
	  " - changed: block: keep a, - changed: mmc: core: let, - gone: mmc: block: forget, - new: mmc: block: another" ] ||
		{ cat "$work/told"; return 1; }
}

results_name_the_tests() {
	mkdir -p "$repo/tools/testing" && cd "$repo" && git init -q . && git add -A scripts &&
		git -c user.name=x -c user.email=x@localhost commit -q -m tests || return 1
	by=$(git rev-parse --short=7 HEAD)
	noted one 1 0 "1 s" && awk '{ print $1, $4 }' tools/testing/results >"$work/by"
	# What the run itself writes is no change
	noted two 1 0 "1 s" && awk '{ print $1, $4 }' tools/testing/results >>"$work/by"
	echo >>scripts/quilt
	noted one 1 0 "1 s" && awk '{ print $1, $4 }' tools/testing/results >>"$work/by"
	git checkout -q scripts && rm -rf .git tools
	[ "$(grep '^\(one\|two\) [^-]' "$work/by" | paste -s -d ,)" = "one $by,one $by,two $by,one $by+,two $by" ] ||
		{ cat "$work/by"; return 1; }
}

results_lapse_with_what_they_are_of() {
	mkdir -p "$repo/tools/testing"
	export parts="commits lint scripts run"
	for part in $parts; do
		noted "$part" 1 0 "1 s" >"$work/missing"
	done
	for changed in MAINTAINERS Documentation/block/index.rst block/keyslot-manager.c; do
		echo >>"$repo/out/tree/$changed"
		git -C "$repo/out/tree" add "$changed" &&
			git -C "$repo/out/tree" -c user.name=x -c user.email=x@localhost commit -q -m "$changed" || return 1
		noted >>"$work/missing"
	done
	unset parts
	rm -r "$repo/tools"
	"$repo/scripts/tree" --forget-work || return 1
	paste -s -d , "$work/missing" | grep -x ',commits lint scripts,commits lint scripts,commits lint scripts run'
}

quilt_applies_them_without_fuzz() {
	"$repo/scripts/quilt" || return 1
	cp -R "$work/base" "$work/quilt" && cd "$work/quilt" || return 1
	# Nobody's quilt, either
	QUILT_PATCHES="$repo/out/quilt" quilt --quiltrc - push -a --fuzz=0 || return 1
	[ "$(quilt --quiltrc - applied | wc -l)" -eq "$(find "$repo/patches/v5.10" -name '*.patch' | wc -l)" ] || return 1
	rm -rf .pc
	git init -q . && git add -A -f && [ "$(git write-tree)" = "$(head_of '^{tree}')" ]
}

quilt_patches_say_where_they_are_from() {
	for file in "$repo"/patches/v5.10/*.patch; do
		quilted=$repo/out/quilt/mmc-crypto/${file##*/}
		sed '/^$/,$d' "$quilted" >"$work/fields" || return 1
		[ "$(sed '/^ /d; s/:.*//' "$work/fields" | paste -sd ' ')" = \
		  "From Subject Origin Upstream Forwarded Last-Update" ] || { cat "$work/fields"; return 1; }
		grep -E '^(From|Subject|Upstream): ' "$file" | diff - "$work/fields" | grep '^<' && return 1
		grep -q "^Last-Update: $(sed -n 's/^Date: \([0-9-]*\)T.*/\1/p' "$file")\$" "$work/fields" || return 1
		# The message, and nothing of what quilt could take for a part of the patch
		sed '1,/^$/d; /^---$/,$d' "$file" |
			awk '/^Upstream: / { of = 1; next } of && /^ / { next } { of = 0; print }' | git stripspace >"$work/message"
		sed '1,/^$/d; /^---$/,$d' "$quilted" | git stripspace | diff "$work/message" - || return 1
	done
	[ -s "$work/message" ] || return 1
	# One of ours may stand for two of mainline's
	sed -n '/^Upstream: /,/^Forwarded: /p' "$repo"/out/quilt/mmc-crypto/*-mmc-cqhci-support-*.patch |
		grep -x ' mmc: cqhci: add cqhci_host_ops::program_key' || return 1
	sed '1,/^---$/d; /^diff /,$d' "$repo"/out/series/*-mmc-cqhci-support-*.patch |
		grep -x ' mmc: cqhci: add cqhci_host_ops::program_key'
}

second_series_is_on_top() {
	"$repo/scripts/tree" || return 1
	[ "$(git -C "$repo/out/tree" rev-list --count series..block-cleanups)" -eq \
	  "$(find "$repo/patches/v5.10-block-cleanups" -name '*.patch' | wc -l)" ] || return 1
	[ "$(git -C "$repo/out/tree" merge-base series block-cleanups)" = "$(head_of '')" ]
}

second_series_has_mails_of_its_own() {
	before=$(find "$repo/out/series" -type f -exec sha256sum {} + | sort)
	"$repo/scripts/series" --block-cleanups || return 1
	[ "$before" = "$(find "$repo/out/series" -type f -exec sha256sum {} + | sort)" ] || return 1
	grep -q '^Subject: .*PATCH 0/2\] block: ' "$repo/out/series-block-cleanups/0000-cover-letter.patch" || return 1
	! grep -q '\*\*\*' "$repo/out/series-block-cleanups/0000-cover-letter.patch" || return 1
	cd "$work/am" && find "$repo/out/series-block-cleanups" -name '*.patch' | sort | tail -n +2 |
		GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@localhost xargs git am -q || return 1
	[ "$(git rev-parse 'HEAD^{tree}')" = "$(git -C "$repo/out/tree" rev-parse 'block-cleanups^{tree}')" ]
}

# Worked on and written back, each of the two leaves the other as it is
second_series_comes_back() {
	git -C "$repo/out/tree" checkout -q block-cleanups && "$repo/scripts/refresh" || return 1
	diff -r "$top/patches" "$repo/patches" || return 1
	for d in block drivers include Documentation; do
		diff -r "$top/$d" "$repo/$d" || return 1
	done
	git -C "$repo/out/tree" -c user.name=x -c user.email=x@localhost commit -q --amend -m 'block: another name
Upstream: none' || return 1
	git -C "$repo/out/tree" checkout -q series
	# Not lost when something else has changed, and not needed by it
	first=$(find "$repo/patches/v5.10" -name '0001-*.patch')
	cp "$first" "$work/first"
	sed -i '4a\
more words' "$first"
	refused "has work" "$repo/scripts/tree" || return 1
	cp "$work/first" "$first"
	git -C "$repo/out/tree" checkout -q block-cleanups
	"$repo/scripts/refresh" && [ -f "$repo/patches/v5.10-block-cleanups/0002-block-another-name.patch" ] || return 1
	diff -r "$top/patches/v5.10" "$repo/patches/v5.10" || return 1
	cp -R "$top/patches/v5.10-block-cleanups/." "$repo/patches/v5.10-block-cleanups/"
	rm "$repo/patches/v5.10-block-cleanups/0002-block-another-name.patch"
	"$repo/scripts/tree" && [ "$(git -C "$repo/out/tree" symbolic-ref --short HEAD)" = series ]
}

second_series_may_lag_behind() {
	sed -i 's/^-.*blk_ksm_unregister.*/-&/' "$repo"/patches/v5.10-block-cleanups/0001-*.patch
	"$repo/scripts/tree" >"$work/lags" 2>&1 || { cat "$work/lags"; return 1; }
	grep 'no branch block-cleanups' "$work/lags" || return 1
	[ "$(git -C "$repo/out/tree" rev-list --count base..HEAD)" -eq \
	  "$(find "$repo/patches/v5.10" -name '*.patch' | wc -l)" ] || return 1
	refused "no branch" "$repo/scripts/series" --block-cleanups || return 1
	cp "$top"/patches/v5.10-block-cleanups/0001-*.patch "$repo/patches/v5.10-block-cleanups/"
	"$repo/scripts/tree" && git -C "$repo/out/tree" rev-parse -q --verify block-cleanups
}

file_that_is_there_already_is_refused() {
	small_base "$work/has"
	f=$(sed -n 's/^Adds: //p' "$repo"/patches/v5.10/*.patch | head -n 1)
	mkdir -p "$work/has/$(dirname "$f")"
	echo old >"$work/has/$f"
	BASE="$work/has" refused "is there already" "$repo/scripts/tree"
}

patch_that_does_not_apply_is_refused() {
	small_base "$work/other"
	f=$(sed -n 's|^--- a/||p' "$repo"/patches/v5.10/0001-*.patch | head -n 1)
	: >"$work/other/$f"
	BASE="$work/other" refused "0001-.* does not apply" "$repo/scripts/tree"
}

other_kernel_is_refused() {
	small_base "$work/v6"
	sed -i 's/^VERSION = .*/VERSION = 6/' "$work/v6/Makefile"
	BASE="$work/v6" refused "5\.10" "$repo/scripts/tree"
}

work_in_the_tree_is_not_lost() {
	"$repo/scripts/tree" || return 1
	echo mine >"$repo/out/tree/mine"
	"$repo/scripts/tree" && [ -f "$repo/out/tree/mine" ] || return 1
	refused "not committed" "$repo/scripts/refresh" || return 1
	first=$(find "$repo/patches/v5.10" -name '0001-*.patch')
	cp "$first" "$work/first"
	sed -i '4a\
more words' "$first"
	refused "has work" "$repo/scripts/tree" || return 1
	[ -f "$repo/out/tree/mine" ] || return 1
	cp "$work/first" "$first"
	"$repo/scripts/tree" --forget-work && [ ! -f "$repo/out/tree/mine" ]
}

# commit_in_tree: what is there, by nobody
commit_in_tree() {
	GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@localhost GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@localhost \
		git -C "$repo/out/tree" commit -q --allow-empty "$@"
}

# Not that of the branch series while another is checked out, nor what goes with the base
branches_in_the_tree_are_not_lost() {
	commit_in_tree -m mine
	mine=$(head_of '')
	git -C "$repo/out/tree" checkout -q block-cleanups
	first=$(find "$repo/patches/v5.10" -name '0001-*.patch')
	cp "$first" "$work/first"
	sed -i '4a\
more words' "$first"
	refused "has work" "$repo/scripts/tree" || return 1
	[ "$(git -C "$repo/out/tree" rev-parse series)" = "$mine" ] || return 1
	cp "$work/first" "$first"
	"$repo/scripts/tree" --forget-work || return 1
	git -C "$repo/out/tree" branch wip
	small_base "$work/another"
	BASE="$work/another" refused "has beside the series: wip" "$repo/scripts/tree" || return 1
	git -C "$repo/out/tree" rev-parse -q --verify wip && git -C "$repo/out/tree" branch -q -D wip || return 1
	echo >>"$repo/out/tree/Makefile"
	GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@localhost GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@localhost \
		git -C "$repo/out/tree" stash -q || return 1
	BASE="$work/another" refused "has beside the series: stash" "$repo/scripts/tree" || return 1
	git -C "$repo/out/tree" stash drop -q
}

# refresh replaces what it made, and nothing that was done here meanwhile
work_here_is_not_lost() {
	"$repo/scripts/tree" || return 1
	echo '/* mine */' >>"$repo/drivers/mmc/core/crypto.c"
	refused "changed here" "$repo/scripts/refresh" || return 1
	grep mine "$repo/drivers/mmc/core/crypto.c" || return 1
	cp "$top/drivers/mmc/core/crypto.c" "$repo/drivers/mmc/core/crypto.c"
	echo draft >"$repo/drivers/mmc/core/draft.c"
	refused "changed here" "$repo/scripts/refresh" || return 1
	# The same where out/tree was made anew since
	cd "$repo" && git init -q . && git add patches block drivers/mmc/core/crypto.c && "$repo/scripts/tree" || return 1
	refused "would be lost" "$repo/scripts/refresh" && [ -f "$repo/drivers/mmc/core/draft.c" ] || return 1
	rm -rf .git "$repo/drivers/mmc/core/draft.c"
	"$repo/scripts/tree"
}

# In the middle of a rebase there is only a part of the series
half_a_series_is_refused() {
	git -C "$repo/out/tree" checkout -q --detach HEAD~3
	for each in refresh quilt series; do
		refused "neither the branch series" "$repo/scripts/$each" || return 1
	done
	git -C "$repo/out/tree" checkout -q series
	commit_in_tree -m mine
	refused "refresh' first" "$repo/scripts/series" --since HEAD || return 1
	"$repo/scripts/tree" --forget-work
}

# Those that are for later releases only are told by their titles, which may change
patches_for_later_releases_exist() {
	grep -q '^5\.10\.[0-9]*  the series$' "$top/patches/v5.10/since.txt" || return 1
	sed -n 's/^5[0-9.]*  //p' "$top/patches/v5.10/since.txt" | grep -vx 'the series' >"$work/titles"
	[ -s "$work/titles" ] || return 1
	while IFS= read -r title; do
		grep -qxF "Subject: $title" "$top"/patches/v5.10/*.patch || { echo "no patch '$title'"; return 1; }
	done <"$work/titles"
	# Numbers go wrong as soon as one is added
	! grep -nE '(^|[^0-9x:])00[0-3][0-9]([^0-9]|$)' "$top/ANDROID.md" "$top/README.md" "$top/patches/v5.10/cover-letter.txt"
}

change_to_an_added_file_has_to_be_squashed() {
	f=$(sed -n 's/^Adds: //p' "$repo"/patches/v5.10/*.patch | head -n 1)
	echo >>"$repo/out/tree/$f"
	GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@localhost GIT_COMMITTER_NAME=x \
		GIT_COMMITTER_EMAIL=x@localhost git -C "$repo/out/tree" commit -q -a -m later || return 1
	refused "squash" "$repo/scripts/refresh" || return 1
	diff -r "$top/patches" "$repo/patches" || return 1
	"$repo/scripts/tree" --forget-work
}

tests="becomes_a_tree is_the_same_every_time is_made_after_an_interruption comes_back_unchanged
mails_apply_without_an_identity maintainer_without_mail_is_told mails_pass_checkpatch
configuration_makes_no_difference cover_letter_is_filled_in
mails_are_addressed figures_are_those_of_the_last_run cover_letter_tells_what_changed
results_name_the_tests results_lapse_with_what_they_are_of
quilt_applies_them_without_fuzz quilt_patches_say_where_they_are_from
second_series_is_on_top second_series_has_mails_of_its_own second_series_comes_back
second_series_may_lag_behind
file_that_is_there_already_is_refused patch_that_does_not_apply_is_refused
other_kernel_is_refused work_in_the_tree_is_not_lost
branches_in_the_tree_are_not_lost work_here_is_not_lost half_a_series_is_refused
patches_for_later_releases_exist
change_to_an_added_file_has_to_be_squashed"
# shellcheck disable=SC2086 # a list
set -- $tests
run_cases "$@"
