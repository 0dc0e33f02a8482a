#!/usr/bin/python3
"""The figures of Slotwire, each beside a bare rival that is measured in the same run.

SLOTWIRE_BUILD names the folder with the programs; the rivals and helpers are in its tests/bench. Nothing is asserted:
a table is printed, with the bar of each row and whether it was reached.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import uuid

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "gates")]

from house import statements_of  # noqa: E402
from stack import TOP, Stack, id_bytes, id_text, wait_until  # noqa: E402
from world import UTC, Company, every_day, future, minutes  # noqa: E402

SECONDS = int(os.environ.get("SLOTWIRE_BENCH_SECONDS", "8"))
STAFF = 20
rows = []


def say(text):
    print(f"── {text}", file=sys.stderr, flush=True)


def result(what, ours, rival, bar, reached):
    rows.append((what, ours, rival, bar, "yes" if reached else "NO"))


def p95(values):
    return sorted(values)[int(len(values) * 0.95)]


def figures(text):
    """`rate 12.5 p50 0.3` → {"rate": 12.5, "p50": 0.3}"""
    words = text.split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2])}


def sql_of(file, name):
    """The text of `static const struct statement NAME = { "…" COLUMNS "…", .in = …`."""
    return next(statement.sql for statement in statements_of(TOP / file)[1] if statement.name == name)


class Bench:
    def __init__(self, stack):
        self.stack = stack
        self.helpers = stack.build / "tests/bench"
        self.company = Company(stack)
        self.team = [self.company.staff(f"Staff {number}") for number in range(STAFF)]
        self.service = self.company.service(self.team, 15, slotInterval=15)

    def run(self, name, *words):
        done = subprocess.run([str(self.helpers / name), *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{name}: {done.stdout}\n{done.stderr}")
        return figures(done.stdout)

    def load(self, lines, connections=8, seconds=0, rate=0, port=None):
        """Sends (method, path, body) with the company's key; the figures of the answers."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            for method, path, body in lines:
                text = json.dumps(body) if body is not None else ""
                file.write(f"{method}\t{path}\t{self.company.key}\t{text}\n")
            file.flush()
            return self.run("load_client", port or self.stack.port, connections, seconds, rate, file.name)

    def database(self):
        return self.stack.settings["db_socket"], self.stack.settings["db_user"]

    def statements(self, *names):
        """A file with the product's own SQL, taken from its sources: `rules/booking/claims.c BUMP`."""
        path = self.stack.state / f"statements-{len(names)}.sql"
        path.write_text("".join(sql_of(*name.split()) + "\n" for name in names))
        return path

    def orders(self, count, day):
        """`count` bookings that never meet, over all staff, from `day` days ahead."""
        return [("POST", "/api/v1/bookings",
                 self.company.order(self.service, future(days=day, hour=0) + minutes(15 * (number // STAFF)),
                                    self.team[number % STAFF])) for number in range(count)]

    def rss(self):
        """The largest worker's resident memory in MB."""
        sizes = [re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)
                 for pid in self.stack.children("pool-booking")]
        return max(map(int, sizes)) / 1024

    # ---- authenticated GET ----

    @contextlib.contextmanager
    def bare_site(self):
        """A second nginx with the same settings, whose booking pool is the bare program with as many workers."""
        run = self.stack.state / "run"
        socket, port = run / "bare.sock", self.stack.port + 1
        site = (run / "nginx-site.conf").read_text().replace("booking.sock", "bare.sock")
        site = site.replace(f"127.0.0.1:{self.stack.port}", f"127.0.0.1:{port}")
        (run / "bare-site.conf").write_text(site)
        conf = (run / "nginx.conf").read_text().replace("nginx-site.conf", "bare-site.conf").replace("nginx.pid", "bare.pid")
        (run / "bare.conf").write_text(conf.replace("temp/", "bare-temp/"))
        (run / "bare-temp").mkdir(exist_ok=True)
        subprocess.run(["spawn-fcgi", "-s", str(socket), "-M", "0600", "-b", "1024", "-P", str(run / "bare-pool.pid"), "--",
                        "/usr/bin/multiwatch", "-f", str(len(self.stack.children("pool-booking"))), "--",
                        str(self.helpers / "bare_fcgi"), *self.database(),
                        str(self.statements("api/auth_key.c FIND_KEY", "rules/booking/bookings.c READ"))], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["nginx", "-p", str(run), "-e", str(run / "bare-error.log"), "-c", str(run / "bare.conf")], check=True)
        try:
            yield port
        finally:
            for name in ("bare", "bare-pool"):
                os.kill(int((run / f"{name}.pid").read_text()), signal.SIGTERM)

    def get(self):
        say("authenticated GET of one booking through nginx")
        bookings = [self.company.book(self.service, future(days=5, hour=hour), person)
                    for person in self.team[:10] for hour in range(10)]
        lines = [("GET", f"/api/v1/bookings/{booking['id']}", None) for booking in bookings]
        with self.bare_site() as port:
            self.load(lines, 16, 1), self.load(lines, 16, 1, port=port)
            before = self.rss()
            ours, bare = [], []
            for _ in range(3):  # in turns, so that whatever else the machine does hits both
                ours.append(self.load(lines, 16, SECONDS // 2))
                bare.append(self.load(lines, 16, SECONDS // 2, port=port))
        best, rival = max(run["rate"] for run in ours), max(run["rate"] for run in bare)
        result("GET /api/v1/bookings/{id}, requests/s", f"{best:.0f}", f"{rival:.0f} → {best / rival:.0%}", "≥ 80 %",
               best >= 0.8 * rival)
        requests = sum(run["requests"] for run in ours)
        result(f"memory of a worker after {requests:.0f} requests", f"{self.rss():.1f} MB", f"{before:.1f} MB before",
               "< 20 MB, flat", self.rss() < 20)

    # ---- plain CGI ----

    def cost_of_cgi(self, words, environment, count):
        """Milliseconds of CPU of one run of a program that answers with 200, on average."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(count):
            done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if not done.stdout.startswith(b"Status: 200 "):
                raise SystemExit(f"{words}: {done.stdout[:200]}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000 / count

    def cgi(self):
        say("a plain CGI request, for which the program starts anew")
        booking = self.company.book(self.service, future(days=5), self.team[0])
        environment = {"REQUEST_METHOD": "GET", "REQUEST_URI": f"/api/v1/bookings/{booking['id']}", "REMOTE_ADDR": "127.0.0.1",
                       "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_X_API_KEY": self.company.key,
                       "PATH": os.environ["PATH"]}
        programs = {"ours": [self.stack.build / "slotwire-api", "--config", self.stack.config],
                    "bare": [self.helpers / "bare_cgi", *self.database(), self.statements("api/auth_key.c FIND_KEY")]}
        costs = {name: [] for name in programs}
        for _ in range(5):  # in turns, so that whatever else the machine does hits both
            for name, words in programs.items():
                costs[name].append(self.cost_of_cgi(words, environment, 25 * SECONDS))
        ours, rival = min(costs["ours"]), min(costs["bare"])
        result("CPU of a plain CGI GET /api/v1/bookings/{id}", f"{ours:.2f} ms", f"{rival:.2f} ms → {ours / rival:.0%}", "≤ 160 %",
               ours <= 1.6 * rival)

    # ---- POST ----

    def post(self):
        say("POST of bookings")
        count = 500 * SECONDS // 4 * 4
        key = hashlib.sha256(self.company.key.encode()).hexdigest()
        day = (future().date() - future().date().replace(year=1970, month=1, day=1)).days
        statements = self.statements(
            "api/auth_key.c FIND_KEY", "api/rate.c COUNT", "rules/booking/slots.c SERVICE_STAFF", "rules/booking/claims.c BUMP", "rules/booking/claims.c INSERT_CLAIM",
            "rules/booking/bookings.c INSERT_BOOKING", "rules/booking/reminders.c PLAN", "rules/booking/bookings.c READ",
            "rules/event/events.c INSERT_EVENT", "rules/event/events.c INSERT_DELIVERIES")
        ours, bare = [], []
        for turn in range(2):
            ours.append(self.load(self.orders(count, 100 + 40 * turn), 8))
            bare.append(self.run("bare_booking", *self.database(), statements, key, self.company.id, self.service["id"], count, 4,
                                 day + 1000 + 100 * turn, *(person["id"] for person in self.team)))
        best, rival = max(run["rate"] for run in ours), max(run["rate"] for run in bare)
        result("POST /api/v1/bookings, bookings/s", f"{best:.0f}", f"{rival:.0f} → {best / rival:.0%}", "≥ 60 %",
               best >= 0.6 * rival)

    # ---- slots ----

    def history(self, days):
        """A company of 20 who work from 9 to 17 and have 4 bookings a day for that many days up to a month ahead."""
        company = Company(self.stack)
        team = [company.staff(f"Staff {number}", every_day(("09:00", "17:00"))) for number in range(STAFF)]
        service = company.service(team, 30)
        values = {"company": company.bytes, "service": id_bytes(service["id"]),
                  "first": (future(days=31 - days, hour=9)).strftime("%Y-%m-%d %H:%M:%S")}
        for number, person in enumerate(team):
            self.fill(values, id_bytes(person["id"]), days, number)
        self.stack.sql.run("ANALYZE TABLE bookings, claims")
        return company, team, service

    def fill(self, values, staff, days, number):
        """4 bookings a day, two hours apart, with their claims; the sequence engine counts."""
        start = "TIMESTAMPADD(MINUTE, (seq DIV 4) * 1440 + (seq MOD 4) * 120, %s)"
        end = "TIMESTAMPADD(MINUTE, (seq DIV 4) * 1440 + (seq MOD 4) * 120 + 30, %s)"
        booking = "UNHEX(MD5(CONCAT('booking', HEX(%s), seq)))"
        sequence = f"seq_0_to_{4 * days - 1}"
        first = values["first"]
        self.stack.sql.run(
            f"INSERT INTO bookings (id, company_id, confirmation_number, status, service_id, staff_id, customer_name, starts_at,"
            f" ends_at, duration_minutes, time_zone, price_amount, price_currency, price_type, created_at, updated_at)"
            f" SELECT {booking}, %s, LPAD(CONV(seq + %s, 10, 36), 8, '0'), 'confirmed', %s, %s, 'Guest', {start}, {end}, 30,"
            f" 'UTC', 7550, 'USD', 'flat', %s, %s FROM {sequence}",
            staff, values["company"], number * 1000000, values["service"], staff, first, first, first, first)
        self.stack.sql.run(
            f"INSERT INTO claims (id, company_id, resource_id, kind, booking_id, starts_at, ends_at)"
            f" SELECT UNHEX(MD5(CONCAT('claim', HEX(%s), seq))), %s, %s, 'booking', {booking}, {start}, {end} FROM {sequence}",
            staff, values["company"], staff, staff, first, first)

    def server_times(self, company, service, **query):
        """What the worker's log says that it took, in milliseconds: the median of 41."""
        params = {"serviceId": service["id"], "from": future(days=0).date().isoformat(),
                  "to": future(days=30).date().isoformat(), **query}
        ids = [company.get("/api/v1/slots", params=params).headers["X-Request-Id"] for _ in range(41)]
        lines = wait_until(lambda: self.lines_of(ids), 10, "the log")
        times = sorted(int(re.search(r" us=(\d+)", line).group(1)) for line in lines)
        return times[len(times) // 2] / 1000

    def lines_of(self, ids):
        """The log's line of each request, once all are written."""
        wanted = set(ids)
        lines = [line for line in self.stack.log("worker").splitlines()
                 if any(name in line for name in wanted) and " us=" in line]
        return lines if len(lines) == len(wanted) else None

    def slots(self):
        say("slots with 60,000 and with 6,000 bookings in the table")
        times = {}
        for days in (75, 750):
            company, team, service = self.history(days)
            times[days] = (self.server_times(company, service, staffId=team[7]["id"]), self.server_times(company, service))
        one, everyone = times[750]
        flat = times[75]
        result("31 days of slots, one staff, 60,000 bookings", f"{one:.2f} ms", f"6,000: {flat[0]:.2f} ms",
               "< 2 ms, flat", one < 2 and one < 1.5 * flat[0] + 0.2)
        result("31 days of slots, any of 20 staff, 60,000 bookings", f"{everyone:.2f} ms", f"6,000: {flat[1]:.2f} ms",
               "< 10 ms", everyone < 10)

    # ---- events ----

    @contextlib.contextmanager
    def receiver(self, *options):
        """The C receiver: (url, path of its log)."""
        folder = self.stack.state / f"receiver-{uuid.uuid4().hex[:6]}"
        folder.mkdir()
        process = subprocess.Popen([str(self.helpers / "receiver"), "--port-file", str(folder / "port"), "--log",
                                    str(folder / "log"), *options])
        try:
            wait_until(lambda: (folder / "port").exists() and (folder / "port").read_text().strip(), 10, "the receiver")
            yield f"http://127.0.0.1:{(folder / 'port').read_text().strip()}/hook", folder / "log"
        finally:
            process.terminate()
            process.wait()

    def arrivals(self, log, count):
        """Event id → arrival in seconds since 1970, once the receiver has written that many lines."""
        def lines():
            found = log.read_text().splitlines() if log.exists() else []
            return found if len(found) >= count else None
        return {line.split()[1]: int(line.split()[0]) / 1e6 for line in reversed(wait_until(lines, 60, "the webhooks"))}

    def waits(self, day, skipped=0):
        """Milliseconds from each event's commit to its arrival, sorted, and the rate, while bookings come at 200/s: of
        all but those of the first seconds."""
        count = 200 * SECONDS
        with self.receiver() as (url, log):
            hook = self.company.webhook(url, ["booking.created"])
            load = self.load(self.orders(count, day), 16, 0, 200)
            arrived = self.arrivals(log, count)
            self.company.delete(f"/api/v1/webhooks/{hook['id']}")
        happened = {id_text("evt", row["id"]): row["created_at"].replace(tzinfo=UTC).timestamp()
                    for row in self.company.events("booking.created") if row["created_at"]}
        counted = {name: moment for name, moment in arrived.items() if name in happened}
        since = min(happened[name] for name in counted) + skipped
        return sorted(1000 * (moment - happened[name]) for name, moment in counted.items() if happened[name] >= since), load["rate"]

    def latency(self):
        say("from the commit to the receiver at 200 events a second")
        with self.stack.dispatcher():
            waits, rate = self.waits(200)
        p50, p95, p99 = (waits[int(len(waits) * part)] for part in (0.5, 0.95, 0.99))
        result(f"event → receiver at {rate:.0f}/s (p50, p95, p99)", f"{p50:.0f}, {p95:.0f}, {p99:.0f} ms",
               "Convoy: p95 124 ms", "p95 < 100 ms", p95 < 100)

    # ---- neighbours ----

    @contextlib.contextmanager
    def sick(self):
        """The endpoints of tests/bench/sick.py: name → URL."""
        process = subprocess.Popen([sys.executable, TOP / "tests/bench/sick.py"], stdout=subprocess.PIPE, text=True)
        try:
            urls = {}
            for line in process.stdout:
                if line.startswith("ready"):
                    break
                name, url = line.split()
                urls[name] = url
            yield urls
        finally:
            process.terminate()
            process.wait()

    def neighbours(self):
        """In two houses, one with sick neighbours and one without, by turns: so the machine's own ups and downs are in both."""
        say("a healthy endpoint at 200 events a second, without and with sick neighbours")
        other = Stack().start()
        try:
            with self.stack.dispatcher():
                alone, beside = self.by_turns(Bench(other))
        finally:
            other.stop()
        for name, runs in (("alone", alone), ("beside", beside)):
            say(f"p95 {name}: " + ", ".join(f"{p95(run):.1f}" for run in runs) + f" ms, of all {p95(sum(runs, [])):.1f} ms")
        ours, rival = statistics.median(map(p95, beside)), statistics.median(map(p95, alone))
        result("p95 beside one that hangs, fails, drips, floods, redirects, has 500,000 rows", f"{ours:.1f} ms",
               f"alone {rival:.1f} ms → {ours / rival:.0%}", "≤ 120 %", ours <= 1.2 * rival)

    def by_turns(self, ill):
        """The waits of each turn here, and of each beside the sick, whose dispatcher stands still while it is not their turn."""
        alone, beside = [], []
        with ill.sick() as urls, ill.receiver("--delay", "50") as (long_lane, _), ill.stack.dispatcher() as dispatcher:
            ill.waits(270)  # both have warm caches
            self.waits(270)
            ill.backlog(Company(ill.stack), long_lane, 1, 500_000)
            ill.settle_down()
            for url in urls.values():
                ill.backlog(Company(ill.stack), url, 1, 20_000)
            wait_until(lambda: ill.stack.sql.one("SELECT 1 FROM attempts WHERE status = 302"), 60, "the neighbours' first answers")
            for turn in range(11):
                skipped = 1 if turn > 0 else 0  # seconds in which it finds out what it slept through
                beside.append(ill.waits(300 + 10 * turn, skipped)[0])
                dispatcher.send_signal(signal.SIGSTOP)
                alone.append(self.waits(300 + 10 * turn, skipped)[0])
                dispatcher.send_signal(signal.SIGCONT)
        return alone, beside

    def settle_down(self):
        """Lets the server and the system write out the gigabyte that was put in: the rows are to be felt, not their making."""
        run, number = self.stack.sql.run, self.stack.sql.one
        run("SET GLOBAL innodb_max_dirty_pages_pct = 0")
        wait_until(lambda: int(number("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")["Value"]) < 200, 120, "the disk")
        run("SET GLOBAL innodb_max_dirty_pages_pct = 90")
        os.sync()

    def backlog(self, company, url, lanes, count):
        """`count` events of about 1,000 bytes, each due for one of the lanes."""
        hooks = [self.endpoint(company, f"{url}/{lane}") for lane in range(lanes)]
        now = self.stack.sql.one("SELECT UTC_TIMESTAMP(3) AS t")["t"]
        born = f"{int(now.replace(tzinfo=UTC).timestamp() * 1000):012x}7"  # a UUIDv7 begins with its milliseconds
        payload = json.dumps({"id": "x" * 26, "text": "y" * 950}, separators=(",", ":"))
        for lane, hook in enumerate(hooks):
            mark = uuid.uuid4().hex
            event = f"UNHEX(CONCAT('{born}', LPAD(HEX(seq), 5, '0'), SUBSTR(MD5(CONCAT('{mark}', seq)), 19)))"
            delivery = f"UNHEX(CONCAT('{born}', LPAD(HEX(seq), 5, '0'), SUBSTR(MD5(CONCAT('d{mark}', seq)), 19)))"
            sequence = f"seq_1_to_{count // lanes}"
            self.stack.sql.run(f"INSERT INTO events (id, company_id, type, payload, created_at)"
                               f" SELECT {event}, %s, 'user.deleted', %s, %s FROM {sequence}", company.bytes, payload, now)
            self.stack.sql.run(f"INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
                               f" SELECT {delivery}, %s, %s, {event}, 'pending', %s, %s"
                               f" FROM {sequence}", company.bytes, hook, now, now)
        return count // lanes * lanes

    def endpoint(self, company, url):
        """One that takes nothing but what backlog() gives it, made by hand: there may be a thousand."""
        name, now = uuid.uuid4().bytes, self.stack.sql.one("SELECT UTC_TIMESTAMP(3) AS t")["t"]
        self.stack.sql.run("INSERT INTO webhook_endpoints (id, company_id, url, format, secret, created_at, updated_at)"
                           " VALUES (%s, %s, %s, 'standard', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', %s, %s)",
                           name, company.bytes, url, now, now)
        return name

    def sustained_ours(self, count, lanes=10, **settings):
        company = Company(self.stack)
        with self.receiver() as (url, log):
            count = self.backlog(company, url, lanes, count)
            self.stack.dispatch(**settings)
            times = sorted(self.arrivals(log, count).values())
        return count / (times[-1] - times[0])

    def sustained_bare(self, count):
        company = Company(self.stack)
        with self.receiver() as (url, _):
            self.backlog(company, url, 10, count)
            return self.run("bare_multi", *self.database(), company.id, url, 256)["rate"]

    def sustained(self):
        say("sustained deliveries")
        count = 2500 * SECONDS
        ours, bare = [], []
        for _ in range(2):
            ours.append(self.sustained_ours(count))
            bare.append(self.sustained_bare(count))
        best, rival = max(ours), max(bare)
        result("deliveries with attempt log, 10 lanes, deliveries/s", f"{best:.0f}", f"{rival:.0f} → {best / rival:.0%}",
               "≥ 2,000/s and ≥ 40 %", best >= 2000 and best >= 0.4 * rival)

    def spread(self):
        say("sustained deliveries by batch size and by endpoints")
        count = 1000 * SECONDS
        bare = self.sustained_bare(count)
        for batch in (1, 16, 64, 256):
            rate = self.sustained_ours(count // 4 if batch == 1 else count, SLOTWIRE_DISPATCHER_PARALLEL=str(batch))
            result(f"… at most {batch} in a batch and in flight", f"{rate:.0f}", f"{bare:.0f} → {rate / bare:.0%}", "", True)
        for lanes in (1, 10, 1000):
            rate = self.sustained_ours(count, lanes)
            result(f"… to {lanes} endpoint{'s' if lanes > 1 else ''}", f"{rate:.0f}", f"{bare:.0f} → {rate / bare:.0%}", "", True)


def table():
    names = ("what", "Slotwire", "rival", "bar", "reached")
    widths = [max(len(row[column]) for row in [names, *rows]) for column in range(5)]
    for row in [names, *rows]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def main():
    asked = sys.argv[1:] or ["get", "cgi", "post", "slots", "latency", "neighbours", "sustained", "spread"]
    try:
        for name in asked:
            measure(name)
    finally:
        table()


def measure(name):
    """In a house of its own, so that what one leaves behind is not measured by the next."""
    stack = Stack().start()
    try:
        getattr(Bench(stack), name)()
    finally:
        stack.stop()


if __name__ == "__main__":
    main()
