/*
 * mail: gives due messages to the courier, a few at a time.
 *
 * As deliveries, messages are leased and fenced; what a killed dispatcher had in hand comes due again, with
 * the same Message-ID. A mail that is not taken is tried again after 1 and 5 minutes, half an hour, 2, 8 and
 * 24 hours, then given up; where the fault is not the mail's (no server, no login), once a day until it is
 * MAIL_AGE old. While the server cannot be used at all one mail alone tries it, after a rest, and the others
 * lose nothing.
 */
#include "base/config.h"
#include "base/log.h"
#include "channels/email.h"
#include "dispatcher/job.h"
#include "dispatcher/window.h"

enum {
    PARALLEL = 4, /* connections that mail servers commonly grant one client */
    LOOK_EVERY_US = 500000,
    REST_FIRST_US = 5000000,
    REST_LONGEST_US = 60000000
};

#define MAIL_AGE (5 * CLOCK_DAY)

static const instant SCHEDULE[] = { CLOCK_MINUTE,   5 * CLOCK_MINUTE, 30 * CLOCK_MINUTE,
                                    2 * CLOCK_HOUR, 8 * CLOCK_HOUR,   24 * CLOCK_HOUR };
enum { TRIES = sizeof SCHEDULE / sizeof *SCHEDULE };

static const struct statement LOCK_DUE = {
    "SELECT id, company_id, recipient, subject, body, attempts, created_at FROM messages "
    "WHERE state = 'pending' AND due_at <= ? ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED",
    .in = "ti"
};

static const struct statement LEASE = {
    "UPDATE messages SET fence = ?, due_at = ? WHERE id = ? AND company_id <=> ?", .in = "utuu"
};

static const struct statement FINISH = {
    "UPDATE messages SET state = ?, attempts = ?, error = ?, settled_at = ?, body = '', fence = NULL "
    "WHERE id = ? AND company_id <=> ? AND fence = ?",
    .in = "sistuuu"
};

static const struct statement PUT_OFF = {
    "UPDATE messages SET due_at = ?, attempts = ?, error = COALESCE(?, error), fence = NULL "
    "WHERE id = ? AND company_id <=> ? AND fence = ?",
    .in = "tisuuu"
};

static const struct statement COUNT = {
    "INSERT INTO counters (name, value) VALUES (?, 1) ON DUPLICATE KEY UPDATE value = value + 1", .in = "s"
};

struct letter {
    struct errand errand; /* the first member: an errand that is done is its letter */
    TAILQ_ENTRY(letter) link;
    struct id company, fence;
    int attempts;
    struct email email;
    enum email_fate fate;
    const char *words;
    bool aborted;
};
TAILQ_HEAD(letters, letter);

struct mail_room {
    struct sender sender;
    struct letters claimed, done;
    int in_hand; /* those, and what the courier has */
    int64_t look_at;
    int64_t rest_until, rest;
    bool usable; /* the server took the last mail that it was asked about, or refused it */
    bool work_left;
};

/* ---- letters ---- */

static struct letter *take_row(const struct row *row, struct id fence)
{
    struct pool *pool = pool_new();
    struct letter *letter = pool_alloc(pool, sizeof *letter);
    letter->errand.pool = pool;
    letter->company = row_id(row, "company_id");
    letter->fence = fence;
    letter->attempts = (int)row_int(row, "attempts");
    letter->email = (struct email){
        .id = row_id(row, "id"),
        .recipient = pool_strdup(pool, row_text(row, "recipient")),
        .subject = pool_strdup(pool, row_text(row, "subject")),
        .body = pool_strdup(pool, row_text(row, "body")),
        .created_at = row_time(row, "created_at"),
    };
    return letter;
}

static void let_go(struct mail_room *room, struct letters *list, struct letter *letter)
{
    TAILQ_REMOVE(list, letter, link);
    room->in_hand--;
    pool_free(letter->errand.pool);
}

static void let_all_go(struct mail_room *room, struct letters *list)
{
    struct letter *letter;
    while ((letter = TAILQ_FIRST(list)))
        let_go(room, list, letter);
}

/* ---- back from the courier ---- */

/* No server: it is left alone for a while, longer each time. */
static void learn(struct mail_room *room, const struct letter *letter)
{
    room->usable = letter->fate != EMAIL_UNSENT;
    if (room->usable) {
        room->rest = room->rest_until = 0;
        return;
    }
    room->rest = room->rest == 0 ? REST_FIRST_US : room->rest * 2;
    if (room->rest > REST_LONGEST_US)
        room->rest = REST_LONGEST_US;
    room->rest_until = clock_monotonic() + room->rest;
    log_warn("mails cannot be sent why=\"%s\" rest_s=%lld", letter->words, (long long)(room->rest / 1000000));
}

static void take_back(void *owner, struct errand *errand)
{
    struct mail_room *room = owner;
    struct letter *letter = (struct letter *)errand;
    letter->aborted = errand->result.kind == ANSWER_OURS;
    if (!letter->aborted) {
        letter->fate = email_fate(errand, &letter->words);
        learn(room, letter);
    }
    TAILQ_INSERT_TAIL(&room->done, letter, link);
}

/* ---- claim ---- */

static int room_left(const struct mail_room *room)
{
    return (room->usable ? PARALLEL : 1) - room->in_hand;
}

