// SPDX-License-Identifier: GPL-2.0
/*
 * bench - carry out the rows of a bench in the guest, and tell the host what they took
 *
 * usage: bench raw DEVICE KEYS <ROWS >RESULTS
 *        bench file FOLDER <ROWS >RESULTS
 *        bench fio FOLDER JOBS <ROWS >RESULTS
 *        bench crypt NAME DEVICE KEYFILE
 *
 * "raw" submits bios by the blk-crypto test client. A row is a line
 *
 *	WAY read|write seq|rand SIZE DEPTH REQUESTS ROUNDS KEYS
 *
 * with the size of a request in bytes, how many are submitted together, how many there
 * are, how often all of them are counted, and the number of keys that they take turns
 * with (0: not encrypted). KEYS is a file of random bytes, 64 for each.
 *
 * "file" reads and writes files, as a user does. A row is
 *
 *	WAY read|write|create seq|rand SIZE REQUESTS KEYS
 *
 * where "create" writes new files of that size: create, write, fsync and rename.
 *
 * "fio" has fio do that instead: a row, the same as of "file", says what the job is that
 * is called OP-PATTERN.fio in the folder JOBS. What fio needs to start is counted, too.
 *
 * "crypt" sets up dm-crypt, as /dev/dm-0, over a device.
 *
 * Each row is done once without being counted, and then until it repeats.
 *
 * What is counted are retired instructions of all that the processor does meanwhile, by
 * its own counters; the guest has one processor. The engine's counters stand beside
 * them: whether a row encrypted what it said is for the caller to judge. Without the
 * virtual hardware, as on a board, they are not there.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../blkcrypt/blkcrypt.h"
#include "port.h"

#define SECTOR		512u
#define DATA_UNIT	4096u
/* A row is repeated until two repetitions differ by no more than one in so many */
#define AGREE		1000
#define MAX_REPEATS	24

/* What the host is asked for around each row */
static const char * const stats[] = {
	"tasks", "tasks-encrypted", "units-encrypted", "keys-programmed",
};

#define NR_STATS	(sizeof(stats) / sizeof(stats[0]))

struct row {
	char way[32], op[16], pattern[16];
	unsigned int size, depth, requests, rounds, keys;
	/* instructions of each repetition, least first; of the two that count, and of the last */
	unsigned int repeats;
	uint64_t seen[MAX_REPEATS], least, second, last, user;
};

