#include "dispatcher/window.h"

#include "base/config.h"
#include "base/log.h"
#include "base/poke.h"
#include "dispatcher/job.h"
#include "dispatcher/options.h"
#include "dispatcher/shards.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    HEARTBEAT_US = 4000000,
    HANDOVER_WAIT_S = 5, /* the one at work answers within a turn, unless it hangs in a statement */
    HANDOVER_TRIES = 3,
    ENTER_TRIES = 5,
    BEAT_AGAIN_US = 200000,
    HANDOVER_DRAIN_S = 60 /* longer than any format's time-out */
};

struct window {
    char holder[120]; /* host:pid */
    char name[80];    /* one dispatcher at a time works by it */
    bool named;       /* by --name, beside the one that the host's cron starts: its socket is its own */
    int socket;       /* -1: none */
    dev_t device;
    ino_t inode; /* of its place in the file system */
    bool locked; /* the lock of our name is ours */
    int64_t until;
    int64_t beaten_at, beat_at; /* the last heartbeat; the next one */
    bool drains;                /* nothing more is claimed; ends when nothing is in flight, or then: */
    int64_t drain_until;
};

static const char HANDOVER[] = "handover";

static const struct statement TAKE_LOCK = {
    "SELECT COALESCE(GET_LOCK(SHA1(CONCAT('slotwire dispatcher ', DATABASE(), ' ', ?)), ?), 0) AS held",
    .in = "si"
};

/* A process that is stopped keeps its connection, and with it the lock: the server closes it when nothing was
 * heard for as long as a lease lasts, which a process at work never lets pass. */
static const struct statement KEEP_AWAKE = { "SET SESSION wait_timeout = ?", .in = "i" };

static const struct statement ASK_LOCK = {
    "SELECT COALESCE(IS_USED_LOCK(SHA1(CONCAT('slotwire dispatcher ', DATABASE(), ' ', ?))) = "
    "CONNECTION_ID(), 0) AS held",
    .in = "s"
};

static const struct statement DROP_LOCK = {
    "SELECT COALESCE(RELEASE_LOCK(SHA1(CONCAT('slotwire dispatcher ', DATABASE(), ' ', ?))), 0) AS held",
    .in = "s"
};

static const struct statement BEAT = {
    "INSERT INTO heartbeats (name, holder, seen_at) VALUES ('dispatcher', ?, ?) "
    "ON DUPLICATE KEY UPDATE holder = VALUES(holder), seen_at = VALUES(seen_at)",
    .in = "st"
};

/* ---- the socket ---- */

static bool socket_address(const struct window *window, struct sockaddr_un *address)
{
    const char *path = config_text(CONFIG_DISPATCHER_SOCKET);
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (path[0] == '\0')
        return false;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "%s%s%s", path,
                          window->named ? "." : "", window->named ? window->name : "");
    if (length < (int)sizeof address->sun_path)
        return true;
    log_warn("dispatcher_socket is too long for a socket; only polling is left path=%s", path);
    return false;
}

/* Who has lost its name finds a successor's socket in that place. */
static bool is_our_place(const struct window *window, const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0 && found.st_dev == window->device && found.st_ino == window->inode;
}

static void note_place(struct window *window, const char *path)
{
    struct stat found = { 0 };
    lstat(path, &found);
    window->device = found.st_dev;
    window->inode = found.st_ino;
}

/* Only the holder of the lock comes here, so that nobody's socket is taken away. */
static void open_socket(struct window *window)
{
    struct sockaddr_un address;
    if (window->socket >= 0 || !socket_address(window, &address))
        return;
    int opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(address.sun_path);
    mode_t mask = umask(0117); /* its owner and group may poke */
    bool bound = opened >= 0 && bind(opened, (const struct sockaddr *)&address, sizeof address) == 0;
    umask(mask);
    if (bound) {
        window->socket = opened;
        note_place(window, address.sun_path);
        return;
    }
    log_warn("no poke socket, only polling is left path=%s error=\"%s\"", address.sun_path, strerror(errno));
    if (opened >= 0)
        close(opened);
}

