// SPDX-License-Identifier: GPL-2.0
/*
 * cmptree - compare two folders by content
 *
 * usage: cmptree FOLDER OTHER
 *
 * Same names, types, link targets, sizes and bytes, whatever the names look like.
 * Prints "FILES BYTES", what it compared of regular files, and fails at the first
 * difference, which it names. An empty comparison is no failure here: the caller
 * knows how many files there have to be.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK	(256 * 1024)

static unsigned long long files, bytes;

static void differ(const char *name, const char *how)
{
	fprintf(stderr, "cmptree: %s: %s\n", name, how);
	exit(1);
}

static int open_at(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);

	if (fd < 0)
		differ(name, strerror(errno));
	return fd;
}

static size_t read_full(int fd, char *buf, const char *name)
{
	size_t len = 0;

	while (len < CHUNK) {
		ssize_t n = read(fd, buf + len, CHUNK - len);

		if (n < 0)
			differ(name, strerror(errno));
		if (!n)
			break;
		len += n;
	}
	return len;
}

static void compare_files(int a, int b, const char *name)
{
	static char left[CHUNK], right[CHUNK];
	size_t n;

	do {
		n = read_full(a, left, name);
		if (read_full(b, right, name) != n)
			differ(name, "lengths differ");
		if (memcmp(left, right, n))
			differ(name, "contents differ");
		bytes += n;
	} while (n == CHUNK);
	files++;
}

static void compare_links(int a, int b, const char *name)
{
	char left[4096], right[4096];
	ssize_t n = readlinkat(a, name, left, sizeof(left));

	if (n < 0 || readlinkat(b, name, right, sizeof(right)) != n ||
	    memcmp(left, right, n))
		differ(name, "link targets differ");
}

static unsigned long count_entries(int fd)
{
	DIR *dir = fdopendir(dup(fd));
	unsigned long n = 0;

	if (!dir)
		differ("folder", strerror(errno));
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void compare_dirs(int a, int b, const char *name)
{
	struct dirent *entry;
	DIR *dir;

	if (count_entries(a) != count_entries(b))
		differ(name, "not the same number of entries");
	dir = fdopendir(dup(a));
	if (!dir)
		differ(name, strerror(errno));
	/* The position is shared with the descriptor that was counted on. */
	rewinddir(dir);
	while ((entry = readdir(dir))) {
		const char *child = entry->d_name;
		struct stat left, right;
		int l, r;

		if (!strcmp(child, ".") || !strcmp(child, ".."))
			continue;
		if (fstatat(a, child, &left, AT_SYMLINK_NOFOLLOW) ||
		    fstatat(b, child, &right, AT_SYMLINK_NOFOLLOW))
			differ(child, strerror(errno));
		if ((left.st_mode & S_IFMT) != (right.st_mode & S_IFMT))
			differ(child, "types differ");

		if (S_ISLNK(left.st_mode)) {
			compare_links(a, b, child);
			continue;
		}
		if (!S_ISDIR(left.st_mode) && !S_ISREG(left.st_mode))
			continue;
		l = open_at(a, child, 0);
		r = open_at(b, child, 0);
		if (S_ISDIR(left.st_mode))
			compare_dirs(l, r, child);
		else
			compare_files(l, r, child);
		close(l);
		close(r);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: cmptree FOLDER OTHER\n");
		return 2;
	}
	/* The two that are named may be links; what is in them is not followed. */
	compare_dirs(open(argv[1], O_RDONLY | O_DIRECTORY),
		     open(argv[2], O_RDONLY | O_DIRECTORY), argv[1]);
	printf("%llu %llu\n", files, bytes);
	return fflush(stdout) ? 1 : 0;
}
