"""The command line: the owner's and the operator's first steps."""

import os
import re
import subprocess
import uuid

import pytest

from world import Company


def test_config_prints_every_setting_and_no_secret(stack):
    printed = stack.slotwire("config", environment={"SLOTWIRE_ROOM_SECRET": "hush-hush"}).stdout
    for name in ("db_socket", "public_url", "open_signup", "worker_requests", "outbound_allow", "dispatcher_window"):
        assert re.search(rf"(?m)^#? ?{name} =", printed), name
    assert "hush-hush" not in printed


def test_config_output_is_a_config_file(stack, tmp_path):
    path = tmp_path / "again.conf"
    path.write_text(stack.slotwire("config").stdout)
    assert stack.program("slotwire", "--config", str(path), "config").stdout


@pytest.mark.parametrize("line", ["no_such_setting = 1", "worker_requests = many", "open_signup = perhaps"])
def test_a_wrong_setting_stops_the_program_with_one_line(stack, tmp_path, line):
    path = tmp_path / "bad.conf"
    path.write_text(line + "\n")
    result = stack.program("slotwire", "--config", str(path), "config", status=78)
    assert len(result.stderr.strip().splitlines()) == 1 and line.split()[0] in result.stderr


def test_a_config_that_is_missing_stops_the_program(stack):
    assert "/nowhere.conf" in stack.program("slotwire", "--config", "/nowhere.conf", "config", status=78).stderr


def test_a_company_user_and_key_made_by_hand_work(stack):
    slug = "cli-" + uuid.uuid4().hex[:8]
    company = stack.slotwire("company", "create", "--name", "By hand", "--time-zone", "Europe/Berlin",
                             "--currency", "EUR", "--slug", slug).stdout.strip()
    user = stack.slotwire("user", "create", "--company", company, "--name", "Ada", "--role", "admin",
                          "--email", f"{slug}@example.com", "--password-stdin", input="correct horse\n").stdout.strip()
    client = stack.client(stack.company_key(company, "company:read users:read"))
    assert client.get("/api/v1/company").json()["slug"] == slug
    assert client.get(f"/api/v1/users/{user}").json()["role"] == "admin"
    client.patch("/api/v1/company", {"name": "x"}, 403)


def test_a_password_is_stored_as_a_hash(stack):
    company, email = Company(stack), f"{uuid.uuid4().hex}@example.com"
    stack.slotwire("user", "create", "--company", company.id, "--name", "Ada", "--role", "admin", "--email", email,
                   "--password-stdin", input="correct horse battery\n")
    row = stack.sql.one("SELECT password_hash FROM credentials WHERE email = %s", email)
    assert row["password_hash"].startswith("scrypt$") and "horse" not in row["password_hash"]


@pytest.mark.parametrize("words", [
    ("company", "create", "--name", "x", "--time-zone", "Mars/Olympus", "--currency", "USD"),
    ("company", "create", "--name", "x", "--time-zone", "UTC", "--currency", "XQX"),
    ("user", "create", "--company", "cli_" + "0" * 26, "--name", "x", "--role", "admin"),
    ("key", "create", "--company", "cli_nonsense", "--name", "x"),
])
def test_what_cannot_be_is_refused_with_a_word(stack, words):
    before = stack.sql.counts()
    result = stack.slotwire(*words, status=1)
    assert result.stderr.strip() and not result.stdout and stack.sql.counts() == before


@pytest.mark.parametrize("words", [(), ("nothing",), ("company",), ("company", "create"), ("key", "create", "--what")])
def test_wrong_words_get_the_usage(stack, words):
    assert stack.slotwire(*words, status=64).stderr


def test_without_a_database_the_status_says_so(stack):
    result = stack.slotwire("migrate", status=75, environment={"SLOTWIRE_DB_SOCKET": "/nowhere.sock"})
    assert result.stderr.strip()


def test_the_demo_is_loaded_once(stack):
    first = stack.slotwire("demo").stdout
    values = dict(line.split("=", 1) for line in first.splitlines())
    assert {"SLOTWIRE_COMPANY", "SLOTWIRE_KEY", "SLOTWIRE_ADMIN_EMAIL", "SLOTWIRE_ADMIN_PASSWORD"} <= set(values)
    client = stack.client(values["SLOTWIRE_KEY"].strip("'\""))
    assert client.get("/api/v1/services").json()["data"] and client.get("/api/v1/bookings").json()["data"]
    assert [key["bookingLimit"] for key in client.get("/api/v1/keys").json()["data"]] == [6000]  # for load by hand
    before = stack.sql.counts()
    assert stack.slotwire("demo").stdout == "" and stack.sql.counts() == before


def test_doctor_looks_at_everything_and_says_what_to_do(stack):
    stack.dispatch()
    printed = stack.slotwire("doctor", status=None).stdout.lower()
    for word in ("database", "schema", "zone", "dispatcher", "url"):
        assert word in printed, word


@pytest.mark.parametrize("password", ["nine char", "x" * 201, "tab\tin the middle"])
def test_a_password_that_the_api_would_refuse_is_refused(stack, password):
    result = stack.slotwire("user", "create", "--company", Company(stack).id, "--name", "X", "--role", "admin", "--email",
                            f"{uuid.uuid4().hex}@example.com", "--password-stdin", input=password + "\n", status=None)
    assert result.returncode != 0 and "10 to 200 characters" in result.stderr


def test_doctor_says_that_nobody_can_log_in(stack):
    told = "nobody can log in"
    assert told not in stack.slotwire("doctor", status=None).stdout
    assert told in stack.slotwire("doctor", status=None, environment={"SLOTWIRE_SESSION_SECRET": "short"}).stdout


def test_doctor_finds_a_dispatcher_that_does_not_run(stack):
    stack.sql.run("DELETE FROM heartbeats")
    result = stack.slotwire("doctor", status=1)
    assert "cron" in result.stdout.lower() + result.stderr.lower()


def test_now_is_refused_where_there_is_no_test_clock(stack):
    environment = {"SLOTWIRE_TEST_CLOCK": ""}
    result = stack.program("slotwire-dispatcher", "--config", str(stack.config), "--once", "--now",
                           "2031-01-01T00:00:00Z", environment=environment, status=None)
    assert result.returncode != 0 and result.stderr.strip()


def test_a_password_that_is_typed_is_asked_for_and_not_shown(stack, company):
    """At a terminal of its own: what the program and the terminal write there is read back."""
    email = f"{uuid.uuid4().hex}@example.com"
    ours, theirs = os.openpty()
    words = ["user", "create", "--company", company.id, "--name", "Ada", "--role", "admin", "--email", email, "--password-stdin"]
    typed = subprocess.Popen([str(stack.build / "slotwire"), "--config", str(stack.config), *words], stdin=theirs,
                             stdout=subprocess.PIPE, stderr=theirs, env=stack.environment)
    os.close(theirs)
    shown = b""
    while b"Password: " not in shown:
        shown += os.read(ours, 1000)
    os.write(ours, b"correct horse battery\n")
    assert typed.stdout.read().startswith(b"usr_") and typed.wait() == 0
    shown += os.read(ours, 1000)
    os.close(ours)
    assert b"correct" not in shown
    stack.client().post("/api/v1/sessions", {"email": email, "password": "correct horse battery"})
