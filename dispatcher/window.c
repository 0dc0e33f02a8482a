#include "dispatcher/window.h"

#include "base/config.h"
#include "base/log.h"
#include "base/poke.h"
#include "dispatcher/look.h"
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
    HANDOVER_DRAIN_S = 60, /* longer than any format's time-out */
    RETRY_FIRST_US = 100000,
    RETRY_LONGEST_US = 5000000
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

static bool socket_address(const struct dispatcher *dispatcher, struct sockaddr_un *address)
{
    const char *path = config_text(CONFIG_DISPATCHER_SOCKET);
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (path[0] == '\0')
        return false;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "%s%s%s", path,
                          dispatcher->named ? "." : "", dispatcher->named ? dispatcher->name : "");
    if (length < (int)sizeof address->sun_path)
        return true;
    log_warn("dispatcher_socket is too long for a socket; only polling is left path=%s", path);
    return false;
}

/* Who has lost its name finds a successor's socket in that place. */
static bool is_our_place(const struct dispatcher *dispatcher, const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0 && found.st_dev == dispatcher->poke_device &&
           found.st_ino == dispatcher->poke_inode;
}

static void note_place(struct dispatcher *dispatcher, const char *path)
{
    struct stat found = { 0 };
    lstat(path, &found);
    dispatcher->poke_device = found.st_dev;
    dispatcher->poke_inode = found.st_ino;
}

/* Only the holder of the lock comes here, so that nobody's socket is taken away. */
static void open_socket(struct dispatcher *dispatcher)
{
    struct sockaddr_un address;
    if (dispatcher->poke_socket >= 0 || !socket_address(dispatcher, &address))
        return;
    int opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(address.sun_path);
    mode_t mask = umask(0117); /* its owner and group may poke */
    bool bound = opened >= 0 && bind(opened, (const struct sockaddr *)&address, sizeof address) == 0;
    umask(mask);
    if (bound) {
        dispatcher->poke_socket = opened;
        note_place(dispatcher, address.sun_path);
        return;
    }
    log_warn("no poke socket, only polling is left path=%s error=\"%s\"", address.sun_path, strerror(errno));
    if (opened >= 0)
        close(opened);
}

static void close_socket(struct dispatcher *dispatcher)
{
    struct sockaddr_un address;
    if (dispatcher->poke_socket < 0)
        return;
    if (socket_address(dispatcher, &address) && is_our_place(dispatcher, address.sun_path))
        unlink(address.sun_path);
    close(dispatcher->poke_socket);
    dispatcher->poke_socket = -1;
}

