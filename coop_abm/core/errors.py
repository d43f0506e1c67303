"""Everything that this package raises on purpose, drawn as a tree.

::

    CoopError
    ├── InputError          what the user gave cannot be used; the command line exits with code 2
    │   ├── ScenarioError   a knob, a scenario file, a combination of mechanisms
    │   ├── GraphError      a graph, or a file that should hold one
    │   └── OutputError     a place where results should go and cannot
    ├── TheoryError         theory is silent, or too large to compute exactly; the message says why
    ├── PolicyError         a policy answered with something that is no permitted action
    ├── ReporterError       something that a Mesa model was asked to report could not be computed
    ├── NotAbsorbed         a population did not fix within the declared number of events
    └── MissingExtra        an optional dependency is not installed; names the install line

Every message is one sentence in the user's words: the field first, then what is permitted, then
what was given. Text that came from outside is shortened and escaped by :func:`quoted`, so a
hostile file cannot flood or repaint a terminal.
"""


class CoopError(Exception):
    """Base of all errors that coop_abm raises on purpose."""


class InputError(CoopError):
    """What the user gave cannot be used."""


class ScenarioError(InputError):
    """A knob, a scenario file or a combination of mechanisms cannot be used."""


class GraphError(InputError):
    """A graph, or a file that should hold one, cannot be used."""


class OutputError(InputError):
    """Results cannot be written where they should go."""


class TheoryError(CoopError):
    """Theory is silent about this question, or its exact answer is too large to compute."""


class PolicyError(CoopError):
    """A policy answered with something that is no permitted action."""


class ReporterError(CoopError):
    """A reporter of a data collector raised."""


class NotAbsorbed(CoopError):
    """A population did not reach fixation within the declared number of events."""


class MissingExtra(CoopError):
    """An optional dependency is not installed."""


def quoted(value: object, limit: int = 60) -> str:
    """Text from outside, safe to print: one line, printable, at most `limit` characters.

    >>> quoted("a\\x1b[31m\\nb")
    "'a\\\\x1b[31m\\\\nb'"
    """
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception as error:  # noqa: BLE001 - a hostile __repr__ must not hide the real message
        text = f"<{type(value).__name__}, unprintable: {type(error).__name__}>"
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
    return f"'{safe}'" if isinstance(value, str) else safe
