"""Webhooks in the PushPress style, as its published client knows them."""

import hashlib
import hmac

import pytest

from stack import id_bytes
from world import Company, fault_fields, future, shop

URL = "https://example.com/hook"


def make(company, *types, expect=201, url=URL, **members):
    return company.post("/v3/webhooks", {"url": url, "eventTypes": list(types), **members}, expect).json()


def test_a_webhook_is_made_read_and_listed(company):
    made = make(company, "customer.created", "appointment.scheduled")
    assert list(made) == ["id", "url", "eventTypes", "active", "signingSecret"]
    assert made["url"] == URL and made["active"] is True and made["signingSecret"]
    assert sorted(made["eventTypes"]) == ["appointment.scheduled", "customer.created"]
    assert company.get(f"/v3/webhooks/{made['id']}").json() == made
    assert company.get("/v3/webhooks").json() == {"data": [made]}


def test_the_key_may_come_as_the_published_client_sends_it(stack, company):
    made = make(company, "checkin.created")
    answer = stack.client().get("/v3/webhooks", headers={"API-KEY": company.key})
    assert answer.json()["data"] == [made]


EVERY = ["appointment.scheduled", "appointment.rescheduled", "appointment.noshowed", "appointment.canceled",
         "checkin.created", "checkin.updated", "checkin.deleted", "checkin.failed", "class.canceled", "customer.created",
         "customer.details.changed", "customer.status.changed", "customer.deleted", "enrollment.created",
         "enrollment.status.changed", "enrollment.deleted", "reservation.created", "reservation.waitlisted",
         "reservation.canceled", "reservation.noshowed", "memberapp.updated"]


def test_every_event_of_the_platform_can_be_had(company):
    assert sorted(make(company, *EVERY)["eventTypes"]) == sorted(EVERY)


# The published page's own column of names, and what each is on the wire.
PAGE = {
    "App Installed": "app.installed", "App Uninstalled": "app.uninstalled", "Appointment Canceled": "appointment.canceled",
    "Appointment No Show": "appointment.noshowed", "Appointment Rescheduled": "appointment.rescheduled",
    "Appointment Scheduled": "appointment.scheduled", "Checkin Created": "checkin.created",
    "Checkin Deleted": "checkin.deleted", "Checkin Failed": "checkin.failed", "Checkin Updated": "checkin.updated",
    "Class Canceled": "class.canceled", "Customer Created": "customer.created", "Customer Deleted": "customer.deleted",
    "Customer Details Changed": "customer.details.changed", "Customer Status Changed": "customer.status.changed",
    "Enrollment Created": "enrollment.created", "Enrollment Status Changed": "enrollment.status.changed",
    "Enrollment Status Deleted": "enrollment.deleted", "Reservation Canceled": "reservation.canceled",
    "Reservation Created": "reservation.created", "Reservation Waitlisted": "reservation.waitlisted"}


@pytest.mark.parametrize("of_app", [False, True])
def test_the_names_of_the_published_page_are_taken_too(company, of_app):
    pairs = {name: wire for name, wire in PAGE.items() if wire.startswith("app.") == of_app}
    members = {"appId": "app_1"} if of_app else {}
    made = make(company, *pairs, **members)
    assert sorted(made["eventTypes"]) == sorted(pairs.values())
    for name, wire in pairs.items():
        changed = company.patch(f"/v3/webhooks/{made['id']}", {"eventTypes": [name, wire]}).json()
        assert changed["eventTypes"] == [wire]


def test_an_endpoint_of_all_events_names_them(company):
    company.webhook(URL, ["*"], format="pushpress")
    [shown] = company.get("/v3/webhooks").json()["data"]
    assert sorted(shown["eventTypes"]) == sorted(EVERY)


def test_events_of_an_app_need_the_app(company):
    made = make(company, "app.installed", "app.uninstalled", appId="app_1")
    assert made["appId"] == "app_1" and list(made)[2] == "appId"
    for types, members in ((["app.installed"], {}), (["app.installed", "checkin.created"], {"appId": "app_1"}),
                           (["checkin.created"], {"appId": "app_1"}), (["app.installed", "checkin.created"], {})):
        refused = make(company, *types, expect=400, **members)
        assert refused["error"]["details"]["eventTypes"].startswith("must") and refused["message"]
    company.patch(f"/v3/webhooks/{made['id']}", {"eventTypes": ["checkin.created"]}, 400)
    assert company.get("/v3/webhooks").json() == {"data": [made]}


