// SPDX-License-Identifier: GPL-2.0
/*
 * util.c - errors, memory, text and mapped files
 *
 * Whatever cannot be read or understood ends the program with one line and
 * status 2, so that no check is ever left out in silence. Helpers of more than
 * one part belong here.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify.h"

void die(const char *fmt, ...)
{
	va_list ap;

	/* a reader of the KTAP stream must not take it for a finished one */
	printf("Bail out! see the error message\n");
	fflush(stdout);
	fputs("verify: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die("out of memory");
	return p;
}

/* room for at least @want elements; what is new is not initialised */
void *xgrow(void *old, size_t *room, size_t want, size_t size)
{
	if (want <= *room)
		return old;
	*room = *room * 2 > want ? *room * 2 : want + 16;
	old = reallocarray(old, *room, size);
	if (!old)
		die("out of memory");
	return old;
}

char *xstrndup(const char *s, size_t len)
{
	char *p = xcalloc(len + 1, 1);

	memcpy(p, s, len);
	return p;
}

/* names hold anything; a message must stay one line of harmless text */
const char *printable(const void *bytes, size_t len)
{
	static char ring[4][1100];
	static unsigned int turn;
	char *buf = ring[turn++ % ARRAY_SIZE(ring)], *p = buf;
	const uint8_t *b = bytes;
	size_t i;

	for (i = 0; i < len && p < buf + sizeof(ring[0]) - 8; i++) {
		if (b[i] < 0x20 || b[i] >= 0x7f || b[i] == '\\' || b[i] == '#')
			p += sprintf(p, "\\x%02x", b[i]);
		else
			*p++ = (char)b[i];
	}
	strcpy(p, i < len ? "..." : "");
	return buf;
}

bool all_same_byte(const uint8_t *p, size_t len)
{
	return !len || !memcmp(p, p + 1, len - 1);
}

bool parse_u64(const char *s, uint64_t *val)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*val = strtoull(s, &end, 10);
	return !errno && !*end;
}

char *next_line(char **text)
{
	char *line = *text, *end;

	if (!*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

void image_open(struct image *img, const char *path)
{
	struct stat st;

	img->path = path;
	img->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (img->fd < 0 || fstat(img->fd, &st))
		die("image %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die("image %s: not a regular file", path);
	if (!st.st_size || st.st_size % SECTOR)
		die("image %s: its size is no multiple of 512 bytes", path);
	img->size = (uint64_t)st.st_size;
	img->map = mmap(NULL, img->size, PROT_READ, MAP_SHARED, img->fd, 0);
	if (img->map == MAP_FAILED)
		die("image %s: %s", path, strerror(errno));
}

/* a whole text file; it must not hold NUL bytes, which would cut it short */
char *read_text(const char *path, const char *what)
{
	struct stat st;
	char *text;
	ssize_t got;
	size_t size, len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die("%s %s: %s", what, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die("%s %s: not a regular file", what, path);
	size = (size_t)st.st_size;
	text = xcalloc(size + 1, 1);
	while (len < size) {
		got = read(fd, text + len, size - len);
		if (got < 0)
			die("%s %s: %s", what, path, strerror(errno));
		if (!got)
			die("%s %s: it shrinks while it is read", what, path);
		len += (size_t)got;
	}
	close(fd);
	if (strlen(text) != size)
		die("%s %s: not a text file", what, path);
	return text;
}

struct blob map_at(int dir, const char *name, const char *shown)
{
	struct blob blob = { .data = (const uint8_t *)"" };
	struct stat st;
	void *map;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", shown, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die("%s: not a regular file", shown);
	if (st.st_size) {
		blob.size = (uint64_t)st.st_size;
		map = mmap(NULL, blob.size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED)
			die("%s: %s", shown, strerror(errno));
		blob.data = map;
	}
	close(fd);
	return blob;
}

void unmap(struct blob *blob)
{
	if (blob->size)
		munmap((void *)(uintptr_t)blob->data, blob->size);
	blob->size = 0;
}
