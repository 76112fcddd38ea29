// What the page asks of the run, and what it gets.

// Paths are relative: the secret is part of the page's own address.
async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return response;
}

async function post(path, body) {
  const response = await fetch(path, { method: "POST", body });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text);
}

export const world = async () => (await get("world")).json();
export const series = async () => (await get("series")).json();
export const links = async () => new Uint32Array(await (await get("links")).arrayBuffer());
export const wish = (wish) => post("wish", JSON.stringify(wish));
export const check = (text) => post("check", text);
export const load = (text) => post("load", text);

/** All about a device, and what its next round sees at a line of the program if one is named. */
export async function device(number, line) {
  const at = line ? `&line=${line}` : "";
  return (await get(`device?number=${number}${at}`)).json();
}

/** The next moment that is not number `after`: a header and, by device, places, values and kinds. */
export async function frame(after) {
  const bytes = await (await get(`frame?after=${after}`)).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const count = header.devices;
  const start = 4 + length;
  return {
    header,
    places: new Float32Array(bytes, start, 2 * count),
    values: new Float32Array(bytes, start + 8 * count, count),
    kinds: new Uint8Array(bytes, start + 12 * count, count),
  };
}
