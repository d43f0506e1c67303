// A matrix of individuals x rounds on a canvas. Only the tiles in sight are asked for, and only so many are kept.
(() => {
  const coop = window.coop = window.coop || {};

  const TILE = 64, SUB = 8, MOST_TILES = 400, LEFT = 74, TOP = 24;
  const NOTHING = 255, PARTS = 200;
  const REPAIRED = 2, FALLBACK = 4, CACHED = 8, SLIPPED = 16, MATCH = 32, OTHER = 64;

  const rgb = (text) => {
    const t = text.trim().replace("#", "");
    return [0, 2, 4].map((k) => parseInt(t.slice(k, k + 2), 16));
  };

  class Matrix {
    // scroller: the element that scrolls; canvas: stands still in it; spacer: as large as the whole matrix
    constructor(scroller, canvas, spacer, { want, pick, scrolled }) {
      Object.assign(this, { scroller, canvas, spacer, want, pick, scrolled });
      this.about = null;
      this.cell = 14;
      this.tiles = new Map();
      this.asked = new Set();
      this.chosen = null;
      this.frames = 0;
      this.later = false;
    }

    get left() { return LEFT; }

    world(about, order, kinds) {
      this.about = about;
      this.order = order;
      this.kinds = kinds;
      this.forget();
    }

    forget() {
      this.tiles.clear();
      this.asked.clear();
      this.fit();
    }

    // More rounds are there: tiles that were not full are asked for again.
    grew(done) {
      const from = Math.floor(this.about.done / TILE), end = this.scroller;
      const atEnd = end.scrollLeft + end.clientWidth >= end.scrollWidth - 2 * this.cell;
      this.about.done = done;
      for (const [name, tile] of this.tiles) if (tile.column >= from) tile.stale = true;
      for (const name of this.asked) if (Number(name.split(",")[1]) >= from) this.asked.delete(name);
      this.fit();
      if (atEnd && end.scrollWidth > end.clientWidth) end.scrollLeft = end.scrollWidth;
    }

    colours() {
      const style = getComputedStyle(this.canvas), token = (name) => style.getPropertyValue(name);
      this.ink = {};
      for (const name of ["cooperate", "defect", "panel", "page", "ink", "muted", "line", "error", "warning", "focus", "faint", "free"])
        this.ink[name] = token("--" + name).trim();
      this.scale = Number(token("--scale")) || 1;
      this.held = (this.about ? this.about.strategies : []).map((s) => rgb(coop.dressed(s).colour));
      for (const tile of this.tiles.values()) tile.image = null;
    }

    fit() {
      if (!this.about) return;
      this.colours();
      const ratio = window.devicePixelRatio || 1, { clientWidth: w, clientHeight: h } = this.scroller;
      this.spacer.style.width = LEFT + this.about.rounds * this.cell + "px";
      this.spacer.style.height = TOP + this.about.rows * this.cell + "px";
      this.canvas.width = Math.max(1, Math.round(w * ratio));
      this.canvas.height = Math.max(1, Math.round(h * ratio));
      this.canvas.style.width = w + "px";
      this.canvas.style.height = h + "px";
      this.draw();
    }

    soon() {
      if (this.later) return;
      this.later = true;
      requestAnimationFrame(() => { this.later = false; this.draw(); });
    }

    put(row, column, value, marks) {
      const name = row + "," + column;
      this.asked.delete(name);
      this.tiles.delete(name);
      this.tiles.set(name, { row, column, value, marks, image: null });
      while (this.tiles.size > MOST_TILES) this.tiles.delete(this.tiles.keys().next().value);
      this.soon();
    }

    // One tile as pixels: one wide and SUB high for a cell; the blue share stands at the bottom.
    picture(tile) {
      if (tile.image) return tile.image;
      const image = tile.image = document.createElement("canvas");
      image.width = TILE; image.height = TILE * SUB;
      const context = image.getContext("2d"), data = context.createImageData(TILE, TILE * SUB);
      const blue = rgb(this.ink.cooperate), orange = rgb(this.ink.defect), wrong = rgb(this.ink.error), again = rgb(this.ink.ink);
      const { filtered, compared, held } = this.about;
      for (let r = 0; r < TILE; r++) for (let c = 0; c < TILE; c++) {
        const value = tile.value[r * TILE + c], mark = tile.marks[r * TILE + c];
        if (value === NOTHING) continue;
        const dim = (filtered && !(mark & MATCH)) || (compared && !(mark & OTHER));
        const cut = held ? 0 : SUB - Math.round(SUB * value / PARTS), stripe = held ? 0 : mark & FALLBACK ? 3 : mark & REPAIRED ? 2 : 0;
        for (let s = 0; s < SUB; s++) {
          const colour = s < stripe ? (mark & FALLBACK ? wrong : again) : held ? (this.held[value] || orange) : s < cut ? orange : blue;
          const at = 4 * ((r * SUB + s) * TILE + c);
          data.data[at] = colour[0]; data.data[at + 1] = colour[1]; data.data[at + 2] = colour[2];
          data.data[at + 3] = dim ? 70 : 255;
        }
      }
      context.putImageData(data, 0, 0);
      return image;
    }

    draw() {
      if (!this.about || !this.ink) return;
      this.frames++;
      const { canvas, scroller, cell, about, ink } = this, ratio = window.devicePixelRatio || 1;
      const paper = canvas.getContext("2d"), w = canvas.width / ratio, h = canvas.height / ratio;
      const x0 = scroller.scrollLeft, y0 = scroller.scrollTop;
      paper.setTransform(ratio, 0, 0, ratio, 0, 0);
      paper.fillStyle = ink.panel;
      paper.fillRect(0, 0, w, h);
      const first = Math.floor(x0 / cell), last = Math.min(about.rounds, Math.ceil((x0 + w - LEFT) / cell));
      const top = Math.floor(y0 / cell), bottom = Math.min(about.rows, Math.ceil((y0 + h - TOP) / cell));
      this.sight = { first, last, top, bottom };
      paper.save();
      paper.beginPath();
      paper.rect(LEFT, TOP, w - LEFT, h - TOP);
      paper.clip();
      paper.imageSmoothingEnabled = false;
      const missing = [];
      for (let r = Math.floor(top / TILE); r * TILE < bottom; r++)
        for (let c = Math.floor(first / TILE); c * TILE < Math.min(last, about.done); c++) {
          const name = r + "," + c, tile = this.tiles.get(name);
          if ((!tile || tile.stale) && !this.asked.has(name)) { missing.push([r, c]); this.asked.add(name); }
          if (!tile) continue;
          this.tiles.delete(name); this.tiles.set(name, tile);  // the one that was used last goes last
          const x = LEFT + c * TILE * cell - x0, y = TOP + r * TILE * cell - y0;
          paper.drawImage(this.picture(tile), x, y, TILE * cell, TILE * cell);
          if (cell >= 9) this.glyphs(paper, tile, x, y, first, last, top, bottom);
        }
      if (cell >= 6) this.grid(paper, w, h, x0, y0, first, last, top, bottom);
      this.outline(paper, this.chosen, x0, y0, ink.focus, 3);
      this.outline(paper, about.divergence, x0, y0, ink.error, 3);
      paper.restore();
      this.gutters(paper, w, h, x0, y0, first, last, top, bottom);
      if (missing.length) this.want(missing);
    }

    grid(paper, w, h, x0, y0, first, last, top, bottom) {
      paper.strokeStyle = this.ink.panel;
      paper.lineWidth = this.cell >= 10 ? 1.5 : 1;
      paper.beginPath();
      const right = LEFT + last * this.cell - x0, low = TOP + bottom * this.cell - y0;
      for (let c = first; c <= last; c++) { const x = LEFT + c * this.cell - x0; paper.moveTo(x, TOP); paper.lineTo(x, low); }
      for (let r = top; r <= bottom; r++) { const y = TOP + r * this.cell - y0; paper.moveTo(LEFT, y); paper.lineTo(right, y); }
      paper.stroke();
    }

    // Marks that do not rest on colour: a cross for a fallback, a ring for asked again, a dot for read from the journal.
    glyphs(paper, tile, x, y, first, last, top, bottom) {
      const cell = this.cell, { ink } = this;
      const r0 = Math.max(0, top - tile.row * TILE), r1 = Math.min(TILE, bottom - tile.row * TILE);
      const c0 = Math.max(0, first - tile.column * TILE), c1 = Math.min(TILE, last - tile.column * TILE);
      paper.lineWidth = 2;
      for (let r = r0; r < r1; r++) for (let c = c0; c < c1; c++) {
        const mark = tile.marks[r * TILE + c];
        if (!(mark & (REPAIRED | FALLBACK | CACHED))) continue;
        if (this.about.filtered && !(mark & MATCH)) continue;
        const mx = x + (c + 0.5) * cell, my = y + (r + 0.58) * cell, q = cell * 0.24;
        if (mark & FALLBACK) {
          paper.strokeStyle = "#FFFFFF"; paper.beginPath();
          paper.moveTo(mx - q, my - q); paper.lineTo(mx + q, my + q); paper.moveTo(mx + q, my - q); paper.lineTo(mx - q, my + q);
          paper.stroke();
        } else if (mark & REPAIRED) {
          paper.strokeStyle = "#FFFFFF"; paper.beginPath(); paper.arc(mx, my, q, 0, 7); paper.stroke();
        }
        if (mark & CACHED) { paper.fillStyle = ink.panel; paper.fillRect(x + (c + 1) * cell - cell * 0.32, y + (r + 1) * cell - cell * 0.32, cell * 0.32, cell * 0.32); }
      }
    }

    outline(paper, at, x0, y0, colour, width) {
      if (!at) return;
      const x = LEFT + at.round * this.cell - x0, y = TOP + at.row * this.cell - y0, more = Math.max(0, 6 - this.cell) / 2 + 1;
      paper.lineWidth = width;
      paper.strokeStyle = colour;
      paper.strokeRect(x - more, y - more, this.cell + 2 * more, this.cell + 2 * more);
    }

    gutters(paper, w, h, x0, y0, first, last, top, bottom) {
      const { cell, ink, about } = this, size = 11.5 * Math.min(this.scale, 1.2);
      paper.fillStyle = ink.panel;
      paper.fillRect(0, 0, w, TOP);
      paper.fillRect(0, 0, LEFT, h);
      paper.font = `${size}px Roboto, sans-serif`;
      paper.textBaseline = "middle";
      paper.textAlign = "right";
      const step = (least) => { for (let k = 1; ; k *= 10) for (const m of [1, 2, 5]) if (k * m * cell >= least) return k * m; };
      const down = step(size + 3);
      for (let r = top; r < bottom; r++) {
        const y = TOP + (r + 0.5) * cell - y0;
        if (y < TOP + 2) continue;
        const kind = about.strategies[this.kinds[r]];
        if (kind) { paper.fillStyle = coop.dressed(kind).colour; paper.fillRect(LEFT - 8, y - cell / 2 + 0.5, 4, Math.max(1, cell - 1)); }
        if (r % down === 0) { paper.fillStyle = ink.muted; paper.fillText(String(this.order[r]), LEFT - 13, y); }
      }
      const along = step(38);
      paper.textAlign = "center";
      for (let c = Math.ceil(first / along) * along; c < last; c += along) {
        const x = LEFT + (c + 0.5) * cell - x0;
        if (x < LEFT - 4) continue;
        paper.fillStyle = ink.muted;
        paper.fillText(String(c + about.base), Math.min(x, w - 14), TOP / 2 - 1);
        paper.fillRect(x - 0.5, TOP - 5, 1, 4);
      }
      paper.fillStyle = ink.panel;
      paper.fillRect(0, 0, LEFT, TOP);
      paper.fillStyle = ink.muted;
      paper.textAlign = "right";
      paper.fillText(about.unit, LEFT - 6, TOP / 2 - 1);
    }

    at(event) {
      const box = this.canvas.getBoundingClientRect();
      const x = event.clientX - box.left, y = event.clientY - box.top;
      if (!this.about || x < LEFT || y < TOP) return null;
      const round = Math.floor((x - LEFT + this.scroller.scrollLeft) / this.cell), row = Math.floor((y - TOP + this.scroller.scrollTop) / this.cell);
      return round < this.about.done && row < this.about.rows ? { row, round } : null;
    }

    choose(at) {
      this.chosen = at;
      if (at) this.show(at);
      this.soon();
    }

    // Bring a cell into sight.
    show({ row, round }) {
      const s = this.scroller, x = round * this.cell, y = row * this.cell, w = s.clientWidth - LEFT, h = s.clientHeight - TOP;
      if (x < s.scrollLeft || x + this.cell > s.scrollLeft + w) s.scrollLeft = Math.max(0, x - w / 2);
      if (y < s.scrollTop || y + this.cell > s.scrollTop + h) s.scrollTop = Math.max(0, y - h / 2);
    }
  }

  coop.Matrix = Matrix;
})();
