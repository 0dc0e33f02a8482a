"""A day of random bookings against a simple oracle: each due reminder exactly once and no other."""

import datetime
import json

import pytest

from oracle import KINDS, Day, Oracle
from world import instant, minutes, rfc, shop

BEGIN = instant("2031-05-01T06:00:00Z")
TICK = minutes(10)


class Simulation:
    def __init__(self, stack, clock, receiver, seed, hours):
        self.stack, self.clock, self.receiver = stack, clock, receiver
        self.day, self.oracle, self.now = Day(seed, BEGIN, hours), Oracle(), BEGIN
        self.alive = []
        clock(rfc(BEGIN))
        self.company, [self.ada], self.service = shop(stack, duration=15, slotInterval=15)
        self.company.webhook(receiver.url, ["booking.reminder"])

    def run(self):
        while self.now < self.day.end + datetime.timedelta(hours=34):
            self.now += TICK
            if self.now < self.day.end:
                self.act()
            self.dispatch()
        self.clock(rfc(self.now))
        self.stack.dispatch()

    def act(self):
        """Something at an odd second before the tick, so that no moment is ever both past and due."""
        moment = self.now - minutes(3) + datetime.timedelta(seconds=self.day.random.randrange(1, 60))
        self.clock(rfc(moment))
        choice = self.day.random.random()
        if choice < 0.5 or not self.alive:
            self.book(moment)
        elif choice < 0.7:
            self.move(self.day.random.choice(self.alive), moment)
        elif choice < 0.85:
            self.cancel(self.day.random.choice(self.alive), moment)
        elif choice < 0.95:
            self.confirm(self.day.random.choice(self.alive))

    def book(self, moment):
        start = self.day.new_start(moment)
        booking = self.company.book(self.service, start, self.ada)
        self.oracle.plan(booking["id"], start, moment)
        self.alive.append(booking)

    def move(self, booking, moment):
        start = self.day.new_start(moment)
        self.company.move(booking, "reschedule", {"startsAt": rfc(start)})
        self.oracle.plan(booking["id"], start, moment)

    def cancel(self, booking, _):
        self.company.move(booking, "cancel")
        self.oracle.cancel(booking["id"])
        self.alive.remove(booking)

    def confirm(self, booking):
        status = self.company.get(f"/api/v1/bookings/{booking['id']}").json()["status"]
        self.company.move(booking, "confirm", expect=200 if status == "pending" else 409)

    def dispatch(self):
        if self.day.is_down(self.now):
            return
        self.clock(rfc(self.now))
        self.stack.dispatch(now=rfc(self.now))
        self.oracle.run(self.now)

    def emitted(self):
        """(booking, kind, start) of every reminder event."""
        rows = [json.loads(event["payload"]) for event in self.company.events("booking.reminder")]
        return [(row["bookingId"], row["reminderType"], instant(row["startsAt"])) for row in rows]

    def received(self):
        rows = [delivery.json["data"] for delivery in self.receiver.of("booking.reminder")]
        return [(row["bookingId"], row["reminderType"], instant(row["startsAt"])) for row in rows]


def seeds(config):
    return range(1, 11) if config.getoption("--long") else range(1, 3)


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds(metafunc.config))


def test_each_due_reminder_is_sent_once_and_no_other(stack, clock, receiver, seed, long, figure):
    simulation = Simulation(stack, clock, receiver, seed, 36 if long else 14)
    simulation.run()
    wanted = sorted(simulation.oracle.sent)
    assert sorted(simulation.emitted()) == wanted and sorted(simulation.received()) == wanted
    assert len(wanted) == len(set(wanted)) and {kind for _, kind, _ in wanted} == set(KINDS)
    figure(f"seed {seed}: {len(wanted)} reminders of {len(simulation.oracle.plans)} bookings")


class Scene:
    """One booking far ahead, and a clock."""

    def __init__(self, stack, clock, receiver, start="2031-06-10T12:00:00.000Z", now="2031-06-01T00:00:00.000Z"):
        self.stack, self.clock, self.receiver = stack, clock, receiver
        clock(now)
        self.company, [self.ada], self.service = shop(stack)
        self.company.webhook(receiver.url, ["booking.reminder"])
        self.booking = self.company.book(self.service, start, self.ada)

    def at(self, moment):
        """The kinds sent so far, once the dispatcher has run at this moment."""
        self.clock(moment)
        self.stack.dispatch()
        return [delivery.json["data"]["reminderType"] for delivery in self.receiver.deliveries]


