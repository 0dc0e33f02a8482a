/*
 * place: what lies beside the program. Who has a shared host copies an installation from where it was built
 * to a folder of their own; what was compiled in is not there, so programs look beside themselves first.
 */
#ifndef BASE_PLACE_H
#define BASE_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The path of `below`, as "share/slotwire/sql", under the folder whose bin or libexec/slotwire holds the
 * running program. False where the program lies elsewhere (as in a build), or nothing is there by that name.
 */
bool place_find(char *path, size_t size, const char *below);

#endif
