/*
 * cli: what the commands of `slotwire` share. One file per command group, one row per command in slotwire.c.
 *
 * A command that changes things runs in one transaction, and again after a deadlock; what it prints with
 * cli_print appears only after the commit.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "base/clock.h"
#include "db/db.h"

#include <stdbool.h>

enum {
    CLI_DONE = 0,
    CLI_REFUSED = 1,
    CLI_USAGE = 64,   /* EX_USAGE */
    CLI_BROKEN = 70,  /* EX_SOFTWARE */
    CLI_DATABASE = 75 /* EX_TEMPFAIL */
};

enum { CLI_OPTIONS_MAX = 8 };

struct cli_option {
    const char *name;
    const char *value; /* what stands for the value in the help; NULL: a flag */
    bool required;
    const char *doc;
    bool many; /* may be given again: the values come joined by commas */
};

struct cli;

struct command {
    const char *words; /* "company create" */
    const char *summary;
    const struct cli_option *options; /* ended by a row without name; NULL: none */
    bool changes;                     /* runs in a transaction */
    int (*run)(struct cli *cli);
};

struct cli {
    struct pool *pool;
    struct db *db;
    instant now;
    const struct command *command;
    const char *values[CLI_OPTIONS_MAX]; /* by option; NULL: not given; "" for a flag */
    struct buf out;
    bool poke; /* wake the dispatcher after the commit */
};

extern const struct command config_command, migrate_command, company_create_command, user_create_command,
    key_create_command, demo_command, doctor_command, mail_test_command;

/* The option's value, or NULL; "" for a flag that was given. */
const char *cli_value(const struct cli *cli, const char *name);
void cli_print(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One line on standard error; gives CLI_REFUSED. */
int cli_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Checks of options: each says on standard error what is wrong with a value that was given. */
bool cli_check_text(const struct cli *cli, const char *name, size_t most);
bool cli_check_email(const struct cli *cli, const char *name);
/* Reads `cli_…` and checks that it exists. */
bool cli_find_company(const struct cli *cli, const char *text, struct id *company);
/* The same of `--company`. */
bool cli_company(const struct cli *cli, struct id *company);

#endif
