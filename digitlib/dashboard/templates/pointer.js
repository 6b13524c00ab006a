// Filters the pad's mouse events.
document.addEventListener("mousemove", (event) => {
  if (event.buttons === 0 && padOf(event)) event.stopPropagation();
}, true);
document.addEventListener("mousedown", (event) => {
  if (event.button !== 0 && padOf(event)) event.stopPropagation();
}, true);
document.addEventListener("wheel", (event) => {
  if (padOf(event)) event.stopPropagation(); // let the page scroll
}, true);
document.addEventListener("contextmenu", (event) => {
  if (padOf(event)) event.preventDefault();
});
