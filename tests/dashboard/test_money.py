"""Nothing is bought before the reader says so, nothing beyond the cap, and nothing after the tab is closed."""

import contextlib
import json
import threading
import time

import pytest

from coop_abm.core.errors import BudgetExhausted, CallFailed, InputError
from coop_abm.core.machine_code import cache_folder
from coop_abm.dashboard.money import USUAL_CALLS, USUAL_MONEY, Purse, planned
from coop_abm.dashboard.session import Session
from coop_abm.dashboard.stories import demonstration
from coop_abm.llm.stand_in import StandIn
from coop_abm.scenario.minds import Model
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies import TitForTat
from tests.faults.commands import bytes_below
from tests.llm.faulty import Faulty, mix

from .serving import DEADLINE, Tab, serving

CANARY = "sk-canary-2c81aa90f3d7be64"
PERSONA = "a persona that has to be seen"


def paid(base, *, price=1.0, size=6, model="openai/some-model"):
    mind = Model(model=model, api_base=base, price_input=price, price_output=price, fallback="random", max_tokens=32)
    players = (Players(share=0.5, strategy=TitForTat()), Players(share=0.5, strategy=TitForTat(), policy=mind))
    return Scenario(name="paid", size=size, clock="round", players=players)


def until(so, tab=None):
    end = time.monotonic() + DEADLINE
    while not so():
        assert time.monotonic() < end
        if tab is None:
            time.sleep(0.02)
            continue
        with contextlib.suppress(TimeoutError):  # a tab that does not listen holds its session up
            tab.frames.append(tab.line.recv(timeout=0.05))


