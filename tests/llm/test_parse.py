"""A reply is an action or a text as a whole, or it is nothing."""

import collections
import json
import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.parse import LARGEST, Parsed, Refusal, parse
from tests.llm import prompting
from tests.llm.prompting import answered

ACT = Facts("act", ((2.0, -1.0), (3.0, 0.0)), round=0, turn=0, partner=7)
TALK = ACT._replace(stage="talk", limit=20)
PLAIN, REASONED = Manner(), Manner(reasoning=True)

GOOD = '{"action": "action_a"}'

LEGAL = [
    (GOOD, 0), ('{"action":"action_b"}', 1), (f"\n {GOOD}\t\r\n", 0), (f"```json\n{GOOD}\n```", 0),
    (f"```\n{GOOD}```", 0), (f"<think>action_b!</think>{GOOD}", 0),
    (f"I could take action_b.\n</think>\n\n{GOOD}", 0),
    (f"<think>a</think><think>b</think>```json\n{GOOD}\n```\n", 0),
    ('{"\\u0061ction": "action\\u005fa"}', 0), ('{\n  "action":\n "action_b"\n}', 1),
]  # fmt: skip

ILLEGAL = [
    "", " ", "action_a", '"action_a"', "I choose action_a.", f"Sure! {GOOD}", f"{GOOD} because",
    f"{GOOD}{GOOD}", f"[{GOOD}]", '{"action": "Action_a"}', '{"action": "ACTION_A"}',
    '{"action": " action_a"}', '{"action": "action_a "}', '{"action": "аction_a"}',
    '{"action": "ａｃｔｉｏｎ_ａ"}', '{"action": "action_a\\u200b"}', '{"action": "action\u00ada"}',
    '{"action": "action_a", "action": "action_b"}', '{"action": "action_a", "action": "action_a"}',
    '{"action": "action_a", "reasoning": "so"}', '{"Action": "action_a"}', '{"аction": "action_a"}',
    "{}", "null", "[]", "0", '{"action": 0}', '{"action": 1e999}', '{"action": NaN}',
    '{"action": -Infinity}', '{"action": null}', '{"action": true}', '{"action": ["action_a"]}',
    '{"action": {"action": "action_a"}}', '{"action": ' + "9" * 20_000 + "}", "{'action': 'action_a'}",
    '{"action": "action_a",}', '{"action": "action_a"', '{"action": "action_', '{"action"', "{",
    '{"action": "action_a"}\x00', '\ufeff{"action": "action_a"}', '\u00a0{"action": "action_a"}',
    '{"action": "action_a\n"}', '{"name": "choose", "arguments": {"action": "action_a"}}',
    '<tool_call>{"action": "action_a"}</tool_call>',
    '{"tool_calls": [{"function": {"name": "act", "arguments": "{}"}}]}', f"<think>{GOOD}",
    f"<think>{GOOD}</think>", f"{GOOD}<think>x</think>", f"<thinking>x</thinking>{GOOD}",
    f"```json\n{GOOD}", f"{GOOD}\n```", f"```python\n{GOOD}\n```",
    f"```json\n{GOOD}\n```\n```json\n{GOOD}\n```", f"```json\n```json\n{GOOD}\n```\n```",
    f"Here:\n```json\n{GOOD}\n```", f"/* yes */ {GOOD}", f"{GOOD} // yes",
    '{"action": "action_a" /* yes */}', "{" * 50_000, "[" * 60_000, '{"action": ' * 20_000,
    '{"action": "' + "a" * LARGEST + '"}', "\ud800", '{"action": "\ud800"}', '{"action": "\\ud800"}',
    '{"action": "cooperate"}', '{"action": "0"}', '{"action": "action_a\\u0000"}',
    '{"action": "action_a, action_b"}', '{"action": "action_a"} {"action": "action_b"}',
    'data: {"action": "action_a"}', '{"action": "action_a"}</think>',
]  # fmt: skip


@pytest.mark.parametrize("text, action", LEGAL)
def test_a_legal_reply_is_its_action(text, action):
    assert parse(answered(text), ACT, PLAIN) == Parsed(action, parse(answered(text), ACT, PLAIN).reasoning)


