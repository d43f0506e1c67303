"""Experiments: a question, the worlds that answer it, a table and a figure.

A new experiment is one file here, and one line in :data:`EXPERIMENTS`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from coop_abm.core.errors import InputError, quoted

if TYPE_CHECKING:
    from coop_abm.experiments.base import Experiment

#: Every experiment: its name, and where its class is.
EXPERIMENTS = {
    "commons": "coop_abm.experiments.commons:CommonsExperiment",
    "five-rules": "coop_abm.experiments.five_rules:FiveRules",
    "image-scoring": "coop_abm.experiments.image_scoring:ImageScoring",
    "languages": "coop_abm.experiments.languages:Languages",
    "super_additive": "coop_abm.experiments.super_additive:SuperAdditive",
    "threshold": "coop_abm.experiments.graph_report:GraphReport",
    "tournament": "coop_abm.experiments.tournament:Tournament",
}


def experiment(name: str) -> type[Experiment]:
    """The class of an experiment, imported on first use.

    Raises
    ------
    InputError
        if there is none of this name
    """
    if name not in EXPERIMENTS:
        raise InputError(f"experiment must be one of {', '.join(EXPERIMENTS)}; got {quoted(name)}")
    module, _, called = EXPERIMENTS[name].partition(":")
    found: type[Experiment] = getattr(importlib.import_module(module), called)
    return found
