/*
 * blocking: the thread for errands in which curl blocks. It waits where it stands for a mail server's
 * answer to the text and to the QUIT of a connection that it gives up, so on the loop of all others one slow
 * mail server would hold them all. (Closing the socket ourselves would spare the second wait, but never the
 * first.)
 *
 * A handle and its errand belong to the thread from blocking_send until blocking_receive gives them back;
 * the mutex between them makes what one side wrote visible to the other. The thread touches nothing else: no
 * database, no log.
 */
#ifndef COURIER_BLOCKING_H
#define COURIER_BLOCKING_H

#include "courier/handle.h"

struct blocking;

struct blocking *blocking_new(CURLM *wake); /* `wake` is woken when an errand is back */
void blocking_send(struct blocking *blocking, struct errand *errand);
/* What came of it stands in its handle. NULL: none is back. */
struct errand *blocking_receive(struct blocking *blocking);
/* Ends the thread within a second or two; all errands are back. */
void blocking_stop(struct blocking *blocking);
void blocking_free(struct blocking *blocking); /* after blocking_stop and the last blocking_receive */

#endif
