"""An account on a shared host, from the packed installation to a booking: Apache with mod_cgi, and with mod_fcgid."""

import contextlib

import pytest

from hosts import Site, commands


@contextlib.contextmanager
def open_site(account, fcgid):
    account.settle_in()
    if fcgid:
        account.run(commands("fcgid"))
    with account.apache(fcgid) as apache:
        yield Site(account.url, account.key, account.folder / "apache/error.log"), apache


@pytest.mark.parametrize("fcgid", [False, True], ids=["mod_cgi", "mod_fcgid"])
def test_the_page_leads_to_a_site_that_answers(account, fcgid):
    with open_site(account, fcgid) as (site, apache):
        site.look_around()
        site.book()
        assert (len(account.programs(apache)) > 0) == fcgid
        assert account.run(f"[ ! -e {account.home}/crontab ] && {commands('account-cron')}").stdout == ""
        [line] = (account.home / "crontab").read_text().splitlines()
        assert line.startswith("* * * * * ") and account.run(line[10:] + " --window 1").stderr == ""
        assert site.ask("GET", "/readyz").json()["status"] == "ready"
        said = account.run("~/slotwire/bin/slotwire doctor").stdout
        assert "FAIL" not in said and "header Authorization reaches the program" in said


@pytest.mark.parametrize("fcgid", [False, True], ids=["mod_cgi", "mod_fcgid"])
def test_an_update_replaces_programs_that_run(account, fcgid):
    with open_site(account, fcgid) as (site, apache):
        site.ask("GET", "/api/v1/company")
        before = account.programs(apache)
        with account.dispatcher():
            account.run(commands("update"))
        assert not fcgid or all(path.endswith(" (deleted)") for path in account.programs(apache).values())
        site.ask("GET", "/api/v1/company")
        fresh = set(account.programs(apache)) - set(before)
        assert bool(fresh) == fcgid and not any(account.programs(apache)[pid].endswith("(deleted)") for pid in fresh)


def test_the_query_of_a_request_is_no_command_line(account):
    """Where the program itself lies in the site's folder, as slotwire.cgi."""
    with open_site(account, False) as (site, _):
        (account.site / "slotwire.cgi").unlink()
        account.run("cp ~/slotwire/libexec/slotwire/slotwire-api ~/public_html/slotwire.cgi")
        for query in ("--routes", "--config+/etc/passwd", "--config%3D/nowhere"):
            assert site.ask("GET", f"/healthz?{query}", headers={}).json() == {"status": "ok"}
