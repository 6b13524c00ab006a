// The pad's pointer: one mouse, finger or pen draws, also past the pad's edge. ipycanvas knows only
// mouse and touch events: it gets the path of that pointer as a mouse's, and none of its own.
const PALM = 90; // px: a contact as large as that, about 15 mm, is no fingertip
const PINCH = 24; // px that the first finger of a pinch may move before the second one lands
const PEN_REST = 1000; // ms after a pen was near in which touches are the hand that holds it
const resting = new Set(); // the pointers of palms and other touches that rest, until they end
let penSeen = -Infinity; // when a pen was last near the pad
let drawing = null; // the pointer that draws: its id, its type, where it began, where it is

const tell = (kind) => {
  const { x, y } = drawing.at; // a PointerEvent, because a MouseEvent's coordinates are integers
  const event = new PointerEvent(kind, { clientX: x, clientY: y });
  drawing.pad.dispatchEvent(Object.assign(event, { touches: [] }));
};
const begin = (pad, event) => {
  pad.setPointerCapture(event.pointerId);
  const at = { x: event.clientX, y: event.clientY };
  drawing = { pad, id: event.pointerId, type: event.pointerType, from: at, at };
  holdPage(true);
  tell("mousedown");
};
const end = (kind) => { // "mouseup" keeps the stroke, "touchcancel" drops it
  tell(kind);
  drawing = null;
  holdPage(false);
};
// Two fingers on the pad zoom (`touch-action: pinch-zoom`), but not while one of them draws.
const hold = (event) => {
  const isOther = event.type === "touchmove" || event.touches.length > 1;
  if (event.cancelable && isOther) event.preventDefault();
};
const holdPage = (isHeld) => {
  for (const kind of ["touchstart", "touchmove"])
    document[isHeld ? "addEventListener" : "removeEventListener"](
      kind, hold, { capture: true, passive: false });
};
const isTouch = (event) => event.pointerType === "touch";
const isPalm = (event) => isTouch(event) && Math.max(event.width, event.height) >= PALM;
const hasMoved = () =>
  Math.hypot(drawing.at.x - drawing.from.x, drawing.at.y - drawing.from.y) >= PINCH;

const onDown = (event) => {
  const pad = padOf(event);
  if (!pad || event.button !== 0) return;
  const rests = isPalm(event) || performance.now() - penSeen < PEN_REST || drawing;
  const pinches = drawing?.type === "touch" && !hasMoved() && !isPalm(event);
  if (isTouch(event) && pinches) return end("touchcancel");
  if (isTouch(event) && rests) return resting.add(event.pointerId);
  if (drawing?.type === "touch") { // the hand that holds this pen was there first
    resting.add(drawing.id);
    end("touchcancel");
  }
  if (!drawing) begin(pad, event);
};
const onMove = (event) => {
  if (event.pointerId !== drawing?.id) return;
  if (isPalm(event)) { // it has touched down with its edge
    resting.add(event.pointerId);
    return end("touchcancel");
  }
  if (event.buttons === 0) return end("mouseup"); // it was released unseen
  drawing.at = { x: event.clientX, y: event.clientY };
  tell("mousemove");
};
const onEnd = (event) => {
  resting.delete(event.pointerId);
  if (event.pointerId !== drawing?.id) return;
  end(event.type === "pointercancel" && !hasMoved() ? "touchcancel" : "mouseup");
};
const onPointer = { pointerdown: onDown, pointermove: onMove, pointerup: onEnd, pointercancel: onEnd };
for (const [kind, listener] of Object.entries(onPointer)) {
  document.addEventListener(kind, (event) => {
    listener(event);
    if (event.pointerType === "pen" && padOf(event)) penSeen = performance.now();
  }, true);
}

// A palm or a hand with a pen neither zooms nor draws.
const onTouch = (event) => {
  if (!event.isTrusted) return;
  event.stopPropagation();
  if (event.cancelable && resting.size) event.preventDefault();
};
const onMouse = (event) => {
  if (event.isTrusted) event.stopPropagation();
};
const follow = (box) => { // before the canvas's own listeners; only here, so that the page scrolls
  for (const kind of ["mousedown", "mousemove", "mouseup", "mouseout"])
    box.addEventListener(kind, onMouse, true);
  for (const kind of ["touchstart", "touchmove", "touchend", "touchcancel"])
    box.addEventListener(kind, onTouch, { capture: true, passive: false });
};
const followed = new WeakSet();
document.addEventListener("pointerover", (event) => {
  const box = padOf(event)?.parentElement;
  if (box && !followed.has(box)) follow(box), followed.add(box);
}, true);

document.addEventListener("wheel", (event) => {
  if (padOf(event)) event.stopPropagation(); // let the page scroll
}, true);
document.addEventListener("contextmenu", (event) => {
  if (padOf(event)) event.preventDefault();
});
