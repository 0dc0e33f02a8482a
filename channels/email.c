#include "channels/email.h"

#include "base/config.h"
#include "base/text.h"

#include <string.h>

enum { TEXT_LIMIT = 32 << 20, CONNECT_MS = 10000, REPLY_MOST = 300, CONVERSATION_LIMIT = 16 * 1024 };

struct email_transfer {
    struct pool *pool;
    CURL *easy;
    struct curl_slist *recipients;
    struct buf text, conversation;
    size_t read;
    int64_t until;              /* clock_monotonic() when it has taken too long */
    bool leaving;               /* we said QUIT: what follows says nothing of the mail */
    char verb[16];              /* of our last command */
    char reply[REPLY_MOST + 1]; /* the server's last line */
    char problem[CURL_ERROR_SIZE];
};

const char *email_problem(void)
{
    const char *url = config_text(CONFIG_SMTP_URL), *sender = config_text(CONFIG_MAIL_FROM);
    if (!*url)
        return "smtp_url is not set";
    if (strncmp(url, "smtp://", 7) != 0 && strncmp(url, "smtps://", 8) != 0)
        return "smtp_url must begin with smtp:// or smtps://";
    if (strchr(url, '@'))
        return "smtp_url must not hold a login: use smtp_user and smtp_password";
    if (!*sender)
        return "mail_from is not set";
    return text_is_email(sender, strlen(sender)) ? NULL : "mail_from must be a bare e-mail address";
}

/* ---- what curl calls ---- */

static size_t give_text(char *bytes, size_t size, size_t count, void *data)
{
    struct email_transfer *transfer = data;
    size_t left = transfer->text.length - transfer->read;
    size_t length = size * count < left ? size * count : left;
    memcpy(bytes, transfer->text.data + transfer->read, length);
    transfer->read += length;
    return length;
}

/* A mail server has no body to read; what there is would go to standard output. */
static size_t drop(char *bytes, size_t size, size_t count, void *data)
{
    (void)bytes;
    (void)data;
    return size * count;
}

static int printable_length(const char *bytes, size_t length)
{
    int printable = 0;
    while ((size_t)printable < length && printable < REPLY_MOST && bytes[printable] >= ' ' &&
           bytes[printable] <= '~')
        printable++;
    return printable;
}

/* What we say is a verb and its words; what follows AUTH, in that line and the next ones, is the login. */
static void note_ours(struct email_transfer *transfer, const char *bytes, size_t length)
{
    static const char *const verbs[] = { "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "QUIT" };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        size_t size = strlen(verbs[i]);
        if (length < size || memcmp(bytes, verbs[i], size) != 0 ||
            (length > size && bytes[size] != ' ' && bytes[size] != '\r'))
            continue;
        transfer->leaving |= strcmp(verbs[i], "QUIT") == 0;
        if (!transfer->leaving)
            snprintf(transfer->verb, sizeof transfer->verb, "%s", verbs[i]);
        if (strcmp(verbs[i], "AUTH") == 0)
            buf_add_text(&transfer->conversation, "> AUTH ...\n");
        else
            buf_printf(&transfer->conversation, "> %.*s\n", printable_length(bytes, length), bytes);
        return;
    }
}

/*
 * Our own time-out, in place of curl's: a handle that is broken off from here is closed without another word,
 * while after a time-out curl would say QUIT and wait as long again. And a QUIT need not be answered.
 */
static int keep_time(void *data, curl_off_t to_get, curl_off_t got, curl_off_t to_put, curl_off_t put)
{
    const struct email_transfer *transfer = data;
    (void)to_get, (void)got, (void)to_put, (void)put;
    return transfer->leaving || clock_monotonic() >= transfer->until;
}

static void note_theirs(struct email_transfer *transfer, const char *bytes, size_t length)
{
    int printable = printable_length(bytes, length);
    if (!transfer->leaving)
        snprintf(transfer->reply, sizeof transfer->reply, "%.*s", printable, bytes);
    buf_printf(&transfer->conversation, "< %.*s\n", printable, bytes);
}

static int overhear(CURL *easy, curl_infotype type, char *bytes, size_t length, void *data)
{
    struct email_transfer *transfer = data;
    (void)easy;
    if (type == CURLINFO_HEADER_OUT)
        note_ours(transfer, bytes, length);
    else if (type == CURLINFO_HEADER_IN)
        note_theirs(transfer, bytes, length);
    return 0;
}

/* ---- before ---- */

