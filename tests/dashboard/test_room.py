"""A room: many people in one world, rounds that close, and nothing told before its time."""

import json
import threading
import time

import pytest

from coop_abm.core.errors import InputError
from coop_abm.dashboard.classroom import ALPHABET, LENGTH, Classroom, Limit, new_code, plain, same
from coop_abm.dashboard.offers import CLASS, offered
from coop_abm.dashboard.room import MOST, NAME, Room

from .serving import DEADLINE


class Class:
    """A room whose people sit in this thread."""

    def __init__(self, offer="ring", people=2, *, patience=0, **more):
        self.room = Room(1, new_code(), offered(offer, CLASS), 7, **more)
        self.room.set_patience(patience)
        self.news = threading.Condition()
        self.room.listen(self.hear)
        self.people = [self.come(name) for name in ("Ada", "Bo", "Cleo", "Dan")[:people]]

    def come(self, name):
        person = self.room.join(name)
        self.room.line(person, True)
        return person

    def hear(self):
        with self.news:
            self.news.notify_all()

    def until(self, condition):
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end
            with self.news:
                self.news.wait(0.05)

    def start(self):
        self.room.start()
        self.until(lambda: self.room.phase == "running" and self.room.phone(self.people[0])["ask"])
        return self

    def decide(self, person, action=0):
        """Everything that the person is asked in this turn."""
        while ask := self.room.phone(person)["ask"]:
            self.room.answer(person, ask["key"], action)
            if ask["number"] == ask["many"]:
                return

    @property
    def rounds(self):
        return len(self.room.shares)


@pytest.fixture
def school():
    made = []

    def make(*words, **more):
        made.append(Class(*words, **more))
        return made[-1]

    yield make
    for one in made:
        one.room.end()


def test_a_round_closes_when_all_who_are_there_have_decided(school):
    here = school().start()
    here.decide(here.people[0])
    about, state = here.room.teacher()
    assert here.rounds == 0 and [p["decided"] for p in about["people"]] == [True, False]
    assert set(state.tolist()) == {0}  # nobody sees what was decided before the round is over
    here.decide(here.people[1])
    here.until(lambda: here.rounds == 1)
    about, state = here.room.teacher()
    assert set(state.tolist()) == {1, 2} and about["round"] == 2
    assert [person.points for person in here.people] != [[], []]


def test_a_phone_is_told_its_own_and_nothing_of_others(school):
    here = school().start()
    told = here.room.phone(here.people[0])
    assert told["node"] == 0 and told["ask"]["who"] in ("individual 1", "individual 19")
    for secret in (here.room.code, here.people[1].secret, here.people[0].secret, "alld", "allc", "Bo"):
        assert secret not in json.dumps(told)
    before = here.room.phone(here.people[1])
    here.decide(here.people[0], 1)
    after = here.room.phone(here.people[1])
    assert {**before, "seconds": 0} == {**after, "seconds": 0}


def test_the_table_plays_for_who_does_not_answer_in_time_and_it_is_counted(school, monkeypatch):
    here = school()
    here.room.patience = 0.05
    here.room.start()
    here.until(lambda: here.rounds >= 2)
    about, _state = here.room.teacher()
    assert min(p["missed"] for p in about["people"]) >= 4
    assert here.room.phone(here.people[0])["points"] == sum(here.people[0].points)


def test_next_round_closes_this_round_and_no_other(school):
    here = school(offer="again").start()
    here.room.next()
    here.until(lambda: here.rounds == 1 and here.room.phone(here.people[0])["ask"])
    assert here.rounds == 1 and here.room.phase == "running"


def test_nothing_goes_on_while_nobody_is_there(school):
    here = school().start()
    for person in here.people:
        here.room.line(person, False)
    here.until(lambda: here.rounds == 1)  # the round that was open is the tables'
    here.room.line(here.people[0], True)
    here.until(lambda: here.room.phone(here.people[0])["ask"])
    assert here.rounds == 1
    here.decide(here.people[0])
    here.until(lambda: here.rounds == 2)  # and nobody waits for the one who is away


def test_a_paused_world_stands_still(school):
    here = school(patience=10).start()
    here.room.pause()
    assert here.room.phase == "paused" and here.room.phone(here.people[0])["seconds"] is None
    here.room.start()
    assert here.room.phase == "running" and here.room.phone(here.people[0])["seconds"] > 0


