"""From a booking to a receiver: in time, to the byte, and signed so that others' libraries agree."""

import contextlib
import os
import signal
import time

import pytest

from health_scene import twins
from judge import deliver, verifies
from stack import wait_until
from world import Company, future, shop

TRICKY = ["Zoë Ünïcödé", "💈 barber 👩🏽‍🦱", 'say "hi"', "a/b\\c", "line\u2028sep\u2029end", "O'Neil & <Söhne>",
          "tab\tand\nbreak", "नमस्ते 你好 שלום"]


def booked(stack, receiver, format="standard", **members):
    company, [ada], service = shop(stack)
    hook = company.webhook(receiver.url, ["booking.created"], format=format)
    booking = company.book(service, future(), ada, **members)
    return company, hook, booking, deliver(stack, receiver)


def test_a_booking_is_at_the_receiver_at_once(stack, receiver, figure):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.created"])
    with stack.dispatcher():
        company.book(service, future(hour=7), ada)
        wait_until(lambda: receiver.deliveries, 5, "the first webhook")
        start = time.monotonic()
        booking = company.book(service, future(), ada)
        done = time.monotonic()
        wait_until(lambda: len(receiver.deliveries) == 2, 5, "the webhook")
    figure(f"booking took {1000 * (done - start):.1f} ms, webhook came {1000 * (receiver.deliveries[1].at - start):.1f} ms"
          " after it was asked for")
    assert receiver.deliveries[1].json["data"]["id"] == booking["id"]


def test_the_dispatcher_finds_events_without_being_poked(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.created"])
    with stack.dispatcher():
        os.unlink(stack.settings["dispatcher_socket"])
        company.book(service, future(), ada)
        wait_until(lambda: receiver.deliveries, 5, "the webhook")


def test_what_came_while_the_dispatcher_stood_still_is_sent_at_once(stack, receiver):
    """Of more companies than it remembers, and of one twice; nothing of it waits for the polling alone."""
    companies = [Company(stack) for _ in range(12)]
    for company in companies:
        company.webhook(receiver.url, ["user.created"])
    with stack.dispatcher() as process:
        process.send_signal(signal.SIGSTOP)
        for number, company in enumerate([*companies, companies[0]]):
            company.user(f"P{number}")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: len(receiver.deliveries) == 13, 5, "the webhooks")


def test_an_event_waits_for_no_look_over_all_the_others(stack, receiver):
    """Of 3,000 endpoints that wait for nothing, each takes three reads of a look; nearly half of the events may meet one."""
    crowded, company = Company(stack), Company(stack)
    hook = crowded.webhook(receiver.url + "/crowd", ["user.created"])
    company.webhook(receiver.url, ["user.created"])
    with twins(crowded, hook, 3000), stack.dispatcher():
        company.user("Ada")
        wait_until(lambda: receiver.deliveries, 5, "the first webhook")
        before, start = stack.sql.rows_read(), time.monotonic()
        for number in range(2, 42):
            company.user(f"P{number}")
            wait_until(lambda: len(receiver.deliveries) == number, 5, "the webhook")
        read, seconds = stack.sql.rows_read() - before, time.monotonic() - start
    assert read < (16 + 5 * seconds) * 3 * 3000  # those that come with the time, not with the events: one each 200 ms


