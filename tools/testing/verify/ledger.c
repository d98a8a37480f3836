// SPDX-License-Identifier: GPL-2.0
/*
 * ledger.c - what engine and card recorded, against each other and the rest
 *
 * The records' format is the one of ../README.rst. The two recorders share no
 * code; the third witness is the table of data units (units.c), which knows
 * nothing of either. A line that is not a record ends the run; a record that is
 * wrong or missing fails a check.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

#define MAX_SLOTS	256
#define NOTHING		UINT32_MAX
#define MAX_STEPS	100000000u	/* of the search in match_ledgers() */

/* data on the card's side of the engine, in one piece */
struct piece {
	uint64_t lba, dun;
	uint32_t task;
	uint32_t sectors;
	size_t sha;
};

struct task {
	uint64_t lba, dun, dus;
	uint64_t order;		/* among the tasks, by when data moved */
	uint32_t first, n;	/* its pieces */
	uint32_t moved;		/* sectors in them */
	uint32_t sectors;	/* that the request asked for */
	uint32_t on_card;	/* sectors that the card knows of */
	uint8_t key[FP_SIZE];
	bool closed, legacy, write, ok;
	bool context;		/* it names a keyslot */
	bool crypt;		/* and its data went through the cipher */
};

enum card_kind { CARD_READ, CARD_WRITE, CARD_ERASE };

struct card_rec {
	uint64_t lba, sha;	/* of an erase, sha is the number of sectors */
	uint32_t piece;		/* of the engine's, once matched */
	uint8_t kind, cmd, part;
};

struct slot {
	bool enabled, has_key;
	uint8_t key[FP_SIZE];
};

static struct piece *pieces;
static size_t n_pieces, room_pieces;
static uint64_t *shas;
static size_t n_shas, room_shas;
static struct task *tasks;
static size_t n_tasks, room_tasks;
static struct card_rec *cards;
static size_t n_cards, room_cards;
static uint32_t *queue;		/* card records that belong to the engine's tasks */
static size_t n_queue, room_queue;
static bool legacy_too;		/* the engine records what is not queued, too */
static uint32_t *order;		/* tasks by when they ran */
static struct slot slots[MAX_SLOTS];
static uint64_t *programmed;
static size_t n_programmed, room_programmed;

/* parsing */

struct reader {
	const char *path;
	char *rest;		/* of the line */
	uint64_t line;
};

static void bad(const struct reader *r, const char *what)
	__attribute__((noreturn));

static void bad(const struct reader *r, const char *what)
{
	die("ledger %s: line %" PRIu64 ": %s", r->path, r->line, what);
}

static char *field(struct reader *r, const char *name)
{
	char *f = strsep(&r->rest, " ");
	size_t len = strlen(name);

	if (!f || strncmp(f, name, len) || f[len] != '=' || !f[len + 1])
		bad(r, "a field is missing or out of place");
	return f + len + 1;
}

/* a number, or 0 for the dash that stands for none: @any says which */
static uint64_t number_if_any(struct reader *r, const char *name, uint64_t max,
			      bool *any)
{
	char *f = field(r, name);
	uint64_t val;

	*any = strcmp(f, "-");
	if (!*any)
		return 0;
	if (!parse_u64(f, &val) || val > max)
		bad(r, "a number is out of range or none");
	return val;
}

static uint64_t number(struct reader *r, const char *name, uint64_t max)
{
	bool any;

	return number_if_any(r, name, max, &any);
}

static bool flag(struct reader *r, const char *name)
{
	return number(r, name, 1);
}

static uint64_t hex64(struct reader *r, const char *hex)
{
	uint64_t val = 0;
	int i, digit;

	for (i = 0; i < 16; i++) {
		digit = hex[i];
		if (digit >= '0' && digit <= '9')
			digit -= '0';
		else if (digit >= 'a' && digit <= 'f')
			digit -= 'a' - 10;
		else
			bad(r, "not eight bytes in hex");
		val = val << 4 | (unsigned int)digit;
	}
	return val;
}

/* Return: false for the dash that stands for no key */
static bool fingerprint(struct reader *r, uint8_t fp[FP_SIZE])
{
	char *f = field(r, "key");
	uint64_t val;
	int i;

	memset(fp, 0, FP_SIZE);
	if (!strcmp(f, "-"))
		return false;
	val = hex64(r, f);
	if (f[16])
		bad(r, "a fingerprint is longer than eight bytes");
	for (i = 0; i < 8; i++)
		fp[i] = (uint8_t)(val >> (56 - 8 * i));
	return true;
}

