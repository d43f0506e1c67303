"""Who decides: the kinds of policy that a scenario can name, as data. ``policies/roster.py`` makes them.

Whoever starts with an entry of `players` is decided for by its policy, and passes it on with its strategy:
what is inherited or copied is an index, whether it stands for tit-for-tat or for a language model. A
human alone stays on its nodes, and what others copy of it is the strategy of its entry.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from coop_abm.core.errors import quoted
from coop_abm.core.part import Part, kinds_in, knob, one_of

#: What stands before the name of a stand-in: it plays a strategy and is no language model.
STAND_IN = "stand-in/"


def _shown(address: str) -> str:
    """An address as an error may name it: without what could be a password."""
    return quoted(re.sub(r"[?].*", "?...", re.sub(r"//.*@", "//...@", address, flags=re.DOTALL), flags=re.DOTALL))


class Mind(Part):
    """Somebody who decides."""

    #: Does it do what the strategy's table says, and nothing else?
    tabled: ClassVar[bool] = False
    #: Does it sit on its nodes for good, instead of being passed on?
    seated: ClassVar[bool] = False

    def label(self, strategy: str) -> str:
        """What those are called in results who start with this policy and this strategy."""
        raise NotImplementedError


class Table(Mind):
    """The strategy's own table decides."""

    title = "strategy table"
    tabled = True
    kind: Literal["table"] = "table"

    def label(self, strategy: str) -> str:
        return strategy


class Model(Mind):
    """A language model decides, asked in words.

    Labels of actions are neutral, and which label stands for which action and which is listed first are
    balanced over individuals; `plain` labels say cooperate and defect. A reply that is no permitted
    answer is asked for once more; then `fallback` says what happens, and the share of fallbacks stands
    beside every result.
    """

    title = "language model"
    kind: Literal["model"] = "model"
    model: str = knob(
        "stand-in/tft", "model", help="as litellm spells it: openai/..., ollama/..., or stand-in/STRATEGY"
    )
    api_base: str = knob("", "address", help="address of an OpenAI-compatible server; empty: the provider's own")
    language: Literal["en", "fr", "de", "es", "ar", "zh", "vi"] = knob("en", "language", help="language of the prompts")
    framing: Literal["reward", "penalty"] = knob("reward", "framing", help="payoffs as points won, or as points lost")
    labels: Literal["neutral", "plain"] = knob(
        "neutral",
        "labels",
        help="neutral: action_a and action_b, balanced over individuals; plain: cooperate and defect",
    )
    persona: str = knob("", "persona", help="cooperative, selfish, or a sentence of one's own; empty: none")
    reasoning: bool = knob(False, "reasoning", help="ask for a short reasoning before the action")
    horizon: int = knob(
        0, "horizon", low=0, high=1_000_000, step=1, help="number of rounds that is told; 0: nobody knows"
    )
    temperature: float = knob(
        1.0, "temperature", low=-1, high=2, step=0.1, help="sampling temperature; -1: the provider's own"
    )
    top_p: float = knob(1.0, "top p", low=0.01, high=1, step=0.05, help="share of probability that is sampled from")
    max_tokens: int = knob(512, "tokens", low=1, high=200_000, step=1, help="most tokens of one reply")
    fallback: Literal["stop", "cooperate", "defect", "random"] = knob(
        "stop", "fallback", help="what is done in place of a reply that is no answer even when asked again"
    )
    price_input: float = knob(
        -1.0, "price of input", low=-1, high=1e6, help="US dollars per million tokens sent; -1: as litellm knows it"
    )
    price_output: float = knob(
        -1.0,
        "price of output",
        low=-1,
        high=1e6,
        help="US dollars per million tokens that come back; -1: as litellm knows it",
    )

    def label(self, strategy: str) -> str:
        return self.model

    @property
    def sampling(self) -> tuple[float | None, float | None]:
        """Temperature and top p; None leaves one to the provider."""
        return None if self.temperature < 0 else self.temperature, None if self.top_p == 1 else self.top_p

    @field_validator("model")
    @classmethod
    def _is_a_name(cls, model: str) -> str:
        if not re.fullmatch(r"[^\s\x00-\x1f]{1,200}", model) or not model.isprintable():
            raise ValueError(f"must be the name of a model, without blanks; got {quoted(model)}")
        return model

    @field_validator("api_base")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        if address and not re.fullmatch(r"https?://[^\s@?#]{1,200}", address):
            raise ValueError(
                f"must be an http:// or https:// address without user name, password or query; got {_shown(address)}"
            )
        return address

    @field_validator("persona")
    @classmethod
    def _is_short(cls, persona: str) -> str:
        if persona == "neutral":
            raise ValueError("must be cooperative, selfish, a sentence of one's own, or empty for none; got 'neutral'")
        if len(persona) > 2_000:
            raise ValueError(f"must be at most 2,000 characters; got {len(persona):,}")
        return persona

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.price_input < 0) != (self.price_output < 0):
            raise ValueError("price_input and price_output must be given together")
        if self.model.startswith(STAND_IN) and self.api_base:
            raise ValueError("api_base must be empty for a stand-in, which runs on this machine")
        return self


