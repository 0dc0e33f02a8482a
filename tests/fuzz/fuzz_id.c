/*
 * Ids. A text that is taken is, in lower case, the text of the id it gave; any sixteen bytes survive the way
 * out and back.
 */
#include "base/id.h"
#include "tests/fuzz/fuzz.h"

#include <strings.h>

static const char *const prefixes[] = { "bk",  "usr", "cli", "srv", "ref", "och",     "whk",
                                        "evt", "dlv", "key", "chk", "cit", "cal_item" };
enum { PREFIXES = sizeof prefixes / sizeof *prefixes };

static void check_text(const char *text, size_t size)
{
    char again[ID_TEXT_SIZE];
    struct id id;
    int taken = 0;

    for (size_t at = 0; at < PREFIXES; at++) {
        if (!id_parse(&id, prefixes[at], text, size))
            continue;
        taken++;
        id_format(again, prefixes[at], id);
        promise(strlen(again) == size && strncasecmp(again, text, size) == 0);
    }
    promise(taken <= 1);
}

static void check_bytes(const uint8_t *data, const char *prefix)
{
    struct id id, back;
    char text[ID_TEXT_SIZE], uuid[37];

    memcpy(id.bytes, data, sizeof id.bytes);
    id_format(text, prefix, id);
    promise(id_parse(&back, prefix, text, strlen(text)) && id_equal(id, back));
    promise(!id_parse(&back, prefix, text, strlen(text) - 1));
    promise(strlen(id_format_uuid(uuid, id)) == 36);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    promise(text != NULL);
    memcpy(text, size ? (const char *)data : "", size);
    text[size] = '\0';
    check_text(text, size);
    if (size > sizeof(struct id))
        check_bytes(data + 1, prefixes[data[0] % PREFIXES]);
    free(text);
    return 0;
}
