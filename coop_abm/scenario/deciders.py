"""Who decides in a whole world, in one word: tables, stand-ins for them, a language model, or a file that says more."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.core.part import Part, knob
from coop_abm.scenario.minds import STAND_IN, AnyMind, Mind, Model, Table
from coop_abm.scenario.wording import declared

#: The words that are no names of models.
TABLE, STANDING_IN = "table", "stand-in"


class _File(Part):
    """What a policy file holds: one mind."""

    policy: AnyMind = knob(Table(), "policy", help="who decides")


def mind_of(policy: str, strategy: str, **told: Any) -> Mind:
    """Who decides for an individual with this strategy, where one word says who decides.

    Parameters
    ----------
    policy   : "table": the strategy's own table; "stand-in": the stand-in plays the strategy through the whole path
               of language models; the path of a TOML file (ends in .toml) with the knobs of one policy, such as
               ``kind = "model"``, ``model = "openai/..."``, ``price_input = 0.15``; else the name of a language
               model, as litellm spells it
    strategy : as the stand-in spells it, with its knobs
    told     : knobs of a language model that the world decides on, such as its language; a file may say them itself

    Raises
    ------
    ScenarioError
        in one line, if the file cannot be read or holds no policy, or this is no name of a model

    >>> mind_of("stand-in", "tft").model
    'stand-in/tft'
    """
    if policy == TABLE:
        return Table()
    if policy == STANDING_IN:
        return _model({"model": f"{STAND_IN}{strategy}", **told})
    if policy.endswith(".toml"):
        return _from_file(Path(policy), told)
    return _model({"model": policy, **told})


def _model(knobs: dict[str, Any]) -> Model:
    return declared(Model, knobs)


def _from_file(path: Path, told: dict[str, Any]) -> Mind:
    shown = quoted(str(path), 200)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"policy: {shown} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"policy: {shown} is no TOML file ({quoted(str(error), 120)[1:-1]})") from None
    if not isinstance(tree.get("kind"), str):
        raise ScenarioError(f'policy: {shown} must say kind = "model", or another kind of policy')
    if tree["kind"] == "model":
        tree = told | tree
    try:
        return declared(_File, {"policy": tree}).policy
    except ScenarioError as error:
        raise ScenarioError(f"{error} (in {shown})") from None