@pytest.mark.parametrize("name", ["no.such", "booking.created", "service.created", "*", "Appointment.Scheduled", "appointment no show"])
def test_unknown_events_are_refused(company, name):
    assert make(company, name, expect=400)["error"]["code"] == "BAD_REQUEST"
    made = make(company, "checkin.created")
    company.patch(f"/v3/webhooks/{made['id']}", {"eventTypes": [name]}, 400)


@pytest.mark.parametrize("url", ["http://example.com/", "https://192.168.0.1/", "nonsense", 7])
def test_addresses_that_must_not_be_reached_are_refused(company, url):
    assert fault_fields(make(company, "checkin.created", expect=422, url=url)) == ["url"]
    made = make(company, "checkin.created")
    assert fault_fields(company.patch(f"/v3/webhooks/{made['id']}", {"url": url}, 422).json()) == ["url"]


def test_a_webhook_is_changed(company):
    made = make(company, "checkin.created", unknown="ignored")
    changed = company.patch(f"/v3/webhooks/{made['id']}", {"url": URL + "/2", "eventTypes": ["class.canceled"],
                                                           "unknown": 1}).json()
    assert changed == {**made, "url": URL + "/2", "eventTypes": ["class.canceled"]}
    assert company.patch(f"/v3/webhooks/{made['id']}", {"url": URL}).json()["eventTypes"] == ["class.canceled"]


def stored(stack, made):
    rows = stack.sql.all("SELECT event_type FROM webhook_subscriptions WHERE endpoint_id = %s", id_bytes(made["id"]))
    return sorted(row["event_type"] for row in rows)


def test_what_a_webhook_has_may_be_sent_back(stack, company):
    """Made natively it receives types that this API does not know; who reads it, changes one thing and writes it all may."""
    made = company.webhook(URL, ["booking.confirmed", "booking.created", "service.created"], format="pushpress")
    path = f"/v3/webhooks/{made['id']}"
    shown = company.get(path).json()
    assert "booking.confirmed" in shown["eventTypes"]
    assert company.patch(path, {**shown, "url": URL + "/2"}).json() == {**shown, "url": URL + "/2"}
    assert stored(stack, made) == ["booking.confirmed", "booking.created", "service.created"]
    types = ["appointment.canceled", "booking.confirmed"]
    assert sorted(company.patch(path, {"eventTypes": types}).json()["eventTypes"]) == types
    for name in ("service.created", "booking.created", "*", "app.installed"):
        company.patch(path, {"eventTypes": [*types, name]}, 400)
    assert stored(stack, made) == ["booking.cancelled", "booking.confirmed"]


def test_a_webhook_of_all_events_keeps_them_when_they_are_sent_back(stack, company):
    made = company.webhook(URL, ["*"], format="pushpress")
    path = f"/v3/webhooks/{made['id']}"
    shown = company.get(path).json()
    company.patch(path, {"eventTypes": shown["eventTypes"][::-1]})
    assert stored(stack, made) == ["*"]
    company.patch(path, {"eventTypes": shown["eventTypes"][1:]})
    assert len(stored(stack, made)) == len(EVERY) - 1


def test_events_of_an_app_that_were_had_without_one_may_be_sent_back(stack, company):
    made = company.webhook(URL, ["app.installed"], format="pushpress")
    path = f"/v3/webhooks/{made['id']}"
    company.patch(path, {"eventTypes": ["app.installed"]})
    company.patch(path, {"eventTypes": ["app.installed", "checkin.created"]}, 400)
    company.patch(path, {"eventTypes": ["checkin.created"]}, 400)
    company.patch(path, {"eventTypes": ["app.installed", "App Uninstalled"]})
    assert stored(stack, made) == ["app.installed", "app.uninstalled"]
    company.patch(f"/api/v1/webhooks/{made['id']}", {"events": ["checkin.created"]})
    company.patch(path, {"eventTypes": ["checkin.created", "checkin.updated"]})


def test_a_mixture_of_before_stays_but_does_not_grow(stack, company):
    """Older versions let the native face mix events of an app with others."""
    made = make(company, "app.installed", appId="app_1")
    for native in ("checkin.created", "booking.created"):
        stack.sql.run("INSERT INTO webhook_subscriptions (company_id, event_type, endpoint_id) VALUES (%s, %s, %s)",
                      company.bytes, native, id_bytes(made["id"]))
    path = f"/v3/webhooks/{made['id']}"
    types = company.get(path).json()["eventTypes"]
    assert company.patch(path, {"eventTypes": types, "url": URL + "/2"}).json()["eventTypes"] == types
    company.patch(path, {"eventTypes": [*types, "app.uninstalled"]}, 400)
    company.patch(path, {"eventTypes": ["checkin.created", "appointment.scheduled"]})
    assert stored(stack, made) == ["booking.created", "checkin.created"]


