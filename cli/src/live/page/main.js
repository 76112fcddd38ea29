// The page: it asks for one moment after the other and shows it; what people do becomes a wish.

import * as server from "./server.js";
import { Coloring, plain, steps } from "./colors.js";
import { MapView } from "./map.js";
import { DevicePanel } from "./device.js";
import * as program from "./program.js";
import * as chart from "./chart.js";

const $ = (id) => document.getElementById(id);
/** The least time between two questions about the device, the links and the chart, in milliseconds. */
const PACE = 250;

let world = null, coloring = new Coloring([]), header = null, links = { version: 0, busy: false };
let sliding = false;

const map = new MapView($("map"), { select, move: (device, to) => change({ move: { device, to } }) });
const panel = new DevicePanel($("device"), { select, find, fail });

function find(id) {
  const number = world ? world.ids.indexOf(id) : -1;
  return number < 0 ? null : number;
}

function select(number) {
  map.selected = number;
  panel.open(number);
  if (number !== null) {
    map.reveal(number);
    tab("device");
  }
  map.redraw();
}

/** Says what went wrong, until the next thing that goes well. */
function fail(error) {
  $("failure").hidden = !error;
  $("failure").textContent = error ? error.message : "";
}

async function wish(wish) {
  try {
    await server.wish(wish);
    fail(null);
  } catch (error) {
    fail(error);
  }
}

const change = (change) => wish({ change }).then(() => panel.refresh());

/** Does something at most every so often, and once more after the last call. */
function paced(action, pace) {
  let last = 0, timer = 0;
  return () => {
    clearTimeout(timer);
    const wait = last + pace - performance.now();
    const act = () => { last = performance.now(); action(); };
    if (wait <= 0) act();
    else timer = setTimeout(act, wait);
  };
}

const refreshDevice = paced(() => panel.refresh(), PACE);
const refreshChart = paced(async () => {
  if ($("panel-chart").hidden) return;
  try {
    chart.draw($("chart"), await server.series(), header.t, coloring, world.unit);
  } catch (error) {
    fail(error);
  }
}, PACE);
const refreshLinks = paced(async () => {
  if (links.busy || !header || links.version === header.links) return;
  links.busy = true;
  const version = header.links;
  try {
    map.links = await server.links();
    links.version = version;
    map.redraw();
  } catch (error) {
    fail(error);
  }
  links.busy = false;
}, PACE);

async function start() {
  const before = world;
  world = await server.world();
  document.title = `${world.title} – fieldrun`;
  $("title").textContent = world.title;
  coloring = new Coloring(world.colors);
  map.ids = world.ids;
  map.obstacles = world.obstacles;
  links.version = 0;
  program.open(world.program);
  if (before?.ids.length !== world.ids.length) {
    map.view = null;
    select(null);
  }
}

async function follow() {
  let number = 0, epoch = 0;
  for (;;) {
    try {
      const frame = await server.frame(number);
      if (frame.header.epoch !== epoch) {
        await start();
        epoch = frame.header.epoch;
      }
      if (frame.header.number === number) continue;
      if (number === 0) fail(null);
      number = frame.header.number;
      show(frame);
    } catch (error) {
      number = 0;
      fail(new Error(`No answer from fieldrun; is it still running? (${error.message})`));
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }
}

function show(frame) {
  header = frame.header;
  const colors = coloring.paint(frame);
  map.show(frame, colors);
  showTime();
  showKeys();
  showLegend(colors);
  const failed = header.traps ? ` · ${header.traps} failed rounds` : "";
  const hidden = header.linkCount > 1000000 ? " (too many to draw)" : "";
  $("status").textContent =
    `${header.devices} devices · ${header.linkCount} links${hidden} · ${header.rounds} rounds · seed ${world.seed}${failed}`;
  if (header.trap) $("status").title = `device ${header.trap.device} at ${header.trap.t} s: ${header.trap.message}`;
  refreshLinks();
  refreshDevice();
  refreshChart();
}

function showTime() {
  const { playing, seeking, t, end } = header;
  $("sign-play").hidden = playing;
  $("sign-pause").hidden = !playing;
  $("play-text").textContent = playing ? "Pause" : "Play";
  $("clock").textContent = `${t.toFixed(t < 100 ? 2 : 1)} s${seeking ? " …" : ""}`;
  if (sliding) return;
  $("slider").max = String(Math.max(end, 1e-3));
  $("slider").value = String(t);
  $("slider").setAttribute("aria-valuetext", `${t.toFixed(2)} of ${end.toFixed(2)} seconds`);
}

function showKeys() {
  const select = $("key");
  const known = [...select.options].map((option) => option.value).join();
  if (known !== header.keys.join() && document.activeElement !== select) {
    select.replaceChildren(...header.keys.map((key) => new Option(key, key)));
  }
  if (document.activeElement !== select) select.value = header.key;
}

function showLegend({ range, entries }) {
  const parts = [];
  if (range) {
    const bar = document.createElement("div");
    const ticks = document.createElement("div");
    const stops = range[0] === range[1] ? [steps[steps.length >> 1], steps[steps.length >> 1]] : steps.filter((_, n) => n % 8 === 0 || n === steps.length - 1);
    bar.className = "bar";
    bar.style.background = `linear-gradient(to right, ${stops.join()})`;
    ticks.className = "ticks";
    const unit = world.unit && header.key.startsWith("value") ? ` ${world.unit}` : "";
    const texts = range[0] === range[1] ? [range[0]] : [range[0], (range[0] + range[1]) / 2, range[1]];
    ticks.append(...texts.map((number, n) => {
      const tick = document.createElement("span");
      tick.textContent = plain(Number(number.toPrecision(4))) + (n === texts.length - 1 ? unit : "");
      return tick;
    }));
    parts.push(bar, ticks);
  }
  for (const { name, color, count } of entries.slice(0, 40)) {
    const entry = document.createElement("div");
    const [dot, text, many] = ["dot", "name", ""].map((kind) => Object.assign(document.createElement("span"), { className: kind }));
    entry.className = "entry";
    dot.style.background = color;
    text.textContent = name;
    many.textContent = String(count);
    entry.append(dot, text, many);
    parts.push(entry);
  }
  $("legend").replaceChildren(...parts);
}

map.onView = (scale) => {
  const most = 140 / scale;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].map((n) => n * power).find((n) => n <= most) ?? power;
  $("scale-bar").style.width = `${length * scale}px`;
  $("scale-text").textContent = `${plain(length)}${world?.length ? ` ${world.length}` : ""}`;
};

