#include "base/text.h"
#include "cli/cli.h"
#include "rules/people/audit.h"
#include "rules/people/password_links.h"
#include "rules/people/people.h"

#include <termios.h>
#include <unistd.h>

enum { PASSWORD_BYTES_MAX = 4 * PASSWORD_MAX_LENGTH };

static const struct cli_option options[] = {
    { "company", "cli_…", true, "whose user" },
    { "name", "NAME", true, "the person's name" },
    { "role", "ROLE", true, "admin, coach, frontdesk, professional, therapist, host, member, lead …" },
    { "email", "EMAIL", false, "needed for a login" },
    { "password-stdin", NULL, false, "make a login; the password is a line on standard input" },
    { 0 }
};

static bool check_role(const char *role)
{
    for (size_t i = 0; role_choices[i]; i++)
        if (strcmp(role_choices[i], role) == 0)
            return true;
    fputs("slotwire: --role must be one of", stderr);
    for (size_t i = 0; role_choices[i]; i++)
        fprintf(stderr, " %s", role_choices[i]);
    fputc('\n', stderr);
    return false;
}

/* A line of standard input; who sits there is asked, and what they type is not shown. */
static bool read_hidden(char *line, int size)
{
    struct termios before, hidden;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
        fputs("Password: ", stderr);
    }
    bool read = fgets(line, size, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return read;
}

/* Read once, though the command may run again after a deadlock. */
static const char *read_password(void)
{
    static char line[PASSWORD_BYTES_MAX + 2];
    if (*line || !read_hidden(line, sizeof line))
        return line;
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

static bool check(const struct cli *cli)
{
    if (!cli_check_text(cli, "name", 200) || !cli_check_email(cli, "email") ||
        !check_role(cli_value(cli, "role")))
        return false;
    if (cli_value(cli, "password-stdin") && !cli_value(cli, "email")) {
        cli_refuse("a login needs --email");
        return false;
    }
    return true;
}

static bool add_login(struct cli *cli, struct id company, struct id user)
{
    const char *email = cli_value(cli, "email");
    const char *password = read_password();
    size_t length = strlen(password);
    if (!text_is_utf8(password, length) || !text_is_printable(password, length, false) ||
        text_count(password, length) < PASSWORD_MIN_LENGTH ||
        text_count(password, length) > PASSWORD_MAX_LENGTH) {
        cli_refuse("a password has %d to %d characters of UTF-8", PASSWORD_MIN_LENGTH, PASSWORD_MAX_LENGTH);
        return false;
    }
    if (!person_add_login(cli->db, cli->pool, company, user, email, password, cli->now)) {
        cli_refuse("%s has a login already", email);
        return false;
    }
    return true;
}

/* Both open doors: as over the API, it is kept who gave them. */
static void audit_doors(struct cli *cli, struct id company, const char *person)
{
    const struct id nobody = { { 0 } };
    const char *role = cli_value(cli, "role");
    if (role_is_staff(role))
        audit(cli->db, company, nobody, nobody, "user.role_changed", person, NULL,
              json_text(cli->pool, json_own(cli->pool, audit_move(NULL, role))), cli->now);
    if (cli_value(cli, "password-stdin"))
        audit(cli->db, company, nobody, nobody, "login.created", person, NULL, NULL, cli->now);
}

static int create(struct cli *cli)
{
    char id[ID_TEXT_SIZE];
    struct id company;
    if (!check(cli) || !cli_company(cli, &company))
        return CLI_REFUSED;
    struct person_order order = { .company = company,
                                  .role = cli_value(cli, "role"),
                                  .name = cli_value(cli, "name"),
                                  .email = cli_value(cli, "email"),
                                  .now = cli->now };
    const struct row *person = person_create(cli->db, cli->pool, &order);
    struct id user = row_id(person, "id");
    if (cli_value(cli, "password-stdin") && !add_login(cli, company, user))
        return CLI_REFUSED;
    id_format(id, "usr", user);
    audit(cli->db, company, (struct id){ { 0 } }, (struct id){ { 0 } }, "user.created", id, NULL, NULL,
          cli->now);
    audit_doors(cli, company, id);
    cli_print(cli, "%s\n", id);
    cli->poke = true;
    return CLI_DONE;
}

const struct command user_create_command = { "user create", "add a person to a company; prints the id",
                                             options, true, create };
