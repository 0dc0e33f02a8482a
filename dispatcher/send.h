/*
 * send: gives claimed transfers to the courier and takes them back, by what their lanes may have.
 */
#ifndef DISPATCHER_SEND_H
#define DISPATCHER_SEND_H

#include "dispatcher/dispatcher.h"

void send_init(struct dispatcher *dispatcher);
void send_release(struct dispatcher *dispatcher); /* whatever list it is in; the courier has none any more */

/* An empty transfer, in no list; and back to `idle`. */
struct transfer *send_transfer(struct dispatcher *dispatcher);
void send_recycle(struct dispatcher *dispatcher, struct transfer *transfer);

/* Builds, signs and starts what is in `claimed`: the courier has it or, where that fails, it moves to `done`.
 * There goes what the courier gives back too. */
void send_claimed(struct dispatcher *dispatcher);

#endif
