// SPDX-License-Identifier: GPL-2.0
/*
 * faults - carry out one round of the fault campaign
 *
 * usage: faults ROUNDS SEED
 *
 * ROUNDS is what tools/testing/faults/plan wrote; of it, the round SEED. A round is
 * made of bursts: jobs that run at the same time while one thing goes wrong.
 *
 *   folder PATH                  make it on the card; inherits its parent's policy
 *   burst CLASS                  begins a burst
 *   forget                       sync, and drop what is cached
 *   arm ID FAULT N TIMES         at the N-th event, and TIMES times after it fired
 *   aim SECTOR TIMES             only at tasks with that sector, TIMES in a row
 *   trigger ID FAULT N           makes what is armed possible; is not judged
 *   act ACTION N COUNTER         meanwhile, after N transfers of the jobs
 *   once                         jobs that failed are not done again
 *   may VIOLATION...             that the virtual hardware may count meanwhile
 *   fail-nth N                   the next job's N-th allocation fails
 *   write|over|read PATH         a file; over: it held something else before
 *   rawwrite|rawread NAME OPTION...   extents, by the test client
 *   go                           run them
 *   end
 *
 * PATH is FS/FOLDER/..., on the card below /mnt and of the originals below /input.
 * What was written is acknowledged when fsync() or, for raw data, each bio said that
 * it succeeded. What failed is done once more when nothing goes wrong any more, and
 * then has to succeed. Files that are not acknowledged in the end are moved to FS/FOLDER/lost.
 *
 * To the host goes, through the debug port:
 *
 *   # burst SEED CLASS armed=N fired=N jobs=N errors=N wrong=N transfers=A-B
 *   # ack SEED WHAT
 *   # round SEED is on the card
 *
 * After the last one, nothing is mounted and this stands still, until the host is
 * through with the card: the debug port is told to dump memory as round-SEED, where the
 * host has put a FIFO, which it does not open before.
 *
 * Exit status: 0 if every fault fired and all that was read was right.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port.h"

#define KEYS		"/run/mmc-crypto/keys"
#define PLAN		"/run/mmc-crypto/plan"
#define AT_ONCE		6
#define MAX_JOBS	128
#define MAX_WHAT	512

enum outcome { OK, IO_ERROR, HARNESS, WRONG, PENDING };

enum verb { WRITE, OVER, READ, RAWWRITE, RAWREAD };

static const char *const verbs[] = {
	[WRITE] = "write",
	[OVER] = "over",
	[READ] = "read",
	[RAWWRITE] = "rawwrite",
	[RAWREAD] = "rawread",
};

struct job {
	enum verb verb;
	char what[80];		/* path or name */
	char options[80];
	unsigned int fail_nth;
	pid_t pid;
	enum outcome outcome;
};

static struct burst {
	char class[32];
	struct job jobs[MAX_JOBS];
	unsigned int n_jobs;
	char device[16], fault[32];
	unsigned int at, again;
	uint64_t sector;
	unsigned int in_a_row;
	char trigger[64];
	char action[32], counter[32];
	unsigned int act_at;
	bool once;
	char may[32];
	unsigned int next_fail_nth;
	unsigned int tried, failed;	/* allocations that were to fail, and that did */
} burst;

/* What became of everything that was to be written, over the whole round */
static struct {
	char what[80];
	bool acked;
} items[MAX_WHAT];

static unsigned int n_items;
static const char *const file_systems[] = { "ext4", "f2fs" };
static char disk[32];			/* mmcblk0 */
static char host_dev[PATH_MAX];		/* the host controller in sysfs */
static char driver[PATH_MAX];		/* and its driver */
static const char *seed;
static bool bad;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("faults: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* A line in the results, below those of the test that this is */
static int __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	char text[512] = "log     # ", reply[PORT_TEXT + 1];
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	return port_request(text, strlen(text), reply);
}

/* Something that must not be: the round has failed, but goes on */
static void __attribute__((format(printf, 1, 2))) wrong(const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s: %s\n", burst.class, text);
	note("wrong %s %s: %s", seed, burst.class, text);
	bad = true;
}

