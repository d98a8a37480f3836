// SPDX-License-Identifier: GPL-2.0
/*
 * testport - send one request to the debug port of the virtual hardware
 *
 * usage: testport REQUEST...
 *
 * The words are joined by spaces: "testport get host0 stat-tasks". Prints the
 * reply, if there is one. The exit status is 0 when the device did what it was
 * asked, 1 when it refused (its errno is named), 2 when there is no such device:
 * tests that also run on real hardware tell by that.
 */
#include <stdio.h>
#include <string.h>

#include "port.h"

#define EXIT_REFUSED	1
#define EXIT_NO_DEVICE	2

static size_t join(char *text, int argc, char **argv)
{
	size_t len = 0;

	for (int i = 1; i < argc; i++) {
		size_t n = strlen(argv[i]);

		if (len + 1 + n > PORT_TEXT)
			return 0;
		if (i > 1)
			text[len++] = ' ';
		memcpy(text + len, argv[i], n);
		len += n;
	}
	return len;
}

int main(int argc, char **argv)
{
	char request[PORT_TEXT], reply[PORT_TEXT + 1];
	size_t len = join(request, argc, argv);
	int status;

	if (!len) {
		fprintf(stderr, "usage: testport REQUEST (1 to %d bytes)\n",
			PORT_TEXT);
		return EXIT_REFUSED;
	}
	if (!port_open()) {
		fprintf(stderr, "testport: no debug port here\n");
		return EXIT_NO_DEVICE;
	}
	status = port_request(request, len, reply);
	fputs(reply, stdout);
	len = strlen(reply);
	if (len && reply[len - 1] != '\n')
		putchar('\n');
	if (status) {
		fprintf(stderr, "testport: %s: %s\n", argv[1], strerror(status));
		return EXIT_REFUSED;
	}
	return fflush(stdout) ? EXIT_REFUSED : 0;
}
