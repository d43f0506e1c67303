"""Policies of the user's own: functions, coroutines, batches and servers, and what is refused of them."""

import asyncio
import json
import threading

import numpy as np
import pytest
from aiohttp import web

from coop_abm import lab
from coop_abm.core.errors import InputError, PolicyError
from coop_abm.core.question import Decision
from coop_abm.engine.rounds import run
from coop_abm.mechanisms import Direct
from coop_abm.policies import own
from coop_abm.policies.means import Means
from coop_abm.policies.own import adapted
from coop_abm.scenario.minds import Http
from coop_abm.scenario.players import Players
from tests.policies.serving import served
from tests.policies.worlds import Noting, begun, plugged, tables, world

EVERYBODY = plugged(share=1.0)
REPEATED = {"direct": Direct(enabled=True, continuation=0.6)}


def alternating(view):
    return view.individual % 2


def played(policy, rounds=3, *entries, **rules):
    play, asked = begun(world(*(entries or (EVERYBODY,)), **{**REPEATED, **rules}), mine=policy)
    run(play, asked, rounds)
    return play


def trajectory(play):
    return play.state.strategy.tolist(), play.state.payoff.tolist(), play.acts.tolist()


# ------------------------------------------------------------------------------------- ways to write one


class DecideOne:
    def decide_one(self, view):
        return alternating(view)


class DecideOneLater:
    async def decide_one(self, view):
        await asyncio.sleep(0)
        return alternating(view)


class CalledLater:
    async def __call__(self, view):
        return alternating(view)


class DecideAll:
    def decide(self, question):
        return question.individual % 2


class DecideAllLater:
    async def decide(self, question):
        await asyncio.sleep(0)
        return question.individual % 2


async def later(view):
    await asyncio.sleep(0)
    return alternating(view)


WAYS = [DecideOne(), DecideOneLater(), CalledLater(), DecideAll(), DecideAllLater(), later]


@pytest.mark.parametrize("policy", WAYS, ids=lambda way: getattr(way, "__name__", type(way).__name__))
def test_every_way_to_write_a_policy_gives_the_same_world(policy):
    assert trajectory(played(policy)) == trajectory(played(alternating))


def test_the_name_of_an_action_and_its_position_are_the_same_answer():
    named = played(lambda view: ("cooperate", "defect")[view.individual % 2])
    assert trajectory(named) == trajectory(played(alternating))


def test_a_list_is_as_good_as_an_array():
    class Listing:
        def decide(self, question):
            return (question.individual % 2).tolist()

    assert trajectory(played(Listing())) == trajectory(played(alternating))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (DecideAll, "must be an object, not a class; DecideAll() makes one"),
        (17, "must have decide(question) or decide_one(view), or be a function of a view; got 17"),
        (None, "must have decide(question)"),
    ],
)
def test_what_cannot_decide_is_refused_before_anything_runs(given, words):
    with pytest.raises(InputError) as refused:
        adapted(given, "mine", ("allc",), ("cooperate", "defect"))
    assert words in str(refused.value)


# ------------------------------------------------------------------------------------- what one sees


def test_a_view_holds_the_encounter_so_far_and_what_it_paid():
    noting = Noting(alternating)
    play = played(noting, 3)
    first = [view for view in noting.seen if view.round == 0]
    assert all(view.payoff is None for view in first) and all(view.memo == view.said == "" for view in first)
    assert {view.turn for view in first} >= {0, 1}
    for view in noting.seen:
        assert view.options == play.scenario.game.actions and view.limit == 0 and len(view.history) == view.turn
        own, partner = ("cooperate", "defect")[view.individual % 2], ("cooperate", "defect")[view.partner % 2]
        assert view.history == ((own, partner),) * view.turn
    assert all(view.payoff is not None for view in noting.seen if view.round == 2)


