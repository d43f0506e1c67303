"""Graph files as people have them, and the mistakes they make in them."""

import networkx as nx
import pytest

from coop_abm.core.errors import GraphError
from coop_abm.structures import from_networkx, limits, read_graph

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
KEY = '<key id="w" for="edge" attr.name="weight" attr.type="double">{}</key>'


def graphml(body, *, keys="", edgedefault="undirected"):
    return f'{HEAD}{keys}<graph edgedefault="{edgedefault}">{body}</graph></graphml>'


def nodes(*names):
    return "".join(f'<node id="{name}"/>' for name in names)


def edge(one, other, inner="", more=""):
    return f'<edge source="{one}" target="{other}"{more}>{inner}</edge>'


@pytest.fixture
def write(tmp_path):
    def written(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def refusal(path, **options):
    with pytest.raises(GraphError) as caught:
        read_graph(path, **options)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400
    return message


def test_karate_club_survives_graphml(tmp_path):
    club = nx.karate_club_graph()
    nx.write_graphml(club, tmp_path / "club.graphml")
    graph = read_graph(tmp_path / "club.graphml")
    assert graph.digest() == from_networkx(club).digest()
    assert graph.labels == tuple(str(node) for node in club)
    assert read_graph(tmp_path / "club.graphml", weight=None).digest() == from_networkx(club, weight=None).digest()


@pytest.mark.parametrize("data", [True, False, ["weight"]])
def test_karate_club_survives_edge_lists_as_networkx_writes_them(tmp_path, data):
    club = nx.karate_club_graph()
    nx.write_edgelist(club, tmp_path / "club.edgelist", data=data)
    graph = read_graph(tmp_path / "club.edgelist")
    again = nx.Graph()
    again.add_nodes_from(graph.labels)
    again.add_weighted_edges_from((graph.labels[i], graph.labels[j], w) for i, j, w in zip(*graph.edges(), strict=True))
    same = from_networkx(sorted_nodes(again), weight="weight" if data else None)
    assert same.digest() == from_networkx(club, weight="weight" if data else None).digest()


def sorted_nodes(graph):
    copy = nx.Graph()
    copy.add_nodes_from(sorted(graph))
    copy.add_edges_from(graph.edges(data=True))
    return copy


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "a,b,2\nb,c,3.5\n"),
        ("a.tsv", "a\tb\t2\nb\tc\t3.5\n"),
        ("a.txt", "a b 2\nb   c 3.5"),
        ("a.edges", "# two edges\n\n a, b , 2 # the first\nb,c,3.5\n"),
        ("a.EDGELIST", "a b {'weight': 2}\nb c {\"weight\": 3.5}\n"),
        ("a.txt", "\ufeffa b 2\r\nb c 3.5\r\n"),
        ("a.txt", "a b 2\rb c 3.5"),
        ("a.txt", "a b 2\nb c 35e-1"),
    ],
)
def test_edge_lists_in_many_hands_are_one_graph(write, name, text):
    graph = read_graph(write(name, text))
    assert graph.labels == ("a", "b", "c")
    assert graph.edges()[2].tolist() == [2.0, 3.5]


def test_names_with_blanks_are_kept_between_commas(write):
    assert read_graph(write("a.csv", "New York,Boston\n")).labels == ("New York", "Boston")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("10 -2\n-2 0", (10, -2, 0)),
        ("10 02", ("10", "02")),
        ("1 2\n2 x", ("1", "2", "x")),
        ("1 2.0", ("1", "2.0")),
        ("1 ٣", ("1", "٣")),
        ("1 1_0", ("1", "1_0")),
        ("1 -0", ("1", "-0")),
        ("1 1234567890123456789012", ("1", "1234567890123456789012")),
    ],
)
def test_names_become_whole_numbers_only_if_all_are(write, text, labels):
    assert read_graph(write("a.txt", text)).labels == labels


def test_empty_braces_and_missing_weights_count_one(write):
    graph = read_graph(write("a.txt", "a b {}\nb c {'weight': 3}\nc d"))
    assert graph.edges()[2].tolist() == [1.0, 3.0, 1.0]
    assert any("2 of 3 edges had no 'weight'" in note for note in graph.notes)


def test_graphml_default_weight_order_and_names(write):
    body = edge("z", "a") + edge("a", "ü", '<data key="w"> 2.5 </data>') + nodes("z", "a", "ü")
    graph = read_graph(write("a.graphml", graphml(body, keys=KEY.format("<default>4</default>"))))
    assert graph.labels == ("z", "a", "ü")
    assert graph.edges()[2].tolist() == [4.0, 2.5]