@pytest.mark.parametrize("text", ILLEGAL, ids=range(len(ILLEGAL)))
@pytest.mark.parametrize("finish", ["stop", "length", "tool_calls", ""])
def test_anything_else_is_refused_with_a_short_reason(text, finish):
    refused = parse(answered(text, finish), ACT, PLAIN)
    assert isinstance(refused, Refusal), refused
    assert 0 < len(refused.why) < 200 and refused.why.isprintable()


def test_a_body_that_is_no_chat_completion_is_refused_whatever_it_holds():
    assert isinstance(parse(answered(GOOD, "malformed"), ACT, PLAIN), Refusal)


def test_a_complete_object_counts_even_where_the_reply_was_cut_after_it():
    assert parse(answered(GOOD, "length"), ACT, PLAIN) == Parsed(0, "")


def test_labels_turned_round_turn_the_action_round():
    assert parse(answered(GOOD), ACT, Manner(labels=("action_b", "action_a"))) == Parsed(1, "")


def test_all_reasoning_is_kept_in_order():
    text = '<think>one \ud800</think>{"reasoning": "two", "action": "action_b"}'
    found = parse(answered(text, reasoning="zero"), ACT, REASONED)
    assert found == Parsed(1, "zero\none \\ud800\ntwo")
    assert isinstance(parse(answered(GOOD), ACT, REASONED), Refusal)


@pytest.mark.parametrize(
    "stage, key", [("talk", "message"), ("plan", "plan"), ("critique", "critique"), ("revise", "plan")]
)
def test_a_text_is_taken_as_it_is_up_to_its_limit(stage, key):
    facts = TALK._replace(stage=stage)

    def said(text):
        return parse(answered(json.dumps({key: text})), facts, PLAIN)

    assert said("") == Parsed("", "") and said("x" * 20) == Parsed("x" * 20, "")
    assert said("two\nlines\tمرحبا 👩‍👧") == Parsed("two\nlines\tمرحبا 👩‍👧", "")
    assert said("x" * 21) == Refusal("21 characters where at most 20 are permitted")
    for wrong in ("\x00", "\x1b[2J", "\x7f", "\x85", "\ud800", "\udc00\ud800"):
        assert isinstance(said(wrong), Refusal)
    assert isinstance(parse(answered(GOOD), facts, PLAIN), Refusal)


def test_a_text_without_a_declared_limit_still_has_one():
    facts = TALK._replace(limit=None)
    assert isinstance(parse(answered(json.dumps({"message": "x" * 5001})), facts, PLAIN), Refusal)


# ------------------------------------------------------------------------------- row L6

