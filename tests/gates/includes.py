"""Who may include whom: the stairs of HACKING.md. Reads every #include "…" line."""

import re

from house import FOLDERS, c_files, finish, name

FLOORS = {"api", "db", "base"}
# Each domain of the rules may use those before it.
DOMAINS = ["rules/event", "rules/message", "rules/people", "rules/delivery", "rules/booking", "rules/catalogue"]
RULES = set(DOMAINS)
ARROWS = {
    "base": {"base"},
    "db": {"db", "base"},
    "api": FLOORS,
    **{domain: {*DOMAINS[:place + 1]} | FLOORS for place, domain in enumerate(DOMAINS)},
    "partners": {"partners", "base"},
    "signatures": {"signatures", "partners", "base"},
    "courier": {"courier", "base"},
    "channels": {"channels", "courier", "base"},
    "handlers": RULES | {"partners", "signatures"} | FLOORS,
    "dispatcher": RULES | {"dispatcher", "partners", "channels", "courier"} | FLOORS,
    "cli": RULES | {"cli", "channels", "courier"} | FLOORS,
    "cgi-bin": {"handlers"} | FLOORS,
}


def floor_of(path):
    """`rules/booking` of rules/booking/claims.h, `handlers` of handlers/v3/keys.c."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "rules" else parts[0]


faults, looked = [], 0
for path in c_files():
    looked += 1
    floor = floor_of(name(path))
    if floor not in ARROWS:
        faults.append(f"{name(path)}: {floor} is not one of the floors")
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        include = re.match(r'\s*#\s*include\s*"([^"]*)"', line)
        if not include:
            if re.match(r"\s*#\s*include\s*[^<\s]", line):
                faults.append(f"{name(path)}:{number}: an include that is neither \"…\" nor <…>")
            continue
        target = floor_of(include[1]) if "/" in include[1] else None
        if target is None or target.split("/")[0] not in FOLDERS:
            faults.append(f"{name(path)}:{number}: \"{include[1]}\" is not written from the top")
        elif target not in ARROWS[floor]:
            faults.append(f"{name(path)}:{number}: {floor} may not include {target} ({include[1]})")
finish(faults, looked)
