// SPDX-License-Identifier: GPL-2.0
/*
 * f2fs.c - a small reader for f2fs
 *
 * Written from the kernel's Documentation/filesystems/f2fs.rst and the layout
 * of the on-disk structures. It reads volumes that were cleanly unmounted, so
 * that there is nothing to roll forward; compression, casefolding and several
 * devices are refused.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "verify.h"

#define BLOCK			4096u
#define MAGIC			0xf2f52010u
#define XATTR_MAGIC		0xf2f52011u

/* superblock, at byte 1024 of block 0, a copy in block 1 */
#define SB_OFFSET		1024u
#define SB_LOG_BLOCKSIZE	16
#define SB_LOG_BLOCKS_PER_SEG	20
#define SB_BLOCK_COUNT		36
#define SB_SEGMENT_COUNT_NAT	60
#define SB_CP_BLKADDR		76
#define SB_NAT_BLKADDR		84
#define SB_ROOT_INO		96
#define SB_UUID			108
#define SB_CP_PAYLOAD		1664
#define SB_FEATURE		2180
#define SB_DEVS			2201
#define SB_DEV_SIZE		68
#define FEATURE_EXTRA_ATTR		0x0008
#define FEATURE_FLEXIBLE_INLINE_XATTR	0x0040

/* checkpoint */
#define CP_VERSION		0
#define CP_FLAGS		132
#define CP_PACK_BLOCKS		136
#define CP_PACK_START_SUM	140
#define CP_SIT_BITMAP_SIZE	156
#define CP_NAT_BITMAP_SIZE	160
#define CP_CHECKSUM_OFFSET	164
#define CP_BITMAP		192
#define CP_UMOUNT_FLAG		0x00000001
#define CP_COMPACT_SUM_FLAG	0x00000004
#define CP_ERROR_FLAG		0x00000008
#define CP_LARGE_NAT_BITMAP_FLAG	0x00000400

/* node address table, and its newest entries in a summary block's journal */
#define NAT_ENTRY		9
#define NAT_PER_BLOCK		(BLOCK / NAT_ENTRY)
#define SUM_JOURNAL_OFFSET	(7 * 512)
#define JOURNAL_ENTRY		13
#define JOURNAL_ENTRIES		38

/* inode */
#define I_MODE			0
#define I_ADVISE		2
#define I_INLINE		3
#define I_SIZE			16
#define I_XATTR_NID		76
#define I_FLAGS			80
#define I_ADDR			360
#define I_NID			4052
#define FOOTER_NID		4072
#define FOOTER_INO		4076
#define ADVISE_ENCRYPT		0x04
#define INLINE_XATTR		0x01
#define INLINE_DATA		0x02
#define INLINE_DENTRY		0x04
#define EXTRA_ATTR		0x20
#define FLAG_COMPRESSED		0x00000004
#define FLAG_CASEFOLD		0x40000000
#define ADDRS_PER_INODE		923
#define DEFAULT_XATTR_ADDRS	50
#define ADDRS_PER_BLOCK		1018
#define NULL_ADDR		0
#define NEW_ADDR		0xffffffffu
#define COMPRESS_ADDR		0xfffffffeu

/* extended attributes: header, then entries with names and values */
#define XATTR_HEADER		24
#define XATTR_INDEX_ENCRYPTION	9

/* folders */
#define DENTRY			11
#define SLOT			8
#define BLOCK_DENTRIES		214
#define BLOCK_DENTRY_BITMAP	30	/* with the bytes reserved behind it */

struct f2fs {
	const uint8_t *sb;
	const uint8_t *nat_bitmap;
	uint32_t nat_bitmap_bits;
	uint64_t nat_blkaddr;
	uint32_t blocks_per_seg;
	uint32_t max_nid;
	const uint8_t *journal;
	uint32_t n_journal;
	uint32_t feature;
};