static bool direction(struct reader *r)
{
	char *f = field(r, "dir");

	if (strcmp(f, "r") && strcmp(f, "w") && strcmp(f, "-"))
		bad(r, "a direction is neither r nor w");
	return *f == 'w';
}

/* Return: true for a task that was not queued */
static bool legacy(struct reader *r)
{
	char *f = field(r, "task");
	uint64_t tag;

	if (!strcmp(f, "legacy"))
		return true;
	if (!parse_u64(f, &tag) || tag > 31)
		bad(r, "a task is neither legacy nor has a tag");
	return false;
}

static void line_end(const struct reader *r)
{
	if (r->rest)
		bad(r, "more fields than the record has");
}

static struct task *task_get(struct reader *r, uint64_t t)
{
	/* no more tasks than lines: this also bounds the table */
	if (!t || t > r->line + UINT16_MAX)
		bad(r, "a task's number is out of range");
	if (t > n_tasks) {
		tasks = xgrow(tasks, &room_tasks, t, sizeof(*tasks));
		memset(tasks + n_tasks, 0, (t - n_tasks) * sizeof(*tasks));
		n_tasks = t;
	}
	return &tasks[t - 1];
}

static void read_piece(struct reader *r, struct check *c)
{
	uint64_t t = number(r, "t", UINT32_MAX);
	struct task *task = task_get(r, t);
	struct piece *p;
	uint32_t i;
	char *f;

	pieces = xgrow(pieces, &room_pieces, n_pieces + 1, sizeof(*pieces));
	p = &pieces[n_pieces];
	p->task = (uint32_t)t - 1;
	p->lba = number(r, "lba", UINT32_MAX);
	p->sectors = (uint32_t)number(r, "sectors", MAX_UNIT / SECTOR);
	p->dun = number(r, "dun", UINT64_MAX);
	p->sha = n_shas;
	f = field(r, "sha");
	shas = xgrow(shas, &room_shas, n_shas + p->sectors, sizeof(*shas));
	for (i = 0; i < p->sectors; i++, f += 17) {
		shas[n_shas++] = hex64(r, f);
		if (f[16] != (i + 1 < p->sectors ? ',' : '\0'))
			bad(r, "not as many hashes as sectors");
	}
	line_end(r);
	if (!p->sectors)
		bad(r, "a piece of no sectors");

	if (task->closed)
		check_fail(c, "%s: line %" PRIu64 ": data of a closed task",
			   r->path, r->line);
	if (!task->n) {
		task->first = (uint32_t)n_pieces;
		task->order = 2 * n_pieces + 1;
	} else if (task->first + task->n != n_pieces) {
		check_fail(c, "%s: line %" PRIu64
			   ": data of two tasks is interleaved", r->path,
			   r->line);
	}
	task->n++;
	task->moved += p->sectors;
	n_pieces++;
}

static void read_task(struct reader *r, struct check *keys)
{
	uint64_t t = number(r, "t", UINT32_MAX), slot;
	struct task *task = task_get(r, t);
	char *status;
	bool has_key;

	if (task->closed)
		bad(r, "a task is closed twice");
	task->closed = true;
	task->legacy = legacy(r);
	legacy_too |= task->legacy;
	task->write = direction(r);
	task->lba = number(r, "lba", UINT32_MAX);
	task->sectors = (uint32_t)number(r, "sectors", UINT32_MAX);
	task->crypt = flag(r, "crypt");
	slot = number_if_any(r, "slot", MAX_SLOTS - 1, &task->context);
	has_key = fingerprint(r, task->key);
	task->dun = number(r, "dun", UINT64_MAX);
	task->dus = number(r, "dus", UINT32_MAX);
	status = field(r, "status");
	task->ok = !strcmp(status, "ok");
	line_end(r);
	if (!task->n)
		task->order = 2 * n_pieces;

	if (!task->sectors)
		return;
	fig.requests++;
	if (task->write)
		fig.requests_write++;
	else
		fig.requests_read++;
	fig.requests_failed += !task->ok;
	if (!task->crypt || !task->ok)
		return;
	keys->proven++;
	if (!has_key || !slots[slot].enabled || !slots[slot].has_key ||
	    memcmp(slots[slot].key, task->key, FP_SIZE))
		check_fail(keys, "%s: line %" PRIu64 ": slot %" PRIu64
			   " was not programmed with that key", r->path,
			   r->line, slot);
}

