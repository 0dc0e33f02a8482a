"""Mails to people, over a mail server that is a process of its own, with STARTTLS and a login."""

import datetime
import email
import email.policy
import itertools
import json
import pathlib
import subprocess
import sys
import time
import uuid
from unittest.mock import patch

import pytest

from stack import free_port, wait_until
from world import instant, rfc

SERVER = pathlib.Path(__file__).resolve().parents[1] / "mail_server.py"
START = instant("2033-03-01T10:00:00Z")
BODY = "Grüße 🦊,\n\n.a line that begins with a dot\nFrom here = there\n" + "long " * 60 + "\nend\n"
numbers = itertools.count(1)


class MailServer:
    def __init__(self, folder, port, *options):
        folder.mkdir(exist_ok=True)
        self.folder, self.port = folder, port
        (folder / "ready").unlink(missing_ok=True)
        self.process = subprocess.Popen([sys.executable, str(SERVER), str(port), str(folder), *options],
                                        stdin=subprocess.DEVNULL)
        wait_until((folder / "ready").exists, 20, "the mail server")

    @property
    def mails(self):
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]

    @property
    def clear(self):
        path = self.folder / "clear"
        return path.read_bytes() if path.exists() else b""

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate authority and a server's certificate of it, both fresh."""
    folder = tmp_path_factory.mktemp("ca")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem",
            "-days", "2", "-extfile", "names")
    return folder


@pytest.fixture
def servers(tmp_path):
    """Starts mail servers; they are gone after the test."""
    started = []

    def start(*options, port=None):
        started.append(MailServer(tmp_path / f"mails-{len(started)}", port or free_port(), *options))
        return started[-1]

    yield start
    for server in started:
        server.close()


def secure(authority):
    return ["--certificate", str(authority / "server.pem"), "--key", str(authority / "server.key")]


def settings(server_port, authority=None, **more):
    values = {"SLOTWIRE_SMTP_URL": f"smtp://127.0.0.1:{server_port}", "SLOTWIRE_MAIL_FROM": "slotwire@example.org",
              "SLOTWIRE_SMTP_TIMEOUT": "30"}
    if authority:
        values["SLOTWIRE_SMTP_CA_FILE"] = str(authority / "ca.pem")
    return {**values, **more}


@pytest.fixture(autouse=True)
def no_old_mails(stack):
    """Nor deliveries of other tests, whose endpoints' owners would be warned by mail as the clock goes on."""
    for table in ("messages", "deliveries"):
        stack.sql.run(f"DELETE FROM {table}")


def queue(stack, recipient=None, subject="Héllo", body=BODY, now=None):
    """A message as message_queue writes it."""
    key, now = uuid.uuid4().bytes, (now or datetime.datetime.now(datetime.timezone.utc)).replace(tzinfo=None)
    stack.sql.run("INSERT INTO messages (id, channel, recipient, subject, body, state, due_at, created_at)"
                  " VALUES (%s, 'email', %s, %s, %s, 'pending', %s, %s)", key,
                  recipient or f"ada{next(numbers)}@example.com", subject, body, now, now)
    return key


def message(stack, key):
    return stack.sql.one("SELECT state, attempts, error, body, due_at FROM messages WHERE id = %s", key)