static uint64_t port_get(const char *device, const char *format, const char *name)
{
	char text[128], reply[PORT_TEXT + 1];
	int len = snprintf(text, sizeof(text), "get %s ", device);

	len += snprintf(text + len, sizeof(text) - len, format, name);
	if (port_request(text, len, reply))
		die("no property: %s", text);
	return strtoull(reply, NULL, 10);
}

static void port_arm(const char *device, const char *fault, uint64_t n)
{
	char text[128], reply[PORT_TEXT + 1];
	int len = snprintf(text, sizeof(text), "set %s fault-%s %llu", device, fault,
			   (unsigned long long)n);

	if (port_request(text, len, reply))
		die("cannot arm: %s", text);
}

static bool may_violate(const char *what)
{
	char words[64], *word, *rest;

	snprintf(words, sizeof(words), "%s", burst.may);
	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (!strcmp(word, what))
			return true;
	return false;
}

/*
 * What hardware would answer with nonsense, and nobody expects here. Tells for
 * each of them by how much it grew since the call before, if it should not have.
 */
static void count_against(bool tell)
{
	static const char *const devices[] = { "host0", "card0" };
	static uint64_t before[2][64];
	char text[64], reply[PORT_TEXT + 1], *name, *rest;
	unsigned int i, n;

	for (i = 0; i < 2; i++) {
		int len = snprintf(text, sizeof(text), "list %s stat-violation-", devices[i]);

		if (port_request(text, len, reply))
			die("no list: %s", text);
		n = 0;
		for (name = strtok_r(reply, "\n", &rest); name;
		     name = strtok_r(NULL, "\n", &rest)) {
			const char *what = name + strlen("stat-violation-");
			uint64_t now = port_get(devices[i], "%s", name);

			if (n == 64)
				die("%s counts more kinds of violations than there is room for",
				    devices[i]);
			if (tell && now != before[i][n] && !may_violate(what))
				wrong("the hardware counts %llu violations: %s",
				      (unsigned long long)(now - before[i][n]), what);
			before[i][n++] = now;
		}
	}
}

/* run PROGRAM ARGUMENT...: its exit status */
static int run(const char *program, ...)
{
	char *argv[16] = { (char *)program };
	unsigned int n = 1;
	int status;
	va_list ap;
	pid_t pid;

	va_start(ap, program);
	while (n < 15 && (argv[n] = va_arg(ap, char *)))
		n++;
	va_end(ap);

	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execvp(program, argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("%s: %m", program);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

/* The card that is there now, if it is: its number changes while an old one is held */
static bool find_disk(void)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir))) {
		char path[320];

		if (strncmp(entry->d_name, "mmcblk", 6) ||
		    strlen(entry->d_name) > 8)
			continue;
		snprintf(path, sizeof(path), "/dev/%sp3", entry->d_name);
		if (access(path, F_OK))
			continue;
		snprintf(disk, sizeof(disk), "%.31s", entry->d_name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

static void find_host(void)
{
	char path[64], *end;

	if (!find_disk())
		die("no card");
	snprintf(path, sizeof(path), "/sys/block/%s/device", disk);
	if (!realpath(path, host_dev))
		die("%s: %m", path);
	end = strstr(host_dev, "/mmc_host/");
	if (!end)
		die("%s: no mmc host", host_dev);
	strcpy(end, "/driver");
	if (!realpath(host_dev, driver))
		die("%s: %m", host_dev);
	*end = '\0';
}

static int bind_host(const char *how)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", driver, how);
	return write_file(path, strrchr(host_dev, '/') + 1);
}

static void wait_for_disk(void)
{
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		if (find_disk())
			return;
		sleep_ms(10);
	}
	die("the card did not come back");
}

static void add_keys(const char *fs)
{
	char path[320], mnt[32];
	struct dirent *entry;
	DIR *dir = opendir(KEYS);

	snprintf(mnt, sizeof(mnt), "/mnt/%s", fs);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, fs, strlen(fs)))
			continue;
		snprintf(path, sizeof(path), KEYS "/%s", entry->d_name);
		if (run("fskey", "add", mnt, path, NULL))
			die("%s: the key %s was not taken", mnt, path);
	}
	closedir(dir);
}

