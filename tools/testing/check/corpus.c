// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the files that a guest is given: reads lines "SIZE PATH" and writes each
 * file below a folder.
 *
 * Every 512 bytes begin with a text that no other 512 bytes of this or any other
 * run have, and go on with noise that is different each time, unless there is a
 * SEED: a sector that is found on a card tells which file of which run it is from,
 * and no two sectors of a corpus are equal.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR	512

static uint64_t noise;

static uint64_t next_noise(void)
{
	/* splitmix64 */
	uint64_t z = noise += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void fail(const char *path)
{
	fprintf(stderr, "corpus: %s: %s\n", path, strerror(errno));
	exit(1);
}

static void make_parents(const char *path)
{
	char *copy = strdup(path);
	char *slash;

	if (!copy)
		fail(path);
	for (slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			fail(copy);
		*slash = '/';
	}
	free(copy);
}

static void make_file(const char *dir, const char *run, uint64_t size,
		      const char *name)
{
	char sector[SECTOR];
	uint64_t done, i;
	char *path;
	FILE *file;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		fail(name);
	make_parents(path);
	file = fopen(path, "wxe");
	if (!file)
		fail(path);

	for (done = 0; done < size; done += SECTOR) {
		uint64_t left = size - done;

		for (i = 0; i < SECTOR; i += sizeof(uint64_t)) {
			uint64_t word = next_noise();

			memcpy(sector + i, &word, sizeof(word));
		}
		/* The name is cut, not the number: that makes it unique. */
		snprintf(sector, 128, "mmc-crypto %.32s %10" PRIu64 " %.60s\n", run,
			 done / SECTOR, name);
		if (fwrite(sector, left < SECTOR ? left : SECTOR, 1, file) != 1)
			fail(path);
	}
	if (fclose(file))
		fail(path);
	free(path);
}

int main(int argc, char **argv)
{
	char line[512], name[256];
	uint64_t size;
	int end;

	if (argc != 3 && argc != 4) {
		fputs("usage: corpus DIR RUN [SEED] <LIST\n", stderr);
		return 2;
	}
	if (argc == 4)
		noise = strtoull(argv[3], NULL, 10);
	else if (getrandom(&noise, sizeof(noise), 0) != sizeof(noise))
		fail("random numbers");

	while (fgets(line, sizeof(line), stdin)) {
		end = 0;
		if (sscanf(line, "%" SCNu64 " %255s %n", &size, name, &end) != 2 ||
		    line[end]) {
			fprintf(stderr, "corpus: not \"SIZE PATH\": %s", line);
			return 1;
		}
		make_file(argv[1], argv[2], size, name);
	}
	return 0;
}
