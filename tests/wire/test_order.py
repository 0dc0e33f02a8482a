"""Fresh events go before old retries, and neither starves the other."""

import datetime
import itertools
import socket
import threading
import time

import pytest

from health_scene import Scene, crowd, twins
from stack import id_bytes, wait_until
from world import UTC, Company


@pytest.fixture
def scene(stack, receiver, clock):
    return Scene(stack, receiver, clock)


def order(scene):
    """States at their claim, by the ids that the events of fresh and of old rows share: one lane, so one after another."""
    rows = scene.stack.sql.all("SELECT d.requests FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
                               " WHERE d.endpoint_id = %s ORDER BY a.started_at, a.id", scene.key)
    return ["old" if row["requests"] > 1 else "fresh" for row in rows]


ONE_BY_ONE = {"SLOTWIRE_DISPATCHER_LANE_PARALLEL": "1", "SLOTWIRE_DISPATCHER_PARALLEL": "4"}


def test_a_fresh_event_overtakes_a_thousand_retries(scene):
    scene.many(1000, "retrying", age=3600)
    [fresh] = [row for row in scene.rows() if row["state"] == "pending"]
    scene.later(0, **ONE_BY_ONE)
    place = scene.stack.sql.number("SELECT COUNT(*) FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
                                   " WHERE d.endpoint_id = %s AND a.id < (SELECT MIN(id) FROM attempts WHERE delivery_id = %s)",
                                   scene.key, fresh["id"])
    assert place == 0 and set(scene.states()) == {"delivered"}


def test_retries_keep_a_quarter_while_fresh_ones_keep_coming(scene):
    scene.many(59)
    scene.many(20, "retrying", age=3600)
    scene.later(0, **ONE_BY_ONE)
    assert order(scene) == ["fresh", "fresh", "fresh", "old"] * 20


def executed(stack):
    """How often the server has run a prepared statement for anybody since it started: ours are, and no test's."""
    return int(stack.sql.number("SELECT variable_value FROM information_schema.global_status"
                                " WHERE variable_name = 'Com_stmt_execute'"))


def sent_to(receiver, end):
    with receiver.lock:
        return sum(delivery.path.endswith(end) for delivery in receiver.deliveries)


@pytest.fixture
def hangs(receiver):
    """What is sent to …/hangs is answered once this event is set, what is sent to …/steady after a fifth of a second."""
    event, answer = threading.Event(), receiver.answer

    def by_path(number):
        path = receiver.deliveries[number].path
        event.wait(120 if path.endswith("/hangs") else 0.2 if path.endswith("/steady") else 0)
        return answer(number)

    receiver.answer = by_path
    yield event
    event.set()


def live_scene(stack, receiver, **members):
    """By the real clock."""
    scene = Scene(stack, receiver, lambda moment: None, **members)
    scene.now = datetime.datetime.now(UTC)
    return scene


def test_a_backlog_beside_events_gives_way_and_is_served_all_the_same(scene):
    """Events that keep coming overtake what waits in another lane, and do not hold it up for ever."""
    scene.many(2000, age=3600)
    other = Company(scene.stack)
    other.webhook(scene.receiver.url + "/prompt", ["user.created"])

    def waiting():
        return scene.stack.sql.number("SELECT COUNT(*) FROM deliveries WHERE endpoint_id = %s AND state = 'pending'", scene.key)

    def come(number):
        other.user(f"P{number}")
        wait_until(lambda: len([one for one in scene.receiver.deliveries if one.path.endswith("/prompt")]) > number, 10, "the event")

    with scene.stack.dispatcher():
        come(0)
        assert waiting() > 0
        numbers = itertools.count(1)
        wait_until(lambda: come(next(numbers)) or waiting() == 0, 60, "the end of the backlog")


def test_a_backlog_that_grows_beside_events_shrinks_all_the_same(stack, receiver):
    """More comes to it than it would have if only the events beside it were counted."""
    scene = live_scene(stack, receiver)
    scene.company.webhook(receiver.url, ["user.created"])
    scene.many(100, age=3600)
    numbers = itertools.count()

    def come():
        for _ in range(5):
            scene.company.user(f"G{next(numbers)}")

    def late():
        return stack.sql.number("SELECT COUNT(*) FROM deliveries WHERE endpoint_id = %s AND state = 'pending'"
                                " AND due_at < UTC_TIMESTAMP(3) - INTERVAL 2 SECOND", scene.key)

    with stack.dispatcher(SLOTWIRE_DISPATCHER_LANE_PARALLEL="8"):
        wait_until(lambda: come() or late() == 0, 60, "the end of the backlog")


