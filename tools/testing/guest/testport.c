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
 *
 * The registers are described in tools/testing/README.rst; change both together.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define PORT_VENDOR	0x1234
#define PORT_DEVICE	0x4d43

#define PORT_SIZE	0x2000
#define PORT_ID		0x0000
#define PORT_ID_VALUE	0x544d4d43
#define PORT_LENGTH	0x0004
#define PORT_STATUS	0x0008
#define PORT_REQUEST	0x1000
#define PORT_REPLY	0x1800
#define PORT_TEXT	2048

#define EXIT_REFUSED	1
#define EXIT_NO_DEVICE	2

static unsigned int read_id(const char *device, const char *file)
{
	char path[512];
	unsigned int value = 0;
	FILE *f;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", device, file);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%x", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

/* No driver binds to the port: its memory must be enabled by hand. */
static void enable_device(const char *device)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/enable", device);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		char state = '0';

		/* The kernel counts: enabling each time would never end. */
		if (read(fd, &state, 1) == 1 && state != '0') {
			close(fd);
			return;
		}
		close(fd);
	}
	fd = open(path, O_WRONLY);
	if (fd >= 0) {
		if (write(fd, "1", 1) != 1)
			perror("testport: enable");
		close(fd);
	}
}

static volatile uint32_t *map_port(void)
{
	char path[512] = "";
	struct dirent *entry;
	DIR *dir = opendir(PCI_DEVICES);
	void *map;
	int fd;

	if (!dir)
		return NULL;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    read_id(entry->d_name, "vendor") != PORT_VENDOR ||
		    read_id(entry->d_name, "device") != PORT_DEVICE)
			continue;
		enable_device(entry->d_name);
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource0",
			 entry->d_name);
		break;
	}
	closedir(dir);

	fd = open(path, O_RDWR | O_SYNC);
	if (fd < 0)
		return NULL;
	/* One request at a time; the lock ends with the process. */
	flock(fd, LOCK_EX);
	map = mmap(NULL, PORT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? NULL : map;
}

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
	/* Words, since the port takes nothing else */
	union {
		char text[PORT_TEXT];
		uint32_t word[PORT_TEXT / 4];
	} buf = {};
	volatile uint32_t *port;
	uint32_t status;
	size_t len = join(buf.text, argc, argv);

	if (!len) {
		fprintf(stderr, "usage: testport REQUEST (1 to %d bytes)\n",
			PORT_TEXT);
		return EXIT_REFUSED;
	}
	port = map_port();
	if (!port || port[PORT_ID / 4] != PORT_ID_VALUE) {
		fprintf(stderr, "testport: no debug port here\n");
		return EXIT_NO_DEVICE;
	}

	for (size_t i = 0; i < (len + 3) / 4; i++)
		port[PORT_REQUEST / 4 + i] = buf.word[i];
	port[PORT_LENGTH / 4] = len;

	status = port[PORT_STATUS / 4];
	len = port[PORT_LENGTH / 4];
	if (len > PORT_TEXT)
		len = PORT_TEXT;
	for (size_t i = 0; i < (len + 3) / 4; i++)
		buf.word[i] = port[PORT_REPLY / 4 + i];
	fwrite(buf.text, 1, len, stdout);
	if (len && buf.text[len - 1] != '\n')
		putchar('\n');
	if (status) {
		fprintf(stderr, "testport: %s: %s\n", argv[1], strerror(status));
		return EXIT_REFUSED;
	}
	return fflush(stdout) ? EXIT_REFUSED : 0;
}
