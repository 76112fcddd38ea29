// Colours of values: the same as those of the pictures that fieldrun writes.

/** Nine samples of viridis. */
const RAMP = [
  [0x44, 0x01, 0x54], [0x47, 0x2d, 0x7b], [0x3b, 0x52, 0x8b], [0x2c, 0x72, 0x8e], [0x21, 0x91, 0x8c],
  [0x28, 0xae, 0x80], [0x5e, 0xc9, 0x62], [0xad, 0xdc, 0x30], [0xfd, 0xe7, 0x25],
];
const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
const OTHER = "#8b8f96", FALSE = "#a9b8c4", TRUE = "#d1495b", NOT_FINITE = "#c4c7cc", NOTHING = "#ffffff";
/** Steps of the ramp that are told apart. */
const STEPS = 96;

function ramp(share) {
  const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1);
  const below = Math.min(Math.floor(at), RAMP.length - 2);
  const mix = (channel) => {
    const a = RAMP[below][channel], b = RAMP[below + 1][channel];
    return Math.round(a + (b - a) * (at - below)).toString(16).padStart(2, "0");
  };
  return `#${mix(0)}${mix(1)}${mix(2)}`;
}

export const steps = Array.from({ length: STEPS }, (_, step) => ramp(step / (STEPS - 1)));

/** Kinds of values, as the frames have them; AWAY is added. */
export const NONE = 0, NUMBER = 1, TRUTH = 2, AWAY = 8;

/** Gives each text a colour when it is first seen, and keeps it. */
export class Coloring {
  constructor(chosen) {
    this.chosen = new Map(chosen);
    this.texts = new Map();
    this.used = 0;
  }

  text(text) {
    if (!this.texts.has(text)) {
      const next = this.chosen.get(text) ?? PALETTE[this.used++] ?? OTHER;
      this.texts.set(text, next);
    }
    return this.texts.get(text);
  }

  /** The colours of a frame: a table, the place in it of each device, and what a legend says. */
  paint({ header, values, kinds }) {
    let least = Infinity, most = -Infinity;
    for (let i = 0; i < values.length; i++) {
      if ((kinds[i] & 7) === NUMBER && Number.isFinite(values[i])) {
        if (values[i] < least) least = values[i];
        if (values[i] > most) most = values[i];
      }
    }
    const table = [...steps, NOTHING, this.chosen.get("false") ?? FALSE, this.chosen.get("true") ?? TRUE];
    const fixed = table.length;
    const special = [["Infinity", Infinity], ["-Infinity", -Infinity], ["NaN", NaN]];
    special.forEach(([name]) => table.push(this.chosen.get(name) ?? NOT_FINITE));
    const texts = table.length;
    header.labels.forEach((text) => table.push(this.text(text)));
    table.push(OTHER);
    const scale = most > least ? (STEPS - 1) / (most - least) : 0;
    const middle = (STEPS - 1) >> 1;
    const counts = new Array(table.length).fill(0);
    const paint = new Uint16Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      let at;
      switch (kinds[i] & 7) {
        case NONE: at = STEPS; break;
        case NUMBER:
          if (Number.isFinite(value)) at = scale ? Math.round((value - least) * scale) : middle;
          else at = fixed + (value === Infinity ? 0 : value === -Infinity ? 1 : 2);
          break;
        case TRUTH: at = STEPS + 1 + value; break;
        default: at = Math.min(texts + value, table.length - 1);
      }
      counts[at]++;
      paint[i] = at;
    }
    const named = ["no value", "false", "true", ...special.map(([name]) => name), ...header.labels, "others"];
    const entries = named
      .map((name, n) => ({ name, color: table[STEPS + n], count: counts[STEPS + n] }))
      .filter((entry) => entry.count > 0);
    return { table, paint, counts, range: least <= most ? [least, most] : null, entries };
  }
}

/** A number as people read it. */
export function plain(number) {
  if (!Number.isFinite(number)) return String(number);
  const rounded = Number(number.toPrecision(6));
  return Math.abs(rounded) >= 1e6 || (rounded !== 0 && Math.abs(rounded) < 1e-4)
    ? rounded.toExponential() : String(rounded);
}
