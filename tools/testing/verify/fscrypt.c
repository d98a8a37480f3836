// SPDX-License-Identifier: GPL-2.0
/*
 * fscrypt.c - from master keys and encryption contexts to keys and IVs
 *
 * Written from the kernel's Documentation/filesystems/fscrypt.rst: version 2
 * policies with AES-256-XTS for contents and AES-256-CTS-CBC for names. What
 * that page does not allow must be refused here, not guessed.
 */
#include <string.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "verify.h"

#define CONTEXT_V2		2
#define MODE_AES_256_XTS	1
#define MODE_AES_256_CTS	4
#define FLAGS_PADDING		0x03
#define FLAG_IV_INO_LBLK_64	0x08
#define FLAG_IV_INO_LBLK_32	0x10

/* the byte behind "fscrypt\0" tells what a derived key is for */
enum kdf_context {
	KDF_KEY_IDENTIFIER = 1,
	KDF_PER_FILE_KEY = 2,
	KDF_IV_INO_LBLK_64_KEY = 4,
	KDF_IV_INO_LBLK_32_KEY = 6,
	KDF_INODE_HASH_KEY = 7,
};

struct master_key {
	char *name;		/* of the file, without folder and ".key" */
	uint8_t raw[MASTER_KEY_SIZE];
	uint8_t identifier[16];
};

static struct master_key *masters;
static size_t n_masters, room_masters;
static struct xkey **xkeys;
static size_t n_xkeys, room_xkeys;

static void derive(const struct master_key *m, enum kdf_context context,
		   const uint8_t *more, size_t more_len, uint8_t *out,
		   size_t len)
{
	uint8_t info[8 + 1 + 1 + 16] = "fscrypt";

	info[8] = context;
	if (more_len)
		memcpy(info + 9, more, more_len);
	hkdf_sha512(m->raw, sizeof(m->raw), NULL, 0, info, 9 + more_len, out,
		    len);
}

void master_key_add(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t name_len = strlen(name);
	struct blob file = map_at(AT_FDCWD, path, path);
	struct master_key *m;

	if (file.size != MASTER_KEY_SIZE)
		die("key %s: not %u bytes", path, MASTER_KEY_SIZE);
	if (name_len > 4 && !strcmp(name + name_len - 4, ".key"))
		name_len -= 4;
	masters = xgrow(masters, &room_masters, n_masters + 1,
			sizeof(*masters));
	m = &masters[n_masters++];
	m->name = xstrndup(name, name_len);
	memcpy(m->raw, file.data, sizeof(m->raw));
	unmap(&file);
	derive(m, KDF_KEY_IDENTIFIER, NULL, 0, m->identifier,
	       sizeof(m->identifier));
}

const uint8_t *master_key_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < n_masters; i++)
		if (!strcmp(masters[i].name, name))
			return masters[i].raw;
	return NULL;
}

uint32_t xkey_add(const uint8_t raw[XTS_KEY_SIZE])
{
	static const char label[] = "mmc-crypto key";
	struct xkey *k;
	uint8_t md[32];
	size_t i;

	/* files of one policy follow each other: look at the newest first */
	for (i = n_xkeys; i-- > 0 && i + 8 >= n_xkeys;)
		if (!memcmp(xkeys[i]->raw, raw, XTS_KEY_SIZE))
			return (uint32_t)i;
	k = xcalloc(1, sizeof(*k));
	memcpy(k->raw, raw, XTS_KEY_SIZE);
	sha256(label, strlen(label), raw, XTS_KEY_SIZE, md);
	memcpy(k->fp, md, FP_SIZE);
	k->xts = xts_new(raw);
	xkeys = xgrow(xkeys, &room_xkeys, n_xkeys + 1, sizeof(*xkeys));
	xkeys[n_xkeys] = k;
	return (uint32_t)n_xkeys++;
}

struct xkey *xkey_get(uint32_t nr)
{
	return xkeys[nr];
}

static int cmp_fp(const void *a, const void *b)
{
	return memcmp((*(struct xkey *const *)a)->fp,
		      (*(struct xkey *const *)b)->fp, FP_SIZE);
}

/* how many different ones there are; several policies may share one */
size_t xkey_count(void)
{
	struct xkey **sorted = xcalloc(n_xkeys, sizeof(*sorted));
	size_t i, used = 0, n = 0;

	for (i = 0; i < n_xkeys; i++)
		if (xkeys[i]->used)
			sorted[used++] = xkeys[i];
	qsort(sorted, used, sizeof(*sorted), cmp_fp);
	for (i = 0; i < used; i++)
		n += !i || cmp_fp(&sorted[i - 1], &sorted[i]);
	free(sorted);
	return n;
}