static void close_socket(struct window *window)
{
    struct sockaddr_un address;
    if (window->socket < 0)
        return;
    if (socket_address(window, &address) && is_our_place(window, address.sun_path))
        unlink(address.sun_path);
    close(window->socket);
    window->socket = -1;
}

static void ask_for_handover(const struct window *window)
{
    struct sockaddr_un address;
    if (!socket_address(window, &address))
        return;
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sender < 0)
        return;
    (void)sendto(sender, HANDOVER, sizeof HANDOVER - 1, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 sizeof address);
    close(sender);
}

static bool is_message(const char *message, ssize_t length, const char *word, size_t more)
{
    return (size_t)length == strlen(word) + more && memcmp(message, word, strlen(word)) == 0;
}

static void listen_step(struct dispatcher *dispatcher, void *state)
{
    struct window *window = dispatcher->window;
    char message[32];
    ssize_t length;
    (void)state;
    if (window->socket < 0)
        return;
    while ((length = recv(window->socket, message, sizeof message, 0)) >= 0) {
        struct id company = { { 0 } }; /* none is named by workers of an earlier version */
        if (is_message(message, length, POKE, sizeof company))
            memcpy(company.bytes, message + sizeof POKE - 1, sizeof company);
        wake_for(&dispatcher->wake, company);
        if (is_message(message, length, HANDOVER, 0)) {
            window_drain(dispatcher, HANDOVER_DRAIN_S, "handed over");
            shards_leave(dispatcher, true);
            window_close(dispatcher);
            return;
        }
    }
}

/* ---- the lock ---- */

static bool take_lock(struct dispatcher *dispatcher, int seconds)
{
    db_run(dispatcher->db, &KEEP_AWAKE, BIND(value_int(config_int(CONFIG_DISPATCHER_SHARD_LEASE))));
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &TAKE_LOCK,
                                   BIND(value_text(dispatcher->window->name), value_int(seconds)));
    return row && row_int(row, "held") == 1;
}

/* Each take would have to be dropped by itself, so what is ours already is not taken again. */
static bool keep_lock(struct dispatcher *dispatcher)
{
    const struct row *row =
        db_one(dispatcher->db, dispatcher->turn, &ASK_LOCK, BIND(value_text(dispatcher->window->name)));
    return (row && row_int(row, "held") == 1) || take_lock(dispatcher, 0);
}

static void beat(struct dispatcher *dispatcher)
{
    struct window *window = dispatcher->window;
    db_run(dispatcher->db, &BEAT, BIND(value_text(window->holder), value_time(clock_now())));
    window->beaten_at = clock_monotonic();
    window->beat_at = window->beaten_at + HEARTBEAT_US;
    database_is_written(dispatcher);
}

/* ---- opened ---- */

static void open_step(struct dispatcher *dispatcher, void *state)
{
    struct window *window = state;
    shards_check_clock(dispatcher);
    if (dispatcher->options->once) {
        beat(dispatcher);
        return;
    }
    window->locked = keep_lock(dispatcher); /* an earlier try may have got so far */
    for (int i = 0; i < HANDOVER_TRIES && !window->locked; i++) {
        ask_for_handover(window);
        window->locked = take_lock(dispatcher, HANDOVER_WAIT_S);
    }
    if (window->locked)
        beat(dispatcher);
}

static void enter_step(struct dispatcher *dispatcher, void *state)
{
    shards_enter(dispatcher, ((const struct window *)state)->name);
}

/* Others come at the same moment, so it may meet them. */
static bool enter(struct dispatcher *dispatcher)
{
    enum fault fault = FAULT_RETRY;
    for (int i = 0; i < ENTER_TRIES && fault == FAULT_RETRY; i++)
        fault = database_guarded(dispatcher, enter_step, dispatcher->window);
    return fault == FAULT_NONE;
}

