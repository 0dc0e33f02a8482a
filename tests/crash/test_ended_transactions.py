"""A server that ends transactions under its clients: what was answered 201 is stored, whole, and once."""

import pathlib
import shutil
import tempfile

import pytest

from consistency import EVENTS, faults
from ends_transactions import AtRandom, EndsTransactions, Never, Once
from load import Load
from receiver import Receiver
from stack import Stack, id_text, wait_until
from world import future, minutes, shop

EVENT_TYPES = ["booking.created", "booking.confirmed", "booking.cancelled"]
HARMS = ("ended", "refused", "behind rows")
STEPS = range(2, 40)


@pytest.fixture(scope="module")
def between():
    """A stack whose programs reach their database through a server that ends transactions."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slotwire-ends-"))
    stack = Stack(settings="dispatcher_lease = 40", workers=2)
    proxy = EndsTransactions(folder / "database", stack.state / "db/mariadb.sock")
    stack.environment["SLOTWIRE_DB_SOCKET"] = proxy.path
    try:
        stack.proxy = proxy
        yield stack.start()
    finally:
        stack.stop()
        proxy.close()
        shutil.rmtree(folder)


def answered(company, service, start, plan):
    """Books beside the harm; the answer."""
    company.stack.proxy.plan = plan
    try:
        return company.book(service, start)
    finally:
        company.stack.proxy.plan = Never()


@pytest.mark.parametrize("harm", HARMS)
def test_at_every_statement_of_a_booking_in_turn(between, harm, figure):
    company, _, service = shop(between, 1, duration=15)
    receiver = Receiver()
    company.webhook(receiver.url, ["booking.created"])
    company.book(service, future(days=3))  # every statement is prepared
    struck, booked = 0, set()
    for number, step in enumerate(STEPS, 1):
        plan = Once(harm, step)
        booked.add(answered(company, service, future(days=3) + minutes(15 * number), plan)["id"])
        struck += plan.struck
        if plan.longest < step:
            break
    receiver.close()
    figure(f"{harm}: {struck} of the {plan.longest - 1} steps of a booking")
    assert plan.longest < step, "more steps than were tried"
    assert struck == plan.longest - 1 if harm != "behind rows" else struck >= 3
    rows = between.sql.all("SELECT id FROM bookings WHERE company_id = %s", company.bytes)
    stored = {id_text("bk", row["id"]) for row in rows}
    assert booked <= stored and len(stored) == len(booked) + 1
    events = {row["booking"]: row["n"] for row in between.sql.all(EVENTS, company.bytes)}
    assert events == dict.fromkeys(stored, 1)
    assert faults(between.sql) == {}


def test_at_random_under_load(between, long, figure):
    company, team, service = shop(between, 4, duration=15, slotInterval=15)
    receiver = Receiver()
    company.webhook(receiver.url, EVENT_TYPES)
    load, plan = Load(company, service, team), AtRandom(7, 60)
    between.proxy.plan = plan
    with between.dispatcher():
        load.start()
        try:
            wait_until(lambda: plan.struck >= (400 if long else 100) or load.wrong, 240, "enough transactions that were ended")
        finally:
            load.stop()
            between.proxy.plan = Never()
        open_rows = "SELECT 1 FROM deliveries WHERE state IN ('pending', 'retrying') AND company_id = %s LIMIT 1"
        wait_until(lambda: not between.sql.one(open_rows, company.bytes), 120, "all deliveries to be settled")
    figure(f"{plan.struck} transactions were ended; {load.asked} requests, {load.faults} without an answer,"
           f" {len(load.booked)} bookings acknowledged")
    assert load.wrong == []
    rows = between.sql.all("SELECT id, status FROM bookings WHERE company_id = %s", company.bytes)
    stored = {id_text("bk", row["id"]): row["status"] for row in rows}
    assert {booking for booking, status in load.booked.items() if status != "pending" and stored.get(booking) != status} == set()
    assert set(load.booked) <= set(stored)
    events = {(row["booking"], row["type"]): row["n"] for row in between.sql.all(EVENTS, company.bytes)}
    assert {booking for booking, type_ in events if type_ == "booking.created"} == set(stored)
    assert set(events.values()) == {1}
    assert faults(between.sql) == {}
    told = {id_text("evt", row["id"]) for row in company.events() if row["type"] in EVENT_TYPES}
    assert told == {delivery.id for delivery in receiver.deliveries}
    receiver.close()
