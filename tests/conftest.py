"""Fixtures that every suite shares: one stack for the session, a receiver and a clock for a test."""

import pytest

import openapi_check
import shares
import sufficient
from receiver import Receiver
from stack import Stack
from world import Company


FIGURES = pytest.StashKey()
# A commit waits for no disk: a killed process loses nothing by that, and no test pulls the plug.
QUICK = "--innodb-flush-log-at-trx-commit=2"


def pytest_configure(config):
    config.stash[FIGURES] = []
    Stack.database = QUICK
    shares.register(config)
    sufficient.register(config)


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[FIGURES]:
        terminalreporter.section("figures")
        for line in config.stash[FIGURES]:
            terminalreporter.line(line)


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the race, crash and reminder tests at full length")


@pytest.fixture(scope="session")
def long(request):
    return request.config.getoption("--long")


@pytest.fixture(scope="session")
def figure(request):
    """Notes a line for the summary: what was measured, counted or seen. Never asserted."""
    return request.config.stash[FIGURES].append


def run_stack(**options):
    stack = Stack(**options)
    try:
        yield stack.start()
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def stack():
    """The stack that most tests share; each test makes companies of its own."""
    yield from run_stack()


@pytest.fixture(scope="session")
def spare():
    """A stack with one worker per pool, open sign-up and recycling, whose processes tests may kill."""
    yield from run_stack(settings="open_signup = yes\nworker_requests = 25", workers=1)


@pytest.fixture(scope="session")
def crash_stack():
    """A stack for the crash test alone."""
    yield from run_stack(settings="dispatcher_lease = 40", database="--innodb-flush-log-at-trx-commit=1")


@pytest.fixture
def company(stack):
    return Company(stack)


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def clock(stack):
    """Sets the shared stack's time; the real time is back after the test."""
    yield stack.set_clock
    stack.set_clock(None)


@pytest.fixture(scope="session")
def coverage():
    """What was exercised so far: see tests/openapi_check.py."""
    return openapi_check
