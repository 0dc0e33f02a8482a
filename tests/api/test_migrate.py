"""`slotwire migrate`: from nothing, step by step, twice, at once, and when it must refuse."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import uuid

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


class Schema:
    """A database of its own on the stack's server."""

    def __init__(self, stack):
        self.stack = stack
        self.name = "migrate_" + uuid.uuid4().hex[:12]
        stack.sql.run(f"CREATE DATABASE `{self.name}`")

    def environment(self, folder=TOP / "sql"):
        return {"SLOTWIRE_DB_NAME": self.name, "SLOTWIRE_SQL_DIR": str(folder)}

    def migrate(self, *words, status=0, **options):
        return self.stack.slotwire("migrate", *words, status=status, environment=self.environment(**options))

    def rows(self, sql):
        with contextlib.closing(self.stack.sql.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(f"USE `{self.name}`")
            cursor.execute(sql)
            return [tuple(row.values()) for row in cursor.fetchall()]

    def tables(self):
        return sorted(row[0] for row in self.rows("SHOW TABLES"))

    def definition(self):
        """Everything that information_schema and SHOW CREATE TABLE know; the latter also knows periods."""
        where = f"table_schema = '{self.name}'"
        found = {name: self.rows(f"SHOW CREATE TABLE `{name}`")[0][1] for name in self.tables()}
        found["columns"] = self.rows(
            "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra,"
            f" character_set_name, collation_name FROM information_schema.columns WHERE {where} ORDER BY 1, 2")
        found["keys"] = self.rows(
            "SELECT table_name, index_name, seq_in_index, column_name, non_unique FROM information_schema.statistics"
            f" WHERE {where} ORDER BY 1, 2, 3")
        found["constraints"] = self.rows(
            "SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints"
            f" WHERE {where} ORDER BY 1, 2, 3")
        found["references"] = self.rows(
            "SELECT table_name, constraint_name, referenced_table_name, update_rule, delete_rule FROM"
            f" information_schema.referential_constraints WHERE constraint_schema = '{self.name}' ORDER BY 1, 2")
        return found


@pytest.fixture
def make_schema(stack):
    made = []

    def make():
        made.append(Schema(stack))
        return made[-1]

    yield make
    for schema in made:
        stack.sql.run(f"DROP DATABASE `{schema.name}`")


@pytest.fixture
def schema(make_schema):
    return make_schema()


def test_the_migrations_alone_build_what_the_schema_says(make_schema):
    whole, stepwise = make_schema(), make_schema()
    whole.migrate()
    stepwise.migrate("--stepwise")
    assert whole.definition() == stepwise.definition()
    assert len(whole.tables()) > 10
    last = "SELECT MAX(version) FROM schema_version"
    assert whole.rows(last) == stepwise.rows(last)


def test_what_was_stored_before_there_were_partitions_keeps_to_one_of_them(schema, tmp_path):
    """So that the dispatcher, which cannot wait for it, never has to move it to another."""
    (tmp_path / "migrate").mkdir()
    shutil.copy(TOP / "sql/migrate/0001-first.sql", tmp_path / "migrate")
    schema.migrate("--stepwise", status=1, folder=tmp_path)  # there is no second step
    milliseconds = 1798718400123  # 2026-12-31T12:00:00.123Z
    for age in range(3):
        born = (milliseconds - age * 86400000).to_bytes(6, "big").hex()
        schema.rows(f"INSERT INTO events VALUES (x'{born}{age:020x}', REPEAT('c', 16), 'user.created', '{{}}', '2026-12-31')"
                    " RETURNING id")
    schema.migrate()
    parts = schema.rows("SELECT partition_name, partition_description FROM information_schema.partitions"
                        " WHERE table_name = 'events' AND table_schema = DATABASE() ORDER BY partition_ordinal_position")
    assert [name for name, _ in parts] == ["p20261231", "later"]
    assert f"{1798761600000:012x}" + "0" * 20 in parts[0][1].lower()
    assert schema.rows("SELECT COUNT(*) FROM events PARTITION (p20261231)") == [(3,)]
    assert schema.rows("SELECT partition_name FROM information_schema.partitions WHERE table_name = 'attempts'"
                       " AND table_schema = DATABASE()") == [("later",)]


def test_every_version_has_one_migration():
    names = sorted(path.name for path in (TOP / "sql/migrate").glob("*.sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert f"SCHEMA_VERSION = {len(names)}" in (TOP / "db/schema.h").read_text()


@pytest.mark.parametrize("words", [(), ("--stepwise",)])
def test_a_second_run_changes_nothing(schema, words):
    schema.migrate(*words)
    before = schema.definition(), schema.rows("SELECT * FROM schema_version")
    schema.migrate()
    schema.migrate("--stepwise")
    assert (schema.definition(), schema.rows("SELECT * FROM schema_version")) == before


def test_runs_at_once_take_turns(schema):
    command = [str(schema.stack.build / "slotwire"), "--config", str(schema.stack.config), "migrate"]
    environment = dict(os.environ, **schema.environment())
    running = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in running:
        _, problems = process.communicate(timeout=180)
        assert process.returncode == 0, problems
    assert len(schema.rows("SELECT * FROM schema_version")) == 1


def test_a_newer_schema_is_refused(schema):
    schema.migrate()
    schema.rows("INSERT INTO schema_version VALUES (9999, '2030-01-01') RETURNING version")
    before = schema.definition()
    result = schema.migrate(status=1)
    assert "9999" in result.stderr and "newer" in result.stderr
    assert schema.definition() == before


def test_another_programs_database_is_refused(schema):
    schema.rows("CREATE TABLE wp_posts (id INT)")
    assert "something else" in schema.migrate(status=1).stderr
    assert schema.tables() == ["wp_posts"]


def test_an_interrupted_first_run_is_refused(schema):
    schema.migrate()
    schema.rows("DELETE FROM schema_version")
    assert "interrupted" in schema.migrate(status=1).stderr


def test_a_migration_that_fails_is_not_recorded(schema, tmp_path):
    (tmp_path / "migrate").mkdir()
    first = (TOP / "sql/schema.sql").read_text()
    (tmp_path / "migrate/0001-broken.sql").write_text(first + "\nCREATE TABLE broken (id NONSENSE);\n")
    result = schema.migrate("--stepwise", status=1, folder=tmp_path)
    assert "0001-broken.sql" in result.stderr and "NONSENSE" in result.stderr
    assert schema.rows("SELECT * FROM schema_version") == []


def test_a_missing_folder_is_named(schema, tmp_path):
    for words in ((), ("--stepwise",)):
        result = schema.migrate(*words, status=1, folder=tmp_path / "nowhere")
        assert "nowhere" in result.stderr and "SLOTWIRE_SQL_DIR" in result.stderr
    assert schema.tables() == []


def test_an_installation_that_was_copied_finds_what_lies_beside_it(stack, make_schema, tmp_path):
    """What was compiled in lies where it was built. Whatever is named goes before."""
    schema, other = make_schema(), make_schema()
    copy = tmp_path / "copy"
    for name, folder in (("slotwire", "bin"), ("slotwire-dispatcher", "libexec/slotwire")):
        (copy / folder).mkdir(parents=True)
        shutil.copy(stack.build / name, copy / folder)
    shutil.copytree(TOP / "sql", copy / "share/slotwire/sql")
    (copy / "etc").mkdir()
    (copy / "etc/slotwire.conf").write_text(stack.config.read_text() + f"db_name = {schema.name}\n")

    def run(program, *words, status=0, **environment):
        done = subprocess.run([copy / program, *words], env={"PATH": os.environ["PATH"], **environment}, cwd="/",
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    assert "(schema.sql)" in run("bin/slotwire", "migrate") and "bookings" in schema.tables()
    run("libexec/slotwire/slotwire-dispatcher", "--once")
    assert schema.rows("SELECT name FROM heartbeats WHERE name = 'dispatcher'")
    assert f"db_name = {other.name}\n" in run("bin/slotwire", "config", SLOTWIRE_DB_NAME=other.name)
    assert "db_name = slotwire\n" in run("bin/slotwire", "--config", str(stack.config), "config")
    assert "db_name = slotwire\n" in run("bin/slotwire", "config", SLOTWIRE_CONFIG=str(stack.config))
    empty = {"SLOTWIRE_DB_NAME": other.name, "SLOTWIRE_SQL_DIR": str(tmp_path)}
    assert f"{tmp_path}/schema.sql" in run("bin/slotwire", "migrate", status=1, **empty)
