#include "dispatcher/health.h"

#include "base/config.h"
#include "base/log.h"
#include "base/text.h"
#include "dispatcher/hold.h"
#include "rules/event/events.h"
#include "rules/message/messages.h"
#include "rules/people/audit.h"
#include "rules/people/companies.h"

enum { REST_KEPT = 10 * CLOCK_SECOND }; /* a shorter one is kept in memory only */

static const struct statement READ = {
    "SELECT failing_since, failing_warned, breaker_failures, breaker_until FROM webhook_endpoints "
    "WHERE company_id = ? AND id = ?",
    .in = "uu"
};

static const struct statement WRITE = { "UPDATE webhook_endpoints SET failing_since = ?, failing_warned = ?, "
                                        "breaker_failures = ?, breaker_until = ? "
                                        "WHERE id = ? AND company_id = ?",
                                        .in = "tiituu" };

static const struct statement DISABLE = {
    "UPDATE webhook_endpoints SET active = FALSE, disabled_reason = ?, updated_at = ? "
    "WHERE id = ? AND company_id = ? AND active",
    .in = "stuu"
};

static const struct statement DESCRIBE = {
    "SELECT e.url, e.format, e.name, e.last_status, c.id AS company_id, c.name AS company_name, "
    "c.slug AS company_slug, c.time_zone AS company_time_zone, "
    "COALESCE(c.email, u.email) AS recipient FROM webhook_endpoints e JOIN companies c ON c.id = "
    "e.company_id "
    "LEFT JOIN users u ON u.company_id = c.id AND u.id = c.owner_id AND u.deleted_at IS NULL "
    "WHERE e.company_id = ? AND e.id = ?",
    .in = "uu"
};

/* ---- what is told ---- */

struct notice {
    const char *type;   /* of the event */
    const char *reason; /* one sentence */
    int percent;
    instant failing_since; /* 0: not known to fail */
    bool by_mail;
};

static struct json_object *notice_data(struct pool *pool, const struct tally *tally, const struct row *row,
                                       const struct notice *notice)
{
    struct json_object *data = json_new_object(pool);
    struct json_object *endpoint = json_object_new_object();
    const char *url = row_text(row, "url");
    json_set_id(endpoint, "id", "whk", tally->lane->endpoint);
    json_set_text(endpoint, "url", pool_memdup(pool, url, text_origin_length(url)));
    json_set_text(endpoint, "format", row_text(row, "format"));
    json_set_text(endpoint, "name", row_text(row, "name"));
    json_set(data, "endpoint", endpoint);
    json_set_text(data, "reason", notice->reason);
    if (notice->failing_since)
        json_set_time(data, "failingSince", notice->failing_since);
    else
        json_set(data, "failingSince", NULL);
    json_set_int(data, "percent", notice->percent);
    if (row_is_null(row, "last_status"))
        json_set(data, "lastStatus", NULL);
    else
        json_set_int(data, "lastStatus", row_int(row, "last_status"));
    json_set(data, "company", company_brief(pool, row));
    return data;
}

static const char *subject_of(const struct notice *notice)
{
    if (strcmp(notice->type, "webhook.disabled") == 0)
        return "A webhook endpoint was switched off";
    if (strcmp(notice->type, "webhook.failing") == 0)
        return "A webhook endpoint does not take what is sent";
    return "A webhook endpoint works again";
}

/* What follows the question mark may be a secret of the receiver's: it is not mailed. */
static void add_target(struct buf *text, const struct row *row)
{
    const char *url = row_text(row, "url"), *name = row_text(row, "name");
    if (name)
        buf_printf(text, "%s, ", name);
    buf_add(text, url, strcspn(url, "?#"));
}

static void mail_notice(struct dispatcher *dispatcher, const struct tally *tally, const struct row *row,
                        const struct notice *notice, instant now)
{
    char id[ID_TEXT_SIZE];
    struct buf text;
    if (row_is_null(row, "recipient"))
        return;
    buf_init(&text, dispatcher->turn, 8192);
    buf_printf(&text, "%s: %s.\n\n", row_text(row, "company_name"), subject_of(notice));
    buf_add_text(&text, "Endpoint: ");
    add_target(&text, row);
    buf_printf(&text, " (%s)\n%s\n", id_format(id, "whk", tally->lane->endpoint), notice->reason);
    if (strcmp(notice->type, "webhook.disabled") == 0)
        buf_add_text(&text, "\nWhat it has not received is kept. Switch it on again to have it sent.\n");
    message_queue(dispatcher->db, tally->company, row_text(row, "recipient"), subject_of(notice), text.data,
                  now);
}

static void tell(struct dispatcher *dispatcher, struct tally *tally, const struct notice *notice, instant now)
{
    char id[ID_TEXT_SIZE];
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &DESCRIBE,
                                   BIND(value_id(tally->company), value_id(tally->lane->endpoint)));
    if (!row)
        return; /* deleted this moment: nobody waits for it any more */
    event_emit_but(dispatcher->db, dispatcher->turn, tally->company, tally->lane->endpoint, notice->type,
                   notice_data(dispatcher->turn, tally, row, notice), now);
    if (notice->by_mail)
        mail_notice(dispatcher, tally, row, notice, now);
    tally->told = true;
    log_info("%s endpoint=%s percent=%d", notice->type, id_format(id, "whk", tally->lane->endpoint),
             notice->percent);
}

/* ---- the endpoint's health ---- */

static instant disable_after(void)
{
    return config_int(CONFIG_WEBHOOK_DISABLE_DAYS) * CLOCK_DAY;
}

/* "5 days" */
static void add_days(struct buf *text)
{
    long long days = config_int(CONFIG_WEBHOOK_DISABLE_DAYS);
    buf_printf(text, days == 1 ? "1 day" : "%lld days", days);
}

