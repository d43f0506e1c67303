"""What a run would ask of language models, in calls, tokens and money, before anything is spent.

Three numbers each. *Low* is certain. *Expected* is a rehearsal of the very world, of this seed, with strategies'
tables in the place of the models, each question answered at once. *High* cannot be passed by what is asked
and answered, whatever models say: every individual that may come to be decided for by a model is, everybody
writes the longest texts, every reply has to be asked for again, a token is one byte, a reply as long as
permitted. It is finite, because partners and numbers of turns follow from the seed. Requests that fail and are tried
again are not in it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from coop_abm.core.errors import InputError, quoted
from coop_abm.engine.rounds import Play
from coop_abm.policies.bounds import Bounds, bounds
from coop_abm.policies.rehearsal import Rehearsal, rehearse
from coop_abm.policies.telling import EncounterTeller
from coop_abm.policies.widest import history_bytes, most_output, repair_bytes, widest
from coop_abm.scenario.minds import Http, Human, Mind, Model, Plugin, Team, models_in, spelled_out
from coop_abm.scenario.scenario import Scenario

#: Decisions that are rehearsed at most, and encounters that are looked at.
MOST_REHEARSED, MOST_FORESEEN = 50_000, 2_000_000_000
#: A token is taken to be at most this many bytes, and a reply to have at least so many tokens.
LONGEST_TOKEN, SHORTEST_REPLY = 16, 4
#: Tokens that a reply is taken to have: an action; an action with its reasoning; beside a text.
OF_ACTION, OF_REASONING, AROUND_TEXT = 12, 60, 12
THINKING = ("plan", "critique", "revise")


class Range(NamedTuple):
    """A number of which only bounds are known."""

    low: float
    expected: float
    high: float


class PlanRow(NamedTuple):
    """What one model would be asked.

    model, endpoint : as declared
    stages : expected questions of each stage, those that come at all
    calls, input_tokens, output_tokens : in all
    money  : US dollars; None if no price is known
    """

    model: str
    endpoint: str
    stages: dict[str, int]
    calls: Range
    input_tokens: Range
    output_tokens: Range
    money: Range | None


class Plan(NamedTuple):
    """What a run would ask of language models.

    rows : one for each model, in the order of `players`
    rehearsed : rounds that were played to learn what to expect; the rest is taken to go on like the last of them
    notes : what is not in the numbers
    """

    scenario: str
    steps: int
    seed: int
    replicates: int
    rehearsed: int
    rows: tuple[PlanRow, ...]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """The plan for a terminal."""
        several = f", {self.replicates:,} populations" if self.replicates > 1 else ""
        lines = [f"{quoted(self.scenario or 'world')[1:-1]}, {self.steps:,} rounds, seed {self.seed}{several}"]
        if not self.rows:
            return [*lines, "no language model is asked", *self.notes]
        for row in self.rows:
            lines.append(_whose(row))
            lines.append(f"  {'':14}{'low':>16}{'expected':>16}{'high':>16}")
            table = [("calls", row.calls), ("tokens in", row.input_tokens), ("tokens out", row.output_tokens)]
            lines += [f"  {what:14}" + "".join(f"{round(n):>16,}" for n in numbers) for what, numbers in table]
            dollars = ["?"] * 3 if row.money is None else [f"{n:,.4f}" for n in row.money]
            lines.append(f"  {'US dollars':14}" + "".join(f"{n:>16}" for n in dollars))
            lines.append(
                "  expected calls: " + (", ".join(f"{n:,} {stage}" for stage, n in row.stages.items()) or "none")
            )
        return lines + [f"- {note}" for note in self.notes]

    def tree(self) -> dict[str, Any]:
        """Plain values, for JSON."""

        def plain(row: PlanRow) -> dict[str, Any]:
            told = {name: value._asdict() if isinstance(value, Range) else value
                    for name, value in row._asdict().items()}  # fmt: skip
            return told | {"price_known": row.money is not None}

        return {**self._asdict(), "rows": [plain(row) for row in self.rows], "notes": list(self.notes)}


def plan(scenario: Scenario, *, steps: int, seed: int = 0, replicates: int = 1) -> Plan:
    """What `steps` rounds of this world would ask of language models. Nothing is sent.

    Raises
    ------
    InputError
        if there are too many encounters to look at
    """
    models = [model for entry in scenario.players for model in models_in(entry.policy)]
    grouped = {(model.model, model.api_base): [] for model in models}  # type: dict[tuple[str, str], list[Model]]
    for model in dict.fromkeys(models):
        grouped[model.model, model.api_base].append(model)
    if not grouped:
        return Plan(scenario.name, steps, seed, replicates, 0, (), ())
    play = Play(scenario, seed, replicates=replicates)
    encounters = play.met.open.size * steps
    if encounters > MOST_FORESEEN:
        raise InputError(
            f"steps: a plan looks at {MOST_FORESEEN:,} encounters at most; {steps:,} rounds of "
            f"{replicates:,} populations of {scenario.size:,} have {encounters:,}"
        )
    found = [bounds(play, steps, alike) for alike in grouped.values()]
    teller = EncounterTeller(scenario, play.answers, seed)
    rehearsal = Rehearsal(play, teller)
    rounds = rehearse(play, rehearsal, steps, MOST_REHEARSED) if steps else 0
    rows = tuple(
        _row(Known(scenario, teller, rehearsal, rounds, steps), alike, limits)
        for alike, limits in zip(grouped.values(), found, strict=True)
    )
    return Plan(scenario.name, steps, seed, replicates, rounds, rows, tuple(_notes(scenario, steps, rounds, rows)))


class Known(NamedTuple):
    """What rows of a plan are made from."""

    scenario: Scenario
    teller: EncounterTeller
    rehearsal: Rehearsal
    rounds: int
    steps: int


def _row(known: Known, models: list[Model], limits: Bounds) -> PlanRow:
    world, sizes = known.scenario, known.rehearsal.sizes
    asked = {
        (model, stage): _asked(known, model, stage) for model in models for stage in ("act", "talk", *THINKING)
    }  # fmt: skip
    stages = {
        stage: round(sum(asked[model, stage] for model in models))
        for stage in (*THINKING, "talk", "act")
        if sum(asked[model, stage] for model in models)
    }
    least, most = sum(limits.least.values()), sum(limits.most.values())
    expected = min(max(sum(asked.values()), least), most)
    calls = Range(least, expected, 2 * most)
    wide = max(widest(world, known.teller, model, stage, known.steps)
               for model in models for stage in _stages(world, limits))  # fmt: skip
    told = most * wide + limits.past * history_bytes(known.teller, models, limits.deepest)
    again = told + most * max(repair_bytes(known.teller, model) for model in models)
    typical = sum(count * _mean(sizes.get(key, [])) for key, count in asked.items())
    smallest = min((min(listed) for (model, _), listed in sizes.items() if model in models), default=0.0)
    given = Range(least * smallest * 3 / LONGEST_TOKEN, typical, told + again)
    taken = Range(
        least * SHORTEST_REPLY,
        sum(count * most_output(world, *key, OF_ACTION, OF_REASONING, AROUND_TEXT) for key, count in asked.items()),
        calls.high * max(model.max_tokens for model in models),
    )
    price = dollars(models)
    paid = None if price is None else Range(
        *(into * price[0] + out * price[1] for into, out in zip(given, taken, strict=True))
    )  # fmt: skip
    return PlanRow(models[0].model, models[0].api_base, stages, calls, given, taken, paid)


def _asked(known: Known, model: Model, stage: str) -> float:
    """Questions of a stage that are expected: those of the rehearsal, and what follows if it goes on alike."""
    counts, rounds = known.rehearsal.asked, known.rounds
    inside = [counts[model, stage, t] for t in range(rounds)]
    tail = inside[rounds // 2 :]
    return sum(inside) + (known.steps - rounds) * _mean(tail)


def _stages(world: Scenario, limits: Bounds) -> list[str]:
    return ["act"] + ["talk"] * (world.talk != "never") + list(THINKING) * (limits.most["think"] > 0)


def _mean(listed: list[Any]) -> float:
    return sum(listed) / len(listed) if listed else 0.0


def dollars(models: list[Model]) -> tuple[float, float] | None:
    """US dollars for a token in and a token out: what the scenario says, else what is known."""
    from coop_abm.llm.prices import price_of

    for model in models:
        if model.price_input >= 0:
            return model.price_input / 1e6, model.price_output / 1e6
    found = price_of(models[0].model, models[0].api_base)
    return None if found is None else (found.input, found.output)


def _whose(row: PlanRow) -> str:
    at = f" at {quoted(row.endpoint, 200)[1:-1]}" if row.endpoint else ""
    return quoted(spelled_out(row.model), 200)[1:-1] + at


def _notes(world: Scenario, steps: int, rounds: int, rows: tuple[PlanRow, ...]) -> list[str]:
    notes = [
        f"no price is known for {quoted(row.model)[1:-1]}: the run is refused unless players.policy.price_input and "
        "price_output (US dollars per million tokens, 0 for a model of your own) say what it costs"
        for row in rows
        if row.money is None
    ]
    notes.append(
        "expected: models do what their strategy's table says and answer at once; a token for 4 ASCII characters or 3 "
        "bytes of other scripts; texts a third of their limit; no hidden reasoning"
    )
    notes.append(
        "high: whoever may come to be decided for by a model is, every reply is asked for again, texts are the "
        "longest permitted, a token for each byte, max_tokens a reply; requests that fail and are tried again are not "
        "counted, but the caps of the run hold for them too"
    )
    if rounds < steps:
        notes.append(f"expected from {rounds:,} rounds that were rehearsed; the rest is taken to go on alike")
    kinds = (Human, Http, Plugin)
    if any(isinstance(_inner(entry.policy), kinds) for entry in world.players):
        notes.append("humans, servers and policies of your own are taken to do what their strategy's table says")
    return notes


def _inner(mind: Mind) -> Mind:
    return mind.inner if isinstance(mind, Team) else mind
