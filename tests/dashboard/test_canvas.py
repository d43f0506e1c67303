"""The picture of the population in a real browser: views, colours, pointing, and nothing that flashes."""

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from .serving import DEADLINE, serving
from .test_contrast import contrast, tokens
from .test_lab import PIXELS, changed, do, generation, pixels, reaches

#: The Vue component of the picture.
PART = """(() => {
  let part = document.querySelector(".coop-network").__vue__;
  while (part && !part.painting) part = part.$parent;
  return part;
})()"""
CHART = """() => {
  const c = document.querySelectorAll(".coop-stage canvas")[2];
  const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  const ground = d.slice(0, 3).join();
  let other = 0;
  for (let i = 0; i < d.length; i += 4) if (d.slice(i, i + 3).join() !== ground) other++;
  return other;
}"""


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("network") as running:
        yield running


@pytest.fixture
def tab(visit, server):
    """A function: (query, options of the browser) -> the Lab, its picture drawn."""

    def opened(query="", **options):
        page = visit(f"{server.url}?{query}" if query else server.url, **options)
        page.wait_for_selector("canvas[aria-label*='percent']")
        return page

    return opened


def tip(page, words):
    expect(page.locator(".coop-tip")).to_contain_text(words, timeout=DEADLINE * 1000)


def middle(page, place):
    """Where a place is on the screen."""
    x, y = page.evaluate(f"{PART}.pointing.where({place})")
    box = page.locator("canvas").first.bounding_box()
    return box["x"] + x, box["y"] + y


