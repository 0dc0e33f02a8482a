"""Deliveries of an endpoint that is off are held, and never a moment longer than it is off."""

import re
import threading

import pytest

from health_scene import crowd
from stack import id_bytes, wait_until
from world import Company


@pytest.fixture
def company(stack):
    return Company(stack)


def states(company):
    rows = company.stack.sql.all("SELECT state, COUNT(*) AS n FROM deliveries WHERE company_id = %s GROUP BY state",
                                 company.bytes)
    return {row["state"]: row["n"] for row in rows}


def switch(company, hook, active):
    company.patch(f"/api/v1/webhooks/{hook['id']}", {"active": active})


def hold_many(company, hook, count):
    """As many held rows of one event as half a day off would leave."""
    company.user("Mia")
    company.stack.sql.run("INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
                          " SELECT RANDOM_BYTES(16), company_id, endpoint_id, event_id, 'held', due_at, created_at"
                          f" FROM deliveries JOIN seq_1_to_{count} WHERE company_id = %s", company.bytes)


def one_locked(company):
    """Holds the lock of one delivery, by its id alone: no gap beside it, where others would insert."""
    [row] = company.stack.sql.all("SELECT id FROM deliveries WHERE company_id = %s LIMIT 1", company.bytes)
    return company.stack.sql.locked("SELECT 1 FROM deliveries WHERE id = %s FOR UPDATE", row["id"])


def test_held_rows_of_an_endpoint_that_is_on_heal(stack, company, receiver):
    company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    stack.sql.run("UPDATE deliveries SET state = 'held' WHERE company_id = %s", company.bytes)
    stack.dispatch()
    assert len(receiver.deliveries) == 1 and states(company) == {"delivered": 1}


def test_nothing_is_held_that_a_patch_is_just_releasing(stack, company, receiver):
    hook = company.webhook(receiver.url, ["user.created"])
    switch(company, hook, False)
    company.user("Mia")
    other = Company(stack)
    other.webhook(receiver.url, ["user.created"])
    with stack.sql.locked("UPDATE webhook_endpoints SET active = TRUE WHERE id = %s", id_bytes(hook["id"])):
        with stack.dispatcher():
            for number in range(1, 11):  # each that arrives says that the dispatcher has looked again
                other.user(f"U{number}")
                wait_until(lambda: len(receiver.deliveries) == number, 5, "the neighbour's webhook")
                assert states(company) == {"pending": 1}


def test_an_endpoint_that_is_being_changed_keeps_nobody_waiting(stack, company, receiver):
    off, other = company.webhook(receiver.url + "/off", ["user.created"]), Company(stack)
    other.webhook(receiver.url, ["user.created"])
    switch(company, off, False)
    company.user("Mia")
    with stack.sql.locked("SELECT 1 FROM webhook_endpoints WHERE id = %s FOR UPDATE", id_bytes(off["id"])):
        with stack.dispatcher():
            other.user("Max")
            wait_until(lambda: receiver.deliveries, 5, "the neighbour's webhook")


def test_a_locked_delivery_of_an_endpoint_that_is_off_keeps_nobody_waiting(stack, company, receiver):
    """Nor the other deliveries of that endpoint."""
    hook, other = company.webhook(receiver.url + "/off", ["user.created"]), Company(stack)
    other.webhook(receiver.url, ["user.created"])
    hold_many(company, hook, 10)
    stack.sql.run("UPDATE deliveries SET state = 'pending' WHERE company_id = %s", company.bytes)
    switch(company, hook, False)
    with one_locked(company):
        with stack.dispatcher():
            for number in range(1, 6):
                other.user(f"U{number}")
                wait_until(lambda: len(receiver.deliveries) == number, 10, "the neighbour's webhook")
            wait_until(lambda: states(company) == {"pending": 1, "held": 10}, 10, "all to be held but what is locked")
    stack.dispatch()
    assert states(company) == {"held": 11}


def test_a_locked_held_delivery_keeps_nobody_waiting(stack, company, receiver):
    company.webhook(receiver.url + "/on", ["user.created"])
    other = Company(stack)
    other.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    stack.sql.run("UPDATE deliveries SET state = 'held' WHERE company_id = %s", company.bytes)
    with one_locked(company):
        with stack.dispatcher():
            for number in range(1, 6):
                other.user(f"U{number}")
                wait_until(lambda: len(receiver.deliveries) == number, 2, "the neighbour's webhook")
            assert states(company) == {"held": 1}
    stack.dispatch()
    assert states(company) == {"delivered": 1}


