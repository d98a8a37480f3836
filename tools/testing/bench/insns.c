// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * insns - a plugin of QEMU that counts instructions by their address
 *
 *   -plugin libinsns.so,out=FILE
 *
 * What is counted is what one processor executes between the two hints that
 * tools/testing/blkcrypt/blkcrypt.h names. Each such window is a paragraph of FILE:
 *
 *   window N
 *   ADDRESS COUNT BYTES     of the kernel, in hex and decimal
 *   user COUNT BYTES        all of user space, whose addresses mean many things
 *
 * BYTES is what these instructions stored to memory. What lies where is for the
 * reader. It knows nothing of what it counts, and disturbs nothing: a guest executes the
 * same instructions without it.
 */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* The encodings of hint #96 and #97 */
#define MARK_BEGIN	0xd5032c1fu
#define MARK_END	0xd5032c3fu

/* Instructions of the kernel that may ever be executed */
#define PLACES		(1u << 20)
#define PLACE_USER	0u

struct place {
	uint64_t count, bytes;
};

static struct qemu_plugin_scoreboard *score;
static uint64_t addresses[PLACES];
static size_t nr_places = PLACE_USER + 1;
static GHashTable *place_of;
static unsigned int windows;
static FILE *out;

static size_t place_find(uint64_t address)
{
	gpointer known;

	/* The kernel's half */
	if (!(address >> 63))
		return PLACE_USER;
	known = g_hash_table_lookup(place_of, &address);
	if (known)
		return GPOINTER_TO_SIZE(known);
	if (nr_places == PLACES) {
		fputs("insns: more instructions than there is room for\n", stderr);
		exit(1);
	}
	addresses[nr_places] = address;
	g_hash_table_insert(place_of, &addresses[nr_places], GSIZE_TO_POINTER(nr_places));
	return nr_places++;
}

static struct place *places(unsigned int cpu)
{
	return qemu_plugin_scoreboard_find(score, cpu);
}

static void window_begin(unsigned int cpu, void *data)
{
	memset(places(cpu), 0, nr_places * sizeof(struct place));
}

static void window_end(unsigned int cpu, void *data)
{
	const struct place *place = places(cpu);

	fprintf(out, "window %u\n", ++windows);
	for (size_t i = PLACE_USER + 1; i < nr_places; i++)
		if (place[i].count)
			fprintf(out, "%016" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
				addresses[i], place[i].count, place[i].bytes);
	fprintf(out, "user %" PRIu64 " %" PRIu64 "\n", place[PLACE_USER].count,
		place[PLACE_USER].bytes);
	fflush(out);
}

static void stored(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
	places(cpu)[GPOINTER_TO_SIZE(data)].bytes += 1u << qemu_plugin_mem_size_shift(info);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		size_t place = place_find(qemu_plugin_insn_vaddr(insn));
		qemu_plugin_u64 count = {
			.score = score,
			.offset = place * sizeof(struct place) + offsetof(struct place, count),
		};
		uint32_t opcode = 0;

		qemu_plugin_insn_data(insn, &opcode, sizeof(opcode));
		if (opcode == MARK_BEGIN)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, window_begin,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
		if (opcode == MARK_END)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, window_end,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn,
				QEMU_PLUGIN_INLINE_ADD_U64, count, 1);
		qemu_plugin_register_vcpu_mem_cb(insn, stored, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_W, GSIZE_TO_POINTER(place));
	}
}

static void ended(qemu_plugin_id_t id, void *data)
{
	fclose(out);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
					   int argc, char **argv)
{
	if (argc != 1 || !g_str_has_prefix(argv[0], "out=")) {
		fputs("insns: out=FILE is needed\n", stderr);
		return -1;
	}
	out = fopen(argv[0] + strlen("out="), "w");
	if (!out) {
		perror(argv[0]);
		return -1;
	}
	place_of = g_hash_table_new(g_int64_hash, g_int64_equal);
	score = qemu_plugin_scoreboard_new(PLACES * sizeof(struct place));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
