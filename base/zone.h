/*
 * zone: IANA time zones, from the system's compiled tzdata (RFC 8536).
 *
 * A wall time is always converted with the zone's own rules; nothing adds an offset by hand. Zones are loaded
 * once per process and never freed.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/clock.h"

struct zone;

/* The zone by its IANA name (`Europe/Berlin`, `UTC`), or NULL when there is none. Names are checked before
 * any file is touched. */
const struct zone *zone_find(const char *name);
/* The zone of a stored name; one that this machine does not know is FAULT_BROKEN. */
const struct zone *zone_stored(const char *name);
const char *zone_name(const struct zone *zone);

/* A wall clock reading: a date and minutes since its midnight (0..1440; 1440 is the next midnight). */
struct wall {
    struct date date;
    int minute;
    int second;
};

struct wall zone_to_wall(const struct zone *zone, instant time);
int zone_offset(const struct zone *zone, instant time); /* seconds east of UTC at that instant */

enum zone_fit { ZONE_EXACT, ZONE_GAP, ZONE_TWICE };
/*
 * The instant of a wall time. A time that happens twice (clocks going back) gives the first of the two; a
 * time that never happens (clocks going forward) gives the instant of the jump. `fit` (may be NULL) says
 * which it was.
 */
instant zone_from_wall(const struct zone *zone, struct wall wall, enum zone_fit *fit);

#endif
