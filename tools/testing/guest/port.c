// SPDX-License-Identifier: GPL-2.0
/*
 * port.c - the debug port of the virtual hardware, for programs of the guest
 *
 * Nothing but the registers; what is asked of the port is for the callers.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "port.h"

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

static volatile uint32_t *port;
static char resource[512];

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

bool port_open(void)
{
	struct dirent *entry;
	DIR *dir = opendir(PCI_DEVICES);
	void *map;
	int fd;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    read_id(entry->d_name, "vendor") != PORT_VENDOR ||
		    read_id(entry->d_name, "device") != PORT_DEVICE)
			continue;
		enable_device(entry->d_name);
		snprintf(resource, sizeof(resource),
			 PCI_DEVICES "/%s/resource0", entry->d_name);
		break;
	}
	closedir(dir);

	fd = open(resource, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return false;
	map = mmap(NULL, PORT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	port = map;
	return port[PORT_ID / 4] == PORT_ID_VALUE;
}

int port_request(const char *request, size_t len, char reply[PORT_TEXT + 1])
{
	/* Words, since the port takes nothing else */
	union {
		char text[PORT_TEXT];
		uint32_t word[PORT_TEXT / 4];
	} buf = {};
	size_t i, got;
	int status;
	/* Opened for this request: locks of one descriptor are shared by children */
	int fd = open(resource, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		flock(fd, LOCK_EX);
	memcpy(buf.text, request, len);
	for (i = 0; i < (len + 3) / 4; i++)
		port[PORT_REQUEST / 4 + i] = buf.word[i];
	port[PORT_LENGTH / 4] = len;

	status = port[PORT_STATUS / 4];
	got = port[PORT_LENGTH / 4];
	if (got > PORT_TEXT)
		got = PORT_TEXT;
	for (i = 0; i < (got + 3) / 4; i++)
		buf.word[i] = port[PORT_REPLY / 4 + i];
	if (fd >= 0)
		close(fd);
	memcpy(reply, buf.text, got);
	reply[got] = '\0';
	return status;
}
