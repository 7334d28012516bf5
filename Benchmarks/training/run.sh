#!/bin/sh
# Measures a step of training beside PyTorch. Makes its own Python environment on first use; BENCH_PYTHON names another one that
# has requirements.txt.
#   Benchmarks/training/run.sh [--rounds N] [--save] [--help]
set -e
cd "$(dirname "$0")"
build=../../.build
python=${BENCH_PYTHON:-$build/bench-training-venv/bin/python}
stamp=$build/bench-training-venv/requirements.txt
if [ -z "$BENCH_PYTHON" ] && ! cmp -s requirements.txt "$stamp"; then
  echo "making the Python environment with PyTorch (once, some minutes)" >&2
  python3 -m venv --clear "$build/bench-training-venv"
  "$python" -m pip install -q --disable-pip-version-check --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt
  cp requirements.txt "$stamp"
fi
exec "$python" compare.py --edgessl "$build/release/edgessl" "$@"
