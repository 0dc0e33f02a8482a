/*
 * messages: mails to people, in the outbox manner: a row of the same transaction as what they tell of; the
 * dispatcher sends it (channels/email.c), tries again while the mail server does not take it, and empties the
 * text once it is sent.
 */
#ifndef RULES_MESSAGE_MESSAGES_H
#define RULES_MESSAGE_MESSAGES_H

#include "db/db.h"

/*
 * One mail, due at once. `company` nil: from the operator. `recipient` is one bare address that FIELD_EMAIL
 * takes; `subject` one line; `body` plain text with \n line ends. Returns its id. The caller wakes the
 * dispatcher.
 */
struct id message_queue(struct db *db, struct id company, const char *recipient, const char *subject,
                        const char *body, instant now);

#endif
