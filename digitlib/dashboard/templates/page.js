// What widgets cannot do themselves: keyboard shortcuts, names for screen readers, filtering of
// mouse events, and a notice when the kernel is gone.
(() => {
  const press = (name) => document.querySelector(`.digit-page .${name}`)?.click();
  const padOf = (event) => event.target.closest?.("canvas.digit-pad");

  const usesKeys = (value) => document.body?.classList.toggle("uses-keys", value);
  document.addEventListener("pointerdown", () => usesKeys(false), true);

  // Ctrl+Z, pressed once too often, must not take a submission back: it does so only while the
  // page says that the sketch was saved.
  const losesSubmission = () =>
    document.querySelector(".digit-undo")?.textContent.trim() === "Take back" &&
    !document.querySelector(".digit-status .is-saved");

  const onKey = (event) => {
    if (event.key === "Tab") usesKeys(true);
    const pad = padOf(event);
    if (pad) event.stopPropagation(); // the canvas prevents the default of every key, even Tab
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const undo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
    if (!undo && (event.ctrlKey || event.metaKey || event.altKey)) return;
    // Enter presses the focused button, but submits after a click on a label.
    const focused = event.target.closest?.("button, a, summary");
    const clicked = focused?.matches(".digit-label") && !document.body.classList.contains("uses-keys");
    const submits = event.key === "Enter" && (!focused || clicked);
    const name = undo ? "digit-undo"
      : /^[0-9]$/.test(event.key) ? `digit-label-${event.key}`
      : event.key === "Escape" ? "digit-clear"
      : submits ? "digit-submit" : null;
    if (!name) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat && !(undo && losesSubmission())) press(name);
  };
  document.addEventListener("keydown", onKey, true);
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
    name(".digit-status .widget-html-content", { role: "status", "aria-live": "polite" });
    name(".digit-undo", { title: "Undo the last stroke (Ctrl+Z)" });
    name(".digit-clear", { title: "Clear the pad (Escape)" });
    name(".digit-submit", { title: "Submit this sketch (Enter)" });
    name(".digit-labels", { role: "group", "aria-label": "Which digit is it?" });
    name(".digit-label:not(.is-chosen)", { "aria-pressed": "false" });
    name(".digit-label.is-chosen", { "aria-pressed": "true" });
  };
  new MutationObserver(describe).observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["class"],
  });

  // A kernel that was ended, after idling or for lack of memory, sends nothing: poll the server
  // every 20 seconds and when somebody draws.
  const lost = (isLost) => {
    const notice = document.getElementById("digit-lost");
    if (notice) notice.hidden = !isLost;
  };
  const kernel = () => {
    const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    return `${config.baseUrl}api/kernels/${config.kernelId}`;
  };
  let lastPoll = 0;
  const poll = async () => {
    if (document.hidden || Date.now() - lastPoll < 3000) return;
    lastPoll = Date.now();
    try {
      const answer = await fetch(kernel());
      lost(!answer.ok || (await answer.json()).execution_state === "dead");
    } catch {
      lost(true); // the server or the network is down
    }
  };
  addEventListener("load", () => setInterval(poll, 20000));
  addEventListener("pointerdown", poll, true);
  document.addEventListener("visibilitychange", poll);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // Without a connection, widgets fail when they send a message.
  const onError = (event) => {
    if (!/^(Uncaught )?(Error: )?Cannot send/.test(event.message ?? String(event.reason))) return;
    lost(true);
    event.preventDefault();
  };
  addEventListener("error", onError);
  addEventListener("unhandledrejection", onError);

  // A kernel that died is reported only in a status message.
  const dead = /"execution_state": ?"(dead|restarting|autorestarting)"/;
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string" && !(data.byteLength < 4000)) return;
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        if (dead.test(text)) lost(lastPoll = Infinity);
      });
      // The proxy passes no websockets on, or the server went away.
      this.addEventListener("error", () => { if (lastPoll !== Infinity) lost(true); });
      this.addEventListener("open", () => { if (lastPoll !== Infinity) lost(false); });
    }
  };

  // Messages to widgets with modules that are still loading are lost, so the page asks the kernel
  // to send all states once everything is there, and repeats that until it answers.
  const greeted = () => document.querySelector(".digit-hello.is-answered");
  const greet = (tries) => {
    press("digit-hello");
    if (greeted()) return history.replaceState(null, "");
    if (tries > 10) lost(true);
    setTimeout(greet, 2000, tries + 1);
  };
  const pageObserver = new MutationObserver(() => {
    if (!document.querySelector(".digit-page .digit-hello")) return;
    pageObserver.disconnect();
    greet(0);
  });
  pageObserver.observe(document, { subtree: true, childList: true });

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
  // page's widget too early. Nothing has been drawn yet: reload, up to three times.
  const reload = () => {
    const times = history.state?.reloads ?? 0;
    if (times >= 3) return showFailure();
    history.replaceState({ reloads: times + 1 }, "");
    location.reload();
  };
  const failureObserver = new MutationObserver(() => {
    const widgets = document.querySelectorAll("#rendered_cells .jupyter-widgets");
    if (![...widgets].some((widget) => widget.textContent.startsWith("Error displaying widget"))) return;
    failureObserver.disconnect();
    reload();
  });
  failureObserver.observe(document, { subtree: true, childList: true });
  addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector("#rendered_cells .jp-OutputArea-child")) reload();
  });
})();
