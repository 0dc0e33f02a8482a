"""What a reminder says, and the room link in it."""

import datetime

import pytest

from world import instant, rfc, shop

START = "2031-05-02T12:00:00.000Z"
KINDS = [("24h", "24 hours", 1440), ("1h", "1 hour", 60), ("15m", "15 minutes", 15)]


@pytest.mark.parametrize("kind, label, before", KINDS, ids=[kind for kind, _, _ in KINDS])
def test_a_reminder_names_everyone_and_its_time(stack, clock, receiver, kind, label, before):
    due = instant(START) - datetime.timedelta(minutes=before)
    clock(rfc(due - datetime.timedelta(minutes=10)))
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.reminder"])
    guest = {"name": "Zoë", "email": "zoe@example.com"}
    booking = company.book(service, START, ada, customer=guest, timeZone="Europe/Berlin")
    clock(rfc(due))
    stack.dispatch(SLOTWIRE_ROOM_URL="https://meet.example.com", SLOTWIRE_ROOM_SECRET="hush")
    [delivery] = receiver.deliveries
    data = delivery.json["data"]
    assert (data["reminderType"], data["reminderLabel"], data["timeUntilSession"]) == (kind, label, label)
    assert data["bookingId"] == booking["id"] and data["confirmationNumber"] == booking["confirmationNumber"]
    assert data["client"] == {"id": None, **guest} and data["staff"]["id"] == ada["id"]
    assert data["service"] == {"id": service["id"], "name": service["name"]}
    assert (data["startsAt"], data["timeZone"]) == (START, "Europe/Berlin") and data["company"]["id"] == company.id
    assert data["roomId"].startswith("room_")
    assert data["secureCallLink"].startswith(f"https://meet.example.com/{data['roomId']}?token=")


def test_without_a_room_server_the_link_is_null(stack, clock, receiver):
    clock("2031-05-02T11:30:00Z")
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.reminder"])
    company.book(service, START, ada)
    clock("2031-05-02T11:45:00Z")
    stack.dispatch(SLOTWIRE_ROOM_URL="", SLOTWIRE_ROOM_SECRET="")
    assert receiver.deliveries[0].json["data"]["secureCallLink"] is None
