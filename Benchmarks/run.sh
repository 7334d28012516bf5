#!/bin/sh
# Measures edgessl beside ONNX Runtime in one run and prints ratios. Makes its own Python environment on first use.
#   Benchmarks/run.sh [--quick] [--save]
set -e
cd "$(dirname "$0")"
python=../.build/bench-venv/bin/python
if [ ! -x "$python" ]; then
  echo "making the Python environment for the rivals (once)" >&2
  python3 -m venv ../.build/bench-venv
  "$python" -m pip install -q --disable-pip-version-check -r rivals/requirements.txt
fi
exec "$python" rivals/compare.py --edgessl ../.build/release/edgessl "$@"
