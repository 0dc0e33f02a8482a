/*
 * diagnose: what a receiver did otherwise, told from the signature that it computed. The usual mistakes with
 * key, text, timestamp and body are tried, alone and in pairs; the fewest that explain the signature are
 * told.
 */
#ifndef SIGNATURES_DIAGNOSE_H
#define SIGNATURES_DIAGNOSE_H

#include "signatures/prove.h"

enum { DIAGNOSIS_LINES_MAX = 8 };
struct diagnosis {
    bool match;         /* it is, to the byte, a signature of the attempt */
    const char *scheme; /* whose signature it is or was meant to be; NULL: nobody can tell */
    const char *lines[DIAGNOSIS_LINES_MAX]; /* sentences; no line holds a secret */
    size_t count;
};

struct question {
    const struct partner *partner;
    const struct partner_event *event;
    instant attempt_at;
    const struct proof *proofs; /* of that attempt */
    size_t proofs_count;
    const char *retired;  /* a secret that was good before and is not any more; NULL: none is known */
    const char *computed; /* what the receiver came to */
};

void partner_diagnose(struct pool *pool, const struct question *question, struct diagnosis *diagnosis);

#endif
