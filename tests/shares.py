"""
One suite in several processes side by side: each takes the next file that no other has taken, with stacks of its own.

`tests/gates/side-by-side` starts them and names a folder and their number in SLOTWIRE_SHARE=FOLDER:NUMBER. A file whose
name begins with test_zz is taken by whoever comes to it last, and knows what all of them have seen.
"""

import os
import pathlib

import pytest

import openapi_check


class Share:
    def __init__(self, folder, number):
        self.folder, self.number, self.taken = pathlib.Path(folder), number, {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        """True: it is dealt with, by another process."""
        return None if self.takes(item.path) else True

    def takes(self, path):
        if path not in self.taken:
            self.taken[path] = self.is_last() if path.name.startswith("test_zz") else self.is_first(str(path))
        return self.taken[path]

    def is_first(self, name):
        try:
            (self.folder / name.replace("/", "-")).mkdir()
        except FileExistsError:
            return False
        return True

    def is_last(self):
        openapi_check.save(self.folder / f"seen.{os.getpid()}")
        place = next(place for place in range(1, self.number + 1) if self.is_first(f"came.{place}"))
        if place < self.number:
            return False
        for seen in set(self.folder.glob("seen.*")) - {self.folder / f"seen.{os.getpid()}"}:
            openapi_check.load(seen)
        return True


def register(config):
    folder, _, number = os.environ.get("SLOTWIRE_SHARE", "").rpartition(":")
    if folder:
        config.pluginmanager.register(Share(folder, int(number)))
