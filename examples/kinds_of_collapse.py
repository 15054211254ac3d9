#!/usr/bin/env python3
"""Writes four tables of made-up embeddings, 64 columns wide, whose state is known since it was put in: the examples of
docs/guide.md. Needs nothing but Python; the numbers are the same everywhere.

    python3 examples/kinds_of_collapse.py [FOLDER]

healthy.csv      2000 rows, spread over all directions, each with a little less variance than the one before
dimensional.csv  2000 rows in 24 of 64 directions; in the other 40 there is only noise, a thousandth as large
alike.csv        2000 rows, all the same but for noise
few.csv          48 of the healthy rows: fewer than columns
"""
import random
import sys
from pathlib import Path

ROWS, COLUMNS, ALIVE = 2000, 64, 24
random.seed(0)


def gauss_rows(count, scales):
    return [[random.gauss(0, scale) for scale in scales] for _ in range(count)]


def mixed(rows):
    """The rows in other axes, mirrored at a random plane: so that no column by itself shows what is missing."""
    plane = [random.gauss(0, 1) for _ in range(COLUMNS)]
    square = sum(p * p for p in plane)
    out = []
    for row in rows:
        along = 2 * sum(p * x for p, x in zip(plane, row)) / square
        out.append([x - along * p for p, x in zip(plane, row)])
    return out


folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
healthy = mixed(gauss_rows(ROWS, [0.97**k for k in range(COLUMNS)]))
dimensional = mixed(gauss_rows(ROWS, [0.97**k if k < ALIVE else 1e-3 for k in range(COLUMNS)]))
centre = [random.gauss(0, 1) for _ in range(COLUMNS)]
alike = [[c + random.gauss(0, 1e-4) for c in centre] for _ in range(ROWS)]
for name, rows in (("healthy", healthy), ("dimensional", dimensional), ("alike", alike), ("few", healthy[:48])):
    (folder / f"{name}.csv").write_text("".join(",".join(f"{x:.7g}" for x in row) + "\n" for row in rows))
