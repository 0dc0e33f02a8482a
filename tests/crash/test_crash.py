"""Workers, dispatcher and database killed with -9 at random moments under load: nothing is lost or half-written."""

import collections
import contextlib
import os
import random
import signal
import threading

import pytest

from consistency import EVENTS, faults
from load import Load
from receiver import Receiver
from stack import id_text, wait_until
from world import shop


FORMATS = ("standard", "clientpass", "booking-api", "therapy", "bookme", "pushpress")
EVENT_TYPES = ["booking.created", "booking.confirmed", "booking.cancelled"]


class Cron:
    """Starts a dispatcher again whenever it has died, as cron would, only sooner; one for each name."""

    def __init__(self, stack, name):
        self.stack, self.name = stack, name
        self.stopping = threading.Event()
        self.process = stack.start_dispatcher(name=name)
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.stopping.wait(0.2):
            if self.process.poll() is not None:
                self.process = self.stack.start_dispatcher(name=self.name)

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.process.terminate()
        self.process.wait(60)


class Killer:
    """Picks victims at random; the database is started again by `dev`, the others by those who watch over them."""

    def __init__(self, stack, crons, seed):
        self.stack, self.crons, self.dice = stack, crons, random.Random(seed)
        self.killed = collections.Counter()
        self.never = threading.Event()

    def run(self, count):
        victims = [self.kill_database, self.kill_dispatcher, self.kill_worker]  # each at least once
        victims += self.dice.choices(victims, [1, 3, 6], k=count - len(victims))
        self.dice.shuffle(victims)
        for victim in victims:
            self.never.wait(self.dice.uniform(0.05, 0.6))
            victim()

    def kill_worker(self):
        self.kill("worker", self.dice.choice(wait_until(lambda: self.stack.children("pool-booking"), 30, "a worker")))

    def kill_dispatcher(self):
        cron = self.dice.choice(self.crons)
        process = wait_until(lambda: cron.process.poll() is None and cron.process, 30, "a dispatcher")
        self.kill("dispatcher", process.pid)

    def kill_database(self):
        self.kill("database", self.stack.pid("mariadb"))
        self.stack.dev("stack", "start")

    def kill(self, name, pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed[name] += 1


class Aftermath:
    """What is left once the dust has settled."""

    def __init__(self, stack, load, receiver, killed, company):
        self.stack, self.load, self.receiver, self.killed, self.company = stack, load, receiver, killed, company

    def arrived(self):
        """How often each came: (format, event's id) → times."""
        return collections.Counter(map(place_of, self.receiver.deliveries))


def place_of(delivery):
    return delivery.path.rsplit("/", 1)[1], delivery.id


def lasting(delivery):
    """What is the same on every attempt: two formats write the moment of the attempt into their bodies."""
    return {name: value for name, value in delivery.json.items() if name not in ("timestamp", "signature")}


@pytest.fixture(scope="module")
def aftermath(crash_stack, long):
    stack, receiver = crash_stack, Receiver()
    company, team, service = shop(stack, 4, duration=15, slotInterval=15)
    for name in FORMATS:
        company.webhook(f"{receiver.url}/{name}", EVENT_TYPES, format=name, rateLimit=100_000)  # therapy's own: 1000 an hour
    load, crons = Load(company, service, team), [Cron(stack, name) for name in ("one", "two")]
    killer = Killer(stack, crons, 2)
    load.start()
    try:
        killer.run(520 if long else 15)
    finally:
        load.stop()
    open_rows = "SELECT 1 FROM deliveries WHERE state IN ('pending', 'retrying') LIMIT 1"
    wait_until(lambda: not stack.sql.one(open_rows), 180, "all deliveries to be settled")
    for cron in crons:
        cron.stop()
    yield Aftermath(stack, load, receiver, killer.killed, company)
    receiver.close()


def test_enough_was_killed_and_enough_was_booked(aftermath, long, figure):
    figure(f"killed {dict(aftermath.killed)}; {aftermath.load.asked} requests, {aftermath.load.faults} without an answer,"
          f" {len(aftermath.load.booked)} bookings acknowledged")
    assert sum(aftermath.killed.values()) >= (500 if long else 10)
    assert len(aftermath.load.booked) >= 20


def test_no_client_saw_an_answer_that_should_not_be(aftermath):
    assert aftermath.load.wrong == []


def test_every_acknowledged_booking_is_there_as_it_was_acknowledged(aftermath):
    rows = aftermath.stack.sql.all("SELECT id, status FROM bookings WHERE company_id = %s", aftermath.company.bytes)
    stored = {id_text("bk", row["id"]): row["status"] for row in rows}
    missing = {booking for booking in aftermath.load.booked if booking not in stored}
    # A move that was asked for when the load ended may have been made without its answer being seen.
    changed = {booking for booking, status in aftermath.load.booked.items()
               if stored.get(booking) != status and status != "pending"}
    assert not missing and not changed


def test_nothing_is_half_written(aftermath):
    assert faults(aftermath.stack.sql) == {}


def test_every_acknowledged_change_has_exactly_one_event(aftermath):
    rows = aftermath.stack.sql.all(EVENTS, aftermath.company.bytes)
    events = {(row["booking"], row["type"]): row["n"] for row in rows}
    wanted = {(booking, "booking.created") for booking in aftermath.load.booked}
    wanted |= {(booking, f"booking.{status}") for booking, status in aftermath.load.booked.items() if status != "pending"}
    assert wanted <= set(events) and set(events.values()) == {1}


def test_every_event_arrived_at_least_once_in_every_format(aftermath, figure):
    rows = aftermath.stack.sql.all(
        "SELECT e.id, w.format FROM events e JOIN deliveries d ON d.event_id = e.id JOIN webhook_endpoints w ON w.id = d.endpoint_id"
        " WHERE e.company_id = %s", aftermath.company.bytes)
    arrived = aftermath.arrived()
    lost = [place for row in rows if not arrived[place := (row["format"], id_text("evt", row["id"]))]]
    doubles = sum(count - 1 for count in arrived.values())
    figure(f"{len(rows)} deliveries in {len(FORMATS)} formats, {sum(arrived.values())} arrivals, {doubles} of them duplicates")
    assert rows and not lost and {row["format"] for row in rows} == set(FORMATS)


def test_every_arrival_is_in_the_log_of_its_delivery(aftermath):
    """What was in flight when its dispatcher was killed is logged by whoever takes it up."""
    rows = aftermath.stack.sql.all(
        "SELECT d.event_id, w.format, COUNT(a.id) AS logged FROM deliveries d"
        " JOIN webhook_endpoints w ON w.id = d.endpoint_id LEFT JOIN attempts a ON a.delivery_id = d.id"
        " WHERE d.company_id = %s GROUP BY d.id, w.format", aftermath.company.bytes)
    arrived = aftermath.arrived()
    logged = {(row["format"], id_text("evt", row["event_id"])): row["logged"] for row in rows}
    assert logged and {place: count for place, count in arrived.items() if logged.get(place, 0) < count} == {}


def test_every_duplicate_says_what_the_first_said(aftermath):
    said = {}
    for delivery in aftermath.receiver.deliveries:
        said.setdefault(place_of(delivery), []).append(lasting(delivery))
    assert [place for place, bodies in said.items() if any(body != bodies[0] for body in bodies)] == []


def test_nothing_arrived_that_never_happened(aftermath):
    known = {id_text("evt", row["id"]) for row in aftermath.stack.sql.all("SELECT id FROM events")}
    assert {event for _, event in aftermath.arrived()} <= known
