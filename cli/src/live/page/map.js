// The map: devices as dots on a canvas. Few are circles; many are written as pixels, which needs
// no graphics processor and stays smooth.

import { AWAY } from "./colors.js";

/** Beyond this many visible devices, or below this radius, dots are pixels. */
const MAX_CIRCLES = 12000, LEAST_CIRCLE = 2;
/** Beyond this many visible links none are drawn. */
const MAX_LINKS = 40000;
/** Up to this many visible devices have their id beside them. */
const MAX_LABELS = 60;
/** How far the pointer moves, in pixels, before a click is a drag; and how near it has to be. */
const DRAG = 4, NEAR = 9;

export class MapView {
  /** `events` has `select(number)` and `move(number, [x, y])`. */
  constructor(canvas, events) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.events = events;
    this.ids = [];
    /** Outlines: lists of places. */
    this.obstacles = [];
    this.frame = null;
    this.links = new Uint32Array(0);
    this.showLinks = true;
    this.selected = null;
    this.pointed = null;
    /** A device under way with the pointer, and where it is. */
    this.dragged = null;
    this.view = null;
    this.size = [0, 0];
    this.buffer = document.createElement("canvas");
    new ResizeObserver(() => this.resize()).observe(canvas);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.theme());
    this.theme();
    this.listen();
    // Where a device is drawn, in pixels of the canvas: for scripts.
    canvas.whereIs = (number) => this.pixels(number);
  }

  theme() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    this.ink = color("--ink");
    this.muted = color("--muted");
    this.accent = color("--accent");
    this.wall = color("--wall");
    this.redraw();
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    this.size = [clientWidth, clientHeight];
    this.ratio = ratio;
    this.canvas.width = Math.max(1, Math.round(clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * ratio));
    this.redraw();
  }

  /** Shows a moment in colours. */
  show(frame, colors) {
    this.frame = frame;
    this.colors = colors;
    if (!this.view) this.fit();
    this.redraw();
  }

  /** Puts all devices into view. */
  fit() {
    const places = this.frame?.places;
    if (!places?.length || !this.size[0]) return;
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < places.length; i += 2) {
      x0 = Math.min(x0, places[i]); x1 = Math.max(x1, places[i]);
      y0 = Math.min(y0, places[i + 1]); y1 = Math.max(y1, places[i + 1]);
    }
    const [width, height] = this.size;
    for (const [x, y] of this.obstacles.flat()) {
      x0 = Math.min(x0, x); x1 = Math.max(x1, x);
      y0 = Math.min(y0, y); y1 = Math.max(y1, y);
    }
    const wide = Math.max(x1 - x0, 1e-9), high = Math.max(y1 - y0, 1e-9);
    const single = x1 === x0 && y1 === y0;
    // Beside the legend and above the scale, where there is room for that.
    const legend = this.canvas.parentElement.querySelector("#overlay").offsetWidth + 24;
    const left = width > 2.5 * legend ? legend : 30, right = 56, top = 28, bottom = 62;
    const scale = single ? 1 : Math.min((width - left - right) / wide, (height - top - bottom) / high);
    this.view = {
      x: (x0 + x1) / 2 - (left - right) / 2 / scale,
      y: (y0 + y1) / 2 - (bottom - top) / 2 / scale,
      scale,
    };
    // A fifth of the mean distance, whatever the zoom.
    this.dot = single ? 8 : 0.19 * Math.sqrt((wide * high) / (places.length / 2));
    if (!(this.dot > 0) || wide < 1e-6 || high < 1e-6) this.dot = 0.19 * Math.max(wide, high) / (places.length / 2);
    this.redraw();
  }

  /** Zooms by a factor around a point of the canvas. */
  zoom(factor, [px, py] = this.size.map((side) => side / 2)) {
    if (!this.view) return;
    const [x, y] = this.world([px, py]);
    this.view.scale = Math.min(Math.max(this.view.scale * factor, 1e-9), 1e9);
    const [nx, ny] = this.world([px, py]);
    this.view.x += x - nx;
    this.view.y += y - ny;
    this.redraw();
  }

  pan(dx, dy) {
    if (!this.view) return;
    this.view.x -= dx / this.view.scale;
    this.view.y += dy / this.view.scale;
    this.redraw();
  }

  world([px, py]) {
    const { x, y, scale } = this.view;
    return [x + (px - this.size[0] / 2) / scale, y - (py - this.size[1] / 2) / scale];
  }

  pixels(number) {
    if (!this.frame || !this.view) return null;
    const [wx, wy] = this.dragged?.number === number && this.dragged.at
      ? this.dragged.at : [this.frame.places[2 * number], this.frame.places[2 * number + 1]];
    const { x, y, scale } = this.view;
    return [(wx - x) * scale + this.size[0] / 2, this.size[1] / 2 - (wy - y) * scale];
  }

  /** Brings a device into view. */
  reveal(number) {
    const at = this.pixels(number);
    if (!at) return;
    const inside = at.every((p, axis) => p > 20 && p < this.size[axis] - 20);
    if (!inside) [this.view.x, this.view.y] = [this.frame.places[2 * number], this.frame.places[2 * number + 1]];
    this.redraw();
  }

  radius() {
    return Math.min(Math.max(this.dot * this.view.scale, 0.7), 16);
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const { context, ratio } = this;
    const [width, height] = this.size;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.frame || !width) return;
    if (!this.view) this.fit();
    const visible = this.visible();
    this.drawObstacles();
    this.drawLinks();
    const radius = this.radius();
    if (visible.length > MAX_CIRCLES || radius < LEAST_CIRCLE) this.drawPixels(visible, radius);
    else this.drawCircles(visible, radius);
    if (visible.length <= MAX_LABELS) this.drawLabels(visible, radius);
    this.drawMarks(radius);
    this.onView?.(this.view.scale);
  }

  /** The numbers of the devices in view. */
  visible() {
    const { places } = this.frame;
    const [x0, y1] = this.world([-16, -16]);
    const [x1, y0] = this.world(this.size.map((side) => side + 16));
    const found = new Uint32Array(places.length / 2);
    let count = 0;
    for (let i = 0; i < found.length; i++) {
      const x = places[2 * i], y = places[2 * i + 1];
      if (x >= x0 && x <= x1 && y >= y0 && y <= y1) found[count++] = i;
    }
    return found.subarray(0, count);
  }

  drawObstacles() {
    const { context } = this;
    const [width, height] = this.size;
    const { x, y, scale } = this.view;
    context.beginPath();
    for (const outline of this.obstacles) {
      outline.forEach(([wx, wy], n) => {
        const at = [(wx - x) * scale + width / 2, height / 2 - (wy - y) * scale];
        if (n) context.lineTo(...at);
        else context.moveTo(...at);
      });
      context.closePath();
    }
    context.fillStyle = this.wall;
    context.fill();
  }

  drawLinks() {
    const { context, links } = this;
    if (!this.showLinks || links.length === 0) return;
    const [width, height] = this.size;
    const { x, y, scale } = this.view;
    const { places } = this.frame;
    const segments = [];
    for (let i = 0; i < links.length; i += 2) {
      const a = 2 * links[i], b = 2 * links[i + 1];
      const ax = (places[a] - x) * scale + width / 2, ay = height / 2 - (places[a + 1] - y) * scale;
      const bx = (places[b] - x) * scale + width / 2, by = height / 2 - (places[b + 1] - y) * scale;
      if (Math.max(ax, bx) < 0 || Math.min(ax, bx) > width || Math.max(ay, by) < 0 || Math.min(ay, by) > height) continue;
      segments.push(ax, ay, bx, by);
      if (segments.length > 4 * MAX_LINKS) return;
    }
    context.beginPath();
    for (let i = 0; i < segments.length; i += 4) {
      context.moveTo(segments[i], segments[i + 1]);
      context.lineTo(segments[i + 2], segments[i + 3]);
    }
    context.globalAlpha = Math.min(Math.max(8 / Math.sqrt(segments.length / 4), 0.07), 0.45);
    context.strokeStyle = this.muted;
    context.lineWidth = 1;
    context.stroke();
    context.globalAlpha = 1;
  }

  drawCircles(visible, radius) {
    const { context, frame } = this;
    const { table, paint, counts } = this.colors;
    const groups = new Map();
    for (const number of visible) {
      const group = groups.get(paint[number]);
      if (group) group.push(number);
      else groups.set(paint[number], [number]);
    }
    // Rare colours on top.
    const order = [...groups].sort((a, b) => counts[b[0]] - counts[a[0]]);
    context.lineWidth = 0.8;
    context.strokeStyle = this.ink;
    const outlined = visible.length < 4000;
    for (const [color, numbers] of order) {
      context.beginPath();
      for (const number of numbers) {
        if (frame.kinds[number] & AWAY) continue;
        const [px, py] = this.pixels(number);
        context.moveTo(px + radius, py);
        context.arc(px, py, radius, 0, 2 * Math.PI);
      }
      context.fillStyle = table[color];
      context.fill();
      if (outlined) {
        context.globalAlpha = 0.4;
        context.stroke();
        context.globalAlpha = 1;
      }
    }
    this.drawAway(visible, radius);
  }

  /** Devices that are away are crosses. */
  drawAway(visible, radius) {
    const { context, frame } = this;
    const arm = Math.max(radius * 0.7, 3);
    context.beginPath();
    for (const number of visible) {
      if (!(frame.kinds[number] & AWAY)) continue;
      const [px, py] = this.pixels(number);
      context.moveTo(px - arm, py - arm);
      context.lineTo(px + arm, py + arm);
      context.moveTo(px + arm, py - arm);
      context.lineTo(px - arm, py + arm);
    }
    context.strokeStyle = this.ink;
    context.lineWidth = 2;
    context.stroke();
  }

  drawPixels(visible, radius) {
    const { context, frame, ratio } = this;
    const { table, paint } = this.colors;
    const [width, height] = [this.canvas.width, this.canvas.height];
    if (this.buffer.width !== width || this.buffer.height !== height) {
      [this.buffer.width, this.buffer.height] = [width, height];
    }
    const inks = Uint32Array.from(table, (color) => {
      // Without an outline, white would not be seen.
      const rgb = color === "#ffffff" ? 0xb4bbc2 : parseInt(color.slice(1), 16);
      return (0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
    });
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    // Over half of the mean distance: from far, the dots are a picture of their colours.
    const side = Math.max(1, Math.round(2.9 * Math.min(this.dot * this.view.scale, radius) * ratio));
    const { x, y, scale } = this.view;
    const [middleX, middleY, zoom] = [width / 2 - side / 2, height / 2 - side / 2, scale * ratio];
    for (const number of visible) {
      const left = Math.round((frame.places[2 * number] - x) * zoom + middleX);
      const top = Math.round(middleY - (frame.places[2 * number + 1] - y) * zoom);
      const ink = frame.kinds[number] & AWAY ? 0xff000000 : inks[paint[number]];
      const right = Math.min(left + side, width), bottom = Math.min(top + side, height);
      for (let row = Math.max(top, 0); row < bottom; row++) {
        if (right > left) pixels.fill(ink, row * width + Math.max(left, 0), row * width + right);
      }
    }
    this.buffer.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(this.buffer, 0, 0, this.size[0], this.size[1]);
  }

  drawLabels(visible, radius) {
    const { context } = this;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillStyle = this.ink;
    for (const number of visible) {
      const [px, py] = this.pixels(number);
      context.fillText(this.ids[number] ?? "", px, py - radius - 4);
    }
  }

  /** The selected device with its links, and the one that is pointed at. */
  drawMarks(radius) {
    const { context, links, selected, pointed } = this;
    const ring = (number, width) => {
      const [px, py] = this.pixels(number);
      context.beginPath();
      context.arc(px, py, radius + 3.5, 0, 2 * Math.PI);
      context.strokeStyle = this.accent;
      context.lineWidth = width;
      context.stroke();
      return [px, py];
    };
    if (selected !== null && selected < this.ids.length) {
      const [px, py] = ring(selected, 3);
      context.beginPath();
      for (let i = 0; i < links.length; i += 2) {
        if (links[i] !== selected && links[i + 1] !== selected) continue;
        const other = this.pixels(links[i] === selected ? links[i + 1] : links[i]);
        context.moveTo(px, py);
        context.lineTo(...other);
      }
      context.globalAlpha = 0.55;
      context.lineWidth = 1.6;
      context.stroke();
      context.globalAlpha = 1;
    }
    if (pointed !== null && pointed !== selected && pointed < this.ids.length) ring(pointed, 1.5);
  }

  /** The device at a point of the canvas, or null. */
  at([px, py]) {
    if (!this.frame || !this.view) return null;
    const reach = (Math.max(this.radius(), NEAR) + 1) / this.view.scale;
    const [x, y] = this.world([px, py]);
    const { places } = this.frame;
    let best = null, least = reach * reach;
    for (let i = 0; i < places.length; i += 2) {
      const distance = (places[i] - x) ** 2 + (places[i + 1] - y) ** 2;
      if (distance < least) [best, least] = [i / 2, distance];
    }
    return best;
  }

  listen() {
    const { canvas } = this;
    const point = (event) => [event.offsetX, event.offsetY];
    let press = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      press = { from: point(event), last: point(event), number: this.at(point(event)), moved: false };
    });
    canvas.addEventListener("pointermove", (event) => {
      const to = point(event);
      if (!press) {
        const pointed = this.at(to);
        if (pointed !== this.pointed) {
          this.pointed = pointed;
          canvas.classList.toggle("over", pointed !== null);
          canvas.title = pointed === null ? "" : `device ${this.ids[pointed]}`;
          this.redraw();
        }
        return;
      }
      press.moved ||= Math.hypot(to[0] - press.from[0], to[1] - press.from[1]) > DRAG;
      if (!press.moved) return;
      canvas.classList.add("dragging");
      if (press.number === null) this.pan(to[0] - press.last[0], to[1] - press.last[1]);
      else this.dragged = { number: press.number, at: this.world(to) };
      press.last = to;
      this.redraw();
    });
    const release = (event) => {
      if (!press) return;
      const { number, moved } = press;
      const dropped = event.type === "pointerup" && moved && number !== null;
      if (dropped) this.events.move(number, this.world(point(event)));
      else if (event.type === "pointerup" && !moved) this.events.select(number);
      press = null;
      canvas.classList.remove("dragging");
      // The device stays where it was dropped until the run has it there.
      if (dropped) setTimeout(() => { this.dragged = null; this.redraw(); }, 250);
      else this.dragged = null;
      this.redraw();
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), point(event));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
      const count = this.ids.length;
      if (step) this.pan(...step);
      else if (event.key === "+" || event.key === "=") this.zoom(1.25);
      else if (event.key === "-") this.zoom(0.8);
      else if (event.key === "0") this.fit();
      else if (event.key === "n" && count) this.events.select(this.selected === null ? 0 : (this.selected + 1) % count);
      else if (event.key === "p" && count) this.events.select(((this.selected ?? 0) + count - 1) % count);
      else return;
      event.preventDefault();
    });
  }
}
