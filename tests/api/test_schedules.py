"""Schedules: weekly hours with several intervals a day, and overrides by date."""

import pytest

from world import ALWAYS, DAYS, every_day, fault_fields


def put(company, user, body, expect=200):
    return company.put(f"/api/v1/users/{user['id']}/schedule", body, expect).json()


def test_a_schedule_comes_back_as_it_was_put(company):
    user = company.user("Ada", "coach")
    weekly = every_day(("09:00", "12:00"), ("13:30", "18:00"))
    overrides = [{"date": "2031-12-24", "hours": [{"start": "09:00", "end": "12:00"}]},
                 {"date": "2031-12-25", "hours": []}]
    made = put(company, user, {"timeZone": "Europe/Berlin", "weekly": weekly, "overrides": overrides})
    assert made["userId"] == user["id"] and made["timeZone"] == "Europe/Berlin"
    assert made["weekly"] == weekly and made["overrides"] == overrides
    assert company.get(f"/api/v1/users/{user['id']}/schedule").json() == made


def test_days_that_are_left_out_are_closed(company):
    made = put(company, company.user("Ada", "coach"),
               {"timeZone": "UTC", "weekly": {"monday": [{"start": "09:00", "end": "10:00"}]}, "overrides": []})
    assert set(made["weekly"]) == set(DAYS) and made["weekly"]["tuesday"] == []


def test_putting_again_replaces_all(company):
    user = company.user("Ada", "coach")
    put(company, user, {"timeZone": "UTC", "weekly": ALWAYS, "overrides": [{"date": "2031-01-01", "hours": []}]})
    made = put(company, user, {"timeZone": "Asia/Dubai", "weekly": every_day(("10:00", "11:00")), "overrides": []})
    assert made["overrides"] == [] and made["timeZone"] == "Asia/Dubai"


@pytest.mark.parametrize("intervals", [
    [("09:00", "12:00"), ("11:00", "13:00")], [("09:00", "09:00")], [("12:00", "09:00")],
    [("13:00", "14:00"), ("09:00", "10:00")],
])
def test_hours_that_overlap_or_run_backwards_are_refused_by_name(company, intervals):
    answer = put(company, company.user("Ada", "coach"),
                 {"timeZone": "UTC", "weekly": {"monday": [{"start": a, "end": b} for a, b in intervals]},
                  "overrides": []}, 422)
    assert any(name.startswith("weekly.monday") for name in fault_fields(answer))


def test_the_same_date_twice_is_refused(company):
    answer = put(company, company.user("Ada", "coach"),
                 {"timeZone": "UTC", "weekly": ALWAYS,
                  "overrides": [{"date": "2031-01-01", "hours": []}, {"date": "2031-01-01", "hours": []}]}, 422)
    assert any(name.startswith("overrides") for name in fault_fields(answer))


def test_someone_who_never_got_hours_has_a_schedule_or_none(company):
    user = company.user("Ada", "coach")
    answer = company.get(f"/api/v1/users/{user['id']}/schedule", None)
    assert answer.status_code in (200, 404)
    if answer.status_code == 200:
        assert all(hours == [] for hours in answer.json()["weekly"].values())