def test_nobody_sees_the_points_of_whoever_lived_in_its_row_before():
    """A newcomer has no last round, in the second turn of its first round either."""
    from coop_abm.updates import BirthDeath

    noting = Noting(alternating)
    played(noting, 6, EVERYBODY, update=BirthDeath(intensity=0.5, replacements=4))
    newcomers = [view for view in noting.seen if view.round > 0 and view.played < view.round]
    began = {(view.round, view.individual) for view in noting.seen if view.turn == 0 and view.played == 0}
    assert {view.turn for view in newcomers} >= {0, 1}
    assert all(view.payoff is None for view in noting.seen if (view.round, view.individual) in began)
    others = [view for view in noting.seen if (view.round, view.individual) not in began]
    assert others and all(view.payoff is not None for view in others)


def test_words_are_asked_for_with_their_limit_and_reach_the_partner():
    noting = Noting("cooperate", words=lambda view: f"I am {view.individual}")
    played(noting, 2, talk="always", talk_limit=30)
    assert noting.at("talk") and all(view.limit == 30 and view.options == () for view in noting.at("talk"))
    assert all(view.said == f"I am {view.partner}" for view in noting.at("act"))
    assert {view.said for view in noting.at("talk") if view.turn == 0} == {""}


# ------------------------------------------------------------------------------------- notes


class Counting:
    """Writes down how often it has decided."""

    def decide(self, question):
        texts = question.texts
        counts = [int(texts[int(number)] or 0) + 1 for number in question.view.memo]
        return Decision(np.zeros(len(question), np.int64), np.array([texts.number(str(count)) for count in counts]))


def test_notes_are_found_again_in_the_next_view():
    play = played(Counting(), 3, update={"kind": "birth_death"}, direct=Direct())
    assert {play.texts[int(number)] for number in play.state.memo[0]} <= {"", "1", "2", "3"}  # "": just born
    for _ in range(3):
        question = play.ask()
        play.tell(Counting().decide(question))
    assert "4" in {play.texts[int(number)] for number in play.state.memo[0]}


def test_notes_survive_a_branch_and_go_their_own_ways():
    play = played(Counting(), 2)
    twins = play.branch(2)
    assert twins.state.memo.tolist() == [play.state.memo[0].tolist()] * 2
    question = twins.ask()
    memo = np.where(question.replicate == 0, question.texts.number("left"), -1)
    twins.tell(Decision(np.zeros(len(question), np.int64), memo))
    left, kept = (set(map(twins.texts.__getitem__, twins.state.memo[k].tolist())) for k in (0, 1))
    assert left == {"left"} and "left" not in kept


def test_minus_one_keeps_the_old_notes():
    class Once:
        def decide(self, question):
            old = question.view.memo
            new = np.where(old == 0, question.texts.number("first"), -1)
            return Decision(np.zeros(len(question), np.int64), new)

    play = played(Once(), 3)
    assert {play.texts[int(number)] for number in play.state.memo[0]} == {"first"}


def test_whoever_takes_up_another_policy_starts_without_notes():
    """Notes of another policy are not for the new one to read; the same policy under another strategy keeps them."""
    from coop_abm.scenario.minds import Plugin
    from coop_abm.strategies import AllD
    from coop_abm.updates import PairwiseComparison

    class Signing(Noting):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def decide(self, question):
            held = {question.texts[int(number)] for number in question.view.memo}
            assert held <= {"", self.name}, f"{self.name} reads {held}"
            self.seen += sorted(held)
            memo = np.full(len(question), question.texts.number(self.name))
            return Decision(question.individual % 2, memo)

    one, other = Signing("one"), Signing("other")
    entries = (
        Players(share=0.5, strategy=AllD(), policy=Plugin(name="one")), plugged("one", share=0.25),
        plugged("other", share=0.25),
    )  # fmt: skip
    declared = world(*entries, size=20, update=PairwiseComparison(intensity=0.0))
    play, asked = begun(declared, one=one, other=other)
    of = np.array([0, 0, 1])
    changed = kept = 0
    for r in range(8):
        before = play.state.strategy[0].copy()
        run(play, asked, r + 1)
        now = play.state.strategy[0]
        another = of[before] != of[now]
        assert (play.state.memo[0][another] == 0).all() and (play.state.memo[0][~another] > 0).all()
        changed, kept = changed + int(another.sum()), kept + int(((before != now) & ~another).sum())
    assert changed > 0 and kept > 0
    assert "one" in one.seen and "other" in other.seen