enum window_opening window_open(struct dispatcher *dispatcher)
{
    struct window *window = dispatcher->window;
    if (database_guarded(dispatcher, open_step, window) != FAULT_NONE)
        return WINDOW_FAILED;
    if (!dispatcher->options->once) {
        if (!window->locked) {
            log_info("another dispatcher is at work and does not hand over");
            return WINDOW_TAKEN;
        }
        open_socket(window);
        if (!enter(dispatcher))
            return WINDOW_FAILED;
    }
    log_info("at work holder=%s name=%s", window->holder, window->name);
    return WINDOW_OURS;
}

/* ---- kept ---- */

/* The lock went with the connection. */
static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    const struct window *window = state;
    return window->beaten_at < dispatcher->outage.back_at ? 0 : window->beat_at;
}

static void keep_step(struct dispatcher *dispatcher, void *state)
{
    struct window *window = state;
    bool was_locked = window->locked;
    window->beaten_at = clock_monotonic();
    window->beat_at = window->beaten_at + BEAT_AGAIN_US; /* should this fail */
    if (!dispatcher->options->once)
        window->locked = keep_lock(dispatcher);
    if (was_locked && !window->locked)
        window_drain(dispatcher, HANDOVER_DRAIN_S, "another dispatcher has taken over");
    else
        beat(dispatcher);
}

/* ---- let go ---- */

static void drop_step(struct dispatcher *dispatcher, void *state)
{
    const struct window *window = state;
    db_one(dispatcher->db, dispatcher->turn, &DROP_LOCK, BIND(value_text(window->name)));
}

void window_close(struct dispatcher *dispatcher)
{
    struct window *window = dispatcher->window;
    close_socket(window);
    shards_leave(dispatcher, false);
    if (window->locked && !dispatcher->outage.away)
        database_guarded(dispatcher, drop_step, window);
    window->locked = false;
}

void window_hand_over(struct dispatcher *dispatcher)
{
    if (dispatcher->window->locked)
        window_close(dispatcher);
}

void window_drain(struct dispatcher *dispatcher, int64_t seconds, const char *why)
{
    struct window *window = dispatcher->window;
    int64_t until = clock_monotonic() + seconds * 1000000;
    if (window->drains && window->drain_until <= until)
        return;
    window->drains = true;
    window->drain_until = until;
    log_info("draining why=\"%s\" in_flight=%d", why, dispatcher->lanes.flying);
}

bool window_drains(const struct dispatcher *dispatcher)
{
    return dispatcher->window->drains;
}

int64_t window_overtime(const struct dispatcher *dispatcher)
{
    return clock_monotonic() - dispatcher->window->drain_until;
}

int64_t window_ends_at(const struct dispatcher *dispatcher)
{
    return dispatcher->window->until;
}

int window_socket(const struct dispatcher *dispatcher)
{
    return dispatcher->window->socket;
}

/* ---- the jobs ---- */

/* --name beside the host's own dispatcher; the setting, or the host's name. */
static void take_name(struct window *window, const char *name)
{
    char host[64] = "";
    const char *usual = config_text(CONFIG_DISPATCHER_NAME);
    gethostname(host, sizeof host - 1);
    snprintf(window->holder, sizeof window->holder, "%s:%ld", host, (long)getpid());
    if (usual[0] == '\0')
        usual = host;
    window->named = name && strcmp(name, usual) != 0;
    snprintf(window->name, sizeof window->name, "%s", window->named ? name : usual);
}

static void init(struct dispatcher *dispatcher, void *state)
{
    const struct options *options = dispatcher->options;
    int64_t seconds = options->window ? options->window : config_int(CONFIG_DISPATCHER_WINDOW);
    struct window *window = dispatcher->window = state;
    window->socket = -1;
    window->until = clock_monotonic() + seconds * 1000000;
    take_name(window, options->name);
}

const struct job listen_job = {
    .name = "listen", .while_draining = true, .without_database = true, .step = listen_step
};

const struct job window_job = {
    .name = "window", .size = sizeof(struct window), .init = init, .due_at = due_at, .step = keep_step
};
