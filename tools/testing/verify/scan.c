// SPDX-License-Identifier: GPL-2.0
/*
 * scan.c - the search for plaintext on the whole image
 *
 * Four nets, each of its own mesh:
 *
 * - sectors: no 512-byte sector of the image may equal a sector of an encrypted
 *   file (its last one padded with zeroes). Only telling sectors are looked
 *   for: at least 8 bytes must differ from the sector's most frequent byte,
 *   since others occur in metadata by themselves.
 * - small files: they may hide in an inode, at any multiple of four bytes. Of
 *   files of 16 to 4096 bytes the beginning (up to 60 bytes, as much as ext4
 *   keeps in one piece) is looked for, if at least 8 bytes of it differ from
 *   its most frequent byte.
 * - markers: the text after "mmc-crypto-marker" up to the line's end, at any
 *   byte.
 * - arrivals: no sector that ever arrived at the card, by its ledger, may be such a
 *   sector, though it may have been written over since.
 *
 * What also occurs in plaintext that is legitimately there (--plain, the
 * canary, unencrypted extents of the plan) is not looked for. The canary, an
 * unencrypted file, must be found whole by the same search.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify.h"

#define TELLING_SECTOR	8
#define TELLING_START	8
#define SMALL_MIN	16
#define SMALL_MAX	4096
#define START_MAX	60
#define MARKER		"mmc-crypto-marker"
#define MARKER_MAX	256

enum {
	ENCRYPTED = 1,
	PLAIN = 2,
	CANARY = 4,
	FOUND = 8,
};

/* a set of 64-bit hashes with flags; 0 is no hash */
struct set {
	uint64_t *hash;
	uint8_t *flags;
	size_t n, size;
};

/* the beginning of a small file */
struct start {
	uint8_t bytes[START_MAX];
	uint8_t len;
	bool plain;
	struct start *next;
};

#define START_BUCKETS	65536
#define FILTER_BITS	20

static struct set sectors, markers, arrivals;
static bool arrivals_wanted;
static struct start *starts[START_BUCKETS];
static uint8_t filter[1 << (FILTER_BITS - 3)];
static uint64_t n_starts, n_marker_lines;

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t hash_bytes(const uint8_t *p, size_t len)
{
	uint64_t lane[4] = { 1, 2, 3, 4 }, h = len;
	size_t i;

	for (; len >= 32; p += 32, len -= 32)
		for (i = 0; i < 4; i++)
			lane[i] = mix(lane[i], get64(p + 8 * i));
	for (; len; p++, len--)
		lane[0] = mix(lane[0], *p + 1u);
	for (i = 0; i < 4; i++)
		h = mix(h, lane[i]);
	return h ? h : 1;
}

static uint8_t *set_slot(struct set *s, uint64_t hash)
{
	size_t i = hash & (s->size - 1);

	while (s->hash[i] && s->hash[i] != hash)
		i = (i + 1) & (s->size - 1);
	if (!s->hash[i])
		return NULL;
	return &s->flags[i];
}

static void set_put(struct set *s, uint64_t hash, uint8_t flags)
{
	size_t i = hash & (s->size - 1);

	while (s->hash[i] && s->hash[i] != hash)
		i = (i + 1) & (s->size - 1);
	s->n += !s->hash[i];
	s->hash[i] = hash;
	s->flags[i] |= flags;
}

static void set_add(struct set *s, uint64_t hash, uint8_t flags)
{
	struct set old = *s;
	size_t i;

	if (s->n * 2 >= s->size) {
		s->size = old.size ? old.size * 2 : 4096;
		s->hash = xcalloc(s->size, sizeof(*s->hash));
		s->flags = xcalloc(s->size, 1);
		s->n = 0;
		for (i = 0; i < old.size; i++)
			if (old.hash[i])
				set_put(s, old.hash[i], old.flags[i]);
		free(old.hash);
		free(old.flags);
	}
	set_put(s, hash, flags);
}

static uint8_t *set_find(struct set *s, uint64_t hash)
{
	return s->size ? set_slot(s, hash) : NULL;
}

/* do at least @min bytes differ from the most frequent one? */
static bool telling(const uint8_t *p, size_t len, size_t min)
{
	uint16_t count[256] = { 0 };
	size_t i, most = 0;

	for (i = 0; i < len; i++)
		if (++count[p[i]] > most)
			most = count[p[i]];
	return len - most >= min;
}

