"""Free times: right on the wall clock, right across DST, never over anything that is taken."""

import datetime
import json

import pytest

from world import Company, every_day, fault_fields, future, instant, minutes, on_days, rfc, shop


def new_york(stack, weekly, duration=60, zone="America/New_York", **members):
    company = Company(stack, timeZone=zone)
    ada = company.staff("Ada", weekly, zone)
    return company, company.service([ada], duration, **members)


def test_new_york_working_hours_after_the_clocks_went_back(stack, clock):
    clock("2023-11-01T00:00:00Z")
    company, service = new_york(stack, on_days(["monday"], ("09:00", "17:00")))
    slots = company.slots(service, "2023-11-06", "2023-11-06")
    assert slots[0]["startsAt"] == "2023-11-06T14:00:00.000Z"
    assert slots[-1]["endsAt"] == "2023-11-06T22:00:00.000Z" and len(slots) == 8


def test_new_york_afternoon_on_the_day_the_clocks_go_forward(stack, clock):
    clock("2024-03-01T00:00:00Z")
    company, service = new_york(stack, every_day(("13:00", "18:00")))
    slots = company.slots(service, "2024-03-10", "2024-03-10")
    assert slots[0]["startsAt"] == "2024-03-10T17:00:00.000Z"
    assert slots[-1]["endsAt"] == "2024-03-10T22:00:00.000Z" and len(slots) == 5


def test_chicago_afternoon_on_the_day_the_clocks_go_forward(stack, clock):
    clock("2025-03-01T00:00:00Z")
    company, service = new_york(stack, every_day(("15:00", "16:00")), zone="America/Chicago")
    assert company.starts(service, "2025-03-09", "2025-03-09") == ["2025-03-09T20:00:00.000Z"]


def test_a_weekly_new_york_time_seen_from_dubai_stays_in_new_york(stack, clock):
    clock("2025-03-01T00:00:00Z")
    company, service = new_york(stack, on_days(["friday"], ("10:00", "11:00")))
    starts = company.starts(service, "2025-03-07", "2025-03-14", timeZone="Asia/Dubai")
    assert starts == ["2025-03-07T15:00:00.000Z", "2025-03-14T14:00:00.000Z"]


def test_a_late_new_york_time_still_hits_the_last_of_march(stack, clock):
    clock("2025-03-01T00:00:00Z")
    company, service = new_york(stack, every_day(("23:30", "24:00")), 30)
    assert company.starts(service, "2025-03-31", "2025-03-31") == ["2025-04-01T03:30:00.000Z"]


def test_hours_over_the_gap_are_an_hour_shorter(stack, clock):
    clock("2024-03-01T00:00:00Z")
    company, service = new_york(stack, every_day(("01:00", "04:00")))
    assert company.starts(service, "2024-03-10", "2024-03-10") == \
        ["2024-03-10T06:00:00.000Z", "2024-03-10T07:00:00.000Z"]


def test_hours_that_begin_in_the_gap_begin_at_the_jump(stack, clock):
    clock("2024-03-01T00:00:00Z")
    company, service = new_york(stack, every_day(("02:30", "05:00")))
    assert company.starts(service, "2024-03-10", "2024-03-10") == \
        ["2024-03-10T07:00:00.000Z", "2024-03-10T08:00:00.000Z"]


def test_hours_over_the_repeated_hour_are_an_hour_longer(stack, clock):
    clock("2024-11-01T00:00:00Z")
    company, service = new_york(stack, every_day(("00:00", "03:00")))
    assert company.starts(service, "2024-11-03", "2024-11-03") == \
        [f"2024-11-03T0{hour}:00:00.000Z" for hour in (4, 5, 6, 7)]


