// SPDX-License-Identifier: GPL-2.0
/*
 * checks.c - the named checks of a run, their verdict, and its figures
 *
 * A check passes if it looked at something and found nothing wrong. It is
 * announced before anything is examined, so that one which is never reached is
 * missing from the stream. Names are part of the interface: tests compare them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

#define MAX_DIAGNOSTICS	8	/* lines per check; the rest is counted */

struct figures fig;

static struct check **checks;
static size_t n_checks, room_checks;

struct check *check_add(const char *fmt, ...)
{
	struct check *c = xcalloc(1, sizeof(*c));
	char *name;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&name, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	c->name = name;
	checks = xgrow(checks, &room_checks, n_checks + 1, sizeof(*checks));
	checks[n_checks++] = c;
	return c;
}

void check_plan(void)
{
	printf("KTAP version 1\n1..%zu\n", n_checks);
	fflush(stdout);
}

void check_fail(struct check *c, const char *fmt, ...)
{
	va_list ap;

	if (c->failures++ >= MAX_DIAGNOSTICS)
		return;
	printf("# %s: ", c->name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

bool check_finish(void)
{
	size_t i, failed = 0;

	for (i = 0; i < n_checks; i++) {
		struct check *c = checks[i];
		bool ok = c->proven && !c->failures;

		if (!c->proven)
			printf("# %s: there was nothing to prove it on\n",
			       c->name);
		if (c->failures > MAX_DIAGNOSTICS)
			printf("# %s: %" PRIu64 " failures in all\n", c->name,
			       c->failures);
		printf("%sok %zu %s\n", ok ? "" : "not ", i + 1, c->name);
		failed += !ok;
	}
	printf("# %zu passed, %zu failed\n", n_checks - failed, failed);
	return !failed;
}

void write_kv(const char *path, bool passed)
{
	static const struct {
		const char *name;
		const uint64_t *value;
	} list[] = {
		{ "FILES", &fig.files },
		{ "DIRS", &fig.dirs },
		{ "SYMLINKS", &fig.symlinks },
		{ "BYTES", &fig.bytes },
		{ "DATA_BLOCKS", &fig.data_blocks },
		{ "ENCRYPTED_BLOCKS", &fig.encrypted_blocks },
		{ "DATA_UNITS", &fig.units },
		{ "CONTENTS_KEYS", &fig.keys },
		{ "PLAN_EXTENTS", &fig.plan_extents },
		{ "PLAN_BYTES", &fig.plan_bytes },
		{ "SECTORS_SCANNED", &fig.scanned_sectors },
		{ "SECTORS_KNOWN", &fig.known_sectors },
		{ "CANARY_SECTORS", &fig.canary_sectors },
		{ "PLAINTEXT_FOUND", &fig.plaintext_found },
		{ "REQUESTS", &fig.requests },
		{ "REQUESTS_WRITE", &fig.requests_write },
		{ "REQUESTS_READ", &fig.requests_read },
		{ "REQUESTS_FAILED", &fig.requests_failed },
		{ "SECTORS_CROSSED", &fig.sectors_crossed },
		{ "SECTORS_NOT_CROSSED", &fig.sectors_not_crossed },
		{ "KEYS_PROGRAMMED", &fig.keys_programmed },
		{ "KEYS_PROGRAMMED_DISTINCT", &fig.keys_programmed_distinct },
		{ "KEYS_CLEARED", &fig.keys_cleared },
	};
	FILE *f = fopen(path, "we");
	size_t i;

	if (!f)
		die("%s: %s", path, strerror(errno));
	for (i = 0; i < ARRAY_SIZE(list); i++)
		fprintf(f, "%s=%" PRIu64 "\n", list[i].name, *list[i].value);
	fprintf(f, "RESULT=%s\n", passed ? "PASS" : "FAIL");
	if (ferror(f) | fclose(f))
		die("%s: cannot be written", path);
}
