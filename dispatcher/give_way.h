/*
 * give_way: how lanes with a backlog give way to events that come and go at once.
 *
 * What came due long ago can wait a moment longer. While events come and are claimed at once, a backlog is
 * served in slices with a gap between two of them, and not with each answer, so that those events find the
 * dispatcher free: the more of them in a second, the longer the gap. The slices of several lanes are spread,
 * so that an event waits for one of them at most. Alone, a backlog has all of the dispatcher, and beside the
 * busiest stream of events each lane is served every GIVE_WAY_MOST_US or so; every four of them where each
 * look finds events, as where nobody pokes. One that still grows is served so often, and in slices so large,
 * that it shrinks: it would never end otherwise. But what a slow endpoint may take at once can be so little
 * that no gap were short enough: there is a least one.
 *
 * Times are microseconds of clock_monotonic().
 */
#ifndef DISPATCHER_GIVE_WAY_H
#define DISPATCHER_GIVE_WAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    GIVE_WAY_WINDOW_US = 1000000, /* prompt events are counted by the second */
    GIVE_WAY_EACH_US = 1000,      /* that a backlog waits for each of them in a second */
    GIVE_WAY_MOST_US = 200000,
    GIVE_WAY_LEAST_US = 20000, /* … but where fewer events come: growing brings no shorter gap */
    GIVE_WAY_SLICE = 16,       /* rows beside the busiest stream; the fewer events, the more */
    GIVE_WAY_HEAVY_SLICE = 4 /* … where each costs a connection, and as much to write down as ten others */
};

struct give_way {
    int64_t window_at; /* when this second began */
    int count, before; /* prompt events in it, and in the second before */
    int64_t served_at; /* the last slice of any lane */
    int64_t next_at;   /* the first lane that gives way is to have one; INT64_MAX: there is none. look.c's */
};

struct lane_backlog {  /* of one lane */
    int64_t served_at; /* its last slice; 0: none yet */
    int rows;          /* … and how many it could have had in it */
    int grown;         /* that had come to it within the second before */
    bool heavy;        /* its last answer was longer than is read */
};

/* Whether a lane waits for its slice while events come that it should wait for. */
bool give_way_is_on(const struct give_way *give_way);
/* Notes `events` that were claimed as soon as they came; 0: only that time has passed. */
void give_way_count(struct give_way *give_way, int events, int64_t now);
/* How long a lane with a backlog waits between two slices; 0: nothing comes that it should wait for. */
int64_t give_way_gap(const struct give_way *give_way);
/* When it may be served next. */
int64_t give_way_until(const struct give_way *give_way, const struct lane_backlog *backlog);
/* Whether it still waits at this look. `prompt` says that events are to be claimed now: they go first, but
 * not for longer than the lane's gap once more; and all that goes first, other lanes too, for no longer than
 * four of its gaps. */
bool give_way_waits(const struct give_way *give_way, const struct lane_backlog *backlog, bool prompt,
                    int64_t now);
/* How many rows it may have then, at most. */
int give_way_slice(const struct give_way *give_way, const struct lane_backlog *backlog);
/* How long a slice waits for an event behind which it goes, and between it and another lane's. */
int64_t give_way_pause(const struct give_way *give_way);
/* Notes a slice of a lane that could have had `rows`, and to which `grown` came within the last second. */
void give_way_served(struct give_way *give_way, struct lane_backlog *backlog, int rows, int grown,
                     int64_t now);

#endif
