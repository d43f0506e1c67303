"""Files made to do harm: the only answers are a graph or one short printable line."""

import os
import random
import resource
import time

import networkx as nx
import pytest

from coop_abm.core.errors import GraphError
from coop_abm.structures import Graph, read_graph

BODY = '<graph edgedefault="undirected"><node id="a"/><node id="b"/><edge source="a" target="b"/></graph>'


def outcome(path):
    """The graph, or the one line."""
    try:
        graph = read_graph(path)
    except GraphError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 400
        return message
    assert isinstance(graph, Graph)
    return graph


def laughs(levels):
    lines = ['<!ENTITY l0 "lol">']
    lines += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, levels + 1)]
    return f"<!DOCTYPE x [{''.join(lines)}]><graphml><desc>&l{levels};</desc>{BODY}</graphml>"


BOMBS = {
    "six laughs": laughs(6),
    "nine laughs": laughs(9),
    "quadratic": f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]><graphml>{"&a;" * 5_000}</graphml>',
    "external entity": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><graphml>&e;{BODY}</graphml>',
    "parameter entity": f'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://[::1]:9/"> %e;]><graphml>{BODY}</graphml>',
    "external DTD": f'<!DOCTYPE graphml SYSTEM "http://localhost:9/x.dtd"><graphml>{BODY}</graphml>',
    "public DTD": f'<!DOCTYPE graphml PUBLIC "-//x" "file:///dev/zero"><graphml>{BODY}</graphml>',
    "empty DTD": f"<!DOCTYPE graphml><graphml>{BODY}</graphml>",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=list(BOMBS))
def test_document_types_and_entities_are_refused_at_once(tmp_path, text):
    path = tmp_path / "bomb.graphml"
    path.write_text(text)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    assert "must have no document type (DTD) and no entities" in outcome(path)
    assert time.process_time() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, "kB"


@pytest.mark.parametrize("text", BOMBS.values(), ids=list(BOMBS))
def test_document_types_and_entities_are_refused_in_gexf_too(tmp_path, text):
    path = tmp_path / "bomb.gexf"
    path.write_text(text.replace("graphml", "gexf"))
    assert "must have no document type (DTD) and no entities" in outcome(path)


BYTES = {
    "undefined entity": (b"<graphml>&lol;</graphml>", "not well-formed"),
    "long attribute": (b'<graphml a="' + b"x" * 20_000 + b'"/>', "at most 10000 characters; got 20000"),
    "huge attribute": (b'<graphml a="' + b"x" * 3_000_000 + b'"/>', "no tag or text of 524288 bytes"),
    "many attributes": (b"<graphml " + b'a="" ' * 600_000 + b"/>", "no tag or text of 524288 bytes"),
    "huge text": (
        b'<graphml><key id="w" for="edge" attr.name="weight"><default>' + b"1" * 10_001,
        "at most 10000 characters",
    ),
    "huge name": (b"<" + b"x" * 100_000 + b"/>", "graphml document"),
    "deep": (b"<graphml>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</graphml>", "nested at most 100 deep"),
    "deep nodes": (b"<graphml>" + b"<node id='a'>" * 5_000, "in the graph itself"),
    "not UTF-8": ("<graphml><desc>é</desc></graphml>".encode("latin-1"), "must be UTF-8"),
    "UTF-16": ("<graphml/>".encode("utf-16"), "must be UTF-8"),
    "UTF-7 declared": (b'<?xml version="1.0" encoding="UTF-7"?><graphml/>', "it declares 'UTF-7'"),
    "surrogates": (b"<graphml>\xed\xa0\x80</graphml>", "must be UTF-8"),
    "NUL": (b"<graphml>\x00</graphml>", "NUL bytes"),
    "control": (b"<graphml>\x01</graphml>", "not well-formed"),
    "two marks": (b"\xef\xbb\xbf" * 2 + b"<graphml/>", ""),
    "processing": (b"<?xml-stylesheet href='file:///etc/passwd'?><graphml/>", "one graph; got none"),
}


