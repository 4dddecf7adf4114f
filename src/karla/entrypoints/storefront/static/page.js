// What the page does beyond HTML: news without reloading, copying, the beacon, and its height for a window around it.
const root = document.querySelector(".k");
const main = root.querySelector("[data-k-main]");
const news = root.querySelector("[data-k-news]");
const given = JSON.parse(document.getElementById("k-data").textContent);
const live = given.live;

const SILENCE = 60e3; // The stream says something at least this often.
const POLL = 60e3;
const LONGEST = 15 * 60e3;
const SOON = 3e3;
const BRIEF = 20e3; // A stream that ends sooner is none.
const ENGAGED = 10e3;

root.setAttribute("data-k-ready", "");

// News: what the server shows now is laid over what is shown, so that nothing that is equal is touched.

const named = (node) => node.id || node.getAttribute?.("aria-labelledby") || "";
const same = (one, other) => one.nodeName === other.nodeName && named(one) === named(other);

// A form that is open stays as it is, with what was typed; only the whole section can go, when its time is over.
const busy = (node) => node.nodeType === 1 && node.matches(".k-actions") && node.querySelector("[open] form");

// What the shopper has done stays: opened, ticked, typed.
const KEPT = { DETAILS: ["open"], INPUT: ["value", "checked"], SELECT: [], OPTION: ["selected"] };

const dress = (element, fresh) => {
  const kept = KEPT[element.nodeName] || [];
  for (const { name } of [...element.attributes]) {
    if (!fresh.hasAttribute(name) && !kept.includes(name) && !name.startsWith("data-k-done")) element.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (!kept.includes(name) && element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
};

const morph = (element, fresh) => {
  let child = element.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    let found = child;
    // What went away is removed; looked for only a little way ahead, as what came stands mostly at the top. White space
    // is everywhere, and no sign that anything went.
    const ahead = wanted.nodeType === 1 ? 4 : 0;
    for (let step = 0; found && step < ahead && !alike(found, wanted); step += 1) found = found.nextSibling;
    if (found && alike(found, wanted)) {
      while (child !== found) child = drop(child);
      if (found.nodeType === 1 && !busy(found)) {
        dress(found, wanted);
        morph(found, wanted);
      } else if (found.nodeType !== 1 && found.data !== wanted.data) found.data = wanted.data;
      child = found.nextSibling;
    } else {
      const added = document.importNode(wanted, true);
      element.insertBefore(added, child);
      if (added.nodeName === "LI" || added.nodeName === "SECTION") added.setAttribute("data-k-new", "");
    }
  }
  while (child) child = drop(child);
};

const drop = (node) => {
  const next = node.nextSibling;
  node.remove();
  return next;
};

// Entries of a list are the same if they say the same: a new one on top must not repaint all that are below it.
const alike = (one, other) =>
  same(one, other) &&
  (one.nodeName !== "LI" || !one.closest(".k-entries") || one.textContent === other.textContent);

// The page's policy lets nothing else be parsed as HTML.
const trusted = globalThis.trustedTypes?.createPolicy("karla-page", { createHTML: (html) => html });

const refresh = async () => {
  const answer = await fetch(live.fragment, {
    headers: { Authorization: `Bearer ${live.session}` },
    cache: "no-store",
    credentials: "omit",
    signal: AbortSignal.timeout(15e3),
  });
  if (answer.status === 401 || answer.status === 404) return stop();
  if (!answer.ok) throw new Error(answer.status);
  const html = await answer.text();
  const page = new DOMParser().parseFromString(trusted ? trusted.createHTML(html) : html, "text/html");
  const fresh = page.querySelector("[data-k-main]");
  if (!fresh) throw new Error("nothing");
  const before = latest();
  morph(main, fresh);
  live.updated = fresh.dataset.updated || live.updated;
  const after = latest();
  if (after !== before) news.textContent = after;
};

const latest = () =>
  ["#k-top", ".k-window time", ".k-latest .k-event"]
    .map((part) => main.querySelector(part)?.textContent.trim())
    .filter(Boolean)
    .join(". ");

let ended = !live;
let stream = null;
let timer = 0;
let failures = 0;

const stop = () => {
  ended = true;
  pause();
};

const pause = () => {
  clearTimeout(timer);
  stream?.abort();
  stream = null;
};

// Servers end a stream now and then: the next one follows soon. Whoever doesn't answer is asked less and less often.
const later = () => {
  clearTimeout(timer);
  if (ended || document.hidden) return;
  const wait = failures ? Math.min(POLL * 2 ** (failures - 1), LONGEST) : SOON;
  timer = setTimeout(poll, wait * (0.9 + Math.random() / 5));
};

const poll = async () => {
  try {
    await refresh();
    failures = 0;
  } catch {
    failures += 1;
  }
  if (!ended) follow();
};

// EventSource sends no header, so the stream is read by hand. Without one, the page asks each minute.
const follow = async () => {
  if (ended || stream || document.hidden) return;
  clearTimeout(timer);
  const mine = (stream = new AbortController());
  const begun = performance.now();
  let guard = 0;
  const heard = () => {
    clearTimeout(guard);
    guard = setTimeout(() => mine.abort(), SILENCE);
  };
  try {
    heard();
    const answer = await fetch(live.stream, {
      headers: { Authorization: `Bearer ${live.session}`, Accept: "text/event-stream" },
      cache: "no-store",
      credentials: "omit",
      signal: mine.signal,
    });
    if (answer.status === 401) return stop();
    if (!answer.ok) throw new Error(answer.status);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      heard();
      text += value;
      const events = text.split(/\r?\n\r?\n/);
      text = events.pop();
      for (const event of events) if (/^event: ?changed$/m.test(event)) await changed(event);
    }
    if (performance.now() - begun < BRIEF) failures += 1;
  } catch {
    failures += mine.signal.aborted ? 0 : 1;
  } finally {
    clearTimeout(guard);
    mine.abort();
    if (stream === mine) {
      stream = null;
      later();
    }
  }
};

