"""The catalogue of events, and the feed of all that happened."""

import contextlib
import json
import threading

import pytest
from jsonschema import Draft202012Validator

from openapi_check import formats
from stack import id_bytes, id_text, wait_until
from world import future, instant, shop


@pytest.fixture(scope="module")
def catalogue(stack):
    from world import Company
    return {row["type"]: row for row in Company(stack).get("/api/v1/event-types").json()["data"]}


def faults(schema, data):
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=formats)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)]


def shape(data):
    """The members and their order, the nested ones too."""
    if isinstance(data, dict):
        return [(name, shape(value)) for name, value in data.items()]
    return None


def same_shape(one, other):
    """Null where the other has an object is the same shape."""
    if one is None or other is None:
        return True
    return [name for name, _ in one] == [name for name, _ in other] and \
        all(same_shape(a, b) for (_, a), (_, b) in zip(one, other))


def test_every_type_has_a_schema_that_its_example_fits(catalogue):
    assert {"booking.created", "booking.payment_verified", "referral.created", "open_chair.posted", "customer.created",
            "checkin.created", "app.installed", "webhook.disabled", "delivery.lagging"} <= set(catalogue)
    for name, row in catalogue.items():
        assert faults(row["schema"], row["example"]) == [], name
        assert row["schema"]["title"] == name and "standard" in row["formats"] and row["description"]
        assert "null" not in row["formats"]


def test_the_formats_of_a_type_are_those_that_name_it(catalogue):
    assert "bookme" in catalogue["booking.created"]["formats"]
    assert "bookme" not in catalogue["booking.reminder"]["formats"]


def test_one_type_is_read_by_its_name(company, catalogue):
    assert company.get("/api/v1/event-types/customer.status.changed").json() == catalogue["customer.status.changed"]


@pytest.mark.parametrize("name", ["nothing.happened", "*", "booking", "booking.created%20"])
def test_an_unknown_type_is_not_found(company, name):
    assert company.get(f"/api/v1/event-types/{name}", 404).json()["error"]["code"] == "NOT_FOUND"


def everything(stack):
    """A company in which each kind of event of today has happened."""
    company, [ada], service = shop(stack)
    mia = company.user("Mia Anna Berg", "lead", email="mia@example.com")
    company.patch(f"/api/v1/users/{mia['id']}", {"name": "Maya Berg", "role": "member"})
    booking = company.book(service, future(), ada, customerId=mia["id"], paymentMethod="bank_transfer")
    company.move(booking, "verify-payment", {"reference": "R 1"})
    company.move(booking, "confirm")
    company.patch(f"/api/v1/bookings/{booking['id']}", {"notes": "x"})
    company.move(booking, "reschedule", {"startsAt": future(11).isoformat()})
    company.move(booking, "cancel", {"reason": "ill"})
    company.patch("/api/v1/company", {"name": "Renamed"})
    company.patch(f"/api/v1/services/{service['id']}", {"name": "Renamed"})
    company.delete(f"/api/v1/services/{service['id']}")
    company.delete(f"/api/v1/users/{mia['id']}")
    return company


def test_what_really_happens_fits_its_schema_and_looks_like_its_example(stack, catalogue):
    company, seen = everything(stack), set()
    for event in company.events():
        row, data = catalogue[event["type"]], json.loads(event["payload"])
        assert faults(row["schema"], data) == [], (event["type"], data)
        assert same_shape(shape(data), shape(row["example"])), (event["type"], data)
        seen.add(event["type"])
    assert {"business.created", "business.updated", "service.created", "service.updated", "service.deleted",
            "user.created", "user.updated", "user.deleted", "customer.created", "customer.details.changed",
            "customer.status.changed", "customer.deleted", "booking.created", "booking.payment_verified",
            "booking.confirmed", "booking.updated", "booking.rescheduled", "booking.cancelled"} <= seen


# ---- customers ----

def told(company, prefix="customer."):
    return [(event["type"], json.loads(event["payload"])) for event in company.events()
            if event["type"].startswith(prefix)]


def test_a_customer_is_told_of_as_the_published_api_has_it(company):
    mia = company.user("Mia Anna Berg", "lead", email="mia@example.com", phone="+1 555 0100")
    [(name, data)] = told(company)
    assert name == "customer.created"
    assert data == {
        "id": mia["id"], "companyId": company.id, "name": {"first": "Mia Anna", "last": "Berg", "nickname": None},
        "gender": None, "dob": None,
        "address": {"line1": "", "line2": "", "city": "", "state": "", "zip": "", "country": ""},
        "account": {"type": "primary"}, "assignedToStaffId": None, "profileImage": None, "membershipDetails": None,
        "email": "mia@example.com", "phone": "+1 555 0100", "role": "lead"}