static void mount_all(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		char dev[64], mnt[32];

		snprintf(dev, sizeof(dev), "/dev/%sp%u", disk, i + 1);
		snprintf(mnt, sizeof(mnt), "/mnt/%s", file_systems[i]);
		if (mount(dev, mnt, file_systems[i], 0, i ? "inlinecrypt,background_gc=off,nodiscard" :
							"inlinecrypt"))
			die("%s: cannot be mounted: %m", dev);
		add_keys(file_systems[i]);
	}
}

static void umount_all(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		char mnt[32];

		snprintf(mnt, sizeof(mnt), "/mnt/%s", file_systems[i]);
		if (umount(mnt))
			die("%s: cannot be unmounted: %m", mnt);
	}
}

static void forget(void)
{
	sync();
	write_file("/proc/sys/vm/drop_caches", "3");
}

/* --- jobs: each is a process; what they return is an outcome */

static void original(char path[128], const char *what)
{
	snprintf(path, 128, "/input/%s", what);
}

static unsigned char *load(const char *what, size_t *size)
{
	unsigned char *data;
	struct stat st;
	char path[128];
	size_t done = 0;
	int fd;

	original(path, what);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		exit(HARNESS);
	data = malloc(st.st_size + 1);
	while (data && done < (size_t)st.st_size) {
		ssize_t n = read(fd, data + done, st.st_size - done);

		if (n <= 0)
			exit(HARNESS);
		done += n;
	}
	close(fd);
	*size = done;
	return data;
}

static int store(const char *path, const unsigned char *data, size_t size, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);
	size_t done = 0;

	if (fd < 0)
		return IO_ERROR;
	while (done < size) {
		size_t step = size - done < 8192 ? size - done : 8192;
		ssize_t n = write(fd, data + done, step);

		if (n <= 0)
			return IO_ERROR;
		done += n;
	}
	if (fsync(fd))
		return IO_ERROR;
	return close(fd) ? IO_ERROR : OK;
}

/* Something else for a file to hold before: nothing in it may be left in the end */
static void scramble(unsigned char *data, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		data[i] ^= 0x55;
}

static int file_job(const struct job *job)
{
	size_t size, done = 0;
	unsigned char *data = load(job->what, &size), *back;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/mnt/%s", job->what);
	switch (job->verb) {
	case OVER:
		scramble(data, size);
		if (store(path, data, size, O_TRUNC))
			return IO_ERROR;
		scramble(data, size);
		return store(path, data, size, 0);
	case WRITE:
		return store(path, data, size, O_TRUNC);
	default:
		break;
	}

	fd = open(path, O_RDONLY);
	back = malloc(size + 1);
	if (fd < 0)
		return IO_ERROR;
	while (done <= size) {
		ssize_t n = read(fd, back + done, size + 1 - done);

		if (n < 0)
			return IO_ERROR;
		if (!n)
			break;
		done += n;
	}
	return done == size && !memcmp(data, back, size) ? OK : WRONG;
}

static int raw_job(struct job *job)
{
	char dev[48], *argv[32] = {
		"blkcrypt", "-d", dev, "-k", KEYS, "-c", "/input", "-p", PLAN,
	};
	unsigned int n = 9;
	char *word;

	snprintf(dev, sizeof(dev), "/dev/%s", disk);
	for (word = strtok(job->options, " "); word && n < 28; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n++] = job->verb == RAWWRITE ? "write" : "read";
	argv[n++] = job->what;
	execvp(argv[0], argv);
	/* Some allocation may have been meant to fail */
	return job->fail_nth ? IO_ERROR : HARNESS;
}

static void start(struct job *job)
{
	int null;

	job->outcome = PENDING;
	job->pid = fork();
	if (job->pid < 0)
		die("fork: %m");
	if (job->pid)
		return;
	null = open("/dev/null", O_WRONLY);
	dup2(null, STDOUT_FILENO);
	/* What fails says so, by its status */
	dup2(null, STDERR_FILENO);
	if (job->fail_nth) {
		char text[16];

		snprintf(text, sizeof(text), "%u", job->fail_nth);
		if (write_file("/proc/self/fail-nth", text))
			_exit(HARNESS);
	}
	_exit(job->verb >= RAWWRITE ? raw_job(job) : file_job(job));
}

