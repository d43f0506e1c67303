// Marks above the population of the Lab: the rings of one event, and the way that a strategy came.
//
//   coop.mark("event", { focus: 5, rivals: [[4, 0.25], [6, 0.75]], winner: 6, beat: 2 });
//   coop.mark("path", [5, 6, 12]);   // from the individual back to where its strategy began
//   coop.mark("event", null);        // away with it
//
// `coop.population` is the coop.Painting that is on show; marks stand on a canvas of their own above it.
(() => {
  const coop = window.coop = window.coop || {};
  const marks = { event: null, path: null };
  let board = null, ticking = 0, drawn = "";

  coop.mark = (kind, what) => {
    marks[kind] = what;
    drawn = "";
    if (!ticking) ticking = setInterval(follow, 120);
    follow();
  };

  // The picture may be fitted anew, or be another one after a change of page.
  const follow = () => {
    const painting = coop.population, canvas = painting && painting.canvas;
    if (!marks.event && !marks.path || !canvas || !canvas.isConnected || !painting.x) {
      if (board) { board.remove(); board = null; }
      if (!marks.event && !marks.path) { clearInterval(ticking); ticking = 0; }
      return;
    }
    if (!board || board.parentNode !== canvas.parentNode) {
      if (board) board.remove();
      board = document.createElement("canvas");
      board.className = "coop-marks";
      board.setAttribute("aria-hidden", "true");
      canvas.parentNode.appendChild(board);
    }
    const seen = [canvas.width, canvas.offsetLeft, canvas.offsetTop, canvas.offsetParent !== null, document.documentElement.className].join();
    if (seen === drawn) return;
    drawn = seen;
    board.width = board.height = canvas.width;
    Object.assign(board.style, { width: canvas.style.width, height: canvas.style.height, left: canvas.offsetLeft + "px", top: canvas.offsetTop + "px" });
    board.style.display = canvas.offsetParent === null ? "none" : "";
    const pen = board.getContext("2d"), scale = canvas.width / (parseFloat(canvas.style.width) || canvas.width);
    if (marks.path) way(pen, painting, scale);
    if (marks.event) rings(pen, painting, scale, marks.event);
  };

  // Is the way from one to the other across a joined border, so that a line over the whole picture would be wrong?
  const joined = (painting, a, b) => painting.about.apart
    && Math.hypot(painting.x[a] - painting.x[b], painting.y[a] - painting.y[b]) > 0.5 * painting.canvas.width;

  const size = (painting, place) => painting.sizes ? painting.sizes[place] : painting.radius;

  const ring = (pen, painting, scale, place, ink, wide, grow) => {
    if (place < 0 || place >= painting.x.length) return;
    for (const [colour, width] of [[coop.token(board, "--panel") || "#FFFFFF", wide + 2.5], [ink, wide]]) {
      pen.beginPath();
      pen.arc(painting.x[place], painting.y[place], Math.max(size(painting, place), 3 * scale) + grow * scale, 0, 2 * Math.PI);
      pen.strokeStyle = colour;
      pen.lineWidth = width * scale;
      pen.stroke();
    }
  };

  const rings = (pen, painting, scale, what) => {
    const { x, y } = painting, ink = coop.token(board, "--ink") || "#1F2933", good = coop.token(board, "--good") || "#00714F";
    const focus = coop.token(board, "--focus") || "#0B57D0";
    if (what.beat >= 2) {
      pen.strokeStyle = ink;
      for (const [place, share] of what.rivals) {
        if (place >= x.length || place === what.focus || joined(painting, place, what.focus)) continue;
        pen.lineWidth = (1 + 7 * share) * scale;
        pen.globalAlpha = 0.75;
        pen.beginPath();
        pen.moveTo(x[what.focus], y[what.focus]);
        pen.lineTo(x[place], y[place]);
        pen.stroke();
        pen.globalAlpha = 1;
      }
      for (const [place] of what.rivals) ring(pen, painting, scale, place, ink, 1.5, 2);
      // Where marks are small the close-up alone has room for numbers.
      if (what.rivals.length <= 12 && painting.radius > 11 * scale) for (const [place, share] of what.rivals) label(pen, painting, scale, place, share);
    }
    ring(pen, painting, scale, what.focus, focus, 3.5, 3);
    if (what.beat >= 3 && what.winner >= 0) ring(pen, painting, scale, what.winner, good, 4.5, 4);
  };

  const label = (pen, painting, scale, place, share) => {
    const words = (100 * share).toFixed(share < 0.1 ? 1 : 0) + " %";
    pen.font = `500 ${13 * scale}px Roboto, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const wide = pen.measureText(words).width + 10 * scale, high = 20 * scale;
    const left = Math.max(wide / 2, Math.min(painting.canvas.width - wide / 2, painting.x[place])), top = painting.y[place];
    pen.fillStyle = coop.token(board, "--panel") || "#FFFFFF";
    pen.beginPath();
    pen.roundRect(left - wide / 2, top - high / 2, wide, high, 5 * scale);
    pen.fill();
    pen.fillStyle = coop.token(board, "--ink") || "#1F2933";
    pen.fillText(words, left, top);
  };

  // From the individual back to the founder; neighbours across a joined border are not joined by a line.
  const way = (pen, painting, scale) => {
    const { x, y } = painting, path = marks.path.filter((place) => place < x.length);
    const focus = coop.token(board, "--focus") || "#0B57D0", ground = coop.token(board, "--panel") || "#FFFFFF";
    for (const [ink, wide] of [[ground, 6], [focus, 3]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = wide * scale;
      pen.lineJoin = "round";
      for (let k = 1; k < path.length; k++) {
        const a = path[k - 1], b = path[k];
        const far = joined(painting, a, b), side = (p, q) => [Math.sign(p[0]) * q[0], Math.sign(p[1]) * q[1]];
        pen.beginPath();
        if (far) {  // out over the border, and in from the other side
          const dx = x[b] - x[a], dy = y[b] - y[a], stub = 2 * painting.radius, out = Math.abs(dx) > Math.abs(dy);
          const [sx, sy] = side([dx, dy], out ? [stub, 0] : [0, stub]);
          pen.moveTo(x[a], y[a]); pen.lineTo(x[a] - sx, y[a] - sy);
          pen.moveTo(x[b], y[b]); pen.lineTo(x[b] + sx, y[b] + sy);
        } else {
          pen.moveTo(x[a], y[a]); pen.lineTo(x[b], y[b]);
        }
        pen.stroke();
      }
    }
    if (!path.length) return;
    ring(pen, painting, scale, path[0], focus, 3, 3);
    if (path.length > 1) ring(pen, painting, scale, path[path.length - 1], coop.token(board, "--good") || "#00714F", 3, 3);
  };
})();
