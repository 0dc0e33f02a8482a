"""
Every SQL statement of the house stands where it should, and prepares against the schema with the right counts; and what the code
reads of rows, by the names of columns, is what some statement gives.
"""

import json
import os
import re
import subprocess
import sys

from house import LITERAL, TOP, c_files, finish, line_of, name, statements_of, unquote, without_comments

SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|MERGE|WITH|CALL|DO|SET\s+STATEMENT|SET\s+(SESSION|GLOBAL|NAMES)|START"
                 r"\s+TRANSACTION|BEGIN|COMMIT|ROLLBACK|LOCK\s+TABLES|TRUNCATE|CREATE|ALTER|DROP|GRANT|EXPLAIN|SHOW|PREPARE"
                 r"|EXECUTE|SAVEPOINT|HANDLER|LOAD\s+DATA)\s+\S")


def outside(path, text, statements):
    """Statements in another form, and SQL that is no statement."""
    blank = text
    for statement in statements:
        begin, end = statement.span
        blank = blank[:begin] + re.sub(r"[^\n]", " ", blank[begin:end]) + blank[end:]
    bare = without_comments(blank, strings=False)
    for match in re.finditer(r"\bstruct\s+statement\b(?!\s*\*|\s*;|\s*\{)", bare):
        before = bare[max(0, match.start() - 30):match.start()]
        if not re.search(r"\bconst\s+$", before) or not re.match(r"\s*\*", bare[match.end():]):
            yield f"{name(path)}:{line_of(blank, match.start())}: not of the form `static const struct statement NAME = {{ \"…\" …`"
    for match in re.finditer(LITERAL + r"(?:\s*" + LITERAL + ")*", blank):
        if SQL.match(unquote(match[0])):
            yield f"{name(path)}:{line_of(blank, match.start())}: SQL outside a statement: {unquote(match[0])[:60]}"


READ = re.compile(r'\brow_(id|text|int|number|time|value|is_null)\s*\([^"();]*(?:\([^"()]*\)[^"();]*)*,\s*"(\w+)"\s*\)')
LETTERS = {"id": "u", "text": "s", "int": "i", "number": "n", "time": "t", "value": "usint", "is_null": "usint"}


def columns_told(output):
    """{file: {column: {letters}}} of what `prepare` tells."""
    told = {}
    for line in output.splitlines():
        if line.startswith("columns "):
            _, place, *columns = line.split()
            for column in columns:
                column, _, letter = column.rpartition(":")
                told.setdefault(place.split(":")[0], {}).setdefault(column, set()).add(letter)
    return told


def misread(files, told):
    """A column that no statement gives, or that none gives with that type: of the same file, or of others where this has none."""
    everywhere = {}
    for columns in told.values():
        for column, letters in columns.items():
            everywhere.setdefault(column, set()).update(letters)
    for path in files:
        text = without_comments(path.read_text())
        added = set(re.findall(r'\brow_with\s*\([^;]*?"(\w+)"', text))
        for match in READ.finditer(text):
            kind, column = match.groups()
            given = told.get(name(path), {}).get(column) or everywhere.get(column, set())
            if column not in added and not given & set(LETTERS[kind]):
                yield f"{name(path)}:{line_of(text, match.start())}: row_{kind} reads {column}, which is {' or '.join(sorted(given)) or 'given by nothing'}"


def main():
    faults, lines, files = [], [], c_files()
    for path in files:
        text, statements = statements_of(path)
        # The commands of a connection; the form of a table, which takes no parameters.
        if name(path) not in ("db/connection.c", "db/partitions.c"):
            faults += outside(path, text, statements)
        for statement in statements:
            line = {"name": statement.place, "sql": statement.sql, "in": statement.takes, "out": statement.gives}
            lines.append(json.dumps({key: value for key, value in line.items() if value}))
    if len(sys.argv) > 1 and sys.argv[1] == "--print":
        print("\n".join(lines))
        finish(faults, len(lines))
    prepare = [str(TOP / "tests/gates/with-database"), "/bin/sh", "-c", 'exec "$0" --config "$SLOTWIRE_TEST_CONFIG"',
               os.path.join(os.environ["SLOTWIRE_BUILD"], "tests/gates/prepare")]
    result = subprocess.run(prepare, input="\n".join(lines) + "\n", text=True, capture_output=True)
    print("".join(line + "\n" for line in result.stdout.splitlines() if not line.startswith("columns ")), result.stderr, sep="", end="")
    if len(sys.argv) > 1 and sys.argv[1] == "--columns":
        print(result.stdout)
    faults += misread(files, columns_told(result.stdout))
    if result.returncode != 0:
        faults.append(f"prepare: exit {result.returncode}")
    finish(faults, len(lines))


main()
