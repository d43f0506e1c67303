"""Policies of the user's own: a class, a function, an async function, or a server.

Whatever is handed over as ``coop_abm.run(..., means=Means(policies={"mine": ...}))`` is one of

- an object with ``decide(question)``, which answers a whole batch (:class:`~coop_abm.core.question.Policy`);
- an object with ``decide_one(view)``, or a function of a :class:`~coop_abm.policies.one.OneView`, which answers
  one decision at a time with the name of an action or a text; written with ``async``, all decisions of a
  stage wait together.

A server is asked over HTTP: see :class:`HttpPolicy`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

from coop_abm.core.errors import CoopError, InputError, PolicyError, quoted
from coop_abm.core.question import Decision, Question, limit_of
from coop_abm.policies.one import OneView, number_of, views

#: Answers of a server larger than this are refused.
LARGEST_ANSWER = 4 << 20
#: Decisions of one stage that an async policy is asked at once.
AT_ONCE = 256


class OneByOne:
    """A function of one view, sync or async, as a policy.

    Parameters
    ----------
    answer : the function
    who    : what it is called in error messages
    strategies, actions : names of the repertoire and of the game's actions
    """

    def __init__(
        self, answer: Callable[[OneView], Any], who: str, strategies: tuple[str, ...], actions: tuple[str, ...]
    ):
        self.answer, self.who, self._names = answer, who, (strategies, actions)

    def decide(self, question: Question) -> np.ndarray:
        """int64 (Q,): what the function answers, row by row.

        Raises
        ------
        PolicyError
            if the function raises, or answers with something that is no permitted action
        """
        seen = list(views(question, *self._names))
        if _waits(self.answer):
            from coop_abm.llm import loop

            answers = loop.run(self._together(seen))
        else:
            answers = [self._one(view) for view in seen]
        return np.array([number_of(answer, question, self.who) for answer in answers], np.int64)

    def _one(self, view: OneView) -> Any:
        try:
            answer = self.answer(view)
        except CoopError:
            raise
        except Exception as error:
            raise self._failed(error, view) from error
        if inspect.iscoroutine(answer):
            answer.close()
            raise PolicyError(f"{self.who} answered with a coroutine; what waits must be declared with async def")
        return answer

    async def _together(self, seen: list[OneView]) -> list[Any]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(view: OneView) -> Any:
            async with room:
                try:
                    return await self.answer(view)
                except CoopError:
                    raise
                except Exception as error:
                    raise self._failed(error, view) from error

        tasks = [asyncio.ensure_future(one(view)) for view in seen]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)  # nobody is still deciding when the error is heard of

    def _failed(self, error: Exception, view: OneView) -> PolicyError:
        return PolicyError(
            f"{self.who} failed in round {view.round} for individual {view.individual}: {type(error).__name__}: "
            f"{quoted(str(error), 200)[1:-1]}"
        )


class HttpPolicy:
    """A server that decides. It is sent each question by POST, and answers ``{"answers": [...]}``.

    The body is ``{"stage", "options", "limit", "views": [...]}``, each view the fields of
    :class:`~coop_abm.policies.one.OneView`; an answer is the name of an action, or a text. No redirect is
    followed, nothing is asked again.
    """

    def __init__(self, url: str, timeout: float, strategies: tuple[str, ...], actions: tuple[str, ...]):
        self.url, self.timeout, self._names = url, timeout, (strategies, actions)
        self.who = quoted(url.partition("?")[0], 200)[1:-1]  # a query may hold a secret

    def decide(self, question: Question) -> np.ndarray:
        """int64 (Q,): the server's answers, row by row.

        Raises
        ------
        PolicyError
            if the server cannot be reached in time, or answers with something that is no permitted action
        """
        from coop_abm.llm import loop

        limit = limit_of(question.choices)
        options = self._names[1] if limit == 0 else ()
        told = [view._asdict() for view in views(question, *self._names)]
        body = {"stage": question.stage, "options": options, "limit": limit, "views": told}
        answers = loop.run(self._post(json.dumps(body, ensure_ascii=False, allow_nan=False).encode()))
        if not isinstance(answers, list) or len(answers) != len(question):
            raise PolicyError(f"{self.who}: must answer with a list of {len(question)} answers; got {quoted(answers)}")
        return np.array([number_of(answer, question, self.who) for answer in answers], np.int64)

    async def _post(self, body: bytes) -> Any:
        import aiohttp

        try:
            limits = aiohttp.ClientTimeout(total=self.timeout)
            async with (
                aiohttp.ClientSession(timeout=limits) as session,
                session.post(
                    self.url, data=body, headers={"Content-Type": "application/json"}, allow_redirects=False
                ) as answer,
            ):
                said = await answer.content.read(LARGEST_ANSWER + 1)
                while len(said) <= LARGEST_ANSWER and not answer.content.at_eof():
                    said += await answer.content.read(LARGEST_ANSWER + 1 - len(said))
                if answer.status != 200:
                    raise PolicyError(f"{self.who}: answered with status {answer.status}, must be 200")
        except TimeoutError:
            raise PolicyError(f"{self.who}: no answer within {self.timeout:g} s") from None
        except aiohttp.InvalidURL:
            raise PolicyError(f"{self.who}: is no address that can be asked") from None
        except aiohttp.ClientError as error:
            raise PolicyError(f"{self.who}: cannot be asked ({quoted(str(error), 120)[1:-1]})") from None
        if len(said) > LARGEST_ANSWER:
            raise PolicyError(f"{self.who}: an answer must not exceed {LARGEST_ANSWER >> 20} MiB")
        try:
            tree = json.loads(said)
        except (ValueError, RecursionError):
            raise PolicyError(f"{self.who}: must answer with JSON; got {quoted(said[:60])}") from None
        return tree.get("answers") if isinstance(tree, dict) else None


class Whole:
    """An object of the user's own that answers whole batches, its answers looked at before they are used."""

    def __init__(self, policy: Any, who: str):
        self.policy, self.who = policy, who

    def decide(self, question: Question) -> np.ndarray | Decision:
        """What the object answers.

        Raises
        ------
        PolicyError
            if it raises, or answers with something that is no permitted action
        """
        try:
            answer = self.policy.decide(question)
            if inspect.isawaitable(answer):
                from coop_abm.llm import loop

                answer = loop.run(_awaited(answer))
            more = isinstance(answer, Decision)
            actions, memo = np.asarray(answer.action if more else answer), np.asarray(answer.memo if more else -1)
        except CoopError:
            raise
        except Exception as error:
            raise PolicyError(
                f"{self.who} failed in round {question.round}: {type(error).__name__}: {quoted(str(error), 200)[1:-1]}"
            ) from error
        try:
            checked = question.choices.validate(actions, len(question))
        except PolicyError as error:
            raise PolicyError(f"{self.who}: {error}") from None
        return Decision(checked, self._notes(memo, question)) if more else checked

    def _notes(self, memo: np.ndarray, question: Question) -> np.ndarray:
        """int64 (Q,): numbers of texts, -1 to keep the old notes."""
        if memo.shape != (len(question),) or memo.dtype.kind not in "iu":
            raise PolicyError(
                f"{self.who}: memo must be {len(question)} whole numbers; got {memo.dtype} of shape {memo.shape}"
            )
        if len(memo) and not (memo.min() >= -1 and memo.max() < len(question.texts)):
            raise PolicyError(
                f"{self.who}: memo must be numbers of texts in [-1, {len(question.texts) - 1}], which "
                f"question.texts.number(text) gives; got {quoted(memo.tolist())}"
            )
        return memo.astype(np.int64)


def adapted(given: Any, name: str, strategies: tuple[str, ...], actions: tuple[str, ...]) -> OneByOne | Whole:
    """Whatever the user handed over under a name, as a policy.

    Raises
    ------
    InputError
        if it is none of the things that can decide
    """
    who = f"policies[{name!r}]"
    if isinstance(given, type):
        raise InputError(f"{who} must be an object, not a class; {given.__name__}() makes one")
    if callable(getattr(given, "decide", None)):
        return Whole(given, who)
    answer = getattr(given, "decide_one", given)
    if not callable(answer):
        raise InputError(
            f"{who} must have decide(question) or decide_one(view), or be a function of a view; got {quoted(given)}"
        )
    return OneByOne(answer, who, strategies, actions)


def _waits(answer: Callable) -> bool:
    return inspect.iscoroutinefunction(answer) or inspect.iscoroutinefunction(getattr(answer, "__call__", None))  # noqa: B004


async def _awaited(answer: Awaitable) -> Any:
    return await answer
