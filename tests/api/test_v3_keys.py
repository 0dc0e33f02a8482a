"""/v3/keys: the same keys in the PushPress style."""

import pytest

from stack import id_bytes
from world import Company, fault_fields

STRINGS = {"keyUuid", "companyId", "name", "description"}


def make(client, expect=201, **members):
    return client.post("/v3/keys", {"name": "App", **members}, expect).json()


def listed(client, **query):
    body = client.get("/v3/keys", params=query).json()
    assert list(body) == ["data"] and list(body["data"]) == ["resultArray"]
    return body["data"]["resultArray"]


@pytest.mark.parametrize("header, form", [("API-KEY", "{}"), ("Authorization", "Bearer {}")])
def test_a_key_has_the_shape_of_the_style(stack, company, header, form):
    headers = {header: form.format(company.key)}
    made = company.post("/v3/keys", {"name": "App", "expiresAt": 1956528000123, "someday": True}, key=None, headers=headers).json()
    assert set(made) == STRINGS | {"createdAt", "lastUsedAt", "expiresAt", "apiKey"}
    assert made["companyId"] == company.id and made["description"] == "" and made["expiresAt"] == 1956528000123
    assert isinstance(made["createdAt"], int) and made["lastUsedAt"] is None
    raw = made.pop("apiKey")
    assert company.get(f"/v3/keys/{made['keyUuid']}", key=None, headers=headers).json() == made
    stack.client(raw).get("/v3/keys")
    assert isinstance(company.get(f"/v3/keys/{made['keyUuid']}").json()["lastUsedAt"], int)


def test_a_new_key_may_what_its_maker_may(stack, company):
    made = make(company.with_scopes("keys:write bookings:read"), description="Mine")
    assert made["description"] == "Mine" and made["expiresAt"] is None
    native = company.get(f"/api/v1/keys/{made['keyUuid']}").json()
    assert native["scopes"] == ["keys:write", "bookings:read"] and native["name"] == "App"
    stack.client(made["apiKey"]).get("/api/v1/company", 403)


def test_the_list_holds_the_keys_that_work_page_by_page(company):
    made = [make(company)["keyUuid"] for _ in range(4)]
    company.patch(f"/v3/keys/{made[1]}/revoke", {})
    assert len(listed(company, limit=1)) == 1 and [key["keyUuid"] for key in listed(company)][1:] == [made[0], made[2], made[3]]
    pages = [[key["keyUuid"] for key in listed(company, page=page, limit=2)] for page in (1, 2, 3)]
    assert sum(pages, [])[1:] == [made[0], made[2], made[3]] and pages[2] == []


@pytest.mark.parametrize("query", [{"page": 0}, {"limit": 0}, {"limit": "x"}])
def test_a_page_that_makes_no_sense_is_refused(company, query):
    assert fault_fields(company.get("/v3/keys", 422, params=query).json()) == list(query)


@pytest.mark.parametrize("members, field", [
    ({"name": None}, "name"), ({"expiresAt": 1000}, "expiresAt"), ({"expiresAt": "soon"}, "expiresAt"),
    ({"expiresAt": -5}, "expiresAt"), ({"expiresAt": 1e300}, "expiresAt"),
])
def test_bad_members_are_named(company, members, field):
    answer = make(company, 422, **members)
    assert fault_fields(answer) == [field] and isinstance(answer["message"], str)


def test_a_key_is_revoked_and_removed(stack, company):
    made = make(company)
    raw = made.pop("apiKey")
    path = f"/v3/keys/{made['keyUuid']}"
    assert company.patch(path + "/revoke", {}).json() == made
    stack.client(raw).get("/v3/keys", 401)
    assert company.patch(path + "/revoke", {}).json() == made
    assert company.delete(path, 200).json() == made
    for call in (company.get, company.delete):
        call(path, 404)
    company.patch(path + "/revoke", {}, 404)


def rotate(client, key, expect=200, **members):
    return client.post(f"/v3/keys/{key['keyUuid']}/rotate", members, expect).json()


