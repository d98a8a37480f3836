// SPDX-License-Identifier: GPL-2.0
/*
 * keyscan - look for keys in an image of a guest's memory
 *
 * usage: keyscan DUMP KEYS...
 *
 * KEYS are files of 64-byte keys, one or more in each. Looked for are the four
 * pieces of 16 bytes of each key, at every byte, as they are and with the bytes
 * of each 32-bit word swapped; two keys must not share a piece. Prints a line for
 * each key, "NAME NUMBER PLACES", then the first places, and the total. Status 2 for
 * input that cannot be used; what was found does not change it.
 *
 * Only C's library is used: nothing here may depend on how keys get into memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE	64
#define PIECE		16
#define PIECES		(KEY_SIZE / PIECE)
#define FORMS		2
#define SHOWN		4

/* The first bytes of a needle choose a bit: most places are passed by one look */
#define FILTER_BITS	24

struct needle {
	uint8_t bytes[PIECE];
	uint32_t key;
	struct needle *next;
};

struct key {
	const char *file;
	unsigned int number;
	uint64_t places;
	uint64_t first[SHOWN];
};

static struct needle *needles;
static struct needle **table;
static uint8_t *filter;
static struct key *keys;
static size_t n_keys;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "keyscan: %s: %s\n", what, strerror(errno));
	exit(2);
}

static const uint8_t *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	errno = EINVAL;
	*size = (size_t)st.st_size;
	if (!*size)
		die(path);
	p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		die(path);
	close(fd);
	return p;
}

static uint32_t hash(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (uint32_t)(v * 0x9e3779b97f4a7c15ull >> (64 - FILTER_BITS));
}

static void add_needle(struct needle *n, const uint8_t *piece, int swapped,
		       size_t key)
{
	uint32_t h;
	int i;

	for (i = 0; i < PIECE; i++)
		n->bytes[i] = piece[swapped ? i ^ 3 : i];
	n->key = (uint32_t)key;
	h = hash(n->bytes);
	n->next = table[h];
	table[h] = n;
	filter[h >> 3] |= (uint8_t)(1 << (h & 7));
}

static void add_keys(const char *path)
{
	size_t size, at, i;
	const uint8_t *data = map(path, &size);
	struct needle *n;

	errno = EINVAL;
	if (size % KEY_SIZE)
		die(path);
	for (at = 0; at < size; at += KEY_SIZE) {
		keys = realloc(keys, (n_keys + 1) * sizeof(*keys));
		n = calloc(PIECES * FORMS, sizeof(*needles));
		if (!keys || !n)
			die("memory");
		keys[n_keys] = (struct key){ .file = path,
					     .number = (unsigned int)(at / KEY_SIZE) };
		for (i = 0; i < PIECES * FORMS; i++)
			add_needle(&n[i], data + at + i / FORMS * PIECE,
				   i % FORMS, n_keys);
		n_keys++;
	}
}

static void found(struct key *k, uint64_t at)
{
	if (k->places < SHOWN)
		k->first[k->places] = at;
	k->places++;
}

static void look_at(const uint8_t *p, uint64_t at)
{
	uint32_t h = hash(p);
	struct needle *n;

	if (!(filter[h >> 3] & 1 << (h & 7)))
		return;
	for (n = table[h]; n; n = n->next)
		if (!memcmp(n->bytes, p, PIECE))
			found(&keys[n->key], at);
}

static void scan(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t size;
	const uint8_t *data = map(path, &size);
	off_t begin = 0, end;
	uint64_t at;

	/* Holes are zero, and no key is */
	while ((begin = lseek(fd, begin, SEEK_DATA)) >= 0) {
		end = lseek(fd, begin, SEEK_HOLE);
		/* A piece may begin in what is data and end in a hole */
		for (at = (uint64_t)begin;
		     at < (uint64_t)end && at + PIECE <= size; at++)
			look_at(data + at, at);
		begin = end;
	}
	if (errno != ENXIO)
		die(path);
	close(fd);
}

int main(int argc, char **argv)
{
	size_t i, some = 0;
	unsigned int j;

	if (argc < 3) {
		fprintf(stderr, "usage: keyscan DUMP KEYS...\n");
		return 2;
	}
	table = calloc((size_t)1 << FILTER_BITS, sizeof(*table));
	filter = calloc(1, 1 << (FILTER_BITS - 3));
	if (!table || !filter)
		die("memory");
	for (j = 2; j < (unsigned int)argc; j++)
		add_keys(argv[j]);
	scan(argv[1]);

	for (i = 0; i < n_keys; i++) {
		const char *slash = strrchr(keys[i].file, '/');

		printf("%s %u %llu", slash ? slash + 1 : keys[i].file,
		       keys[i].number, (unsigned long long)keys[i].places);
		for (j = 0; j < SHOWN && j < keys[i].places; j++)
			printf(" 0x%llx", (unsigned long long)keys[i].first[j]);
		putchar('\n');
		some += keys[i].places != 0;
	}
	printf("total %zu of %zu\n", some, n_keys);
	return 0;
}
