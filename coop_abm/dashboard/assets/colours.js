// Colours and shapes of a picture. Nothing here knows of Vue or of a server.
(() => {
  const coop = window.coop = window.coop || {};

  coop.NOBODY = 255;

  // Cividis at ten points: dark to bright without a change of hue that colour blindness could hide.
  // Nunez, Anderton & Renslow (2018), PLoS ONE 13, e0199239.
  const RAMP = ["00224E", "123570", "3B496C", "575D6D", "707173", "8A8678", "A59C74", "C3B369", "E1CC55", "FEE838"];

  coop.dark = () => document.documentElement.classList.contains("coop-dark");

  // A strategy in the colours of the theme: { colour, ring, ink, shape ... }.
  coop.dressed = (strategy) => (coop.dark() && strategy.dark ? { ...strategy, ...strategy.dark } : strategy);

  const part = (hex, k) => parseInt(hex.slice(2 * k, 2 * k + 2), 16);
  const joined = (parts) => "#" + parts.map((v) => Math.round(v).toString(16).padStart(2, "0")).join("").toUpperCase();

  // The colour halfway, or any part of the way, from one to another.
  coop.between = (one, other, way) => {
    const [a, b] = [one.replace("#", ""), other.replace("#", "")];
    return joined([0, 1, 2].map((k) => part(a, k) + way * (part(b, k) - part(a, k))));
  };

  // Low to high, a number in [0, 1].
  coop.ramp = (height) => {
    const at = Math.max(0, Math.min(1, height)) * (RAMP.length - 1), k = Math.min(Math.floor(at), RAMP.length - 2);
    return coop.between(RAMP[k], RAMP[k + 1], at - k);
  };

  // A hue for the k-th group: neighbours in number are far from each other in hue.
  coop.hue = (k) => `hsl(${(k * 137.508 + 205) % 360}, ${[62, 45, 75][k % 3]}%, ${[46, 60, 36][Math.floor(k / 3) % 3]}%)`;

  // The outline of a mark in a box of 16 x 16, for legends.
  coop.outline = (shape) => ({
    circle: "M8 2a6 6 0 1 0 0.01 0z", square: "M2.6 2.6h10.8v10.8h-10.8z",
    triangle: "M8 1.6L14.6 13.4H1.4z", diamond: "M8 1L15 8 8 15 1 8z", down: "M8 14.4L14.6 2.6H1.4z",
    cross: "M5.5 1.5h5v4h4v5h-4v4h-5v-4h-4v-5h4z",
  })[shape];

  // The bytes of a buffer as it comes over the line, in memory of their own.
  coop.bytes = (buffer) => {
    const view = buffer.buffer ? buffer : new DataView(buffer);
    return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  };

  // What a Painting stands on, as a layout of the server sends it: how it is drawn, then three buffers.
  coop.ground = (about, buffers) => {
    const pairs = (k) => new Uint32Array(coop.bytes(buffers[k]));
    return {
      seats: about.seats, apart: about.apart, arrows: about.arrows,
      places: new Float32Array(coop.bytes(buffers[0])), edges: pairs(1), beyond: pairs(2),
    };
  };

  // One byte for each place, of a bit for each place.
  coop.unpacked = (bits, count) => {
    const found = new Uint8Array(count);
    for (let i = 0; i < count; i++) found[i] = (bits[i >> 3] >> (i & 7)) & 1;
    return found;
  };

  // The value of a colour of the page, such as "--panel", where this element stands.
  coop.token = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

  // How far a shape reaches from its centre at most along an axis, in radii.
  coop.EXTENT = { circle: 1, square: 0.88, triangle: 1.1, down: 1.1, diamond: 1.15, cross: 1 };

  coop.trace = (pen, shape, x, y, r) => {
    pen.beginPath();
    if (shape === "circle") pen.arc(x, y, r, 0, 2 * Math.PI);
    else if (shape === "square") pen.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r);
    else if (shape === "triangle" || shape === "down") {
      const up = shape === "triangle" ? r : -r;
      pen.moveTo(x, y - 1.1 * up); pen.lineTo(x + r, y + 0.8 * up); pen.lineTo(x - r, y + 0.8 * up); pen.closePath();
    } else if (shape === "cross") {
      pen.moveTo(x - 0.4 * r, y - r);
      for (const [dx, dy] of [[0.4, -1], [0.4, -0.4], [1, -0.4], [1, 0.4], [0.4, 0.4], [0.4, 1], [-0.4, 1], [-0.4, 0.4], [-1, 0.4], [-1, -0.4], [-0.4, -0.4]]) {
        pen.lineTo(x + dx * r, y + dy * r);
      }
      pen.closePath();
    } else {
      pen.moveTo(x, y - 1.15 * r); pen.lineTo(x + 1.15 * r, y); pen.lineTo(x, y + 1.15 * r);
      pen.lineTo(x - 1.15 * r, y); pen.closePath();
    }
  };

  // How many device pixels a pixel of the page has on a canvas: never more than two.
  coop.density = () => Math.min(window.devicePixelRatio || 1, 2);
})();
