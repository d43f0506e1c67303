// When a picture may be painted, and when two are painted as one, so that nothing flashes.
//
//   const pace = new coop.Pace((words) => ...);   // called with the words of a chip, "" for none
//   const now = pace.next(codes);                 // Uint8Array of what is to be seen: { paint, soft, before }
//
// A flash is a pair of opposing changes of a quarter of the picture; WCAG 2.3.1 permits three in a second. Whole worlds
// that learn at once can turn over with each frame, so where more than SHARE of the places go there and back again the
// last two frames are painted as their mean, and at most three such pictures are painted in a second.
(() => {
  const coop = window.coop = window.coop || {};
  const SHARE = 0.25, SLOWEST = 334, CALM = 1500, STILL = 500;

  coop.Pace = class {
    constructor(tell) {
      this.tell = tell || (() => {});
      this.said = "";
      this.gentle = window.matchMedia ? matchMedia("(prefers-reduced-motion: reduce)") : { matches: false };
      this.clear();
    }

    // Another world, or another size: what was seen before does not count.
    clear() {
      this.last = this.one = null;
      this.alternated = this.painted = -1e9;
      this.times = [0, 0];
      this.say();
    }

    next(codes, at = performance.now()) {
      const { last, one } = this;  // the frame before, and the one before that
      if (last && one && last.length === codes.length && one.length === codes.length) {
        let turned = 0;
        for (let i = 0; i < codes.length; i++) if (codes[i] === one[i] && codes[i] !== last[i]) turned++;
        // Two changes within 333 ms are more than three flashes in a second.
        if (turned > SHARE * codes.length && at - this.times[0] < SLOWEST) this.alternated = at;
      }
      this.one = last;
      this.last = codes;
      this.times = [this.times[1], at];
      const soft = at - this.alternated < CALM;
      const room = this.gentle.matches ? STILL : soft ? SLOWEST : 0;
      const paint = at - this.painted >= room - 4;
      if (paint) this.painted = at;
      this.say(soft);
      return { paint, soft, before: last && last.length === codes.length ? last : null, later: Math.max(0, room - (at - this.painted)) };
    }

    say(soft = false) {
      const words = [soft ? "flashing softened" : "", this.gentle.matches ? "less motion: two pictures a second" : ""];
      const said = words.filter(Boolean).join("; ");
      if (said !== this.said) this.tell(this.said = said);
    }
  };
})();
