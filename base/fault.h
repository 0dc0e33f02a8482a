/*
 * fault: how an infrastructure failure leaves the code that met it.
 *
 * A domain failure is a value that a handler returns. An infrastructure failure (database gone, broken
 * invariant) never comes back to the code that ran into it: `fault_raise` jumps to the innermost
 * `fault_catch`, which rolls back and answers 503 or 500, or runs the work again. Everything between them
 * must belong to a pool or to the worker, so that nothing leaks.
 *
 *     struct fault_frame frame;
 *     switch (fault_catch(&frame)) {     // a macro: setjmp cannot be called from a function that returns
 *     case FAULT_NONE: work(); fault_done(&frame); break;
 *     case FAULT_RETRY: …                // the frame is already gone here
 *     }
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <setjmp.h>

enum fault {
    FAULT_NONE,
    FAULT_RETRY,    /* 1213 deadlock, 1205 lock wait, 1020 record changed: roll back and run again */
    FAULT_DATABASE, /* the database is gone, read-only or out of space: 503 */
    FAULT_BROKEN    /* an invariant does not hold: 500 */
};

struct fault_frame {
    jmp_buf jump;
    struct fault_frame *outer;
};

void fault_push(struct fault_frame *frame);
void fault_done(struct fault_frame *frame);

#define fault_catch(frame) (fault_push(frame), (enum fault)setjmp((frame)->jump))

/* Logs the message (never shown to a client) and jumps. Without a frame it ends the process with status 70.
 */
_Noreturn void fault_raise(enum fault fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