static void read_programming(struct reader *r, struct check *keys)
{
	uint64_t nr = number(r, "slot", MAX_SLOTS - 1);
	struct slot *s = &slots[nr];

	s->has_key = fingerprint(r, s->key);
	s->enabled = flag(r, "enable");
	number(r, "dus", UINT32_MAX);
	number(r, "cap", UINT32_MAX);
	line_end(r);
	if (!s->enabled) {
		fig.keys_cleared += !s->has_key;
		return;
	}
	if (!s->has_key)
		check_fail(keys, "%s: line %" PRIu64 ": slot %" PRIu64
			   " is enabled without a key", r->path, r->line, nr);
	fig.keys_programmed++;
	programmed = xgrow(programmed, &room_programmed, n_programmed + 1,
			   sizeof(*programmed));
	programmed[n_programmed++] = get64(s->key);
}

static void read_card_record(struct reader *r, char type)
{
	struct card_rec *rec;

	cards = xgrow(cards, &room_cards, n_cards + 1, sizeof(*cards));
	rec = &cards[n_cards];
	rec->piece = NOTHING;
	rec->cmd = (uint8_t)number(r, "cmd", 63);
	rec->part = (uint8_t)number(r, "part", 7);
	if (type == 'Z') {
		rec->kind = CARD_ERASE;
		rec->lba = number(r, "lba", UINT32_MAX);
		rec->sha = number(r, "sectors", UINT32_MAX);
	} else {
		char *f;

		rec->kind = direction(r) ? CARD_WRITE : CARD_READ;
		rec->lba = number(r, "lba", UINT32_MAX);
		f = field(r, "sha");
		rec->sha = hex64(r, f);
		if (f[16])
			bad(r, "a hash is longer than eight bytes");
		if (legacy_too || rec->cmd == 46 || rec->cmd == 47) {
			queue = xgrow(queue, &room_queue, n_queue + 1,
				      sizeof(*queue));
			queue[n_queue++] = (uint32_t)n_cards;
		} else {
			fig.sectors_not_crossed++;
		}
	}
	line_end(r);
	n_cards++;
}

/* what both files have in common: numbers without a gap, and an end */
static void read_file(const char *path, bool engine,
		      const struct ledger_checks *c)
{
	char *text = read_text(path, "ledger"), *at = text, *line, *type;
	struct reader r = { .path = path };
	bool ended = false;
	uint64_t n;
	size_t len = strlen(text);

	if (len && text[len - 1] != '\n')
		die("ledger %s: cut short in the middle of a line", path);
	while ((line = next_line(&at))) {
		r.line++;
		r.rest = line;
		type = strsep(&r.rest, " ");
		n = number(&r, "n", UINT64_MAX);
		c->complete->proven++;
		if (n != r.line)
			check_fail(c->complete, "%s: line %" PRIu64
				   " has number %" PRIu64, path, r.line, n);
		if (ended)
			check_fail(c->complete, "%s: line %" PRIu64
				   ": a record behind the end", path, r.line);
		if (strlen(type) != 1)
			bad(&r, "not a record");
		if (*type == 'E') {
			line_end(&r);
			ended = true;
		} else if (engine && *type == 'U') {
			read_piece(&r, c->complete);
		} else if (engine && *type == 'T') {
			read_task(&r, c->keys);
		} else if (engine && *type == 'P') {
			read_programming(&r, c->keys);
		} else if (!engine && (*type == 'S' || *type == 'Z')) {
			read_card_record(&r, *type);
		} else if (!engine && *type == 'F') {
			line_end(&r);
		} else {
			bad(&r, "not a record");
		}
	}
	if (!ended)
		check_fail(c->complete, "%s: no end record", path);
	free(text);
}

