"""Experiments and Sweeps in a real browser: run, stop, come back, plane of cells, replay, a new sweep."""

import pytest

from coop_abm.sweeps.orders import asked
from coop_abm.sweeps.sweep import sweep

from .serving import serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a store, a file that is none, and nothing else."""
    place = tmp_path_factory.mktemp("sweeps")
    order = asked(
        "kin", grid=["kin.relatedness=0.2:0.8:4", "game.benefit=1:5:5"], settings={"replicates": 6, "steps": 30}
    )
    sweep(order, store=place / "kin.sqlite", workers=0)
    (place / "foreign.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 500)
    return place


@pytest.fixture(scope="module")
def server(room_for_a_browser, folder):
    with serving("kin.sqlite", folder=folder) as running:
        yield running


def test_an_experiment_runs_beside_the_page_and_its_results_wait_there(server, visit, picture):
    page = visit(server.url + "experiments")
    page.click("[data-study=tournament]")
    page.wait_for_selector("text=Nothing is measured yet")
    page.fill("[data-path=strategies]", "tft, alld, nobody")
    page.press("[data-path=strategies]", "Enter")
    page.wait_for_selector(".coop-error >> text=strategies must be among")
    page.click("[data-do=quick]")
    page.wait_for_function("document.querySelector('[data-path=repetitions]').value === '3'")
    page.click("[data-do=run]")
    page.click("[data-page=home]")
    page.wait_for_selector("[data-page=home][aria-current=page]")
    page.click("[data-page=experiments]")
    page.click("[data-study=tournament]")  # the work went on
    page.wait_for_selector("[data-do=table] tbody tr:nth-child(7)")
    page.wait_for_function("document.querySelector('[data-do=figure]')?.naturalWidth > 500")
    page.wait_for_selector("[data-do=earnings] rect")
    picture(page, "experiments-tournament")
    with page.expect_download() as saved:
        page.click("[data-save='tournament.csv']")
    assert saved.value.path().read_text().splitlines()[0].startswith("rank,name,score")
    page.fill("[data-path=turns]", "20")
    page.press("[data-path=turns]", "Enter")
    page.wait_for_selector("text=The results below are of other options")


def test_a_world_moves_while_it_is_measured_and_stop_stops(server, visit, picture):
    page = visit(server.url + "experiments?name=five-rules", dark=True)
    page.wait_for_selector("[data-do=living]")
    page.click("[data-do=run]")
    page.wait_for_selector(".coop-work [role=progressbar]")
    page.wait_for_function("/generation [1-9]/.test(document.querySelector('.coop-living figcaption').textContent)")
    picture(page, "experiments-five-rules")
    page.click("[data-do=stop]")
    page.wait_for_selector("[data-state=stopped]")
    page.click("[data-lab=network]")
    page.wait_for_function("location.search.includes('scenario=network')")


@pytest.mark.parametrize("name", ["languages", "commons", "super_additive"])
def test_many_worlds_wait_in_a_closed_list_and_no_panel_is_empty(server, visit, picture, name):
    page = visit(server.url + f"experiments?name={name}")
    page.wait_for_selector("[data-do=still] >> text=No world moves here")
    picture(page, f"experiments-{name}")
    assert page.evaluate("document.documentElement.scrollHeight") < 1600
    page.click("section[aria-label=worlds] .coop-many summary")
    page.wait_for_selector(".coop-worlds li:nth-child(6)")
    assert page.input_value("[data-path=budget]") == "none"


def test_the_list_of_experiments_is_in_plain_words(server, visit, picture):
    page = visit(server.url + "experiments")
    page.wait_for_selector("[data-study=tournament]")
    picture(page, "experiments-list")
    assert "``" not in page.inner_text("main") and "x1" not in page.inner_text("main")


def test_a_cell_of_the_plane_opens_its_runs_and_a_run_is_replayed(server, visit, picture):
    page = visit(server.url + "sweeps")
    page.wait_for_selector("[data-do=plane][aria-label*='20 cells']")
    page.wait_for_selector("[data-do=progress] >> text=120 runs in 20 cells")
    box = page.locator("[data-do=plane]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "kin.relatedness = " in page.inner_text(".coop-plane-tip") and "6 runs" in page.inner_text(".coop-plane-tip")
    picture(page, "sweeps-plane")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.click("[data-replay='4']")
    page.wait_for_function("location.pathname === '/lab' && location.search.includes('replicate=4')")
    page.wait_for_selector("text=Replicate 4 of seed 0")


def test_a_foreign_file_is_one_sentence_and_a_curve_is_another_view(server, visit, picture):
    page = visit(server.url + "sweeps", dark=True)
    page.wait_for_selector("[data-do=plane][aria-label*='20 cells']")
    page.select_option("[data-choice=y]", "-")
    page.wait_for_selector("[data-do=plane][aria-label*='4 cells']")
    picture(page, "sweeps-curve")
    page.select_option("[data-do=store]", "foreign.sqlite")
    page.wait_for_selector("[data-do=store-error]")
    assert "\n" not in page.inner_text("[data-do=store-error]").strip()
    page.select_option("[data-do=store]", "kin.sqlite")
    page.wait_for_selector("[data-do=plane]")


def test_a_new_sweep_is_checked_started_watched_and_stopped(server, visit, picture):
    page = visit(server.url + "sweeps")
    page.click(".coop-new summary")
    page.fill("[data-field=name]", "../elsewhere")
    page.click("[data-do=start]")
    page.wait_for_selector("[data-do=form-error] >> text=name: at most 60")
    page.fill("[data-field=name]", "mine")
    page.fill("[data-field=replicates]", "100000")
    page.click("[data-do=start]")
    page.wait_for_selector("code >> text=coop-abm sweep")
    page.wait_for_selector("[data-do=progress] >> text=of 900,000 runs")
    page.click("[data-do=stop]")
    page.wait_for_selector("[data-do=resume]")
    picture(page, "sweeps-stopped")
