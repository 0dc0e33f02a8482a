"""Each format as its receivers see it: caught on loopback, and judged by others' libraries and by the receivers that
its documentation prints."""

import hashlib
import json
import re

import pytest

from judge import deliver, verifies
from world import future, instant, rfc, shop

TRICKY = "Zoë 💈 \"Z\" O'Neil / S\\hne\u2028\u2029\u007f\t\n<&> 你好"
FORMATS = {"standard": [], "clientpass": [], "booking-api": [], "therapy": ["therapy"], "bookme": ["bookme"],
           "pushpress": ["pushpress"]}
FAMILY = ["standardwebhooks", "svix"]
SEEDS = {name: json.loads(text) for name, text in {
    "booking-api": """{"event": "booking.created", "data": {"id": "bk_123456", "service": "consultation",
        "duration": 60, "scheduled_at": "2024-01-20T10:00:00Z",
        "customer": {"email": "customer@example.com", "name": "John Doe"}}}""",
    "therapy": """{"id": "550e8400-e29b-41d4-a716-446655440000", "event": "booking.created",
        "timestamp": "2024-01-15T10:30:00.000Z", "data": {"bookingId": "507f", "isGuestBooking": false,
        "client": {"id": "507f", "name": "Jane Smith", "email": "jane@example.com"},
        "therapist": {"id": "507f", "name": "Dr. John Doe", "email": "john@therapyapp.com"},
        "scheduledAt": "2024-01-20T14:00:00Z", "durationMinutes": 50, "amount": 75.00, "currency": "USD",
        "paymentMethod": "bank_transfer"}, "signature": "abc123def456..."}""",
    "reminder": """{"id": "550e8400-e29b-41d4-a716-446655440002", "event": "booking.reminder",
        "timestamp": "2024-01-20T13:45:00.000Z", "data": {"bookingId": "507f", "reminderType": "15m",
        "reminderLabel": "15 minutes", "client": {"id": "507f", "name": "Jane Smith", "email": "jane@example.com"},
        "therapist": {"id": "507f", "name": "Dr. John Doe", "email": "john@therapyapp.com"},
        "scheduledAt": "2024-01-20T14:00:00Z", "durationMinutes": 50,
        "secureCallLink": "https://therapyapp.com/meeting/room123?token=abc123def456", "roomId": "room123",
        "timeUntilSession": "15 minutes"}, "signature": "abc123def456..."}""",
    "pushpress": """{"event": "appointment.scheduled", "created": 1672531200000, "data": {"id": "a", "companyId": "cli_a",
        "customerId": "usr_a", "staffId": "usr_b", "type": {"name": "PT"}, "startTimestamp": 1672531200,
        "isLateCancel": false}}""",
    "clientpass": """{"id": "evt_a", "event": "user.created", "timestamp": "2025-10-31T15:30:00.000Z",
        "payload": {"userId": "usr_a", "fullName": "Mia", "role": "member"}}""",
}.items()}


def booked(stack, receiver, format, amount=75, customer=None, **members):
    company, [ada], service = shop(stack, amount=amount)
    hook = company.webhook(receiver.url, ["booking.created"], format=format)
    who = {"customer": customer} if customer else {"customerId": company.user("Jane Smith", email="jane@example.com")["id"]}
    booking = company.book(service, future(), ada, **who, **members)
    return company, hook, booking, deliver(stack, receiver)


def same_shape(sent, example):
    """The same members in the same order, with values of the same kind."""
    if isinstance(example, dict):
        assert list(sent) == list(example)
        for name in example:
            same_shape(sent[name], example[name])
    elif isinstance(example, (bool, str)) or example is None:
        assert type(sent) is type(example), (sent, example)
        if isinstance(example, str) and re.fullmatch(r"[\dT:.-]+Z", example):
            assert len(sent) == len(example) and instant(sent)
    else:
        assert isinstance(sent, (int, float)) and not isinstance(sent, bool)


@pytest.mark.parametrize("amount", [75, 75.5])
@pytest.mark.parametrize("format", FORMATS)
def test_a_delivery_of_each_format_verifies(stack, receiver, format, amount):
    guest = {"name": TRICKY.replace("\n", " ").replace("\t", " ").replace("\u007f", ""), "email": "zoe@example.com"}
    _, hook, _, delivery = booked(stack, receiver, format, amount, guest, notes=TRICKY.replace("\u007f", ""))
    judges = FORMATS[format] + ["stringify"] + ([] if format == "pushpress" else FAMILY)
    secret = hashlib.sha256(hook["secret"].encode()).hexdigest() if format == "therapy" else hook["secret"]
    for by in judges:
        assert verifies(by, delivery, hook["secret"] if by == "therapy" else secret), by
    if format == "therapy":
        assert f'"amount":{amount},'.encode() in delivery.body
    delivery.body = delivery.body.replace(b"60", b"61").replace(b"booking.", b"boking.").replace(b"bk_", b"bx_")
    assert not any(verifies(by, delivery, hook["secret"] if by == "therapy" else secret) for by in judges if by != "stringify")


