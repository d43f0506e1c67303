// Keys: what there are, and when a press is not meant for the page.
(() => {
  const coop = window.coop = window.coop || {};

  // The table on the key sheet. A part of the page that listens to a key adds its line: coop.keysheet.push({ ... }).
  coop.keysheet = [
    ["Run", "Space", "play, pause"], ["Run", "→", "one step"], ["Run", "Shift →", "run 100"],
    ["Run", "←", "one step back, while it stands"], ["Run", "+ −", "faster, slower"],
    ["Run", "R", "reset, same seed"], ["Run", "N", "new seed"], ["Run", "B", "two worlds, one knob apart"],
    ["See", "1 … 6", "views of the population"], ["See", "M", "slow motion of one event"],
    ["See", "← ↑ ↓ →", "in the picture: from neighbour to neighbour"], ["See", "Enter", "in the picture: look at the individual"],
    ["Theory", "P", "predict: what will happen?"], ["Theory", "T", "theory in the chart, on and off"],
    ["Share", "L", "copy the link to this world"], ["Share", "S", "save the picture (PNG)"],
    ["Share", "Shift S", "save the chart (SVG)"], ["Share", "C", "save the series (CSV)"],
    ["Page", "D", "dark, light"], ["Page", "Shift P", "projector"], ["Page", "F", "full screen"], ["Page", "?", "this sheet"], ["Page", "Esc", "close"],
  ].map(([where, key, does]) => ({ where, key, does }));

  // Keys of one letter can be switched off (WCAG 2.1.4); the choice stays in the browser.
  try { coop.keysOff = localStorage.getItem("coop-letters") === "no"; } catch (error) { coop.keysOff = false; }
  coop.letters = (on) => {
    coop.keysOff = !on;
    try { localStorage.setItem("coop-letters", on ? "yes" : "no"); } catch (error) { /* it holds for this page */ }
  };

  // What a control that has the focus does with a key itself; every other key is free for the page.
  const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];
  const uses = (control, key) => {
    if (control.type === "range") return MOVES.includes(key);
    if (control.type === "checkbox" || control.type === "radio") return key === " " || MOVES.includes(key);
    return true;  // text is typed, a list is searched
  };

  // Is this key press free for the page: nobody types, no button would be pressed by it, no other key is held?
  coop.free = (e) => {
    const on = e.target || {}, tag = on.tagName || "";
    if (["INPUT", "SELECT", "TEXTAREA"].includes(tag) ? uses(on, e.key) : on.isContentEditable) return false;
    // Who has clicked a button and presses Space then means the page; who went there by keyboard means the button.
    if (["BUTTON", "A"].includes(tag) && (e.key === "Enter" || (e.key === " " && on !== clicked))) return false;
    if (e.ctrlKey || e.metaKey || e.altKey) return false;
    return !(coop.keysOff && e.key.length === 1 && e.key !== " ");
  };

  // A switch or a list that was set with the mouse gives the focus back: the next key is meant for the page.
  let pointed = false, clicked = null;
  window.addEventListener("pointerdown", () => { pointed = true; }, true);
  window.addEventListener("click", (e) => { clicked = e.detail && e.target.closest ? e.target.closest("button") : null; }, true);
  window.addEventListener("focusin", (e) => { if (e.target !== clicked) clicked = null; });
  window.addEventListener("keydown", () => { pointed = false; }, true);
  window.addEventListener("change", (e) => {
    if (pointed && (e.target.tagName === "SELECT" || e.target.type === "checkbox")) e.target.blur();
  });
})();
