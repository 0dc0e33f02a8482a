#include "api/field_text.h"

#include "base/text.h"
#include "base/url.h"
#include "base/zone.h"

#include <math.h>

enum { TEXT_MAX = 200, LINES_MAX = 10000 };

bool field_is_text(enum field_type type)
{
    switch (type) {
    case FIELD_INT:
    case FIELD_NUMBER:
    case FIELD_AMOUNT:
    case FIELD_MILLIS:
    case FIELD_SECONDS:
    case FIELD_BOOL:
    case FIELD_OBJECT:
    case FIELD_LIST:
    case FIELD_JSON:
        return false;
    default:
        return true;
    }
}

const char *field_check_range(struct pool *pool, const struct field *field, double number)
{
    if (field->type == FIELD_AMOUNT && number < 0)
        return "must not be negative";
    if (field->min == 0 && field->max == 0)
        return NULL;
    if (number < (double)field->min || number > (double)field->max)
        return pool_printf(pool, "must be between %lld and %lld", (long long)field->min,
                           (long long)field->max);
    return NULL;
}

static bool is_blank(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] != ' ' && text[i] != '\n' && text[i] != '\r' && text[i] != '\t')
            return false;
    return true;
}

static const char *take_words(struct pool *pool, const struct field *field, const char *text, size_t length,
                              struct value *value)
{
    bool lines = field->type == FIELD_LINES;
    size_t most = field->max > 0 ? (size_t)field->max : lines ? LINES_MAX : TEXT_MAX;
    size_t count = text_count(text, length);

    if (!text_is_printable(text, length, lines))
        return lines ? "must not hold control characters" : "must be one line without control characters";
    if (count > most)
        return pool_printf(pool, "must be at most %zu characters long", most);
    if (field->min > 0 && count < (size_t)field->min)
        return pool_printf(pool, "must be at least %lld characters long", (long long)field->min);
    if ((field->required || field->min > 0) && is_blank(text, length))
        return "must not be blank";
    *value = value_bytes(text, length);
    return NULL;
}

static const char *take_id(struct pool *pool, const struct field *field, const char *text, size_t length,
                           struct value *value)
{
    struct id id;

    for (const char *const *word = field->choices; word && *word; word++) {
        if (strcmp(*word, text) == 0) {
            *value = value_null();
            return NULL;
        }
    }
    if (!id_parse(&id, field->prefix, text, length) || id_is_nil(id)) {
        if (!field->as_in_path)
            return pool_printf(pool, "must be an id like %s_…", field->prefix);
        id = (struct id){ { 0 } };
    }
    *value = value_id(id);
    return NULL;
}

static const char *take_choice(struct pool *pool, const struct field *field, const char *text,
                               struct value *value)
{
    struct buf list;

    buf_init(&list, pool, 4096);
    for (const char *const *choice = field->choices; *choice; choice++) {
        if (strcmp(*choice, text) == 0) {
            *value = value_text(*choice);
            return NULL;
        }
        buf_printf(&list, "%s%s", list.length ? ", " : "", *choice);
    }
    return pool_printf(pool, "must be one of %s", list.data);
}

static const char *take_clock(const char *text, size_t length, struct value *value)
{
    int hour, minute;

    if (length != 5 || strspn(text, "0123456789") != 2 || text[2] != ':' ||
        strspn(text + 3, "0123456789") != 2)
        return "must be a time of day like 09:30";
    hour = (text[0] - '0') * 10 + text[1] - '0';
    minute = (text[3] - '0') * 10 + text[4] - '0';
    if (hour > 24 || minute > 59 || (hour == 24 && minute > 0))
        return "must be a time of day between 00:00 and 24:00";
    *value = value_int(hour * 60 + minute);
    return NULL;
}

static bool is_secret(const char *text, size_t length, const struct field *field)
{
    size_t least = field->min > 0 ? (size_t)field->min : 1, most = field->max > 0 ? (size_t)field->max : 255;

    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return length >= least && length <= most;
}

static const char *take_checked(bool good, const char *text, size_t length, struct value *value,
                                const char *problem)
{
    if (!good)
        return problem;
    *value = value_bytes(text, length);
    return NULL;
}

