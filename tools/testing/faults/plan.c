// SPDX-License-Identifier: GPL-2.0
/*
 * plan - what happens in rounds of the fault campaign, derived from their seeds
 *
 * usage: plan HOST SEED COUNT DIR
 *
 * Writes for the rounds SEED to SEED + COUNT - 1 on the host model HOST (pci, msm, or
 * no-queue, which is msm with a card that has no command queue):
 *
 *   DIR/rounds        what the guest has to do (tools/testing/guest/faults.c)
 *   DIR/plan          the extents of the raw test client
 *   DIR/corpus.list   the files that the guest is given
 *   DIR/folders       "FS PATH POLICY", the folders that the rounds write to
 *   DIR/keys/NAME.key the keys
 *
 * A round follows from its own seed alone, wherever it stands. A new fault point
 * is a line in the table of classes; what becomes of the results is not known here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECTOR		512
#define RAW_START	(4194304 + 64)	/* behind the canary */
#define RAW_KEYS	40		/* more than there are keyslots */
#define BURSTS		3		/* with faults, in a round */
#define JOBS		6		/* of a burst */
#define READ_AT_END	20	/* so that what a removal takes with it is no tenth of all */
#define N_ELEMENTS(a)	(sizeof(a) / sizeof((a)[0]))

enum {
	PCI = 1, MSM = 2, NO_QUEUE = 4,
	QUEUE = PCI | MSM,
	ICE = MSM | NO_QUEUE,
	ANY = PCI | MSM | NO_QUEUE,
};

/* What may be under way while something goes wrong */
enum jobs {
	MIXED,		/* files and raw data, written and read */
	RAW,		/* raw data only: whatever is hit is encrypted */
	RAW_FLUSHED,	/* with flushes in between */
	RAW_FEW,	/* few enough for all of them to fail */
	FEW,		/* and one of them a file */
	NEW_KEYS,	/* what has a key of its own, so that keys are programmed */
	RAW_NO_MEMORY,	/* raw data, by processes that some allocation fails in */
};

/*
 * A class of faults: which fault of which device is armed, at most at which event;
 * how often again once it fired, or how often in a row at the sector of one extent; and
 * what is done meanwhile.
 */
