"""The audit log: who changed what, when, and from where."""

import json

import pytest

from stack import id_bytes
from world import Company


def entries(client, **query):
    return client.get("/api/v1/audit", params=query).json()["data"]


def test_a_person_s_change_names_the_person(company):
    admin = company.person("admin", name="Zoë")
    admin.patch("/api/v1/company", {"name": "New name"})
    entry = entries(company, action="company.updated")[0]
    assert entry["actor"] == {"type": "user", "id": admin.id, "name": "Zoë"}
    assert entry["address"] == "127.0.0.1" and entry["subject"] == company.id
    assert entry["details"] == {"updatedFields": ["name"]} and entry["id"].startswith("aud_")


def test_a_key_s_change_names_the_key(stack, company):
    company.patch("/api/v1/company", {"name": "New name"})
    key = stack.sql.one("SELECT id FROM api_keys WHERE company_id = %s", company.bytes)
    entry = entries(company, action="company.updated")[0]
    assert entry["actor"]["type"] == "key" and entry["actor"]["name"] == "First key"
    assert id_bytes(entry["actor"]["id"]) == key["id"]


def test_the_command_line_is_named_as_such(company):
    user, _ = company.add_login("coach")
    entry = entries(company, action="user.created")[0]
    assert entry["actor"] == {"type": "commandLine", "id": None, "name": None}
    assert (entry["subject"], entry["address"], entry["details"]) == (user, None, None)


def test_what_the_command_line_opens_is_told_as_over_the_api(company):
    user, _ = company.add_login("coach")
    told = [(entry["action"], entry["actor"]["type"], entry["details"]) for entry in entries(company, subject=user)]
    assert sorted(told) == [("login.created", "commandLine", None), ("user.created", "commandLine", None),
                            ("user.role_changed", "commandLine", {"from": None, "to": "coach"})]


def test_a_lock_is_told_of_nobody(stack, company):
    stack.sql.run("DELETE FROM login_failures")
    user, email = company.add_login("coach")
    login = {"email": email, "password": "wrong wrong wrong"}
    stack.client().post("/api/v1/sessions", login, 401)
    stack.sql.run("UPDATE login_failures SET failures = 9, blocked_until = NULL")
    stack.client().post("/api/v1/sessions", login, 401)
    stack.sql.run("DELETE FROM login_failures")
    entry = entries(company, action="login.locked")[0]
    assert entry["actor"] == {"type": "anonymous", "id": None, "name": None} and entry["subject"] == user


def test_roles_are_told_from_and_to(company):
    admin = company.person("admin")
    coach = admin.post("/api/v1/users", {"name": "Cleo", "role": "coach"}).json()
    admin.patch(f"/api/v1/users/{coach['id']}", {"role": "frontdesk", "notes": "x"})
    admin.patch(f"/api/v1/users/{coach['id']}", {"notes": "y"})
    admin.delete(f"/api/v1/users/{coach['id']}")
    changes = [entry["details"] for entry in entries(company, action="user.role_changed", subject=coach["id"])]
    assert changes == [{"from": "frontdesk", "to": None}, {"from": "coach", "to": "frontdesk"}, {"from": None, "to": "coach"}]


def test_logins_are_told(company):
    admin = company.person("admin")
    admin.delete("/api/v1/sessions/current")
    told = entries(company, actor=admin.id)
    assert [entry["action"] for entry in told] == ["session.ended", "session.created"]
    assert told[0]["subject"] == told[1]["subject"] and told[0]["details"] == {"reason": "logged out"}