# ------------------------------------------------------------------------------------- refused answers


class Answering:
    def __init__(self, answer):
        self.answer = answer

    def decide(self, question):
        return self.answer(question) if callable(self.answer) else self.answer


@pytest.mark.parametrize(
    "answer", [True, False, None, "Cooperate", "maybe", "", 2, -1, 0.0, float("nan"), [0], b"cooperate"]
)
def test_an_answer_that_is_no_permitted_action_stops_the_run(answer):
    with pytest.raises(PolicyError, match=r"^policies\['mine'\] must answer cooperate or defect, or 0 or 1; got "):
        played(lambda view: answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda q: np.zeros(len(q) + 1, int), "a policy must return 16 whole numbers; got int64 of shape (17,)"),
        (lambda q: np.zeros(len(q)), "a policy must return 16 whole numbers; got float64 of shape (16,)"),
        (lambda q: np.full(len(q), np.nan), "got float64"),
        (lambda q: np.zeros(len(q), bool), "got bool of shape (16,)"),
        (lambda q: ["cooperate"] * len(q), "whole numbers; got <U9"),
        (lambda q: np.full(len(q), 2), "row 0: 2 is not among 0 cooperate, 1 defect"),
        (lambda q: np.full(len(q), -1), "row 0: -1 is not among"),
        (0, "got int64 of shape ()"),
        (None, "got object of shape ()"),
        (lambda q: [0, [1, 2]], "failed in round 0: ValueError"),
        (lambda q: Decision(np.zeros(len(q), int), np.zeros(3, int)), "memo must be 16 whole numbers; got int64 of sh"),
        (lambda q: Decision(np.zeros(len(q), int), np.zeros(len(q))), "memo must be 16 whole numbers; got float64"),
        (lambda q: Decision(np.zeros(len(q), int), -1), "memo must be 16 whole numbers; got int64 of shape ()"),
        (lambda q: Decision(np.zeros(len(q), int), np.full(len(q), 7)), "memo must be numbers of texts in [-1, 0]"),
        (lambda q: Decision(np.zeros(len(q), int), np.full(len(q), -2)), "memo must be numbers of texts in [-1, 0]"),
    ],
)  # fmt: skip
def test_a_batch_that_is_not_whole_stops_the_run(answer, words):
    with pytest.raises(PolicyError) as refused:
        played(Answering(answer))
    assert str(refused.value).startswith("policies['mine']") and words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("words", [7, None, True, "x" * 31, ["hello"], b"hello"])
def test_words_that_are_no_text_or_too_long_stop_the_run(words):
    with pytest.raises(
        PolicyError, match=r"^policies\['mine'\] must answer with a text of at most 30 characters; got "
    ):
        played(Noting("cooperate", words=words), talk="first", talk_limit=30)


def test_words_that_unicode_cannot_hold_stop_the_run():
    with pytest.raises(PolicyError, match="must be valid Unicode"):
        played(Noting("cooperate", words="\ud800"), talk="first")


class Unlucky(Exception):
    pass


def raising(_view):
    raise Unlucky("boom \x1b[31m\nand more")


async def raising_later(_view):
    await asyncio.sleep(0)
    raise Unlucky("boom \x1b[31m\nand more")


@pytest.mark.parametrize("policy", [raising, raising_later, Answering(raising)], ids=["one", "later", "batch"])
def test_a_policy_that_raises_is_named_with_what_it_said_in_one_printable_line(policy):
    with pytest.raises(PolicyError) as failed:
        played(policy)
    said = str(failed.value)
    assert said.startswith("policies['mine'] failed in round 0") and "Unlucky: boom " in said and said.isprintable()
    assert isinstance(failed.value.__cause__, Unlucky)


def test_a_function_that_forgets_to_wait_is_told_how():
    with pytest.raises(PolicyError, match="answered with a coroutine; what waits must be declared with async def"):
        played(lambda view: later(view))


