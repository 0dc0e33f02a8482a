"""One company never sees, changes or learns of another's things: each is 404 to it (test_permissions.py asks every route)."""

import pytest

from world import Company, future, rfc, shop


@pytest.fixture(scope="module")
def scene(stack):
    """What company A owns, and a client of company B."""
    company, [ada], service = shop(stack)
    hook = company.webhook("http://127.0.0.1:9/hook", ["user.created"])
    ids = {"user": ada["id"], "service": service["id"], "webhook": hook["id"],
           "booking": company.book(service, future(), ada)["id"],
           "key": company.post("/api/v1/keys", {"name": "Ours", "scopes": ["*"]}).json()["id"]}
    company.user("Bo")
    [delivery] = company.get(f"/api/v1/webhooks/{hook['id']}/deliveries").json()["data"]
    ids["delivery"] = delivery["id"]
    recovery = company.post(f"/api/v1/webhooks/{hook['id']}/recoveries", {"since": "2026-01-01T00:00:00Z"}, 202)
    ids["recovery"] = recovery.json()["id"]
    ids["wkey"] = company.post("/api/webhooks/keys", {"name": "x", "webhookUrl": "https://example.com/",
                                                     "allowedEvents": ["user.created"]}).json()["key"]["id"]
    ids["v3"] = company.post("/v3/webhooks", {"url": "https://example.com/", "eventTypes": ["class.canceled"]}).json()["id"]
    return company, ids, Company(stack)


ROUTES = [
    ("GET", "/api/v1/users/{user}", None), ("PATCH", "/api/v1/users/{user}", {"name": "Mine"}),
    ("DELETE", "/api/v1/users/{user}", None), ("GET", "/api/v1/users/{user}/schedule", None),
    ("PUT", "/api/v1/users/{user}/schedule", {"timeZone": "UTC", "weekly": {}, "overrides": []}),
    ("GET", "/api/v1/services/{service}", None), ("PATCH", "/api/v1/services/{service}", {"name": "Mine"}),
    ("DELETE", "/api/v1/services/{service}", None),
    ("GET", "/api/v1/bookings/{booking}", None), ("PATCH", "/api/v1/bookings/{booking}", {"notes": "Mine"}),
    ("POST", "/api/v1/bookings/{booking}/confirm", None), ("POST", "/api/v1/bookings/{booking}/cancel", {}),
    ("POST", "/api/v1/bookings/{booking}/complete", None), ("POST", "/api/v1/bookings/{booking}/no-show", None),
    ("POST", "/api/v1/bookings/{booking}/reschedule", {"startsAt": rfc(future(days=20))}),
    ("GET", "/api/v1/webhooks/{webhook}", None), ("PATCH", "/api/v1/webhooks/{webhook}", {"active": False}),
    ("DELETE", "/api/v1/webhooks/{webhook}", None), ("POST", "/api/v1/webhooks/{webhook}/test", {}),
    ("GET", "/api/v1/webhooks/{webhook}/deliveries", None),
    ("GET", "/api/v1/deliveries/{delivery}/signature", None),
    ("POST", "/api/v1/deliveries/{delivery}/signature", {"computed": "x"}),
    ("GET", "/api/v1/keys/{key}", None), ("PATCH", "/api/v1/keys/{key}", {"name": "Mine"}),
    ("DELETE", "/api/v1/keys/{key}", None), ("PATCH", "/api/v1/keys/{key}/revoke", {}),
    ("POST", "/api/v1/keys/{key}/rotate", {}),
    ("GET", "/v3/keys/{key}", None), ("DELETE", "/v3/keys/{key}", None), ("PATCH", "/v3/keys/{key}/revoke", {}),
    ("POST", "/api/v1/webhooks/{webhook}/rotate-secret", {}),
    ("GET", "/api/v1/webhooks/{webhook}/recoveries", None),
    ("POST", "/api/v1/webhooks/{webhook}/recoveries", {"since": "2026-01-01T00:00:00Z"}),
    ("GET", "/api/v1/webhooks/{webhook}/recoveries/{recovery}", None),
    ("DELETE", "/api/v1/webhooks/{webhook}/recoveries/{recovery}", None),
    ("POST", "/api/v1/bookings/{booking}/verify-payment", {}),
    ("GET", "/api/webhooks/keys/{wkey}", None), ("PATCH", "/api/webhooks/keys/{wkey}", {"active": False}),
    ("DELETE", "/api/webhooks/keys/{wkey}", None),
    ("GET", "/v3/webhooks/{v3}", None), ("PATCH", "/v3/webhooks/{v3}", {"url": "https://example.com/mine"}),
    ("DELETE", "/v3/webhooks/{v3}", None), ("PATCH", "/v3/webhooks/{v3}/activate", None),
    ("PATCH", "/v3/webhooks/{v3}/deactivate", None), ("POST", "/v3/webhooks/{v3}/rotate-signing-secret", None),
    ("GET", "/api/v1/deliveries/{delivery}", None), ("POST", "/api/v1/deliveries/{delivery}/resend", {}),
]


@pytest.mark.parametrize("method, path, body", ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES])
def test_what_belongs_to_another_company_is_not_found(stack, scene, method, path, body):
    _, ids, other = scene
    before = stack.sql.counts()
    answer = other.api(method, path.format(**ids), 404, json=body)
    assert answer.json()["error"]["code"] == "NOT_FOUND" and stack.sql.counts() == before


@pytest.mark.parametrize("path", ["users", "services", "bookings", "webhooks"])
def test_lists_hold_nothing_of_another_company(scene, path):
    assert scene[2].get(f"/api/v1/{path}").json()["data"] == []


def test_another_company_s_service_has_no_slots(scene):
    _, ids, other = scene
    query = {"serviceId": ids["service"], "from": "2031-01-01", "to": "2031-01-02"}
    assert other.get("/api/v1/slots", 404, params=query).json()["error"]["code"] == "INVALID_SERVICE"


def test_another_company_s_service_cannot_be_booked(scene):
    _, ids, other = scene
    assert other.book({"id": ids["service"]}, future(days=15), expect=404)["error"]["code"] == "INVALID_SERVICE"


def test_another_company_s_person_cannot_be_booked(stack, scene):
    _, ids, other = scene
    mine = other.service([other.staff("Eve")])
    other.book(mine, future(days=15), ids["user"], expect=422)


def test_another_company_s_customer_cannot_be_named(scene):
    company, _, other = scene
    mine = other.service([other.staff("Eve")])
    customer = company.user("Mia")
    other.book(mine, future(days=15), expect=422, customerId=customer["id"])


def test_another_company_s_person_cannot_take_my_service(scene):
    _, ids, other = scene
    other.post("/api/v1/services", {"name": "x", "duration": 30, "price": {"amount": 1}, "staffIds": [ids["user"]]}, 422)


def test_all_of_it_is_still_as_it_was(scene):
    company, ids, _ = scene
    assert company.get(f"/api/v1/bookings/{ids['booking']}").json()["status"] == "pending"
    assert company.get(f"/api/v1/webhooks/{ids['webhook']}").json()["active"] is True
    assert company.get(f"/api/v1/keys/{ids['key']}").json()["revokedAt"] is None
