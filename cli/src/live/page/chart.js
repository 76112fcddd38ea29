// Charts of the key that is shown: mean and range of its numbers, and how many devices have which
// other value.

import { plain } from "./colors.js";

const WIDTH = 372, HEIGHT = 170, LEFT = 46, RIGHT = 8, TOP = 8, BOTTOM = 22;
const SVG = "http://www.w3.org/2000/svg";
const MEAN = "#3b82c4";

function make(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** The least of 1, 2 and 5 times a power of ten that is at least this. */
function step(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least * (1 - 1e-9));
}

function plot(samples, now, lines, band) {
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const all = [...lines.flatMap((line) => line.points.map((p) => p[1])), ...(band ?? []).flatMap((p) => [p[1], p[2]])];
  let least = Math.min(...all), most = Math.max(...all);
  if (least > 0 && least < 0.4 * most) least = 0;
  if (!(most > least)) [least, most] = [least - (Math.abs(least) / 2 || 1), most + (Math.abs(most) / 2 || 1)];
  const gap = step((most - least) / 4);
  [least, most] = [Math.floor(least / gap) * gap, Math.ceil(most / gap) * gap];
  const [t0, t1] = [samples[0].t, Math.max(samples.at(-1).t, samples[0].t + 1e-9)];
  const x = (t) => LEFT + ((t - t0) / (t1 - t0)) * (WIDTH - LEFT - RIGHT);
  const y = (v) => HEIGHT - BOTTOM - ((v - least) / (most - least)) * (HEIGHT - TOP - BOTTOM);
  for (let tick = least; tick <= most + gap / 2; tick += gap) {
    svg.append(make("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick), stroke: "var(--edge)" }));
    svg.append(make("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, plain(tick)));
  }
  for (const [t, anchor] of [[t0, "start"], [t1, "end"]]) {
    svg.append(make("text", { x: x(t), y: HEIGHT - 6, "text-anchor": anchor }, `${plain(t)} s`));
  }
  const path = (points) => points.map(([t, v], n) => `${n ? "L" : "M"}${x(t).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  if (band?.length) {
    const back = band.map(([t, low]) => [t, low]).reverse();
    const outline = path([...band.map(([t, , high]) => [t, high]), ...back]);
    svg.append(make("path", { d: `${outline}Z`, fill: MEAN, "fill-opacity": 0.2 }));
  }
  for (const { points, color } of lines) {
    svg.append(make("path", { d: path(points), fill: "none", stroke: color, "stroke-width": 1.8 }));
  }
  if (now >= t0 && now <= t1) {
    svg.append(make("line", { x1: x(now), x2: x(now), y1: TOP, y2: HEIGHT - BOTTOM, stroke: "var(--ink)", "stroke-dasharray": "2 3" }));
  }
  return svg;
}

function legend(lines) {
  const list = document.createElement("div");
  for (const { name, color } of lines) {
    const entry = document.createElement("span");
    const dot = document.createElement("span");
    dot.className = "dot";
    dot.style.background = color;
    entry.className = "entry";
    entry.append(dot, name);
    list.append(entry);
  }
  list.className = "entries";
  return list;
}

/** Shows the samples of a key up to now. */
export function draw(place, { key, samples }, now, coloring, unit) {
  document.getElementById("chart-title").textContent = `${key}${unit && key.startsWith("value") ? ` in ${unit}` : ""} over time`;
  place.replaceChildren();
  if (samples.length < 2) {
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = "Let some time pass, and there will be a chart.";
    return place.append(hint);
  }
  const numbers = samples.filter((sample) => sample.numbers);
  if (numbers.length > 1) {
    const mean = { name: "mean", color: MEAN, points: numbers.map((s) => [s.t, s.numbers[1]]) };
    const band = numbers.map((s) => [s.t, s.numbers[0], s.numbers[2]]);
    place.append(plot(samples, now, [mean], band), legend([mean, { name: "least to greatest", color: "color-mix(in srgb, #3b82c4 25%, transparent)" }]));
  }
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample.others)))];
  const fixed = { true: "#d1495b", false: "#8fa3b1" };
  const lines = names.slice(0, 8).map((name) => ({
    name,
    color: coloring.chosen.get(name) ?? fixed[name] ?? coloring.text(name),
    points: samples.map((s) => [s.t, s.others[name] ?? 0]),
  }));
  if (lines.length) {
    const title = document.createElement("h3");
    title.textContent = "devices";
    place.append(title, plot(samples, now, lines), legend(lines));
  }
}
