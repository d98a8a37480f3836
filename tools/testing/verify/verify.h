/* SPDX-License-Identifier: GPL-2.0 */
/*
 * verify.h - what the parts of the verifier share
 *
 * The verifier must stay independent of what it judges: nothing here may come
 * from the kernel's or the virtual hardware's source. Add what a published
 * format says; take nothing from a guest's output.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SECTOR		512u
#define MAX_UNIT	4096u	/* largest data unit and block size known here */
#define XTS_KEY_SIZE	64u
#define MASTER_KEY_SIZE	64u
#define FP_SIZE		8u	/* of a key's fingerprint, see the ledgers */

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PRINTF(f, a)	__attribute__((format(printf, f, a)))

/* util.c: errors, memory, numbers on disk, the image */

void die(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));
void *xcalloc(size_t n, size_t size);
void *xgrow(void *old, size_t *room, size_t want, size_t size);
char *xstrndup(const char *s, size_t len);
const char *printable(const void *bytes, size_t len);
bool all_same_byte(const uint8_t *p, size_t len);
bool parse_u64(const char *s, uint64_t *val);
/* the next line of a text, cut off at its newline; NULL at the end */
char *next_line(char **text);

static inline uint16_t get16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t get32(const void *p)
{
	return get16(p) | (uint32_t)get16((const uint8_t *)p + 2) << 16;
}

static inline uint64_t get64(const void *p)
{
	return get32(p) | (uint64_t)get32((const uint8_t *)p + 4) << 32;
}

/* a file mapped for reading; text files get a NUL behind their last byte */
struct blob {
	const uint8_t *data;
	uint64_t size;
};

struct image {
	const char *path;
	int fd;
	const uint8_t *map;
	uint64_t size;
};

void image_open(struct image *img, const char *path);
char *read_text(const char *path, const char *what);
struct blob map_at(int dir, const char *name, const char *shown);
void unmap(struct blob *blob);

/* checks.c: the named checks and the figures of one run */

struct check {
	const char *name;
	uint64_t proven;	/* how much was looked at; none is a failure */
	uint64_t failures;
};

struct figures {
	uint64_t files, dirs, symlinks, bytes;
	uint64_t data_blocks;		/* of the originals, not all zero */
	uint64_t encrypted_blocks;	/* found on the card as encrypted here */
	uint64_t units;			/* data units derived, all sources */
	uint64_t keys;			/* different contents keys among them */
	uint64_t plan_extents, plan_bytes;
	uint64_t scanned_sectors, known_sectors, canary_sectors;
	uint64_t plaintext_found;
	uint64_t requests, requests_write, requests_read, requests_failed;
	uint64_t sectors_crossed, sectors_not_crossed;
	uint64_t keys_programmed, keys_programmed_distinct, keys_cleared;
};

extern struct figures fig;

struct check *check_add(const char *fmt, ...) PRINTF(1, 2);
void check_plan(void);
void check_fail(struct check *c, const char *fmt, ...) PRINTF(2, 3);
bool check_finish(void);
void write_kv(const char *path, bool passed);

/* crypto.c: primitives, on top of the OpenSSL library */

struct xts;

struct xts *xts_new(const uint8_t key[XTS_KEY_SIZE]);
void xts_free(struct xts *x);
void xts_crypt(struct xts *x, bool encrypt, uint64_t dun, const uint8_t *in,
	       uint8_t *out, size_t len);
void cbc_cts_crypt(const uint8_t *key, size_t key_len, const uint8_t iv[16],
		   bool encrypt, const uint8_t *in, uint8_t *out, size_t len);
void hmac_sha512(const uint8_t *key, size_t key_len, const uint8_t *msg,
		 size_t len, uint8_t out[64]);
void hkdf_sha512(const uint8_t *ikm, size_t ikm_len, const uint8_t *salt,
		 size_t salt_len, const uint8_t *info, size_t info_len,
		 uint8_t *out, size_t len);
uint64_t siphash24(const uint8_t key[16], const uint8_t *msg, size_t len);
void sha256(const void *a, size_t alen, const void *b, size_t blen,
	    uint8_t out[32]);
/* the first eight bytes of a sector's SHA-256, as the ledgers have them */
uint64_t sector_sha(const uint8_t *sector);

/* vectors.c: all of the above against published vectors */

void check_vectors(struct check *c);

/* fscrypt.c: from master keys and contexts to keys and IVs */

#define CONTEXT_SIZE	40u

enum policy {
	POLICY_ANY,
	POLICY_PER_FILE,
	POLICY_LBLK_64,
	POLICY_LBLK_32,
};

/* a contents key, that is 64 bytes that a keyslot can hold */
struct xkey {
	uint8_t raw[XTS_KEY_SIZE];
	uint8_t fp[FP_SIZE];
	bool used;		/* by a data unit, not just by a folder */
	struct xts *xts;
};

/* what one encrypted inode is encrypted with */
struct fkey {
	uint32_t xkey;		/* contents; a number for xkey_get() */
	uint8_t names[32];
	uint64_t iv_base;	/* added to the logical block number ... */
	bool wrap32;		/* ... modulo 2^32 if set */
	enum policy policy;
};

void master_key_add(const char *path);
const uint8_t *master_key_by_name(const char *name);
uint32_t xkey_add(const uint8_t raw[XTS_KEY_SIZE]);
struct xkey *xkey_get(uint32_t nr);
size_t xkey_count(void);
void xkeys_write(const char *path);
void keys_wipe(void);
const char *fkey_derive(struct fkey *k, const uint8_t *ctx, size_t ctx_len,
			const uint8_t uuid[16], uint64_t ino);