@pytest.mark.parametrize("format, secret", [("bookme", "bookme-secret"), ("pushpress", "ppsec_example")])
def test_an_integration_keeps_the_secret_that_it_has(stack, receiver, format, secret):
    company = shop(stack)[0]
    company.webhook(receiver.url, ["user.created"], format=format, secret=secret)
    company.user("Mia")
    assert verifies(format, deliver(stack, receiver), secret)


@pytest.mark.parametrize("format", FORMATS)
def test_stored_text_of_any_kind_is_sent_as_javascript_writes_it(stack, receiver, format):
    company, [ada], service = shop(stack)
    hook = company.webhook(receiver.url, ["booking.updated"], format=format)
    company.post(f"/api/v1/webhooks/{hook['id']}/test", {"event": "booking.updated"}, 202)
    payload = '{"note":' + json.dumps(TRICKY, ensure_ascii=False) + ',"amount":75,"half":75.5,"small":0.000001,"none":null}'
    assert stack.sql.run("UPDATE events SET payload = %s WHERE company_id = %s AND type = 'booking.updated'",
                         payload, company.bytes)
    delivery = deliver(stack, receiver)
    assert payload.encode() in delivery.body and verifies("stringify", delivery, "")
    for by in FORMATS[format]:
        assert verifies(by, delivery, hook["secret"])


@pytest.mark.parametrize("format", ["booking-api", "therapy", "pushpress"])
def test_a_booking_has_the_documented_members_in_their_order(stack, receiver, format):
    company, _, booking, delivery = booked(stack, receiver, format)
    body, example = delivery.json, SEEDS[format]
    if format == "therapy":
        example["data"]["paymentMethod"] = body["data"]["paymentMethod"]
        assert body["data"]["bookingId"] == booking["id"] and body["data"]["client"]["name"] == "Jane Smith"
    same_shape(body, example)
    assert body["event"] == example["event"]
    if format == "pushpress":
        assert body["data"]["companyId"] == company.id and body["data"]["customerId"] == booking["customer"]["id"]
        assert body["data"]["startTimestamp"] == instant(booking["startsAt"]).timestamp()
    if format == "booking-api":
        assert body["data"]["service"] == booking["service"]["slug"]


def test_therapy_reminders_are_as_documented(stack, receiver, clock):
    clock("2031-05-02T11:30:00Z")
    company, [ada], service = shop(stack, duration=50)
    company.webhook(receiver.url, ["booking.reminder"], format="therapy")
    mia = company.user("Mia", email="mia@example.com")
    company.book(service, "2031-05-02T12:00:00Z", ada, customerId=mia["id"])
    clock("2031-05-02T11:45:00Z")
    stack.dispatch(SLOTWIRE_ROOM_URL="https://meet.example.com", SLOTWIRE_ROOM_SECRET="hush")
    [delivery] = receiver.deliveries
    same_shape(delivery.json, SEEDS["reminder"])
    data = delivery.json["data"]
    assert data["reminderType"] == "15m" and data["durationMinutes"] == 50
    assert data["secureCallLink"].startswith(f"https://meet.example.com/{data['roomId']}?token=")


def test_clientpass_users_are_as_documented(stack, receiver):
    company, _, _ = shop(stack)
    company.webhook(receiver.url, ["user.created"], format="clientpass")
    user = company.user("Mia")
    delivery = deliver(stack, receiver)
    same_shape(delivery.json, SEEDS["clientpass"])
    assert delivery.json["payload"]["userId"] == user["id"] and delivery.json["id"] == delivery.id


PEOPLE = {"id": "507f", "name": "Jane Smith", "email": "jane@example.com"}
SESSION = {"id": "507f", "customer": {**PEOPLE, "phone": None}, "staff": PEOPLE, "startsAt": "2024-01-20T14:00:00.000Z",
           "duration": 50, "price": {"amount": 75, "currency": "USD", "type": "flat"},
           "payment": {"method": "bank_transfer", "provider": "bank_transfer", "reference": "BANK-REF-123456",
                       "verifiedAt": "2024-01-15T10:35:00.000Z"}, "secureCallLink": "https://m.example/r?token=t", "roomId": "r"}
REFERRAL = {"id": "ref_a", "status": "pending", "sender": {"id": "usr_a", "name": "Ana"},
            "receiver": {"id": "usr_b", "name": "Bo"}, "client": {"name": "Zoë", "phone": "+1-555-0199"},
            "serviceType": "haircut", "commissionPct": 20, "notes": None, "finalAmount": 75.5, "commission": 15.1, "fees": 2,
            "currency": "USD", "acceptedAt": "2025-10-31T15:40:00.000Z"}
