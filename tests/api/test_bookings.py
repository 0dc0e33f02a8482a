"""Bookings: made, read, listed, moved through their life."""

import json
import re

import pytest

from stack import id_bytes
from world import Company, every_day, fault_fields, future, instant, minutes, rfc, shop


def rows_of(stack, booking):
    key = id_bytes(booking["id"])
    return {table: stack.sql.all(f"SELECT * FROM {table} WHERE booking_id = %s", key) for table in ("claims", "reminders")}


# ---- making ----

def test_a_guest_books_a_named_person(stack):
    company, [ada], service = shop(stack)
    start = future()
    guest = {"name": "John Doe", "email": "john@example.com", "phone": "+1-555-0199"}
    made = company.book(service, start, ada, customer=guest, notes="First time", timeZone="Europe/Paris")
    assert made["id"].startswith("bk_") and made["status"] == "pending" and made["isGuest"] is True
    assert made["customer"] == {"id": None, **guest}
    assert made["staff"] == {"id": ada["id"], "name": ada["name"], "email": ada["email"]}
    assert made["service"] == {"id": service["id"], "name": service["name"], "slug": service["slug"]}
    assert made["startsAt"] == rfc(start) and made["endsAt"] == rfc(start + minutes(60)) and made["duration"] == 60
    assert made["price"] == service["price"] and made["notes"] == "First time" and made["timeZone"] == "Europe/Paris"
    assert company.get(f"/api/v1/bookings/{made['id']}").json() == made


def test_the_confirmation_number_has_no_look_alikes(stack):
    company, [ada], service = shop(stack)
    numbers = [company.book(service, future(hour=hour), ada)["confirmationNumber"] for hour in range(10)]
    assert len(set(numbers)) == 10
    assert all(re.fullmatch(r"BK[2-9A-HJ-NP-Z]{6}", number) for number in numbers), numbers


def test_a_known_customer_books(stack):
    company, [ada], service = shop(stack)
    mia = company.user("Mia", email="mia@example.com")
    made = company.book(service, future(), ada, customerId=mia["id"])
    assert made["isGuest"] is False
    assert made["customer"] == {"id": mia["id"], "name": "Mia", "email": "mia@example.com", "phone": None}


def test_a_booking_writes_claim_reminders_and_event(stack):
    company, [ada], service = shop(stack)
    made = company.book(service, future(), ada)
    rows = rows_of(stack, made)
    assert [row["kind"] for row in rows["claims"]] == ["booking"]
    assert rows["claims"][0]["resource_id"] == id_bytes(ada["id"])
    assert sorted(row["kind"] for row in rows["reminders"]) == ["15m", "1h", "24h"]
    [event] = company.events("booking.created")
    data = json.loads(event["payload"])
    assert {name: data[name] for name in made} == made
    assert data["company"] == {"id": company.id, "name": company.made["name"], "slug": company.made["slug"],
                               "timeZone": "UTC"}


def test_the_claim_is_as_wide_as_the_buffers(stack):
    company, [ada], service = shop(stack, bufferBefore=10, bufferAfter=20)
    start = future()
    [claim] = rows_of(stack, company.book(service, start, ada))["claims"]
    assert claim["starts_at"] == (start - minutes(10)).replace(tzinfo=None)
    assert claim["ends_at"] == (start + minutes(80)).replace(tzinfo=None)


@pytest.mark.parametrize("staff", [None, "any"])
def test_anyone_free_takes_the_booking_until_nobody_is(stack, staff):
    company, team, service = shop(stack, 3)
    took = {company.book(service, future(), staff)["staff"]["id"] for _ in team}
    assert took == {person["id"] for person in team}
    answer = company.book(service, future(), staff, expect=409)
    assert answer["error"]["code"] == "BOOKING_CONFLICT"


def test_a_start_off_the_grid_is_taken(stack):
    company, [ada], service = shop(stack)
    assert company.book(service, future(minute=17), ada)["startsAt"] == rfc(future(minute=17))


