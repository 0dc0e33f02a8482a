#include "dispatcher/settle.h"

#include "base/log.h"
#include "dispatcher/health.h"
#include "dispatcher/look.h"
#include "dispatcher/send.h"
#include "rules/delivery/counters.h"

enum {
    BATCH_READY = 64,
    BATCH_MOST = 256,
    BATCH_BESIDE = 32,        /* where a backlog gives way to events that come and go at once */
    BATCH_BYTES = 128 * 1024, /* of answers: each long one costs as much as ten rows */
    BATCH_PATIENCE_US = 20000,
    RETRIES_MOST = 10
};

/* IGNORE: a batch whose commit was not answered comes here twice. */
static const struct statement LOG_ATTEMPT = {
    "INSERT IGNORE INTO attempts (id, company_id, delivery_id, number, started_at, address, status, error, "
    "response, dns_us, connect_us, tls_us, first_byte_us, total_us) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uuuitsissiiiii"
};

/* Only the holder of the fence settles a row. */
static const struct statement SETTLE_DELIVERY = {
    "UPDATE deliveries SET state = ?, due_at = ?, attempts = ?, requests = ?, settled_at = ?, fence = NULL "
    "WHERE id = ? AND company_id = ? AND fence = ?",
    .in = "stiituuu"
};

static const struct statement COUNT_ENDPOINT = {
    "UPDATE webhook_endpoints SET success_count = success_count + ?, failure_count = failure_count + ?, "
    "last_status = ?, last_attempt_at = ?, last_success_at = COALESCE(?, last_success_at) "
    "WHERE id = ? AND company_id = ?",
    .in = "iiittuu"
};

enum { OURS, DELIVERED, FAILED, GIVEN_UP, TOTALS };

struct batch {
    struct transfer **transfers;
    size_t count;
    struct tally *tallies;
    size_t tally_count;
    int64_t totals[TOTALS];
};

/* ---- what it comes to ---- */

static struct tally *tally_of(struct batch *batch, const struct transfer *transfer)
{
    for (size_t i = 0; i < batch->tally_count; i++)
        if (batch->tallies[i].lane == transfer->lane)
            return &batch->tallies[i];
    struct tally *tally = &batch->tallies[batch->tally_count++];
    *tally = (struct tally){ .lane = transfer->lane, .company = transfer->company };
    return tally;
}

static void count(struct batch *batch, const struct transfer *transfer)
{
    bool success = settle_succeeded(&transfer->answer), is_test = transfer->course.is_test;
    bool concerns = settle_concerns_endpoint(&transfer->answer, &transfer->course, &transfer->verdict);
    bool theirs = concerns ||
                  (is_test && (transfer->answer.kind == ANSWER_HTTP || transfer->answer.kind == ANSWER_NONE));
    batch->totals[success ? DELIVERED : theirs ? FAILED : OURS]++;
    batch->totals[GIVEN_UP] += strcmp(transfer->verdict.state, "failed") == 0;
    if (!theirs)
        return;
    struct tally *tally = tally_of(batch, transfer);
    tally->status = transfer->answer.status;
    tally->attempt_at = transfer->started_at;
    if (is_test)
        return; /* of a test only these two are kept */
    tally->successes += success;
    tally->failures += !success;
    if (success)
        tally->success_at = transfer->started_at;
    if (transfer->verdict.disable)
        tally->disable = transfer->verdict.disable;
}

static int compare_tallies(const void *left, const void *right)
{
    return id_compare(((const struct tally *)left)->lane->endpoint,
                      ((const struct tally *)right)->lane->endpoint);
}

static bool gives_way(const struct dispatcher *dispatcher)
{
    return dispatcher->backlog_at < INT64_MAX && give_way_gap(&dispatcher->give_way) > 0;
}

static size_t batch_most(const struct dispatcher *dispatcher)
{
    if (dispatcher->in_doubt > 0)
        return dispatcher->in_doubt;
    return gives_way(dispatcher) && dispatcher->batch > BATCH_BESIDE ? BATCH_BESIDE : dispatcher->batch;
}