def more(scene, count, state, age=0):
    """Rows that come to the lane at this moment, or came `age` seconds ago."""
    scene.now = datetime.datetime.now(UTC)
    scene.many(count, state, age)


def shrinks(scene, hangs, state, **environment):
    """A lane to which more comes with each event beside it: what is late in it comes to an end."""
    stack, receiver, other, numbers = scene.stack, scene.receiver, Company(scene.stack), itertools.count(1)
    for _ in range(3):
        other.webhook(receiver.url + "/prompt", ["user.created"])

    def come():
        number = next(numbers)
        more(scene, 2, state)
        other.user(f"P{number}")
        wait_until(lambda: sent_to(receiver, "/prompt") >= 3 * number, 10, "the event")
        return number

    def late():
        return stack.sql.number("SELECT COUNT(*) FROM deliveries WHERE endpoint_id = %s AND state = %s"
                                " AND due_at < UTC_TIMESTAMP(3) - INTERVAL 2 SECOND", scene.key, state)

    with stack.dispatcher(**environment):
        wait_until(lambda: come() >= 50, 60, "events beside it")
        more(scene, 300, state, age=60)
        try:
            wait_until(lambda: come() and late() == 0, 40, "the end of the backlog")
        finally:
            stack.sql.run("DELETE FROM deliveries WHERE company_id = %s AND state IN ('pending', 'retrying')", scene.company.bytes)
            hangs.set()


def test_a_backlog_that_grows_by_what_is_tried_again_shrinks_too(stack, receiver, hangs):
    """As where a recovery makes rows due that had been given up."""
    scene = live_scene(stack, receiver)
    scene.make()
    shrinks(scene, hangs, "retrying", SLOTWIRE_DISPATCHER_LANE_PARALLEL="8")


def test_a_backlog_that_grows_beside_many_hanging_lanes_shrinks_too(stack, receiver, hangs):
    """They leave it a share of the room that is far smaller than what one lane may have."""
    scene, sick = live_scene(stack, receiver), Company(stack)
    hook = sick.webhook(receiver.url + "/hangs", ["user.created"])
    scene.make()
    sick.user("Mia")
    with crowd(sick, hook, 30, 50):
        shrinks(scene, hangs, "pending", SLOTWIRE_DISPATCHER_LANE_PARALLEL="64")


def test_a_backlog_ends_where_nobody_pokes_and_others_grow(stack, receiver):
    """Each look finds then what came just now, and the lane that grows has its slices between those of the others."""
    prompt, grows, *stay = (live_scene(stack, receiver) for _ in range(6))
    for scene in (prompt, grows, *stay):
        scene.make()

    def come():
        more(prompt, 6, "pending")
        more(grows, 5, "pending")
        return len(receiver.deliveries)

    def waiting():
        return stack.sql.number("SELECT COUNT(*) FROM deliveries WHERE endpoint_id IN (%s, %s, %s, %s) AND state = 'pending'",
                                *(scene.key for scene in stay))

    with stack.dispatcher(SLOTWIRE_DISPATCHER_SOCKET=""):
        try:
            wait_until(lambda: come() > 500, 20, "events beside it")
            for scene in stay:
                more(scene, 150, "pending", age=3600)
            more(grows, 4000, "pending", age=60)
            wait_until(lambda: come() and waiting() == 0, 30, "the end of the backlog")
        finally:
            stack.sql.run("DELETE FROM deliveries WHERE state = 'pending'")


def test_a_full_lane_with_a_backlog_beside_events_is_no_work(stack, receiver, hangs):
    """Nothing more of it can be sent before its endpoint answers: until then no look is worth its while."""
    scene, other = live_scene(stack, receiver), Company(stack)
    scene.set(url=receiver.url + "/hangs")
    scene.many(300, age=60)
    other.webhook(receiver.url + "/steady", ["user.created"])

    def come(number):
        other.user(f"P{number}")
        wait_until(lambda: stack.sql.number("SELECT COUNT(*) FROM deliveries WHERE company_id = %s AND state = 'delivered'",
                                            other.bytes) == number, 10, "the event")

    with stack.dispatcher():
        wait_until(lambda: sent_to(receiver, "/hangs") >= 8, 10, "the endpoint to hang")
        come(1)
        before, start = executed(stack), time.monotonic()
        for number in range(2, 22):
            come(number)
        statements, seconds = executed(stack) - before, time.monotonic() - start
        assert not hangs.is_set()
        stack.sql.run("DELETE FROM deliveries WHERE endpoint_id = %s", scene.key)
        hangs.set()
    assert statements < 1800 + 50 * seconds  # what looks at the clock costs so many whatever there is to do


