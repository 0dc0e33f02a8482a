"""A lag is told: to the operator, to each company concerned, and in what watchers read."""

import contextlib
import datetime

import pytest

from stack import free_port, wait_until
from world import Company, instant, rfc

START = instant("2034-05-01T10:00:00Z")
OPERATOR = {"SLOTWIRE_OPERATOR_EMAIL": "operator@example.org"}


@contextlib.contextmanager
def dispatcher(stack, **more):
    """One in the background that has looked for alarms."""
    before = dict(stack.environment)
    stack.environment.update(OPERATOR, **more)
    try:
        with stack.dispatcher() as process:
            yield process
    finally:
        stack.environment.clear()
        stack.environment.update(before)


def after(**more):
    return rfc(START + datetime.timedelta(**more))


@pytest.fixture(autouse=True)
def nothing_old(stack):
    for table in ("alarms", "messages", "deliveries"):
        stack.sql.run(f"DELETE FROM {table}")


@pytest.fixture
def owned(stack):
    return Company(stack, owner={"name": "Olga", "email": "olga@example.com"})


def raised(stack, name):
    row = stack.sql.one("SELECT raised_at, told_at FROM alarms WHERE name = %s", name)
    return bool(row and row["raised_at"])


def told(stack):
    """Whom the mails about lags went to."""
    return [row["recipient"] for row in stack.sql.all("SELECT recipient FROM messages ORDER BY id")]


def lagging(company):
    return company.events("delivery.lagging")


def make_late(stack, company, seconds=3600):
    company.user("Mia")
    stack.sql.run("UPDATE deliveries SET due_at = due_at - INTERVAL %s SECOND WHERE company_id = %s", seconds, company.bytes)


def test_what_a_dead_cron_left_behind_is_told_before_it_is_sent(stack, owned, receiver):
    bystander = Company(stack)
    owned.webhook(receiver.url, ["user.created", "delivery.lagging"])
    stack.sql.run("DELETE FROM deliveries")
    make_late(stack, owned)
    with dispatcher(stack):
        wait_until(lambda: receiver.of("delivery.lagging"), 20, "the event")
        wait_until(lambda: receiver.of("user.created"), 20, "what was late")
    data = receiver.of("delivery.lagging")[0].json["data"]
    assert data["overdueSeconds"] >= 3600 and data["overdue"] == 1 and data["company"] == \
        {name: owned.made[name] for name in ("id", "name", "slug", "timeZone")}
    assert instant(data["oldestDueAt"])
    assert told(stack) == ["operator@example.org", "olga@example.com"]
    assert not lagging(bystander)
    body = stack.sql.one("SELECT body FROM messages WHERE recipient = 'operator@example.org'")["body"]
    assert "cron" in body and "/metrics" in body


def test_a_company_without_an_owner_is_told_at_its_own_address(stack, receiver):
    company = Company(stack, email="hello@example.com")
    company.webhook(receiver.url, ["user.created"])
    make_late(stack, company)
    with dispatcher(stack):
        wait_until(lambda: receiver.deliveries, 20, "what was late")
    assert told(stack) == ["operator@example.org", "hello@example.com"]


def test_a_short_wait_is_no_alarm(stack, owned, receiver):
    owned.webhook(receiver.url, ["user.created"])
    make_late(stack, owned, 200)
    with dispatcher(stack):
        wait_until(lambda: receiver.deliveries, 20, "the webhook")
    assert not raised(stack, "lag") and not told(stack) and not lagging(owned)


def test_an_alarm_is_told_once_an_hour_and_ends(stack, owned, receiver, clock):
    clock(after())
    owned.webhook(receiver.url, ["user.created"])
    owned.user("Mia")
    late = "SELECT id FROM deliveries WHERE company_id = %s FOR UPDATE"  # no dispatcher gets at them
    log = stack.log("dispatcher-test")
    with stack.sql.locked(late, owned.bytes):
        for moment, times in ((after(seconds=300), 0), (after(seconds=301), 1), (after(minutes=30), 1), (after(minutes=66), 2)):
            clock(moment)
            seen = stack.log("dispatcher-test").count("alarm look")
            with dispatcher(stack, SLOTWIRE_LOG_LEVEL="debug"):
                wait_until(lambda: stack.log("dispatcher-test").count("alarm look") > seen, 20, "a look")
            assert len(lagging(owned)) == times and told(stack).count("olga@example.com") == times, moment
            assert raised(stack, "lag") == (times > 0)
    assert stack.log("dispatcher-test").count("alarm name=lag") == log.count("alarm name=lag") + 2
    printed = stack.slotwire("doctor", status=1).stdout
    assert "alarm `lag` stands since" in printed
    with dispatcher(stack):
        wait_until(lambda: receiver.deliveries, 20, "the webhook")
    with dispatcher(stack):
        wait_until(lambda: not raised(stack, "lag"), 20, "the end of the alarm")
    assert len(lagging(owned)) == 2


