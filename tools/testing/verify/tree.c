// SPDX-License-Identifier: GPL-2.0
/*
 * tree.c - a tree of the file system against the originals
 *
 * Both ways: what is on the card must decrypt to the original, and the original
 * must encrypt to what is on the card. Owners, modes and times are not looked
 * at; names, types, sizes, bytes, link targets and policies are.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify.h"

struct cmp {
	const struct expect *e;
	struct fs *fs;
	const struct inode *top;	/* whose policy the others inherit */
	uint64_t data_blocks;		/* of the originals, not all zero */
	uint64_t encrypted_blocks;	/* as this program encrypts them */
	uint64_t covered;		/* both */
};

static bool context_differs(const struct inode *a, const struct inode *b)
{
	/* all but the nonce */
	return a->ctx_len != b->ctx_len ||
	       memcmp(a->ctx, b->ctx, CONTEXT_SIZE - 16);
}

static void compare_policy(struct cmp *c, const struct inode *inode,
			   const char *shown)
{
	struct check *check = c->e->policy_check;

	/* devices, pipes and sockets have no contents to encrypt */
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode) &&
	    !S_ISLNK(inode->mode))
		return;
	check->proven++;
	if (inode->encrypted != c->e->encrypted)
		check_fail(check, "%s: %sencrypted", shown,
			   inode->encrypted ? "" : "not ");
	else if (inode->encrypted && context_differs(inode, c->top))
		check_fail(check, "%s: another policy than its folder's",
			   shown);
	else if (inode->encrypted && inode->has_key &&
		 c->e->policy != POLICY_ANY &&
		 inode->fkey.policy != c->e->policy)
		check_fail(check, "%s: not the policy that was asked for",
			   shown);
}

static void compare_unit(struct cmp *c, uint32_t nr, const uint8_t *clear,
			 bool zero, const char *shown)
{
	const struct unit *u = unit_get(nr);
	const uint8_t *raw = c->fs->img->map + u->sector * SECTOR;
	struct xts *xts = xkey_get(u->xkey)->xts;
	size_t len = u->sectors * SECTOR;
	uint8_t buf[MAX_UNIT];

	xts_crypt(xts, false, u->dun, raw, buf, len);
	if (memcmp(buf, clear, len))
		check_fail(c->e->tree, "%s: block %" PRIu64 " (sector %" PRIu64
			   ") does not decrypt to the original", shown,
			   u->lblk, u->sector);
	xts_crypt(xts, true, u->dun, clear, buf, len);
	unit_seal(nr, buf);
	if (memcmp(buf, raw, len)) {
		check_fail(c->e->cipher, "%s: block %" PRIu64 " (sector %"
			   PRIu64 ") is not the original's ciphertext", shown,
			   u->lblk, u->sector);
	} else {
		c->encrypted_blocks++;
		c->covered += !zero;
	}
}

static void compare_contents(struct cmp *c, const struct inode *inode,
			     const struct blob *file, const char *shown)
{
	uint32_t bs = c->fs->block_size, unit = inode->first_unit;
	uint32_t unit_end = unit + inode->n_units;
	uint8_t last[MAX_UNIT];
	uint64_t at, left, pblk;
	const uint8_t *clear;
	bool zero;

	for (at = 0; at < file->size; at += bs) {
		clear = file->data + at;
		left = file->size - at;
		if (left < bs) {
			memset(last, 0, bs);
			memcpy(last, clear, left);
			clear = last;
		}
		zero = !clear[0] && all_same_byte(clear, bs);
		c->data_blocks += !zero;
		if (unit < unit_end && unit_get(unit)->lblk == at / bs) {
			compare_unit(c, unit++, clear, zero, shown);
			continue;
		}
		pblk = inode->encrypted ? 0 : inode_map(inode, at / bs);
		if (pblk ? memcmp(fs_block(c->fs, pblk), clear, bs) :
			   !zero)
			check_fail(c->e->tree, "%s: block %" PRIu64
				   " differs from the original", shown,
				   at / bs);
	}
}

static void compare_file(struct cmp *c, const struct inode *inode,
			 int dir, const char *name, const char *shown)
{
	struct blob file = map_at(dir, name, shown);

	fig.files++;
	fig.bytes += file.size;
	if (inode->size != file.size)
		check_fail(c->e->tree, "%s: %" PRIu64 " bytes, the original %"
			   PRIu64, shown, inode->size, file.size);
	else if (!inode->inl)
		compare_contents(c, inode, &file, shown);
	else if (inode->encrypted || inode->inl_len < file.size ||
		 memcmp(inode->inl, file.data, file.size))
		check_fail(c->e->tree, "%s: differs from the original", shown);
	unmap(&file);
}

