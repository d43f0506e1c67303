"""Worlds in which it matters who is whose neighbour."""

from __future__ import annotations

from coop_abm.presets.base import Check, Preset, at_end, loses, mean_from, symmetry, wins

#: The torus of the first card: 400 individuals, selection of intermediate strength.
_TORUS = {"size": 400, "update.intensity": 0.4}
_ONE_RUN = (
    "One run is one history, from half cooperators and under stronger selection than the theorem is about; of the "
    "seeds 1 to 20 at least 19 end this way by generation 200."
)
_ON_GRAPHS = (
    "On a large graph of k neighbours, under death-birth updating and weak selection, one cooperator takes over with a "
    "probability above 1/N exactly if b/c > k. On this 20 x 20 torus the exact value is 4.06."
)

PRESETS = (
    Preset(
        "neighbours", "Four neighbours, b/c = 3", "network",
        "Cooperators form clusters on a torus, and defectors eat them up all the same: b/c = 3 is below k = 4.",
        "network", 200, ("OhtsukiHauertLiebermanNowak2006", "TaylorDayWild2007", "Nowak2006"), _ON_GRAPHS, _ONE_RUN,
        loses("cooperators", source="b/c = 3 < 4.06"), {**_TORUS, "game.benefit": 3.0},
    ),
    Preset(
        "neighbours_helped", "Four neighbours, b/c = 5", "network",
        "The same torus, start and dice as with b/c = 3, but help is worth more: clusters of cooperators spread.",
        "network", 200, ("OhtsukiHauertLiebermanNowak2006", "TaylorDayWild2007"), _ON_GRAPHS, _ONE_RUN,
        wins("cooperators", source="b/c = 5 > 4.06"), {**_TORUS, "game.benefit": 5.0},
    ),
    Preset(
        "cycle", "A cycle, b/c = 3", "network",
        "On a ring each has two neighbours, so blocks of cooperators need little to grow.",
        "network", 200, ("OhtsukiNowak2006", "OhtsukiHauertLiebermanNowak2006"),
        "On a cycle, under death-birth updating and weak selection, a cooperator does better than a neutral mutant if "
        "b/c > 2 (N - 2)/(N - 4), which is 2.04 for 100 and 2 for many.",
        "One run under strong selection: the borders of blocks move at random, more often outwards than inwards.",
        wins("cooperators", source="b/c = 3 > 2.04"),
        {"network.graph": "ring", "network.graph.degree": 2, "update.intensity": 1.0, "game.benefit": 3.0},
    ),
    Preset(
        "birth_first", "Birth first, b/c = 6", "network",
        "The same torus, but births come before deaths, and cooperators lose however much they help.",
        "network", 200, ("OhtsukiHauertLiebermanNowak2006",),
        "Under birth-death updating, where everybody competes with everybody to reproduce, no regular graph favours "
        "cooperators, whatever b/c is.",
        "One run shows that who dies first decides as much as who is whose neighbour.",
        loses("cooperators", source="never favoured"), {**_TORUS, "update": "birth_death", "game.benefit": 6.0},
    ),
    Preset(
        "spatial_chaos", "Spatial chaos", "network",
        "Patches of cooperators grow, break and grow again for ever, at a share that hardly depends on the start.",
        "nowak_may", 300, ("NowakMay1992",),
        "Where everybody copies the best of its neighbourhood and 1.8 < T < 2, cooperators and defectors chase each "
        "other and cooperators keep a share of about 12 ln 2 - 8 = 0.318.",
        "The mean over rounds 100 to 300 of one run on a torus of 100 x 100; each round alone strays further.",
        Check("mean share of cooperators, rounds 100 to 300", mean_from("cooperators", 100), 0.318, 0.298, 0.338,
              "12 ln 2 - 8"),
    ),
    Preset(
        "kaleidoscope", "Kaleidoscope", "network",
        "One defector in a sea of cooperators unfolds into a carpet that stays symmetric for ever.",
        "kaleidoscope", 200, ("NowakMay1992",),
        "The rule has no chance in it and treats all directions alike, so a symmetric start stays symmetric while the "
        "pattern unfolds.",
        "Everything: there are no dice in this world, and each seed gives the same run.",
        Check("share of the lattice that equals all of its mirror images in round 200", symmetry, 1.0, 1.0, 1.0,
              "no chance, no direction", ()),
    ),
    Preset(
        "hubs", "Hubs carry cooperation", "network",
        "On a network grown by preferential attachment cooperators take the hubs, and the rest follows them.",
        "scale_free", 500, ("SantosPacheco2005", "BarabasiAlbert1999"),
        "Where payoffs are added up over all neighbours, scale-free networks hold many cooperators for all "
        "temptations 1 < T < 2.",
        "One run on one network of 1,000; the paper averages over runs on many networks of 10,000 and waits longer, so "
        "shares stray between 0.4 and 1.",
        Check("share of cooperators in round 500", at_end("cooperators"), 0.83, 0.4, 1.0, "mean of our seeds"),
        {"game.temptation": 1.2},
    ),
    Preset(
        "no_hubs", "The same without hubs", "network",
        "The same game and rule on a ring of equals: cooperators are gone before long.",
        "scale_free", 300, ("SantosPacheco2005",),
        "On regular networks, where all have as many neighbours, cooperators survive only while the temptation is "
        "close to 1.",
        "One run beside the one with hubs; both start with half cooperators.",
        loses("cooperators", source="the paper's regular ring"), {"game.temptation": 1.2, "network.graph": "ring"},
    ),
    Preset(
        "snowdrift", "Neighbours do not always help", "network",
        "In the snowdrift game a lattice breaks cooperators up into threads: there are fewer than without any lattice.",
        "snowdrift", 300, ("HauertDoebeli2004",),
        "In a large mixed population the share of cooperators settles at 1 - r, here 1/3; on lattices it is lower "
        "unless r is small. Space often inhibits cooperation in this game.",
        "One run of 2,500 settles well below 1/3; the paper sweeps all r.",
        Check("share of cooperators in round 300", at_end("cooperators"), 0.09, 0.0, 0.2, "mean of our seeds; "
              "mixed: 0.333"),
    ),
)  # fmt: skip