static const struct class {
	const char *name;
	unsigned int hosts;
	enum jobs jobs;
	const char *device, *fault;
	unsigned int latest, again;
	unsigned int in_a_row;	/* at most, at one extent */
	const char *trigger;	/* a second fault, without which the first cannot fire */
	const char *action;
	unsigned int act_by;	/* how many transfers of the jobs before that, at most */
	const char *counter;	/* of the host, that shows that the action took place */
	const char *violates;	/* what software cannot help doing then */
} classes[] = {
	{ "gce", QUEUE, MIXED, "host0", "gce", 4 },
	{ "icce", QUEUE, MIXED, "host0", "icce", 4 },
	{ "keys-lost", QUEUE, MIXED, "host0", "keys-lost", 4 },
	{ "unplug", ANY, FEW, .action = "unplug", .act_by = 3, .counter = "resets" },
	{ "data", QUEUE, RAW, "host0", "data", 6 },
	{ "data-done", QUEUE, RAW, "host0", "data-done", 6 },
	{ "suspend", ANY, MIXED, .action = "suspend", .act_by = 8, .counter = "resets" },
	{ "write-status", ANY, RAW, "card0", "write-status", 4 },
	{ "program", ANY, NEW_KEYS, "host0", "program", 2 },
	{ "program-again", ANY, NEW_KEYS, "host0", "program", 2, .again = 3 },
	{ "gce-unnamed", QUEUE, MIXED, "host0", "gce-unnamed", 4 },
	{ "cmd", QUEUE, RAW, "host0", "cmd", 6 },
	{ "idle", PCI, MIXED, .action = "idle", .counter = "enables" },
	{ "idle", ICE, MIXED, .action = "idle", .counter = "bists" },
	{ "gce-lasting", QUEUE, MIXED, "host0", "gce", 1, .in_a_row = 5 },
	{ "task-command", QUEUE, RAW, "card0", "task-command", 8 },
	{ "icce-unnamed", QUEUE, MIXED, "host0", "icce-unnamed", 4 },
	{ "rebind", ANY, MIXED, .action = "rebind", .counter = "resets" },
	{ "red", QUEUE, RAW, "host0", "red", 6 },
	{ "data-read", QUEUE, RAW, "card0", "data-read", 4 },
	{ "no-memory", ANY, RAW_NO_MEMORY },
	{ "unplug-late", ANY, FEW, .action = "unplug-late", .act_by = 3, .counter = "resets" },
	{ "keys-lost-again", QUEUE, MIXED, "host0", "keys-lost", 4, .again = 4 },
	{ "slow", QUEUE, RAW, "host0", "slow", 6 },
	{ "data-lasting", QUEUE, RAW, "host0", "data", 1, .in_a_row = 5 },
	{ "no-halt", QUEUE, MIXED, "host0", "no-halt", 1, .trigger = "host0 gce" },
	{ "data-write", QUEUE, RAW, "card0", "data-write", 4 },
	{ "evict", ANY, NEW_KEYS, .action = "evict", .act_by = 30, .counter = "keys-evicted" },
	{ "icce-lasting", QUEUE, MIXED, "host0", "icce", 1, .in_a_row = 5 },
	{ "read-status", ANY, RAW, "card0", "read-status", 4 },
	{ "no-memory-bind", ANY, MIXED, .action = "rebind-no-memory" },
	{ "task-lost", QUEUE, RAW, "card0", "task-lost", 4 },
	{ "no-enable", PCI, RAW, "host0", "no-enable", 1, .action = "idle",
	  .violates = "doorbell clear" },
	{ "no-enable", MSM, RAW, "host0", "no-enable", 1, .action = "suspend-rebind",
	  .violates = "doorbell clear" },
	{ "flush", ANY, RAW_FLUSHED, "card0", "flush", 1 },
	{ "command", ANY, RAW, "card0", "command", 8 },
	{ "scm-set", ICE, NEW_KEYS, "host0", "scm-set", 2 },
	{ "scm-busy", ICE, NEW_KEYS, "host0", "scm-busy", 2 },
	{ "scm-invalidate", ICE, NEW_KEYS, "host0", "scm-invalidate", 2, .action = "evict", .act_by = 30 },
	{ "power", ICE, MIXED, "host0", "power", 1, .action = "suspend", .act_by = 8 },
	{ "collapse", ICE, MIXED, "host0", "collapse", 1, .action = "fall-asleep" },
	{ "bist", ICE, RAW_FEW, "host0", "bist", 1, .action = "idle" },
	{ "evict-fails", PCI, NEW_KEYS, "host0", "evict", 1, .action = "evict", .act_by = 30 },
	{ "legacy-cmd", NO_QUEUE, RAW, "host0", "legacy-cmd", 6 },
	{ "legacy-data", NO_QUEUE, RAW, "host0", "legacy-data", 6 },
	{ "legacy-cut", NO_QUEUE, RAW, "host0", "legacy-cut", 4,
	  .violates = "block-count" },
	{ "legacy-data-lasting", NO_QUEUE, RAW, "host0", "legacy-data", 1, .in_a_row = 5 },
	{ "legacy-keys-lost", NO_QUEUE, MIXED, "host0", "legacy-keys-lost", 4 },
	{ "legacy-keys-lost-again", NO_QUEUE, MIXED, "host0", "legacy-keys-lost", 4, .again = 4 },
	/* No engine is found, until the host is bound again */
	{ "version", ICE, MIXED, "host0", "version", 1, .action = "rebind-twice" },
	{ "fuses", ICE, MIXED, "host0", "fuses", 1, .action = "rebind-twice" },
	{ "scm-unavailable", ICE, MIXED, "host0", "scm-unavailable", 2, .action = "rebind-twice" },
	{ "uncleared", ICE, MIXED, "host0", "scm-invalidate", 1, .action = "rebind-twice" },
	{ "cmdq-enable", QUEUE, RAW_FEW, "card0", "cmdq-enable", 1, .action = "suspend-rebind" },
};

