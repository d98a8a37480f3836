// SPDX-License-Identifier: GPL-2.0
/*
 * failnth - write to a file while the N-th allocation of the write fails
 *
 * usage: failnth N FILE TEXT
 *
 * For drivers that are bound by a write to sysfs, which probe in the task that
 * writes. Prints "injected" or "not-injected", then "done" or the error's name.
 * The exit status is 0 unless there is no fault injection here (2) or the
 * arguments are wrong (1).
 *
 * Everything is open before the counting begins: only the write is counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char left[16] = "";
	int counter, file, error;
	ssize_t written;

	if (argc != 4 || atoi(argv[1]) <= 0) {
		fprintf(stderr, "usage: failnth N FILE TEXT\n");
		return 1;
	}
	counter = open("/proc/thread-self/fail-nth", O_RDWR);
	if (counter < 0) {
		perror("failnth: /proc/thread-self/fail-nth");
		return 2;
	}
	file = open(argv[2], O_WRONLY);
	if (file < 0) {
		perror(argv[2]);
		return 1;
	}

	if (write(counter, argv[1], strlen(argv[1])) < 0) {
		perror("failnth: fail-nth");
		return 2;
	}
	written = write(file, argv[3], strlen(argv[3]));
	error = errno;
	/* What is left to count, or 0 where it has happened */
	if (pread(counter, left, sizeof(left) - 1, 0) < 0) {
		perror("failnth: fail-nth");
		return 2;
	}
	if (atoi(left) && write(counter, "0", 1) < 0) {
		perror("failnth: fail-nth");
		return 2;
	}

	printf("%s %s\n", atoi(left) ? "not-injected" : "injected",
	       written < 0 ? strerror(error) : "done");
	return 0;
}
