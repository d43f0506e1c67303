"""Worlds of kin, worlds of groups, and the world without any rule."""

from __future__ import annotations

from coop_abm.presets.base import Preset, loses, wins

_MANY = {"size": 200, "group.size": 5, "group.split": 0.05, "update.intensity": 0.3, "game.benefit": 3.0}

PRESETS = (
    Preset(
        "relatives", "Half of my payoff is yours", "kin",
        "Everybody feels half of its partner's payoff as its own, and helping spreads through a mixed population.",
        "kin", 200, ("Hamilton1964", "Nowak2006", "TaylorNowak2007"),
        "Hamilton's rule: helping is favoured if r > c/b. Among 100 with r = 1/2 the exact value is b/c > 2.03.",
        "One run from half and half; the rule is about chances of taking over, at any strength of selection here.",
        wins("cooperators", source="b/c = 3 > 2.03"), {"size": 100, "update.intensity": 0.5, "game.benefit": 3.0},
    ),
    Preset(
        "full_sibs", "Full sibs", "kin",
        "Two hundred families of four full sibs: nobody feels anything for anybody, and alleles that help spread.",
        "families", 200, ("Hamilton1964", "Hamilton1970"),
        "Families meet among themselves and compete with everybody. Full sibs share half of their genes, so helping "
        "them is favoured if b/c > 2 (2.01 here).",
        "One run of a diploid population; alleles drift much, so a few runs take longer than 200 generations.",
        wins("alleles that help", source="b/c = 3 > 2.01")._replace(low=0.8), {"update.intensity": 0.15},
    ),
    Preset(
        "half_sibs", "Half sibs", "kin",
        "The same families with a father each: a quarter of the genes in common is too little for b/c = 3.",
        "families", 200, ("Hamilton1964", "Hamilton1970"),
        "Half sibs share a quarter of their genes, so helping them is favoured only if b/c > 4 (4.03 here).",
        "One run with the same dice as that of full sibs, under stronger selection.",
        loses("alleles that help", source="b/c = 3 < 4.03"),
        {"kin.pedigree": "half_sibs", "update.intensity": 0.3},
    ),
    Preset(
        "groups", "Many small groups", "group",
        "Defectors win inside each group, groups of cooperators split more often: with forty groups of five these win.",
        "group", 200, ("TraulsenNowak2006", "TraulsenShoreshNowak2008"),
        "If groups split rarely and selection is weak, cooperators are favoured if b/c > 1 + n/m, for many groups m of "
        "size n: 1.13 here.",
        "One run from half and half, in which groups split more often than the theorem asks for.",
        wins("cooperators", source="b/c = 3 > 1.13"), _MANY,
    ),
    Preset(
        "large_groups", "Few large groups", "group",
        "The same two hundred in four groups of fifty: inside so large a group defectors are quicker than any split.",
        "group", 200, ("TraulsenNowak2006",),
        "The rule b/c > 1 + n/m asks for more than 13 here, and for even more among so few groups.",
        "One run with the same seed as that of many groups.",
        loses("cooperators", source="b/c = 3 < 13"), {**_MANY, "group.size": 50},
    ),
    Preset(
        "no_rule", "No rule at all", "group",
        "All five rules off, and help is worth twenty times its cost: defectors win.",
        "well_mixed", 200, ("Nowak2006", "NowakSasakiTaylorFudenberg2004"),
        "In a mixed population of strangers defectors always earn more than cooperators, whatever b/c is.",
        "One run from half and half. This is what the five rules are held against.",
        loses("cooperators", source="never favoured"), {"size": 100, "update.intensity": 0.3},
    ),
)  # fmt: skip
