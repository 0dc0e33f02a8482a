/*
 * housekeeping: the small things that have to be swept once a minute, by the leader alone. What fills days is
 * partitions.c's.
 */
#ifndef DISPATCHER_HOUSEKEEPING_H
#define DISPATCHER_HOUSEKEEPING_H

#include "dispatcher/dispatcher.h"

void housekeeping_run(struct dispatcher *dispatcher); /* a step for dispatcher_guarded */

#endif
