#include "dispatcher/post.h"

#include <pthread.h>
#include <signal.h>

enum { POLL_MS = 500 }; /* a try that takes too long is seen by then */

TAILQ_HEAD(parcels, parcel);

struct post {
    pthread_t thread;
    pthread_mutex_t lock; /* over `out`, `back` and `stopping` */
    struct parcels out, back;
    bool stopping, stopped;
    CURLM *multi, *wake;
    struct parcels flying; /* the thread's own */
};

static void give_back(struct post *post, struct parcel *parcel)
{
    pthread_mutex_lock(&post->lock);
    TAILQ_INSERT_TAIL(&post->back, parcel, link);
    pthread_mutex_unlock(&post->lock);
    curl_multi_wakeup(post->wake);
}

static void land(struct post *post, struct parcel *parcel, CURLcode code)
{
    curl_multi_remove_handle(post->multi, email_handle(parcel->transfer));
    TAILQ_REMOVE(&post->flying, parcel, link);
    parcel->code = code;
    give_back(post, parcel);
}

/* False: it is time to stop. */
static bool collect(struct post *post)
{
    struct parcels fresh;
    struct parcel *parcel;
    TAILQ_INIT(&fresh);
    pthread_mutex_lock(&post->lock);
    TAILQ_CONCAT(&fresh, &post->out, link);
    bool stopping = post->stopping;
    pthread_mutex_unlock(&post->lock);
    while ((parcel = TAILQ_FIRST(&fresh))) {
        TAILQ_REMOVE(&fresh, parcel, link);
        TAILQ_INSERT_TAIL(&post->flying, parcel, link);
        if (curl_multi_add_handle(post->multi, email_handle(parcel->transfer)) != CURLM_OK)
            land(post, parcel, CURLE_OUT_OF_MEMORY);
    }
    return !stopping;
}

static void perform(struct post *post)
{
    int running, left;
    CURLMsg *message;
    curl_multi_perform(post->multi, &running);
    while ((message = curl_multi_info_read(post->multi, &left))) {
        CURLcode code = message->data.result;
        struct parcel *parcel;
        TAILQ_FOREACH(parcel, &post->flying, link)
        if (email_handle(parcel->transfer) == message->easy_handle)
            break;
        if (parcel)
            land(post, parcel, code);
    }
}

static void *work(void *data)
{
    struct post *post = data;
    struct parcel *parcel;
    while (collect(post)) {
        perform(post);
        curl_multi_poll(post->multi, NULL, 0, POLL_MS, NULL);
    }
    while ((parcel = TAILQ_FIRST(&post->flying))) {
        parcel->stopped = true;
        land(post, parcel, CURLE_ABORTED_BY_CALLBACK);
    }
    return NULL;
}

struct post *post_new(CURLM *wake)
{
    struct post *post = calloc(1, sizeof *post);
    sigset_t all, before;
    if (!post || !(post->multi = curl_multi_init()))
        pool_exhausted();
    TAILQ_INIT(&post->out);
    TAILQ_INIT(&post->back);
    TAILQ_INIT(&post->flying);
    pthread_mutex_init(&post->lock, NULL);
    post->wake = wake;
    sigfillset(&all); /* signals are for the loop, which waits for them */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&post->thread, NULL, work, post) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started)
        pool_exhausted();
    return post;
}

void post_send(struct post *post, struct parcel *parcel)
{
    pthread_mutex_lock(&post->lock);
    TAILQ_INSERT_TAIL(&post->out, parcel, link);
    pthread_mutex_unlock(&post->lock);
    curl_multi_wakeup(post->multi);
}

struct parcel *post_receive(struct post *post)
{
    pthread_mutex_lock(&post->lock);
    struct parcel *parcel = TAILQ_FIRST(&post->back);
    if (parcel)
        TAILQ_REMOVE(&post->back, parcel, link);
    pthread_mutex_unlock(&post->lock);
    return parcel;
}

void post_stop(struct post *post)
{
    if (post->stopped)
        return;
    pthread_mutex_lock(&post->lock);
    post->stopping = true;
    pthread_mutex_unlock(&post->lock);
    curl_multi_wakeup(post->multi);
    pthread_join(post->thread, NULL);
    post->stopped = true;
}

void post_free(struct post *post)
{
    curl_multi_cleanup(post->multi);
    pthread_mutex_destroy(&post->lock);
    free(post);
}
