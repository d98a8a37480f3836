// SPDX-License-Identifier: GPL-2.0
/*
 * plan.c - what the kernel test client wrote to the card without a file system
 *
 * The plan's format is the one of ../README.rst; an extent's key is used as it
 * is, without derivation. Extents must not overlap, since no order of writing
 * is promised.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify.h"

struct raw_extent {
	char *name, *file;
	uint64_t sector, dun, dus, offset, length;
	bool encrypted;
	uint32_t xkey;
};

struct plan {
	struct raw_extent *extents;
	size_t n, room;
};

static struct plan plan;	/* what is on the card */
static struct plan attempts;	/* and what was tried, in the order of its sectors */

static char *field(char **rest, const char *name, const char *path,
		   unsigned int line)
{
	char *f = strsep(rest, " ");
	size_t len = strlen(name);

	if (!f || strncmp(f, name, len) || f[len] != '=' || !f[len + 1])
		die("plan %s: line %u: no field '%s' in its place", path, line,
		    name);
	return f + len + 1;
}

static uint64_t number(char **rest, const char *name, const char *path,
		       unsigned int line)
{
	char *f = field(rest, name, path, line);
	uint64_t val;

	if (!parse_u64(f, &val))
		die("plan %s: line %u: '%s' is not a number", path, line, f);
	return val;
}

/* without a key there is neither DUN nor data unit: a dash will do */
static uint64_t optional(char **rest, const char *name, const char *path,
			 unsigned int line, bool needed)
{
	char *look = *rest;

	if (!needed && look && !strncmp(look, name, strlen(name)) &&
	    !strncmp(look + strlen(name), "=- ", 3)) {
		strsep(rest, " ");
		return 0;
	}
	return number(rest, name, path, line);
}

static void read_extents(const char *path, struct plan *p)
{
	char *text = read_text(path, "plan"), *at = text, *rest, *key;
	unsigned int nr = 0;
	const uint8_t *raw;
	struct raw_extent *x;

	while ((rest = next_line(&at))) {
		nr++;
		p->extents = xgrow(p->extents, &p->room, p->n + 1,
				   sizeof(*p->extents));
		x = &p->extents[p->n++];
		x->name = strsep(&rest, " ");
		x->sector = number(&rest, "sector", path, nr);
		key = field(&rest, "key", path, nr);
		x->encrypted = strcmp(key, "-");
		x->dun = optional(&rest, "dun", path, nr, x->encrypted);
		x->dus = optional(&rest, "dus", path, nr, x->encrypted);
		x->file = field(&rest, "file", path, nr);
		x->offset = number(&rest, "offset", path, nr);
		x->length = number(&rest, "length", path, nr);
		if (rest || !*x->name)
			die("plan %s: line %u: not an extent", path, nr);
		if (!x->encrypted)
			x->dus = SECTOR;
		if (x->dus < SECTOR || x->dus > MAX_UNIT ||
		    (x->dus & (x->dus - 1)))
			die("plan %s: line %u: no data unit has %" PRIu64
			    " bytes", path, nr, x->dus);
		if (!x->length || x->length % x->dus)
			die("plan %s: line %u: length %" PRIu64
			    " is not a number of data units", path, nr,
			    x->length);
		if (!x->encrypted)
			continue;
		raw = master_key_by_name(key);
		if (!raw)
			die("plan %s: line %u: key '%s' was not given", path,
			    nr, printable(key, strlen(key)));
		x->xkey = xkey_add(raw);
	}
	/* the names point into the text, which lives as long as the run */
}

void plan_read(const char *path)
{
	read_extents(path, &plan);
}

static uint64_t sector_behind(const struct raw_extent *x)
{
	return x->sector + x->length / SECTOR;
}

static int cmp_sector(const void *a, const void *b)
{
	const struct raw_extent *x = a, *y = b;

	return x->sector < y->sector ? -1 : x->sector > y->sector;
}

