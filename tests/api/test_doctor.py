"""What `slotwire doctor` says of mails, figures and whoever starts the dispatcher."""

import contextlib
import pathlib

import pymysql
import pytest


@pytest.mark.parametrize("environment, word", [
    ({}, "smtp_url is not set"),
    ({"SLOTWIRE_SMTP_URL": "http://x"}, "smtp://"),
    ({"SLOTWIRE_SMTP_URL": "smtp://u:p4ss@x"}, "smtp_user"),
    ({"SLOTWIRE_SMTP_URL": "smtp://x"}, "mail_from is not set"),
    ({"SLOTWIRE_SMTP_URL": "smtp://x", "SLOTWIRE_MAIL_FROM": "Me <me@example.org>"}, "bare"),
    ({"SLOTWIRE_SMTP_URL": "smtp://x", "SLOTWIRE_MAIL_FROM": "me@example.org", "SLOTWIRE_SMTP_TLS": "none"}, "unencrypted"),
    ({"SLOTWIRE_SMTP_CA_FILE": "/nowhere"}, "smtp_ca_file"),
    ({"SLOTWIRE_OPERATOR_EMAIL": "me"}, "operator_email is no address"),
])
def test_doctor_knows_the_settings_of_mail(stack, environment, word):
    printed = stack.slotwire("doctor", status=None, environment=environment).stdout
    assert word in printed and "p4ss" not in printed


def test_doctor_looks_at_the_file(stack, tmp_path):
    def doctor(path):
        return stack.slotwire("doctor", status=None, environment={"SLOTWIRE_METRICS_FILE": str(path)}).stdout

    assert "counts its requests for itself" in doctor("")
    (tmp_path / "bad").write_text("bad")
    assert "is damaged" in doctor(tmp_path / "bad")
    assert "count together" in doctor(tmp_path / "good")


@contextlib.contextmanager
def account(stack, limit=0, grants="slotwire.*"):
    """A user of the database with a password, for SLOTWIRE_DB_USER and so on."""
    stack.sql.run(f"CREATE USER doctor@localhost IDENTIFIED BY 'right' WITH MAX_USER_CONNECTIONS {limit}")
    try:
        stack.sql.run(f"GRANT ALL ON {grants} TO doctor@localhost")
        yield {"SLOTWIRE_DB_USER": "doctor", "SLOTWIRE_DB_PASSWORD": "right"}
    finally:
        stack.sql.run("DROP USER doctor@localhost")


def database_line(stack, environment):
    """What doctor says first, and whether it finds it good."""
    printed = stack.slotwire("doctor", status=None, environment=environment).stdout
    assert "right" not in printed and "wr0ng" not in printed
    mark, _, line = printed.splitlines()[0].partition(" ")
    return mark, line


def test_doctor_tells_apart_why_the_database_does_not_let_it_in(stack):
    with account(stack, grants="*.*") as user:
        assert database_line(stack, user)[0] == "ok"
        told = {
            "refuses the user or the password": {**user, "SLOTWIRE_DB_PASSWORD": "wr0ng"},
            "no database by that name": {**user, "SLOTWIRE_DB_NAME": "nothing"},
            "no database server is there": {**user, "SLOTWIRE_DB_SOCKET": "/nowhere.sock"},
        }
        for words, environment in told.items():
            mark, line = database_line(stack, environment)
            assert mark == "FAIL" and words in line and "—" in line
        mark, line = database_line(stack, {"SLOTWIRE_DB_SOCKET": "", "SLOTWIRE_DB_HOST": "127.0.0.1", "SLOTWIRE_DB_PORT": "1"})
        assert mark == "FAIL" and "no database server is there (127.0.0.1:1" in line
    with account(stack, grants="elsewhere.*") as user:
        mark, line = database_line(stack, user)
        assert mark == "FAIL" and "may not use the database" in line and "GRANT ALL" in line
    stack.sql.run("CREATE USER doctor@localhost IDENTIFIED VIA unix_socket")
    try:
        mark, line = database_line(stack, {"SLOTWIRE_DB_USER": "doctor"})
        assert mark == "FAIL" and "system's user of the same name" in line
    finally:
        stack.sql.run("DROP USER doctor@localhost")


def test_doctor_knows_when_all_connections_are_taken(stack):
    with account(stack, limit=1) as user, contextlib.closing(
            pymysql.connect(unix_socket=stack.settings["db_socket"], user="doctor", password="right", database="slotwire")):
        mark, line = database_line(stack, user)
        assert mark == "FAIL" and "too many connections" in line and "fewer workers" in line


def test_doctor_counts_workers_against_the_connections(stack):
    """One for each worker, and the dispatcher's, its successor's and a command's."""
    processes = [pid for name in ("booking", "admin", "calendar", "logins", "waiting", "health") for pid in stack.children(f"pool-{name}")]
    workers = sum(pathlib.Path(f"/proc/{pid}/comm").read_text() == "slotwire-api\n" for pid in processes)  # none below valgrind
    for limit, wanted in ((workers + 2, "warn"), (190, "ok")):
        with account(stack, limit=limit) as user:
            lines = stack.slotwire("doctor", status=None, environment=user).stdout.splitlines()
        [line] = [line for line in lines if f"database allows {limit} connections" in line]
        assert line.split()[0] == wanted
        assert wanted == "ok" or (f"run {limit - 3} workers at most" if limit > 3 else "have max_user_connections raised") in line
