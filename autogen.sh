#!/bin/sh
# Makes `configure` from configure.ac; needed once in a fresh clone, never in an unpacked release.
set -eu
cd "$(dirname "$0")"
if ! command -v pkg-config >/dev/null; then
    echo "autogen.sh: pkg-config is missing (Debian: apt install pkg-config)" >&2
    exit 1
fi
autoreconf --install --force --warnings=all,no-portability
# Autoconf clears away a core dump by the name `core`, which is a folder here.
sed -i 's/rm -f core \(\*\.core \)\?/rm -f /' configure
