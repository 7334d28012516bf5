"""Writes hot-sections.txt: the sections of the Swift libraries' functions that the command's common uses run.

    python3 Tools/link/hot_sections.py      # after `make build`; needs qemu-user, nm and readelf

Runs them in qemu, which lists the blocks of code that it meets. A list of another Swift version is not wrong, only of less use.
"""

import bisect
import os
import re
import shutil
import subprocess
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
COMMAND = os.path.join(ROOT, ".build/release/edgessl")
PARTS = os.path.join(ROOT, "Examples/parts")


def output(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, errors="replace").stdout


def executed(arguments):
    """Addresses of the blocks that a run executes. `-one-insn-per-tb` is not needed: each block is listed when it is translated."""
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run(
            [f"qemu-{os.uname().machine}", "-cpu", "max", "-d", "in_asm", "-D", log.name, COMMAND] + arguments,
            check=True,
            capture_output=True,
        )
        return {int(match, 16) for match in re.findall(r"^0x([0-9a-f]+):", log.read().decode(errors="replace"), re.M)}


def main():
    with tempfile.TemporaryDirectory() as folder:
        task = os.path.join(folder, "parts.tnn")
        addresses = executed(["adapt", os.path.join(PARTS, "support"), "-o", task])
        addresses |= executed(["classify", os.path.join(PARTS, "query/bolt/01.jpg"), "--model", task, "--json"])
    symbols = sorted(
        (int(line.split()[0], 16), line.split()[2])
        for line in output("nm", "--defined-only", COMMAND).splitlines()
        if line.split()[1] in "tTwW"
    )
    starts = [start for start, _ in symbols]
    functions = {symbols[bisect.bisect(starts, address) - 1][1] for address in addresses if starts[0] <= address <= starts[-1]}

    libraries = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("swiftc")))), "lib/swift_static/linux")
    sections = set()
    for name in os.listdir(libraries):
        if name.endswith(".a"):
            sections.update(re.findall(r"\s(\.text\.\S+)", output("readelf", "-SW", os.path.join(libraries, name))))
    hot = sorted(
        section
        for section in sections
        if section.removeprefix(".text.").removeprefix("unlikely.").removesuffix(".cold.1") in functions
    )
    with open(os.path.join(ROOT, "Tools/link/hot-sections.txt"), "w") as file:
        file.write("\n".join(hot) + "\n")
    print(len(hot), "sections")


if __name__ == "__main__":
    main()