/* 0 is no hash */
static uint64_t arrival_hash(uint64_t sha)
{
	return sha ? sha : 1;
}

static void add_sectors(const uint8_t *data, uint64_t len, uint8_t flags)
{
	uint8_t last[SECTOR];
	uint64_t at;

	for (at = 0; at < len; at += SECTOR) {
		const uint8_t *p = data + at;

		if (len - at < SECTOR) {
			memset(last, 0, sizeof(last));
			memcpy(last, p, len - at);
			p = last;
		}
		if (!telling(p, SECTOR, TELLING_SECTOR))
			continue;
		set_add(&sectors, hash_bytes(p, SECTOR), flags);
		if (arrivals_wanted)
			set_add(&arrivals, arrival_hash(sector_sha(p)), flags);
	}
}

static size_t start_bit(uint64_t word)
{
	return (size_t)(word * 0x9e3779b97f4a7c15u >> (64 - FILTER_BITS));
}

static void add_start(const struct blob *file)
{
	size_t len = file->size < START_MAX ? file->size : START_MAX, bit;
	struct start *s, **bucket;

	if (file->size < SMALL_MIN || file->size > SMALL_MAX ||
	    !telling(file->data, len, TELLING_START))
		return;
	bit = start_bit(get64(file->data));
	bucket = &starts[bit % START_BUCKETS];
	for (s = *bucket; s; s = s->next)
		if (s->len == len && !memcmp(s->bytes, file->data, len))
			return;
	s = xcalloc(1, sizeof(*s));
	memcpy(s->bytes, file->data, len);
	s->len = (uint8_t)len;
	s->next = *bucket;
	*bucket = s;
	filter[bit / 8] |= (uint8_t)(1 << bit % 8);
	n_starts++;
}

/* Return: the small file whose beginning stands here, plain ones apart */
static struct start *match_start(const uint8_t *p, size_t left)
{
	size_t bit = start_bit(get64(p));
	struct start *s;

	if (!(filter[bit / 8] & 1 << bit % 8))
		return NULL;
	for (s = starts[bit % START_BUCKETS]; s; s = s->next)
		if (!s->plain && s->len <= left && !memcmp(s->bytes, p, s->len))
			return s;
	return NULL;
}

static void forget_starts(const struct blob *file)
{
	struct start *s;
	uint64_t at;

	for (at = 0; at + 8 <= file->size; at += 4)
		while ((s = match_start(file->data + at, file->size - at)))
			s->plain = true;
}

/* Return: the hash of the marker that starts at @p */
static uint64_t marker_hash(const uint8_t *p, uint64_t left)
{
	size_t len = 0;

	while (len < left && len < MARKER_MAX && p[len] && p[len] != '\n' &&
	       p[len] != '\r')
		len++;
	return hash_bytes(p, len);
}

static const uint8_t *next_marker(const uint8_t *p, const uint8_t *end)
{
	return memmem(p, (size_t)(end - p), MARKER, strlen(MARKER));
}

static void add_markers(const struct blob *file, uint8_t flags)
{
	const uint8_t *p = file->data, *end = p + file->size;

	while ((p = next_marker(p, end))) {
		set_add(&markers, marker_hash(p, (uint64_t)(end - p)), flags);
		n_marker_lines += flags & ENCRYPTED;
		p += strlen(MARKER);
	}
}

void scan_init(bool want_arrivals)
{
	arrivals_wanted = want_arrivals;
}

void scan_add_encrypted(const uint8_t *data, uint64_t len)
{
	add_sectors(data, len, ENCRYPTED);
}

void scan_add_plain(const uint8_t *data, uint64_t len)
{
	struct blob file = { .data = data, .size = len };

	add_sectors(data, len, PLAIN);
	add_markers(&file, PLAIN);
	forget_starts(&file);
}

static void add_encrypted_file(void *arg, const struct blob *file,
			       const char *shown)
{
	(void)arg;
	(void)shown;
	add_sectors(file->data, file->size, ENCRYPTED);
	add_start(file);
}

static void add_plain_file(void *arg, const struct blob *file,
			   const char *shown)
{
	(void)arg;
	(void)shown;
	scan_add_plain(file->data, file->size);
}

static void add_marker_file(void *arg, const struct blob *file,
			    const char *shown)
{
	(void)arg;
	(void)shown;
	add_markers(file, ENCRYPTED);
}

