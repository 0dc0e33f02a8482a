#include "signatures/prove.h"

enum { MARGIN = 256 };

static struct proof prove(struct pool *pool, const struct scheme *scheme, const struct parts *parts,
                          const char *secret, bool previous)
{
    return (struct proof){
        .scheme = scheme,
        .secret = secret,
        .previous = previous,
        .parts = *parts,
        .signature = scheme_sign(pool, scheme, secret, parts),
    };
}

size_t partner_prove(struct pool *pool, const struct partner *partner, const struct partner_event *event,
                     struct partner_secrets secrets, instant attempt_at, const char *body, size_t length,
                     struct proof proofs[PROOFS_MAX])
{
    const struct scheme *schemes[PARTNER_SCHEMES_MAX];
    size_t schemes_count = partner_schemes(partner, secrets.families, schemes), count = 0;
    struct parts parts = partner_parts(pool, partner, event, body, length, true);

    for (size_t i = 0; i < schemes_count; i++) {
        parts.timestamp = scheme_timestamp(pool, schemes[i], attempt_at);
        proofs[count++] = prove(pool, schemes[i], &parts, secrets.current, false);
        if (schemes[i]->several && secrets.previous)
            proofs[count++] = prove(pool, schemes[i], &parts, secrets.previous, true);
    }
    return count;
}

const char *proof_text(struct pool *pool, const struct proof *proof, size_t *length)
{
    struct buf text;

    buf_init(&text, pool, proof->parts.body_length + proof->parts.data_length + MARGIN);
    scheme_text(proof->scheme->pattern, &proof->parts, &text);
    *length = text.length;
    return text.data ? text.data : "";
}