static struct batch gather(struct dispatcher *dispatcher)
{
    size_t most = batch_most(dispatcher), bytes = 0;
    struct pool *pool = dispatcher->turn;
    struct batch batch = {
        .transfers = pool_array(pool, most, sizeof *batch.transfers),
        .tallies = pool_array(pool, most, sizeof *batch.tallies),
    };
    struct transfer *transfer;
    for (transfer = TAILQ_FIRST(&dispatcher->done); transfer; transfer = TAILQ_NEXT(transfer, link)) {
        if (batch.count == most || bytes >= BATCH_BYTES)
            break;
        bytes += transfer->errand.result.answer.length;
        batch.transfers[batch.count++] = transfer;
        count(&batch, transfer);
    }
    /* Everyone who updates several endpoints does it in the order of their ids. */
    qsort(batch.tallies, batch.tally_count, sizeof *batch.tallies, compare_tallies);
    return batch;
}

/* ---- in the database ---- */

static struct value status_or_null(int status)
{
    return status > 0 ? value_int(status) : value_null();
}

static struct value micros_or_null(int64_t micros)
{
    return micros >= 0 ? value_int(micros < INT32_MAX ? micros : INT32_MAX) : value_null();
}

/* Returns how many were new. */
static uint64_t log_attempts(struct dispatcher *dispatcher, const struct batch *batch)
{
    struct value *values = pool_array(dispatcher->turn, batch->count * 14, sizeof *values);
    struct value *value = values;
    size_t rows = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct transfer *transfer = batch->transfers[i];
        if (!transfer->on_the_wire)
            continue;
        const struct result *result = &transfer->errand.result;
        const struct timings *timings = &result->timings;
        rows++;
        *value++ = value_id(transfer->attempt);
        *value++ = value_id(transfer->company);
        *value++ = value_id(transfer->delivery);
        *value++ = value_int(transfer->number);
        *value++ = value_time(transfer->started_at);
        *value++ = result->address[0] ? value_text(result->address) : value_null();
        *value++ = status_or_null(transfer->answer.status);
        *value++ = value_text(transfer->error);
        *value++ =
            transfer->keep_response ? value_bytes(result->answer.data, result->answer.length) : value_null();
        *value++ = micros_or_null(timings->dns);
        *value++ = micros_or_null(timings->connect);
        *value++ = micros_or_null(timings->tls);
        *value++ = micros_or_null(timings->first_byte);
        *value++ = micros_or_null(timings->total);
    }
    return rows > 0 ? db_run_many(dispatcher->db, &LOG_ATTEMPT, values, 14, rows) : 0;
}

/* Returns how many were ours to settle. */
static uint64_t settle_deliveries(struct dispatcher *dispatcher, const struct batch *batch)
{
    struct value *values = pool_array(dispatcher->turn, batch->count * 8, sizeof *values);
    struct value *value = values;
    for (size_t i = 0; i < batch->count; i++) {
        const struct transfer *transfer = batch->transfers[i];
        const struct verdict *verdict = &transfer->verdict;
        bool is_final = strcmp(verdict->state, "delivered") == 0 || strcmp(verdict->state, "failed") == 0;
        *value++ = value_text(verdict->state);
        *value++ = value_time(verdict->due_at);
        *value++ = value_int(verdict->attempts);
        *value++ = value_int(transfer->number - !transfer->on_the_wire);
        *value++ = is_final ? value_time(clock_now()) : value_null();
        *value++ = value_id(transfer->delivery);
        *value++ = value_id(transfer->company);
        *value++ = value_id(transfer->fence);
    }
    uint64_t matched = db_run_many(dispatcher->db, &SETTLE_DELIVERY, values, 8, batch->count);
    if (matched < batch->count)
        log_debug("settled before rows=%zu", batch->count - (size_t)matched);
    return matched;
}

static void count_endpoints(struct dispatcher *dispatcher, const struct batch *batch)
{
    struct value *values = pool_array(dispatcher->turn, batch->tally_count * 7 + 1, sizeof *values);
    struct value *value = values;
    for (size_t i = 0; i < batch->tally_count; i++) {
        const struct tally *tally = &batch->tallies[i];
        *value++ = value_int(tally->successes);
        *value++ = value_int(tally->failures);
        *value++ = status_or_null(tally->status);
        *value++ = value_time(tally->attempt_at);
        *value++ = tally->success_at ? value_time(tally->success_at) : value_null();
        *value++ = value_id(tally->lane->endpoint);
        *value++ = value_id(tally->company);
    }
    if (batch->tally_count > 0)
        db_run_many(dispatcher->db, &COUNT_ENDPOINT, values, 7, batch->tally_count);
}

