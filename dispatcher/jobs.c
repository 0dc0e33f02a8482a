#include "dispatcher/job.h"

/* A line each, in the order in which a turn runs them. */
#define JOBS                                                                                                 \
    JOB(listen_job)                                                                                          \
    JOB(window_job)                                                                                          \
    JOB(shards_job)                                                                                          \
    JOB(hold_job)                                                                                            \
    JOB(alarm_job) /* before anything is claimed */                                                          \
    JOB(reminders_job)                                                                                       \
    JOB(release_job)                                                                                         \
    JOB(recover_job)                                                                                         \
    JOB(look_job) /* look → claim → send */                                                              \
    JOB(send_job)                                                                                            \
    JOB(settle_job)                                                                                          \
    JOB(mail_job)                                                                                            \
    JOB(forget_job)                                                                                          \
    JOB(housekeeping_job)                                                                                    \
    JOB(orphans_job)                                                                                         \
    JOB(partitions_job)

/* clang-format off */
#define JOB(name) extern const struct job name;
JOBS
#undef JOB

#define JOB(name) &name,
const struct job *const jobs[] = { JOBS NULL };
