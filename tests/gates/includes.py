"""Who may include whom: the arrows of HACKING.md. Reads every #include "…" line."""

import re

from house import FOLDERS, c_files, finish, name

ARROWS = {
    "core": {"core"},
    "rules": {"rules", "core"},
    "partners": {"partners", "core"},
    "signatures": {"signatures", "partners", "core"},
    "channels": {"channels", "core"},
    "handlers": {"rules", "partners", "signatures", "core"},
    "dispatcher": {"dispatcher", "rules", "partners", "channels", "core"},
    "cli": {"cli", "rules", "channels", "core"},
    "cgi-bin": {"handlers", "core"},
}

faults, looked = [], 0
for folder in FOLDERS:
    for path in c_files(folder):
        looked += 1
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*"([^"]*)"', line)
            if not include:
                if re.match(r"\s*#\s*include\s*[^<\s]", line):
                    faults.append(f"{name(path)}:{number}: an include that is neither \"…\" nor <…>")
                continue
            target = include[1].split("/")[0] if "/" in include[1] else None
            if target not in FOLDERS:
                faults.append(f"{name(path)}:{number}: \"{include[1]}\" is not written from the top")
            elif target not in ARROWS[folder]:
                faults.append(f"{name(path)}:{number}: {folder} may not include {target} ({include[1]})")
finish(faults, looked)