def test_a_look_that_stood_still_puts_off_none_after_it(stack, receiver):
    company = Company(stack)
    company.webhook(receiver.url, ["user.created"])

    def waiting():
        """Milliseconds for which the dispatcher has been waiting for the table."""
        return stack.sql.number("SELECT COALESCE(MAX(time_ms), 0) FROM information_schema.processlist"
                                " WHERE command = 'Execute' AND state LIKE 'Waiting for table%%'")

    with stack.dispatcher():
        company.user("Ada")
        wait_until(lambda: receiver.deliveries, 5, "the first webhook")
        with contextlib.closing(stack.sql.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLES webhook_endpoints WRITE")
            wait_until(lambda: waiting() > 2000, 10, "a look of two seconds")
        os.unlink(stack.settings["dispatcher_socket"])
        company.user("Bea")
        wait_until(lambda: len(receiver.deliveries) == 2, 5, "the webhook")


def test_the_standard_body_is_the_stored_snapshot_to_the_byte(stack, receiver):
    company, _, booking, delivery = booked(stack, receiver)
    [event] = company.events("booking.created")
    stamp = delivery.json["timestamp"]
    wanted = '{"type":"booking.created","timestamp":"' + stamp + '","data":' + event["payload"] + "}"
    assert delivery.body.decode() == wanted and booking.items() <= delivery.json["data"].items()


@pytest.mark.parametrize("by", ["standardwebhooks", "svix", "stringify"])
def test_others_libraries_verify_the_standard_format(stack, receiver, by):
    _, hook, _, delivery = booked(stack, receiver)
    assert verifies(by, delivery, hook["secret"])


@pytest.mark.parametrize("text", TRICKY)
@pytest.mark.parametrize("format", ["standard", "bookme"])
def test_whatever_people_write_is_signed_as_it_is_sent(stack, receiver, format, text):
    _, hook, _, delivery = booked(stack, receiver, format, notes=text)
    data = delivery.json["data"]
    assert data.get("appointment", data)["notes"] == text
    assert verifies("stringify", delivery, hook["secret"]) and verifies("standardwebhooks", delivery, hook["secret"])


def test_a_forged_body_does_not_verify(stack, receiver):
    _, hook, _, delivery = booked(stack, receiver)
    delivery.body = delivery.body.replace(b"booking.created", b"booking.deleted")
    assert not verifies("standardwebhooks", delivery, hook["secret"])


def test_the_seed_s_own_snippet_verifies_bookme(stack, receiver):
    _, hook, _, delivery = booked(stack, receiver, "bookme")
    assert verifies("bookme", delivery, hook["secret"])
    delivery.body += b" "
    assert not verifies("bookme", delivery, hook["secret"])


def test_an_own_plain_secret_signs_bookme(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, format="bookme", secret="bookme-secret-of-ours")
    company.book(service, future(), ada)
    assert verifies("bookme", deliver(stack, receiver), "bookme-secret-of-ours")


def test_the_bookme_booking_has_the_seed_s_members_in_their_order(stack, receiver):
    guest = {"name": "John Doe", "email": "john@example.com", "phone": "+1-555-0199"}
    company, _, booking, delivery = booked(stack, receiver, "bookme", customer=guest, notes="First time customer")
    body = delivery.json
    appointment = body["data"]["appointment"]
    assert list(body) == ["event", "timestamp", "data"] and body["event"] == "booking.created"
    assert list(appointment) == ["id", "confirmationNumber", "business", "service", "customer", "appointmentDate",
                                 "startTime", "endTime", "status", "notes", "createdAt"]
    assert appointment["business"] == {"id": company.id, "name": company.made["name"], "slug": company.made["slug"]}
    assert list(appointment["service"]) == ["id", "name", "duration", "price"]
    assert appointment["service"]["price"] == 7550 and appointment["customer"] == guest
    assert appointment["startTime"] == "10:00" and appointment["endTime"] == "11:00"
    assert appointment["appointmentDate"] == booking["startsAt"][:10]
    assert len(body["timestamp"]) == len("2025-10-31T15:30:00Z") == len(appointment["createdAt"])


MOVES = [("confirm", None, ["id", "confirmationNumber", "status", "confirmedAt"]),
         ("cancel", {"reason": "Customer request", "cancelledBy": "customer"},
          ["id", "confirmationNumber", "status", "cancelledAt", "cancellationReason", "cancelledBy"])]


@pytest.mark.parametrize("action, body, members", MOVES, ids=[action for action, _, _ in MOVES])
def test_the_bookme_moves_have_the_seed_s_members(stack, receiver, action, body, members):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.confirmed", "booking.cancelled"], format="bookme")
    company.move(company.book(service, future(), ada), action, body)
    assert list(deliver(stack, receiver).json["data"]["appointment"]) == members


def test_the_bookme_service_and_business_have_the_seed_s_members(stack, receiver):
    company, _, _ = shop(stack)
    company.webhook(receiver.url, ["service.created", "service.updated", "business.updated"], format="bookme")
    service = company.service(duration=120, amount=150)
    company.patch(f"/api/v1/services/{service['id']}", {"price": {"amount": 160}, "description": "new"})
    company.patch("/api/v1/company", {"name": "Renamed", "description": "new"})
    stack.dispatch()
    [made], [changed], [renamed] = (receiver.of(name) for name in ("service.created", "service.updated", "business.updated"))
    assert list(made.json["data"]["service"]) == ["id", "businessId", "name", "duration", "price", "createdAt"]
    assert made.json["data"]["service"]["price"] == 15000
    assert list(changed.json["data"]["service"]) == ["id", "businessId", "updatedFields", "updatedAt"]
    assert sorted(changed.json["data"]["service"]["updatedFields"]) == ["description", "price"]
    assert list(renamed.json["data"]["business"]) == ["id", "updatedFields", "updatedAt"]


def test_bookme_times_are_the_business_s_wall_clock(stack, receiver, clock):
    clock("2031-01-01T00:00:00Z")
    company, [ada], service = shop(stack)
    company.patch("/api/v1/company", {"timeZone": "America/New_York"})
    company.webhook(receiver.url, ["booking.created"], format="bookme")
    company.book(service, "2031-01-15T02:30:00Z", ada)
    appointment = deliver(stack, receiver).json["data"]["appointment"]
    assert (appointment["appointmentDate"], appointment["startTime"], appointment["endTime"]) == \
        ("2031-01-14", "21:30", "22:30")


def test_events_that_bookme_never_named_go_out_in_its_envelope(stack, receiver):
    company, _, _ = shop(stack)
    company.webhook(receiver.url, ["user.created"], format="bookme")
    user = company.user("Mia")
    body = deliver(stack, receiver).json
    assert body["event"] == "user.created" and body["data"]["id"] == user["id"]


def test_amounts_are_written_shortest(stack, receiver):
    _, _, _, delivery = booked(stack, receiver)
    assert b'"amount":75.5,' in delivery.body


def test_every_delivery_carries_the_common_headers(stack, receiver):
    for format in ("standard", "bookme"):
        _, _, _, delivery = booked_again(stack, receiver, format)
        assert delivery.headers["content-type"] == "application/json"
        assert delivery.headers["user-agent"].startswith("Slotwire/")
        assert delivery.id.startswith("evt_") and delivery.headers["webhook-timestamp"].isdigit()
        assert delivery.headers["webhook-signature"].startswith("v1,")


def booked_again(stack, receiver, format):
    receiver.deliveries.clear()
    return booked(stack, receiver, format)


def test_after_the_overlap_only_the_new_secret_signs(stack, receiver):
    company, hook, _, _ = booked(stack, receiver)
    old, new = hook["secret"], "whsec_" + "QUJD" * 8
    stack.sql.run("UPDATE webhook_endpoints SET previous_secret = secret, previous_until = UTC_TIMESTAMP(3), secret = %s"
                  " WHERE company_id = %s", new, company.bytes)
    company.post(f"/api/v1/webhooks/{hook['id']}/test", {"event": "booking.created"}, 202)
    delivery = deliver(stack, receiver, 2)
    assert verifies("standardwebhooks", delivery, new) and not verifies("standardwebhooks", delivery, old)


def test_while_a_secret_rotates_both_sign(stack, receiver):
    company, hook, _, _ = booked(stack, receiver)
    old, new = hook["secret"], "whsec_" + "QUJD" * 8
    stack.sql.run("UPDATE webhook_endpoints SET previous_secret = secret, previous_until = %s, secret = %s"
                  " WHERE company_id = %s", "2099-01-01", new, company.bytes)
    company.post(f"/api/v1/webhooks/{hook['id']}/test", {"event": "booking.created"}, 202)
    delivery = deliver(stack, receiver, 2)
    assert verifies("standardwebhooks", delivery, old) and verifies("standardwebhooks", delivery, new)
