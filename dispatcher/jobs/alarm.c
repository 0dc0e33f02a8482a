/*
 * alarm: a lag that nobody sees must be impossible. Every ALARM_EVERY seconds the leading dispatcher looks at
 * what has been due for longest; its first look comes before its first claim, so that what a dead cron left
 * behind is told even though it is sent a moment later.
 *
 *     lag    deliveries overdue by more than lag_alarm: a log line, a mail to the operator, and for each
 *            company concerned (ALARM_COMPANIES at most) the event delivery.lagging and a mail to its owner
 *     mail   the same of mails: a log line; no mail would arrive
 *
 * An alarm is told when it is raised and again each hour while it stands; it ends when the lag is below half.
 * Row, events and mails are one transaction.
 */
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "channels/email.h"
#include "dispatcher/job.h"
#include "dispatcher/options.h"
#include "rules/delivery/backlog.h"
#include "rules/event/events.h"
#include "rules/message/messages.h"
#include "rules/people/companies.h"

enum { SAY_AGAIN = CLOCK_HOUR, ALARM_EVERY = 10, ALARM_COMPANIES = 50 };

static const struct statement KNOW = { "INSERT IGNORE INTO alarms (name) VALUES (?)", .in = "s" };

static const struct statement LOCK = { "SELECT raised_at, told_at FROM alarms WHERE name = ? FOR UPDATE",
                                       .in = "s" };

static const struct statement WRITE = { "UPDATE alarms SET raised_at = ?, told_at = ? WHERE name = ?",
                                        .in = "tts" };

static const struct statement OWNER = {
    "SELECT company.id AS company_id, company.name AS company_name, company.slug AS company_slug, "
    "company.time_zone AS company_time_zone, COALESCE(company.email, owner.email) AS email "
    "FROM companies AS company "
    "LEFT JOIN users AS owner ON owner.company_id = company.id AND owner.id = company.owner_id "
    "AND owner.deleted_at IS NULL WHERE company.id = ?",
    .in = "u"
};

struct alarm {
    const char *name;
    instant oldest_due_at; /* 0: nothing is due */
    void (*tell)(struct dispatcher *dispatcher, const struct alarm *alarm, instant now);
};

static int64_t overdue_seconds(instant due_at, instant now)
{
    return due_at && now > due_at ? (now - due_at) / CLOCK_SECOND : 0;
}

/* ---- who is told of late deliveries ---- */

static void mail_owner(struct dispatcher *dispatcher, struct id company, const struct row *owner,
                       int64_t minutes, instant now)
{
    const char *address = row_text(owner, "email");
    if (!address || !text_is_email(address, strlen(address)))
        return;
    message_queue(dispatcher->db, company, address, "Webhooks are late",
                  pool_printf(dispatcher->turn,
                              "Webhooks of %s have been waiting for up to %lld minutes.\n\n"
                              "None is lost: they are sent, in order, as soon as it is possible again. You "
                              "will be told again each hour while this lasts.\n",
                              row_text(owner, "company_name"), (long long)minutes),
                  now);
}

static void tell_company(struct dispatcher *dispatcher, struct id company, instant oldest, instant now)
{
    struct pool *pool = dispatcher->turn;
    const struct row *owner = db_one(dispatcher->db, pool, &OWNER, BIND(value_id(company)));
    if (!owner)
        return;
    char since[CLOCK_TEXT_SIZE];
    int64_t seconds = overdue_seconds(oldest, now);
    struct backlog backlog =
        backlog_of_company(dispatcher->db, pool, company, now, config_int(CONFIG_LAG_ALARM) * CLOCK_SECOND);
    struct json_object *data = json_new_object(pool);
    json_set_text(data, "oldestDueAt", clock_format(since, oldest));
    json_set_int(data, "overdueSeconds", seconds);
    json_set_int(data, "overdue", backlog.overdue);
    json_set(data, "company", company_brief(pool, owner));
    event_emit(dispatcher->db, pool, company, "delivery.lagging", data, now);
    mail_owner(dispatcher, company, owner, seconds / 60, now);
}

