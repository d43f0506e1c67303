"""The desk round the picture, in a real browser: ticks, bets, measurements, share, keys, a graph of one's own."""

import re
import tomllib

import pytest
from playwright.sync_api import expect

from coop_abm import lab
from coop_abm.scenario.library import named

from .serving import DEADLINE, serving

SOON = DEADLINE * 1000


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("network") as running:
        yield running


@pytest.fixture
def tab(visit, server):
    """A function: query -> the Lab, its picture drawn and theory asked."""

    def opened(query="", **more):
        page = visit(f"{server.url}lab?{query}", **more)
        page.wait_for_selector("canvas[aria-label*='percent']")
        page.wait_for_selector(".coop-answer, .coop-silent")
        return page

    return opened


def saved(page, act):
    """(name, content) of the file that this makes the browser save."""
    with page.expect_download(timeout=SOON) as waiting:
        act()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def test_a_threshold_is_a_tick_and_a_word_beside_its_slider_and_dragging_across_it_turns_the_word(tab, picture):
    page = tab("scenario=network&game__benefit=4&seed=3")
    row = page.locator("[data-mark='game.benefit']")
    assert row.inner_text().split() == ["theory:", "above", "4.26;", "textbook", "4", "NO"]
    slider = page.locator("input[type=range][aria-label='benefit b']")
    expect(page.locator(".coop-track", has=slider).locator(".coop-mark")).to_have_count(2)
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")  # 0.1 each
    expect(page.locator("[data-path='game.benefit']")).to_have_value("4.5")
    expect(row.locator(".coop-word")).to_have_text("YES", timeout=SOON)
    expect(page.locator("[data-say=headline]")).to_have_text(
        "b/c = 4.5 is above 4.26: theory says cooperation is favoured (weak selection, death-birth)."
    )
    assert "game__benefit=4.5" in page.url  # the address follows
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.46, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2, steps=12)
    expect(row.locator(".coop-word")).to_have_text("NO", timeout=SOON)  # before it is let go
    page.mouse.up()
    picture(page, "lab_ticks")


def test_rules_stack_up_as_bars_and_limits_can_be_read(tab, picture):
    page = tab("scenario=kin&direct__enabled=true&direct__continuation=0.5", dark=True)
    expect(page.locator(".coop-bars rect")).to_have_count(3)
    assert page.locator(".coop-bars .coop-bar-number").all_text_contents() == ["×0.96", "×3", "×2"]
    page.click("[data-do=limits]")
    expect(page.locator(".coop-limits")).to_contain_text("without mutation")
    expect(page.locator(".coop-theory-line text")).to_contain_text("where runs end on average")
    page.locator(".coop-headline").click()  # nothing has the focus
    page.keyboard.press("t")
    expect(page.locator(".coop-theory-line")).to_have_count(0)
    picture(page, "lab_law_dark")


def test_where_theory_is_silent_it_says_why_and_a_way_out(tab, picture):
    page = tab("scenario=all_five")
    expect(page.locator(".coop-silent")).to_contain_text("On the round clock")
    expect(page.locator("[data-mark='game.benefit'] .coop-word")).to_have_text("silent")
    picture(page, "lab_silent")
    page.click("[data-do=structure]")
    page.wait_for_url("**/structure")


def test_a_bet_is_asked_for_never_blocks_and_is_answered(tab, picture):
    page = tab("scenario=kin&size=10&seed=1")
    expect(page.locator(".coop-ask")).to_have_count(1)
    picture(page, "lab_bet")
    page.click("[data-bet=defectors]")
    expect(page.locator(".coop-bet")).to_contain_text("defectors win")
    page.fill("[data-do=speed]", "10")
    page.locator(".coop-headline").click()  # nothing has the focus
    page.keyboard.press("Space")
    told = page.locator(".coop-told")
    expect(told).to_contain_text(re.compile(r"Bets right in this tab: [01] of 1\."), timeout=SOON)
    expect(told).to_contain_text("b/c = 3 is above the threshold 2.43")
    picture(page, "lab_bet_answered")
    page.keyboard.press("p")
    expect(page.locator(".coop-ask")).to_be_visible()
    page.click("[data-bet=skip]")
    page.click("[data-do=seed]")
    expect(page.locator(".coop-facts b").nth(1)).not_to_have_text("1")
    expect(page.locator(".coop-ask")).to_have_count(0)


def test_the_critical_ratio_is_measured_beside_the_world_and_can_be_stopped(tab, picture):
    page = tab("scenario=network&size=36")
    page.click("[data-do=measure-ratio]")
    expect(page.locator("[data-say=reading]")).to_contain_text("critical b/c = ", timeout=SOON)
    expect(page.locator("[data-do=measure-stop]")).to_have_count(0, timeout=SOON)
    low, high = map(float, re.findall(r"[\d.]+", page.locator("[data-say=reading] span").inner_text())[-2:])
    assert 3 < low < high < 8 and page.locator(".coop-known.exact").count() == 1
    page.locator(".coop-measure").scroll_into_view_if_needed()
    picture(page, "lab_measure")
    large = tab("scenario=network&size=2500")  # minutes of work
    large.click("[data-do=measure-ratio]")
    large.click("[data-do=measure-stop]")
    large.wait_for_selector("[data-do=measure-stop]", state="detached")


