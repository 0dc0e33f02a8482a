/*
 * lease: what was claimed is ours until the lease ends. due_at moves there and the fence is set, so that the
 * rows of a dispatcher that was killed come due again by themselves.
 */
#ifndef DISPATCHER_LEASE_H
#define DISPATCHER_LEASE_H

#include "dispatcher/dispatcher.h"

/* Leases the `count` transfers of `claimed`, inside the transaction that locked their rows. */
void lease_claimed(struct dispatcher *dispatcher, const struct transfer_list *claimed, int count,
                   instant now);

#endif