def test_any_offset_names_the_same_time(stack):
    company, [ada], service = shop(stack)
    start = future()
    text = (start + minutes(330)).strftime("%Y-%m-%dT%H:%M:%S+05:30")
    assert company.book(service, text, ada)["startsAt"] == rfc(start)


@pytest.mark.parametrize("text", ["10:00:01Z", "10:00:30Z", "10:00:00.001Z", "10:00:00.5Z"])
def test_a_start_between_two_minutes_is_refused_by_name(stack, text):
    company, [ada], service = shop(stack)
    start = future().strftime("%Y-%m-%dT") + text
    assert fault_fields(company.book(service, start, ada, expect=422)) == ["startsAt"]
    booking = company.book(service, future(), ada)
    start = future(days=11).strftime("%Y-%m-%dT") + text
    assert fault_fields(company.move(booking, "reschedule", {"startsAt": start}, 422)) == ["startsAt"]


# ---- conflicts ----

def test_a_taken_time_answers_with_the_next_free_one(stack):
    company, [ada], service = shop(stack)
    start = future()
    company.book(service, start, ada), company.book(service, start + minutes(60), ada)
    answer = company.book(service, start, ada, expect=409)["error"]
    assert answer["code"] == "BOOKING_CONFLICT"
    assert instant(answer["details"]["requested_time"]) == start
    assert instant(answer["details"]["next_available"]) == start + minutes(120)
    assert company.book(service, answer["details"]["next_available"], ada)["status"] == "pending"


@pytest.mark.parametrize("shift", [-59, -30, -1, 1, 30, 59])
def test_any_overlap_is_a_conflict(stack, shift):
    company, [ada], service = shop(stack)
    start = future(hour=12)
    company.book(service, start, ada)
    company.book(service, start + minutes(shift), ada, expect=409)


@pytest.mark.parametrize("shift", [-60, 60])
def test_touching_times_are_no_conflict(stack, shift):
    company, [ada], service = shop(stack)
    company.book(service, future(hour=12), ada)
    company.book(service, future(hour=12) + minutes(shift), ada)


@pytest.mark.parametrize("shift, status", [(-85, 409), (85, 409), (-90, 201), (90, 201)])
def test_buffers_are_part_of_what_is_taken(stack, shift, status):
    company, [ada], service = shop(stack, bufferBefore=10, bufferAfter=20)
    company.book(service, future(hour=12), ada)
    company.book(service, future(hour=12) + minutes(shift), ada, expect=status)


def test_outside_the_hours_is_a_conflict_that_names_the_opening(stack):
    company = Company(stack)
    ada = company.staff("Ada", every_day(("09:00", "17:00")))
    answer = company.book(company.service([ada]), future(hour=18), ada, expect=409)["error"]
    assert answer["code"] == "BOOKING_CONFLICT"
    assert instant(answer["details"]["next_available"]) == future(days=11, hour=9)


def test_a_booking_may_not_reach_past_closing_time(stack):
    company = Company(stack)
    ada = company.staff("Ada", every_day(("09:00", "17:00")))
    service = company.service([ada])
    company.book(service, future(hour=16, minute=1), ada, expect=409)
    company.book(service, future(hour=16), ada)


def test_when_nothing_is_free_in_reach_next_available_is_null(stack):
    company = Company(stack)
    ada = company.staff("Ada", {"monday": []})
    answer = company.book(company.service([ada]), future(), ada, expect=409)["error"]
    assert answer["details"]["next_available"] is None


@pytest.mark.parametrize("days", [1, 5, 30, 60])
def test_the_next_free_time_is_found_however_far_it_is(stack, days):
    company, far = Company(stack), future(days=10 + days, hour=9)
    ada = company.staff("Ada", {"monday": []}, overrides=[{"date": far.date().isoformat(),
                                                           "hours": [{"start": "09:00", "end": "10:00"}]}])
    answer = company.book(company.service([ada]), future(), ada, expect=409)["error"]
    assert instant(answer["details"]["next_available"]) == far


