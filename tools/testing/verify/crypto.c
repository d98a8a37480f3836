// SPDX-License-Identifier: GPL-2.0
/*
 * crypto.c - the primitives, on top of the OpenSSL library
 *
 * AES, SHA-2 and HMAC are the library's; HKDF (RFC 5869) and SipHash-2-4
 * (Aumasson, Bernstein 2012) are written here from their papers. Whatever is
 * added needs a published vector in vectors.c.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include "verify.h"

static void need(int ok, const char *what)
{
	if (!ok)
		die("the OpenSSL library fails at %s", what);
}

/* both directions, keyed once: the key schedule costs more than a data unit */
struct xts {
	EVP_CIPHER_CTX *dir[2];
};

struct xts *xts_new(const uint8_t key[XTS_KEY_SIZE])
{
	struct xts *x = xcalloc(1, sizeof(*x));
	int i;

	for (i = 0; i < 2; i++) {
		x->dir[i] = EVP_CIPHER_CTX_new();
		need(x->dir[i] &&
		     EVP_CipherInit_ex(x->dir[i], EVP_aes_256_xts(), NULL, key,
				       NULL, i), "an AES-256-XTS key");
	}
	return x;
}

void xts_free(struct xts *x)
{
	EVP_CIPHER_CTX_free(x->dir[0]);
	EVP_CIPHER_CTX_free(x->dir[1]);
	free(x);
}

void xts_crypt(struct xts *x, bool encrypt, uint64_t dun, const uint8_t *in,
	       uint8_t *out, size_t len)
{
	EVP_CIPHER_CTX *ctx = x->dir[encrypt];
	uint8_t iv[16] = { 0 };
	int i, n;

	for (i = 0; i < 8; i++)
		iv[i] = (uint8_t)(dun >> 8 * i);
	need(EVP_CipherInit_ex(ctx, NULL, NULL, NULL, iv, -1) &&
	     EVP_CipherUpdate(ctx, out, &n, in, (int)len) && n == (int)len,
	     "AES-256-XTS");
}

/* CS3 of NIST SP 800-38A's addendum: the last two blocks always swap */
void cbc_cts_crypt(const uint8_t *key, size_t key_len, const uint8_t iv[16],
		   bool encrypt, const uint8_t *in, uint8_t *out, size_t len)
{
	static EVP_CIPHER *ciphers[2];
	EVP_CIPHER **cipher = &ciphers[key_len == 32];
	char mode[] = OSSL_CIPHER_CTS_MODE_CS3;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE,
						 mode, 0),
		OSSL_PARAM_construct_end()
	};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	if (!*cipher)
		*cipher = EVP_CIPHER_fetch(NULL, key_len == 32 ?
					   "AES-256-CBC-CTS" :
					   "AES-128-CBC-CTS", NULL);
	need(ctx && *cipher &&
	     EVP_CipherInit_ex2(ctx, *cipher, key, iv, encrypt, params) &&
	     EVP_CipherUpdate(ctx, out, &n, in, (int)len) && n == (int)len,
	     "AES-CBC-CTS");
	EVP_CIPHER_CTX_free(ctx);
}

void hmac_sha512(const uint8_t *key, size_t key_len, const uint8_t *msg,
		 size_t len, uint8_t out[64])
{
	need(HMAC(EVP_sha512(), key, (int)key_len, msg, len, out, NULL) != NULL,
	     "HMAC-SHA512");
}

void hkdf_sha512(const uint8_t *ikm, size_t ikm_len, const uint8_t *salt,
		 size_t salt_len, const uint8_t *info, size_t info_len,
		 uint8_t *out, size_t len)
{
	static const uint8_t no_salt[64];
	uint8_t prk[64], t[64], msg[64 + 128 + 1];
	size_t t_len = 0, n;
	uint8_t count = 0;

	if (info_len > 128)
		die("HKDF: information string of %zu bytes", info_len);
	hmac_sha512(salt_len ? salt : no_salt,
		    salt_len ? salt_len : sizeof(no_salt), ikm, ikm_len, prk);
	while (len) {
		memcpy(msg, t, t_len);
		if (info_len)
			memcpy(msg + t_len, info, info_len);
		msg[t_len + info_len] = ++count;
		hmac_sha512(prk, sizeof(prk), msg, t_len + info_len + 1, t);
		t_len = sizeof(t);
		n = len < t_len ? len : t_len;
		memcpy(out, t, n);
		out += n;
		len -= n;
	}
	OPENSSL_cleanse(prk, sizeof(prk));
	OPENSSL_cleanse(t, sizeof(t));
	OPENSSL_cleanse(msg, sizeof(msg));
}

static uint64_t rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static void sip_rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] = rotl(v[2], 32);
	}
}

uint64_t siphash24(const uint8_t key[16], const uint8_t *msg, size_t len)
{
	static const char start[] = "somepseudorandomlygeneratedbytes";
	uint64_t v[4], word;
	uint8_t last[8] = { 0 };
	size_t i;

	/* the constants are that text, read as big-endian words */
	for (i = 0; i < 4; i++)
		v[i] = __builtin_bswap64(get64(start + 8 * i)) ^
		       get64(key + 8 * (i & 1));
	for (i = 0; i + 8 <= len; i += 8) {
		word = get64(msg + i);
		v[3] ^= word;
		sip_rounds(v, 2);
		v[0] ^= word;
	}
	memcpy(last, msg + i, len - i);
	last[7] = (uint8_t)len;
	word = get64(last);
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void sha256(const void *a, size_t alen, const void *b, size_t blen,
	    uint8_t out[32])
{
	static EVP_MD_CTX *ctx;
	static EVP_MD *md;

	if (!ctx) {
		ctx = EVP_MD_CTX_new();
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	need(ctx && md && EVP_DigestInit_ex2(ctx, md, NULL) &&
	     EVP_DigestUpdate(ctx, a, alen) && EVP_DigestUpdate(ctx, b, blen) &&
	     EVP_DigestFinal_ex(ctx, out, NULL), "SHA-256");
}

uint64_t sector_sha(const uint8_t *sector)
{
	uint8_t md[32];

	sha256(sector, SECTOR, NULL, 0, md);
	return __builtin_bswap64(get64(md));
}
