// SPDX-License-Identifier: GPL-2.0
/*
 * mmcioc - commands for the card by the block driver's ioctl, beside its requests
 *
 * usage: mmcioc DEVICE read-ext-csd          prints EXT_CSD's revision
 *        mmcioc DEVICE switch INDEX VALUE    writes a byte of EXT_CSD
 *        mmcioc RPMB rpmb-counter            prints the write counter of the replay
 *                                            protected memory block
 *
 * The driver turns the command queue off for the time of an ioctl. Nothing here changes
 * what an RPMB holds, which on a real card could not be undone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mmc/ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>

/* Response types as the kernel's include/linux/mmc/core.h numbers them */
#define RSP_R1		(1 << 0 | 1 << 2 | 1 << 4)
#define RSP_R1B		(RSP_R1 | 1 << 3)
#define CMD_AC		(0 << 5)
#define CMD_ADTC	(1 << 5)

#define EXT_CSD_SIZE	512
#define EXT_CSD_REV	192

/* JESD84-B51, the frames of an RPMB; numbers are big endian */
struct rpmb_frame {
	uint8_t stuff[196];
	uint8_t mac[32];
	uint8_t data[256];
	uint8_t nonce[16];
	uint32_t counter;
	uint16_t address;
	uint16_t blocks;
	uint16_t result;
	uint16_t type;
};

_Static_assert(sizeof(struct rpmb_frame) == 512, "a frame is a block");

#define RPMB_READ_COUNTER	0x0002
#define RPMB_COUNTER		0x0200
#define RPMB_OK			0
#define RPMB_NO_KEY		7

static int usage(void)
{
	fprintf(stderr, "usage: mmcioc DEVICE read-ext-csd | switch INDEX VALUE | rpmb-counter\n");
	return 2;
}

static void frame_cmd(struct mmc_ioc_cmd *cmd, int opcode, struct rpmb_frame *frame)
{
	cmd->opcode = opcode;
	cmd->write_flag = opcode == 25;
	cmd->flags = RSP_R1 | CMD_ADTC;
	cmd->blksz = sizeof(*frame);
	cmd->blocks = 1;
	mmc_ioc_cmd_set_data((*cmd), frame);
}

/* Request and response in one ioctl, so that nothing comes between them */
static int rpmb_counter(int fd)
{
	struct rpmb_frame request = { .type = htons(RPMB_READ_COUNTER) }, response = {};
	struct mmc_ioc_multi_cmd *multi;
	int err;

	multi = calloc(1, sizeof(*multi) + 2 * sizeof(multi->cmds[0]));
	if (!multi || getrandom(request.nonce, sizeof(request.nonce), 0) < 0)
		return -1;
	multi->num_of_cmds = 2;
	frame_cmd(&multi->cmds[0], 25, &request);
	frame_cmd(&multi->cmds[1], 18, &response);
	err = ioctl(fd, MMC_IOC_MULTI_CMD, multi);
	free(multi);
	if (err)
		return -1;

	/* Not what the driver says if the card refuses the partition */
	errno = EPROTO;
	if (ntohs(response.type) != RPMB_COUNTER ||
	    memcmp(response.nonce, request.nonce, sizeof(request.nonce)) ||
	    (ntohs(response.result) != RPMB_OK && ntohs(response.result) != RPMB_NO_KEY))
		return -1;
	printf("%u\n", ntohl(response.counter));
	return 0;
}

static int ext_csd_revision(int fd)
{
	unsigned char ext_csd[EXT_CSD_SIZE] = {};
	struct mmc_ioc_cmd cmd = {
		.opcode = 8,
		.flags = RSP_R1 | CMD_ADTC,
		.blksz = EXT_CSD_SIZE,
		.blocks = 1,
	};

	mmc_ioc_cmd_set_data(cmd, ext_csd);
	if (ioctl(fd, MMC_IOC_CMD, &cmd))
		return -1;
	printf("%u\n", ext_csd[EXT_CSD_REV]);
	return 0;
}

static int switch_byte(int fd, int index, int value)
{
	struct mmc_ioc_cmd cmd = {
		.opcode = 6,
		.write_flag = 1,
		.flags = RSP_R1B | CMD_AC,
		.arg = 3u << 24 | (index & 255) << 16 | (value & 255) << 8 | 1,
	};

	return ioctl(fd, MMC_IOC_CMD, &cmd);
}

int main(int argc, char **argv)
{
	int fd, err;

	if (argc < 3)
		return usage();
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err = -1;
	else if (argc == 3 && !strcmp(argv[2], "read-ext-csd"))
		err = ext_csd_revision(fd);
	else if (argc == 3 && !strcmp(argv[2], "rpmb-counter"))
		err = rpmb_counter(fd);
	else if (argc == 5 && !strcmp(argv[2], "switch"))
		err = switch_byte(fd, atoi(argv[3]), atoi(argv[4]));
	else
		return usage();
	if (err) {
		fprintf(stderr, "mmcioc: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return 0;
}
