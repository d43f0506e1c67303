"""Choices that are validated, tables that branch, kinds that must differ, knobs that refuse."""

from typing import Literal

import numpy as np
import pytest
from pydantic import ValidationError

from coop_abm.core.errors import InputError, PolicyError, quoted
from coop_abm.core.part import Part, knob, one_of
from coop_abm.core.question import Options
from coop_abm.core.state import COLUMNS, State

ACT = Options(("cooperate", "defect"))


@pytest.mark.parametrize(
    "actions",
    [
        np.array([0, 1]),  # too few
        np.array([0, 1, 0, 1]),  # too many
        np.array([[0, 1, 0]]),  # another shape
        np.array([0.0, 1.0, 0.0]),  # numbers, but not whole ones by type
        np.array([True, False, True]),  # switches are no positions
        np.array(["0", "1", "0"]),
        np.array([None, 0, 1]),
        0,
    ],
)
def test_answers_of_the_wrong_shape_or_type_are_refused(actions):
    with pytest.raises(PolicyError, match=r"^a policy must return 3 whole numbers; got "):
        ACT.validate(actions, 3)


@pytest.mark.parametrize("wrong", [-1, 2, 2**40])
def test_an_answer_out_of_range_is_refused_and_its_row_named(wrong):
    with pytest.raises(PolicyError, match=rf"^row 1: {wrong} is not among 0 cooperate, 1 defect$"):
        ACT.validate(np.array([0, wrong, 5]), 3)


def test_a_large_unsigned_answer_is_refused_before_it_can_wrap_around():
    with pytest.raises(PolicyError):
        ACT.validate(np.array([2**64 - 1], np.uint64), 1)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_permitted_answers_come_back_unchanged_as_int64(dtype):
    found = ACT.validate(np.array([1, 0, 1], dtype), 3)
    assert found.tolist() == [1, 0, 1]
    assert found.dtype == np.int64


def test_no_rows_need_no_answers():
    assert len(ACT.validate(np.empty(0, np.int64), 0)) == 0


def test_validated_answers_do_not_share_memory_with_the_policy():
    given = np.array([0, 1])
    ACT.validate(given, 2)[0] = 1
    assert given.tolist() == [0, 1]


# ------------------------------------------------------------------------------- the table


def numbered():
    state = State.neutral(2, 3, pairs=True)
    for c, values in enumerate(state.columns.values()):
        values[:] = np.arange(values.size).reshape(values.shape) + c
    return state


def test_a_new_table_is_neutral_in_every_column():
    state = State.neutral(2, 3)
    for column in COLUMNS:
        values = getattr(state, column.name)
        assert (values.shape, values.dtype) == ((2, 3), np.dtype(column.dtype))
        assert (values == column.neutral).all()


def test_columns_of_pairs_take_no_room_unless_asked_for():
    assert State.neutral(2, 3).opinion.shape == (2, 0, 0)
    assert State.neutral(2, 3, pairs=True).opinion.tolist() == np.ones((2, 3, 3)).tolist()


def test_branching_repeats_each_replicate_in_a_row():
    state, branched = numbered(), numbered().branch(3)
    assert branched.shape == (6, 3)
    for name, values in state.columns.items():
        for k in range(6):
            assert branched.columns[name][k].tolist() == values[k // 3].tolist()
            assert branched.columns[name].dtype == values.dtype


def test_branches_go_on_apart_from_each_other_and_from_their_origin():
    state = numbered()
    branched = state.branch(2)
    branched.strategy[0] = 99
    assert 99 not in state.strategy
    assert 99 not in branched.strategy[1:]


def test_a_copy_is_equal_and_shares_nothing():
    state = numbered()
    twin = state.copy()
    assert all(np.array_equal(state.columns[name], twin.columns[name]) for name in state.columns)
    assert not any(np.shares_memory(state.columns[name], twin.columns[name]) for name in state.columns)


def test_a_column_that_does_not_exist_is_named():
    with pytest.raises(AttributeError, match="the table has no column 'wealth'"):
        State.neutral(1, 2).wealth


# ------------------------------------------------------------------------------- parts


class Dove(Part):
    kind: Literal["dove"] = "dove"
    calm: float = knob(0.5, "calm", low=0, high=1)


class OtherDove(Part):
    kind: Literal["dove"] = "dove"


class Hawk(Part):
    kind: Literal["hawk"] = "hawk"
    teeth: int = knob(2, "teeth", low=0, below=5)


class Nest(Part):
    bird: one_of(Dove, Hawk) = Dove()


class Cage(Part):
    bird: one_of(Hawk) = Hawk()


def test_two_kinds_of_one_name_are_refused():
    with pytest.raises(InputError, match=r"^kind 'dove' is declared twice in one family of parts$"):
        one_of(Dove, Hawk, OtherDove)


@pytest.mark.parametrize("family", [Nest, Cage])
def test_a_bare_word_chooses_a_kind_with_its_defaults(family):
    assert family.model_validate({"bird": "hawk"}).bird == Hawk()
    assert family.model_validate({"bird": {"kind": "hawk", "teeth": 4}}).bird.teeth == 4


@pytest.mark.parametrize(
    "bird", ["owl", 3, None, {"kind": "owl"}, {"kind": ["hawk"]}, {"teeth": 3}, {"kind": "hawk", "calm": 1.0}, Part()]
)
def test_an_unknown_kind_or_a_knob_of_another_kind_is_refused(bird):
    with pytest.raises(ValidationError):
        Nest.model_validate({"bird": bird})


@pytest.mark.parametrize("calm", [-0.1, 1.1, float("nan"), float("inf"), "0.5", True, None])
def test_a_knob_refuses_what_lies_outside_its_interval_or_is_no_number(calm):
    with pytest.raises(ValidationError):
        Dove(calm=calm)


@pytest.mark.parametrize("teeth", [-1, 5, 2.0, "2"])
def test_a_whole_knob_refuses_fractions_and_its_excluded_upper_bound(teeth):
    with pytest.raises(ValidationError):
        Hawk(teeth=teeth)


def test_a_part_cannot_be_changed():
    with pytest.raises(ValidationError):
        Dove().calm = 0.1


def test_equal_parts_are_interchangeable():
    assert hash(Dove(calm=0.25)) == hash(Dove(calm=0.25))
    assert Dove(calm=0.25) != Dove()


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\r\nb", "\u202eevil", "\x00", "x" * 10_000])
def test_text_from_outside_is_quoted_on_one_short_printable_line(text):
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) < 400