static void mail_operator(struct dispatcher *dispatcher, const struct alarm *alarm, instant now)
{
    const char *address = config_text(CONFIG_OPERATOR_EMAIL);
    char since[CLOCK_TEXT_SIZE];
    if (!text_is_email(address, strlen(address)))
        return;
    message_queue(
        dispatcher->db, (struct id){ { 0 } }, address, "Slotwire: deliveries are late",
        pool_printf(dispatcher->turn,
                    "At %s the longest waiting delivery has been due for %lld seconds, since "
                    "%s.\n\nDoes cron start slotwire-dispatcher each minute? `slotwire doctor` and "
                    "%s/metrics tell more. This comes again each hour while it lasts.\n",
                    config_text(CONFIG_PUBLIC_URL), (long long)overdue_seconds(alarm->oldest_due_at, now),
                    clock_format_seconds(since, alarm->oldest_due_at), config_text(CONFIG_PUBLIC_URL)),
        now);
}

static void tell_lag(struct dispatcher *dispatcher, const struct alarm *alarm, instant now)
{
    instant before = now - config_int(CONFIG_LAG_ALARM) * CLOCK_SECOND;
    struct rows late = backlog_companies(dispatcher->db, dispatcher->turn, now, before, ALARM_COMPANIES);
    mail_operator(dispatcher, alarm, now);
    for (size_t i = 0; i < late.count; i++)
        tell_company(dispatcher, row_id(&late.items[i], "company_id"),
                     row_time(&late.items[i], "oldest_due_at"), now);
    wake_soon(&dispatcher->wake);
}

/* ---- raised, told again, ended ---- */

static void write_alarm(struct dispatcher *dispatcher, const struct alarm *alarm, instant raised,
                        instant told)
{
    db_run(dispatcher->db, &WRITE,
           BIND(raised ? value_time(raised) : value_null(), told ? value_time(told) : value_null(),
                value_text(alarm->name)));
}

static void judge(struct dispatcher *dispatcher, const struct alarm *alarm, instant now)
{
    int64_t limit = config_int(CONFIG_LAG_ALARM), seconds = overdue_seconds(alarm->oldest_due_at, now);
    db_run(dispatcher->db, &KNOW, BIND(value_text(alarm->name)));
    db_begin(dispatcher->db);
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &LOCK, BIND(value_text(alarm->name)));
    instant raised = row_time(row, "raised_at"), told = row_time(row, "told_at");
    if (raised && 2 * seconds < limit) {
        write_alarm(dispatcher, alarm, 0, 0);
        log_info("alarm over name=%s", alarm->name);
    } else if (seconds > limit && (!raised || llabs(now - told) >= SAY_AGAIN)) {
        write_alarm(dispatcher, alarm, raised ? raised : now, now);
        log_error("alarm name=%s overdue_s=%lld", alarm->name, (long long)seconds);
        if (alarm->tell)
            alarm->tell(dispatcher, alarm, now);
    }
    db_commit(dispatcher->db);
}

/* ---- the job ---- */

struct alarms {
    int64_t look_at;
};

/* A single run is none to look; it works beside. */
static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    return dispatcher->options->once ? INT64_MAX : ((const struct alarms *)state)->look_at;
}

static void step(struct dispatcher *dispatcher, void *state)
{
    struct alarms *alarms = state;
    instant now = clock_now();
    struct alarm lag = { .name = "lag", .tell = tell_lag }, mail = { .name = "mail" };
    alarms->look_at = clock_monotonic() + ALARM_EVERY * INT64_C(1000000);
    struct rows oldest = backlog_companies(dispatcher->db, dispatcher->turn, now, now, 1);
    if (oldest.count > 0)
        lag.oldest_due_at = row_time(&oldest.items[0], "oldest_due_at");
    judge(dispatcher, &lag, now);
    log_debug("alarm look overdue_s=%lld", (long long)overdue_seconds(lag.oldest_due_at, now));
    if (email_problem())
        return; /* they wait by the operator's choice; doctor says so */
    mail.oldest_due_at = backlog_messages(dispatcher->db, dispatcher->turn, now, 0).oldest_due_at;
    judge(dispatcher, &mail, now);
}

const struct job alarm_job = {
    .name = "alarm", .leader_only = true, .size = sizeof(struct alarms), .due_at = due_at, .step = step
};