static const char *const file_systems[] = { "ext4", "f2fs" };

/* The folders of each file system, each with a key of its own */
static const struct {
	const char *name, *policy;
} folders[] = {
	{ "k0", "iv32" }, { "k1", "perfile" }, { "k2", "iv32" }, { "k3", "perfile" },
	{ "plain", "-" },
};

#define PLAIN_FOLDER	(N_ELEMENTS(folders) - 1)

static FILE *rounds, *plan, *corpus, *expected;
static uint64_t state;
static uint64_t sector = RAW_START;

/* Of the round that is being made */
static uint64_t seed;
static unsigned int n_files, n_extents;
static uint64_t raw_bytes;
static char written[BURSTS * JOBS * 2][128];
static unsigned int n_written;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("plan: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* one of 0 to @n - 1 */
static unsigned int pick(unsigned int n)
{
	return next() % n;
}

static FILE *create(const char *dir, const char *name)
{
	char *path;
	FILE *file;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		die("no memory");
	file = fopen(path, "we");
	if (!file)
		die("%s: %s", path, strerror(errno));
	free(path);
	return file;
}

static void finish(FILE *file, const char *name)
{
	if (ferror(file) || fclose(file))
		die("%s cannot be written", name);
}

static uint64_t number(const char *text, const char *what)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		die("%s: '%s' is not a number", what, text);
	return value;
}

static void write_key(const char *dir, const char *name)
{
	char *file;
	uint64_t word[8];
	unsigned int i;
	FILE *key;

	if (asprintf(&file, "keys/%s.key", name) < 0)
		die("no memory");
	for (i = 0; i < N_ELEMENTS(word); i++)
		word[i] = next();
	key = create(dir, file);
	if (fwrite(word, sizeof(word), 1, key) != 1)
		die("%s: %s", file, strerror(errno));
	finish(key, file);
	free(file);
}

/* A set of keys follows from the first seed; which of them is used, from the round's */
static void make_keys(const char *dir)
{
	char name[32];
	unsigned int i, fs;

	for (fs = 0; fs < N_ELEMENTS(file_systems); fs++) {
		for (i = 0; i < PLAIN_FOLDER; i++) {
			snprintf(name, sizeof(name), "%s-%s", file_systems[fs],
				 folders[i].name);
			write_key(dir, name);
		}
	}
	for (i = 0; i < RAW_KEYS; i++) {
		snprintf(name, sizeof(name), "raw-%u", i);
		write_key(dir, name);
	}
}

static void remember(const char *job)
{
	if (n_written < N_ELEMENTS(written))
		snprintf(written[n_written++], sizeof(written[0]), "%s", job);
}

/*
 * A new file, or one that is written over with itself after it was something else;
 * with no file system named, on either
 */
static void file_job(const char *fs, unsigned int folder)
{
	unsigned int size = 4096 + pick(15) * 4096;
	char path[80], job[128];

	if (!pick(4))
		size += pick(4096);
	if (!fs)
		fs = file_systems[pick(N_ELEMENTS(file_systems))];
	snprintf(path, sizeof(path), "%s/%s/r%" PRIu64 "/f%02u", fs,
		 folders[folder].name, seed, n_files++);
	fprintf(corpus, "%u %s\n", size, path);
	fprintf(rounds, "%s %s\n", pick(4) ? "write" : "over", path);
	snprintf(job, sizeof(job), "read %s", path);
	remember(job);
}

static unsigned int some_folder(void)
{
	return pick(8) ? pick(PLAIN_FOLDER) : PLAIN_FOLDER;
}

/* Options of the client: size of a bio, flushes, reverse order, merges, FUA */
static void raw_options(char *options, size_t len, unsigned int unit, bool flushed)
{
	static const unsigned int sizes[] = { 4096, 8192, 20480, 65536 };
	/* One after the other, as arguments have no order */
	unsigned int segment = pick(3) ? 4096 : unit;
	unsigned int size = sizes[pick(N_ELEMENTS(sizes))];
	const char *merged = pick(4) ? "" : " -m";
	const char *reverse = pick(4) ? "" : " -r";
	const char *forced = pick(8) ? "" : " -u";

	snprintf(options, len, " -s %u -b %u%s%s%s%s", segment, size,
		 flushed ? " -f 2" : "", merged, reverse, forced);
}

