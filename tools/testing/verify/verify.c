// SPDX-License-Identifier: GPL-2.0
/*
 * verify.c - proves from the raw card image what a test run did
 *
 * Takes the image, the master keys, the original files and the ledgers; nothing
 * that the guest says. Prints KTAP. Exit status: 0 if every check found
 * something to look at and nothing wrong, 1 if not, 2 if the input cannot be
 * used. New options belong into usage_text, new checks into the list of README.rst
 * beside this file; guests are compared with the names of checks.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

static const char usage_text[] =
"usage: verify --image FILE [--key FILE]... OPTION...\n"
"\n"
"  --fs OFFSET            a file system on the image, in bytes\n"
"  --policy NAME          iv32, iv64, perfile or any, for --expect from here on\n"
"  --expect PATH=DIR      PATH of the last --fs holds DIR's files, encrypted\n"
"  --expect-plain PATH=DIR  the same, not encrypted\n"
"  --plain DIR            DIR's files may be on the image in plaintext\n"
"  --never DIR            DIR's files must not be there in plaintext, whatever\n"
"                         became of them: nothing else is expected of them\n"
"  --plan FILE --corpus DIR  raw data of the kernel test client\n"
"  --attempts FILE        a plan, of which not all may have succeeded: whatever was\n"
"                         tried there had the right key and DUN\n"
"  --canary FILE          an unencrypted file that the scan must find\n"
"  --marker-scan DIR      look for the markers in DIR's files at any byte\n"
"  --engine-ledger FILE --card-ledger FILE\n"
"  --ledger-exact         nothing but the derived units crossed, all were read\n"
"  --ledger-covers        more may have crossed (the default)\n"
"  --kv FILE              write the figures as NAME=value\n"
"  --derived FILE         write the contents keys that were used, 64 bytes each\n";

enum option_id {
	OPT_IMAGE = 256, OPT_KEY, OPT_FS, OPT_POLICY, OPT_EXPECT,
	OPT_EXPECT_PLAIN, OPT_PLAIN, OPT_NEVER, OPT_PLAN, OPT_CORPUS,
	OPT_ATTEMPTS, OPT_CANARY, OPT_MARKER_SCAN, OPT_ENGINE_LEDGER,
	OPT_CARD_LEDGER, OPT_EXACT, OPT_COVERS, OPT_KV, OPT_DERIVED, OPT_HELP,
};

static const struct option options[] = {
	{ "image", required_argument, NULL, OPT_IMAGE },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "fs", required_argument, NULL, OPT_FS },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "expect", required_argument, NULL, OPT_EXPECT },
	{ "expect-plain", required_argument, NULL, OPT_EXPECT_PLAIN },
	{ "plain", required_argument, NULL, OPT_PLAIN },
	{ "never", required_argument, NULL, OPT_NEVER },
	{ "plan", required_argument, NULL, OPT_PLAN },
	{ "corpus", required_argument, NULL, OPT_CORPUS },
	{ "attempts", required_argument, NULL, OPT_ATTEMPTS },
	{ "canary", required_argument, NULL, OPT_CANARY },
	{ "marker-scan", required_argument, NULL, OPT_MARKER_SCAN },
	{ "engine-ledger", required_argument, NULL, OPT_ENGINE_LEDGER },
	{ "card-ledger", required_argument, NULL, OPT_CARD_LEDGER },
	{ "ledger-exact", no_argument, NULL, OPT_EXACT },
	{ "ledger-covers", no_argument, NULL, OPT_COVERS },
	{ "kv", required_argument, NULL, OPT_KV },
	{ "derived", required_argument, NULL, OPT_DERIVED },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 }
};

struct list {
	const char **item;
	size_t n, room;
};

static struct {
	const char *image, *plan, *corpus, *attempts, *engine, *card, *kv;
	const char *derived;
	bool exact, covers;
	uint64_t *fs;
	size_t n_fs, room_fs;
	struct expect *expect;
	size_t n_expect, room_expect;
	struct list keys, plain, never, canaries, markers;
} opt;

static void list_add(struct list *l, const char *item)
{
	l->item = xgrow(l->item, &l->room, l->n + 1, sizeof(*l->item));
	l->item[l->n++] = item;
}

static void add_fs(const char *arg)
{
	uint64_t offset;

	if (!parse_u64(arg, &offset))
		die("--fs %s: not a number of bytes", arg);
	opt.fs = xgrow(opt.fs, &opt.room_fs, opt.n_fs + 1, sizeof(*opt.fs));
	opt.fs[opt.n_fs++] = offset;
}

static enum policy parse_policy(const char *arg)
{
	static const char *const names[] = {
		[POLICY_ANY] = "any",
		[POLICY_PER_FILE] = "perfile",
		[POLICY_LBLK_64] = "iv64",
		[POLICY_LBLK_32] = "iv32",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i]))
			return (enum policy)i;
	die("--policy %s: not known", arg);
}

static void add_expect(const char *arg, bool encrypted, enum policy policy)
{
	const char *eq = strchr(arg, '=');
	struct expect *e;

	if (!opt.n_fs)
		die("--expect %s: no --fs before it", arg);
	if (!eq || !eq[1])
		die("--expect %s: not PATH=DIR", arg);
	opt.expect = xgrow(opt.expect, &opt.room_expect, opt.n_expect + 1,
			   sizeof(*opt.expect));
	e = &opt.expect[opt.n_expect++];
	*e = (struct expect) {
		.path = xstrndup(arg, (size_t)(eq - arg)),
		.dir = xstrndup(eq + 1, strlen(eq + 1)),
		.fs = opt.n_fs - 1,
		.encrypted = encrypted,
		.policy = policy,
	};
}

static void parse_options(int argc, char **argv)
{
	enum policy policy = POLICY_ANY;
	int id;

	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (id) {
		case OPT_IMAGE:
			opt.image = optarg;
			break;
		case OPT_KEY:
			list_add(&opt.keys, optarg);
			break;
		case OPT_FS:
			add_fs(optarg);
			break;
		case OPT_POLICY:
			policy = parse_policy(optarg);
			break;
		case OPT_EXPECT:
			add_expect(optarg, true, policy);
			break;
		case OPT_EXPECT_PLAIN:
			add_expect(optarg, false, POLICY_ANY);
			break;
		case OPT_PLAIN:
			list_add(&opt.plain, optarg);
			break;
		case OPT_NEVER:
			list_add(&opt.never, optarg);
			break;
		case OPT_PLAN:
			opt.plan = optarg;
			break;
		case OPT_CORPUS:
			opt.corpus = optarg;
			break;
		case OPT_ATTEMPTS:
			opt.attempts = optarg;
			break;
		case OPT_CANARY:
			list_add(&opt.canaries, optarg);
			break;
		case OPT_MARKER_SCAN:
			list_add(&opt.markers, optarg);
			break;
		case OPT_ENGINE_LEDGER:
			opt.engine = optarg;
			break;
		case OPT_CARD_LEDGER:
			opt.card = optarg;
			break;
		case OPT_EXACT:
			opt.exact = true;
			break;
		case OPT_COVERS:
			opt.covers = true;
			break;
		case OPT_KV:
			opt.kv = optarg;
			break;
		case OPT_DERIVED:
			opt.derived = optarg;
			break;
		case OPT_HELP:
			fputs(usage_text, stdout);
			exit(0);
		default:
			fputs("verify: try --help\n", stderr);
			exit(2);
		}
	}
	if (optind < argc)
		die("%s: not an option", argv[optind]);
	if (!opt.image)
		die("--image is needed");
	if (!opt.plan != !opt.corpus)
		die("--plan and --corpus need each other");
	if (!opt.engine != !opt.card)
		die("--engine-ledger and --card-ledger need each other");
	if (opt.exact && opt.covers)
		die("--ledger-exact and --ledger-covers exclude each other");
	if ((opt.exact || opt.covers || opt.attempts) && !opt.engine)
		die("there is no ledger to judge");
	if (!opt.n_fs && !opt.plan)
		die("neither --fs nor --plan: nothing to prove");
	if (!opt.keys.n)
		die("no --key: nothing can be decrypted");
}

int main(int argc, char **argv)
{
	struct check *vectors, *plan = NULL, *scan, *canary = NULL;
	struct check *markers = NULL, **fs_checks;
	struct ledger_checks ledger = { 0 };
	struct image img;
	struct fs **fs;
	bool passed;
	size_t i;

	parse_options(argc, argv);
	image_open(&img, opt.image);
	units_init(&img, opt.engine);
	scan_init(opt.engine);
	fs = xcalloc(opt.n_fs, sizeof(struct fs *));
	fs_checks = xcalloc(opt.n_fs, sizeof(*fs_checks));

	vectors = check_add("vectors");
	for (i = 0; i < opt.n_fs; i++)
		fs_checks[i] = check_add("file system %zu", i);
	for (i = 0; i < opt.n_expect; i++) {
		struct expect *e = &opt.expect[i];
		const char *shown = printable(e->path, strlen(e->path));

		e->tree = check_add("tree %zu:%s", e->fs, shown);
		e->policy_check = check_add("policy %zu:%s", e->fs, shown);
		if (e->encrypted)
			e->cipher = check_add("ciphertext %zu:%s", e->fs,
					      shown);
	}
	if (opt.plan)
		plan = check_add("plan");
	scan = check_add("no plaintext");
	if (opt.canaries.n)
		canary = check_add("canary");
	if (opt.markers.n)
		markers = check_add("no marker");
	if (opt.engine) {
		ledger.plaintext = scan;
		ledger.complete = check_add("ledgers complete");
		ledger.match = check_add("ledgers agree");
		ledger.keys = check_add("ledger keys");
		ledger.image = check_add("ledger and image");
		ledger.writes = check_add("ledger writes");
		ledger.last = check_add("ledger last writes");
		if (opt.exact)
			ledger.reads = check_add("ledger reads");
		if (opt.attempts)
			ledger.attempts = check_add("ledger attempts");
	}
	check_plan();

	check_vectors(vectors);
	for (i = 0; i < opt.keys.n; i++)
		master_key_add(opt.keys.item[i]);
	if (opt.plan)
		plan_read(opt.plan);
	if (opt.attempts)
		attempts_read(opt.attempts);
	for (i = 0; i < opt.n_fs; i++)
		fs[i] = fs_open(&img, opt.fs[i], fs_checks[i]);
	for (i = 0; i < opt.n_expect; i++)
		check_tree(&opt.expect[i], fs[opt.expect[i].fs]);

	for (i = 0; i < opt.n_expect; i++)
		if (opt.expect[i].encrypted)
			scan_add_tree(opt.expect[i].dir, false);
	for (i = 0; i < opt.never.n; i++)
		scan_add_tree(opt.never.item[i], false);
	for (i = 0; i < opt.markers.n; i++)
		scan_add_markers(opt.markers.item[i]);
	if (opt.plan)
		check_plan_data(&img, opt.corpus, plan);
	for (i = 0; i < opt.n_expect; i++)
		if (!opt.expect[i].encrypted)
			scan_add_tree(opt.expect[i].dir, true);
	for (i = 0; i < opt.plain.n; i++)
		scan_add_tree(opt.plain.item[i], true);
	for (i = 0; i < opt.canaries.n; i++)
		scan_add_canary(opt.canaries.item[i]);
	scan_image(&img, scan, canary, markers);
	/* a scan that misses what is there proves nothing */
	if (canary && (canary->failures || !canary->proven))
		check_fail(scan, "the canary was not found");

	fig.units = unit_count();
	fig.keys = xkey_count();
	if (opt.engine) {
		units_seal_rest(&img);
		ledgers_read(opt.engine, opt.card, &ledger);
		check_ledgers(&img, &ledger, opt.exact);
	}

	passed = check_finish();
	if (opt.kv)
		write_kv(opt.kv, passed);
	if (opt.derived)
		xkeys_write(opt.derived);
	for (i = 0; i < opt.n_fs; i++)
		fs_free(fs[i]);
	free(fs);
	free(fs_checks);
	keys_wipe();
	return passed ? 0 : 1;
}
