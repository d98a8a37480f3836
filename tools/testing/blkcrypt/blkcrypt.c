// SPDX-License-Identifier: GPL-2.0
/*
 * Does what a plan says: writes extents of a block device through the blk-crypto
 * test client, or reads them back and compares them with the corpus.
 *
 * The plan's format is in ../README.rst ("Raw data").  The host reads the same
 * plan: nothing here may depend on more than what stands in it.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blkcrypt.h"

#define SECTOR	512u

struct extent {
	char name[64];
	char key[64];
	char file[192];
	uint64_t sector, dun, offset, length;
	unsigned int dus;
};

static struct options {
	const char *device;
	const char *keys;
	const char *corpus;
	const char *plan;
	unsigned int depth;
	unsigned int bio_size;
	unsigned int seg_size;
	unsigned int flush_every;
	unsigned int dun_bytes;
	int expected;
	unsigned int some;
	bool plug, reverse, fua, write;
} opt = {
	.device = "/dev/mmcblk0",
	.keys = "/run/mmc-crypto/keys",
	.corpus = "/input",
	.plan = "/run/mmc-crypto/plan",
	.depth = 31,
	.bio_size = 128 * 1024,
	.seg_size = 4096,
	.dun_bytes = 4,
};

/* A key that the client has been given. */
struct known_key {
	char name[64];
	unsigned int dus;
	int nr;
};

static struct known_key keys[BLKCRYPT_MAX_KEYS];
static unsigned int nr_keys;

/* Bios that wait to be submitted, and what a read has to deliver. */
static struct blkcrypt_bio bios[BLKCRYPT_MAX_BIOS];
static const unsigned char *wanted[BLKCRYPT_MAX_BIOS];
static unsigned int nr_bios;

static uint64_t total_bios, total_bytes, since_flush;
static unsigned int failed;
static int client;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("blkcrypt: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* Worse than an error, and told from one by the status */
static void __attribute__((noreturn)) wrong_data(uint64_t sector)
{
	fprintf(stderr, "blkcrypt: bio at sector %llu: wrong data\n",
		(unsigned long long)sector);
	exit(3);
}

static void usage(void)
{
	fputs("usage: blkcrypt [OPTION]... write|read PREFIX\n"
	      "Write the plan's extents whose name begins with PREFIX, or read them and\n"
	      "compare.\n"
	      "  -d DEVICE   block device              -k DIR    key files\n"
	      "  -c DIR      corpus                    -p FILE   plan\n"
	      "  -q N        bios in flight            -b BYTES  size of a bio\n"
	      "  -s BYTES    size of a segment         -m        plug: let bios merge\n"
	      "  -r          submit each batch in reverse order\n"
	      "  -u          forced unit access        -f N      flush after every N bios\n"
	      "  -D BYTES    bytes of the data unit number\n"
	      "  -e ERRNO    every bio, or else taking the key, must fail with this\n"
	      "  -n N        with -e: not every one, but 1 to N of those that have a key\n"
	      "Exit status: 0 done, 1 some error, 2 wrong usage, 3 wrong data.\n",
	      stderr);
	exit(2);
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || value > UINT32_MAX)
		die("'%s' is no number", text);
	return value;
}

static void read_key(const char *name, unsigned char *raw)
{
	unsigned char more;
	char *path;
	int fd;

	if (asprintf(&path, "%s/%s.key", opt.keys, name) < 0)
		die("no memory");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %m", path);
	if (read(fd, raw, BLKCRYPT_KEY_SIZE) != BLKCRYPT_KEY_SIZE ||
	    read(fd, &more, 1) != 0)
		die("%s: not %d bytes", path, BLKCRYPT_KEY_SIZE);
	close(fd);
	free(path);
}

