/*
 * shards: which lanes are ours, where several dispatchers work beside each other on one or more hosts.
 *
 * Each lane belongs to one of SHARDS shards, by the last byte of its endpoint's id. A dispatcher claims only
 * in the shards that it holds, under a lease of `dispatcher_shard_lease` seconds on the one clock that all
 * hosts share: the database's. Five times in a lease it renews what it holds, counts who else is alive, takes
 * what is free and gives back what is more than its part.
 *
 *     a clean end      gives its shards back at once
 *     a hand-over      leaves them to the newcomer of the same name, who takes them over with the lock
 *     kill -9          the newcomer of the same name has them at once, the others when the lease ends
 *     a long pause     nothing is claimed until the lease is renewed: our own monotonic clock says when it
 *                      may have run out, counted from before it was asked for
 *
 * A lease keeps two from crowding one endpoint; that nothing is settled twice is the fences' work, not ours.
 *
 * The job `shards` renews, takes and gives back when it is time.
 *
 * A single run (--once) holds no shard and claims everywhere, beside everyone.
 */
#ifndef DISPATCHER_SHARDS_H
#define DISPATCHER_SHARDS_H

#include "dispatcher/dispatcher.h"

enum { SHARDS = 32 };

/* Once the lock of our name is held: enters us among the living, with the shards of whoever had the name
 * before. The name is kept. May raise. */
void shards_enter(struct dispatcher *dispatcher, const char *own_name);

/* Lets go of all of it. `handed_over`: a newcomer of our name takes them as they are. */
void shards_leave(struct dispatcher *dispatcher, bool handed_over);

/* The shards that may be claimed in at this moment, a bit each. */
int64_t shards_mask(const struct dispatcher *dispatcher);
bool shards_own(const struct dispatcher *dispatcher, struct id endpoint);

/* Whether what only one may do is ours to do: the holder of shard 0, and a single run. */
bool shards_lead(const struct dispatcher *dispatcher);

/* Compares this machine's clock with the database's, and follows that one where they differ by more than a
 * second. May raise. */
void shards_check_clock(struct dispatcher *dispatcher);

#endif
