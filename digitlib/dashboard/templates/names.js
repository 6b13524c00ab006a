// Names for screen readers, which widgets do not have, and the guess read out.
// Screen readers announce the guess when the pen rests, not thirty times a second.
let timer, observed;
const announce = () => {
  const spoken = document.getElementById("digit-spoken");
  const parts = document.querySelectorAll(".digit-guess strong, .digit-guess span");
  const text = [...parts].map((part) => part.textContent).join(", ");
  if (spoken && text && spoken.textContent !== text) spoken.textContent = text;
};
const observe = (guess) => new MutationObserver(() => {
  clearTimeout(timer);
  timer = setTimeout(announce, 700);
}).observe(guess, { subtree: true, childList: true });

const name = (selector, attributes) => document.querySelectorAll(`.digit-page ${selector}`).forEach(
  (element) => Object.entries(attributes).forEach(([key, value]) => {
    if (element.getAttribute(key) !== value) element.setAttribute(key, value);
  }));
const describe = () => {
  const guess = document.querySelector(".digit-page .digit-guess");
  if (guess && guess !== observed) observe(observed = guess);
  name("canvas.digit-pad", { role: "img", "aria-label": "The pad: draw a digit here" });
  name("img.digit-map", { alt: "" });
  name("img.digit-seen", { alt: "Your sketch as the model sees it, 28 by 28 pixels" });
  name(":is(.digit-status, .digit-photo-status) .widget-html-content", { role: "status", "aria-live": "polite" });
  name(".digit-undo", { title: "Undo the last stroke (Ctrl+Z)" });
  name(".digit-clear", { title: "Clear the pad (Escape)" });
  name(".digit-scrubber .noUi-handle", { "aria-label": "How much of the drawing is shown, in percent" });
  name(".digit-submit", { title: "Submit this sketch (Enter)" });
  name(".digit-labels", { role: "group", "aria-label": "Which digit is it?" });
  name(".jupyter-button:not(.is-idle)", { "aria-disabled": "false" });
  name(".jupyter-button.is-idle", { "aria-disabled": "true" });
  name(".digit-photo-labels", { role: "group", "aria-label": "Which digit is it?" });
  name(".digit-photo-picture img", { alt: "The picture, with a box over each digit", draggable: "false" });
  name(".digit-number", { role: "group", "aria-label": "The digits of the number" });
  const choices = ":is(.digit-label, .digit-number .jupyter-button, .digit-photo-label, .digit-found)";
  name(`${choices}:not(.is-chosen)`, { "aria-pressed": "false" });
  name(`${choices}.is-chosen`, { "aria-pressed": "true" });
};
// The page changes in hundreds of small steps: what follows from them is done once a frame.
const onceAFrame = (action) => {
  let frame = 0;
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      action();
    });
  };
};
new MutationObserver(onceAFrame(describe)).observe(document, {
  subtree: true, childList: true, attributes: true, attributeFilter: ["class"],
});