def test_a_webhook_is_switched_off_and_on(company):
    made = make(company, "checkin.created")
    for word, active in (("deactivate", False), ("deactivate", False), ("activate", True), ("activate", True)):
        company.patch(f"/v3/webhooks/{made['id']}/{word}", {}, 204)
        assert company.get(f"/v3/webhooks/{made['id']}").json() == {**made, "active": active}


def test_a_secret_is_rotated(company):
    made = make(company, "checkin.created")
    rotated = company.post(f"/v3/webhooks/{made['id']}/rotate-signing-secret", expect=200).json()
    assert list(rotated) == ["webhookUuid", "signingSecret"] and rotated["webhookUuid"] == made["id"]
    assert rotated["signingSecret"] != made["signingSecret"]
    assert company.get(f"/v3/webhooks/{made['id']}").json()["signingSecret"] == rotated["signingSecret"]


def calls(client, webhook, status):
    path = f"/v3/webhooks/{webhook}"
    return [client.get(path, status), client.patch(path, {"url": URL}, status), client.delete(path, status),
            client.patch(path + "/activate", {}, status), client.patch(path + "/deactivate", {}, status),
            client.post(path + "/rotate-signing-secret", expect=status)]


def test_a_webhook_is_removed(company):
    made = make(company, "checkin.created")
    company.delete(f"/v3/webhooks/{made['id']}", 204)
    for answer in calls(company, made["id"], 404):
        assert isinstance(answer.json()["message"], str) and "success" not in answer.json()
    assert company.get("/v3/webhooks").json() == {"data": []}


def test_others_webhooks_and_other_formats_are_not_seen(stack, company):
    calls(company, make(Company(stack), "checkin.created")["id"], 404)
    calls(company, company.webhook(URL)["id"], 404)
    calls(company, "whk_nonsense", 404)
    assert company.get("/v3/webhooks").json() == {"data": []}


def test_secrets_are_shown_only_to_who_may_change_them(company):
    made = make(company, "checkin.created")
    reader = company.with_scopes("webhooks:read")
    calls(reader, made["id"], 403)
    reader.get("/v3/webhooks", 403), reader.post("/v3/webhooks", {}, 403)


def test_what_is_missing_is_named(company):
    assert sorted(fault_fields(company.post("/v3/webhooks", {}, 422).json())) == ["eventTypes", "url"]


def test_customers_and_appointments_arrive_and_verify(stack, receiver):
    company, [ada], service = shop(stack)
    made = make(company, "customer.created", "appointment.scheduled", url=receiver.url)
    mia = company.user("Mia Berg", "lead", email="mia@example.com")
    company.book(service, future(), ada, customerId=mia["id"])
    stack.dispatch()
    assert sorted(delivery.json["event"] for delivery in receiver.deliveries) == ["appointment.scheduled", "customer.created"]
    for delivery in receiver.deliveries:
        data = delivery.body.decode().split('"data":', 1)[1][:-1].encode()
        assert delivery.headers["webhook-signature"] == \
            hmac.new(made["signingSecret"].encode(), data, hashlib.sha256).hexdigest()
    [customer] = receiver.of("customer.created")
    assert customer.json["data"]["id"] == mia["id"] and customer.json["data"]["name"]["last"] == "Berg"


def test_a_webhook_whose_address_is_not_allowed_any_more_can_still_be_changed(stack, company):
    made = make(company, "customer.created")
    stack.sql.run("UPDATE webhook_endpoints SET url = 'http://10.0.0.1/' WHERE id = %s", id_bytes(made["id"]))
    company.patch(f"/v3/webhooks/{made['id']}", {"eventTypes": ["customer.deleted"]})
    company.patch(f"/v3/webhooks/{made['id']}", {"url": "http://10.0.0.1/"}, 422)


def test_a_signing_secret_has_one_shape_on_every_face(company):
    """64 hex characters, wherever the endpoint is made and its secret changed."""
    made = company.post("/api/v1/webhooks", {"url": URL, "format": "pushpress", "events": ["customer.created"]}).json()
    rotated = company.post(f"/v3/webhooks/{made['id']}/rotate-signing-secret", {}, 200).json()
    native = company.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", {}, 200).json()
    secrets = [made["secret"], rotated["signingSecret"], native["secret"], make(company, "customer.created")["signingSecret"]]
    assert all(len(secret) == 64 and not secret.strip("0123456789abcdef") for secret in secrets) and len(set(secrets)) == 4