static long tls_level(void)
{
    const char *level = config_text(CONFIG_SMTP_TLS);
    if (strcmp(level, "none") == 0)
        return CURLUSESSL_NONE;
    if (strcmp(level, "opportunistic") == 0 && !*config_text(CONFIG_SMTP_PASSWORD))
        return CURLUSESSL_TRY;
    return CURLUSESSL_ALL;
}

static void set_security(CURL *easy)
{
    const char *authority = config_text(CONFIG_SMTP_CA_FILE);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, tls_level());
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (*authority)
        curl_easy_setopt(easy, CURLOPT_CAINFO, authority);
    if (*config_text(CONFIG_SMTP_USER)) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, config_text(CONFIG_SMTP_USER));
        curl_easy_setopt(easy, CURLOPT_PASSWORD, config_text(CONFIG_SMTP_PASSWORD));
    }
}

static void set_up(struct email_transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_URL, config_text(CONFIG_SMTP_URL));
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, keep_time);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE,
                     1L); /* an idle one would be closed with a QUIT at any moment */
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, overhear);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_text);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->text.length);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, config_text(CONFIG_MAIL_FROM));
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->recipients);
    set_security(easy);
}

struct email_transfer *email_start(struct pool *pool, const struct email *email)
{
    struct email_transfer *transfer = pool_alloc(pool, sizeof *transfer);
    transfer->pool = pool;
    buf_init(&transfer->text, pool, TEXT_LIMIT);
    buf_init(&transfer->conversation, pool, CONVERSATION_LIMIT);
    if (!text_is_email(email->recipient, strlen(email->recipient)))
        return NULL;
    email_write(&transfer->text, email, config_text(CONFIG_MAIL_FROM));
    if (transfer->text.overflowed)
        return NULL;
    transfer->easy = curl_easy_init();
    transfer->recipients = curl_slist_append(NULL, email->recipient);
    if (!transfer->easy || !transfer->recipients)
        pool_exhausted();
    transfer->until = clock_monotonic() + config_int(CONFIG_SMTP_TIMEOUT) * INT64_C(1000000);
    set_up(transfer);
    return transfer;
}

CURL *email_handle(struct email_transfer *transfer)
{
    return transfer->easy;
}

/* ---- afterwards ---- */

/*
 * Only what the server says to this recipient or this text is about the mail; a refusal of the sender, the
 * login or the connection is about the installation, and another try may find it mended.
 */
static enum email_fate fate_of(const struct email_transfer *transfer, CURLcode code)
{
    bool about_mail = strcmp(transfer->verb, "RCPT") == 0 || strcmp(transfer->verb, "DATA") == 0;
    if (code == CURLE_OK)
        return EMAIL_SENT;
    if (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_ABORTED_BY_CALLBACK || !about_mail ||
        transfer->reply[0] < '4')
        return EMAIL_UNSENT;
    return transfer->reply[0] == '5' ? EMAIL_REFUSED : EMAIL_LATER;
}

static const char *words_of(struct email_transfer *transfer, CURLcode code)
{
    switch (code) {
    case CURLE_LOGIN_DENIED:
        return pool_printf(transfer->pool, "The mail server refused the login: %s", transfer->reply);
    case CURLE_PEER_FAILED_VERIFICATION:
        return "The mail server's certificate is not trusted; nothing was sent.";
    case CURLE_USE_SSL_FAILED:
        return "The mail server offers no STARTTLS; nothing was sent in the clear.";
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:
        return "The mail server took too long.";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "The mail server's name cannot be looked up.";
    case CURLE_COULDNT_CONNECT:
        return "The mail server is not reachable.";
    case CURLE_SSL_CACERT_BADFILE:
        return "smtp_ca_file cannot be read.";
    default:
        break;
    }
    if (transfer->reply[0] >= '4')
        return pool_printf(transfer->pool, "The mail server answered %s%s%s", transfer->verb,
                           *transfer->verb ? ": " : "", transfer->reply);
    return pool_printf(transfer->pool, "The mail was not sent: %s", curl_easy_strerror(code));
}

enum email_fate email_finish(struct email_transfer *transfer, CURLcode code, const char **words)
{
    *words = code == CURLE_OK ? NULL : words_of(transfer, code);
    return fate_of(transfer, code);
}

const char *email_conversation(const struct email_transfer *transfer)
{
    return transfer->conversation.data ? transfer->conversation.data : "";
}

void email_free(struct email_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->recipients);
}