def test_a_key_is_rotated_and_both_secrets_open_for_a_while(stack, clock, company):
    made = make(company)
    first = made.pop("apiKey")
    clock("2031-01-01T00:00:00Z")
    rotated = rotate(company, made, overlapSeconds=60, someday=True)
    second = rotated.pop("apiKey")
    assert rotated == made and second != first and second.startswith("sk_live_")
    stack.client(first).get("/v3/keys"), stack.client(second).get("/v3/keys")
    clock("2031-01-01T00:01:00Z")
    stack.client(first).get("/v3/keys", 401), stack.client(second).get("/v3/keys")
    third = rotate(stack.client(second), made, overlapSeconds=0)["apiKey"]
    stack.client(second).get("/v3/keys", 401), stack.client(third).get("/v3/keys")
    told = stack.sql.all("SELECT action, details FROM audit_log WHERE subject = %s ORDER BY id", made["keyUuid"])
    assert [row["action"] for row in told] == ["key.created", "key.rotated", "key.rotated"]
    assert '"overlapSeconds":60' in told[1]["details"]


@pytest.mark.parametrize("body", [{}, None])
def test_the_overlap_is_a_day_unless_told(stack, clock, company, body):
    made = make(company)
    clock("2031-01-01T00:00:00Z")
    company.post(f"/v3/keys/{made['keyUuid']}/rotate", body, 200)
    for moment, status in (("2031-01-01T23:59:59Z", 200), ("2031-01-02T00:00:00Z", 401)):
        clock(moment)
        stack.client(made["apiKey"]).get("/v3/keys", status)


def test_a_key_that_has_ended_is_not_rotated(stack, company):
    made, expired = make(company), make(company)
    company.patch(f"/v3/keys/{made['keyUuid']}/revoke", {})
    stack.sql.run("UPDATE api_keys SET expires_at = created_at WHERE id = %s", id_bytes(expired["keyUuid"]))
    for key in (made, expired):
        assert rotate(company, key, 409)["error"]["code"] == "CONFLICT"


@pytest.mark.parametrize("seconds", [-1, 604801, "day"])
def test_an_overlap_that_makes_no_sense_is_refused(stack, company, seconds):
    made = make(company)
    assert fault_fields(rotate(company, made, 422, overlapSeconds=seconds)) == ["overlapSeconds"]
    stack.client(made["apiKey"]).get("/v3/keys")


def test_nobody_rotates_a_key_mightier_than_they_are(stack, company):
    everything = make(company)
    keeper = company.with_scopes("keys:write bookings:read")
    assert "more than they have" in rotate(keeper, everything, 403)["error"]["details"]["reason"]
    rotate(keeper, make(keeper))
    rotate(company.with_scopes("keys:read"), everything, 403)
    stack.client(everything["apiKey"]).get("/v3/keys")


def test_a_bound_key_hands_its_bounds_on(stack, company):
    bound = company.post("/api/v1/keys", {"name": "x", "scopes": ["keys:write"], "expiresAt": "2090-01-01T00:00:00Z"}).json()
    client = stack.client(bound["key"])
    assert make(client)["expiresAt"] == 3786912000000
    assert make(client, 403, expiresAt=3786912000001)["message"]


def test_a_key_of_several_companies_names_one(stack):
    pair = Company(stack), Company(stack)
    key = stack.slotwire("key", "create", "--company", pair[0].id, "--company", pair[1].id, "--name", "Both").stdout.strip()
    client = stack.client(key)
    made = client.post("/v3/keys", {"name": "App"}, headers={"company-id": pair[1].id}).json()
    assert made["companyId"] == pair[1].id and isinstance(client.get("/v3/keys", 400).json()["message"], str)
    pair[1].get(f"/v3/keys/{made['keyUuid']}")


@pytest.mark.parametrize("scopes, reads, writes", [("bookings:read", 403, 403), ("keys:read", 200, 403)])
def test_scopes_of_keys_are_asked_for(company, scopes, reads, writes):
    client = company.with_scopes(scopes)
    client.get("/v3/keys", reads)
    make(client, writes)


def test_another_companys_key_is_not_there(stack, company):
    path = "/v3/keys/" + make(company)["keyUuid"]
    other = Company(stack)
    other.get(path, 404), other.delete(path, 404), other.patch(path + "/revoke", {}, 404), other.post(path + "/rotate", {}, 404)
    stack.platform.get("/v3/keys", 403)