static void claim(struct dispatcher *dispatcher, void *state)
{
    struct mail_room *room = state;
    instant now = clock_now();
    struct id fence = id_new();
    int most = room_left(room);
    db_begin(dispatcher->db);
    struct rows due =
        db_all(dispatcher->db, dispatcher->turn, &LOCK_DUE, BIND(value_time(now), value_int(most)));
    instant until = now + config_int(CONFIG_DISPATCHER_LEASE) * CLOCK_SECOND;
    for (size_t i = 0; i < due.count; i++) {
        struct letter *letter = take_row(&due.items[i], fence);
        TAILQ_INSERT_TAIL(&room->claimed, letter, link);
        room->in_hand++;
        db_run(
            dispatcher->db, &LEASE,
            BIND(value_id(fence), value_time(until), value_id(letter->email.id), value_id(letter->company)));
    }
    db_commit(dispatcher->db);
    room->work_left = due.count == (size_t)most;
}

static void fly(struct dispatcher *dispatcher, struct mail_room *room, struct letter *letter)
{
    TAILQ_REMOVE(&room->claimed, letter, link);
    letter->errand.sender = &room->sender;
    if (!email_order(&letter->errand, &letter->email)) {
        letter->fate = EMAIL_REFUSED;
        letter->words = "The recipient is no e-mail address, or the text is too long.";
        TAILQ_INSERT_TAIL(&room->done, letter, link);
        return;
    }
    if (!courier_send(dispatcher->courier, &letter->errand))
        take_back(room, &letter->errand);
}

/* When it may; INT64_MAX: not before an answer, or somebody, gives way. */
static int64_t claims_at(const struct dispatcher *dispatcher, const struct mail_room *room)
{
    if (window_drains(dispatcher) || email_problem() || room_left(room) <= 0)
        return INT64_MAX;
    return room->work_left || room->look_at < room->rest_until ? room->rest_until : room->look_at;
}

static void claim_and_start(struct dispatcher *dispatcher, struct mail_room *room)
{
    struct letter *letter;
    int64_t now = clock_monotonic();
    if (now < claims_at(dispatcher, room))
        return;
    room->look_at = now + LOOK_EVERY_US;
    room->work_left = false;
    if (database_guarded(dispatcher, claim, room) != FAULT_NONE) {
        let_all_go(room, &room->claimed);
        return;
    }
    while ((letter = TAILQ_FIRST(&room->claimed)))
        fly(dispatcher, room, letter);
}

/* ---- settle ---- */

/* When it is tried again; 0: never. */
static instant again_at(const struct letter *letter, instant now)
{
    if (letter->fate == EMAIL_REFUSED)
        return 0;
    if (letter->attempts < TRIES)
        return now + SCHEDULE[letter->attempts];
    if (letter->fate == EMAIL_UNSENT && now - letter->email.created_at < MAIL_AGE)
        return now + CLOCK_DAY;
    return 0;
}

static void settle_letter(struct dispatcher *dispatcher, const struct letter *letter)
{
    char id[ID_TEXT_SIZE];
    instant now = clock_now(), again = letter->aborted ? now : again_at(letter, now);
    bool sent = !letter->aborted && letter->fate == EMAIL_SENT;
    int attempts = letter->attempts + !letter->aborted;
    struct value mail = value_id(letter->email.id), company = value_id(letter->company),
                 fence = value_id(letter->fence);
    if (!sent && again > 0) {
        db_run(dispatcher->db, &PUT_OFF,
               BIND(value_time(again), value_int(attempts), value_text(letter->words), mail, company, fence));
        return;
    }
    uint64_t matched = db_run(dispatcher->db, &FINISH,
                              BIND(value_text(sent ? "sent" : "failed"), value_int(attempts),
                                   value_text(letter->words), value_time(now), mail, company, fence));
    if (matched > 0)
        db_run(dispatcher->db, &COUNT, BIND(value_text(sent ? "mails_sent" : "mails_failed")));
    if (!sent) /* the answer may name the recipient, which the log does not */
        log_warn("a mail is given up message=%s attempts=%d", id_format(id, "msg", letter->email.id),
                 attempts);
}

static void settle(struct dispatcher *dispatcher, void *state)
{
    struct mail_room *room = state;
    struct letter *letter;
    db_begin(dispatcher->db);
    TAILQ_FOREACH(letter, &room->done, link)
        settle_letter(dispatcher, letter);
    db_commit(dispatcher->db);
    let_all_go(room, &room->done);
}

/* A row that cannot be settled is let go: its lease runs out and it is sent again. */
static void settle_done(struct dispatcher *dispatcher, struct mail_room *room)
{
    if (!TAILQ_EMPTY(&room->done) && database_guarded(dispatcher, settle, room) == FAULT_BROKEN)
        let_all_go(room, &room->done);
}

/* ---- the job ---- */

static void init(struct dispatcher *dispatcher, void *state)
{
    struct mail_room *room = state;
    (void)dispatcher;
    TAILQ_INIT(&room->claimed);
    TAILQ_INIT(&room->done);
    room->work_left = true; /* until a look finds none */
    room->sender = (struct sender){ .done = take_back, .owner = room };
}

static void release(struct dispatcher *dispatcher, void *state)
{
    struct mail_room *room = state;
    (void)dispatcher;
    let_all_go(room, &room->done); /* the courier has none any more */
}

static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    const struct mail_room *room = state;
    return TAILQ_EMPTY(&room->done) ? claims_at(dispatcher, room) : 0;
}

/* What waits for a server that cannot be used is left to others. */
static bool is_over(const struct dispatcher *dispatcher, const void *state)
{
    const struct mail_room *room = state;
    return room->in_hand == 0 && !(room->work_left && clock_monotonic() >= claims_at(dispatcher, room));
}

static void step(struct dispatcher *dispatcher, void *state)
{
    struct mail_room *room = state;
    settle_done(dispatcher, room);
    if (!dispatcher->outage.away)
        claim_and_start(dispatcher, room);
}

const struct job mail_job = { .name = "mail",
                              .while_draining = true,
                              .size = sizeof(struct mail_room),
                              .init = init,
                              .release = release,
                              .due_at = due_at,
                              .is_over = is_over,
                              .step = step };
