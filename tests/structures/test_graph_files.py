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
        ("a.pickle", "the suffix must be one of .graphml, .gexf, .gml, .edgelist, .edges, .txt, .csv, .tsv"),
        ("a.gml.gz", "the suffix must be one of"),
        ("a", "the suffix must be one of"),
    ],
)
def test_unknown_suffixes_name_the_permitted_ones(write, name, words):
    assert words in refusal(write(name, "a b\n"))


def test_limits_on_bytes_nodes_and_edges_hold(write, monkeypatch):
    paths = [
        write("a.txt", "a b\nb c\nc d\n"),
        write("a.graphml", graphml(PAIR + nodes("c") + edge("b", "c"))),
        write("a.gexf", gexf(nodes("a", "b", "c"), edge("a", "b") + edge("b", "c"))),
        write("a.gml", gml(1, 2, 3, edges=[(1, 2), (2, 3)])),
    ]
    for name, value, word in (("BYTES", 11, "bytes"), ("NODES", 2, "nodes"), ("EDGES", 1, "edges")):
        with monkeypatch.context() as patch:
            patch.setattr(limits, name, value)
            assert all(f"at most {value} {word}" in refusal(path) for path in paths)
    assert [read_graph(path).size for path in paths] == [4, 3, 3, 3]


# ------------------------------------------------------------------------------------- GEXF and GML


WRITERS = {".graphml": nx.write_graphml, ".gexf": nx.write_gexf, ".gml": nx.write_gml}