static void tell_failing(struct dispatcher *dispatcher, struct tally *tally, int percent,
                         instant failing_since, instant now)
{
    char since[CLOCK_TEXT_SIZE];
    struct buf reason;
    buf_init(&reason, dispatcher->turn, 256);
    buf_printf(&reason, "No success since %s: after ", clock_format_seconds(since, failing_since));
    add_days(&reason);
    buf_add_text(&reason, " without one it is switched off.");
    tell(dispatcher, tally,
         &(struct notice){ .type = "webhook.failing",
                           .reason = reason.data,
                           .percent = percent,
                           .failing_since = failing_since,
                           .by_mail = true },
         now);
}

static void tell_recovered(struct dispatcher *dispatcher, struct tally *tally, bool was_warned,
                           instant failing_since, instant now)
{
    tell(dispatcher, tally,
         &(struct notice){ .type = "webhook.recovered",
                           .reason = "It takes what is sent again.",
                           .failing_since = failing_since,
                           .by_mail = was_warned },
         now);
}

static void expire(struct dispatcher *dispatcher, struct tally *tally)
{
    struct buf reason;
    if (tally->disable || !tally->is_expired)
        return;
    buf_init(&reason, dispatcher->turn, 200);
    buf_add_text(&reason, "No success for ");
    add_days(&reason);
    buf_add_text(&reason, ".");
    tally->disable = reason.data;
}

static struct health read_health(const struct row *row)
{
    return (struct health){
        .failing_since = row_time(row, "failing_since"),
        .warned = (int)row_int(row, "failing_warned"),
        .failures = (int)row_int(row, "breaker_failures"),
        .breaker_until = row_time(row, "breaker_until"),
    };
}

static struct value time_or_null(instant time)
{
    return time ? value_time(time) : value_null();
}

static void write_health(struct dispatcher *dispatcher, const struct tally *tally)
{
    const struct health *health = &tally->health;
    db_run(dispatcher->db, &WRITE,
           BIND(time_or_null(health->failing_since), value_int(health->warned), value_int(health->failures),
                time_or_null(health->breaker_until), value_id(tally->lane->endpoint),
                value_id(tally->company)));
}

static void replay(struct dispatcher *dispatcher, struct tally *tally, const struct transfer *transfer,
                   instant now)
{
    bool was_warned;
    instant failing_since = tally->health.failing_since;
    struct health_attempt attempt = { .succeeded = settle_succeeded(&transfer->answer),
                                      .started_at = transfer->started_at,
                                      .now = now,
                                      .disable_after = disable_after() };
    tally->is_expired &= !attempt.succeeded;
    switch (health_count(&tally->health, &attempt, &was_warned)) {
    case HEALTH_FAILING:
        tell_failing(dispatcher, tally, tally->health.warned, failing_since, now);
        break;
    case HEALTH_RECOVERED:
        tell_recovered(dispatcher, tally, was_warned, failing_since, now);
        break;
    case HEALTH_EXPIRED:
        tally->is_expired = true;
        break;
    case HEALTH_NOTHING:
        break;
    }
}

/* Who asked for long is left alone by the next process too, and then asked gently, as by the breaker. */
static void keep_rest(struct tally *tally, const struct transfer *transfer, instant now)
{
    instant until = transfer->verdict.rest_until;
    if (until >= now + REST_KEPT && until > tally->health.breaker_until)
        tally->health.breaker_until = until;
}

void health_settle(struct dispatcher *dispatcher, struct tally *tally, struct transfer *const *transfers,
                   size_t count)
{
    instant now = clock_now();
    if (tally->failures == 0 && !tally->lane->ailing)
        return; /* as nearly always: well before, well now */
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &READ,
                                   BIND(value_id(tally->company), value_id(tally->lane->endpoint)));
    if (!row)
        return;
    tally->health = read_health(row);
    tally->is_examined = true;
    for (size_t i = 0; i < count; i++) {
        const struct transfer *transfer = transfers[i];
        if (transfer->lane != tally->lane || transfer->course.is_test)
            continue;
        if (settle_succeeded(&transfer->answer) ||
            settle_failed(&transfer->answer, &transfer->course, &transfer->verdict))
            replay(dispatcher, tally, transfer, now);
        keep_rest(tally, transfer, now);
    }
    write_health(dispatcher, tally);
    expire(dispatcher, tally);
}

static void audit_disabled(struct dispatcher *dispatcher, const struct tally *tally, instant now)
{
    char endpoint[ID_TEXT_SIZE];
    const struct id none = { { 0 } };
    struct json_object *details = json_new_object(dispatcher->turn);
    json_set_text(details, "reason", tally->disable);
    audit(dispatcher->db, tally->company, none, none, "webhook.disabled",
          id_format(endpoint, "whk", tally->lane->endpoint), NULL, json_text(dispatcher->turn, details), now);
}

void health_disable(struct dispatcher *dispatcher, struct tally *tally)
{
    instant now = clock_now();
    if (!tally->disable)
        return;
    uint64_t switched = db_run(dispatcher->db, &DISABLE,
                               BIND(value_text(tally->disable), value_time(now),
                                    value_id(tally->lane->endpoint), value_id(tally->company)));
    hold_rows(dispatcher, tally->company, tally->lane->endpoint);
    if (switched == 0)
        return;
    audit_disabled(dispatcher, tally, now);
    tell(dispatcher, tally,
         &(struct notice){ .type = "webhook.disabled",
                           .reason = tally->disable,
                           .percent = 100,
                           .failing_since = tally->health.failing_since,
                           .by_mail = true },
         now);
}

void health_settled(struct tally *tally)
{
    if (tally->is_examined)
        tally->lane->ailing = health_is_ailing(&tally->health);
}
