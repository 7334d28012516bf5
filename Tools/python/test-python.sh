#!/bin/sh
# Builds the wheel, installs it into an environment of its own for each Python that is here (EDGESSL_PYTHONS: paths; default:
# python3.10 to python3.13 of the path and pyenv, else python3), and runs the package's tests there; mypy --strict first.
set -e
cd "$(dirname "$0")/../.."
. Tools/python/environment.sh
"$python" -m mypy --config-file python/pyproject.toml python/src/edgessl
Tools/python/build-wheel.sh
wheel=$(ls -t .build/python/dist/edgessl-*"$(uname -m)".whl | head -n 1)
found=
for version in 3.10 3.11 3.12 3.13; do
  installed=$(ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/$version.*/bin/python 2> /dev/null || true)
  for interpreter in $(command -v python$version) $installed; do
    [ "$("$interpreter" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2> /dev/null)" = $version ] || continue
    found="$found $interpreter"
    break
  done
done
tried=
for interpreter in ${EDGESSL_PYTHONS:-${found:-python3}}; do
  version=$("$interpreter" -c 'import platform; print(platform.python_version())')
  fresh=.build/python/fresh-$version
  rm -rf "$fresh"
  "$interpreter" -m venv "$fresh"
  "$fresh/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$wheel" pytest 'scikit-learn>=1.6'
  (cd python/tests && "$PWD/../../$fresh/bin/python" -m pytest --quiet -p no:cacheprovider .)
  tried="$tried $version"
done
echo "the wheel $(basename "$wheel") was installed and tested under Python$tried"
