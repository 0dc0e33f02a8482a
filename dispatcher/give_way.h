/*
 * give_way: how a backlog gives way to events that come and go at once.
 *
 * What came due long ago can wait a moment longer. While events come and are claimed at once, lanes with a
 * backlog are served in few large claims and not in one for each answer, so that those events find the
 * dispatcher free: the more of them in a second, the fewer claims. Alone, a backlog has all of the
 * dispatcher, and beside the busiest stream of events it is served every GIVE_WAY_MOST_US or two. One that
 * still grows is served so often that it shrinks: it would never end otherwise. But what a slow endpoint may
 * take at once can be so little that no gap were short enough: there is a least one.
 *
 * Times are microseconds of clock_monotonic().
 */
#ifndef DISPATCHER_GIVE_WAY_H
#define DISPATCHER_GIVE_WAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    GIVE_WAY_WINDOW_US = 1000000, /* prompt events are counted by the second */
    GIVE_WAY_EACH_US = 2000,      /* that a backlog waits for each of them in a second */
    GIVE_WAY_MOST_US = 400000,
    GIVE_WAY_LEAST_US = 20000 /* … but where fewer events come: growing brings no shorter gap */
};

struct give_way {
    int64_t window_at; /* when this second began */
    int count, before; /* prompt events in it, and in the second before */
    int64_t served_at; /* the last claim of a backlog */
    int64_t enough;    /* the gap at which the backlog that grew most then shrinks; 0: none grew */
};

/* Notes `events` that were claimed as soon as they came; 0: only that time has passed. */
void give_way_count(struct give_way *give_way, int events, int64_t now);
/* How long a backlog is to wait between two claims; 0: nothing comes that it should wait for. */
int64_t give_way_gap(const struct give_way *give_way);
/* Whether a backlog waits at this look. `prompt` says that others are to be claimed now: they go first, but
 * not for longer than a second gap. */
bool give_way_waits(const struct give_way *give_way, bool prompt, int64_t now);
/* Notes a claim of a backlog, which could take `most` rows and to which `grown` came within the last second.
 */
void give_way_served(struct give_way *give_way, int grown, int most, int64_t now);
/* When a backlog may be served next. */
int64_t give_way_until(const struct give_way *give_way);

#endif
