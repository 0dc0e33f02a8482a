#include "cli/cli.h"

#include "base/fault.h"
#include "base/text.h"
#include "rules/people/companies.h"

const char *cli_value(const struct cli *cli, const char *name)
{
    for (size_t i = 0; cli->command->options && cli->command->options[i].name; i++)
        if (strcmp(cli->command->options[i].name, name) == 0)
            return cli->values[i];
    fault_raise(FAULT_BROKEN, "%s has no option %s", cli->command->words, name);
}

void cli_print(struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    buf_add_text(&cli->out, pool_vprintf(cli->pool, format, arguments));
    va_end(arguments);
}

int cli_refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("slotwire: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return CLI_REFUSED;
}

bool cli_check_text(const struct cli *cli, const char *name, size_t most)
{
    const char *text = cli_value(cli, name);
    size_t length = text ? strlen(text) : 0;
    if (!text)
        return true;
    if (!text_is_utf8(text, length) || !text_is_printable(text, length, false) || length == 0 ||
        text_count(text, length) > most) {
        cli_refuse("--%s must be 1 to %zu printable characters in UTF-8", name, most);
        return false;
    }
    return true;
}

bool cli_check_email(const struct cli *cli, const char *name)
{
    const char *email = cli_value(cli, name);
    if (email && !text_is_email(email, strlen(email))) {
        cli_refuse("--%s must be an e-mail address", name);
        return false;
    }
    return true;
}

bool cli_find_company(const struct cli *cli, const char *text, struct id *company)
{
    if (!id_parse(company, "cli", text, strlen(text)) || !company_read(cli->db, cli->pool, *company)) {
        cli_refuse("there is no company %s", text);
        return false;
    }
    return true;
}

bool cli_company(const struct cli *cli, struct id *company)
{
    return cli_find_company(cli, cli_value(cli, "company"), company);
}
