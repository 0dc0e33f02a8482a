/*
 * json_write: a json-c tree as the text that JSON.stringify gives.
 *
 * Two formats are verified by parsing the body and serialising `data` again in JavaScript, so this is exact
 * to the byte: json-c's own writer escapes `/` and prints doubles its own way.
 */
#include "base/fault.h"
#include "base/json.h"

#include <float.h>
#include <math.h>

#define SAFE_INTEGER ((int64_t)1 << 53)
#define TEXT_LIMIT   ((size_t)1 << 30)

/* ---- numbers ---- */

/* A decimal d.ddd × 10^exponent, without trailing zeros. */
struct decimal {
    char digits[20];
    int count;
    int exponent;
};

/* Rounds a positive number to `count` significant digits. */
static struct decimal decimal_of(double number, int count)
{
    struct decimal decimal = { .count = 0 };
    char text[40];
    char *at = text;

    snprintf(text, sizeof text, "%.*e", count - 1, number);
    for (; *at != 'e'; at++)
        if (*at != '.')
            decimal.digits[decimal.count++] = *at;
    decimal.exponent = (int)strtol(at + 1, NULL, 10);
    return decimal;
}

static double decimal_value(const struct decimal *decimal)
{
    char text[40];

    snprintf(text, sizeof text, "%.*se%d", decimal->count, decimal->digits,
             decimal->exponent - decimal->count + 1);
    return strtod(text, NULL);
}

/* The next decimal with as many digits. */
static void decimal_step(struct decimal *decimal)
{
    int at = decimal->count - 1;

    while (at >= 0 && decimal->digits[at] == '9')
        decimal->digits[at--] = '0';
    if (at >= 0) {
        decimal->digits[at]++;
        return;
    }
    decimal->digits[0] = '1';
    decimal->exponent++;
}

/*
 * The fewest digits that read back as the same number. 15 digits always survive the way through a normal
 * double, so cutting the zeros of 15 is enough there; subnormal ones are tried from one digit on. Below a
 * power of two the doubles lie closer together than above it, so the nearest decimal may miss the number
 * where its upper neighbour hits it.
 */
static struct decimal shortest(double number)
{
    int count = number < DBL_MIN ? 1 : DBL_DIG;

    for (;; count++) {
        struct decimal decimal = decimal_of(number, count);
        bool found = decimal_value(&decimal) == number;
        if (!found && count < DBL_DECIMAL_DIG) {
            decimal_step(&decimal);
            found = decimal_value(&decimal) == number;
        }
        if (found || count == DBL_DECIMAL_DIG) {
            while (decimal.count > 1 && decimal.digits[decimal.count - 1] == '0')
                decimal.count--;
            return decimal;
        }
    }
}

/* ECMA-262 6.1.6.1.20, steps 6 to 12, into a buffer that holds every case: 1 sign, 21 digits, `0.` and six
 * zeros. */
static void decimal_print(char *text, size_t size, const char *sign, const struct decimal *decimal)
{
    const char *digits = decimal->digits;
    int count = decimal->count;
    int point = decimal->exponent + 1; /* digits before the decimal point */

    if (point > 21 || point < -5)
        snprintf(text, size, "%s%c%s%.*se%+d", sign, digits[0], count > 1 ? "." : "", count - 1, digits + 1,
                 point - 1);
    else if (point <= 0)
        snprintf(text, size, "%s0.%.*s%.*s", sign, -point, "00000", count, digits);
    else if (point < count)
        snprintf(text, size, "%s%.*s.%.*s", sign, point, digits, count - point, digits + point);
    else
        snprintf(text, size, "%s%.*s%.*s", sign, count, digits, point - count, "00000000000000000000");
}

char *json_number_text(char text[32], double number)
{
    struct decimal decimal;

    if (!isfinite(number)) {
        snprintf(text, 32, "null");
    } else if (fabs(number) <= (double)SAFE_INTEGER && number == trunc(number)) {
        snprintf(text, 32, "%lld", (long long)number); /* -0 is 0, as in JavaScript */
    } else {
        decimal = shortest(fabs(number));
        decimal_print(text, 32, number < 0 ? "-" : "", &decimal);
    }
    return text;
}

static void write_int(struct buf *out, int64_t integer)
{
    char text[32];

    if (integer >= -SAFE_INTEGER && integer <= SAFE_INTEGER)
        buf_printf(out, "%lld", (long long)integer);
    else
        buf_add_text(out, json_number_text(text, (double)integer)); /* what JavaScript would hold */
}

/* ---- strings ---- */

