/*
 * clock: the time of day, and RFC 3339 text.
 *
 * An `instant` is milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. The business reads
 * clock_now(), which tests can set where the setting `test_clock` names a file; waiting and measuring use
 * clock_monotonic(), which nothing can set.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t instant; /* milliseconds since the Unix epoch, UTC */

enum { CLOCK_SECOND = 1000, CLOCK_MINUTE = 60 * CLOCK_SECOND, CLOCK_HOUR = 60 * CLOCK_MINUTE };
#define CLOCK_DAY ((instant)24 * CLOCK_HOUR)

/* The earliest and latest instants that the API takes and the schema holds: years 1970 to 9999. */
#define INSTANT_MIN ((instant)0)
#define INSTANT_MAX ((instant)253402300799999)

instant clock_now(void);       /* the business's time: real, or as set by a test */
instant clock_real(void);      /* the real time, whatever a test says: the machine's and the offset */
int64_t clock_monotonic(void); /* microseconds from an unknown start */

/*
 * For a process that knows a better clock than its machine's: so many milliseconds are added to it from then
 * on, in clock_real() and so in clock_now() and in new ids. 0 at the start.
 */
void clock_set_offset(int64_t milliseconds);
int64_t clock_offset(void);

/* Freezes clock_now() at `time`. For `--now` and unit tests. */
void clock_set(instant time);
/*
 * Follows the file named by the setting `test_clock`: it holds one RFC 3339 time. Read again at each call, so
 * one call at the start of a request is enough. An empty path, no file or a malformed one: the real clock.
 */
void clock_follow(const char *path);

enum { CLOCK_TEXT_SIZE = 32 };
char *clock_format(char *text, instant time);         /* 2025-10-31T15:30:00.000Z */
char *clock_format_seconds(char *text, instant time); /* 2025-10-31T15:30:00Z */

/*
 * RFC 3339 date-time with any offset: `2025-10-31T15:30:00Z`, `…T15:30:00.25+02:00`, `t` and `z` in lower
 * case, a space for T. Fractions past the millisecond are cut. False for anything else: impossible dates, no
 * offset, second 60, outside INSTANT_MIN..INSTANT_MAX.
 */
bool clock_parse(instant *time, const char *text, size_t length);

/* A calendar date without a zone. */
struct date {
    int year, month, day; /* 1970..9999, 1..12, 1..31 */
};
bool date_parse(struct date *date, const char *text, size_t length); /* exactly YYYY-MM-DD, and a real day */
char *date_format(char *text, struct date date);                     /* CLOCK_TEXT_SIZE bytes are enough */
int64_t date_to_days(struct date date);                              /* days since 1970-01-01 */
struct date date_from_days(int64_t days);
int date_weekday(struct date date); /* 0 Monday … 6 Sunday, as ISO 8601 counts */

#endif
