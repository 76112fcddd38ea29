// The program in the page: its text, what is to be said of it, and running it.

import * as server from "./server.js";

const source = document.getElementById("source");
const gutter = document.getElementById("gutter");
const verdict = document.getElementById("verdict");
const findings = document.getElementById("findings");
/** How long after the last key the text is checked, in milliseconds. */
const REST = 350;

let timer = 0, asked = 0;

/** Shows the text that is running. */
export function open({ name, text }) {
  document.getElementById("program-name").textContent = name;
  if (source.value !== text) source.value = text;
  tell({ good: true, findings: [] }, "This text is running.");
  number([]);
}

function number(bad) {
  const marks = new Set(bad);
  const lines = source.value.split("\n").map((_, n) => {
    const mark = document.createElement(marks.has(n + 1) ? "b" : "span");
    mark.textContent = `${n + 1}\n`;
    return mark;
  });
  gutter.replaceChildren(...lines);
  gutter.scrollTop = source.scrollTop;
}

function tell(result, praise) {
  const said = result.findings ?? [];
  const errors = said.filter((finding) => finding.severity === "error");
  verdict.classList.toggle("bad", errors.length > 0 || Boolean(result.error));
  if (result.error) verdict.textContent = result.error;
  else if (errors.length) verdict.textContent = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  else verdict.textContent = praise;
  findings.replaceChildren(...said.map(entry));
  number(errors.map((finding) => finding.place?.line));
}

function entry(finding) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const text = document.createElement("pre");
  button.className = finding.severity;
  button.type = "button";
  text.textContent = finding.text;
  button.append(text);
  if (finding.place) button.addEventListener("click", () => goTo(finding.place));
  item.append(button);
  return item;
}

/** Puts the caret where a finding is. */
function goTo({ line, column, endLine, endColumn }) {
  const lines = source.value.split("\n");
  // Columns count characters, as the messages do; the text area counts UTF-16 units.
  const offset = (line, column) =>
    lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0)
    + [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
  source.focus();
  source.setSelectionRange(offset(line, column), offset(endLine, endColumn));
  source.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(source).lineHeight));
}

async function check() {
  const turn = ++asked;
  try {
    const result = await server.check(source.value);
    if (turn === asked) tell(result, "No errors.");
  } catch (error) {
    if (turn === asked) tell({ error: error.message });
  }
}

async function run() {
  clearTimeout(timer);
  const turn = ++asked;
  try {
    const result = await server.load(source.value);
    if (turn === asked) tell(result, "This text is running.");
  } catch (error) {
    tell({ error: error.message });
  }
}

source.addEventListener("input", () => {
  number([]);
  clearTimeout(timer);
  timer = setTimeout(check, REST);
});
source.addEventListener("scroll", () => { gutter.scrollTop = source.scrollTop; });
source.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
document.getElementById("load").addEventListener("click", run);
