#!/bin/sh
# Makes `configure` from configure.ac; needed once in a fresh clone, never in an unpacked release.
set -eu
cd "$(dirname "$0")"
if ! command -v pkg-config >/dev/null; then
    echo "autogen.sh: pkg-config is missing (Debian: apt install pkg-config)" >&2
    exit 1
fi
exec autoreconf --install --force --warnings=all,no-portability
