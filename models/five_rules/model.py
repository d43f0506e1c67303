"""All five rules in one world, each with its toggle.

>>> FiveRules(subset("kin", "direct"), rng=1).declared.active
('kin', 'direct')
"""

from __future__ import annotations

from itertools import combinations

from coop_abm import CoopModel, Scenario, world
from coop_abm.core.errors import InputError
from coop_abm.mechanisms import RULES
from coop_abm.scenario.library import named
from coop_abm.updates import BirthDeath

SCENARIO = named("all_five")

#: The 32 subsets of the five rules, from none to all.
SUBSETS = tuple(chosen for count in range(len(RULES) + 1) for chosen in combinations(RULES, count))


class FiveRules(CoopModel):
    """Kin selection, direct, indirect and network reciprocity and group selection, any subset of them.

    A rule is switched by its knob, ``FiveRules(kin__enabled=False)``, and :func:`subset` gives the world
    in which only the named rules are on.
    """

    default = SCENARIO


def subset(*rules: str) -> Scenario:
    """The world of this model in which only these rules are on.

    Groups that grow and split need births. So where groups are on and the network is off, pairwise
    comparison gives way to birth-death updating of the same intensity, with as many replacements a
    round as there are individuals.

    Raises
    ------
    InputError
        if a rule has another name
    """
    for rule in rules:
        if rule not in RULES:
            raise InputError(f"rule must be one of {', '.join(RULES)}; got {rule!r}")
    toggles = {f"{rule}__enabled": rule in rules for rule in RULES}
    if "group" in rules and "network" not in rules:
        toggles["update"] = BirthDeath(intensity=SCENARIO.update.selection, replacements=SCENARIO.size)
    return world(SCENARIO, **toggles)
