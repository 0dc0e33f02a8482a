#include "db/watch.h"

#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { LOOK_EVERY_US = 30000000, START_EVERY = CLOCK_MINUTE, FILES_MOST = 65536, ENVIRONMENT_MOST = 256 };

/* It stays longer than under cron, because nobody may come by to start the next one; a cron that is back
 * takes over from it all the same. */
static const char WINDOW[] = "600";

static const struct statement BEAT = { "SELECT seen_at FROM heartbeats WHERE name = 'dispatcher'" };

/* Of all workers that see it at once one gets the turn. */
static const struct statement KNOW = {
    "INSERT IGNORE INTO heartbeats (name, holder, seen_at) VALUES ('watch', '', ?)", .in = "t"
};
static const struct statement TAKE_TURN = {
    "UPDATE heartbeats SET holder = ?, seen_at = ? WHERE name = 'watch' AND (seen_at <= ? OR seen_at > ?)",
    .in = "sttt"
};

static int64_t look_at;

/* ---- the new process ---- */

/* What a request brought in (plain CGI has it in the environment) is nothing for a program that stays. */
static char **clean_environment(struct pool *pool)
{
    static const char *const kept[] = {
        "PATH=",         "HOME=",    "TZ=", "LANG=", "LC_ALL=", "TMPDIR=", "LD_LIBRARY_PATH=",
        "ASAN_OPTIONS=", "SLOTWIRE_"
    };
    char **clean = pool_array(pool, ENVIRONMENT_MOST + 1, sizeof *clean);
    size_t count = 0;
    for (char **at = environ; *at && count < ENVIRONMENT_MOST; at++)
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            if (strncmp(*at, kept[i], strlen(kept[i])) == 0) {
                clean[count++] = *at;
                break;
            }
    return clean;
}

/*
 * The worker's door, connections and blocked signals are not for its child. Standard error stays, for the
 * log, unless it is a pipe: a web server that reads one waits for its end.
 */
static void leave_worker(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    struct stat errors;
    sigset_t none;
    int nothing = open("/dev/null", O_RDWR);
    long most = sysconf(_SC_OPEN_MAX);
    dup2(nothing, 0);
    dup2(nothing, 1);
    if (fstat(2, &errors) != 0 || S_ISFIFO(errors.st_mode))
        dup2(nothing, 2);
    for (int file = 3; file < (most > 0 && most < FILES_MOST ? most : FILES_MOST); file++)
        close(file);
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Forked twice, so that it belongs to nobody and leaves no zombie. */
static bool start(struct pool *pool, const char *program)
{
    const char *config = config_file();
    char *arguments[] = { pool_strdup(pool, program),
                          "--window",
                          pool_strdup(pool, WINDOW),
                          config ? "--config" : NULL,
                          config ? pool_strdup(pool, config) : NULL,
                          NULL };
    char **environment = clean_environment(pool);
    int status = 0;
    pid_t child = fork();
    if (child < 0)
        return false;
    if (child == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        leave_worker();
        execve(program, arguments, environment);
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return true;
}

/* ---- the look ---- */

static bool take_turn(struct db *db, instant now)
{
    char holder[100], host[80] = "";
    gethostname(host, sizeof host - 1);
    snprintf(holder, sizeof holder, "%s:%ld", host, (long)getpid());
    db_run(db, &KNOW, BIND(value_time(INSTANT_MIN)));
    return db_run(db, &TAKE_TURN,
                  BIND(value_text(holder), value_time(now), value_time(now - START_EVERY),
                       value_time(now))) == 1;
}

static void look(struct db *db, struct pool *pool)
{
    const char *program = config_text(CONFIG_DISPATCHER_PROGRAM);
    const struct row *row = db_one(db, pool, &BEAT, BIND_NONE);
    instant now = clock_now();
    if (row && llabs(now - row_time(row, "seen_at")) < WATCH_LATE)
        return; /* a sign from the future is of a clock that was set back since: it says nothing */
    if (!take_turn(db, now))
        return;
    if (row)
        log_error("no dispatcher was seen, does cron still start it? minutes=%lld",
                  (long long)(llabs(now - row_time(row, "seen_at")) / CLOCK_MINUTE));
    else
        log_error("no dispatcher was ever seen, does cron start it?");
    if (!*program)
        return;
    if (*program == '/' && access(program, X_OK) == 0 && start(pool, program))
        log_warn("started the dispatcher program=%s", program);
    else
        log_error("the dispatcher cannot be started program=%s", program);
}

void watch_dispatcher(struct db *db, struct pool *pool)
{
    struct fault_frame frame;
    int64_t now = clock_monotonic();
    if (now < look_at)
        return;
    look_at = now + LOOK_EVERY_US;
    if (fault_catch(&frame) != FAULT_NONE) {
        db_rollback(db);
        return;
    }
    look(db, pool);
    fault_done(&frame);
}
