/*
 * log: one line per event, `2025-10-31T15:30:00.123Z level program[pid] message key=value …`.
 *
 * Control characters and non-ASCII bytes in values are written as \xNN so that a line stays a line. No secret
 * is ever passed to it. The time is the machine's, not the test clock's.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* `program` is kept. Reads log_file and log_level; standard error until then. Reopens nothing: append and
 * rotate by copy. */
void log_open(const char *program);
/* For a program whose standard error is mailed, as cron does: lines of less weight stay away from it. A
 * log_file gets them all the same. Before log_open. */
void log_spare_stderr(const char *least);
/* Set for the length of a request: stands on every line as `request=…`. NULL: none. The text is not copied.
 */
void log_set_request(const char *request_id);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