def gexf(nodes, edges, *, before="", graph='defaultedgetype="undirected" mode="static"', space="http://gexf.net/1.3"):
    """As Gephi writes it: a version's namespace, colours and places beside it."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><gexf xmlns="{space}" xmlns:viz="{space}/viz" version="1.3">'
        f"<meta><creator>Gephi 0.10.1</creator></meta><graph {graph}>{before}"
        f"<nodes>{nodes}</nodes><edges>{edges}</edges></graph></gexf>"
    )


def gml(*names, edges=(), more="", head=""):
    """Nodes by id, edges as (source, target) or (source, target, what else is said of it)."""
    listed = "".join(f"  node [ id {name} ]\n" for name in names)
    joined = "".join(f"  edge [ source {e[0]} target {e[1]} {' '.join(e[2:])} ]\n" for e in edges)
    return f"{head}graph [\n{listed}{joined}{more}]\n"


@pytest.mark.parametrize("suffix", [".gexf", ".gml"])
def test_karate_club_survives_as_networkx_writes_it(tmp_path, suffix):
    club, path = nx.karate_club_graph(), tmp_path / f"club{suffix}"
    WRITERS[suffix](club, path)
    graph = read_graph(path)
    assert graph.digest() == from_networkx(club).digest()
    assert graph.labels == tuple(str(node) for node in club)
    assert len(graph.notes) == 1 and graph.notes[0].startswith("edge weights are used (attribute 'weight')")
    assert read_graph(path, weight=None).digest() == from_networkx(club, weight=None).digest()


NAMES = [
    "Jean Valjean",
    "ü",
    'a "quoted" & <tagged>',
    "名前",
    "&amp; as it stands",
    "tab-less",
    "é\u0301",
    "𝔊",
    "#1",
    "]",
]


@pytest.mark.parametrize("suffix", WRITERS)
def test_names_of_all_scripts_and_signs_survive_as_networkx_writes_them(tmp_path, suffix):
    ring, path = nx.relabel_nodes(nx.cycle_graph(len(NAMES)), dict(enumerate(NAMES))), tmp_path / f"ring{suffix}"
    WRITERS[suffix](ring, path)
    assert read_graph(path).labels == tuple(NAMES)
    assert read_graph(path).digest() == from_networkx(ring).digest()


@pytest.mark.parametrize("suffix", [".gexf", ".gml"])
def test_other_attributes_of_all_types_are_passed_over(tmp_path, suffix):
    graph, path = nx.cycle_graph(4), tmp_path / f"a{suffix}"
    graph.graph["about"] = "a square"
    graph.add_node(0, place=1.5, known=True, count=3, word="x [ y ] # z", far=float("inf"), none=float("nan"))
    graph.add_edge(0, 1, weight=0.25, colour="red", since=1999)
    WRITERS[suffix](graph, path)
    found = read_graph(path)
    assert found.edges()[2].tolist() == [0.25, 1.0, 1.0, 1.0]
    assert "3 of 4 edges had no 'weight' and were given 1.0" in found.notes
    assert read_graph(path, weight="since").edges()[2].tolist() == [1999.0, 1.0, 1.0, 1.0]
    assert "'speed'" in refusal(path, weight="speed")


@pytest.mark.parametrize("suffix", [".gexf", ".gml"])
def test_parallel_edges_of_a_multigraph_are_merged_with_a_note(tmp_path, suffix):
    graph, path = nx.MultiGraph([(0, 1), (0, 1), (1, 2)]), tmp_path / f"a{suffix}"
    WRITERS[suffix](graph, path)
    assert read_graph(path).notes == ("parallel edges counted once: 1",)


@pytest.mark.parametrize("suffix", [".gexf", ".gml"])
def test_a_directed_graph_of_networkx_is_refused(tmp_path, suffix):
    WRITERS[suffix](nx.DiGraph([(0, 1), (1, 2)]), tmp_path / f"a{suffix}")
    assert "must be undirected" in refusal(tmp_path / f"a{suffix}")


SPACES = [
    "http://gexf.net/1.3",
    "http://www.gexf.net/1.3",
    "http://www.gexf.net/1.2draft",
    "http://www.gexf.net/1.1draft",
]


@pytest.mark.parametrize("space", SPACES)
def test_gexf_as_gephi_writes_it(write, space):
    looks = '<viz:size value="10"/><viz:position x="1" y="2"/><viz:color r="1" g="2" b="3"/>'
    before = (
        '<attributes class="node" mode="static"><attribute id="degree" title="weight" type="string"/></attributes>'
        '<attributes class="edge" mode="static"><attribute id="kind" title="Edge Label" type="string"/></attributes>'
    )
    one = f'<node id="11" label="Valjean"><attvalues><attvalue for="degree" value="x"/></attvalues>{looks}</node>'
    two = f'<node id="48" label="Gavroche">{looks}</node>'
    value = '<attvalues><attvalue for="kind" value="met"/></attvalues><viz:thickness value="2"/>'
    joined = f'<edge id="0" source="11" target="48" type="undirected" weight="2.5">{value}</edge>'
    graph = read_graph(write("a.gexf", gexf(one + two, joined, before=before, space=space)))
    assert graph.labels == ("Valjean", "Gavroche")
    assert graph.edges()[2].tolist() == [2.5]


def test_gexf_weight_by_a_title_its_default_and_no_namespace(write):
    before = (
        '<attributes class="edge"><attribute id="7" title="strength" type="float"><default>4</default></attribute>'
        "</attributes>"
    )
    heavy = edge("b", "c", '<attvalues><attvalue for="7" value="2"/></attvalues>', ' weight="9"')
    text = gexf(nodes("a", "b", "c"), edge("a", "b") + heavy, before=before)
    path = write("a.gexf", text.replace(' xmlns="http://gexf.net/1.3"', ""))
    assert read_graph(path, weight="strength").edges()[2].tolist() == [4.0, 2.0]
    assert read_graph(path).edges()[2].tolist() == [1.0, 9.0]
    assert not read_graph(path, weight=None).weighted


LABELLED = {
    "all differ": (["Ann", "Bob"], ("Ann", "Bob"), ""),
    "repeat": (["Ann", "Ann"], ("1", "2"), "labels of nodes repeat, so their ids are used"),
    "one is missing": (["Ann", None], ("1", "2"), "labels of nodes are missing in places, so their ids are used"),
    "one is empty": (["Ann", ""], ("1", "2"), "labels of nodes are not all one line of at most 256 characters"),
    "one has two lines": (["Ann", "Bob&#10;Lee"], ("1", "2"), "labels of nodes are not all one line"),
    "one is long": (["Ann", "B" * 257], ("1", "2"), "labels of nodes are not all one line"),
    "none has one": ([None, None], ("1", "2"), ""),
}


@pytest.mark.parametrize("case", LABELLED)
def test_labels_are_names_where_they_tell_nodes_apart_and_else_it_is_said(write, case):
    labels, names, note = LABELLED[case]
    said = ["" if label is None else f'label="{label}"' for label in labels]
    marked = "".join(f'<node id="{i}" {words}/>' for i, words in enumerate(said, 1))
    listed = "".join(f"node [ id {i} {words.replace('=', ' ')} ] " for i, words in enumerate(said, 1))
    graphs = [
        read_graph(write("a.gexf", gexf(marked, edge(1, 2)))),
        read_graph(write("a.gml", f"graph [ {listed} edge [ source 1 target 2 ] ]")),
    ]
    for graph in graphs:
        assert graph.labels == names
        assert [n.startswith(note) for n in graph.notes] == ([True] if note else [])


GML = {
    "one line": 'graph [ node [ id 1 label "a" ] node [ id 2 label "b" ] edge [ source 1 target 2 weight 2.5 ] ]',
    "as Gephi writes it": (
        'graph\n[\n  Creator "Gephi"\n  directed 0\n  node\n  [\n    id 1\n    label "a"\n    graphics\n    [\n'
        '      x -10.5\n      y 3.2E1\n    ]\n  ]\n  node\n  [\n    id 2\n    label "b"\n  ]\n  edge\n  [\n'
        "    id 0\n    source 1\n    target 2\n    value 2.5\n  ]\n]\n"
    ),
    "comments and carriage returns": (
        '# a comment ] "\r\nCreator "me" # here too\r\nVersion 1\r\ngraph [\r\nnode [id 1 label "a"]\r\n'
        'node[id 2 label "b"]\r\nedge[source 1 target 2 weight +.25e1]]'
    ),
    "edges first": 'graph [ edge [ target 2 source 1 weight 25E-1 ] node [ label "a" id 1 ] node [ id 02 label "b" ] ]',
    "ids that are texts": 'graph [ node [ id "a" ] node [ id "b" ] edge [ source "a" target "b" weight 2.5 ] ]',
    "entities": (
        'graph [ node [ id 1 label "&#97;" ] node [ id 2 label "&#x62;" ] edge [ source 1 target 2 weight 2.5 ] ]'
    ),
}


@pytest.mark.parametrize("text", GML.values(), ids=list(GML))
def test_gml_in_many_hands_is_one_graph(write, text):
    graph = read_graph(write("a.gml", text))
    assert graph.labels == ("a", "b")
    assert graph.edges()[2].tolist() == [2.5]


def test_gml_value_is_the_weight_only_where_no_edge_has_a_weight_and_says_so(write):
    path = write("a.gml", gml(1, 2, 3, edges=[(1, 2, "value 4"), (2, 3)]))
    assert read_graph(path).edges()[2].tolist() == [4.0, 1.0]
    assert read_graph(path).notes[0].startswith("edge weights are used (attribute 'value')")
    assert not read_graph(path, weight=None).weighted
    assert "'strength'" in refusal(path, weight="strength")
    path = write("a.gml", gml(1, 2, 3, edges=[(1, 2, "value 4"), (2, 3, "value 5 weight 2")]))
    assert read_graph(path).edges()[2].tolist() == [1.0, 2.0]
    assert read_graph(path, weight="value").edges()[2].tolist() == [4.0, 5.0]


@pytest.mark.parametrize("text", ["&nosuch;", "&#0;", "&#xD800;", "&#x110000;", "&#1114112;", "&amp", "& b"])
def test_references_to_no_character_stay_as_they_are_written(write, text):
    path = write("a.gml", f'graph [ node [ id 1 label "{text}" ] node [ id 2 label "b" ] edge [ source 1 target 2 ] ]')
    assert read_graph(path).labels == (text, "b")


GEXF_PAIR = (nodes("a", "b"), edge("a", "b"))
STRENGTH = '<attributes class="edge"><attribute id="0" title="weight" type="{}"/></attributes>'
GEXFS = {
    "directed": (gexf(*GEXF_PAIR, graph='defaultedgetype="directed"'), "must be undirected; 'a' - 'b' is 'directed'"),
    "mutual": (gexf(*GEXF_PAIR, graph='defaultedgetype="mutual"'), "'a' - 'b' is 'mutual'"),
    "directed edge": (gexf(nodes("a", "b"), edge("a", "b", more=' type="directed"')), "'a' - 'b' is 'directed'"),
    "dynamic": (gexf(*GEXF_PAIR, graph='mode="dynamic"'), "must be static, not change in time; got mode 'dynamic'"),
    "spells": (gexf('<node id="a"><spells><spell start="1"/></spells></node>', ""), "it has spells"),
    "node of a time": (gexf('<node id="a" start="2001"/>', ""), "node 'a' must not change in time; it has 'start'"),
    "edge of a time": (gexf(nodes("a", "b"), edge("a", "b", more=' end="3"')), "edge 'a' - 'b' must not change"),
    "weight of a time": (
        gexf(
            nodes("a", "b"), edge("a", "b", '<attvalues><attvalue for="0" value="1" start="1"/></attvalues>'),
            before=STRENGTH.format("float"),
        ),
        "edge 'a' - 'b' must not change in time",
    ),
    "nested nodes": (gexf('<node id="a"><nodes><node id="b"/></nodes></node>', ""), "node 'b' must stand in the nodes"),
    "pid": (gexf('<node id="a"/><node id="b" pid="a"/>', ""), "not below another node"),
    "parents": (gexf('<node id="a"><parents><parent for="b"/></parents></node>', ""), "it has parents"),
    "nested graph": (gexf('<node id="a"><graph/></node>', ""), "nested graphs"),
    "two graphs": (gexf(*GEXF_PAIR).replace("</gexf>", "<graph/></gexf>"), "one graph; got several"),
    "no graph": ('<gexf xmlns="http://gexf.net/1.3"/>', "one graph; got none"),
    "self-loop": (gexf(nodes("a", "b"), edge("a", "b") + edge("b", "b")), "self-loops"),
    "isolated": (gexf(nodes("a", "b", "c"), edge("a", "b")), "1 of 3 have none: 'c'"),
    "two components": (gexf(nodes(*"abcd"), edge("a", "b") + edge("c", "d")), "2 components"),
    "dangling": (gexf(nodes("a", "b"), edge("a", "ghost")), "node 'ghost' is not declared"),
    "node twice": (gexf(nodes("a", "a"), ""), "node 'a' is declared twice"),
    "no id": (gexf("<node/>", ""), "must not be empty"),
    "no target": (gexf(nodes("a"), '<edge source="a"/>'), "must not be empty"),
    "edge outside": (gexf(nodes("a", "b") + edge("a", "b"), ""), "edges must stand in the edges of the graph"),
    "two weights": (
        gexf(
            nodes("a", "b"), edge("a", "b", '<attvalues><attvalue for="0" value="1"/></attvalues>', ' weight="2"'),
            before=STRENGTH.format("float"),
        ),
        "edge 'a' - 'b' has two weights",
    ),
    "undeclared value": (
        gexf(nodes("a", "b"), edge("a", "b", '<attvalues><attvalue for="0" value="1"/></attvalues>')),
        "edge 'a' - 'b': a value must be for a declared attribute; got '0'",
    ),
    "text weight": (gexf(*GEXF_PAIR, before=STRENGTH.format("string")), "'weight' is declared as 'string'"),
    "weight twice": (gexf(*GEXF_PAIR, before=STRENGTH.format("float") * 2), "'weight' is declared twice"),
    "control character": (gexf(nodes("a&#9;x"), ""), "control characters"),
    "wrong root": (graphml(PAIR), "must be a gexf document"),
    "truncated": (gexf(*GEXF_PAIR)[:-30], "not well-formed"),
    "empty": ("", "not well-formed"),
    "latin-1 declared": (gexf(*GEXF_PAIR).replace("UTF-8", "ISO-8859-1"), "it declares 'ISO-8859-1'"),
}  # fmt: skip

GMLS = {
    "directed": (gml(1, 2, edges=[(1, 2)], more="directed 1"), "line 5: must be undirected (directed 0); got"),
    "self-loop": (gml(1, 2, edges=[(1, 2), (2, 2)]), "self-loops"),
    "isolated": (gml(1, 2, 3, edges=[(1, 2)]), "1 of 3 have none: '3'"),
    "two components": (gml(1, 2, 3, 4, edges=[(1, 2), (3, 4)]), "2 components"),
    "dangling": (gml(1, 2, edges=[(1, 7)]), "edge '1' - '7': node '7' is not declared"),
    "node twice": (gml(1, "01"), "line 3: node '1' is declared twice"),
    "no id": ("graph [ node [ ] ]", "line 1: one node has no 'id'"),
    "no target": (gml(1, 2, more="edge [ source 1 ]"), "line 4: one edge has no 'target'"),
    "id twice": ("graph [ node [ id 1 id 2 ] ]", "one node has two values of 'id'"),
    "id is no whole number": ("graph [ node [ id 1.5 ] ]", "'id' must be a whole number of at most 18 digits"),
    "id is a list": ("graph [ node [ id [ ] ] ]", "the value of 'id' must be a number or a text; got a list"),
    "id is empty": ('graph [ node [ id "" ] ]', "a node name must not be empty"),
    "long id": (gml("1" * 19), "at most 18 digits"),
    "two weights": (gml(1, 2, edges=[(1, 2, "weight 1 weight 2")]), "one edge has two values of 'weight'"),
    "weight is a list": (gml(1, 2, edges=[(1, 2, "weight [ a 1 ]")]), "'weight' must be a number or a text"),
    "two graphs": (gml(1) + gml(1), "must hold one graph; got several"),
    "nested graph": ("graph [ node [ id 1 graph [ ] ] ]", "nested graphs"),
    "no graph": ('Creator "me"', "must hold one graph; got none"),
    "empty": ("", "must hold one graph; got none"),
    "truncated": (gml(1, 2, edges=[(1, 2)])[:-3], "the list 'graph' is not closed"),
    "value is missing": ("graph [ node [ id ] ]", "the value of 'id' must be a number, a text or a list; got ']'"),
    "value is a word": ("graph [ node [ id one ] ]", "got 'one'"),
    "ends after a key": ("graph", "the value of 'graph' must be a number, a text or a list; got the end"),
    "key is missing": ("graph [\n 1 ]", "line 2: must have a key here; got '1'"),
    "closed too often": ("graph [ ] ]", "must have a key here; got ']'"),
    "open text": ('graph [\n\n label "a ]', "line 3: a text is not closed"),
    "not GML": ("{'a': 1}", "line 1: is not GML: '{'a': 1}'"),
    "control character": ('graph [ node [ id "a\x1b[2J" ] ]', "control characters"),
    "control character by entity": ('graph [ node [ id "a&#27;[2J" ] ]', "control characters"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("a.gexf", *case) for case in GEXFS.values()] + [("a.gml", *case) for case in GMLS.values()],
    ids=[f"gexf {case}" for case in GEXFS] + [f"gml {case}" for case in GMLS],
)
def test_wrong_gexf_and_gml_are_refused_by_what_is_wrong(write, name, text, words):
    message = refusal(write(name, text))
    assert message.startswith(str(write(name, text))[:50]) and f"{name}: " in message
    assert words in message


@pytest.mark.parametrize("value", ["1e999", "NAN", "-1", "0", "+INF", "-INF", '"heavy"', '""'])
def test_wrong_weights_in_gexf_and_gml_are_refused_by_edge(write, value):
    marked = edge("1", "2", more=f' weight="{value.strip(chr(34))}"')
    for path in (
        write("a.gml", gml(1, 2, edges=[(1, 2, f"weight {value}")])),
        write("b.gml", gml(1, 2, edges=[(1, 2, f"value {value}")])),
        write("a.gexf", gexf(nodes("1", "2"), marked)),
    ):
        assert "edge '1' - '2': a weight must be a positive finite number" in refusal(path)
        assert not read_graph(path, weight=None).weighted
