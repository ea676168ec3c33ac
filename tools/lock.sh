#!/usr/bin/env bash
# Pin every dependency with its hashes from pyproject.toml; no index address is written.
# Usage: tools/lock.sh VENV
set -euo pipefail
venv=$1
"$venv/bin/python" -m pip install --quiet pip-tools
common="--quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --allow-unsafe --strip-extras"
"$venv/bin/pip-compile" $common --extra build -o requirements/core.txt pyproject.toml
"$venv/bin/pip-compile" $common --extra build --extra dev -o requirements/dev.txt pyproject.toml