def test_anyone_s_next_free_time_is_told(stack):
    company, team, service = shop(stack, 2)
    for person in team:
        company.book(service, future(), person)
    company.book(service, future() + minutes(60), team[0])
    answer = company.book(service, future(), "any", expect=409)["error"]
    assert instant(answer["details"]["next_available"]) == future() + minutes(60)


def test_a_refused_booking_leaves_nothing(stack):
    company, [ada], service = shop(stack)
    company.book(service, future(), ada)
    before = stack.sql.counts()
    company.book(service, future(), ada, expect=409)
    assert stack.sql.counts() == before


# ---- refusals ----

def test_a_past_start_is_refused_by_name(stack):
    company, [ada], service = shop(stack)
    assert fault_fields(company.book(service, "2020-01-01T10:00:00Z", ada, expect=422)) == ["startsAt"]


def test_an_unknown_service_is_told(stack):
    company, [ada], service = shop(stack)
    ghost = {"id": "srv_" + "0" * 25 + "1"}
    assert company.book(ghost, future(), ada, expect=404)["error"]["code"] == "INVALID_SERVICE"


def test_an_inactive_service_cannot_be_booked(stack):
    company, [ada], service = shop(stack)
    company.patch(f"/api/v1/services/{service['id']}", {"active": False})
    assert company.book(service, future(), ada, expect=404)["error"]["code"] == "INVALID_SERVICE"


def test_staff_who_do_not_take_the_service_are_refused_by_name(stack):
    company, _, service = shop(stack)
    bob = company.staff("Bob")
    assert fault_fields(company.book(service, future(), bob, expect=422)) == ["staffId"]


def test_an_unknown_customer_is_refused_by_name(stack):
    company, [ada], service = shop(stack)
    answer = company.book(service, future(), ada, expect=422, customerId="usr_" + "0" * 25 + "1")
    assert fault_fields(answer) == ["customerId"]


def test_customer_and_customer_id_exclude_each_other(stack):
    company, [ada], service = shop(stack)
    mia = company.user("Mia")
    company.book(service, future(), ada, expect=422, customerId=mia["id"], customer={"name": "M", "email": "m@example.com"})


def test_somebody_must_be_the_customer(stack):
    company, [ada], service = shop(stack)
    body = company.order(service, future(), ada)
    del body["customer"]
    company.post("/api/v1/bookings", body, 422)


# ---- reading ----

def listed(company, **query):
    return [booking["id"] for booking in company.get("/api/v1/bookings", params=query).json()["data"]]


def test_the_list_is_in_order_of_start(stack):
    company, [ada], service = shop(stack)
    made = [company.book(service, future(hour=hour), ada)["id"] for hour in (12, 8, 10)]
    assert listed(company) == [made[1], made[2], made[0]]


def test_the_list_filters(stack):
    company, [ada, bob], service = shop(stack, 2)
    other = company.service([ada, bob])
    mia = company.user("Mia")
    first = company.book(service, future(hour=8), ada)
    second = company.book(other, future(hour=9), bob, customerId=mia["id"])
    company.move(second, "confirm")
    assert listed(company, status="pending") == [first["id"]]
    assert listed(company, status="confirmed") == [second["id"]]
    assert listed(company, staffId=bob["id"]) == [second["id"]]
    assert listed(company, serviceId=service["id"]) == [first["id"]]
    assert listed(company, customerId=mia["id"]) == [second["id"]]
    assert listed(company, **{"from": rfc(future(hour=9))}) == [second["id"]]
    assert listed(company, to=rfc(future(hour=9))) == [first["id"]]
    assert listed(company, staffId=ada["id"], status="confirmed") == []


# ---- changing ----

