/*
 * transfer: one curl easy handle: its options, its guard and what can be read from it afterwards.
 */
#ifndef DISPATCHER_TRANSFER_H
#define DISPATCHER_TRANSFER_H

#include "dispatcher/dispatcher.h"

/* Options that never change. */
void transfer_init(struct transfer *transfer);
/* Writes body and headers as the partner's format has them and sets the handle up. May raise: a stored event
 * that cannot be read. */
void transfer_build(struct transfer *transfer);
/* Fills what came of it. */
void transfer_read(struct transfer *transfer, CURLcode code);

#endif
