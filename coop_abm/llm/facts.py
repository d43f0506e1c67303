"""All that one decision's prompt may say, in plain values.

A policy fills in :class:`Facts` from the typed view that a strategy table reads; a template renders it
in a language; the stand-in server reads it back out of the rendered text. ``None`` means that the
scenario has no such thing (a mechanism is off), so its paragraph is left out; a value that exists
but is not known is said in words.
"""

from __future__ import annotations

from typing import NamedTuple


class Manner(NamedTuple):
    """How things are said; nothing here is a fact of the world.

    language  : en, fr, de, es, ar, zh or vi
    framing   : ``reward``: payoffs are points won; ``penalty``: points lost, the same numbers mirrored
    labels    : what to cooperate and what to defect is called: ("action_a", "action_b") or turned round, or
                ("cooperate", "defect"); in another dialect whatever it gives labels to, as many as it has
    swapped   : is the second of `labels` listed first?
    persona   : name of a persona of the templates, or the user's own sentence; empty for none
    reasoning : is a short reasoning asked for before the action?
    """

    language: str = "en"
    framing: str = "reward"
    labels: tuple[str, ...] = ("action_a", "action_b")
    swapped: bool = False
    persona: str = ""
    reasoning: bool = False


class Facts(NamedTuple):
    """One decision.

    stage        : act, talk, plan, critique or revise
    payoffs      : ((CC, CD), (DC, DD)), payoff of one turn, own action first; 0 is to cooperate, 1 to defect
    round, turn  : when, from 0 (a prompt counts from 1)
    horizon      : how many rounds there are, where that is told; None: it is said that nobody knows
    slips        : probability that an intended action turns into the other; None: it cannot happen
    slips_both   : can refusals fail too, or help alone?
    continuation : probability of another turn with this partner (direct reciprocity)
    history      : turns with this partner so far in this encounter, (own action, partner's), oldest first;
                   None without direct reciprocity
    visibility   : probability to know a partner's standing (indirect reciprocity)
    standing     : of the partner: good, bad or unknown; None without indirect reciprocity
    own_standing : good or bad; None without indirect reciprocity
    judged       : how standing comes about: ``type`` or the name of a norm; None without indirect reciprocity
    public       : is standing public, or everybody's own opinion? None without indirect reciprocity
    relatedness  : share of the partner's payoff that is felt as one's own (kin selection, channel value)
    assortment   : probability that the partner is a copy of oneself (kin selection, channel meeting)
    family       : size of the family among which one lives and meets (kin selection, channel descent)
    kin          : is the partner known as kin? None without families
    neighbours   : with how many others one may meet (network reciprocity)
    everybody    : are all neighbours met in each round, or one of them? None without a network
    group        : number of the own group, from 0 (group selection)
    members      : living members of it
    partner      : number of the partner, by which it may be told apart
    payoff       : felt payoff of the last round; None in the first
    talks        : can partners send messages?
    said         : the partner's message of this turn; empty if it said nothing; None where nobody talks
    limit        : most characters of a text that is asked for (stages other than act)
    memo         : own notes (a plan); empty if there are none; None where nobody keeps any
    draft        : the text that is to be criticised or revised (stages critique and revise)
    critique     : what was said of it (stage revise)
    """

    stage: str
    payoffs: tuple[tuple[float, float], tuple[float, float]]
    round: int
    turn: int
    partner: int
    horizon: int | None = None
    slips: float | None = None
    slips_both: bool = True
    continuation: float | None = None
    history: tuple[tuple[int, int], ...] | None = None
    visibility: float | None = None
    standing: str | None = None
    own_standing: str | None = None
    judged: str | None = None
    public: bool | None = None
    relatedness: float | None = None
    assortment: float | None = None
    family: int | None = None
    kin: bool | None = None
    neighbours: int | None = None
    everybody: bool | None = None
    group: int | None = None
    members: int | None = None
    payoff: float | None = None
    talks: bool = False
    said: str | None = None
    limit: int | None = None
    memo: str | None = None
    draft: str | None = None
    critique: str | None = None