def test_who_comes_back_has_its_seat_and_who_stays_away_loses_it(school):
    here = school(absent=0.2).start()
    person = here.people[0]
    assert here.room.known(person.secret) is person and here.room.known("x" * 32) is None
    here.room.line(person, False)
    assert here.room.known(person.secret) is person
    here.until(lambda: here.room.known(person.secret) is None)
    assert person.node in here.room._free()


def test_who_comes_late_takes_the_place_of_a_table(school):
    here = school().start()
    late = here.come("Eve")
    assert late.node == 2
    for person in here.people:
        here.decide(person)
    here.until(lambda: here.room.phone(late)["ask"])
    here.room.leave(late)
    assert late.node in here.room._free() and late.number not in here.room.people


def test_the_world_grows_with_the_class_up_to_sixty(school):
    here = school(people=0)
    people = [here.come(f"guest {k}") for k in range(MOST)]
    assert here.room.join("one more") is None
    here.people = people
    here.start()
    assert here.room.scenario.size == MOST and sorted(p.node for p in people) == list(range(MOST))


def test_names_are_short_and_nobody_needs_one(school):
    here = school(people=0)
    assert here.come("").name == "guest 1"
    assert here.come("  a \n b  ").name == "a b"
    assert len(here.come("x" * 500).name) == NAME


def test_bets_are_counted_and_answered_when_it_is_over(school):
    here = school()
    for person, bet in zip(here.people, ("most", "nonsense"), strict=True):
        here.room.bet(person, bet)
    assert here.room.teacher()[0]["tally"] == {"most": 1, "some": 0, "few": 0}
    here.room.rounds = 1
    here.start()
    for person in here.people:
        here.decide(person)
    here.until(lambda: here.room.phase == "over" and here.room.teacher()[0]["theory"])
    here.room.bet(here.people[1], "few")
    about = here.room.teacher()[0]
    assert about["tally"]["few"] == 0 and about["outcome"] in ("most", "some", "few")
    assert here.room.phone(here.people[0])["said"].startswith("You bet that most")
    assert {row["name"] for row in about["earned"]} == {"people", "allc", "alld"}


def test_a_world_that_is_over_lets_nobody_in_and_another_has_another_code(school):
    of_class = Classroom("127.0.0.2", 8765)
    first = of_class.room
    second = of_class.renew()
    assert first.phase == "over" and first.join("late") is None
    assert of_class.open_room(1) is None and of_class.open_room(2) is second
    assert first.code != second.code


def test_what_the_teacher_cannot_have_is_said_in_a_sentence(school):
    here = school().start()
    with pytest.raises(InputError, match="this one has started"):
        here.room.choose(CLASS[1])
    with pytest.raises(InputError, match="seconds must be one of"):
        here.room.set_patience(7)


def test_a_listener_that_fails_keeps_nobody_from_hearing(school, caplog):
    here, heard = school(), []

    def fails():
        raise RuntimeError("a broken line")

    here.room.listen(fails)
    here.room.listen(lambda: heard.append(1))
    here.room.changed()
    here.room.changed()
    assert len(heard) == 2 and caplog.text.count("a line of the class broke") == 1


# ------------------------------------------------------------------------------- codes


def test_a_code_has_no_letters_that_are_mistaken_for_each_other():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code) == LENGTH and set(code) <= set(ALPHABET) for code in codes)
    assert not set("01OIL") & set(ALPHABET)


def test_a_code_is_the_same_however_it_is_typed():
    assert plain(" k7p-3qm ") == plain("K7P 3QM") == "K7P3QM"
    assert same(plain("k7p-3qm"), "K7P3QM") and not same(plain("k7p"), "K7P3QM")


def test_wrong_codes_are_limited_for_one_address_and_for_all():
    now = [0.0]
    limit = Limit(of_one=3, of_all=5, clock=lambda: now[0])
    for _ in range(3):
        assert limit.allows("a")
        limit.wrong("a")
    assert not limit.allows("a") and limit.allows("b")
    limit.wrong("b")
    limit.wrong("c")
    assert not limit.allows("d")  # all together
    now[0] = 61.0
    assert limit.allows("a") and limit.allows("d")


def test_many_addresses_take_no_memory_without_end():
    limit = Limit(of_one=3, of_all=10**9)
    for k in range(5000):
        limit.wrong(str(k))
    assert len(limit._by) <= 1000


def test_the_token_of_the_teacher_is_good_once():
    of_class = Classroom("127.0.0.2", 8765)
    token = of_class.token
    assert not of_class.spend("") and not of_class.spend("x" + token)
    assert of_class.spend(token) and not of_class.spend(token)