def test_days_are_those_of_the_asked_time_zone(stack, clock):
    clock("2025-06-01T00:00:00Z")
    company, service = new_york(stack, every_day(("20:00", "21:00")))
    answer = company.get("/api/v1/slots", params={"serviceId": service["id"], "from": "2025-06-10", "to": "2025-06-10",
                                                  "timeZone": "Asia/Dubai"}).json()
    assert answer["timeZone"] == "Asia/Dubai"
    assert [(day["date"], [slot["startsAt"] for slot in day["slots"]]) for day in answer["days"]] == \
        [("2025-06-10", ["2025-06-10T00:00:00.000Z"])]


def test_past_times_are_never_offered(stack, clock):
    clock("2025-06-10T11:30:00Z")
    company, _, service = shop(stack)
    assert company.starts(service, "2025-06-10", "2025-06-10")[0] == "2025-06-10T12:00:00.000Z"
    assert company.starts(service, "2025-06-01", "2025-06-09") == []


def test_a_taken_time_is_not_offered_and_comes_back_when_cancelled(stack):
    company, [ada], service = shop(stack)
    start, day = future(hour=10), future().date().isoformat()
    booking = company.book(service, start, ada)
    assert rfc(start) not in company.starts(service, day, day)
    company.move(booking, "cancel", {"reason": "ill"})
    assert rfc(start) in company.starts(service, day, day)


def test_who_is_free_is_told_by_slot(stack):
    company, [ada, bob], service = shop(stack, 2)
    start, day = future(hour=10), future().date().isoformat()
    company.book(service, start, ada)
    slots = {slot["startsAt"]: slot for slot in company.slots(service, day, day)}
    assert [person["id"] for person in slots[rfc(start)]["staff"]] == [bob["id"]]
    assert sorted(person["id"] for person in slots[rfc(start + minutes(60))]["staff"]) == sorted([ada["id"], bob["id"]])
    assert slots[rfc(start)]["endsAt"] == rfc(start + minutes(60))


def test_one_person_s_times_can_be_asked_for(stack):
    company, [ada, bob], service = shop(stack, 2)
    start, day = future(hour=10), future().date().isoformat()
    company.book(service, start, ada)
    assert rfc(start) not in company.starts(service, day, day, staffId=ada["id"])
    assert rfc(start) in company.starts(service, day, day, staffId=bob["id"])


def test_buffers_keep_neighbours_away(stack):
    company, [ada], service = shop(stack, duration=30, bufferBefore=15, bufferAfter=30, slotInterval=15)
    start, day = future(hour=12), future().date().isoformat()
    company.book(service, start, ada)
    starts = [instant(text) for text in company.starts(service, day, day)]
    taken = [moment for moment in starts if start - minutes(75) < moment < start + minutes(75)]
    assert taken == [] and start - minutes(75) in starts and start + minutes(75) in starts


def test_the_slot_interval_sets_the_grid(stack):
    company = Company(stack)
    service = company.service([company.staff("Ada", every_day(("09:00", "11:00")))], 60, slotInterval=20)
    day = future().date().isoformat()
    assert [text[11:16] for text in company.starts(service, day, day)] == ["09:00", "09:20", "09:40", "10:00"]


def test_a_lunch_break_is_kept_free(stack):
    company = Company(stack)
    service = company.service([company.staff("Ada", every_day(("09:00", "11:00"), ("12:00", "13:00")))])
    day = future().date().isoformat()
    assert [text[11:16] for text in company.starts(service, day, day)] == ["09:00", "10:00", "12:00"]


def test_an_override_replaces_the_day(stack):
    company, day = Company(stack), future().date().isoformat()
    hours = [{"date": day, "hours": [{"start": "15:00", "end": "16:00"}]}]
    service = company.service([company.staff("Ada", overrides=hours)])
    assert [text[11:16] for text in company.starts(service, day, day)] == ["15:00"]


def test_an_empty_override_closes_the_day(stack):
    company, day = Company(stack), future().date().isoformat()
    service = company.service([company.staff("Ada", overrides=[{"date": day, "hours": []}])])
    assert company.starts(service, day, day) == []


