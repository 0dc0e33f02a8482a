/* Preloaded into a program: a machine whose clock is SKEW_MS milliseconds wrong. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    const char *text = getenv("SKEW_MS");
    if (result == 0 && clock == CLOCK_REALTIME && text) {
        long long wrong = time->tv_nsec / 1000000 + atoll(text);
        time->tv_nsec = time->tv_nsec % 1000000 + (wrong % 1000 + 1000) % 1000 * 1000000;
        time->tv_sec += wrong / 1000 - (wrong % 1000 < 0);
    }
    return result;
}
