// SPDX-License-Identifier: GPL-2.0
/*
 * walk.c - every regular file below a host folder
 *
 * Follows no symbolic links and goes by file descriptors, so that names and
 * depths of any kind are only names. What is done with a file is the caller's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify.h"

static void walk(int fd, const char *shown, file_fn fn, void *arg)
{
	DIR *dir = fdopendir(fd);
	struct dirent *de;
	struct stat st;
	struct blob file;
	char *path;
	int sub;

	if (!dir)
		die("%s: %s", shown, strerror(errno));
	for (errno = 0; (de = readdir(dir)); errno = 0) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (asprintf(&path, "%s/%s", shown,
			     printable(de->d_name, strlen(de->d_name))) < 0)
			die("out of memory");
		if (fstatat(dirfd(dir), de->d_name, &st, AT_SYMLINK_NOFOLLOW))
			die("%s: %s", path, strerror(errno));
		if (S_ISDIR(st.st_mode)) {
			sub = openat(dirfd(dir), de->d_name, O_RDONLY |
				     O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (sub < 0)
				die("%s: %s", path, strerror(errno));
			walk(sub, path, fn, arg);
		} else if (S_ISREG(st.st_mode)) {
			file = map_at(dirfd(dir), de->d_name, path);
			fn(arg, &file, path);
			unmap(&file);
		}
		free(path);
	}
	if (errno)
		die("%s: %s", shown, strerror(errno));
	closedir(dir);
}

void walk_files(const char *dir, file_fn fn, void *arg)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", dir, strerror(errno));
	walk(fd, dir, fn, arg);
}
