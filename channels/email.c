#include "channels/email.h"

#include "base/config.h"
#include "base/text.h"

#include <string.h>

enum { TEXT_LIMIT = 32 << 20 };

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

/* ---- before ---- */

static enum smtp_tls tls_level(void)
{
    const char *level = config_text(CONFIG_SMTP_TLS);
    if (strcmp(level, "none") == 0)
        return SMTP_TLS_NEVER;
    if (strcmp(level, "opportunistic") == 0 && !*config_text(CONFIG_SMTP_PASSWORD))
        return SMTP_TLS_OFFERED;
    return SMTP_TLS_ALWAYS;
}

static const char *text_or_null(const char *text)
{
    return *text ? text : NULL;
}

bool email_order(struct errand *errand, const struct email *email)
{
    struct buf text;
    struct smtp *smtp = pool_alloc(errand->pool, sizeof *smtp);
    if (!text_is_email(email->recipient, strlen(email->recipient)))
        return false;
    buf_init(&text, errand->pool, TEXT_LIMIT);
    email_write(&text, email, config_text(CONFIG_MAIL_FROM));
    if (text.overflowed)
        return false;
    smtp->sender = config_text(CONFIG_MAIL_FROM);
    smtp->recipient = email->recipient;
    smtp->user = text_or_null(config_text(CONFIG_SMTP_USER));
    smtp->password = config_text(CONFIG_SMTP_PASSWORD);
    smtp->authorities = text_or_null(config_text(CONFIG_SMTP_CA_FILE));
    smtp->tls = tls_level();
    errand->order = (struct order){
        .url = config_text(CONFIG_SMTP_URL),
        .body = text.data,
        .length = text.length,
        .timeout_ms = config_int(CONFIG_SMTP_TIMEOUT) * 1000,
        .smtp = smtp,
    };
    return true;
}

/* ---- afterwards ---- */

/*
 * Only what the server says to this recipient or this text is about the mail; a refusal of the sender, the
 * login or the connection is about the installation, and another try may find it mended.
 */
static enum email_fate fate_of(const struct smtp *smtp, enum trouble trouble)
{
    bool about_mail = strcmp(smtp->verb, "RCPT") == 0 || strcmp(smtp->verb, "DATA") == 0;
    if (trouble == TROUBLE_NONE)
        return EMAIL_SENT;
    if (trouble == TROUBLE_TIME || !about_mail || smtp->reply[0] < '4')
        return EMAIL_UNSENT;
    return smtp->reply[0] == '5' ? EMAIL_REFUSED : EMAIL_LATER;
}

static const char *words_of(const struct errand *errand)
{
    const struct smtp *smtp = errand->order.smtp;
    switch (errand->result.trouble) {
    case TROUBLE_NONE:
        return NULL;
    case TROUBLE_LOGIN:
        return pool_printf(errand->pool, "The mail server refused the login: %s", smtp->reply);
    case TROUBLE_CERTIFICATE:
        return "The mail server's certificate is not trusted; nothing was sent.";
    case TROUBLE_NO_TLS:
        return "The mail server offers no STARTTLS; nothing was sent in the clear.";
    case TROUBLE_TIME:
        return "The mail server took too long.";
    case TROUBLE_NAME:
        return "The mail server's name cannot be looked up.";
    case TROUBLE_CONNECTION:
        return "The mail server is not reachable.";
    case TROUBLE_AUTHORITIES:
        return "smtp_ca_file cannot be read.";
    case TROUBLE_OTHER:
        break;
    }
    if (smtp->reply[0] >= '4')
        return pool_printf(errand->pool, "The mail server answered %s%s%s", smtp->verb,
                           *smtp->verb ? ": " : "", smtp->reply);
    return pool_printf(errand->pool, "The mail was not sent: %s", errand->result.error);
}

enum email_fate email_fate(const struct errand *errand, const char **words)
{
    *words = words_of(errand);
    return fate_of(errand->order.smtp, errand->result.trouble);
}
