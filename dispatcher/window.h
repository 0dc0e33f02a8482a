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
 *
 * Two jobs: `listen` reads the socket in each turn (a poke brings a look, `handover` the drain), `window`
 * writes the heartbeat every few seconds and sees whether the lock is still ours.
 */
#ifndef DISPATCHER_WINDOW_H
#define DISPATCHER_WINDOW_H

#include "dispatcher/dispatcher.h"

enum window_opening {
    WINDOW_OURS,
    WINDOW_TAKEN, /* another dispatcher does not hand over */
    WINDOW_FAILED /* the database failed it; it may be away */
};

/* Takes the name's lock (not for --once), asking whoever has it to hand over. */
enum window_opening window_open(struct dispatcher *dispatcher);

/* Its end, by clock_monotonic(). */
int64_t window_ends_at(const struct dispatcher *dispatcher);
/* To be waited on: it is read by the job `listen`. -1: there is none. */
int window_socket(const struct dispatcher *dispatcher);

/* Nothing more is claimed; what is in flight has so long to end. */
void window_drain(struct dispatcher *dispatcher, int64_t seconds, const char *why);
bool window_drains(const struct dispatcher *dispatcher);
/* How long what is in flight has been over time; below zero: it has time left. Only while draining. */
int64_t window_overtime(const struct dispatcher *dispatcher);

/* While draining, in each turn: lets go of socket, shards and lock as soon as the lock is not asked for any
 * more. */
void window_hand_over(struct dispatcher *dispatcher);
/* Lets go of socket, shards and lock. */
void window_close(struct dispatcher *dispatcher);

#endif
