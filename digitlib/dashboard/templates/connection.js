// The notice that the kernel is gone, and the greeting of a kernel whose page has loaded.
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
