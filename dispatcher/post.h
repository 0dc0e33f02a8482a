/*
 * post: the thread that speaks to the mail server. curl says QUIT on a connection that it gives up and waits
 * for the answer where it stands, so on the loop of the webhooks one slow mail server would hold them all.
 *
 * A parcel belongs to the thread from post_send until post_receive gives it back; the mutex between them
 * makes what one side wrote visible to the other. The thread touches nothing else: no database, no log.
 */
#ifndef DISPATCHER_POST_H
#define DISPATCHER_POST_H

#include "channels/email.h"

#include <sys/queue.h>

struct parcel {
    TAILQ_ENTRY(parcel) link;
    struct email_transfer *transfer;
    CURLcode code; /* what came of it; CURLE_ABORTED_BY_CALLBACK: broken off, or it took too long */
    bool stopped;  /* broken off by post_stop */
};

struct post;

struct post *post_new(CURLM *wake); /* `wake` is woken when a parcel is back */
void post_send(struct post *post, struct parcel *parcel);
struct parcel *post_receive(struct post *post); /* NULL: none is back */
/* Ends the thread within a second or two; all parcels are back. */
void post_stop(struct post *post);
void post_free(struct post *post); /* after post_stop and the last post_receive */

#endif
