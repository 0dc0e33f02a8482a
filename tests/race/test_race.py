"""Fifty clients want the same hour at times that overlap but differ: one gets it, nobody sees a fault."""

import concurrent.futures
import json
import selectors
import socket

import pytest

from stack import PATIENCE, id_bytes, wait_until
from world import future, minutes, rfc, shop

CLIENTS = 50
OVERLAPS = """
    SELECT COUNT(*) FROM {table} a JOIN {table} b
        ON a.{who} = b.{who} AND a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
    WHERE a.company_id = %s {more}"""


def request_bytes(company, body):
    text = json.dumps(body).encode()
    return (f"POST /api/v1/bookings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-API-Key: {company.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n").encode() + text


def volley(port, requests):
    """Opens a connection per request first, sends all of them in one breath, then reads: [(status, body)]."""
    sockets = [socket.create_connection(("127.0.0.1", port), 60 * PATIENCE) for _ in requests]
    answers = [b""] * len(requests)
    with selectors.DefaultSelector() as selector:
        for index, (connection, data) in enumerate(zip(sockets, requests)):
            connection.sendall(data)
            selector.register(connection, selectors.EVENT_READ, index)
        while selector.get_map():
            ready = selector.select(60 * PATIENCE)
            assert ready, "a client got no answer"
            for key, _ in ready:
                piece = key.fileobj.recv(65536)
                answers[key.data] += piece
                if not piece:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
    return [parse(answer) for answer in answers]


def parse(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    text = body[body.find(b"{"):body.rfind(b"}") + 1]
    return int(head.split()[1]), json.loads(text)


def judge(answers, winners):
    codes = sorted(status for status, _ in answers)
    assert codes == [201] * winners + [409] * (CLIENTS - winners), codes
    assert {body["error"]["code"] for status, body in answers if status == 409} == {"BOOKING_CONFLICT"}


def no_overlap(stack, company):
    for table, who, more in (("claims", "resource_id", "AND a.seat = b.seat"),
                             ("bookings", "staff_id", "AND a.status <> 'cancelled' AND b.status <> 'cancelled'")):
        assert stack.sql.number(OVERLAPS.format(table=table, who=who, more=more), company.bytes) == 0


def rounds_of(long):
    return 200 if long else 20


def test_one_of_fifty_clients_gets_the_slot_every_time(stack, long, figure):
    company, [ada], service = shop(stack)
    for number in range(rounds_of(long)):
        start = future(days=10 + number)
        orders = [company.order(service, start + minutes(shift), ada) for shift in range(CLIENTS)]
        judge(volley(stack.port, [request_bytes(company, order) for order in orders]), 1)
    no_overlap(stack, company)
    assert stack.sql.number("SELECT COUNT(*) FROM bookings WHERE company_id = %s", company.bytes) == rounds_of(long)
    figure(f"{rounds_of(long)} rounds of {CLIENTS} clients: exactly one 201 each")


def test_three_staff_take_exactly_three_of_fifty(stack, long):
    company, _, service = shop(stack, 3)
    for number in range(rounds_of(long)):
        order = company.order(service, future(days=10 + number), "any")
        judge(volley(stack.port, [request_bytes(company, order)] * CLIENTS), 3)
    no_overlap(stack, company)


def test_rescheduling_and_booking_race_for_one_slot(stack):
    company, team, service = shop(stack, 2)
    wanted = future(days=20)
    bookings = [company.book(service, future(hour=hour), team[0]) for hour in range(10)]
    body = json.dumps({"startsAt": rfc(wanted)}).encode()
    moves = [(f"POST /api/v1/bookings/{booking['id']}/reschedule HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
              f"X-API-Key: {company.key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
              ).encode() + body for booking in bookings]
    fresh = [request_bytes(company, company.order(service, wanted, team[0]))] * 10
    answers = volley(stack.port, [request for pair in zip(moves, fresh) for request in pair])
    assert sorted(status for status, _ in answers)[:2] in ([200, 409], [201, 409])
    assert {status for status, _ in answers} <= {200, 201, 409}
    no_overlap(stack, company)


@pytest.mark.parametrize("action", ["confirm", "cancel"])
def test_one_of_many_moves_wins(stack, action):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada)
    request = (f"POST /api/v1/bookings/{booking['id']}/{action} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
               f"X-API-Key: {company.key}\r\nContent-Length: 0\r\n\r\n").encode()
    answers = volley(stack.port, [request] * 20)
    assert sorted(status for status, _ in answers) == [200] + [409] * 19
    assert len([event for event in company.events() if event["type"].startswith(f"booking.{action}")]) == 1


# ---- two at once, in an order that the test sets ----

BOOKED_WITHOUT_STAFF = """
    SELECT COUNT(*) FROM bookings b JOIN users u ON u.id = b.staff_id JOIN services s ON s.id = b.service_id
        LEFT JOIN service_staff t ON t.service_id = b.service_id AND t.user_id = b.staff_id
    WHERE b.company_id = %s AND b.status = 'pending'
        AND (t.user_id IS NULL OR u.deleted_at IS NOT NULL OR NOT u.active OR s.deleted_at IS NOT NULL OR NOT s.active)"""


def waiting(stack):
    """How many statements wait for a row: those of ours take no 50 ms otherwise."""
    return stack.sql.number("SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Execute' AND time_ms > 50")


