// SPDX-License-Identifier: GPL-2.0
/*
 * units.c - the data units that must be on the card, and who owns a sector
 *
 * One table holds what was derived from file systems and plan, whoever derived
 * it; a sector has at most one owner. Nothing read from a ledger enters here.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "verify.h"

#define OWNER_PLAIN	UINT32_MAX

static struct unit *units;
static size_t n_units, room_units;
static uint64_t *shas;
static size_t n_shas, room_shas;
static uint32_t *owner;		/* 0: nobody, else a unit's number plus one */
static uint64_t n_sectors;
static bool sha_wanted;

void units_init(const struct image *img, bool want_sha)
{
	n_sectors = img->size / SECTOR;
	owner = xcalloc(n_sectors, sizeof(*owner));
	sha_wanted = want_sha;
}

uint32_t unit_add(uint64_t sector, uint32_t sectors, uint64_t dun,
		  uint32_t xkey, uint64_t lblk, struct check *c)
{
	struct unit *u;
	uint32_t i;

	for (i = 0; i < sectors; i++) {
		if (owner[sector + i])
			check_fail(c, "sector %" PRIu64 " has two owners",
				   sector + i);
		owner[sector + i] = (uint32_t)n_units + 1;
	}
	xkey_get(xkey)->used = true;
	units = xgrow(units, &room_units, n_units + 1, sizeof(*units));
	u = &units[n_units];
	*u = (struct unit) {
		.sector = sector, .sectors = (uint16_t)sectors, .dun = dun,
		.xkey = xkey, .lblk = lblk,
	};
	if (sha_wanted) {
		u->sha = n_shas;
		shas = xgrow(shas, &room_shas, n_shas + sectors, sizeof(*shas));
		n_shas += sectors;
	}
	return (uint32_t)n_units++;
}

/* remember what the unit must look like on the card */
void unit_seal(uint32_t nr, const uint8_t *cipher)
{
	struct unit *u = &units[nr];
	uint32_t i;

	u->sealed = true;
	for (i = 0; sha_wanted && i < u->sectors; i++)
		shas[u->sha + i] = sector_sha(cipher + i * SECTOR);
}

/* of encrypted files without an original, all that is known is the image */
void units_seal_rest(const struct image *img)
{
	uint32_t i;

	for (i = 0; i < n_units; i++)
		if (!units[i].sealed)
			unit_seal(i, img->map + units[i].sector * SECTOR);
}

uint64_t unit_sha(const struct unit *u, unsigned int sector)
{
	return shas[u->sha + sector];
}

struct unit *unit_get(uint32_t nr)
{
	return &units[nr];
}

uint32_t unit_count(void)
{
	return (uint32_t)n_units;
}

uint32_t unit_at(uint64_t sector)
{
	if (sector >= n_sectors || !owner[sector] ||
	    owner[sector] == OWNER_PLAIN)
		return NO_UNIT;
	return owner[sector] - 1;
}

void plain_add(uint64_t sector, uint64_t sectors)
{
	for (; sectors--; sector++)
		if (!owner[sector])
			owner[sector] = OWNER_PLAIN;
}

bool plain_at(uint64_t sector)
{
	return sector < n_sectors && owner[sector] == OWNER_PLAIN;
}