@pytest.mark.parametrize(("data", "words"), BYTES.values(), ids=list(BYTES))
def test_hostile_documents_are_refused_in_one_line(tmp_path, data, words):
    path = tmp_path / "x.graphml"
    path.write_bytes(data)
    message = outcome(path)
    assert isinstance(message, str)
    assert words in message


DEFAULT = b'<gexf><graph><attributes class="edge"><attribute id="0" title="weight"><default>'
GEXF = {
    case: (data.replace(b"graphml", b"gexf"), words.replace("graphml", "gexf"))
    for case, (data, words) in BYTES.items()
    if case not in ("huge text", "deep nodes")
} | {
    "huge text": (DEFAULT + b"1" * 10_001, "at most 10000 characters"),
    "deep nodes": (b"<gexf><graph><nodes>" + b"<node id='a'>" * 5_000, "not below another node"),
    "long weight": (b"<gexf><graph><edges><edge weight='" + b"9" * 10_001, "not well-formed"),
}


@pytest.mark.parametrize(("data", "words"), GEXF.values(), ids=list(GEXF))
def test_hostile_gexf_is_refused_in_one_line(tmp_path, data, words):
    path = tmp_path / "x.gexf"
    path.write_bytes(data)
    message = outcome(path)
    assert isinstance(message, str)
    assert words in message


GRAPH = b'graph [ node [ id 1 label "a" ] node [ id 2 label "b" ] edge [ source 1 target 2 ] %s ]'
TEXTS = {
    "deep": (b"a [ " * 200_000, "nested at most 100 deep"),
    "deep inside": (GRAPH % (b"a [ " * 5_000 + b"] " * 5_000), "nested at most 100 deep"),
    "closing": (b"]" * 1_000_000, "must have a key here"),
    "long key": (b"k" * 3_000_000 + b" 1", "at most 256 characters"),
    "long number": (GRAPH % (b"a " + b"9" * 3_000_000 + b"x"), "is not GML"),
    "long weight": (
        GRAPH.replace(b"target 2", b"target 2 weight " + b"9" * 3_000_000) % b"",
        "at most 10000 characters",
    ),
    "long sign": (b"graph [ a " + b"+" * 1_000_000, "is not GML"),
    "long id": (b'graph [ node [ id "' + b"x" * 3_000_000 + b'" ] ]', "at most 256 characters"),
    "many quotes": (b'"' * 1_000_001, "must have a key here"),
    "open text": (b'a "' + b"x" * 3_000_000, "a text is not closed"),
    "many open texts": (b'a "b" ' * 200_000 + b'a "', "line 1: a text is not closed"),
    "many comments": (b"#\n" * 1_000_000 + b"x", "the value of 'x'"),
    "references": (b'graph [ node [ id "' + b"&amp;" * 600_000 + b'" ] ]', "at most 256 characters"),
    "code": (b"graph [ node [ id __import__('os').mkdir('pwned') ] ]", "line 1"),
    "Python": (b"{'graph': eval('1')}", "is not GML"),
    "not UTF-8": (b'graph [ node [ id "\xe9" ] ]', "must be UTF-8"),
    "NUL": (b"graph [ \x00 ]", "NUL bytes"),
    "control": (b"graph [ \x1b[2J ]", "is not GML"),
    "right to left": (b"graph [ node [ id " + "\u202e1".encode() + b" ] ]", "is not GML"),
    "other digits": ("graph [ node [ id ٣ ] ]".encode(), "is not GML"),
    "form feed and others": (b"graph\x0c[\x0b]", "at least 2 nodes"),
    "include": (b'include "/etc/passwd"', "one graph; got none"),
}


