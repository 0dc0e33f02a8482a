"""
The cheapest tests that together call every operation with success and see every error code, three of them each.

A whole run notes in the file of SLOTWIRE_NOTE_SEEN what each test has seen and how long it took. A run with
SLOTWIRE_SUFFICIENT=FILE takes from that file as few of the tests as show all of it, and test_zz_coverage.py, which says
whether they do. Where there is no such file it runs all of them.
"""

import json
import os
import pathlib

import openapi_check


def choose(tests, times=3):
    """From what each test has seen and its seconds: in each round the one that shows most of what is missing for its time."""
    chosen = set()
    for _ in range(times):  # some only see it where two come at the same moment
        tests = {name: test for name, test in tests.items() if name not in chosen}
        left = set().union(*(test["seen"] for test in tests.values()))
        while left:
            best = max(tests, key=lambda name: len(left.intersection(tests[name]["seen"])) / (0.1 + tests[name]["seconds"]))
            chosen.add(best)
            left.difference_update(tests[best]["seen"])
    return chosen


class Noter:
    """Tells openapi_check whose answers it sees."""

    def pytest_runtest_logstart(self, nodeid):
        openapi_check.begin(nodeid)

    def pytest_runtest_logreport(self, report):
        openapi_check.took(report.nodeid, report.duration)

    def pytest_sessionfinish(self):
        """Of several processes the one that ran test_zz_coverage.py knows all."""
        path = os.environ.get("SLOTWIRE_NOTE_SEEN")
        if path and any("test_zz" in name for name in openapi_check.tests):
            openapi_check.save(pathlib.Path(path))


class Chooser:
    def __init__(self, path):
        self.chosen = choose(json.loads(path.read_text()))

    def pytest_collection_modifyitems(self, config, items):
        def is_chosen(item):
            return item.nodeid in self.chosen or item.path.name.startswith(("test_retries", "test_zz"))

        config.hook.pytest_deselected(items=[item for item in items if not is_chosen(item)])
        items[:] = [item for item in items if is_chosen(item)]


def register(config):
    config.pluginmanager.register(Noter())
    path = pathlib.Path(os.environ.get("SLOTWIRE_SUFFICIENT", ""))
    if path.is_file():
        config.pluginmanager.register(Chooser(path))
