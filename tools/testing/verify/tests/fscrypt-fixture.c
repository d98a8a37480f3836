// SPDX-License-Identifier: GPL-2.0
/*
 * fscrypt-fixture.c - the ioctls that make-fixture.sh needs
 *
 * For use on a running kernel with fscrypt only, when a fixture is made anew;
 * the tests themselves need neither root nor such a kernel.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>

static int fail(const char *what)
{
	fprintf(stderr, "fscrypt-fixture: %s: %s\n", what, strerror(errno));
	return 1;
}

/* addkey MOUNTPOINT: the raw key on standard input, its identifier out */
static int addkey(const char *mnt)
{
	struct {
		struct fscrypt_add_key_arg arg;
		unsigned char raw[64];
	} req = { 0 };
	int fd = open(mnt, O_RDONLY), i;

	if (read(0, req.raw, sizeof(req.raw)) != sizeof(req.raw))
		return fail("key");
	req.arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	req.arg.raw_size = sizeof(req.raw);
	if (fd < 0 || ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &req.arg))
		return fail(mnt);
	for (i = 0; i < FSCRYPT_KEY_IDENTIFIER_SIZE; i++)
		printf("%02x", req.arg.key_spec.u.identifier[i]);
	putchar('\n');
	return 0;
}

/* policy DIR IDENTIFIER FLAGS */
static int policy(const char *dir, const char *id, const char *flags)
{
	struct fscrypt_policy_v2 p = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = (unsigned char)strtoul(flags, NULL, 0),
	};
	int fd = open(dir, O_RDONLY), i;

	for (i = 0; i < FSCRYPT_KEY_IDENTIFIER_SIZE; i++)
		if (sscanf(id + 2 * i, "%2hhx", &p.master_key_identifier[i]) != 1)
			return fail("identifier");
	if (fd < 0 || ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &p))
		return fail(dir);
	return 0;
}

/* map FILE BLOCKSIZE: a line "inode nonce block byte" for each block of it */
static int map(const char *path, unsigned long bs)
{
	struct {
		struct fiemap map;
		struct fiemap_extent ext[256];
	} req = {
		.map = {
			.fm_length = FIEMAP_MAX_OFFSET,
			.fm_flags = FIEMAP_FLAG_SYNC,
			.fm_extent_count = 256,
		},
	};
	unsigned char nonce[16];
	unsigned int e, i;
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) ||
	    ioctl(fd, FS_IOC_GET_ENCRYPTION_NONCE, nonce) ||
	    ioctl(fd, FS_IOC_FIEMAP, &req.map))
		return fail(path);
	for (e = 0; e < req.map.fm_mapped_extents; e++) {
		struct fiemap_extent *x = &req.ext[e];
		unsigned long long at;

		for (at = 0; at < x->fe_length; at += bs) {
			printf("%lu ", (unsigned long)st.st_ino);
			for (i = 0; i < sizeof(nonce); i++)
				printf("%02x", nonce[i]);
			printf(" %llu %llu\n",
			       (unsigned long long)(x->fe_logical + at) / bs,
			       (unsigned long long)x->fe_physical + at);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "addkey"))
		return addkey(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "policy"))
		return policy(argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[1], "map"))
		return map(argv[2], strtoul(argv[3], NULL, 0));
	fprintf(stderr, "usage: fscrypt-fixture addkey|policy|map ...\n");
	return 2;
}
