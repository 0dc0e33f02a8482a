#!/usr/bin/python3
"""Writes zone_vectors.h: what Python's zoneinfo says of the zones around their changes.

    tests/unit/make_zone_vectors.py > tests/unit/zone_vectors.h

Zones whose rules their governments still move about are asked about their past alone, so that the table holds on a
machine with other tzdata.
"""
import datetime
import zoneinfo

STEADY = """America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage
    America/Halifax America/St_Johns America/Havana America/Sao_Paulo America/Miquelon Europe/London Europe/Dublin
    Europe/Berlin Europe/Lisbon Europe/Athens Atlantic/Azores Asia/Dubai Asia/Kolkata Asia/Kathmandu Asia/Tokyo
    Australia/Sydney Australia/Adelaide Australia/Lord_Howe Pacific/Auckland Pacific/Chatham Pacific/Kiritimati
    Pacific/Pago_Pago UTC EST5EDT""".split()
MOVING = """Africa/Cairo Africa/Casablanca America/Asuncion America/Nuuk America/Santiago America/Mexico_City
    Pacific/Easter Pacific/Apia Asia/Amman Asia/Beirut Asia/Gaza Asia/Tehran Europe/Istanbul Africa/Juba
    America/Caracas Antarctica/Troll""".split()
STEADY_YEARS = (2020, 2025, 2037)
MOVING_YEARS = (2011, 2021, 2023)
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)


def offset(zone, seconds):
    moment = datetime.datetime.fromtimestamp(seconds, zone)
    return int(moment.utcoffset().total_seconds())


def changes(zone, year):
    at = int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime.datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    while at < end:
        after = at + 86400
        if offset(zone, at) != offset(zone, after):
            low, high = at, after
            while high - low > 1:
                middle = (low + high) // 2
                if offset(zone, middle) == offset(zone, at):
                    low = middle
                else:
                    high = middle
            yield high
        at = after


def fit(zone, wall):
    """(kind, seconds) of a wall time in seconds since 1970-01-01 on that wall, as zone_from_wall should see it."""
    naive = EPOCH + datetime.timedelta(seconds=wall)
    hits = sorted({wall - int(naive.replace(tzinfo=zone, fold=fold).utcoffset().total_seconds()) for fold in (0, 1)})
    true = [hit for hit in hits if hit + offset(zone, hit) == wall]
    if not true:
        low, high = hits  # the jump lies between them
        before = offset(zone, low)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
        return "ZONE_GAP", high
    return ("ZONE_TWICE" if len(true) == 2 else "ZONE_EXACT"), true[0]


def print_rows(form, rows):
    line = ""
    for text in [form % row for row in rows]:
        if len(line) + len(text) > 150:
            print("   " + line)
            line = ""
        line += " " + text
    print("   " + line)


def main():
    offsets, walls = [], []
    for names, years in ((STEADY, STEADY_YEARS), (MOVING, MOVING_YEARS)):
        for name in names:
            zone = zoneinfo.ZoneInfo(name)
            for year in years:
                middle = int(datetime.datetime(year, 7, 1, 12, tzinfo=UTC).timestamp())
                offsets.append((name, middle, offset(zone, middle)))
                for change in changes(zone, year):
                    offsets += [(name, at, offset(zone, at)) for at in (change - 1, change)]
                    first, second = sorted((change + offset(zone, change - 1), change + offset(zone, change)))
                    for wall in (first, (first + second) // 2 // 60 * 60, second - 60, second):
                        walls.append((name, wall) + fit(zone, wall))
    print("/* Made by make_zone_vectors.py: never edited by hand. */")
    print("#ifndef TESTS_ZONE_VECTORS_H\n#define TESTS_ZONE_VECTORS_H\n\n#include \"base/zone.h\"\n\n/* clang-format off */")
    print("static const struct {\n    const char *zone;\n    int64_t seconds; /* UTC, since the epoch */")
    print("    int offset;\n} offset_vectors[] = {")
    print_rows('{ "%s", %d, %d },', offsets)
    print("};\n\nstatic const struct {\n    const char *zone;\n    int64_t wall; /* as if the wall were UTC's */")
    print("    enum zone_fit fit;\n    int64_t seconds;\n} wall_vectors[] = {")
    print_rows('{ "%s", %d, %s, %d },', walls)
    print("};\n\n#endif")


main()
