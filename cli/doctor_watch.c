/* What tells the operator that something is wrong: mails, alarms, the figures, and who starts the dispatcher.
 */
#include "api/metrics.h"
#include "base/config.h"
#include "base/text.h"
#include "channels/email.h"
#include "cli/doctor.h"

#include <unistd.h>

static const struct statement ALARMS = {
    "SELECT name, raised_at FROM alarms WHERE raised_at IS NOT NULL ORDER BY name"
};
static const struct statement FAILED_MAIL = {
    "SELECT company_id, error FROM messages WHERE state = 'pending' AND attempts > 0 AND error IS NOT NULL "
    "ORDER BY due_at LIMIT 1"
};

static void check_mail(struct doctor *doctor)
{
    const char *problem = email_problem(), *operator_address = config_text(CONFIG_OPERATOR_EMAIL);
    if (problem)
        doctor_warn(doctor, "set smtp_url and mail_from, then try `slotwire mail test --to …`",
                    "no mail is sent: %s", problem);
    else
        doctor_ok(doctor, "mails go to %s", config_text(CONFIG_SMTP_URL));
    if (!problem && strcmp(config_text(CONFIG_SMTP_TLS), "none") == 0 &&
        strncmp(config_text(CONFIG_SMTP_URL), "smtp://", 7) == 0)
        doctor_warn(doctor, "set smtp_tls = required unless the server is this machine",
                    "mails and the mail server's password travel unencrypted");
    if (!*operator_address)
        doctor_warn(doctor, "set operator_email", "nobody is told by mail when something is wrong");
    else if (!text_is_email(operator_address, strlen(operator_address)))
        doctor_fail(doctor, "set operator_email to a bare e-mail address", "operator_email is no address");
}

static void check_authority(struct doctor *doctor)
{
    const char *authority = config_text(CONFIG_SMTP_CA_FILE);
    if (*authority && access(authority, R_OK) != 0)
        doctor_fail(doctor, "name a readable file of certificates, or none",
                    "smtp_ca_file %s is not readable", authority);
}

static void check_metrics(struct doctor *doctor)
{
    const char *path = config_text(CONFIG_METRICS_FILE);
    const char *problem = *path ? metrics_problem(path) : NULL;
    if (!*path)
        doctor_warn(doctor, "set metrics_file to a path that all workers may write",
                    "each worker counts its requests for itself");
    else if (problem)
        doctor_warn(doctor, "remove the file and restart the workers", "metrics_file %s %s", path, problem);
    else
        doctor_ok(doctor, "workers count together in %s", path);
}

static void check_program(struct doctor *doctor)
{
    const char *program = config_text(CONFIG_DISPATCHER_PROGRAM);
    if (!*program)
        doctor_warn(doctor, "set dispatcher_program to the path of slotwire-dispatcher",
                    "workers do not start the dispatcher when cron stops");
    else if (*program != '/' || access(program, X_OK) != 0)
        doctor_fail(doctor, "set dispatcher_program to the whole path of slotwire-dispatcher",
                    "dispatcher_program %s cannot be run", program);
    else
        doctor_ok(doctor, "workers start %s when cron stops", program);
}

void doctor_check_watch(struct doctor *doctor)
{
    check_mail(doctor);
    check_authority(doctor);
    check_metrics(doctor);
    check_program(doctor);
}

void doctor_check_alarms(struct doctor *doctor)
{
    struct cli *cli = doctor->cli;
    struct rows raised = db_all(cli->db, cli->pool, &ALARMS, BIND_NONE);
    for (size_t i = 0; i < raised.count; i++) {
        char since[CLOCK_TEXT_SIZE];
        doctor_fail(doctor, "look into the dispatcher's log and /metrics", "alarm `%s` stands since %s",
                    row_text(&raised.items[i], "name"),
                    clock_format_seconds(since, row_time(&raised.items[i], "raised_at")));
    }
    if (raised.count == 0)
        doctor_ok(doctor, "no alarm stands");
    const struct row *mail = db_one(cli->db, cli->pool, &FAILED_MAIL, BIND_NONE);
    if (mail)
        doctor_warn(doctor, "try `slotwire mail test --to …`", "a mail waits for another try: %s",
                    row_text(mail, "error"));
}
