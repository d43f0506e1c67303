"""The validation page: the verdict table as Markdown and CSV, and everything that its figures need as JSON.

``uv run python -m tests.validation.report`` writes page and figures anew from the stored ``verdicts.json``.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm import output
from tests.validation.rows import AGREES, Row


class Part(NamedTuple):
    """A part of the table: rows whose id begins with one of these words."""

    title: str
    begins: tuple[str, ...]
    words: str


PARTS = (
    Part("The acceptance table", ("P",), "Every row of the project's table of theory targets, in its numbering."),
    Part(
        "The law of composition", ("law",),
        "K = sigma (1 + r)/(1 - r) / ((1 - w)(1 - q)) and (b/c)* = (K + 1)/(K - 1). Eight subsets of kin selection "
        "(K, r = 0.2), direct reciprocity (D, w = 0.5) and indirect reciprocity (I, q = 0.4) in each of three "
        "structures, measured by the crossing rho_C = rho_D at intensity x max|M| = 0.15. Where the ratio is negative "
        "there is nothing to cross, and the sign is tested at b/c = 20.",
    ),
    Part(
        "Another processor", ("D2",),
        "The same worlds with features of the processor switched off, other threads and other hash seeds: histories "
        "must be the same to the bit, floating-point summaries are listed where they are not.",
    ),
    Part("More that theory says", ("",), "Networks, kin, groups, and norms beyond the acceptance table."),
    Part(
        "Negative controls", ("control",), "What must not happen: cooperation without its cause.",
    ),
    Part(
        "Statistical validity", ("D4",),
        "Distributions against closed forms, exact chains and a second, slow implementation. One family: the level of "
        "each test is 0.01 over their number (Bonferroni). Rows whose id ends in `wrong` are the same tests with the "
        "wrong null hypothesis: they must be rejected.",
    ),
    Part(
        "Planted errors", ("plant",),
        "Errors planted into the running code; the row that is named must fail. `caught` means that it did.",
    ),
)  # fmt: skip

FIGURES = (
    ("acceptance.png", "Deviation of every measured row from theory, in units of its tolerance, with 95 % intervals"),
    ("law.png", "The critical ratio of 24 worlds: predicted against measured"),
    ("fixation.png", "Fixation probabilities through the exact chain, and the line of weak selection"),
    ("convergence.png", "Exact ratios of finite populations approach Nowak's limits"),
    ("nowak_may.png", "The spatial game of Nowak and May: share of cooperators, and the lattice"),
)

HEAD = """\
# Validation

Written by `uv run pytest --validate tests/validation`; do not edit. {count} rows, {good} as they should be{bad}.

Each row holds one measurement, or one exact number of the package, against theory that was written down
independently: a published formula, an exact Markov chain, or an enumeration of all states. Seeds are fixed, so the same
machine and libraries give the same table.

**How to read it.** *expected* is what theory says, *measured* what the package gives, with its standard error if
anything was drawn. A measured critical ratio agrees if it lies within 2 % of the exact value or 3 standard errors,
whichever is more, and is known to 1 %. Other rows say their tolerance and the reason for it in the second table of
their part. *z* is the deviation in standard errors and *p* its probability under the null hypothesis, which is not "no
effect" but "theory is right". Of {tested} rows with a z, {beyond} lie beyond 2 standard errors, where chance alone
would put about {chance:.0f}.

