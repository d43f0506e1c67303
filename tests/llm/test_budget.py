"""Caps hold: over retries, missing counts, threads, processes and a run that is taken up again (row L4)."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coop_abm.core.errors import BudgetExhausted, CallFailed, InputError, ModelError
from coop_abm.llm.budget import NOTHING, Caps, Cost, Limits, Rate, cost_of, rate_of, with_plain_counts, worst_case
from coop_abm.llm.client import Client
from coop_abm.llm.prices import Price
from coop_abm.llm.retry import Retry
from tests.llm import buying
from tests.llm.buying import Shop, client, priced, reply, request, requests

BUYER = Path(buying.__file__)


# ------------------------------------------------------------------------------------------- arithmetic


def test_the_worst_case_covers_every_byte_of_every_language():
    asked = request(messages=(("user", "héé"), ("user", "囚徒"), ("user", "\ud800")), schema="{}", max_tokens=10)
    assert worst_case(asked, Rate(1, 1)) == (1, 5 + 6 + 3 + 2 + 3 * 32 + 512 + 10, 5 + 6 + 3 + 2 + 3 * 32 + 512 + 10)


def test_a_price_means_the_decimal_that_is_written():
    assert rate_of(Price(1e-7, 0.0000003), "m") == (100_000, 300_000)
    assert rate_of(Price(1e-13, 0.0), "m") == (1, 0)  # rounded up, so that a cap holds


@pytest.mark.parametrize("price", [None, Price(float("nan"), 0.0), Price(0.0, -1.0), Price(float("inf"), 0.0)])
def test_a_model_without_a_price_is_refused_and_told_what_to_give(price):
    with pytest.raises(ModelError, match="price_input and price_output"):
        rate_of(price, "m")


RESERVED = Cost(1, 100, 1000)


@pytest.mark.parametrize(
    ("result", "cost"),
    [
        (reply(request()), Cost(1, 120, 100 + 40)),
        (reply(request(), input_tokens=None), RESERVED),
        (reply(request(), output_tokens=None), RESERVED),
        (CallFailed("rate_limit", "", status=429), NOTHING),
        (CallFailed("server", "", status=503), NOTHING),
        (CallFailed("connection", "", sent=False), NOTHING),
        (CallFailed("timeout", ""), RESERVED),
        (CallFailed("connection", "", status=200), RESERVED),
        (CallFailed("redirect", "", status=307), RESERVED),
    ],
)
def test_a_try_keeps_what_it_may_have_cost(result, cost):
    assert cost_of(result, Rate(1, 2), RESERVED) == cost


@pytest.mark.parametrize("count", [-1, 2**41, True, 1.5, "12"])
def test_a_count_of_tokens_that_is_none_is_not_believed(count):
    assert with_plain_counts(reply(request(), input_tokens=count)).input_tokens is None


def test_the_refusal_names_the_cap_what_is_spent_and_how_to_go_on():
    refusal = Limits(Caps(money=0.01), "lab").refusal(Cost(1, 2, 9_000_000_000), Cost(1, 2, 2_000_000_000))
    assert str(refusal) == (
        "money of budget 'lab' may reach 0.01; 0.009 are spent or set aside and the next call can take 0.002: it was "
        "not sent; the same command with a higher cap goes on from here"
    )


@pytest.mark.parametrize("caps", [Caps(calls=-1), Caps(money=float("nan")), Caps(money=float("inf"))])
def test_a_cap_that_is_none_is_refused(caps):
    with pytest.raises(InputError, match=r"the cap on (calls|money) must be a finite number >= 0"):
        Limits(caps, "lab")


# ------------------------------------------------------------------------------------------------- caps


def held(path, name="run"):
    """What the journal says is spent and set aside."""
    base = sqlite3.connect(path)
    try:
        return base.execute("SELECT calls, tokens, money FROM budgets WHERE name = ?", (name,)).fetchone()
    finally:
        base.close()


@pytest.mark.parametrize("mode", ["record", "off"])
def test_as_many_as_fit_are_bought_in_order_and_then_it_stops(tmp_path, mode):
    shop = Shop()
    with client(tmp_path / "j", shop, mode=mode, caps=Caps(calls=7), run=f"seven {mode}") as buyer:
        with pytest.raises(BudgetExhausted, match=r"calls of budget 'seven .*' may reach 7; 7 are spent"):
            buyer.ask(requests(20))
        assert shop.sold == [asked.key for asked in requests(7)] and buyer.tally.done == 7


def test_a_higher_cap_goes_on_and_buys_nothing_twice(tmp_path):
    shop = Shop()
    for most in (5, 5, 12, 20):
        with client(tmp_path / "j", shop, caps=Caps(calls=most)) as buyer:
            if most < 20:
                with pytest.raises(BudgetExhausted):
                    buyer.ask(requests(20))
            else:
                assert [found.key for found in buyer.ask(requests(20))] == [asked.key for asked in requests(20)]
        assert len(shop.sold) == len(set(shop.sold)) == most
    assert held(tmp_path / "j") == (20, 20 * 120, 20 * 180_000_000)


def test_room_that_the_worst_case_did_not_need_is_used(tmp_path):
    """One call can take 1.1e-3 at worst and takes 1.8e-4 in the end: with 4e-3 three fit at once, many more in all."""
    shop = Shop()
    with client(tmp_path / "j", shop, caps=Caps(money=4e-3)) as buyer:
        with pytest.raises(BudgetExhausted, match="money"):
            buyer.ask(requests(40))
        worst = worst_case(request(), rate_of(Price(1e-6, 4e-6), "m")).money / 1e12
        assert 3 < len(shop.sold) and 4e-3 - worst < buyer.tally.money <= 4e-3


def test_retries_are_set_aside_anew_and_stop_at_the_cap(tmp_path):
    def lost(asked):
        raise CallFailed("timeout", "no answer", again=True)

    shop = Shop(lost)
    with (
        client(tmp_path / "j", shop, attempts=9, caps=Caps(calls=4)) as buyer,
        pytest.raises(BudgetExhausted, match="4 are spent"),
    ):
        buyer.ask([request()])
    assert len(shop.sold) == 4 == held(tmp_path / "j")[0]


def test_a_refused_try_gives_back_what_was_set_aside(tmp_path):
    answers = iter([CallFailed("rate_limit", "wait", status=429, again=True)] * 2 + [reply(request())])

    def answer(asked):
        if isinstance(result := next(answers), CallFailed):
            raise result
        return result

    with client(tmp_path / "j", Shop(answer), caps=Caps(calls=1)) as buyer:
        buyer.ask([request()])
        assert buyer.tally[:4] == (3, 1, 2, 0)
    assert held(tmp_path / "j")[0] == 1


def test_an_unpriced_model_is_refused_before_anything_is_sent(tmp_path):
    shop = Shop()
    with client(tmp_path / "j", shop) as buyer:
        with pytest.raises(ModelError, match="'unpriced' has no known price: give price_input and price_output"):
            buyer.ask([*requests(3), request(4, model="unpriced")])
        assert shop.sold == []
        buyer.ask(requests(3))  # and nothing was left half done
    assert held(tmp_path / "j")[0] == 3


def test_clients_of_one_process_share_a_named_budget_without_a_journal():
    shop = Shop()
    caps = {"caps": Caps(calls=5), "mode": "off", "budget": "shared by two"}
    with client(None, shop, run="one", **caps) as one, client(None, shop, run="two", **caps) as two:
        one.ask(requests(3))
        with pytest.raises(BudgetExhausted):
            two.ask(requests(3))
    assert len(shop.sold) == 5
    with client(None, shop, caps=Caps(calls=2), mode="off", run="") as alone:  # a budget without a name is one's own
        assert len(alone.ask(requests(2))) == 2


# ---------------------------------------------------------------------------------------------- row L4


def spend(path, threads, seed, caps):
    """Buy calls of random size from many threads, with failures and missing counts; returns money that was charged."""
    dice = random.Random(seed)
    charged: list[float] = []  # by the shop's own books: what it was paid for, lost answers among it
    lock = threading.Lock()

    def answer(asked):
        with lock:
            fate = dice.random()
            counts = (dice.randrange(400), dice.randrange(asked.max_tokens + 1))
            if fate >= 0.2:
                charged.append(counts[0] * 1e-6 + counts[1] * 4e-6)
        if fate < 0.1:
            raise CallFailed("rate_limit", "wait", status=429, again=True)
        if fate < 0.2:
            raise CallFailed("connection", "refused", sent=False, again=True)
        if fate < 0.3:
            raise CallFailed("timeout", "lost", again=True)
        if fate < 0.4:
            counts = (None, counts[1])
        return reply(asked, input_tokens=counts[0], output_tokens=counts[1])

    shop = Shop(answer, wait=lambda asked: 0.002)
    exhausted = []

    def buy(place, buyer):
        try:
            for batch in range(6):
                size = 1 + (place + batch) % 7
                buyer.ask([request(1000 * place + 10 * batch + n, max_tokens=1 + 37 * n) for n in range(size)])
        except BudgetExhausted as error:
            exhausted.append(error)
        except CallFailed:
            pass  # so many failures in a row that the call was given up

    with client(path, shop, attempts=5, concurrency=16, caps=caps, run=f"run {seed}", budget="shared") as buyer:
        workers = [threading.Thread(target=buy, args=(place, buyer)) for place in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(charged), exhausted, buyer.tally


def overspend(path, threads, seed, money):
    """(charged by the shop, held by the journal, cap), after as many threads ran into the cap."""
    charged, exhausted, tally = spend(path, threads, seed, Caps(money=money))
    assert exhausted, "the fault did not fire: nobody ran into the cap"
    assert tally.unknown == 0 and held(path, "shared")[2] <= round(money * 1e12)
    return charged


@pytest.mark.parametrize("threads", [1, 8])
def test_spending_never_passes_the_cap(tmp_path, threads):
    for seed in range(2):
        path = tmp_path / f"j{seed}"
        assert overspend(path, threads, seed, 0.004) <= 0.004
        more = overspend(path, threads, seed + 100, 0.006)  # taken up again with a higher cap
        assert held(path, "shared")[2] <= 6_000_000_000 and more <= 0.006


@pytest.mark.validate
def test_spending_never_passes_the_cap_in_full(tmp_path):
    worst, runs, share = 0.0, 0, []
    for threads in (1, 2, 4, 8, 16, 32, 64):
        for seed in range(20):
            money = threads * random.Random(seed).uniform(0.001, 0.003)
            charged = overspend(tmp_path / f"{threads}-{seed}", threads, seed, money)
            worst, runs = max(worst, charged - money), runs + 1
            share.append(charged / money)
    print(f"L4: {runs} runs on 1 to 64 threads, largest overspend {max(0.0, worst):.1e}, spent {min(share):.2f} to")
    print(f"    {max(share):.2f} of the cap by the shop's own books")
    assert worst <= 0


def buyers(tmp_path, processes, *arguments):
    """That many processes that buy at once; returns the lines that the shop counted."""
    count = tmp_path / "count"
    commands = [
        [sys.executable, str(BUYER), str(tmp_path / "j"), str(count), "--start", str(1000 * place),
         "--run", f"r{place}", "--budget", "shared", *arguments]
        for place in range(processes)
    ]  # fmt: skip
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=BUYER.parents[2])
        for command in commands
    ]
    said = [process.communicate(timeout=120)[1] for process in started]
    return count.read_text().split(), [process.returncode for process in started], said


def test_two_processes_share_one_budget(tmp_path):
    sold, codes, said = buyers(tmp_path, 2, "--calls", "60", "--most-calls", "50", "--wait", "0.001", "--fail", "0.2")
    assert codes == [3, 3] and all("BudgetExhausted: calls of budget 'shared' may reach 50" in text for text in said)
    assert held(tmp_path / "j", "shared")[0] == 50 == len(bought(tmp_path / "j")) and len(sold) >= 50


def test_one_that_may_not_try_again_does_not_keep_others_from_what_is_set_aside_for_them(tmp_path):
    """While one waits for its second try another client buys what it gave back; the rest fit, so they are bought."""
    fires = iter([True])

    def answer(asked):
        if next(fires, False):
            raise CallFailed("server", "the shop is on fire", status=503, again=True)
        return reply(asked)

    other = client(tmp_path / "j", Shop(), run="other", budget="shared", caps=Caps(calls=5))

    async def while_it_waits(_):
        await asyncio.to_thread(other.ask, requests(1, 100))

    retry = Retry(Shop(answer), concurrency=1, sleep=while_it_waits)
    one = Client(journal=tmp_path / "j", retry=retry, prices=priced, run="one", budget="shared", caps=Caps(calls=5))
    with other, one:
        with pytest.raises(BudgetExhausted, match="5 are spent"):
            one.ask(requests(5))
        assert one.tally.done == 4 and held(tmp_path / "j", "shared")[0] == 5 == len(bought(tmp_path / "j"))


def bought(path):
    base = sqlite3.connect(path)
    try:
        return base.execute("SELECT call FROM replies").fetchall()
    finally:
        base.close()


@pytest.mark.validate
def test_four_processes_share_one_budget(tmp_path):
    money = 0.05
    options = ("--calls", "400", "--most-money", str(money), "--wait", "0.001", "--fail", "0.2")
    sold, codes, _ = buyers(tmp_path, 4, *options)
    spent = held(tmp_path / "j", "shared")[2] / 1e12
    print(
        f"L4: 4 processes, one budget of {money}: {len(sold)} sent, {len(bought(tmp_path / 'j'))} bought, {spent:.6f}"
    )
    assert codes == [3] * 4 and spent <= money
