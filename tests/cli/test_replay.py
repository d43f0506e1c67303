"""``coop-abm run --replay FILE`` writes the run as one page."""

import re

import coop_abm


def test_the_page_ends_where_the_run_ends(terminal, tmp_path):
    ended = terminal("run", "network", "--steps", "5", "--seed", "2", "--out", "o", "--replay", "pages/run.html")
    assert ended.code == 0 and "written to pages" in ended.out
    page = (tmp_path / "pages" / "run.html").read_text(encoding="utf-8")
    shares = [float(v) for v in re.search(r'"shares":\[([^]]*)', page)[1].split(",")]
    assert shares == coop_abm.run("network", steps=5, seed=2).frame["cooperators"].round(6).tolist()


def test_a_run_that_no_page_can_show_is_refused_before_it_begins(terminal, tmp_path):
    for more in (("--replicates", "3"), ("--replicate", "1")):
        ended = terminal("run", "indirect", "--steps", "1", "--out", "o", "--replay", "run.html", *more)
        assert ended.code == 2 and ended.lines[-1].startswith("coop-abm: replay: shows one world")
    assert list(tmp_path.iterdir()) == []