static enum outcome outcome_of(int status, const struct job *job)
{
	switch (WIFEXITED(status) ? (int)WEXITSTATUS(status) : HARNESS) {
	case OK:
		return OK;
	case IO_ERROR:
		return IO_ERROR;
	case WRONG:
		return WRONG;
	}
	/* The client's own allocations fail, too: done again, it has to succeed */
	return job->fail_nth ? IO_ERROR : HARNESS;
}

static unsigned int item(const char *what)
{
	unsigned int i;

	for (i = 0; i < n_items; i++)
		if (!strcmp(items[i].what, what))
			return i;
	if (n_items == MAX_WHAT)
		die("too many files");
	snprintf(items[n_items].what, sizeof(items[0].what), "%s", what);
	return n_items++;
}

static bool writes(const struct job *job)
{
	return job->verb != READ && job->verb != RAWREAD;
}

/* Account for what a process returned */
static void finished(struct job *job, unsigned int *errors, unsigned int *mistakes)
{
	bool acked = job->outcome == OK;

	if (writes(job))
		items[item(job->what)].acked = acked;
	if (job->outcome == IO_ERROR) {
		++*errors;
	} else if (job->outcome == WRONG) {
		++*mistakes;
		wrong("%s %s: wrong data", verbs[job->verb], job->what);
	} else if (job->outcome == HARNESS) {
		wrong("%s %s: could not be done", verbs[job->verb], job->what);
	}
}

/* --- what is done meanwhile */

/* Whether the allocation that was to fail has been reached: nothing is left to count */
static bool allocation_failed(int fail_nth)
{
	char left[16] = "";

	return pread(fail_nth, left, sizeof(left) - 1, 0) > 0 && !strtoul(left, NULL, 10);
}

static void rebind(bool no_memory)
{
	/* Opened before, since that allocates, too */
	int fail_nth = no_memory ? open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC) : -1;
	unsigned int n;
	int err;

	umount_all();
	if (bind_host("unbind"))
		die("unbind: %m");
	/* Probing fails at one allocation after the other */
	for (n = 1; no_memory && n < 400; n += 37) {
		if (dprintf(fail_nth, "%u", n) < 0)
			die("fail-nth: %m");
		err = bind_host("bind");
		burst.tried++;
		burst.failed += allocation_failed(fail_nth);
		dprintf(fail_nth, "0");
		if (!err && bind_host("unbind"))
			die("unbind: %m");
	}
	if (no_memory)
		close(fail_nth);
	if (bind_host("bind"))
		die("bind: %m");
	wait_for_disk();
	mount_all();
}

static void suspend(void)
{
	int err;

	write_file("/sys/power/pm_test", "platform");
	err = write_file("/sys/power/state", "freeze");
	write_file("/sys/power/pm_test", "none");
	if (err)
		wrong("suspend: %s", strerror(-err));
}

/* Inodes that are dropped evict the keys that they have of their own */
static void evict(void)
{
	forget();
}

/* Long enough for the host to be suspended by itself, where nothing is to be written */
static void idle(void)
{
	sleep_ms(400);
}