static const char *take_time(const char *text, size_t length, struct value *value)
{
    instant time;

    if (!clock_parse(&time, text, length))
        return "must be an RFC 3339 time with an offset, like 2026-01-31T10:00:00Z";
    *value = value_time(time);
    return NULL;
}

static const char *take_integer(struct pool *pool, const struct field *field, const char *text, size_t length,
                                struct value *value)
{
    size_t digits = strspn(text + (text[0] == '-'), "0123456789");
    long long number;

    if (digits == 0 || digits > 15 || digits + (text[0] == '-') != length)
        return "must be a whole number";
    number = strtoll(text, NULL, 10);
    *value = value_int(number);
    return field_check_range(pool, field, (double)number);
}

static const char *take_number(struct pool *pool, const struct field *field, const char *text, size_t length,
                               struct value *value)
{
    char *end;
    double number;

    if (length == 0 || length > 40 || strspn(text, "0123456789.-+eE") != length)
        return "must be a number";
    number = strtod(text, &end);
    if (*end || number > 1e300 || number < -1e300)
        return "must be a number";
    *value = value_number(number);
    return field_check_range(pool, field, number);
}

const char *field_take_since_epoch(enum field_type type, double number, struct value *value)
{
    double millis = floor(type == FIELD_SECONDS ? number * 1000 : number);

    if (!(millis >= (double)INSTANT_MIN && millis <= (double)INSTANT_MAX))
        return type == FIELD_SECONDS ? "must be seconds since 1970" : "must be milliseconds since 1970";
    *value = value_time((instant)millis);
    return NULL;
}

static const char *take_since_epoch(struct pool *pool, const struct field *field, const char *text,
                                    size_t length, struct value *value)
{
    const char *problem = take_number(pool, field, text, length, value);

    return problem ? problem : field_take_since_epoch(field->type, value->number, value);
}

static const char *take_bool(const char *text, struct value *value)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return "must be true or false";
    *value = value_int(text[0] == 't');
    return NULL;
}

const char *field_take_text(struct pool *pool, const struct field *field, const char *text, size_t length,
                            struct value *value)
{
    struct date date;

    if (memchr(text, '\0', length) || !text_is_utf8(text, length))
        return "must be well-formed UTF-8 without NUL";
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_LINES:
        return take_words(pool, field, text, length, value);
    case FIELD_ID:
        return take_id(pool, field, text, length, value);
    case FIELD_TIME:
        return take_time(text, length, value);
    case FIELD_DATE:
        return take_checked(date_parse(&date, text, length), text, length, value,
                            "must be a calendar date like 2026-01-31");
    case FIELD_CLOCK:
        return take_clock(text, length, value);
    case FIELD_ENUM:
        return take_choice(pool, field, text, value);
    case FIELD_EMAIL:
        return take_checked(text_is_email(text, length), text, length, value, "must be an e-mail address");
    case FIELD_PHONE:
        return take_checked(text_is_phone(text, length), text, length, value, "must be a phone number");
    case FIELD_URL:
        return take_checked(url_read(&(struct url){ 0 }, text), text, length, value,
                            "must be an absolute http or https URL");
    case FIELD_ZONE:
        return take_checked(zone_find(text) != NULL, text, length, value,
                            "must be an IANA time zone like Europe/Berlin");
    case FIELD_CURRENCY:
        return take_checked(text_is_currency(text, length), text, length, value,
                            "must be an ISO 4217 currency like USD");
    case FIELD_SLUG:
        return take_checked(text_is_slug(text, length), text, length, value,
                            "must be 1 to 64 of a-z, 0-9 and inner hyphens");
    case FIELD_SECRET:
        return take_checked(is_secret(text, length, field), text, length, value,
                            pool_printf(pool,
                                        "must be %lld to %lld printable ASCII characters without spaces",
                                        (long long)(field->min ? field->min : 1),
                                        (long long)(field->max ? field->max : 255)));
    case FIELD_INT:
        return take_integer(pool, field, text, length, value);
    case FIELD_NUMBER:
    case FIELD_AMOUNT:
        return take_number(pool, field, text, length, value);
    case FIELD_MILLIS:
    case FIELD_SECONDS:
        return take_since_epoch(pool, field, text, length, value);
    case FIELD_BOOL:
        return take_bool(text, value);
    default:
        return "cannot be given here";
    }
}