/* Counting has locked the endpoints' rows, in order. */
static void judge_endpoints(struct dispatcher *dispatcher, struct batch *batch)
{
    for (size_t i = 0; i < batch->tally_count; i++) {
        health_settle(dispatcher, &batch->tallies[i], batch->transfers, batch->count);
        health_disable(dispatcher, &batch->tallies[i]);
    }
}

static void add_totals(struct dispatcher *dispatcher, const struct batch *batch)
{
    counters_add(dispatcher->db, (const struct counter[]){ { "attempts_delivered", batch->totals[DELIVERED] },
                                                           { "attempts_failed", batch->totals[FAILED] },
                                                           { "attempts_ours", batch->totals[OURS] },
                                                           { "deliveries_failed", batch->totals[GIVEN_UP] },
                                                           { 0 } });
}

/* ---- and done ---- */

static void let_go(struct dispatcher *dispatcher, struct transfer *transfer)
{
    TAILQ_REMOVE(&dispatcher->done, transfer, link);
    dispatcher->done_count--;
    lane_settle(transfer->lane);
    send_recycle(dispatcher, transfer);
}

static void remember(struct dispatcher *dispatcher, struct batch *batch)
{
    for (size_t i = 0; i < batch->tally_count; i++) {
        health_settled(&batch->tallies[i]);
        if (batch->tallies[i].told)
            look_soon(dispatcher);
    }
}

static void settle_batch(struct dispatcher *dispatcher)
{
    struct batch batch = gather(dispatcher);
    db_begin(dispatcher->db);
    uint64_t logged = log_attempts(dispatcher, &batch), settled = settle_deliveries(dispatcher, &batch);
    if (logged + settled > 0) { /* otherwise it was written, and only the answer was lost */
        count_endpoints(dispatcher, &batch);
        judge_endpoints(dispatcher, &batch);
        add_totals(dispatcher, &batch);
    }
    dispatcher->in_doubt = batch.count;
    db_commit(dispatcher->db);
    remember(dispatcher, &batch);
    for (size_t i = 0; i < batch.count; i++) {
        if (settle_succeeded(&batch.transfers[i]->answer))
            dispatcher->delivered++;
        else
            dispatcher->failed_attempts++;
        let_go(dispatcher, batch.transfers[i]);
    }
}

/* With a backlog beside events that come and go at once: fewer and larger batches, which hold those up less.
 */
int64_t settle_due_at(const struct dispatcher *dispatcher)
{
    if (dispatcher->done_count == 0)
        return INT64_MAX;
    if (dispatcher->done_count >= BATCH_READY || dispatcher->webhooks.flying == 0)
        return 0;
    int64_t patience = gives_way(dispatcher) ? give_way_gap(&dispatcher->give_way) : 0;
    return TAILQ_FIRST(&dispatcher->done)->done_at +
           (patience > BATCH_PATIENCE_US ? patience : BATCH_PATIENCE_US);
}

bool settle_is_due(const struct dispatcher *dispatcher)
{
    return clock_monotonic() >= settle_due_at(dispatcher);
}

/* A batch with a row that the database cannot take is settled one by one, and only that row is given up: its
 * lease runs out and it is sent again. */
static void single_out(struct dispatcher *dispatcher)
{
    dispatcher->in_doubt = 0;
    if (dispatcher->batch > 1) {
        dispatcher->batch = 1;
        return;
    }
    char id[ID_TEXT_SIZE];
    struct transfer *transfer = TAILQ_FIRST(&dispatcher->done);
    log_error("an attempt cannot be settled delivery=%s", id_format(id, "dlv", transfer->delivery));
    let_go(dispatcher, transfer);
}

void settle_done(struct dispatcher *dispatcher)
{
    enum fault fault;
    if (dispatcher_guarded(dispatcher, settle_batch, &fault)) {
        dispatcher->in_doubt = 0;
        dispatcher->settle_retries = 0;
        dispatcher->batch = dispatcher->batch * 2 < BATCH_MOST ? dispatcher->batch * 2 : BATCH_MOST;
    } else if (fault == FAULT_BROKEN ||
               (fault == FAULT_RETRY && ++dispatcher->settle_retries > RETRIES_MOST)) {
        dispatcher->settle_retries = 0;
        single_out(dispatcher);
    }
}