static int cmp_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (tasks[x].order != tasks[y].order)
		return tasks[x].order < tasks[y].order ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void ledgers_read(const char *engine, const char *card,
		  const struct ledger_checks *c)
{
	size_t i;

	read_file(engine, true, c);
	read_file(card, false, c);
	for (i = 0; i < n_tasks; i++) {
		if (!tasks[i].closed)
			check_fail(c->complete, "%s: task %zu is not closed",
				   engine, i + 1);
		if (!tasks[i].closed && !tasks[i].n)
			tasks[i].order = 2 * n_pieces;
	}
	if (n_programmed)
		qsort(programmed, n_programmed, sizeof(*programmed), cmp_u64);
	for (i = 0; i < n_programmed; i++)
		fig.keys_programmed_distinct += !i || programmed[i] !=
						programmed[i - 1];
	for (i = 0; i < n_pieces; i++) {
		if (tasks[pieces[i].task].crypt)
			fig.sectors_crossed += pieces[i].sectors;
		else
			fig.sectors_not_crossed += pieces[i].sectors;
	}
	order = xcalloc(n_tasks, sizeof(*order));
	for (i = 0; i < n_tasks; i++)
		order[i] = (uint32_t)i;
	qsort(order, n_tasks, sizeof(*order), cmp_order);
}

/* engine and card */

/* the hash of a task's sector, as the engine has it; false if it has none */
static bool piece_of(const struct task *t, uint32_t sector, uint32_t *piece,
		     uint64_t *sha)
{
	uint32_t p = t->first, end = t->first + t->n;

	/* pieces but the last are mostly of one size: guess, then look */
	if (t->n)
		p += sector / pieces[p].sectors;
	if (p >= end || pieces[p].lba > t->lba + sector ||
	    pieces[p].lba + pieces[p].sectors <= t->lba + sector) {
		for (p = t->first; p < end; p++)
			if (t->lba + sector - pieces[p].lba < pieces[p].sectors)
				break;
		if (p >= end)
			return false;
	}
	*piece = p;
	*sha = shas[pieces[p].sha + t->lba + sector - pieces[p].lba];
	return true;
}

static bool command_fits(const struct task *t, uint8_t cmd)
{
	if (t->legacy)
		return t->write ? cmd == 24 || cmd == 25 :
				  cmd == 17 || cmd == 18;
	return cmd == (t->write ? 47 : 46);
}

/* Return: how many sectors of the task the card's records from @at on can be */
static uint32_t longest(const struct task *t, size_t at)
{
	uint32_t k, piece;
	uint64_t sha;

	for (k = 0; k < t->sectors && at + k < n_queue; k++) {
		const struct card_rec *rec = &cards[queue[at + k]];

		if (rec->lba != t->lba + k ||
		    (rec->kind == CARD_WRITE) != t->write ||
		    !command_fits(t, rec->cmd))
			break;
		if (piece_of(t, k, &piece, &sha) ? rec->sha != sha : t->ok)
			break;
	}
	return k;
}

/*
 * Tasks run one after another, so both files tell the same story in the same
 * order. A task that failed may have stopped anywhere, and the next may repeat
 * it: try the longest part first, and step back where the rest does not fit.
 */
static bool match_ledgers(const char **why, uint32_t *task_nr)
{
	uint32_t *failed = xcalloc(n_tasks, sizeof(*failed));
	size_t *start = xcalloc(n_tasks + 1, sizeof(*start));
	size_t i = 0, at = 0, n_failed = 0, furthest = 0;
	uint64_t steps = 0;
	bool ok;

	while (i < n_tasks || at < n_queue) {
		struct task *t = i < n_tasks ? &tasks[order[i]] : NULL;
		uint32_t k = t ? longest(t, at) : 0;

		if (t && (!t->ok || (k == t->sectors && t->moved == k))) {
			start[i] = at;
			t->on_card = k;
			at += k;
			if (!t->ok)
				failed[n_failed++] = (uint32_t)i;
			i++;
			continue;
		}
		if (i >= furthest) {
			furthest = i;
			*task_nr = t ? order[i] + 1 : 0;
			*why = t ? "its data is not what the card recorded" :
				   "the card recorded more than the engine";
		}
		while (n_failed && !tasks[order[failed[n_failed - 1]]].on_card)
			n_failed--;
		if (!n_failed || ++steps > MAX_STEPS)
			break;
		i = failed[n_failed - 1];
		t = &tasks[order[i]];
		at = start[i] + --t->on_card;
		i++;
	}
	ok = i >= n_tasks && at >= n_queue;
	free(failed);
	free(start);
	return ok;
}

static void link_pieces(void)
{
	size_t i, at = 0;
	uint32_t k, piece;
	uint64_t sha;

	for (i = 0; i < n_tasks; i++) {
		const struct task *t = &tasks[order[i]];

		for (k = 0; k < t->on_card; k++, at++)
			if (piece_of(t, k, &piece, &sha))
				cards[queue[at]].piece = piece;
	}
}