def test_a_mail_arrives_as_it_was_written(stack, servers, authority):
    server = servers(*secure(authority), "--login", "shop:s3cret pass")
    key = queue(stack, "ada@example.com", "Termin bestätigt – für Jürgen, Łukasz und 🦊 im großen Saal am Montag")
    stack.dispatch(**settings(server.port, authority, SLOTWIRE_SMTP_USER="shop", SLOTWIRE_SMTP_PASSWORD="s3cret pass"))
    [mail] = server.mails
    assert (mail["from"], mail["to"], mail["tls"], mail["login"]) == ("slotwire@example.org", ["ada@example.com"], True, True)
    text = email.message_from_bytes(mail["text"].encode("latin-1"), policy=email.policy.default)
    assert text["Subject"] == "Termin bestätigt – für Jürgen, Łukasz und 🦊 im großen Saal am Montag"
    assert text["To"] == "ada@example.com" or text["To"] == "<ada@example.com>"
    assert "slotwire@example.org" in text["From"] and text["Message-ID"].endswith("@example.org>")
    assert abs(text["Date"].datetime - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=5)
    assert text.get_content().replace("\r\n", "\n") == BODY and not text.defects
    assert all(len(line) <= 998 for line in mail["text"].split("\r\n"))
    sent = message(stack, key)
    assert (sent["state"], sent["attempts"], sent["body"], sent["error"]) == ("sent", 1, "", None)
    assert b"s3cret" not in server.clear and b"AUTH" not in server.clear and b"MAIL" not in server.clear


def test_a_subject_and_a_recipient_cannot_add_headers(stack, servers, authority):
    server = servers(*secure(authority))
    good = queue(stack, "ada@example.com", "Hi\r\nBcc: eve@example.com")
    bad = queue(stack, "ada@example.com>\r\nRCPT TO:<eve@example.com")
    stack.dispatch(**settings(server.port, authority))
    assert message(stack, good)["state"] == "sent"
    [mail] = server.mails
    assert mail["to"] == ["ada@example.com"] and "\r\nBcc" not in mail["text"]
    refused = message(stack, bad)
    assert (refused["state"], refused["body"]) == ("failed", "") and "address" in refused["error"]


def test_a_server_may_speak_tls_from_the_first_byte(stack, servers, authority):
    server = servers(*secure(authority), "--smtps")
    key, url = queue(stack), {"SLOTWIRE_SMTP_URL": f"smtps://127.0.0.1:{server.port}"}
    stack.dispatch(**settings(server.port, **url))
    assert "certificate" in message(stack, key)["error"] and not server.mails
    stack.sql.run("UPDATE messages SET due_at = created_at")
    stack.dispatch(**settings(server.port, authority, **url))
    assert message(stack, key)["state"] == "sent" and len(server.mails) == 1


def check_nothing_was_sent(stack, server, key, word):
    waiting = message(stack, key)
    assert (waiting["state"], waiting["attempts"], waiting["body"]) == ("pending", 1, BODY)
    assert word in waiting["error"], waiting["error"]
    assert not server.mails and b"Gr" not in server.clear and b"RCPT" not in server.clear


def test_a_refused_login_leaves_the_mail_waiting(stack, servers, authority):
    server = servers(*secure(authority), "--login", "shop:right")
    key = queue(stack)
    result = stack.dispatch(**settings(server.port, authority, SLOTWIRE_SMTP_USER="shop", SLOTWIRE_SMTP_PASSWORD="wr0ng"))
    check_nothing_was_sent(stack, server, key, "login")
    assert "wr0ng" not in result.stdout + result.stderr + message(stack, key)["error"]


def test_a_certificate_that_is_not_trusted_is_not_spoken_to(stack, servers, authority):
    server = servers(*secure(authority))
    key = queue(stack)
    stack.dispatch(**settings(server.port))
    check_nothing_was_sent(stack, server, key, "certificate")


@pytest.mark.parametrize("more", [{}, {"SLOTWIRE_SMTP_TLS": "opportunistic", "SLOTWIRE_SMTP_USER": "shop",
                                       "SLOTWIRE_SMTP_PASSWORD": "s3cret"}], ids=["required", "a password"])
def test_without_starttls_nothing_is_said_in_the_clear(stack, servers, more):
    server = servers()
    key = queue(stack)
    stack.dispatch(**settings(server.port, **more))
    check_nothing_was_sent(stack, server, key, "STARTTLS")


@pytest.mark.parametrize("level", ["opportunistic", "none"])
def test_an_operator_may_go_without_tls(stack, servers, level):
    server = servers()
    key = queue(stack)
    stack.dispatch(**settings(server.port, SLOTWIRE_SMTP_TLS=level))
    assert message(stack, key)["state"] == "sent" and len(server.mails) == 1


