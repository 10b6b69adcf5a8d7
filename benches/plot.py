#!/usr/bin/env python3
"""Draws docs/choose.svg from what `cargo bench --bench engine -- choose` left: the cost of choosing an agent against how many there are,
beside queues that look at every agent for every call (Asterisk's app_queue: about 1.6 microseconds an agent).

Both axes are logarithmic: a cost that grows with the number of agents is a straight line upwards, one that does not is level.

    cargo bench --bench engine -- choose && python3 benches/plot.py
"""

import json
import math
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEASURED = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "criterion"
SIZES = [100, 1_000, 10_000, 100_000, 1_000_000]
APP_QUEUE_NS_AN_AGENT = 1_600
GROUPS = [("choose", "200 kinds of agents", "#1f6feb"), ("choose_no_two_alike", "no two agents alike", "#cf222e")]
MODELS = {"least_active": "", "most_available": "6 3", "longest_idle": "2 3", "best_match": "9 3 2 3"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 520, 80, 250, 40, 60
LOWEST_NS, HIGHEST_NS = 100, 10_000_000_000


def median_ns(group, model, size):
    """The median of one benchmark; none if it was not run."""
    path = MEASURED / group / model / str(size) / "new" / "estimates.json"
    return json.loads(path.read_text())["median"]["point_estimate"] if path.exists() else None


def x(size):
    span = math.log10(SIZES[-1]) - math.log10(SIZES[0])
    return LEFT + (math.log10(size) - math.log10(SIZES[0])) / span * (WIDTH - LEFT - RIGHT)


def y(nanoseconds):
    span = math.log10(HIGHEST_NS) - math.log10(LOWEST_NS)
    return HEIGHT - BOTTOM - (math.log10(nanoseconds) - math.log10(LOWEST_NS)) / span * (HEIGHT - TOP - BOTTOM)


def text(at, what, anchor="middle", colour="#24292f"):
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" fill="{colour}">{what}</text>'


def line(points, colour, dash="", width=2):
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}"/>'


def named(nanoseconds):
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        if nanoseconds >= size:
            return f"{nanoseconds // size} {unit}"
    return f"{nanoseconds} ns"


def main():
    parts = [text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16), "agents")]
    parts.append(text((LEFT, 22), "a conversation comes in: created, the best agent chosen, invited", "start"))
    for size in SIZES:
        parts.append(line([(x(size), TOP), (x(size), HEIGHT - BOTTOM)], "#d0d7de", width=1))
        parts.append(text((x(size), HEIGHT - BOTTOM + 18), f"{size:,}"))
    decade = LOWEST_NS
    while decade <= HIGHEST_NS:
        parts.append(line([(LEFT, y(decade)), (WIDTH - RIGHT, y(decade))], "#d0d7de", width=1))
        parts.append(text((LEFT - 8, y(decade) + 4), named(decade), "end"))
        decade *= 10
    linear = [(x(size), y(size * APP_QUEUE_NS_AN_AGENT)) for size in SIZES]
    parts.append(line(linear, "#6e7781", "4 4"))
    label = WIDTH - RIGHT + 14
    parts.append(text((label, linear[-1][1] + 4), "every agent looked at,", "start", "#6e7781"))
    parts.append(text((label, linear[-1][1] + 20), "1.6 µs each", "start", "#6e7781"))
    row = TOP + 150
    for group, what, colour in GROUPS:
        parts.append(text((label, row), what, "start", colour))
        row += 18
        for model, dash in MODELS.items():
            found = [(size, median_ns(group, model, size)) for size in SIZES]
            points = [(x(size), y(median)) for size, median in found if median is not None]
            if len(points) < 2:
                sys.exit(f"{group}/{model} was not measured: cargo bench --bench engine -- choose")
            parts.append(line(points, colour, dash))
            parts.append(line([(label, row - 4), (label + 34, row - 4)], colour, dash))
            parts.append(text((label + 42, row), model.upper(), "start"))
            row += 18
        row += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">'
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    (ROOT / "docs" / "choose.svg").write_text("\n".join([head, ground, *parts, "</svg>"]) + "\n")


main()
