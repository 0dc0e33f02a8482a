/*
 * orphans: deliveries that wait for an endpoint that is gone, deleted while their event was being written or
 * with more rows than one request gives up. They are given up here.
 */
#ifndef DISPATCHER_ORPHANS_H
#define DISPATCHER_ORPHANS_H

#include "dispatcher/dispatcher.h"

/* A step of the walk over all lanes with waiting rows; false: it is over, and the next one begins anew. */
bool orphans_sweep(struct dispatcher *dispatcher);

#endif
