"""A program that shows everything it can of calls that went wrong. Run by ``test_transport_secrets.py``.

It logs at the most talkative level and prints every result as text, as repr, as a pickle and as a traceback with local
variables. Whatever the server echoed, no key may be in that. ``PLANT=1`` prints one on purpose. The argument says how
many of `WAYS` are gone.
"""

import logging
import os
import pickle
import sys
import traceback

from coop_abm.core.errors import CallFailed
from coop_abm.llm.loop import run
from coop_abm.llm.retry import Retry
from coop_abm.llm.transport import open_transport
from tests.llm.calling import request
from tests.llm.faulty import FAULTS, LONG, Faulty

#: (transport, model, does its address end with /v1)
WAYS = (("slim", "openai/m", True), ("litellm", "openai/m", True),
        ("litellm", "anthropic/claude-3-haiku-20240307", False), ("litellm", "hosted_vllm/m", True))  # fmt: skip


async def nothing(*_):
    """A journal that notes nothing."""


def show(result):
    """Print a result in every form."""
    print(repr(result), str(result), pickle.dumps(result))
    if isinstance(result, CallFailed):
        print(*traceback.TracebackException.from_exception(result, capture_locals=True).format())
        print(vars(result), result.args, result.__context__, result.__cause__)


async def all_faults(name, model, v1, server):
    """Every fault over one way, with and without the retry layer."""
    patient, made = open_transport(name), open_transport(name, deadline=0.5, largest=100_000)
    await patient.send(request(model, server.base if v1 else server.root))
    await patient.close()
    for fault in sorted({*FAULTS} - {"drip"}):
        server.fault = fault
        retry = Retry(made, attempts=1 if fault in LONG else 2, longest_wait=0.1, jitter=lambda: -1.0)  # without waits
        for sender in (made, retry):
            try:
                asked = request(model, server.base if v1 else server.root)
                more = () if sender is made else (nothing, nothing)
                show(await sender.send(asked, *more))
            except CallFailed as failed:
                show(failed)
    print(repr(made), vars(made))
    await made.close()


def main():
    """All ways; the last line says how many requests carried the key."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    logging.getLogger("LiteLLM").setLevel(logging.DEBUG)
    keys = [os.environ["OPENAI_API_KEY"]]
    carried = 0
    for name, model, v1 in WAYS[: int(sys.argv[1])]:
        with Faulty(elsewhere="http://127.0.0.1:9") as server:
            run(all_faults(name, model, v1, server))
            carried += sum(keys[0] in seen.key for seen in server.seen)
    keys.clear()
    if os.environ.get("PLANT"):
        print(f"planted: {os.environ['OPENAI_API_KEY']}")
    print("carried", carried)


if __name__ == "__main__":
    main()