def test_the_six_views_have_a_key_each_and_one_size(tab, picture):
    page = tab("size=400")
    do(page, "run")
    reaches(page, 100)
    sizes = set()
    for key, view in enumerate(["network", "space_time", "payoffs", "histogram", "plane"], 1):
        page.keyboard.press(str(key))
        expect(page.locator(f"[data-view={view}]")).to_have_attribute("aria-pressed", "true")
        page.wait_for_function(f"{PART}.at.more.view === '{view}'")
        if view in ("network", "payoffs"):
            page.wait_for_function("document.querySelector('.coop-stage canvas').offsetParent !== null")
            sizes.add(page.locator("canvas").first.bounding_box()["width"])
        else:
            page.wait_for_function(f"({CHART})() > 500")
            sizes.add(page.locator(".coop-stage canvas").nth(2).bounding_box()["width"])
        picture(page, f"canvas_{view}")
    assert len(sizes) == 1
    times = page.evaluate(f"{PART}.lines.times")
    assert len(times) > 50 and times == list(range(101))[-len(times) :]  # each generation has a line
    page.keyboard.press("6")  # what measures stands in the picture's place
    expect(page.locator("[data-view=critical]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".coop-network .coop-measure")).to_be_visible()


def test_views_that_make_no_sense_in_a_world_say_why(tab):
    page = tab("scenario=well_mixed")
    expect(page.locator("[data-view=space_time]")).to_be_disabled()
    assert (
        page.locator("[data-view=space_time]").get_attribute("title")
        == "everybody may meet everybody: nobody has a place"
    )
    page.keyboard.press("2")
    assert page.locator("[data-view=network]").get_attribute("aria-pressed") == "true"


def test_colours_by_payoff_have_a_key_with_numbers_and_move_with_the_world(tab, picture):
    page = tab("size=400")
    before = pixels(page)
    page.select_option("[data-do=colour]", "payoff")
    _hash, blue, orange = by_payoff = changed(page, before)
    assert blue == orange == 0
    page.wait_for_selector(".coop-ramp")
    assert (
        page.locator(".coop-ramp").inner_text().split() == ["payoff", "−1", "5"]
        or "payoff" in page.locator(".coop-ramp").inner_text()
    )
    do(page, "step")
    changed(page, by_payoff)
    picture(page, "canvas_by_payoff")
    page.select_option("[data-do=colour]", "strategy")
    page.wait_for_function(f"{PART}.at.more.colour === 'strategy'")
    expect(page.locator(".coop-ramp")).to_have_count(0)


def test_a_second_graph_is_dashed_and_arrows_have_heads(tab, picture):
    """Taking either away changes the picture, and nothing else was changed."""
    two = "network.replacement=watts_strogatz&network.replacement.degree=4"
    arrows = "network.graph=superstar&update=birth_death&game.benefit=0&size=40"
    for query, what, without in ((two, "beyond", "new Uint32Array(0)"), (arrows, "arrows", "false")):
        page = tab(query)
        again = f"part.painting.fit(part.side); return ({PIXELS})();"
        whole = page.evaluate(f"() => {{ const part = {PART}; {again} }}")
        assert page.evaluate(f"() => {{ const part = {PART}; {again} }}") == whole
        assert (
            page.evaluate(f"() => {{ const part = {PART}; part.painting.about.{what} = {without}; {again} }}") != whole
        )
    both = tab(two)
    expect(both.locator(".coop-legend")).to_contain_text("dashed: replaced on another graph, watts strogatz")
    picture(both, "canvas_two_graphs")
    star = tab(arrows)
    expect(star.locator(".coop-legend")).to_contain_text("arrows: where offspring goes")
    picture(star, "canvas_arrows")


@pytest.mark.parametrize(
    ("name", "colour"), [("stern_judging", "reputation"), ("group", "group"), ("families", "family")]
)
def test_reputation_groups_and_families_are_colours_where_they_exist(tab, picture, name, colour):
    page = tab(f"scenario={name}")
    assert colour in page.locator("[data-do=colour] option").all_inner_texts()
    before = pixels(page)
    page.select_option("[data-do=colour]", colour)
    changed(page, before)
    picture(page, f"canvas_by_{colour}")


def test_the_dark_has_colours_of_its_own_and_they_change_at_once(tab):
    page = tab()
    assert pixels(page)[1] > 5000
    before = pixels(page)
    page.keyboard.press("d")
    assert changed(page, before)[1] == 0
    seen = page.evaluate("""() => {
      const c = document.querySelector("canvas"), seen = {};
      const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
      for (let i = 0; i < d.length; i += 4) {
        const colour = [d[i], d[i + 1], d[i + 2]].join();
        seen[colour] = (seen[colour] || 0) + 1;
      }
      return seen;
    }""")
    assert seen["43,127,191"] > 5000 and seen["255,194,77"] > 5000
    page.keyboard.press("d")


def test_who_is_pointed_at_is_ringed_and_named(tab):
    page = tab()
    page.mouse.move(*middle(page, 12))
    page.wait_for_function(f"{PART}.pointing.hovered === 12")
    tip(page, "#12, ")
    tip(page, "payoff")
    page.mouse.move(5, 5)
    expect(page.locator(".coop-tip")).to_have_count(0)


def test_an_individual_is_chosen_by_a_click_and_left_by_escape(tab, picture):
    page = tab()
    page.mouse.click(*middle(page, 44))
    page.wait_for_function(f"{PART}.pointing.chosen === 44 && {PART}.pointing.neighbours.length === 4")
    assert sorted(page.evaluate(f"{PART}.pointing.neighbours")) == [34, 43, 45, 54]
    picture(page, "canvas_chosen")
    page.keyboard.press("Escape")
    page.wait_for_function(f"{PART}.pointing.chosen === -1 && {PART}.pointing.neighbours.length === 0")


def test_arrow_keys_on_the_picture_walk_along_edges_and_do_not_step(tab):
    page = tab()
    page.locator("canvas").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{PART}.pointing.neighbours.length === 4")
    at = page.evaluate(f"{PART}.pointing.chosen")
    for key, by in (("ArrowRight", 1), ("ArrowDown", 10), ("ArrowLeft", -1), ("ArrowUp", -10)):
        page.keyboard.press(key)
        at += by
        page.wait_for_function(f"{PART}.pointing.chosen === {at} && {PART}.pointing.neighbours.length === 4")
    expect(page.locator("[aria-live=polite].coop-hidden")).to_contain_text(f"#{at}", timeout=DEADLINE * 1000)
    assert generation(page) == 0
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    reaches(page, 1)


PACE = """(kind) => {
  const words = [], pace = new coop.Pace((w) => words.push(w));
  const one = new Uint8Array(100), other = one.map((_, i) => i < 60 ? 1 : 0);
  const painted = [], soft = [];
  for (let t = 0; t < 120; t++) {
    const state = kind === "blinks" ? (t % 2 ? one : other) : one.map((_, i) => i < t / 2 ? 1 : 0);
    const next = pace.next(state, 1000 + t * (kind === "slow" ? 400 : 50));
    if (next.paint) painted.push(t);
    soft.push(next.soft);
  }
  return { painted, soft: soft.slice(10).every(Boolean), hard: soft.every((s) => !s), words };
}"""


def test_a_world_that_blinks_is_painted_softly_at_most_three_times_a_second(tab):
    page = tab()
    found = page.evaluate(PACE, "blinks")
    assert found["soft"] and found["words"][-1] == "flashing softened"
    later = [t for t in found["painted"] if t > 10]  # frames come 50 ms apart, so six seconds are 120 frames
    assert 10 <= len(later) <= 18 and min(b - a for a, b in pairwise(later)) * 50 >= 300
    calm = page.evaluate(PACE, "moves")
    assert calm["hard"] and len(calm["painted"]) == 120 and calm["words"] == []


def test_two_frames_that_alternate_are_painted_as_their_mean(tab):
    page = tab()
    page.evaluate("""() => {
      const canvas = document.createElement("canvas");
      document.querySelector(".coop-stage").append(canvas);
      const pace = new coop.Pace(), painting = window.probe = new coop.Painting(canvas, pace);
      const places = new Float32Array([0.25, 0.25, 0.75, 0.25, 0.25, 0.75, 0.75, 0.75]);
      const kinds = ["#000000", "#FFFFFF"].map((colour) => ({ colour, ring: colour, shape: "circle", name: colour }));
      painting.world({ strategies: kinds, places, edges: new Uint32Array(0), seats: 0, apart: true });
      painting.fit(200);
      window.middles = [];
      for (let t = 0; t < 12; t++) {
        pace.painted = -1e9;  // paint each of them
        painting.show(new Uint8Array(4).fill(t % 2));
        const d = canvas.getContext("2d").getImageData(painting.x[0], painting.y[0], 1, 1).data;
        middles.push(d[0]);
      }
    }""")
    middles = page.evaluate("middles")
    assert middles[:2] == [0, 255] and set(middles[2:]) == {128}
    page.wait_for_function(
        "[0, 255].includes(probe.canvas.getContext('2d').getImageData(probe.x[0], probe.y[0], 1, 1).data[0])"
    )


#: A population on a lattice, painted outside the page of the Lab: window.lattice(side, pixels, kinds, apart, states).
LATTICE = """() => {
  const looks = [["#0072B2", "circle"], ["#E69F00", "square"], ["#009E73", "triangle"], ["#8A5A00", "down"],
    ["#CC79A7", "diamond"], ["#7A0A12", "cross"]];
  window.lattice = (side, pixels, kinds, apart, states) => {
    const places = new Float32Array(2 * side * side).map((_, k) =>
      ((k % 2 ? Math.floor(k / 2 / side) : (k >> 1) % side) + 0.5) / side);
    const strategies = looks.slice(0, kinds)
      .map(([colour, shape]) => ({ colour, ring: "#333333", shape, name: shape }));
    const canvas = document.createElement("canvas"), painting = new coop.Painting(canvas);
    document.querySelector(".coop-stage").append(canvas);
    painting.world({ strategies, places, edges: new Uint32Array(0), seats: 0, apart });
    painting.fit(pixels);
    states.forEach((state, t) =>
      painting.show(state, t % 5 === 4 ? { kind: "ramp", levels: state.map((s) => 80 * s) } : null));
    const seen = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    canvas.remove();
    return { seen, painting };
  };
  window.rolled = (side, kinds, t) => new Uint8Array(side * side).map((_, i) => {
    const dice = Math.abs(Math.sin(i * 12.9898 + t * 78.233) * 43758.5453) % 1;
    return dice < 0.05 ? coop.NOBODY : Math.floor(kinds * dice);
  });
}"""
SIZES = [(s, p, kinds) for s in (30, 50, 60, 70, 100) for p in (490, 567, 700) for kinds in (2, 3)]


@pytest.mark.parametrize("apart", [True, False], ids=["apart", "anywhere"])
def test_what_changed_is_painted_as_if_all_of_it_were(tab, apart):
    page = tab()
    page.evaluate(LATTICE)
    differing = page.evaluate(
        """([sizes, apart]) => sizes.map(([side, pixels, kinds]) => {
      const states = [...Array(6).keys()].map((t) => rolled(side, kinds, t));
      const [whole, grown] = [states.slice(5), states].map((shown) => lattice(side, pixels, kinds, apart, shown).seen);
      const other = (k) => Math.abs(whole[k] - grown[k]) > 1;
      let differing = 0;
      for (let k = 0; k < whole.length; k += 4) differing += other(k) || other(k + 1) || other(k + 2);
      return differing;
    })""",
        [SIZES, apart],
    )
    assert dict(zip(SIZES, differing, strict=True)) == dict.fromkeys(SIZES, 0)


@pytest.mark.parametrize("dense", [1, 2])
def test_on_a_lattice_no_shape_covers_a_part_of_another(tab, dense):
    """Each individual changes as many pixels when its neighbours are there as when they are not."""
    page = tab()
    page.evaluate(LATTICE)
    some = [(100, 700, 2), *((side, 490, kinds) for side in (50, 70, 100) for kinds in (2, 6))]
    sizes = [*SIZES, *some] if dense == 1 else some
    covered = page.evaluate(
        """([sizes, dense]) => {
      coop.density = () => dense;
      return sizes.map(([side, pixels, kinds]) => {
        const all = rolled(side, kinds, 3), nobody = all.map(() => coop.NOBODY);
        const parts = [0, 1, 2, 3].map((part) =>
          all.map((s, i) => (i % side) % 2 + 2 * (Math.floor(i / side) % 2) === part ? s : coop.NOBODY));
        const seen = [nobody, all, ...parts].map((state) =>
          new Uint32Array(lattice(side, pixels, kinds, true, [state]).seen.buffer));
        const [whole, ...some] = seen.slice(1).map((dots) => {
          let many = 0;
          for (let k = 0; k < dots.length; k++) many += dots[k] !== seen[0][k];
          return many;
        });
        return [whole, some.reduce((a, b) => a + b)];
      });
    }""",
        [sizes, dense],
    )
    assert {size: whole for size, (whole, _) in zip(sizes, covered, strict=True)} == {
        size: apart for size, (_, apart) in zip(sizes, covered, strict=True)
    }
    assert all(whole > 0.35 * pixels * pixels for (_, pixels, _), (whole, _) in zip(sizes, covered, strict=True))


@pytest.mark.parametrize("apart", [True, False], ids=["apart", "anywhere"])
def test_shapes_tell_the_strategy_of_a_thousand_too(tab, apart):
    """What covers the corners of its box is a square, and what does not is a circle, as the legend says."""
    page = tab()
    page.evaluate(LATTICE)
    corners = page.evaluate(
        """(apart) => [0, 1].map((kind) => {
      const side = 32, { seen, painting } = lattice(side, 700, 2, apart, [new Uint8Array(side * side).fill(kind)]);
      const bare = seen.slice(0, 3).join(), reach = Math.round(0.78 * painting.radius);
      return [...painting.x.keys()].filter((i) => {
        const at = 4 * (Math.round(painting.y[i] + reach - 0.5) * 700 + Math.round(painting.x[i] + reach - 0.5));
        return seen.slice(at, at + 3).join() !== bare;
      }).length;
    })""",
        apart,
    )
    assert corners == [0, 1024]


def still(page):
    """The picture once nothing moves: whatever flashes is painted softly first, and as it is half a second later."""
    before, seen = None, pixels(page)
    while seen != before:
        page.wait_for_timeout(1000)
        before, seen = seen, pixels(page)
    return seen


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_was_played_looks_as_what_is_painted_anew(tab, picture, dark):
    page = tab("scenario=snowdrift", dark=dark)
    do(page, "run")
    reaches(page, 100)
    played = still(page)
    assert page.evaluate(f"() => {{ {PART}.painting.fit({PART}.side); return ({PIXELS})(); }}") == played
    picture(page, f"canvas_snowdrift_{'dark' if dark else 'light'}")


def test_a_thousand_on_a_graph_are_shapes_at_rest_and_in_play(tab, picture):
    """A square is wider at its corners than a circle, so a picture of squares alone is not one of circles."""
    page = tab("scenario=scale_free")
    page.wait_for_function(f"{PART}.painting.wanted.length === 1000 && {PART}.painting.resting")
    picture(page, "canvas_scale_free")
    looks = """(part) => {
      const painting = part.painting, kinds = painting.kinds;
      return ["circle", "square"].map((shape) => {
        painting.kinds = kinds.map((kind) => ({ ...kind, shape }));
        painting.stamp.clear();
        painting.show(painting.wanted);
        const side = painting.canvas.width, ground = painting.background.data;
        return painting.pen.getImageData(0, 0, side, side).data.filter((v, k) => v !== ground[k]).length;
      });
    }"""
    circles, squares = page.evaluate(f"({looks})({PART})")
    assert squares > 1.02 * circles


def test_six_strategies_are_named_beside_their_curves_and_not_on_the_axis(tab, picture):
    page = tab("scenario=ecology")
    do(page, "run")
    reaches(page, 100)
    expect(page.locator(".coop-curve .coop-end")).to_have_count(6)
    boxes = """(kind) => [...document.querySelectorAll(`.coop-curve ${kind}`)].map((e) => {
      const { x, y, width, height } = e.getBBox();
      return [x, y, x + width, y + height];
    })"""
    names, words = page.evaluate(boxes, ".coop-end"), page.evaluate(boxes, ".coop-tick, .coop-axis")
    names.sort(key=lambda box: box[1])
    assert all(b[1] - a[1] >= 13.9 for a, b in pairwise(names))
    for left, top, right, foot in names:
        assert not [w for w in words if left < w[2] and w[0] < right and top + 2 < w[3] - 2 and w[1] + 2 < foot - 2]
    drawn = page.evaluate("""() => [...document.querySelectorAll(".coop-curve path[stroke]:not(.coop-mark)")].map((e) =>
      [e.getAttribute("stroke"), e.getAttribute("stroke-dasharray")].join())""")
    marks = page.evaluate("""() => [...document.querySelectorAll(".coop-key path")].map((e) =>
      [e.getAttribute("fill"), e.getAttribute("d")].join())""")
    assert len(drawn) == len(set(drawn)) == len(marks) == len(set(marks)) == 6
    expect(page.locator(".coop-legend")).to_contain_text("joss")
    picture(page, "canvas_ecology")
    page.keyboard.press("d")  # on a dark ground names have other colours
    inks = "() => [...document.querySelectorAll('.coop-curve .coop-end')].map((e) => e.getAttribute('fill'))"
    page.wait_for_function(f"{PART}.dark")
    expect(page.locator(".coop-curve .coop-end", has_text="alld")).to_have_attribute("fill", "#FFC24D")
    assert min(contrast(ink, tokens(True)["panel"]) for ink in page.evaluate(inks)) >= 4.5
    picture(page, "canvas_ecology_dark")


def test_who_wants_less_motion_gets_two_pictures_a_second_and_is_told(tab):
    page = tab("size=400&update__intensity=0", reduced_motion="reduce")
    expect(page.locator(".coop-chip")).to_have_text("less motion: two pictures a second")
    found = page.evaluate(PACE, "moves")
    assert min(b - a for a, b in pairwise(found["painted"])) * 50 >= 450
    do(page, "play")
    page.wait_for_function("Number(document.querySelector('.coop-facts b').innerText) > 5")
    do(page, "play")
    at = generation(page)  # what is painted in the end is the last moment
    page.wait_for_function(f"{PART}.at.time === {at} && {PART}.painting.wanted === {PART}.at.wanted")


def test_a_browser_that_falls_behind_says_so(tab):
    page = tab()
    page.evaluate(f"""() => {{
      const part = {PART}, now = performance.now();
      part.at.counted = part.painting.drawn - 8;
      part.at.seen = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => [now - 2000 + 250 * k, 100 * k]);
      part.measure();
    }}""")
    expect(page.locator(".coop-chip")).to_have_text("drawing 4/s, model 400 generations/s")
