"""/v3/keys: the same keys in the PushPress style."""

import pytest

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
    other.get(path, 404), other.delete(path, 404), other.patch(path + "/revoke", {}, 404)
    stack.platform.get("/v3/keys", 403)
