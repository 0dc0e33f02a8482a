"""What the compiler cannot refuse: SQL outside db, the database's own clock, and base/banned.h made harmless."""

import re

from house import TOP, c_files, finish, line_of, name, without_comments

faults, looked = [], 0


def search(path, text, pattern, why, flags=0):
    for match in re.finditer(pattern, text, flags):
        faults.append(f"{name(path)}:{line_of(text, match.start())}: {match[0].strip()!r}: {why}")


for path in c_files(tests=True):
    looked += 1
    text = without_comments(path.read_text())
    code = without_comments(path.read_text(), strings=False)
    # Tests may look into the database in their own way.
    if not name(path).startswith(("db/", "tests/")):
        search(path, code, r"\bmysql_\w+", "the database is spoken to by db alone")
        search(path, code, r"\bMYSQL(_\w+)?\b", "the database is spoken to by db alone")
    search(path, code, r"\b(mysql_real_escape_string\w*|mysql_escape_string)\b", "values are bound, never escaped")
    # Leases that several hosts share run on the one clock that they share.
    own = r"UTC_TIMESTAMP|" if name(path) not in ("dispatcher/shards.c", "cli/doctor.c") else ""
    search(path, text, r"\b(NOW|SYSDATE|CURDATE|CURTIME|" + own + r"UTC_DATE|LOCALTIME|LOCALTIMESTAMP|UNIX_TIMESTAMP"
           r"|GETDATE)\s*\(|\bCURRENT_(TIMESTAMP|DATE|TIME)\b", "time is clock_now(), bound")
    search(path, code, r"#\s*pragma\s+(GCC|clang)\s+diagnostic|#\s*undef\s+BANNED|#\s*define\s+(BANNED|BASE_BANNED_H)\b"
           if name(path) != "base/banned.h" else r"(?!)", "no warning is switched off")
    search(path, code, r"##", "no macro that makes functions or names")
for path in sorted((TOP / "sql").rglob("*.sql")):
    looked += 1
    text = re.sub(r"--[^\n]*", "", path.read_text())
    search(path, text, r"\b(NOW|SYSDATE|UTC_TIMESTAMP)\s*\(|\bCURRENT_TIMESTAMP\b", "time comes from the program", re.I)
finish(faults, looked)
