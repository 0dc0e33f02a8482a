#include "rules/message/messages.h"

static const struct statement INSERT = {
    "INSERT INTO messages (id, company_id, channel, recipient, subject, body, state, due_at, created_at)"
    " VALUES (?, ?, 'email', ?, ?, ?, 'pending', ?, ?)",
    .in = "uussstt",
};

struct id message_queue(struct db *db, struct id company, const char *recipient, const char *subject,
                        const char *body, instant now)
{
    struct id message = id_new();
    db_run(db, &INSERT,
           BIND(value_id(message), value_id(company), value_text(recipient), value_text(subject),
                value_text(body), value_time(now), value_time(now)));
    return message;
}