CHAIR = {"id": "och_a", "host": {"id": "usr_a", "name": "Ana"}, "location": "12 Main St", "commissionPct": 30,
         "timeWindow": {"startsAt": "2025-11-01T10:00:00.000Z", "endsAt": "2025-11-01T18:00:00.000Z"}}
SNAPSHOTS = {
    ("therapy", "booking.payment_verified"): (SESSION, "data", {
        "bookingId": "507f", "client": PEOPLE, "therapist": PEOPLE, "scheduledAt": "2024-01-20T14:00:00Z",
        "durationMinutes": 50, "amount": 75, "currency": "USD", "paymentProvider": "bank_transfer",
        "paymentReference": "BANK-REF-123456", "secureCallLink": "https://m.example/r?token=t"}),
    ("therapy", "booking.created"): (SESSION | {"isGuest": False}, "data", {
        "bookingId": "507f", "isGuestBooking": False, "client": PEOPLE, "therapist": PEOPLE,
        "scheduledAt": "2024-01-20T14:00:00Z", "durationMinutes": 50, "amount": 75, "currency": "USD",
        "paymentMethod": "bank_transfer"}),
    ("clientpass", "referral.created"): (REFERRAL, "payload", {
        "referralId": "ref_a", "senderId": "usr_a", "clientInfo": {"name": "Zoë", "phone": "+1-555-0199"},
        "serviceType": "haircut", "status": "pending"}),
    ("clientpass", "referral.accepted"): (REFERRAL, "payload", {
        "referralId": "ref_a", "receiverId": "usr_b", "acceptedAt": "2025-10-31T15:40:00.000Z"}),
    ("clientpass", "referral.completed"): (REFERRAL, "payload", {
        "referralId": "ref_a", "finalAmount": 75.5, "commission": 15.1, "fees": 2}),
    ("clientpass", "open_chair.posted"): (CHAIR, "payload", {
        "openChairId": "och_a", "hostId": "usr_a", "location": "12 Main St", "timeWindow": CHAIR["timeWindow"],
        "commissionPct": 30}),
}


@pytest.mark.parametrize("format, event", SNAPSHOTS, ids=[" ".join(key) for key in SNAPSHOTS])
def test_a_stored_snapshot_is_sent_as_documented(stack, receiver, format, event):
    snapshot, member, wanted = SNAPSHOTS[format, event]
    company, _, _ = shop(stack)
    hook = company.webhook(receiver.url, ["user.updated"], format=format)
    company.post(f"/api/v1/webhooks/{hook['id']}/test", {"event": "user.updated"}, 202)
    payload = json.dumps(snapshot, ensure_ascii=False, separators=(",", ":"))
    stack.sql.run("UPDATE events SET type = %s, payload = %s WHERE company_id = %s AND type = 'user.updated'",
                  event, payload, company.bytes)
    delivery = deliver(stack, receiver)
    sent = delivery.json
    assert json.dumps(sent[member]) == json.dumps(wanted) and sent["event"] == event
    assert list(sent) == (["id", "event", "timestamp", "data", "signature"] if format == "therapy"
                          else ["id", "event", "timestamp", "payload"])
    for by in FORMATS[format]:
        assert verifies(by, delivery, hook["secret"])
    assert verifies("stringify", delivery, "")


