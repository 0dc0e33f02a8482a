"""Who may do what, for every operation of the document: the wrong role, the wrong scope and the wrong company are refused.

Nothing here names a route but the public ones. An operation that is added is asked too; for an id of a new kind the test
fails until `things` below makes one."""

import json
import re

import pytest

from stack import TOP, id_text
from world import Company, Person, future, rfc, shop

DOCUMENT = json.loads((TOP / "docs/openapi.json").read_text())
OPERATIONS = [(method.upper(), path, operation) for path, item in sorted(DOCUMENT["paths"].items())
              for method, operation in sorted(item.items())]
GUARDED = [row for row in OPERATIONS if "x-scope" in row[2]]
SCOPES = sorted({operation["x-scope"] for _, _, operation in GUARDED} - {"platform", "session"})
ROLES = ["superuser", "admin", "frontdesk", "coach", "professional", "therapist", "host", "member", "non-member", "ex-member",
         "lead"]

# Open to everybody, on purpose. A route that lost its scope would turn up here.
PUBLIC = {
    ("GET", "/healthz"), ("GET", "/openapi.json"), ("GET", "/readyz"),
    ("GET", "/metrics"),  # has a door of its own: test_metrics.py
    ("POST", "/api/v1/password-resets"), ("POST", "/api/v1/password-resets/confirm"),
    ("POST", "/api/v1/sessions"), ("POST", "/api/v1/sessions/refresh"),
}

# Bodies that reach the handler, where the schema alone does not tell how.
BODIES = {
    ("POST", "/api/v1/bookings/{id}/reschedule"): lambda: {"startsAt": rfc(future(days=20))},
}

# Not of the business: counted in memory, or by whoever comes by.
VOLATILE = {"rate_windows", "counters", "heartbeats", "login_failures", "dispatchers", "dispatcher_shards", "alarms"}


def named(rows):
    return pytest.mark.parametrize("method, path, operation", rows, ids=[f"{method} {path}" for method, path, _ in rows])


def parameters(operation, place):
    return [parameter for parameter in operation.get("parameters", []) if parameter["in"] == place]


# ---- samples that the document itself describes ----


def prefix_of(schema):
    found = re.match(r"\^(?:\(\?:)?([a-z_]+)_\[0-9a-hjkmnp-tv-z\]\{26\}", schema.get("pattern", ""))
    return found[1] if found else None


def sample_text(schema):
    if prefix_of(schema):
        return prefix_of(schema) + "_" + "0" * 25 + "1"
    by_format = {"date-time": rfc(future()), "date": "2031-01-02", "email": "a@example.com", "uri": "https://example.com/x"}
    text = by_format.get(schema.get("format"), "sample")
    return text.ljust(schema.get("minLength", 0), "x")


def sample(schema):
    """Something small that the schema takes."""
    kind = schema.get("type")
    kind = next(one for one in kind if one != "null") if isinstance(kind, list) else kind
    if "enum" in schema:
        return schema["enum"][0]
    if "examples" in schema:
        return schema["examples"][0]
    if kind == "object":
        return {name: sample(schema["properties"][name]) for name in schema.get("required", [])}
    if kind == "array":
        return [sample(schema["items"])] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return True if kind == "boolean" else sample_text(schema)


def body_of(method, path, operation):
    if (method, path) in BODIES:
        return BODIES[method, path]()
    if "requestBody" not in operation:
        return None
    return sample(operation["requestBody"]["content"]["application/json"]["schema"])


def path_with(path, operation, value_of):
    for parameter in parameters(operation, "path"):
        path = path.replace("{" + parameter["name"] + "}", value_of(parameter))
    return path


def ask(client, method, path, operation, body=None, **options):
    query = {parameter["name"]: sample(parameter["schema"]) for parameter in parameters(operation, "query")
             if parameter.get("required")}
    return client.api(method, path, params=query, json=body, **options)


def knock(client, method, path, operation, **options):
    """A request that can do no harm where it is let in: no thing has that id, no body has that member."""
    path = path_with(path, operation, lambda parameter: sample(parameter["schema"]))
    return ask(client, method, path, operation, None if method in ("GET", "DELETE") else {"unknown": 1}, **options)


# ---- the scene ----


@pytest.fixture(scope="module")
def company(stack):
    return Company(stack)


@pytest.fixture(scope="module")
def people(stack, company):
    """A login of each role, by role."""
    return {role: company.person(role) for role in ROLES}


@pytest.fixture(scope="module")
def key_with(stack, company):
    """A key of the company with just these scopes; each is made once."""
    made = {}

    def give(scopes):
        words = " ".join(sorted(scopes))
        if words not in made:
            made[words] = company.with_scopes(words)
        return made[words]
    return give


