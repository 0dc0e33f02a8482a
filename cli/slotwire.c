/* slotwire: the operator's program. */
#include "base/config.h"
#include "base/fault.h"
#include "base/poke.h"
#include "cli/cli.h"

#include <signal.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum { ATTEMPTS = 5, OUTPUT_MAX = 1 << 20 };

static const struct command *const commands[] = {
    &config_command,     &migrate_command, &company_create_command, &user_create_command,
    &key_create_command, &demo_command,    &doctor_command,         &mail_test_command,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* ---- the command line ---- */

static void print_command(FILE *out, const struct command *command)
{
    fprintf(out, "  slotwire %-16s %s\n", command->words, command->summary);
    for (const struct cli_option *option = command->options; option && option->name; option++) {
        char shown[64];
        snprintf(shown, sizeof shown, "--%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        fprintf(out, "      %-28s %s%s\n", shown, option->doc, option->required ? " (required)" : "");
    }
}

static int usage(FILE *out, const struct command *command)
{
    fputs("usage: slotwire [--config FILE] COMMAND [OPTION …]\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        if (!command || command == commands[i])
            print_command(out, commands[i]);
    return out == stdout ? CLI_DONE : CLI_USAGE;
}

/* The command whose words stand at the arguments; `*used` is how many they are. */
static const struct command *find_command(char **arguments, size_t *used)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *rest = commands[i]->words;
        size_t words = 0;
        while (*rest) {
            size_t length = strcspn(rest, " ");
            const char *given = arguments[words];
            if (!given || strlen(given) != length || memcmp(given, rest, length) != 0)
                break;
            words++;
            rest += length + (rest[length] == ' ');
        }
        if (*rest == '\0') {
            *used = words;
            return commands[i];
        }
    }
    return NULL;
}

static bool take_option(struct cli *cli, char ***arguments)
{
    const char *given = *(*arguments)++;
    size_t length = strcspn(given, "=");
    for (size_t i = 0; cli->command->options && cli->command->options[i].name; i++) {
        const struct cli_option *option = &cli->command->options[i];
        if (length != strlen(option->name) + 2 || memcmp(given, "--", 2) != 0 ||
            memcmp(given + 2, option->name, length - 2) != 0)
            continue;
        bool joined = given[length] == '=';
        if (!option->value) {
            cli->values[i] = "";
            return !joined;
        }
        const char *value = joined ? given + length + 1 : **arguments;
        if (!value)
            return false;
        if (!joined)
            (*arguments)++;
        bool again = option->many && cli->values[i];
        cli->values[i] = again ? pool_printf(cli->pool, "%s,%s", cli->values[i], value) : value;
        return true;
    }
    return false;
}

static bool take_options(struct cli *cli, char **arguments)
{
    while (*arguments) {
        const char *given = *arguments;
        if (!take_option(cli, &arguments)) {
            fprintf(stderr, "slotwire: cannot use %s\n", given);
            return false;
        }
    }
    for (size_t i = 0; cli->command->options && cli->command->options[i].name; i++) {
        if (cli->command->options[i].required && !cli->values[i]) {
            fprintf(stderr, "slotwire: --%s is missing\n", cli->command->options[i].name);
            return false;
        }
    }
    return true;
}

/* ---- running ---- */

static int run_once(struct cli *cli, enum fault *fault)
{
    struct fault_frame frame;
    *fault = fault_catch(&frame);
    if (*fault != FAULT_NONE) {
        if (!db_rollback(cli->db) && *fault == FAULT_BROKEN)
            *fault = FAULT_RETRY; /* the transaction had ended under it */
        return *fault == FAULT_BROKEN ? CLI_BROKEN : CLI_DATABASE;
    }
    if (cli->command->changes)
        db_begin(cli->db);
    int status = cli->command->run(cli);
    if (cli->command->changes && status == CLI_DONE)
        db_commit(cli->db);
    else
        db_rollback(cli->db);
    fault_done(&frame);
    return status;
}

static int run(struct cli *cli)
{
    enum fault fault = FAULT_NONE;
    int status = CLI_BROKEN;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        buf_clear(&cli->out);
        cli->poke = false;
        status = run_once(cli, &fault);
        if (fault != FAULT_RETRY)
            break;
    }
    if (fault == FAULT_NONE)
        fwrite(cli->out.data, 1, cli->out.length, stdout);
    if (status == CLI_DONE && cli->poke)
        poke_dispatcher((struct id){ 0 });
    return status == CLI_DONE && fflush(stdout) != 0 ? CLI_BROKEN : status;
}

int main(int count, char **arguments)
{
    const char *config = NULL;
    struct cli cli = { 0 };
    size_t words = 0;
    (void)count;
    signal(SIGPIPE, SIG_IGN);
    for (arguments++; *arguments && **arguments == '-'; arguments++) {
        if (strcmp(*arguments, "--help") == 0)
            return usage(stdout, NULL);
        if (strcmp(*arguments, "--version") == 0)
            return puts("slotwire " PACKAGE_VERSION) < 0 ? CLI_BROKEN : CLI_DONE;
        if (strcmp(*arguments, "--config") != 0 || !arguments[1])
            return usage(stderr, NULL);
        config = *++arguments;
    }
    cli.command = find_command(arguments, &words);
    if (!cli.command)
        return usage(stderr, NULL);
    cli.pool = pool_new();
    if (!take_options(&cli, arguments + words)) {
        pool_free(cli.pool);
        return usage(stderr, cli.command);
    }
    config_load(config);
    clock_follow(config_text(CONFIG_TEST_CLOCK));
    cli.db = db_new();
    cli.now = clock_now();
    buf_init(&cli.out, NULL, OUTPUT_MAX);
    int status = run(&cli);
    buf_release(&cli.out);
    db_free(cli.db);
    pool_free(cli.pool);
    return status;
}