@pytest.fixture
def scene(stack, clock, receiver):
    return Scene(stack, clock, receiver)


def test_all_three_come_at_their_moments(scene):
    assert scene.at("2031-06-09T11:59:59.999Z") == []
    assert scene.at("2031-06-09T12:00:00Z") == ["24h"]
    assert scene.at("2031-06-10T10:59:59Z") == ["24h"]
    assert scene.at("2031-06-10T11:00:00Z") == ["24h", "1h"]
    assert scene.at("2031-06-10T11:45:00Z") == ["24h", "1h", "15m"]
    assert scene.at("2031-06-10T11:59:00Z") == ["24h", "1h", "15m"]


def test_after_an_outage_only_the_latest_is_sent(scene):
    assert scene.at("2031-06-10T11:50:00Z") == ["15m"]


def test_nothing_is_sent_at_or_after_the_start(scene):
    assert scene.at("2031-06-10T12:00:00Z") == []


def test_a_cancelled_booking_is_not_reminded_of(scene):
    scene.company.move(scene.booking, "cancel")
    assert scene.at("2031-06-10T11:50:00Z") == []


def test_the_booking_is_read_again_when_it_is_due(scene):
    key = scene.company.bytes
    scene.stack.sql.run("UPDATE bookings SET status = 'cancelled' WHERE company_id = %s", key)
    assert scene.at("2031-06-10T11:50:00Z") == []


def test_a_moment_that_passed_before_the_booking_was_made_is_never_sent(stack, clock, receiver):
    scene = Scene(stack, clock, receiver, now="2031-06-10T11:30:00.000Z")
    assert scene.at("2031-06-10T11:31:00Z") == []
    assert scene.at("2031-06-10T11:45:00Z") == ["15m"]


def test_a_booking_minutes_ahead_gets_none(stack, clock, receiver):
    scene = Scene(stack, clock, receiver, now="2031-06-10T11:50:00.000Z")
    assert scene.at("2031-06-10T11:59:00Z") == []


def test_rescheduling_moves_the_reminders(scene):
    scene.company.move(scene.booking, "reschedule", {"startsAt": "2031-06-12T12:00:00Z"})
    assert scene.at("2031-06-10T11:50:00Z") == []
    assert scene.at("2031-06-11T12:00:00Z") == ["24h"]


def test_a_booking_that_was_moved_after_a_reminder_is_reminded_of_anew(scene):
    assert scene.at("2031-06-09T12:00:00Z") == ["24h"]
    scene.company.move(scene.booking, "reschedule", {"startsAt": "2031-06-12T12:00:00Z"})
    assert scene.at("2031-06-11T12:00:00Z") == ["24h", "24h"]


def test_moving_away_and_back_reminds_of_what_is_still_to_come_once(scene):
    assert scene.at("2031-06-09T12:00:00Z") == ["24h"]
    scene.company.move(scene.booking, "reschedule", {"startsAt": "2031-06-12T12:00:00Z"})
    scene.company.move(scene.booking, "reschedule", {"startsAt": "2031-06-10T12:00:00Z"})
    assert scene.at("2031-06-10T11:00:00Z") == ["24h", "1h"]
    assert scene.at("2031-06-10T11:45:00Z") == ["24h", "1h", "15m"]


def test_confirming_changes_nothing_about_reminders(scene):
    scene.company.move(scene.booking, "confirm")
    assert scene.at("2031-06-09T12:00:00Z") == ["24h"]


def test_two_runs_at_once_send_each_reminder_once(stack, clock, receiver):
    scene = Scene(stack, clock, receiver)
    clock("2031-06-10T11:00:00Z")
    first, second = stack.start_dispatcher(window=2), stack.start_dispatcher(window=2)
    assert (first.wait(60), second.wait(60)) == (0, 0)
    assert scene.at("2031-06-10T11:00:01Z") == ["1h"]
