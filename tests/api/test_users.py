"""Users: staff, customers and leads of a company."""

import json

import pytest

from stack import id_bytes
from world import future, shop

ROLES = ["superuser", "admin", "coach", "frontdesk", "member", "non-member", "ex-member", "lead", "professional",
         "therapist", "host"]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_can_be_made_and_read_back(company, role):
    made = company.user("Zoë \"Z\" O'Neil", role, email="zoe@example.com", phone="+44 20 7946 0000",
                        timeZone="Europe/London", notes="a\nb")
    assert made["id"].startswith("usr_") and made["role"] == role and made["active"] is True
    assert company.get(f"/api/v1/users/{made['id']}").json() == made


def test_members_that_were_not_sent_are_null(company):
    made = company.user("Mia")
    assert made["email"] is made["phone"] is made["timeZone"] is made["notes"] is None


def test_the_list_filters_by_role(company):
    company.user("A", "coach"), company.user("B", "lead")
    page = company.get("/api/v1/users", params={"role": "lead"}).json()
    assert [user["name"] for user in page["data"]] == ["B"]


def test_the_list_filters_by_email(company):
    company.user("A", email="a@example.com"), company.user("B", email="b@example.com")
    page = company.get("/api/v1/users", params={"email": "b@example.com"}).json()
    assert [user["name"] for user in page["data"]] == ["B"]


def test_a_patch_changes_what_was_sent_and_leaves_the_rest(company):
    user = company.user("Mia", email="mia@example.com", notes="old")
    changed = company.patch(f"/api/v1/users/{user['id']}", {"notes": None, "role": "lead"}).json()
    assert (changed["notes"], changed["role"], changed["email"]) == (None, "lead", "mia@example.com")


def test_user_events_tell_of_birth_change_and_end(company):
    user = company.user("Mia")
    company.patch(f"/api/v1/users/{user['id']}", {"name": "Maya", "phone": "+1 555 0100"})
    company.delete(f"/api/v1/users/{user['id']}")
    created, updated, deleted = [json.loads(event["payload"]) for event in company.events()
                                 if event["type"].startswith("user.")]
    assert created["name"] == "Mia" and updated["name"] == "Maya" and deleted["id"] == user["id"]
    assert sorted(updated["updatedFields"]) == ["name", "phone"]


def test_a_deleted_user_is_gone_from_the_api_and_kept_in_the_table(stack, company):
    user = company.user("Mia")
    company.delete(f"/api/v1/users/{user['id']}")
    company.get(f"/api/v1/users/{user['id']}", 404)
    company.delete(f"/api/v1/users/{user['id']}", 404)
    assert company.get("/api/v1/users").json()["data"] == []
    assert stack.sql.one("SELECT deleted_at FROM users WHERE id = %s", id_bytes(user["id"]))["deleted_at"]


def test_staff_with_future_bookings_cannot_be_deleted(stack):
    company, [ada], service = shop(stack)
    company.book(service, future(), ada)
    answer = company.delete(f"/api/v1/users/{ada['id']}", 409).json()
    assert answer["error"]["code"] == "CONFLICT"
    company.get(f"/api/v1/users/{ada['id']}")


def test_staff_whose_future_bookings_are_cancelled_can_be_deleted(stack):
    company, [ada], service = shop(stack)
    company.move(company.book(service, future(), ada), "cancel", {"reason": "ill"})
    company.delete(f"/api/v1/users/{ada['id']}")


def test_an_inactive_person_is_not_offered(stack):
    company, [ada], service = shop(stack)
    day = future().date().isoformat()
    assert company.slots(service, day, day)
    company.patch(f"/api/v1/users/{ada['id']}", {"active": False})
    assert company.slots(service, day, day) == []
