"""The guard seen from outside: of all these hosts none is connected to, whether it was refused at the door or stored before."""

import datetime
import pathlib
import subprocess
import uuid

import pytest

from receiver import Receiver
from stack import Stack, id_bytes
from world import Company, instant, rfc

START = datetime.datetime(2031, 3, 4, 12, 0, tzinfo=datetime.timezone.utc)

# First, last and an inner address of each range that is not the public internet's.
RANGES = """
0.0.0.0 0.0.0.1 0.255.255.255
10.0.0.0 10.1.2.3 10.255.255.255
100.64.0.0 100.100.100.200 100.127.255.255
127.0.0.0 127.0.0.1 127.0.0.53 127.255.255.255
169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255
172.16.0.0 172.17.0.1 172.31.255.255
192.0.0.0 192.0.0.170 192.0.0.192 192.0.0.255
192.0.2.0 192.0.2.1 192.0.2.255
192.88.99.0 192.88.99.1 192.88.99.255
192.168.0.0 192.168.1.1 192.168.255.255
198.18.0.0 198.18.0.1 198.19.255.255
198.51.100.0 198.51.100.7 198.51.100.255
203.0.113.0 203.0.113.9 203.0.113.255
224.0.0.0 224.0.0.1 239.255.255.250 239.255.255.255
240.0.0.0 250.1.2.3 255.255.255.254 255.255.255.255
""".split()

IPV6 = """
:: ::1 ::2 ::127.0.0.1 ::8.8.8.8
::ffff:0.0.0.0 ::ffff:10.0.0.1 ::ffff:100.64.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:169.254.169.254 ::ffff:172.16.0.1
::ffff:192.0.0.1 ::ffff:192.168.1.1 ::ffff:198.18.0.1 ::ffff:224.0.0.1 ::ffff:255.255.255.255
::ffff:0:127.0.0.1 ::fffe:127.0.0.1
64:ff9b:: 64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::8.8.8.8
64:ff9b:1::1 64:ff9b:1::127.0.0.1 64:ff9b:1:ffff::1
100::1 100:0:0:1::1 1fff:ffff::1 5f00::1 4000::1 8000::1 e000::1
2001:: 2001:0:7f00:1:: 2001:1::1 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1
2001:db8:: 2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff
2002:: 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 2002:ffff:ffff::1
3fff:: 3fff:fff:ffff::1
fc00::1 fd00::1 fd00:ec2::254 fdff:ffff::1 fe80::1 febf::1 fec0::1 feff::1 ff01::1 ff02::1 ff0e::1
""".split()

# The same machines, written as resolvers and libraries understand them.
SPELLINGS = """
2130706433 017700000001 0x7f000001 0x7F.0.0.1 0177.0.0.1 0177.0.0.01 00000177.1 127.1 127.0.1 0 00 0x0 0.0 127.0.0.1.
2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518 169.16689662 0xa9.0xfe.0xa9.0xfe
167772161 012.0.0.1 0xa000001 10.1 3232235777 0300.0250.1.1 192.168.257 2886729729 0xac100001
4294967295 3758096385 0xffffffff 255.255.65535
127.0.0.1%2f 127%2e0%2e0%2e1 [::ffff:7f00:0001] [0:0:0:0:0:0:0:1] [0000::1] [::0.0.0.1] [fe80::1%25lo] [::1]. 256.256.256.256 1.2.3.4.5
""".split()

NAMES = {
    "loop.example.com": ["127.0.0.1"], "loop6.example.com": ["::1"], "zero.example.com": ["0.0.0.0"],
    "private.example.com": ["10.0.0.1"], "office.example.com": ["192.168.1.1"], "metadata.example.com": ["169.254.169.254"],
    "carrier.example.com": ["100.64.0.1"], "mapped.example.com": ["::ffff:127.0.0.1"], "nat64.example.com": ["64:ff9b::127.0.0.1"],
    "local6.example.com": ["fe80::1"], "unique.example.com": ["fd00::1"], "sixtofour.example.com": ["2002:7f00:1::"],
    "several.example.com": ["10.0.0.1,127.0.0.1,::1"], "broadcast.example.com": ["255.255.255.255"], "documents.example.com": ["203.0.113.9"],
    "metadata.google.internal": ["169.254.169.254"],
}


def in_url(host):
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


HOSTS = [in_url(host) for host in RANGES + IPV6 + SPELLINGS] + ["localhost", "LOCALHOST"] + list(NAMES)


@pytest.fixture(scope="module")
def closed_stack():
    """One whose operator allows no address beside the public internet."""
    stack = Stack(settings="outbound_allow =")
    try:
        yield stack.start()
    finally:
        stack.stop()


