/*
 * alarm: a lag that nobody sees must be impossible. Every ALARM_EVERY seconds the leading dispatcher looks at
 * what has been due for longest; its first look comes before its first claim, so that what a dead cron left
 * behind is told even though it is sent a moment later.
 *
 *     lag    deliveries overdue by more than lag_alarm: a log line, a mail to the operator, and for each
 *            company concerned (ALARM_COMPANIES at most) the event delivery.lagging and a mail to its owner
 *     mail   the same of mails: a log line; no mail would arrive
 *
 * An alarm is told when it is raised and again each hour while it stands; it ends when the lag is below half.
 * Row, events and mails are one transaction.
 */
#ifndef DISPATCHER_ALARM_H
#define DISPATCHER_ALARM_H

#include "dispatcher/dispatcher.h"

enum { ALARM_EVERY = 10, ALARM_COMPANIES = 50 };

/* Looks when it is time to. */
void alarm_run(struct dispatcher *dispatcher);

#endif
