#!/usr/bin/env bash
# Make a virtual environment and install pinned requirements into it, then Amends itself.
# Usage: tools/bootstrap.sh VENV REQUIREMENTS
set -euo pipefail
venv=$1 requirements=$2
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Amends needs Python 3.11 or newer; found $("$python" --version 2>&1)." >&2
  echo "→ install it and give: make PYTHON=python3.11" >&2
  exit 2
}
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq "python${version}-venv" >/dev/null
  else
    echo "Python's venv module is missing." >&2
    echo "→ as root: apt-get install python${version}-venv" >&2
    exit 2
  fi
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
