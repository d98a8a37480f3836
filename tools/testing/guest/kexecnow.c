// SPDX-License-Identifier: GPL-2.0
/*
 * kexecnow - leave this kernel for another, at once
 *
 * usage: kexecnow IMAGE INITRD COMMAND_LINE
 *
 * Devices are shut down as for a reboot; what else user space would do before is
 * left out on purpose. Returns only where it fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		fprintf(stderr, "kexecnow: %s: %s\n", path, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	int kernel, initrd;

	if (argc != 4) {
		fprintf(stderr, "usage: kexecnow IMAGE INITRD COMMAND_LINE\n");
		return 2;
	}
	kernel = open_file(argv[1]);
	initrd = open_file(argv[2]);
	if (kernel < 0 || initrd < 0)
		return 1;
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1,
		    argv[3], 0L)) {
		fprintf(stderr, "kexecnow: load: %s\n", strerror(errno));
		return 1;
	}
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	fprintf(stderr, "kexecnow: %s\n", strerror(errno));
	return 1;
}
