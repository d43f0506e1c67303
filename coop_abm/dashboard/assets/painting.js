// A population on a canvas. Nothing here knows of Vue or of a server, so a page of any kind can use it: the Lab, the
// cards of Home, a replay in one file. It wants colours.js, and pace.js if nothing may flash.
//
//   const painting = new coop.Painting(canvas, pace);              // pace: a coop.Pace, or nothing
//   painting.world({ strategies, places, edges, beyond, arrows, seats, apart });   // once; grey: true keeps edges grey
//   painting.fit(side);                                            // CSS pixels; again whenever size or theme change
//   painting.show(state, tones);                                   // each frame
//
// strategies : [{ name, colour, ring, shape, dark }], shape as in coop.trace; dark: other colours
// places     : Float32Array (2 P), x and y in [0, 1]
// edges      : Uint32Array (2 E), pairs of places
// beyond     : Uint32Array (2 B), pairs that a second graph joins: dashed; or nothing
// arrows     : do edges go from the first of a pair to the second?
// seats      : 0, or how many places a group has
// apart      : do shapes stand clear of each other?
// state      : Uint8Array (P), the strategy in each place
// tones      : { kind: "ramp" or "hues", levels: Uint8Array (P) } to colour by something else; shapes stay the strategy's
(() => {
  const coop = window.coop = window.coop || {};

  // Up to this many individuals are drawn by the pen; of more each look is drawn once, and then stamped.
  const SHAPES = 320;
  // Edges that take the colours of their ends: up to so many in each frame, and up to so many while nothing moves.
  const LIVELY = 2000, RESTING = 8000;
  // Arrows up to so many have heads.
  const ARROWS = 1500;
  const NOBODY = coop.NOBODY, MIXED = 128, KINDS = 11, LEVELS = 64;

  coop.Painting = class {
    constructor(canvas, pace) {
      this.canvas = canvas;
      this.pace = pace || null;
      this.drawn = 0;
      this.about = null;
      this.wanted = this.tones = null;
    }

    world(about) {
      this.about = about;
      this.wanted = this.tones = null;
      if (this.pace) this.pace.clear();
    }

    // Everything that depends on the size of the canvas, on the theme and on the world, but not on the frame.
    fit(side) {
      const { canvas, about } = this, pixels = Math.round(side * coop.density());
      if (!about) return;
      canvas.width = canvas.height = pixels;
      canvas.style.width = canvas.style.height = side + "px";
      const places = about.places, count = places.length / 2;
      this.kinds = about.strategies.map(coop.dressed);
      this.pen = canvas.getContext("2d", { willReadFrequently: count > SHAPES });
      // Room for the marks at the border, in radii, and for the rings that stand round them.
      this.margin = about.seats ? 3.6 : 1.15;
      this.border = 7 * pixels / side;
      this.radius = this.room(count, pixels);
      const margin = this.margin * this.radius + this.border;
      this.x = new Float32Array(count);
      this.y = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        this.x[i] = margin + places[2 * i] * (pixels - 2 * margin);
        this.y[i] = margin + places[2 * i + 1] * (pixels - 2 * margin);
      }
      this.sizes = this.degrees(count);
      this.lively = count <= SHAPES && about.edges.length <= 2 * LIVELY;
      this.under = this.ground(pixels, this.lively ? null : "grey");
      if (count > SHAPES) this.stamps(pixels);
      if (this.pace) this.pace.clear();
      this.paint();
    }

    show(state, tones = null) {
      Object.assign(this, { wanted: state, tones });
      clearTimeout(this.late);
      if (!this.pace) return this.paint();
      const seen = this.tones && this.tones.kind === "ramp" ? this.tones.levels.map((v) => v >> 4) : state;
      const next = this.pace.next(seen);
      const softly = next.soft ? this.before : null;
      if (next.paint) this.paint(softly);
      // Whatever comes last is painted as it is, if a little later.
      if (!next.paint || next.soft) this.late = setTimeout(() => this.paint(), Math.max(next.later, next.soft ? 500 : 0));
      this.before = { state, levels: this.tones ? this.tones.levels : null };
    }

    // How each place is painted: its strategy, or two of them mixed, and 256 times its tone; 0 is the strategy's own.
    coded(before) {
      const { wanted, tones } = this, count = wanted.length, codes = new Uint16Array(count);
      const old = before && before.state.length === count ? before : null;
      for (let i = 0; i < count; i++) {
        let s = wanted[i], level = tones ? tones.levels[i] : 0;
        if (old && tones && old.levels && tones.kind === "ramp") level = (level + old.levels[i]) >> 1;
        if (old && !tones && old.state[i] !== s && s < KINDS && old.state[i] < KINDS) {
          s = MIXED + Math.min(s, old.state[i]) * KINDS + Math.max(s, old.state[i]);
        }
        codes[i] = s === NOBODY || !tones ? s : s | ((1 + (tones.kind === "ramp" ? level >> 2 : level % LEVELS)) << 8);
      }
      return codes;
    }

    // { colour, ring, shape } of a code; null where nobody is.
    dress(code) {
      const s = code & 255, tone = code >> 8;
      if (s === NOBODY) return null;
      if (s >= MIXED) {
        const [a, b] = [this.kinds[Math.floor((s - MIXED) / KINDS)], this.kinds[(s - MIXED) % KINDS]];
        return { colour: coop.between(a.colour, b.colour, 0.5), ring: coop.between(a.ring, b.ring, 0.5), shape: "circle" };
      }
      const kind = this.kinds[s];
      if (!tone || !kind) return kind || null;
      const colour = this.tones && this.tones.kind === "hues" ? coop.hue(tone - 1) : coop.ramp((tone - 1) / (LEVELS - 1));
      return { colour, ring: coop.dark() ? "#8C96A0" : "#4A5560", shape: kind.shape };
    }

    // The radius: as large as the nearest neighbours of a sample leave room for, in device pixels. `span` is the side of
    // the square of pixels that a stamp has.
    room(count, pixels) {
      const places = this.about.places, wish = 0.42 * pixels / Math.sqrt(count), spanned = (radius) => {
        this.span = 2 * Math.ceil(1.15 * radius) + 1;
        return radius;
      };
      if (count < 2) return spanned(pixels / 20);
      if (!this.about.apart) return spanned(Math.max(1.5, Math.min(0.7 * wish, pixels / 45)));
      let nearest = 2;
      const every = Math.max(1, Math.floor(count / 60));
      for (let i = 0; i < count; i += every) {
        for (let j = 0; j < count; j++) {
          const d = Math.hypot(places[2 * i] - places[2 * j], places[2 * i + 1] - places[2 * j + 1]);
          if (i !== j && d > 0 && d < nearest) nearest = d;
        }
      }
      const roomy = 0.36 * nearest * pixels;
      if (roomy >= 4) return spanned(Math.min(roomy, pixels / 26));
      // Small shapes touch each other, or the ground would wash their colours out. Centres come to lie on whole pixels,
      // so on a lattice squares of whole pixels that are no wider than its pitch never share one.
      const pitch = nearest * (pixels - 2 * this.border) / (1 + this.margin * nearest);
      this.span = Math.max(2, Math.floor(pitch - 0.01));
      return Math.max(1, this.span / 2 / Math.max(...this.kinds.map((s) => coop.EXTENT[s.shape])));
    }

    // The radius of each shape: hubs of a graph are larger, in area by their degree.
    degrees(count) {
      const edges = this.about.edges, sizes = new Float32Array(count).fill(this.radius);
      if (this.about.apart || !edges.length || count > SHAPES) return sizes;
      const degree = new Float32Array(count);
      for (const place of edges) degree[place]++;
      const mean = edges.length / count;
      for (let i = 0; i < count; i++) sizes[i] *= Math.max(0.8, Math.min(1.9, Math.sqrt(degree[i] / mean)));
      return sizes;
    }

    // What lies under the individuals. edges: "grey", "tinted" by who is at their ends, or null for none.
    ground(pixels, edges) {
      const board = document.createElement("canvas");
      board.width = board.height = pixels;
      const pen = board.getContext("2d", { willReadFrequently: this.x.length > SHAPES });
      pen.fillStyle = coop.token(this.canvas, "--panel") || "#FFFFFF";
      pen.fillRect(0, 0, pixels, pixels);
      this.homes(pen, pixels);
      this.dashed(pen, pixels);
      if (edges) this.lines(pen, pixels, edges === "tinted");
      return board;
    }

    lines(pen, pixels, tinted) {
      const edges = this.about.edges, many = edges.length / 2, state = this.wanted;
      pen.globalAlpha = tinted ? 0.5 : many > 4000 ? 0.16 : many > 800 ? 0.28 : 0.45;
      pen.lineWidth = Math.max(1, pixels / (many > 800 ? 900 : 400));
      const grey = coop.token(this.canvas, "--edge") || "#5B6770";
      for (const kind of tinted ? [-1, ...this.kinds.keys()] : [-1]) {
        pen.strokeStyle = kind < 0 ? grey : this.kinds[kind].colour;
        let open = 0;
        pen.beginPath();
        for (let k = 0; k < edges.length; k += 2) {
          const [i, j] = [edges[k], edges[k + 1]];
          const alike = tinted && state[i] === state[j] ? state[i] : -1;
          if (tinted && (alike === NOBODY ? -1 : alike) !== kind) continue;
          pen.moveTo(this.x[i], this.y[i]);
          pen.lineTo(this.x[j], this.y[j]);
          if (++open % 256 === 0) { pen.stroke(); pen.beginPath(); }  // long paths are slow to stroke
        }
        pen.stroke();
      }
      if (this.about.arrows && many <= ARROWS) this.heads(pen, pixels, grey);
      pen.globalAlpha = 1;
    }

    // A head at the far end of each arrow, just outside the shape that stands there.
    heads(pen, pixels, colour) {
      const edges = this.about.edges;
      pen.fillStyle = colour;
      pen.globalAlpha = 0.9;
      pen.beginPath();
      for (let k = 0; k < edges.length; k += 2) {
        const [i, j] = [edges[k], edges[k + 1]], long = Math.hypot(this.x[j] - this.x[i], this.y[j] - this.y[i]);
        const free = long - this.sizes[i] - 1.2 * this.sizes[j], head = Math.min(pixels / 60, free);
        if (free <= 0) continue;
        const [dx, dy] = [(this.x[j] - this.x[i]) / long, (this.y[j] - this.y[i]) / long];
        const [tx, ty] = [this.x[j] - 1.2 * this.sizes[j] * dx, this.y[j] - 1.2 * this.sizes[j] * dy];
        const [bx, by] = [tx - head * dx, ty - head * dy];
        pen.moveTo(tx, ty);
        pen.lineTo(bx - 0.45 * head * dy, by + 0.45 * head * dx);
        pen.lineTo(bx + 0.45 * head * dy, by - 0.45 * head * dx);
        pen.closePath();
      }
      pen.fill();
    }

    // The edges of a second graph.
    dashed(pen, pixels) {
      const edges = this.about.beyond || [], many = edges.length / 2;
      if (!many) return;
      pen.strokeStyle = coop.token(this.canvas, "--muted") || "#5B6770";
      pen.globalAlpha = many > 4000 ? 0.25 : many > 800 ? 0.45 : 0.75;
      pen.lineWidth = Math.max(1, pixels / (many > 800 ? 900 : 500));
      pen.setLineDash([pixels / 110, pixels / 140]);
      pen.beginPath();
      for (let k = 0; k < edges.length; k += 2) {
        pen.moveTo(this.x[edges[k]], this.y[edges[k]]);
        pen.lineTo(this.x[edges[k + 1]], this.y[edges[k + 1]]);
        if (k % 512 === 510) { pen.stroke(); pen.beginPath(); }
      }
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
    }

    // A ring round each group.
    homes(pen, pixels) {
      const seats = this.about.seats;
      if (!seats) return;
      pen.strokeStyle = coop.token(this.canvas, "--home") || "#C9D0D6";
      pen.lineWidth = Math.max(1, pixels / 500);
      for (let first = 0; first < this.x.length; first += seats) {
        let x = 0, y = 0, far = 0;
        for (let k = first; k < first + seats; k++) { x += this.x[k] / seats; y += this.y[k] / seats; }
        for (let k = first; k < first + seats; k++) far = Math.max(far, Math.hypot(this.x[k] - x, this.y[k] - y));
        pen.beginPath();
        pen.arc(x, y, far + 2 * this.radius, 0, 2 * Math.PI);
        pen.stroke();
      }
    }

    // The pixels that stamps are put on. Stamps themselves are made when they are wanted first.
    stamps(pixels) {
      this.laid(this.under);
      this.image = new ImageData(pixels, pixels);
      this.stamp = new Map();
      this.stampKind = null;
    }

    laid(board) {
      this.background = board.getContext("2d").getImageData(0, 0, board.width, board.height);
      this.resting = board !== this.under;
    }

    // A small picture of a code, as offsets of pixels and their colours: those it covers whole, and those it covers in
    // part, which are blended by hand.
    stampOf(code) {
      let found = this.stamp.get(code);
      if (found) return found;
      const { span, image } = this, board = document.createElement("canvas");
      board.width = board.height = span;
      const pen = board.getContext("2d", { willReadFrequently: true }), look = this.dress(code);
      if (look) {
        // Rings are within the radius. Small shapes have none, and fill the stamp as far as a square does.
        const ring = this.radius > 3 ? Math.max(1, this.radius / 5) : 0;
        coop.trace(pen, look.shape, span / 2, span / 2, ring ? this.radius - ring / 2 : this.radius / coop.EXTENT.square);
        pen.fillStyle = look.colour;
        pen.fill();
        if (ring) { pen.strokeStyle = look.ring; pen.lineWidth = ring; pen.lineJoin = "round"; pen.stroke(); }
      }
      const pixels = pen.getImageData(0, 0, span, span).data, colours = new Uint32Array(pixels.buffer);
      found = { whole: [], ink: [], part: [], tint: [] };
      for (let k = 0; k < span * span; k++) {
        const cover = pixels[4 * k + 3], offset = Math.floor(k / span) * image.width + (k % span);
        if (cover === 255) { found.whole.push(offset); found.ink.push(colours[k]); }
        else if (cover) { found.part.push(offset); found.tint.push(cover / 255, pixels[4 * k], pixels[4 * k + 1], pixels[4 * k + 2]); }
      }
      for (const [name, kept] of Object.entries(found)) found[name] = name === "tint" ? Float32Array.from(kept) : Uint32Array.from(kept);
      this.stamp.set(code, found);
      return found;
    }

    paint(before) {
      const { wanted, about } = this;
      if (!this.pen || !wanted || wanted.length !== this.x.length) return;
      const codes = this.coded(before), edges = about.edges.length / 2;
      if (this.resting) this.laid(this.under);  // it moves again
      if (wanted.length > SHAPES) this.paintPixels(codes); else this.paintShapes(codes);
      this.drawn += 1;
      clearTimeout(this.rest);
      if (this.lively || wanted.length > 2000 || !edges || edges > RESTING) return;
      this.rest = setTimeout(() => this.settle(), 900);
    }

    // Nothing has moved for a while: let the edges show who is at their ends.
    settle() {
      if (!this.wanted || this.wanted.length <= SHAPES || this.tones || this.resting) return;
      this.laid(this.ground(this.canvas.width, "tinted"));
      this.paintPixels(this.coded());
    }

    paintShapes(codes) {
      const { pen, canvas } = this, looks = new Map();
      pen.drawImage(this.under, 0, 0);
      if (this.lively) this.lines(pen, canvas.width, !this.tones && !this.about.grey);
      const free = coop.token(canvas, "--free") || "#F4F5F4", home = coop.token(canvas, "--home") || "#D5DADE";
      for (let i = 0; i < codes.length; i++) {
        const code = codes[i], r = this.sizes[i];
        if (!looks.has(code)) looks.set(code, this.dress(code) || { shape: "circle", colour: free, ring: home, small: true });
        const look = looks.get(code);
        coop.trace(pen, look.shape, this.x[i], this.y[i], look.small ? 0.8 * r : r);
        pen.fillStyle = look.colour;
        pen.fill();
        pen.lineWidth = Math.max(1, r / 6);
        pen.strokeStyle = look.ring;
        pen.stroke();
      }
    }

    // All of it each time: the pixels of whoever changed may belong to others, and memory is fast.
    paintPixels(codes) {
      const kind = this.tones ? this.tones.kind : "";
      if (kind !== this.stampKind) { this.stamp.clear(); this.stampKind = kind; }
      const { span, image, background } = this, out = image.data, dots = new Uint32Array(out.buffer), far = image.width - span;
      out.set(background.data);
      for (let i = 0; i < codes.length; i++) {
        const { whole, ink, part, tint } = this.stampOf(codes[i]);
        const left = Math.min(Math.max(Math.round(this.x[i] - span / 2), 0), far);
        const top = Math.min(Math.max(Math.round(this.y[i] - span / 2), 0), far), base = top * image.width + left;
        for (let k = 0; k < whole.length; k++) dots[base + whole[k]] = ink[k];
        for (let k = 0, t = 0; k < part.length; k++, t += 4) {
          const o = 4 * (base + part[k]), a = tint[t];
          out[o] += a * (tint[t + 1] - out[o]);
          out[o + 1] += a * (tint[t + 2] - out[o + 1]);
          out[o + 2] += a * (tint[t + 3] - out[o + 2]);
        }
      }
      this.pen.putImageData(image, 0, 0);
    }
  };
})();
