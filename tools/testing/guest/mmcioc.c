// SPDX-License-Identifier: GPL-2.0
/*
 * mmcioc - commands for the card by the block driver's ioctl, beside its requests
 *
 * usage: mmcioc DEVICE read-ext-csd          prints EXT_CSD's revision
 *        mmcioc DEVICE switch INDEX VALUE    writes a byte of EXT_CSD
 *
 * The driver turns the command queue off for the time of an ioctl.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mmc/ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* Response types as the kernel's include/linux/mmc/core.h numbers them */
#define RSP_R1		(1 << 0 | 1 << 2 | 1 << 4)
#define RSP_R1B		(RSP_R1 | 1 << 3)
#define CMD_AC		(0 << 5)
#define CMD_ADTC	(1 << 5)

#define EXT_CSD_SIZE	512
#define EXT_CSD_REV	192

static int usage(void)
{
	fprintf(stderr, "usage: mmcioc DEVICE read-ext-csd | switch INDEX VALUE\n");
	return 2;
}

int main(int argc, char **argv)
{
	unsigned char ext_csd[EXT_CSD_SIZE] = {};
	struct mmc_ioc_cmd cmd = {};
	int fd;

	if (argc == 3 && !strcmp(argv[2], "read-ext-csd")) {
		cmd.opcode = 8;
		cmd.flags = RSP_R1 | CMD_ADTC;
		cmd.blksz = EXT_CSD_SIZE;
		cmd.blocks = 1;
		mmc_ioc_cmd_set_data(cmd, ext_csd);
	} else if (argc == 5 && !strcmp(argv[2], "switch")) {
		cmd.opcode = 6;
		cmd.write_flag = 1;
		cmd.flags = RSP_R1B | CMD_AC;
		cmd.arg = 3u << 24 | (atoi(argv[3]) & 255) << 16 |
			  (atoi(argv[4]) & 255) << 8 | 1;
	} else {
		return usage();
	}

	fd = open(argv[1], O_RDWR);
	if (fd < 0 || ioctl(fd, MMC_IOC_CMD, &cmd)) {
		fprintf(stderr, "mmcioc: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (cmd.opcode == 8)
		printf("%u\n", ext_csd[EXT_CSD_REV]);
	return 0;
}
