#include "base/fault.h"

#include "base/log.h"

#include <stdarg.h>

static struct fault_frame *innermost;

void fault_push(struct fault_frame *frame)
{
    frame->outer = innermost;
    innermost = frame;
}

void fault_done(struct fault_frame *frame)
{
    innermost = frame->outer;
}

void fault_raise(enum fault fault, const char *format, ...)
{
    struct fault_frame *frame = innermost;
    char message[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (fault == FAULT_RETRY)
        log_warn("%s", message);
    else
        log_error("%s", message);
    if (!frame)
        exit(70); /* EX_SOFTWARE */
    innermost = frame->outer;
    longjmp(frame->jump, (int)fault);
}
