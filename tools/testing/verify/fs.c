// SPDX-License-Identifier: GPL-2.0
/*
 * fs.c - the tree of a file system, with names in the clear
 *
 * Walks whatever ext4.c or f2fs.c can read, finds each encrypted inode's keys
 * and derives the data units that its contents must occupy. Format questions
 * belong to those two, key questions to fscrypt.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "verify.h"

#define INODE_BUCKETS	65536

const uint8_t *fs_block(const struct fs *fs, uint64_t pblk)
{
	if (pblk >= fs->blocks)
		die("%s at byte %" PRIu64 ": block %" PRIu64
		    " is outside of it", fs->ops->name, fs->offset, pblk);
	return fs->img->map + fs->offset + pblk * fs->block_size;
}

/* extents arrive in the order of the file's blocks */
void inode_add_extent(struct inode *inode, uint64_t lblk, uint64_t pblk,
		      uint64_t len)
{
	struct extent *last = inode->n_ext ? &inode->ext[inode->n_ext - 1] :
			      NULL;

	if (last && lblk < last->lblk + last->len)
		die("inode %" PRIu64 ": block %" PRIu64 " is mapped twice",
		    inode->ino, lblk);
	if (last && lblk == last->lblk + last->len &&
	    pblk == last->pblk + last->len) {
		last->len += len;
		return;
	}
	inode->ext = xgrow(inode->ext, &inode->room_ext, inode->n_ext + 1,
			   sizeof(*inode->ext));
	inode->ext[inode->n_ext++] = (struct extent){ lblk, pblk, len };
}

/* Return: the block on the volume, or 0 for a hole */
uint64_t inode_map(const struct inode *inode, uint64_t lblk)
{
	size_t lo = 0, hi = inode->n_ext, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (inode->ext[mid].lblk + inode->ext[mid].len <= lblk)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == inode->n_ext || inode->ext[lo].lblk > lblk)
		return 0;
	return inode->ext[lo].pblk + lblk - inode->ext[lo].lblk;
}

/* who owns which sector, and what the encrypted ones must hold */
static void derive_units(struct fs *fs, struct inode *inode)
{
	uint32_t per_block = fs->block_size / SECTOR;
	uint64_t blocks = (inode->size + fs->block_size - 1) / fs->block_size;
	uint64_t sector, i, lblk;
	size_t e;

	inode->first_unit = unit_count();
	for (e = 0; e < inode->n_ext; e++) {
		const struct extent *x = &inode->ext[e];

		fs_block(fs, x->pblk + x->len - 1);
		sector = fs->offset / SECTOR + x->pblk * per_block;
		/* a folder's names are encrypted by software, not its blocks */
		if (!inode->encrypted || !S_ISREG(inode->mode)) {
			plain_add(sector, x->len * per_block);
			continue;
		}
		for (i = 0; inode->has_key && i < x->len; i++) {
			lblk = x->lblk + i;
			if (lblk >= blocks)
				break;
			unit_add(sector + i * per_block, per_block,
				 fkey_dun(&inode->fkey, lblk),
				 inode->fkey.xkey, lblk, fs->check);
		}
	}
	inode->n_units = unit_count() - inode->first_unit;
}

static struct inode *get_inode(struct fs *fs, uint64_t ino)
{
	struct inode **bucket = &fs->inodes[ino % INODE_BUCKETS], *inode;
	const char *why;

	for (inode = *bucket; inode; inode = inode->hash_next)
		if (inode->ino == ino)
			return inode;
	inode = xcalloc(1, sizeof(*inode));
	inode->ino = ino;
	inode->hash_next = *bucket;
	*bucket = inode;
	fs->ops->inode(fs, inode);
	fs->check->proven++;
	if (inode->encrypted) {
		why = fkey_derive(&inode->fkey, inode->ctx, inode->ctx_len,
				  fs->uuid, ino);
		inode->has_key = !why;
		if (why)
			check_fail(fs->check, "inode %" PRIu64 ": %s", ino,
				   why);
	}
	derive_units(fs, inode);
	return inode;
}

struct walk {
	struct fs *fs;
	struct node *dir, **tail;
};

static void add_child(void *arg, const uint8_t *name, size_t len, uint64_t ino)
{
	struct walk *w = arg;
	const struct inode *dir = w->dir->inode;
	struct node *node;
	uint8_t clear[256];

	if (dir->encrypted) {
		if (!dir->has_key)
			return;
		len = fkey_decrypt_name(&dir->fkey, name, len, clear);
		name = clear;
		if (!len) {
			check_fail(w->fs->check, "a name in folder inode %"
				   PRIu64 " does not decrypt", dir->ino);
			return;
		}
	}
	node = xcalloc(1, sizeof(*node));
	node->name = xstrndup((const char *)name, len);
	node->name_len = len;
	node->inode = get_inode(w->fs, ino);
	*w->tail = node;
	w->tail = &node->next;
}

