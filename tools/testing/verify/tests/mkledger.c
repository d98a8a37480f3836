// SPDX-License-Identifier: GPL-2.0
/*
 * mkledger.c - ledgers as a faultless engine and card would have written them
 *
 * usage: mkledger IMAGE MAP ENGINE CARD [legacy], MAP as make-fixture.sh writes it.
 * Every data unit of the map is written and read back by a task of its own, the
 * first write after an attempt that the card broke off; one task without
 * encryption and one command outside of the queue come before. With "legacy" the
 * engine knows of what is not queued, and every other task is not. The tests break
 * what this program made; it knows nothing of the verifier.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#define SECTOR	512
#define MAX	8

struct unit {
	uint64_t sector;
	char dun[32], key[17];
	int sectors;
};

static FILE *image, *engine, *card;
static unsigned int n_engine, n_card, task;
static int beside;	/* every other task is not queued */

static void hash_text(uint64_t sector, char text[17])
{
	unsigned char data[SECTOR], md[32];
	int i;

	if (fseek(image, (long)(sector * SECTOR), SEEK_SET) ||
	    fread(data, SECTOR, 1, image) != 1) {
		fprintf(stderr, "mkledger: cannot read sector %" PRIu64 "\n",
			sector);
		exit(1);
	}
	SHA256(data, SECTOR, md);
	for (i = 0; i < 8; i++)
		sprintf(text + 2 * i, "%02x", md[i]);
}

/* @arrived: how many sectors the card took; fewer than all is a failure */
static void run(char dir, const struct unit *u, int arrived)
{
	int crypt = *u->key != '-', write = dir == 'w', i;
	char sha[MAX][17], dus[16] = "-", tag[16] = "legacy";
	int cmd = write ? 47 : 46;

	task++;
	if (beside && task % 2)
		cmd = (write ? 24 : 17) + (u->sectors > 1);
	else
		sprintf(tag, "%u", task % 31);
	if (crypt)
		sprintf(dus, "%d", u->sectors * SECTOR);
	fprintf(engine, "U n=%u t=%u lba=%" PRIu64 " sectors=%d dun=%s sha=",
		++n_engine, task, u->sector, u->sectors, u->dun);
	for (i = 0; i < u->sectors; i++) {
		uint64_t sector = u->sector + (uint64_t)i;

		hash_text(sector, sha[i]);
		fprintf(engine, "%s%s", i ? "," : "", sha[i]);
		if (i < arrived)
			fprintf(card, "S n=%u cmd=%d part=0 dir=%c lba=%" PRIu64
				" sha=%s\n", ++n_card, cmd, dir, sector, sha[i]);
	}
	fprintf(engine, "\nT n=%u t=%u task=%s dir=%c lba=%" PRIu64
		" sectors=%d crypt=%d slot=%s key=%s dun=%s dus=%s status=%s\n",
		++n_engine, task, tag, dir, u->sector, u->sectors, crypt,
		crypt ? "3" : "-", u->key, u->dun, dus,
		arrived == u->sectors ? "ok" : "card");
}

int main(int argc, char **argv)
{
	/* the first sectors of the image are nobody's */
	struct unit u = { .sector = 8, .dun = "-", .key = "-", .sectors = 8 };
	struct unit lone = { .dun = "-", .key = "-", .sectors = 1 };
	char sha[17], programmed[17] = "";
	int pass, first = 1;
	FILE *map;

	beside = argc == 6 && !strcmp(argv[5], "legacy");
	if (argc != 5 && !beside) {
		fprintf(stderr, "usage: mkledger IMAGE MAP ENGINE CARD [legacy]\n");
		return 2;
	}
	image = fopen(argv[1], "r");
	map = fopen(argv[2], "r");
	engine = fopen(argv[3], "w");
	card = fopen(argv[4], "w");
	if (!image || !map || !engine || !card) {
		perror("mkledger");
		return 1;
	}
	if (beside) {
		run('w', &lone, 1);
	} else {
		hash_text(0, sha);
		fprintf(card, "S n=%u cmd=24 part=0 dir=w lba=0 sha=%s\n",
			++n_card, sha);
	}
	run('w', &u, 8);
	for (pass = 0; pass < 2; pass++) {
		rewind(map);
		while (fscanf(map, "%" SCNu64 " %31s %16s %d", &u.sector, u.dun,
			      u.key, &u.sectors) == 4 && u.sectors <= MAX) {
			if (*u.key != '-' && strcmp(programmed, u.key))
				fprintf(engine, "P n=%u slot=3 key=%s enable=1 dus=%d cap=0\n",
					++n_engine, strcpy(programmed, u.key),
					u.sectors * SECTOR);
			if (first)
				run('w', &u, u.sectors / 2);
			first = 0;
			run(pass ? 'r' : 'w', &u, u.sectors);
		}
		fprintf(card, "F n=%u\n", ++n_card);
	}
	fprintf(engine, "P n=%u slot=3 key=- enable=0 dus=4096 cap=0\n",
		++n_engine);
	fprintf(engine, "E n=%u\n", ++n_engine);
	fprintf(card, "E n=%u\n", ++n_card);
	return ferror(engine) | ferror(card) | fclose(engine) | fclose(card);
}