/* @many: two tasks at least, since each data unit comes in a bio of its own */
static void raw_job(const char *verb, bool flushed, bool many)
{
	static const unsigned int units[] = { 512, 1024, 2048, 4096 };
	unsigned int unit = units[pick(8) < 4 ? 3 : pick(N_ELEMENTS(units))];
	unsigned int length = 4096 * (2 + pick(12));
	char name[40], options[64], job[128];
	uint32_t dun = pick(4) ? next() >> 36 : UINT32_MAX - length / unit + 1;

	snprintf(name, sizeof(name), "r%" PRIu64 ".%u.", seed, n_extents++);
	fprintf(plan, "%s sector=%" PRIu64 " key=raw-%u dun=%" PRIu32
		" dus=%u file=raw/r%" PRIu64 " offset=%" PRIu64 " length=%u\n",
		name, sector, pick(RAW_KEYS), dun, unit, seed, raw_bytes, length);
	/* Neighbours are told from each other, and merge now and then */
	sector += length / SECTOR + (pick(4) ? 8 : 0);
	raw_bytes += length;
	raw_options(options, sizeof(options), unit, flushed);
	if (many)
		snprintf(options, sizeof(options), " -s 4096 -b 4096%s", flushed ? " -f 2" : "");
	fprintf(rounds, "%s %s%s\n", verb, name, options);
	raw_options(options, sizeof(options), unit, false);
	snprintf(job, sizeof(job), "rawread %s%s", name, options);
	remember(job);
}

/* Something that an earlier burst wrote is read while something goes wrong */
static void read_job(const char *prefix, unsigned int before)
{
	unsigned int i, at;

	for (i = 0, at = pick(before + 1); i < before; i++) {
		at = (at + 1) % before;
		if (strncmp(written[at], prefix, strlen(prefix)))
			continue;
		fprintf(rounds, "%s\n", written[at]);
		return;
	}
}

static void make_jobs(const struct class *class)
{
	bool reads = !strcmp(class->name, "data-read") || !strcmp(class->name, "read-status");
	bool writes = !strcmp(class->name, "data-write") || !strcmp(class->name, "write-status");
	unsigned int before = n_written, i;

	for (i = 0; i < JOBS; i++) {
		switch (class->jobs) {
		case MIXED:
			if (i % 3 == 2)
				read_job("read", before);
			else if (i % 3 == 1)
				/* Enough for the latest event that a fault waits for */
				raw_job("rawwrite", false, class->fault && i == 1);
			else if (!i && (class->action || !class->fault))
				/* A key that stayed in its slot from the first burst on */
				file_job("ext4", 0);
			else if (!i)
				file_job(NULL, pick(PLAIN_FOLDER));
			else
				file_job(NULL, some_folder());
			break;
		case NEW_KEYS:
			if (i % 2)
				raw_job("rawwrite", false, false);
			else
				file_job(NULL, 1 + 2 * pick(2));
			break;
		case RAW:
			if (reads || (!writes && i % 3 == 2))
				read_job("rawread", before);
			else
				raw_job("rawwrite", false, false);
			break;
		case RAW_FEW:
			if (!i)
				raw_job("rawwrite", false, false);
			else if (i == 1)
				read_job("rawread", before);
			break;
		case FEW:
			/* Each in several tasks, so that one of them is under way */
			if (!i)
				file_job(NULL, pick(PLAIN_FOLDER));
			else if (i == 1)
				raw_job("rawwrite", false, true);
			break;
		case RAW_FLUSHED:
			/* One bio alone is not followed by a flush */
			raw_job("rawwrite", true, !i);
			break;
		case RAW_NO_MEMORY:
			/* Two of them, so that most of the round succeeds */
			if (i < 2)
				fprintf(rounds, "fail-nth %u\n", 1 + pick(80));
			raw_job("rawwrite", false, false);
			break;
		}
	}
}

