"""Hard caps on calls, tokens and money: what a call can cost at worst is set aside before it is sent.

A cap holds because nothing is sent whose worst case does not fit beside what is spent and set aside already.
The worst case: a token covers at least one byte of a prompt, so a prompt has at most as many tokens as bytes, plus
what the provider wraps around it; an answer has at most `max_tokens`. The reply's own count settles it. A
provider that bills more than that bound can still pass a cap by the difference; then nothing further is sent.

What a try holds once it is over:

- a reply: what it cost; the whole worst case if it does not say how many tokens it used
- refused with a status from 400 to 599: nothing, as providers do not bill these
- never sent: nothing
- anything else (a timeout, a connection lost, a body cut short or too large, a killed process): the worst case, since
  it may have been paid

Money is kept in whole numbers of 1e-12 units (of US dollars, where prices are), so that sums are exact.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, NamedTuple

from coop_abm.core.errors import BudgetExhausted, CallFailed, InputError, ModelError, quoted
from coop_abm.llm.messages import Reply, Request

if TYPE_CHECKING:
    from coop_abm.llm.prices import Price

#: Whole numbers in which money is kept, per unit of money.
SCALE = 10**12
#: Tokens that a provider may wrap around one message: role and separators.
PER_MESSAGE = 32
#: Tokens that a provider may add to a request of its own: a preamble, or the tool that carries a schema.
PER_REQUEST = 512
#: Most that any budget can hold, so that sums stay within 64 bits: 4.6 million units of money.
LARGEST = 2**62
#: A count of tokens beyond this is no count.
PLAUSIBLE = 2**40


class Caps(NamedTuple):
    """Most that may be spent under one budget; None for no cap.

    calls  : tries that were, or may have been, paid for
    tokens : of prompts and answers together
    money  : in the unit of the prices
    """

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None


UNCAPPED = Caps()


class Rate(NamedTuple):
    """Price of one token of a prompt and of an answer, in 1e-12 units of money."""

    input: int
    output: int


class Cost(NamedTuple):
    """An amount of calls, tokens and money (1e-12 units)."""

    calls: int
    tokens: int
    money: int

    def plus(self, other: Cost) -> Cost:
        """The two together."""
        return Cost(self.calls + other.calls, self.tokens + other.tokens, self.money + other.money)

    def less(self, other: Cost) -> Cost:
        """This without the other."""
        return Cost(self.calls - other.calls, self.tokens - other.tokens, self.money - other.money)


NOTHING = Cost(0, 0, 0)


def rate_of(price: Price | None, model: str) -> Rate:
    """The price in whole numbers, rounded up.

    Raises
    ------
    ModelError
        if there is no price, or it is no finite number >= 0: without one no cap can hold
    """
    if price is None:
        raise ModelError(
            f"model {quoted(model)} has no known price: give price_input and price_output (0 if it is free)"
        )
    if not all(math.isfinite(value) and 0 <= value <= 1e6 for value in price):
        raise ModelError(f"price_input and price_output of model {quoted(model)} must lie in [0, 1000000] per token")
    return Rate(_units(price.input, ROUND_CEILING), _units(price.output, ROUND_CEILING))


def money(units: int) -> float:
    """Units of 1e-12 as money."""
    return units / SCALE


def size_of(text: str) -> int:
    """Bytes of a text in UTF-8; a lone surrogate counts three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def worst_case(request: Request, rate: Rate) -> Cost:
    """What one try of a request can cost at most."""
    told = sum(size_of(text) for _, text in request.messages) + size_of(request.schema)
    prompt = told + PER_MESSAGE * len(request.messages) + PER_REQUEST
    return Cost(1, prompt + request.max_tokens, prompt * rate.input + request.max_tokens * rate.output)


def cost_of(result: Reply | CallFailed, rate: Rate, reserved: Cost) -> Cost:
    """What a try holds once it is over (see the module)."""
    if isinstance(result, CallFailed):
        return NOTHING if not result.sent or 400 <= result.status <= 599 else reserved
    if result.input_tokens is None or result.output_tokens is None:
        return reserved
    spent = result.input_tokens * rate.input + result.output_tokens * rate.output
    return Cost(1, result.input_tokens + result.output_tokens, spent)


def with_plain_counts(reply: Reply) -> Reply:
    """The reply; a count of tokens that can be none (negative, beyond all bounds) becomes None: not said."""
    counts = (reply.input_tokens, reply.output_tokens)
    if all(n is None or (type(n) is int and 0 <= n <= PLAUSIBLE) for n in counts):
        return reply
    plain = [n if type(n) is int and 0 <= n <= PLAUSIBLE else None for n in counts]
    return reply._replace(input_tokens=plain[0], output_tokens=plain[1])


class Limits:
    """The caps of one budget, in whole numbers.

    Raises
    ------
    InputError
        if a cap is no finite number >= 0
    """

    def __init__(self, caps: Caps, name: str):
        self.name = name
        for what, most in zip(caps._fields, caps):
            if most is not None and not (math.isfinite(most) and most >= 0):
                raise InputError(f"the cap on {what} must be a finite number >= 0; got {quoted(most)}")
        self.most = Cost(
            LARGEST if caps.calls is None else min(int(caps.calls), LARGEST),
            LARGEST if caps.tokens is None else min(int(caps.tokens), LARGEST),
            LARGEST if caps.money is None else min(_units(caps.money, ROUND_FLOOR), LARGEST),
        )

    def refusal(self, held: Cost, more: Cost) -> BudgetExhausted | None:
        """Why `more` does not fit beside what is held, or None if it fits."""
        after = held.plus(more)
        for what, total, most in zip(Cost._fields, after, self.most):
            if total > most:
                return BudgetExhausted(self._told(what, getattr(held, what), getattr(more, what), most))
        return None

    def _told(self, what: str, held: int, more: int, most: int) -> str:
        def shown(n: int) -> str:
            return f"{money(n):.6g}" if what == "money" else f"{n:,}"

        whose = f" of budget {quoted(self.name)}" if self.name else ""
        return (
            f"{what}{whose} may reach {shown(most)}; {shown(held)} are spent or set aside and the next call can take "
            f"{shown(more)}: it was not sent; the same command with a higher cap goes on from here"
        )


def _units(value: float, rounding: str) -> int:
    """An amount of money in 1e-12 units; the decimal that is written is meant, not the nearest binary fraction."""
    return int((Decimal(repr(float(value))) * SCALE).to_integral_value(rounding=rounding))
