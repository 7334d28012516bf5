#!/usr/bin/env python3
"""Draws the arrows between the folders of each target and fails where they make a circle.

An arrow leads from the folder whose code names a declaration to the folder that declares it, as the compiler's index of the last
`swift build` has it (.build/debug/index/store). Circles are looked for between the folders that hold files, and between the folders
right under the target, each with all that is in it; files beside those folders are a folder of their own, called ".".

    folder_arrows.py [--arrows] [TARGET...]     default: every target under Sources with folders
    folder_arrows.py --self-test                compiles a planted circle and expects to find it
"""

import argparse
import collections
import contextlib
import ctypes
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

DEFINITION, REFERENCE, IMPLICIT = 1 << 1, 1 << 2, 1 << 8
RECORD = 2
SHOWN = 12


class StringRef(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    def __str__(self):
        return ctypes.string_at(self.data, self.length).decode() if self.length else ""


class Index:
    """The index store, through the library that comes with the toolchain."""

    def __init__(self, store):
        swiftc = shutil.which("swiftc")
        if not swiftc:
            sys.exit("folder_arrows: no swiftc in PATH")
        root = pathlib.Path(os.path.realpath(swiftc)).parent.parent
        names = [root / "lib" / f"libIndexStore.{suffix}" for suffix in ("so", "dylib")]
        library = next((name for name in names if name.exists()), None)
        if library is None:
            sys.exit(f"folder_arrows: the toolchain has no {names[0]}")
        self.library = ctypes.CDLL(str(library))
        self.units_applier = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, StringRef)
        self.applier = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)
        for name, result, arguments in [
            ("store_create", ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_void_p]),
            ("store_units_apply_f", ctypes.c_bool, [ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, self.units_applier]),
            ("unit_reader_create", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]),
            ("unit_reader_dispose", None, [ctypes.c_void_p]),
            ("unit_reader_get_main_file", StringRef, [ctypes.c_void_p]),
            ("unit_reader_get_modification_time", None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
            ("unit_reader_dependencies_apply_f", ctypes.c_bool, [ctypes.c_void_p, ctypes.c_void_p, self.applier]),
            ("unit_dependency_get_kind", ctypes.c_int, [ctypes.c_void_p]),
            ("unit_dependency_get_filepath", StringRef, [ctypes.c_void_p]),
            ("unit_dependency_get_name", StringRef, [ctypes.c_void_p]),
            ("record_reader_create", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]),
            ("record_reader_dispose", None, [ctypes.c_void_p]),
            ("record_reader_occurrences_apply_f", ctypes.c_bool, [ctypes.c_void_p, ctypes.c_void_p, self.applier]),
            ("occurrence_get_symbol", ctypes.c_void_p, [ctypes.c_void_p]),
            ("occurrence_get_roles", ctypes.c_uint64, [ctypes.c_void_p]),
            ("occurrence_get_line_col", None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
            ("symbol_get_usr", StringRef, [ctypes.c_void_p]),
            ("symbol_get_name", StringRef, [ctypes.c_void_p]),
        ]:
            function = getattr(self.library, "indexstore_" + name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        self.store = self.store_create(str(store).encode(), None)
        if not self.store:
            sys.exit(f"folder_arrows: no index in {store}: run swift build")

    def records(self, root):
        """{file: (time, record)} of the newest compilation of each file under `root`."""
        units, found = [], {}
        self.store_units_apply_f(self.store, 0, None, self.units_applier(lambda _, name: units.append(str(name)) or True))
        for unit in units:
            reader = self.unit_reader_create(self.store, unit.encode(), None)
            if not reader:
                continue
            main = str(self.unit_reader_get_main_file(reader))
            seconds, nanoseconds = ctypes.c_int64(), ctypes.c_int64()
            self.unit_reader_get_modification_time(reader, ctypes.byref(seconds), ctypes.byref(nanoseconds))
            time = seconds.value + nanoseconds.value / 1e9

            def keep(_, dependency, main=main, time=time):
                is_own = str(self.unit_dependency_get_filepath(dependency)) == main
                if is_own and self.unit_dependency_get_kind(dependency) == RECORD and time >= found.get(main, (0, ""))[0]:
                    found[main] = (time, str(self.unit_dependency_get_name(dependency)))
                return True

            if main.startswith(str(root) + os.sep) and os.path.exists(main):
                self.unit_reader_dependencies_apply_f(reader, None, self.applier(keep))
            self.unit_reader_dispose(reader)
        return found

    def occurrences(self, record):
        """(usr, name, roles, line) of everything that a file names."""
        reader = self.record_reader_create(self.store, record.encode(), None)
        result = []

        def add(_, occurrence):
            symbol, line = self.occurrence_get_symbol(occurrence), ctypes.c_uint()
            self.occurrence_get_line_col(occurrence, ctypes.byref(line), None)
            usr, name = str(self.symbol_get_usr(symbol)), str(self.symbol_get_name(symbol))
            result.append((usr, name, self.occurrence_get_roles(occurrence), line.value))
            return True

        if reader:
            self.record_reader_occurrences_apply_f(reader, None, self.applier(add))
            self.record_reader_dispose(reader)
        return result


def circles(arrows):
    """The sets of folders that reach each other (strongly connected components), largest first."""
    reach = {}
    for start in arrows:
        seen, stack = set(), [start]
        while stack:
            for target in arrows.get(stack.pop(), {}):
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
        reach[start] = seen
    groups = {frozenset(b for b in reach if b in reach[a] and a in reach[b]) for a in reach}
    return sorted((sorted(group) for group in groups if len(group) > 1), key=len, reverse=True)


def check(target, records, index, shows_arrows):
    """Prints what is wrong with a target's folders; True if nothing is."""
    files = sorted(path for path in target.rglob("*.swift"))
    stale = [path for path in files if str(path) not in records or records[str(path)][0] < path.stat().st_mtime - 1]
    if stale:
        print(f"{target.name}: {stale[0]} has changed since the index was written: run swift build", file=sys.stderr)
        return False
    declared, named = {}, []
    for path in files:
        for usr, name, roles, line in index.occurrences(records[str(path)][1]):
            if roles & DEFINITION:
                declared.setdefault(usr, path)
            elif roles & REFERENCE and not roles & IMPLICIT:
                named.append((path, line, usr, name))

    def inner(path):
        return str(path.parent.relative_to(target))

    def outer(path):
        return path.relative_to(target).parts[0] if path.parent != target else "."

    good = True
    for level, folder in (("folders", inner), ("folders right under the target", outer)):
        arrows = collections.defaultdict(lambda: collections.defaultdict(list))
        for path, line, usr, name in named:
            other = declared.get(usr)
            if other and folder(other) != folder(path):
                arrows[folder(path)][folder(other)].append((path, line, name, other))
        for group in circles(arrows):
            good = False
            print(f"{target.name}: a circle of {level}: {', '.join(group)}", file=sys.stderr)
            inside = [(len(arrows[a][b]), a, b) for a in group for b in arrows[a] if b in group]
            # Most likely it is the thinner arrow between two folders that leads the wrong way.
            for count, a, b in sorted(inside):
                print(f"  {a} -> {b}: {count} references", file=sys.stderr)
                if count > len(arrows[b].get(a, [])) > 0:
                    continue
                for path, line, name, other in arrows[a][b][:SHOWN]:
                    shown = path.relative_to(target.parent.parent)
                    print(f"    {shown}:{line}: {name}, declared in {other.relative_to(target)}", file=sys.stderr)
        if shows_arrows and level == "folders":
            for a in sorted(arrows):
                print(f"  {a} -> {', '.join(sorted(arrows[a]))}")
        if not good:
            break
    print(f"{target.name}: {len({inner(path) for path in files})} folders, {'no circle' if good else 'CIRCLES'}")
    return good


def self_test():
    """A circle between two folders is found and named by its lines, and none where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(os.path.realpath(folder))
        target = root / "Sources" / "Planted"
        below, above = target / "Below" / "Below.swift", target / "Above" / "Above.swift"
        for path in (below, above):
            path.parent.mkdir(parents=True)
        above.write_text("struct Above {\n  let below = Below()\n  func count() -> Int { below.count }\n}\n")
        for text, expected in (("", True), ("extension Below {\n  var above: Above { Above() }\n}\n", False)):
            below.write_text("struct Below {\n  let count = 1\n}\n" + text)
            command = ["swiftc", "-parse-as-library", "-module-name", "Planted", "-index-store-path", str(root / "store"), "-c"]
            subprocess.run(command + [str(below), str(above)], cwd=root, check=True)
            index, said = Index(root / "store"), io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                found = check(target, index.records(target), index, False)
            if found != expected or ("Below.swift:5: Above, declared in Above/Above.swift" in said.getvalue()) == expected:
                print(said.getvalue(), file=sys.stderr)
                sys.exit(f"folder_arrows: the self-test {'found a circle where there is none' if expected else 'missed a circle'}")
    print("folder_arrows: the planted circle was found")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--arrows", action="store_true", help="print all arrows")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    package = pathlib.Path(os.path.realpath(__file__)).parent.parent.parent
    sources = package / "Sources"
    targets = [sources / name for name in options.targets] or sorted(
        {path.relative_to(sources).parts[0] for path in sources.glob("*/*/**/*.swift")}
    )
    index = Index(package / ".build" / "debug" / "index" / "store")
    records = index.records(sources)
    results = [check(sources / target, records, index, options.arrows) for target in targets]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