def test_a_backlog_beside_many_events_is_served_seldom(scene):
    """Sixty events that came just now: claims of the backlog are 60 ms apart, so 20 of them take a second at least."""
    scene.many(40, age=3600)
    other = Company(scene.stack)
    for _ in range(60):
        other.webhook(scene.receiver.url, ["user.created"])
    other.user("Mia")
    scene.later(0, SLOTWIRE_DISPATCHER_LANE_PARALLEL="2")
    sent = [int.from_bytes(row["id"][:6], "big") for row in scene.stack.sql.all(
        "SELECT a.id FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.endpoint_id = %s ORDER BY a.id", scene.key)]
    assert sent[-1] - sent[0] >= 1000


def test_what_failed_is_retrying_and_its_requests_are_counted(scene):
    scene.receiver.script = {0: (500, {}, b""), 1: (429, {}, b"")}
    scene.make()
    for state, attempts, requests in (("retrying", 1, 1), ("retrying", 1, 2), ("delivered", 2, 3)):
        scene.later(3600)
        [row] = scene.rows()
        assert (row["state"], row["attempts"], row["requests"]) == (state, attempts, requests)
    numbers = scene.stack.sql.all("SELECT number FROM attempts WHERE delivery_id = %s ORDER BY id", row["id"])
    assert [line["number"] for line in numbers] == [1, 2, 3]


def test_what_never_left_the_house_is_no_request(scene):
    scene.make()
    scene.stack.sql.run("DELETE FROM events WHERE company_id = %s", scene.company.bytes)
    scene.later(0)
    [row] = scene.rows()
    assert (row["state"], row["attempts"], row["requests"]) == ("retrying", 0, 0)


def test_held_rows_of_either_kind_come_back_as_what_they_were(scene):
    scene.many(3)
    scene.many(2, "retrying")
    path = f"/api/v1/webhooks/{scene.hook['id']}"
    scene.company.patch(path, {"active": False})
    assert scene.later(1) == 0 and set(scene.states()) == {"held"}
    scene.company.patch(path, {"active": True})
    assert scene.states() == ["pending"] * 4 + ["retrying"] * 2
    assert scene.later(1) == 6


def test_no_more_is_on_the_wire_than_is_set_however_many_companies_poke(stack, receiver, hangs):
    """Eight companies of four endpoints, whose pokes are there before any of them is looked into."""
    answer, lock, now, most = receiver.answer, threading.Lock(), [0], [0]

    def counted(number):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            return answer(number)
        finally:
            with lock:
                now[0] -= 1

    receiver.answer = counted
    companies = [Company(stack) for _ in range(8)]
    for company in companies:
        for _ in range(4):
            company.webhook(receiver.url + "/steady", ["user.created"])
        company.user("Mia")
    of_them = "company_id IN (" + ", ".join(f"X'{company.bytes.hex()}'" for company in companies) + ")"
    with stack.dispatcher(SLOTWIRE_DISPATCHER_PARALLEL="8"), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as pokes:
        delivered = f"SELECT COUNT(*) FROM deliveries WHERE state = 'delivered' AND {of_them}"
        wait_until(lambda: stack.sql.number(delivered) == 32, 20, "it all to be sent once")
        stack.sql.run(f"UPDATE deliveries SET state = 'pending', due_at = UTC_TIMESTAMP(3) WHERE {of_them}")
        for company in companies:
            pokes.sendto(b"poke" + company.bytes, stack.settings["dispatcher_socket"])
        wait_until(lambda: len(receiver.deliveries) == 64, 20, "all of it again")
    assert most[0] <= 8


def test_three_hundred_hanging_endpoints_of_one_company_keep_no_other_waiting(stack, receiver, hangs):
    """Many endpoints that never answer: the room they take is bounded, in all and for each company."""
    sick, well = Company(stack), Company(stack)
    hook = sick.webhook(receiver.url + "/hangs", ["user.created"])
    well.webhook(receiver.url + "/well", ["user.created"])
    with twins(sick, hook, 299):
        stack.sql.run("INSERT INTO webhook_subscriptions (company_id, event_type, endpoint_id)"
                      " SELECT company_id, 'user.created', id FROM webhook_endpoints WHERE company_id = %s AND id <> %s",
                      sick.bytes, id_bytes(hook["id"]))
        try:
            with stack.dispatcher():
                for number in range(10):
                    sick.user(f"S{number}")
                wait_until(lambda: len(receiver.deliveries) >= 150, 10, "the sick endpoints to hang")
                for number in range(1, 6):
                    well.user(f"W{number}")
                    wait_until(lambda: sent_to(receiver, "/well") == number, 5, "the healthy company's webhook")
                assert not hangs.is_set()
                hangs.set()  # a dispatcher that is told to stop waits for its answers
        finally:
            hangs.set()