def test_an_interrupt_goes_through_a_policy():
    def interrupted(_view):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        played(interrupted)


# ------------------------------------------------------------------------------------- waiting together


class Together:
    """Lets nobody go before as many are under way as can be."""

    def __init__(self, wanted):
        self.wanted, self.now, self.most = wanted, 0, 0
        self.enough = None

    async def decide_one(self, view):
        self.enough = self.enough or asyncio.Event()
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == self.wanted:
            self.enough.set()
        await self.enough.wait()
        self.now -= 1
        return alternating(view)


def test_all_decisions_of_a_stage_wait_together():
    policy = Together(wanted=16)  # with fewer at once it would wait for ever
    play, asked = begun(world(EVERYBODY), mine=policy)
    play.tell(asked.decide(play.ask()))
    assert policy.most == 16


def test_no_more_than_so_many_are_under_way(monkeypatch):
    monkeypatch.setattr(own, "AT_ONCE", 5)
    policy = Together(wanted=5)
    play, asked = begun(world(EVERYBODY), mine=policy)
    play.tell(asked.decide(play.ask()))
    assert policy.most == 5


def test_answers_are_put_in_order_whoever_comes_first():
    async def backwards(view):
        for _ in range(20 - view.individual):
            await asyncio.sleep(0)
        return alternating(view)

    assert trajectory(played(backwards)) == trajectory(played(alternating))


def test_after_a_failure_nobody_is_still_deciding():
    begun_, ended = [], []

    async def one_fails(view):
        begun_.append(view.individual)
        try:
            if view.individual == 3:
                raise Unlucky("boom")
            await asyncio.sleep(3600)
        finally:
            ended.append(view.individual)

    with pytest.raises(PolicyError, match="individual 3: Unlucky: boom"):
        played(one_fails)
    assert sorted(begun_) == sorted(ended)


# ------------------------------------------------------------------------------------- a server


def json_answer(tree):
    async def handler(request):
        body = await request.json()
        return web.json_response(tree(body) if callable(tree) else tree)

    return handler


def everybody(body):
    return {"answers": [("cooperate", "defect")[view["individual"] % 2] for view in body["views"]]}


def asking(url, timeout=10.0, **rules):
    return world(Players(share=1.0, policy=Http(url=url, timeout=timeout)), **{**REPEATED, **rules})


def test_a_server_decides_as_a_function_would():
    bodies = []

    def answer(body):
        bodies.append(body)
        return everybody(body)

    with served(json_answer(answer)) as url:
        play, asked = begun(asking(url))
        run(play, asked, 3)
    assert trajectory(play)[1:] == trajectory(played(alternating))[1:]
    first = bodies[0]
    assert (first["stage"], first["options"], first["limit"]) == ("act", ["cooperate", "defect"], 0)
    assert len(first["views"]) == 16 and first["views"][0]["payoff"] is None
    assert any(body["views"][0]["history"] for body in bodies)


def test_a_server_is_asked_for_words():
    def answer(body):
        return {"answers": ["bonjour ☕"] * len(body["views"])} if body["limit"] else everybody(body)

    heard = []

    def listen(body):
        heard.extend(view["said"] for view in body["views"] if body["stage"] == "act")
        return answer(body)

    with served(json_answer(listen)) as url:
        play, asked = begun(asking(url, talk="first"))
        run(play, asked, 1)
    assert set(heard) == {"bonjour ☕"}


async def _not_json(_request):
    return web.Response(text="<html>oops\x1b[31m</html>")


async def _nested(_request):
    return web.Response(text="[" * 100_000)


async def _failing(_request):
    return web.Response(status=500, text="secret")


async def _created(request):
    return web.json_response(everybody(await request.json()), status=201)


async def _huge(_request):
    return web.Response(body=b" " * (own.LARGEST_ANSWER + 2))


