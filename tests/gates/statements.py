"""Every SQL statement of the house stands where it should, and prepares against the schema with the right counts."""

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
    print(result.stdout, result.stderr, sep="", end="")
    if result.returncode != 0:
        faults.append(f"prepare: exit {result.returncode}")
    finish(faults, len(lines))


main()
