"""Accuracy against minutes, as an SVG of few lines."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 60, 150, 20, 50
COLOURS = ("#1b6ca8", "#d1495b", "#2e8b57", "#e08e0b", "#6a4c93", "#444444", "#00a6a6", "#b5651d")


def drawn(rows: list[dict], case: str = "general", start: str = "init") -> str:
    """Mean accuracy of the four sets at 5 shots, or of the domain's own at 1; each method begins at no training. Methods that were
    measured at one time only are left out where there are others."""
    key, shots = ("shots", "5") if case == "general" else ("domain", "1")
    begin = next(r[key][shots] for r in rows if r["method"] == "none" and r["start"] == start)
    curves: dict[str, list[tuple[float, float]]] = {}
    for r in rows:
        if (r["case"], r["start"]) == (case, start) and r["method"] != "none":
            curves.setdefault(r["method"], [(0, begin)]).append((r["minutes"], r[key][shots]))
    most = min(3, max(map(len, curves.values()), default=0))
    curves = {name: points for name, points in curves.items() if len(points) >= most}
    longest = max((m for points in curves.values() for m, _ in points), default=1)
    heights = [a for points in curves.values() for _, a in points] + [begin]
    low, high = min(heights) - 1, max(heights) + 1

    def place(minutes: float, accuracy: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * minutes / longest
        return x, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (accuracy - low) / (high - low)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    step = max(1, round((high - low) / 6))
    for accuracy in range(int(low) + 1, int(high) + 1, step):
        y = place(0, accuracy)[1]
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{accuracy} %</text>')
    for minutes in sorted({m for points in curves.values() for m, _ in points}):
        x = place(minutes, low)[0]
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{minutes:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">minutes of one core</text>')
    taken: list[float] = []
    for i, (name, points) in enumerate(sorted(curves.items(), key=lambda c: -max(c[1])[1])):
        colour = COLOURS[i % len(COLOURS)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*p) for p in sorted(points)))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = max(place(*max(points))[1], taken[-1] + 13 if taken else 0)
        taken.append(y)
        parts.append(f'<text x="{WIDTH - RIGHT + 6}" y="{y + 4:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])
