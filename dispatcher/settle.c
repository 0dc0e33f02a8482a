#include "dispatcher/settle.h"

#include "base/log.h"
#include "dispatcher/health.h"
#include "dispatcher/job.h"
#include "rules/delivery/counters.h"

enum {
    BATCH_FIRST = 64,
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

struct settle {
    struct transfer_list done;
    int count;       /* of them */
    size_t most;     /* in one batch; 1 while a row that cannot be settled is searched */
    size_t in_doubt; /* of the first that are done: whether they are written is not known; 0: none */
    int retries;     /* of the batch at hand */
    uint64_t delivered, failed;
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

static size_t batch_most(const struct dispatcher *dispatcher, const struct settle *settle)
{
    if (settle->in_doubt > 0)
        return settle->in_doubt;
    bool beside = give_way_is_on(&dispatcher->lanes.give_way) && settle->most > BATCH_BESIDE;
    return beside ? BATCH_BESIDE : settle->most;
}

static struct batch gather(struct dispatcher *dispatcher, struct settle *settle)
{
    size_t most = batch_most(dispatcher, settle), bytes = 0;
    struct pool *pool = dispatcher->turn;
    struct batch batch = {
        .transfers = pool_array(pool, most, sizeof *batch.transfers),
        .tallies = pool_array(pool, most, sizeof *batch.tallies),
    };
    struct transfer *transfer;
    for (transfer = TAILQ_FIRST(&settle->done); transfer; transfer = TAILQ_NEXT(transfer, link)) {
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

static void let_go(struct dispatcher *dispatcher, struct settle *settle, struct transfer *transfer)
{
    TAILQ_REMOVE(&settle->done, transfer, link);
    settle->count--;
    lane_settle(transfer->lane);
    transfer_recycle(&dispatcher->transfers, transfer);
}

static void remember(struct dispatcher *dispatcher, struct batch *batch)
{
    for (size_t i = 0; i < batch->tally_count; i++) {
        health_settled(&batch->tallies[i]);
        if (batch->tallies[i].told)
            wake_soon(&dispatcher->wake);
    }
}

static void settle_batch(struct dispatcher *dispatcher, void *state)
{
    struct settle *settle = state;
    struct batch batch = gather(dispatcher, settle);
    db_begin(dispatcher->db);
    uint64_t logged = log_attempts(dispatcher, &batch), settled = settle_deliveries(dispatcher, &batch);
    if (logged + settled > 0) { /* otherwise it was written, and only the answer was lost */
        count_endpoints(dispatcher, &batch);
        judge_endpoints(dispatcher, &batch);
        add_totals(dispatcher, &batch);
    }
    settle->in_doubt = batch.count;
    db_commit(dispatcher->db);
    remember(dispatcher, &batch);
    for (size_t i = 0; i < batch.count; i++) {
        if (settle_succeeded(&batch.transfers[i]->answer))
            settle->delivered++;
        else
            settle->failed++;
        let_go(dispatcher, settle, batch.transfers[i]);
    }
}

static void single_out(struct dispatcher *dispatcher, struct settle *settle)
{
    settle->in_doubt = 0;
    if (settle->most > 1) {
        settle->most = 1;
        return;
    }
    char id[ID_TEXT_SIZE];
    struct transfer *transfer = TAILQ_FIRST(&settle->done);
    log_error("an attempt cannot be settled delivery=%s", id_format(id, "dlv", transfer->delivery));
    let_go(dispatcher, settle, transfer);
}

void settle_take(struct dispatcher *dispatcher, struct transfer *transfer)
{
    TAILQ_INSERT_TAIL(&dispatcher->settle->done, transfer, link);
    dispatcher->settle->count++;
}

/* ---- the job ---- */

static void init(struct dispatcher *dispatcher, void *state)
{
    struct settle *settle = dispatcher->settle = state;
    TAILQ_INIT(&settle->done);
    settle->most = BATCH_FIRST;
}

static void release(struct dispatcher *dispatcher, void *state)
{
    struct settle *settle = state;
    log_info("settled delivered=%llu failed_attempts=%llu unsettled=%d",
             (unsigned long long)settle->delivered, (unsigned long long)settle->failed, settle->count);
    while (!TAILQ_EMPTY(&settle->done))
        let_go(dispatcher, settle, TAILQ_FIRST(&settle->done));
}

/* With a backlog beside events that come and go at once: fewer and larger batches, which hold those up less.
 */
static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    const struct settle *settle = state;
    const struct give_way *give_way = &dispatcher->lanes.give_way;
    if (settle->count == 0)
        return INT64_MAX;
    if (settle->count >= BATCH_READY || dispatcher->lanes.flying == 0)
        return 0;
    int64_t patience = give_way_is_on(give_way) ? give_way_gap(give_way) : 0;
    return TAILQ_FIRST(&settle->done)->done_at +
           (patience > BATCH_PATIENCE_US ? patience : BATCH_PATIENCE_US);
}

static bool is_over(const struct dispatcher *dispatcher, const void *state)
{
    return dispatcher->lanes.flying == 0 && ((const struct settle *)state)->count == 0;
}

static void step(struct dispatcher *dispatcher, void *state)
{
    struct settle *settle = state;
    enum fault fault = database_guarded(dispatcher, settle_batch, settle);
    if (fault == FAULT_NONE) {
        settle->in_doubt = 0;
        settle->retries = 0;
        settle->most = settle->most * 2 < BATCH_MOST ? settle->most * 2 : BATCH_MOST;
    } else if (fault == FAULT_BROKEN || (fault == FAULT_RETRY && ++settle->retries > RETRIES_MOST)) {
        settle->retries = 0;
        single_out(dispatcher, settle);
    }
}

const struct job settle_job = { .name = "settle",
                                .while_draining = true,
                                .size = sizeof(struct settle),
                                .init = init,
                                .release = release,
                                .due_at = due_at,
                                .is_over = is_over,
                                .step = step };
