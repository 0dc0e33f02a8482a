/*
 * options: the command line of slotwire-dispatcher.
 */
#ifndef DISPATCHER_OPTIONS_H
#define DISPATCHER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
    const char *config, *now, *name;
    int64_t window; /* seconds; 0: the setting */
    bool once;
};

/* 0, or the exit status after a message on standard error. */
int options_parse(struct options *options, int argc, char **argv);
/* A name of dispatchers: letters, digits, `.`, `_` and `-`, as it stands in a socket's path. */
bool options_name_is_good(const char *name);
/* --now, which only an installation for tests takes: needs the settings. 0 or the exit status. */
int options_set_clock(const struct options *options);

#endif