def test_greylisting_is_waited_out_with_the_same_message_id(stack, servers, authority, clock):
    clock(rfc(START))
    server = servers(*secure(authority))
    key = queue(stack, "grey@example.com", now=START)
    stack.dispatch(**settings(server.port, authority))
    waiting = message(stack, key)
    assert (waiting["state"], waiting["attempts"]) == ("pending", 1) and "451" in waiting["error"]
    assert waiting["due_at"] == (START + datetime.timedelta(minutes=1)).replace(tzinfo=None)
    clock(rfc(START + datetime.timedelta(seconds=59)))
    stack.dispatch(**settings(server.port, authority))
    assert message(stack, key)["attempts"] == 1
    clock(rfc(START + datetime.timedelta(seconds=60)))
    stack.dispatch(**settings(server.port, authority))
    assert message(stack, key)["state"] == "sent" and len(server.mails) == 1


@pytest.mark.parametrize("recipient, code", [("nobody@example.com", "550"), ("spam@example.com", "554")])
def test_a_refusal_for_good_ends_it(stack, servers, authority, recipient, code):
    server = servers(*secure(authority))
    key, other = queue(stack, recipient), queue(stack)
    result = stack.dispatch(**settings(server.port, authority))
    failed = message(stack, key)
    assert (failed["state"], failed["attempts"], failed["body"]) == ("failed", 1, "") and code in failed["error"]
    assert message(stack, other)["state"] == "sent"
    assert recipient not in result.stdout + result.stderr


def tries(stack, clock, key, environment, most=12):
    """The delays between the tries until the mail is given up, by setting the clock to each due moment."""
    now, delays = START, []
    for _ in range(most):
        stack.dispatch(**environment)
        row = message(stack, key)
        if row["state"] != "pending":
            return delays, row
        due = row["due_at"].replace(tzinfo=datetime.timezone.utc)
        delays.append(int((due - now).total_seconds()))
        now = due
        clock(rfc(now))
    return delays, message(stack, key)


def test_a_mailbox_that_stays_full_is_given_up_after_the_schedule(stack, servers, authority, clock):
    clock(rfc(START))
    server = servers(*secure(authority))
    key = queue(stack, "full@example.com", now=START)
    delays, row = tries(stack, clock, key, settings(server.port, authority))
    assert delays == [60, 300, 1800, 7200, 28800, 86400]
    assert (row["state"], row["attempts"], row["body"]) == ("failed", 7, "")


def test_a_server_that_is_down_is_tried_for_five_days(stack, clock):
    clock(rfc(START))
    key = queue(stack, now=START)
    delays, row = tries(stack, clock, key, settings(free_port()))
    assert delays == [60, 300, 1800, 7200, 28800, 86400] + 4 * [86400] and row["state"] == "failed"
    assert "not reachable" in row["error"]


def test_while_the_server_is_down_one_mail_alone_tries_it(stack):
    keys = [queue(stack) for _ in range(10)]
    stack.dispatch(**settings(free_port()))
    assert sorted(message(stack, key)["attempts"] for key in keys) == [0] * 9 + [1]


@pytest.mark.parametrize("recipient", ["ada@example.com", "hang@example.com"], ids=["no greeting", "in the middle"])
def test_a_server_that_hangs_is_left_after_a_while(stack, servers, authority, recipient):
    server = servers("--silent") if recipient == "ada@example.com" else servers(*secure(authority))
    key = queue(stack, recipient)
    stack.dispatch(**settings(server.port, authority, SLOTWIRE_SMTP_TIMEOUT="2"))
    row = message(stack, key)
    assert (row["state"], row["attempts"]) == ("pending", 1) and "too long" in row["error"]