/* checkpoints: CRC-32 without final inversion, seeded with the magic number */
static uint32_t f2fs_crc(uint32_t crc, const uint8_t *p, size_t len)
{
	int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

static bool cp_block_ok(const uint8_t *cp)
{
	uint32_t at = get32(cp + CP_CHECKSUM_OFFSET), crc;

	if (at < CP_BITMAP || at > BLOCK - 4)
		return false;
	crc = f2fs_crc(MAGIC, cp, at);
	/* with large bitmaps the checksum stands in front of them */
	crc = f2fs_crc(crc, cp + at + 4, BLOCK - at - 4);
	return crc == get32(cp + at);
}

/* a pack is valid if its first and its last block are, and agree */
static const uint8_t *cp_pack(struct fs *fs, uint64_t start, uint32_t seg)
{
	const uint8_t *first, *last;
	uint32_t blocks;

	first = fs_block(fs, start);
	if (!cp_block_ok(first))
		return NULL;
	blocks = get32(first + CP_PACK_BLOCKS);
	if (blocks < 2 || blocks > seg)
		return NULL;
	last = fs_block(fs, start + blocks - 1);
	if (!cp_block_ok(last) ||
	    get64(first + CP_VERSION) != get64(last + CP_VERSION))
		return NULL;
	return first;
}

static void read_checkpoint(struct fs *fs, struct f2fs *f)
{
	uint64_t start[2], at = 0;
	const uint8_t *cp = NULL, *pack;
	uint32_t flags, sit_size, nat_size, payload, start_sum;
	int i;

	start[0] = get32(f->sb + SB_CP_BLKADDR);
	start[1] = start[0] + f->blocks_per_seg;
	for (i = 0; i < 2; i++) {
		pack = cp_pack(fs, start[i], f->blocks_per_seg);
		if (!pack || (cp && get64(pack + CP_VERSION) <=
				    get64(cp + CP_VERSION)))
			continue;
		cp = pack;
		at = start[i];
	}
	if (!cp)
		die("f2fs at byte %" PRIu64 ": no valid checkpoint",
		    fs->offset);
	flags = get32(cp + CP_FLAGS);
	if (!(flags & CP_UMOUNT_FLAG) || (flags & CP_ERROR_FLAG))
		die("f2fs at byte %" PRIu64 ": not cleanly unmounted",
		    fs->offset);

	sit_size = get32(cp + CP_SIT_BITMAP_SIZE);
	nat_size = get32(cp + CP_NAT_BITMAP_SIZE);
	payload = get32(f->sb + SB_CP_PAYLOAD);
	f->nat_bitmap = cp + CP_BITMAP;
	if (flags & CP_LARGE_NAT_BITMAP_FLAG)
		f->nat_bitmap += 4;
	else if (!payload)
		f->nat_bitmap += sit_size;
	if (nat_size > BLOCK || sit_size > BLOCK * 64 ||
	    f->nat_bitmap + nat_size > cp + BLOCK * (1 + payload))
		die("f2fs at byte %" PRIu64 ": checkpoint bitmaps too large",
		    fs->offset);
	f->nat_bitmap_bits = nat_size * 8;

	start_sum = get32(cp + CP_PACK_START_SUM);
	if (!start_sum || start_sum >= get32(cp + CP_PACK_BLOCKS))
		die("f2fs at byte %" PRIu64 ": checkpoint without summaries",
		    fs->offset);
	f->journal = fs_block(fs, at + start_sum);
	if (!(flags & CP_COMPACT_SUM_FLAG))
		f->journal += SUM_JOURNAL_OFFSET;
	f->n_journal = get16(f->journal);
	if (f->n_journal > JOURNAL_ENTRIES)
		die("f2fs at byte %" PRIu64 ": NAT journal of %u entries",
		    fs->offset, f->n_journal);
}

static bool f2fs_probe(struct fs *fs)
{
	const uint8_t *base = fs->img->map + fs->offset;
	struct f2fs *f;

	if (fs->img->size - fs->offset < 3 * BLOCK ||
	    get32(base + SB_OFFSET) != MAGIC)
		return false;
	f = xcalloc(1, sizeof(*f));
	fs->priv = f;
	fs->ops = &f2fs_ops;
	f->sb = base + SB_OFFSET;
	if (get32(f->sb + SB_LOG_BLOCKSIZE) != 12 ||
	    get32(f->sb + SB_LOG_BLOCKS_PER_SEG) != 9)
		die("f2fs at byte %" PRIu64 ": block or segment size unknown",
		    fs->offset);
	if (f->sb[SB_DEVS] && f->sb[SB_DEVS + SB_DEV_SIZE])
		die("f2fs at byte %" PRIu64 ": spans several devices",
		    fs->offset);
	fs->block_size = BLOCK;
	fs->blocks = get64(f->sb + SB_BLOCK_COUNT);
	if (fs->blocks > (fs->img->size - fs->offset) / BLOCK)
		die("f2fs at byte %" PRIu64 ": it does not fit the image",
		    fs->offset);
	f->blocks_per_seg = 512;
	f->feature = get32(f->sb + SB_FEATURE);
	f->nat_blkaddr = get32(f->sb + SB_NAT_BLKADDR);
	/* half of the segments hold the other copy */
	f->max_nid = get32(f->sb + SB_SEGMENT_COUNT_NAT) / 2 *
		     f->blocks_per_seg * NAT_PER_BLOCK;
	memcpy(fs->uuid, f->sb + SB_UUID, 16);
	fs->root_ino = get32(f->sb + SB_ROOT_INO);
	read_checkpoint(fs, f);
	return true;
}

static void f2fs_close(struct fs *fs)
{
	free(fs->priv);
}

/* the NAT's blocks come in pairs of segments; a bit tells the valid copy */
static uint32_t nat_lookup(struct fs *fs, uint32_t nid)
{
	const struct f2fs *f = fs->priv;
	uint32_t block = nid / NAT_PER_BLOCK, i;
	uint64_t addr;
	const uint8_t *e;

	if (nid >= f->max_nid || block >= f->nat_bitmap_bits)
		die("f2fs at byte %" PRIu64 ": node %u is not in the table",
		    fs->offset, nid);
	for (i = 0; i < f->n_journal; i++) {
		e = f->journal + 2 + i * JOURNAL_ENTRY;
		if (get32(e) == nid)
			return get32(e + 4 + 5);
	}
	addr = f->nat_blkaddr + block / f->blocks_per_seg * 2 *
	       f->blocks_per_seg + block % f->blocks_per_seg;
	if (f->nat_bitmap[block / 8] & 0x80 >> block % 8)
		addr += f->blocks_per_seg;
	e = fs_block(fs, addr) + nid % NAT_PER_BLOCK * NAT_ENTRY;
	return get32(e + 5);
}

static const uint8_t *read_node(struct fs *fs, uint32_t nid, uint64_t ino)
{
	uint32_t addr = nat_lookup(fs, nid);
	const uint8_t *node;

	if (addr == NULL_ADDR || addr == NEW_ADDR)
		die("f2fs at byte %" PRIu64 ": node %u of inode %" PRIu64
		    " does not exist", fs->offset, nid, ino);
	node = fs_block(fs, addr);
	if (get32(node + FOOTER_NID) != nid || get32(node + FOOTER_INO) != ino)
		die("f2fs at byte %" PRIu64 ": node %u belongs elsewhere",
		    fs->offset, nid);
	return node;
}

static uint32_t extra_addrs(const uint8_t *node)
{
	if (!(node[I_INLINE] & EXTRA_ATTR))
		return 0;
	return get16(node + I_ADDR) / 4;
}

/* how much of the address area is set aside for extended attributes */
static uint32_t xattr_addrs(const struct f2fs *f, const uint8_t *node)
{
	if ((f->feature & FEATURE_FLEXIBLE_INLINE_XATTR) &&
	    (node[I_INLINE] & EXTRA_ATTR))
		return get16(node + I_ADDR + 2);
	if (node[I_INLINE] & (INLINE_XATTR | INLINE_DENTRY))
		return DEFAULT_XATTR_ADDRS;
	return 0;
}

static void add_addrs(struct inode *inode, const uint8_t *addr, uint32_t n,
		      uint64_t *lblk)
{
	uint32_t i, a;

	for (i = 0; i < n; i++) {
		a = get32(addr + 4 * i);
		if (a == COMPRESS_ADDR)
			die("f2fs: inode %" PRIu64 " is compressed",
			    inode->ino);
		if (a != NULL_ADDR && a != NEW_ADDR)
			inode_add_extent(inode, *lblk + i, a, 1);
	}
	*lblk += n;
}

/* @level: 0 for a direct node, 1 and 2 for those that point to nodes */
static void add_node(struct fs *fs, struct inode *inode, uint32_t nid,
		     unsigned int level, uint64_t *lblk)
{
	uint64_t covered = ADDRS_PER_BLOCK;
	const uint8_t *node;
	unsigned int i;

	for (i = 0; i < level; i++)
		covered *= ADDRS_PER_BLOCK;
	if (!nid) {
		*lblk += covered;
		return;
	}
	node = read_node(fs, nid, inode->ino);
	if (!level) {
		add_addrs(inode, node, ADDRS_PER_BLOCK, lblk);
		return;
	}
	for (i = 0; i < ADDRS_PER_BLOCK; i++)
		add_node(fs, inode, get32(node + 4 * i), level - 1, lblk);
}

static void find_context(struct inode *inode, const uint8_t *p, size_t len)
{
	size_t at = XATTR_HEADER, size;

	if (len < XATTR_HEADER || get32(p) != XATTR_MAGIC)
		return;
	while (at + 4 <= len && get32(p + at)) {
		const uint8_t *e = p + at;
		size_t name_len = e[1], value_len = get16(e + 2);

		size = (4 + name_len + value_len + 3) & ~(size_t)3;
		if (at + size > len)
			break;
		if (e[0] == XATTR_INDEX_ENCRYPTION && name_len == 1 &&
		    e[4] == 'c' && value_len <= sizeof(inode->ctx)) {
			memcpy(inode->ctx, e + 5, value_len);
			inode->ctx_len = value_len;
			return;
		}
		at += size;
	}
}

/* the area in the inode and the attribute node are one run of bytes */
static void read_context(struct fs *fs, struct inode *inode,
			 const uint8_t *node, uint32_t in_inode)
{
	uint8_t all[ADDRS_PER_INODE * 4 + ADDRS_PER_BLOCK * 4];
	uint32_t nid = get32(node + I_XATTR_NID);
	size_t len = 0;

	if (node[I_INLINE] & INLINE_XATTR) {
		len = in_inode * 4;
		memcpy(all, node + I_NID - len, len);
	}
	if (nid) {
		memcpy(all + len, read_node(fs, nid, inode->ino),
		       ADDRS_PER_BLOCK * 4);
		len += ADDRS_PER_BLOCK * 4;
	}
	find_context(inode, all, len);
}

static void f2fs_inode(struct fs *fs, struct inode *inode)
{
	const struct f2fs *f = fs->priv;
	const uint8_t *node = read_node(fs, (uint32_t)inode->ino, inode->ino);
	uint32_t extra = extra_addrs(node), xattr = xattr_addrs(f, node);
	uint64_t lblk = 0;
	int i;

	if (extra + xattr + 1 >= ADDRS_PER_INODE)
		die("f2fs: inode %" PRIu64 " has no room for addresses",
		    inode->ino);
	inode->mode = get16(node + I_MODE);
	inode->size = get64(node + I_SIZE);
	if (get32(node + I_FLAGS) & (FLAG_COMPRESSED | FLAG_CASEFOLD))
		die("f2fs: inode %" PRIu64 " is compressed or casefolded",
		    inode->ino);
	inode->encrypted = node[I_ADVISE] & ADVISE_ENCRYPT;
	if (inode->encrypted)
		read_context(fs, inode, node, xattr);
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode) &&
	    !S_ISLNK(inode->mode))
		return;
	if (node[I_INLINE] & (INLINE_DATA | INLINE_DENTRY)) {
		/* one address stays unused in front of inline data */
		inode->inl_len = (ADDRS_PER_INODE - extra - xattr - 1) * 4;
		inode->inl = xcalloc(inode->inl_len, 1);
		memcpy(inode->inl, node + I_ADDR + (extra + 1) * 4,
		       inode->inl_len);
		return;
	}
	add_addrs(inode, node + I_ADDR + extra * 4,
		  ADDRS_PER_INODE - extra - xattr, &lblk);
	for (i = 0; i < 5; i++)
		add_node(fs, inode, get32(node + I_NID + 4 * i),
			 (unsigned int)i / 2, &lblk);
}

