"""How a booking is paid, and that somebody noted it."""

import json
import threading

import pytest

from world import fault_fields, future, shop


def test_a_booking_names_how_it_is_paid(stack):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada, paymentMethod="bank_transfer")
    assert booking["payment"] == {"method": "bank_transfer", "provider": None, "reference": None, "verifiedAt": None}
    assert company.get(f"/api/v1/bookings/{booking['id']}").json() == booking
    assert company.get("/api/v1/bookings").json()["data"] == [booking]


def test_a_booking_without_a_word_on_payment(stack):
    company, [ada], service = shop(stack)
    assert set(company.book(service, future(), ada)["payment"].values()) == {None}


def test_a_verified_payment_is_told_with_the_call(stack):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada)
    paid = company.move(booking, "verify-payment", {"provider": "stripe", "reference": "pi_1"})
    assert paid["payment"]["provider"] == "stripe" and paid["payment"]["reference"] == "pi_1"
    assert paid["payment"]["verifiedAt"] and paid["status"] == "pending"
    [event] = company.events("booking.payment_verified")
    data = json.loads(event["payload"])
    assert {name: data[name] for name in paid} == paid
    assert list(data)[-3:] == ["company", "secureCallLink", "roomId"]
    assert data["secureCallLink"].startswith("https://meet.example.com/" + data["roomId"] + "?token=")


def test_the_provider_is_the_method_unless_it_is_named(stack):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada, paymentMethod="bank_transfer")
    assert company.move(booking, "verify-payment")["payment"]["provider"] == "bank_transfer"


def test_a_payment_is_verified_once(stack):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada)
    company.move(booking, "verify-payment")
    again = company.move(booking, "verify-payment", expect=409)
    assert again["error"]["code"] == "CONFLICT" and "before" in again["error"]["details"]["reason"]
    assert len(company.events("booking.payment_verified")) == 1


def test_of_two_at_once_one_verifies(stack):
    company, [ada], service = shop(stack)
    booking, statuses = company.book(service, future(), ada), []

    def verify():
        statuses.append(stack.client(company.key).api("POST", f"/api/v1/bookings/{booking['id']}/verify-payment").status_code)

    threads = [threading.Thread(target=verify) for _ in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert sorted(statuses) == [200, 409, 409, 409]
    assert len(company.events("booking.payment_verified")) == 1


def test_a_cancelled_booking_takes_no_payment(stack):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada)
    company.move(booking, "cancel")
    refused = company.move(booking, "verify-payment", expect=409)
    assert "cancelled" in refused["error"]["details"]["reason"]
    assert company.events("booking.payment_verified") == []


def test_a_payment_of_nothing_is_not_found(company):
    company.post("/api/v1/bookings/bk_01jbh3k9v8e7ra5q0xw2m4t6zg/verify-payment", expect=404)


@pytest.mark.parametrize("body,field", [({"provider": "x" * 41}, "provider"), ({"reference": "x" * 101}, "reference"),
                                        ({"reference": 7}, "reference"), ({"amount": 75}, "amount")])
def test_bad_payments_are_named(stack, body, field):
    company, [ada], service = shop(stack)
    booking = company.book(service, future(), ada)
    assert fault_fields(company.move(booking, "verify-payment", body, 422)) == [field]


def test_a_method_that_is_too_long_is_named(stack):
    company, [ada], service = shop(stack)
    assert fault_fields(company.book(service, future(), ada, 422, paymentMethod="x" * 41)) == ["paymentMethod"]
