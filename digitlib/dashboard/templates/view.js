// What is in view: the outcome of a submission always.
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
addEventListener("scroll", keepInView, { passive: true });
addEventListener("resize", keepInView);
const viewObserver = new MutationObserver(() => {
  const outcome = document.querySelector(".digit-page .digit-outcome");
  if (!outcome) return;
  viewObserver.disconnect();
  new MutationObserver(keepInView).observe(outcome, { subtree: true, childList: true });
});
viewObserver.observe(document, { subtree: true, childList: true });
