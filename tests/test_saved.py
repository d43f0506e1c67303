"""A saved world goes on where it was; a file that is none is refused in one sentence, unread."""

import io
import json
import zipfile

import pytest

from coop_abm import lab, saved
from coop_abm.core.errors import InputError
from coop_abm.engine import checkpoint
from coop_abm.opened import opened
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named


def going(name, steps, seed=4, **changes):
    scenario = replace(named(name), changes) if changes else named(name)
    world = lab.start(scenario, seed)
    for _ in range(steps):
        world.step()
    return scenario, world


@pytest.mark.parametrize("name", ["network", "group", "stern_judging", "all_five", "families"])
def test_a_file_after_a_hundred_steps_and_a_hundred_more_are_two_hundred(name, tmp_path):
    scenario, world = going(name, 100)
    path = saved.save_state(world, scenario, 4, tmp_path / "here.coop", time=100, curve=[(0.0, 1.0, 0.0)][:0])
    again = saved.open_state(path)
    assert (again.scenario, again.seed, again.time, again.curve) == (scenario, 4, 100, [])
    for _ in range(100):
        again.world.step()
        world.step()
    assert checkpoint.equal(checkpoint.take(again.world), checkpoint.take(world))
    straight = checkpoint.take(going(name, 200)[1])
    assert checkpoint.equal(checkpoint.take(again.world), straight)


def test_the_curve_comes_along_and_the_same_world_gives_the_same_file():
    scenario, world = going("network", 3)
    curve = [(float(t), 0.5, 0.5) for t in range(4)]
    body = saved.packed_state(world, scenario, 4, time=3, curve=curve)
    assert saved.opened_state(body).curve == curve
    assert saved.packed_state(world, scenario, 4, time=3, curve=curve) == body


def altered(body, change):
    """The same file with one part changed: `change` takes and gives {name: bytes}."""
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        parts = change({name: file.read(name) for name in file.namelist()})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return stream.getvalue()


def with_table(**entries):
    return lambda parts: parts | {"state.json": json.dumps(json.loads(parts["state.json"]) | entries).encode()}


def without(name):
    return lambda parts: {kept: part for kept, part in parts.items() if kept != name}


ELSEWHERE = b'network.graph = {kind = "file", path = "/etc/passwd"}'
BOMB = b"\0" * (40 << 20)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("state.json"), "has no state.json"),
        (without("scenario.toml"), "has no scenario.toml"),
        (without("columns/strategy"), "has no columns/strategy"),
        (lambda parts: parts | {"state.json": b"{"}, "not valid JSON"),
        (lambda parts: parts | {"state.json": b"[" * 100_000}, "not valid JSON"),
        (lambda parts: parts | {"state.json": b"[1]"}, "of format 1"),
        (lambda parts: parts | {"state.json": b"\xff\xfe"}, "not valid JSON"),
        (with_table(format=2), "of format 1"),
        (with_table(seed=-1), "seed must be a whole number"),
        (with_table(seed="7"), "seed must be a whole number"),
        (with_table(time=-1), "time must be a whole number"),
        (with_table(points=10**9), "points must be a whole number"),
        (with_table(points=5), "has no curve"),
        (with_table(numbers={"round": "9" * 99}), "its numbers are none"),
        (with_table(numbers={"round": "9" * 20}), "its round must be"),
        (with_table(numbers={"s0": "1"}), "its round must be"),
        (with_table(numbers=[]), "its numbers are none"),
        (with_table(texts=["", "a", "a"]), "its texts must be different"),
        (with_table(texts=["\ud800"]), "its texts are none"),
        (with_table(texts=[3]), "its texts are none"),
        (lambda parts: parts | {"scenario.toml": b"size = 'x'"}, "scenario.toml: size"),
        (lambda parts: parts | {"scenario.toml": b"\xff"}, "not valid TOML"),
        (lambda parts: parts | {"scenario.toml": b"a=" + b"[" * 9999}, "not valid TOML"),
        (lambda parts: parts | {"scenario.toml": ELSEWHERE}, "network.graph"),
        (lambda parts: parts | {"scenario.toml": BOMB}, "is not whole: scenario.toml has"),
        (lambda parts: parts | {"state.json": BOMB}, "is not whole: state.json has"),
        (lambda parts: parts | {"columns/strategy": BOMB}, "is not whole: columns/strategy has"),
        (lambda parts: parts | {"columns/strategy": b"\x7f" * len(parts["columns/strategy"])}, "strategy must lie in"),
        (lambda parts: parts | {"columns/payoff": b"\xff" * len(parts["columns/payoff"])}, "payoff must lie in"),
        (lambda parts: parts | {"columns/alive": b"\0" * len(parts["columns/alive"])}, "nobody is born"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_state_is_refused_in_one_sentence(change, words):
    scenario, world = going("stern_judging", 2)
    body = saved.packed_state(world, scenario, 4)
    with pytest.raises(InputError) as refused:
        saved.opened_state(altered(body, change))
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_bytes_that_are_no_archive_or_cut_short_are_refused(tmp_path):
    scenario, world = going("network", 2)
    body = saved.packed_state(world, scenario, 4)
    for wrong in (b"", b"PK\x03\x04", body[:-30], body[: len(body) // 2], b"\0" * 1000):
        with pytest.raises(InputError, match="no saved state"):
            saved.opened_state(wrong)
    middle = bytearray(body)
    middle[60:90] = b"\xff" * 30
    with pytest.raises(InputError):
        saved.opened_state(bytes(middle))
    with pytest.raises(InputError, match="must not exceed 64 MiB"):
        saved.opened_state(b"\0" * ((64 << 20) + 1))
    with pytest.raises(InputError, match=r"nowhere\.coop': cannot be read"):
        saved.open_state(tmp_path / "nowhere.coop")
    with pytest.raises(InputError, match="at most 10 individuals"):
        saved.opened_state(body, most=10)


def test_a_world_of_others_is_refused_before_it_is_started():
    scenario = replace(named("direct"), {"clock": "round"})
    world = lab.start(scenario, 0)
    body = saved.packed_state(world, scenario, 0)

    def asking(parts):
        return parts | {"scenario.toml": parts["scenario.toml"].replace(b'kind = "table"', b'kind = "model"')}

    hostile = altered(body, asking)
    with pytest.raises(InputError, match="language model decides cannot be saved"):
        saved.opened_state(hostile)


def test_the_command_line_takes_such_a_file(tmp_path):
    scenario, world = going("kin", 5)
    path = saved.save_state(world, scenario, 4, tmp_path / "kin.coop", time=5)
    found = opened(str(path))
    assert (found.scenario, found.seed, found.page, found.state) == (scenario, 4, "lab", path)
    with pytest.raises(InputError, match="knobs belong to a scenario"):
        opened(str(path), game__benefit=3)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"kin\.coop': this is no saved state"):
        opened(str(path))