async def _huge_compressed(_request):
    answer = web.Response(body=b" " * (8 * own.LARGEST_ANSWER))
    answer.enable_compression(web.ContentCoding.gzip)
    return answer


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (_failing, "answered with status 500, must be 200"),
        (_created, "answered with status 201, must be 200"),
        (_not_json, "must answer with JSON; got "),
        (_nested, "must answer with JSON; got "),
        (_huge, "an answer must not exceed 4 MiB"),
        (_huge_compressed, "an answer must not exceed 4 MiB"),
        (json_answer(lambda body: {"answers": everybody(body)["answers"][1:]}), "must answer with a list of 16"),
        (json_answer(lambda body: everybody(body)["answers"]), "must answer with a list of 16 answers; got None"),
        (json_answer({"answers": "cooperate"}), "must answer with a list of 16 answers; got 'cooperate'"),
        (json_answer({}), "must answer with a list of 16 answers; got None"),
        (json_answer(lambda body: {"answers": [True] * 16}), "must answer cooperate or defect, or 0 or 1; got True"),
        (json_answer(lambda body: {"answers": [float("nan")] * 16}), "must answer cooperate or defect, or 0 or 1; got"),
        (json_answer(lambda body: {"answers": ["x\x1b[2J"] * 16}), "must answer cooperate or defect, or 0 or 1; got"),
    ],
)  # fmt: skip
def test_a_server_that_does_not_answer_properly_stops_the_run(handler, words):
    with served(handler) as url:
        play, asked = begun(asking(f"{url}?token=canary"))
        with pytest.raises(PolicyError) as failed:
            run(play, asked, 1)
    said = str(failed.value)
    assert said.startswith(url) and words in said and said.isprintable() and len(said) < 400
    assert "canary" not in said and "secret" not in said


def test_a_redirect_is_not_followed():
    went = []

    async def handler(request):
        went.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    with served(handler) as url:
        play, asked = begun(asking(url))
        with pytest.raises(PolicyError, match="answered with status 307, must be 200"):
            run(play, asked, 1)
    assert went == ["/decide"]


def test_a_server_that_keeps_silent_is_waited_for_so_long_and_no_longer():
    release = threading.Event()

    async def handler(_request):
        await asyncio.get_running_loop().run_in_executor(None, release.wait, 30)
        return web.json_response({})

    with served(handler) as url:
        play, asked = begun(asking(url, timeout=0.2))
        with pytest.raises(PolicyError, match=r"no answer within 0\.2 s"):
            run(play, asked, 1)
        release.set()


def test_a_body_that_drips_counts_against_the_same_time():
    async def handler(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.02)

    with served(handler) as url:
        play, asked = begun(asking(url, timeout=0.3))
        with pytest.raises(PolicyError, match=r"no answer within 0\.3 s"):
            run(play, asked, 1)


def test_a_server_that_is_not_there_is_named():
    with served(json_answer(everybody)) as url:
        pass
    play, asked = begun(asking(url))
    with pytest.raises(PolicyError, match="cannot be asked"):
        run(play, asked, 1)


def test_control_characters_in_an_address_do_not_reach_the_terminal():
    play, asked = begun(asking("http://127.0.0.1:1/\x1b[31m"))
    with pytest.raises(PolicyError) as failed:
        run(play, asked, 1)
    assert str(failed.value).isprintable()


def test_what_is_sent_can_be_read_by_any_json_reader():
    raw = []

    async def handler(request):
        raw.append(await request.read())
        return web.json_response(everybody(json.loads(raw[-1])))

    with served(handler) as url:
        play, asked = begun(asking(url))
        run(play, asked, 2)
    assert all(b"NaN" not in body and b"Infinity" not in body for body in raw)


def test_a_run_from_python_takes_policies_as_means():
    ran = lab.run(world(EVERYBODY, **REPEATED), steps=3, seed=1, means=Means(policies={"mine": alternating}))
    assert ran.frame["cooperation"].iloc[-1] == pytest.approx(0.5, abs=0.3)
    mixed = lab.run(
        world(plugged(share=0.5), tables(share=0.5)), steps=2, seed=1, means=Means(policies={"mine": alternating})
    )
    assert {"share_mine", "share_tft"} <= set(mixed.frame.columns)
