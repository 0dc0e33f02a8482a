/*
 * json_read: text in, a json-c tree out.
 *
 * json-c's own tokener takes more than JSON.parse does even in its strict mode (NaN, `1.`, `-01`, control
 * characters, lone surrogates, 1e999), silently clamps large integers and keeps the last of two members of
 * one name. So the grammar is read here, and json-c keeps the tree.
 *
 * A part is tied to its parent before it is filled, so that a text refused half-way leaks nothing.
 */
#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"

#include <limits.h>
#include <math.h>

#define SAFE_INTEGER ((int64_t)1 << 53)
enum { SAFE_DIGITS = 16, STORED_DEPTH = 128, NAME_SHOWN = 64 };

struct reader {
    struct pool *pool;
    const char *text, *at, *end;
    struct buf scratch; /* the string or number at hand, decoded and NUL-terminated */
    int max_depth, depth;
    bool stored; /* our own text: JSON.stringify writes 1e20 in digits, so they are taken back as a double */
    const char *why;
};

static bool read_value(struct reader *reader, struct json_object **out);

static bool refuse(struct reader *reader, const char *problem)
{
    reader->why = pool_printf(reader->pool, "The JSON text is wrong at byte %zu: %s.",
                              (size_t)(reader->at - reader->text), problem);
    return false;
}

static struct json_object *made(struct json_object *object)
{
    if (!object)
        abort(); /* no memory left */
    return object;
}

/* The byte at hand; a NUL at the end, which no rule of the grammar takes. */
static char peek(const struct reader *reader)
{
    return reader->at < reader->end ? *reader->at : '\0';
}

static bool take(struct reader *reader, char wanted)
{
    if (peek(reader) != wanted)
        return false;
    reader->at++;
    return true;
}

