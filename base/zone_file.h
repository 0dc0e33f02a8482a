/*
 * zone_file: the compiled files of tzdata, as RFC 8536 describes them. Only for zone.c.
 *
 * A file is a list of changes, and a rule in the manner of POSIX's TZ variable for the time after the last
 * one. libical reads the same files but guesses recurrence rules from the changes, and is hours off where a
 * zone's past is irregular (Easter Island 2020, Cairo, Asunción) or its rule is (Nuuk and Miquelon after
 * 2037).
 */
#ifndef BASE_ZONE_FILE_H
#define BASE_ZONE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZONE_NAME_LIMIT = 64 };

enum zone_moment_kind { MOMENT_WEEKDAY, MOMENT_JULIAN, MOMENT_DAY };

/* When in a year the clocks change: `M3.2.0`, `J60` or `59`, with the wall time before the change. */
struct zone_moment {
    enum zone_moment_kind kind;
    int month, week, day;
    int seconds; /* after midnight; may be negative or more than a day */
};

struct zone_rule {
    bool present, has_summer;
    int standard, summer; /* seconds east of UTC */
    struct zone_moment begin, end;
};

struct zone_data {
    int before; /* the offset before the first change */
    size_t count;
    int64_t *changes;      /* seconds since the epoch, ascending */
    int *offsets;          /* from the change of the same index on */
    struct zone_rule rule; /* after the last change */
};

/* Reads the file of a name that is known to be harmless; false where there is no such zone. What is read
 * stays for as long as the process lives. */
bool zone_file_read(struct zone_data *data, const char *name);

#endif
