#include "rules/keys.h"

#include "cli/cli.h"
#include "rules/audit.h"

static const struct cli_option options[] = {
    { "company", "cli_…", false, "the company that the key is bound to" },
    { "platform", NULL, false, "or a key of the operator, to make companies" },
    { "name", "NAME", true, "what it is for" },
    { "scopes", "\"A B\"", false, "as bookings:read services:write; everything when not given" },
    { 0 }
};

static int create(struct cli *cli)
{
    char id[ID_TEXT_SIZE];
    char *raw = NULL;
    struct id company = { { 0 } };
    bool platform = cli_value(cli, "platform") != NULL;
    const char *scopes = cli_value(cli, "scopes");
    if (platform == (cli_value(cli, "company") != NULL)) {
        cli_refuse("give either --company or --platform");
        return CLI_USAGE;
    }
    if (!scopes) {
        scopes = platform ? "platform" : "*";
    }
    if (!keys_scopes_are_known(scopes, platform)) {
        return cli_refuse("--scopes must be `*` or words like bookings:read (company, users, services,"
                          " bookings, webhooks; read or write), and `platform` for a platform key");
    }
    if (!cli_check_text(cli, "name", 200) || (!platform && !cli_company(cli, &company))) {
        return CLI_REFUSED;
    }
    struct id key =
        key_create(cli->db, cli->pool, company, cli_value(cli, "name"), scopes, 0, cli->now, &raw);
    audit(cli->db, company, (struct id){ { 0 } }, (struct id){ { 0 } }, "key.created",
          id_format(id, "key", key), NULL, NULL, cli->now);
    cli_print(cli, "%s\n", raw);
    return CLI_DONE;
}

const struct command key_create_command = { "key create", "make an API key; prints it, this once", options,
                                            true, create };