/* Something from the card itself, so that the host is not asleep already */
static void wake(void)
{
	char *buf = aligned_alloc(4096, 4096);
	char dev[48];
	int fd;

	snprintf(dev, sizeof(dev), "/dev/%s", disk);
	fd = open(dev, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (!buf || fd < 0 || pread(fd, buf, 4096, 0) != 4096)
		die("%s: cannot be read: %m", dev);
	close(fd);
	free(buf);
}

static bool action_is(const char *name)
{
	return !strcmp(burst.action, name);
}

/* Before the jobs: what cannot be done under them. All was forgotten, so written, before */
static void act_before(void)
{
	if (action_is("fall-asleep"))
		wake();
	if (action_is("idle") || action_is("fall-asleep"))
		idle();
	else if (action_is("suspend-rebind"))
		suspend();
	else if (action_is("rebind") || action_is("rebind-twice"))
		rebind(false);
	else if (action_is("rebind-no-memory"))
		rebind(true);
	/* What the first one did without is there again */
	if (action_is("rebind-twice"))
		rebind(false);
}

/* What is to interrupt something */
static bool interrupts(void)
{
	return action_is("suspend") || action_is("unplug") || action_is("unplug-late");
}

static void act_meanwhile(void)
{
	if (action_is("suspend"))
		suspend();
	else if (action_is("evict"))
		evict();
	else if (action_is("unplug") || action_is("unplug-late"))
		bind_host("unbind");
}

static void act_after(void)
{
	bool late = action_is("unplug-late");

	/* An engine that did not come back is tried again when the host is resumed */
	if (!strcmp(burst.fault, "bist")) {
		sync();
		idle();
	}
	/* A card that has lost its queue does without until it is found anew */
	if (action_is("suspend-rebind"))
		bind_host("unbind");
	else if (!late && !action_is("unplug"))
		return;
	if (!late)
		umount_all();
	if (bind_host("bind"))
		die("bind: %m");
	wait_for_disk();
	if (late)
		umount_all();
	mount_all();
}

/* --- bursts */

static uint64_t fired(void)
{
	char format[64];

	if (!burst.fault[0])
		return 0;
	snprintf(format, sizeof(format), "fault-%%s-fired");
	return port_get(burst.device, format, burst.fault);
}

static void reap(unsigned int *running, unsigned int *errors, unsigned int *mistakes,
		 unsigned int *injected)
{
	unsigned int i;

	for (i = 0; i < burst.n_jobs; i++) {
		struct job *job = &burst.jobs[i];
		int status;

		if (job->pid <= 0)
			continue;
		if (job->fail_nth) {
			siginfo_t info = {};
			char path[48];
			int fail_nth;

			/* What is left to count can be read until it is reaped */
			if (waitid(P_PID, job->pid, &info,
				   WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
				continue;
			snprintf(path, sizeof(path), "/proc/%d/fail-nth", job->pid);
			fail_nth = open(path, O_RDONLY | O_CLOEXEC);
			*injected += allocation_failed(fail_nth);
			close(fail_nth);
		}
		if (waitpid(job->pid, &status, WNOHANG) != job->pid)
			continue;
		job->pid = 0;
		--*running;
		job->outcome = outcome_of(status, job);
		finished(job, errors, mistakes);
	}
}

/* Jobs that were done when everything worked again */
static unsigned int do_again(unsigned int *errors, unsigned int *mistakes)
{
	unsigned int i, jobs = 0;

	for (i = 0; i < burst.n_jobs; i++) {
		struct job *job = &burst.jobs[i];
		int status;

		if (job->outcome != IO_ERROR)
			continue;
		job->fail_nth = 0;
		start(job);
		if (waitpid(job->pid, &status, 0) != job->pid)
			die("waitpid: %m");
		job->pid = 0;
		job->outcome = outcome_of(status, job);
		finished(job, errors, mistakes);
		jobs++;
		if (job->outcome == IO_ERROR)
			wrong("%s %s: fails when nothing is wrong any more",
			      verbs[job->verb], job->what);
	}
	return jobs;
}

/* Data that was moved or not, as the engine's ledger numbers it */
static uint64_t transfers(void)
{
	return port_get("host0", "stat-%s", "transfers");
}

static void go(void)
{
	unsigned int next = 0, running = 0, errors = 0, mistakes = 0, jobs, injected = 0;
	unsigned int armed = 0, waited = 0;
	uint64_t before, now, count = 0, first_task, keyless;
	bool acted = false;
	/* What comes after these is what is to fail */
	bool armed_first = action_is("idle") || action_is("fall-asleep") ||
			   action_is("suspend-rebind") || action_is("rebind-twice");
	char device[16], fault[32];
	unsigned int at;

	if (strcmp(burst.counter, "-"))
		count = port_get("host0", "stat-%s", burst.counter);
	/* What is read must have been written, or there is nothing to compare */
	for (next = 0, jobs = 0; next < burst.n_jobs; next++) {
		struct job *job = &burst.jobs[next];

		armed += !!job->fail_nth;
		if (writes(job) || items[item(job->what)].acked)
			burst.jobs[jobs++] = *job;
	}
	burst.n_jobs = jobs;
	next = 0;

	count_against(false);
	keyless = port_get("host0", "stat-%s", "icce");
	before = fired();
	first_task = transfers();
	if (!armed_first)
		act_before();
	if (burst.fault[0]) {
		if (burst.in_a_row) {
			port_arm(burst.device, "sector", burst.sector);
			port_arm(burst.device, "repeat", burst.in_a_row);
		}
		port_arm(burst.device, burst.fault, burst.at);
		armed++;
	}
	if (armed_first)
		act_before();
	if (sscanf(burst.trigger, "%15s %31s %u", device, fault, &at) == 3)
		port_arm(device, fault, at);

	while (next < burst.n_jobs || running) {
		while (next < burst.n_jobs && running < AT_ONCE) {
			start(&burst.jobs[next++]);
			running++;
		}
		/* What is to be interrupted is short; a minute may pass until a lost task is missed */
		if (interrupts() && !acted)
			usleep(50);
		else
			usleep(waited++ < 200 ? 500 : 50000);
		reap(&running, &errors, &mistakes, &injected);
		if (!acted && running && transfers() >= first_task + burst.act_at) {
			act_meanwhile();
			acted = true;
		}
		now = fired();
		if (burst.fault[0] && now - before == armed && armed <= burst.again) {
			port_arm(burst.device, burst.fault, 1);
			armed++;
		}
	}
	if (!acted && interrupts())
		wrong("nothing was under way any more");
	if (!acted)
		act_meanwhile();
	now = fired();
	if (burst.fault[0])
		port_arm(burst.device, burst.fault, 0);
	if (burst.in_a_row) {
		port_arm(burst.device, "sector", 0);
		port_arm(burst.device, "repeat", 0);
	}
	if (burst.trigger[0])
		port_arm(device, fault, 0);
	act_after();
	if (!burst.once)
		jobs += do_again(&errors, &mistakes);

	/* Keys that get lost are programmed before they are needed, not after an error */
	keyless = port_get("host0", "stat-%s", "icce") - keyless;
	if (!burst.fault[0] && keyless)
		wrong("%llu tasks met a keyslot without their key",
		      (unsigned long long)keyless);
	count_against(true);
	if (burst.fault[0]) {
		injected = now - before;
		/* Armed again behind the last event, it had nothing left to hit */
		if (injected && injected < armed && burst.again)
			armed = injected;
		if (injected < armed)
			wrong("the fault did not fire");
	} else if (strcmp(burst.counter, "-")) {
		armed = 1;
		injected = port_get("host0", "stat-%s", burst.counter) - count;
		if (!injected)
			wrong("%s did not count", burst.counter);
	} else {
		armed += burst.tried;
		injected += burst.failed;
		if (armed && !injected)
			wrong("no allocation failed");
	}
	note("burst %s %s armed=%u fired=%u jobs=%u errors=%u wrong=%u transfers=%llu-%llu",
	     seed, burst.class, armed, injected, jobs, errors, mistakes,
	     (unsigned long long)first_task + 1, (unsigned long long)transfers());
}

/* --- the plan */

static void make_folder(const char *what)
{
	char path[128];

	snprintf(path, sizeof(path), "/mnt/%s", what);
	if (mkdir(path, 0755))
		die("%s: %m", path);
}

static bool add_job(const char *word, const char *rest)
{
	struct job *job = &burst.jobs[burst.n_jobs];
	unsigned int i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i], word))
			continue;
		if (burst.n_jobs == MAX_JOBS)
			die("too many jobs");
		*job = (struct job){ .verb = i, .fail_nth = burst.next_fail_nth };
		if (sscanf(rest, "%79s %79[^\n]", job->what, job->options) < 1)
			die("%s: of what?", word);
		burst.next_fail_nth = 0;
		burst.n_jobs++;
		return true;
	}
	return false;
}

