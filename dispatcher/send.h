/*
 * send: carries claimed transfers over the network, all on one curl multi.
 *
 * Guarded address (decided on the socket's real address), https unless the operator allow-listed the address,
 * no redirects, no proxy, TLS 1.2 or better with verification, one time-out over all of it, and at most
 * RESPONSE_LIMIT bytes of the answer.
 */
#ifndef DISPATCHER_SEND_H
#define DISPATCHER_SEND_H

#include "dispatcher/dispatcher.h"

void send_init(struct dispatcher *dispatcher);
void send_release(struct dispatcher *dispatcher); /* everything, whatever list it is in */

/* An empty transfer, in no list; and back to `idle`. */
struct transfer *send_transfer(struct dispatcher *dispatcher);
void send_recycle(struct dispatcher *dispatcher, struct transfer *transfer);

/* Builds, signs and starts what is in `claimed`: each moves to `flying` or, where that fails, to `done`. */
void send_claimed(struct dispatcher *dispatcher);
/* Lets curl work; moves what is finished to `done`. */
void send_perform(struct dispatcher *dispatcher);
/* Sleeps until a socket is ready, a datagram waits at the poke socket or the time is over. */
void send_wait(struct dispatcher *dispatcher, int milliseconds);
/* Breaks off what is still in flight, as a fault of ours. */
void send_abort(struct dispatcher *dispatcher);

#endif
