"""Services: the seed's shape, money in major units outside and minor units inside."""

import json

import pytest

from stack import id_bytes

SEED = {
    "name": "1-Hour Consultation", "description": "Expert guidance on your project", "duration": 60,
    "price": {"amount": 150, "currency": "USD", "type": "hourly"},
    "availability": {"days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                     "hours": {"start": "09:00", "end": "17:00"}, "timezone": "America/New_York"},
}


def test_the_seed_s_service_comes_back_as_it_was_sent(company):
    made = company.post("/api/v1/services", SEED).json()
    assert {name: made[name] for name in SEED} == SEED
    assert made["id"].startswith("srv_")
    assert company.get(f"/api/v1/services/{made['id']}").json() == made


def test_what_is_not_sent_has_sensible_values(company):
    made = company.post("/api/v1/services", {"name": "Cut", "duration": 45, "price": {"amount": 20}}).json()
    assert made["slotInterval"] == 45 and made["bufferBefore"] == made["bufferAfter"] == 0
    assert made["price"] == {"amount": 20, "currency": "USD", "type": "flat"}
    assert made["availability"]["hours"] == {"start": "00:00", "end": "24:00"}
    assert len(made["availability"]["days"]) == 7 and made["availability"]["timezone"] == "UTC"
    assert made["active"] is True and made["staffIds"] == [] and made["slug"]


@pytest.mark.parametrize("duration, interval", [(1, 5), (4, 5), (5, 5), (6, 6), (90, 90)])
def test_the_slot_interval_is_the_duration_but_five_minutes_at_least(company, duration, interval):
    assert company.service(duration=duration)["slotInterval"] == interval


@pytest.mark.parametrize("amount, currency, minor", [
    (75.5, "USD", 7550), (75, "USD", 7500), (0, "USD", 0), (0.1, "EUR", 10), (1500, "JPY", 1500),
    (1.234, "KWD", 1234), (19.99, "GBP", 1999),
])
def test_money_is_minor_units_inside_and_major_units_outside(stack, company, amount, currency, minor):
    made = company.service(price={"amount": amount, "currency": currency})
    row = stack.sql.one("SELECT price_amount FROM services WHERE id = %s", id_bytes(made["id"]))
    assert row["price_amount"] == minor and made["price"]["amount"] == amount


def test_amounts_are_written_as_javascript_writes_them(company):
    made = company.service(amount=75)
    assert '"amount":75,' in company.get(f"/api/v1/services/{made['id']}").text


@pytest.mark.parametrize("kind", ["hourly", "flat", "custom"])
def test_every_price_type_is_taken(company, kind):
    assert company.service(price={"amount": 5, "type": kind})["price"]["type"] == kind


def test_staff_can_be_set_and_replaced(company):
    ada, bob = company.staff("Ada"), company.staff("Bob")
    service = company.service([ada])
    assert service["staffIds"] == [ada["id"]]
    changed = company.patch(f"/api/v1/services/{service['id']}", {"staffIds": [bob["id"]]}).json()
    assert changed["staffIds"] == [bob["id"]]


def test_forty_people_can_take_one_service(company):
    team = sorted(company.user(f"Staff {number}", "professional")["id"] for number in range(40))
    service = company.service([{"id": person} for person in team])
    assert service["staffIds"] == team
    assert company.get(f"/api/v1/services/{service['id']}").json() == service
    changed = company.patch(f"/api/v1/services/{service['id']}", {"name": "Choir"}).json()
    assert changed["staffIds"] == team


def test_two_services_cannot_share_a_slug(company):
    company.service(slug="cut")
    answer = company.post("/api/v1/services", {"name": "x", "duration": 30, "price": {"amount": 1}, "slug": "cut"}, 409)
    assert answer.json()["error"]["code"] == "CONFLICT"


def test_service_events_carry_the_company_and_what_changed(company):
    service = company.service()
    company.patch(f"/api/v1/services/{service['id']}", {"price": {"amount": 80}, "description": "new"})
    company.delete(f"/api/v1/services/{service['id']}")
    events = [event for event in company.events() if event["type"].startswith("service.")]
    assert [event["type"] for event in events] == ["service.created", "service.updated", "service.deleted"]
    created, updated, deleted = [json.loads(event["payload"]) for event in events]
    assert created["company"]["id"] == company.id and created["price"]["amount"] == 75.5
    assert sorted(updated["updatedFields"]) == ["description", "price"] and updated["price"]["amount"] == 80
    assert deleted["id"] == service["id"]


def test_a_patch_of_the_price_keeps_currency_and_type(company):
    service = company.service(price={"amount": 10, "currency": "EUR", "type": "hourly"})
    changed = company.patch(f"/api/v1/services/{service['id']}", {"price": {"amount": 12}}).json()
    assert changed["price"] == {"amount": 12, "currency": "EUR", "type": "hourly"}


def test_a_deleted_service_is_gone(company):
    service = company.service()
    company.delete(f"/api/v1/services/{service['id']}")
    company.get(f"/api/v1/services/{service['id']}", 404)
    assert company.get("/api/v1/services").json()["data"] == []


def test_the_slug_of_a_deleted_service_is_free_again(company):
    company.delete(f"/api/v1/services/{company.service(slug='cut')['id']}")
    assert company.service(slug="cut")["slug"] == "cut"


def test_a_patch_can_change_every_plain_member(company):
    service = company.service()
    wanted = {"name": "N", "description": "D", "slug": "n-d", "duration": 30, "bufferBefore": 5, "bufferAfter": 10,
              "slotInterval": 15, "active": False,
              "availability": {"days": ["sunday"], "hours": {"start": "10:00", "end": "11:30"}, "timezone": "Asia/Dubai"}}
    changed = company.patch(f"/api/v1/services/{service['id']}", wanted).json()
    assert {name: changed[name] for name in wanted} == wanted
