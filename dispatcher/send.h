/*
 * send: gives leased transfers to the courier and, as they come back, says what each teaches its lane and
 * hands it on to be settled.
 *
 * The job `send` lets the courier work, in each turn.
 */
#ifndef DISPATCHER_SEND_H
#define DISPATCHER_SEND_H

#include "dispatcher/dispatcher.h"

/* Builds, signs and starts them all: the courier has each or, where that fails, it is to be settled. */
void send_leased(struct dispatcher *dispatcher, struct transfer_list *leased);

#endif
