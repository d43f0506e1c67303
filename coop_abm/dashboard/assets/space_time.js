// Space and time: individuals from left to right, generations from top to bottom, the newest at the bottom.
//
//   const drawing = new coop.SpaceTime(canvas);
//   drawing.world(strategies, across);    // how many individuals stand in a line
//   drawing.add(times, rows);             // numbers of time steps, Uint8Array (times.length * across)
//   drawing.fit(side);
//
// Lines lie in a ring: a new one takes the place of the oldest, and the picture is put together from two parts.
(() => {
  const coop = window.coop = window.coop || {};

  coop.SpaceTime = class {
    constructor(canvas) {
      this.canvas = canvas;
      this.drawn = 0;
    }

    world(strategies, across) {
      this.strategies = strategies;
      this.across = across;
      this.start();
    }

    start() {
      this.times = [];
      this.rows = [];
      this.board = null;
    }

    fit(side) {
      const pixels = Math.round(side * coop.density()), { canvas } = this;
      canvas.width = canvas.height = pixels;
      canvas.style.width = canvas.style.height = side + "px";
      if (!this.across) return;
      this.left = Math.round(44 * coop.density());
      this.size = Math.max(1, Math.floor((pixels - this.left) / this.across));
      this.high = Math.max(this.size > 1 ? Math.min(this.size, 6) : 1, Math.round(coop.density()));
      this.lines = Math.floor(pixels / this.high);
      this.board = document.createElement("canvas");
      this.board.width = this.across;
      this.board.height = this.lines;
      this.at = 0;
      this.colours = this.strategies.map((s) => coop.dressed(s).colour);
      const free = coop.token(canvas, "--free") || "#F4F5F4", rows = this.rows.slice(-this.lines), times = this.times.slice(-this.lines);
      this.free = free;
      this.rows = [];
      this.times = [];
      rows.forEach((row, k) => this.line(times[k], row));
      this.paint();
    }

    add(times, rows) {
      const { across } = this;
      times.forEach((time, k) => {
        if (this.times.length && time <= this.times[this.times.length - 1]) {
          if (time === this.times[this.times.length - 1]) return;
          this.start();  // the past is on show, or the world began again
          this.fit(parseFloat(this.canvas.style.width));
        }
        this.line(time, rows.slice(k * across, (k + 1) * across));
      });
      this.paint();
    }

    line(time, row) {
      this.times.push(time);
      this.rows.push(row);
      const lines = this.lines || 2000;
      if (this.rows.length > lines) { this.rows.shift(); this.times.shift(); }
      if (!this.board) return;
      const pen = this.board.getContext("2d");
      for (let i = 0, k = 0; i < row.length; i = k) {
        for (k = i; k < row.length && row[k] === row[i]; k++);
        pen.fillStyle = this.colours[row[i]] || this.free;
        pen.fillRect(i, this.at, k - i, 1);
      }
      this.at = (this.at + 1) % this.lines;
    }

    paint() {
      if (!this.board) return;
      const { canvas, board, lines, high, left } = this, pen = canvas.getContext("2d"), scale = coop.density();
      const have = this.rows.length, wide = this.size * this.across;
      pen.fillStyle = coop.token(canvas, "--panel") || "#FFFFFF";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.imageSmoothingEnabled = false;
      const first = have < lines ? 0 : this.at, one = Math.min(have, lines - first);
      pen.drawImage(board, 0, first, this.across, one, left, 0, wide, one * high);
      if (have > one) pen.drawImage(board, 0, 0, this.across, have - one, left, one * high, wide, (have - one) * high);
      pen.fillStyle = coop.token(canvas, "--muted") || "#5B6770";
      pen.font = `${12 * scale}px Roboto, sans-serif`;
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      const every = Math.max(1, Math.round(60 * scale / high));
      for (let k = 0; k < have; k += every) {
        if (k && k * high > canvas.height - 8 * scale) break;
        pen.fillText(this.times[k].toLocaleString("en"), left - 6 * scale, Math.max(k * high + high / 2, 7 * scale));
      }
      this.drawn += 1;
    }
  };
})();
