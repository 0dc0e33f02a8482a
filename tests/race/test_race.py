"""Fifty clients want the same hour at times that overlap but differ: one gets it, nobody sees a fault."""

import json
import selectors
import socket

import pytest

from stack import PATIENCE
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
