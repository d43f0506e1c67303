"""Worlds in which partners meet again and remember."""

from __future__ import annotations

from coop_abm.presets.base import Check, Preset, at_end, fall, wins

PRESETS = (
    Preset(
        "meet_again", "Ten turns on average", "direct",
        "Tit-for-tat meets defectors in a mixed population; with nine chances in ten of another turn it wins.",
        "direct", 200, ("AxelrodHamilton1981", "Nowak2006", "NowakSasakiTaylorFudenberg2004"),
        "Tit-for-tat resists defectors if w > c/b; it is more likely to take over than they are if b/c > (2 - w)/w, "
        "which is 1.23 among 100.",
        "One run from half and half. Starting from few reciprocators chance matters more, and many runs are needed.",
        wins("reciprocators", source="b/c = 3 > 1.23"), {"size": 100, "update.intensity": 0.1},
    ),
    Preset(
        "ecology", "An ecology of strategies", "direct",
        "Six strategies grow by what they earn: those who exploit rise on the naive and starve when these are gone.",
        "ecology", 200, ("Axelrod1984",),
        "In Axelrod's ecological analysis rules that lived on the weak died out with them, and tit-for-tat came out "
        "first. Its field was larger than this one.",
        "One run from a tenth of tit-for-tat; drift among the nice strategies, who all cooperate, decides the rest.",
        Check("share of tit-for-tat in generation 200, from 0.10", at_end("share_tft"), 0.76, 0.3, 1.0,
              "mean of our seeds", ()),
    ),
    Preset(
        "turn_of_the_tide", "The tide turns", "direct",
        "Defectors overrun those who always help, and then meet tit-for-tat, which had been waiting in a corner.",
        "turn_of_the_tide", 200, ("ImhofFudenbergNowak2005", "AxelrodHamilton1981"),
        "With rare mutation populations go round for ever: defectors, tit-for-tat, unconditional helpers, defectors.",
        "Two legs of that round; without mutation, as here, it ends where nobody is left to bring defection back.",
        Check("fall of defectors from their peak to the end", fall("share_alld"), 0.77, 0.5, 1.0,
              "mean of our seeds", ()),
    ),
    Preset(
        "win_stay", "Win-stay, lose-shift", "direct",
        "One action in a hundred goes wrong: tit-for-tat answers each slip for long, win-stay, lose-shift mends it.",
        "win_stay_lose_shift", 200, ("NowakSigmund1993",),
        "With errors win-stay, lose-shift earns nearly the reward against itself, tit-for-tat no more than two "
        "players who toss coins.",
        "One run between these two alone; in the paper strategies mutate, and many others are about.",
        wins("win-stay, lose-shift", "share_wsls", "2.95 against 2.25 points a turn"),
    ),
    Preset(
        "generosity", "Generosity follows", "direct",
        "Eight in ten defect and actions can fail: tit-for-tat clears the field, and generosity takes it over.",
        "generosity", 200, ("NowakSigmund1992",),
        "Among reactive strategies with errors, strict reciprocity starts cooperation and generous tit-for-tat, which "
        "forgives a third of all defections in this game, takes over.",
        "One run of three strategies; the paper draws a hundred at random.",
        wins("generous tit-for-tat", "share_gtft", "the paper's last stage"),
    ),
    Preset(
        "extortion", "Extortion does not spread", "direct",
        "An extortioner never earns less than its partner, and still dies out: extortioners earn little together.",
        "extortion", 200, ("PressDyson2012", "StewartPlotkin2012", "StewartPlotkin2013"),
        "A zero-determinant strategy fixes the line between two payoffs. Extortion wins matches, generosity wins "
        "populations, unless they are very small.",
        "One run between Extort-2 and its generous twin from half and half.",
        wins("the generous strategy", "share_zero_determinant_2", "generosity pays among its own"),
    ),
)  # fmt: skip
