/*
 * housekeeping: what has to be swept once a minute.
 */
#ifndef DISPATCHER_HOUSEKEEPING_H
#define DISPATCHER_HOUSEKEEPING_H

#include "dispatcher/dispatcher.h"

void housekeeping_run(struct dispatcher *dispatcher); /* a step for dispatcher_guarded */

#endif