static bool on_port;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("bench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void *allocate(size_t nr, size_t size)
{
	void *p = calloc(nr, size);

	if (!p)
		die("no memory");
	return p;
}

static uint64_t stat_get(const char *name)
{
	char request[64], reply[PORT_TEXT + 1];
	int len = snprintf(request, sizeof(request), "get host0 stat-%s", name);

	if (port_request(request, len, reply))
		die("no counter %s", name);
	return strtoull(reply, NULL, 10);
}

static void stats_get(uint64_t *values)
{
	for (size_t i = 0; on_port && i < NR_STATS; i++)
		values[i] = stat_get(stats[i]);
}

/*
 * Take note of a repetition. What has to be done now and then, by timers and the like, is in
 * some of them only, and once in a while requests are merged better: what counts is the least
 * that two of them agree on.
 *
 * Return: whether there has to be another one.
 */
static bool again(struct row *row, uint64_t all, uint64_t user)
{
	uint64_t *seen = row->seen;
	unsigned int i = row->repeats++;

	for (; i && seen[i - 1] > all; i--)
		seen[i] = seen[i - 1];
	seen[i] = all;
	row->last = all;
	row->user = user;
	for (i = 0; i + 1 < row->repeats; i++) {
		row->least = seen[i];
		row->second = seen[i + 1];
		if (row->second - row->least <= row->least / AGREE)
			return false;
	}
	row->least = seen[0];
	row->second = row->repeats > 1 ? seen[1] : UINT64_MAX;
	return row->repeats < MAX_REPEATS;
}

/* One line for a row. @units: data units that have to be encrypted by the engine */
static void tell(const struct row *row, const char *kind, uint64_t units, const uint64_t *before)
{
	uint64_t after[NR_STATS];

	stats_get(after);
	printf("row kind=%s way=%s op=%s pattern=%s size=%u depth=%u requests=%u rounds=%u keys=%u units=%llu",
	       kind, row->way, row->op, row->pattern, row->size, row->depth, row->requests,
	       row->rounds, row->keys, (unsigned long long)units);
	for (size_t i = 0; on_port && i < NR_STATS; i++)
		printf(" %s=%llu", stats[i], (unsigned long long)(after[i] - before[i]));
	printf(" repeats=%u least=%llu second=%llu last=%llu user=%llu\n", row->repeats,
	       (unsigned long long)row->least, (unsigned long long)row->second,
	       (unsigned long long)row->last, (unsigned long long)row->user);
	if (fflush(stdout))
		die("results: %m");
}

/* Which of @nr places the requests go to, one after another; always the same */
static unsigned int *places(unsigned int nr, const char *pattern)
{
	unsigned int *place = allocate(nr, sizeof(*place));
	uint64_t state = 88172645463325252ull;

	for (unsigned int i = 0; i < nr; i++)
		place[i] = i;
	if (!strcmp(pattern, "seq"))
		return place;
	for (unsigned int i = nr - 1; i > 0; i--) {
		unsigned int j, other = place[i];

		/* xorshift */
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		j = state % (i + 1);
		place[i] = place[j];
		place[j] = other;
	}
	return place;
}

/* --- bios */

static int client_open(const char *device)
{
	struct blkcrypt_target target = { };
	int client = open("/dev/blkcrypt", O_RDWR | O_CLOEXEC);

	if (client < 0)
		die("/dev/blkcrypt: %m");
	if (strlen(device) >= sizeof(target.path))
		die("%s: name too long", device);
	strcpy(target.path, device);
	if (ioctl(client, BLKCRYPT_IOC_TARGET, &target))
		die("%s: %m", device);
	return client;
}

static void add_keys(int client, const char *file, unsigned int nr)
{
	struct blkcrypt_key key = {
		.data_unit_size = DATA_UNIT,
		.dun_bytes = 4,
	};
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %m", file);
	for (unsigned int i = 0; i < nr; i++) {
		if (read(fd, key.raw, sizeof(key.raw)) != sizeof(key.raw))
			die("%s: too short for %u keys", file, nr);
		if (ioctl(client, BLKCRYPT_IOC_ADD_KEY, &key) != (int)i)
			die("key %u: %m", i);
	}
	close(fd);
}

/*
 * Neighbours of a sequential row touch, and become one request where the kernel lets
 * them; those of a random row do not.
 */
static struct blkcrypt_bio *bios_make(const struct row *row, void *buf)
{
	unsigned int *place = places(row->requests, row->pattern);
	unsigned int apart = strcmp(row->pattern, "seq") ? 2 : 1;
	struct blkcrypt_bio *bios = allocate(row->requests, sizeof(*bios));

	for (unsigned int i = 0; i < row->requests; i++) {
		uint64_t offset = (uint64_t)place[i] * apart * row->size;

		bios[i].sector = offset / SECTOR;
		bios[i].dun = offset / DATA_UNIT;
		bios[i].buf = (uintptr_t)buf;
		bios[i].len = row->size;
		bios[i].key = row->keys ? (int)(i % row->keys) : BLKCRYPT_NO_KEY;
		bios[i].flags = strcmp(row->op, "write") ? 0 : BLKCRYPT_BIO_WRITE;
	}
	free(place);
	return bios;
}

static void raw_row(struct row *row, const char *device, const char *keys)
{
	int client = client_open(device);
	void *buf = allocate(1, row->size);
	struct blkcrypt_bio *bios = bios_make(row, buf);
	struct blkcrypt_submit submit = {
		.bios = (uintptr_t)bios,
		.nr = row->requests,
		.flags = BLKCRYPT_SUBMIT_PLUG | BLKCRYPT_SUBMIT_COUNT,
		.seg_size = DATA_UNIT,
		.batch = row->depth,
		.rounds = row->rounds,
	};
	uint64_t before[NR_STATS];
	uint64_t bytes;

	add_keys(client, keys, row->keys);
	stats_get(before);
	do {
		if (ioctl(client, BLKCRYPT_IOC_SUBMIT, &submit))
			die("submit: %m");
		for (unsigned int j = 0; j < row->requests; j++)
			if (bios[j].error)
				die("%s %s: request %u: %s", row->way, row->op, j,
				    strerror(-bios[j].error));
	} while (again(row, submit.instructions, 0));
	/* The first round is not counted, but crosses the engine too */
	bytes = (uint64_t)row->requests * row->size * (row->rounds + 1) * row->repeats;
	tell(row, "raw", row->keys ? bytes / DATA_UNIT : 0, before);
	close(client);
	free(bios);
	free(buf);
}

/* --- files */

static int counters[2] = { -1, -1 };

static void counters_open(void)
{
	for (int user = 0; user < 2; user++) {
		struct perf_event_attr attr = {
			.type = PERF_TYPE_HARDWARE,
			.size = sizeof(attr),
			.config = PERF_COUNT_HW_INSTRUCTIONS,
			.exclude_kernel = user,
		};

		counters[user] = syscall(SYS_perf_event_open, &attr, -1, 0, -1,
					 PERF_FLAG_FD_CLOEXEC);
		if (counters[user] < 0)
			die("no counter of instructions: %m");
	}
}

static void counters_get(uint64_t *all, uint64_t *user)
{
	if (read(counters[1], user, sizeof(*user)) != sizeof(*user) ||
	    read(counters[0], all, sizeof(*all)) != sizeof(*all))
		die("counters: %m");
}

static int open_file(const char *folder, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		die("%s: %m", path);
	return fd;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	if (fd < 0 || write(fd, "1", 1) != 1)
		die("drop_caches: %m");
	close(fd);
}

static void file_create(const struct row *row, const char *folder, const char *buf)
{
	char from[256], to[256];

	for (unsigned int i = 0; i < row->requests; i++) {
		int fd;

		snprintf(from, sizeof(from), "%s/new-%u", folder, i);
		snprintf(to, sizeof(to), "%s/file-%u", folder, i);
		fd = open(from, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, buf, row->size) != (ssize_t)row->size ||
		    fsync(fd) || close(fd) || rename(from, to))
			die("%s: %m", from);
	}
}

