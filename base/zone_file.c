#include "base/zone_file.h"

#include "base/clock.h"
#include "base/pool.h"

#include <fcntl.h>
#include <unistd.h>

#ifndef ZONE_FOLDER
#define ZONE_FOLDER "/usr/share/zoneinfo/"
#endif

enum { FILE_LIMIT = 64 * 1024, HEADER_SIZE = 44 };

/* ---- The rule ---- */

static bool read_character(const char **at, char character)
{
    if (**at != character)
        return false;
    ++*at;
    return true;
}

static bool read_number(const char **at, int *number)
{
    int digits = 0;

    for (*number = 0; **at >= '0' && **at <= '9' && digits < 4; digits++)
        *number = *number * 10 + (*(*at)++ - '0');
    return digits > 0;
}

/* `[+-]h[h[h]][:mm[:ss]]`, in seconds. */
static bool read_seconds(const char **at, int *seconds)
{
    int sign = **at == '-' ? -1 : 1;
    int number;

    *at += **at == '-' || **at == '+';
    if (!read_number(at, &number))
        return false;
    *seconds = number * 3600;
    for (int unit = 60; unit >= 1 && read_character(at, ':'); unit /= 60) {
        if (!read_number(at, &number))
            return false;
        *seconds += number * unit;
    }
    *seconds *= sign;
    return true;
}

/* Three or more letters, or `<…>`. */
static bool skip_abbreviation(const char **at)
{
    size_t length;

    if (**at == '<') {
        *at += strcspn(*at, ">");
        return read_character(at, '>');
    }
    length = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    *at += length;
    return length >= 3;
}

static bool read_moment(const char **at, struct zone_moment *moment)
{
    bool read;

    *moment = (struct zone_moment){ .kind = MOMENT_DAY, .seconds = 2 * 3600 };
    if (!read_character(at, ','))
        return false;
    if (read_character(at, 'M')) {
        moment->kind = MOMENT_WEEKDAY;
        read = read_number(at, &moment->month) && read_character(at, '.') && read_number(at, &moment->week) &&
               read_character(at, '.') && read_number(at, &moment->day) && moment->month >= 1 &&
               moment->month <= 12 && moment->week >= 1 && moment->week <= 5 && moment->day <= 6;
    } else {
        moment->kind = read_character(at, 'J') ? MOMENT_JULIAN : MOMENT_DAY;
        read = read_number(at, &moment->day) && moment->day <= 365;
    }
    if (read && read_character(at, '/'))
        return read_seconds(at, &moment->seconds);
    return read;
}

/* `EST5EDT,M3.2.0,M11.1.0`: POSIX counts offsets to the west, hence the minus signs. */
static bool read_rule(const char *text, struct zone_rule *rule)
{
    if (!skip_abbreviation(&text) || !read_seconds(&text, &rule->standard))
        return false;
    rule->standard = -rule->standard;
    rule->present = true;
    if (*text == '\0')
        return true;
    if (!skip_abbreviation(&text))
        return false;
    rule->has_summer = true;
    rule->summer = rule->standard + 3600;
    if (*text != ',') {
        if (!read_seconds(&text, &rule->summer))
            return false;
        rule->summer = -rule->summer;
    }
    return read_moment(&text, &rule->begin) && read_moment(&text, &rule->end) && *text == '\0';
}

/* ---- The file ---- */

struct header {
    size_t utc_flags, standard_flags, leaps, changes, types, characters;
};

static int64_t big_endian(const unsigned char *bytes, int count)
{
    uint64_t number = bytes[0] & 0x80 ? UINT64_MAX : 0;

    for (int i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return (int64_t)number;
}

static bool read_header(const unsigned char *bytes, size_t length, struct header *header)
{
    size_t counts[6];

    if (length < HEADER_SIZE || memcmp(bytes, "TZif", 4) != 0)
        return false;
    for (int i = 0; i < 6; i++) {
        int64_t count = big_endian(bytes + 20 + 4 * i, 4);
        if (count < 0 || count > FILE_LIMIT)
            return false;
        counts[i] = (size_t)count;
    }
    *header = (struct header){ counts[0], counts[1], counts[2], counts[3], counts[4], counts[5] };
    return true;
}

static size_t body_size(struct header header, size_t time_size)
{
    return header.changes * (time_size + 1) + header.types * 6 + header.characters +
           header.leaps * (time_size + 4) + header.standard_flags + header.utc_flags;
}

/* Zeroed, for as long as the process lives; one longer than asked, since none may be asked. */
static void *new_array(size_t count, size_t size)
{
    void *array = calloc(count + 1, size);

    if (!array)
        pool_exhausted();
    return array;
}

static void take_changes(struct zone_data *data, const unsigned char *body, struct header header)
{
    const unsigned char *indexes = body + header.changes * 8;
    const unsigned char *types = indexes + header.changes;

    data->before = (int)big_endian(types, 4);
    data->count = header.changes;
    data->changes = new_array(header.changes, sizeof *data->changes);
    data->offsets = new_array(header.changes, sizeof *data->offsets);
    for (size_t i = 0; i < header.changes; i++) {
        size_t type = indexes[i] < header.types ? indexes[i] : 0;
        data->changes[i] = big_endian(body + i * 8, 8);
        data->offsets[i] = (int)big_endian(types + type * 6, 4);
    }
}

/*
 * A file holds its data twice: in 32 bits, which are passed over, and in 64, followed by the rule between two
 * line feeds. `bytes` end with a NUL at `length`. Files that count leap seconds are refused.
 */
static bool read_data(struct zone_data *data, unsigned char *bytes, size_t length)
{
    struct header header;
    size_t skipped, size;
    char *footer, *footer_end;

    if (!read_header(bytes, length, &header) || bytes[4] < '2')
        return false;
    skipped = HEADER_SIZE + body_size(header, 4);
    if (skipped > length || !read_header(bytes + skipped, length - skipped, &header))
        return false;
    bytes += skipped + HEADER_SIZE;
    length -= skipped + HEADER_SIZE;
    size = body_size(header, 8);
    if (size >= length || header.types == 0 || header.leaps > 0 || bytes[size] != '\n')
        return false;
    footer = (char *)bytes + size + 1;
    footer_end = strchr(footer, '\n');
    if (!footer_end)
        return false;
    *footer_end = '\0';
    if (*footer && !read_rule(footer, &data->rule))
        return false;
    take_changes(data, bytes, header);
    return true;
}

static size_t read_file(const char *name, unsigned char *bytes, size_t size)
{
    char path[sizeof ZONE_FOLDER + ZONE_NAME_LIMIT];
    ssize_t length;
    int file;

    snprintf(path, sizeof path, ZONE_FOLDER "%s", name);
    file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return 0;
    length = read(file, bytes, size); /* a regular file comes whole, a folder not at all */
    close(file);
    return length > 0 ? (size_t)length : 0;
}

bool zone_file_read(struct zone_data *data, const char *name)
{
    unsigned char bytes[FILE_LIMIT];
    size_t length = read_file(name, bytes, sizeof bytes - 1);

    bytes[length] = '\0';
    return read_data(data, bytes, length);
}
