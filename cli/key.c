#include "rules/people/keys.h"

#include "cli/cli.h"
#include "rules/people/audit.h"

enum { COMPANIES_MAX = 50 };

static const struct cli_option options[] = {
    { "company", "cli_…", .many = true,
      .doc = "the company that the key is bound to; several: it spans them" },
    { "platform", NULL, .doc = "or a key of the operator, to make companies" },
    { "name", "NAME", .required = true, .doc = "what it is for" },
    { "scopes", "\"A B\"", .doc = "as bookings:read services:write; everything when not given" },
    { 0 }
};

/* Reads every --company into the order: one binds the key, several are spanned. */
static bool take_companies(struct cli *cli, struct key_order *order)
{
    struct id *ids = pool_array(cli->pool, COMPANIES_MAX, sizeof *ids);
    const char *at = cli_value(cli, "company");
    do {
        size_t length = strcspn(at, ",");
        struct id id;
        if (order->company_count == COMPANIES_MAX) {
            cli_refuse("a key spans at most %d companies", COMPANIES_MAX);
            return false;
        }
        if (!cli_find_company(cli, pool_memdup(cli->pool, at, length), &id))
            return false;
        bool again = false;
        for (size_t i = 0; i < order->company_count; i++)
            again = again || id_equal(ids[i], id);
        if (!again)
            ids[order->company_count++] = id;
        at += length + (at[length] == ',');
    } while (*at);
    order->companies = ids;
    if (order->company_count == 1) {
        order->company = ids[0];
        order->company_count = 0;
    }
    return true;
}

static int create(struct cli *cli)
{
    char id[ID_TEXT_SIZE];
    char *raw = NULL;
    const char *details;
    struct id nobody = { { 0 } };
    bool platform = cli_value(cli, "platform") != NULL;
    struct key_order order = { .name = cli_value(cli, "name"),
                               .power.scopes = cli_value(cli, "scopes"),
                               .now = cli->now };
    if (platform == (cli_value(cli, "company") != NULL)) {
        cli_refuse("give either --company or --platform");
        return CLI_USAGE;
    }
    if (!order.power.scopes)
        order.power.scopes = platform ? "platform" : "*";
    if (!keys_scopes_are_known(order.power.scopes, platform)) {
        return cli_refuse(
            "--scopes must be `*` or words like bookings:read (company, users, services,"
            " bookings, webhooks, keys, audit; read or write), and `platform` for a platform key");
    }
    if (!cli_check_text(cli, "name", 200) || (!platform && !take_companies(cli, &order)))
        return CLI_REFUSED;
    struct id key = key_create(cli->db, cli->pool, &order, &raw);
    id_format(id, "key", key);
    details = json_text(cli->pool, json_own(cli->pool, key_told(order.name, order.power.scopes)));
    audit(cli->db, order.company, nobody, nobody, "key.created", id, NULL, details, cli->now);
    for (size_t i = 0; i < order.company_count; i++)
        audit(cli->db, order.companies[i], nobody, nobody, "key.created", id, NULL, details, cli->now);
    cli_print(cli, "%s\n", raw);
    return CLI_DONE;
}

const struct command key_create_command = { "key create", "make an API key; prints it, this once", options,
                                            true, create };