@pytest.fixture
def purse(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nothing")
    return Purse(journal=tmp_path / "journal.sqlite")


def test_nothing_is_sent_before_the_reader_has_said_so(purse):
    with Faulty() as server:
        world = purse.start(paid(server.base), 1)
        with pytest.raises(CallFailed, match=r"openai/some-model would be asked now, .* confirm that first"):
            world.step()
        world.close()
        assert server.count == 0 and purse.spent == (0, 0.0, USUAL_CALLS, USUAL_MONEY)
        purse.confirm(paid(server.base))
        world = purse.start(paid(server.base), 1)
        world.step()
        world.close()
        assert server.count > 0 and purse.spent.calls == server.count and purse.spent.money > 0


def test_another_model_is_asked_about_anew_and_stand_ins_are_not(purse):
    purse.confirm(paid("http://127.0.0.1:9/v1"))
    assert purse.confirmed(paid("http://127.0.0.1:9/v1", size=40))
    assert not purse.confirmed(paid("http://127.0.0.1:9/v1", model="openai/another"))
    assert not purse.confirmed(paid("http://127.0.0.1:10/v1"))
    assert purse.confirmed(demonstration(1).scenario) and purse.bought(demonstration(1).scenario) == ()


def test_the_cap_holds_over_resets_and_new_worlds_of_a_tab(purse):
    with Faulty() as server:
        purse.confirm(paid(server.base), money=5, calls=8)
        for seed in (1, 1, 2, 3, 4):
            world = purse.start(paid(server.base), seed)
            try:
                for _ in range(20):
                    world.step()
            except BudgetExhausted as error:
                assert "may reach 8" in str(error)
            else:
                pytest.fail("the cap did not hold")
            finally:
                world.close()
        assert 0 < server.count <= 8 and purse.spent.calls == server.count
        other = Purse(journal=purse.journal)  # another tab has a budget of its own
        other.confirm(paid(server.base))
        world = other.start(paid(server.base), 9)
        world.step()
        world.close()
        assert server.count > 8


def test_a_cap_in_dollars_holds_at_the_worst_case(purse):
    with Faulty() as server:
        purse.confirm(paid(server.base, price=1000.0), money=2.0)
        world = purse.start(paid(server.base, price=1000.0), 1)
        with pytest.raises(BudgetExhausted, match="money of budget"):
            for _ in range(50):
                world.step()
        world.close()
        assert purse.spent.money <= 2.0


@pytest.mark.parametrize(("money", "calls", "words"), [
    ("-1", 5, "the cap in US dollars must be a number in"), ("nan", 5, "US dollars"), ("much", 5, "US dollars"),
    (1, "2.5", "the cap on requests must be a whole number"), (1, 10**9, "requests must be a number in"),
])  # fmt: skip
def test_a_cap_that_is_none_is_refused_and_nothing_is_confirmed(purse, money, calls, words):
    world = paid("http://127.0.0.1:9/v1")
    with pytest.raises(InputError, match=words):
        purse.confirm(world, money, calls)
    assert not purse.confirmed(world) and purse.spent.most_money == USUAL_MONEY


def test_the_same_world_again_costs_nothing(purse):
    with Faulty() as server:
        purse.confirm(paid(server.base))
        for _ in range(2):
            world = purse.start(paid(server.base), 1)
            for _ in range(3):
                world.step()
            world.close()
            bought = server.count if _ == 2 else None
        assert server.count == purse.spent.calls
        at = server.count
        world = Purse(journal=purse.journal).start(paid(server.base), 1)  # a tab that confirmed nothing
        for _ in range(3):
            world.step()
        world.close()
        assert server.count == at == (bought or at)


def test_a_plan_is_told_in_calls_tokens_and_money_before_anything_is_sent():
    rows, why = planned(paid("http://127.0.0.1:9/v1"), 10, 1)
    assert why == "" and len(rows) == 1 and rows[0]["model"] == "openai/some-model at http://127.0.0.1:9/v1"
    calls = [int(rows[0][f"calls_{k}"].replace(",", "")) for k in ("low", "expected", "high")]
    money = [float(rows[0][f"money_{k}"][1:].replace(",", "")) for k in ("low", "expected", "high")]
    assert 0 < calls[0] <= calls[1] <= calls[2] and 0 < money[0] <= money[1] <= money[2]
    assert planned(demonstration(1).scenario, 5, 1) == ([], "")


def test_nothing_is_sent_while_nobody_is_connected_and_after_the_tab_is_closed(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nothing")
    here = threading.Event()
    purse = Purse(here.is_set, tmp_path / "j")
    with Faulty() as server:
        purse.confirm(paid(server.base))
        world = purse.start(paid(server.base), 1)
        with pytest.raises(CallFailed, match="nobody is connected"):
            world.step()
        here.set()
        world.step()
        at = server.count
        assert at > 0
        purse.close()
        with pytest.raises(CallFailed, match="nobody is connected"):
            world.step()
        world.close()
        assert server.count == at


def test_a_session_that_is_closed_in_the_middle_of_a_round_buys_no_more(tmp_path):
    with StandIn(latency=0.1) as server:
        purse = Purse(journal=tmp_path / "j")

        def make(scenario, seed):
            return purse.start(scenario, seed, stand_in=server.address, transport="slim", concurrency=2)

        session = Session(demonstration(1).scenario, 1, make)
        session.open()
        session.advance(1000)
        until(lambda: server.stats()["requests"] > 4)
        purse.close()
        session.close()
        at = server.stats()["requests"]
        session._thread.join(DEADLINE)
        assert not session._thread.is_alive()
        assert server.stats()["requests"] <= at + 2 < 100  # what was about to go out


# ------------------------------------------------------------------------------------- through the whole dashboard


def told(tab, *names):
    """The id of the widget whose trait `now` has these entries."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        for frame in tab.frames:
            if isinstance(frame, str) and '"comm_open"' in frame:
                message = json.loads(frame)
                now = message["content"].get("data", {}).get("state", {}).get("now")
                if isinstance(now, dict) and set(names) <= now.keys():
                    return message["content"]["comm_id"]
        try:
            tab.frames.append(tab.line.recv(timeout=1))
        except TimeoutError:
            continue
    raise AssertionError(f"no widget has {names}")


def declared(folder, server):
    path = folder / "paid.toml"
    path.write_text(
        f"""name = "paid"\nsize = 6\nclock = "round"\nplayers = [ {{ share = 0.5, strategy = "tft" }}, {{ share = 0.5,
        strategy = "alld", policy = "model", model = "openai/some-model", api_base = "{server.base}", price_input = 0.1,
        price_output = 0.1, fallback = "random", persona = "{PERSONA}" }} ]""".replace("\n        ", " ")
    )
    return path


def home(folder, **more):
    (folder / "home").mkdir()
    return {"HOME": str(folder / "home"), "XDG_DATA_HOME": str(folder / "home"), "OPENAI_API_KEY": CANARY,
            "COOP_ABM_CACHE_DIR": str(cache_folder()), **more}  # fmt: skip


def test_nothing_is_bought_after_a_tab_is_closed(tmp_path):
    with Faulty(latency=0.05) as models, serving(str(declared(tmp_path, models)), **home(tmp_path)) as server:
        tab = Tab(server, path="/lab")
        transport = tab.made("speedWords")
        tab.tell(transport, "event_do", {"do": "step", "steps": 100})
        tab.until("confirm that first")
        assert models.count == 0  # nothing without a word
        tab.tell(told(tab, "journal"), "event_do", {"do": "confirm", "money": "1", "calls": "900"})
        tab.until('"confirmed": true')
        tab.tell(transport, "event_do", {"do": "step", "steps": 100})
        until(lambda: models.count > 6, tab)
        tab.close()
        last, since, end = models.count, time.monotonic(), time.monotonic() + DEADLINE
        while time.monotonic() - since < 2:  # forty times as long as one request takes
            assert time.monotonic() < end
            if models.count != last:
                last, since = models.count, time.monotonic()
            time.sleep(0.05)
        assert last < 200, "a hundred rounds would have taken over three hundred"


def test_a_key_reaches_no_page_no_frame_and_no_log(tmp_path):
    fault = mix(7, 0.3, ["echo_error", "echo_text", "echo_content", "no_usage"])
    with Faulty(fault) as models:
        more = {"COOP_ABM_DEBUG": "1", "LITELLM_LOG": "DEBUG", "PYTHONASYNCIODEBUG": "1"}
        with serving(str(declared(tmp_path, models)), **home(tmp_path, **more)) as server:
            tab = Tab(server, path="/transcripts")
            tab.tell(told(tab, "runs"), "event_do", {"do": "world", "world": "opened", "seed": "1", "rounds": "3"})
            tab.until('"confirmed": false')
            tab.tell(told(tab, "journal"), "event_do", {"do": "confirm", "money": "1", "calls": "200"})
            matrix = tab.made("side")
            until(lambda: models.count > 5, tab)
            tab.tell(matrix, "event_ready", {})
            last = -1
            while models.count != last:  # until the run is over
                last = models.count
                tab.listen(3)
            for row in range(6):
                tab.tell(matrix, "event_pick", {"row": row, "round": 0})
            tab.until(PERSONA)  # what is there is found: the prompt of a cell was opened
            page = server.ask("/transcripts")[2]
            tab.close()
            found = {"frames": tab.heard.encode(), "page": page.encode(), "log": server.log.encode()}
        keys = {seen.key for seen in models.seen}
    assert any(CANARY in key for key in keys)  # it was truly used
    found |= bytes_below(tmp_path) | {"log": "".join(server.lines).encode()}
    assert [place for place, data in found.items() if PERSONA.encode() in data and place == "frames"] == ["frames"]
    assert [place for place, data in found.items() if CANARY.encode() in data] == []
    planted = found | {"planted": f"x{CANARY}".encode()}
    assert [place for place, data in planted.items() if CANARY.encode() in data] == ["planted"]