class Human(Mind):
    """A human decides, on the nodes of the entry. ``coop-abm play`` asks in the terminal."""

    title = "human"
    seated = True
    kind: Literal["human"] = "human"

    def label(self, strategy: str) -> str:
        return strategy


class Scripted(Mind):
    """A script decides: C and D, one for each turn that the individual has played, from the front again at the end."""

    title = "script"
    kind: Literal["scripted"] = "scripted"
    moves: str = knob("C", "moves", help="C to cooperate, D to defect, turn by turn")

    def label(self, strategy: str) -> str:
        return f"script {self.moves if len(self.moves) <= 12 else self.moves[:11] + '…'}"

    @field_validator("moves")
    @classmethod
    def _are_moves(cls, moves: str) -> str:
        if not re.fullmatch(r"[CD]{1,10000}", moves):
            raise ValueError(f"must be a text of C and D; got {quoted(moves)}")
        return moves


class Http(Mind):
    """A server of the user's own decides: it is sent each question as JSON and answers with actions."""

    title = "HTTP policy"
    kind: Literal["http"] = "http"
    url: str = knob("http://127.0.0.1:8080/decide", "address", help="where each question is sent, by POST")
    timeout: float = knob(30.0, "time limit", low=0.1, high=3600, unit="s", help="longest wait for an answer")

    def label(self, strategy: str) -> str:
        return "http policy"

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^\s@#]{1,300}", url):
            raise ValueError(f"must be an http:// or https:// address without user name or password; got {_shown(url)}")
        return url


class Plugin(Mind):
    """An object of the user's own decides: ``coop_abm.run(..., means=Means(policies={"name": policy}))``."""

    title = "own policy"
    kind: Literal["plugin"] = "plugin"
    name: str = knob("mine", "name", help="under which the policy is handed over in Python")

    def label(self, strategy: str) -> str:
        return self.name

    @field_validator("name")
    @classmethod
    def _is_a_word(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", name):
            raise ValueError(f"must be letters, digits, dots, dashes or underscores; got {quoted(name)}")
        return name


if TYPE_CHECKING:
    AnyInner = Mind
else:
    AnyInner = one_of(Table, Model, Human, Scripted, Http, Plugin)


class Team(Mind):
    """Plan, critique, revise around another policy: every so many turns of its own a player makes a new plan.

    The inner policy is asked for a draft, for a critique of it, and for a revision; the revised plan is what
    the player sees from then on, as its notes.
    """

    title = "planner"
    references = ("ToniniGalke2025",)
    kind: Literal["team"] = "team"
    inner: AnyInner = knob(Model(), "inner policy", help="who plans and decides")
    every: int = knob(5, "planning period K", low=1, high=10_000, step=1, help="own turns between two plans")
    critiques: int = knob(1, "critiques", low=0, high=10, step=1, help="how often a plan is criticised and revised")
    limit: int = knob(2_000, "length", low=10, high=5_000, step=1, unit="characters", help="most characters of a plan")

    def label(self, strategy: str) -> str:
        return f"{self.inner.label(strategy)} planning"

    @property
    def seated(self) -> bool:  # type: ignore[override]
        return self.inner.seated


KINDS = kinds_in(globals(), Mind)

AnyMind = one_of(*KINDS)


def spelled_out(model: str) -> str:
    """The name of a model for people to read; a stand-in is named as what it is."""
    return f"{model} (a strategy played by a server, no language model)" if model.startswith(STAND_IN) else model


def models_in(mind: Mind) -> tuple[Model, ...]:
    """The language models that a policy asks."""
    if isinstance(mind, Team):
        return models_in(mind.inner)
    return (mind,) if isinstance(mind, Model) else ()
