/* Kills serve-package after its Nth call that changes a file, or before it starts a program that changes the machine, N
 * being $KILL_AFTER; or has the Nth call fail as on a full disk, N being $FAIL_AT; or lets nothing be renamed to $BUSY. Built by restoring.rs and loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int calls;

static void count(void)
{
	const char *after = getenv("KILL_AFTER");
	if (after && strcmp(program_invocation_short_name, "serve-package") == 0 && atomic_fetch_add(&calls, 1) + 1 == atoi(after))
		kill(getpid(), SIGKILL);
}

static int is_full(void)
{
	static atomic_int tried;
	const char *at = getenv("FAIL_AT");
	if (!at || strcmp(program_invocation_short_name, "serve-package") != 0 || atomic_fetch_add(&tried, 1) + 1 != atoi(at))
		return 0;
	errno = ENOSPC;
	return 1;
}

#define WRAP(result, name, parameters, arguments) \
	result name parameters \
	{ \
		if (is_full()) \
			return -1; \
		result(*real) parameters = dlsym(RTLD_NEXT, #name); \
		result returned = real arguments; \
		int error = errno; \
		count(); \
		errno = error; \
		return returned; \
	}

/* As where another file is mounted there. */
static int is_busy(const char *path)
{
	const char *busy = getenv("BUSY");
	if (!busy || strcmp(path, busy) != 0)
		return 0;
	errno = EBUSY;
	return 1;
}

int rename(const char *from, const char *to)
{
	if (is_busy(to) || is_full())
		return -1;
	int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
	int returned = real(from, to);
	int error = errno;
	count();
	errno = error;
	return returned;
}

WRAP(int, unlink, (const char *path), (path))
WRAP(int, rmdir, (const char *path), (path))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, link, (const char *from, const char *to), (from, to))
WRAP(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
WRAP(int, fsync, (int file), (file))
WRAP(int, fchmod, (int file, mode_t mode), (file, mode))
WRAP(int, fchown, (int file, uid_t user, gid_t group), (file, user, group))

/* Not what goes to sockets and pipes. */
static int is_file(int file)
{
	struct stat status;
	return fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

ssize_t write(int file, const void *bytes, size_t length)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
	if (!is_file(file))
		return real(file, bytes, length);
	if (is_full())
		return -1;
	ssize_t written = real(file, bytes, length);
	int error = errno;
	count();
	errno = error;
	return written;
}

int open64(const char *path, int flags, ...)
{
	if ((flags & O_CREAT) && is_full())
		return -1;
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
	va_list rest;
	va_start(rest, flags);
	int file = real(path, flags, va_arg(rest, int));
	va_end(rest);
	int error = errno;
	if (flags & O_CREAT)
		count();
	errno = error;
	return file;
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
		 char *const arguments[], char *const environment[])
{
	int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
		    char *const[]) = dlsym(RTLD_NEXT, "posix_spawnp");
	int changes = strcmp(file, "systemctl") == 0 && strcmp(arguments[1], "show") != 0;
	if (changes || (strcmp(file, "update_engine_client") == 0 && strcmp(arguments[1], "-check_for_update") == 0))
		count();
	return real(pid, file, actions, attributes, arguments, environment);
}
