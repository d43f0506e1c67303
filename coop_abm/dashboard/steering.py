"""What the buttons below the picture mean."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from typing import Any

from coop_abm.dashboard.frames import World
from coop_abm.dashboard.pace import FASTEST, SLOWEST, Speed, place_of, speed_at, words
from coop_abm.dashboard.session import Session, Status
from coop_abm.dashboard.views.transport import LARGEST_UPLOAD, Transport
from coop_abm.dashboard.visit import Visit
from coop_abm.saved import ENDING
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.scenario import Scenario

#: What "Mutation 0.01" sets.
A_LITTLE = 0.01


class Steering:
    """The buttons of one tab and what they do to its session.

    Parameters
    ----------
    compare : called when the reader wants a second world, or no second one any more
    """

    def __init__(self, visit: Visit, session: Session, compare: Callable[[], None]):
        self.visit, self.session = visit, session
        self._widget: Transport | None = None
        self._heard = {"do": self.on_do, "ready": self._is_there}
        self._does: dict[str, Callable[[dict[str, Any]], None]] = {
            "play": lambda _: session.play(),
            "step": lambda event: session.advance(100 if event.get("steps") == 100 else 1),
            "speed": self._set_speed,
            "reset": lambda _: session.reset(),
            "seed": lambda _: session.reseed(secrets.randbelow(1_000_000)),
            "earlier": lambda _: session.earlier(),
            "later": lambda _: session.later(),
            "look": self._look,
            "go-on": lambda _: session.go_on(),
            "cancel": lambda _: session.cancel(),
            "live": lambda event: session.apply_live(event.get("on") is True),
            "mutation": self._mutate,
            "save": lambda _: session.save_state(self._give),
            "open": self._open,
            "compare": lambda _: compare(),
        }

    def draw(self, status: Status, world: World, unit: str, fixed: str) -> None:
        """The buttons as they are now."""
        speed = Speed(status.speed, status.each)
        Transport.element(
            playing=status.playing, place=place_of(speed), slowest=SLOWEST, fastest=FASTEST,
            speedWords=speed_words(speed, unit), fixed=fixed, mutable=mutation(world.scenario) is not None,
            doing=status.doing, said=status.said, unit=unit, shown=-1 if status.shown is None else status.shown,
            bound=status.bound, live=status.live, stale=status.stale,
            failed=bool(status.error) and not status.error_at, comparing=status.other is not None,
            heard=self._heard, layout=None,
        )  # fmt: skip

    def tell(self, unit: str, shown: int) -> None:
        """A frame of this time step has gone out."""
        if self._widget is not None:
            past, pace = self.session.past, words(self.session.pace, unit)
            where = [past.first or 0, past.last or 0, shown, pace]
            self._widget.send({"method": "where", "args": where})

    def on_do(self, event: dict[str, Any]) -> None:
        """The reader did something; what no button says is nothing."""
        does = self._does.get(str(event.get("do", "")))
        if does is not None:
            does(event)

    def _is_there(self, widget: Transport) -> None:
        self._widget = widget
        self.tell("", self.session.status.shown or self.session.past.last or 0)

    def _set_speed(self, event: dict[str, Any]) -> None:
        place = event.get("place")
        if type(place) is int and -SLOWEST <= place <= FASTEST:
            speed = speed_at(place)
            self.session.set_speed(speed.rate, each=speed.each)

    def _look(self, event: dict[str, Any]) -> None:
        time = event.get("time")
        if type(time) is int:
            self.session.look_back(None if time < 0 else time)

    def _mutate(self, _event: dict[str, Any]) -> None:
        world = self.session.status.world
        path = mutation(world.scenario) if world else None
        if path is not None:
            self.session.change(path, A_LITTLE)

    def _give(self, world: World, time: int, body: bytes) -> None:
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in world.scenario.name)[:60] or "world"
        self.visit.give(f"{name}-seed{world.seed}-at{time}{ENDING}", body)

    def _open(self, event: dict[str, Any]) -> None:
        text = event.get("body")
        if not isinstance(text, str) or len(text) > 4 * LARGEST_UPLOAD // 3 + 4:
            self.session.refuse(f"a saved state that a browser hands over must not exceed {LARGEST_UPLOAD >> 20} MiB")
            return
        try:
            body = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self.session.refuse("the file did not arrive whole")
            return
        self.session.open_state(body)


def mutation(scenario: Scenario) -> str | None:
    """The path of the knob that lets lost strategies come back; None where the update rule has none."""
    return next((k.path for k in knobs(scenario) if k.path.startswith("update.") and k.path.endswith("mutation")), None)


def speed_words(speed: Speed, unit: str) -> str:
    """What was asked for, in words.

    >>> speed_words(Speed(each=8), "round"), speed_words(Speed(rate=0.5), "round"), speed_words(Speed(), "round")
    ('8 rounds/frame', '0.5 rounds/s', 'fastest')
    """
    if speed.each:
        return f"{speed.each} {unit}{'' if speed.each == 1 else 's'}/frame"
    return f"{speed.rate:g} {unit}{'' if speed.rate == 1 else 's'}/s" if speed.rate else "fastest"