def test_what_many_endpoints_hold_and_release_is_bounded_in_each_turn(stack, company, receiver):
    """However many are off at once: all that somebody else waits for is one step."""
    hook = company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    count, logged = 30 * 1000 + 1, len(stack.log("dispatcher-test"))
    with crowd(company, hook, 29, 1000):
        stack.sql.run("UPDATE webhook_endpoints SET active = FALSE WHERE company_id = %s", company.bytes)
        with stack.dispatcher():
            wait_until(lambda: states(company) == {"held": count}, 60, "all to be held")
            # So slow that no more than one of each lane is sent.
            stack.sql.run("UPDATE webhook_endpoints SET active = TRUE, rate_limit = 1 WHERE company_id = %s", company.bytes)
            wait_until(lambda: "held" not in states(company), 60, "all to be released")
    log = stack.log("dispatcher-test")[logged:]
    for what in ("held", "released held"):
        steps = [int(rows) for rows in re.findall(rf"\] {what} rows=(\d+)", log)]
        assert sum(steps) >= count and max(steps) <= 1000, (what, steps)


def test_switching_on_and_off_again_and_again_loses_nothing(stack, company, receiver):
    hook = company.webhook(receiver.url, ["user.created"])
    stop, made = threading.Event(), []

    def make():
        client = stack.client(company.key)
        while not stop.is_set():
            made.append(client.post("/api/v1/users", {"name": f"U{len(made)}", "role": "member"}))

    maker = threading.Thread(target=make)
    with stack.dispatcher():
        maker.start()
        try:
            for turn in range(60):
                before = len(made)
                switch(company, hook, turn % 2 == 1)
                wait_until(lambda: len(made) > before, 10, "another event")
        finally:
            stop.set()
            maker.join()
        wait_until(lambda: set(states(company)) == {"delivered"}, 10, "all to be delivered")


def test_what_is_on_the_wire_is_not_held_and_not_sent_twice(stack, company, receiver):
    hook = company.webhook(receiver.url, ["user.created"])
    receiver.hold = threading.Event()
    company.user("Mia")
    with stack.dispatcher():
        wait_until(lambda: receiver.deliveries, 10, "the attempt")
        switch(company, hook, False)
        company.user("Max")
        wait_until(lambda: states(company) == {"pending": 1, "held": 1}, 10, "the other to be held")
        [flying] = company.get("/api/v1/deliveries", params={"state": "pending"}).json()["data"]
        company.post(f"/api/v1/deliveries/{flying['id']}/resend", None, 409)
        switch(company, hook, True)
        wait_until(lambda: len(receiver.deliveries) == 2, 10, "the other webhook")
        receiver.hold.set()
        wait_until(lambda: states(company) == {"delivered": 2}, 10, "both answers")
    assert [one.json["data"]["name"] for one in receiver.deliveries] == ["Mia", "Max"]
    assert company.get(f"/api/v1/webhooks/{hook['id']}").json()["successCount"] == 2


@pytest.mark.parametrize("count", [5, 3000])
def test_what_was_held_leaves_promptly_once_the_endpoint_is_on(stack, company, receiver, count):
    hook = company.webhook(receiver.url, ["user.created"])
    switch(company, hook, False)
    hold_many(company, hook, count)
    with stack.dispatcher():
        wait_until(lambda: states(company) == {"held": count + 1}, 5, "all to be held")
        switch(company, hook, True)
        assert states(company).get("held", 0) <= max(0, count - 99)
        wait_until(lambda: receiver.deliveries, 10, "the first webhook")
        wait_until(lambda: states(company) == {"delivered": count + 1}, 60, "all webhooks")


def test_a_long_lane_is_held_and_released_step_by_step(stack, company, receiver):
    """A step reads and locks what it moves, not all that waits."""
    hook = company.webhook(receiver.url, ["user.created"])
    hold_many(company, hook, 20000)
    stack.sql.run("UPDATE deliveries SET state = 'pending' WHERE company_id = %s", company.bytes)
    stack.sql.run("ANALYZE TABLE deliveries")
    switch(company, hook, False)
    before = stack.sql.rows_read()
    stack.dispatch()
    held = stack.sql.rows_read() - before
    before = stack.sql.rows_read()
    switch(company, hook, True)
    released = stack.sql.rows_read() - before
    assert states(company) == {"held": 19901, "pending": 100}
    stack.sql.run("DELETE FROM deliveries WHERE company_id = %s", company.bytes)
    assert held < 100000 and released < 10000, (held, released)


def test_held_rows_of_an_endpoint_that_is_gone_are_given_up(stack, company, receiver):
    hook = company.webhook(receiver.url, ["user.created"])
    switch(company, hook, False)
    hold_many(company, hook, 20)
    company.delete(f"/api/v1/webhooks/{hook['id']}")
    stack.sql.run("UPDATE deliveries SET state = 'held', settled_at = NULL WHERE company_id = %s", company.bytes)
    stack.dispatch()
    assert states(company) == {"failed": 21} and receiver.deliveries == []