@pytest.fixture
def spy(tmp_path):
    library = tmp_path / "spy.so"
    source = pathlib.Path(__file__).with_name("spy.c")
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return Spy(tmp_path, library)


class Spy:
    def __init__(self, folder, library):
        self.log, self.names = folder / "connected", folder / "names"
        self.environment = {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0",
                            "SPY_LOG": str(self.log), "SPY_NAMES": str(self.names)}

    def resolve(self, names):
        self.names.write_text("".join(f"{name} {answer}\n" for name, answers in names.items() for answer in answers))

    @property
    def connected(self):
        return self.log.read_text().split() if self.log.exists() else []


def store(company, url):
    """An endpoint as it would stand there had the door been open."""
    company.stack.sql.run(
        "INSERT INTO webhook_endpoints (id, company_id, url, format, secret, created_at, updated_at)"
        " VALUES (%s, %s, %s, 'standard', 'a secret of sixteen', %s, %s)",
        identity := uuid.uuid4().bytes, company.bytes, url, START.replace(tzinfo=None), START.replace(tzinfo=None))
    company.stack.sql.run("INSERT INTO webhook_subscriptions (company_id, event_type, endpoint_id) VALUES (%s, 'user.created', %s)",
                          company.bytes, identity)
    return identity


def attempts_of(company, identity):
    return company.stack.sql.all(
        "SELECT a.status, a.error FROM deliveries d JOIN attempts a ON a.delivery_id = d.id WHERE d.endpoint_id = %s ORDER BY a.id", identity)


def test_the_table_is_long_enough_and_holds_nothing_twice():
    assert len(HOSTS) == len(set(HOSTS)) >= 120


def test_no_host_of_the_table_is_reached(closed_stack, spy, figure):
    trap = Receiver()
    try:
        port = trap.server.server_address[1]
        company = Company(closed_stack)
        urls = [f"{scheme}://{host}:{port}/hook" for host in HOSTS for scheme in ("http", "https")]
        endpoints = {url: store(company, url) for url in urls}
        spy.resolve(NAMES)
        company.user("Mia")
        closed_stack.dispatch(**spy.environment)
        assert spy.connected == [] and trap.deliveries == []
        for url, identity in endpoints.items():
            attempts = attempts_of(company, identity)
            assert attempts and all(row["status"] is None and row["error"] for row in attempts), url
        figure(f"guard: {len(HOSTS)} hosts, {len(urls)} URLs, none connected to")
    finally:
        trap.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_address_of_the_table_is_refused_at_the_door(closed_stack, scheme):
    company = Company(closed_stack)
    before = closed_stack.sql.counts()["webhook_endpoints"]
    for host in [in_url(host) for host in RANGES + IPV6 + SPELLINGS]:
        answer = company.post("/api/v1/webhooks", {"url": f"{scheme}://{host}/hook", "events": ["*"]}, 422).json()
        assert answer["error"]["details"]["fields"][0]["field"] == "url", host
    assert closed_stack.sql.counts()["webhook_endpoints"] == before


def test_a_name_is_judged_by_the_address_that_is_connected_to(closed_stack, spy):
    """Public when somebody looks, private when it is sent to; first public, later private; one of each."""
    trap = Receiver()
    try:
        company = Company(closed_stack)
        port = trap.server.server_address[1]
        closed_stack.set_clock(rfc(START))
        changing = company.webhook(f"https://changing.example.com:{port}/hook", ["user.created"])
        mixed = company.webhook(f"https://mixed.example.com:{port}/hook", ["user.created"])
        spy.resolve({"changing.example.com": ["93.184.216.34", "127.0.0.1"], "mixed.example.com": ["127.0.0.1,93.184.216.35,::1"]})
        company.user("Mia")
        closed_stack.dispatch(**spy.environment)
        assert sorted(spy.connected) == ["93.184.216.34", "93.184.216.35"]  # the spy sees what is allowed, and only that
        spy.resolve({"changing.example.com": ["127.0.0.1"], "mixed.example.com": ["::1,10.0.0.1"]})
        due = [instant(company.get(f"/api/v1/webhooks/{hook['id']}/deliveries").json()["data"][0]["dueAt"]) for hook in (changing, mixed)]
        closed_stack.set_clock(rfc(max(due)))
        closed_stack.dispatch(**spy.environment)
        assert sorted(spy.connected) == ["93.184.216.34", "93.184.216.35"] and trap.deliveries == []
        for hook in (changing, mixed):
            assert "not on the public internet" in attempts_of(company, id_bytes(hook["id"]))[-1]["error"]
    finally:
        closed_stack.set_clock(None)
        trap.close()