@pytest.mark.parametrize(("data", "words"), TEXTS.values(), ids=list(TEXTS))
def test_hostile_gml_is_refused_in_one_line_at_once(tmp_path, data, words):
    path = tmp_path / "x.gml"
    path.write_bytes(data)
    start = time.process_time()
    message = outcome(path)
    assert isinstance(message, str)
    assert words in message
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a b\nb \xff\n", "must be UTF-8; byte 6 is not"),
        (b"a \x00\n", "NUL bytes"),
        (b"a b {'weight': " + b"[" * 5_000 + b"}", "line 1"),
        (b"a b " + b" " * 300_000 + b"{" + b" " * 300_000, "line 1"),
        (b"a b {" + b"'" * 300_000, "line 1"),
        (b"a b " + b"9" * 10_001, "at most 10000 characters"),
        (b"a b " + b"9" * 9_999, "positive finite"),
        (b"," * 1_000_000, "got 101 columns"),
        (b"a b\n" + "\u202egnp.exe\u2066 b c d\n".encode(), "line 2"),
        (b"a\xc2\x85b c\n", "line 1"),
    ],
    ids=range(10),
)
def test_hostile_edge_lists_are_refused_in_one_line(tmp_path, data, words):
    path = tmp_path / "x.edgelist"
    path.write_bytes(data)
    start = time.process_time()
    message = outcome(path)
    assert isinstance(message, str)
    assert words in message
    assert time.process_time() - start < 2


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".gml", ".txt"])
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path, suffix):
    pipe, link, folder = (tmp_path / f"{name}{suffix}" for name in ("pipe", "link", "folder"))
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    folder.mkdir()
    assert "must be a regular file" in outcome(pipe)
    assert "must be a regular file" in outcome(link)
    assert "is a directory" in outcome(folder)
    assert "no such file" in outcome(tmp_path / f"missing{suffix}")
    assert "suffix" in outcome("/dev/zero")


def test_a_sparse_file_of_a_terabyte_is_refused_by_its_size(tmp_path):
    path = tmp_path / "x.txt"
    path.touch()
    os.truncate(path, 2**40)
    assert "at most 67108864 bytes; got 1099511627776" in outcome(path)


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    path.write_text("a b\n")

    def forbidden(*_):  # a mode of 0 does not stop root
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    assert "cannot be read: Permission denied" in outcome(path)


@pytest.mark.parametrize(
    "path", ["x\x00.txt", "x\ud800.txt", "x\n\x1b[2J.txt", "x" * 9_999 + ".txt", 7, None, b"x.txt"]
)
def test_hostile_paths_are_refused_in_one_line(path):
    assert isinstance(outcome(path), str)


def test_code_in_an_edge_list_does_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for line in ("__import__('os').mkdir('pwned') b", "a b {'weight': __import__('os').mkdir('pwned')}"):
        (tmp_path / "x.txt").write_text(line + "\n")
        outcome("x.txt")
        assert not (tmp_path / "pwned").exists()


def mutated(data, dice):
    """A copy with one to four bytes changed, inserted, removed, repeated or cut off."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(6):
            case 0:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                data[at:at] = dice.choice([b"<", b">", b'"', b"&", b"\x00", b"\xff", b"{", b",", b"\n", b"1e999", b"-"])
            case 2:
                del data[at : at + dice.randint(1, 30)]
            case 3:
                data[at:at] = data[at : at + dice.randint(1, 200)]
            case 4:
                if at < len(data):
                    data[at] ^= 1 << dice.randrange(8)
            case 5:
                if dice.random() < 0.1:
                    del data[at:]
    return bytes(data)


WRITERS = {".graphml": nx.write_graphml, ".gexf": nx.write_gexf, ".gml": nx.write_gml, ".edgelist": nx.write_edgelist}


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".gml", ".edgelist", ".csv"])
def test_500_mutations_of_a_sound_file_give_a_graph_or_one_line(tmp_path, suffix):
    sound = tmp_path / f"sound{suffix}"
    club = nx.karate_club_graph()
    if suffix == ".csv":
        nx.write_weighted_edgelist(club, sound, delimiter=",")
    else:
        WRITERS[suffix](club, sound)
    dice, path = random.Random(20_240), tmp_path / f"mutant{suffix}"
    outcomes = []
    for _ in range(500):
        path.write_bytes(mutated(sound.read_bytes(), dice))
        outcomes.append(outcome(path))
    refused = sum(isinstance(each, str) for each in outcomes)
    print(f"{suffix}: {refused} of 500 refused, 0 tracebacks")
    assert 100 < refused < 500, "both answers must have been given, or the mutations test nothing"
