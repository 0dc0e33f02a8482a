#include "rules/people/slugs.h"

#include "base/crypto.h"

#include <ctype.h>

enum { SLUG_MAX = 64, SUFFIX_MAX = 10 };

/* `-2` … `-10`, then eight random characters. */
static const char *suffix_of(struct pool *pool, int attempt)
{
    uint8_t random[4];
    if (attempt == 0)
        return "";
    if (attempt < SLUG_NUMBERED)
        return pool_printf(pool, "-%d", attempt + 1);
    crypto_random(random, sizeof random);
    return pool_printf(pool, "-%s", crypto_hex(pool, random, sizeof random));
}

const char *slug_from_name(struct pool *pool, const char *name, const char *fallback, int attempt)
{
    char text[SLUG_MAX - SUFFIX_MAX + 1];
    size_t length = 0;
    bool gap = false;
    for (const char *at = name; *at && length < sizeof text - 1; at++) {
        unsigned char letter = (unsigned char)*at;
        if (letter < 128 && isalnum(letter)) {
            if (gap && length > 0 && length < sizeof text - 2)
                text[length++] = '-';
            text[length++] = (char)tolower(letter);
            gap = false;
        } else {
            gap = true;
        }
    }
    text[length] = '\0';
    return pool_printf(pool, "%s%s", length ? text : fallback, suffix_of(pool, attempt));
}
