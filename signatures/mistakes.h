/*
 * mistakes: what receivers do otherwise when they compute a signature: the text, the timestamp or the key.
 * Each list begins with the right way, which has no words; but the times hold the wrong ones alone.
 */
#ifndef SIGNATURES_MISTAKES_H
#define SIGNATURES_MISTAKES_H

#include "signatures/prove.h"

enum { CONTENTS_MAX = 20, TIMES_MAX = 10, KEYS_MAX = 12 };

/* Body and data, both changed in the same way. */
struct contents {
    size_t count;
    struct content {
        const char *words, *body, *data;
        size_t body_length, data_length;
    } items[CONTENTS_MAX];
};

/* Some of these may be the right time as well, for a scheme that writes it so. */
struct times {
    size_t count;
    struct time_text {
        const char *words, *text;
    } items[TIMES_MAX];
};

struct keys {
    size_t count;
    struct key {
        const char *words;
        const uint8_t *bytes;
        size_t length;
    } items[KEYS_MAX];
};

void mistakes_contents(struct pool *pool, const struct parts *parts, struct contents *contents);
void mistakes_times(struct pool *pool, instant attempt_at, instant created_at, struct times *times);
/* `retired` was the secret before; NULL: none is known. */
void mistakes_keys(struct pool *pool, const struct proof *proof, const char *retired, struct keys *keys);

#endif
