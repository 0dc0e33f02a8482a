/*
 * digest: a SHA-256 digest as people write it down: hex or base64, with or without what stands before it.
 */
#ifndef SIGNATURES_DIGEST_H
#define SIGNATURES_DIGEST_H

#include "base/crypto.h"

struct digest {
    uint8_t bytes[SHA256_SIZE];
    const char *form;   /* "lower-case hex" */
    const char *prefix; /* `v1,`, `sha256=` or "" */
};

/* False where the text is no such digest; `*why` says what it looks like instead, as a sentence. */
bool digest_read(struct pool *pool, const char *text, struct digest *digest, const char **why);

#endif
