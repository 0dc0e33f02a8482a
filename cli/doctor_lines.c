#include "cli/doctor.h"

static void line(const char *mark, const char *advice, const char *format, va_list arguments)
{
    printf("%-4s  ", mark);
    vprintf(format, arguments);
    if (advice)
        printf("  — %s", advice);
    putchar('\n');
    fflush(stdout); /* a later check may take seconds */
}

void doctor_ok(struct doctor *doctor, const char *format, ...)
{
    va_list arguments;
    (void)doctor;
    va_start(arguments, format);
    line("ok", NULL, format, arguments);
    va_end(arguments);
}

void doctor_warn(struct doctor *doctor, const char *advice, const char *format, ...)
{
    va_list arguments;
    (void)doctor;
    va_start(arguments, format);
    line("warn", advice, format, arguments);
    va_end(arguments);
}

void doctor_fail(struct doctor *doctor, const char *advice, const char *format, ...)
{
    va_list arguments;
    doctor->failed = true;
    va_start(arguments, format);
    line("FAIL", advice, format, arguments);
    va_end(arguments);
}
