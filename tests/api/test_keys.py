"""/api/v1/keys: making, changing, rotating and ending keys, and who may."""

import concurrent.futures
import uuid

import pytest

from stack import id_bytes
from world import Company, fault_fields, future, shop

READ = {"name": "Reader", "scopes": ["bookings:read"]}


def make(client, expect=201, **members):
    return client.post("/api/v1/keys", {**READ, **members}, expect).json()


def using(stack, made):
    return stack.client(made["key"])


def opens(client, expect=200, **options):
    return client.get("/api/v1/bookings", expect, **options)


def audited(stack, key):
    return [row["action"] for row in
            stack.sql.all("SELECT action FROM audit_log WHERE subject = %s ORDER BY id", key["id"])]


# ---- making and reading ----

def test_a_key_is_made_shown_once_and_works(stack, company):
    made = make(company, description="For the site", bookingLimit=7, allowedAddresses=["127.0.0.1", "2001:db8::/32"])
    assert made["scopes"] == ["bookings:read"] and made["bookingLimit"] == 7 and made["calendarLimit"] is None
    assert made["displayKey"].startswith("sk_live_") and made["displayKey"].endswith(made["key"][-8:])
    assert made["createdBy"]["keyId"].startswith("key_") and made["createdBy"]["userId"] is None
    assert "companyIds" not in made and made["expiresAt"] is None
    opens(using(stack, made))
    using(stack, made).get("/api/v1/users", 403)
    read = company.get(f"/api/v1/keys/{made['id']}").json()
    assert "key" not in read and read["lastUsedAt"] and {**read, "lastUsedAt": None} == \
        {name: value for name, value in made.items() if name != "key"}
    assert audited(stack, made) == ["key.created"]
    assert not stack.sql.one("SELECT 1 FROM api_key_secrets WHERE HEX(key_hash) LIKE %s", made["key"][:8] + "%")


def test_who_made_a_key_is_told(stack, company):
    made, person = make(company), company.user()
    stack.sql.run("UPDATE api_keys SET created_by = %s WHERE id = %s", id_bytes(person["id"]), id_bytes(made["id"]))
    assert company.get(f"/api/v1/keys/{made['id']}").json()["createdBy"] == {"userId": person["id"], "keyId": None}
    by_hand = stack.company_key(company.id, "bookings:read")
    listed = company.get("/api/v1/keys").json()["data"]
    assert [key["createdBy"] for key in listed if by_hand.endswith(key["displayKey"][-8:])] == [None]


def test_keys_are_listed_in_pages(company):
    ids = [make(company, name=f"Key {number}")["id"] for number in range(3)]
    first = company.get("/api/v1/keys", params={"limit": 2}).json()
    rest = company.get("/api/v1/keys", params={"limit": 2, "cursor": first["next"]}).json()
    assert [key["id"] for key in first["data"] + rest["data"]][1:] == ids and rest["next"] is None
    company.get("/api/v1/keys", 422, params={"cursor": "broken"})


def test_another_companys_key_is_not_there(stack, company):
    made, other = make(company), Company(stack)
    path = f"/api/v1/keys/{made['id']}"
    other.get(path, 404)
    other.patch(path, {"name": "Mine"}, 404)
    other.patch(path + "/revoke", {}, 404)
    other.post(path + "/rotate", {}, 404)
    other.delete(path, 404)
    stack.platform.get(path, 404)
    opens(using(stack, made))