def test_notes_can_be_changed_and_the_event_carries_them(stack):
    company, [ada], service = shop(stack)
    made = company.book(service, future(), ada)
    changed = company.patch(f"/api/v1/bookings/{made['id']}", {"notes": "Window seat\n💈"}).json()
    assert changed["notes"] == "Window seat\n💈"
    [event] = company.events("booking.updated")
    assert json.loads(event["payload"])["notes"] == "Window seat\n💈"


def test_confirming_stamps_the_time(stack):
    company, [ada], service = shop(stack)
    done = company.move(company.book(service, future(), ada), "confirm")
    assert done["status"] == "confirmed" and done["confirmedAt"]
    assert len(company.events("booking.confirmed")) == 1


def test_cancelling_frees_the_time_and_voids_the_reminders(stack):
    company, [ada], service = shop(stack)
    made = company.book(service, future(), ada)
    done = company.move(made, "cancel", {"reason": "Customer request", "cancelledBy": "customer"})
    assert (done["status"], done["cancellationReason"], done["cancelledBy"]) == \
        ("cancelled", "Customer request", "customer")
    rows = rows_of(stack, made)
    assert list(rows["claims"]) == [] and {row["state"] for row in rows["reminders"]} == {"void"}
    [event] = company.events("booking.cancelled")
    assert json.loads(event["payload"])["cancellationReason"] == "Customer request"
    company.book(service, future(), ada)


def test_cancelling_without_a_word_is_the_business_s_doing(stack):
    company, [ada], service = shop(stack)
    done = company.move(company.book(service, future(), ada), "cancel")
    assert done["cancelledBy"] == "business" and done["cancellationReason"] is None


def test_rescheduling_moves_claim_and_reminders(stack):
    company, [ada], service = shop(stack)
    made = company.book(service, future(), ada)
    new = future(days=12, hour=15)
    done = company.move(made, "reschedule", {"startsAt": rfc(new)})
    assert done["startsAt"] == rfc(new) and done["endsAt"] == rfc(new + minutes(60)) and done["status"] == "pending"
    rows = rows_of(stack, made)
    assert [claim["starts_at"] for claim in rows["claims"]] == [new.replace(tzinfo=None)]
    due = {row["starts_at"] for row in rows["reminders"] if row["state"] == "due"}
    assert due == {new.replace(tzinfo=None)}
    [event] = company.events("booking.rescheduled")
    assert json.loads(event["payload"])["previousStartsAt"] == made["startsAt"]


def test_rescheduling_into_its_own_old_time_works(stack):
    company, [ada], service = shop(stack)
    made = company.book(service, future(), ada)
    company.move(made, "reschedule", {"startsAt": rfc(future() + minutes(30))})


def test_rescheduling_to_another_person(stack):
    company, [ada, bob], service = shop(stack, 2)
    made = company.book(service, future(), ada)
    done = company.move(made, "reschedule", {"startsAt": rfc(future()), "staffId": bob["id"]})
    assert done["staff"]["id"] == bob["id"]
    company.book(service, future(), ada)


def test_rescheduling_onto_a_taken_time_changes_nothing(stack):
    company, [ada], service = shop(stack)
    made = company.book(service, future(hour=8), ada)
    company.book(service, future(hour=12), ada)
    before = stack.sql.counts()
    answer = company.move(made, "reschedule", {"startsAt": rfc(future(hour=12))}, 409)
    assert answer["error"]["code"] == "BOOKING_CONFLICT"
    assert instant(answer["error"]["details"]["next_available"]) == future(hour=13)
    assert company.get(f"/api/v1/bookings/{made['id']}").json() == made and stack.sql.counts() == before


def test_its_own_old_time_is_offered_to_a_booking_that_is_moved(stack):
    company, [ada], service = shop(stack)
    company.book(service, future(hour=12), ada)
    mine = company.book(service, future(hour=13, minute=30), ada)
    answer = company.move(mine, "reschedule", {"startsAt": rfc(future(hour=12))}, 409)["error"]
    assert instant(answer["details"]["next_available"]) == future(hour=13)


