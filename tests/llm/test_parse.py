"""A reply is an action or a text as a whole, or it is nothing."""

import json

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
    assert isinstance(parse(answered(json.dumps({"message": "x" * 4001})), facts, PLAIN), Refusal)


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


@st.composite
def _mutated(draw):
    """A legal reply, with some characters put in, taken out or exchanged."""
    text = draw(st.sampled_from([text for text, _ in LEGAL] + ['{"reasoning": "so", "action": "action_b"}']))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(prompting.texts | _around) + text[place + draw(st.integers(0, 2)) :]
    return text


replies = st.one_of(
    _mutated(), st.tuples(_around, _objects | prompting.texts, _around).map("".join), prompting.texts
).map(lambda text: answered(text[: 2 * LARGEST]))


def _spelled(text, manner):
    """The action that a reply spells, told by a second reader that is slow and shares no code with the first."""
    import re

    string = r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"'
    space = r"[ \t\r\n]*"
    pair = f"{string}{space}:{space}{string}"
    bare = re.sub(r"\A[ \t\r\n]*(<think>[\s\S]*?</think>[ \t\r\n]*)+", "", text)
    if bare == text and not re.match(r"[ \t\r\n]*(\{|```)", text):
        bare = re.sub(r"\A[\s\S]*?</think>[ \t\r\n]*(<think>[\s\S]*?</think>[ \t\r\n]*)*", "", text)
    fenced = re.fullmatch(rf"{space}```(?:json)?[ \t\r]*\n([\s\S]*)```{space}", bare)
    found = re.fullmatch(
        rf"{space}\{{{space}{pair}(?:{space},{space}{pair})?{space}\}}{space}", fenced[1] if fenced else bare
    )
    if not found:
        return None
    told = [json.loads(f'"{piece}"') for piece in found.groups() if piece is not None]
    names = sorted(told[::2])
    wanted = ["action", "reasoning"] if manner.reasoning else ["action"]
    if names != wanted or told[told.index("action", 0) + 1 if told[0] == "action" else 3] not in manner.labels:
        return None
    return manner.labels.index(told[1] if told[0] == "action" else told[3])


def _only_legal_actions(reply, manner):
    found = parse(reply, ACT, manner)
    spelled = _spelled(reply.text, manner)
    if isinstance(found, Parsed):
        assert found.value in (0, 1) and type(found.value) is int
        assert found.value == spelled
    else:
        assert spelled is None, f"refused although legal: {found.why}"


_calm = {"derandomize": True, "deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=10_000, **_calm)
@given(replies, st.sampled_from([PLAIN, REASONED]))
def test_no_fuzzed_reply_is_an_illegal_action(reply, manner):
    _only_legal_actions(reply, manner)


@pytest.mark.validate
@settings(max_examples=100_000, **_calm)
@given(replies, st.sampled_from([PLAIN, REASONED]))
def test_no_reply_of_many_is_an_illegal_action(reply, manner):
    _only_legal_actions(reply, manner)


@settings(max_examples=500, **_calm)
@given(
    prompting.manners(languages=("en",)),
    st.integers(0, 1),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
)
def test_every_legal_reply_is_accepted(manner, action, reasoning):
    told = {"reasoning": reasoning} if manner.reasoning else {}
    for ascii_only in (False, True):
        text = json.dumps({**told, "action": manner.labels[action]}, ensure_ascii=ascii_only)
        assert parse(answered(text), ACT, manner).value == action
