"""XML from strangers, as a stream of elements: no document type, no entities, no tree in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures import limits

_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"'>]{1,40})["']""")


class Listener:
    """What the parser tells its events to; a format says what its elements mean.

    A format names its `root`, the pattern of its `namespace` and, in `opened`, what to do when an
    element of a name opens. That may call `listen`, and `heard` is then told the text of the element.
    """

    root: ClassVar[str]
    namespace: ClassVar[re.Pattern[str]]
    opened: ClassVar[dict[str, Callable[[Any, dict[str, str]], None]]]

    def __init__(self) -> None:
        self.path: list[str] = []  # names of the open elements; "foreign" for those of other namespaces
        self.listening = 0  # how deep the element stands whose text is wanted
        self.collected: list[str] = []
        self.length = 0

    def heard(self, name: str, text: str) -> None:
        """The text of an element that was listened to."""
        raise NotImplementedError

    def listen(self) -> None:
        """Collect the text of the element that has just opened."""
        self.listening, self.collected, self.length = len(self.path), [], 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element opens. Raises GraphError where it may not, or is too large."""
        space, brace, name = tag.rpartition("}")
        if brace and not self.namespace.fullmatch(space[1:]):
            name = "foreign"
        if not self.path and name != self.root:
            raise GraphError(f"must be a {self.root} document; got {quoted(tag)}")
        self.path.append(name)
        if len(self.path) > limits.DEPTH:
            raise GraphError(f"elements must be nested at most {limits.DEPTH} deep")
        for value in attributes.values():
            if len(value) > limits.ATTRIBUTE:
                raise GraphError(f"an attribute must have at most {limits.ATTRIBUTE} characters; got {len(value)}")
        means = self.opened.get(name)
        if means is not None:
            means(self, attributes)

    def data(self, text: str) -> None:
        """Text inside the innermost element."""
        if self.listening:
            self.length += len(text)
            if self.length > limits.ATTRIBUTE:
                raise GraphError(f"a value must have at most {limits.ATTRIBUTE} characters")
            self.collected.append(text)

    def end(self, tag: str) -> None:
        """The innermost element closes."""
        if len(self.path) != self.listening:
            self.path.pop()
            return
        self.listening = 0
        self.heard(self.path.pop(), "".join(self.collected).strip())

    def close(self) -> None:
        """The document has ended."""


def read(data: bytes, listener: Listener) -> None:
    """Tell the listener what is in an XML document in UTF-8.

    Raises
    ------
    GraphError
        if it is no such document, and whatever the listener raises
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, XMLParser

    declared = _DECLARED.match(data)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        raise GraphError(f"must be UTF-8; it declares {quoted(declared[1].decode('latin-1'))}")
    # One tag of many megabytes costs forty times its size before any handler could refuse it.
    for start in range(0, len(data) - limits.STRETCH + 1, limits.STRETCH):
        if data.find(b"<", start, start + limits.STRETCH) < 0:
            raise GraphError(f"must have no tag or text of {limits.STRETCH} bytes and more")
    parser = XMLParser(target=listener, encoding="utf-8", forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException as error:
        raise GraphError("must have no document type (DTD) and no entities") from error
    except ParseError as error:
        raise GraphError(f"is not well-formed XML: {quoted(str(error))[1:-1]}") from error
