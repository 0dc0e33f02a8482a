"""Holds every answer of the API against the OpenAPI document that the same server gives, and keeps count."""

import copy
import json
import re

import requests
from jsonschema import Draft202012Validator, FormatChecker, RefResolver

METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}

exercised = set()  # (METHOD, /path/{id}) that answered below 300
codes_seen = set()  # error codes that were answered
tests = {}  # what each test has seen of both, and its seconds; by its name
documents = {}  # the parsed documents, by the server's URL

formats = FormatChecker(formats=())
running = {"seen": set(), "seconds": 0}  # what the test that runs has seen


def begin(test):
    global running
    running = tests.setdefault(test, {"seen": set(), "seconds": 0})


def took(test, seconds):
    tests[test]["seconds"] += seconds


def saw_operation(method, path):
    exercised.add((method, path))
    running["seen"].add(f"{method} {path}")


def saw_code(code):
    codes_seen.add(code)
    running["seen"].add(code)


def save(path):
    """Writes what the tests have seen to a file, and load() adds it to what was seen here."""
    path.write_text(json.dumps({name: {**test, "seen": sorted(test["seen"])} for name, test in tests.items()}))


def load(path):
    for name, test in json.loads(path.read_text()).items():
        begin(name)
        took(name, test["seconds"])
        for thing in test["seen"]:
            method, is_operation, operation = thing.partition(" ")
            saw_operation(method, operation) if is_operation else saw_code(thing)


@formats.checks("date-time")
def is_date_time(text):
    return not isinstance(text, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", text) is not None


@formats.checks("date")
def is_date(text):
    return not isinstance(text, str) or re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None


def parts_of_a_whole(document):
    """Where the schemas are that `allOf` joins, by identity: what one of them leaves out another may bring."""
    found, stack = set(), [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for part in node.get("allOf", []):
                while "$ref" in part:
                    part = RefResolver("", document).resolve(part["$ref"])[1]
                found.update(id(schema) for schema in nested_objects(part))
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


def nested_objects(schema):
    yield schema
    for child in schema.get("properties", {}).values():
        yield from nested_objects(child)


def close(document):
    """A copy in which no object may have members that the document does not describe."""
    document = copy.deepcopy(document)
    open_parts, stack = parts_of_a_whole(document), [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "allOf" in node:
                node.setdefault("unevaluatedProperties", False)
            elif isinstance(node.get("properties"), dict) and id(node) not in open_parts:
                node.setdefault("additionalProperties", False)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return document


def error_codes(document):
    """All values of any `enum` below a property named `code`."""
    found, stack = set(), [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            code = node.get("code")
            if isinstance(code, dict) and "enum" in code:
                found.update(code["enum"])
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


class Document:
    def __init__(self, stack):
        self.stack = stack
        self.validators = {}

    @property
    def raw(self):
        if self.stack.url not in documents:
            answer = requests.get(self.stack.url + "/openapi.json", timeout=60)
            assert answer.status_code == 200, answer.text
            documents[self.stack.url] = answer.json()
            self.closed = close(documents[self.stack.url])
            self.resolver = RefResolver("", self.closed)
            self.paths = [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path)
                          for path in sorted(self.closed["paths"], key=lambda path: path.count("{"))]
        return documents[self.stack.url]

    def path_of(self, path):
        """The document's path that a request's path belongs to, or None."""
        bare = path.partition("?")[0]
        return next((name for pattern, name in self.paths if pattern.match(bare)), None)

    def resolve(self, node):
        return self.resolver.resolve(node["$ref"])[1] if "$ref" in node else node

    def validator(self, schema):
        key = id(schema)
        if key not in self.validators:
            self.validators[key] = Draft202012Validator(schema, resolver=self.resolver, format_checker=formats)
        return self.validators[key]

    def check(self, method, path, answer):
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        if answer.status_code >= 400:
            self.check_error(method, path, answer, is_json)
        self.check_operation(method, path, answer, is_json)

    def check_error(self, method, path, answer, is_json):
        """The one envelope, whatever the path."""
        if method == "HEAD":
            return
        if path == "/readyz" and "checks" in answer.json():
            return  # a report, not an error
        assert is_json, f"{method} {path}: {answer.status_code} is not JSON: {answer.text[:300]}"
        body = answer.json()
        if path.startswith("/api/webhooks/"):
            assert list(body)[0] == "success" and body.pop("success") is False, body
        assert set(body) == {"error", "message"}, body
        assert set(body["error"]) - {"details"} == {"code", "message", "requestId"}, body
        assert body["message"] == body["error"]["message"] and body["message"], body
        assert body["error"]["requestId"], body
        saw_code(body["error"]["code"])

    def check_operation(self, method, path, answer, is_json):
        if not (path.startswith(("/api/", "/v3/")) or path in ("/healthz", "/readyz", "/openapi.json", "/metrics")):
            return
        if answer.status_code == 503 and self.stack.url not in documents:
            return
        document = self.raw
        name = self.path_of(path)
        operation = self.closed["paths"].get(name, {}).get(method.lower()) if name else None
        if operation is None:
            return
        status = str(answer.status_code)
        assert document and (status in operation["responses"] or "default" in operation["responses"]), \
            f"{method} {name} does not describe a {status}: {answer.text[:500]}"
        response = self.resolve(operation["responses"].get(status) or operation["responses"]["default"])
        if name == "/readyz" and status == "503":
            response = operation["responses"]["200"]  # the same report
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if answer.status_code == 204 or answer.status_code == 304:
            assert not answer.content, f"{method} {path}: a body with {status}"
        elif is_json:
            assert schema is not None, f"{method} {name}: {status} has a body that the document does not describe"
            errors = [f"{error.json_path}: {error.message[:300]}"
                      for error in self.validator(schema).iter_errors(answer.json())]
            assert not errors, f"{method} {path} {status} is not what the document says: {errors}"
        if answer.status_code < 300:
            saw_operation(method, name)


def operations(document):
    return {(method.upper(), path) for path, item in document["paths"].items() for method in item if method in METHODS}