@pytest.mark.parametrize("members, field", [
    ({"name": ""}, "name"), ({"scopes": []}, "scopes"), ({"scopes": ["bookings:burn"]}, "scopes[0]"),
    ({"scopes": ["bookings:read users:read"]}, "scopes[0]"), ({"scopes": ["platform"]}, "scopes[0]"),
    ({"allowedAddresses": ["10.0.0.0/33"]}, "allowedAddresses[0]"), ({"allowedAddresses": ["x.example"]}, "allowedAddresses[0]"),
    ({"allowedAddresses": ["127.0.0.1,10.0.0.1"]}, "allowedAddresses[0]"),
    ({"allowedAddresses": ["10.0.0.1"] * 21}, "allowedAddresses"), ({"bookingLimit": 0}, "bookingLimit"),
    ({"expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"), ({"companyIds": ["cli_x"]}, "companyIds[0]"), ({"what": 1}, "what"),
])
def test_bad_members_are_named_and_nothing_is_stored(stack, company, members, field):
    assert field in fault_fields(make(company, 422, **members))
    assert stack.sql.number("SELECT COUNT(*) FROM api_keys WHERE company_id = %s", company.bytes) == 1


# ---- nobody gives more than they have ----

def test_nobody_gives_scopes_that_they_do_not_have(stack, company):
    keeper = company.with_scopes("keys:write bookings:read")
    make(keeper)
    for scopes in (["*"], ["bookings:write"], ["bookings:read", "users:read"]):
        assert make(keeper, 403, scopes=scopes)["error"]["code"] == "FORBIDDEN"
    everything = make(company, scopes=["*"])
    keeper.post(f"/api/v1/keys/{everything['id']}/rotate", {}, 403)
    keeper.patch(f"/api/v1/keys/{everything['id']}", {"bookingLimit": 5}, 403)
    keeper.patch(f"/api/v1/keys/{everything['id']}", {"name": "Renamed"}, 403)
    assert audited(stack, everything) == ["key.created"]


def test_nobody_takes_from_a_key_that_may_more(stack, company):
    keeper, everything = company.with_scopes("keys:write bookings:read"), make(company, scopes=["*"])
    for path in ("/api/v1/keys", "/v3/keys"):
        keeper.patch(f"{path}/{everything['id']}/revoke", None, 403)
        keeper.delete(f"{path}/{everything['id']}", 403)
    assert audited(stack, everything) == ["key.created"]
    lesser = [make(company, scopes=["bookings:read"]) for _ in range(2)]
    keeper.patch(f"/api/v1/keys/{lesser[0]['id']}/revoke", None)
    keeper.delete(f"/v3/keys/{lesser[1]['id']}", 200)


def test_a_key_may_always_end_itself(stack, company):
    own = make(company, scopes=["keys:write"], bookingLimit=5)
    using(stack, own).patch(f"/api/v1/keys/{own['id']}/revoke", None)
    company.get("/api/v1/keys", headers={"X-API-Key": own["key"]}, key=None, expect=401)


def test_the_keys_of_a_limited_key_share_its_count(stack):
    company, _, service = shop(stack, 1)
    limited = make(company, scopes=["*"], bookingLimit=3)
    child = make(using(stack, limited), scopes=["*"])
    grandchild = make(using(stack, child), scopes=["*"], bookingLimit=2)
    for number, (key, left) in enumerate(((limited, "2"), (grandchild, "0"), (child, "0"))):
        answer = using(stack, key).post("/api/v1/bookings", company.order(service, future(days=5, hour=number)), None)
        assert answer.headers["X-RateLimit-Remaining"] == left
    for key in (limited, child, grandchild):
        using(stack, key).post("/api/v1/bookings", company.order(service, future(days=5, hour=9)), 429)


def test_a_bound_key_hands_its_bounds_on_and_cannot_shed_them(stack, company):
    bounds = {"expiresAt": "2090-01-01T00:00:00.000Z", "bookingLimit": 5, "calendarLimit": 6,
              "allowedAddresses": ["127.0.0.0/8"]}
    bound = make(company, scopes=["*"], **bounds)
    keeper = using(stack, bound)
    child = make(keeper)
    assert {name: child[name] for name in bounds} == bounds
    for wider in ({"expiresAt": "2091-01-01T00:00:00Z"}, {"bookingLimit": 6}, {"calendarLimit": 7},
                  {"allowedAddresses": ["127.0.0.0/8", "10.0.0.1"]}):
        make(keeper, 403, **wider)
    for shed in ({"expiresAt": None}, {"bookingLimit": None}, {"calendarLimit": 60}, {"allowedAddresses": []}):
        keeper.patch(f"/api/v1/keys/{bound['id']}", shed, 403)
        keeper.patch(f"/api/v1/keys/{child['id']}", shed, 403)
    keeper.patch(f"/api/v1/keys/{child['id']}", {"bookingLimit": 4})
    keeper.post(f"/api/v1/keys/{make(company)['id']}/rotate", {}, 403)


@pytest.mark.parametrize("scopes, reads, writes", [("bookings:read", 403, 403), ("keys:read", 200, 403), ("keys:write", 200, 403)])
def test_scopes_of_keys_are_asked_for(company, scopes, reads, writes):
    client = company.with_scopes(scopes)
    client.get("/api/v1/keys", reads)
    make(client, writes)


# ---- changing and ending ----

def test_a_key_is_changed(stack, company):
    made = make(company, bookingLimit=3)
    path = f"/api/v1/keys/{made['id']}"
    change = {"name": "New", "description": "More", "allowedAddresses": ["::1"], "bookingLimit": None, "calendarLimit": 9,
              "expiresAt": "2090-01-01T00:00:00.000Z"}
    changed = company.patch(path, change).json()
    assert {name: changed[name] for name in change} == change
    assert company.patch(path, change).json() == changed
    assert audited(stack, made) == ["key.created", "key.updated"]
    assert company.patch(path, {"allowedAddresses": []}).json()["allowedAddresses"] == []
    assert "expiresAt" in fault_fields(company.patch(path, {"expiresAt": "2001-01-01T00:00:00Z"}, 422).json())
    company.patch(path, {"scopes": ["*"]}, 422)
    company.patch("/api/v1/keys/key_" + "0" * 26, {"name": "x"}, 404)


@pytest.fixture(scope="module")
def crowd(stack):
    """A client for each of many connections, so that every worker of a pool is met."""
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        yield lambda key, path: set(threads.map(
            lambda _: stack.client(key).api("GET", path).status_code, range(32)))


@pytest.mark.parametrize("path", ["/api/v1/bookings", "/api/v1/company"])  # of the booking and the admin pool
def test_an_ended_key_is_refused_at_the_next_request_by_every_worker(stack, company, crowd, path):
    def end(call):
        made = make(company, scopes=["*"])
        assert crowd(made["key"], path) == {200}
        call(f"/api/v1/keys/{made['id']}")
        assert crowd(made["key"], path) == {401}
    end(lambda key: company.patch(key + "/revoke", {}))
    end(lambda key: company.delete(key))
    end(lambda key: company.post(key + "/rotate", {"overlapSeconds": 0}, 200))


def test_an_expired_key_is_refused(stack, clock, company):
    made = make(company, expiresAt="2031-01-01T00:00:00Z")
    clock("2030-12-31T23:59:59Z")
    opens(using(stack, made))
    clock("2031-01-01T00:00:00Z")
    opens(using(stack, made), 401)
    clock(None)
    stack.sql.run("UPDATE api_keys SET expires_at = created_at WHERE id = %s", id_bytes(made["id"]))
    assert company.post(f"/api/v1/keys/{made['id']}/rotate", {}, 409).json()["error"]["code"] == "CONFLICT"


def test_a_revoked_key_stays_listed_and_revoked(stack, company):
    made = make(company)
    path = f"/api/v1/keys/{made['id']}"
    revoked = company.patch(path + "/revoke", {}).json()
    assert revoked["revokedAt"] and company.patch(path + "/revoke", {}).json() == revoked
    assert revoked in company.get("/api/v1/keys").json()["data"]
    company.post(path + "/rotate", {}, 409)
    assert audited(stack, made) == ["key.created", "key.revoked"]


def test_a_deleted_key_leaves_nothing(stack, company):
    made = make(company)
    company.delete(f"/api/v1/keys/{made['id']}")
    company.get(f"/api/v1/keys/{made['id']}", 404)
    assert not stack.sql.one("SELECT 1 FROM api_key_secrets WHERE key_id = %s", id_bytes(made["id"]))
    assert audited(stack, made) == ["key.created", "key.deleted"]


# ---- rotating ----

def rotate(company, key, **members):
    return company.post(f"/api/v1/keys/{key['id']}/rotate", members, 200).json()


def test_two_secrets_open_while_a_key_is_rotated_and_never_three(stack, company):
    first = make(company)
    second = rotate(company, first)
    assert second["key"] != first["key"] and second["id"] == first["id"]
    assert second["displayKey"].endswith(second["key"][-8:])
    opens(using(stack, first)), opens(using(stack, second))
    third = rotate(company, first)
    opens(using(stack, first), 401), opens(using(stack, second)), opens(using(stack, third))
    assert stack.sql.number("SELECT COUNT(*) FROM api_key_secrets WHERE key_id = %s", id_bytes(first["id"])) == 2


def test_the_overlap_ends_on_time_and_its_secret_is_swept(stack, clock, company):
    first = make(company)
    clock("2031-01-01T00:00:00Z")
    second = rotate(company, first, overlapSeconds=60)
    clock("2031-01-01T00:00:59Z")
    opens(using(stack, first))
    clock("2031-01-01T00:01:00Z")
    opens(using(stack, first), 401), opens(using(stack, second))
    stack.dispatch()
    assert stack.sql.number("SELECT COUNT(*) FROM api_key_secrets WHERE key_id = %s", id_bytes(first["id"])) == 1
    opens(using(stack, second))


@pytest.mark.parametrize("seconds", [-1, 604801, "day"])
def test_an_overlap_that_makes_no_sense_is_refused(stack, company, seconds):
    made = make(company)
    assert fault_fields(company.post(f"/api/v1/keys/{made['id']}/rotate", {"overlapSeconds": seconds}, 422).json()) == \
        ["overlapSeconds"]
    opens(using(stack, made))


def test_a_key_rotates_itself(stack, company):
    made = make(company, scopes=["keys:write"])
    again = rotate(using(stack, made), made)
    using(stack, again).get("/api/v1/keys")


def test_a_secret_that_ends_gives_power_to_no_key_and_no_login(stack, company):
    """Else the thief for whom the key was rotated rotates it once more, and its owner is out; or goes on with another."""
    made, other, [user] = make(company, scopes=["*"]), make(company, scopes=["keys:write"]), [company.user("Eva", "coach", email="e@example.com")]
    again = rotate(company, made)
    old = using(stack, made)
    asked = [(f"{face}/keys/{key['id']}/rotate", body) for face in ("/api/v1", "/v3") for key in (made, other)
             for body in ({}, {"overlapSeconds": 0})]
    asked += [("/api/v1/keys", {"name": "Mine", "scopes": ["keys:read"]}), ("/v3/keys", {"name": "Mine"}),
              (f"/api/v1/users/{user['id']}/invitation", None)]
    for path, body in asked:
        refused = old.post(path, body, 403).json()["error"]
        assert refused["code"] == "FORBIDDEN" and "secret" in refused["details"]["reason"]
    old.patch(f"/api/v1/keys/{made['id']}", {"expiresAt": "2099-01-01T00:00:00Z"}, 403)
    using(stack, again).get("/api/v1/keys")
    third = rotate(using(stack, again), made)
    using(stack, third).get("/api/v1/keys")
    old.get("/api/v1/keys", 401)


def test_an_answer_that_the_old_secret_sealed_is_not_opened_by_the_new_one(stack, company):
    made = make(company, scopes=["*"])
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    using(stack, made).post("/api/v1/keys", READ, 201, headers=headers)
    again = using(stack, rotate(company, made)).post("/api/v1/keys", READ, 422, headers=headers)
    assert again.json()["error"]["code"] == "IDEMPOTENCY_MISMATCH"
    replay = using(stack, made).post("/api/v1/keys", READ, 201, headers=headers)
    assert replay.headers["Idempotent-Replayed"] == "true"


# ---- where and when it is used ----

@pytest.mark.parametrize("addresses, status", [
    (["127.0.0.1"], 200), (["10.0.0.0/8", "127.0.0.0/8"], 200), (["0.0.0.0/0"], 200),
    (["10.0.0.0/8"], 403), (["127.0.0.2"], 403), (["::/0"], 403),
])
def test_a_key_is_used_only_from_its_addresses(stack, company, addresses, status):
    made = make(company, allowedAddresses=addresses)
    answer = opens(using(stack, made), status)
    if status == 403:
        assert "address" in answer.json()["error"]["details"]
        assert company.get(f"/api/v1/keys/{made['id']}").json()["lastUsedAt"] is None


def test_the_note_of_the_last_use_waits_for_no_lock(stack, company):
    made = make(company)
    with stack.sql.locked("SELECT 1 FROM api_keys WHERE id = %s FOR UPDATE", id_bytes(made["id"])):
        opens(using(stack, made))
    assert company.get(f"/api/v1/keys/{made['id']}").json()["lastUsedAt"] is None
    opens(using(stack, made))
    assert company.get(f"/api/v1/keys/{made['id']}").json()["lastUsedAt"]


# ---- several companies ----

@pytest.fixture
def pair(stack):
    return Company(stack), Company(stack)


def of(company):
    return {"company-id": company.id}


def test_a_key_of_several_companies_asks_for_one(stack, pair):
    made = stack.platform.post("/api/v1/keys", {**READ, "scopes": ["*"], "companyIds": [pair[0].id, pair[1].id, pair[0].id]}).json()
    assert sorted(made["companyIds"]) == sorted(company.id for company in pair)
    client = using(stack, made)
    for company in pair:
        assert client.get("/api/v1/company", headers=of(company)).json()["id"] == company.id
    missing = client.get("/api/v1/company", 400).json()["error"]
    assert missing["code"] == "BAD_REQUEST" and "company-id" in missing["details"]
    for wrong in (Company(stack).id, "cli_" + "0" * 26, "nonsense", pair[0].id.replace("cli_", "key_")):
        client.get("/api/v1/company", 403, headers={"company-id": wrong})
    client.post("/api/v1/companies", {"name": "x", "timeZone": "UTC", "currency": "USD"}, 403, headers=of(pair[0]))


def test_a_key_of_several_companies_keeps_their_requests_apart(stack, pair):
    key = stack.slotwire("key", "create", "--company", pair[0].id, "--company", pair[1].id, "--name", "Both").stdout.strip()
    client, headers = stack.client(key), {"Idempotency-Key": uuid.uuid4().hex}
    ids = [client.post("/api/v1/users", {"name": "Mia", "role": "member"}, headers={**headers, **of(company)}).json()["id"]
           for company in pair]
    assert len(set(ids)) == 2
    for company, user in zip(pair, ids):
        company.get(f"/api/v1/users/{user}")
        again = client.post("/api/v1/users", {"name": "Mia", "role": "member"}, headers={**headers, **of(company)})
        assert again.json()["id"] == user and again.headers["Idempotent-Replayed"] == "true"


def test_only_the_operator_keeps_keys_of_several_companies(stack, pair):
    made = stack.platform.post("/api/v1/keys", {**READ, "companyIds": [pair[0].id]}).json()
    path = f"/api/v1/keys/{made['id']}"
    pair[0].post(path + "/rotate", {}, 404)
    pair[0].delete(path, 404)
    pair[0].post("/api/v1/keys", {**READ, "companyIds": [pair[0].id]}, 403)
    assert made["id"] in [key["id"] for key in stack.platform.get("/api/v1/keys", params={"limit": 100}).json()["data"]]
    again = rotate(stack.platform, made)
    opens(using(stack, again), headers=of(pair[0]))
    stack.platform.patch(path, {"name": "Renamed", "bookingLimit": 3})
    stack.platform.patch(path + "/revoke", {})
    opens(using(stack, again), 401, headers=of(pair[0]))
    stack.platform.delete(path)


def test_the_operator_names_companies_that_exist(stack, company):
    make_many = lambda members: fault_fields(stack.platform.post("/api/v1/keys", {**READ, **members}, 422).json())
    assert make_many({}) == ["companyIds"]
    assert make_many({"companyIds": [company.id, "cli_" + "0" * 25 + "1"]}) == ["companyIds[1]"]


def test_a_key_of_one_company_takes_only_its_own_header(stack, company):
    company.get("/api/v1/company", headers=of(company))
    company.get("/api/v1/company", 403, headers=of(Company(stack)))
    company.get("/api/v1/company", 403, headers={"company-id": "nonsense"})


def test_the_command_line_names_companies_that_exist(stack, company):
    stack.slotwire("key", "create", "--company", company.id, "--company", "cli_x", "--name", "x", status=1)
    stack.slotwire("key", "create", "--company", "", "--name", "x", status=1)
    stack.slotwire("key", "create", "--company", company.id, "--platform", "--name", "x", status=64)
