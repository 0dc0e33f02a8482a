"""Our own faults: an invariant that does not hold is a 500 that tells nothing and leaves nothing."""

from stack import id_bytes
from world import future, shop


def corrupt(stack, user):
    stack.sql.run("UPDATE schedules SET weekly = '{\"monday\":\"never\"}' WHERE user_id = %s", id_bytes(user["id"]))


def test_a_corrupted_row_is_an_internal_error_without_any_detail(stack):
    company, [ada], service = shop(stack)
    corrupt(stack, ada)
    answer = company.get(f"/api/v1/slots?serviceId={service['id']}&from=2031-01-01&to=2031-01-07", 500)
    error = answer.json()["error"]
    assert error["code"] == "INTERNAL"
    assert not any(word in answer.text.lower() for word in ("weekly", "schedule", "select", ".c:", "mariadb"))


def test_the_worker_lives_on_and_nothing_is_stored(stack):
    company, [ada], service = shop(stack)
    corrupt(stack, ada)
    workers, before = stack.children("pool-booking"), stack.sql.counts()
    for _ in range(8):
        company.book(service, future(), ada, expect=500)
    assert stack.children("pool-booking") == workers and stack.sql.counts() == before


def test_the_log_has_the_reason_beside_the_request_id(stack):
    company, [ada], service = shop(stack)
    corrupt(stack, ada)
    answer = company.get(f"/api/v1/slots?serviceId={service['id']}&from=2031-01-01&to=2031-01-07", 500)
    lines = [line for line in stack.log("worker").splitlines() if answer.json()["error"]["requestId"] in line]
    assert any(" error " in line for line in lines)