static void write_escape(struct buf *out, char character)
{
    static const char meanings[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *meaning = character ? strchr(meanings, character) : NULL;

    if (meaning) {
        buf_add_char(out, '\\');
        buf_add_char(out, names[meaning - meanings]);
    } else {
        buf_printf(out, "\\u%04x", (unsigned)(unsigned char)character);
    }
}

static void write_string(struct buf *out, const char *text, size_t length)
{
    const char *end = text + length;

    buf_add_char(out, '"');
    while (text < end) {
        const char *start = text;
        while (text < end && *text != '"' && *text != '\\' && (unsigned char)*text >= 0x20)
            text++;
        buf_add(out, start, (size_t)(text - start));
        if (text < end)
            write_escape(out, *text++);
    }
    buf_add_char(out, '"');
}

/* ---- objects and arrays ---- */

static void write_value(struct buf *out, struct json_object *value);

struct member {
    const char *name;
    struct json_object *value;
    int64_t index; /* -1: the name is no array index */
};

/* JavaScript lists members whose names are array indices (0 … 2^32-2, canonical) first, by number. */
static int64_t array_index(const char *name)
{
    int64_t index = 0;
    size_t length = 0;

    for (; name[length]; length++) {
        if (name[length] < '0' || name[length] > '9' || length == 10)
            return -1;
        index = index * 10 + (name[length] - '0');
    }
    if (length == 0 || (name[0] == '0' && length > 1) || index > UINT32_MAX - (int64_t)1)
        return -1;
    return index;
}

static int member_compare(const void *left, const void *right)
{
    int64_t first = ((const struct member *)left)->index, second = ((const struct member *)right)->index;

    return first < second ? -1 : first > second;
}

static void write_member(struct buf *out, const char *name, struct json_object *value, bool *first)
{
    if (!*first)
        buf_add_char(out, ',');
    *first = false;
    write_string(out, name, strlen(name));
    buf_add_char(out, ':');
    write_value(out, value);
}

static void write_indexed(struct buf *out, struct json_object *object, size_t count, bool *first)
{
    struct member *members = calloc(count, sizeof *members);
    size_t used = 0;

    if (!members)
        abort(); /* no memory left */
    json_object_object_foreach(object, name, value) {
        int64_t index = array_index(name);
        if (index >= 0)
            members[used++] = (struct member){ name, value, index };
    }
    qsort(members, used, sizeof *members, member_compare);
    for (size_t at = 0; at < used; at++)
        write_member(out, members[at].name, members[at].value, first);
    free(members);
}

static void write_object(struct buf *out, struct json_object *object)
{
    size_t indexed = 0;
    bool first = true;

    json_object_object_foreach(object, counted, ignored) {
        (void)ignored;
        indexed += array_index(counted) >= 0;
    }
    buf_add_char(out, '{');
    if (indexed > 0)
        write_indexed(out, object, indexed, &first);
    json_object_object_foreach(object, name, value)
        if (indexed == 0 || array_index(name) < 0)
            write_member(out, name, value, &first);
    buf_add_char(out, '}');
}

static void write_array(struct buf *out, struct json_object *array)
{
    size_t length = json_object_array_length(array);

    buf_add_char(out, '[');
    for (size_t at = 0; at < length; at++) {
        if (at > 0)
            buf_add_char(out, ',');
        write_value(out, json_object_array_get_idx(array, at));
    }
    buf_add_char(out, ']');
}

static void write_value(struct buf *out, struct json_object *value)
{
    char number[32];

    switch (json_object_get_type(value)) {
    case json_type_null:
        buf_add_text(out, "null");
        break;
    case json_type_boolean:
        buf_add_text(out, json_object_get_boolean(value) ? "true" : "false");
        break;
    case json_type_double:
        buf_add_text(out, json_number_text(number, json_object_get_double(value)));
        break;
    case json_type_int:
        write_int(out, json_object_get_int64(value));
        break;
    case json_type_string:
        write_string(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
        break;
    case json_type_object:
        write_object(out, value);
        break;
    case json_type_array:
        write_array(out, value);
        break;
    }
}

bool json_write(struct buf *out, struct json_object *value)
{
    write_value(out, value);
    return !out->overflowed;
}

char *json_text(struct pool *pool, struct json_object *value)
{
    struct buf text;

    buf_init(&text, pool, TEXT_LIMIT);
    if (!json_write(&text, value))
        fault_raise(FAULT_BROKEN, "a JSON text grew beyond %zu bytes", TEXT_LIMIT);
    return text.data;
}
