/*
 * transfer: one attempt at one delivery: a webhook as the courier is asked to carry it, and what its result
 * says of the delivery.
 *
 * A transfer belongs to exactly one list or to the courier: idle (here) → claimed → leased (look.c) → the
 * courier (send.c) → done (settle.c) → idle.
 */
#ifndef DISPATCHER_TRANSFER_H
#define DISPATCHER_TRANSFER_H

#include "base/buf.h"
#include "courier/courier.h"
#include "dispatcher/lanes.h"
#include "dispatcher/settle_rules.h"
#include "partners/partner.h"

enum { RESPONSE_LIMIT = 16 * 1024 /* bytes of an answer that are read and kept */ };

struct transfer {
    struct errand errand; /* the first member: an errand that is done is its transfer */
    TAILQ_ENTRY(transfer) link;
    struct pool *pool; /* all that the pointers below point to; reset when the transfer is idle again */
    struct lane *lane;

    /* What was claimed. */
    struct id delivery, company, fence;
    struct partner_event event;
    struct course course;
    struct partner_secrets secrets;
    const char *url;
    const char *custom_headers; /* JSON object of the endpoint's own headers; NULL: none */
    const char *broken;         /* why it cannot be sent at all; NULL: it can */

    /* The attempt. */
    struct id attempt;
    instant started_at;
    int64_t done_at; /* clock_monotonic() */
    int64_t number;  /* of this request among all for the delivery, from 1, whether they count or not */
    struct buf body;
    bool on_the_wire; /* the courier had it: the attempt is logged */

    /* What came of it. */
    struct answer answer;
    struct verdict verdict;
    const char *error;
    bool keep_response;
};
TAILQ_HEAD(transfer_list, transfer);

struct transfers {
    struct pool *pool; /* they are made in; never given back */
    struct transfer_list idle;
};

void transfers_init(struct transfers *transfers, struct pool *pool);
void transfers_release(struct transfers *transfers); /* of those that are idle */

/* An empty transfer, in no list. */
struct transfer *transfer_take(struct transfers *transfers);
/* … and back to the idle ones. */
void transfer_recycle(struct transfers *transfers, struct transfer *transfer);

/* Writes body and headers as the partner's format has them, and the courier's order. May raise: a stored
 * event that cannot be read. */
void transfer_build(struct transfer *transfer);
/* Fills what came of it. */
void transfer_read(struct transfer *transfer);

#endif
