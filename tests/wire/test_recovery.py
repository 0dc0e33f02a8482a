"""Recovery: what an endpoint missed comes to it again, at the rate that was asked for, each once."""

import datetime
import signal
import time
import uuid

import pytest

from stack import id_bytes, id_text, wait_until
from world import UTC, Company, rfc

PAYLOAD = '{"id":"usr_01jbh3k9v8e7ra5q0xw2m4t6zf","name":"Zoë"}'


@pytest.fixture
def company(stack):
    return Company(stack)


def happened(company, count, event_type="user.created", ago=3600.0, payload=PAYLOAD):
    """So many events, one each millisecond from some seconds ago on, of which nobody was told."""
    start = int((time.time() - ago) * 1000)
    events, connection = [], company.stack.sql.connect()
    for number in range(count):
        moment = (start + number).to_bytes(6, "big")
        at = datetime.datetime.fromtimestamp((start + number) / 1000, UTC).replace(tzinfo=None)
        events.append((moment + b"\x70" + uuid.uuid4().bytes[:9], company.bytes, event_type, payload, at))
    with connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO events (id, company_id, type, payload, created_at) VALUES (%s, %s, %s, %s, %s)",
                           events)
    return [id_text("evt", event[0]) for event in events]


def moment(seconds):
    return rfc(datetime.datetime.now(UTC) - datetime.timedelta(seconds=seconds))


def recover(company, hook, since=7200, **members):
    path = f"/api/v1/webhooks/{hook['id']}/recoveries"
    return path + "/" + company.post(path, {"since": moment(since), **members}, 202).json()["id"]


def rows(company, columns="*"):
    return company.stack.sql.all(f"SELECT {columns} FROM deliveries WHERE company_id = %s ORDER BY event_id", company.bytes)


def events_of(company):
    return [id_text("evt", row["event_id"]) for row in rows(company)]


def set_all(company, state):
    company.stack.sql.run("UPDATE deliveries SET state = %s, attempts = 7, settled_at = UTC_TIMESTAMP(3)"
                          " WHERE company_id = %s", state, company.bytes)


@pytest.fixture
def step(stack, clock):
    """Runs a dispatcher once, each time a second later than the last."""
    start = datetime.datetime.now(UTC)
    turns = iter(range(1, 1000))

    def run():
        clock(rfc(start + datetime.timedelta(seconds=next(turns))))
        stack.dispatch()
    return run


# ---- end to end ----

def test_two_thousand_missed_events_arrive_at_the_rate_asked_for(stack, company, receiver, figure):
    events = happened(company, 2000)
    hook = company.webhook(receiver.url, ["user.created"])
    with stack.dispatcher():
        start = time.monotonic()
        recovery = recover(company, hook, ratePerSecond=400)
        wait_until(lambda: len({delivery.id for delivery in receiver.deliveries}) == len(events), 60, "all webhooks")
        took = time.monotonic() - start
        wait_until(lambda: company.get(recovery).json()["state"] == "done", 10, "the end of the recovery")
    assert company.get(recovery).json()["recovered"] == 2000
    assert sorted(delivery.id for delivery in receiver.deliveries) == sorted(events)
    figure(f"2,000 missed events recovered at 400/s: all there after {took:.1f} s")


def test_what_failed_arrives_with_the_same_id(stack, company, receiver):
    hook = company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    set_all(company, "failed")
    recover(company, hook)
    stack.dispatch()
    [event] = company.events("user.created")
    assert [delivery.id for delivery in receiver.deliveries] == [id_text("evt", event["id"])]


def test_what_is_recovered_while_the_endpoint_is_off_comes_when_it_is_on(stack, company, receiver, step):
    happened(company, 5)
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    recover(company, hook)
    step()
    assert {row["state"] for row in rows(company)} == {"held"} and receiver.deliveries == []
    company.patch(f"/api/v1/webhooks/{hook['id']}", {"active": True})
    step()
    assert len(receiver.deliveries) == 5


