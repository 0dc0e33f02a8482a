"""A database as hosts have it, an installation that was packed, and empty folders to follow the page in."""

import os
import pathlib
import shutil
import tempfile

import pytest

from hosts import Account, commands, replaced, run_shell
from stack import Database, Stack, free_port, read_settings


@pytest.fixture(scope="session")
def database():
    """A server that also answers on 127.0.0.1, as hosts' do: (what can ask it, its port)."""
    port = free_port()
    stack = Stack(database=f"--skip-networking=0 --bind-address=127.0.0.1 --port={port}")
    try:
        stack.dev("stack", "database")
        stack.settings = read_settings(stack.config)
        stack.sql = Database(stack.settings)
        stack.database_port = port
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def host():
    """An empty folder that everybody may enter; short, as sockets lie below it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slotwire-host-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pack():
    """What `make install` packs; the page's commands, in the folder of the build."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slotwire-built-"))
    folder.chmod(0o755)
    script = replaced(commands("pack"), {"/tmp/pack": str(folder / "pack"), "/tmp/slotwire-pack": str(folder / "slotwire-pack")})
    # make hands its own settings on to any make that it runs: the suite may itself be run by one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    run_shell(f"cd {os.environ['SLOTWIRE_BUILD']}\n{script}", environment)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def account(host, pack, database):
    account = Account(host, pack, database)
    yield account
    account.close()
