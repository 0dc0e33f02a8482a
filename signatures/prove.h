/*
 * prove: the signatures of one attempt, made again from what is stored, each with all that a receiver needs
 * to follow it but the secret.
 */
#ifndef SIGNATURES_PROVE_H
#define SIGNATURES_PROVE_H

#include "partners/partner.h"

struct proof {
    const struct scheme *scheme;
    const char *secret;
    bool previous;         /* by the previous secret */
    struct parts parts;    /* with the scheme's own timestamp */
    const char *signature; /* as it stands in the message */
};

/* Fills in the signatures of the attempt in the order of their headers; returns how many. */
enum { PROOFS_MAX = 2 * PARTNER_SCHEMES_MAX };
size_t partner_prove(struct pool *pool, const struct partner *partner, const struct partner_event *event,
                     struct partner_secrets secrets, instant attempt_at, const char *body, size_t length,
                     struct proof proofs[PROOFS_MAX]);

/* Exactly the text that was signed; in the pool, with its length. */
const char *proof_text(struct pool *pool, const struct proof *proof, size_t *length);

#endif
