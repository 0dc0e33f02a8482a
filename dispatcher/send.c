#include "dispatcher/send.h"

#include "base/log.h"
#include "dispatcher/job.h"
#include "dispatcher/settle.h"

struct send {
    struct sender webhooks;
};

/* ---- done ---- */

static void finish(struct dispatcher *dispatcher, struct transfer *transfer)
{
    int64_t now = clock_monotonic();
    bool prompt = transfer->answer.kind == ANSWER_HTTP && transfer->answer.status != 429 &&
                  now - transfer->errand.started < COURIER_SLOW_US;
    if (transfer->answer.kind != ANSWER_OURS)
        lane_learn(&dispatcher->lanes, transfer->lane, prompt);
    transfer->verdict = settle_decide(&transfer->answer, &transfer->course, clock_now());
    lane_rest(transfer->lane, transfer->verdict.rest_until);
    if (settle_succeeded(&transfer->answer))
        transfer->lane->failures = 0;
    else
        transfer->lane->failures += settle_failed(&transfer->answer, &transfer->course, &transfer->verdict);
    lane_land(transfer->lane, transfer->errand.slow);
    transfer->done_at = now;
    transfer->lane->backlog.heavy = transfer->errand.result.capped;
    settle_take(dispatcher, transfer);
    if (lane_is_awaited(transfer->lane))
        wake_soon(&dispatcher->wake);
}

static void take_back(void *owner, struct errand *errand)
{
    struct transfer *transfer = (struct transfer *)errand;
    transfer_read(transfer);
    finish(owner, transfer);
}

static void note_late(void *owner, struct errand *errand)
{
    (void)owner;
    lane_slow(((struct transfer *)errand)->lane);
}

/* ---- start ---- */

/* False where the stored event cannot be read or written: logged by the fault. */
static bool build(struct transfer *transfer)
{
    struct fault_frame frame;
    switch (fault_catch(&frame)) {
    case FAULT_NONE:
        transfer_build(transfer);
        fault_done(&frame);
        return true;
    default:
        return false;
    }
}

static void start(struct dispatcher *dispatcher, struct transfer *transfer)
{
    transfer->attempt = id_new();
    transfer->started_at = clock_now();
    if (transfer->broken || !build(transfer)) {
        const char *why = transfer->broken ? transfer->broken : "The event cannot be written.";
        char id[ID_TEXT_SIZE];
        log_warn("a delivery cannot be sent delivery=%s why=\"%s\"", id_format(id, "dlv", transfer->delivery),
                 why);
        transfer->answer = (struct answer){ .kind = ANSWER_OURS };
        transfer->error = why;
        finish(dispatcher, transfer);
        return;
    }
    transfer->errand.sender = &dispatcher->send->webhooks;
    transfer->errand.pool = transfer->pool;
    transfer->on_the_wire = courier_send(dispatcher->courier, &transfer->errand);
    if (!transfer->on_the_wire)
        take_back(dispatcher, &transfer->errand);
}

void send_leased(struct dispatcher *dispatcher, struct transfer_list *leased)
{
    struct transfer *transfer;
    while ((transfer = TAILQ_FIRST(leased))) {
        TAILQ_REMOVE(leased, transfer, link);
        start(dispatcher, transfer);
    }
}

/* ---- the job ---- */

static void init(struct dispatcher *dispatcher, void *state)
{
    struct send *send = dispatcher->send = state;
    send->webhooks = (struct sender){ .done = take_back, .late = note_late, .owner = dispatcher };
}

static void step(struct dispatcher *dispatcher, void *state)
{
    (void)state;
    courier_perform(dispatcher->courier);
}

const struct job send_job = { .name = "send",
                              .while_draining = true,
                              .without_database = true,
                              .size = sizeof(struct send),
                              .init = init,
                              .step = step };
