// SPDX-License-Identifier: GPL-2.0
/*
 * vectors.c - the primitives against published vectors, at every start
 *
 * The numbers are those of the documents named beside them. Add one for each
 * primitive that crypto.c gains.
 */
#include <stdlib.h>
#include <string.h>

#include "verify.h"

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		char two[3] = { hex[0], hex[1] };

		out[n++] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

static void expect_hex(struct check *c, const char *what, const uint8_t *got,
		       const char *hex)
{
	uint8_t want[512];
	size_t len = unhex(hex, want);

	c->proven++;
	if (memcmp(got, want, len))
		check_fail(c, "%s gives another result than published", what);
}

/* IEEE 1619-2007, annex B, vector 10; its ciphertext's ends and its SHA-256 */
static void xts_vector(struct check *c)
{
	uint8_t key[XTS_KEY_SIZE], plain[512], out[512], md[32];
	struct xts *x;
	int i;

	unhex("2718281828459045235360287471352662497757247093699959574966967627"
	      "3141592653589793238462643383279502884197169399375105820974944592",
	      key);
	for (i = 0; i < 512; i++)
		plain[i] = (uint8_t)i;
	x = xts_new(key);
	xts_crypt(x, true, 0xff, plain, out, sizeof(out));
	expect_hex(c, "AES-256-XTS", out,
		   "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b");
	expect_hex(c, "AES-256-XTS", out + 485,
		   "4bd2092fa755c824bb5e54c4f36ffda9fcea70b9c6e693e148c151");
	sha256(out, sizeof(out), NULL, 0, md);
	expect_hex(c, "AES-256-XTS", md, "e97e974fa393af794f7a4684395814cf820de60a01eaec677d87b452e316b364");
	xts_crypt(x, false, 0xff, out, out, sizeof(out));
	c->proven++;
	if (memcmp(out, plain, sizeof(out)))
		check_fail(c, "AES-256-XTS does not decrypt what it encrypted");
	xts_free(x);
}

/* RFC 3962, appendix B; for 256 bits NIST SP 800-38A, F.2.5, one block */
static void cts_vectors(struct check *c)
{
	static const char text[] = "I would like the General Gau's C";
	static const struct {
		size_t len;
		const char *hex;
	} list[] = {
		{ 17, "c6353568f2bf8cb4d8a580362da7ff7f97" },
		{ 31, "fc00783e0efdb2c1d445d4c8eff7ed22"
		      "97687268d6ecccc0c07b25e25ecfe5" },
		{ 32, "39312523a78662d5be7fcbcc98ebf5a8"
		      "97687268d6ecccc0c07b25e25ecfe584" },
	};
	uint8_t key[32], iv[16] = { 0 }, in[16], out[32], back[32];
	size_t i;

	unhex("636869636b656e207465726979616b69", key);
	for (i = 0; i < ARRAY_SIZE(list); i++) {
		cbc_cts_crypt(key, 16, iv, true, (const uint8_t *)text, out,
			      list[i].len);
		expect_hex(c, "AES-CBC-CTS", out, list[i].hex);
		cbc_cts_crypt(key, 16, iv, false, out, back, list[i].len);
		c->proven++;
		if (memcmp(back, text, list[i].len))
			check_fail(c, "AES-CBC-CTS does not decrypt what it encrypted");
	}
	unhex("603deb1015ca71be2b73aef0857d7781"
	      "1f352c073b6108d72d9810a30914dff4", key);
	unhex("000102030405060708090a0b0c0d0e0f", iv);
	unhex("6bc1bee22e409f96e93d7e117393172a", in);
	cbc_cts_crypt(key, 32, iv, true, in, out, 16);
	expect_hex(c, "AES-256-CBC", out, "f58c4c04d6e5f1ba779eabfb5f7bfbd6");
}

/* the inputs of RFC 5869's cases 1 and 3, with SHA-512 */
static void hkdf_vectors(struct check *c)
{
	uint8_t ikm[22], salt[13], info[10], out[42];

	memset(ikm, 0x0b, sizeof(ikm));
	unhex("000102030405060708090a0b0c", salt);
	unhex("f0f1f2f3f4f5f6f7f8f9", info);
	hkdf_sha512(ikm, sizeof(ikm), salt, sizeof(salt), info, sizeof(info),
		    out, sizeof(out));
	expect_hex(c, "HKDF-SHA512", out,
		   "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9"
		   "fc7fe92c1481579338da362cb8d9f925d7cb");
	hkdf_sha512(ikm, sizeof(ikm), NULL, 0, NULL, 0, out, sizeof(out));
	expect_hex(c, "HKDF-SHA512 without salt", out,
		   "f5fa02b18298a72a8c23898a8703472c6eb179dc204c0342"
		   "5c970e3b164bf90fff22d04836d0e2343bac");
}

void check_vectors(struct check *c)
{
	uint8_t key[32], msg[16], out[64];
	uint64_t sip;
	int i;

	xts_vector(c);
	cts_vectors(c);
	hkdf_vectors(c);

	/* RFC 4231, case 2 */
	hmac_sha512((const uint8_t *)"Jefe", 4,
		    (const uint8_t *)"what do ya want for nothing?", 28, out);
	expect_hex(c, "HMAC-SHA512", out,
		   "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd6"
		   "10270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
		   "caeab1a34d4a6b4b636e070a38bce737");

	/* FIPS 180-2, B.1, in two pieces as the fingerprints are made */
	sha256("a", 1, "bc", 2, out);
	expect_hex(c, "SHA-256", out,
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
		   "b410ff61f20015ad");

	/* the SipHash paper, appendix A, and an input of whole words */
	for (i = 0; i < 16; i++)
		key[i] = msg[i] = (uint8_t)i;
	sip = siphash24(key, msg, 15);
	c->proven++;
	if (sip != 0xa129ca6149be45e5)
		check_fail(c, "SipHash gives another result than published");
	sip = siphash24(key, msg, 8);
	c->proven++;
	if (sip != 0x93f5f5799a932462)
		check_fail(c, "SipHash gives another result than published");
}
