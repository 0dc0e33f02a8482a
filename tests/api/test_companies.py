"""Companies: made by the operator, read and changed by themselves."""

import json
import uuid

import pytest

from world import Company


def test_a_platform_key_makes_a_company_with_a_working_key(stack):
    company = Company(stack, name="Bella Hair Salon", category="salon", email="hi@bella.example")
    assert company.id.startswith("cli_") and company.key.startswith("sk_live_")
    read = company.get("/api/v1/company").json()
    assert read["name"] == "Bella Hair Salon" and read["category"] == "salon"
    assert "apiKey" not in read


def test_the_key_is_stored_as_a_hash_only(stack):
    company = Company(stack)
    row = stack.sql.one("SELECT * FROM api_keys WHERE company_id = %s", company.bytes)
    assert company.key.encode() not in b"".join(v for v in row.values() if isinstance(v, bytes))
    assert company.key not in row["display_key"]


def test_a_slug_is_made_from_the_name(stack):
    name = "Söhne & Töchter " + uuid.uuid4().hex[:8]
    body = {"name": name, "timeZone": "Europe/Berlin", "currency": "EUR"}
    made = stack.platform.post("/api/v1/companies", body).json()
    assert made["slug"] and made["slug"] == made["slug"].lower() and " " not in made["slug"]


def test_an_owner_becomes_an_admin_of_the_company(stack):
    company = Company(stack, owner={"name": "Sarah", "email": "sarah@bella.example"})
    owner = company.get(f"/api/v1/users/{company.made['ownerId']}").json()
    assert (owner["name"], owner["email"], owner["role"]) == ("Sarah", "sarah@bella.example", "admin")


def test_creating_emits_business_created_with_its_owner(stack):
    company = Company(stack, owner={"name": "Sarah", "email": "sarah@bella.example"})
    [event] = company.events("business.created")
    data = json.loads(event["payload"])
    assert data["id"] == company.id and data["slug"] == company.made["slug"]
    assert data["owner"]["email"] == "sarah@bella.example" and data["owner"]["id"] == company.made["ownerId"]


def test_a_slug_that_is_taken_is_a_conflict(stack):
    company = Company(stack)
    body = {"name": "Other", "slug": company.made["slug"], "timeZone": "UTC", "currency": "USD"}
    answer = stack.platform.post("/api/v1/companies", body, expect=409)
    assert answer.json()["error"]["code"] == "CONFLICT"


def test_a_company_key_cannot_make_companies(company):
    body = {"name": "Other", "timeZone": "UTC", "currency": "USD"}
    assert company.post("/api/v1/companies", body, 403).json()["error"]["code"] == "FORBIDDEN"


def test_without_a_key_sign_up_is_closed(stack):
    body = {"name": "Other", "timeZone": "UTC", "currency": "USD"}
    answer = stack.client().post("/api/v1/companies", body, 401)
    assert answer.json()["error"]["code"] == "UNAUTHORIZED"


def test_without_a_key_sign_up_works_where_it_is_open(spare):
    body = {"name": "Open House", "timeZone": "UTC", "currency": "USD"}
    made = spare.client().post("/api/v1/companies", body).json()
    assert spare.client(made["apiKey"]).get("/api/v1/company").json()["id"] == made["id"]


CHANGES = [("name", "New name"), ("description", "Two\nlines"), ("email", "new@example.com"),
           ("phone", "+1-555-0199"), ("category", "gym"), ("timeZone", "Asia/Dubai"), ("currency", "EUR")]


@pytest.mark.parametrize("member, value", CHANGES)
def test_a_patch_changes_one_member_and_names_it(company, member, value):
    changed = company.patch("/api/v1/company", {member: value}).json()
    assert changed[member] == value == company.get("/api/v1/company").json()[member]
    [event] = company.events("business.updated")
    data = json.loads(event["payload"])
    assert data["updatedFields"] == [member] and data[member] == value


def test_a_patch_that_changes_nothing_tells_nobody(company):
    company.patch("/api/v1/company", {"name": company.made["name"]})
    assert company.events("business.updated") == []


def test_a_nullable_member_can_be_cleared(company):
    company.patch("/api/v1/company", {"category": "gym"})
    assert company.patch("/api/v1/company", {"category": None}).json().get("category") is None


def test_a_patch_to_a_slug_that_is_taken_is_a_conflict(stack, company):
    other = Company(stack)
    company.patch("/api/v1/company", {"slug": other.made["slug"]}, 409)


def test_the_platform_key_has_no_company_of_its_own(stack):
    assert stack.platform.get("/api/v1/company", 403).json()["error"]["code"] == "FORBIDDEN"
