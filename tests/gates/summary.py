"""Adds up what the runners of `./dev check` said: summary.py LOGS CHECK-BUILD. Fails when anything failed."""

import pathlib
import re
import sys

PYTEST = re.compile(r"^(?:=+ )?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s")


def lines(path):
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def main():
    logs, build = (pathlib.Path(word) for word in sys.argv[1:3])
    passed = failed = 0

    print("\n── the runners' own last words")
    for path in sorted((build / "tests/unit").rglob("*.log")) + [build / "tests/gates/database-tests.log"]:
        for line in lines(path):
            count = re.match(r"\[  (PASSED|FAILED)  \] (\d+) test", line)
            if count and count[1] == "PASSED":
                passed += int(count[2])
            elif count:
                failed += int(count[2])
    # make check repeats the suite's log when it fails.
    for path in sorted(set(logs.glob("*.log")) - {logs / "make-check.log"}) + [build / "tests/gates/api-suite.log"]:
        for line in lines(path):
            if PYTEST.match(line):
                print(f"{path.stem}: {line}")
                passed += sum(int(n) for n in re.findall(r"(\d+) passed", line))
                failed += sum(int(n) for n in re.findall(r"(\d+) (?:failed|errors?)", line))
            elif re.match(r"fuzz_\w+: ", line):
                print(line)
    for line in dict.fromkeys(lines(logs / "make-check.log")):
        if re.match(r"# (TOTAL|PASS|FAIL|ERROR|SKIP): ", line):
            print(f"make check: {line[2:]}")
        verdict = re.match(r"(PASS|FAIL|ERROR): (tests/gates/\S+)", line)
        if verdict:
            passed += verdict[1] == "PASS"
            failed += verdict[1] != "PASS"
    for line in lines(logs / "steps"):
        print(line)
        passed += ": passed, " in line
        failed += ": FAILED, " in line
    print(f"\n{passed} passed, {failed} failed: unit, API and system tests, gates, steps")
    return 1 if failed or not passed else 0


sys.exit(main())
