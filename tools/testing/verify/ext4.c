// SPDX-License-Identifier: GPL-2.0
/*
 * ext4.c - reading ext4 through libext2fs
 *
 * The library checks the metadata's checksums; what it finds wrong ends the
 * run. Only what the verifier asks of a file system belongs here.
 */
#include <string.h>
#include <sys/stat.h>
#include <et/com_err.h>
#include <ext2fs/ext2fs.h>

#include "verify.h"

static void need(struct fs *fs, errcode_t err, const char *what, uint64_t ino)
{
	if (err)
		die("ext4 at byte %llu: inode %llu: %s: %s",
		    (unsigned long long)fs->offset, (unsigned long long)ino,
		    what, error_message(err));
}

static bool ext4_probe(struct fs *fs)
{
	ext2_filsys e;
	char options[32];
	errcode_t err;

	if (fs->img->size - fs->offset < 2048 ||
	    get16(fs->img->map + fs->offset + 1024 + 56) != EXT2_SUPER_MAGIC)
		return false;
	initialize_ext2_error_table();
	snprintf(options, sizeof(options), "offset=%llu",
		 (unsigned long long)fs->offset);
	err = ext2fs_open2(fs->img->path, options, EXT2_FLAG_64BITS, 0, 0,
			   unix_io_manager, &e);
	if (err)
		die("ext4 at byte %llu: %s", (unsigned long long)fs->offset,
		    error_message(err));
	if (ext2fs_has_feature_journal_needs_recovery(e->super))
		die("ext4 at byte %llu: not cleanly unmounted",
		    (unsigned long long)fs->offset);
	fs->priv = e;
	fs->block_size = e->blocksize;
	fs->blocks = ext2fs_blocks_count(e->super);
	memcpy(fs->uuid, e->super->s_uuid, 16);
	fs->root_ino = EXT2_ROOT_INO;
	return true;
}

static void ext4_close(struct fs *fs)
{
	ext2fs_close_free((ext2_filsys *)&fs->priv);
}

static void read_context(struct fs *fs, struct inode *inode)
{
	struct ext2_xattr_handle *h;
	void *value;
	size_t len;

	need(fs, ext2fs_xattrs_open(fs->priv, (ext2_ino_t)inode->ino, &h),
	     "extended attributes", inode->ino);
	need(fs, ext2fs_xattrs_read(h), "extended attributes", inode->ino);
	/* the library has no prefix for the index that fscrypt uses */
	need(fs, ext2fs_xattr_get(h, "c", &value, &len), "encryption context",
	     inode->ino);
	if (len > sizeof(inode->ctx))
		die("ext4: inode %llu: encryption context of %zu bytes",
		    (unsigned long long)inode->ino, len);
	memcpy(inode->ctx, value, len);
	inode->ctx_len = len;
	ext2fs_free_mem(&value);
	ext2fs_xattrs_close(&h);
}

static void read_inline(struct fs *fs, struct inode *inode)
{
	size_t len;

	need(fs, ext2fs_inline_data_size(fs->priv, (ext2_ino_t)inode->ino,
					 &len), "inline data", inode->ino);
	inode->inl = xcalloc(len, 1);
	inode->inl_len = len;
	need(fs, ext2fs_inline_data_get(fs->priv, (ext2_ino_t)inode->ino, NULL,
					inode->inl, &len),
	     "inline data", inode->ino);
}

/* blocks that were allocated ahead and never written read as zeroes */
static void read_extents(struct fs *fs, struct inode *inode,
			 struct ext2_inode *raw)
{
	struct ext2fs_extent ext;
	ext2_extent_handle_t h;
	errcode_t err;

	need(fs, ext2fs_extent_open2(fs->priv, (ext2_ino_t)inode->ino, raw,
				     &h), "extents", inode->ino);
	err = ext2fs_extent_get(h, EXT2_EXTENT_ROOT, &ext);
	while (!err) {
		if ((ext.e_flags & EXT2_EXTENT_FLAGS_LEAF) &&
		    !(ext.e_flags & EXT2_EXTENT_FLAGS_UNINIT))
			inode_add_extent(inode, ext.e_lblk, ext.e_pblk,
					 ext.e_len);
		err = ext2fs_extent_get(h, EXT2_EXTENT_NEXT, &ext);
	}
	if (err != EXT2_ET_EXTENT_NO_NEXT && err != EXT2_ET_NO_CURRENT_NODE)
		need(fs, err, "extents", inode->ino);
	ext2fs_extent_free(h);
}

static int add_block(ext2_filsys e, blk64_t *pblk, e2_blkcnt_t lblk,
		     blk64_t ref_blk, int ref_offset, void *arg)
{
	(void)e;
	(void)ref_blk;
	(void)ref_offset;
	if (lblk >= 0)
		inode_add_extent(arg, (uint64_t)lblk, *pblk, 1);
	return 0;
}

static void ext4_inode(struct fs *fs, struct inode *inode)
{
	struct ext2_inode raw;

	need(fs, ext2fs_read_inode(fs->priv, (ext2_ino_t)inode->ino, &raw),
	     "cannot be read", inode->ino);
	inode->mode = raw.i_mode;
	inode->size = EXT2_I_SIZE(&raw);
	inode->encrypted = raw.i_flags & EXT4_ENCRYPT_FL;
	if (inode->encrypted)
		read_context(fs, inode);
	if (raw.i_flags & EXT4_INLINE_DATA_FL) {
		read_inline(fs, inode);
	} else if (S_ISLNK(raw.i_mode) && ext2fs_is_fast_symlink(&raw)) {
		inode->inl_len = inode->size;
		inode->inl = xcalloc(inode->size, 1);
		memcpy(inode->inl, raw.i_block, inode->size);
	} else if (!S_ISREG(raw.i_mode) && !S_ISDIR(raw.i_mode) &&
		   !S_ISLNK(raw.i_mode)) {
		return;
	} else if (raw.i_flags & EXT4_EXTENTS_FL) {
		read_extents(fs, inode, &raw);
	} else {
		need(fs, ext2fs_block_iterate3(fs->priv, (ext2_ino_t)inode->ino,
					       BLOCK_FLAG_READ_ONLY |
					       BLOCK_FLAG_DATA_ONLY, NULL,
					       add_block, inode),
		     "blocks", inode->ino);
	}
}

struct dir_arg {
	dirent_fn fn;
	void *arg;
};

static int one_dirent(ext2_ino_t dir, int entry, struct ext2_dir_entry *de,
		      int offset, int block_size, char *buf, void *arg)
{
	struct dir_arg *d = arg;
	int len = ext2fs_dirent_name_len(de);

	(void)dir;
	(void)entry;
	(void)offset;
	(void)block_size;
	(void)buf;
	/* by name: the place of these two tells nothing in inline folders */
	if (de->inode && !(len == 1 && de->name[0] == '.') &&
	    !(len == 2 && de->name[0] == '.' && de->name[1] == '.'))
		d->fn(d->arg, (const uint8_t *)de->name, (size_t)len,
		      de->inode);
	return 0;
}

static void ext4_readdir(struct fs *fs, struct inode *dir, dirent_fn fn,
			 void *arg)
{
	struct dir_arg d = { .fn = fn, .arg = arg };

	need(fs, ext2fs_dir_iterate2(fs->priv, (ext2_ino_t)dir->ino, 0, NULL,
				     one_dirent, &d), "directory", dir->ino);
}

const struct fs_ops ext4_ops = {
	.name = "ext4",
	.probe = ext4_probe,
	.close = ext4_close,
	.inode = ext4_inode,
	.readdir = ext4_readdir,
};