def test_graphml_weight_by_another_name(write):
    keys = KEY.format("").replace("weight", "strength")
    path = write("a.graphml", graphml(nodes(1, 2) + edge(1, 2, '<data key="w">2</data>'), keys=keys))
    assert read_graph(path, weight="strength").weighted
    assert not read_graph(path).weighted
    assert not read_graph(path, weight=None).weighted
    assert "'speed'" in refusal(path, weight="speed")


def test_foreign_elements_and_other_keys_are_passed_over(write):
    keys = '<key id="c" for="node" attr.name="weight" attr.type="string"/>' + KEY.format("")
    shape = '<data key="c"><y:Shape xmlns:y="urn:y"><y:graph/><y:data key="w">9</y:data></y:Shape></data>'
    body = f'<desc>mine</desc><node id="a">{shape}</node><node id="b"/>' + edge("a", "b", '<data key="w">2</data>')
    assert read_graph(write("a.graphml", graphml(body, keys=keys))).edges()[2].tolist() == [2.0]


def test_graphml_with_byte_order_mark_crlf_and_no_namespace(write):
    text = graphml(nodes("a", "b") + edge("a", "b")).replace(' xmlns="http://graphml.graphdrawing.org/xmlns"', "")
    assert read_graph(write("a.graphml", "\ufeff" + text.replace("><", ">\r\n<"))).labels == ("a", "b")


def test_parallel_edges_in_files_are_merged_with_a_note(write):
    graph = read_graph(write("a.csv", "a,b\nb,a\nb,c\n"))
    assert graph.notes == ("parallel edges counted once: 1",)
    graph = read_graph(write("a.graphml", graphml(nodes("a", "b") + edge("a", "b") + edge("b", "a"))))
    assert graph.notes == ("parallel edges counted once: 1",)


LISTS = {
    "self-loop": ("a b\nb b\n", "self-loops"),
    "two components": ("a b\nc d\n", "2 components"),
    "isolated": ("a b\nc\n", "1 of 3 have none: 'c'"),
    "empty": ("", "at least 2 nodes"),
    "only comments": ("# a b\n", "at least 2 nodes"),
    "four columns": ("a b 1\nb c 1 blue\n", "line 2: must have two node names and at most one weight; got 4"),
    "heading": ("from,to,weight\na,b,1\n", "line 1: a weight must be a positive finite number; got 'weight'"),
    "nan": ("a b nan\n", "line 1: a weight"),
    "1e999": ("a b 1e999\n", "got '1e999'"),
    "infinity": ("a b inf\n", "line 1"),
    "zero": ("a b 0\n", "positive"),
    "negative": ("a b -1\n", "positive"),
    "underscore": ("a b 1_0\n", "got '1_0'"),
    "other digits": ("a b ٣\n", "line 1"),
    "code": ("a b __import__('os').system('touch pwned')\n", "line 1"),
    "code in braces": (
        "a b {'weight': __import__('os')}\n",
        "line 1: only {} or {'weight': number} may follow",
    ),
    "deep braces": ("a b " + "{'a':" * 5000 + "}" * 5000 + "\n", "line 1: only {}"),
    "other key": ("a b {'colour': 3}\n", "line 1: only {}"),
    "braces and weight": ("a b 2 {'weight': 3}\n", "line 1"),
    "one name and braces": ("a {}\n", "line 1"),
    "empty name": ("a,,1\n", "line 1: a node name must not be empty"),
    "long name": ("a " + "b" * 257 + "\n", "line 1: a node name must have at most 256 characters; got 257"),
    "control characters": ("a b\x1b[2J\n", "line 1: a node name must have no control characters"),
}


@pytest.mark.parametrize(("text", "words"), LISTS.values(), ids=list(LISTS))
def test_wrong_edge_lists_are_refused_by_line(write, text, words):
    message = refusal(write("a.txt", text))
    assert "a.txt: " in message
    assert words in message