def in_order(stack, lock, *requests):
    """Holds the rows of `lock` until all requests wait behind it, one after another, and gives their answers."""
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        with stack.sql.locked(*lock):
            futures = []
            for number, (company, method, path, body) in enumerate(requests, 1):
                client = stack.client(company.key)  # of its own: a session is not for two threads
                futures.append(pool.submit(client.api, method, "/api/v1" + path, **({"json": body} if body else {})))
                wait_until(lambda: waiting(stack) == number, 3, f"request {number} to wait")
        return [future.result() for future in futures]


def lock_of(person):
    return "SELECT id FROM resources FORCE INDEX (PRIMARY) WHERE id = %s FOR UPDATE", id_bytes(person["id"])


LEAVING = {"deleted": ("DELETE", None), "no staff any more": ("PATCH", {"role": "member"}),
           "inactive": ("PATCH", {"active": False})}


@pytest.mark.parametrize("staff", ["named", "any"])
@pytest.mark.parametrize("how", LEAVING)
def test_nobody_books_a_person_who_leaves_at_that_moment(stack, how, staff):
    company, [ada], service = shop(stack)
    method, change = LEAVING[how]
    order = company.order(service, future(), ada if staff == "named" else "any")
    left, booked = in_order(stack, lock_of(ada), (company, method, f"/users/{ada['id']}", change),
                            (company, "POST", "/bookings", order))
    assert left.status_code in (200, 204)
    assert booked.status_code == (422 if staff == "named" else 409), booked.text
    assert stack.sql.number(BOOKED_WITHOUT_STAFF, company.bytes) == 0


def test_a_person_with_a_booking_just_made_cannot_leave(stack):
    company, [ada], service = shop(stack)
    booked, left = in_order(stack, lock_of(ada), (company, "POST", "/bookings", company.order(service, future(), ada)),
                            (company, "DELETE", f"/users/{ada['id']}", None))
    assert (booked.status_code, left.status_code) == (201, 409)


def test_no_booking_is_moved_to_a_person_who_leaves_at_that_moment(stack):
    company, [ada, bob], service = shop(stack, 2)
    booking = company.book(service, future(), ada)
    left, moved = in_order(stack, lock_of(bob), (company, "DELETE", f"/users/{bob['id']}", None),
                           (company, "POST", f"/bookings/{booking['id']}/reschedule",
                            {"startsAt": rfc(future(hour=12)), "staffId": bob["id"]}))
    assert (left.status_code, moved.status_code) == (204, 422), moved.text
    assert company.get(f"/api/v1/bookings/{booking['id']}").json() == booking


@pytest.mark.parametrize("method, change, status", [
    ("DELETE", None, 404), ("PATCH", {"active": False}, 404), ("PATCH", {"staffIds": []}, 422),
])
def test_nobody_books_a_service_that_ended_while_they_waited(stack, method, change, status):
    company, [ada], service = shop(stack)
    order = company.order(service, future(), ada)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with stack.sql.locked(*lock_of(ada)):
            booked = pool.submit(stack.client(company.key).post, "/api/v1/bookings", order, None)
            wait_until(lambda: waiting(stack) == 1, 3, "the booking to wait")
            company.api(method, f"/api/v1/services/{service['id']}", 204 if method == "DELETE" else 200,
                        **({"json": change} if change else {}))
        assert booked.result().status_code == status, booked.result().text
    assert stack.sql.number(BOOKED_WITHOUT_STAFF, company.bytes) == 0


@pytest.mark.parametrize("first", ["the booking", "the change"])
@pytest.mark.parametrize("change", [{"active": False}, {"name": "Ada L."}, {"role": "member"}, {"role": "coach"}, None])
def test_booking_and_changing_a_person_never_deadlock(stack, change, first):
    company, [ada], service = shop(stack)
    before = stack.log("worker").count("Deadlock")
    requests = [(company, "POST", "/bookings", company.order(service, future(), ada)),
                (company, "PATCH" if change else "DELETE", f"/users/{ada['id']}", change)]
    answers = in_order(stack, lock_of(ada), *requests[::1 if first == "the booking" else -1])
    assert {answer.status_code for answer in answers} <= {200, 201, 204, 409, 422}
    assert stack.log("worker").count("Deadlock") == before


@pytest.mark.parametrize("action", ["complete", "no-show"])
def test_a_booking_moved_into_the_future_is_not_settled(stack, clock, action):
    clock("2031-05-01T09:00:00Z")
    company, [ada], service = shop(stack)
    booking = company.book(service, "2031-05-01T10:00:00Z", ada)
    company.move(booking, "confirm")
    clock("2031-05-01T10:30:00Z")
    moved, settled = in_order(
        stack, ("SELECT id FROM bookings FORCE INDEX (PRIMARY) WHERE id = %s FOR UPDATE", id_bytes(booking["id"])),
        (company, "POST", f"/bookings/{booking['id']}/reschedule", {"startsAt": "2031-05-02T10:00:00Z"}),
        (company, "POST", f"/bookings/{booking['id']}/{action}", None))
    assert (moved.status_code, settled.status_code) == (200, 409), settled.text
    assert settled.json()["error"]["code"] == "INVALID_TRANSITION"
    assert action not in settled.json()["error"]["details"]["allowed"]
    assert company.get(f"/api/v1/bookings/{booking['id']}").json()["status"] == "confirmed"
