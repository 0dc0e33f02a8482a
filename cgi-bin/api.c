/*
 * slotwire-api: the FastCGI program; plain CGI where the host has no FastCGI. One process serves one request
 * at a time; spawn-fcgi and multiwatch (or systemd, or mod_fcgid) start as many as the host can carry.
 */
#include "api/metrics.h"
#include "api/openapi.h"
#include "api/permissions.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/guard.h"
#include "base/log.h"
#include "base/range.h"
#include "db/watch.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

extern const struct resource *const resources[]; /* make writes the list from the files of handlers/ */

enum { LARGE_REPLY = 1 << 20 };

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
    (void)signal;
    stopping = 1;
}

/* ---- the two outsides ---- */

/*
 * Where a listener takes both families its IPv4 clients come as `::ffff:192.0.2.1`; from here on they are
 * what they are elsewhere, and no longer all of one IPv6 network. Good until the next request.
 */
static const char *plain(const char *name, const char *value)
{
    static char address[RANGE_IPV4_TEXT];

    return value && strcmp(name, "REMOTE_ADDR") == 0 ? range_unmapped(value, address) : value;
}

static const char *fcgi_param(struct exchange *exchange, const char *name)
{
    return plain(name, FCGX_GetParam(name, ((FCGX_Request *)exchange->private)->envp));
}

static int fcgi_read(struct exchange *exchange, char *data, int length)
{
    return FCGX_GetStr(data, length, ((FCGX_Request *)exchange->private)->in);
}

static void fcgi_write(struct exchange *exchange, const char *data, int length)
{
    FCGX_PutStr(data, length, ((FCGX_Request *)exchange->private)->out);
}

static const char *cgi_param(struct exchange *exchange, const char *name)
{
    (void)exchange;
    return plain(name, getenv(name));
}

static int cgi_read(struct exchange *exchange, char *data, int length)
{
    (void)exchange;
    return (int)fread(data, 1, (size_t)length, stdin);
}

static void cgi_write(struct exchange *exchange, const char *data, int length)
{
    (void)exchange;
    fwrite(data, 1, (size_t)length, stdout);
}

/* ---- FastCGI ---- */

/*
 * What is left of the time that an idle worker keeps its connection to the database; NULL: as long as it
 * likes. Counted from the last answer: a worker that wakes up and finds the request taken by another stays
 * idle.
 */
static const struct timespec *idle_time_left(const struct db *db, int64_t idle_since, struct timespec *left)
{
    int64_t most = config_int(CONFIG_DB_IDLE_SECONDS) * 1000000, gone = clock_monotonic() - idle_since;

    if (most == 0 || !db_is_connected(db))
        return NULL;
    gone = gone < most ? gone : most;
    *left = (struct timespec){ (most - gone) / 1000000, (most - gone) % 1000000 * 1000 };
    return left;
}

/*
 * Waits for a connection with the stop signals let through only here: a signal that comes at any other moment
 * is seen before the next wait, so the request in hand is finished and no new one is taken. Where a host
 * allows few connections to its database, one that is idle for long is better left to others.
 */
static bool wait_for_request(const sigset_t *waiting, struct db *db, int64_t idle_since)
{
    struct pollfd door = { .fd = 0, .events = POLLIN };
    struct timespec left;

    while (!stopping) {
        int ready = ppoll(&door, 1, idle_time_left(db, idle_since, &left), waiting);

        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready == 0)
            db_rest(db);
    }
    return false;
}

static void catch_stop_signals(sigset_t *waiting)
{
    struct sigaction action = { .sa_handler = stop };
    sigset_t blocked;

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, waiting);
    sigdelset(waiting, SIGTERM);
    sigdelset(waiting, SIGINT);
    sigdelset(waiting, SIGUSR1);
}

/*
 * After the answer. Where the request did without the database nothing else goes there either: who asks
 * /healthz, as CGI or of the one worker that answers it, would wait with a database that hangs.
 */
static void look_after(struct db *db, struct pool *pool, uint64_t trips_before)
{
    if (db_round_trips(db) != trips_before)
        watch_dispatcher(db, pool);
}

