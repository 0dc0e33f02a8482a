#include "signatures/restyle.h"

#include <string.h>

static void write_value(struct buf *out, struct json_object *value, const struct style *style, int depth);

static void write_unit(struct buf *out, unsigned int unit)
{
    buf_printf(out, "\\u%04x", unit);
}

static void write_code(struct buf *out, unsigned int code)
{
    if (code >= 0x10000) {
        write_unit(out, 0xD800 + ((code - 0x10000) >> 10));
        write_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
        write_unit(out, code);
    }
}

/* The code point of well-formed UTF-8 at `text`, and how many bytes it has. */
static unsigned int decode(const char *text, size_t *size)
{
    unsigned char lead = (unsigned char)*text;
    unsigned int code = lead < 0x80 ? lead : lead < 0xE0 ? lead & 0x1F : lead < 0xF0 ? lead & 0x0F : lead & 7;

    *size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < *size; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    return code;
}

static bool is_escaped(unsigned int code, const struct style *style)
{
    if (code == 0x7F)
        return style->delete;
    if (style->html && (code == '<' || code == '>' || code == '&' || code == 0x2028 || code == 0x2029))
        return true;
    return code < ' ' || (style->ascii && code > 0x7F);
}

static void write_text(struct buf *out, const char *text, size_t length, const struct style *style)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

    buf_add_char(out, '"');
    for (size_t i = 0, size; i < length; i += size) {
        unsigned int code = decode(text + i, &size);
        const char *short_form = code < 0x80 && code > 0 ? strchr(plain, (int)code) : NULL;

        if (short_form)
            buf_printf(out, "\\%c", letters[short_form - plain]);
        else if (code == '/' && style->slashes)
            buf_add_text(out, "\\/");
        else if (is_escaped(code, style))
            write_code(out, code);
        else
            buf_add(out, text + i, size);
    }
    buf_add_char(out, '"');
}

static void write_break(struct buf *out, const struct style *style, int depth)
{
    for (int i = 0; style->indent > 0 && i <= depth * style->indent; i++)
        buf_add_char(out, i == 0 ? '\n' : ' ');
}

static void write_comma(struct buf *out, const struct style *style, bool first, int depth)
{
    if (!first)
        buf_add_text(out, style->blanks && style->indent == 0 ? ", " : ",");
    write_break(out, style, depth);
}

struct member {
    const char *name;
    struct json_object *value;
};

static int compare_members(const void *left, const void *right)
{
    return strcmp(((const struct member *)left)->name, ((const struct member *)right)->name);
}

static void write_object(struct buf *out, struct json_object *object, const struct style *style, int depth)
{
    size_t length = (size_t)json_object_object_length(object), count = 0;
    struct member *members = pool_array(out->pool, length + 1, sizeof *members);

    json_object_object_foreach(object, name, value)
        members[count++] = (struct member){ name, value };
    if (style->sorted)
        qsort(members, count, sizeof *members, compare_members);
    buf_add_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        write_comma(out, style, i == 0, depth + 1);
        write_text(out, members[i].name, strlen(members[i].name), style);
        buf_add_text(out, style->blanks || style->indent > 0 ? ": " : ":");
        write_value(out, members[i].value, style, depth + 1);
    }
    if (count > 0)
        write_break(out, style, depth);
    buf_add_char(out, '}');
}

static void write_array(struct buf *out, struct json_object *array, const struct style *style, int depth)
{
    size_t count = json_object_array_length(array);

    buf_add_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        write_comma(out, style, i == 0, depth + 1);
        write_value(out, json_object_array_get_idx(array, i), style, depth + 1);
    }
    if (count > 0)
        write_break(out, style, depth);
    buf_add_char(out, ']');
}

static void write_value(struct buf *out, struct json_object *value, const struct style *style, int depth)
{
    switch (json_object_get_type(value)) {
    case json_type_object:
        write_object(out, value, style, depth);
        break;
    case json_type_array:
        write_array(out, value, style, depth);
        break;
    case json_type_string:
        write_text(out, json_object_get_string(value), (size_t)json_object_get_string_len(value), style);
        break;
    default:
        json_write(out, value);
    }
}

void restyle(struct buf *out, struct json_object *value, const struct style *style)
{
    write_value(out, value, style, 0);
}
