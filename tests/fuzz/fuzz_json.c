/*
 * JSON in and out. Whatever is taken is written in a form that is taken again and written the same; json-c,
 * which is laxer, takes it too and sees the same tree; whatever is refused has a reason that can be shown.
 */
#include "base/json.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

static const struct json_limits limits = { 1 << 16, 32 };

static void compare_with_json_c(struct json_object *root, const char *text, size_t size)
{
    struct json_tokener *tokener = json_tokener_new_ex(limits.depth + 2);
    struct json_object *theirs;

    promise(tokener != NULL);
    theirs = json_tokener_parse_ex(tokener, text, (int)size + 1); /* its NUL ends a number */
    promise(json_tokener_get_error(tokener) == json_tokener_success);
    promise(json_object_equal(root, theirs));
    json_object_put(theirs);
    json_tokener_free(tokener);
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