/* for whoever looks for them elsewhere; only of data that there is */
void xkeys_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t i;

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	for (i = 0; i < n_xkeys; i++)
		if (xkeys[i]->used &&
		    write(fd, xkeys[i]->raw, XTS_KEY_SIZE) != XTS_KEY_SIZE)
			die("%s: %s", path, strerror(errno));
	if (close(fd))
		die("%s: %s", path, strerror(errno));
}

void keys_wipe(void)
{
	size_t i;

	for (i = 0; i < n_xkeys; i++) {
		xts_free(xkeys[i]->xts);
		OPENSSL_cleanse(xkeys[i], sizeof(*xkeys[i]));
		free(xkeys[i]);
	}
	free(xkeys);
	for (i = 0; i < n_masters; i++)
		free(masters[i].name);
	if (n_masters)
		OPENSSL_cleanse(masters, n_masters * sizeof(*masters));
	free(masters);
	xkeys = NULL;
	masters = NULL;
	n_xkeys = n_masters = 0;
}

/* Return: NULL, or why there is no key */
const char *fkey_derive(struct fkey *k, const uint8_t *ctx, size_t ctx_len,
			const uint8_t uuid[16], uint64_t ino)
{
	const uint8_t *identifier = ctx + 8, *nonce = ctx + 24;
	const struct master_key *m;
	uint8_t raw[XTS_KEY_SIZE], hash_key[16], ino_le[8], more[17];
	size_t i;

	if (ctx_len != CONTEXT_SIZE || ctx[0] != CONTEXT_V2)
		return "its context is not of version 2";
	if (ctx[1] != MODE_AES_256_XTS || ctx[2] != MODE_AES_256_CTS)
		return "its modes are not AES-256-XTS and AES-256-CTS";
	if (get32(ctx + 4))
		return "its context has reserved bytes set";
	for (i = 0; i < n_masters; i++)
		if (!memcmp(masters[i].identifier, identifier, 16))
			break;
	if (i == n_masters)
		return "none of the given keys is its master key";
	m = &masters[i];

	memset(k, 0, sizeof(*k));
	memcpy(more + 1, uuid, 16);
	switch (ctx[3] & ~FLAGS_PADDING) {
	case 0:
		k->policy = POLICY_PER_FILE;
		derive(m, KDF_PER_FILE_KEY, nonce, 16, raw, sizeof(raw));
		/* a file has one key, as long as its one mode wants it */
		memcpy(k->names, raw, sizeof(k->names));
		break;
	case FLAG_IV_INO_LBLK_64:
		if (ino > UINT32_MAX)
			return "its inode number does not fit its policy";
		k->policy = POLICY_LBLK_64;
		k->iv_base = ino << 32;
		more[0] = MODE_AES_256_XTS;
		derive(m, KDF_IV_INO_LBLK_64_KEY, more, 17, raw, sizeof(raw));
		more[0] = MODE_AES_256_CTS;
		derive(m, KDF_IV_INO_LBLK_64_KEY, more, 17, k->names,
		       sizeof(k->names));
		break;
	case FLAG_IV_INO_LBLK_32:
		k->policy = POLICY_LBLK_32;
		k->wrap32 = true;
		for (i = 0; i < 8; i++)
			ino_le[i] = (uint8_t)(ino >> 8 * i);
		derive(m, KDF_INODE_HASH_KEY, NULL, 0, hash_key,
		       sizeof(hash_key));
		k->iv_base = (uint32_t)siphash24(hash_key, ino_le, 8);
		more[0] = MODE_AES_256_XTS;
		derive(m, KDF_IV_INO_LBLK_32_KEY, more, 17, raw, sizeof(raw));
		more[0] = MODE_AES_256_CTS;
		derive(m, KDF_IV_INO_LBLK_32_KEY, more, 17, k->names,
		       sizeof(k->names));
		OPENSSL_cleanse(hash_key, sizeof(hash_key));
		break;
	default:
		return "its policy's flags are not known";
	}
	k->xkey = xkey_add(raw);
	OPENSSL_cleanse(raw, sizeof(raw));
	return NULL;
}

uint64_t fkey_dun(const struct fkey *k, uint64_t lblk)
{
	uint64_t dun = k->iv_base + lblk;

	return k->wrap32 ? (uint32_t)dun : dun;
}

size_t fkey_decrypt_name(const struct fkey *k, const uint8_t *in, size_t len,
			 uint8_t *out)
{
	uint64_t iv_le = fkey_dun(k, 0);
	uint8_t iv[16] = { 0 };
	size_t i, end;

	if (len < 16)
		return 0;
	for (i = 0; i < 8; i++)
		iv[i] = (uint8_t)(iv_le >> 8 * i);
	cbc_cts_crypt(k->names, sizeof(k->names), iv, false, in, out, len);
	end = strnlen((const char *)out, len);
	/* the padding is part of what the format promises */
	for (i = end; i < len; i++)
		if (out[i])
			return 0;
	return end;
}
