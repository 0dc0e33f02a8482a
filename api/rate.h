/*
 * rate: how often a caller may do a thing. Fixed windows of a length per limit, counted in one table of the
 * database's memory, so that all workers of all hosts count together: one round trip for a limited request,
 * none for the others.
 *
 * What is counted stays counted when the request is refused or rolled back. A table that is full or was
 * emptied by a restart refuses nobody.
 */
#ifndef API_RATE_H
#define API_RATE_H

#include "base/clock.h"
#include "base/id.h"
#include "db/db.h"

struct request;

/* The numbers are stored in rate_windows.bucket: none of them changes its meaning. */
enum rate_limit { RATE_NONE, RATE_BOOKINGS, RATE_CALENDAR, RATE_LOGINS };

struct rate_count {
    int64_t limit;    /* 0: nothing was counted */
    int64_t used;     /* with this one; more than `limit`: refuse it */
    int64_t window;   /* seconds */
    instant reset_at; /* when the window ends */
};

/* Counts one more of the subject in the window that `now` lies in. */
struct rate_count rate_take(struct db *db, struct pool *pool, enum rate_limit which, struct id subject,
                            int64_t limit, instant now);

/*
 * Counts the request by its route's limit, once whatever the number of its tries, and writes the headers:
 * X-RateLimit-Limit, -Remaining and -Reset (Unix seconds), RateLimit-Policy and RateLimit
 * (draft-ietf-httpapi-ratelimit-headers). False after fail() with RATE_LIMITED and Retry-After.
 */
bool rate_check(struct request *request);

/* X-RateLimit-Limit, -Remaining and -Reset (Unix seconds, when the window is surely over) of any window. */
void rate_tell(struct request *request, int64_t limit, int64_t left, instant reset_at);

/* `bookings`, as the headers name it. */
const char *rate_name(enum rate_limit which);
int64_t rate_window(enum rate_limit which); /* seconds */

/* Forgets windows that have ended. */
void rate_sweep(struct db *db, instant now);

#endif