static int key_number(const struct extent *e)
{
	struct blkcrypt_key spec = {
		.data_unit_size = e->dus,
		.dun_bytes = opt.dun_bytes,
	};
	unsigned int i;
	int nr, error;

	if (!strcmp(e->key, "-"))
		return BLKCRYPT_NO_KEY;

	for (i = 0; i < nr_keys; i++)
		if (!strcmp(keys[i].name, e->key) && keys[i].dus == e->dus)
			return keys[i].nr;

	if (nr_keys == BLKCRYPT_MAX_KEYS)
		die("more than %d keys", BLKCRYPT_MAX_KEYS);
	read_key(e->key, spec.raw);
	nr = ioctl(client, BLKCRYPT_IOC_ADD_KEY, &spec);
	error = errno;
	explicit_bzero(spec.raw, sizeof(spec.raw));
	if (nr < 0) {
		if (opt.expected && error == opt.expected) {
			printf("key %s refused as expected: %s\n", e->key,
			       strerror(error));
			exit(0);
		}
		die("key %s: %s", e->key, strerror(error));
	}

	strcpy(keys[nr_keys].name, e->key);
	keys[nr_keys].dus = e->dus;
	keys[nr_keys].nr = nr;
	nr_keys++;
	return nr;
}

static void swap_bios(unsigned int a, unsigned int b)
{
	struct blkcrypt_bio bio = bios[a];
	const unsigned char *want = wanted[a];

	bios[a] = bios[b];
	wanted[a] = wanted[b];
	bios[b] = bio;
	wanted[b] = want;
}

/* Errors are those of keys: a bio without one has no part in them. */
static bool as_expected(const struct blkcrypt_bio *bio)
{
	if (!opt.some)
		return bio->error == -opt.expected;
	if (!bio->error)
		return true;
	failed++;
	return bio->error == -opt.expected && bio->key != BLKCRYPT_NO_KEY;
}

/* Submit what has been gathered, and look at what became of it. */
static void submit(void)
{
	struct blkcrypt_submit args = {
		.bios = (uintptr_t)bios,
		.nr = nr_bios,
		.flags = opt.plug ? BLKCRYPT_SUBMIT_PLUG : 0,
		.seg_size = opt.seg_size,
	};
	unsigned int i;

	if (!nr_bios)
		return;
	if (opt.reverse)
		for (i = 0; i < nr_bios / 2; i++)
			swap_bios(i, nr_bios - 1 - i);

	if (ioctl(client, BLKCRYPT_IOC_SUBMIT, &args))
		die("submit: %m");

	/* That another one failed is no excuse for wrong data */
	for (i = 0; i < nr_bios && !opt.write; i++) {
		struct blkcrypt_bio *bio = &bios[i];
		unsigned char *data = (void *)(uintptr_t)bio->buf;

		if (!bio->len)
			continue;
		if (!bio->error && memcmp(data, wanted[i], bio->len))
			wrong_data(bio->sector);
		free(data);
	}
	for (i = 0; i < nr_bios; i++)
		if (!as_expected(&bios[i]))
			die("bio at sector %llu: error %d, not %d",
			    (unsigned long long)bios[i].sector, -bios[i].error,
			    opt.expected);
	nr_bios = 0;
}

static void add_bio(const struct blkcrypt_bio *bio, const unsigned char *want)
{
	bios[nr_bios] = *bio;
	wanted[nr_bios] = want;
	nr_bios++;
	if (nr_bios == opt.depth)
		submit();
}

static void add_data(const struct extent *e, int key, const unsigned char *data,
		     uint64_t done, unsigned int len)
{
	struct blkcrypt_bio bio = {
		.sector = e->sector + done / SECTOR,
		.dun = e->dun + done / e->dus,
		.len = len,
		.key = key,
	};

	if (opt.write) {
		bio.buf = (uintptr_t)data;
		bio.flags = BLKCRYPT_BIO_WRITE |
			    (opt.fua ? BLKCRYPT_BIO_FUA : 0);
	} else {
		void *buf = malloc(len);

		if (!buf)
			die("no memory");
		bio.buf = (uintptr_t)buf;
	}
	add_bio(&bio, data);
	total_bios++;
	total_bytes += len;

	if (opt.flush_every && ++since_flush == opt.flush_every) {
		struct blkcrypt_bio flush = {
			.key = BLKCRYPT_NO_KEY,
			.flags = BLKCRYPT_BIO_FLUSH,
		};

		add_bio(&flush, NULL);
		since_flush = 0;
	}
}

static unsigned char *map_file(const char *name, uint64_t *size)
{
	struct stat st;
	char *path;
	void *map;
	int fd;

	if (asprintf(&path, "%s/%s", opt.corpus, name) < 0)
		die("no memory");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("%s: %m", path);
	*size = st.st_size;
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		die("%s: %m", path);
	close(fd);
	free(path);
	return map;
}