def test_a_booking_of_a_service_that_is_no_longer_offered_can_be_moved(stack):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada)
    company.patch(f"/api/v1/services/{service['id']}", {"active": False})
    moved = company.move(booking, "reschedule", {"startsAt": rfc(future(hour=12))})
    assert moved["startsAt"] == rfc(future(hour=12))
    company.book(service, future(hour=15), ada, expect=404)


def test_a_booking_of_a_deleted_service_cannot_be_moved(stack):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada)
    company.delete(f"/api/v1/services/{service['id']}")
    answer = company.move(booking, "reschedule", {"startsAt": rfc(future(hour=12))}, 404)
    assert answer["error"]["code"] == "INVALID_SERVICE"


def test_rescheduling_into_the_past_is_refused_by_name(stack):
    company, [ada], service = shop(stack)
    made = company.book(service, future(), ada)
    assert fault_fields(company.move(made, "reschedule", {"startsAt": "2020-01-01T00:00:00Z"}, 422)) == ["startsAt"]


# ---- the state machine ----

PATHS = {"pending": [], "confirmed": ["confirm"], "completed": ["confirm", "complete"], "cancelled": ["cancel"],
         "no_show": ["no-show"]}
AFTER = {  # what a booking that has started becomes; everything else is refused
    ("pending", "confirm"): "confirmed", ("pending", "cancel"): "cancelled", ("pending", "no-show"): "no_show",
    ("pending", "reschedule"): "pending", ("confirmed", "complete"): "completed", ("confirmed", "cancel"): "cancelled",
    ("confirmed", "no-show"): "no_show", ("confirmed", "reschedule"): "confirmed",
}
STAMPS = {"confirmed": "confirmedAt", "completed": "completedAt", "cancelled": "cancelledAt", "no_show": "noShowAt"}


@pytest.mark.parametrize("action", ["confirm", "cancel", "complete", "no-show", "reschedule"])
@pytest.mark.parametrize("status", PATHS)
def test_every_move_from_every_status(stack, clock, status, action):
    clock("2031-05-01T09:00:00Z")
    company, [ada], service = shop(stack)
    booking = company.book(service, "2031-05-01T10:00:00Z", ada)
    clock("2031-05-01T10:30:00Z")
    for step in PATHS[status]:
        booking = company.move(booking, step)
    body = {"startsAt": "2031-05-02T10:00:00Z"} if action == "reschedule" else None
    wanted = AFTER.get((status, action))
    answer = company.move(booking, action, body, 200 if wanted else 409)
    if wanted:
        assert answer["status"] == wanted and (action == "reschedule" or answer[STAMPS[wanted]])
    else:
        assert answer["error"]["code"] == "INVALID_TRANSITION"
        assert answer["error"]["details"]["from"] == status and isinstance(answer["error"]["details"]["allowed"], list)
        assert company.get(f"/api/v1/bookings/{booking['id']}").json() == booking


def test_nobody_can_fail_to_show_before_the_start(stack):
    company, [ada], service = shop(stack)
    answer = company.move(company.book(service, future(), ada), "no-show", expect=409)
    assert answer["error"]["code"] == "INVALID_TRANSITION"


def test_moves_tell_their_events(stack, clock):
    clock("2031-05-01T09:00:00Z")
    company, [ada, bob], service = shop(stack, 2)
    first = company.book(service, "2031-05-01T10:00:00Z", ada)
    second = company.book(service, "2031-05-01T10:00:00Z", bob)
    clock("2031-05-01T11:00:00Z")
    company.move(first, "confirm"), company.move(first, "complete"), company.move(second, "no-show")
    types = [event["type"] for event in company.events() if event["type"].startswith("booking.")]
    assert types == ["booking.created", "booking.created", "booking.confirmed", "booking.completed", "booking.no_show"]
