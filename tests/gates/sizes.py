"""No function of more than 100 lines, no file of more than 600: universal-ctags knows where functions end."""

import json
import subprocess

from house import c_files, finish, name

FUNCTION, FILE = 100, 600

paths = c_files(tests=True)
faults = []
for path in paths:
    lines = len(path.read_text().splitlines())
    if lines > FILE:
        faults.append(f"{name(path)}: {lines} lines, more than {FILE}")
tags = subprocess.run(["ctags", "--options=NONE", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne",
                       "--output-format=json", "-f", "-", *map(str, paths)], check=True, capture_output=True, text=True)
functions = [json.loads(line) for line in tags.stdout.splitlines()]
for function in functions:
    lines = function["end"] - function["line"] + 1
    if lines > FUNCTION:
        faults.append(f"{function['path']}:{function['line']}: {function['name']} has {lines} lines, more than {FUNCTION}")
finish(faults, len(functions))
