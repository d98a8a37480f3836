// SPDX-License-Identifier: GPL-2.0
/*
 * kexecnow - leave this kernel for another, at once
 *
 * usage: kexecnow IMAGE INITRD COMMAND_LINE
 *        kexecnow --crash IMAGE INITRD COMMAND_LINE
 *
 * Devices are shut down as for a reboot; what else user space would do before is
 * left out on purpose. With --crash this kernel panics instead, and nothing is shut
 * down. Returns only where it fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		fprintf(stderr, "kexecnow: %s: %s\n", path, strerror(errno));
	return fd;
}

static void leave(bool crash)
{
	int fd;

	if (!crash) {
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_KEXEC, NULL);
		return;
	}
	fd = open_file("/proc/sysrq-trigger", O_WRONLY);
	if (fd >= 0 && write(fd, "c", 1) < 0)
		close(fd);
}

int main(int argc, char **argv)
{
	bool crash = argc > 1 && !strcmp(argv[1], "--crash");
	int kernel, initrd;

	argc -= crash;
	argv += crash;
	if (argc != 4) {
		fprintf(stderr, "usage: kexecnow [--crash] IMAGE INITRD COMMAND_LINE\n");
		return 2;
	}
	kernel = open_file(argv[1], O_RDONLY);
	initrd = open_file(argv[2], O_RDONLY);
	if (kernel < 0 || initrd < 0)
		return 1;
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1,
		    argv[3], crash ? KEXEC_FILE_ON_CRASH : 0L)) {
		fprintf(stderr, "kexecnow: load: %s\n", strerror(errno));
		return 1;
	}
	leave(crash);
	fprintf(stderr, "kexecnow: %s\n", strerror(errno));
	return 1;
}
