// What the reader sees while the line to the server is broken: one sentence over the page. Whatever was drawn last
// stays, and when the line is back the page goes on by itself (custom.js sees to that).
(() => {
  const SHORT = 1000;  // a line that is back before that was not missed
  let since = null, sign = null;

  const look = () => {
    const status = window.solara && window.solara.debug && window.solara.debug.connectionStatus;
    if (!status || status === "connected") {
      since = null;
      if (sign) sign.remove();
      sign = null;
      return;
    }
    since = since === null ? Date.now() : since;
    const gone = Date.now() - since;
    if (gone < SHORT) return;
    if (!sign) {
      sign = document.createElement("div");
      sign.className = "coop-lost";
      sign.setAttribute("role", "alert");
      (document.querySelector(".coop") || document.body).appendChild(sign);
    }
    const words = `Connection lost, reconnecting (${Math.round(gone / 1000)} s). What is on show is the last picture.`;
    if (sign.textContent !== words) sign.textContent = words;
  };
  setInterval(look, 250);
})();
