// SPDX-License-Identifier: GPL-2.0
/*
 * fskey - keys and policies of encrypted file systems
 *
 * usage: fskey add MOUNTPOINT KEYFILE       prints the key's identifier
 *        fskey set DIR IDENTIFIER [FLAG...] v2 policy on an empty folder; flags:
 *                                           ino_lblk_32 ino_lblk_64 direct_key
 *        fskey get FILE                     prints the policy of a file or folder
 *        fskey remove MOUNTPOINT IDENTIFIER
 *        fskey status MOUNTPOINT IDENTIFIER prints absent, present or incomplete
 *
 * fscrypt's ioctls and nothing else, for AES-256-XTS contents and AES-256-CTS
 * names, since that is what an engine on an eMMC can do. "remove" fails when files
 * that use the key are still open, and says so; the key itself is then gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ID_SIZE	FSCRYPT_KEY_IDENTIFIER_SIZE

static const struct {
	const char *name;
	unsigned char flag;
} policy_flags[] = {
	{ "ino_lblk_32", FSCRYPT_POLICY_FLAG_IV_INO_LBLK_32 },
	{ "ino_lblk_64", FSCRYPT_POLICY_FLAG_IV_INO_LBLK_64 },
	{ "direct_key", FSCRYPT_POLICY_FLAG_DIRECT_KEY },
};

#define N_FLAGS	(sizeof(policy_flags) / sizeof(policy_flags[0]))

static void die(const char *what)
{
	fprintf(stderr, "fskey: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void usage(void)
{
	fprintf(stderr, "usage: fskey add|set|get|remove|status PATH [IDENTIFIER|KEYFILE] [FLAG...]\n");
	exit(2);
}

static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

static void print_id(const unsigned char *id)
{
	for (int i = 0; i < ID_SIZE; i++)
		printf("%02x", id[i]);
	putchar('\n');
}

static void parse_id(unsigned char *id, const char *text)
{
	if (strlen(text) != 2 * ID_SIZE)
		usage();
	for (int i = 0; i < ID_SIZE; i++)
		if (sscanf(text + 2 * i, "%2hhx", &id[i]) != 1)
			usage();
}

static void specify(struct fscrypt_key_specifier *spec, const char *text)
{
	spec->type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	parse_id(spec->u.identifier, text);
}

static void add(const char *mnt, const char *file)
{
	struct {
		struct fscrypt_add_key_arg arg;
		unsigned char raw[FSCRYPT_MAX_KEY_SIZE];
	} key = {};
	ssize_t n;
	int fd = open_path(file);
	int failed;

	n = read(fd, key.raw, sizeof(key.raw));
	if (n <= 0)
		die(file);
	close(fd);

	key.arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	key.arg.raw_size = n;
	failed = ioctl(open_path(mnt), FS_IOC_ADD_ENCRYPTION_KEY, &key.arg);
	explicit_bzero(key.raw, sizeof(key.raw));
	if (failed)
		die("add");
	print_id(key.arg.key_spec.u.identifier);
}

static void set(const char *dir, const char *id, int n_flags, char **flags)
{
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};

	parse_id(policy.master_key_identifier, id);
	for (int i = 0; i < n_flags; i++) {
		size_t f = 0;

		while (f < N_FLAGS && strcmp(flags[i], policy_flags[f].name))
			f++;
		if (f == N_FLAGS)
			usage();
		policy.flags |= policy_flags[f].flag;
	}
	if (ioctl(open_path(dir), FS_IOC_SET_ENCRYPTION_POLICY, &policy))
		die("set");
}

static void get(const char *path)
{
	struct fscrypt_get_policy_ex_arg arg = {
		.policy_size = sizeof(arg.policy),
	};

	if (ioctl(open_path(path), FS_IOC_GET_ENCRYPTION_POLICY_EX, &arg))
		die("get");
	if (arg.policy.version != FSCRYPT_POLICY_V2) {
		printf("version=%u\n", arg.policy.version);
		return;
	}
	printf("version=2 contents=%u names=%u flags=0x%02x key=",
	       arg.policy.v2.contents_encryption_mode,
	       arg.policy.v2.filenames_encryption_mode, arg.policy.v2.flags);
	print_id(arg.policy.v2.master_key_identifier);
}

static int remove_key(const char *mnt, const char *id)
{
	struct fscrypt_remove_key_arg arg = {};

	specify(&arg.key_spec, id);
	if (ioctl(open_path(mnt), FS_IOC_REMOVE_ENCRYPTION_KEY, &arg))
		die("remove");
	if (arg.removal_status_flags & FSCRYPT_KEY_REMOVAL_STATUS_FLAG_FILES_BUSY) {
		fprintf(stderr, "fskey: remove: files are still open\n");
		return 1;
	}
	return 0;
}

static void status(const char *mnt, const char *id)
{
	struct fscrypt_get_key_status_arg arg = {};
	const char *text = "unknown";

	specify(&arg.key_spec, id);
	if (ioctl(open_path(mnt), FS_IOC_GET_ENCRYPTION_KEY_STATUS, &arg))
		die("status");
	switch (arg.status) {
	case FSCRYPT_KEY_STATUS_ABSENT:
		text = "absent";
		break;
	case FSCRYPT_KEY_STATUS_PRESENT:
		text = "present";
		break;
	case FSCRYPT_KEY_STATUS_INCOMPLETELY_REMOVED:
		text = "incomplete";
		break;
	}
	puts(text);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	if (argc == 4 && !strcmp(verb, "add"))
		add(argv[2], argv[3]);
	else if (argc >= 4 && !strcmp(verb, "set"))
		set(argv[2], argv[3], argc - 4, argv + 4);
	else if (argc == 3 && !strcmp(verb, "get"))
		get(argv[2]);
	else if (argc == 4 && !strcmp(verb, "remove"))
		return remove_key(argv[2], argv[3]);
	else if (argc == 4 && !strcmp(verb, "status"))
		status(argv[2], argv[3]);
	else
		usage();
	return fflush(stdout) ? 1 : 0;
}