uint64_t fkey_dun(const struct fkey *k, uint64_t lblk);
/* Return: the length of the name, or 0 if it is none */
size_t fkey_decrypt_name(const struct fkey *k, const uint8_t *in, size_t len,
			 uint8_t *out);

/* units.c: the data units that must be on the card, and who owns a sector */

struct unit {
	uint64_t sector;
	uint64_t dun;
	uint64_t lblk;
	uint32_t xkey;
	uint16_t sectors;
	bool sealed;		/* sha holds this program's own encryption */
	bool written, read;	/* seen in the engine's ledger */
	size_t sha;		/* index of the first sector's hash */
};

#define NO_UNIT		UINT32_MAX

void units_init(const struct image *img, bool want_sha);
uint32_t unit_add(uint64_t sector, uint32_t sectors, uint64_t dun,
		  uint32_t xkey, uint64_t lblk, struct check *c);
void unit_seal(uint32_t nr, const uint8_t *cipher);
void units_seal_rest(const struct image *img);
uint64_t unit_sha(const struct unit *u, unsigned int sector);
struct unit *unit_get(uint32_t nr);
uint32_t unit_count(void);
/* the unit that a sector belongs to, or NO_UNIT */
uint32_t unit_at(uint64_t sector);
void plain_add(uint64_t sector, uint64_t sectors);
bool plain_at(uint64_t sector);

/* fs.c, ext4.c, f2fs.c: reading file systems */

struct extent {
	uint64_t lblk;
	uint64_t pblk;
	uint64_t len;
};

struct inode {
	uint64_t ino;
	uint64_t size;
	uint32_t mode;
	bool encrypted;
	bool has_key;		/* fkey is valid */
	uint8_t ctx[CONTEXT_SIZE];
	size_t ctx_len;
	struct extent *ext;
	size_t n_ext, room_ext;
	uint8_t *inl;		/* data that lives in the inode */
	size_t inl_len;
	struct fkey fkey;
	uint32_t first_unit, n_units;
	struct inode *hash_next;
};

struct node {
	char *name;
	size_t name_len;
	struct inode *inode;
	struct node *child, *next;
	bool seen;		/* found among the originals */
};

struct fs;

typedef void (*dirent_fn)(void *arg, const uint8_t *name, size_t len,
			  uint64_t ino);

struct fs_ops {
	const char *name;
	/* Return: false if this is no file system of the kind */
	bool (*probe)(struct fs *fs);
	void (*close)(struct fs *fs);
	void (*inode)(struct fs *fs, struct inode *inode);
	void (*readdir)(struct fs *fs, struct inode *dir, dirent_fn fn,
			void *arg);
};

extern const struct fs_ops ext4_ops, f2fs_ops;

struct fs {
	const struct image *img;
	const struct fs_ops *ops;
	uint64_t offset;	/* in bytes */
	uint64_t blocks;
	uint32_t block_size;
	uint8_t uuid[16];
	uint64_t root_ino;
	void *priv;
	struct node *root;
	struct inode **inodes;	/* by number, so that links are one inode */
	struct check *check;
};

struct fs *fs_open(const struct image *img, uint64_t offset,
		   struct check *check);
void fs_free(struct fs *fs);
const uint8_t *fs_block(const struct fs *fs, uint64_t pblk);
void inode_add_extent(struct inode *inode, uint64_t lblk, uint64_t pblk,
		      uint64_t len);
uint64_t inode_map(const struct inode *inode, uint64_t lblk);
struct node *fs_lookup(struct fs *fs, const char *path);

/* tree.c: comparing a tree of the file system with the originals */

struct expect {
	char *path;
	char *dir;
	size_t fs;		/* which of the file systems named */
	bool encrypted;
	enum policy policy;
	struct check *tree, *policy_check, *cipher;
};

void check_tree(const struct expect *e, struct fs *fs);

/* plan.c: raw data of the test client */

void plan_read(const char *path);
/* what was to be written or read there, whether or not it succeeded */
void attempts_read(const char *path);
bool attempt_encrypted(uint64_t sector);
/*
 * Why a task at such a sector is not what was asked for. Of a keyslot that has no
 * key, @fp is NULL and @dus 0.
 */
const char *attempt_differs(uint64_t sector, uint64_t sectors, uint64_t dun,
			    uint64_t dus, const uint8_t *fp);
void check_plan_data(const struct image *img, const char *corpus,
		     struct check *c);

/* scan.c: the search for plaintext */

void scan_init(bool want_arrivals);
void scan_add_encrypted(const uint8_t *data, uint64_t len);
void scan_add_plain(const uint8_t *data, uint64_t len);
void scan_add_tree(const char *dir, bool plain);
void scan_add_canary(const char *path);
void scan_add_markers(const char *dir);
void scan_image(const struct image *img, struct check *plaintext,
		struct check *canary, struct check *marker_check);
void scan_arrival(uint64_t sha, uint64_t sector, struct check *c);

/* walk.c: every regular file below a host folder */

typedef void (*file_fn)(void *arg, const struct blob *file,
			const char *shown);

void walk_files(const char *dir, file_fn fn, void *arg);

/* ledger.c */

struct ledger_checks {
	struct check *plaintext;	/* shared with the scan of the image */
	struct check *complete, *match, *keys, *image, *writes, *last;
	struct check *reads;	/* NULL if reads need not be complete */
	struct check *attempts;	/* NULL if what was tried is not known */
};

void ledgers_read(const char *engine, const char *card,
		  const struct ledger_checks *c);
void check_ledgers(const struct image *img, const struct ledger_checks *c,
		   bool exact);

#endif /* VERIFY_H */