static void file_remove(const struct row *row, const char *folder)
{
	char path[256];

	for (unsigned int i = 0; i < row->requests; i++) {
		snprintf(path, sizeof(path), "%s/file-%u", folder, i);
		unlink(path);
	}
	sync();
}

static void file_move(const struct row *row, int fd, const unsigned int *place, char *buf)
{
	bool writes = !strcmp(row->op, "write");

	for (unsigned int i = 0; i < row->requests; i++) {
		off_t at = (off_t)place[i] * row->size;
		ssize_t n = writes ? pwrite(fd, buf, row->size, at) :
				     pread(fd, buf, row->size, at);

		if (n != (ssize_t)row->size)
			die("%s: %m", row->op);
	}
	if (writes && fsync(fd))
		die("fsync: %m");
}

static void file_row(struct row *row, const char *folder)
{
	bool creates = !strcmp(row->op, "create");
	unsigned int *place = places(row->requests, row->pattern);
	char *buf = allocate(1, row->size);
	uint64_t before[NR_STATS];
	uint64_t bytes = (uint64_t)row->requests * row->size;
	bool counted = false, more = true;
	int fd = -1;

	if (!creates) {
		/* All of it is on the card and in its place before anything counts */
		fd = open_file(folder, "data", O_CREAT | O_RDWR);
		for (unsigned int i = 0; i < row->requests; i++)
			if (write(fd, buf, row->size) != (ssize_t)row->size)
				die("data: %m");
		fsync(fd);
		if (!strcmp(row->pattern, "rand"))
			posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	}
	stats_get(before);
	/* The first time is for what is only done once */
	for (; more; counted = true) {
		uint64_t all[2], user[2];

		drop_caches();
		counters_get(&all[0], &user[0]);
		if (counted)
			asm volatile(BLKCRYPT_MARK_BEGIN ::: "memory");
		if (creates)
			file_create(row, folder, buf);
		else
			file_move(row, fd, place, buf);
		if (counted)
			asm volatile(BLKCRYPT_MARK_END ::: "memory");
		counters_get(&all[1], &user[1]);
		if (counted)
			more = again(row, all[1] - all[0], user[1] - user[0]);
		if (creates)
			file_remove(row, folder);
	}
	tell(row, "file", row->keys ? bytes * (row->repeats + 1) / DATA_UNIT : 0, before);
	if (fd >= 0)
		close(fd);
	free(place);
	free(buf);
}