const changed = async (event) => {
  if (live.updated && event.includes(JSON.stringify(live.updated))) return;
  await refresh();
  failures = 0;
};

if (live) {
  document.addEventListener("visibilitychange", () => (document.hidden ? pause() : ended || poll()));
  // A page that comes back from the browser's own cache shows what was.
  addEventListener("pageshow", (event) => event.persisted && !ended && poll());
  addEventListener("online", () => ended || (pause(), poll()));
  follow();
}

// Copying

root.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-k-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.kCopy);
  } catch {
    // Some browsers let a page within a frame not write: select it, for copying by hand.
    const number = button.parentElement.querySelector(".k-number");
    if (number) getSelection().selectAllChildren(number);
    return;
  }
  tell("copied", button.dataset);
  button.setAttribute("data-k-done", "");
  news.textContent = button.dataset.kCopied;
  setTimeout(() => {
    button.removeAttribute("data-k-done");
    news.textContent = "";
  }, 2500);
});

// A background that can't be had leaves its place as it is, without the sign of a broken picture.

const backdrop = root.querySelector(".k-backdrop");
const clear = () => (backdrop.style.visibility = "hidden");
if (backdrop?.complete && !backdrop.naturalWidth) clear();
else backdrop?.addEventListener("error", clear);

// The beacon: what was done, not by whom. It gathers for a moment, and goes when the page does.

let visits = [];
let sending = 0;
let engaged = false;

const tell = (kind, data = {}) => {
  if (!given.beacon) return;
  const visit = { kind, after_ms: Math.round(performance.now()) };
  if (data.kShipment) visit.shipment_number = Number(data.kShipment);
  if (data.kSlot) visit.slot = data.kSlot;
  if (data.kCampaign) visit.campaign = data.kCampaign;
  visits.push(visit);
  clearTimeout(sending);
  if (visits.length >= 10) send();
  else sending = setTimeout(send, 3000);
};

const send = () => {
  clearTimeout(sending);
  if (!visits.length) return;
  const body = { page: given.surface, visits, language: given.language };
  if (live) body.session = live.session;
  visits = [];
  navigator.sendBeacon(given.beacon, new Blob([JSON.stringify(body)], { type: "application/json" }));
};

const engage = () => {
  if (engaged) return;
  engaged = true;
  tell("engaged");
};

const whenVisible = (then) => {
  if (!document.hidden) return then();
  document.addEventListener("visibilitychange", function once() {
    if (document.hidden) return;
    document.removeEventListener("visibilitychange", once);
    then();
  });
};

if (given.beacon) {
  // A page that is rendered ahead, or in a tab behind, was not opened yet.
  whenVisible(() => tell("opened"));
  let seen = 0;
  const watch = setInterval(() => {
    if (!document.hidden) seen += 1000;
    if (seen >= ENGAGED) engage();
    if (engaged) clearInterval(watch);
  }, 1000);
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, engage, { once: true, passive: true });
  for (const kind of ["click", "auxclick"]) {
    root.addEventListener(kind, (event) => {
      const link = event.target.closest("[data-k-click]");
      if (link && event.button < 2) tell(link.dataset.kClick, link.dataset);
    });
  }
  addEventListener("visibilitychange", () => document.hidden && send());
  addEventListener("pagehide", send);
}

// Within a frame: the window around it sets the frame's height.

if (given.embedded && parent !== window) {
  let told = 0;
  const measure = () => Math.ceil(root.getBoundingClientRect().height);
  const post = (height) => parent.postMessage({ type: "karla:height", height: (told = height) }, "*");
  new ResizeObserver(() => measure() !== told && post(measure())).observe(root);
  // It may have begun to listen after the height was told: then it asks.
  addEventListener("message", ({ source, data }) => {
    if (source === parent && data?.type === "karla:height" && data.height === undefined) post(measure());
  });
}
