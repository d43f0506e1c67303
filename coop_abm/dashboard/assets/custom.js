// Solara's own page names no language, and forbids the fingers to enlarge it.
document.documentElement.lang = "en";
document.querySelector("meta[name=viewport]").content = "width=device-width, initial-scale=1";

// What every page has at hand, as files beside this one. They must be there before the first widget is.
for (const file of [
  "colours.js",
  "painting.js",
  "pointing.js",
  "space_time.js",
  "charts.js",
  "drawing.js",
  "marks.js",
  "matrix.js",
  "pace.js",
  "plane.js",
  "files.js",
  "keys.js",
  "seated.js",
  "line.js",
]) document.write(`<script src="/static/assets/${file}"></` + "script>");

// Patience with a broken line. Solara puts this file, found by its name, before its own script.
//
// When the line is back, Solara asks the server whether the page still runs there, and without an answer in half a
// second it ends the session, and the world with it. But a busy server is slower than that, and an answer is lost
// where the line breaks once more. So ask again before the end; only a server that says no has lost the page.
(() => {
  const theirs = window.solara;
  let asking = false;

  // true or false as the server says; null if the line broke before it said anything. While the line holds nothing is
  // lost, so there is an answer to wait for, however late.
  const running = (kernel) => new Promise((resolve) => {
    const down = () => kernel.connectionStatus !== "connected";
    if (down()) return resolve(null);
    const asked = kernel.createComm("solara.control");
    const tell = (answer) => {
      kernel.connectionStatusChanged.disconnect(changed);
      asked.dispose();
      resolve(answer);
    };
    const changed = () => { if (down()) tell(null); };
    kernel.connectionStatusChanged.connect(changed);
    asked.onMsg = (message) => tell(Boolean(message.content.data.started));
    asked.open({});
    asked.send({ method: "app-status" });
  });

  const end = async (kernel) => {
    app.$data.needsRefresh = false;  // the dialog that gives up; it is not drawn yet
    if (asking) return;
    asking = true;
    const answer = await running(kernel).finally(() => { asking = false; });
    if (answer) await solara.debug.widgetManager().fetchAll();  // what changed while the line was down
    if (answer === false) {
      app.$data.needsRefresh = true;
      await theirs.shutdownKernel(kernel);
    }
    // Where the line broke, Solara asks once more when it is back.
  };

  // The same with the states of all widgets: where they do not come, an older way to ask is tried, which stumbles over
  // Solara's own comms. Ask in the same way again; where the line is down, Solara does so when it is back.
  theirs.WidgetManager.prototype._loadFromKernelModels = async function () {
    if (solara.debug.connectionStatus === "connected") await this.fetchAll();
  };

  // What the bundle exports cannot be assigned to, so the name goes to an object that stands before it.
  window.solara = Object.create(theirs, { shutdownKernel: { value: end } });
})();
