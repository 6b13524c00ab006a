// What is in view: the outcome of a submission always; the kernel is told when the pipeline is.

// Where its line is not on the screen, it is shown at the lower edge of the window.
const keepInView = () => {
  const outcome = document.querySelector(".digit-page .digit-outcome");
  if (!outcome) return;
  outcome.classList.remove("is-away");
  outcome.style.minHeight = "";
  const { top, bottom, height } = outcome.getBoundingClientRect();
  outcome.style.minHeight = `${height}px`; // kept where the line itself is elsewhere
  outcome.classList.toggle("is-away", top < 0 || bottom > innerHeight);
};
const keepSoon = onceAFrame(keepInView);
addEventListener("scroll", keepSoon, { passive: true });
addEventListener("resize", keepSoon);
const viewObserver = new MutationObserver(() => {
  const lines = document.querySelector(".digit-page .digit-outcome-lines");
  if (!lines) return;
  viewObserver.disconnect();
  new MutationObserver(keepSoon).observe(lines, { subtree: true, childList: true });
  new ResizeObserver(keepSoon).observe(lines); // a button appears beside the text, which wraps
});
viewObserver.observe(document, { subtree: true, childList: true });

// The kernel computes the pipeline only while it is on the screen.
let pipeline, onScreen = true;
const tellSeen = () => {
  const seen = document.querySelector(".digit-page .digit-is-seen input");
  if (seen && document.querySelector(".digit-hello.is-answered") && seen.checked !== onScreen) seen.click();
};
const seenObserver = new IntersectionObserver((entries) => {
  onScreen = entries.at(-1).isIntersecting;
  tellSeen();
});
setInterval(() => { // the page may be put together anew
  const found = document.querySelector(".digit-page .digit-inside");
  if (found && found !== pipeline) seenObserver.observe(pipeline = found);
  tellSeen();
}, 500);
