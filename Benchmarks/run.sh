#!/bin/sh
# Measures edgessl beside other runtimes in one run and prints one table. Makes its own Python environment on first use;
# BENCH_PYTHON names another one that has rivals/requirements.txt.
#   Benchmarks/run.sh [--quick] [--save] [--help]    networks
#   Benchmarks/run.sh photos                          decoding beside Pillow, classification of many photos
set -e
cd "$(dirname "$0")"
python=${BENCH_PYTHON:-../.build/bench-venv/bin/python}
stamp=../.build/bench-venv/requirements.txt
if [ -z "$BENCH_PYTHON" ] && ! cmp -s rivals/requirements.txt "$stamp"; then
  echo "making the Python environment for the rivals (once, some minutes: torch exports the models)" >&2
  python3 -m venv --clear ../.build/bench-venv
  # One retry: without the index of PyTorch, where it is not reached, torch comes from PyPI.
  "$python" -m pip install -q --disable-pip-version-check --retries 1 --extra-index-url https://download.pytorch.org/whl/cpu -r rivals/requirements.txt
  cp rivals/requirements.txt "$stamp"
fi
if [ "$1" = photos ]; then
  shift
  exec "$python" rivals/photos.py --edgessl ../.build/release/edgessl "$@"
fi
exec "$python" rivals/compare.py --edgessl ../.build/release/edgessl "$@"