/* Return: the length of the target, or 0 if there is none to be had */
static size_t link_target(struct cmp *c, const struct inode *inode,
			  uint8_t target[MAX_UNIT])
{
	const uint8_t *data = inode->inl;
	size_t len = inode->size, cipher_len;
	uint64_t pblk;

	if (!data) {
		pblk = inode_map(inode, 0);
		if (!pblk || len > c->fs->block_size)
			return 0;
		data = fs_block(c->fs, pblk);
	} else if (len > inode->inl_len) {
		return 0;
	}
	if (!inode->encrypted) {
		memcpy(target, data, len);
		return len;
	}
	/* two bytes of length stand in front of the ciphertext */
	if (!inode->has_key || len < 2)
		return 0;
	cipher_len = get16(data);
	if (cipher_len > len - 2)
		return 0;
	return fkey_decrypt_name(&inode->fkey, data + 2, cipher_len, target);
}

static void compare_link(struct cmp *c, const struct inode *inode,
			 int dir, const char *name, const char *shown)
{
	uint8_t target[MAX_UNIT];
	char want[PATH_MAX];
	ssize_t want_len = readlinkat(dir, name, want, sizeof(want));
	size_t len = link_target(c, inode, target);

	if (want_len < 0)
		die("%s: %s", shown, strerror(errno));
	fig.symlinks++;
	if (len != (size_t)want_len || memcmp(target, want, len))
		check_fail(c->e->tree, "%s: points to '%s', the original to '%s'",
			   shown, printable(target, len),
			   printable(want, (size_t)want_len));
}

static int cmp_node(const void *a, const void *b)
{
	return strcmp((*(struct node *const *)a)->name,
		      (*(struct node *const *)b)->name);
}

static int cmp_name(const void *key, const void *node)
{
	return strcmp(key, (*(struct node *const *)node)->name);
}

static void compare_dir(struct cmp *c, struct node *node, int fd,
			const char *shown);

static void compare_node(struct cmp *c, struct node *node, int dir,
			 const char *name, const char *shown)
{
	struct inode *inode = node->inode;
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		die("%s: %s", shown, strerror(errno));
	c->e->tree->proven++;
	if ((inode->mode & S_IFMT) != (st.st_mode & S_IFMT)) {
		check_fail(c->e->tree, "%s: of another type than the original",
			   shown);
		return;
	}
	compare_policy(c, inode, shown);
	if (S_ISREG(st.st_mode)) {
		compare_file(c, inode, dir, name, shown);
	} else if (S_ISLNK(st.st_mode)) {
		compare_link(c, inode, dir, name, shown);
	} else if (S_ISDIR(st.st_mode)) {
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			    O_CLOEXEC);
		if (fd < 0)
			die("%s: %s", shown, strerror(errno));
		compare_dir(c, node, fd, shown);
	}
}

static void compare_dir(struct cmp *c, struct node *node, int fd,
			const char *shown)
{
	struct node **list = NULL, **found, *child;
	size_t n = 0, room = 0, i;
	DIR *dir = fdopendir(fd);
	struct dirent *de;
	char *path;

	if (!dir)
		die("%s: %s", shown, strerror(errno));
	fig.dirs++;
	for (child = node->child; child; child = child->next) {
		list = xgrow(list, &room, n + 1, sizeof(*list));
		list[n++] = child;
		child->seen = false;
	}
	if (n)
		qsort(list, n, sizeof(*list), cmp_node);
	for (i = 1; i < n; i++)
		if (!cmp_node(&list[i - 1], &list[i]))
			check_fail(c->e->tree, "%s/%s: exists twice", shown,
				   printable(list[i]->name,
					     list[i]->name_len));

	for (errno = 0; (de = readdir(dir)); errno = 0) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (asprintf(&path, "%s/%s", shown,
			     printable(de->d_name, strlen(de->d_name))) < 0)
			die("out of memory");
		found = n ? bsearch(de->d_name, list, n, sizeof(*list),
				    cmp_name) : NULL;
		if (found) {
			(*found)->seen = true;
			compare_node(c, *found, fd, de->d_name, path);
		} else {
			check_fail(c->e->tree, "%s: missing on the card", path);
		}
		free(path);
	}
	if (errno)
		die("%s: %s", shown, strerror(errno));
	for (i = 0; i < n; i++) {
		/* mkfs makes that one, and only there */
		if (node == c->fs->root &&
		    !strcmp(list[i]->name, "lost+found"))
			continue;
		if (!list[i]->seen)
			check_fail(c->e->tree, "%s/%s: only on the card",
				   shown, printable(list[i]->name,
						    list[i]->name_len));
	}
	free(list);
	closedir(dir);
}

void check_tree(const struct expect *e, struct fs *fs)
{
	struct node *node = fs_lookup(fs, e->path);
	struct cmp c = { .e = e, .fs = fs };
	int fd = open(e->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", e->dir, strerror(errno));
	if (!node || !S_ISDIR(node->inode->mode)) {
		check_fail(e->tree, "no such folder on the card");
		close(fd);
		return;
	}
	c.top = node->inode;
	compare_policy(&c, node->inode, e->path);
	compare_dir(&c, node, fd, e->dir);
	if (!e->encrypted)
		return;
	fig.data_blocks += c.data_blocks;
	fig.encrypted_blocks += c.encrypted_blocks;
	e->cipher->proven += c.encrypted_blocks;
	if (c.covered < c.data_blocks)
		check_fail(e->cipher, "%" PRIu64 " encrypted blocks for %"
			   PRIu64 " blocks of data", c.covered,
			   c.data_blocks);
}