def test_booking_api_says_why_and_from_when(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.rescheduled", "booking.cancelled"], format="booking-api")
    booking = company.book(service, future(hour=10), ada)
    company.move(booking, "reschedule", {"startsAt": rfc(future(hour=12))})
    company.move(booking, "cancel", {"reason": "Customer request", "cancelledBy": "customer"})
    stack.dispatch()
    [moved], [gone] = receiver.of("booking.rescheduled"), receiver.of("booking.cancelled")
    base = list(SEEDS["booking-api"]["data"])
    assert list(moved.json["data"]) == base + ["previous_scheduled_at"]
    assert moved.json["data"]["previous_scheduled_at"] == rfc(future(hour=10)).replace(".000", "")
    assert list(gone.json["data"]) == base + ["reason"] and gone.json["data"]["reason"] == "Customer request"


def test_a_guest_of_pushpress_is_the_booking_s_own_id(stack, receiver):
    _, _, booking, delivery = booked(stack, receiver, "pushpress", customer={"name": "Guest", "email": "g@example.com"})
    assert delivery.json["data"]["customerId"] == booking["id"]


def test_pushpress_has_a_name_of_its_own_for_moves(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.rescheduled", "booking.cancelled"], format="pushpress")
    booking = company.book(service, future(hour=10), ada)
    company.move(booking, "reschedule", {"startsAt": rfc(future(hour=12))})
    company.move(booking, "cancel", {"reason": "ill"})
    stack.dispatch()
    assert {d.json["event"] for d in receiver.deliveries} == {"appointment.rescheduled", "appointment.canceled"}


def test_the_raw_key_of_therapy_is_not_stored(stack, receiver):
    company, hook, _, delivery = booked(stack, receiver, "therapy")
    assert hook["secret"].startswith("sk_live_")
    row = stack.sql.one("SELECT secret FROM webhook_endpoints WHERE company_id = %s", company.bytes)
    assert row["secret"] == hashlib.sha256(hook["secret"].encode()).hexdigest()
    assert hook["secret"] not in stack.log("dispatcher")
    changed = "sk_live_" + "x" * 38
    company.patch(f"/api/v1/webhooks/{hook['id']}", {"secret": changed})
    company.post(f"/api/v1/webhooks/{hook['id']}/test", {"event": "booking.created"}, 202)
    delivery = deliver(stack, receiver, 2)
    assert verifies("therapy", delivery, changed) and not verifies("therapy", delivery, hook["secret"])


@pytest.mark.parametrize("format", ["standard", "clientpass", "booking-api", "bookme"])
def test_both_secrets_sign_while_one_takes_over(stack, receiver, format):
    company, hook, _, _ = booked(stack, receiver, format)
    new = "whsec_" + "QUJD" * 8
    stack.sql.run("UPDATE webhook_endpoints SET signatures = 'svix github' WHERE company_id = %s", company.bytes)
    company.patch(f"/api/v1/webhooks/{hook['id']}", {"secret": new})
    company.post(f"/api/v1/webhooks/{hook['id']}/test", {"event": "booking.created"}, 202)
    delivery = deliver(stack, receiver, 2)
    for secret in (hook["secret"], new):
        assert all(verifies(by, delivery, secret) for by in FAMILY + ["svix-headers"])
    for by in FORMATS[format] + ["github"]:  # these headers hold one
        assert verifies(by, delivery, new) and not verifies(by, delivery, hook["secret"])


@pytest.mark.parametrize("format", FORMATS)
def test_an_endpoint_may_ask_for_more_families_and_headers(stack, receiver, format):
    company, [ada], service = shop(stack)
    hook = company.webhook(receiver.url, ["booking.created"], format=format)
    headers = {"X-Tenant": "7", "Authorization": "Bearer a b/c", "Host": "evil.example", "webhook-id": "evt_other",
               "Content-Length": "1", "X-Split": "a\r\nX-Injected: b", "X-Number": 5}
    stack.sql.run("UPDATE webhook_endpoints SET signatures = 'svix github', custom_headers = %s WHERE company_id = %s",
                  json.dumps(headers), company.bytes)
    company.book(service, future(), ada)
    delivery = deliver(stack, receiver)
    secret = hashlib.sha256(hook["secret"].encode()).hexdigest() if format == "therapy" else hook["secret"]
    assert verifies("svix-headers", delivery, secret) and verifies("github", delivery, secret)
    assert delivery.headers["svix-id"] == delivery.id and delivery.id.startswith("evt_") and delivery.id != "evt_other"
    assert delivery.headers["x-tenant"] == "7" and delivery.headers["authorization"] == "Bearer a b/c"
    assert delivery.headers["host"].startswith("127.0.0.1")
    assert not {"x-split", "x-injected", "x-number"} & set(delivery.headers)


def test_fewer_attempts_where_the_endpoint_asks_for_them(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.created"])
    stack.sql.run("UPDATE webhook_endpoints SET retry_limit = 1 WHERE company_id = %s", company.bytes)
    receiver.default = (500, {}, b"")
    company.book(service, future(), ada)
    deliver(stack, receiver)
    row = stack.sql.one("SELECT state, attempts FROM deliveries WHERE company_id = %s", company.bytes)
    assert (row["state"], row["attempts"]) == ("failed", 1)


def test_the_id_and_data_of_therapy_stay_the_same_over_retries(stack, receiver):
    company, [ada], service = shop(stack)
    hook = company.webhook(receiver.url, ["booking.created"], format="therapy")
    receiver.script[0] = (500, {}, b"")
    company.book(service, future(), ada)
    first = deliver(stack, receiver)
    stack.sql.run("UPDATE deliveries SET due_at = created_at + INTERVAL 1000 MICROSECOND WHERE company_id = %s", company.bytes)
    second = deliver(stack, receiver, 2)
    assert first.json["id"] == second.json["id"] and first.json["data"] == second.json["data"]
    assert first.json["timestamp"] < second.json["timestamp"]
    assert verifies("therapy", first, hook["secret"]) and verifies("therapy", second, hook["secret"])