static void skip_space(struct reader *reader)
{
    while (peek(reader) == ' ' || peek(reader) == '\t' || peek(reader) == '\n' || peek(reader) == '\r')
        reader->at++;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* ---- strings ---- */

static int hex_digit(char character)
{
    if (is_digit(character))
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

/* The four hex digits of a \u escape, or -1. */
static int read_unit(struct reader *reader)
{
    int unit = 0;

    for (int count = 0; count < 4; count++) {
        int digit = hex_digit(peek(reader));
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
        reader->at++;
    }
    return unit;
}

static void add_utf8(struct buf *out, int point)
{
    if (point < 0x80) {
        buf_add_char(out, (char)point);
    } else if (point < 0x800) {
        buf_add_char(out, (char)(0xC0 | point >> 6));
        buf_add_char(out, (char)(0x80 | (point & 0x3F)));
    } else {
        if (point < 0x10000) {
            buf_add_char(out, (char)(0xE0 | point >> 12));
        } else {
            buf_add_char(out, (char)(0xF0 | point >> 18));
            buf_add_char(out, (char)(0x80 | (point >> 12 & 0x3F)));
        }
        buf_add_char(out, (char)(0x80 | (point >> 6 & 0x3F)));
        buf_add_char(out, (char)(0x80 | (point & 0x3F)));
    }
}

static bool read_unicode(struct reader *reader)
{
    int high = read_unit(reader);
    int low;

    if (high < 0)
        return refuse(reader, "\\u needs four hexadecimal digits");
    if (high == 0)
        return refuse(reader, "\\u0000 is not taken");
    if (high < 0xD800 || high > 0xDFFF) {
        add_utf8(&reader->scratch, high);
        return true;
    }
    if (high > 0xDBFF || !take(reader, '\\') || !take(reader, 'u'))
        return refuse(reader, "half of a surrogate pair stands alone");
    low = read_unit(reader);
    if (low < 0xDC00 || low > 0xDFFF)
        return refuse(reader, "half of a surrogate pair stands alone");
    add_utf8(&reader->scratch, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
    return true;
}

static bool read_escape(struct reader *reader)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *name = peek(reader) ? strchr(names, peek(reader)) : NULL;

    if (take(reader, 'u'))
        return read_unicode(reader);
    if (!name)
        return refuse(reader, "an unknown escape");
    reader->at++;
    return buf_add_char(&reader->scratch, meanings[name - names]);
}

/* Reads a string, decoded, into the scratch buffer. The UTF-8 of the whole text has been checked. */
static bool read_string(struct reader *reader)
{
    buf_clear(&reader->scratch);
    if (!take(reader, '"'))
        return refuse(reader, "a string in double quotes was expected");
    for (;;) {
        const char *start = reader->at;
        while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\' &&
               (unsigned char)*reader->at >= 0x20)
            reader->at++;
        buf_add(&reader->scratch, start, (size_t)(reader->at - start));
        if (take(reader, '"'))
            return true;
        if (reader->at == reader->end)
            return refuse(reader, "a string is not closed");
        if (!take(reader, '\\'))
            return refuse(reader, "a control character in a string must be escaped");
        if (!read_escape(reader))
            return false;
    }
}

/* ---- numbers and words ---- */

static bool skip_digits(struct reader *reader)
{
    const char *start = reader->at;

    while (is_digit(peek(reader)))
        reader->at++;
    return reader->at > start;
}

/* Passes over one number by the grammar; `whole`: it has neither fraction nor exponent. */
static bool skip_number(struct reader *reader, bool *whole)
{
    *whole = true;
    take(reader, '-');
    if (!take(reader, '0') && !skip_digits(reader))
        return refuse(reader, "a value was expected");
    if (take(reader, '.')) {
        *whole = false;
        if (!skip_digits(reader))
            return refuse(reader, "a digit was expected after the decimal point");
    }
    if (take(reader, 'e') || take(reader, 'E')) {
        *whole = false;
        if (!take(reader, '+'))
            take(reader, '-');
        if (!skip_digits(reader))
            return refuse(reader, "a digit was expected in the exponent");
    }
    return true;
}

static bool read_number(struct reader *reader, struct json_object **out)
{
    const char *start = reader->at;
    bool whole;
    double number;

    if (!skip_number(reader, &whole))
        return false;
    buf_clear(&reader->scratch);
    buf_add(&reader->scratch, start, (size_t)(reader->at - start));
    if (whole && reader->scratch.length <= SAFE_DIGITS + 1) {
        long long integer = strtoll(reader->scratch.data, NULL, 10);
        if (integer >= -SAFE_INTEGER && integer <= SAFE_INTEGER) {
            *out = made(json_object_new_int64(integer));
            return true;
        }
    }
    if (whole && !reader->stored)
        return refuse(reader, "an integer must be between -2^53 and 2^53");
    number = strtod(reader->scratch.data, NULL);
    if (!isfinite(number))
        return refuse(reader, "a number must be between -1.8e308 and 1.8e308");
    *out = made(json_object_new_double(number));
    return true;
}

static bool read_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return refuse(reader, "a value was expected");
    reader->at += length;
    return true;
}

static bool read_bool(struct reader *reader, bool truth, struct json_object **out)
{
    if (!read_word(reader, truth ? "true" : "false"))
        return false;
    *out = made(json_object_new_boolean(truth));
    return true;
}

/* ---- objects and arrays ---- */

static bool refuse_double(struct reader *reader)
{
    if (reader->scratch.length > NAME_SHOWN)
        return refuse(reader, "an object has two members of one name");
    return refuse(reader,
                  pool_printf(reader->pool, "the member \"%s\" is there twice", reader->scratch.data));
}

static bool read_member(struct reader *reader, struct json_object *object)
{
    struct json_object *value = NULL;
    const char *name;
    bool read;

    skip_space(reader);
    if (!read_string(reader))
        return false;
    if (json_object_object_get_ex(object, reader->scratch.data, NULL))
        return refuse_double(reader);
    name = pool_memdup(reader->pool, reader->scratch.data, reader->scratch.length);
    skip_space(reader);
    if (!take(reader, ':'))
        return refuse(reader, "a colon was expected");
    skip_space(reader);
    read = read_value(reader, &value);
    if (json_object_object_add_ex(object, name, value, JSON_C_OBJECT_ADD_KEY_IS_NEW) != 0)
        abort(); /* no memory left */
    return read;
}

