"""The log: one line per request with its id, and never a secret."""

from stack import wait_until
from world import future, shop


def test_one_line_per_request_names_what_happened(stack, company):
    request_id = company.get("/api/v1/company").headers["X-Request-Id"]
    lines = wait_until(lambda: [line for line in stack.log("worker").splitlines() if request_id in line])
    assert len(lines) == 1 and "GET" in lines[0] and "/api/v1/company" in lines[0] and "200" in lines[0]


def test_no_key_secret_or_person_stands_in_any_log(stack, receiver):
    company, [ada], service = shop(stack)
    hook = company.webhook(receiver.url)
    company.book(service, future(), ada, customer={"name": "Ottilie Geheim", "email": "ottilie@example.com"})
    company.get("/api/v1/company", key=None, headers={"Authorization": "Bearer " + company.key})
    company.get("/api/v1/users", params={"email": "ottilie@example.com"})
    stack.client().get("/api/v1/company", 401, params={"api_key": company.key})
    stack.dispatch()
    assert receiver.deliveries
    assert '"GET /api/v1/users" 200' in stack.log("nginx-access")
    for path in (stack.state / "log").iterdir():
        text = path.read_text(errors="replace")
        for secret in (company.key, company.key[8:], hook["secret"], hook["secret"][6:], "Geheim", "ottilie"):
            assert secret not in text, path.name


def test_control_characters_cannot_forge_a_line(stack, company):
    company.get("/api/v1/nothing%0A2025-01-01T00:00:00.000Z%20error%20forged", 404)
    assert not any(line.startswith("2025-01-01T00:00:00.000Z") for line in stack.log("worker").splitlines())
