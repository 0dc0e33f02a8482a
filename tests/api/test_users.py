"""Users: staff, customers and leads of a company."""

import concurrent.futures
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


def test_nobody_gives_a_role_that_may_more_than_they(company):
    desk = company.person("frontdesk")
    for role in ("admin", "superuser"):
        desk.post("/api/v1/users", {"name": "Eve", "role": role}, 403)
    coach = desk.post("/api/v1/users", {"name": "Cleo", "role": "coach"}).json()
    desk.patch(f"/api/v1/users/{coach['id']}", {"role": "admin"}, 403)
    desk.patch(f"/api/v1/users/{coach['id']}", {"role": "frontdesk"})
    assert company.get(f"/api/v1/users/{coach['id']}").json()["role"] == "frontdesk"


def test_a_key_gives_no_role_that_may_more_than_it(company):
    key = company.with_scopes("users:write")
    assert key.post("/api/v1/users", {"name": "Eve", "role": "coach"}, 403).json()["error"]["code"] == "FORBIDDEN"
    key.post("/api/v1/users", {"name": "Mia", "role": "member"})


@pytest.mark.parametrize("change", [{"role": "member"}, {"active": False}, {"email": "mine@example.com"}, {"name": "Eve"},
                                    None])
def test_nobody_takes_from_who_may_more(company, change):
    desk, admin = company.person("frontdesk"), company.user("Ann", "admin", email="ann@example.com")
    path = f"/api/v1/users/{admin['id']}"
    desk.delete(path, 403) if change is None else desk.patch(path, change, 403)
    desk.patch(path, {"phone": "+1 555 0100"})
    now = company.get(path).json()
    assert (now["role"], now["active"], now["email"], now["name"]) == ("admin", True, "ann@example.com", "Ann")


def test_two_admins_who_remove_each_other_at_once_do_not_both_go(stack, company):
    with concurrent.futures.ThreadPoolExecutor(2) as crowd:
        for _ in range(8):
            pair = [company.person("admin") for _ in range(2)]
            list(crowd.map(lambda one, other: one.api("DELETE", f"/api/v1/users/{other.id}"), pair, reversed(pair)))
            left = [one for one in pair if one.api("GET", "/api/v1/company").status_code == 200]
            assert left
            company.delete(f"/api/v1/users/{left[0].id}")


@pytest.mark.parametrize("change", [{"role": "coach"}, {"active": False}, None])
def test_the_last_admin_cannot_leave(company, change):
    company.user("No login", "admin")
    admin = company.person("admin")
    path = f"/api/v1/users/{admin.id}"
    answer = admin.delete(path, 409) if change is None else admin.patch(path, change, 409)
    assert answer.json()["error"]["code"] == "CONFLICT" and admin.get(path).json()["role"] == "admin"
    admin.patch(path, {"role": "superuser"})
    company.add_login("admin")
    admin.delete(path) if change is None else admin.patch(path, change)


def test_two_admins_cannot_both_leave_at_once(company):
    for _ in range(3):
        pair = [company.person("admin") for _ in range(2)]
        with concurrent.futures.ThreadPoolExecutor(2) as crowd:
            left = [crowd.submit(admin.patch, f"/api/v1/users/{admin.id}", {"role": "coach"}, None) for admin in pair]
            assert sorted(future.result().status_code for future in left) == [200, 409]
        for admin in pair:
            company.delete(f"/api/v1/users/{admin.id}")
