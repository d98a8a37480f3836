// SPDX-License-Identifier: GPL-2.0
/*
 * mkraw.c - write a plan's extents into an image, as the test client would
 *
 * usage: mkraw IMAGE KEYS CORPUS <PLAN >MAP. The cipher is the nettle library's
 * and not the verifier's. Lines of MAP: "sector dun fingerprint sectors", one
 * for each data unit.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>
#include <nettle/xts.h>

#define SECTOR	512
#define LABEL	"mmc-crypto key"

int main(int argc, char **argv)
{
	char name[64], key_name[64], file_name[64], path[4096], dun[24], dus[24];
	uint64_t sector, offset, length, at;
	FILE *image = argc == 4 ? fopen(argv[1], "r+") : NULL;
	int failed = 0;

	if (!image) {
		fprintf(stderr, "usage: mkraw IMAGE KEYS CORPUS <PLAN >MAP\n");
		return 2;
	}
	while (scanf("%63s sector=%" SCNu64 " key=%63s dun=%23s dus=%23s file=%63s offset=%"
		     SCNu64 " length=%" SCNu64, name, &sector, key_name, dun,
		     dus, file_name, &offset, &length) == 8) {
		uint64_t nr = 0, unit = 4096;
		uint8_t raw[64], clear[4096], out[4096], md[32], iv[16];
		struct xts_aes256_key xts;
		struct sha256_ctx sha;
		int encrypted = strcmp(key_name, "-"), i;
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", argv[3], file_name);
		f = fopen(path, "r");
		if (!f || fseek(f, (long)offset, SEEK_SET)) {
			perror(path);
			return 1;
		}
		if (encrypted) {
			FILE *k;

			nr = strtoull(dun, NULL, 10);
			unit = strtoull(dus, NULL, 10);
			snprintf(path, sizeof(path), "%s/%s.key", argv[2],
				 key_name);
			k = fopen(path, "r");
			if (!k || fread(raw, sizeof(raw), 1, k) != 1) {
				perror(path);
				return 1;
			}
			fclose(k);
			xts_aes256_set_encrypt_key(&xts, raw);
			sha256_init(&sha);
			sha256_update(&sha, strlen(LABEL),
				      (const uint8_t *)LABEL);
			sha256_update(&sha, sizeof(raw), raw);
			sha256_digest(&sha, sizeof(md), md);
		}
		for (at = 0; at < length; at += unit, nr++) {
			failed |= fread(clear, unit, 1, f) != 1;
			memcpy(out, clear, unit);
			memset(iv, 0, sizeof(iv));
			for (i = 0; i < 8; i++)
				iv[i] = (uint8_t)(nr >> 8 * i);
			if (encrypted)
				xts_aes256_encrypt_message(&xts, iv, unit, out,
							   clear);
			failed |= fseek(image, (long)(sector * SECTOR + at),
					SEEK_SET) ||
				  fwrite(out, unit, 1, image) != 1;
			printf("%" PRIu64, sector + at / SECTOR);
			if (encrypted)
				printf(" %" PRIu64 " %02x%02x%02x%02x%02x%02x%02x%02x",
				       nr, md[0], md[1], md[2], md[3], md[4],
				       md[5], md[6], md[7]);
			else
				printf(" - -");
			printf(" %" PRIu64 "\n", unit / SECTOR);
		}
		fclose(f);
	}
	return failed | fclose(image);
}
