#include "dispatcher/send.h"

#include "base/log.h"
#include "dispatcher/look.h"
#include "dispatcher/transfer.h"

#include <sys/resource.h>

enum { WANTED_FILES = 8192 };

/* ---- transfers ---- */

struct transfer *send_transfer(struct dispatcher *dispatcher)
{
    struct transfer *transfer = TAILQ_FIRST(&dispatcher->idle);
    if (transfer) {
        TAILQ_REMOVE(&dispatcher->idle, transfer, link);
        return transfer;
    }
    transfer = pool_alloc(dispatcher->life, sizeof *transfer);
    transfer->pool = pool_new();
    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        abort();
    transfer_init(transfer);
    return transfer;
}

void send_recycle(struct dispatcher *dispatcher, struct transfer *transfer)
{
    struct pool *pool = transfer->pool;
    CURL *easy = transfer->easy;
    curl_slist_free_all(transfer->headers);
    pool_reset(pool);
    memset(transfer, 0, sizeof *transfer);
    transfer->pool = pool;
    transfer->easy = easy;
    TAILQ_INSERT_HEAD(&dispatcher->idle, transfer, link);
}

static void free_transfer(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    pool_free(transfer->pool);
}

/* ---- start ---- */

void send_init(struct dispatcher *dispatcher)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < WANTED_FILES) {
        files.rlim_cur = files.rlim_max < WANTED_FILES ? files.rlim_max : WANTED_FILES;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(dispatcher->multi = curl_multi_init()))
        abort();
    curl_multi_setopt(dispatcher->multi, CURLMOPT_MAXCONNECTS, (long)dispatcher->parallel * 2);
}

static void finish(struct dispatcher *dispatcher, struct transfer *transfer)
{
    int64_t now = clock_monotonic();
    bool prompt = transfer->answer.kind == ANSWER_HTTP && transfer->answer.status != 429 &&
                  now - transfer->started < SLOW_AFTER_US;
    if (transfer->answer.kind != ANSWER_OURS)
        lane_learn(&dispatcher->lanes, transfer->lane, prompt);
    transfer->verdict = settle_decide(&transfer->answer, &transfer->course, clock_now());
    lane_rest(transfer->lane, transfer->verdict.rest_until);
    if (settle_succeeded(&transfer->answer))
        transfer->lane->failures = 0;
    else
        transfer->lane->failures += settle_failed(&transfer->answer, &transfer->course, &transfer->verdict);
    lane_land(transfer->lane, transfer->slow);
    transfer->done_at = now;
    transfer->lane->backlog.heavy = transfer->capped;
    TAILQ_INSERT_TAIL(&dispatcher->done, transfer, link);
    dispatcher->done_count++;
    if (transfer->lane->hungry || dispatcher->squeezed)
        look_soon(dispatcher);
}

static void fail_ours(struct dispatcher *dispatcher, struct transfer *transfer, const char *why)
{
    transfer->answer = (struct answer){ .kind = ANSWER_OURS };
    transfer->error = why;
    transfer->timings = (struct timings){ -1, -1, -1, -1, clock_monotonic() - transfer->started };
    finish(dispatcher, transfer);
}

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
    transfer->started = clock_monotonic();
    if (transfer->broken || !build(transfer)) {
        const char *why = transfer->broken ? transfer->broken : "The event cannot be written.";
        char id[ID_TEXT_SIZE];
        log_warn("a delivery cannot be sent delivery=%s why=\"%s\"", id_format(id, "dlv", transfer->delivery),
                 why);
        fail_ours(dispatcher, transfer, why);
        return;
    }
    if (curl_multi_add_handle(dispatcher->multi, transfer->easy) != CURLM_OK) {
        fail_ours(dispatcher, transfer, "This server has run out of memory.");
        return;
    }
    transfer->on_the_wire = true;
    TAILQ_INSERT_TAIL(&dispatcher->flying, transfer, link);
    dispatcher->flying_count++;
}

void send_claimed(struct dispatcher *dispatcher)
{
    struct transfer *transfer;
    while ((transfer = TAILQ_FIRST(&dispatcher->claimed))) {
        TAILQ_REMOVE(&dispatcher->claimed, transfer, link);
        start(dispatcher, transfer);
    }
}

/* ---- in flight ---- */

static void land(struct dispatcher *dispatcher, struct transfer *transfer)
{
    curl_multi_remove_handle(dispatcher->multi, transfer->easy);
    TAILQ_REMOVE(&dispatcher->flying, transfer, link);
    dispatcher->flying_count--;
    if (transfer->slow)
        dispatcher->slow_count--;
}

/* The list is in order of departure, so that the late ones stand in front. */
static void mark_slow(struct dispatcher *dispatcher)
{
    int64_t before = clock_monotonic() - SLOW_AFTER_US;
    struct transfer *transfer;
    for (transfer = TAILQ_FIRST(&dispatcher->flying); transfer; transfer = TAILQ_NEXT(transfer, link)) {
        if (transfer->started > before)
            return;
        if (transfer->slow)
            continue;
        transfer->slow = true;
        dispatcher->slow_count++;
        lane_slow(transfer->lane);
    }
}

void send_perform(struct dispatcher *dispatcher)
{
    int running, left;
    CURLMsg *message;
    curl_multi_perform(dispatcher->multi, &running);
    while ((message = curl_multi_info_read(dispatcher->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct transfer *transfer = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        transfer_read(transfer, code);
        land(dispatcher, transfer);
        finish(dispatcher, transfer);
    }
    mark_slow(dispatcher);
}

void send_wait(struct dispatcher *dispatcher, int milliseconds)
{
    struct curl_waitfd poke = { .fd = dispatcher->poke_socket, .events = CURL_WAIT_POLLIN };
    unsigned int count = dispatcher->poke_socket >= 0 ? 1 : 0;
    curl_multi_poll(dispatcher->multi, &poke, count, milliseconds, NULL);
}

void send_abort(struct dispatcher *dispatcher)
{
    struct transfer *transfer;
    while ((transfer = TAILQ_FIRST(&dispatcher->flying))) {
        land(dispatcher, transfer);
        fail_ours(dispatcher, transfer, "The dispatcher was stopped before the answer came.");
    }
}

void send_release(struct dispatcher *dispatcher)
{
    struct transfer_list *lists[] = { &dispatcher->idle, &dispatcher->claimed, &dispatcher->flying,
                                      &dispatcher->done };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct transfer *transfer;
        while ((transfer = TAILQ_FIRST(lists[i]))) {
            if (lists[i] == &dispatcher->flying)
                curl_multi_remove_handle(dispatcher->multi, transfer->easy);
            TAILQ_REMOVE(lists[i], transfer, link);
            free_transfer(transfer);
        }
    }
    curl_multi_cleanup(dispatcher->multi);
    curl_global_cleanup();
}