/* Return: whether the round goes on */
static bool instruction(const char *line)
{
	char word[32], path[80];
	int at = 0;

	if (sscanf(line, "%31s %n", word, &at) != 1)
		die("empty line");
	line += at;
	if (!strcmp(word, "end"))
		return false;
	if (!strcmp(word, "folder") && sscanf(line, "%79s", path) == 1) {
		make_folder(path);
	} else if (!strcmp(word, "burst")) {
		burst = (struct burst){ .counter = "-" };
		if (sscanf(line, "%31s", burst.class) != 1)
			die("burst: of what?");
	} else if (!strcmp(word, "forget")) {
		forget();
	} else if (!strcmp(word, "arm")) {
		if (sscanf(line, "%15s %31s %u %u", burst.device, burst.fault,
			   &burst.at, &burst.again) != 4)
			die("arm: %s", line);
	} else if (!strcmp(word, "aim")) {
		if (sscanf(line, "%" SCNu64 " %u", &burst.sector, &burst.in_a_row) != 2)
			die("aim: %s", line);
	} else if (!strcmp(word, "trigger")) {
		snprintf(burst.trigger, sizeof(burst.trigger), "%s", line);
	} else if (!strcmp(word, "act")) {
		if (sscanf(line, "%31s %u %31s", burst.action, &burst.act_at,
			   burst.counter) != 3)
			die("act: %s", line);
	} else if (!strcmp(word, "may")) {
		snprintf(burst.may, sizeof(burst.may), "%.*s", (int)strcspn(line, "\n"), line);
	} else if (!strcmp(word, "once")) {
		burst.once = true;
	} else if (!strcmp(word, "fail-nth")) {
		burst.next_fail_nth = strtoul(line, NULL, 10);
	} else if (!strcmp(word, "go")) {
		go();
	} else if (!add_job(word, line)) {
		die("what is '%s'?", word);
	}
	return true;
}

