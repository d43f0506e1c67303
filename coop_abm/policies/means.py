"""What a run may use to ask those who are no tables. Nothing here is part of a world: it changes no reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coop_abm.core.errors import CallFailed, InputError, quoted
from coop_abm.llm.transport import TRANSPORTS, Transport, open_transport
from coop_abm.policies.human import Asker
from coop_abm.scenario.minds import STAND_IN, Mind, models_in
from coop_abm.scenario.scenario import Scenario

if TYPE_CHECKING:
    from coop_abm.llm.client import Client
    from coop_abm.llm.messages import Reply, Request
    from coop_abm.llm.prices import Price
    from coop_abm.llm.stand_in import StandIn

MODES = ("record", "replay", "off")


class Noted(NamedTuple):
    """What came of one call.

    key     : of the call, under which the journal keeps it
    individual : for whom it decides
    verdict : accepted, repaired, or refused: no permitted answer
    again   : was it asked because the first reply was refused?
    fresh   : was it bought now, not read from the journal?
    """

    key: str
    individual: int
    verdict: str
    again: bool
    fresh: bool


@dataclass(frozen=True, kw_only=True)
class Means:
    """How a run reaches language models, humans and policies of the user's own.

    journal : file that keeps every reply; None is the one in the user's data folder
    mode    : ``record`` reads what is there and records the rest; ``replay`` sends nothing; ``off`` keeps nothing
    max_calls, max_tokens, max_cost : hard caps, the last in US dollars; None is no cap
    budget  : name of the budget that the caps are for, shared by all runs that name it; empty: this run's own
    transport : ``litellm`` for every provider, ``slim`` for OpenAI-compatible servers, or an object of one's own
                with the methods of :class:`~coop_abm.llm.transport.Transport`
    concurrency : most requests under way at once
    deadline : longest time for one request, in seconds
    accept_model : id of a model that may answer in the place of the one that was asked
    stand_in : address of a stand-in that runs already, ``http://127.0.0.1:5000/v1``; empty: one is started
    policies : objects of the user's own, by the names that the scenario gives them
    human    : asks the human
    watch    : called with the number of replies that came in so far, from another thread
    begins   : called before the first model is asked, with the file of the journal and the name of the run in it
    permit   : asked before each request is sent, from another thread: why it must not be, in a sentence; "" if it may
    noted    : called with what was read out of the replies of one batch, before the world goes on
    """

    journal: Path | str | None = None
    mode: str = "record"
    max_calls: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    budget: str = ""
    transport: str | Transport = "litellm"
    concurrency: int = 32
    deadline: float = 120.0
    accept_model: str = ""
    stand_in: str = ""
    policies: Mapping[str, Any] = field(default_factory=dict)
    human: Asker | None = None
    watch: Callable[[int], None] | None = None
    begins: Callable[[str, str], None] | None = None
    permit: Callable[[], str] | None = None
    noted: Callable[[Sequence[Noted]], None] | None = None

    @property
    def kept(self) -> str:
        """The file of the journal, as an absolute path; empty where nothing is kept."""
        from coop_abm.llm.journal import default_path

        if self.mode == "off":
            return ""
        return str(Path(self.journal).expanduser().absolute() if self.journal else default_path())

    def __post_init__(self) -> None:
        for name, permitted in (("mode", MODES), ("transport", TRANSPORTS)):
            given = getattr(self, name)
            if given not in permitted and not (name == "transport" and hasattr(given, "send")):
                raise InputError(f"{name} must be one of {', '.join(permitted)}; got {quoted(given)}")
        for name in ("max_calls", "max_tokens", "max_cost"):
            cap = getattr(self, name)
            number = isinstance(cap, (int, float)) and not isinstance(cap, bool)
            if cap is not None and not (number and 0 <= cap < 1e15):
                raise InputError(f"{name} must be a number, at least 0; got {quoted(cap)}")
        whole = isinstance(self.concurrency, int) and not isinstance(self.concurrency, bool)
        if not whole or not 1 <= self.concurrency <= 1000:
            raise InputError(f"concurrency must be a whole number in [1, 1,000]; got {quoted(self.concurrency)}")
        if not 0 < self.deadline <= 3600:
            raise InputError(f"deadline must be a number of seconds in (0, 3,600]; got {quoted(self.deadline)}")


class Line:
    """The way to the models of one run: opened when somebody is asked, a stand-in started when one is sent to.

    Parameters
    ----------
    minds : everybody who decides; the models among them and inside of them are asked
    run   : name under which the journal keeps the calls
    can_play : refuses the name of a stand-in that cannot play in this world

    Attributes
    ----------
    models : that may be asked
    """

    def __init__(self, minds: Iterable[Mind], means: Means, run: str, can_play: Callable[[str], None]):
        self._means, self._run, self._can_play = means, run, can_play
        self.models = list(dict.fromkeys(model for mind in minds for model in models_in(mind)))
        self._client: Client | None = None
        self._transport = Waking(self._made, means.watch, means.permit)
        self._stand_in: StandIn | None = None

    def check(self) -> None:
        """Refuse now what would be refused when the first model is asked.

        Raises
        ------
        InputError
            if there is no such stand-in, a model has no known price, or costs money and no cap says how much
        """
        means = self._means
        if means.mode == "replay":
            return
        capped = any(cap is not None for cap in (means.max_cost, means.max_calls, means.max_tokens))
        for model in self.models:
            if model.model.startswith(STAND_IN):
                self._can_play(model.model)
                continue
            price, name = self._price(model.model, model.api_base), quoted(model.model)[1:-1]
            if price is None:
                raise InputError(
                    f"players.policy.model: no price is known for {name}; players.policy.price_input and price_output "
                    "(US dollars per million tokens, 0 for a model of your own) must say what it costs"
                )
            if (price.input > 0 or price.output > 0) and not capped:
                raise InputError(
                    f"max_cost: {name} costs money, so there must be a cap: max_cost (US dollars), max_calls or "
                    "max_tokens; `coop-abm plan` says what to expect"
                )

    @property
    def client(self) -> Client:
        """The client, which opens the journal.

        Raises
        ------
        JournalError
            if the journal cannot be opened
        """
        if self._client is None:
            from coop_abm.llm.client import Caps, Client
            from coop_abm.llm.retry import Retry

            means = self._means
            if means.begins is not None:
                means.begins(self.journal, self._run)
            journal = Path(self.journal) if self.journal else None
            retry = None if means.mode == "replay" else Retry(self._transport, concurrency=means.concurrency)
            self._client = Client(
                journal=journal, mode=means.mode, retry=retry, budget=means.budget or self._run, run=self._run,
                caps=Caps(means.max_calls, means.max_tokens, means.max_cost), prices=self._price,
                accept_model=means.accept_model,
            )  # fmt: skip
        return self._client

    def note(self, client: Client, noted: Sequence[Noted], readings: Sequence[tuple[str, str]]) -> None:
        """Keep what was read out of replies: (key, the reading as JSON); and tell whoever wants to know."""
        client.note(readings)
        if self._means.noted is not None:
            self._means.noted(noted)

    @property
    def journal(self) -> str:
        """The file of the journal, wherever it will be read from; empty where nothing is kept."""
        return self._means.kept

    @property
    def opened(self) -> Client | None:
        """The client if anybody was asked, else None."""
        return self._client

    def _made(self) -> Transport:
        from coop_abm.llm.stand_in import StandIn

        if not isinstance(self._means.transport, str):
            return self._means.transport
        address = self._means.stand_in
        if not address and any(model.model.startswith(STAND_IN) for model in self.models):
            self._stand_in = StandIn()
            address = self._stand_in.start()
        return open_transport(
            self._means.transport, deadline=self._means.deadline, stand_in=address or None,
            concurrency=self._means.concurrency,
        )  # fmt: skip

    def _price(self, model: str, endpoint: str) -> Price | None:
        """What the scenario says a model costs, else what is known of it."""
        from coop_abm.llm.prices import Price, price_of

        for declared in self.models:
            if declared.model == model and declared.api_base == endpoint and declared.price_input >= 0:
                return Price(declared.price_input / 1e6, declared.price_output / 1e6)
        return price_of(model, endpoint)  # only now: the table of prices takes seconds to read

    def close(self) -> None:
        """Close the journal and the connections, and stop the stand-in; safe to call twice."""
        client, self._client = self._client, None
        stand_in, self._stand_in = self._stand_in, None
        if client is not None:
            from coop_abm.llm import loop

            client.close()
            loop.run(self._transport.close())
        if stand_in is not None:
            stand_in.stop()


class Waking:
    """A transport that is made when the first request is sent, so that a run read from the journal makes none."""

    def __init__(
        self,
        make: Callable[[], Transport],
        watch: Callable[[int], None] | None = None,
        permit: Callable[[], str] | None = None,
    ):
        self._make, self._watch, self._permit, self._replies = make, watch, permit, 0
        self._made: Transport | None = None

    async def send(self, request: Request) -> Reply:
        """Send the request, if it may be."""
        if self._permit is not None and (why := self._permit()):
            raise CallFailed("refused", why, sent=False)
        if self._made is None:
            self._made = self._make()
        reply = await self._made.send(request)
        self._replies += 1
        if self._watch is not None:
            self._watch(self._replies)
        return reply

    async def close(self) -> None:
        """Close the transport if there is one; the next request makes another."""
        made, self._made = self._made, None
        if made is not None:
            await made.close()


def check_stand_in(model: str, dialect: str) -> None:
    """Refuse what the stand-in cannot play in worlds of this dialect.

    Raises
    ------
    InputError
        naming who can play
    """
    from coop_abm.llm.stand_in_players import player

    try:
        player(model, dialect)
    except InputError as error:
        raise InputError(f"players.policy.model: {error}") from None


def check_stand_in_of(scenario: Scenario) -> Callable[[str], None]:
    """The check of a world of the five rules: there it tells the actions apart by what they bring the partner."""
    (reward, sucker), (temptation, punishment) = scenario.game.payoffs().tolist()
    payoffs = (reward, sucker), (temptation, punishment)

    def check(model: str) -> None:
        from coop_abm.llm.dialects.encounter import ENCOUNTER
        from coop_abm.llm.prompts import first_cooperates

        if not first_cooperates(payoffs):
            raise InputError(
                f"game: to cooperate must be better for the partner than to defect where {quoted(model)[1:-1]} plays, "
                f"because it tells the two apart by that; got payoffs {payoffs}"
            )
        check_stand_in(model, ENCOUNTER.name)

    return check
