/*
 * watch: whoever answers requests also sees to it that a dispatcher lives. When none was seen for WATCH_LATE,
 * cron has stopped: that is logged, and where the setting dispatcher_program names it, it is started, at most
 * once a minute by all workers of the database together. So webhooks go out as long as anybody uses the site.
 */
#ifndef DB_WATCH_H
#define DB_WATCH_H

#include "base/clock.h"
#include "db/db.h"

#define WATCH_LATE (3 * (instant)CLOCK_MINUTE)

/*
 * After an answer that the database had a part in was sent: one look at the heartbeat, at most every 30
 * seconds. Never raises, and never waits for what it starts.
 */
void watch_dispatcher(struct db *db, struct pool *pool);

#endif
