"""A release, as section 1 of the page builds it: on a machine that has no npm, as it brings what npm would fetch."""

import os
import subprocess

from hosts import PAGE


def run(*words, cwd):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run([str(word) for word in words], env=environment, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_release_is_built_without_npm(tmp_path):
    release, build = tmp_path / "slotwire", tmp_path / "build"
    build.mkdir()
    run("make", "distdir", f"distdir={release}", cwd=os.environ["SLOTWIRE_BUILD"])
    assert not (release / "web/node_modules").exists()
    run(release / "configure", "--quiet", "--prefix=/usr/local", "--sysconfdir=/etc", cwd=build)
    told = run("make", "-n", "all", "install", f"DESTDIR={tmp_path}/pack", cwd=build)
    assert "swagger-ui-bundle.js" in told and "npm" not in told


def test_the_page_names_the_version_that_is_built():
    version = subprocess.run([os.path.join(os.environ["SLOTWIRE_BUILD"], "slotwire"), "--version"], capture_output=True, text=True)
    name, number = version.stdout.split()
    assert f"tar xf {name}-{number}.tar.xz && cd {name}-{number}" in PAGE
