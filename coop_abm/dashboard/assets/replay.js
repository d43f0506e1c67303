// A run in one file: reads what the file holds, and plays it. Wants colours.js, pace.js and painting.js before it.
(async () => {
  const coop = window.coop, at = (id) => document.getElementById(id);
  const about = JSON.parse(at("about").textContent);
  const { strategies, times, shares, unit, places: count, edges: joined, beyond, key } = about;

  // The body is deflated: places (uint16), edges of one and of another graph (int32, each column as differences), then a byte for each place of each
  // frame. Every `key`-th frame stands as it is, the others as what changed since the frame before (exclusive or).
  const unpack = async () => {
    const packed = Uint8Array.from(atob(at("body").textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const body = await new Response(stream).arrayBuffer();
    const places = Float32Array.from(new Uint16Array(body, 0, 2 * count), (v) => v / 65535);
    const pairs = (start, many) => {
      const first = new Int32Array(body, start, many), over = new Int32Array(body, start + 4 * many, many), found = new Uint32Array(2 * many);
      for (let e = 0, from = 0; e < many; e++) { found[2 * e] = from += first[e]; found[2 * e + 1] = from + over[e]; }
      return found;
    };
    const edges = pairs(4 * count, joined), second = pairs(4 * count + 8 * joined, beyond), frames = 4 * count + 8 * (joined + beyond);
    const states = [];
    for (let t = 0; t < times.length; t++) {
      const state = new Uint8Array(body, frames + t * count, count).slice();
      if (t % key) for (let i = 0; i < count; i++) state[i] ^= states[t - 1][i];
      states.push(state);
    }
    return { places, edges, beyond: second, states };
  };

  const trouble = (words) => { at("trouble").hidden = false; at("trouble").textContent = words; };
  at("verdict").textContent = about.verdict;
  at("caption").textContent = about.caption;
  at("references").textContent = about.references;
  if (!window.DecompressionStream) return trouble("This browser is too old to read the run: it lacks DecompressionStream.");
  let run;
  try { run = await unpack(); } catch (error) { return trouble("The run in this file is damaged and cannot be read."); }

  const painting = new coop.Painting(at("canvas"), new coop.Pace((words) => { at("chip").hidden = !words; at("chip").textContent = words; }));
  painting.world({ strategies, seats: about.seats, apart: about.apart, arrows: about.arrows, places: run.places, edges: run.edges, beyond: run.beyond });

  // ------------------------------------------------------------------ the curve
  const SVG = "http://www.w3.org/2000/svg", L = 46, W = 284, T = 10, H = 200, end = Math.max(1, times[times.length - 1]);
  const X = (t) => L + W * (t - times[0]) / Math.max(1, end - times[0]), Y = (v) => T + H * (1 - v);
  const draw = (kind, attributes, words) => {
    const made = document.createElementNS(SVG, kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (words !== undefined) made.textContent = words;
    return at("curve").appendChild(made);
  };
  let needle;
  const curve = () => {
    at("curve").textContent = "";
    for (const y of [0, 0.25, 0.5, 0.75, 1]) {
      draw("line", { x1: L, x2: L + W, y1: Y(y), y2: Y(y), stroke: y ? "var(--line)" : "var(--muted)" });
      draw("text", { x: L - 5, y: Y(y) + 4, "text-anchor": "end" }, `${100 * y} %`);
    }
    draw("text", { x: L, y: T + H + 16 }, times[0].toLocaleString("en"));
    draw("text", { x: L + W, y: T + H + 16, "text-anchor": "end" }, end.toLocaleString("en"));
    draw("text", { x: L + W, y: T + H + 34, "text-anchor": "end" }, unit);
    const helpers = strategies.map((_, k) => k).filter((k) => strategies.length > 2 || strategies[k].helper);
    for (const k of helpers) {
      const s = coop.dressed(strategies[k]);
      const d = about.curve.map((p, n) => `${n ? "L" : "M"}${X(p[0]).toFixed(1)} ${Y(p[k + 1]).toFixed(1)}`).join("");
      draw("path", { d, fill: "none", stroke: s.colour, "stroke-width": 1.75, "stroke-linejoin": "round", "stroke-dasharray": s.dash });
      const last = about.curve[about.curve.length - 1];
      if (strategies.length > 2) draw("path", { d: coop.outline(s.shape), fill: s.colour, stroke: s.ring, "stroke-width": 1.5, transform: `translate(${X(last[0]) - 6} ${Y(last[k + 1]) - 6}) scale(0.75)` });
    }
    needle = draw("line", { y1: T, y2: T + H, stroke: "var(--focus)", "stroke-width": 1.5 });
  };

  // ------------------------------------------------------------------ the moment on show
  let now = 0, playing = false, due = 0;
  const show = (k) => {
    now = Math.max(0, Math.min(times.length - 1, k));
    painting.show(run.states[now]);
    at("scrub").value = now;
    at("time").textContent = `${unit} ${times[now].toLocaleString("en")}`;
    const helping = shares[now];
    const words = `${helping > 0 && helping < 0.01 ? "< 1" : helping < 1 && helping > 0.99 ? "> 99" : Math.round(100 * helping)} % cooperate`;
    at("share").textContent = words;
    at("canvas").setAttribute("aria-label", `${words}, ${unit} ${times[now]}`);
    needle.setAttribute("x1", X(times[now]));
    needle.setAttribute("x2", X(times[now]));
  };
  const play = (yes) => {
    playing = yes;
    at("play").textContent = yes ? "❚❚ Pause" : "▶ Play";
    if (yes && now === times.length - 1) show(0);
    if (yes) requestAnimationFrame(tick);
  };
  const tick = (clock) => {
    if (!playing) return;
    if (clock >= due) {
      due = clock + 1000 / Number(at("speed").value) - 4;
      if (now === times.length - 1) return play(false);
      show(now + 1);
    }
    requestAnimationFrame(tick);
  };
  const fit = () => {
    const side = Math.max(200, Math.min(at("stage").clientWidth, window.innerHeight - 190, 760));
    painting.wanted = run.states[now];
    painting.fit(side);
  };
  const dress = () => {
    at("theme").textContent = coop.dark() ? "Light" : "Dark";
    at("legend").textContent = "";
    for (const plain of strategies) {
      const s = coop.dressed(plain), span = document.createElement("span"), svg = document.createElementNS(SVG, "svg");
      const mark = document.createElementNS(SVG, "path");
      for (const [name, value] of Object.entries({ width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" })) svg.setAttribute(name, value);
      for (const [name, value] of Object.entries({ d: coop.outline(s.shape), fill: s.colour, stroke: s.ring, "stroke-width": 1.5 })) mark.setAttribute(name, value);
      svg.append(mark);
      span.append(svg, s.label);
      at("legend").append(span);
    }
    curve();
    fit();
    show(now);
  };

  document.documentElement.classList.toggle("coop-dark", matchMedia("(prefers-color-scheme: dark)").matches);
  at("theme").onclick = () => { document.documentElement.classList.toggle("coop-dark"); dress(); };
  at("play").onclick = () => play(!playing);
  at("back").onclick = () => { play(false); show(now - 1); };
  at("on").onclick = () => { play(false); show(now + 1); };
  at("scrub").max = times.length - 1;
  at("scrub").oninput = () => { play(false); show(Number(at("scrub").value)); };
  at("curve").onclick = (e) => {
    const box = at("curve").getBoundingClientRect(), t = times[0] + (((e.clientX - box.left) / box.width) * 340 - L) / W * (end - times[0]);
    play(false);
    show(times.reduce((best, time, k) => (Math.abs(time - t) < Math.abs(times[best] - t) ? k : best), 0));
  };
  window.addEventListener("keydown", (e) => {
    if (e.key !== " " || ["BUTTON", "SELECT", "SUMMARY"].includes(e.target.tagName)) return;
    e.preventDefault();
    play(!playing);
  });
  window.addEventListener("resize", fit);
  dress();
  coop.replay = { states: run.states, times, show, play, painting, now: () => now };
})();
