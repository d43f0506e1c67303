// Pointing at individuals of a painting: rings on a canvas of their own, above it.
//
//   const pointing = new coop.Pointing(painting, overlay);
//   pointing.fit();                       // whenever the painting was fitted
//   pointing.at(x, y)                     // the place there (CSS pixels of the canvas), or -1
//   pointing.hovered = 3; pointing.chosen = 5; pointing.neighbours = [4, 6]; pointing.draw();
//   pointing.towards(place, dx, dy)       // the neighbour in that direction, else the nearest place there, else -1
(() => {
  const coop = window.coop = window.coop || {};
  const MOST = 400;  // rings and lines round one individual

  coop.Pointing = class {
    constructor(painting, overlay) {
      this.painting = painting;
      this.overlay = overlay;
      this.forget();
    }

    forget() {
      this.hovered = this.chosen = -1;
      this.neighbours = [];
      this.beside = null;
    }

    fit() {
      const { canvas, x, y } = this.painting;
      this.overlay.width = this.overlay.height = canvas.width;
      this.overlay.style.width = this.overlay.style.height = canvas.style.width;
      if (!x) return;
      // A grid with about two places to a cell, as compressed rows.
      this.across = Math.max(1, Math.round(Math.sqrt(x.length / 2)));
      this.cell = canvas.width / this.across;
      const many = this.across ** 2, first = new Uint32Array(many + 1), home = new Uint32Array(x.length);
      for (let i = 0; i < x.length; i++) first[(home[i] = this.cellOf(x[i], y[i])) + 1]++;
      for (let k = 0; k < many; k++) first[k + 1] += first[k];
      const next = first.slice(), inside = new Uint32Array(x.length);
      for (let i = 0; i < x.length; i++) inside[next[home[i]]++] = i;
      Object.assign(this, { first, inside });
      this.draw();
    }

    cellOf(x, y) {
      const within = (v) => Math.max(0, Math.min(this.across - 1, Math.floor(v / this.cell)));
      return within(y) * this.across + within(x);
    }

    at(left, top) {
      const { x, y, radius, canvas } = this.painting;
      if (!x || !this.first) return -1;
      const scale = canvas.width / parseFloat(canvas.style.width), px = left * scale, py = top * scale;
      const near = Math.max(1.4 * radius, 7 * scale), reach = Math.ceil(near / this.cell);
      let found = -1, best = near;
      const column = Math.floor(px / this.cell), row = Math.floor(py / this.cell);
      for (let r = Math.max(0, row - reach); r <= Math.min(this.across - 1, row + reach); r++) {
        for (let c = Math.max(0, column - reach); c <= Math.min(this.across - 1, column + reach); c++) {
          for (let k = this.first[r * this.across + c]; k < this.first[r * this.across + c + 1]; k++) {
            const i = this.inside[k], away = Math.hypot(x[i] - px, y[i] - py);
            if (away < best && this.inhabited(i)) { best = away; found = i; }
          }
        }
      }
      return found;
    }

    inhabited(place) {
      const state = this.painting.wanted;
      return !state || state[place] !== coop.NOBODY;
    }

    // Where a place is, in CSS pixels of the canvas.
    where(place) {
      const { x, y, canvas } = this.painting, scale = canvas.width / parseFloat(canvas.style.width);
      return [x[place] / scale, y[place] / scale];
    }

    // Those who are joined to a place by an edge of the picture.
    joined(place) {
      const edges = this.painting.about.edges;
      if (this.beside && this.beside.edges === edges && this.beside.place === place) return this.beside.found;
      const found = [];
      for (let k = 0; k < edges.length && found.length < MOST; k += 2) {
        if (edges[k] === place) found.push(edges[k + 1]);
        else if (edges[k + 1] === place) found.push(edges[k]);
      }
      this.beside = { edges, place, found };
      return found;
    }

    towards(place, dx, dy) {
      const { x, y } = this.painting;
      const among = (candidates, most) => {
        let found = -1, best = Infinity;
        for (const i of candidates) {
          const a = x[i] - x[place], b = y[i] - y[place], ahead = a * dx + b * dy, aside = Math.abs(a * dy - b * dx);
          if (i === place || ahead <= 0 || aside > most * ahead || !this.inhabited(i)) continue;
          const away = ahead + 2 * aside;
          if (away < best) { best = away; found = i; }
        }
        return found;
      };
      const beside = among(this.neighbours.length ? this.neighbours : this.joined(place), 1);
      return beside >= 0 ? beside : among(x.keys(), 2);
    }

    ring(place, colour, width, grow) {
      const { x, y, sizes } = this.painting, pen = this.overlay.getContext("2d"), scale = coop.density();
      for (const [ink, wide] of [[coop.token(this.overlay, "--panel") || "#FFFFFF", width + 2], [colour, width]]) {
        pen.beginPath();
        pen.arc(x[place], y[place], Math.max(sizes[place], 2) * 1.15 + grow * scale, 0, 2 * Math.PI);
        pen.strokeStyle = ink;
        pen.lineWidth = wide * scale;
        pen.stroke();
      }
    }

    draw() {
      const { x, y } = this.painting, pen = this.overlay.getContext("2d"), scale = coop.density();
      pen.clearRect(0, 0, this.overlay.width, this.overlay.width);
      if (!x) return;
      const ink = coop.token(this.overlay, "--ink") || "#1F2933", focus = coop.token(this.overlay, "--focus") || "#0B57D0";
      const spokes = (place, others) => {
        pen.strokeStyle = ink;
        pen.globalAlpha = 0.55;
        pen.lineWidth = 1.2 * scale;
        pen.beginPath();
        for (const i of others.slice(0, MOST)) { pen.moveTo(x[place], y[place]); pen.lineTo(x[i], y[i]); }
        pen.stroke();
        pen.globalAlpha = 1;
      };
      if (this.hovered >= 0 && this.hovered < x.length) {
        spokes(this.hovered, this.joined(this.hovered));
        this.ring(this.hovered, ink, 1.5, 2);
      }
      if (this.chosen >= 0 && this.chosen < x.length) {
        const near = this.neighbours.filter((i) => i < x.length).slice(0, MOST);
        for (const i of near) this.ring(i, ink, 1, 1);
        this.ring(this.chosen, focus, 2.5, 3);
      }
    }
  };
})();
