"""The teacher's screen of class mode: who is there, who has decided, what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import solara

from coop_abm.core.errors import InputError
from coop_abm.dashboard.classroom import Classroom
from coop_abm.dashboard.offers import offered
from coop_abm.dashboard.room import Room
from coop_abm.dashboard.views.play import ClassView


class Lectern:
    """What the teacher sees in one tab; all tabs of the teacher show the same room."""

    def __init__(self, classroom: Classroom):
        self.classroom = classroom
        self.view: ClassView | None = None
        self.error = ""
        self._telling = threading.Lock()
        self._drawn = (0, False)  # number of the room, and whether its world was sent
        self._scanned = 0  # number of the room whose code was sent as a picture
        self._stop: Callable[[], None] = lambda: None
        self._heard_room: Room | None = None
        self.heard: dict[str, Callable[..., None]] = {"ready": self.on_ready, "act": self.on_act}

    def entered(self) -> Callable[[], None]:
        """The page is on show; the function that is returned says that it is not any more."""
        return self.close

    def close(self) -> None:
        """Nobody looks here any more; the class goes on."""
        self._stop()
        self._heard_room = None
        with self._telling:
            self.view = None

    # ------------------------------------------------------------------------------ from the browser

    def on_ready(self, view: ClassView) -> None:
        """The page has seen nothing yet."""
        with self._telling:
            self.view, self._drawn, self._scanned = view, (0, False), 0
        self._attend()
        self.tell()

    def on_act(self, data: dict[str, Any]) -> None:
        """One of the buttons."""
        room, do = self.classroom.room, str(data.get("do", ""))
        acts: dict[str, Callable[[], Any]] = {
            "start": room.start, "pause": room.pause, "next": room.next, "end": room.end,
            "again": self.classroom.renew,
            "choose": lambda: room.choose(offered(str(data.get("offer", ""))[:40], self.classroom.offers)),
            "patience": lambda: room.set_patience(int(data.get("seconds", -1))),
        }  # fmt: skip
        self.error = ""
        try:
            acts.get(do, lambda: None)()
        except InputError as error:
            self.error = str(error)
        except (TypeError, ValueError):
            self.error = "seconds must be a whole number"
        self._attend()
        self.tell()

    def _attend(self) -> None:
        """Hear of the room that is on now."""
        room = self.classroom.room
        if room is not self._heard_room:
            self._stop()
            self._heard_room, self._stop = room, room.listen(self.tell)

    def tell(self) -> None:
        """Send what is new; called in any thread."""
        with self._telling:
            view, room = self.view, self.classroom.room
            if view is None:
                return
            about, state = room.teacher()
            about |= {"join": self.classroom.joining, "refused": self.error}
            if self._scanned != room.number and room.phase != "over":
                self._scanned = room.number
                about["scan"] = self.classroom.picture
            drawn = room.layout
            if drawn is not None and self._drawn != (room.number, True):
                self._drawn = room.number, True
                world = {**about, **drawn.about}
                view.send({"method": "world", "args": [world]}, buffers=[*drawn.buffers, state.tobytes()])
            else:
                view.send({"method": "now", "args": [about]}, buffers=[state.tobytes()])

    def draw(self) -> None:
        """The widget; everything else travels in messages."""
        offers = [{"name": o.name, "title": o.title, "words": o.words} for o in self.classroom.offers]
        ClassView.element(offers=offers, heard=self.heard, layout=None)


@solara.component
def Teaching(visit: Any, classroom: Classroom) -> None:
    """Class mode, for the teacher."""
    lectern = visit.keep("class", lambda: Lectern(classroom))
    solara.use_effect(lectern.entered, [])
    lectern.draw()
