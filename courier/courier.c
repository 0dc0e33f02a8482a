#include "courier/courier.h"

#include "base/clock.h"
#include "courier/blocking.h"
#include "courier/handle.h"

#include <sys/resource.h>

enum { WANTED_FILES = 8192 };

SLIST_HEAD(handle_list, handle);

struct courier {
    CURLM *multi;
    struct handle_list idle;
    struct errand_list flying; /* in the order of departure, but for what the thread has */
    struct blocking *blocking; /* NULL: nothing was ever sent that blocks */
    const char *aborted;       /* why nothing is taken any more; NULL: all is */
};

/* ---- from birth to death ---- */

static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= WANTED_FILES)
        return;
    files.rlim_cur = files.rlim_max < WANTED_FILES ? files.rlim_max : WANTED_FILES;
    setrlimit(RLIMIT_NOFILE, &files);
}

struct courier *courier_new(int parallel)
{
    struct courier *courier = calloc(1, sizeof *courier);
    raise_file_limit();
    if (!courier || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !(courier->multi = curl_multi_init()))
        pool_exhausted();
    curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)parallel * 2);
    SLIST_INIT(&courier->idle);
    TAILQ_INIT(&courier->flying);
    return courier;
}

void courier_free(struct courier *courier)
{
    struct handle *handle;
    if (courier->blocking) {
        blocking_stop(courier->blocking);
        blocking_free(courier->blocking);
    }
    while ((handle = SLIST_FIRST(&courier->idle))) {
        SLIST_REMOVE_HEAD(&courier->idle, link);
        handle_free(handle);
    }
    curl_multi_cleanup(courier->multi);
    curl_global_cleanup();
    free(courier);
}

/* ---- handles ---- */

/* Only those of HTTP are used again, for their connections. */
static struct handle *take_handle(struct courier *courier)
{
    struct handle *handle = SLIST_FIRST(&courier->idle);
    if (handle) {
        SLIST_REMOVE_HEAD(&courier->idle, link);
        return handle;
    }
    handle = handle_new();
    http_init(handle);
    return handle;
}

static void recycle(struct courier *courier, struct handle *handle)
{
    handle_drop_lines(handle);
    handle->errand = NULL;
    SLIST_INSERT_HEAD(&courier->idle, handle, link);
}

/* ---- start ---- */

static void fail_ours(struct errand *errand, const char *why)
{
    struct result *result = &errand->result;
    result->kind = ANSWER_OURS;
    result->trouble = TROUBLE_OTHER;
    result->error = why;
    result->timings = (struct timings){ -1, -1, -1, -1, clock_monotonic() - errand->started };
}

static void attach(struct errand *errand, struct handle *handle)
{
    errand->handle = handle;
    handle->errand = errand;
}

static void send_aside(struct courier *courier, struct errand *errand)
{
    if (!courier->blocking)
        courier->blocking = blocking_new(courier->multi);
    attach(errand, handle_new());
    smtp_begin(errand->handle);
    blocking_send(courier->blocking, errand);
}

static bool send_http(struct courier *courier, struct errand *errand)
{
    attach(errand, take_handle(courier));
    http_begin(errand->handle);
    if (curl_multi_add_handle(courier->multi, errand->handle->easy) == CURLM_OK) {
        TAILQ_INSERT_TAIL(&courier->flying, errand, link);
        return true;
    }
    recycle(courier, errand->handle);
    errand->handle = NULL;
    fail_ours(errand, "This server has run out of memory.");
    return false;
}

bool courier_send(struct courier *courier, struct errand *errand)
{
    errand->started = clock_monotonic();
    errand->slow = false;
    errand->handle = NULL;
    errand->result = (struct result){ 0 };
    buf_init(&errand->result.answer, errand->pool, errand->order.most);
    if (courier->aborted) {
        fail_ours(errand, courier->aborted);
        return false;
    }
    if (errand->order.smtp)
        send_aside(courier, errand);
    else if (!send_http(courier, errand))
        return false;
    errand->sender->flying++;
    return true;
}

/* ---- under way ---- */

/* The errand may be gone when `done` comes back. */
static void give_back(struct errand *errand)
{
    struct sender *sender = errand->sender;
    sender->flying--;
    sender->slow -= errand->slow;
    sender->done(sender->owner, errand);
}

static void land(struct courier *courier, struct errand *errand)
{
    curl_multi_remove_handle(courier->multi, errand->handle->easy);
    TAILQ_REMOVE(&courier->flying, errand, link);
}

static void finish(struct courier *courier, struct handle *handle, CURLcode code)
{
    struct errand *errand = handle->errand;
    http_read(handle, code);
    land(courier, errand);
    give_back(errand);
    recycle(courier, handle);
}

static void collect(struct courier *courier)
{
    struct errand *errand;
    while (courier->blocking && (errand = blocking_receive(courier->blocking))) {
        struct handle *handle = errand->handle;
        if (handle->stopped)
            fail_ours(errand, courier->aborted);
        else
            smtp_read(handle, handle->code);
        errand->handle = NULL;
        handle_free(handle);
        give_back(errand);
    }
}

/* The late ones stand in front. */
static void mark_slow(struct courier *courier)
{
    int64_t before = clock_monotonic() - COURIER_SLOW_US;
    struct errand *errand;
    for (errand = TAILQ_FIRST(&courier->flying); errand; errand = TAILQ_NEXT(errand, link)) {
        struct sender *sender = errand->sender;
        if (errand->started > before)
            return;
        if (errand->slow)
            continue;
        errand->slow = true;
        sender->slow++;
        if (sender->late)
            sender->late(sender->owner, errand);
    }
}

void courier_perform(struct courier *courier)
{
    int running, left;
    CURLMsg *message;
    curl_multi_perform(courier->multi, &running);
    while ((message = curl_multi_info_read(courier->multi, &left))) {
        CURLcode code = message->data.result;
        struct handle *handle = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&handle);
        finish(courier, handle, code);
    }
    collect(courier);
    mark_slow(courier);
}

void courier_wait(struct courier *courier, int fd, int milliseconds)
{
    struct curl_waitfd extra = { .fd = fd, .events = CURL_WAIT_POLLIN };
    curl_multi_poll(courier->multi, &extra, fd >= 0 ? 1 : 0, milliseconds, NULL);
}

void courier_abort(struct courier *courier, const char *why)
{
    struct errand *errand;
    courier->aborted = why;
    while ((errand = TAILQ_FIRST(&courier->flying))) {
        land(courier, errand);
        recycle(courier, errand->handle);
        errand->handle = NULL;
        fail_ours(errand, why);
        give_back(errand);
    }
    if (courier->blocking)
        blocking_stop(courier->blocking);
    collect(courier);
}
