# To be sourced in the repository: sets `python` to the one of .build/python/venv, which has what builds and tests the package.
# EDGESSL_PYTHON names another interpreter to make it from. Where PyPI cannot be reached it says SKIPPED and ends with 0.
python=$PWD/.build/python/venv/bin/python
if ! "$python" -c 'import auditwheel, build, mypy, numpy, PIL, pytest, setuptools, sklearn' 2> /dev/null; then
  rm -rf .build/python/venv
  if ! "${EDGESSL_PYTHON:-python3}" -m venv .build/python/venv ||
    ! "$python" -m pip install --quiet --disable-pip-version-check -r python/requirements-test.txt; then
    echo "SKIPPED: the Python package: no environment could be made (python3-venv, PyPI)"
    exit 0
  fi
fi
