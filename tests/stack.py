"""A whole Slotwire of its own for tests: MariaDB, nginx and workers, started by `dev stack`, and the hands to drive it."""

import contextlib
import http.client
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pymysql
import requests

from openapi_check import Document

TOP = pathlib.Path(__file__).resolve().parent.parent
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
WAITING = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'UPDATE resources%%'"  # a claim waits or works
# Keys of tests that look at the limit have one of their own; what a password costs is looked at by its own tests.
PLENTY = "limit_bookings = 1000000\npassword_rounds = 1"
PATIENCE = 10 if os.environ.get("SLOTWIRE_WRAP") else 1  # valgrind is slow


def crowd():
    """How many want each processor just now, those that wait for a disk among them; 1 at least."""
    counts = dict(line.split()[:2] for line in pathlib.Path("/proc/stat").read_text().splitlines())
    return max(1, (int(counts["procs_running"]) + int(counts["procs_blocked"])) / os.cpu_count())


def wait_until(condition, timeout=10.0, what="the condition"):
    """
    Polls until condition() is true and returns what it gave; fails loudly after the time-out. A second in which others
    use the machine as well counts for the part of it that was left for the test.
    """
    left, last = timeout * PATIENCE, time.monotonic()
    while True:
        result = condition()
        if result:
            return result
        now = time.monotonic()
        left, last = left - (now - last) / crowd(), now
        assert left > 0, f"waited {timeout * PATIENCE:g} s for {what}"
        time.sleep(0.01)


