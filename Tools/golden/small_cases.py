"""Writes the small golden cases that are kept in Tests/Golden.

    python small_cases.py [--output DIR] [NAME...]

A case is a function under cases/ marked with @case; its name is the folder's name. Random values of a case depend on
its name alone, so adding a case leaves the others as they are.
"""

import argparse
from pathlib import Path

import cases
from cases.builder import CASES, Builder
from golden_case import write_case

ROOT = Path(__file__).resolve().parents[2]
LARGEST_FOLDER_BYTES = 12_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "Tests" / "Golden")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    cases.load()
    unknown = [name for name in arguments.names if name not in CASES]
    if unknown:
        parser.error(f"unknown case {', '.join(unknown)}")
    total = 0
    for name in arguments.names or sorted(CASES):
        builder = Builder(name)
        outputs = CASES[name](builder)
        try:
            model = builder.finish(outputs)
            write_case(arguments.output / name, model, builder.input_values)
        except Exception as error:
            raise SystemExit(f"{name}: {error}") from error
        size = sum(file.stat().st_size for file in (arguments.output / name).iterdir())
        if size > LARGEST_FOLDER_BYTES:
            raise SystemExit(f"{name}: {size} bytes, more than {LARGEST_FOLDER_BYTES}")
        total += size
    print(f"{len(arguments.names or CASES)} cases, {total} bytes in {arguments.output}")


if __name__ == "__main__":
    main()
