/*
 * window: who is at work, and for how long.
 *
 * One dispatcher of each name is at work: the one that holds the name's lock, which GET_LOCK gives (released
 * by the server when its connection dies). The name is --name, or the setting dispatcher_name, or the host's.
 * A newcomer sends `handover` to the poke socket; the one at work closes the socket, lets go of the lock,
 * carries what it has in flight to its end and leaves, while the newcomer is already at work with its shards.
 * Should two ever be at it, the fences keep them from harming each other. Dispatchers of other names work
 * beside it and share the lanes: shards.c.
 *
 * Workers poke the socket that the settings name. A dispatcher that --name sets beside the host's own listens
 * on that path with a dot and its name, for hand-overs; what is due it finds by polling.
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

/* Takes the name's lock (not for --once), asking whoever has it to hand over. */
enum window window_open(struct dispatcher *dispatcher);

/* Reads the poke socket: a poke makes the next look come soon, `handover` starts the drain. */
void window_listen(struct dispatcher *dispatcher);

/* Every few seconds: the heartbeat, and whether the lock is still ours. */
void window_keep(struct dispatcher *dispatcher);

/* Nothing more is claimed; what is in flight has so long to end. */
void window_drain(struct dispatcher *dispatcher, int64_t seconds, const char *why);

/* The database failed a step: nothing is asked of it until a pause is over, which grows from fault to fault
 * (it may answer and refuse what is written, as one that is read-only or full does) until a heartbeat is
 * written. */
void window_is_away(struct dispatcher *dispatcher);

/* While the database is away: tries it now and then. True when it answers. */
bool window_database(struct dispatcher *dispatcher);

/* Lets go of socket, shards and lock. */
void window_close(struct dispatcher *dispatcher);

#endif
