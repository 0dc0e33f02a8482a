"""
How the house hangs together: files in each folder, circles of calls, structs that many files write. A folder holds at most 45
files, and nobody calls in a larger circle than a pair. The calls are those of the symbol tables of the build.
"""

import json
import os
import pathlib
import re
import subprocess

from house import FOLDERS, TOP, c_files, finish, name, without_comments

FILES, CIRCLE, MEMBERS, WRITERS = 45, 2, 15, 3
BUILD = pathlib.Path(os.environ["SLOTWIRE_BUILD"])

faults = []


def folders():
    """Files of a folder itself, of the house and of its tests."""
    counts = {}
    for folder in FOLDERS + ("tests",):
        for path in (TOP / folder).rglob("*"):
            if path.suffix in (".c", ".h", ".py") and "node_modules" not in path.parts:
                counts[name(path.parent)] = counts.get(name(path.parent), 0) + 1
    return counts


def calls():
    """Who needs whom: {file: {other file: {symbols}}}."""
    owner, needed = {}, {}
    for path in c_files():
        object_file = BUILD / pathlib.Path(name(path)).with_suffix(".o")
        if path.suffix != ".c":
            continue
        if not object_file.exists():
            faults.append(f"{name(path)}: was not built")
            continue
        listed = subprocess.run(["nm", "--extern-only", "--format=posix", str(object_file)], check=True, capture_output=True, text=True)
        for line in listed.stdout.splitlines():
            symbol, kind = line.split()[:2]
            if kind == "U":
                needed.setdefault(name(path), set()).add(symbol)
            elif symbol != "main":
                owner[symbol] = name(path)
    graph = {file: {} for file in set(owner.values()) | set(needed)}
    for file, symbols in needed.items():
        for symbol in symbols:
            if owner.get(symbol, file) != file:
                graph[file].setdefault(owner[symbol], set()).add(symbol)
    return graph


def reached(graph, start):
    seen, todo = set(), [start]
    while todo:
        for other in graph[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def circles(graph):
    """Sets of files that all reach each other."""
    reach = {file: reached(graph, file) for file in graph}
    found = {frozenset({file} | {other for other in reach[file] if file in reach[other]}) for file in graph}
    return sorted((circle for circle in found if len(circle) > 1), key=lambda circle: (-len(circle), sorted(circle)))


def structs():
    """Structs of headers with more than MEMBERS members: {name: {members}}."""
    headers = [str(path) for path in c_files() if path.suffix == ".h"]
    tags = subprocess.run(["ctags", "--options=NONE", "--languages=C", "--langmap=C:.c.h", "--kinds-C=m", "--output-format=json",
                           "-f", "-", *headers], check=True, capture_output=True, text=True)
    found = {}
    for tag in map(json.loads, tags.stdout.splitlines()):
        if tag.get("scopeKind") == "struct":
            found.setdefault(tag["scope"], set()).add(tag["name"])
    return {struct: members for struct, members in found.items() if len(members) > MEMBERS}


def writes(code, struct, members):
    """Whether a variable of the struct's type has a member set, in place or inside of it."""
    variables = set(re.findall(rf"\bstruct {struct}\s*\*?\s*(?:const\s+)?(\w+)\s*[,;)=\[]", code))
    if not variables:
        return False
    member = rf"\b(?:{'|'.join(variables)})(?:->|\.)(?:{'|'.join(members)})\b(?:\.\w+|\[[^\]]*\])*"
    return re.search(rf"{member}\s*(?:=(?!=)|[-+*/%|&^]=|<<=|>>=|\+\+|--)|(?:\+\+|--){member}", code) is not None


counts, graph, texts = folders(), calls(), {name(path): without_comments(path.read_text(), strings=False) for path in c_files()}
found = circles(graph)
for folder, count in sorted(counts.items()):
    largest = max((len(circle) for circle in found if any(os.path.dirname(file) == folder for file in circle)), default=1)
    print(f"{folder}: {count} files" + (f", largest circle {largest}" if largest > 1 else ""))
    if count > FILES:
        faults.append(f"{folder}: {count} files, more than {FILES}")
for circle in found:
    print(f"circle of {len(circle)}: {', '.join(sorted(circle))}")
    if len(circle) > CIRCLE:
        faults.append(f"a circle of {len(circle)} files, more than {CIRCLE}:")
        for file in sorted(circle):
            for other in sorted(set(graph[file]) & circle):
                faults.append(f"    {file} → {other}: {', '.join(sorted(graph[file][other]))}")
for struct, members in sorted(structs().items()):
    writers = [file for file, code in texts.items() if writes(code, struct, members)]
    if len(writers) > WRITERS:
        print(f"struct {struct}: {len(members)} members, written by {len(writers)} files")
finish(faults, len(graph))
