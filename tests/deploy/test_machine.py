"""A machine of one's own, as sections 2 to 4 make it: nginx, a pool of workers for each service, cron.

The commands are the page's; what needs a root of its own (users, services, /etc and /usr/local) is led below a folder.
"""

import contextlib
import re
import subprocess
import uuid

import pytest

from hosts import PASSWORD, Site, commands, daemon, listens, replaced, run_shell, tool
from stack import free_port

WEB = """daemon off;
{user}
pid {root}/nginx.pid;
error_log {root}/log/nginx-error.log;
events {{ }}
http {{
    client_body_temp_path {root}/temp/body;
    fastcgi_temp_path {root}/temp/fastcgi;
    proxy_temp_path {root}/temp/proxy;
    scgi_temp_path {root}/temp/scgi;
    uwsgi_temp_path {root}/temp/uwsgi;
    include {root}/etc/nginx/sites-enabled/*;
}}
"""


class Machine:
    def __init__(self, folder, pack, database):
        self.root, self.database, self.port = folder, database, free_port()
        self.name, self.url = "m" + uuid.uuid4().hex[:8], f"http://127.0.0.1:{self.port}"
        for path in ("etc/nginx/sites-enabled", "etc/systemd/system", "etc/default", "run/slotwire", "usr", "log", "temp", "bin"):
            (folder / path).mkdir(parents=True)
        (folder / "etc/nginx/sites-enabled/default").write_text("what Debian serves;\n")
        subprocess.run(["cp", "-R", pack / "pack/usr/local", folder / "usr/local"], check=True)
        site = folder / "usr/local/share/slotwire/nginx/slotwire.conf"
        site.write_text(self.led(replaced(site.read_text(), {"/var/log/nginx": f"{folder}/log", "listen      80;":
                                                             f"listen 127.0.0.1:{self.port};"})))
        self.user = "user root;" if folder.stat().st_uid == 0 else ""
        (folder / "nginx.conf").write_text(WEB.format(root=folder, user=self.user))
        self.tools()

    def led(self, text):
        return text.replace("/usr/local", f"{self.root}/usr/local").replace("/run/slotwire", f"{self.root}/run/slotwire")

    def tools(self):
        """What would change the machine that the tests run on."""
        folder, socket = self.root / "bin", self.database.settings["db_socket"]
        tool(folder, "useradd", f'echo "${{@: -1}}" >{self.root}/users\n')
        tool(folder, "runuser", f'[ "$1 $2 $3" = "-u $(cat {self.root}/users) --" ] && shift 3 && exec "$@"\n')
        tool(folder, "install", f'[ "$3 $4" = "-g $(cat {self.root}/users)" ] && exec /usr/bin/install "$1" "$2" "${{@:5}}"\n')
        tool(folder, "mariadb", f'exec /usr/bin/mariadb --no-defaults --socket={socket} "$@"\n')
        tool(folder, "systemctl", f'echo "$@" >>{self.root}/services\n')
        tool(folder, "crontab", f'[ "$1 $2 $3" = "-u $(cat {self.root}/users) -" ] && exec cat >{self.root}/crontab\n')
        tool(folder, "nginx", f'exec /usr/sbin/nginx -p {self.root} -e {self.root}/log/nginx-error.log -c {self.root}/nginx.conf "$@"\n')

    def environment(self):
        """The settings are named, as what was compiled in is not led elsewhere."""
        return {"PATH": f"{self.root}/bin:{self.root}/usr/local/bin:/usr/sbin:/usr/bin:/bin", "LANG": "C.UTF-8",
                "SLOTWIRE_CONFIG": f"{self.root}/etc/slotwire.conf"}

    def set_up(self):
        script = replaced(commands("machine"), {
            "CREATE DATABASE slotwire ": f"CREATE DATABASE {self.name} ",
            "CREATE USER slotwire@localhost IDENTIFIED VIA unix_socket": f"CREATE USER {self.name}@localhost",
            "ON slotwire.* TO slotwire@localhost": f"ON {self.name}.* TO {self.name}@localhost",
            "db_socket = /run/mysqld/mysqld.sock": f"db_socket = {self.database.settings['db_socket']}\ndb_name = {self.name}\n"
                                                   f"db_user = {self.name}",
            "https://book.example.com": self.url, "/etc/": f"{self.root}/etc/"})
        done = run_shell(self.led(script), self.environment(), stdin=PASSWORD + "\n")
        [self.key] = [line for line in done.stdout.splitlines() if line.startswith("sk_live_")]

    def pools(self):
        [line] = [line for line in (self.root / "services").read_text().splitlines() if line.startswith("enable --now ")]
        return [re.fullmatch("slotwire@([a-z]+)", word)[1] for word in line.split()[2:]]

    def unit(self):
        return dict(line.split("=", 1) for line in (self.root / "etc/systemd/system/slotwire@.service").read_text().splitlines()
                    if "=" in line and not line.startswith("Environment"))

    def service(self, pool):
        """The words of a service's ExecStart, as systemd reads them."""
        own = self.root / f"etc/default/slotwire-{pool}"
        workers = own.read_text().strip().removeprefix("WORKERS=") if own.exists() else "2"
        return self.unit()["ExecStart"].replace("%i", pool).replace("${WORKERS}", workers).split()

    @contextlib.contextmanager
    def running(self):
        with contextlib.ExitStack() as stack:
            for pool in self.pools():
                socket = self.root / f"run/slotwire/{pool}.sock"
                stack.enter_context(daemon(self.service(pool), self.root / f"log/{pool}", socket.exists, env=self.environment()))
            stack.enter_context(daemon([self.root / "bin/nginx"], self.root / "log/nginx", lambda: listens(self.port)))
            yield Site(self.url, self.key, self.root / "log/nginx-error.log")


@pytest.fixture
def machine(host, pack, database):
    machine = Machine(host, pack, database)
    yield machine
    database.sql.run(f"DROP DATABASE IF EXISTS {machine.name}")
    database.sql.run(f"DROP USER IF EXISTS {machine.name}@localhost")


def test_the_page_leads_to_a_site_that_answers(machine):
    machine.set_up()
    assert (machine.root / "users").read_text() == "slotwire\n"
    assert (machine.root / "etc/slotwire.conf").stat().st_mode & 0o777 == 0o640
    # systemd gives a service the groups that list its user, not the one of its entry in passwd.
    assert machine.unit()["User"] == "slotwire" and machine.unit()["Group"] == "www-data"
    assert machine.unit()["SupplementaryGroups"] == "slotwire"
    assert "reload nginx" in (machine.root / "services").read_text()
    with machine.running() as site:
        site.look_around()
        site.book()
        [line] = (machine.root / "crontab").read_text().splitlines()
        assert line.startswith("* * * * * ")
        with daemon([line[10:]], machine.root / "log/dispatcher", (machine.root / "run/slotwire/dispatcher.sock").exists,
                    env=machine.environment()):
            assert site.ask("GET", "/readyz").json()["status"] == "ready"
            said = run_shell("runuser -u slotwire -- slotwire doctor", machine.environment()).stdout
        assert "FAIL" not in said and "in use" in said and (machine.root / "log/dispatcher").read_text() == ""


def test_every_pool_of_the_web_server_is_a_service(machine):
    machine.set_up()
    site = (machine.root / "usr/local/share/slotwire/nginx/slotwire.conf").read_text()
    assert set(machine.pools()) == set(re.findall(r"/([a-z]+)\.sock", site))