def test_one_sent_again_by_hand_arrives(stack, company, receiver):
    company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    stack.dispatch()
    [delivery] = company.get("/api/v1/deliveries").json()["data"]
    company.post(f"/api/v1/deliveries/{delivery['id']}/resend", None, 202)
    stack.dispatch()
    assert len(receiver.deliveries) == 2 and len({one.id for one in receiver.deliveries}) == 1
    read = company.get(f"/api/v1/deliveries/{delivery['id']}").json()
    assert read["state"] == "delivered" and [one["number"] for one in read["attemptLog"]] == [1, 2]


def test_kill_9_loses_and_doubles_nothing(stack, company, receiver):
    happened(company, 1000)
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    recovery = recover(company, hook, ratePerSecond=125)
    killed = 0
    while company.get(recovery).json()["state"] == "running":
        before = company.get(recovery).json()["recovered"]
        process = stack.start_dispatcher()
        wait_until(lambda: company.get(recovery).json()["recovered"] > before or
                   company.get(recovery).json()["state"] == "done", 20, "a step")
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += 1
    assert killed >= 5 and company.get(recovery).json()["recovered"] == 1000 == len(rows(company))


# ---- what is made due ----

def test_a_step_makes_as_many_due_as_the_rate_says(company, receiver, step):
    events = happened(company, 25)
    hook = company.webhook(receiver.url, ["user.created"])
    recovery = recover(company, hook, ratePerSecond=10)
    for count, state in ((10, "running"), (20, "running"), (25, "done")):
        step()
        assert events_of(company) == events[:count]
        read = company.get(recovery).json()
        assert (read["recovered"], read["state"]) == (count, state)
    step()
    assert len(rows(company)) == 25


def test_another_process_waits_for_the_second_to_end(stack, company, receiver, clock):
    happened(company, 25)
    hook = company.webhook(receiver.url, ["user.created"])
    recover(company, hook, ratePerSecond=10)
    clock(moment(0))
    for _ in range(3):
        stack.dispatch()
    assert len(rows(company)) == 10


def test_what_event_emit_made_is_made_again_by_the_same_id(company, receiver, step):
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    for number in range(20):
        company.user(f"U{number}")
    before = rows(company, "id, event_id, endpoint_id, created_at")
    company.stack.sql.run("DELETE FROM deliveries WHERE company_id = %s", company.bytes)
    recover(company, hook)
    step()
    assert rows(company, "id, event_id, endpoint_id, created_at") == before


@pytest.mark.parametrize("what, made, revived", [("missing", 3, 0), ("failed", 0, 2), ("all", 3, 2)])
def test_what_was_asked_for_is_made_due_and_nothing_else(company, receiver, step, what, made, revived):
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    for number in range(2):
        company.user(f"U{number}")
    set_all(company, "failed")
    company.user("Delivered")
    company.stack.sql.run("UPDATE deliveries SET state = 'delivered' WHERE company_id = %s AND state <> 'failed'", company.bytes)
    happened(company, 3)
    recovery = recover(company, hook, what=what)
    step()
    states = sorted(row["state"] for row in rows(company))
    assert states == sorted(["delivered"] + ["held"] * (made + revived) + ["failed"] * (2 - revived))
    assert all(row["attempts"] == 0 and row["settled_at"] is None for row in rows(company) if row["state"] == "held")
    assert company.get(recovery).json()["recovered"] == made + revived


@pytest.mark.parametrize("state", ["pending", "retrying", "delivered", "held"])
def test_what_is_on_its_way_or_there_is_left_alone(company, receiver, step, state):
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    company.user("Mia")
    company.stack.sql.run("UPDATE deliveries SET state = %s, due_at = '2100-01-01' WHERE company_id = %s", state, company.bytes)
    recovery = recover(company, hook)
    step()
    assert company.get(recovery).json()["recovered"] == 0
    assert [row["due_at"].year for row in rows(company)] == [2100]


def test_only_events_of_the_time_asked_for_are_recovered(company, receiver, step):
    happened(company, 2, ago=1000)
    inside = happened(company, 3, ago=500)
    happened(company, 2, ago=100)
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    recover(company, hook, since=600, until=moment(200))
    step()
    assert events_of(company) == inside


