"""The table of a run, and where it is kept."""

import importlib.metadata
import json
import math
import os
import platform
import time

import shipped

PACKAGES = {"onnxruntime": "onnxruntime", "litert": "ai-edge-litert", "openvino": "openvino", "executorch": "executorch"}
HEADER = (
    "| model | precision | threads | runtime | median ms | min | p90 | resident MiB | open + first ms | cosine | ratio |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def ratio(row, field="median"):
    """edgessl to the fastest rival, or None where one of them is missing."""
    cells = row["cells"]
    rivals = [cell[field] for runtime, cell in cells.items() if runtime != "edgessl" and "failed" not in cell]
    return cells["edgessl"][field] / min(rivals) if rivals and "failed" not in cells["edgessl"] else None


def line(row):
    """One row in short, while the run goes on."""
    times = "  ".join(
        f"{runtime} {cell['median']:.3f} ({cell['min']:.3f})" if "failed" not in cell else f"{runtime} -"
        for runtime, cell in row["cells"].items()
    )
    value = ratio(row)
    ratios = f"  ratio {value:.2f} ({ratio(row, 'min'):.2f})" if value else ""
    return f"{row['network']} {row['precision']} x{row['threads']}: {times}{ratios}"


def table(rows):
    lines = [HEADER]
    for row in rows:
        fastest = min((cell["median"] for cell in row["cells"].values() if "failed" not in cell), default=None)
        for runtime, cell in row["cells"].items():
            head = f"| {row['network']} | {row['precision']} | {row['threads']} | {runtime} |"
            if "failed" in cell:
                lines.append(f"{head} {cell['failed'].replace('|', '/')} | | | | | | |")
                continue
            median = f"**{cell['median']:.3f}**" if cell["median"] == fastest else f"{cell['median']:.3f}"
            value = ratio(row) if runtime == "edgessl" else None
            brackets = f"{value:.2f} ({ratio(row, 'min'):.2f})" if value else ""
            lines.append(
                f"{head} {median} | {cell['min']:.3f} | {cell['p90']:.3f} | {cell['residentBytes'] / 2**20:.1f} | "
                f"{cell['openAndFirst']:.1f} | {cell['cosine']:.4f} | {brackets} |"
            )
    return "\n".join(lines)


def means(rows):
    lines = []
    for precision, threads in sorted({(row["precision"], row["threads"]) for row in rows}):
        chosen = [row for row in rows if (row["precision"], row["threads"]) == (precision, threads) and ratio(row)]
        if chosen:
            values = {
                field: math.exp(sum(math.log(ratio(row, field)) for row in chosen) / len(chosen)) for field in ["median", "min"]
            }
            worst = max(chosen, key=ratio)
            lines.append(
                f"- {precision}, {threads} thread{'s' if threads > 1 else ''}: {values['median']:.2f} (of the minima "
                f"{values['min']:.2f}) over {len(chosen)} networks; largest {ratio(worst):.2f} ({worst['network']})"
            )
    return "\n".join(lines)


def speedups(rows):
    """Medians of one thread over those of two, of edgessl and of the fastest rival."""
    medians = {}
    for row in rows:
        cells = {runtime: cell["median"] for runtime, cell in row["cells"].items() if "failed" not in cell}
        rivals = [value for runtime, value in cells.items() if runtime != "edgessl"]
        if "edgessl" in cells and rivals:
            medians[row["network"], row["precision"], row["threads"]] = (cells["edgessl"], min(rivals))
    return "\n".join(
        f"- two threads over one, {network} {precision}: {one[0] / two[0]:.2f}; fastest rivals {one[1] / two[1]:.2f}"
        for (network, precision, threads), one in medians.items()
        if threads == 1 and (two := medians.get((network, precision, 2)))
    )


def machine():
    with open("/proc/cpuinfo") as file:
        lines = [line.split(":") for line in file if ":" in line]
    facts = {key.strip(): value.strip() for key, value in reversed(lines)}
    model = f"{facts.get('model name', platform.machine())} (family {facts.get('cpu family')}, model {facts.get('model')})"
    sets = [name for name in ["avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni"] if name in facts.get("flags", "").split()]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {' '.join(sets)}, {memory:.0f} GiB, {platform.system()} {platform.release()}; "
        f"load {os.getloadavg()[2]:.1f} in the last 15 minutes"
    )


def text(rows, whole, options):
    versions = ", ".join(f"{runtime} {importlib.metadata.version(package)}" for runtime, package in PACKAGES.items())
    return "\n".join(
        [
            f"{machine()}; {time.strftime('%Y-%m-%d %H:%M')}",
            "",
            f"{versions}; batch 1; {options.rounds} rounds of {options.seconds} s, runtimes in turns, each in a process of "
            "its own, pinned. Ratio: median of edgessl to that of the fastest rival, in brackets that of the minima. "
            "Cosine: of the output to PyTorch's. Resident: the peak of the process; of rivals, less the bare Python.",
            "",
            "Geometric mean of the ratios:",
            "",
            means(rows),
            "",
            speedups(rows),
            "",
            table(rows),
            "",
            shipped.table(whole["shipped"]),
            "",
            f"`edgessl classify` of one photo with models/edge-s, whole process: {whole['median']:.1f} ms median, "
            f"{whole['min']:.1f} min; resident {whole['residentBytes'] / 2**20:.1f} MiB at its peak, "
            f"plan {whole['arenaBytes'] / 2**20:.2f} MiB, weights {whole['weightBytes'] / 2**20:.2f} MiB.",
            "",
        ]
    )


def save(rows, whole, options, root):
    base = os.path.join(root, "Benchmarks", "results", time.strftime("%Y-%m-%d") + "-rivals")
    with open(base + ".md", "w") as file:
        file.write(text(rows, whole, options))
    with open(base + ".json", "w") as file:
        json.dump({"machine": machine(), "rows": rows, "classify": whole}, file, indent=1)
