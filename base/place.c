#include "base/place.h"

#include <stdio.h>
#include <unistd.h>

/* Cuts `tail` off the end of the text; false where it does not end so. */
static bool cut(char *text, const char *tail)
{
    size_t length = strlen(text), cut = strlen(tail);

    if (length < cut || strcmp(text + length - cut, tail) != 0)
        return false;
    text[length - cut] = '\0';
    return true;
}

bool place_find(char *path, size_t size, const char *below)
{
    char folder[4096];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    char *name;
    int written;

    if (length <= 0)
        return false;
    folder[length] = '\0';
    name = strrchr(folder, '/');
    if (!name)
        return false;
    *name = '\0';
    if (!cut(folder, "/bin") && !cut(folder, "/libexec/slotwire"))
        return false;
    written = snprintf(path, size, "%s/%s", folder, below);
    return written > 0 && (size_t)written < size && access(path, F_OK) == 0;
}