@pytest.mark.parametrize("recipient", ["ada@example.com", "hang@example.com"], ids=["no greeting", "in the middle"])
def test_webhooks_do_not_wait_for_a_mail_server_that_hangs(stack, company, receiver, servers, authority, figure, recipient):
    server = servers("--silent") if recipient == "ada@example.com" else servers(*secure(authority))
    worst, count = 0, 0

    def come():
        nonlocal worst, count
        start, count = time.monotonic(), count + 1
        company.user(f"U{count}")
        wait_until(lambda: len(receiver.deliveries) == count, 5, "a webhook beside the hanging mail")
        worst = max(worst, time.monotonic() - start)

    company.webhook(receiver.url, ["user.created"])
    with patch.dict(stack.environment, settings(server.port, authority)), stack.dispatcher():
        key = queue(stack, recipient)
        wait_until(lambda: stack.sql.one("SELECT 1 FROM messages WHERE id = %s AND fence IS NOT NULL", key), 10, "the mail's lease")
        for _ in range(100):
            come()
            assert message(stack, key)["attempts"] == 0  # it is in the air
        server.close()  # and now it is given up
        wait_until(lambda: come() or message(stack, key)["attempts"] == 1, 10, "the mail to be given up")
    figure(f"beside a mail server that hangs: worst {1000 * worst:.0f} ms of {count} webhooks")


def test_what_is_settled_is_kept_for_the_days_of_retention(stack):
    keys = {(state, days): queue(stack) for state in ("sent", "failed", "pending") for days in (89, 91)}
    for (state, days), key in keys.items():
        stack.sql.run("UPDATE messages SET state = %s, due_at = due_at - INTERVAL %s DAY, settled_at = due_at WHERE id = %s",
                      state, days, key)
    stack.dispatch()
    assert {name for name, key in keys.items() if not message(stack, key)} == {("sent", 91), ("failed", 91)}


def test_mails_wait_where_no_server_is_set(stack):
    key = queue(stack)
    stack.dispatch()
    assert (message(stack, key)["state"], message(stack, key)["attempts"]) == ("pending", 0)


def test_a_thousand_mails_and_a_kill_lose_none(stack, servers, authority, figure):
    server = servers(*secure(authority))
    for _ in range(1000):
        queue(stack, body="x\n")
    with patch.dict(stack.environment, settings(server.port, authority)):
        process = stack.start_dispatcher()
        wait_until(lambda: len(server.mails) >= 300, 60, "300 mails")
        process.kill()
        process.wait()
        stack.sql.run("UPDATE messages SET due_at = created_at WHERE state = 'pending'")  # the leases run out
        process = stack.start_dispatcher()
        try:
            wait_until(lambda: stack.sql.number("SELECT COUNT(*) AS n FROM messages WHERE state = 'sent'") == 1000, 120, "all")
        finally:
            process.terminate()
            process.wait(60)
    mails = server.mails
    ids = [email.message_from_string(mail["text"])["Message-ID"] for mail in mails]
    assert len({mail["to"][0] for mail in mails}) == 1000
    assert len(set(ids)) == 1000  # what came twice has the same id
    figure(f"1,000 mails and one kill: 0 lost, {len(mails) - 1000} twice")


def test_the_command_sends_one_and_shows_the_conversation(stack, servers, authority):
    server = servers(*secure(authority), "--login", "shop:s3cret pass")
    environment = settings(server.port, authority, SLOTWIRE_SMTP_USER="shop", SLOTWIRE_SMTP_PASSWORD="s3cret pass")
    shown = stack.slotwire("mail", "test", "--to", "ada@example.com", environment=environment).stdout
    assert "> RCPT TO:<ada@example.com>" in shown and "< 250" in shown and len(server.mails) == 1
    assert "> AUTH ..." in shown and "s3cret" not in shown and "c2hvc" not in shown and "AHNob3A" not in shown
    refused = stack.slotwire("mail", "test", "--to", "nobody@example.com", environment=environment, status=1)
    assert "550" in refused.stdout and "550" in refused.stderr
    assert "smtp_url" in stack.slotwire("mail", "test", "--to", "ada@example.com", status=1).stderr
    assert "address" in stack.slotwire("mail", "test", "--to", "ada", environment=environment, status=1).stderr
