/*
 * window: who is at work, and for how long.
 *
 * One dispatcher per database is active: the one that holds the lock GET_LOCK gives (released by the server
 * when its connection dies). A newcomer sends `handover` to the poke socket; the one at work closes the
 * socket, lets go of the lock, carries what it has in flight to its end and leaves, while the newcomer is
 * already at work. Should two ever be at it, the fences keep them from harming each other.
 *
 * A single run (--once) takes no lock, drives nobody out and is driven out by nobody: it works beside.
 */
#ifndef DISPATCHER_WINDOW_H
#define DISPATCHER_WINDOW_H

#include "dispatcher/dispatcher.h"

enum window {
    WINDOW_OURS,
    WINDOW_TAKEN, /* another dispatcher does not hand over */
    WINDOW_FAILED /* the database failed it; it may be away */
};

/* Takes the lock (not for --once), asking whoever has it to hand over. */
enum window window_open(struct dispatcher *dispatcher);

/* Reads the poke socket: a poke makes the next look come soon, `handover` starts the drain. */
void window_listen(struct dispatcher *dispatcher);

/* Every few seconds: the heartbeat, and whether the lock is still ours. */
void window_keep(struct dispatcher *dispatcher);

/* Nothing more is claimed; what is in flight has so long to end. */
void window_drain(struct dispatcher *dispatcher, int64_t seconds, const char *why);

/* While the database is away: tries it now and then. True when it answers. */
bool window_database(struct dispatcher *dispatcher);

/* Lets go of socket and lock. */
void window_close(struct dispatcher *dispatcher);

#endif
