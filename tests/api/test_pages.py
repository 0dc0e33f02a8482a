"""Lists: bounded pages, an opaque cursor, nothing lost and nothing twice while rows are added."""

import pytest

from world import future, shop


def walk(company, path, limit, between=lambda: None, **query):
    names, cursor = [], None
    while True:
        params = {**query, "limit": limit, **({"cursor": cursor} if cursor else {})}
        page = company.get(path, params=params).json()
        assert set(page) == {"data", "next"} and len(page["data"]) <= limit
        names += [row["id"] for row in page["data"]]
        cursor = page["next"]
        if cursor is None:
            return names
        between()


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_hold_every_user_once(company, limit):
    made = {company.user(f"U{number}")["id"] for number in range(7)}
    names = walk(company, "/api/v1/users", limit)
    assert len(names) == 7 and set(names) == made


def test_pages_hold_every_service_once(company):
    made = {company.service()["id"] for _ in range(5)}
    names = walk(company, "/api/v1/services", 2)
    assert len(names) == 5 and set(names) == made


def test_pages_hold_every_webhook_once(company, receiver):
    made = {company.webhook(receiver.url)["id"] for _ in range(5)}
    names = walk(company, "/api/v1/webhooks", 2)
    assert len(names) == 5 and set(names) == made


def test_bookings_of_the_same_start_are_all_listed(stack):
    company, team, service = shop(stack, 5)
    made = {company.book(service, future(), person)["id"] for person in team}
    names = walk(company, "/api/v1/bookings", 2)
    assert len(names) == 5 and set(names) == made


def test_bookings_that_come_between_neither_hide_nor_double_others(stack):
    company, [ada], service = shop(stack)
    made = [company.book(service, future(hour=hour), ada)["id"] for hour in (8, 10, 12, 14, 16)]
    hours = iter((9, 7, 11, 6, 13))
    names = walk(company, "/api/v1/bookings", 2, lambda: company.book(service, future(hour=next(hours)), ada))
    assert len(names) == len(set(names)) and [name for name in names if name in made] == made


def test_users_that_come_between_neither_hide_nor_double_others(company):
    made = {company.user(f"U{number}")["id"] for number in range(5)}
    names = walk(company, "/api/v1/users", 2, lambda: company.user("Late"))
    assert len(names) == len(set(names)) and made <= set(names)


def test_a_filter_holds_over_all_pages(stack):
    company, [ada, bob], service = shop(stack, 2)
    made = [company.book(service, future(hour=hour), person)["id"] for hour in range(4) for person in (ada, bob)]
    names = walk(company, "/api/v1/bookings", 1, staffId=bob["id"])
    assert names == made[1::2]


def test_without_a_limit_a_page_has_twenty(company):
    for number in range(21):
        company.user(f"U{number}")
    page = company.get("/api/v1/users").json()
    assert len(page["data"]) == 20 and page["next"]


def test_a_cursor_of_another_list_is_refused(company):
    for number in range(3):
        company.user(f"U{number}")
    cursor = company.get("/api/v1/users", params={"limit": 1}).json()["next"]
    answer = company.get("/api/v1/bookings", 422, params={"cursor": cursor}).json()
    assert answer["error"]["details"]["fields"][0]["field"] == "cursor"
