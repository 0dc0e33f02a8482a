#include "base/text.h"

#include <stdint.h>
#include <string.h>

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool is_lower(char character)
{
    return character >= 'a' && character <= 'z';
}

static bool is_upper(char character)
{
    return character >= 'A' && character <= 'Z';
}

static bool is_alphanumeric(char character)
{
    return is_digit(character) || is_lower(character) || is_upper(character);
}

static bool is_one_of(char character, const char *set)
{
    return character != '\0' && strchr(set, character) != NULL;
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/*
 * The length of the well-formed sequence at `bytes`, or 0. The second byte's range depends on the first
 * (RFC 3629, section 4); that alone rules out long forms, surrogates and anything past U+10FFFF.
 */
static size_t sequence_length(const unsigned char *bytes, size_t left)
{
    unsigned char first = bytes[0];
    unsigned char low = 0x80, high = 0xBF;
    size_t length;

    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (left < length || bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!is_continuation(bytes[i]))
            return 0;
    return length;
}

bool text_is_utf8(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t at = 0; at < length;) {
        size_t step = sequence_length(bytes + at, length - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

size_t text_whole(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t start = length, wanted;

    while (start > 0 && length - start < 3 && is_continuation(bytes[start - 1]))
        start--;
    if (start == 0)
        return length;
    start--;
    wanted = bytes[start] < 0xC2 ? 1 : bytes[start] < 0xE0 ? 2 : bytes[start] < 0xF0 ? 3 : 4;
    return bytes[start] <= 0xF4 && wanted > length - start ? start : length;
}

size_t text_count(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += !is_continuation((unsigned char)text[i]);
    return count;
}

bool text_is_printable(const char *text, size_t length, bool lines)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool line_break = byte == '\n' || byte == '\r' || byte == '\t';
        if ((byte < 0x20 && !(lines && line_break)) || byte == 0x7F)
            return false;
        /* U+0080 to U+009F are control characters too; in UTF-8 they are C2 80 to C2 9F. */
        if (byte == 0xC2 && i + 1 < length && (unsigned char)text[i + 1] < 0xA0)
            return false;
    }
    return true;
}

/* One label of a host name: alphanumeric at both ends, hyphens inside, 1..63. */
static bool is_label(const char *text, size_t length)
{
    if (length < 1 || length > 63 || !is_alphanumeric(text[0]) || !is_alphanumeric(text[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_alphanumeric(text[i]) && text[i] != '-')
            return false;
    return true;
}

static bool is_host(const char *text, size_t length)
{
    size_t start = 0;

    for (size_t i = 0; i <= length; i++) {
        if (i == length || text[i] == '.') {
            if (!is_label(text + start, i - start))
                return false;
            start = i + 1;
        }
    }
    return true;
}

bool text_is_email(const char *text, size_t length)
{
    const char *at = memchr(text, '@', length);
    size_t local;

    if (!at || length > 254)
        return false;
    local = (size_t)(at - text);
    for (size_t i = 0; i < local; i++)
        if (!is_alphanumeric(text[i]) && !is_one_of(text[i], ".!#$%&'*+/=?^_`{|}~-"))
            return false;
    return local > 0 && is_host(at + 1, length - local - 1);
}

bool text_is_phone(const char *text, size_t length)
{
    size_t digits = 0;

    if (length > 40)
        return false;
    for (size_t i = 0; i < length; i++)
        if (is_digit(text[i]))
            digits++;
        else if (!is_one_of(text[i], " ()-./") && !(text[i] == '+' && i == 0))
            return false;
    return digits >= 5 && digits <= 15;
}

bool text_is_currency(const char *text, size_t length)
{
    return length == 3 && is_upper(text[0]) && is_upper(text[1]) && is_upper(text[2]);
}

bool text_is_slug(const char *text, size_t length)
{
    if (length < 1 || length > 64 || text[0] == '-' || text[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '-')
            return false;
    return true;
}

size_t text_origin_length(const char *url)
{
    const char *mark = strstr(url, "://");
    size_t scheme = mark ? (size_t)(mark + 3 - url) : 0;

    return scheme + strcspn(url + scheme, "/?#");
}
