#!/bin/sh
# Form: swift-format, clang-format, ruff, lines of at most 132 columns, links between pages, the subject of the last commit. All
# run; fails if one does.
# swift-format comes with Swift. clang-format and ruff come from PyPI into .build/lint (Debian's clang-format 14 spoils the macros
# before loops in CTinyNN); where PyPI is not reached they are skipped, loudly.
set -eu
cd "$(dirname "$0")/../.."
requirements=Tools/checks/lint-requirements.txt
tools=.build/lint/bin
failed=0

fail() {
  echo "lint: $1" >&2
  failed=1
}

# Tracked and new files of these patterns, without generated ones.
files() {
  git ls-files --cached --others --exclude-standard -- "$@" ':!*.pb.swift' | while read -r file; do
    if [ -f "$file" ]; then echo "$file"; fi
  done
}

files '*.swift' | xargs swift format lint --strict --parallel || fail "swift-format: swift format format -i FILES mends most of it"

# What the formatters leave as it is: comments and strings.
if files '*.swift' '*.c' '*.h' | LC_ALL=C.UTF-8 xargs grep -nHE '^.{133,}'; then fail "lines above are longer than 132 columns"; fi

files '*.md' | xargs python3 Tools/checks/links.py || fail "links in Markdown files that lead nowhere"

if [ "$(git log -1 --format=%s | LC_ALL=C.UTF-8 wc -m)" -gt 73 ]; then fail "the last commit's subject has more than 72 characters"; fi

if ! cmp -s $requirements .build/lint/requirements.txt; then
  echo "lint: clang-format and ruff from PyPI into .build/lint (once)"
  if python3 -m venv --clear .build/lint && $tools/python -m pip install -q --disable-pip-version-check --retries 1 -r $requirements; then
    cp $requirements .build/lint/requirements.txt
  else
    rm -rf .build/lint
  fi
fi
if [ -d .build/lint ]; then
  files '*.c' '*.h' | xargs $tools/clang-format --dry-run -Werror || fail "clang-format: $tools/clang-format -i FILES mends it"
  $tools/ruff check --quiet --output-format concise || fail "ruff: $tools/ruff check --fix mends some of it"
  $tools/ruff format --check --quiet || fail "ruff: $tools/ruff format mends it"
else
  echo "SKIPPED: clang-format and ruff, because PyPI is not reached or python3-venv is missing" >&2
fi
exit $failed
