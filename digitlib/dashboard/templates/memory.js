// What the tab keeps: the drawing and the sketches that were given. A reload, or a page with a new
// kernel, gives the drawing back; both can be downloaded.
const KEPT = "digits";
const LONGEST = 15000; // characters of a message with a drawing; the server refuses 16 KB
const keptBefore = () => {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null; // no storage here, or none of ours
  }
};
const keep = (facts) => {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(facts));
  } catch {} // it is full or forbidden: then nothing is given back
};
const packed = (strokes) => strokes.map((stroke) => {
  const bytes = new DataView(new ArrayBuffer(4 * stroke.length));
  stroke.flat().forEach((value, number) => bytes.setUint16(2 * number, value, true));
  return btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
}).join(" ");

const unpacked = (strokes) => strokes.map((stroke) => stroke.map((point) => point.map(
  (value) => value / 65535)));

// The latest drawing as a picture, and all sketches that were given as data.
const picture = (strokes) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 672, height: 672 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, 672, 672);
  Object.assign(pen, { lineWidth: 40, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    pen.beginPath();
    for (const [x, y] of [stroke[0], ...stroke]) pen.lineTo(672 * x, 672 * y);
    pen.stroke();
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
};
const latest = ({ drawing, sketches }) =>
  drawing.length ? unpacked(drawing) : sketches.at(-1)?.strokes;
const offer = () => {
  const kept = keptBefore() ?? { drawing: [], sketches: [] };
  const counted = kept.sketches.length === 1 ? "1 sketch" : `${kept.sketches.length} sketches`;
  const texts = { png: "Download as PNG", json: `Download ${counted} as JSON` };
  const has = { png: Boolean(latest(kept)), json: kept.sketches.length > 0 };
  for (const button of document.querySelectorAll(".digit-downloads [data-file]")) {
    button.hidden = !has[button.dataset.file];
    button.textContent = texts[button.dataset.file];
  }
};
document.addEventListener("click", async ({ target }) => {
  const kind = target.closest?.(".digit-downloads [data-file]")?.dataset.file;
  if (!kind) return;
  const kept = keptBefore();
  const data = kind === "png" ? await picture(latest(kept))
    : new Blob([JSON.stringify(kept.sketches)], { type: "application/json" });
  const name = kind === "png" ? "sketch.png" : "sketches.json";
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(data), download: name,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
});

let givenBack;
const giveBack = ({ visit, drawing, given, read }) => {
  const input = document.querySelector(".digit-kept input");
  if (!input || !greeted() || givenBack === visit) return;
  givenBack = visit;
  const text = packed(drawing);
  input.value = JSON.stringify({ visit, given, read, drawing: text.length < LONGEST ? text : "" });
  input.dispatchEvent(new Event("change", { bubbles: true }));
};

let recorded;
const onRecord = () => {
  const text = document.querySelector(".digit-record")?.textContent.trim();
  if (!text || text === recorded) return;
  const kept = keptBefore(), record = JSON.parse(text);
  if (kept && kept.visit !== record.visit && !record.returned) return giveBack(kept);
  recorded = text;
  const others = (kept?.sketches ?? []).filter(
    ({ id }) => !record.withdrawn.includes(id) && id !== record.sketch?.id);
  keep({ ...record, sketches: record.sketch ? [...others, record.sketch] : others });
  offer();
};
new MutationObserver(onRecord).observe(document, {
  subtree: true, childList: true, attributes: true, attributeFilter: ["class"],
});
