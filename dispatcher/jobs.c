#include "dispatcher/job.h"

/* A line each, in the order in which a turn runs them. */
#define JOBS                                                                                                 \
    JOB(listen)                                                                                              \
    JOB(window)                                                                                              \
    JOB(shards)                                                                                              \
    JOB(hold)                                                                                                \
    JOB(alarm) /* before anything is claimed */                                                              \
    JOB(reminders)                                                                                           \
    JOB(release)                                                                                             \
    JOB(recover)                                                                                             \
    JOB(look) /* look → claim → send */                                                                  \
    JOB(send)                                                                                                \
    JOB(settle)                                                                                              \
    JOB(mail)                                                                                                \
    JOB(forget)                                                                                              \
    JOB(housekeeping)                                                                                        \
    JOB(orphans)                                                                                             \
    JOB(partitions)

#define JOB(name) extern const struct job name##_job;
JOBS
#undef JOB

#define JOB(name) &name##_job,
    const struct job *const jobs[] = { JOBS NULL };
