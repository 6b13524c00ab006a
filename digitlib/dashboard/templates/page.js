// What widgets can't do for themselves: keys anywhere on the page, words for screen readers,
// silence while the mouse only hovers, and a notice when the kernel is gone.
(() => {
  const press = (name) => document.querySelector(`.digit-page .${name}`)?.click();
  const padOf = (event) => event.target.closest?.("canvas.digit-pad");

  const usesKeys = (does) => document.body?.classList.toggle("uses-keys", does);
  document.addEventListener("pointerdown", () => usesKeys(false), true);

  // Undoing stroke by stroke, one presses Ctrl+Z once too often: a submission is taken back by this
  // key only while the page says that it was saved.
  const losesSubmission = () =>
    document.querySelector(".digit-undo")?.textContent.trim() === "Take back" &&
    !document.querySelector(".digit-status .is-saved");

  const onKey = (event) => {
    if (event.key === "Tab") usesKeys(true);
    const pad = padOf(event);
    if (pad) event.stopPropagation(); // the canvas would swallow every key, even Tab
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const undo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
    if (!undo && (event.ctrlKey || event.metaKey || event.altKey)) return;
    // Enter presses what has the focus; but who clicked on a label, without keys, means to submit.
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

  // A screen reader hears the guess once the pen rests, not thirty times a second.
  let saying, heard;
  const say = () => {
    const said = document.getElementById("digit-said");
    const parts = document.querySelectorAll(".digit-guess strong, .digit-guess span");
    const text = [...parts].map((part) => part.textContent).join(", ");
    if (said && text && said.textContent !== text) said.textContent = text;
  };
  const hear = (guess) => new MutationObserver(() => {
    clearTimeout(saying);
    saying = setTimeout(say, 700);
  }).observe(guess, { subtree: true, childList: true });

  const name = (selector, attributes) => document.querySelectorAll(`.digit-page ${selector}`).forEach(
    (element) => Object.entries(attributes).forEach(([key, value]) => {
      if (element.getAttribute(key) !== value) element.setAttribute(key, value);
    }));
  const describe = () => {
    const guess = document.querySelector(".digit-page .digit-guess");
    if (guess && guess !== heard) hear(heard = guess);
    name("canvas.digit-pad", { role: "img", "aria-label": "The pad: draw a digit here" });
    name("img.digit-map", { alt: "" });
    name("img.digit-seen", { alt: "Your sketch as the model sees it, 28 by 28 pixels" });
    name(".digit-status .widget-html-content", { role: "status", "aria-live": "polite" });
    name(".digit-undo", { title: "Take the last stroke back (Ctrl+Z)" });
    name(".digit-clear", { title: "Empty the pad (Escape)" });
    name(".digit-submit", { title: "Keep this sketch (Enter)" });
    name(".digit-labels", { role: "group", "aria-label": "Which digit is it?" });
    name(".digit-label:not(.is-chosen)", { "aria-pressed": "false" });
    name(".digit-label.is-chosen", { "aria-pressed": "true" });
  };
  new MutationObserver(describe).observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["class"],
  });

  // A kernel that is ended, because the page lay idle or it ran out of memory, says nothing:
  // ask whether it is there, now and then and when somebody draws.
  const lost = (isLost) => {
    const notice = document.getElementById("digit-lost");
    if (notice) notice.hidden = !isLost;
  };
  const kernel = () => {
    const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    return `${config.baseUrl}api/kernels/${config.kernelId}`;
  };
  let asked = 0;
  const ask = async () => {
    if (document.hidden || Date.now() - asked < 3000) return;
    asked = Date.now();
    try {
      const answer = await fetch(kernel());
      lost(!answer.ok || (await answer.json()).execution_state === "dead");
    } catch {
      lost(true); // the server is gone, or the network
    }
  };
  addEventListener("load", () => setInterval(ask, 20000));
  addEventListener("pointerdown", ask, true);
  document.addEventListener("visibilitychange", ask);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // Drawing or pressing a button then fails in the widgets' own code.
  const failed = (event) => {
    if (!/^(Uncaught )?(Error: )?Cannot send/.test(event.message ?? String(event.reason))) return;
    lost(true);
    event.preventDefault();
  };
  addEventListener("error", failed);
  addEventListener("unhandledrejection", failed);

  // One that died is started again, but empty: only its messages tell.
  const dead = /"execution_state": ?"(dead|restarting|autorestarting)"/;
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string" && !(data.byteLength < 4000)) return;
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        if (dead.test(text)) lost(asked = Infinity);
      });
      // A proxy that passes no websockets on, or a server that went away while the page was open.
      this.addEventListener("error", () => { if (asked !== Infinity) lost(true); });
      this.addEventListener("open", () => { if (asked !== Infinity) lost(false); });
    }
  };

  // What the kernel says while a widget's module is still on its way is lost, so the page tells it
  // when all are there, and again until it answers.
  const greeted = () => document.querySelector(".digit-hello.is-answered");
  const greet = (tries) => {
    press("digit-hello");
    if (greeted()) return history.replaceState(null, "");
    if (tries > 10) lost(true);
    setTimeout(greet, 2000, tries + 1);
  };
  const meet = new MutationObserver(() => {
    if (!document.querySelector(".digit-page .digit-hello")) return;
    meet.disconnect();
    greet(0);
  });
  meet.observe(document, { subtree: true, childList: true });

  // The notebook itself failed: what Voila says of it is for its developers.
  const sorry = () => {
    document.getElementById("digit-failed").hidden = false;
    document.getElementById("rendered_cells").hidden = true;
  };
  addEventListener("load", () => setTimeout(() => {
    if (document.querySelector("#rendered_cells .jp-RenderedText") &&
      !document.querySelector(".digit-page, .widget-subarea, .jupyter-widgets")) sorry();
  }, 0));

  // On a busy machine Voila now and then misses what a cell showed, and the widgets' manager looks for
  // the page's widget a moment before it has it. Then nothing is there that could be lost: load it anew.
  const anew = () => {
    const times = history.state?.anew ?? 0;
    if (times >= 3) return sorry();
    history.replaceState({ anew: times + 1 }, "");
    location.reload();
  };
  const misses = new MutationObserver(() => {
    const widgets = document.querySelectorAll("#rendered_cells .jupyter-widgets");
    if (![...widgets].some((widget) => widget.textContent.startsWith("Error displaying widget"))) return;
    misses.disconnect();
    anew();
  });
  misses.observe(document, { subtree: true, childList: true });
  addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector("#rendered_cells .jp-OutputArea-child")) anew();
  });
})();
