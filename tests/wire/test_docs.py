"""docs/webhooks.md: its verification code is run against real deliveries, as a reader would copy it."""

import hashlib
import json
import re
import shutil
import subprocess

import pytest

from stack import TOP
from world import shop, future

PAGE = (TOP / "docs/webhooks.md").read_text()
MARK = re.compile(r"<!-- verify: ([^>]*) -->\n((?:```(?:js|python|php)\n.*?```\n+)+)", re.S)
BLOCK = re.compile(r"```(js|python|php)\n(.*?)```", re.S)
TAILS = {
    "js": "\nconst given = JSON.parse(require('node:fs').readFileSync(0));\n"
          "process.stdout.write(String(verify(given.headers, given.body, given.secret)));\n",
    "python": "\nimport json, sys\ngiven = json.load(sys.stdin)\n"
              "print(str(verify(given['headers'], given['body'], given['secret'])).lower(), end='')\n",
    "php": "\n$given = json_decode(stream_get_contents(STDIN));\n"
           "echo verify((array) $given->headers, $given->body, $given->secret) ? 'true' : 'false';\n",
}
PROGRAMS = {"js": ("node",), "python": ("/usr/bin/python3", "-I"), "php": ("php",)}
ENDINGS = {"js": "cjs", "python": "py", "php": "php"}
EXAMPLES = [(name, language, code) for names, blocks in MARK.findall(PAGE) for language, code in BLOCK.findall(blocks)
            for name in names.split()]

IDS = [f"{name}-{language}-{number}" for number, (name, language, _) in enumerate(EXAMPLES)]


def judge(folder, language, code, headers, body, secret):
    path = folder / f"verify.{ENDINGS[language]}"
    path.write_text(code + TAILS[language])
    done = subprocess.run([*PROGRAMS[language], path], input=json.dumps({"headers": headers, "body": body, "secret": secret}),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def caught(stack):
    """One real delivery of each format: (headers, body, secret)."""
    from receiver import Receiver
    receiver = Receiver()
    company, team, service = shop(stack, name="Zoë’s “Salon” / Söhne 💈\u2028\\")
    secrets = {name: company.webhook(f"{receiver.url}/{name}", ["booking.created"], format=name)["secret"]
               for name in ("standard", "clientpass", "booking-api", "therapy", "bookme", "pushpress")}
    company.book(service, future(), team[0], customer={"name": "Zoë \"Z\" O'Neil / Söhne 💈", "email": "zoe@example.com"},
                 notes="line1\nline2 €\u2028")
    stack.dispatch()
    found = {}
    for delivery in receiver.deliveries:
        name = delivery.path.rsplit("/", 1)[1]
        found[name] = (delivery.headers, delivery.body.decode(), secrets[name])
    receiver.close()
    headers, body, raw = found["therapy"]
    found["therapy-header"] = headers, body, hashlib.sha256(raw.encode()).hexdigest()
    return found


def test_every_format_has_code_in_each_language():
    wanted = {"standard", "clientpass", "booking-api", "therapy", "therapy-header", "bookme", "pushpress"}
    assert {(name, language) for name, language, _ in EXAMPLES} == {(name, language) for name in wanted for language in TAILS}
    assert all(shutil.which(program[0]) for program in PROGRAMS.values())


@pytest.mark.parametrize("name, language, code", EXAMPLES, ids=IDS)
def test_the_code_takes_what_is_genuine_and_nothing_else(caught, tmp_path, name, language, code):
    headers, body, secret = caught[name]
    assert judge(tmp_path, language, code, headers, body, secret) == "true"
    changed = body.replace("booking", "bookinG", 1) if "booking" in body else body.replace("appointment", "appointmenT", 1)
    if name == "pushpress":
        changed = body.replace('"startTimestamp":', '"startTimestamp":1', 1)
    assert changed != body and judge(tmp_path, language, code, headers, changed, secret) == "false"
    assert judge(tmp_path, language, code, headers, body, "whsec_" + "A" * 32) == "false"


@pytest.mark.parametrize("name, language, code", EXAMPLES, ids=IDS)
def test_a_delivery_without_signature_is_refused(caught, tmp_path, name, language, code):
    headers, body, secret = caught[name]
    bare = {header: value for header, value in headers.items() if "signature" not in header}
    payload = json.loads(body)
    payload.pop("signature", None)
    unsigned = body if name != "therapy" else json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    assert judge(tmp_path, language, code, bare, unsigned, secret) == "false"


def test_a_genuine_part_does_not_vouch_for_another(caught, tmp_path):
    """Whoever saw one delivery may hide its signed text in a body of their own."""
    for name, language, code in EXAMPLES:
        if name not in ("therapy", "pushpress"):
            continue
        headers, body, secret = caught[name]
        payload = json.loads(body)
        data = json.dumps(payload.pop("data"), separators=(",", ":"), ensure_ascii=False)
        signed = payload.get("signature", "")
        hidden = f'{{"a":1,"data":{data}' + (f',"signature":"{signed}"}}' if signed else "}")
        rest = json.dumps(payload, separators=(",", ":"))[1:-1]
        for forged in (f'{{"data":{{"id":"evil"}},{rest},"x":{hidden}}}', f'{{{rest},"x":{hidden},"data":{{"id":"evil"}}}}'):
            assert json.loads(forged)["data"] == {"id": "evil"}
            assert judge(tmp_path, language, code, headers, forged, secret) == "false", (name, language)


def test_an_old_attempt_is_refused(caught, tmp_path):
    for name, language, code in EXAMPLES:
        if name == "standard":
            headers, body, secret = caught[name]
            old = dict(headers, **{"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 3600)})
            assert judge(tmp_path, language, code, old, body, secret) == "false"


def test_every_address_of_the_page_is_an_operation(stack):
    paths = {re.sub(r"\{[^}]+\}", "*", path) for path in stack.document.raw["paths"]}
    named = {re.sub(r"(whk|dlv|evt)_…", "*", path.rstrip(".,`")) for path in re.findall(r"(?<=[\s`L])(/(?:api|v3)/[^\s?`]*)", PAGE)}
    assert named and {path for path in named if path not in paths} == set()
