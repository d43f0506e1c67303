"""The user message: the state of one decision, and what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.paragraphs import STAGES, Choice, Heard, Number, Paragraph, Quoted
from coop_abm.llm.quoting import LONGEST
from coop_abm.llm.wording import Wording, number, whole


class When(Paragraph):
    """Round and turn, counted from 1, and whom one meets."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        when = {"round": whole(facts.round + 1), "turn": whole(facts.turn + 1), "partner": whole(facts.partner)}
        return (wording.user["when"].fill(**when),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        found = heard.require(wording.user["when"], "which round it is")
        heard.facts["round"], heard.facts["turn"] = int(found["round"]) - 1, int(found["turn"]) - 1
        heard.facts["partner"] = int(found["partner"])


class Payoff(Paragraph):
    """What the last round brought, as points won or as points lost."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.payoff is None:
            return ()
        sign = -1.0 if manner.framing == "penalty" else 1.0
        return (wording.user[f"payoff_{manner.framing}"].fill(payoff=number(sign * facts.payoff)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        framing = heard.manner["framing"]
        if found := heard.take(wording.user[f"payoff_{framing}"]):
            sign = -1.0 if framing == "penalty" else 1.0
            heard.facts["payoff"] = sign * float(found["payoff"]) + 0.0


class History(Paragraph):
    """All turns of this encounter, one line each."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.history is None:
            return ()
        if not facts.history:
            return (wording.user["history_none"].text,)
        fill, labels = wording.user["past"].fill, manner.labels
        past = [
            fill(number=place, own=labels[own], other=labels[other])
            for place, (own, other) in enumerate(facts.history, 1)
        ]
        return [wording.user["history"].text, *past]

    def hear(self, heard: Heard, wording: Wording) -> None:
        if heard.take(wording.user["history_none"]) is not None:
            heard.facts["history"] = ()
        elif heard.take(wording.user["history"]) is not None:
            action = {label: place for place, label in enumerate(heard.manner["labels"])}
            turns = []
            while past := heard.take(wording.user["past"]):
                turns.append((action[past["own"]], action[past["other"]]))
            heard.facts["history"] = tuple(turns)


class Ask(Paragraph):
    """What is asked for now; always the last line, which a repair turn repeats."""

    keys: ClassVar = {"talk": "talk", "plan": "plan", "critique": "critique_now", "revise": "revise"}

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.limit is not None and not 0 <= facts.limit <= LONGEST:
            raise ValueError(f"limit must be in [0, {LONGEST}]; got {facts.limit!r:.40}")
        if facts.stage in self.keys:
            return (wording.user[self.keys[facts.stage]].text,)
        if facts.stage != "act":
            raise ValueError(f"stage must be one of {', '.join(STAGES)}; got {facts.stage!r:.40}")
        if facts.limit is not None:
            raise ValueError(f"limit must be None where an action is asked for; got {facts.limit!r:.40}")
        first, second = reversed(manner.labels) if manner.swapped else manner.labels
        return (wording.user["act_reasoned" if manner.reasoning else "act"].fill(first=first, second=second),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        stage = heard.take_one_of({stage: wording.user[key].text for stage, key in self.keys.items()})
        if stage is None:
            heard.require(wording.user["act_reasoned" if heard.manner.get("reasoning") else "act"], "what is asked")
            stage = "act"
        heard.facts["stage"] = stage


USER: tuple[Paragraph, ...] = (
    When(),
    Number("user", "neighbours", counted=True),
    Number("user", "group", counted=True),
    Number("user", "members", counted=True),
    Choice("user", "kin", {True: "kin", False: "stranger"}),
    Choice("user", "own_standing", {"good": "own_good", "bad": "own_bad"}),
    Choice("user", "standing", {"good": "standing_good", "bad": "standing_bad", "unknown": "standing_unknown"}),
    Payoff(),
    History(),
    Quoted("memo", none="memo_none"),
    Quoted("said", none="said_none"),
    Quoted("draft"),
    Quoted("critique"),
    Number("user", "limit", counted=True),
    Ask(),
)
