#!/bin/sh
# The tests of pretrain.py, in a Python of their own under .build/pretrain, made once; further words go to pytest.
set -eu
cd "$(dirname "$0")/.."
place=../../.build/pretrain
if ! cmp -s requirements.txt $place/requirements.txt; then
  echo "test-pretrain: Python packages of requirements.txt into .build/pretrain (once; torch for CPUs alone where its index is reached)"
  python3 -m venv --clear $place
  $place/bin/python -m pip install -q --disable-pip-version-check "$(grep '^torch==' requirements.txt)" \
    --extra-index-url https://download.pytorch.org/whl/cpu
  $place/bin/python -m pip install -q --disable-pip-version-check -r requirements.txt
  cp requirements.txt $place/requirements.txt
fi
exec env OMP_NUM_THREADS=1 nice -n 19 $place/bin/python -m pytest -q -p no:cacheprovider "$@" tests