/* encrypted trees first: plain ones take out of what was added before */
void scan_add_tree(const char *dir, bool plain)
{
	walk_files(dir, plain ? add_plain_file : add_encrypted_file, NULL);
}

void scan_add_markers(const char *dir)
{
	walk_files(dir, add_marker_file, NULL);
}

void scan_add_canary(const char *path)
{
	struct blob file = map_at(AT_FDCWD, path, path);

	scan_add_plain(file.data, file.size);
	add_sectors(file.data, file.size, CANARY);
	add_markers(&file, CANARY);
	unmap(&file);
}

static void scan_sector(const uint8_t *p, uint64_t sector, struct check *c)
{
	uint8_t *flags = set_find(&sectors, hash_bytes(p, SECTOR));

	if (!flags)
		return;
	*flags |= FOUND;
	if (*flags & (PLAIN | CANARY))
		return;
	fig.plaintext_found++;
	check_fail(c, "sector %" PRIu64 " holds a file's plaintext", sector);
}

void scan_arrival(uint64_t sha, uint64_t sector, struct check *c)
{
	uint8_t *flags = set_find(&arrivals, arrival_hash(sha));

	if (!flags || *flags & (PLAIN | CANARY))
		return;
	fig.plaintext_found++;
	check_fail(c, "sector %" PRIu64 " was written with a file's plaintext",
		   sector);
}

static void scan_starts(const struct image *img, uint64_t at, uint64_t end,
			struct check *c)
{
	uint64_t stop = at + SECTOR;

	for (; at < stop && at + 8 <= end; at += 4)
		if (match_start(img->map + at, end - at)) {
			fig.plaintext_found += at % SECTOR != 0;
			check_fail(c, "byte %" PRIu64
				   " begins like a small file", at);
		}
}

static void scan_markers(const struct image *img, uint64_t at, uint64_t end,
			 struct check *c)
{
	const uint8_t *p = img->map + at, *stop = img->map + end;
	uint8_t *flags;

	while ((p = next_marker(p, stop))) {
		flags = set_find(&markers,
				 marker_hash(p, (uint64_t)(stop - p)));
		if (flags) {
			*flags |= FOUND;
			if (!(*flags & (PLAIN | CANARY)))
				check_fail(c, "byte %" PRIu64
					   " holds a file's marker",
					   (uint64_t)(p - img->map));
		}
		p += strlen(MARKER);
	}
}

static void check_canary(const struct set *s, const char *what,
			 struct check *c)
{
	size_t i;

	for (i = 0; i < s->size; i++) {
		if (!(s->flags[i] & CANARY))
			continue;
		c->proven++;
		if (!(s->flags[i] & FOUND))
			check_fail(c, "a %s of the canary was not found", what);
	}
}

void scan_image(const struct image *img, struct check *plaintext,
		struct check *canary, struct check *marker_check)
{
	off_t data, end = 0;
	uint64_t at;
	size_t i;

	for (;;) {
		data = lseek(img->fd, end, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		end = data < 0 ? -1 : lseek(img->fd, data, SEEK_HOLE);
		if (end < 0)
			die("image %s: %s", img->path, strerror(errno));
		/* holes need not begin and end where sectors do */
		data -= data % SECTOR;
		if (end % SECTOR)
			end += SECTOR - end % SECTOR;
		for (at = (uint64_t)data; at < (uint64_t)end; at += SECTOR) {
			fig.scanned_sectors++;
			if (!img->map[at] &&
			    all_same_byte(img->map + at, SECTOR))
				continue;
			scan_sector(img->map + at, at / SECTOR, plaintext);
			if (n_starts)
				scan_starts(img, at, (uint64_t)end, plaintext);
		}
		if (marker_check)
			scan_markers(img, (uint64_t)data, (uint64_t)end,
				     marker_check);
	}

	for (i = 0; i < sectors.size; i++)
		fig.known_sectors += (sectors.flags[i] &
				      (ENCRYPTED | PLAIN | CANARY)) == ENCRYPTED;
	if (marker_check)
		marker_check->proven = n_marker_lines;
	if (canary) {
		check_canary(&sectors, "sector", canary);
		fig.canary_sectors = canary->proven;
		if (marker_check)
			check_canary(&markers, "marker", canary);
	}
	/* what is too plain to be told by its sectors is told by ciphertext */
	plaintext->proven = fig.known_sectors + fig.canary_sectors;
}
