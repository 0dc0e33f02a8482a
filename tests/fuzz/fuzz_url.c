/*
 * URLs: what url_read takes, libcurl takes too, and reads in the same way; the guard takes nothing that
 * url_read refuses.
 */
#include "base/guard.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/url_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    bool taken;

    promise(text != NULL);
    memcpy(text, size ? (const char *)data : "", size);
    text[size] = '\0';
    promise(url_judge(text, &taken));
    promise(taken || guard_url_problem(text) != NULL);
    free(text);
    return 0;
}
