/*
 * doctor: the findings, one line each: `ok|warn|FAIL  what  — what to do about it`.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

struct doctor {
    struct cli *cli;
    bool failed;
};

void doctor_ok(struct doctor *doctor, const char *format, ...) __attribute__((format(printf, 2, 3)));
void doctor_warn(struct doctor *doctor, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_fail(struct doctor *doctor, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* doctor_database.c: whether it lets us in, and enough of us at a time; false: it does not. */
bool doctor_check_server(struct doctor *doctor);

/* doctor_web.c: the installation as a client reaches it. */
void doctor_check_web(struct doctor *doctor);

/* doctor_watch.c: what tells the operator of faults; its settings, and what the database knows of them. */
void doctor_check_watch(struct doctor *doctor);
void doctor_check_alarms(struct doctor *doctor);

#endif