static void run_extent(const struct extent *e)
{
	int key = key_number(e);
	unsigned char *map;
	uint64_t size, done;

	map = map_file(e->file, &size);
	if (e->offset > size || e->length > size - e->offset)
		die("%s: %s has only %llu bytes", e->name, e->file,
		    (unsigned long long)size);

	for (done = 0; done < e->length; done += opt.bio_size) {
		uint64_t left = e->length - done;

		add_data(e, key, map + e->offset + done, done,
			 left < opt.bio_size ? left : opt.bio_size);
	}
	/* The mapping stays: bios that have not been submitted point into it. */
}

static void parse(const char *line, unsigned int nr, struct extent *e)
{
	unsigned long long sector, dun, offset, length;
	int end = 0;

	if (sscanf(line,
		   "%63s sector=%llu key=%63s dun=%llu dus=%u file=%191s offset=%llu length=%llu %n",
		   e->name, &sector, e->key, &dun, &e->dus, e->file, &offset,
		   &length, &end) != 8 || line[end])
		die("%s:%u: not an extent", opt.plan, nr);
	e->sector = sector;
	e->dun = dun;
	e->offset = offset;
	e->length = length;
	if (e->dus < SECTOR || e->dus & (e->dus - 1) || !length ||
	    length % e->dus)
		die("%s:%u: length or data unit size is wrong", opt.plan, nr);
}

static void run_plan(const char *prefix)
{
	bool matched = false;
	unsigned int nr = 0;
	char line[512];
	FILE *plan;

	plan = strcmp(opt.plan, "-") ? fopen(opt.plan, "re") : stdin;
	if (!plan)
		die("%s: %m", opt.plan);
	while (fgets(line, sizeof(line), plan)) {
		struct extent e;

		nr++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		parse(line, nr, &e);
		if (strncmp(e.name, prefix, strlen(prefix)))
			continue;
		run_extent(&e);
		matched = true;
	}
	if (!matched)
		die("%s: no extent named %s", opt.plan, prefix);
	submit();
}

int main(int argc, char **argv)
{
	struct blkcrypt_target target = { };
	int c;

	while ((c = getopt(argc, argv, "d:k:c:p:q:b:s:f:D:e:n:mru")) != -1) {
		switch (c) {
		case 'd':
			opt.device = optarg;
			break;
		case 'k':
			opt.keys = optarg;
			break;
		case 'c':
			opt.corpus = optarg;
			break;
		case 'p':
			opt.plan = optarg;
			break;
		case 'q':
			opt.depth = number(optarg);
			break;
		case 'b':
			opt.bio_size = number(optarg);
			break;
		case 's':
			opt.seg_size = number(optarg);
			break;
		case 'f':
			opt.flush_every = number(optarg);
			break;
		case 'D':
			opt.dun_bytes = number(optarg);
			break;
		case 'e':
			opt.expected = number(optarg);
			break;
		case 'n':
			opt.some = number(optarg);
			break;
		case 'm':
			opt.plug = true;
			break;
		case 'r':
			opt.reverse = true;
			break;
		case 'u':
			opt.fua = true;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2)
		usage();
	if (!strcmp(argv[optind], "write"))
		opt.write = true;
	else if (strcmp(argv[optind], "read"))
		usage();
	if (!opt.depth || opt.depth > BLKCRYPT_MAX_BIOS || !opt.bio_size)
		die("-q must be 1 to %d, -b more than 0", BLKCRYPT_MAX_BIOS);
	if (strlen(opt.device) >= sizeof(target.path))
		die("%s: name too long", opt.device);
	strcpy(target.path, opt.device);

	client = open("/dev/blkcrypt", O_RDWR | O_CLOEXEC);
	if (client < 0)
		die("/dev/blkcrypt: %m");
	if (ioctl(client, BLKCRYPT_IOC_TARGET, &target))
		die("%s: %m", opt.device);

	run_plan(argv[optind + 1]);
	if (opt.some && (!failed || failed > opt.some))
		die("%u bios failed, not 1 to %u", failed, opt.some);
	printf("%s %llu bios, %llu bytes, %u keys\n",
	       opt.write ? "wrote" : "read", (unsigned long long)total_bios,
	       (unsigned long long)total_bytes, nr_keys);
	return 0;
}
