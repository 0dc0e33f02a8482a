"""The same program as plain CGI, for hosts without FastCGI."""

import json
import subprocess

import pytest

from world import shop, future


def run_cgi(stack, method, target, key=None, body=b"", **more):
    path, _, query = target.partition("?")
    environment = {"REQUEST_METHOD": method, "REQUEST_URI": target, "DOCUMENT_URI": path, "SCRIPT_NAME": "",
                   "PATH_INFO": path, "QUERY_STRING": query, "GATEWAY_INTERFACE": "CGI/1.1",
                   "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", **more}
    if body:
        environment.setdefault("CONTENT_LENGTH", str(len(body)))
        environment["CONTENT_TYPE"] = "application/json"
    if key:
        environment["HTTP_X_API_KEY"] = key
    result = stack.program("slotwire-api", "--config", str(stack.config), environment=environment,
                           input=body.decode())
    head, _, text = result.stdout.replace("\r\n", "\n").partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    return int(headers.get("Status", "200 OK").split()[0]), headers, text


def test_a_get_as_cgi_answers_as_over_fastcgi(stack, company):
    status, headers, text = run_cgi(stack, "GET", "/api/v1/company", company.key)
    assert status == 200 and text.strip() == company.get("/api/v1/company").text.strip()
    assert headers["Content-Type"].startswith("application/json")


def test_a_booking_can_be_made_as_cgi(stack):
    company, [ada], service = shop(stack)
    body = json.dumps(company.order(service, future(), ada)).encode()
    status, _, text = run_cgi(stack, "POST", "/api/v1/bookings", company.key, body)
    assert status == 201 and company.get(f"/api/v1/bookings/{json.loads(text)['id']}").json() == json.loads(text)


def test_errors_have_their_status_as_cgi(stack):
    status, _, text = run_cgi(stack, "GET", "/api/v1/company")
    assert status == 401 and json.loads(text)["error"]["code"] == "UNAUTHORIZED"


def test_a_query_reaches_the_handler_as_cgi(stack, company):
    company.user("A"), company.user("B")
    status, _, text = run_cgi(stack, "GET", "/api/v1/users?limit=1", company.key)
    assert status == 200 and len(json.loads(text)["data"]) == 1


def test_a_body_without_its_length_is_read_to_its_end_as_cgi(stack, company):
    """Apache takes the chunks apart and gives no length: `overlapSeconds: 0` was not read, and a leaked secret lived on."""
    leaked = company.post("/api/v1/keys", {"name": "Leaked", "scopes": ["*"]}).json()
    status, _, text = run_cgi(stack, "POST", f"/api/v1/keys/{leaked['id']}/rotate", company.key, b'{"overlapSeconds":0}',
                              CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert status == 200 and json.loads(text)["key"] != leaked["key"]
    stack.client(leaked["key"]).get("/api/v1/company", 401)


def test_a_body_without_end_is_too_large_as_cgi(stack, company):
    body = b'{"name":"' + b"x" * (2 << 20) + b'"}'
    status, _, text = run_cgi(stack, "POST", "/api/v1/users", company.key, body, CONTENT_LENGTH="")
    assert status == 413 and json.loads(text)["error"]["code"] == "BODY_TOO_LARGE"


def test_a_body_that_was_kept_back_is_too_large_as_cgi(stack, company):
    """What is over mod_fcgid's own limit arrives empty."""
    status, _, text = run_cgi(stack, "POST", "/api/v1/users", company.key, CONTENT_LENGTH="200000", CONTENT_TYPE="application/json")
    assert status == 413 and json.loads(text)["error"]["code"] == "BODY_TOO_LARGE"


def test_a_post_without_a_body_is_one_as_cgi(stack, company):
    status, _, text = run_cgi(stack, "POST", "/api/v1/users", company.key)
    assert status == 422 and "name" in text


def test_the_program_loads_no_library_that_only_sends(stack):
    """Each plain CGI request starts the program anew, and the 28 libraries behind libcurl were half of that start."""
    loaded = subprocess.run(["ldd", stack.build / "slotwire-api"], capture_output=True, text=True, check=True).stdout
    assert "libmariadb" in loaded and "curl" not in loaded


@pytest.mark.parametrize("words", [("--routes",), ("--config", "/etc/passwd"), ("--config=/nowhere",), ("x", "--openapi")])
def test_a_query_is_no_command_line_as_cgi(stack, company, words):
    """Web servers hand a query without `=` to a CGI program as its arguments (RFC 3875 §4.4)."""
    query = "+".join(words).replace("=", "%3D")
    environment = {"REQUEST_METHOD": "GET", "REQUEST_URI": f"/healthz?{query}", "QUERY_STRING": query,
                   "GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_ADDR": "127.0.0.1", "SLOTWIRE_CONFIG": str(stack.config)}
    answer = stack.program("slotwire-api", *words, environment=environment, input="").stdout
    assert answer.startswith("Status: ") and "openapi" not in answer


def test_its_own_arguments_stand_whatever_the_query_is_as_cgi(stack, company):
    for query in ("limit=1", "cold", ""):
        status, _, _ = run_cgi(stack, "GET", f"/healthz?{query}", SLOTWIRE_CONFIG="/nowhere.conf")
        assert status in (200, 422)
