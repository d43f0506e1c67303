"""A world of ours that does something of its own, so it runs as any Mesa model."""

from __future__ import annotations

from coop_abm import CoopModel


class Stepping(CoopModel):
    """Steps as ever, and could do more."""

    def step(self):
        super().step()
