/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What the blk-crypto test client and its user-space tool say to each other.
 *
 * Both are always built from the same tree, so the structures may change
 * freely; nothing else may include this file.
 */
#ifndef BLKCRYPT_H
#define BLKCRYPT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BLKCRYPT_KEY_SIZE	64	/* AES-256-XTS */
#define BLKCRYPT_MAX_KEYS	1024	/* of one open file */
#define BLKCRYPT_MAX_BIOS	2048	/* of one submission */
#define BLKCRYPT_NO_KEY		-1

/**
 * struct blkcrypt_target - choose the block device
 * @path: of the device, terminated
 */
struct blkcrypt_target {
	char path[128];
};

/**
 * struct blkcrypt_key - add a key
 * @data_unit_size: in bytes
 * @dun_bytes: of the data unit number
 * @raw: the key
 *
 * The ioctl returns the key's number, by which bios name it.
 */
struct blkcrypt_key {
	__u32 data_unit_size;
	__u32 dun_bytes;
	__u8 raw[BLKCRYPT_KEY_SIZE];
};

#define BLKCRYPT_BIO_WRITE	(1 << 0)
#define BLKCRYPT_BIO_FUA	(1 << 1)
#define BLKCRYPT_BIO_FLUSH	(1 << 2)	/* an empty bio: flush only */

/**
 * struct blkcrypt_bio - one bio
 * @sector: first sector of the device, in units of 512 bytes
 * @buf: user-space address of the data
 * @dun: data unit number of the first data unit
 * @len: in bytes
 * @key: number of the key, or BLKCRYPT_NO_KEY
 * @flags: BLKCRYPT_BIO_*
 * @error: filled in: 0, or the negative errno that the bio ended with
 */
struct blkcrypt_bio {
	__u64 sector;
	__u64 buf;
	__u64 dun;
	__u32 len;
	__s32 key;
	__u32 flags;
	__s32 error;
};

#define BLKCRYPT_SUBMIT_PLUG	(1 << 0)	/* let neighbours merge */
#define BLKCRYPT_SUBMIT_COUNT	(1 << 1)	/* count instructions */

/* Around what is counted, for those who look on from outside: hints that no processor knows */
#define BLKCRYPT_MARK_BEGIN	"hint #96"
#define BLKCRYPT_MARK_END	"hint #97"

/**
 * struct blkcrypt_submit - submit bios and wait for all of them
 * @bios: user-space address of an array of struct blkcrypt_bio
 * @nr: number of elements
 * @flags: BLKCRYPT_SUBMIT_*
 * @seg_size: bytes of each segment, at most a page
 * @batch: how many are submitted together before they are waited for; 0: all
 * @rounds: how often all of that is done again, after the first time
 * @reserved: 0
 * @instructions: filled in with BLKCRYPT_SUBMIT_COUNT: what processor 0 executed for the
 *	rounds after the first
 */
struct blkcrypt_submit {
	__u64 bios;
	__u32 nr;
	__u32 flags;
	__u32 seg_size;
	__u32 batch;
	__u32 rounds;
	__u32 reserved;
	__u64 instructions;
};

#define BLKCRYPT_IOC_TARGET	_IOW('Y', 0x60, struct blkcrypt_target)
#define BLKCRYPT_IOC_ADD_KEY	_IOW('Y', 0x61, struct blkcrypt_key)
#define BLKCRYPT_IOC_EVICT_KEY	_IOW('Y', 0x62, __u32)
#define BLKCRYPT_IOC_SUBMIT	_IOWR('Y', 0x63, struct blkcrypt_submit)

#endif