function tab(name) {
  for (const other of ["device", "program", "chart"]) {
    const chosen = other === name;
    $(`tab-${other}`).setAttribute("aria-selected", String(chosen));
    $(`tab-${other}`).tabIndex = chosen ? 0 : -1;
    $(`panel-${other}`).hidden = !chosen;
  }
  if (header) refreshChart();
}

/** Goes to the time of the slider; while it moves, one wish at a time and the newest last. */
const slide = (() => {
  let busy = false, next = null;
  return async (target) => {
    next = target;
    if (busy) return;
    busy = true;
    while (next) {
      const now = next;
      next = null;
      await wish(now);
    }
    busy = false;
  };
})();

const toggle = () => wish(header?.playing ? "pause" : "play");
const showLinks = () => {
  map.showLinks = !map.showLinks;
  $("show-links").setAttribute("aria-pressed", String(map.showLinks));
  map.redraw();
};
const clicks = {
  play: toggle,
  step: () => wish("step"),
  event: () => wish("event"),
  restart: () => wish({ restart: { seed: null } }),
  "zoom-in": () => map.zoom(1.4),
  "zoom-out": () => map.zoom(1 / 1.4),
  "zoom-all": () => map.fit(),
  "show-links": showLinks,
};
for (const [id, action] of Object.entries(clicks)) $(id).addEventListener("click", action);
$("speed").addEventListener("change", (event) => {
  wish({ speed: event.target.value === "max" ? null : Number(event.target.value) });
});
$("key").addEventListener("change", (event) => {
  wish({ show: event.target.value });
  event.target.blur();
});
$("slider").addEventListener("input", (event) => {
  sliding = true;
  slide({ peek: Number(event.target.value) });
});
$("slider").addEventListener("change", (event) => {
  slide({ seek: Number(event.target.value) });
  sliding = false;
});
$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = $("find-id").value.trim();
  const number = find(id);
  if (number === null) fail(new Error(`there is no device ${id}`));
  else {
    fail(null);
    select(number);
  }
});
const tabs = ["device", "program", "chart"];
tabs.forEach((name, n) => {
  $(`tab-${name}`).addEventListener("click", () => tab(name));
  $(`tab-${name}`).addEventListener("keydown", (event) => {
    const by = { ArrowLeft: 2, ArrowRight: 1 }[event.key];
    if (!by) return;
    const next = tabs[(n + by) % tabs.length];
    tab(next);
    $(`tab-${next}`).focus();
  });
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const pressed = event.target.closest("button");
  const actions = { ".": clicks.event, s: clicks.step, r: clicks.restart, l: showLinks };
  if (event.key === " " && !pressed) toggle();
  else if (actions[event.key.toLowerCase()]) actions[event.key.toLowerCase()]();
  else return;
  event.preventDefault();
});

follow();
