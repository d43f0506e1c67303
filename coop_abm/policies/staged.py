"""Who decides in a world that is played in stages: its own rules, or whoever it declares."""

from __future__ import annotations

from typing import Any

from coop_abm.core.question import Policy
from coop_abm.engine.staged import Staged
from coop_abm.policies.means import Means


def deciding(world: Staged, means: Means | None = None) -> Policy:
    """The policy that decides for everybody in a world that runs.

    Its rules where they decide for all; else a :class:`~coop_abm.policies.cast.Cast`, which is to be closed.

    Raises
    ------
    ScenarioError
        if somebody is to be asked in words, and nothing says what there is to be told
    InputError
        if a model cannot be asked by these means
    """
    declared: Any = world.declared
    minds, table = declared.minds(), declared.table()
    if all(mind.tabled for mind in minds):
        return table
    from coop_abm.policies.cast import Cast  # with all that knows language models
    from coop_abm.policies.teller import teller_of

    return Cast(world, minds, table, teller_of(world), means=means)


def close(policy: Any) -> None:
    """Give back what a policy took to ask language models; rules took nothing."""
    if hasattr(policy, "close"):
        policy.close()