static void read_dentries(struct inode *dir, const uint8_t *p, uint32_t n,
			  uint32_t bitmap_size, dirent_fn fn, void *arg)
{
	const uint8_t *dentry = p + bitmap_size;
	const uint8_t *names = dentry + n * DENTRY;
	uint32_t i = 0, len, slots;

	while (i < n) {
		const uint8_t *d = dentry + i * DENTRY, *name;

		if (!(p[i / 8] & 1 << i % 8)) {
			i++;
			continue;
		}
		len = get16(d + 8);
		name = names + i * SLOT;
		slots = (len + SLOT - 1) / SLOT;
		if (!len || len > 255 || i + slots > n)
			die("f2fs: folder inode %" PRIu64 " is damaged",
			    dir->ino);
		if (!(len == 1 && name[0] == '.') &&
		    !(len == 2 && name[0] == '.' && name[1] == '.'))
			fn(arg, name, len, get32(d + 4));
		i += slots;
	}
}

static void f2fs_readdir(struct fs *fs, struct inode *dir, dirent_fn fn,
			 void *arg)
{
	uint32_t bits, n;
	uint64_t i;
	size_t e;

	if (dir->inl) {
		/* as many as fit, each with a bit, an entry and a slot */
		bits = (uint32_t)dir->inl_len * 8;
		n = bits / ((DENTRY + SLOT) * 8 + 1);
		read_dentries(dir, dir->inl, n,
			      (uint32_t)dir->inl_len - n * (DENTRY + SLOT),
			      fn, arg);
		return;
	}
	for (e = 0; e < dir->n_ext; e++)
		for (i = 0; i < dir->ext[e].len; i++)
			read_dentries(dir, fs_block(fs, dir->ext[e].pblk + i),
				      BLOCK_DENTRIES, BLOCK_DENTRY_BITMAP, fn,
				      arg);
}

const struct fs_ops f2fs_ops = {
	.name = "f2fs",
	.probe = f2fs_probe,
	.close = f2fs_close,
	.inode = f2fs_inode,
	.readdir = f2fs_readdir,
};
