// One seat. Everything that others wrote goes into the page as text, never as HTML.
(() => {
  const base = location.pathname.replace(/\/$/, "");
  const page = document.getElementById("page"), status = document.getElementById("line");
  // What a phone read off the screen; it leaves the address, so that a link that is passed on does not hold it.
  let scanned = location.hash.slice(1, 13);
  if (location.hash) history.replaceState(null, "", location.pathname);
  let line = null, sent = -1, tries = 0, deadline = null, whole = 1, told = "";

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("coop-dark", dark.matches);
  dark.addEventListener("change", paint);
  paint();

  // make("p", { class: "muted" }, "words", another) -> an element
  const make = (tag, about, ...inside) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(about || {})) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...inside.filter((part) => part !== null && part !== undefined && part !== ""));
    return made;
  };
  const show = (...parts) => page.replaceChildren(...parts.filter(Boolean));
  const number = (x) => String(Math.round(100 * x) / 100);
  const say = (message) => { if (line && line.readyState === 1) line.send(JSON.stringify(message)); };

  // ------------------------------------------------------------------------------------ the code

  const form = (words) => {
    const code = make("input", { class: "code", name: "code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 12, required: true, "aria-label": "code", placeholder: "K7P-3QM", value: scanned });
    const name = make("input", { name: "name", autocomplete: "off", maxlength: 24 });
    const button = make("button", { class: "main", type: "submit" }, "Take a seat");
    show(make("h1", {}, "Take a seat"), make("form", { class: "panel", onsubmit: async (e) => {
      e.preventDefault();
      button.disabled = true;
      const answer = await fetch(base + "/seat", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code: code.value, name: name.value }) }).catch(() => null);
      const said = answer ? (await answer.json().catch(() => ({}))).said : "The server cannot be reached.";
      if (answer && answer.ok) connect(); else form(said || "That did not work.");
    } }, words ? make("p", { class: "error", role: "alert" }, words) : null,
      make("label", {}, "the code on the screen", code), make("label", {}, "your name, if you like", name), button));
    (scanned ? name : code).focus();
    scanned = "";
  };

  // ------------------------------------------------------------------------------------ the line

  const connect = () => {
    let open = false;
    line = new WebSocket("ws://" + location.host + base + "/line");
    line.onopen = () => { open = true; tries = 0; status.textContent = ""; };
    line.onmessage = (message) => { told = message.data; draw(JSON.parse(message.data)); };
    line.onclose = () => {
      if (told && JSON.parse(told).phase === "gone") return;
      if (!open && !tries) return form("");  // the seat is no longer
      tries += 1;
      if (tries > 30) return form("The line is broken. Type the code again.");
      status.textContent = "The line is broken; trying again …";
      setTimeout(connect, Math.min(500 * tries, 4000));
    };
  };

  // ------------------------------------------------------------------------------------ one moment

  const dots = (turns) => make("span", { class: "pairs" }, ...turns.slice(-14).map((t) => make("span", { class: "pair" }, ...t.map((act) => make("i", { class: act ? "dot refused" : "dot" })))));

  const draw = (now) => {
    deadline = null;
    if (now.phase === "gone") { show(make("h1", {}, "You left your seat"), make("button", { class: "main", onclick: () => form("") }, "Join again")); return; }
    const begun = now.labels, heading = make("div", { class: "row" }, make("h1", {}, now.title), make("span", { class: "muted" }, now.name));
    const score = begun || now.phase === "over" ? make("div", { class: "row" }, make("span", {}, now.phase === "over" ? `${now.round} of ${now.rounds} rounds` : `Round ${now.round} of ${now.rounds}`), make("span", {}, make("span", { class: "big", id: "points" }, number(now.points)), " points")) : null;
    show(heading, now.error ? make("p", { class: "error" }, now.error) : null, score, body(now), bets(now), last(now),
      now.phase === "over" ? null : make("button", { class: "plain", type: "button", onclick: () => { if (confirm("Give your seat back?")) say({ do: "leave" }); } }, "Leave"));
    tick();
  };

  const body = (now) => {
    if (now.phase === "over") return make("div", { class: "panel" }, make("h2", {}, "The end"), now.said ? make("p", {}, now.said) : null, make("p", { class: "muted" }, "Look at the large screen."));
    if (now.phase === "gathering" || now.phase === "starting") return make("div", { class: "panel" }, make("p", {}, now.words), make("p", { class: "muted" }, now.phase === "starting" ? "It is about to begin." : "Wait for the start."));
    if (now.phase === "paused") return make("div", { class: "panel" }, make("p", {}, "Paused."));
    const ask = now.ask;
    if (!ask) return make("div", { class: "panel" }, make("p", {}, "Waiting for the others …"));
    whole = Math.max(whole, now.seconds || 0);
    deadline = now.seconds === null ? null : performance.now() + 1000 * now.seconds;
    const act = (action, kind) => make("button", { type: "button", class: kind, "data-act": action, disabled: ask.key === sent, onclick: (e) => {
      if (ask.key === sent) return;
      sent = ask.key;
      for (const button of page.querySelectorAll(".choice button")) button.disabled = true;
      say({ do: "decide", key: ask.key, action });
    } }, make("b", {}, now.labels[action][0]), make("span", {}, now.labels[action][1]));
    return make("div", { class: "panel" },
      make("h2", {}, "You meet " + ask.who),
      make("p", { class: "muted" }, `turn ${ask.turn}` + (ask.many > 1 ? `, decision ${ask.number} of ${ask.many}` : "")),
      ask.history.length ? make("div", { class: "row" }, make("span", { class: "muted" }, "you above, it below"), dots(ask.history)) : null,
      make("ul", {}, ...ask.facts.map((fact) => make("li", {}, fact))),
      make("div", { class: "choice" }, act(0, "help"), act(1, "keep")),
      deadline === null ? null : make("div", { class: "clock", "aria-hidden": "true" }, make("i", { id: "clock" })));
  };

  const bets = (now) => {
    const offered = Object.entries(now.bets || {});
    if (!offered.length || now.ask) return null;
    return make("div", { class: "panel" }, make("h2", {}, "In the end …"), make("div", { class: "bets" }, ...offered.map(([bet, words]) =>
      make("button", { type: "button", "data-bet": bet, "aria-pressed": String(now.bet === bet), onclick: () => say({ do: "bet", bet }) }, words))));
  };

  const last = (now) => {
    if (!now.last || !now.last.length) return null;
    return make("div", { class: "panel" }, make("h2", {}, "Your last round"), ...now.last.map((met) => make("div", { class: "row" }, make("span", {}, "with " + met.partner), dots(met.turns))),
      make("p", { class: "muted" }, "Upper mark: you. Round: cooperated; square: did not." + (now.missed ? ` Your table played ${now.missed} time${now.missed > 1 ? "s" : ""} for you.` : "")));
  };

  const tick = () => {
    const bar = document.getElementById("clock");
    if (!bar || deadline === null) return;
    bar.style.width = Math.max(0, Math.min(100, (deadline - performance.now()) / (10 * whole))) + "%";
    setTimeout(tick, 250);
  };

  fetch(base + "/seat").then((answer) => answer.json()).then((about) => (about.seat ? connect() : form("")), () => form("The server cannot be reached."));
})();
