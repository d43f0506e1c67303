// A graph on a canvas that can be changed: nodes, edges, an edge that hangs in the air, a ghost of the best one.
//
//   const drawing = new coop.Drawing(canvas);
//   drawing.graph({ places, edges, values, labels });   // Float32Array (2 N), Uint32Array (2 E), Float32Array (N) or (0)
//   drawing.fit(side);
//   drawing.air = { from, x, y, to }; drawing.ghost = { one, other, kind }; drawing.chosen = 4; drawing.draw();
(() => {
  const coop = window.coop = window.coop || {};

  // Low is dark and high is bright, as payoffs are in the Lab; it survives grey print: cividis at nine places.
  const SCALE = ["#00306F", "#3B496C", "#575C6D", "#707173", "#8A8779", "#A59C74", "#C3B369", "#E1CC55", "#FDE737"];
  // Larger graphs have no labels.
  const LABELLED = 40;

  coop.scale = (v) => SCALE[Math.max(0, Math.min(SCALE.length - 1, Math.round(v * (SCALE.length - 1))))];
  coop.scaleColours = SCALE;

  coop.Drawing = class {
    constructor(canvas) {
      this.canvas = canvas;
      this.places = new Float32Array(0);
      this.edges = new Uint32Array(0);
      this.values = new Float32Array(0);
      this.labels = [];
      this.air = this.ghost = null;
      this.chosen = this.chosenEdge = this.hovered = -1;
    }

    get size() { return this.places.length / 2; }

    graph(about) {
      Object.assign(this, about);
      if (this.chosen >= this.size) this.chosen = -1;
      this.chosenEdge = -1;
      this.draw();
    }

    fit(side) {
      this.side = side;
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      this.canvas.width = this.canvas.height = Math.round(side * ratio);
      this.canvas.style.width = this.canvas.style.height = side + "px";
      this.ratio = ratio;
      this.draw();
    }

    get radius() { return Math.max(2.5, Math.min(14, 0.32 * this.side / Math.sqrt(Math.max(this.size, 4)))); }
    // The label of the topmost node has to find room above it.
    get margin() { return this.size > LABELLED ? 22 : Math.max(22, this.radius + 18); }
    x(i) { return this.margin + this.places[2 * i] * (this.side - 2 * this.margin); }
    y(i) { return this.margin + this.places[2 * i + 1] * (this.side - 2 * this.margin); }
    back(px) { return Math.min(1, Math.max(0, (px - this.margin) / (this.side - 2 * this.margin))); }

    // Where the label of a node of this width is centred: above the node, and within the picture.
    labelSpot(i, width) {
      const half = Math.min(width / 2 + 2, this.side / 2);
      return [Math.max(half, Math.min(this.side - half, this.x(i))), this.y(i) - this.radius - 4];
    }

    // The node under a point in CSS pixels, or -1.
    nodeAt(px, py) {
      let best = -1, near = Math.max(this.radius + 5, 12) ** 2;
      for (let i = 0; i < this.size; i++) {
        const d = (this.x(i) - px) ** 2 + (this.y(i) - py) ** 2;
        if (d < near) { near = d; best = i; }
      }
      return best;
    }

    // The edge under a point, by its number, or -1.
    edgeAt(px, py) {
      let best = -1, near = 6;
      for (let e = 0; e < this.edges.length; e += 2) {
        const ax = this.x(this.edges[e]), ay = this.y(this.edges[e]);
        const dx = this.x(this.edges[e + 1]) - ax, dy = this.y(this.edges[e + 1]) - ay;
        const t = Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1)));
        const d = Math.hypot(ax + t * dx - px, ay + t * dy - py);
        if (d < near) { near = d; best = e / 2; }
      }
      return best;
    }

    // The nearest node in a direction: for those who draw by keyboard.
    towards(from, dx, dy) {
      let best = from, score = Infinity;
      for (let i = 0; i < this.size; i++) {
        if (i === from) continue;
        const x = this.x(i) - this.x(from), y = this.y(i) - this.y(from), along = x * dx + y * dy;
        if (along <= 0) continue;
        const worth = Math.hypot(x, y) + 2 * Math.abs(x * dy - y * dx);
        if (worth < score) { score = worth; best = i; }
      }
      return best;
    }

    draw() {
      if (!this.side) return;
      const pen = this.canvas.getContext("2d"), token = (name) => coop.token(this.canvas, name);
      pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      pen.fillStyle = token("--panel") || "#FFFFFF";
      pen.fillRect(0, 0, this.side, this.side);
      this.drawEdges(pen, token);
      this.drawGhost(pen, token);
      this.drawAir(pen, token);
      this.drawNodes(pen, token);
    }

    drawEdges(pen, token) {
      const many = this.edges.length / 2;
      pen.strokeStyle = token("--edge") || "#5B6770";
      pen.globalAlpha = many > 3000 ? 0.2 : many > 600 ? 0.35 : 0.6;
      pen.lineWidth = many > 600 ? 1 : 1.6;
      pen.beginPath();
      for (let e = 0; e < this.edges.length; e += 2) {
        pen.moveTo(this.x(this.edges[e]), this.y(this.edges[e]));
        pen.lineTo(this.x(this.edges[e + 1]), this.y(this.edges[e + 1]));
      }
      pen.stroke();
      pen.globalAlpha = 1;
      if (this.chosenEdge >= 0) this.segment(pen, this.edges[2 * this.chosenEdge], this.edges[2 * this.chosenEdge + 1], token("--focus"), 4);
    }

    segment(pen, one, other, colour, width, dash) {
      if (one >= this.size || other >= this.size) return;
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.setLineDash(dash || []);
      pen.beginPath();
      pen.moveTo(this.x(one), this.y(one));
      pen.lineTo(this.x(other), this.y(other));
      pen.stroke();
      pen.setLineDash([]);
    }

    drawGhost(pen, token) {
      if (!this.ghost) return;
      const removed = this.ghost.kind === "remove";
      this.segment(pen, this.ghost.one, this.ghost.other, token(removed ? "--defect-ink" : "--cooperate-ink"), 3.5, removed ? [3, 5] : [9, 5]);
    }

    drawAir(pen, token) {
      if (!this.air) return;
      pen.strokeStyle = token("--cooperate-ink");
      pen.lineWidth = 3;
      pen.beginPath();
      pen.moveTo(this.x(this.air.from), this.y(this.air.from));
      if (this.air.to >= 0) pen.lineTo(this.x(this.air.to), this.y(this.air.to));
      else pen.lineTo(this.air.x, this.air.y);
      pen.stroke();
    }

    drawNodes(pen, token) {
      const plain = this.values.length !== this.size, r = this.radius, outline = token("--ink") || "#1F2933";
      const fill = token("--node") || "#AEB8C1", none = token("--free") || "#F4F5F4";
      pen.lineWidth = r > 5 ? 1.25 : 0.75;
      for (let i = 0; i < this.size; i++) {
        pen.beginPath();
        pen.arc(this.x(i), this.y(i), r, 0, 2 * Math.PI);
        pen.fillStyle = plain ? fill : Number.isNaN(this.values[i]) ? none : coop.scale(this.values[i]);
        pen.fill();
        pen.strokeStyle = outline;
        pen.stroke();
      }
      for (const i of [this.hovered, this.chosen]) {
        if (i < 0 || i >= this.size) continue;
        pen.beginPath();
        pen.arc(this.x(i), this.y(i), r + 4, 0, 2 * Math.PI);
        pen.strokeStyle = token("--focus") || "#0B57D0";
        pen.lineWidth = i === this.chosen ? 3 : 1.5;
        pen.stroke();
      }
      if (this.size > LABELLED) return;
      pen.font = "500 11px Roboto, sans-serif";
      pen.textAlign = "center";
      pen.lineJoin = "round";
      for (let i = 0; i < this.size; i++) {
        const word = String(this.labels.length ? this.labels[i] : i).slice(0, 14);
        const [x, y] = this.labelSpot(i, pen.measureText(word).width);
        pen.strokeStyle = token("--panel") || "#FFFFFF";
        pen.lineWidth = 3;
        pen.strokeText(word, x, y);
        pen.fillStyle = outline;
        pen.fillText(word, x, y);
      }
    }
  };
})();