def free_port():
    """None of those that the system gives to whoever connects, and hardly one that another run is about to take."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.SystemRandom().randrange(10000, 32000)))
            return probe.getsockname()[1]


def id_bytes(text):
    """The 16 bytes behind `bk_…`."""
    number = 0
    for character in text.rsplit("_", 1)[1]:
        number = number * 32 + ALPHABET.index(character)
    return number.to_bytes(16, "big")


def id_text(prefix, data):
    number = int.from_bytes(data, "big")
    return prefix + "_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


class Refused(AssertionError):
    """The API answered with another status than the test wanted."""


class Client:
    """Speaks to the API with one key; every JSON answer is held against the OpenAPI document."""

    def __init__(self, stack, key=None):
        self.stack = stack
        self.key = key
        self.session = requests.Session()
        self.session.trust_env = False

    def api(self, method, path, expect=None, headers=None, key=True, **options):
        sent = dict(headers or {})
        if key is True:
            key = self.key
        if key:
            sent.setdefault("X-API-Key", key)
        options.setdefault("timeout", 60 * PATIENCE)
        options.setdefault("allow_redirects", False)
        answer = self.session.request(method, self.stack.url + path, headers=sent, **options)
        self.stack.document.check(method, path, answer)
        if expect is not None and answer.status_code != expect:
            raise Refused(f"{method} {path}: {answer.status_code}, not {expect}: {answer.text[:2000]}")
        return answer

    def get(self, path, expect=200, **options):
        return self.api("GET", path, expect, **options)

    def post(self, path, json=None, expect=201, **options):
        if json is not None:
            options["json"] = json
        return self.api("POST", path, expect, **options)

    def patch(self, path, json, expect=200, **options):
        return self.api("PATCH", path, expect, json=json, **options)

    def put(self, path, json, expect=200, **options):
        return self.api("PUT", path, expect, json=json, **options)

    def delete(self, path, expect=204, **options):
        return self.api("DELETE", path, expect, **options)


class Database:
    """SQL from outside, over the stack's own socket. Each call is a transaction of its own."""

    def __init__(self, settings):
        self.settings = settings

    def connect(self, autocommit=True):
        return pymysql.connect(
            unix_socket=self.settings["db_socket"],
            user=self.settings.get("db_user") or "root",
            password=self.settings.get("db_password", ""),
            database=self.settings.get("db_name", "slotwire"),
            autocommit=autocommit,
            charset="utf8mb4",
            init_command="SET time_zone='+00:00'",
            cursorclass=pymysql.cursors.DictCursor,
        )

    def all(self, sql, *values):
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    def one(self, sql, *values):
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def number(self, sql, *values):
        return next(iter(self.one(sql, *values).values()))

    def run(self, sql, *values):
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            return cursor.execute(sql, values)

    def wait_for_waiter(self):
        """Until somebody waits for rows that are held."""
        wait_until(lambda: int(self.one("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")["Value"]) > 0, 10,
                   "a transaction that waits for a lock")

    def counts(self):
        """Rows of every table, by name; but for what is counted against limits, which outlives a refusal."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()"
                           " AND engine <> 'MEMORY'")
            names = sorted(row["name"] for row in cursor.fetchall())
            parts = " UNION ALL ".join(f"SELECT '{name}' AS name, COUNT(*) AS n FROM `{name}`" for name in names)
            cursor.execute(parts)
            return {row["name"]: row["n"] for row in cursor.fetchall()}

    def rows_read(self):
        """How many rows the server has read for anybody since it started."""
        return sum(int(row["Value"]) for row in self.all("SHOW GLOBAL STATUS LIKE 'Handler_read%%'"))

    @contextlib.contextmanager
    def locked(self, sql, *values):
        """
        Holds the rows of a `SELECT … FOR UPDATE` until the block ends. It may change them by the cursor that it is given, and
        commit.
        """
        connection = self.connect(autocommit=False)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                yield cursor
            connection.rollback()
        finally:
            connection.close()


def read_settings(path):
    settings = {}
    for line in path.read_text().splitlines():
        name, mark, value = line.partition("=")
        if mark and not name.lstrip().startswith("#"):
            settings[name.strip()] = value.strip()
    return settings


class Stack:
    database = ""  # options of every stack's database

    def __init__(self, settings="", workers=None, timer=0, database=""):
        self.build = pathlib.Path(os.environ["SLOTWIRE_BUILD"]).resolve()
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="slotwire-test-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.clock_file = self.state / "clock"
        self.environment = dict(os.environ, SLOTWIRE_STATE=str(self.state), SLOTWIRE_PORT=str(self.port),
                                SLOTWIRE_BUILD=str(self.build), SLOTWIRE_TIMER=str(timer),
                                SLOTWIRE_DATABASE=f"{self.database} {database}",
                                SLOTWIRE_SETTINGS=f"test_clock = {self.clock_file}\n{PLENTY}\n{settings}")
        if workers:
            self.environment["SLOTWIRE_WORKERS"] = str(workers)
        self.document = Document(self)
        self.config = self.state / "slotwire.conf"
        self._platform = None

    # ---- life ----

    def dev(self, *words):
        result = subprocess.run([str(TOP / "dev"), *words], env=self.environment, cwd=TOP, capture_output=True,
                                text=True, timeout=180 * PATIENCE, stdin=subprocess.DEVNULL)
        assert result.returncode == 0, f"dev {' '.join(words)}: {result.stdout}\n{result.stderr}"
        return result

    def start(self):
        self.dev("stack", "start")
        self.settings = read_settings(self.config)
        self.settings.setdefault("db_socket", str(self.state / "db/mariadb.sock"))
        self.sql = Database(self.settings)
        return self

    def stop(self):
        self.dev("stack", "stop")
        shutil.rmtree(self.state, ignore_errors=True)

    def pid(self, name):
        return int((self.state / "run" / f"{name}.pid").read_text())

    def children(self, name):
        """The worker processes of a pool."""
        parent = self.pid(name)
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                    if int(fields[1]) == parent and fields[0] != "Z":
                        found.append(int(entry.name))
        return sorted(found)

    def log(self, name):
        path = self.state / "log" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # ---- hands ----

    def client(self, key=None):
        return Client(self, key)

    @property
    def platform(self):
        """A client with the operator's key."""
        if self._platform is None:
            key = self.slotwire("key", "create", "--platform", "--name", "Tests").stdout.strip()
            self._platform = self.client(key)
        return self._platform

    def slotwire(self, *words, status=0, **options):
        return self.program("slotwire", "--config", str(self.config), *words, status=status, **options)

    def program(self, name, *words, status=0, environment=None, **options):
        result = subprocess.run([str(self.build / name), *words], capture_output=True, text=True,
                                env=dict(self.environment, **(environment or {})), timeout=120 * PATIENCE,
                                stdin=None if "input" in options else subprocess.DEVNULL, **options)
        assert status is None or result.returncode == status, \
            f"{name} {words}: exit {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result

    def company_key(self, company_id, scopes):
        return self.slotwire("key", "create", "--company", company_id, "--name", "Tests",
                             "--scopes", scopes).stdout.strip()

    def dispatch(self, now=None, **environment):
        """Runs the dispatcher once: everything that is due now."""
        words = ["--config", str(self.config), "--once"] + (["--now", now] if now else [])
        return self.program("slotwire-dispatcher", *words, environment=environment)

    def start_dispatcher(self, window=600, name="", **environment):
        log = open(self.state / "log" / "dispatcher-test.log", "ab")
        with log:
            return subprocess.Popen([str(self.build / "slotwire-dispatcher"), "--config", str(self.config),
                                     "--window", str(window)],
                                    env={**self.environment, "SLOTWIRE_DISPATCHER_NAME": name, **environment},
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @contextlib.contextmanager
    def dispatcher(self, window=600, **environment):
        """A dispatcher in the background that has taken the lead."""
        self.sql.run("DELETE FROM heartbeats WHERE name = 'dispatcher'")
        process = self.start_dispatcher(window, **environment)
        try:
            wait_until(lambda: self.sql.one("SELECT 1 FROM heartbeats WHERE name = 'dispatcher'"), 10, "a heartbeat")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30 * PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    def kill_on_the_wire(self, receiver, requests):
        """Runs a dispatcher until so many requests of its own wait for their answers, and kills it then."""
        receiver.hold = threading.Event()
        before, process = len(receiver.deliveries), self.start_dispatcher()
        try:
            wait_until(lambda: len(receiver.deliveries) == before + requests, 10, "the requests")
        finally:
            process.kill()
            process.wait()
            receiver.hold.set()

    def set_clock(self, moment):
        """Freezes the business's time at an RFC 3339 text; None gives the real time back."""
        if moment is None:
            self.clock_file.unlink(missing_ok=True)
            return
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(moment + "\n")
        fresh.rename(self.clock_file)

    def raw(self, data, timeout=30):
        """Sends bytes as they are and reads the whole answer: (status, headers, body)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout * PATIENCE) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status, dict(answer.getheaders()), answer.read()
