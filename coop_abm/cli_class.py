"""Class mode opens an address to others, so it is asked about first, once, in plain words."""

from __future__ import annotations

import sys

import typer

_QUESTION = """Class mode serves one more address: {address}, port {port}.
Everybody in this network who has the code can take a seat in the world that you start, and sees that seat alone.
Nothing else is open there without your own link. What passes is not encrypted. Both end with this program.
Go on? [y/N] """


def agreed(host: str | None, port: int, *, yes: bool) -> str:
    """The address to serve as well, once the teacher has said yes.

    Raises
    ------
    InputError
        if there is no such address
    typer.Exit
        with code 2 where the answer is anything but yes, or nobody can answer
    """
    from coop_abm.dashboard.door import named_address

    address = named_address(host)
    if yes:
        return address
    typer.echo(_QUESTION.format(address=address, port=port or "a free one"), nl=False)
    said = sys.stdin.readline() if sys.stdin is not None and not sys.stdin.closed else ""
    if said.strip().casefold() not in ("y", "yes"):
        typer.echo("" if said else "\nnobody answered")
        raise typer.Exit(2)
    return address
