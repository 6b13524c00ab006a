// The notice that the kernel is gone, and the greeting of a kernel whose page has loaded.
const reasons = new Set(); // why the page is lost; empty while all is well
const lost = (reason, isLost = true) => {
  if (isLost) reasons.add(reason);
  else reasons.delete(reason);
  const notice = document.getElementById("digit-lost");
  if (notice) notice.hidden = reasons.size === 0;
};

// A kernel that was ended, after idling or for lack of memory, sends nothing: poll the server
// every 20 seconds and when somebody draws.
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
    lost("kernel", !answer.ok || (await answer.json()).execution_state === "dead");
  } catch {
    lost("kernel"); // the server or the network is down
  }
};
addEventListener("load", () => setInterval(poll, 20000));
addEventListener("pointerdown", poll, true);
document.addEventListener("visibilitychange", poll);
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// Without a connection, widgets fail when they send a message.
const onError = (event) => {
  if (!/^(Uncaught )?(Error: )?Cannot send/.test(event.message ?? String(event.reason))) return;
  lost("message");
  event.preventDefault();
};
addEventListener("error", onError);
addEventListener("unhandledrejection", onError);

// A socket that closes is opened again. The page is lost while none stays open, because the server
// went away or a proxy passes no websockets on; what the kernel sent meanwhile is asked for again.
const STEADY = 2000; // ms that a socket must stay open
const PATIENCE = 4000; // ms without one after which the page is lost
let steady, closed;
const onOpen = () => {
  steady = setTimeout(() => {
    if (closed) press("digit-hello");
    closed = clearTimeout(closed);
    for (const reason of ["socket", "message"]) lost(reason, false);
  }, STEADY);
};
const onClose = () => {
  clearTimeout(steady);
  closed ??= setTimeout(lost, PATIENCE, "socket");
};
// A kernel that died is reported only in a status message.
const dead = /"execution_state": ?"(dead|restarting|autorestarting)"/;
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
  constructor(...options) {
    super(...options);
    this.addEventListener("message", ({ data }) => {
      if (typeof data !== "string" && !(data.byteLength < 4000)) return;
      const text = typeof data === "string" ? data : new TextDecoder().decode(data);
      if (dead.test(text)) lost("dead");
    });
    this.addEventListener("open", onOpen);
    this.addEventListener("close", onClose);
  }
};

// Messages to widgets with modules that are still loading are lost, so the page asks the kernel
// to send all states once everything is there, and repeats that until it answers. A page that has
// everything but the pad is reloaded.
const padIsThere = () => Boolean(document.querySelector("canvas.digit-pad"));
const greeted = () => document.querySelector(".digit-hello.is-answered");
const greet = (tries) => {
  if (!greeted()) press("digit-hello");
  lost("greeting", !greeted() && tries > 10);
  if (greeted() && padIsThere()) return history.replaceState(null, ""); // no more reloads
  if (greeted() && tries > 2) return reload();
  setTimeout(greet, 2000, tries + 1);
};
const pageObserver = new MutationObserver(() => {
  if (!document.querySelector(".digit-page .digit-hello")) return;
  pageObserver.disconnect();
  greet(0);
});
pageObserver.observe(document, { subtree: true, childList: true });