static void run_round(const char *file)
{
	char line[256], word[32], which[32];
	bool found = false;
	FILE *rounds = fopen(file, "re");

	if (!rounds)
		die("%s: %m", file);
	while (fgets(line, sizeof(line), rounds)) {
		if (!found) {
			found = sscanf(line, "%31s %31s", word, which) == 2 &&
				!strcmp(word, "round") && !strcmp(which, seed);
			continue;
		}
		if (!instruction(line))
			break;
	}
	if (!found)
		die("%s: no round %s", file, seed);
	fclose(rounds);
}

/* What is not acknowledged may hold anything: the host is not to look for it */
static void put_away(const char *what)
{
	char from[128], to[160];
	const char *slash = strchr(strchr(what, '/') + 1, '/');

	snprintf(from, sizeof(from), "/mnt/%s", what);
	if (access(from, F_OK))
		return;
	snprintf(to, sizeof(to), "/mnt/%.*s/lost", (int)(slash - what), what);
	if (mkdir(to, 0755) && errno != EEXIST)
		die("%s: %m", to);
	snprintf(to, sizeof(to), "/mnt/%.*s/lost/%s-%s", (int)(slash - what), what, seed,
		 strrchr(what, '/') + 1);
	if (rename(from, to))
		die("%s: %m", from);
}

/* No error can be told from what a FIFO cannot do: that there is one is the host's business */
static void stand_still(void)
{
	char text[64], reply[PORT_TEXT + 1];
	int len = snprintf(text, sizeof(text), "dump round-%s", seed);

	if (note("round %s is on the card", seed))
		die("the host cannot be told");
	port_request(text, len, reply);
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 3) {
		fputs("usage: faults ROUNDS SEED\n", stderr);
		return 2;
	}
	seed = argv[2];
	if (!port_open())
		die("no debug port here");
	find_host();
	run_round(argv[1]);

	for (i = 0; i < n_items; i++) {
		if (items[i].acked)
			note("ack %s %s", seed, items[i].what);
		else if (strchr(items[i].what, '/'))
			put_away(items[i].what);
	}
	umount_all();
	stand_still();
	mount_all();
	return bad;
}
