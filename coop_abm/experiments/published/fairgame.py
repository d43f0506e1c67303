"""What language models did in FAIRGAME: cooperation rates recomputed from the games that its authors have published.

8,400 games of 10 rounds, 10 games of each cell: five languages, four models (Claude 4.5 Haiku, Gemini 2.5 Flash,
Mistral Large, GPT-4o), known and unknown horizon, three pairs of personalities [Buscemi2025]. The games are theirs,
the means are ours; means alone have no intervals.
"""

from __future__ import annotations

#: (game, what) -> value. `what` is spelled as in the table of the experiment.
RATES: dict[tuple[str, str], float] = {
    ("pd", "cooperation"): 0.482,
    ("pd", "known"): 0.481, ("pd", "unknown"): 0.483,
    ("pd", "en"): 0.53, ("pd", "fr"): 0.49, ("pd", "ar"): 0.46, ("pd", "zh"): 0.52, ("pd", "vi"): 0.41,
    ("pd", "cooperative+cooperative"): 0.62, ("pd", "cooperative+selfish"): 0.43, ("pd", "selfish+selfish"): 0.39,
    ("pd", "mild"): 0.54, ("pd", "conventional"): 0.48, ("pd", "harsh"): 0.43,
    ("stag_hunt", "cooperation"): 0.659,
    ("stag_hunt", "known"): 0.685, ("stag_hunt", "unknown"): 0.633,
    ("stag_hunt", "en"): 0.69, ("stag_hunt", "fr"): 0.70, ("stag_hunt", "ar"): 0.61, ("stag_hunt", "zh"): 0.68,
    ("stag_hunt", "vi"): 0.63,
    ("stag_hunt", "cooperative+cooperative"): 1.0, ("stag_hunt", "cooperative+selfish"): 0.58,
    ("stag_hunt", "selfish+selfish"): 0.40,
    ("snowdrift", "cooperation"): 0.529,
    ("snowdrift", "known"): 0.524, ("snowdrift", "unknown"): 0.535,
    ("snowdrift", "en"): 0.53, ("snowdrift", "fr"): 0.48, ("snowdrift", "ar"): 0.54, ("snowdrift", "zh"): 0.62,
    ("snowdrift", "vi"): 0.48,
    ("snowdrift", "cooperative+cooperative"): 0.98, ("snowdrift", "cooperative+selfish"): 0.45,
    ("snowdrift", "selfish+selfish"): 0.16,
    ("harmony", "cooperation"): 0.809,
    ("harmony", "known"): 0.807, ("harmony", "unknown"): 0.810,
    ("harmony", "en"): 0.85, ("harmony", "fr"): 0.83, ("harmony", "ar"): 0.80, ("harmony", "zh"): 0.82,
    ("harmony", "vi"): 0.74,
    ("harmony", "cooperative+cooperative"): 1.0, ("harmony", "cooperative+selfish"): 0.79,
    ("harmony", "selfish+selfish"): 0.63,
    ("battle_of_the_sexes", "coordination"): 0.48,
}  # fmt: skip

#: Of each model, in the order of `MODELS`.
MODELS = ("Claude 4.5 Haiku", "Gemini 2.5 Flash", "Mistral Large", "GPT-4o")
BY_MODEL: dict[str, tuple[float, ...]] = {
    "pd": (0.45, 0.38, 0.52, 0.58), "stag_hunt": (0.75, 0.89, 0.56, 0.43), "snowdrift": (0.57, 0.59, 0.49, 0.46),
    "harmony": (0.85, 1.0, 0.51, 0.88),
}  # fmt: skip

#: Cooperation in the prisoner's dilemma, round by round.
BY_ROUND = {
    "known": (0.44, 0.42, 0.50, 0.51, 0.50, 0.50, 0.49, 0.49, 0.49, 0.48),
    "unknown": (0.47, 0.39, 0.49, 0.46, 0.50, 0.51, 0.49, 0.50, 0.51, 0.52),
}


def of(game: str, what: str) -> float | None:
    """The published value beside a row of the table; differences follow from the rates."""
    if (game, what) in RATES:
        return RATES[game, what]
    made = _DIFFERENCES.get((game, what))
    if made is not None:
        return made
    return _SPREADS.get((game, what))


_LANGUAGES = ("en", "fr", "ar", "zh", "vi")
_GAMES = ("pd", "stag_hunt", "snowdrift", "harmony")
#: Last round against the rounds before: of the dilemma from the rates that are given to three digits.
_DIFFERENCES: dict[tuple[str, str], float] = {
    ("pd", "last round, known"): 0.478 - 0.481, ("pd", "last round, unknown"): 0.519 - 0.479,
    ("pd", "end-game effect"): (0.478 - 0.481) - (0.519 - 0.479), ("harmony", "last round, known"): 0.745 - 0.81,
    ("pd", "mild - harsh"): 0.54 - 0.43,
} | {
    (game, "personalities"): RATES[game, "cooperative+cooperative"] - RATES[game, "selfish+selfish"] for game in _GAMES
}  # fmt: skip
_SPREADS: dict[tuple[str, str], float] = {
    (game, "language range"): max(RATES[game, lang] for lang in _LANGUAGES)
    - min(RATES[game, lang] for lang in _LANGUAGES)
    for game in _GAMES
}
