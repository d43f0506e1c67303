// A population as somebody in it sees it: what is known of each, a ring round oneself, a mark on whom one meets.
(() => {
  const coop = window.coop = window.coop || {};

  // What a byte means: nothing known, helped last time, did not.
  coop.known = (element) => [
    { name: "unknown", colour: coop.token(element, "--free"), ring: coop.token(element, "--border"), shape: "circle" },
    { name: "helped", colour: coop.token(element, "--cooperate"), ring: coop.token(element, "--cooperate-dark"), shape: "circle" },
    { name: "did not", colour: coop.token(element, "--defect"), ring: coop.token(element, "--defect-ring"), shape: "square" },
  ];

  // Rings over a painting: marks = [{ place, colour, gap, dashed }]. numbers: the place of each individual whose number
  // is written beside it; [] for none.
  coop.rings = (painting, over, marks, numbers = []) => {
    // A little larger than the painting, in whose corners a ring would be cut off.
    const canvas = painting.canvas, rim = Math.ceil(Math.max(...painting.sizes)), shown = canvas.width / parseFloat(canvas.style.width);
    over.width = over.height = canvas.width + 2 * rim;
    over.style.width = over.style.height = over.width / shown + "px";
    const pen = over.getContext("2d");
    pen.translate(rim, rim);
    for (const mark of marks) {
      if (!(mark.place >= 0 && mark.place < painting.x.length)) continue;
      const r = Math.max(painting.sizes[mark.place], 3);
      pen.beginPath();
      pen.setLineDash(mark.dashed ? [r / 2, r / 3] : []);
      pen.arc(painting.x[mark.place], painting.y[mark.place], r * (mark.gap || 1.5), 0, 2 * Math.PI);
      pen.strokeStyle = mark.colour;
      pen.lineWidth = Math.max(2, r / 4);
      pen.stroke();
    }
    pen.font = `500 ${Math.round(12 * shown)}px Roboto, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    numbers.forEach((place, node) => {
      if (!(place >= 0 && place < painting.x.length)) return;
      const kind = painting.about.strategies[painting.wanted[place]];
      pen.fillStyle = kind && kind.name === "helped" ? coop.token(canvas, "--on-cooperate") : kind && kind.name === "did not" ? "#1F2933" : coop.token(canvas, "--ink");
      pen.fillText(String(node), painting.x[place], painting.y[place] + shown);
    });
  };
})();