/* Have fio do job @name of @jobs in @folder, and wait for it */
static void fio_run(const char *name, const char *jobs, const char *folder)
{
	char job[256], directory[256];
	int status;
	pid_t pid;

	snprintf(job, sizeof(job), "%s/%s.fio", jobs, name);
	snprintf(directory, sizeof(directory), "--directory=%s", folder);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		execlp("fio", "fio", "--output=/tmp/fio", directory, job, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("fio %s: status %x, see /tmp/fio", job, status);
}

static void fio_row(struct row *row, const char *folder, const char *jobs)
{
	uint64_t bytes = (uint64_t)row->requests * row->size;
	uint64_t before[NR_STATS];
	bool counted = false, more = true;
	char name[64];

	snprintf(name, sizeof(name), "%s-%s", row->op, row->pattern);
	/* Which makes the file */
	fio_run(name, jobs, folder);
	drop_caches();
	stats_get(before);
	for (; more; counted = true) {
		uint64_t all[2], user[2];

		drop_caches();
		counters_get(&all[0], &user[0]);
		if (counted)
			asm volatile(BLKCRYPT_MARK_BEGIN ::: "memory");
		fio_run(name, jobs, folder);
		if (counted)
			asm volatile(BLKCRYPT_MARK_END ::: "memory");
		counters_get(&all[1], &user[1]);
		if (counted)
			more = again(row, all[1] - all[0], user[1] - user[0]);
	}
	tell(row, "fio", row->keys ? bytes * (row->repeats + 1) / DATA_UNIT : 0, before);
}

/* --- dm-crypt */

/* One ioctl of the device mapper about the device @name; @tail follows its header */
static void dm_do(int control, unsigned long request, const char *name,
		  const void *tail, size_t len, unsigned int targets)
{
	struct {
		struct dm_ioctl header;
		char tail[1024];
	} arg = {
		.header = {
			.version = { DM_VERSION_MAJOR, 0, 0 },
			.data_size = sizeof(arg),
			.data_start = sizeof(arg.header),
			.target_count = targets,
		},
	};

	strncpy(arg.header.name, name, sizeof(arg.header.name) - 1);
	if (len > sizeof(arg.tail))
		die("%s: table too long", name);
	memcpy(arg.tail, tail, len);
	if (ioctl(control, request, &arg))
		die("device mapper, %s: %m", name);
}

static uint64_t sectors_of(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size <= 0)
		die("%s: %m", device);
	close(fd);
	return size / SECTOR;
}

static void crypt_new(const char *name, const char *device, const char *keyfile)
{
	struct {
		struct dm_target_spec spec;
		char params[512];
	} table = {
		.spec = { .target_type = "crypt", .next = sizeof(table) },
	};
	unsigned char raw[BLKCRYPT_KEY_SIZE];
	char hex[2 * BLKCRYPT_KEY_SIZE + 1];
	int fd = open(keyfile, O_RDONLY | O_CLOEXEC);
	int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);

	if (fd < 0 || read(fd, raw, sizeof(raw)) != sizeof(raw))
		die("%s: no key in it", keyfile);
	if (control < 0)
		die("/dev/mapper/control: %m");
	for (size_t i = 0; i < sizeof(raw); i++)
		sprintf(hex + 2 * i, "%02x", raw[i]);
	table.spec.length = sectors_of(device);
	/* Sectors as large as the data units of the others: the fastest it can do */
	snprintf(table.params, sizeof(table.params),
		 "aes-xts-plain64 %s 0 %s 0 1 sector_size:%u", hex, device, DATA_UNIT);
	dm_do(control, DM_DEV_CREATE, name, NULL, 0, 0);
	dm_do(control, DM_TABLE_LOAD, name, &table, sizeof(table), 1);
	/* Which resumes it */
	dm_do(control, DM_DEV_SUSPEND, name, NULL, 0, 0);
}

static void rows(char **argv)
{
	bool raw = !strcmp(argv[1], "raw"), fio = !strcmp(argv[1], "fio");
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		struct row row = { .rounds = 1, .depth = 1 };

		if (raw && sscanf(line, "%31s %15s %15s %u %u %u %u %u", row.way, row.op,
				  row.pattern, &row.size, &row.depth, &row.requests,
				  &row.rounds, &row.keys) == 8)
			raw_row(&row, argv[2], argv[3]);
		else if (!raw && sscanf(line, "%31s %15s %15s %u %u %u", row.way, row.op,
					row.pattern, &row.size, &row.requests, &row.keys) == 6)
			fio ? fio_row(&row, argv[2], argv[3]) : file_row(&row, argv[2]);
		else
			die("not a row: %s", line);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	on_port = port_open();
	if (argc == 4 && !strcmp(what, "raw")) {
		rows(argv);
	} else if ((argc == 3 && !strcmp(what, "file")) || (argc == 4 && !strcmp(what, "fio"))) {
		counters_open();
		rows(argv);
	} else if (argc == 5 && !strcmp(what, "crypt")) {
		crypt_new(argv[2], argv[3], argv[4]);
	} else {
		fputs("usage: bench raw DEVICE KEYS | file FOLDER | fio FOLDER JOBS | crypt NAME DEVICE KEYFILE\n",
		      stderr);
		return 2;
	}
	return 0;
}