PAIR = nodes("a", "b") + edge("a", "b")
DOCUMENTS = {
    "directed": (graphml(PAIR, edgedefault="directed"), "undirected"),
    "no edgedefault": (graphml(PAIR).replace(' edgedefault="undirected"', ""), "got 'no edgedefault'"),
    "directed edge": (graphml(PAIR + edge("b", "a", more=' directed="true"')), "'b' - 'a' is directed"),
    "self-loop": (graphml(PAIR + edge("a", "a")), "self-loops"),
    "isolated": (graphml(PAIR + nodes("c")), "1 of 3 have none: 'c'"),
    "two components": (graphml(PAIR + nodes("c", "d") + edge("c", "d")), "2 components"),
    "dangling": (graphml(PAIR + edge("a", "ghost")), "node 'ghost' is not declared"),
    "node twice": (graphml(PAIR + nodes("a")), "node 'a' is declared twice"),
    "no id": (graphml(PAIR + "<node/>"), "must not be empty"),
    "no target": (graphml(PAIR + '<edge source="a"/>'), "must not be empty"),
    "hyperedge": (graphml(PAIR + '<hyperedge><endpoint node="a"/></hyperedge>'), "hyperedges"),
    "nested": (
        graphml(f'<node id="a"><graph edgedefault="undirected">{PAIR}</graph></node>'),
        "nested graphs",
    ),
    "two graphs": (graphml(PAIR + '</graph><graph edgedefault="undirected">'), "one graph; got several"),
    "no graph": (HEAD + "</graphml>", "one graph; got none"),
    "wrong root": ("<gexf/>", "must be a graphml document; got 'gexf'"),
    "page": ("<html><body>404</body></html>", "must be a graphml document"),
    "truncated": (graphml(PAIR)[:-30], "not well-formed"),
    "empty": ("", "not well-formed"),
    "not XML": ("a b\n", "not well-formed"),
    "node in node": (graphml('<node id="a"><node id="b"/></node>'), "must stand in the graph itself"),
    "edge outside": (HEAD + edge("a", "b") + "</graphml>", "edges must stand in the graph itself"),
    "undeclared key": (graphml(nodes("a", "b") + edge("a", "b", '<data key="w">1</data>')), "declared key"),
    "late key": (graphml(PAIR)[:-10] + KEY.format("") + "</graphml>", "before the graph"),
    "key twice": (graphml(PAIR, keys=KEY.format("") * 2), "declared twice"),
    "text key": (graphml(PAIR, keys=KEY.format("").replace("double", "string")), "declared as 'string'"),
    "control character": (graphml(nodes("a&#10;x", "b") + edge("a&#10;x", "b")), "control characters"),
    "latin-1 declared": (
        graphml(PAIR).replace("UTF-8", "ISO-8859-1"),
        "must be UTF-8; it declares 'ISO-8859-1'",
    ),
}


@pytest.mark.parametrize(("text", "words"), DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_wrong_documents_are_refused_by_what_is_wrong(write, text, words):
    message = refusal(write("a.graphml", text))
    assert "a.graphml: " in message
    assert words in message


@pytest.mark.parametrize("value", ["1e999", "nan", "-1", "0", "", "1 2", "x" * 9_000, "__import__('os')"])
def test_wrong_weights_in_documents_are_refused_by_edge(write, value):
    data = edge("a", "b", f'<data key="w">{value}</data>')
    assert "edge 'a' - 'b'" in refusal(write("a.graphml", graphml(nodes("a", "b") + data, keys=KEY.format(""))))


def test_two_weights_of_one_edge_are_refused(write):
    data = edge("a", "b", '<data key="w">1</data>' * 2)
    assert "two weights" in refusal(write("a.graphml", graphml(nodes("a", "b") + data, keys=KEY.format(""))))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.gexf", ".gexf is not yet supported; the suffix must be one of .graphml, .edgelist"),
        ("a.gml", ".gml is not yet supported"),
        ("a.pickle", "the suffix must be one of"),
        ("a", "the suffix must be one of"),
    ],
)
def test_unknown_suffixes_name_the_permitted_ones(write, name, words):
    assert words in refusal(write(name, "a b\n"))


def test_limits_on_bytes_nodes_and_edges_hold(write, monkeypatch):
    path, document = (
        write("a.txt", "a b\nb c\nc d\n"),
        write("a.graphml", graphml(PAIR + nodes("c") + edge("b", "c"))),
    )
    for name, value, word in (("BYTES", 11, "bytes"), ("NODES", 2, "nodes"), ("EDGES", 1, "edges")):
        with monkeypatch.context() as patch:
            patch.setattr(limits, name, value)
            assert f"at most {value} {word}" in refusal(path)
            assert f"at most {value} {word}" in refusal(document)
    assert read_graph(path).size == 4
