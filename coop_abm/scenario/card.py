"""The page that a scenario writes about itself, in Markdown.

Everything on it is read from the scenario, its parts and theory; nothing is written by hand twice.
Names and descriptions may come from a stranger's file, so they are escaped: one line, no markup.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from coop_abm._version import __version__
from coop_abm.core.dice import graph_seed
from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.core.part import Part
from coop_abm.scenario.bibliography import entry, reference
from coop_abm.scenario.catalogue import Knob, knobs
from coop_abm.scenario.citation import cited
from coop_abm.scenario.expectation import Expectation, expectation, verdict
from coop_abm.scenario.files import dumps
from coop_abm.scenario.knobs import digest, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.minds import models_in, spelled_out
from coop_abm.scenario.players import Players, head_count
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures.graph import shared

#: The neutral answers, in the order in which the round asks.
NEUTRAL = {
    "network": "anybody",
    "direct": "no",
    "indirect": "nothing",
    "kin": "my own",
    "group": "anybody replaces anybody",
}
_MARKUP = re.compile(r"([\\`*_{}\[\]#~$])")
_ENTITY = re.compile(r"&(?=[#A-Za-z])")
_LONGEST = 8_000  # characters of a scenario file that is still shown on the page


def card(scenario: Scenario, seed: int = 0) -> str:
    """The page of a scenario: what it declares, what theory says of it, how to run it, whom it rests on.

    Parameters
    ----------
    seed : root seed of the run that the page is for; it draws the graph if the graph is random

    Raises
    ------
    GraphError
        if the declared graph cannot have this many nodes
    """
    expected = expectation(scenario, seed)
    sections = [
        f"# {escaped(scenario.name, 200) or 'A world without a name'}",
        *([f"**What it shows.** {escaped(scenario.description, 2_000)}"] if scenario.description else []),
        "## The five questions\n\n" + _questions(scenario, seed),
        "## The game\n\n" + _game(scenario),
        "## Who replaces whom\n\n" + _declared(scenario.update),
        "## Who is in the population\n\n" + _players(scenario),
        "## The clock\n\n" + _clock(scenario),
        "## What theory says\n\n" + _theory(scenario, expected),
        "## How to run it\n\n" + _commands(scenario, seed),
        "## Every knob\n\n" + _knobs(scenario),
        "## References\n\n" + _references(cited(scenario, seed, expected=expected)),
        f"Written by coop_abm {__version__}; digest of this world `{digest(scenario)}`.",
    ]
    return "\n\n".join(sections) + "\n"


def escaped(text: str, limit: int = 80) -> str:
    """A stranger's text as one line of Markdown without any markup.

    >>> escaped("a|b <i>`c`")
    'a&#124;b &lt;i&gt;\\\\`c\\\\`'
    """
    line = quoted(" ".join(text.split()), limit)[1:-1]
    line = _ENTITY.sub("&amp;", _MARKUP.sub(r"\\\1", line))
    return line.replace("|", "&#124;").replace("<", "&lt;").replace(">", "&gt;")


# ------------------------------------------------------------------------------------------ sections


def _questions(scenario: Scenario, seed: int) -> str:
    rows = []
    for rule, neutral in NEUTRAL.items():
        mechanism = scenario.mechanisms[rule]
        answer = f"{neutral} (off)"
        if mechanism.enabled:
            answer = "; ".join(filter(None, (_settings(mechanism), *_graph(scenario, seed, rule))))
        rows.append((mechanism.question, mechanism.title, answer))
    return _table(("the question of the round", "rule", "the answer of this world"), rows)


def _graph(scenario: Scenario, seed: int, rule: str) -> Iterator[str]:
    """What is known of the graph once it is drawn."""
    if rule == "network":
        network, drawn = scenario.network, graph_seed(seed, 0)
        graph, other = network.graph.build(scenario.size, drawn), network.replaces_on(scenario.size, drawn)
        yield f"{graph.mean_degree:.6g} neighbours on average"
        yield from (escaped(note, 300) for note in graph.notes)
        if other is not None:
            both = float(shared(scenario.size, graph.rows, other.rows).mean())
            yield f"replaced among {other.mean_degree:.6g} neighbours on average, of whom {both:.6g} are both"
            yield from (escaped(note, 300) for note in other.notes)


def _game(scenario: Scenario) -> str:
    game = scenario.game
    rows = [(f"**{own}**", *map(_figure, row)) for own, row in zip(game.actions, game.payoffs().tolist(), strict=True)]
    table = _table(("own action, against the partner's", *game.actions), rows)
    return f"{_declared(game)}\n\nPayoff of one turn, in units of payoff:\n\n{table}"


def _players(scenario: Scenario) -> str:
    heads = head_count(scenario.players, scenario.size)
    rows = [
        (
            _title(who.strategy),
            f"{count / scenario.size:.4g}",
            f"{count:,}",
            _where(who.nodes),
            _decider(who),
        )
        for who, count in zip(scenario.players, heads, strict=True)
    ]
    return _table(("strategy", "share at the start", "individuals", "where", "who decides"), rows)


def _decider(who: Players) -> str:
    """Who decides for an entry."""
    if who.policy.tabled:
        return who.policy.kind
    models = [spelled_out(model.model) for model in models_in(who.policy)]
    title = "planner around" if models and who.policy.kind == "team" else "" if models else who.policy.title
    return escaped(" ".join([title, *(models or [who.label])]).strip(), 200)


def _where(nodes: tuple[int, ...]) -> str:
    """Where somebody starts."""
    shown = ", ".join(map(str, nodes[:10])) + (", …" if len(nodes) > 10 else "")
    return f"node {shown}" if len(nodes) == 1 else f"nodes {shown}" if nodes else "anywhere"


def _clock(scenario: Scenario) -> str:
    help = type(scenario).model_fields["clock"].description
    return f"`{scenario.clock}` ({help}), {scenario.size:,} individuals."


def _theory(scenario: Scenario, expected: Expectation) -> str:
    silent = expected.kind == "silent"
    rows = [
        (
            "for this very world",
            *(("none", "", "") if silent else (f"{expected.value:.6f}", expected.reason, expected.status)),
        ),
        ("the textbook's limit", *_limit(scenario, expected)),
    ]
    table = _table(("critical ratio (b/c)\\*", "value", "from", "holds"), rows)
    holds = "".join(f"\n- {limit}" for limit in expected.limits)
    return f"{verdict(scenario, expected)}\n\n{table}" + (
        f"\n\nWhat that number says, and does not:\n{holds}" if holds else ""
    )


def _limit(scenario: Scenario, expected: Expectation) -> tuple[str, str, str]:
    if expected.limit == expected.limit:
        return f"{expected.limit:.6g}", "one rule alone", "infinite populations, weak selection, rare splitting"
    if len(scenario.active) != 1:
        return "none", f"textbooks treat one rule at a time; here {len(scenario.active)} are on", ""
    if not scenario.game.has_ratio:
        return "none", "the game has no benefit and cost to compare", ""
    return "none", "standing follows from deeds, and the textbook's ratio is for standing that is innate", ""


def _commands(scenario: Scenario, seed: int) -> str:
    changes = _changes(scenario)
    if changes is not None:
        options = "".join(f" --{path} {shlex.quote(_word(value))}" for path, value in changes.items())
        keywords = "".join(f", {path.replace('.', '__')}={value!r}" for path, value in changes.items())
        return (
            f"```sh\ncoop-abm run {scenario.name} --seed {seed}{options}\n```\n\n"
            f'```python\nimport coop_abm\n\nrun = coop_abm.run("{scenario.name}", seed={seed}{keywords})\n```'
        )
    text = dumps(scenario)
    if len(text) > _LONGEST:
        shown = "The scenario file is too long for this page; `coop_abm.scenario.files.dumps(scenario)` is its text."
    else:
        shown = f"Save this as `world.toml`:\n\n{_fenced('toml', text)}"
    return (
        f"{shown}\n\n```sh\ncoop-abm run world.toml --seed {seed}\n```\n\n"
        f'```python\nimport coop_abm\n\nrun = coop_abm.run("world.toml", seed={seed})\n```'
    )


def _changes(scenario: Scenario) -> dict[str, Any] | None:
    """The knobs that make this world from the named one, None where no such knobs do."""
    if scenario.name not in NAMED:
        return None
    base = named(scenario.name)
    before = {knob.path: knob.value for knob in knobs(base)}
    changed = [knob for knob in knobs(scenario) if knob.path not in before or before[knob.path] != knob.value]
    if any(_free(knob) for knob in changed):  # a stranger's text has no place in a command
        return None
    changes = {knob.path: knob.value for knob in changed}
    try:
        return changes if replace(base, changes) == scenario else None
    except ScenarioError:
        return None


def _knobs(scenario: Scenario) -> str:
    rows = [(f"`{knob.path}`", _value(knob), _permitted(knob), knob.help) for knob in knobs(scenario)]
    return _table(("name", "value", "permitted", "what it does"), rows)


def _references(keys: Iterable[str]) -> str:
    lines = []
    for key in keys:
        of = reference(entry(key))
        authors, year, title, source, place = (escaped(text, 400) for text in of[:5])
        printed = " ".join(filter(None, (f"*{source}*" if source else "", place)))
        said = (f"{authors} ({year})", title, printed, of.link and f"<{of.link}>")
        lines.append(f"- {key}: " + ". ".join(part for part in said if part) + ("" if of.link else "."))
    return "\n".join(lines) or "None: no part of this world rests on a paper."


# --------------------------------------------------------------------------------------------- words


def _declared(part: Part) -> str:
    """A part by its title, the first sentences of its docstring and its knobs."""
    summary = " ".join((type(part).__doc__ or "").strip().split("\n\n")[0].split())
    settings = _settings(part)
    title = type(part).title
    return f"**{title[:1].upper()}{title[1:]}.** {summary}" + (f" Here {settings}." if settings else "")


def _title(part: Part) -> str:
    """A part by its title and its knobs."""
    settings = _settings(part)
    return type(part).title + (f" ({settings})" if settings else "")


def _settings(part: Part) -> str:
    """Every knob of a part but its kind and its switch: name = value and unit."""
    idle = ("kind", "enabled", *getattr(part, "unread", ()))
    told = [knob for knob in knobs(part) if knob.path not in idle]
    return ", ".join(f"{k.title[:1].lower()}{k.title[1:]} = {_value(k)}" for k in told)


def _value(knob: Knob) -> str:
    """The value of a knob with its unit, as Markdown."""
    if _free(knob):
        return escaped(knob.value)
    shown = f"{knob.value:.10g}" if isinstance(knob.value, float) else _word(knob.value)
    return f"`{shown}`" + (f" {knob.unit}" if knob.unit else "")


def _free(knob: Knob) -> bool:
    """Is this a text of the user's own?"""
    return isinstance(knob.value, str) and not knob.choices


def _word(value: Any) -> str:
    """A value as the command line takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _permitted(knob: Knob) -> str:
    if knob.choices:
        return ", ".join(f"`{choice}`" for choice in knob.choices)
    if isinstance(knob.value, bool):
        return "`true`, `false`"
    if knob.low is None:
        return "text" if isinstance(knob.value, str) else "number"
    if knob.high is not None:
        return f"{_figure(knob.low)} to {_figure(knob.high)}"
    if knob.below is not None:
        return f"{_figure(knob.low)} to below {_figure(knob.below)}"
    return f"at least {_figure(knob.low)}"


def _figure(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:.10g}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; cells are escaped already, but for bars in words of our own."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in line) + " |" for line in lines)


def _fenced(language: str, text: str) -> str:
    """A block of code that its own backticks cannot end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