def test_filters_and_pages(stack, company, clock):
    for day in (1, 2, 3):
        clock(f"2031-05-0{day}T10:00:00Z")
        company.patch("/api/v1/company", {"name": f"Name {day}"})
    assert len(entries(company, since="2031-05-02T10:00:00Z")) == 2
    assert entries(company, action="webhook.created") == []
    key = entries(company, action="company.updated")[0]["actor"]["id"]
    assert len(entries(company, actor=key)) == 3
    seen, cursor = [], None
    while True:
        page = company.get("/api/v1/audit", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        seen += page["data"]
        cursor = page["next"]
        if not cursor:
            break
    assert [entry["at"] for entry in seen] == sorted((entry["at"] for entry in seen), reverse=True)
    assert seen == entries(company)


def test_a_key_is_known_after_it_is_gone(company):
    for style in ("/api/v1/keys", "/v3/keys"):
        made = company.post(style, {"name": "Till", **({"scopes": ["bookings:read", "users:read"]} if "v1" in style else {})}).json()
        key = made.get("id") or made["keyUuid"]
        company.patch(f"{style}/{key}/revoke", {})
        company.delete(f"{style}/{key}", 204 if "v1" in style else 200)
        told = entries(company, subject=key)
        assert [entry["action"] for entry in told] == ["key.deleted", "key.revoked", "key.created"]
        scopes = ["bookings:read", "users:read"] if "v1" in style else ["*"]
        assert all(entry["details"] == {"name": "Till", "scopes": scopes} for entry in told)


def test_a_webhook_s_target_is_told_and_nothing_secret_of_it(company):
    url = "https://hooks.example.com:8443/secret/secret?token=secret"
    made = company.post("/api/v1/webhooks", {"url": "https://a.example.com/secret", "events": ["booking.created"]}).json()
    company.patch(f"/api/v1/webhooks/{made['id']}", {"url": url})
    company.patch(f"/api/v1/webhooks/{made['id']}", {"name": "Renamed"})
    company.delete(f"/api/v1/webhooks/{made['id']}")
    told = [entry["details"] for entry in entries(company, subject=made["id"])]
    assert told == [{"target": "https://hooks.example.com:8443"}, {"updatedFields": ["name"]},
                    {"updatedFields": ["url"], "target": "https://hooks.example.com:8443"}, {"target": "https://a.example.com"}]


@pytest.mark.parametrize("face", ["/api/v1/webhooks", "/v3/webhooks", "/api/webhooks/keys"])
def test_every_face_tells_of_its_webhooks(company, face):
    before = len(entries(company, action="webhook.created"))
    bodies = {"/api/v1/webhooks": {"url": "https://a.example.com/x", "events": ["booking.created"]},
              "/v3/webhooks": {"url": "https://a.example.com/x", "eventTypes": ["customer.created"]},
              "/api/webhooks/keys": {"name": "x", "webhookUrl": "https://a.example.com/x", "allowedEvents": ["booking.created"]}}
    company.post(face, bodies[face])
    entry = entries(company, action="webhook.created")
    assert len(entry) == before + 1 and entry[0]["actor"]["type"] == "key" and entry[0]["address"] == "127.0.0.1"


@pytest.mark.parametrize("made_by", ["the API", "the command line"])
def test_each_company_is_told_of_the_operator_s_keys_that_open_it(stack, company, made_by):
    other, stranger = Company(stack), Company(stack)
    if made_by == "the API":
        spanned = {"name": "Both", "scopes": ["*"], "companyIds": [company.id, other.id]}
        stack.platform.post("/api/v1/keys", spanned)
    else:
        stack.slotwire("key", "create", "--company", company.id, "--company", other.id, "--name", "Both")
    for one in (company, other):
        told = entries(one, action="key.created")[0]
        assert told["details"] == {"name": "Both", "scopes": ["*"]}
        assert told["actor"]["type"] == ("key" if made_by == "the API" else "commandLine")
    assert "Both" not in [entry["details"]["name"] for entry in entries(stranger, action="key.created")]
    key = told["subject"]
    stack.platform.post(f"/api/v1/keys/{key}/rotate", {}, 200)
    stack.platform.patch(f"/api/v1/keys/{key}", {"name": "Two"})
    stack.platform.patch(f"/api/v1/keys/{key}/revoke", {})
    stack.platform.delete(f"/api/v1/keys/{key}")
    wanted = ["key.deleted", "key.revoked", "key.updated", "key.rotated", "key.created"]
    for one in (company, other, stack.platform):
        assert [entry["action"] for entry in entries(one, subject=key)] == wanted


def test_filters_by_subject_and_to_a_time(company, clock):
    for day in (1, 2, 3):
        clock(f"2031-05-0{day}T10:00:00Z")
        company.patch("/api/v1/company", {"name": f"Name {day}"})
    two = entries(company, subject=company.id, since="2031-05-01T10:00:00Z", until="2031-05-03T10:00:00Z")
    assert [entry["at"][:10] for entry in two] == ["2031-05-02", "2031-05-01"]
    assert entries(company, subject="cli_nobody") == []


@pytest.mark.parametrize("query", [{"until": "x"}, {"actor": "bk_x"}, {"actor": "nobody"}, {"since": "yesterday"}, {"cursor": "x"}, {"who": "x"}])
def test_bad_questions_are_refused(company, query):
    company.get("/api/v1/audit", 422, params=query)


def test_another_company_sees_nothing_of_it(stack, company):
    company.patch("/api/v1/company", {"name": "Secret"})
    other = Company(stack)
    assert "Secret" not in json.dumps(entries(other)) and company.id not in json.dumps(entries(other))


def test_a_rotated_secret_is_told(company):
    made = company.post("/api/v1/webhooks", {"url": "https://a.example.com/x", "events": ["booking.created"]}).json()
    company.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", {}, 200)
    company.delete(f"/api/v1/webhooks/{made['id']}")
    assert [entry["action"] for entry in entries(company, subject=made["id"])] == \
        ["webhook.deleted", "webhook.rotated", "webhook.created"]


def test_the_making_of_a_company_is_told(company):
    assert [entry["subject"] for entry in entries(company, action="company.created")] == [company.id]