static bool read_object(struct reader *reader, struct json_object *object)
{
    skip_space(reader);
    if (take(reader, '}'))
        return true;
    do {
        if (!read_member(reader, object))
            return false;
        skip_space(reader);
    } while (take(reader, ','));
    return take(reader, '}') || refuse(reader, "a comma or a closing brace was expected");
}

static bool read_array(struct reader *reader, struct json_object *array)
{
    skip_space(reader);
    if (take(reader, ']'))
        return true;
    do {
        struct json_object *item = NULL;
        bool read;
        skip_space(reader);
        read = read_value(reader, &item);
        if (json_object_array_add(array, item) != 0)
            abort(); /* no memory left */
        if (!read)
            return false;
        skip_space(reader);
    } while (take(reader, ','));
    return take(reader, ']') || refuse(reader, "a comma or a closing bracket was expected");
}

static bool read_nested(struct reader *reader, struct json_object **out)
{
    bool is_object = peek(reader) == '{';
    bool read;

    if (reader->depth == reader->max_depth)
        return refuse(reader, pool_printf(reader->pool, "objects and arrays may be nested %d deep at most",
                                          reader->max_depth));
    reader->depth++;
    reader->at++;
    *out = made(is_object ? json_object_new_object() : json_object_new_array());
    read = is_object ? read_object(reader, *out) : read_array(reader, *out);
    reader->depth--;
    return read;
}

static bool read_value(struct reader *reader, struct json_object **out)
{
    switch (peek(reader)) {
    case '{':
    case '[':
        return read_nested(reader, out);
    case '"':
        if (!read_string(reader))
            return false;
        *out = made(json_object_new_string_len(reader->scratch.data, (int)reader->scratch.length));
        return true;
    case 't':
    case 'f':
        return read_bool(reader, peek(reader) == 't', out);
    case 'n':
        return read_word(reader, "null");
    default:
        return read_number(reader, out);
    }
}

static bool read_text(struct reader *reader, struct json_object **out)
{
    skip_space(reader);
    if (reader->at == reader->end)
        return refuse(reader, "a value was expected");
    if (!read_value(reader, out))
        return false;
    skip_space(reader);
    return reader->at == reader->end || refuse(reader, "something follows the value");
}

static struct json_object *parse(struct reader *reader, size_t length)
{
    struct json_object *root = NULL;
    bool read;

    reader->at = reader->text;
    reader->end = reader->text + length;
    buf_init(&reader->scratch, NULL, length + 1);
    read = read_text(reader, &root);
    buf_release(&reader->scratch);
    if (read)
        return json_own(reader->pool, root);
    json_object_put(root);
    return NULL;
}

struct json_object *json_parse(struct pool *pool, const char *text, size_t length, struct json_limits limits,
                               const char **why)
{
    struct reader reader = { .pool = pool, .text = text, .max_depth = limits.depth };
    struct json_object *root;

    *why = NULL;
    if (length > limits.bytes || length > INT_MAX) {
        *why = pool_printf(pool, "The JSON text must have %zu bytes at most.", limits.bytes);
        return NULL;
    }
    if (!text_is_utf8(text, length)) {
        *why = "The JSON text must be well-formed UTF-8.";
        return NULL;
    }
    root = parse(&reader, length);
    *why = reader.why;
    return root;
}

struct json_object *json_parse_stored(struct pool *pool, const char *text)
{
    struct reader reader = { .pool = pool, .text = text, .max_depth = STORED_DEPTH, .stored = true };
    struct json_object *root;

    if (!text)
        return NULL;
    root = parse(&reader, strlen(text));
    if (reader.why)
        fault_raise(FAULT_BROKEN, "stored JSON: %s", reader.why);
    return root;
}
