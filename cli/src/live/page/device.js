// The panel of one device: what it knows, and what can be done to it.

import * as server from "./server.js";
import { plain } from "./colors.js";

function element(name, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

const button = (text, action) => element("button", { type: "button", textContent: text, onclick: action });

/** A part of the panel that is built anew only when its shape changes, so that what is being
 * clicked or typed into stays. */
class Part {
  constructor(place) {
    this.place = place;
    this.shape = null;
  }

  show(shape, build, fill) {
    if (shape !== this.shape) {
      this.shape = shape;
      this.place.replaceChildren(...build());
    }
    fill?.(this.place);
  }
}

export class DevicePanel {
  /** `events` has `select(number)`, `find(id)` to a number or null, and `fail(error)`. */
  constructor(place, events) {
    this.place = place;
    this.events = events;
    this.number = null;
    this.line = null;
    this.busy = false;
  }

  open(number) {
    this.number = number;
    if (number === null) {
      const hint = "Click a device to see what it knows. Drag it to move it.";
      this.place.replaceChildren(element("p", { className: "hint", textContent: hint }));
      this.parts = null;
      return;
    }
    const names = ["facts", "actions", "sensors", "state", "neighbors", "site"];
    const places = names.map((name) => element("div", { id: `device-${name}` }));
    this.place.replaceChildren(...places);
    this.parts = Object.fromEntries(names.map((name, n) => [name, new Part(places[n])]));
    this.refresh();
  }

  /** Asks again what is shown; leaves out a turn while the last answer is awaited. */
  async refresh() {
    if (this.number === null || this.busy) return;
    this.busy = true;
    const number = this.number;
    try {
      const device = await server.device(number, this.line);
      if (number === this.number && this.parts) this.show(device);
    } catch (error) {
      this.events.fail(error);
    }
    this.busy = false;
    if (number !== this.number) this.refresh();
  }

  async change(change) {
    try {
      await server.wish({ change });
      this.events.fail(null);
    } catch (error) {
      this.events.fail(error);
    }
    this.refresh();
  }

  show(device) {
    this.facts(device);
    this.actions(device);
    this.sensors(device);
    this.state(device);
    this.neighbors(device);
    this.site(device);
  }

  facts(device) {
    const facts = [
      ["id", device.id],
      ["value", device.value ?? "none"],
      ["position", device.position.map((x) => plain(Number(x.toPrecision(6)))).join(", ")],
      ["rounds", String(device.rounds)],
    ];
    this.parts.facts.show("facts", () => [
      element("dl", {}, ...facts.flatMap(([name]) => [element("dt", { textContent: name }), element("dd", { className: "mono", id: `fact-${name}` })])),
    ], (place) => {
      place.querySelectorAll("dd").forEach((field, n) => { field.textContent = facts[n][1]; });
    });
  }

  actions(device) {
    this.parts.actions.show(`${device.number} ${device.away} ${device.cut}`, () => {
      const kill = device.away
        ? button("Revive", () => this.change({ revive: { device: device.number } }))
        : button("Kill", () => this.change({ crash: { device: device.number } }));
      const away = device.away ? [element("span", { className: "away", textContent: "is away" })] : [];
      const mend = device.cut.map((id) => button(`Mend the link to ${id}`, () => {
        const other = this.events.find(id);
        if (other !== null) this.change({ restore: { a: device.number, b: other } });
      }));
      return [element("div", { className: "row" }, kill, ...away, ...mend)];
    });
  }

  /** What the program reads from its environment, to be changed. */
  sensors(device) {
    const shape = JSON.stringify([device.number, device.sensors.map(([name, value]) => [name, typeof value])]);
    this.parts.sensors.show(shape, () => [
      element("h3", { textContent: "Sensors: what env.get reads" }),
      ...device.sensors.map(([name, value]) => this.sensor(device.number, name, value)),
      this.newSensor(device.number),
    ], (place) => {
      const fields = place.querySelectorAll("input[data-name]");
      fields.forEach((field, n) => {
        if (field === document.activeElement && field.type === "text") return;
        const value = device.sensors[n]?.[1];
        if (field.type === "checkbox") field.checked = value === true;
        else field.value = JSON.stringify(value);
      });
    });
    const put = device.put.map(([name, value]) => `${name} = ${value}`).join("\n");
    let shown = this.parts.sensors.place.querySelector(".put");
    if (!shown) this.parts.sensors.place.append(shown = element("pre", { className: "put" }));
    shown.textContent = put;
  }

  sensor(device, name, value) {
    const set = (value) => this.change({ set: { device, name, value } });
    const field = typeof value === "boolean"
      ? element("input", { type: "checkbox", onchange: (event) => set(event.target.checked) })
      : element("input", { type: "text", spellcheck: false, onchange: (event) => set(read(event.target.value)) });
    field.dataset.name = name;
    return element("label", { className: "sensor" }, element("code", { className: "name", textContent: name }), field);
  }

  newSensor(device) {
    const name = element("input", { type: "text", placeholder: "name", ariaLabel: "Name of another reading", spellcheck: false });
    const value = element("input", { type: "text", placeholder: "value", ariaLabel: "Its value", spellcheck: false });
    const form = element("form", { className: "sensor" }, name, value, element("button", { textContent: "Set" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!name.value.trim()) return;
      this.change({ set: { device, name: name.value.trim(), value: read(value.value) } });
      name.value = value.value = "";
    });
    return form;
  }

  state(device) {
    this.parts.state.show(String(device.kept.length > 0), () => {
      if (!device.kept.length) return [];
      return [element("h3", { textContent: "State: what it keeps between rounds" }), element("table", {})];
    }, (place) => {
      const rows = device.kept.map(({ place, value }) => element("tr", {},
        element("td", { className: "mono", textContent: place ? place.split("/").at(-1) : "kept" }),
        element("td", { className: "mono", textContent: value })));
      place.querySelector("table")?.replaceChildren(...rows);
    });
  }

  neighbors(device) {
    const shape = JSON.stringify([device.number, device.neighbors.map((neighbor) => neighbor.number)]);
    const head = () => element("tr", {}, ...["id", "distance", "value", ""].map((text) => element("th", { textContent: text })));
    this.parts.neighbors.show(shape, () => [
      element("h3", { textContent: `Neighbours: ${device.neighbors.length}` }),
      element("table", {}, head(), ...device.neighbors.map((neighbor) => element("tr", {},
        element("td", {}, element("button", { type: "button", className: "link", textContent: neighbor.id, onclick: () => this.events.select(neighbor.number) })),
        element("td", { textContent: plain(Number(neighbor.distance.toPrecision(4))) }),
        element("td", { className: "mono" }),
        element("td", {}, button("cut", () => this.change({ cut: { a: device.number, b: neighbor.number } })))))),
    ], (place) => {
      place.querySelectorAll("tr").forEach((row, n) => {
        if (n === 0) return;
        row.children[1].textContent = plain(Number(device.neighbors[n - 1].distance.toPrecision(4)));
        row.children[2].textContent = device.neighbors[n - 1].value ?? "none";
      });
    });
  }

  /** What its next round sees at a line that shares something. */
  site(device) {
    const lines = device.lines;
    if (lines.length && !lines.includes(this.line)) {
      this.line = lines[0];
      this.refresh();
    }
    this.parts.site.show(JSON.stringify([device.number, lines]), () => {
      if (!lines.length) return [];
      const choose = element("select", { ariaLabel: "Line of the program", onchange: (event) => {
        this.line = Number(event.target.value);
        this.refresh();
      } }, ...lines.map((line) => element("option", { value: line, textContent: `line ${line}`, selected: line === this.line })));
      return [element("h3", { textContent: "Alignment: what the next round sees at " }, choose), element("div", { className: "sites" })];
    }, (place) => {
      const shown = place.querySelector(".sites");
      if (!shown || !device.site) return;
      const text = JSON.stringify(device.site);
      if (shown.dataset.text === text) return;
      shown.dataset.text = text;
      shown.replaceChildren(...device.site.sites.flatMap(site), ...device.site.absent.map(absent));
    });
  }
}

/** A reading as a person types it: JSON, or else a text. */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function site(site) {
  const rows = [["own", ownText(site.own), false], ...site.neighbors.map((row) => {
    const [text, apart] = standing(row.standing);
    return [`${id(row.id)}, ${row.age.toFixed(1)} s old`, text, apart];
  })];
  return [
    element("p", { className: "mono", textContent: site.text }),
    element("table", {}, ...rows.map(([who, what, apart]) => element("tr", {},
      element("td", { textContent: who }),
      element("td", { className: apart ? "apart" : "mono", textContent: what })))),
  ];
}

const id = (json) => (typeof json === "string" ? json : JSON.stringify(json));

function ownText(own) {
  if (own === "present") return "is here";
  if ("shared" in own) return own.shared.text;
  return "is not here";
}

/** What a neighbour has at a site, and whether it is not aligned. */
function standing(standing) {
  const [kind, detail] = typeof standing === "string" ? [standing, null] : Object.entries(standing)[0];
  switch (kind) {
    case "aligned": return [detail?.text ?? "is here too", false];
    case "apart": return ["not aligned: it went another way", true];
    case "other_key": return [`not aligned: it lacks the key ${detail.text}`, true];
    case "other_program": return ["not aligned: it runs another program", true];
    case "incomplete": return ["not aligned: its message changes one that was lost", true];
    case "not_sent": return ["not aligned: it sent nothing here", true];
    default: return [detail ? `(${detail.text})` : "not here either", true];
  }
}

function absent(device) {
  return element("p", { className: "apart", textContent: `${id(device.id)} is no neighbour any more` });
}