static void ask_for_handover(const struct dispatcher *dispatcher)
{
    struct sockaddr_un address;
    if (!socket_address(dispatcher, &address))
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

void window_listen(struct dispatcher *dispatcher)
{
    char message[32];
    ssize_t length;
    if (dispatcher->poke_socket < 0)
        return;
    while ((length = recv(dispatcher->poke_socket, message, sizeof message, 0)) >= 0) {
        struct id company = { { 0 } }; /* none is named by workers of an earlier version */
        if (is_message(message, length, POKE, sizeof company))
            memcpy(company.bytes, message + sizeof POKE - 1, sizeof company);
        look_poked(dispatcher, company);
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
                                   BIND(value_text(dispatcher->name), value_int(seconds)));
    return row && row_int(row, "held") == 1;
}

/* Each take would have to be dropped by itself, so what is ours already is not taken again. */
static bool keep_lock(struct dispatcher *dispatcher)
{
    const struct row *row =
        db_one(dispatcher->db, dispatcher->turn, &ASK_LOCK, BIND(value_text(dispatcher->name)));
    return (row && row_int(row, "held") == 1) || take_lock(dispatcher, 0);
}

static void beat(struct dispatcher *dispatcher)
{
    db_run(dispatcher->db, &BEAT, BIND(value_text(dispatcher->holder), value_time(clock_now())));
    dispatcher->heartbeat_at = clock_monotonic() + HEARTBEAT_US;
    dispatcher->retry_pause = 0; /* an answer alone does not say that the database can be written to */
}

static void open_step(struct dispatcher *dispatcher)
{
    shards_check_clock(dispatcher);
    if (dispatcher->once) {
        beat(dispatcher);
        return;
    }
    dispatcher->locked = keep_lock(dispatcher); /* an earlier try may have got so far */
    for (int i = 0; i < HANDOVER_TRIES && !dispatcher->locked; i++) {
        ask_for_handover(dispatcher);
        dispatcher->locked = take_lock(dispatcher, HANDOVER_WAIT_S);
    }
    if (dispatcher->locked)
        beat(dispatcher);
}

/* Others come at the same moment, so it may meet them. */
static bool enter(struct dispatcher *dispatcher)
{
    enum fault fault = FAULT_NONE;
    for (int i = 0; i < ENTER_TRIES; i++)
        if (dispatcher_guarded(dispatcher, shards_enter, &fault) || fault != FAULT_RETRY)
            break;
    return fault == FAULT_NONE;
}

enum window window_open(struct dispatcher *dispatcher)
{
    enum fault fault;
    if (!dispatcher_guarded(dispatcher, open_step, &fault))
        return WINDOW_FAILED;
    if (dispatcher->once)
        return WINDOW_OURS;
    if (!dispatcher->locked) {
        log_info("another dispatcher is at work and does not hand over");
        return WINDOW_TAKEN;
    }
    open_socket(dispatcher);
    return enter(dispatcher) ? WINDOW_OURS : WINDOW_FAILED;
}

static void keep_step(struct dispatcher *dispatcher)
{
    if (dispatcher->once) {
        beat(dispatcher);
        return;
    }
    bool was_locked = dispatcher->locked;
    dispatcher->locked = keep_lock(dispatcher);
    if (was_locked && !dispatcher->locked)
        window_drain(dispatcher, HANDOVER_DRAIN_S, "another dispatcher has taken over");
    else
        beat(dispatcher);
}

void window_keep(struct dispatcher *dispatcher)
{
    enum fault fault;
    if (dispatcher->draining || clock_monotonic() < dispatcher->heartbeat_at)
        return;
    dispatcher_guarded(dispatcher, keep_step, &fault);
}

static void drop_step(struct dispatcher *dispatcher)
{
    db_one(dispatcher->db, dispatcher->turn, &DROP_LOCK, BIND(value_text(dispatcher->name)));
}

void window_close(struct dispatcher *dispatcher)
{
    enum fault fault;
    close_socket(dispatcher);
    shards_leave(dispatcher, false);
    if (dispatcher->locked && !dispatcher->away)
        dispatcher_guarded(dispatcher, drop_step, &fault);
    dispatcher->locked = false;
}

void window_drain(struct dispatcher *dispatcher, int64_t seconds, const char *why)
{
    int64_t until = clock_monotonic() + seconds * 1000000;
    if (dispatcher->draining && dispatcher->drain_until <= until)
        return;
    dispatcher->draining = true;
    dispatcher->drain_until = until;
    log_info("draining why=\"%s\" in_flight=%d", why, dispatcher->webhooks.flying);
}

/* ---- the database ---- */

void window_is_away(struct dispatcher *dispatcher)
{
    int64_t pause = dispatcher->retry_pause * 2;
    dispatcher->retry_pause = pause < RETRY_FIRST_US     ? RETRY_FIRST_US
                              : pause > RETRY_LONGEST_US ? RETRY_LONGEST_US
                                                         : pause;
    dispatcher->retry_at = clock_monotonic() + dispatcher->retry_pause;
    dispatcher->away = true;
}

bool window_database(struct dispatcher *dispatcher)
{
    int64_t now = clock_monotonic();
    if (!dispatcher->away)
        return true;
    if (now < dispatcher->retry_at)
        return false;
    if (!db_ping(dispatcher->db)) {
        window_is_away(dispatcher);
        return false;
    }
    log_info("the database answers again");
    dispatcher->away = false;
    dispatcher->heartbeat_at = dispatcher->shards_at = 0; /* lock and leases before anything else */
    return true;
}
