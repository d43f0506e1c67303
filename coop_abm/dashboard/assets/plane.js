// A sweep on a canvas: cells of two parameters, points of a sample, or a curve of one, with axes and theory's line.
//
//   const plane = new coop.Plane(canvas);
//   plane.show(data);            // plain values of dashboard/planes.py
//   plane.fit(width, height);    // CSS pixels; again whenever the size or the theme changes
//   plane.at(x, y)               // which cell lies there, -1 for none
//   plane.mark(k)                // draw a frame round this cell
(() => {
  const coop = window.coop = window.coop || {};

  coop.Plane = class {
    constructor(canvas) { this.canvas = canvas; this.data = null; this.marked = -1; this.size = [0, 0]; }

    show(data) { this.data = data; this.marked = -1; this.paint(); }

    mark(k) { if (k !== this.marked) { this.marked = k; this.paint(); } }

    fit(width, height) { this.size = [width, height]; this.paint(); }

    // Where a share of each axis is, in CSS pixels.
    x(share) { const r = this.data.room; return this.left + (share + r) / (1 + 2 * r) * this.wide; }
    y(share) { const r = this.data.room; return this.top + this.tall - (share + r) / (1 + 2 * r) * this.tall; }

    token(name) { return coop.token(this.canvas, name); }

    paint() {
      const [width, height] = this.size, data = this.data;
      if (!width || !data) return;
      const dense = Math.min(window.devicePixelRatio || 1, 2), pen = this.canvas.getContext("2d");
      this.canvas.width = width * dense; this.canvas.height = height * dense;
      this.canvas.style.width = width + "px"; this.canvas.style.height = height + "px";
      pen.scale(dense, dense);
      pen.fillStyle = this.token("--panel"); pen.fillRect(0, 0, width, height);
      const scale = this.scale = parseFloat(this.token("--scale")) || 1;
      this.letters = (size, weight) => `${weight || 400} ${Math.round(size * scale)}px Roboto, sans-serif`;
      pen.font = this.letters(12);
      const widest = Math.max(...data.y.ticks.map((t) => pen.measureText(t[1]).width), 20);
      this.left = widest + 34 * scale; this.top = 10; this.wide = width - this.left - (data.bar ? 92 : 18) * 1;
      this.tall = height - this.top - 58 * scale;
      this.axes(pen);
      pen.save();
      pen.beginPath(); pen.rect(this.left, this.top, this.wide, this.tall); pen.clip();
      ({ cells: () => this.cells(pen), points: () => this.dots(pen), curve: () => this.curve(pen) })[data.kind]();
      this.lines(pen);
      pen.restore();
      this.frame(pen);
      if (data.bar) this.bar(pen);
    }

    axes(pen) {
      const { x, y } = this.data, scale = this.scale;
      pen.strokeStyle = this.token("--border"); pen.lineWidth = 1;
      pen.strokeRect(this.left, this.top, this.wide, this.tall);
      pen.fillStyle = this.token("--muted"); pen.font = this.letters(12);
      pen.textBaseline = "top"; pen.textAlign = "center";
      let free = -1e9;  // labels that would touch are left out
      for (const [share, text] of x.ticks) {
        const at = this.x(share), half = pen.measureText(text).width / 2;
        if (at - half < free) continue;
        pen.fillText(text, at, this.top + this.tall + 6); free = at + half + 6;
      }
      pen.textAlign = "right"; pen.textBaseline = "middle";
      for (const [share, text] of y.ticks) pen.fillText(text, this.left - 6, this.y(share));
      pen.fillStyle = this.token("--ink"); pen.font = this.letters(13);
      pen.textAlign = "center"; pen.textBaseline = "top";
      pen.fillText(x.label.replace(/\n/g, " "), this.left + this.wide / 2, this.top + this.tall + 28 * scale);
      pen.save();
      pen.translate(4, this.top + this.tall / 2); pen.rotate(-Math.PI / 2);
      pen.fillText(y.label.replace(/\n/g, " "), 0, 0);
      pen.restore();
    }

    box([i, j]) {
      const { x, y } = this.data, left = this.x(x.edges[i]), low = this.y(y.edges[j]);
      return [left, this.y(y.edges[j + 1]), this.x(x.edges[i + 1]) - left, low - this.y(y.edges[j + 1])];
    }

    cells(pen) {
      const few = this.data.cells.length <= 500;
      for (const cell of this.data.cells) {
        const [left, top, wide, tall] = this.box(cell), gap = few ? 1 : 0;
        if (!cell[2]) {
          pen.strokeStyle = this.token("--border"); pen.beginPath();
          pen.moveTo(left + wide / 2 - 4, top + tall / 2 - 4); pen.lineTo(left + wide / 2 + 4, top + tall / 2 + 4);
          pen.moveTo(left + wide / 2 + 4, top + tall / 2 - 4); pen.lineTo(left + wide / 2 - 4, top + tall / 2 + 4); pen.stroke();
          continue;
        }
        pen.fillStyle = cell[2];
        pen.fillRect(left, top, wide - gap + 0.3, tall - gap + 0.3);
        if (cell[3]) this.hatch(pen, left, top, wide - gap, tall - gap);
      }
    }

    // The interval holds the neutral level: which way it goes is not known.
    hatch(pen, left, top, wide, tall) {
      pen.save();
      pen.beginPath(); pen.rect(left, top, wide, tall); pen.clip();
      pen.strokeStyle = "#8C96A0"; pen.lineWidth = 1; pen.beginPath();
      for (let k = -tall; k < wide; k += 7) { pen.moveTo(left + k, top + tall); pen.lineTo(left + k + tall, top); }
      pen.stroke(); pen.restore();
    }

    dots(pen) {
      const r = Math.max(3, Math.min(8, 90 / Math.sqrt(this.data.points.length)));
      this.data.points.forEach((p, k) => {
        if (!p) return;
        pen.beginPath(); pen.arc(this.x(p[0]), this.y(p[1]), r, 0, 2 * Math.PI);
        pen.fillStyle = this.data.cells[k][2] || this.token("--panel"); pen.fill();
        pen.strokeStyle = this.token("--border"); pen.lineWidth = 1; pen.stroke();
      });
    }

    curve(pen) {
      const { points, bars, level } = this.data, scale = this.scale;
      if (level !== null) {
        pen.strokeStyle = this.token("--limit"); pen.lineWidth = 1; pen.beginPath();
        pen.moveTo(this.left, this.y(level)); pen.lineTo(this.left + this.wide, this.y(level)); pen.stroke();
      }
      pen.strokeStyle = pen.fillStyle = this.token("--cooperate-ink");
      pen.lineWidth = 1.2 * scale;
      points.forEach((p, k) => {
        if (!p || !bars[k]) return;
        pen.beginPath(); pen.moveTo(this.x(p[0]), this.y(bars[k][0])); pen.lineTo(this.x(p[0]), this.y(bars[k][1])); pen.stroke();
      });
      pen.lineWidth = 2 * scale; this.path(pen, points);
      points.forEach((p) => { if (p) { pen.beginPath(); pen.arc(this.x(p[0]), this.y(p[1]), 4 * scale, 0, 7); pen.fill(); } });
    }

    path(pen, points) {
      let up = true;
      pen.beginPath();
      for (const p of points) {
        if (p) pen[up ? "moveTo" : "lineTo"](this.x(p[0]), this.y(p[1]));
        up = !p;
      }
      pen.stroke();
    }

    // Over the colours of cells, which are those of paper, theory is dark with a light rim, in the dark as well.
    lines(pen) {
      const paper = this.data.kind === "cells";
      for (const line of this.data.lines) {
        const limit = line.name === "textbook limit";
        pen.setLineDash([]); pen.lineWidth = 5; pen.strokeStyle = paper ? "#FFFFFFD8" : this.token("--panel");
        this.path(pen, line.points);
        pen.setLineDash(limit ? [2, 4] : [9, 5]); pen.lineWidth = limit ? 1.8 : 2.4;
        pen.strokeStyle = paper ? "#2B2B2B" : this.token("--theory");
        this.path(pen, line.points);
      }
      pen.setLineDash([]);
    }

    frame(pen) {
      const k = this.marked, data = this.data;
      if (k < 0) return;
      pen.strokeStyle = this.token("--focus"); pen.lineWidth = 2.5;
      if (data.kind === "cells") { const b = this.box(data.cells[k]); pen.strokeRect(b[0], b[1], b[2], b[3]); return; }
      const p = data.points[k];
      if (p) { pen.beginPath(); pen.arc(this.x(p[0]), this.y(p[1]), 10, 0, 7); pen.stroke(); }
    }

    bar(pen) {
      const { bar, neutral } = this.data, left = this.left + this.wide + 16, many = bar.colours.length;
      const tall = Math.min(this.tall, 260), top = this.top + (this.tall - tall) / 2;
      bar.colours.forEach((colour, k) => {
        pen.fillStyle = colour;
        pen.fillRect(left, top + tall - (k + 1) / many * tall, 14, tall / many + 0.6);
      });
      pen.fillStyle = this.token("--muted"); pen.font = this.letters(12); pen.textAlign = "left"; pen.textBaseline = "middle";
      const words = (v) => String(Number(v.toPrecision(3)));
      pen.fillText(words(bar.high), left + 20, top); pen.fillText(words(bar.low), left + 20, top + tall);
      if (neutral !== null && neutral > bar.low && neutral < bar.high) {
        const at = top + tall - (neutral - bar.low) / (bar.high - bar.low) * tall;
        pen.strokeStyle = this.token("--ink"); pen.lineWidth = 1.5; pen.beginPath(); pen.moveTo(left - 3, at); pen.lineTo(left + 17, at); pen.stroke();
        pen.fillText(words(neutral), left + 20, at);
      }
    }

    at(x, y) {
      const data = this.data;
      if (!data) return -1;
      if (data.kind === "cells") {
        return data.cells.findIndex((cell) => {
          const [left, top, wide, tall] = this.box(cell);
          return x >= left && x < left + wide && y >= top && y < top + tall;
        });
      }
      let best = -1, nearest = 20;
      data.points.forEach((p, k) => {
        const d = p ? Math.hypot(this.x(p[0]) - x, this.y(p[1]) - y) : 1e9;
        if (d < nearest) { nearest = d; best = k; }
      });
      return best;
    }
  };
})();