static void serve_fastcgi(struct pool *pool, struct db *db)
{
    int64_t left = config_int(CONFIG_WORKER_REQUESTS);
    int64_t idle_since = clock_monotonic();
    bool counted = left > 0;
    uint64_t trips;
    FCGX_Request fcgi;
    struct exchange exchange = { fcgi_param, fcgi_read, fcgi_write, &fcgi, resources };
    struct request request;
    sigset_t waiting;

    catch_stop_signals(&waiting);
    /* Several workers wait at one door: whoever comes late finds nobody there and must not hang in accept. */
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
    FCGX_Init();
    FCGX_InitRequest(&fcgi, 0, FCGI_FAIL_ACCEPT_ON_INTR);
    while ((!counted || left-- > 0) && wait_for_request(&waiting, db, idle_since)) {
        if (FCGX_Accept_r(&fcgi) < 0) {
            left++;
            continue;
        }
        clock_follow(config_text(CONFIG_TEST_CLOCK));
        trips = db_round_trips(db);
        request_serve(&request, &exchange, pool, db);
        FCGX_Finish_r(&fcgi);
        look_after(db, pool, trips);
        pool_reset(pool);
        idle_since = clock_monotonic();
        if (request.reply.text_length > LARGE_REPLY)
            malloc_trim(0); /* what one large answer took is not kept for the life of the worker */
    }
}

static void serve_cgi(struct pool *pool, struct db *db)
{
    struct exchange exchange = { cgi_param, cgi_read, cgi_write, NULL, resources };
    struct request request;
    uint64_t trips = db_round_trips(db);

    clock_follow(config_text(CONFIG_TEST_CLOCK));
    request_serve(&request, &exchange, pool, db);
    fflush(stdout);
    look_after(db, pool, trips);
}

/* ---- the command line ---- */

static int print_document(int which)
{
    struct pool *pool = pool_new();
    struct buf out;

    buf_init(&out, pool, 16 << 20);
    if (which == 'r')
        openapi_print_routes(&out, resources);
    else if (which == 'p')
        permissions_print(&out, resources);
    else
        json_write(&out, openapi_document(pool, resources));
    fwrite(out.data, 1, out.length, stdout);
    if (which == 'o')
        putchar('\n');
    pool_free(pool);
    return fflush(stdout) == 0 ? 0 : EX_IOERR;
}

static int serve(void)
{
    struct pool *pool = pool_new();
    struct db *db = db_new();

    if (!guard_configure(config_text(CONFIG_OUTBOUND_ALLOW)))
        return EX_CONFIG;
    metrics_open(resources);
    if (FCGX_IsCGI())
        serve_cgi(pool, db);
    else
        serve_fastcgi(pool, db);
    metrics_close();
    db_free(db);
    pool_free(pool);
    return 0;
}

/*
 * Web servers hand the words of a query without `=` to a CGI program as its arguments (RFC 3875 §4.4): a
 * client's
 * `?--config+/tmp/x` is no command line. As many arguments as the query has words are the client's; a script
 * that names its settings has two, and may as well put them into SLOTWIRE_CONFIG.
 */
static bool arguments_are_the_clients(int count)
{
    const char *query = getenv("GATEWAY_INTERFACE") ? getenv("QUERY_STRING") : NULL;
    int words = 1;

    if (!query || !*query || strchr(query, '='))
        return false;
    for (; *query; query++)
        words += *query == '+';
    return count == words;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "openapi", no_argument, NULL, 'o' },
        { "routes", no_argument, NULL, 'r' },
        { "permissions", no_argument, NULL, 'p' },
        { 0 },
    };
    const char *config = NULL;
    int option, document = 0;

    if (arguments_are_the_clients(argc - 1))
        argc = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?') {
            fprintf(stderr, "usage: slotwire-api [--config FILE] [--openapi | --routes | --permissions]\n");
            return EX_USAGE;
        }
        if (option == 'c')
            config = optarg;
        else
            document = option;
    }
    if (document)
        return print_document(document);
    config_load(config);
    log_open("api");
    return serve();
}
