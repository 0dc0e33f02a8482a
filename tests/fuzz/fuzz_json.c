/*
 * JSON in and out. Whatever is taken is written in a form that is taken again and written the same; json-c,
 * which is laxer, takes it too and sees the same tree; whatever is refused has a reason that can be shown.
 *
 * What stands beyond U+FFFF is not for json-c to judge where it is escaped: 0.16 reads half of it, such as
 * "\ud876\ude00", as U+FFFD. It gets those characters as they are, by a reading of their escapes that is the
 * harness's own.
 */
#include "base/json.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

static const struct json_limits limits = { 1 << 16, 32 };

/* The number of a \uXXXX; 0: none stands there. The text ends with a NUL. */
static unsigned escaped(const char *text)
{
    char digits[5] = { 0 };

    if (text[0] != '\\' || text[1] != 'u' || strspn(text + 2, "0123456789abcdefABCDEF") < 4)
        return 0;
    memcpy(digits, text + 2, 4);
    return (unsigned)strtoul(digits, NULL, 16);
}

static char *put_utf8(char *to, unsigned code)
{
    *to++ = (char)(0xf0 | code >> 18);
    *to++ = (char)(0x80 | (code >> 12 & 0x3f));
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
    return to;
}

/* A copy of what was taken, pairs of surrogates written out; sets `size`. Elsewhere no backslash stands in
 * JSON. */
static char *without_pairs(const char *text, size_t *size)
{
    char *copy = malloc(*size + 1), *to = copy;
    const char *end = text + *size;

    promise(copy != NULL);
    while (text < end) {
        unsigned high = escaped(text), low = high >> 10 == 0xd800 >> 10 ? escaped(text + 6) : 0;
        if (low >> 10 == 0xdc00 >> 10) {
            to = put_utf8(to, 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff)));
            text += 12;
            continue;
        }
        if (*text == '\\')
            *to++ = *text++;
        *to++ = *text++;
    }
    *to = '\0';
    *size = (size_t)(to - copy);
    return copy;
}

static void compare_with_json_c(struct json_object *root, const char *text, size_t size)
{
    struct json_tokener *tokener = json_tokener_new_ex(limits.depth + 2);
    char *copy = without_pairs(text, &size);
    struct json_object *theirs;

    promise(tokener != NULL);
    theirs = json_tokener_parse_ex(tokener, copy, (int)size + 1); /* its NUL ends a number */
    promise(json_tokener_get_error(tokener) == json_tokener_success);
    promise(json_object_equal(root, theirs));
    json_object_put(theirs);
    json_tokener_free(tokener);
    free(copy);
}

static void check_taken(struct pool *pool, struct json_object *root, const char *text, size_t size)
{
    char *written = json_text(pool, root);

    promise(text_is_utf8(written, strlen(written)));
    promise(strcmp(json_text(pool, json_parse_stored(pool, written)), written) == 0);
    compare_with_json_c(root, text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pool *pool = pool_new();
    char *text = malloc(size + 1); /* exact, so that a step too far is seen */
    struct json_object *root;
    const char *why;

    promise(text != NULL);
    memcpy(text, size ? (const char *)data : "", size);
    text[size] = '\0';
    root = json_parse(pool, text, size, limits, &why);
    if (why)
        promise(!root && text_is_utf8(why, strlen(why)));
    else
        check_taken(pool, root, text, size);
    free(text);
    pool_free(pool);
    return 0;
}
