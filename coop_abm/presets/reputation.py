"""Worlds in which deeds make a name."""

from __future__ import annotations

from coop_abm.presets.base import Check, Preset, loses, mean_from, wins

PRESETS = (
    Preset(
        "a_good_name", "Eight in ten are known", "indirect",
        "Discriminators help whoever they do not know to be a defector, and know eight in ten: they win.",
        "indirect", 200, ("NowakSigmund1998", "Nowak2006"),
        "Discriminators resist defectors if q > c/b; they are more likely to take over than defectors are if "
        "b/c > (2 - q)/q, which is 1.51 among 100 for q = 0.8.",
        "One run from half and half, in Nowak's model, where a good reason to refuse costs nobody a good name.",
        wins("discriminators", source="b/c = 3 > 1.51"),
        {"size": 100, "indirect.visibility": 0.8, "update.intensity": 0.3},
    ),
    Preset(
        "image_scoring", "Image scoring", "indirect",
        "Who helps has a good name, who refuses a bad one: discriminators drive defectors out.",
        "image_scoring", 200, ("NowakSigmund1998",),
        "Helping strangers can evolve where everybody sees who has helped. With mutation it comes and goes in cycles: "
        "unconditional helpers drift in, and defectors after them.",
        "The first leg alone: there is no mutation here. The cycles are on the page Experiments, under image scoring.",
        loses("defectors", "share_alld", "the paper's first figure"), {"size": 400},
    ),
    Preset(
        "stern_judging", "Stern judging", "indirect",
        "To refuse the bad is good, to help them is bad: with errors about, nearly all help is given still.",
        "stern_judging", 200, ("PachecoSantosChalub2006", "OhtsukiIwasa2004"),
        "Under stern judging discriminators lose no good name by a just refusal, so errors are mended in one step; "
        "with one error in a hundred, in deeds and in judgements, help is given 97 times in 100.",
        "The mean over rounds 100 to 200 of one run, after discriminators have won.",
        Check("share of help, rounds 100 to 200", mean_from("cooperation", 100), 0.97, 0.95, 0.99,
              "good names under errors", ("cooperation",)),
        {"size": 400},
    ),
    Preset(
        "private_opinions", "Everybody judges alone", "indirect",
        "The same norm without a common view: opinions part, and half of all help is lost.",
        "private_opinions", 300, ("Hilbe2018", "UchidaSasaki2013"),
        "If opinions are private, any rate of errors makes stern judges disagree until a name is worth a coin toss: "
        "help is given half of the time.",
        "The mean over rounds 100 to 300 of one run of fifty who never change their strategy.",
        Check("share of help, rounds 100 to 300", mean_from("cooperation", 100), 0.5, 0.47, 0.53,
              "one half", ("cooperation",)),
    ),
)  # fmt: skip