@pytest.fixture(scope="module")
def things(stack):
    """One thing of each kind that one company has, by the prefix of its id; and a client that is another company."""
    owner, [ada], service = shop(stack)
    booking = owner.book(service, future(), ada)
    hook = owner.webhook("http://127.0.0.1:9/hook")
    recovery = owner.post(f"/api/v1/webhooks/{hook['id']}/recoveries", {"since": rfc(future(-1))}, 202).json()
    owner.person("admin")  # … with a session
    owner.user("Mia")  # an event with a delivery …
    stack.dispatch()  # … that was tried

    def newest(table, prefix):
        row = stack.sql.one(f"SELECT id FROM {table} WHERE company_id = %s ORDER BY id DESC LIMIT 1", owner.bytes)
        return id_text(prefix, row["id"])
    return owner, {
        "usr": ada["id"], "srv": service["id"], "bk": booking["id"], "whk": hook["id"], "cli": owner.id,
        "ses": newest("sessions", "ses"), "key": newest("api_keys", "key"), "evt": newest("events", "evt"),
        "dlv": newest("deliveries", "dlv"), "aud": newest("audit_log", "aud"), "rec": recovery["id"],
        "/api/webhooks/": owner.webhook("https://example.com/", format="therapy")["id"],
        "/v3/webhooks/": owner.webhook("https://example.com/", format="pushpress")["id"],
    }, Company(stack).person("admin")


def thing_for(path, parameter, things):
    prefix = prefix_of(parameter["schema"])
    face = next((start for start in things if start[0] == "/" and path.startswith(start)), None)
    if face:  # shows endpoints of its own format only
        return things[face]
    if prefix not in things:
        pytest.fail(f"no thing of the kind {prefix!r} is made for {{{parameter['name']}}}: add it to `things` in {__file__}")
    return things[prefix]


# ---- everybody ----


def test_only_these_are_public():
    assert {(method, path) for method, path, operation in OPERATIONS if "x-scope" not in operation} == PUBLIC


def test_the_document_s_security_is_its_scope():
    for method, path, operation in OPERATIONS:
        schemes = {name for entry in operation["security"] for name in entry}
        scope = operation.get("x-scope")
        wanted = set() if scope is None else {"login"} if scope == "session" else {"bearer", "apiKey", "xApiKey"}
        assert schemes - {"login"} == wanted - {"login"}, (method, path)
        assert ("login" in schemes) == (scope not in (None, "platform")), (method, path)


@named(GUARDED)
def test_without_credentials_nobody_gets_in(stack, method, path, operation):
    answer = knock(stack.client(), method, path, operation)
    assert answer.status_code == 401 and answer.json()["error"]["code"] == "UNAUTHORIZED"


@named(GUARDED)
def test_a_key_needs_the_scope(stack, key_with, method, path, operation):
    scope = operation["x-scope"]
    lacking = [other for other in SCOPES if other not in (scope, scope.replace(":read", ":write"))]
    answer = knock(key_with(lacking), method, path, operation)
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "FORBIDDEN"
    if scope == "session":
        assert knock(key_with(["*"]), method, path, operation).status_code == 403
        return
    client = stack.platform if scope == "platform" else key_with([scope])
    assert knock(client, method, path, operation).status_code not in (401, 403)


@named(GUARDED)
def test_a_person_needs_a_role_that_has_it(stack, people, method, path, operation):
    allowed = operation["x-roles"]
    for role in ROLES:
        # The one who is let in may log out by it.
        client = Person(stack, people[role].email) if operation["x-scope"] == "session" and method != "GET" else people[role]
        answer = knock(client, method, path, operation)
        if role in allowed:
            assert answer.status_code not in (401, 403), (role, answer.text)
        else:
            assert answer.status_code == 403 and answer.json()["error"]["code"] == "FORBIDDEN", role


@named([row for row in GUARDED if row[2]["x-scope"] != "session"])
def test_a_customer_gets_in_nowhere(people, method, path, operation):
    assert knock(people["member"], method, path, operation).status_code == 403


# ---- another company ----

# A path's choice, as of the event types, is nobody's thing.
OF_THINGS = [row for row in GUARDED if any("enum" not in parameter["schema"] for parameter in parameters(row[2], "path"))]


@named(OF_THINGS)
def test_another_company_s_thing_is_not_there(stack, things, method, path, operation):
    _, ids, stranger = things
    before = stack.sql.counts()
    answer = ask(stranger, method, path_with(path, operation, lambda parameter: thing_for(path, parameter, ids)), operation,
                 body_of(method, path, operation))
    assert answer.status_code == 404, f"{answer.status_code}; a 422 wants a row in BODIES: {answer.text}"
    assert answer.json()["error"]["code"] == "NOT_FOUND"
    after = stack.sql.counts()
    assert {name: count for name, count in after.items() if name not in VOLATILE} == \
        {name: count for name, count in before.items() if name not in VOLATILE}


@named([row for row in OF_THINGS if row[0] == "GET" and row[2]["x-scope"] != "session"])
def test_its_own_company_finds_it(things, method, path, operation):
    """So that the 404 above is for the stranger, and not for a thing that never was."""
    owner, ids, _ = things
    answer = ask(owner, method, path_with(path, operation, lambda parameter: thing_for(path, parameter, ids)), operation)
    assert answer.status_code == 200, answer.text


# ---- the table itself ----


def test_the_document_and_the_table_for_people_agree():
    table = (TOP / "docs/permissions.md").read_text()
    for method, path, operation in GUARDED:
        line = next(line for line in table.splitlines() if line.startswith(f"| `{method} {path}` |"))
        if operation["x-scope"] not in ("session", "platform"):
            assert line.endswith(f"| `{operation['x-scope']}` | {', '.join(operation['x-roles'])} |")