`verdicts.csv` has all columns, `verdicts.json` also the numbers behind the figures.
"""


def part_of(row: Row) -> Part:
    word = row.id.split(".")[0]
    for part in PARTS:
        if (part.begins == ("P",) and re.fullmatch(r"P\d+", word)) or word in part.begins:
            return part
    return next(part for part in PARTS if part.begins == ("",))


def ordered(rows: list[Row]) -> list[Row]:
    """Rows in the order of the page: parts, then ids with their numbers as numbers."""

    def key(row: Row) -> tuple[Any, ...]:
        natural = tuple((int(x), "") if x.isdigit() else (-1, x) for x in re.split(r"(\d+)", row.id))
        return PARTS.index(part_of(row)), natural

    return sorted(rows, key=key)


def write(rows: list[Row], exhibits: list[dict[str, Any]], folder: Path) -> list[Path]:
    """Write table, data and figures into the folder."""
    from tests.validation import pictures

    place, rows = output.folder(folder), ordered(rows)
    shown = sorted(exhibits, key=lambda exhibit: (exhibit["name"], str(exhibit.get("structure", ""))))
    data = {"rows": [row._asdict() for row in rows], "exhibits": shown}
    return [
        output.write_text(place / "README.md", page(rows)),
        output.write_text(place / "verdicts.csv", table(rows)),
        output.write_json(place / "verdicts.json", data),
        *pictures.draw(rows, shown, place),
    ]


def page(rows: list[Row]) -> str:
    good = sum(row.passed for row in rows)
    tested = [row.z for row in rows if math.isfinite(row.z) and row.relation == "=" and row.verdict == AGREES]
    text = [
        HEAD.format(
            count=len(rows), good=good, bad="" if good == len(rows) else f", **{len(rows) - good} are not**",
            tested=len(tested), beyond=sum(abs(z) > 2 for z in tested), chance=0.0455 * len(tested),
        )
    ]  # fmt: skip
    text += [f"![{words}]({name})\n" for name, words in FIGURES]
    for part in PARTS:
        ours = [row for row in rows if part_of(row) == part]
        if ours:
            text += [f"## {part.title}\n\n{part.words}\n", results(ours), methods(ours)]
    return "\n".join(text)


def results(rows: list[Row]) -> str:
    lines = ["| id | claim | expected | measured | z | p | verdict |", "|---|---|---:|---:|---:|---:|---|"]
    for row in rows:
        verdict = row.verdict if row.passed else f"**{row.verdict}**"
        cells = (row.id, row.claim, _expected(row), _measured(row), _short(row.z, ".2f"), _p(row.p), verdict)
        lines.append("| " + " | ".join(_safe(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def methods(rows: list[Row]) -> str:
    lines = [
        "<details><summary>Null hypothesis, statistic, n, tolerance and why, seed, source of each row</summary>\n",
        "| id | null hypothesis | statistic | n | tolerance | why | seed | source |",
        "|---|---|---|---|---:|---|---|---|",
    ]
    for row in rows:
        cells = (row.id, row.null, row.statistic, row.n, _number(row.tolerance), row.reason, row.seed, row.source)
        lines.append("| " + " | ".join(_safe(cell) for cell in cells) + " |")
    return "\n".join([*lines, "\n</details>\n"])


def table(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows([output.cell(value) for value in row] for row in rows)
    return text.getvalue()


def _expected(row: Row) -> str:
    if row.relation == "p":
        return f"p ≥ {row.tolerance:.2g}"
    return ("" if row.relation == "=" else f"{row.relation} ") + _number(row.expected)


def _measured(row: Row) -> str:
    if row.relation == "p" or row.error == 0:
        return _number(row.measured)
    digits = max(0, 1 - math.floor(math.log10(row.error)))
    return f"{row.measured:.{digits}f} ± {row.error:.{digits}f}"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.7g}"


def _short(value: float, form: str) -> str:
    return "" if not math.isfinite(value) else format(value, form)


def _p(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1e}" if value < 0.001 else f"{value:.3f}"


def _safe(cell: str) -> str:
    return cell.replace("|", "\\|")


def merge(rows: list[Row], exhibits: list[dict[str, Any]], folder: Path) -> list[Path]:
    """Replace these rows and exhibits in what the folder holds, and write it anew."""
    before = stored(folder) if (folder / "verdicts.json").exists() else ([], [])
    known = {row.id: row for row in (*before[0], *rows)}
    shown = {(each["name"], each.get("structure")): each for each in (*before[1], *exhibits)}
    return write(list(known.values()), list(shown.values()), folder)


def stored(folder: Path) -> tuple[list[Row], list[dict[str, Any]]]:
    """The rows and exhibits that the last whole run stored."""
    data = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    unknown = {"z": math.nan, "p": math.nan, "measured": math.nan, "expected": math.nan}
    rows = [Row(**{k: unknown.get(k) if v is None else v for k, v in row.items()}) for row in data["rows"]]
    return rows, data["exhibits"]


if __name__ == "__main__":
    from tests.validation.collecting import DOCS

    for path in write(*stored(DOCS), DOCS):
        print(path.name)
