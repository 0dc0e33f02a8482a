#include "courier/blocking.h"

#include <pthread.h>
#include <signal.h>

enum { POLL_MS = 500 }; /* a try that takes too long is seen by then */

struct blocking {
    pthread_t thread;
    pthread_mutex_t lock; /* over `out`, `back` and `stopping` */
    struct errand_list out, back;
    bool stopping, stopped;
    CURLM *multi, *wake;
    struct errand_list flying; /* the thread's own */
};

static void give_back(struct blocking *blocking, struct errand *errand)
{
    pthread_mutex_lock(&blocking->lock);
    TAILQ_INSERT_TAIL(&blocking->back, errand, link);
    pthread_mutex_unlock(&blocking->lock);
    curl_multi_wakeup(blocking->wake);
}

static void land(struct blocking *blocking, struct errand *errand, CURLcode code)
{
    curl_multi_remove_handle(blocking->multi, errand->handle->easy);
    TAILQ_REMOVE(&blocking->flying, errand, link);
    errand->handle->code = code;
    give_back(blocking, errand);
}

/* False: it is time to stop. */
static bool collect(struct blocking *blocking)
{
    struct errand_list fresh;
    struct errand *errand;
    TAILQ_INIT(&fresh);
    pthread_mutex_lock(&blocking->lock);
    TAILQ_CONCAT(&fresh, &blocking->out, link);
    bool stopping = blocking->stopping;
    pthread_mutex_unlock(&blocking->lock);
    while ((errand = TAILQ_FIRST(&fresh))) {
        TAILQ_REMOVE(&fresh, errand, link);
        TAILQ_INSERT_TAIL(&blocking->flying, errand, link);
        if (curl_multi_add_handle(blocking->multi, errand->handle->easy) != CURLM_OK)
            land(blocking, errand, CURLE_OUT_OF_MEMORY);
    }
    return !stopping;
}

static void perform(struct blocking *blocking)
{
    int running, left;
    CURLMsg *message;
    curl_multi_perform(blocking->multi, &running);
    while ((message = curl_multi_info_read(blocking->multi, &left))) {
        CURLcode code = message->data.result;
        struct handle *handle = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&handle);
        land(blocking, handle->errand, code);
    }
}

static void *work(void *data)
{
    struct blocking *blocking = data;
    struct errand *errand;
    while (collect(blocking)) {
        perform(blocking);
        curl_multi_poll(blocking->multi, NULL, 0, POLL_MS, NULL);
    }
    while ((errand = TAILQ_FIRST(&blocking->flying))) {
        errand->handle->stopped = true;
        land(blocking, errand, CURLE_ABORTED_BY_CALLBACK);
    }
    return NULL;
}

struct blocking *blocking_new(CURLM *wake)
{
    struct blocking *blocking = calloc(1, sizeof *blocking);
    sigset_t all, before;
    if (!blocking || !(blocking->multi = curl_multi_init()))
        pool_exhausted();
    TAILQ_INIT(&blocking->out);
    TAILQ_INIT(&blocking->back);
    TAILQ_INIT(&blocking->flying);
    pthread_mutex_init(&blocking->lock, NULL);
    blocking->wake = wake;
    sigfillset(&all); /* signals are for the loop, which waits for them */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&blocking->thread, NULL, work, blocking) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started)
        pool_exhausted();
    return blocking;
}

void blocking_send(struct blocking *blocking, struct errand *errand)
{
    pthread_mutex_lock(&blocking->lock);
    TAILQ_INSERT_TAIL(&blocking->out, errand, link);
    pthread_mutex_unlock(&blocking->lock);
    curl_multi_wakeup(blocking->multi);
}

struct errand *blocking_receive(struct blocking *blocking)
{
    pthread_mutex_lock(&blocking->lock);
    struct errand *errand = TAILQ_FIRST(&blocking->back);
    if (errand)
        TAILQ_REMOVE(&blocking->back, errand, link);
    pthread_mutex_unlock(&blocking->lock);
    return errand;
}

void blocking_stop(struct blocking *blocking)
{
    if (blocking->stopped)
        return;
    pthread_mutex_lock(&blocking->lock);
    blocking->stopping = true;
    pthread_mutex_unlock(&blocking->lock);
    curl_multi_wakeup(blocking->multi);
    pthread_join(blocking->thread, NULL);
    blocking->stopped = true;
}

void blocking_free(struct blocking *blocking)
{
    curl_multi_cleanup(blocking->multi);
    pthread_mutex_destroy(&blocking->lock);
    free(blocking);
}
