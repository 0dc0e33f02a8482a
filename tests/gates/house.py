"""What the gates share: where the C files are, their text without comments, and how a gate ends."""

import os
import pathlib
import re
import sys

TOP = pathlib.Path(os.environ.get("SLOTWIRE_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
FOLDERS = ("base", "db", "api", "rules", "partners", "signatures", "courier", "channels", "handlers", "dispatcher", "cli", "cgi-bin")


def c_files(*folders, tests=False):
    folders = folders or FOLDERS + (("tests",) if tests else ())
    found = [path for folder in folders for suffix in ("c", "h") for path in (TOP / folder).rglob("*." + suffix)
             if "node_modules" not in path.parts]
    return sorted(found)


def name(path):
    return str(path.relative_to(TOP))


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text, strings=True):
    """Comments become blanks, line by line; with strings=False literals too."""
    def blank(match):
        token = match[0]
        if token[0] == "/" or not strings:
            return re.sub(r"[^\n]", " ", token)
        return token
    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def finish(faults, looked):
    """Every gate must have looked at something, so that a moved folder cannot make it blind."""
    for fault in faults:
        print(fault)
    if not looked:
        print("nothing was looked at")
    print(f"{looked} looked at, {len(faults)} faults")
    sys.exit(1 if faults or not looked else 0)


LITERAL = r'"(?:\\.|[^"\\\n])*"'
PIECE = r"(?:" + LITERAL + r"|\b[A-Z][A-Z_0-9]+\b)"  # a literal, or a list of columns that has a name
STATEMENT = re.compile(
    r"static\s+const\s+struct\s+statement\s+(?P<name>\w+)\s*=\s*\{\s*(?P<sql>" + PIECE + r"(?:\s*" + PIECE + r")*)\s*"
    r"(?P<in_part>,\s*\.in\s*=\s*(?P<in>" + LITERAL + r"(?:\s*" + LITERAL + r")*)\s*)?"
    r"(?P<out_part>,\s*\.out\s*=\s*(?P<out>" + LITERAL + r"(?:\s*" + LITERAL + r")*)\s*)?,?\s*\}\s*;")
NAMED = re.compile(r"^[ \t]*#[ \t]*define[ \t]+([A-Z][A-Z_0-9]+)[ \t]+((?:\\\n|[ \t]|" + LITERAL + r"|[A-Z][A-Z_0-9]+)+)$", re.M)


def names_of(text):
    """The literals that macros of this text stand for."""
    return dict(NAMED.findall(text))


def unquote(literals, names=None):
    """What a C compiler makes of adjacent string literals and names of such; only the escapes that SQL needs."""
    found = ""
    for piece in re.findall(PIECE, literals or ""):
        if piece[0] == '"':
            found += re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), piece[1:-1])
        else:
            found += unquote((names or {}).get(piece, '"' + piece + '"'), names)
    return found


class Statement:
    def __init__(self, path, text, match, names):
        self.name = match["name"]
        self.place = f"{name(path)}:{line_of(text, match.start())}:{match['name']}"
        self.sql = unquote(match["sql"], names)
        self.takes = unquote(match["in"])
        self.gives = unquote(match["out"])
        self.span = match.span()
        self.out_span = match.span("out_part")


def included(path, text):
    """The names that the house's headers bring, one level down: a list of columns stands in a file or in its domain's header."""
    names = {}
    for header in re.findall(r'#\s*include\s*"([^"]+)"', text):
        if (TOP / header).exists():
            names.update(names_of(without_comments((TOP / header).read_text())))
    return names


def statements_of(path):
    text = without_comments(path.read_text())
    names = included(path, path.read_text()) | names_of(text)
    return text, [Statement(path, text, match, names) for match in STATEMENT.finditer(text)]