def test_staff_hours_and_service_hours_in_two_zones_are_intersected(stack, clock):
    clock("2025-06-01T00:00:00Z")
    company = Company(stack)
    ada = company.staff("Ada", every_day(("09:00", "17:00")), "America/New_York")  # 13–21 Z
    service = company.service([ada], availability={"days": ["tuesday"], "hours": {"start": "09:00", "end": "17:00"},
                                                   "timezone": "Europe/London"})  # 8–16 Z
    starts = company.starts(service, "2025-06-09", "2025-06-11", timeZone="UTC")
    assert starts == [f"2025-06-10T{hour}:00:00.000Z" for hour in (13, 14, 15)]


def test_sixty_two_days_are_given(stack):
    company, _, service = shop(stack)
    first = future().date()
    last = first + datetime.timedelta(days=61)
    assert len(company.slots(service, first.isoformat(), last.isoformat())) == 62 * 24


def test_sixty_three_days_are_too_many(stack):
    company, _, service = shop(stack)
    last = future().date() + datetime.timedelta(days=62)
    query = {"serviceId": service["id"], "from": future().date().isoformat(), "to": last.isoformat()}
    company.get("/api/v1/slots", 422, params=query)


def test_an_answer_that_would_be_too_large_is_refused_by_name(stack):
    company, team, service = shop(stack, 8, 5)
    first = future().date()
    query = {"serviceId": service["id"], "from": first.isoformat(), "to": (first + datetime.timedelta(days=61)).isoformat()}
    answer = company.get("/api/v1/slots", 422, params=query)
    assert fault_fields(answer.json()) == ["to"] and "ETag" not in answer.headers
    assert len(company.slots(service, query["from"], query["to"], staffId=team[3]["id"])) == 62 * 288
    assert len(company.slots(service, query["from"], (first + datetime.timedelta(days=14)).isoformat())) == 15 * 288


def test_slots_are_written_as_javascript_writes_them(stack):
    company, day = Company(stack), future().date().isoformat()
    name = "Zoë \"Z\" O'Neil \\ </b> 💈 \u2028"
    service = company.service([company.staff(name, every_day(("09:00", "11:00")))])
    answer = company.get("/api/v1/slots", params={"serviceId": service["id"], "from": day, "to": day})
    assert answer.json()["days"][0]["slots"][0]["staff"][0]["name"] == name
    assert answer.text == json.dumps(answer.json(), separators=(",", ":"), ensure_ascii=False)
    assert answer.headers["Content-Type"] == "application/json"


def test_a_day_without_slots_is_an_empty_list(stack):
    company, first = Company(stack), future().date()
    service = company.service([company.staff("Ada", {"monday": []})])
    query = {"serviceId": service["id"], "from": first.isoformat(), "to": (first + datetime.timedelta(days=1)).isoformat()}
    assert [day["slots"] for day in company.get("/api/v1/slots", params=query).json()["days"]] == [[], []]


def test_the_etag_moves_with_a_booking_and_not_without(stack):
    company, [ada], service = shop(stack)
    day = future().date().isoformat()
    query = {"serviceId": service["id"], "from": day, "to": day}
    first = company.get("/api/v1/slots", params=query).headers["ETag"]
    assert company.get("/api/v1/slots", params=query).headers["ETag"] == first
    company.book(service, future(), ada)
    assert company.get("/api/v1/slots", params=query).headers["ETag"] != first


def test_an_unknown_service_has_no_slots(company):
    query = {"serviceId": "srv_" + "0" * 25 + "1", "from": "2031-01-01", "to": "2031-01-01"}
    assert company.get("/api/v1/slots", 404, params=query).json()["error"]["code"] == "INVALID_SERVICE"


@pytest.mark.parametrize("minute", [0, 7, 30, 59])
def test_every_offered_slot_can_be_booked(stack, minute):
    company, [ada], service = shop(stack, duration=45, slotInterval=20, bufferBefore=5, bufferAfter=10)
    company.book(service, future(minute=minute), ada)
    day = future().date().isoformat()
    starts = company.starts(service, day, day)
    company.book(service, starts[len(starts) // 2], ada)
