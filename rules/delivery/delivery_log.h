/*
 * delivery_log: what came of each request of a delivery, as readers of /api/v1 see it.
 */
#ifndef RULES_DELIVERY_DELIVERY_LOG_H
#define RULES_DELIVERY_DELIVERY_LOG_H

#include "api/field.h"
#include "db/db.h"

/* One attempt: an item of `attemptLog`. */
extern const struct field attempt_out[];

/* How much of the attempts is read: of each delivery the latest, of each answer the first bytes. */
struct log_size {
    int64_t attempts, response;
};

/*
 * The rows (up to DELIVERY_LOGS_MOST, the newest delivery first), each with a column `attempt_log` more: its
 * latest attempts in order, as a JSON text. Where all the answers would be more than DELIVERY_LOG_BYTES, less
 * of each is shown. One statement, whatever their number.
 */
enum { DELIVERY_LOGS_MOST = 101, DELIVERY_LOG_BYTES = 1024 * 1024 };
struct rows delivery_logs(struct db *db, struct pool *pool, struct id company, struct rows rows,
                          struct log_size size);

#endif
