"""Which model answered: the one that was asked, and the same one all along.

Providers give a model back under a longer name: with their own prefix, or with the date of the version that an alias
stands for. Anything else is another model, and another experiment.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from coop_abm.core.errors import ModelChanged, quoted
from coop_abm.llm.messages import Reply, Request

_DAY = r"(0[1-9]|[12]\d|3[01])"
_MONTH = r"(0[1-9]|1[0-2])"
_DATED = re.compile(rf"(-20\d\d-{_MONTH}-{_DAY}|[-@]20\d\d{_MONTH}{_DAY})\Z")
_PREFIX = re.compile(r"[a-z0-9_.-]+/", re.ASCII)


def is_same(asked: str, returned: str) -> bool:
    """May a provider call the model that was asked by this id?

    One prefix (``openai/``) may be there or not, and a date may follow (``-2026-03-01``, ``-20260301``,
    ``@20260301``); Ollama adds ``:latest`` to a name without a tag.

    >>> is_same("openai/gpt-4o", "gpt-4o-2024-08-06"), is_same("gpt-4o", "gpt-4o-mini")
    (True, False)
    """
    ids = {returned, _DATED.sub("", returned)}
    if asked.startswith(("ollama/", "ollama_chat/")) and ":" not in asked:
        ids.add(returned.removesuffix(":latest"))
    asked_as = {asked, _PREFIX.sub("", asked, count=1) if _PREFIX.match(asked) else asked}
    if ids & asked_as:
        return True
    return any((found := _PREFIX.match(i)) is not None and i[found.end() :] == asked for i in ids)


class Identity:
    """The models of one run: (as asked, endpoint) -> id that the provider gave.

    known     : those of the run so far
    accepted  : id that is taken for the model that was asked, whatever its name; empty for none
    establish : called once for each model of the run, with the id of its first reply

    An empty id cannot be checked: it is recorded as such, and a later one counts as the first.
    """

    def __init__(self, known: dict[tuple[str, str], str], accepted: str, establish: Callable[[str, str, str], None]):
        self._known, self._accepted, self._establish = known, accepted, establish
        self._lock = threading.Lock()
        self.seen: set[str] = set(known.values())

    def is_known(self, request: Request) -> bool:
        """Has this model answered in this run?"""
        return (request.model, request.endpoint) in self._known

    def check(self, request: Request, reply: Reply) -> None:
        """Hold the id of a reply against that of the run.

        Raises
        ------
        ModelChanged
            if it is another model
        """
        asked, returned = (request.model, request.endpoint), reply.model
        with self._lock:
            first = self._known.get(asked)
            if first == returned or (returned == "" and (first is not None or reply.finish == "malformed")):
                return
            if first:
                raise ModelChanged(
                    f"model {quoted(request.model)} answered as {quoted(returned)}, and before in this run as "
                    f"{quoted(first)}: a run has one model; start a new run for the other"
                )
            if returned and returned != self._accepted and not is_same(request.model, returned):
                raise ModelChanged(
                    f"model {quoted(request.model)} was asked and {quoted(returned)} answered; nothing further was "
                    "sent: if that is meant, give --accept-model with this id"
                )
            self._establish(*asked, returned)
            self._known[asked] = returned
            self.seen.add(returned)
