"""A reminder that waits on its way (tried again, held) is only sent while its booking stands as it says."""

import pytest

from world import shop

START = "2031-06-10T12:00:00.000Z"


class Late:
    """One booking whose endpoint is out of order when the reminder is due."""

    def __init__(self, stack, clock, receiver):
        self.stack, self.clock, self.receiver = stack, clock, receiver
        clock("2031-06-08T09:00:00Z")
        self.company, [ada], service = shop(stack)
        self.hook = self.company.webhook(receiver.url, ["booking.reminder"])
        self.booking = self.company.book(service, START, ada)

    def at(self, moment):
        self.clock(moment)
        self.stack.dispatch()
        return len(self.receiver.deliveries)

    def refuse_at(self, moment):
        """The endpoint answers 500 at first; from then on 200."""
        self.receiver.default = (500, {}, b"")
        assert self.at(moment) == 1
        self.receiver.default = (200, {}, b"")
        self.receiver.deliveries.clear()

    def switch(self, active):
        self.company.patch(f"/api/v1/webhooks/{self.hook['id']}", {"active": active})

    def states(self):
        page = self.company.get(f"/api/v1/webhooks/{self.hook['id']}/deliveries").json()["data"]
        return [delivery["state"] for delivery in page]


@pytest.fixture
def late(stack, clock, receiver):
    return Late(stack, clock, receiver)


def test_a_reminder_is_tried_again_while_the_booking_stands(late):
    late.refuse_at("2031-06-10T11:00:00Z")
    assert late.at("2031-06-10T11:00:10Z") == 1 and late.states() == ["delivered"]


def test_a_cancelled_booking_is_not_reminded_of_when_the_endpoint_recovers(late):
    late.refuse_at("2031-06-10T11:00:00Z")
    late.company.move(late.booking, "cancel")
    assert late.at("2031-06-10T11:00:10Z") == 0 and late.states() == ["failed"]


def test_a_reminder_that_was_on_the_wire_when_its_dispatcher_was_killed_is_in_the_log_though_given_up(late):
    late.clock("2031-06-10T11:00:00Z")
    late.stack.kill_on_the_wire(late.receiver, 1)
    late.company.move(late.booking, "cancel")
    assert late.at("2031-06-10T11:02:01Z") == 1
    [delivery] = late.company.get(f"/api/v1/webhooks/{late.hook['id']}/deliveries").json()["data"]
    [attempt] = delivery["attemptLog"]
    assert (delivery["state"], delivery["attempts"], delivery["requests"]) == ("failed", 0, 1)
    assert (attempt["number"], attempt["status"]) == (1, None) and "may have been received" in attempt["error"]


def test_a_moved_booking_is_not_reminded_of_its_old_start(late):
    late.refuse_at("2031-06-10T11:00:00Z")
    late.company.move(late.booking, "reschedule", {"startsAt": "2031-06-12T12:00:00Z"})
    assert late.at("2031-06-10T11:00:10Z") == 0 and late.states() == ["failed"]


@pytest.mark.parametrize("status", ["completed", "no_show"])
def test_a_booking_that_is_over_is_not_reminded_of(late, status):
    late.refuse_at("2031-06-10T11:00:00Z")
    late.stack.sql.run("UPDATE bookings SET status = %s WHERE company_id = %s", status, late.company.bytes)
    assert late.at("2031-06-10T11:00:10Z") == 0 and late.states() == ["failed"]


def test_no_retry_is_left_for_after_the_start(late):
    late.receiver.default = (500, {}, b"")
    assert late.at("2031-06-10T11:59:58Z") == 1  # the next attempt would be at the start or after it
    assert late.states() == ["failed"]
    late.receiver.default = (200, {}, b"")
    assert late.at("2031-06-10T12:00:10Z") == 1


def test_a_retry_that_comes_too_late_sends_nothing(late):
    late.refuse_at("2031-06-10T11:45:00Z")
    assert late.states() == ["retrying"]
    assert late.at("2031-06-10T12:00:00Z") == 0 and late.states() == ["failed"]


def test_a_held_reminder_is_not_sent_after_the_start(late):
    late.switch(False)
    assert late.at("2031-06-10T11:45:00Z") == 0 and late.states() == ["held"]
    late.switch(True)
    assert late.at("2031-06-10T12:00:00Z") == 0 and late.states() == ["failed"]


def test_of_several_that_were_held_only_the_latest_is_sent(late):
    late.switch(False)
    for moment in ("2031-06-09T12:00:00Z", "2031-06-10T11:00:00Z", "2031-06-10T11:45:00Z"):
        assert late.at(moment) == 0
    late.switch(True)
    assert late.at("2031-06-10T11:46:00Z") == 1 and sorted(late.states()) == ["delivered", "failed", "failed"]
    assert late.receiver.deliveries[0].json["data"]["reminderType"] == "15m"


def test_an_example_reminder_needs_no_booking(late):
    late.company.post(f"/api/v1/webhooks/{late.hook['id']}/test", {"event": "booking.reminder"}, 202)
    assert late.at("2031-06-08T09:00:00Z") == 1


def spoil(late, currency="QQQ"):
    late.stack.sql.run("UPDATE bookings SET price_currency = %s WHERE company_id = %s", currency, late.company.bytes)


def kinds(late):
    rows = late.stack.sql.all("SELECT kind, state FROM reminders WHERE company_id = %s", late.company.bytes)
    return {row["kind"]: row["state"] for row in rows}


def alone(*lates):
    """No other company's reminder is due: what earlier tests left would pass and prove the fault to be of one alone."""
    names = [late.company.bytes for late in lates]
    lates[0].stack.sql.run("UPDATE reminders SET state = 'void' WHERE state = 'due' AND company_id NOT IN %s", names)


def test_a_fault_that_hits_every_reminder_skips_none(stack, clock, receiver):
    """They stay due and go out once it has passed; only what still fails then is given up."""
    healed, sick = Late(stack, clock, receiver), Late(stack, clock, receiver)
    alone(healed, sick)
    spoil(healed), spoil(sick)
    assert healed.at("2031-06-10T11:00:00Z") == 0
    assert kinds(healed)["1h"] == kinds(sick)["1h"] == "due"
    spoil(healed, "USD")
    assert healed.at("2031-06-10T11:01:00Z") == 1
    assert kinds(healed)["1h"] == "sent" and kinds(sick)["1h"] == "skipped"


def test_what_could_never_be_written_ends_with_the_booking(stack, clock, receiver):
    late = Late(stack, clock, receiver)
    alone(late)
    spoil(late)
    assert late.at("2031-06-10T11:50:00Z") == 0 and kinds(late)["15m"] == "due"
    assert late.at("2031-06-10T12:00:00Z") == 0 and set(kinds(late).values()) == {"skipped"}


def test_one_reminder_that_cannot_be_written_stops_no_other(stack, clock, receiver):
    bad, good = Late(stack, clock, receiver), Late(stack, clock, receiver)
    spoil(bad)
    assert good.at("2031-06-10T11:00:00Z") == 1
    assert kinds(bad)["1h"] == "skipped"
    assert receiver.deliveries[0].json["data"]["bookingId"] == good.booking["id"]