_scalars = st.none() | st.booleans() | st.floats() | st.integers() | st.integers(10**300, 10**301) | prompting.texts
_values = st.recursive(
    _scalars | st.sampled_from(["action_a", "action_b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(prompting.texts, inner, max_size=3),
    max_leaves=6,
)
_keys = st.sampled_from(["action", "reasoning", "Action", "actiоn", "message", "arguments"]) | prompting.texts
_objects = st.lists(st.tuples(_keys, _values), max_size=3).map(
    lambda pairs: "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}"
)
_around = st.sampled_from(
    ["", " ", "\n", "```", "```json\n", "<think>", "</think>", "so ", "}", "{", "\ufeff", "\x00", "//"]
)


_PIECES = (
    "", " ", "\n", "```", "```json\n", "<think>", "</think>", "so ", "{", "}", '"', "\\", ",", ":", "[",
    "]", "//", "\x00", "\ufeff", "\u200b", "\ud800", "action_a", "action_b", '"action"', '"reasoning"',
    '"action_a"', "null", "1e999", "а", "_",
)  # fmt: skip
SEEDS = (*(text for text, _ in LEGAL), '{"reasoning": "so", "action": "action_b"}')

replies = st.one_of(st.sampled_from(SEEDS), prompting.texts, st.tuples(st.sampled_from(_PIECES), _objects).map("".join))


_STRING = r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"'
_GAP = r"[ \t\r\n]*"
_PAIR = f"{_STRING}{_GAP}:{_GAP}{_STRING}"
_BLOCKS = rf"(?:{_GAP}<think>[\s\S]*?</think>)*"
_AHEAD = re.compile(rf"(?!{_GAP}(?:\{{|```|<think>))[\s\S]*?</think>{_BLOCKS}|{_BLOCKS}")
_FENCED = re.compile(rf"{_GAP}```(?:json)?[ \t\r]*\n([\s\S]*)```{_GAP}")
_FLAT = re.compile(rf"{_GAP}\{{{_GAP}{_PAIR}(?:{_GAP},{_GAP}{_PAIR})?{_GAP}\}}{_GAP}")


def _spelled(text, manner):
    """The action that a reply spells, told by a second reader, made of regular expressions; None for no action."""
    bare = text[_AHEAD.match(text).end() :]
    fenced = _FENCED.fullmatch(bare)
    found = _FLAT.fullmatch(fenced[1] if fenced else bare)
    if not found:
        return None
    told = [json.loads(f'"{piece}"') for piece in found.groups() if piece is not None]
    pairs = dict(zip(told[::2], told[1::2]))
    wanted = {"action", "reasoning"} if manner.reasoning else {"action"}
    if set(pairs) != wanted or len(told) != 2 * len(wanted) or pairs["action"] not in manner.labels:
        return None
    return manner.labels.index(pairs["action"])


def _changed(text, dice):
    """The text with one to three pieces put in, taken out, exchanged or doubled."""
    for _ in range(dice.randint(1, 3)):
        place, end = sorted(dice.randint(0, len(text)) for _ in range(2))
        end = min(end, place + dice.choice((0, 0, 1, 2, 12)))
        piece = dice.choice((*_PIECES, chr(dice.randrange(0x110000)), text[place:end] * 2, text[::-1][:3]))
        text = text[:place] + piece + text[end:]
    return text


def _fuzz(examples):
    """Ten replies for each example: one that hypothesis made, and nine that are one another's mutations.

    Returns how many were an action and how many were refused; the second reader agreed on each.
    """
    seen = collections.Counter()

    @settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(replies, st.sampled_from([PLAIN, REASONED]), st.integers(0, 2**32))
    def only_legal_actions(text, manner, seed):
        dice = random.Random(seed)
        for _ in range(10):
            found, spelled = parse(answered(text), ACT, manner), _spelled(text, manner)
            if isinstance(found, Parsed):
                assert type(found.value) is int and found.value == spelled
            else:
                assert spelled is None, f"refused although legal: {found.why}"
            seen[type(found)] += 1
            text = _changed(dice.choice((text, *SEEDS)), dice)

    only_legal_actions()
    return seen[Parsed], seen[Refusal]


def test_no_fuzzed_reply_is_an_illegal_action():
    legal, refused = _fuzz(1_000)
    assert legal + refused >= 10_000 and legal >= 300 and refused >= 5_000, (legal, refused)


@pytest.mark.validate
def test_no_reply_of_many_is_an_illegal_action():
    legal, refused = _fuzz(10_000)
    print(f"\n{legal + refused} replies: {legal} legal, {refused} refused, no illegal action")
    assert legal + refused >= 100_000 and legal >= 3_000 and refused >= 50_000, (legal, refused)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(prompting.manners(), st.integers(0, 1), st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_every_legal_reply_is_accepted(manner, action, reasoning):
    told = {"reasoning": reasoning} if manner.reasoning else {}
    for ascii_only in (False, True):
        text = json.dumps({**told, "action": manner.labels[action]}, ensure_ascii=ascii_only)
        assert parse(answered(text), ACT, manner).value == action


def test_a_reply_of_many_blocks_is_read_once():
    """Four million characters of empty reasoning blocks: a reader that copies what is left never ends."""
    assert parse(answered("<think></think>" * 270_000 + GOOD), ACT, PLAIN).value == 0
    assert isinstance(parse(answered("<think>" * 600_000), ACT, PLAIN), Refusal)
    assert isinstance(parse(answered("x" * 4_000_000), ACT, PLAIN), Refusal)
