/*
 * loop: runs a table of jobs, turn by turn.
 *
 * In a turn each job that is due has one step, in the order of the table. Between two turns the program
 * sleeps until the first job is due, an answer comes or somebody pokes. Where the database is away only what
 * goes on without it has its step.
 */
#ifndef DISPATCHER_LOOP_H
#define DISPATCHER_LOOP_H

#include "dispatcher/job.h"

struct loop;

/* Makes the jobs' states. */
struct loop *loop_new(struct dispatcher *dispatcher, const struct job *const *table);
void loop_release(struct loop *loop); /* … and lets go of what they have; the last job first */

void loop_turn(struct loop *loop);
/* When the next turn is to be, by clock_monotonic(). */
int64_t loop_due_at(const struct loop *loop);
/* Whether there is nothing left to do: draining, of what was begun; with --once, at all. */
bool loop_is_over(const struct loop *loop);

#endif