def test_a_clock_that_was_set_back_keeps_no_alarm_quiet(stack, owned, receiver, clock):
    clock(after())
    owned.webhook(receiver.url, ["user.created", "delivery.lagging"])
    make_late(stack, owned)
    ahead = (START + datetime.timedelta(days=2)).replace(tzinfo=None)
    stack.sql.run("INSERT INTO alarms (name, raised_at, told_at) VALUES ('lag', %s, %s)", ahead, ahead)
    with dispatcher(stack):
        wait_until(lambda: receiver.of("delivery.lagging"), 20, "the event")


@pytest.mark.parametrize("change", ["active = FALSE", "breaker_until = '2040-01-01'",
                                    "rate_limit = 1, rate_used = 1, rate_window_at = '2034-05-01 09:59:00'",
                                    "breaker_until = '2034-05-01 09:59:50'",  # its probe is on the way
                                    "rate_limit = 1, rate_used = 1, rate_window_at = '2034-05-01 08:59:50'",
                                    "rate_limit = 9, rate_used = 1, rate_window_at = '2034-05-01 09:59:50'"])
def test_an_endpoint_that_rests_or_is_off_is_no_lag(stack, owned, clock, change):
    clock(after())
    owned.webhook("https://example.com/hook", ["user.created"])
    make_late(stack, owned)
    stack.sql.run(f"UPDATE webhook_endpoints SET {change} WHERE company_id = %s", owned.bytes)
    late = "SELECT id FROM deliveries WHERE company_id = %s FOR UPDATE"
    with stack.sql.locked(late, owned.bytes):
        seen = stack.log("dispatcher-test").count("alarm look")
        with dispatcher(stack, SLOTWIRE_LOG_LEVEL="debug"):
            wait_until(lambda: stack.log("dispatcher-test").count("alarm look") > seen, 20, "a look")
    assert not raised(stack, "lag") and not lagging(owned)


@pytest.mark.parametrize("change", ["breaker_until = '2034-05-01 09:50:00'",
                                    "rate_limit = 1, rate_used = 1, rate_window_at = '2034-05-01 08:50:00'",
                                    "rate_limit = 9, rate_used = 1, rate_window_at = '2034-05-01 09:50:00'"])
def test_what_might_have_been_sent_for_long_is_lag_from_then_on(stack, owned, clock, change):
    clock(after())
    owned.webhook("https://example.com/hook", ["user.created"])
    make_late(stack, owned)
    stack.sql.run(f"UPDATE webhook_endpoints SET {change} WHERE company_id = %s", owned.bytes)
    with stack.sql.locked("SELECT id FROM deliveries WHERE company_id = %s FOR UPDATE", owned.bytes):
        with dispatcher(stack):
            wait_until(lambda: lagging(owned), 20, "the event")
    data = stack.sql.one("SELECT payload FROM events WHERE company_id = %s AND type = 'delivery.lagging'", owned.bytes)["payload"]
    assert '"overdueSeconds":600' in data and '"overdue":1' in data


def test_mails_that_wait_raise_an_alarm_of_their_own(stack, clock):
    clock(after())
    for number in range(3):
        stack.sql.run("INSERT INTO messages (id, channel, recipient, subject, body, state, due_at, created_at) VALUES"
                      " (RANDOM_BYTES(16), 'email', 'ada@example.com', 's', 'b', 'pending', %s, %s)",
                      START.replace(tzinfo=None), START.replace(tzinfo=None))
    clock(after(seconds=400))
    unreachable = {"SLOTWIRE_SMTP_URL": f"smtp://127.0.0.1:{free_port()}", "SLOTWIRE_MAIL_FROM": "slotwire@example.org"}
    with dispatcher(stack, **unreachable):
        wait_until(lambda: raised(stack, "mail"), 20, "the alarm")
    assert not raised(stack, "lag") and "alarm `mail` stands since" in stack.slotwire("doctor", status=1).stdout


def test_a_single_run_raises_none(stack, owned, receiver):
    owned.webhook(receiver.url, ["user.created"])
    make_late(stack, owned)
    stack.dispatch()
    assert len(receiver.deliveries) == 1 and not raised(stack, "lag") and not told(stack)
