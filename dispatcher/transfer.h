/*
 * transfer: a webhook as the courier is asked to carry it, and what its result says of the delivery.
 */
#ifndef DISPATCHER_TRANSFER_H
#define DISPATCHER_TRANSFER_H

#include "dispatcher/dispatcher.h"

/* Writes body and headers as the partner's format has them, and the courier's order. May raise: a stored
 * event that cannot be read. */
void transfer_build(struct transfer *transfer);
/* Fills what came of it. */
void transfer_read(struct transfer *transfer);

#endif