static bool is_above(const struct node *const *path, size_t depth,
		     const struct inode *inode)
{
	while (depth--)
		if (path[depth]->inode == inode)
			return true;
	return false;
}

/* iterative, since nothing bounds how deep folders are nested */
static void read_tree(struct fs *fs)
{
	const struct node **path = NULL;
	struct node **todo = NULL, *child;
	size_t depth = 0, room_path = 0, n_todo = 0, room_todo = 0;

	todo = xgrow(todo, &room_todo, 1, sizeof(*todo));
	todo[n_todo++] = fs->root;
	while (n_todo) {
		struct node *dir = todo[--n_todo];
		struct walk w = { .fs = fs, .dir = dir };

		if (!dir) {
			depth--;
			continue;
		}
		w.tail = &dir->child;
		if (is_above(path, depth, dir->inode))
			die("%s at byte %" PRIu64 ": folder inode %" PRIu64
			    " contains itself", fs->ops->name, fs->offset,
			    dir->inode->ino);
		path = xgrow(path, &room_path, depth + 1, sizeof(*path));
		path[depth++] = dir;
		/* a mark that this folder is done with */
		todo = xgrow(todo, &room_todo, n_todo + 1, sizeof(*todo));
		todo[n_todo++] = NULL;
		fs->ops->readdir(fs, dir->inode, add_child, &w);
		for (child = dir->child; child; child = child->next) {
			if (!S_ISDIR(child->inode->mode))
				continue;
			todo = xgrow(todo, &room_todo, n_todo + 1,
				     sizeof(*todo));
			todo[n_todo++] = child;
		}
	}
	free(path);
	free(todo);
}

struct fs *fs_open(const struct image *img, uint64_t offset,
		   struct check *check)
{
	static const struct fs_ops *const kinds[] = { &ext4_ops, &f2fs_ops };
	struct fs *fs = xcalloc(1, sizeof(*fs));
	size_t i;

	if (offset % SECTOR || offset >= img->size)
		die("file system at byte %" PRIu64
		    ": not a sector of the image", offset);
	fs->img = img;
	fs->offset = offset;
	fs->check = check;
	for (i = 0; i < ARRAY_SIZE(kinds) && !fs->ops; i++)
		if (kinds[i]->probe(fs))
			fs->ops = kinds[i];
	if (!fs->ops)
		die("file system at byte %" PRIu64 ": neither ext4 nor f2fs",
		    offset);
	if (fs->block_size > MAX_UNIT ||
	    fs->blocks > (img->size - offset) / fs->block_size)
		die("%s at byte %" PRIu64 ": it does not fit the image",
		    fs->ops->name, offset);
	fs->inodes = xcalloc(INODE_BUCKETS, sizeof(*fs->inodes));
	fs->root = xcalloc(1, sizeof(*fs->root));
	fs->root->name = xstrndup("", 0);
	fs->root->inode = get_inode(fs, fs->root_ino);
	if (!S_ISDIR(fs->root->inode->mode))
		die("%s at byte %" PRIu64 ": its root is no folder",
		    fs->ops->name, offset);
	read_tree(fs);
	return fs;
}

void fs_free(struct fs *fs)
{
	struct node *todo = fs->root, *node, *child;
	size_t i;

	while (todo) {
		node = todo;
		todo = node->next;
		while (node->child) {
			child = node->child;
			node->child = child->next;
			child->next = todo;
			todo = child;
		}
		free(node->name);
		free(node);
	}
	for (i = 0; i < INODE_BUCKETS; i++) {
		while (fs->inodes[i]) {
			struct inode *inode = fs->inodes[i];

			fs->inodes[i] = inode->hash_next;
			free(inode->ext);
			free(inode->inl);
			free(inode);
		}
	}
	free(fs->inodes);
	fs->ops->close(fs);
	free(fs);
}

struct node *fs_lookup(struct fs *fs, const char *path)
{
	struct node *node = fs->root;
	size_t len;

	for (;;) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len || !node)
			return node;
		for (node = node->child; node; node = node->next)
			if (node->name_len == len &&
			    !memcmp(node->name, path, len))
				break;
		path += len;
	}
}