def test_everything_that_can_be_taken_away_opens(tab, tmp_path, picture):
    page = tab("scenario=kin&kin__relatedness=0.3&seed=7")
    page.click("[data-do=run]")
    expect(page.locator(".coop-facts b").first).not_to_have_text("0")
    page.wait_for_function("!document.querySelector('[data-do=run]').disabled || document.querySelector('.coop-fixed')")
    page.wait_for_timeout(500)
    steps = int(page.locator(".coop-facts b").first.inner_text())
    page.click("[data-do=share]")
    picture(page, "lab_share")
    name, content = saved(page, lambda: page.click("[data-share=csv]"))
    lab.run("kin", steps=steps, seed=7, kin__relatedness=0.3).save(tmp_path)
    assert (name, content) == ("kin_seed7_series.csv", (tmp_path / "series.csv").read_bytes())
    _, content = saved(page, lambda: page.click("[data-share=toml]"))
    assert tomllib.loads(content.decode())["kin"]["relatedness"] == 0.3
    assert saved(page, lambda: page.click("[data-share=bib]"))[1].startswith(b"@misc{coop_abm")
    assert b"<svg" in saved(page, lambda: page.click("[data-share=svg]"))[1][:2000]
    page.keyboard.press("Escape")
    page.locator(".coop-headline").click()  # nothing has the focus
    name, content = saved(page, lambda: page.keyboard.press("s"))
    assert name == "kin_seed7_population.png" and content.startswith(b"\x89PNG")


def test_link_and_command_are_copied_or_shown_to_be_copied(tab):
    page = tab("scenario=kin&kin__relatedness=0.3&seed=7")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".coop-headline").click()  # nothing has the focus
    page.keyboard.press("l")
    expect(page.locator(".coop-said")).to_have_text("Copied the link.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.endswith("/lab?scenario=kin&kin__relatedness=0.3&seed=7")
    page.evaluate("coop.copy = async () => false")
    page.click("[data-do=share]")
    page.click("[data-share=command]")
    expect(page.locator(".coop-shown")).to_have_value("coop-abm run kin --seed 7 --steps 0 --kin.relatedness 0.3")


def test_a_graph_of_ones_own_becomes_the_network_and_a_bad_file_is_one_sentence(tab, picture):
    page = tab()
    field = page.locator("[data-path='network.upload']")
    field.set_input_files({"name": "bad.graphml", "mimeType": "text/xml", "buffer": b"<graphml"})
    wrong = page.locator(".coop-upload .coop-error")
    expect(wrong).to_contain_text("bad.graphml: ")
    expect(page.locator(".coop-error, .coop-banner")).to_have_count(1)
    star = "".join(f"0,{leaf}\n" for leaf in range(1, 8)).encode()
    field.set_input_files({"name": "star.csv", "mimeType": "text/csv", "buffer": star})
    expect(page.locator(".coop-upload .coop-help")).to_have_text("star.csv: 8 nodes")
    expect(page.locator("[data-path=size]")).to_have_value("8")
    assert "?" not in page.url  # no link can carry it
    page.click("[data-do=share]")
    expect(page.locator(".coop-menu")).to_contain_text("save it as TOML")
    picture(page, "lab_upload")


def test_a_third_strategy_is_chosen_and_is_in_the_link(tab):
    page = tab()
    page.select_option("[data-path='players.2.strategy']", "tft")
    expect(page.locator("[data-path='players.2.share']")).to_have_value("0.2")
    page.wait_for_url("**players=reciprocator:0.4,alld:0.4,tft:0.2**")
    page.reload()
    expect(page.locator("[data-path='players.2.share']")).to_have_value("0.2", timeout=SOON)


def test_the_key_sheet_lists_the_keys_and_turns_letters_off_for_good(tab, picture):
    page = tab()
    page.locator(".coop-headline").click()  # nothing has the focus
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("copy the link to this world")
    picture(page, "lab_keys")
    page.click("[data-do=letters]")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".coop-headline").click()  # nothing has the focus
    page.keyboard.press("t")
    expect(page.locator(".coop-law-line")).to_have_count(1)
    assert page.evaluate("localStorage.getItem('coop-letters')") == "no"
    page.reload()
    page.wait_for_selector(".coop-law-line")
    assert page.evaluate("coop.keysOff")


def test_worlds_are_grouped_and_the_brand_stands_once(tab):
    page = tab()
    assert page.locator("[data-do=scenario] optgroup").count() >= 5
    expect(page.get_by_text("coop_abm", exact=True)).to_have_count(1)
    page.select_option("[data-do=scenario]", "kin")
    page.wait_for_url("**/lab?scenario=kin&seed=0")
    assert named("kin").description.split(" [")[0].rstrip(".") in page.locator(".coop-about").inner_text()
