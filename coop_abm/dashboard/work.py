"""How far some work is, in words."""

from __future__ import annotations

from typing import Any

from coop_abm.dashboard.jobs import Progress


def work_shown(now: Progress) -> dict[str, Any]:
    """Plain values of a job: state, share, one line on where it is, and the error."""
    said = {"waiting": "", "done": "Done.", "stopped": "Stopped; what was found so far stays.", "failed": ""}
    return {
        "state": now.state, "working": now.working, "share": round(now.share, 3), "words": now.words,
        "error": now.error, "said": said.get(now.state, _under_way(now)),
    }  # fmt: skip


def _under_way(now: Progress) -> str:
    parts = [f"{100 * now.share:.0f} %", now.words]
    if now.left is not None:
        parts.append(f"about {duration(now.left)} left")
    return " · ".join(part for part in parts if part)


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> [duration(s) for s in (0.4, 42, 100, 5400)]
    ['1 s', '42 s', '2 min', '1.5 h']
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