def test_the_edges_are_exact(company, receiver, step):
    events = happened(company, 6)
    at = [rfc(row["created_at"].replace(tzinfo=UTC)) for row in company.events("user.created")]
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    company.post(f"/api/v1/webhooks/{hook['id']}/recoveries", {"since": at[1], "until": at[4]}, 202)
    step()
    assert events_of(company) == events[1:4]


def test_only_subscribed_events_are_recovered(company, receiver, step):
    happened(company, 3, "user.deleted")
    wanted = happened(company, 2, "user.created", ago=1800)
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    recover(company, hook)
    step()
    assert events_of(company) == wanted


def test_test_sends_of_others_are_not_recovered(company, receiver, step):
    hook, other = [company.webhook(receiver.url, ["booking.created"], active=False) for _ in range(2)]
    company.post(f"/api/v1/webhooks/{other['id']}/test", None, 202)
    recovery = recover(company, hook)
    step()
    assert company.get(recovery).json()["recovered"] == 0


def test_news_about_an_endpoint_are_recovered_for_the_others_alone(company, receiver, step):
    hooks = [company.webhook(receiver.url, active=False) for _ in range(2)]
    about = [happened(company, 1, "webhook.disabled", ago, '{"endpoint":{"id":"%s"}}' % hook["id"])
             for hook, ago in zip(hooks, (300, 200))]
    recover(company, hooks[0])
    step()
    assert about[1][0] in events_of(company) and about[0][0] not in events_of(company)


def test_nothing_of_another_company_is_recovered(stack, company, receiver, step):
    other = Company(stack)
    happened(other, 3)
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    recover(company, hook)
    step()
    assert rows(company) == rows(other) == ()


def test_one_that_was_stopped_makes_nothing_more(company, receiver, step):
    happened(company, 25)
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    recovery = recover(company, hook, ratePerSecond=10)
    step()
    company.delete(recovery)
    step()
    assert len(rows(company)) == 10 and company.get(recovery).json()["recovered"] == 10


def test_few_among_very_many_are_found_in_short_steps(company, receiver, step):
    """A step looks at some thousand events at most; the next goes on behind them."""
    happened(company, 12000, "user.updated")
    wanted = happened(company, 2, ago=1800)
    hook = company.webhook(receiver.url, ["user.created"], active=False)
    recovery = recover(company, hook)
    cursor, looked_at = b"", []
    while company.get(recovery).json()["state"] == "running":
        assert len(rows(company)) == 0
        step()
        before, cursor = cursor, company.stack.sql.number("SELECT cursor_id FROM recoveries WHERE company_id = %s", company.bytes)
        looked_at.append(company.stack.sql.number("SELECT COUNT(*) FROM events WHERE company_id = %s AND id > %s AND id <= %s",
                                                  company.bytes, before, cursor))
    assert events_of(company) == wanted
    # How many thousands is a matter of time.
    assert sum(looked_at) >= 12002 and max(looked_at) <= 5000 and min(looked_at[:-1]) >= 1000


def test_each_of_many_recoveries_goes_on_in_every_second(company, receiver, step):
    happened(company, 4)
    hooks = [company.webhook(f"{receiver.url}/{number}", ["user.created"], active=False) for number in range(20)]
    found = [recover(company, hook, ratePerSecond=2) for hook in hooks]
    for count in (2, 4):
        step()
        assert [company.get(recovery).json()["recovered"] for recovery in found] == [count] * 20


def test_one_that_somebody_works_at_keeps_no_other_waiting(stack, company, receiver, step):
    happened(company, 4)
    hooks = [company.webhook(f"{receiver.url}/{number}", ["user.created"], active=False) for number in range(2)]
    found = [recover(company, hook) for hook in hooks]
    with stack.sql.locked("SELECT 1 FROM recoveries WHERE id = %s FOR UPDATE", id_bytes(found[0].rsplit("/", 1)[1])):
        step()
    assert [company.get(recovery).json()["recovered"] for recovery in found] == [0, 4]
    step()
    assert [company.get(recovery).json()["recovered"] for recovery in found] == [4, 4]