static void check_match(struct check *c)
{
	const char *why = NULL;
	uint32_t nr = 0;
	size_t i;

	for (i = 0; i < n_pieces; i++) {
		const struct piece *p = &pieces[i];
		const struct task *t = &tasks[p->task];
		uint64_t before = 0;
		uint32_t j;

		if (i == t->first) {
			/*
			 * pieces follow each other, each a whole data unit;
			 * but what is not queued may end within the last one
			 */
			for (j = t->first; j < t->first + t->n; j++) {
				const struct piece *q = &pieces[j];
				uint64_t size = q->sectors * SECTOR;
				bool cut = t->legacy && !t->ok &&
					   j + 1 == t->first + t->n &&
					   size < t->dus;

				if (q->lba != t->lba + before)
					check_fail(c, "task %u: sector %" PRIu64
						   " out of turn", p->task + 1,
						   q->lba);
				if (t->crypt && ((size != t->dus && !cut) ||
						 q->dun != t->dun + (j - t->first)))
					check_fail(c, "task %u: sector %" PRIu64
						   " with another DUN or size "
						   "than its task says",
						   p->task + 1, q->lba);
				before += q->sectors;
			}
		}
		c->proven += p->sectors;
	}
	if (!match_ledgers(&why, &nr))
		check_fail(c, "task %u: %s", nr, why);
	else
		link_pieces();
}

/* ledgers and the derived set */

static bool same_unit(const struct unit *u, const struct piece *p)
{
	const struct task *t = &tasks[p->task];

	return u->sector == p->lba && u->sectors == p->sectors &&
	       u->dun == p->dun &&
	       !memcmp(xkey_get(u->xkey)->fp, t->key, FP_SIZE);
}

static void check_set(struct check *c, bool write, bool exact)
{
	uint32_t i, nr, n = unit_count();
	uint64_t missing = 0, extra = 0, first_missing = 0, first_extra = 0;
	struct unit *u;

	for (i = 0; i < n_cards; i++) {
		const struct card_rec *rec = &cards[i];
		const struct piece *p;

		if (rec->piece == NOTHING ||
		    (rec->kind == CARD_WRITE) != write)
			continue;
		p = &pieces[rec->piece];
		if (rec->lba != p->lba || !tasks[p->task].crypt ||
		    !tasks[p->task].ok)
			continue;
		nr = rec->part ? NO_UNIT : unit_at(p->lba);
		if (nr != NO_UNIT && same_unit(unit_get(nr), p)) {
			if (write)
				unit_get(nr)->written = true;
			else
				unit_get(nr)->read = true;
		} else if (!extra++) {
			first_extra = p->lba;
		}
	}
	for (i = 0; i < n; i++) {
		u = unit_get(i);
		c->proven++;
		if (!(write ? u->written : u->read) && !missing++)
			first_missing = u->sector;
	}
	if (missing)
		check_fail(c, "%" PRIu64 " data units did not cross with their DUN and key, the first at sector %"
			   PRIu64, missing, first_missing);
	if (exact && extra)
		check_fail(c, "%" PRIu64 " data units crossed that no file or plan has, the first at sector %"
			   PRIu64, extra, first_extra);
}

/* one walk over what the card saw, remembering who wrote each sector last */
static uint32_t *replay(const struct image *img, const struct ledger_checks *c)
{
	uint64_t n_sectors = img->size / SECTOR, s;
	uint32_t *last = xcalloc(n_sectors, sizeof(*last)), i;

	for (i = 0; i < n_cards; i++) {
		const struct card_rec *rec = &cards[i], *prev;
		const struct piece *p = NULL, *q = NULL;
		uint64_t count = rec->kind == CARD_ERASE ? rec->sha : 1;

		if (rec->part)
			continue;
		if (rec->lba >= n_sectors || count > n_sectors - rec->lba) {
			check_fail(c->image, "sector %" PRIu64
				   " is not on the image", rec->lba);
			continue;
		}
		if (rec->kind != CARD_READ) {
			for (s = 0; s < count; s++)
				last[rec->lba + s] = i + 1;
			continue;
		}
		if (!last[rec->lba])
			continue;
		prev = &cards[last[rec->lba] - 1];
		if (prev->kind == CARD_ERASE)
			continue;
		c->image->proven++;
		if (prev->sha != rec->sha)
			check_fail(c->image, "sector %" PRIu64
				   " was read otherwise than written",
				   rec->lba);
		if (rec->piece == NOTHING || !tasks[pieces[rec->piece].task].crypt)
			continue;
		p = &pieces[rec->piece];
		if (prev->piece != NOTHING)
			q = &pieces[prev->piece];
		if (!q || !tasks[q->task].crypt || q->lba != p->lba ||
		    q->sectors != p->sectors || q->dun != p->dun ||
		    memcmp(tasks[q->task].key, tasks[p->task].key, FP_SIZE))
			check_fail(c->last, "sector %" PRIu64
				   " was read with another key or DUN than written",
				   rec->lba);
	}
	return last;
}