void attempts_read(const char *path)
{
	size_t i;

	read_extents(path, &attempts);
	if (attempts.n)
		qsort(attempts.extents, attempts.n, sizeof(*attempts.extents),
		      cmp_sector);
	for (i = 1; i < attempts.n; i++)
		if (sector_behind(&attempts.extents[i - 1]) >
		    attempts.extents[i].sector)
			die("plan %s: %s and %s overlap", path,
			    attempts.extents[i - 1].name,
			    attempts.extents[i].name);
}

static const struct raw_extent *attempt_at(uint64_t sector)
{
	size_t low = 0, high = attempts.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sector_behind(&attempts.extents[mid]) <= sector)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < attempts.n && attempts.extents[low].sector <= sector)
		return &attempts.extents[low];
	return NULL;
}

bool attempt_encrypted(uint64_t sector)
{
	const struct raw_extent *x = attempt_at(sector);

	return x && x->encrypted;
}

const char *attempt_differs(uint64_t sector, uint64_t sectors, uint64_t dun,
			    uint64_t dus, const uint8_t *fp)
{
	const struct raw_extent *x = attempt_at(sector);
	uint64_t at = (sector - x->sector) * SECTOR;

	if (dus && dus != x->dus)
		return "has data units of another size";
	if (at % x->dus || sectors * SECTOR % x->dus)
		return "is not in whole data units";
	if (sector + sectors > sector_behind(x))
		return "goes on behind its extent";
	if (dun != x->dun + at / x->dus)
		return "has another DUN";
	if (fp && memcmp(fp, xkey_get(x->xkey)->fp, FP_SIZE))
		return "has another key";
	return NULL;
}

static void check_unit(const struct image *img, const struct raw_extent *x,
		       uint64_t nr, const uint8_t *clear, struct check *c)
{
	uint32_t sectors = (uint32_t)x->dus / SECTOR;
	uint64_t sector = x->sector + nr * sectors;
	const uint8_t *raw = img->map + sector * SECTOR;
	struct xts *xts;
	uint8_t buf[MAX_UNIT];
	uint32_t unit;

	c->proven++;
	if (!x->encrypted) {
		if (unit_at(sector) != NO_UNIT || plain_at(sector))
			check_fail(c, "%s: sector %" PRIu64 " has two owners",
				   x->name, sector);
		plain_add(sector, sectors);
		if (memcmp(raw, clear, x->dus))
			check_fail(c, "%s: sector %" PRIu64
				   " differs from the original", x->name,
				   sector);
		return;
	}
	xts = xkey_get(x->xkey)->xts;
	unit = unit_add(sector, sectors, x->dun + nr, x->xkey, nr, c);
	xts_crypt(xts, true, x->dun + nr, clear, buf, x->dus);
	unit_seal(unit, buf);
	if (memcmp(raw, buf, x->dus))
		check_fail(c, "%s: sector %" PRIu64
			   " is not the original's ciphertext", x->name,
			   sector);
	xts_crypt(xts, false, x->dun + nr, raw, buf, x->dus);
	if (memcmp(buf, clear, x->dus))
		check_fail(c, "%s: sector %" PRIu64
			   " does not decrypt to the original", x->name,
			   sector);
}

void check_plan_data(const struct image *img, const char *corpus,
		     struct check *c)
{
	int dir = open(corpus, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct blob file;
	uint64_t i;
	size_t e;

	if (dir < 0)
		die("corpus %s: %m", corpus);
	for (e = 0; e < plan.n; e++) {
		const struct raw_extent *x = &plan.extents[e];
		const uint8_t *data;

		file = map_at(dir, x->file, x->file);
		if (x->offset > file.size || x->length > file.size - x->offset)
			die("plan: %s: %s has no such bytes", x->name,
			    x->file);
		if (x->sector > img->size / SECTOR ||
		    x->length > img->size - x->sector * SECTOR)
			die("plan: %s: not within the card", x->name);
		data = file.data + x->offset;
		for (i = 0; i < x->length / x->dus; i++)
			check_unit(img, x, i, data + i * x->dus, c);
		if (x->encrypted)
			scan_add_encrypted(data, x->length);
		else
			scan_add_plain(data, x->length);
		fig.plan_extents++;
		fig.plan_bytes += x->length;
		unmap(&file);
	}
	close(dir);
}
