"""When the receiver does not take it: retries on schedule, what ends them, and what never leaves the house."""

import datetime
import socket
import threading

import pytest

from stack import id_bytes, wait_until
from world import Company, future, instant, rfc, shop

START = instant("2031-05-01T10:00:00Z")


class Scene:
    """One endpoint, one event, and a clock to turn."""

    def __init__(self, stack, receiver, clock, format="standard"):
        self.stack, self.receiver, self.clock, self.now = stack, receiver, clock, START
        clock(rfc(START))
        self.company = Company(stack)
        self.hook = self.company.webhook(receiver.url, ["user.created"], format=format)
        self.company.user("Mia")

    def turn(self, seconds):
        """The clock, while no dispatcher runs."""
        self.now += datetime.timedelta(seconds=seconds)
        self.clock(rfc(self.now))

    def later(self, seconds):
        self.turn(seconds)
        self.stack.dispatch()
        return len(self.receiver.deliveries)

    def deliveries(self):
        return self.company.get(f"/api/v1/webhooks/{self.hook['id']}/deliveries").json()["data"]

    def delivery(self):
        return self.deliveries()[0]

    def endpoint(self):
        return self.company.get(f"/api/v1/webhooks/{self.hook['id']}").json()

    def wait(self):
        """Seconds until the next attempt."""
        return (instant(self.delivery()["dueAt"]) - self.now).total_seconds()


@pytest.fixture
def scene(stack, receiver, clock):
    return Scene(stack, receiver, clock)


def test_a_500_is_tried_again_when_it_is_due_and_not_before(scene):
    scene.receiver.default = (500, {}, b"broken")
    assert scene.later(0) == 1 and scene.delivery()["state"] == "retrying"
    assert scene.later(1) == 1
    assert scene.later(6) == 2


def test_each_attempt_has_the_same_id_and_a_signature_of_its_own(scene):
    scene.receiver.default = (500, {}, b"")
    scene.later(0), scene.later(10)
    first, second = scene.receiver.deliveries
    assert first.id == second.id and first.body == second.body
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_a_later_success_ends_the_retries(scene):
    scene.receiver.script = {0: (500, {}, b"")}
    scene.later(0), scene.later(10)
    assert scene.delivery()["state"] == "delivered" and scene.later(86400) == 2
    log = scene.delivery()["attemptLog"]
    assert sorted(attempt["status"] for attempt in log) == [200, 500]
    assert (scene.endpoint()["successCount"], scene.endpoint()["failureCount"]) == (1, 1)