static void make_burst(const struct class *class)
{
	fprintf(rounds, "burst %s\n", class->name);
	/* What is read back must come from the card, and nothing else be under way */
	fprintf(rounds, "forget\n");
	if (class->fault)
		fprintf(rounds, "arm %s %s %u %u\n", class->device, class->fault,
			1 + pick(class->latest), class->again);
	if (class->trigger)
		fprintf(rounds, "trigger %s %u\n", class->trigger, 1 + pick(3));
	if (class->action)
		fprintf(rounds, "act %s %u %s\n", class->action,
			class->act_by ? 1 + pick(class->act_by) : 0,
			class->counter ? class->counter : "-");
	if (class->violates)
		fprintf(rounds, "may %s\n", class->violates);
	/* An error that lasts may keep an extent from ever being written */
	if (class->in_a_row) {
		fprintf(rounds, "aim %" PRIu64 " %u\n", sector, 2 + pick(class->in_a_row - 1));
		if (pick(2))
			fprintf(rounds, "once\n");
		/* The extent that was aimed at */
		raw_job("rawwrite", false, false);
	}
	make_jobs(class);
	fprintf(rounds, "go\n");
}

static void make_round(unsigned int host)
{
	const struct class *of_host[N_ELEMENTS(classes)];
	unsigned int n = 0, i, fs, folder;
	static const struct class none = { .name = "none", .jobs = MIXED };

	state = seed * 0xd1342543de82ef95;
	n_files = n_extents = n_written = 0;
	raw_bytes = 0;
	for (i = 0; i < N_ELEMENTS(classes); i++)
		if (classes[i].hosts & host)
			of_host[n++] = &classes[i];

	fprintf(rounds, "round %" PRIu64 "\n", seed);
	for (fs = 0; fs < N_ELEMENTS(file_systems); fs++) {
		for (folder = 0; folder < N_ELEMENTS(folders); folder++) {
			fprintf(rounds, "folder %s/%s/r%" PRIu64 "\n",
				file_systems[fs], folders[folder].name, seed);
			fprintf(expected, "%s %s/r%" PRIu64 " %s\n",
				file_systems[fs], folders[folder].name, seed,
				folders[folder].policy);
		}
	}
	/* Rounds that follow each other go through all classes */
	make_burst(&none);
	for (i = 0; i < BURSTS; i++)
		make_burst(of_host[(seed * BURSTS + i) % n]);

	fprintf(rounds, "burst at-end\nforget\n");
	for (i = 0; i < READ_AT_END; i++)
		fprintf(rounds, "%s\n", written[pick(n_written)]);
	fprintf(rounds, "go\nend\n");
	fprintf(corpus, "%" PRIu64 " raw/r%" PRIu64 "\n", raw_bytes, seed);
}

int main(int argc, char **argv)
{
	uint64_t first, count;
	unsigned int host;
	char *keys;

	if (argc != 5) {
		fputs("usage: plan HOST SEED COUNT DIR\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "pci"))
		host = PCI;
	else if (!strcmp(argv[1], "msm"))
		host = MSM;
	else if (!strcmp(argv[1], "no-queue"))
		host = NO_QUEUE;
	else
		die("unknown host '%s'", argv[1]);
	first = number(argv[2], "SEED");
	count = number(argv[3], "COUNT");

	if (asprintf(&keys, "%s/keys", argv[4]) < 0)
		die("no memory");
	if (mkdir(keys, 0755) && errno != EEXIST)
		die("%s: %s", keys, strerror(errno));
	free(keys);
	rounds = create(argv[4], "rounds");
	plan = create(argv[4], "plan");
	corpus = create(argv[4], "corpus.list");
	expected = create(argv[4], "folders");

	state = first;
	make_keys(argv[4]);
	for (seed = first; seed < first + count; seed++)
		make_round(host);

	finish(rounds, "rounds");
	finish(plan, "plan");
	finish(corpus, "corpus.list");
	finish(expected, "folders");
	return 0;
}