static void check_last(const struct image *img, const uint32_t *last,
		       const struct ledger_checks *c)
{
	uint64_t n_sectors = img->size / SECTOR, s;

	for (s = 0; s < n_sectors; s++) {
		uint32_t nr = unit_at(s);
		const struct card_rec *rec = last[s] ? &cards[last[s] - 1] :
					     NULL;
		const struct piece *p = NULL;
		const struct unit *u;

		if (rec && rec->kind == CARD_WRITE) {
			c->image->proven++;
			if (sector_sha(img->map + s * SECTOR) != rec->sha)
				check_fail(c->image, "sector %" PRIu64
					   " is not what the card took last",
					   s);
		}
		if (rec && rec->piece != NOTHING)
			p = &pieces[rec->piece];
		if (p && !tasks[p->task].crypt)
			p = NULL;
		if (nr == NO_UNIT) {
			if (p && plain_at(s))
				check_fail(c->last, "sector %" PRIu64
					   " is not encrypted, but was written so",
					   s);
			continue;
		}
		u = unit_get(nr);
		c->last->proven++;
		if (!rec)
			check_fail(c->last, "sector %" PRIu64
				   " was never written", s);
		else if (!p)
			check_fail(c->last, "sector %" PRIu64
				   " was last written without encryption", s);
		else if (!same_unit(u, p))
			check_fail(c->last, "sector %" PRIu64
				   " was last written with another DUN or key",
				   s);
		else if (rec->sha != unit_sha(u, (unsigned int)(s - u->sector)))
			check_fail(c->last, "sector %" PRIu64
				   " was last written with other ciphertext",
				   s);
	}
}

static void check_arrivals(struct check *c)
{
	size_t i;

	for (i = 0; i < n_cards; i++)
		if (cards[i].kind == CARD_WRITE)
			scan_arrival(cards[i].sha, cards[i].lba, c);
}

/*
 * Whether or not it succeeded, and whatever was written there later: what was tried
 * where raw data belongs had its key and its DUN, and went through the engine.
 */
static void check_attempts(struct check *c)
{
	static const uint8_t none[FP_SIZE];
	size_t i;

	for (i = 0; i < n_tasks; i++) {
		const struct task *t = &tasks[i];
		/* A keyslot that lost its key is why some of them fail */
		bool keyless = !memcmp(t->key, none, FP_SIZE);
		const char *why = "has no keyslot";

		if (!t->sectors || !attempt_encrypted(t->lba))
			continue;
		c->proven++;
		if (t->context)
			why = attempt_differs(t->lba, t->sectors, t->dun, t->dus,
					      keyless ? NULL : t->key);
		if (!why && !t->crypt && (t->ok || t->moved))
			why = "is not encrypted";
		if (why)
			check_fail(c, "task %zu at sector %" PRIu64 " %s", i + 1,
				   t->lba, why);
	}
	for (i = 0; i < n_cards; i++) {
		const struct card_rec *rec = &cards[i];

		if (legacy_too || rec->part || rec->kind == CARD_ERASE ||
		    rec->cmd == 46 || rec->cmd == 47 ||
		    !attempt_encrypted(rec->lba))
			continue;
		check_fail(c, "sector %" PRIu64 " went past the engine",
			   rec->lba);
	}
}

void check_ledgers(const struct image *img, const struct ledger_checks *c,
		   bool exact)
{
	uint32_t *last;

	check_arrivals(c->plaintext);
	check_match(c->match);
	check_set(c->writes, true, exact);
	if (c->reads)
		check_set(c->reads, false, exact);
	if (c->attempts)
		check_attempts(c->attempts);
	last = replay(img, c);
	check_last(img, last, c);
	free(last);
	free(order);
	free(queue);
	free(cards);
	free(tasks);
	free(shas);
	free(pieces);
	free(programmed);
}
