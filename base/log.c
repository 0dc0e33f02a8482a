#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

/* A longer message is cut; escaped, a byte becomes four. */
enum { MESSAGE_MAX = 4096, LINE_MAX_BYTES = 5 * MESSAGE_MAX };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

static const char *program = "slotwire";
static const char *request;
static enum log_level most = LOG_LEVEL_INFO, most_on_stderr = LOG_LEVEL_DEBUG;
static int file = STDERR_FILENO;

/* `level` stays where the text names none. */
static void read_level(enum log_level *level, const char *text)
{
    for (int each = LOG_LEVEL_ERROR; each <= LOG_LEVEL_DEBUG; each++)
        if (strcmp(text, level_names[each]) == 0)
            *level = (enum log_level)each;
}

void log_spare_stderr(const char *least)
{
    read_level(&most_on_stderr, least);
}

void log_open(const char *name)
{
    const char *path = config_text(CONFIG_LOG_FILE);

    program = name;
    read_level(&most, config_text(CONFIG_LOG_LEVEL));
    if (file != STDERR_FILENO) {
        close(file);
        file = STDERR_FILENO;
    }
    if (*path) {
        int opened = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        if (opened < 0) {
            log_warn("log file cannot be opened, standard error is used instead path=%s error=%d", path,
                     errno);
            return;
        }
        file = opened;
    }
}

void log_set_request(const char *request_id)
{
    request = request_id;
}

static void add_escaped(struct buf *line, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte > 0x7E)
            buf_printf(line, "\\x%02X", byte);
        else
            buf_add_char(line, (char)byte);
    }
}

/* One write, so that the lines of several processes in one file never mix. */
static void put(enum log_level level, const char *format, va_list arguments)
{
    char message[MESSAGE_MAX], time[CLOCK_TEXT_SIZE];
    int saved = errno;
    struct buf line;
    ssize_t ignored;

    if (level > most || (file == STDERR_FILENO && level > most_on_stderr))
        return;
    vsnprintf(message, sizeof message, format, arguments);
    buf_init(&line, NULL, LINE_MAX_BYTES);
    buf_printf(&line, "%s %s %s[%d] ", clock_format(time, clock_real()), level_names[level], program,
               (int)getpid());
    add_escaped(&line, message);
    if (request) {
        buf_add_text(&line, " request=");
        add_escaped(&line, request);
    }
    buf_add_char(&line, '\n');
    ignored = write(file, line.data, line.length);
    (void)ignored;
    buf_release(&line);
    errno = saved;
}

void log_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(LOG_LEVEL_ERROR, format, arguments);
    va_end(arguments);
}

void log_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(LOG_LEVEL_WARN, format, arguments);
    va_end(arguments);
}

void log_info(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(LOG_LEVEL_INFO, format, arguments);
    va_end(arguments);
}

void log_debug(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(LOG_LEVEL_DEBUG, format, arguments);
    va_end(arguments);
}
