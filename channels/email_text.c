#include "channels/email_text.h"

#include "base/crypto.h"

#include <string.h>

enum {
    LINE_MOST = 76, /* RFC 2045 §6.7, without the line's end */
    WORD_BYTES = 39 /* of text in one encoded word: 52 characters of base64 and 12 around them */
};

static const char *const DAYS[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
static const char *const MONTHS[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static bool is_control(char character)
{
    return (unsigned char)character < ' ' || character == 0x7F;
}

/* ---- headers ---- */

static void add_date(struct buf *out, instant time)
{
    struct date date = date_from_days(time / CLOCK_DAY);
    int64_t seconds = time % CLOCK_DAY / CLOCK_SECOND;
    buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", DAYS[date_weekday(date)], date.day,
               MONTHS[date.month - 1], date.year, (int)(seconds / 3600), (int)(seconds / 60 % 60),
               (int)(seconds % 60));
}

/* `=?` would be read as an encoded word; a long line is better folded as words. */
static bool is_plain(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((*at & 0x80) || is_control(*at))
            return false;
    return !strstr(text, "=?") && strlen(text) <= LINE_MOST - sizeof "Subject: ";
}

/* At most WORD_BYTES, and no character cut in two. */
static size_t word_length(const char *text)
{
    size_t length = strlen(text);
    if (length <= WORD_BYTES)
        return length;
    length = WORD_BYTES;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    return length > 0 ? length : WORD_BYTES;
}

static void add_subject(struct buf *out, const char *subject)
{
    char *clean = pool_strdup(out->pool, subject);
    buf_add_text(out, "Subject: ");
    for (char *at = clean; *at; at++)
        if (is_control(*at))
            *at = ' ';
    if (is_plain(clean)) {
        buf_printf(out, "%s\r\n", clean);
        return;
    }
    for (const char *at = clean; *at;) {
        size_t length = word_length(at);
        buf_printf(out, "%s=?UTF-8?B?%s?=", at == clean ? "" : "\r\n ", crypto_base64(out->pool, at, length));
        at += length;
    }
    buf_add_text(out, "\r\n");
}

static void add_headers(struct buf *out, const struct email *email, const char *sender)
{
    char id[ID_TEXT_SIZE];
    const char *host = strrchr(sender, '@');
    add_date(out, email->created_at);
    buf_printf(out, "From: <%s>\r\nTo: <%s>\r\n", sender, email->recipient);
    add_subject(out, email->subject);
    buf_printf(out, "Message-ID: <%s@%s>\r\n", id_format(id, "msg", email->id), host ? host + 1 : "invalid");
    buf_add_text(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: quoted-printable\r\n"
                      "Auto-Submitted: auto-generated\r\n\r\n"); /* RFC 3834: no holiday notes, please */
}

/* ---- body ---- */

static bool stands_for_itself(const char *at)
{
    if (*at == ' ' || *at == '\t')
        return at[1] != '\n' && at[1] != '\r' && at[1] != '\0';
    return *at > ' ' && *at <= '~' && *at != '=';
}

static void add_body(struct buf *out, const char *body)
{
    size_t column = 0;
    for (const char *at = body; *at; at++) {
        if (*at == '\r' && at[1] == '\n')
            continue;
        if (*at == '\n') {
            buf_add_text(out, "\r\n");
            column = 0;
            continue;
        }
        bool plain = stands_for_itself(at);
        size_t width = plain ? 1 : 3;
        if (column + width > LINE_MOST - 1) { /* room for the soft break */
            buf_add_text(out, "=\r\n");
            column = 0;
        }
        if (plain)
            buf_add_char(out, *at);
        else
            buf_printf(out, "=%02X", (unsigned char)*at);
        column += width;
    }
    if (column > 0)
        buf_add_text(out, "\r\n");
}

void email_write(struct buf *out, const struct email *email, const char *sender)
{
    add_headers(out, email, sender);
    add_body(out, email->body);
}
