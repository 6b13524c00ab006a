// A page that could not be made, or only in part.
// The notebook failed; Voila's error message is for developers.
const showFailure = () => {
  document.getElementById("digit-failed").hidden = false;
  document.getElementById("rendered_cells").hidden = true;
};
addEventListener("load", () => setTimeout(() => {
  if (document.querySelector("#rendered_cells .jp-RenderedText") &&
    !document.querySelector(".digit-page, .widget-subarea, .jupyter-widgets")) showFailure();
}, 0));

// On a busy machine Voila occasionally misses a cell's output, or the widget manager looks for the
// page's widget or a widget's code too early. Nothing has been drawn yet: reload, up to three times.
const reload = () => {
  const times = history.state?.reloads ?? 0;
  if (times >= 3) return showFailure();
  history.replaceState({ reloads: times + 1 }, "");
  location.reload();
};
const failureObserver = new MutationObserver(() => {
  const widgets = document.querySelectorAll("#rendered_cells .jupyter-widgets");
  const isMissing = [...widgets].some((it) => it.textContent.startsWith("Error displaying widget"));
  if (!isMissing && !document.querySelector(".digit-page .jupyter-widgets-error-widget")) return;
  failureObserver.disconnect();
  reload();
});
failureObserver.observe(document, { subtree: true, childList: true });
addEventListener("DOMContentLoaded", () => {
  if (!document.querySelector("#rendered_cells .jp-OutputArea-child")) reload();
});