def test_a_customer_of_one_name_and_without_mailbox(company):
    company.user("Cher", "member")
    [(_, data)] = told(company)
    assert data["name"] == {"first": "Cher", "last": "", "nickname": None}
    assert data["email"] == "" and data["phone"] is None


@pytest.mark.parametrize("name, first, last", [
    ("Mia Berg ", "Mia", "Berg"), ("  Mia  de la  Cruz", "Mia  de la", "Cruz"), (" Cher  ", "Cher", "")])
def test_blanks_around_the_words_of_a_name_are_no_part_of_it(company, name, first, last):
    company.user(name, "lead")
    [(_, data)] = told(company)
    assert data["name"] == {"first": first, "last": last, "nickname": None}


def test_staff_are_no_customers(company):
    ada = company.user("Ada", "coach")
    company.patch(f"/api/v1/users/{ada['id']}", {"name": "Eda", "role": "admin"})
    company.delete(f"/api/v1/users/{ada['id']}")
    assert told(company) == []


@pytest.mark.parametrize("before,change,types", [
    ("lead", {"role": "member"}, ["customer.status.changed"]),
    ("lead", {"role": "member", "phone": "+1 555 0199"}, ["customer.details.changed", "customer.status.changed"]),
    ("member", {"email": "new@example.com"}, ["customer.details.changed"]),
    ("member", {"notes": "for our eyes"}, []),
    ("member", {"role": "coach", "name": "New"}, ["customer.status.changed"]),
    ("coach", {"role": "ex-member"}, ["customer.status.changed"]),
])
def test_what_changes_of_a_customer_is_told_by_its_kind(company, before, change, types):
    user = company.user("Mia", before)
    company.patch(f"/api/v1/users/{user['id']}", change)
    happened = [(name, data) for name, data in told(company) if name != "customer.created"]
    assert [name for name, _ in happened] == types
    assert all(data["role"] == change.get("role", before) for _, data in happened)


def test_a_removed_customer_is_told_of_by_id(company):
    user = company.user("Mia", "ex-member")
    company.delete(f"/api/v1/users/{user['id']}")
    assert told(company)[-1] == ("customer.deleted", {"id": user["id"], "companyId": company.id})


# ---- the feed ----

def feed(company, **query):
    return company.get("/api/v1/events", params=query).json()


def whole(company, count, **query):
    """The feed once it shows so many: it holds back what is younger than two seconds."""
    return wait_until(lambda: (page := feed(company, limit=100, **query)) and len(page["data"]) >= count and page,
                      what=f"{count} events")


def test_the_feed_tells_all_in_order_page_by_page(stack):
    company = everything(stack)
    stored = company.events()
    page = whole(company, len(stored))
    assert [(event["id"], event["type"]) for event in page["data"]] == \
        [(id_text("evt", row["id"]), row["type"]) for row in stored]
    assert [event["data"] for event in page["data"]] == [json.loads(row["payload"]) for row in stored]
    assert all(instant(event["createdAt"]) for event in page["data"])
    read, cursor = [], {}
    while len(read) < len(stored):
        part = feed(company, limit=3, **cursor)
        assert 0 < len(part["data"]) <= 3
        read += part["data"]
        cursor = {"cursor": part["next"]}
    assert read == page["data"]


def test_next_leads_on_even_where_nothing_is_left(company):
    page = whole(company, 1)
    end = page["next"]
    assert feed(company, cursor=end) == {"data": [], "next": end}
    assert feed(company, after=end) == {"data": [], "next": end}
    company.user("Ada", "coach")
    fresh = whole(company, 1, cursor=end)
    assert [event["type"] for event in fresh["data"]] == ["user.created"] and fresh["next"] == fresh["data"][-1]["id"]


def test_an_empty_feed_has_no_next(company):
    assert feed(company, type="booking.created") == {"data": [], "next": None}


def test_the_feed_of_one_type(company):
    for role in ("lead", "coach", "member"):
        company.user("Mia", role)
    page = whole(company, 2, type="customer.created")
    assert [event["data"]["role"] for event in page["data"]] == ["lead", "member"]
    assert [event["data"]["role"] for event in feed(company, type="customer.created", after=page["data"][0]["id"])["data"]] == \
        ["member"]


