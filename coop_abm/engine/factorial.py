"""A factorial of repeated games: lists of what may be chosen, crossed here and never written out by hand.

Games with their levels, stakes and framings x languages x personalities x opponent knowledge x horizons x models
[Buscemi2025]. The file of a factorial is TOML and holds the lists alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self
from urllib.parse import parse_qsl

from pydantic import AfterValidator, field_validator, model_validator

from coop_abm.core.errors import InputError, ScenarioError, quoted
from coop_abm.core.part import LISTED, Part, kind_of, knob
from coop_abm.engine.repeated_games import HIGHEST_STAKES, LOWEST_STAKES, MOST_ROUNDS, Contestant, RepeatedGame
from coop_abm.games import AnyStageGame
from coop_abm.games.published import PUBLISHED
from coop_abm.scenario.deciders import STANDING_IN, TABLE, mind_of
from coop_abm.scenario.files import tree
from coop_abm.scenario.minds import Table
from coop_abm.scenario.wording import declared
from coop_abm.strategies import CALCULATING, KINDS, Persona
from coop_abm.strategies.deliberate import PERSONAS

#: Cells of one factorial at most: each is run several times.
MOST_CELLS = 100_000
#: What stands between the names of players who are not all the same.
AGAINST = " vs "
#: Every rule by its kind.
RULES: dict[str, type[Part]] = {kind_of(kind): kind for kind in (*KINDS, *CALCULATING)}

LANGUAGES = ("en", "fr", "de", "es", "ar", "zh", "vi")
HORIZONS = ("known", "unknown")
FRAMINGS = ("native", "reward", "penalty")


def _among(permitted: tuple[str, ...]) -> Any:
    """Checks that all values of a list are permitted."""

    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if value not in permitted:
                raise ValueError(f"must be among {', '.join(permitted)}; got {quoted(value)}")
        return values

    return AfterValidator(check)


class Treatment(Part):
    """One game, at some levels of its payoffs, stakes and framings."""

    title = "treatment"

    game: str = knob("pd", "game", help="a published one by its name, or a name for `payoffs` of one's own")
    levels: Annotated[tuple[str, ...], LISTED] = knob(("conventional",), "levels", help="of the published payoffs")
    payoffs: AnyStageGame | None = knob(None, "payoffs", help="a game of one's own; it has no levels")  # type: ignore[valid-type]
    stakes: Annotated[tuple[float, ...], LISTED] = knob((1.0,), "stakes", help="by which all payoffs are multiplied")
    framings: Annotated[tuple[str, ...], LISTED, _among(FRAMINGS)] = knob(("native",), "framings")

    @field_validator("stakes")
    @classmethod
    def _positive(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        for value in values:
            if not LOWEST_STAKES <= value <= HIGHEST_STAKES:
                raise ValueError(f"must be numbers in [{LOWEST_STAKES:g}, {HIGHEST_STAKES:g}]; got {value:g}")
        return values

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.payoffs is not None:
            if self.game in PUBLISHED:
                raise ValueError(f"game: payoffs of one's own need a name that none has; got {quoted(self.game)}")
            if self.levels != ("conventional",):
                raise ValueError(f"levels: payoffs of one's own have none; got {quoted(', '.join(self.levels))}")
            return self
        if self.game not in PUBLISHED:
            raise ValueError(f"game must be one of {', '.join(PUBLISHED)}; got {quoted(self.game)}")
        for level in self.levels:
            if level not in PUBLISHED[self.game]:
                permitted = ", ".join(PUBLISHED[self.game])
                raise ValueError(f"levels of {self.game} must be among {permitted}; got {quoted(level)}")
        return self

    def worlds(self) -> Iterator[tuple[str, float, str, Any]]:
        """Level, stakes, framing and game of each combination."""
        for level, stakes, framing in itertools.product(self.levels, self.stakes, self.framings):
            game = PUBLISHED[self.game][level] if self.payoffs is None else self.payoffs
            yield level, stakes, framing, game


class Cell(NamedTuple):
    """One combination of the factorial.

    game, level, stakes, framing : what is played
    language, horizon, knowledge : see :class:`~coop_abm.engine.repeated_games.RepeatedGame`
    personas : of the players, in order of seats
    model    : who decides, as the factorial spells it
    """

    game: str
    level: str
    stakes: float
    framing: str
    language: str
    personas: tuple[str, ...]
    knowledge: float
    horizon: str
    model: str

    @property
    def name(self) -> str:
        """The cell in one line, different for each."""
        return (
            f"{self.game} {self.level} x{self.stakes:g} {self.framing} {self.language} {'+'.join(self.personas)} "
            f"q{self.knowledge:g} {self.horizon} {self.model}"
        )


class Factorial(Part):
    """What is crossed with what.

    A model is a rule, such as ``softmax`` or ``softmax?precision=1``, or a language model as litellm spells it, which
    has a slash in its name. One name sits on all seats; ``tft vs softmax`` names each.

    References
    ----------
    Buscemi2025
    """

    title = "factorial"
    references = ("Buscemi2025", "Huynh2025", "Huynh2026")

    games: Annotated[tuple[Treatment, ...], LISTED] = knob((Treatment(),), "games")
    languages: Annotated[tuple[str, ...], LISTED, _among(LANGUAGES)] = knob(("en",), "languages")
    personas: Annotated[tuple[str, ...], LISTED, _among(PERSONAS)] = knob(("cooperative", "selfish"), "personalities")
    knowledge: Annotated[tuple[float, ...], LISTED] = knob(
        (0.0,), "opponent knowledge", help="the same for all who play one match"
    )
    horizons: Annotated[tuple[str, ...], LISTED, _among(HORIZONS)] = knob(("known", "unknown"), "horizons")
    models: Annotated[tuple[str, ...], LISTED] = knob(("persona",), "models", help="rules, or language models")
    rounds: int = knob(10, "rounds", low=1, high=MOST_ROUNDS, step=1)
    ordered: bool = knob(
        False, "ordered", help="play personalities in every order of seats also where all players are equal"
    )

    @field_validator("games", "languages", "personas", "knowledge", "horizons", "models")
    @classmethod
    def _listed(cls, values: tuple) -> tuple:
        if not values:
            raise ValueError("must list at least one; got none")
        for value in values:
            if values.count(value) > 1:
                raise ValueError(f"must list each once; got {quoted(getattr(value, 'game', value))} twice")
        return values

    @field_validator("knowledge")
    @classmethod
    def _probable(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        for value in values:
            if not 0 <= value <= 1:
                raise ValueError(f"must be numbers in [0, 1]; got {value:g}")
        return values

    @field_validator("models")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            for one in name.split(AGAINST):
                try:
                    contestant(one)
                except InputError as error:
                    raise ValueError(str(error).removeprefix("models ")) from None
        return names

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for count, _crossed in enumerate(self._crossed(build=False), 1):
            if count > MOST_CELLS:
                raise ValueError(f"must cross at most {MOST_CELLS:,} cells; these are more")
        return self

    def cells(self) -> dict[Cell, RepeatedGame]:
        """Every combination and its world, games first and models last."""
        return {cell: world for cell, world in self._crossed() if world is not None}

    def with_policy(self, policy: str) -> Factorial:
        """The same factorial; the name of a language model puts it in the place of all others."""
        if policy in (TABLE, STANDING_IN):
            return self
        return declared(Factorial, self.model_dump() | {"models": (policy,)})

    def _crossed(self, build: bool = True) -> Iterator[tuple[Cell, RepeatedGame | None]]:
        seen: set[Cell] = set()
        for treatment in self.games:
            for level, stakes, framing, game in treatment.worlds():
                rest = itertools.product(self.languages, self.knowledge, self.horizons, self.models)
                for language, knowledge, horizon, model in rest:
                    names = _seated(model, game)
                    for personas in self._personas(names):
                        cell = Cell(
                            treatment.game, level, stakes, framing, language, personas, knowledge, horizon, model
                        )  # fmt: skip
                        if cell in seen:
                            raise ValueError(f"games: {quoted(cell.name, 120)} is crossed twice")
                        seen.add(cell)
                        yield cell, self._world(cell, names, game) if build else None

    def _personas(self, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """Personalities of the players: where all players are equal, who sits where makes no difference."""
        if len(set(names)) == 1 and not self.ordered:
            return itertools.combinations_with_replacement(self.personas, len(names))
        return itertools.product(self.personas, repeat=len(names))

    def _world(self, cell: Cell, names: tuple[str, ...], game: Any) -> RepeatedGame:
        players = tuple(
            contestant(name).model_copy(update={"persona": persona})
            for name, persona in zip(names, cell.personas, strict=True)
        )
        # The lists were checked word for word, so these are the words that the world permits.
        told: Any = {"framing": cell.framing, "horizon": cell.horizon, "language": cell.language}
        return RepeatedGame(
            game=game, stakes=cell.stakes, rounds=self.rounds, knowledge=cell.knowledge, players=players, **told
        )


def _seated(model: str, game: Any) -> tuple[str, ...]:
    names = tuple(model.split(AGAINST))
    if len(names) == 1:
        return names * game.seats
    if len(names) != game.seats:
        raise ValueError(f"models: {quoted(model)} names {len(names)} players, and {game.title} has {game.seats}")
    return names


def contestant(name: str) -> Contestant:
    """The player of this name: a rule with its knobs, a language model, or a .toml file that says who decides.

    Raises
    ------
    InputError
        if there is no such rule, or not with such knobs
    """
    if "/" in name.partition("?")[0] or name.endswith(".toml"):
        return Contestant(strategy=Persona(), policy=mind_of(name, "persona"))
    kind, _, told = name.partition("?")
    if kind not in RULES:
        raise ScenarioError(
            f"models must be among {', '.join(RULES)}, or name a language model (provider/model); got {quoted(name)}"
        )
    knobs = {key: _number(value) for key, value in parse_qsl(told, keep_blank_values=True)}
    try:
        rule = declared(RULES[kind], knobs)
    except ScenarioError as error:
        raise ScenarioError(f"{kind}.{error}") from None
    return Contestant(strategy=rule, policy=Table())


def _number(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if text.lstrip("+-").isdecimal() else number


def read_factorial(path: str | Path) -> Factorial:
    """The factorial in a TOML file.

    Raises
    ------
    ScenarioError
        one line: the file, the field, what is permitted
    """
    file = Path(path)
    try:
        return declared(Factorial, tree(file))
    except ScenarioError as error:
        said = str(error)
        raise ScenarioError(said if said.startswith(file.name) else f"{file.name}: {said}") from None