SCHEDULES = {"standard": [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
             "bookme": [60, 300, 900, 3600, 21600, 86400]}


@pytest.mark.parametrize("format", SCHEDULES)
def test_the_whole_schedule_is_kept_and_then_it_fails_for_good(stack, receiver, clock, format):
    scene = Scene(stack, receiver, clock, format)
    receiver.default = (503, {}, b"")
    scene.later(0)
    for delay in SCHEDULES[format]:
        assert scene.delivery()["state"] == "retrying" and 0.89 * delay <= scene.wait() <= 1.11 * delay + 1
        before = len(receiver.deliveries)
        assert scene.later(scene.wait() + 0.5) == before + 1
    assert scene.delivery()["state"] == "failed" and len(receiver.deliveries) == len(SCHEDULES[format]) + 1
    assert scene.later(200000) == len(SCHEDULES[format]) + 1


def test_429_with_retry_after_waits_and_uses_up_no_attempt(scene):
    scene.receiver.script = {0: (429, {"Retry-After": "600"}, b"")}
    scene.later(0)
    assert scene.delivery()["attempts"] == 0 and 595 <= scene.wait() <= 661
    assert scene.later(300) == 1 and scene.later(400) == 2
    assert scene.delivery()["state"] == "delivered" and scene.delivery()["attempts"] == 1


def test_the_next_process_keeps_to_retry_after_too_for_whatever_waits(scene):
    """Under cron the process that was asked for time is gone a minute later."""
    scene.receiver.script = {0: (429, {"Retry-After": "3600"}, b"")}
    scene.later(0)
    scene.company.user("Max")
    assert scene.later(60) == scene.later(3000) == 1
    assert scene.later(1000) == 3 and not scene.company.events("webhook.recovered")
    scene.company.user("Eva")  # and all is as it was before
    scene.company.user("Ida")
    assert scene.later(0) == 5
    row = scene.stack.sql.one("SELECT breaker_until, failing_since FROM webhook_endpoints WHERE id = %s", id_bytes(scene.hook["id"]))
    assert row == {"breaker_until": None, "failing_since": None}


def test_retry_after_may_be_a_date(scene):
    date = (START + datetime.timedelta(seconds=900)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    scene.receiver.script = {0: (429, {"Retry-After": date}, b"")}
    scene.later(0)
    assert 890 <= scene.wait() <= 1000


def test_410_stops_the_endpoint(scene):
    scene.receiver.default = (410, {}, b"gone")
    scene.later(0)
    endpoint = scene.endpoint()
    assert endpoint["active"] is False and endpoint["disabledReason"] and endpoint["lastStatus"] == 410
    assert scene.later(86400) == 1


def test_a_header_of_the_answer_stops_the_endpoint(scene):
    scene.receiver.default = (200, {"webhook-delivery": "disable"}, b"")
    scene.later(0)
    assert scene.endpoint()["active"] is False and scene.endpoint()["disabledReason"]


def test_a_redirect_is_a_failure_and_not_followed(scene):
    scene.receiver.default = (302, {"Location": scene.receiver.url + "/elsewhere"}, b"")
    scene.later(0)
    assert [delivery.path for delivery in scene.receiver.deliveries] == ["/hook"]
    assert scene.delivery()["state"] == "retrying" and scene.delivery()["attemptLog"][0]["status"] == 302


def test_a_receiver_that_hangs_is_left_after_the_time_out(stack, receiver, clock):
    scene = Scene(stack, receiver, clock, "therapy")  # the shortest that a format gives: 5 seconds
    receiver.hold = threading.Event()
    scene.later(0)
    [attempt] = scene.delivery()["attemptLog"]
    assert attempt["status"] is None and "timed out" in attempt["error"] and attempt["timings"]["totalMs"] >= 4900
    assert scene.delivery()["state"] == "retrying"


def test_a_port_that_nobody_listens_on_is_a_failure_in_words(stack, clock, receiver):
    scene = Scene(stack, receiver, clock)
    receiver.server.shutdown()
    receiver.server.server_close()
    scene.later(0)
    [attempt] = scene.delivery()["attemptLog"]
    assert attempt["status"] is None and attempt["error"] and scene.delivery()["attempts"] == 1


def test_a_huge_answer_is_read_only_so_far(scene):
    scene.receiver.default = (200, {}, b"x" * 5_000_000)
    scene.later(0)
    assert scene.delivery()["attemptLog"][0]["status"] in (200, None)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_guard_refuses_a_private_address_that_is_not_on_the_list(scene, scheme):
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)
        scene.stack.sql.run("UPDATE webhook_endpoints SET url = %s WHERE company_id = %s",
                            f"{scheme}://127.0.0.1:{door.getsockname()[1]}/", scene.company.bytes)
        scene.stack.dispatch(SLOTWIRE_OUTBOUND_ALLOW="10.99.99.0/24")
        with pytest.raises(BlockingIOError):
            door.accept()  # nobody knocked
    [attempt] = scene.delivery()["attemptLog"]
    assert attempt["status"] is None and attempt["error"] == "The address is not on the public internet."


def test_a_private_answer_is_not_shown_unless_public(scene):
    scene.receiver.default = (500, {}, b"internal secrets")
    scene.later(0)
    assert "internal secrets" not in scene.company.get(f"/api/v1/webhooks/{scene.hook['id']}/deliveries").text


def switch(scene, active):
    scene.company.patch(f"/api/v1/webhooks/{scene.hook['id']}", {"active": active})


def test_what_waits_is_held_while_the_endpoint_is_off_and_sent_when_it_is_on_again(scene):
    switch(scene, False)
    assert scene.later(0) == 0 and scene.delivery()["state"] in ("held", "pending")
    switch(scene, True)
    assert scene.later(1) == 1 and scene.delivery()["state"] == "delivered"


def test_what_happens_while_the_endpoint_is_off_is_not_lost(scene):
    scene.later(0)
    switch(scene, False)
    scene.company.user("Born meanwhile")
    assert scene.later(1) == 1
    switch(scene, True)
    assert scene.later(1) == 2
    assert scene.receiver.deliveries[1].json["data"]["name"] == "Born meanwhile"


def test_a_dead_endpoint_costs_its_neighbour_nothing(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook("http://127.0.0.1:9/hook", ["booking.created"])
    company.webhook(receiver.url, ["booking.created"])
    for hour in range(5):
        company.book(service, future(hour=hour), ada)
    stack.dispatch()
    assert len(receiver.deliveries) == 5


def test_a_lease_that_ran_out_is_taken_up_again(scene):
    dead = b"d" * 16
    scene.stack.sql.run("UPDATE deliveries SET fence = %s, due_at = due_at + INTERVAL 120 SECOND WHERE company_id = %s",
                        dead, scene.company.bytes)
    assert scene.later(60) == 0
    assert scene.later(61) == 1 and scene.delivery()["state"] == "delivered"


def log_of(scene, delivery):
    """The whole delivery, and of its attempts what tells them apart."""
    whole = scene.company.get(f"/api/v1/deliveries/{delivery['id']}").json()
    for attempt in whole["attemptLog"]:
        assert (attempt["status"] is None) == (attempt["address"] is None) == ("may have been received" in str(attempt["error"]))
    return whole, [(a["number"], a["startedAt"], a["status"]) for a in whole["attemptLog"]]


def test_what_a_killed_dispatcher_had_on_the_wire_is_in_the_log_and_counts_against_nobody(scene):
    scene.company.user("Max"), scene.company.user("Eva")
    scene.stack.kill_on_the_wire(scene.receiver, 3)
    assert scene.later(119) == 3 and [a["attemptLog"] for a in scene.deliveries()] == [[]] * 3
    assert scene.later(2) == 6
    for delivery in scene.deliveries():
        whole, log = log_of(scene, delivery)
        assert log == [(1, rfc(START), None), (2, rfc(scene.now), 200)]
        assert (whole["state"], whole["attempts"], whole["requests"]) == ("delivered", 1, 2)
    assert (scene.endpoint()["successCount"], scene.endpoint()["failureCount"]) == (3, 0)


def test_each_of_several_that_were_killed_is_in_the_log_with_its_own_time(scene):
    scene.stack.kill_on_the_wire(scene.receiver, 1)
    scene.turn(121)
    scene.stack.kill_on_the_wire(scene.receiver, 1)
    second = scene.now
    scene.receiver.script = {2: (500, {}, b"")}
    assert scene.later(121) == 3
    whole, log = log_of(scene, scene.delivery())
    assert log == [(1, rfc(START), None), (2, rfc(second), None), (3, rfc(scene.now), 500)]
    assert (whole["state"], whole["attempts"], whole["requests"]) == ("retrying", 1, 3)
    assert 4 <= scene.wait() <= 7  # the schedule's first step


def test_it_is_in_the_log_too_where_the_endpoint_was_off_meanwhile(scene):
    scene.stack.kill_on_the_wire(scene.receiver, 1)
    switch(scene, False)
    assert scene.later(121) == 1 and scene.delivery()["state"] == "held"
    switch(scene, True)
    assert scene.later(0) == 2
    whole, log = log_of(scene, scene.delivery())
    assert log == [(1, rfc(START), None), (2, rfc(scene.now), 200)]
    assert (whole["state"], whole["requests"]) == ("delivered", 2)


def test_it_is_in_the_log_too_where_somebody_sends_it_again_by_hand(scene):
    scene.stack.kill_on_the_wire(scene.receiver, 1)
    scene.turn(121)
    scene.company.post(f"/api/v1/deliveries/{scene.delivery()['id']}/resend", None, 202)
    assert scene.later(0) == 2
    whole, log = log_of(scene, scene.delivery())
    assert log == [(1, rfc(START), None), (2, rfc(scene.now), 200)]
    assert (whole["state"], whole["requests"]) == ("delivered", 2)


def test_it_is_in_the_log_too_where_the_endpoint_is_gone(scene):
    scene.stack.kill_on_the_wire(scene.receiver, 1)
    delivery = scene.delivery()
    scene.company.delete(f"/api/v1/webhooks/{scene.hook['id']}")
    assert log_of(scene, delivery)[1] == []
    assert scene.later(121) == 1
    whole, log = log_of(scene, delivery)
    assert log == [(1, rfc(START), None)] and (whole["state"], whole["requests"]) == ("failed", 1)


def test_what_is_on_the_wire_while_its_endpoint_goes_is_settled_by_its_answer(scene):
    scene.receiver.hold = threading.Event()
    delivery = scene.delivery()
    with scene.stack.dispatcher():
        wait_until(lambda: scene.receiver.deliveries, 10, "the attempt")
        scene.company.delete(f"/api/v1/webhooks/{scene.hook['id']}")
        scene.stack.dispatch()  # what housekeeping there is
        scene.receiver.hold.set()
        wait_until(lambda: log_of(scene, delivery)[0]["state"] == "delivered", 10, "its answer to be written down")


def test_a_test_that_was_on_the_wire_is_in_the_log_too(scene):
    assert scene.later(0) == 1
    scene.company.post(f"/api/v1/webhooks/{scene.hook['id']}/test", {"event": "booking.created"}, 202)
    scene.stack.kill_on_the_wire(scene.receiver, 1)
    assert scene.later(121) == 3
    [test] = [delivery for delivery in scene.deliveries() if delivery["test"]]
    whole, log = log_of(scene, test)
    assert [(number, status) for number, _, status in log] == [(1, None), (2, 200)] and whole["requests"] == 2


def test_who_lost_the_lease_does_not_settle(scene):
    """A dispatcher that slept past its lease must not write over what the next one does with the row."""
    scene.receiver.hold = threading.Event()
    other = b"o" * 16
    with scene.stack.dispatcher():
        wait_until(lambda: scene.receiver.deliveries, 10, "the attempt")
        scene.stack.sql.run("UPDATE deliveries SET fence = %s WHERE company_id = %s", other, scene.company.bytes)
        scene.receiver.hold.set()
        wait_until(lambda: scene.stack.sql.number("SELECT COUNT(*) FROM attempts WHERE company_id = %s",
                                                  scene.company.bytes), 10, "the attempt's line in the log")
    row = scene.stack.sql.one("SELECT state, fence FROM deliveries WHERE company_id = %s", scene.company.bytes)
    assert row == {"state": "pending", "fence": other}


def test_two_dispatchers_at_once_send_each_event_once(stack, receiver):
    company = Company(stack)
    company.webhook(receiver.url, ["user.created"])
    with stack.dispatcher() as first:
        for number in range(10):
            company.user(f"U{number}")
        second = stack.start_dispatcher()
        try:
            for number in range(10):
                company.user(f"V{number}")
            wait_until(lambda: len(receiver.deliveries) >= 20, 20, "all webhooks")
            wait_until(lambda: first.poll() is not None, 60, "the first to hand over")
            company.user("Last")
            wait_until(lambda: len(receiver.deliveries) >= 21, 20, "the newcomer's webhook")
        finally:
            second.terminate()
            second.wait(60)
    assert sorted(delivery.json["data"]["name"] for delivery in receiver.deliveries) == \
        sorted([f"U{n}" for n in range(10)] + [f"V{n}" for n in range(10)] + ["Last"])


def test_a_window_ends_by_itself(stack):
    assert stack.start_dispatcher(window=1).wait(60) == 0


def test_the_stored_delivery_names_its_endpoint_and_event(scene):
    row = scene.stack.sql.one("SELECT * FROM deliveries WHERE company_id = %s", scene.company.bytes)
    assert row["endpoint_id"] == id_bytes(scene.hook["id"]) and row["state"] == "pending" and row["attempts"] == 0
