// Charts of one moment on a square canvas: payoffs by strategy, the phase plane, the simplex of three strategies.
//
//   coop.charts.histogram(canvas, side, { low, high, bars, means }, strategies)
//   coop.charts.plane(canvas, side, { path, height, since }, unit)
//   coop.charts.simplex(canvas, side, { points }, strategies)
(() => {
  const coop = window.coop = window.coop || {};

  // A pen whose unit is the CSS pixel, on an empty ground in the colours of the page.
  const begin = (canvas, side) => {
    const scale = coop.density();
    canvas.width = canvas.height = Math.round(side * scale);
    canvas.style.width = canvas.style.height = side + "px";
    const pen = canvas.getContext("2d"), ink = (name, usual) => coop.token(canvas, name) || usual;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.fillStyle = ink("--panel", "#FFFFFF");
    pen.fillRect(0, 0, side, side);
    const size = 13 * (parseFloat(ink("--scale", "1")) || 1);
    pen.font = `${size}px Roboto, sans-serif`;
    pen.textBaseline = "middle";
    return { pen, ink, size };
  };

  const write = (pen, words, x, y, align, colour) => {
    pen.textAlign = align;
    pen.fillStyle = colour;
    pen.fillText(words, x, y);
  };

  // A round step of which about `many` fit into a span.
  const step = (span, many) => {
    const ten = Math.pow(10, Math.floor(Math.log10(span / many)));
    return [1, 2, 5, 10].map((f) => f * ten).find((s) => span / s <= many + 0.01);
  };

  const ticks = (low, high, many) => {
    const by = step(high - low || 1, many), found = [];
    for (let k = Math.ceil(low / by - 1e-9); k * by <= high + 1e-9 * by; k++) found.push(k * by || 0);
    return { found, digits: Math.max(0, -Math.floor(Math.log10(by) + 1e-9)) };
  };

  const number = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");

  const histogram = (canvas, side, data, strategies) => {
    const { pen, ink, size } = begin(canvas, side), shown = strategies.map(coop.dressed);
    const left = 52, right = side - 12, foot = 3.4 * size, many = shown.length, gap = 1.9 * size;
    const high = (side - foot) / many - gap, most = Math.max(...data.bars.map((row) => Math.max(...row)), 1e-9);
    const X = (v) => left + (right - left) * (v - data.low) / (data.high - data.low);
    shown.forEach((s, k) => {
      const base = (k + 1) * (high + gap) - 2, room = high - 6;
      const mean = data.means[k], share = data.bars[k].reduce((a, b) => a + b, 0);
      const words = mean === null ? "nobody" : `${(100 * share).toFixed(0)} %, mean payoff ${Number(mean.toPrecision(3)).toLocaleString("en").replace("-", "−")}`;
      write(pen, `${s.label}: ${words}`, left, base - high - 0.45 * size, "left", s.ink);
      for (const y of [0, 0.5, 1]) {
        pen.strokeStyle = ink(y ? "--line" : "--muted", "#999999");
        pen.lineWidth = 1;
        pen.beginPath(); pen.moveTo(left, base - y * room); pen.lineTo(right, base - y * room); pen.stroke();
        if (y !== 0.5) write(pen, `${(100 * y * most).toFixed(most < 0.1 ? 1 : 0)} %`, left - 6, base - y * room, "right", ink("--muted", "#5B6770"));
      }
      const wide = (right - left) / data.bars[k].length;
      pen.fillStyle = s.colour;
      pen.strokeStyle = s.ring;
      data.bars[k].forEach((part, b) => {
        if (!part) return;
        const tall = Math.max(1, room * part / most);
        pen.fillRect(left + b * wide + 0.5, base - tall, wide - 1, tall);
        if (wide > 5) pen.strokeRect(left + b * wide + 1, base - tall + 0.5, wide - 2, tall);
      });
      if (mean !== null) {
        pen.setLineDash([6, 4]);
        pen.strokeStyle = ink("--theory", "#4A4A4A");
        pen.lineWidth = 1.5;
        pen.beginPath(); pen.moveTo(X(mean), base); pen.lineTo(X(mean), base - room); pen.stroke();
        pen.setLineDash([]);
      }
    });
    const axis = ticks(data.low, data.high, 5);
    for (const v of axis.found) write(pen, number(v, axis.digits), X(v), side - foot + 0.9 * size, "center", ink("--muted", "#5B6770"));
    write(pen, "payoff", right, side - 0.9 * size, "right", ink("--ink", "#1F2933"));
    write(pen, "share of all individuals; dashed: mean", left, side - 0.9 * size, "left", ink("--muted", "#5B6770"));
  };

  const trail = (pen, ink, points) => {
    pen.strokeStyle = ink("--cooperate", "#0072B2");
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    pen.beginPath();
    points.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
    if (!points.length) return;
    const dot = (at, colour, r) => { pen.beginPath(); pen.arc(at[0], at[1], r, 0, 7); pen.fillStyle = colour; pen.fill(); };
    dot(points[0], ink("--muted", "#5B6770"), 4);
    dot(points[points.length - 1], ink("--panel", "#FFFFFF"), 8);
    dot(points[points.length - 1], ink("--cooperate", "#0072B2"), 6);
  };

  const plane = (canvas, side, data, unit) => {
    const { pen, ink, size } = begin(canvas, side), muted = ink("--muted", "#5B6770");
    const left = 58, right = side - 14, top = 2.4 * size, foot = side - 3.6 * size;
    const heights = data.path.map((p) => p[1]);
    let low = Math.min(...heights, 0), high = Math.max(...heights, 0);
    if (data.height === "assortment") { low = Math.min(low, -0.2); high = 1; }
    if (high - low < 1e-6) high = low + 1;
    const axis = ticks(low, high, 5), X = (v) => left + (right - left) * v, Y = (v) => foot - (foot - top) * (v - low) / (high - low);
    for (const v of axis.found) {
      pen.strokeStyle = ink("--line", "#E3E6EA");
      pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(left, Y(v)); pen.lineTo(right, Y(v)); pen.stroke();
      write(pen, number(v, axis.digits), left - 6, Y(v), "right", muted);
    }
    pen.strokeStyle = muted;
    pen.beginPath(); pen.moveTo(left, foot); pen.lineTo(right, foot); pen.moveTo(left, top); pen.lineTo(left, foot); pen.stroke();
    for (const v of [0, 0.25, 0.5, 0.75, 1]) write(pen, `${100 * v} %`, X(v), foot + size, v === 1 ? "right" : "center", muted);
    write(pen, data.height, left, top - 1.2 * size, "left", ink("--ink", "#1F2933"));
    write(pen, "share of cooperators", right, side - size, "right", ink("--ink", "#1F2933"));
    write(pen, `since ${unit} ${data.since.toLocaleString("en")}`, left, side - size, "left", muted);
    trail(pen, ink, data.path.map((p) => [X(p[0]), Y(p[1])]));
    if (!data.path.length) write(pen, "everybody is alike: nothing to compare", (left + right) / 2, (top + foot) / 2, "center", muted);
  };

  const simplex = (canvas, side, data, strategies) => {
    const { pen, ink, size } = begin(canvas, side), shown = strategies.map(coop.dressed);
    const wide = Math.min(side - 90, (side - 5 * size) / 0.866), base = side - 2.6 * size, middle = side / 2;
    const corners = [[middle, base - 0.866 * wide], [middle - wide / 2, base], [middle + wide / 2, base]];
    const at = (s) => [0, 1].map((k) => s[0] * corners[0][k] + s[1] * corners[1][k] + s[2] * corners[2][k]);
    pen.lineWidth = 1;
    for (const part of [0.25, 0.5, 0.75]) {
      for (let k = 0; k < 3; k++) {
        const one = [0, 0, 0], other = [0, 0, 0];
        one[k] = other[k] = part;
        one[(k + 1) % 3] = other[(k + 2) % 3] = 1 - part;
        pen.strokeStyle = ink("--line", "#E3E6EA");
        pen.beginPath(); pen.moveTo(...at(one)); pen.lineTo(...at(other)); pen.stroke();
      }
    }
    pen.strokeStyle = ink("--muted", "#5B6770");
    pen.beginPath(); corners.forEach((c, k) => (k ? pen.lineTo(...c) : pen.moveTo(...c))); pen.closePath(); pen.stroke();
    const beside = [["center", 0, -size], ["left", -24, 1.3 * size], ["right", 24, 1.3 * size]];
    shown.forEach((s, k) => write(pen, `all ${s.label}`, corners[k][0] + beside[k][1], corners[k][1] + beside[k][2], beside[k][0], s.ink));
    trail(pen, ink, data.points.map(at));
  };

  coop.charts = { histogram, plane, simplex };
})();
