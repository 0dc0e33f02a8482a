"""Companies with people, services and hours, made through the API, as a test needs them."""

import datetime
import itertools
import uuid

from stack import Client, id_bytes

UTC = datetime.timezone.utc
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS = {day: [{"start": "00:00", "end": "24:00"}] for day in DAYS}
numbers = itertools.count(1)


def rfc(moment):
    """A datetime as the API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def future(days=10, hour=10, minute=0):
    """A moment on a coming day, far enough that no reminder of it has passed."""
    day = datetime.datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return day + datetime.timedelta(days=days)


def minutes(count):
    return datetime.timedelta(minutes=count)


def every_day(*intervals):
    """Weekly hours: the same (start, end) pairs every day."""
    return {day: [{"start": start, "end": end} for start, end in intervals] for day in DAYS}


def on_days(days, *intervals):
    return {day: hours if day in days else [] for day, hours in every_day(*intervals).items()}


PASSWORD = "correct horse battery"


class Person(Client):
    """Somebody who is logged in: asks with the access token of a session of their own."""

    def __init__(self, stack, email, password=PASSWORD):
        super().__init__(stack)
        self.email = email
        answer = self.post("/api/v1/sessions", {"email": email, "password": password})
        self.login = answer.json()
        self.token = self.login["accessToken"]
        self.id = self.login["user"]["id"]

    def api(self, method, path, expect=None, headers=None, key=True, **options):
        sent = dict(headers or {})
        if key is True and getattr(self, "token", None):
            sent.setdefault("Authorization", "Bearer " + self.token)
        return super().api(method, path, expect, headers=sent, key=None, **options)


class Company(Client):
    """A fresh company with an all-powerful key, and short words for what tests do all day."""

    def __init__(self, stack, **members):
        body = {"name": f"Company {next(numbers)}", "slug": "c-" + uuid.uuid4().hex[:12],
                "timeZone": "UTC", "currency": "USD", **members}
        self.made = stack.platform.post("/api/v1/companies", json=body).json()
        super().__init__(stack, self.made["apiKey"])
        self.id = self.made["id"]

    @property
    def bytes(self):
        return id_bytes(self.id)

    def with_scopes(self, scopes):
        return self.stack.client(self.stack.company_key(self.id, scopes))

    def user(self, name="Mia", role="member", **members):
        return self.post("/api/v1/users", {"name": name, "role": role, **members}).json()

    def staff(self, name="Ada", weekly=None, zone="UTC", overrides=(), role="professional", **members):
        """Someone who works all day long, or the given hours."""
        user = self.user(name, role, email=members.pop("email", f"s{next(numbers)}@example.com"), **members)
        self.put(f"/api/v1/users/{user['id']}/schedule",
                 {"timeZone": zone, "weekly": weekly or ALWAYS, "overrides": list(overrides)})
        return user

    def add_login(self, role="admin", email=None, name="Somebody"):
        """A person with a login: (id, e-mail address)."""
        email = email or f"login{next(numbers)}-{uuid.uuid4().hex[:8]}@example.com"
        made = self.stack.slotwire("user", "create", "--company", self.id, "--name", name, "--role", role,
                                   "--email", email, "--password-stdin", input=PASSWORD + "\n")
        return made.stdout.strip(), email

    def person(self, role="admin", **members):
        """The same, logged in."""
        return Person(self.stack, self.add_login(role, **members)[1])

    def service(self, staff=(), duration=60, amount=75.5, **members):
        body = {"name": f"Service {next(numbers)}", "duration": duration, "price": {"amount": amount},
                "staffIds": [person["id"] for person in staff], **members}
        return self.post("/api/v1/services", body).json()

    def order(self, service, start, staff=None, **members):
        body = {"serviceId": service["id"], "startsAt": start if isinstance(start, str) else rfc(start), **members}
        if staff is not None:
            body["staffId"] = staff if isinstance(staff, str) else staff["id"]
        if "customerId" not in body and "customer" not in body:
            body["customer"] = {"name": "Guest", "email": "guest@example.com"}
        return body

    def book(self, service, start, staff=None, expect=201, headers=None, **members):
        return self.post("/api/v1/bookings", self.order(service, start, staff, **members), expect,
                         headers=headers).json()

    def move(self, booking, action, json=None, expect=200):
        return self.post(f"/api/v1/bookings/{booking['id']}/{action}", json, expect).json()

    def slots(self, service, first, last, **query):
        """Every offered slot of the days, in one list."""
        params = {"serviceId": service["id"], "from": first, "to": last, **query}
        days = self.get("/api/v1/slots", params=params).json()["days"]
        return [slot for day in days for slot in day["slots"]]

    def starts(self, service, first, last, **query):
        return [slot["startsAt"] for slot in self.slots(service, first, last, **query)]

    def webhook(self, url, events=("*",), **members):
        return self.post("/api/v1/webhooks", {"url": url, "events": list(events), **members}).json()

    def events(self, event_type=None):
        """What the company's outbox holds, oldest first."""
        rows = self.stack.sql.all("SELECT id, type, payload, created_at FROM events WHERE company_id = %s ORDER BY id", self.bytes)
        return [row for row in rows if event_type in (None, row["type"])]


def shop(stack, people=1, duration=60, **members):
    """The usual scene: a company, its staff, one service that all of them take."""
    company = Company(stack)
    team = [company.staff(f"Staff {number}") for number in range(people)]
    return company, team, company.service(team, duration, **members)


def fault_fields(body):
    """Member names of a 422."""
    return [problem["field"] for problem in body["error"]["details"]["fields"]]