def test_what_is_younger_than_two_seconds_is_held_back(stack, company):
    end = whole(company, 1)["next"]
    company.user("Ada", "coach")
    page = whole(company, 1, cursor=end)
    born = int.from_bytes(id_bytes(page["data"][0]["id"])[:6], "big")
    assert stack.sql.number("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000 AS INTEGER)") - born >= 2000


def test_an_event_that_is_not_committed_yet_is_waited_for(stack, company):
    seen = whole(company, 1)
    last = id_bytes(seen["next"])
    open_id = (int.from_bytes(last[:6], "big") + 1).to_bytes(6, "big") + bytes(10)
    later = (int.from_bytes(last[:6], "big") + 2).to_bytes(6, "big") + bytes(10)
    insert = "INSERT INTO events (id, company_id, type, payload, created_at) VALUES (%s, %s, 'user.created', '{}', '2026-01-01')"
    answers = []
    with contextlib.closing(stack.sql.connect(autocommit=False)) as connection, connection.cursor() as cursor:
        cursor.execute(insert, (open_id, company.bytes))
        stack.sql.run(insert, later, company.bytes)  # committed before it
        reader = threading.Thread(target=lambda: answers.append(feed(company, cursor=seen["next"])))
        reader.start()
        waiting = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT e.id%%FROM events%%'"
        wait_until(lambda: stack.sql.one(waiting), what="the reader to wait")
        assert answers == []
        connection.commit()
        reader.join(30)
    assert [event["id"] for event in answers[0]["data"]] == [id_text("evt", open_id), id_text("evt", later)]


def test_test_sends_did_not_happen(stack, company, receiver):
    hook = company.webhook(receiver.url)
    company.post(f"/api/v1/webhooks/{hook['id']}/test", {"event": "service.deleted"}, 202)
    company.user("Ada", "coach")
    page = whole(company, 2)
    assert "service.deleted" not in [event["type"] for event in page["data"]]
    assert "user.created" in [event["type"] for event in page["data"]]


def test_the_feed_is_of_one_company(stack, company):
    from world import Company
    other = Company(stack)
    end = whole(company, 1)["next"]
    assert {event["id"] for event in whole(other, 1)["data"]}.isdisjoint({end})


@pytest.mark.parametrize("query,field", [
    ({"cursor": "nonsense"}, "cursor"), ({"cursor": "bk_01jbh3k9v8e7ra5q0xw2m4t6zg"}, "cursor"),
    ({"after": "nonsense"}, "after"), ({"type": "nothing.happened"}, "type"), ({"type": "*"}, "type"),
    ({"after": "evt_01jbh3k9v8e7ra5q0xw2m4t6zg", "cursor": "evt_01jbh3k9v8e7ra5q0xw2m4t6zg"}, "cursor"),
])
def test_bad_questions_to_the_feed_are_named(company, query, field):
    from world import fault_fields
    assert fault_fields(company.get("/api/v1/events", 422, params=query).json()) == [field]


def test_the_feed_needs_its_scope(company):
    company.with_scopes("bookings:read").get("/api/v1/events", 403)
    company.with_scopes("bookings:read").get("/api/v1/event-types", 403)


def test_deliveries_that_are_being_settled_hold_no_reader_up(stack, company, receiver):
    company.webhook(receiver.url)
    company.user("Ada", "coach")
    wanted = [event["id"] for event in whole(company, 2)["data"]]
    with stack.sql.locked("SELECT id FROM deliveries WHERE company_id = %s FOR UPDATE", company.bytes):
        assert [event["id"] for event in feed(company)["data"]] == wanted


FORMATS = ["standard", "clientpass", "booking-api", "therapy", "bookme", "pushpress"]


def test_every_type_can_be_sent_in_every_format(stack, company, receiver, catalogue):
    hooks = [company.webhook(receiver.url, format=name) for name in FORMATS]
    for hook in hooks:
        for name in catalogue:
            company.post(f"/api/v1/webhooks/{hook['id']}/test", {"event": name}, 202)
    stack.dispatch()
    assert len(receiver.deliveries) == len(FORMATS) * len(catalogue)
    for delivery in receiver.deliveries:
        assert delivery.json.get("data") or delivery.json.get("payload"), delivery.body
