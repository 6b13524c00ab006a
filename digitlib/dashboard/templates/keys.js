// Keyboard shortcuts: digits, Enter, Escape, Ctrl+Z.
const press = (name) => document.querySelector(`.digit-page .${name}`)?.click();
const padOf = (event) => event.target.closest?.("canvas.digit-pad");

const usesKeys = (value) => document.body?.classList.toggle("uses-keys", value);
document.addEventListener("pointerdown", () => usesKeys(false), true);

const onKey = (event) => {
  if (event.key === "Tab") usesKeys(true);
  const pad = padOf(event);
  if (pad) event.stopPropagation(); // the canvas prevents the default of every key, even Tab
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  const undo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
  if (!undo && (event.ctrlKey || event.metaKey || event.altKey)) return;
  // Enter presses the focused button, but submits after a click on a label.
  const focused = event.target.closest?.("button, a, summary");
  const clicked = focused?.matches(".digit-label, .digit-photo-label, .digit-found") && !document.body.classList.contains("uses-keys");
  const submits = event.key === "Enter" && (!focused || clicked);
  const name = undo ? "digit-undo"
    : /^[0-9]$/.test(event.key) ? `digit-label-${event.key}`
    : event.key === "Escape" ? "digit-clear"
    : submits ? "digit-submit" : null;
  if (!name) return;
  event.preventDefault();
  event.stopPropagation();
  const isPhoto = document.querySelector(".digit-page.has-photo"); // it has buttons of its own
  if (!event.repeat) press(isPhoto ? name.replace("digit-", "digit-photo-") : name);
};
document.addEventListener("keydown", onKey, true);
