"""docs/deploy.md as a reader follows it: its commands, a host of nobody's, a packed installation that was copied there."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import uuid

import requests

from stack import TOP, free_port, wait_until
from world import ALWAYS, future, rfc

PAGE = (TOP / "docs/deploy.md").read_text()
BLOCKS = re.compile(r"<!-- run: ([a-z-]+) -->\n```sh\n(.*?)```", re.S)
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
PASSWORD = "correct horse battery"


def commands(name):
    """The page's commands of that mark, in their order."""
    found = "\n".join(block for mark, block in BLOCKS.findall(PAGE) if mark == name)
    assert found, f"the page has no commands marked {name}"
    return found


def replaced(text, changes):
    """What differs from the page's example: each must be there, so that it cannot pass by unnoticed."""
    for before, after in changes.items():
        assert before in text, f"{before} is not there any more"
        text = text.replace(before, after)
    return text


def run_shell(script, environment, user=None, stdin=""):
    done = subprocess.run(["bash", "-ec", script], env=environment, input=stdin, capture_output=True, text=True, cwd="/",
                          timeout=300, **(user or {}))
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done


def tool(folder, name, text):
    path = folder / name
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(0o755)


@contextlib.contextmanager
def daemon(words, log, answers, **options):
    """A process in the foreground that is awaited, and told to stop."""
    with open(log, "ab") as out:
        process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
    try:
        wait_until(lambda: process.poll() is not None or answers(), 60, f"{words[0]}; see {log}")
        assert process.poll() is None, pathlib.Path(log).read_text()
        yield process
    finally:
        process.terminate()
        process.wait(60)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Account:
    """One on a shared host: a home folder, a site in public_html, a database with a password."""

    def __init__(self, folder, pack, database):
        self.folder, self.home, self.pack, self.database = folder, folder / "home", pack, database
        self.port, self.name = free_port(), "you_" + uuid.uuid4().hex[:8]
        self.url = f"http://127.0.0.1:{self.port}"
        self.site = self.home / "public_html"
        (folder / "bin").mkdir()
        tool(folder / "bin", "crontab", f'[ "$1" != - ] || {{ cat >{self.home}/new && exec mv {self.home}/new {self.home}/crontab; }}\n'
             f'exec cat {self.home}/crontab\n')
        self.site.mkdir(parents=True)
        shutil.copy(pack / "slotwire-pack.tar.gz", self.home)
        (folder / "apache").mkdir()
        if NOBODY:
            for path in (self.home, self.site, self.home / "slotwire-pack.tar.gz", folder / "apache"):
                os.chown(path, NOBODY["user"], NOBODY["group"])
        for sql in (f"CREATE DATABASE {self.name}", f"CREATE USER {self.name}@'127.0.0.1' IDENTIFIED BY 'its password'",
                    f"GRANT ALL ON {self.name}.* TO {self.name}@'127.0.0.1'"):
            database.sql.run(sql)

    def close(self):
        self.database.sql.run(f"DROP DATABASE {self.name}")
        self.database.sql.run(f"DROP USER {self.name}@'127.0.0.1'")

    def run(self, script, stdin=""):
        environment = {"HOME": str(self.home), "PATH": f"{self.folder}/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        return run_shell(script, environment, NOBODY, stdin)

    def settle_in(self):
        """Sections 1 to 3b; the key that `key create` printed."""
        self.run(commands("unpack"))
        script = replaced(commands("account"), {"db_host = localhost": f"db_host = 127.0.0.1\ndb_port = {self.database.database_port}",
                                                "you_slotwire": self.name, "https://book.example.com": self.url})
        done = self.run(script, PASSWORD + "\n")
        self.run(commands("site"))
        [self.key] = [line for line in done.stdout.splitlines() if line.startswith("sk_live_")]

    @contextlib.contextmanager
    def apache(self, fcgid):
        """A private one by its own binary, as hosts set it up: the account's folder may have an .htaccess of its own."""
        modules = ["mpm_prefork", "authz_core", "dir", "mime", "env", "setenvif", "headers", "rewrite"]
        modules += ["fcgid" if fcgid else "cgi"]
        own = self.folder / "apache"
        lines = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in modules]
        lines += [f"ServerRoot {own}", f"DefaultRuntimeDir {own}", f"PidFile {own}/pid", f"ErrorLog {own}/error.log",
                  "ServerName 127.0.0.1", f"Listen 127.0.0.1:{self.port}", "StartServers 2", f"DocumentRoot {self.site}",
                  "TypesConfig /etc/mime.types", f"<Directory {self.site}>", "AllowOverride All", "Require all granted", "</Directory>"]
        if fcgid:
            lines += [f"FcgidIPCDir {own}/sock", f"FcgidProcessTableFile {own}/shm"]
        (own / "apache.conf").write_text("\n".join(lines) + "\n")
        with daemon(["/usr/sbin/apache2", "-DFOREGROUND", "-f", own / "apache.conf"], own / "out.log",
                    lambda: listens(self.port), cwd="/", env={"PATH": "/usr/bin:/bin", "LANG": "C"}, **NOBODY) as process:
            yield process

    @contextlib.contextmanager
    def dispatcher(self):
        """One that runs, and whose file can be written to by nobody meanwhile."""
        program = self.home / "slotwire/libexec/slotwire/slotwire-dispatcher"
        seen = f"SELECT 1 FROM {self.name}.heartbeats WHERE name = 'dispatcher'"
        with daemon([program, "--window", "600"], self.folder / "dispatcher.log", lambda: self.database.sql.one(seen), cwd="/", env={},
                    **NOBODY) as process:
            yield process

    def programs(self, apache):
        """The API programs that run below that Apache: their pids, and the files they run from."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                    if (entry / "comm").read_text().strip() == "slotwire-api" and apache.pid in ancestors(int(fields[1])):
                        found[int(entry.name)] = os.readlink(entry / "exe")
        return found


def ancestors(pid):
    while pid > 1:
        yield pid
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


class Site:
    """What the page led to, as a client sees it."""

    def __init__(self, url, key, log):
        self.url, self.key, self.log, self.session = url, key, log, requests.Session()
        self.session.trust_env = False
        self.bearer = {"Authorization": f"Bearer {key}"}

    def ask(self, method, path, expect=200, body=None, headers=None):
        answer = self.session.request(method, self.url + path, json=body, headers=self.bearer if headers is None else headers, timeout=60)
        log = self.log.read_text()[-2000:] if self.log.exists() else ""
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text[:500]}\n{log}"
        return answer

    def look_around(self):
        assert self.ask("GET", "/healthz", headers={}).json() == {"status": "ok"}
        checks = self.ask("GET", "/readyz", 503).json()["checks"]
        assert checks["database"]["ok"] and checks["schema"]["ok"] and checks["dispatcher"]["ageSeconds"] is None
        assert self.ask("GET", "/api/v1/company", headers={"X-API-Key": self.key}).json()["name"] == "Hair by Ada"
        assert self.ask("GET", "/api/v1/company", 401, headers={}).json()["error"]["code"] == "UNAUTHORIZED"
        assert self.ask("GET", "/openapi.json", headers={}).json()["openapi"].startswith("3.1")
        for page, script in (("/docs", "/docs/docs.js"), ("/reset", "/reset/reset.js")):
            assert "<html" in self.ask("GET", page, headers={}).text and self.ask("GET", script, headers={}).text
        for hidden in ("/slotwire.conf", "/etc/slotwire.conf", "/slotwire/etc/slotwire.conf"):
            self.ask("GET", hidden, 404)

    def book(self):
        """By the person whose password was typed in, from the log-in to a booking."""
        login = self.ask("POST", "/api/v1/sessions", 201, {"email": "ada@example.com", "password": PASSWORD}, {})
        token = {"Authorization": f"Bearer {login.json()['accessToken']}"}
        ada = self.ask("POST", "/api/v1/users", 201, {"name": "Ada", "role": "professional"}, token).json()
        self.ask("PUT", f"/api/v1/users/{ada['id']}/schedule", 200, {"timeZone": "UTC", "weekly": ALWAYS, "overrides": []})
        service = {"name": "Cut", "duration": 30, "price": {"amount": 30}, "staffIds": [ada["id"]]}
        order = {"serviceId": self.ask("POST", "/api/v1/services", 201, service).json()["id"], "startsAt": rfc(future()),
                 "customer": {"name": "Guest", "email": "guest@example.com"}}
        booking = self.ask("POST", "/api/v1/bookings", 201, order).json()
        assert self.ask("GET", f"/api/v1/bookings/{booking['id']}?").json() == booking
        assert [item["id"] for item in self.ask("GET", "/api/v1/bookings?limit=1").json()["data"]] == [booking["id"]]
