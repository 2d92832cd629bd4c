/*
 * A disk that is slow or hangs, for a program that runs with this library
 * (LD_PRELOAD). The file that SLOW_DISK names says how many bytes a second it
 * reads. 0: it hangs as long as the file says so. No file: it is not slow.
 *
 *     cc -shared -fPIC -o slow_disk.so slow_disk.c
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* -1 where it is not slow. */
static long long bytes_a_second(void)
{
    const char *path = getenv("SLOW_DISK");
    FILE *file = path ? fopen(path, "r") : NULL;
    long long rate = -1;
    if (file) {
        if (fscanf(file, "%lld", &rate) != 1)
            rate = -1;
        fclose(file);
    }
    return rate;
}

ssize_t pread64(int descriptor, void *buffer, size_t length, off64_t offset)
{
    long long rate;
    while ((rate = bytes_a_second()) == 0)
        usleep(5000);
    if (rate > 0)
        usleep((useconds_t)(length * 1000000.0 / rate));
    return syscall(SYS_pread64, descriptor, buffer, length, offset);
}
