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

  // Is this key press free for the page: nobody types, no button would be pressed by it, no other key is held?
  coop.free = (e) => {
    const tag = (e.target && e.target.tagName) || "";
    if (["INPUT", "SELECT", "TEXTAREA"].includes(tag) || (e.target && e.target.isContentEditable)) return false;
    if (["BUTTON", "A"].includes(tag) && (e.key === " " || e.key === "Enter")) return false;
    if (e.ctrlKey || e.metaKey || e.altKey) return false;
    return !(coop.keysOff && e.key.length === 1 && e.key !== " ");
  };
})();
