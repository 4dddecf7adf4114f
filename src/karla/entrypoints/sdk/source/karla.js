/*
 * Karla's browser SDK: <karla-tracking>, <karla-order-finder>, and iframes that are as high as what they show.
 * No dependency, no cookie, no storage. A comment has lines of its own: they are left out of karla.min.js.
 */
(() => {
  "use strict";
  // Loaded twice: the first one serves.
  if (customElements.get("karla-tracking")) return;

  const VERSION = "{version}";
  // An element of the host page that is named `currentScript` takes that name's place.
  const script = document.currentScript instanceof HTMLScriptElement
    ? document.currentScript
    : document.querySelector('script[src*="/sdk/"][src*="/karla."]');
  const given = script ? script.dataset : {};
  const served = /^(.*)\/sdk\/[^/]+\/karla\./.exec(script ? script.src : "");
  const base = (given.base || (served ? served[1] : location.origin)).replace(/\/+$/, "");
  const origin = new URL(base, location.href).origin;

  // Milliseconds.
  const TIMEOUT = 15e3;
  const SILENCE = 60e3;
  const POLL = 60e3;
  const RECONNECT = 2e3;
  const SHORT = 10e3;
  // Answers after which there is nothing to follow any more.
  const GONE = { 401: true, 403: true, 404: true };
  // Pixels.
  const HIGHEST = 2e4;

  const WORDS = {
    en: ["The order can’t be shown here right now.", "Open the tracking page"],
    de: ["Die Bestellung lässt sich hier gerade nicht anzeigen.", "Sendungsverfolgung öffnen"],
    fr: ["La commande ne peut pas être affichée ici pour le moment.", "Ouvrir la page de suivi"],
    es: ["El pedido no se puede mostrar aquí en este momento.", "Abrir la página de seguimiento"],
    it: ["Al momento l’ordine non può essere mostrato qui.", "Apri la pagina di tracciamento"],
    nl: ["De bestelling kan hier nu niet worden getoond.", "Trackingpagina openen"],
    da: ["Ordren kan ikke vises her lige nu.", "Åbn sporingssiden"],
    pl: ["Nie można teraz wyświetlić tutaj zamówienia.", "Otwórz stronę śledzenia"],
  };

  // What the host page says of all its elements reaches the element itself and no further: within, `all` is initial.
  const SHELL = `
    :host { all: initial; display: block !important; float: none !important; position: relative !important; }
    :host([hidden]) { display: none !important; }
    .sdk-box { all: initial; border-radius: var(--k-radius); box-sizing: border-box; display: flow-root;
      font-family: system-ui, sans-serif; line-height: 1.5; min-height: var(--karla-min-height, 100vh); padding: 16px; }
    .sdk-box.sdk-finder { min-height: var(--karla-min-height, 680px); }
    .sdk-box:empty { background: linear-gradient(#8884, #8884) 0 1em / 60% 2em no-repeat,
      linear-gradient(#8883, #8883) 0 4em / 85% 1em no-repeat, linear-gradient(#8883, #8883) 0 6.5em / 100% 12em no-repeat; }
    .sdk-box[aria-busy=true]:not(:empty) { opacity: .6; }
    .sdk-fallback { background: #fff; border: 1px solid #ccc; border-radius: .5em; color: #1a1a1a; padding: 1em; }
    .sdk-fallback p { margin: 0 0 .5em; }
    .sdk-fallback a { color: #0b57d0; display: inline-block; padding: .25em 0; text-decoration: underline; }
    .sdk-fault { background: #fff; border-inline-start: .25em solid #b3261e; color: #8c1d18; margin: 0 0 1em;
      padding: .5em 1em; }
    .sdk-fault:empty { display: none; }
    .sdk-news { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; width: 1px; }
  `;

  // `key` is Karla's own where it answered (`status`), else "unreachable": a browser tells a refused origin from a
  // broken line to nobody. `answer` is what Karla shows instead, where it does.
  class Refusal extends Error {
    constructor(key, message, status, answer) {
      super(message);
      this.key = key;
      this.status = status || 0;
      this.answer = answer || {};
    }
  }

  const words = (lang) => WORDS[(lang || "en").slice(0, 2).toLowerCase().replace("dk", "da")] || WORDS.en;
  const absolute = (address) => new URL(address, base + "/").href;
  const isNamed = (identity) => !!(identity.token || identity.orderNumber);

  // Answers are put into the page as they come, as they are Karla's own. A host page that demands Trusted Types lists
  // this policy; where it does not, elements lead to the hosted page.
  let policy = null;
  const trusted = (html) => {
    if (!policy && window.trustedTypes) {
      policy = window.trustedTypes.createPolicy("karla-sdk", { createHTML: (text) => text });
    }
    return policy ? policy.createHTML(html) : html;
  };

  // By hand, as old libraries give strings a `toJSON`, and what comes out then is no JSON.
  const quoted = (text) => {
    const escaped = (found) => "\\u" + ("000" + found.charCodeAt(0).toString(16)).slice(-4);
    return '"' + String(text).replace(/["\\\u0000-\u001f]/g, escaped) + '"';
  };
  const encoded = (values) => {
    let body = "";
    for (const name of Object.keys(values)) {
      if (values[name]) body += (body ? "," : "") + quoted(name) + ":" + quoted(values[name]);
    }
    return "{" + body + "}";
  };

  // `work` with a signal that ends with `outer`, or after so long unless `again` is called meanwhile.
  const within = async (milliseconds, outer, work) => {
    const abort = new AbortController();
    const stop = () => abort.abort();
    let timer = 0;
    const again = () => {
      clearTimeout(timer);
      timer = setTimeout(stop, milliseconds);
    };
    again();
    if (outer) outer.addEventListener("abort", stop);
    if (outer && outer.aborted) stop();
    try {
      return await work(abort.signal, again);
    } finally {
      clearTimeout(timer);
      if (outer) outer.removeEventListener("abort", stop);
      stop();
    }
  };
  const fetched = (address, signal, options) => {
    const always = { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", signal: signal || undefined };
    return fetch(address, Object.assign(always, options));
  };
  const pause = (milliseconds, signal) => new Promise((done) => {
    setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });

  // What the shop's page shows for this identity: `html`, `css_url`, `order`, `session`; Refusal.
  const asked = async (slug, values, lang, outer) => {
    const address = `${base}/track/${encodeURIComponent(slug)}/embed`;
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: encoded(values) };
    let status = 0;
    let body = {};
    try {
      await within(TIMEOUT, outer, async (signal) => {
        const answer = await fetched(address, signal, options);
        status = answer.status;
        body = (await answer.json()) || {};
      });
    } catch (error) {
      if (!status) throw new Refusal("unreachable", words(lang)[0]);
    }
    if (status === 200 && body.html) return body;
    throw new Refusal(body.key || "unexpected", body.message || words(lang)[0], status, body);
  };

  const constructed = (css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    return sheet;
  };
  // Dark where the host page is: what it says of itself, as what a shopper prefers is not what every page heeds.
  const schemeOf = () => {
    const told = document.querySelector("meta[name=color-scheme]");
    const own = getComputedStyle(document.documentElement).colorScheme;
    const scheme = own !== "normal" || !told ? own : told.content;
    return !/dark/.test(scheme) ? "light" : /light/.test(scheme) ? "auto" : "dark";
  };
  // Stylesheets by address, made for a box in somebody else's page. `rem` is of its root, which may have any size: it
  // becomes pixels.
  const fitted = (css, rem, scheme) => {
    const dark = { light: "not all", dark: "all" }[scheme];
    return css
      .replace(/:root\b|\bbody(?=\s*[{,])/g, (found, at) => (/[\w.#-]/.test(css[at - 1] || "") ? found : ".sdk-box"))
      .replace(/(\d*\.?\d+)rem\b/g, (_, number) => number * rem + "px")
      .replace(/\(\s*prefers-color-scheme:\s*dark\s*\)/g, (found) => dark || found)
      .replace(/color-scheme:\s*light dark/g, (found) => (dark ? "color-scheme:" + scheme : found));
  };
  const sheets = new Map();
  const sheetOf = (address, rem) => {
    const scheme = schemeOf();
    const key = [rem, scheme, address].join(" ");
    if (!sheets.has(key)) {
      const reading = within(TIMEOUT, null, async (signal) => {
        const answer = await fetched(address, signal, { cache: "default" });
        if (!answer.ok) throw new Error(address);
        return constructed(fitted(await answer.text(), rem, scheme));
      });
      reading.catch(() => sheets.delete(key));
      sheets.set(key, reading);
    }
    return sheets.get(key);
  };
  // For browsers that can't make stylesheets, and where this one can't be read.
  const linked = (root, address) => new Promise((done) => {
    const link = root.querySelector("link") || document.createElement("link");
    if (link.href === address) return done();
    link.onload = link.onerror = done;
    link.rel = "stylesheet";
    link.href = address;
    root.prepend(link);
  });
  let shell = null;
  const dressed = (root, more) => {
    try {
      shell = shell || constructed(SHELL);
      root.adoptedStyleSheets = more ? [shell, more] : [shell];
    } catch (error) {
      root.prepend(made("style", SHELL));
    }
  };

  const made = (tag, text, attributes) => {
    const element = document.createElement(tag);
    element.textContent = text || "";
    for (const name of Object.keys(attributes || {})) element.setAttribute(name, attributes[name]);
    return element;
  };

  // Karla's HTML with whole addresses; links leave the host page where it is.
  const fragmentOf = (html) => {
    const template = document.createElement("template");
    template.innerHTML = trusted(html);
    const content = template.content;
    content.querySelectorAll("script, style, link, base").forEach((odd) => odd.remove());
    for (const name of ["href", "src", "action"]) {
      content.querySelectorAll(`[${name}^="/"], [${name}^="?"]`).forEach((element) => {
        element.setAttribute(name, absolute(element.getAttribute(name)));
      });
    }
    content.querySelectorAll('a[href]:not([href^="#"])').forEach((link) => {
      link.target = "_blank";
      link.rel = "noopener";
    });
    return content;
  };

  // What the shopper has opened and ticked stays so, and the focus where it is, over a change of the content.
  const keeping = (box, change) => {
    const places = () => {
      const counted = new Map();
      const found = new Map();
      box.querySelectorAll("details, a[href], button, input, select, textarea, summary").forEach((one) => {
        const kind = one.id || one.nodeName + one.className;
        counted.set(kind, (counted.get(kind) || 0) + 1);
        found.set(kind + counted.get(kind), one);
      });
      return found;
    };
    const focused = box.getRootNode().activeElement;
    const before = places();
    change();
    places().forEach((one, place) => {
      const was = before.get(place);
      if (!was) return;
      if ("open" in was) one.open = was.open;
      if ("checked" in was) one.checked = was.checked;
      if (was === focused) one.focus({ preventScroll: true });
    });
  };

  // Loops, here as elsewhere: what arrays can do is not what it was on pages with old libraries.
  const newsOf = (before, order) => {
    const known = new Set();
    for (const shipment of before.shipments) for (const entry of shipment.entries) known.add(entry.event_id);
    const news = [];
    for (const shipment of order.shipments) {
      // Entries come newest first, news are told oldest first.
      for (let at = shipment.entries.length - 1; at >= 0; at--) {
        const entry = shipment.entries[at];
        if (!known.has(entry.event_id)) news.push({ order, shipment, entry });
      }
    }
    return news;
  };

  class Embedded extends HTMLElement {
    static get observedAttributes() {
      return ["shop-slug", "order-number", "zip-code", "token", "lang", "theme", "from-url"];
    }

    #box = made("div", "", { class: "sdk-box" });
    #news = made("div", "", { class: "sdk-news", role: "status" });
    // What `open` was told; else the attributes say which order.
    #told = null;
    #shown = null;
    #order = null;
    #session = null;
    #asking = new AbortController();
    #following = new AbortController();
    #isStale = true;
    #isQueued = false;
    #isReady = false;
    #isEngaged = false;

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open" });
      dressed(root);
      root.append(this.#box, this.#news);
      root.addEventListener("submit", (event) => this.#onSubmit(event));
      root.addEventListener("click", (event) => this.#onClick(event));
      for (const kind of ["pointerdown", "keydown"]) root.addEventListener(kind, () => this.#engage(), { passive: true });
    }

    connectedCallback() {
      if (this.#isFinder) this.#box.classList.add("sdk-finder");
      document.addEventListener("visibilitychange", this.#onVisible);
      this.#onVisible();
    }

    disconnectedCallback() {
      document.removeEventListener("visibilitychange", this.#onVisible);
      this.#asking.abort();
      this.#following.abort();
    }

    attributeChangedCallback(name, before, now) {
      if (before === now) return;
      this.#told = null;
      this.#isStale = true;
      this.#queue();
    }

    /** The order that is shown, as the storefront API answers it, or null. */
    get order() {
      return this.#order;
    }

    /** Asks anew; what is shown stays until the answer is there. Gives the order, or null where there is none. */
    refresh() {
      return this.#load(this.#identity, !!this.#order);
    }

    /** Shows another order. Gives it, or null where it isn't found: the event `error` says why. */
    open(identity) {
      this.#told = Object.assign({}, identity);
      return this.#load(this.#told, false);
    }

    get #isFinder() {
      return this.localName === "karla-order-finder";
    }

    get #slug() {
      return this.getAttribute("shop-slug") || given.shopSlug || "";
    }

    get #lang() {
      return this.getAttribute("lang") || given.lang || document.documentElement.lang || "";
    }

    get #identity() {
      if (this.#isFinder) return {};
      if (this.#told) return this.#told;
      const own = (name) => this.getAttribute(name) || "";
      const named = { orderNumber: own("order-number"), zipCode: own("zip-code"), token: own("token") };
      if (isNamed(named) || !this.hasAttribute("from-url")) return named;
      const query = new URLSearchParams(location.search);
      const from = (name) => query.get(name) || "";
      return { orderNumber: from("orderNumber"), zipCode: from("zipCode"), token: from("token") };
    }

    #hosted(identity, change) {
      const query = new URLSearchParams();
      const { orderNumber, zipCode, token } = identity;
      const values = { orderNumber, zipCode, token, lang: this.#lang, change };
      for (const name of Object.keys(values)) if (values[name]) query.set(name, values[name]);
      return `${base}/track/${encodeURIComponent(this.#slug)}${String(query) && "?"}${query}`;
    }

    #tell(name, detail, cancelable) {
      // Like the native one, `error` doesn't bubble: on its way up it would be an error of the whole page.
      const bubbles = name !== "error";
      return this.dispatchEvent(new CustomEvent(name, { bubbles, composed: true, cancelable: !!cancelable, detail }));
    }

    // Attributes come one by one: what they say together is asked once.
    #queue() {
      if (this.#isQueued) return;
      this.#isQueued = true;
      queueMicrotask(() => {
        this.#isQueued = false;
        if (this.isConnected && this.#isStale) this.#load(this.#identity, false);
      });
    }

    #onVisible = () => {
      if (document.hidden) this.#following.abort();
      else if (this.#isStale) this.#queue();
      else this.#follow(true);
    };

    async #load(identity, isUpdate) {
      this.#asking.abort();
      const { signal } = (this.#asking = new AbortController());
      this.#isStale = false;
      if (!isUpdate) {
        this.#following.abort();
        this.#box.setAttribute("aria-busy", "true");
      }
      try {
        const answer = await this.#asked(identity, signal);
        if (!signal.aborted) this.#show(answer, identity, isUpdate);
      } catch (error) {
        if (!signal.aborted) await this.#refused(error, identity, isUpdate, signal);
      }
      if (signal.aborted) {
        // Taken out of the page meanwhile; or asked for something else, which says it again.
        this.#isStale = this.#isStale || signal === this.#asking.signal;
        return null;
      }
      this.#box.removeAttribute("aria-busy");
      return this.#order;
    }

    async #asked(identity, signal) {
      const lang = this.#lang;
      if (!this.#slug) throw new Refusal("shop_missing", words(lang)[0]);
      const theme = this.getAttribute("theme") || given.theme;
      const { orderNumber, zipCode, token } = identity;
      const answer = await asked(this.#slug, { orderNumber, zipCode, token, lang, theme }, lang, signal);
      await this.#dress(answer);
      return answer;
    }

    async #dress(answer) {
      const address = absolute(answer.css_url);
      try {
        dressed(this.shadowRoot, await sheetOf(address, parseFloat(getComputedStyle(this.#box).fontSize) || 16));
      } catch (error) {
        await linked(this.shadowRoot, address);
      }
    }

    #show(answer, identity, isUpdate) {
      const content = fragmentOf(answer.html);
      const before = this.#order;
      const order = answer.order || null;
      // For what needs a script: this one.
      if (content.firstElementChild) content.firstElementChild.setAttribute("data-k-ready", "");
      const change = () => this.#box.replaceChildren(content);
      if (isUpdate) keeping(this.#box, change);
      else change();
      this.#shown = identity;
      this.#order = order;
      this.#session = answer.session;
      this.#isStale = false;
      this.#tellReady(order);
      if (order) this.#tell("order-loaded", { order, update: isUpdate });
      if (isUpdate && before && order && before.order_number === order.order_number) {
        for (const detail of newsOf(before, order)) {
          this.#news.textContent = detail.entry.label;
          this.#tell("event", detail);
        }
      } else {
        if (order) this.#note("opened");
        this.#follow(false);
      }
    }

    #tellReady(order) {
      if (!this.#isReady) this.#tell("ready", { order });
      this.#isReady = true;
    }

    async #refused(error, identity, isUpdate, signal) {
      const refusal = error instanceof Refusal ? error : new Refusal("not_shown", words(this.#lang)[0]);
      // In an update what is shown stays: it is the last that is known.
      if (!isUpdate) await this.#showRefusal(refusal, identity, signal);
      else if (GONE[refusal.status]) this.#following.abort();
      if (!signal.aborted) this.#tell("error", { key: refusal.key, message: refusal.message, status: refusal.status });
    }

    async #showRefusal(refusal, identity, signal) {
      this.#order = this.#session = null;
      this.#following.abort();
      try {
        let { answer } = refusal;
        // A finder says what is wrong, and lets the shopper mend it.
        if (!answer.html && !this.#finderForm && refusal.status && isNamed(identity)) answer = await this.#asked({}, signal);
        if (answer.html) {
          const content = fragmentOf(answer.html);
          await this.#dress(answer);
          if (signal.aborted) return;
          this.#box.replaceChildren(content);
        }
      } catch (error) {
        // Then there is none.
      }
      if (signal.aborted) return;
      const form = this.#finderForm;
      if (form) {
        const number = form.elements.namedItem("orderNumber");
        number.value = number.value || identity.orderNumber || "";
        if (!this.#box.querySelector("[role=alert]:not(.sdk-fault)")) this.#sayAt(form, refusal.message);
        this.#tellReady(null);
      } else if (!refusal.answer.html) {
        this.#isStale = !refusal.status;
        this.#leadAway(refusal.message, identity);
      }
    }

    #leadAway(message, identity) {
      const box = made("div", "", { class: "sdk-fallback", role: "alert", lang: this.#lang });
      box.append(made("p", message));
      const link = made("a", words(this.#lang)[1], { href: this.#hosted(identity), target: "_blank", rel: "noreferrer" });
      if (this.#slug) box.append(link);
      this.#box.replaceChildren(box);
    }

    // By what is typed in: forms of actions hold the same names, hidden.
    get #finderForm() {
      const field = this.#box.querySelector("form [name=zipCode]:not([type=hidden])");
      return field && field.form.querySelector("[name=orderNumber]") ? field.form : null;
    }

    #sayAt(form, message) {
      let fault = form.querySelector(".sdk-fault");
      if (!fault) form.prepend((fault = made("p", "", { class: "sdk-fault", role: "alert" })));
      fault.textContent = message;
    }

    #onSubmit(event) {
      event.preventDefault();
      const form = event.target;
      if (form !== this.#finderForm) {
        // What changes the order is confirmed on the hosted page, which comes with its form open.
        const action = /[^/]*$/.exec(form.getAttribute("action") || "")[0] || "form";
        const url = this.#hosted(this.#shown || {}, action);
        if (this.#tell("action", { action, url, order: this.#order }, true)) window.open(url, "_blank", "noreferrer");
        return;
      }
      const written = (name) => form.elements.namedItem(name).value.trim();
      const identity = { orderNumber: written("orderNumber"), zipCode: written("zipCode") };
      if (this.#isFinder) this.#find(identity);
      else this.open(identity).then((order) => this.#goThere(order));
    }

    #onClick(event) {
      const copying = event.target.closest("[data-k-copy]");
      if (copying) this.#copy(copying);
      const link = event.target.closest("a[href]");
      if (!link || !this.#box.contains(link)) return;
      const { kClick } = link.dataset;
      const action = kClick || new URL(link.href).searchParams.get("change") || "link";
      if (kClick) this.#note(kClick, link.dataset);
      if (!this.#tell("action", { action, url: link.href, order: this.#order }, true)) event.preventDefault();
    }

    async #copy(button) {
      try {
        await navigator.clipboard.writeText(button.dataset.kCopy);
      } catch (error) {
        return;
      }
      this.#note("copied", button.dataset);
      button.setAttribute("data-k-done", "");
      this.#news.textContent = button.dataset.kCopied;
      setTimeout(() => button.removeAttribute("data-k-done"), 2500);
    }

    #engage() {
      if (this.#isEngaged || !this.#order) return;
      this.#isEngaged = true;
      this.#note("engaged");
    }

    // The first-party beacon: what was done, not by whom.
    #note(kind, data) {
      const { kShipment, kSlot, kCampaign } = data || {};
      const box = this.#box.firstElementChild;
      const lang = (box && box.lang) || "";
      let visit = `"kind":${quoted(kind)},"after_ms":${Math.round(performance.now())}`;
      if (kShipment) visit += `,"shipment_number":${Number(kShipment)}`;
      if (kSlot) visit += `,"slot":${quoted(kSlot)}`;
      if (kCampaign) visit += `,"campaign":${quoted(kCampaign)}`;
      const session = this.#session ? `,"session":${quoted(this.#session)}` : "";
      const language = lang ? `,"language":${quoted(lang)}` : "";
      const body = `{"page":"embed","visits":[{${visit}}]${session}${language}}`;
      const options = { method: "POST", body, keepalive: true, mode: "no-cors" };
      fetched(this.#api("visits"), null, options).catch(() => {});
    }

    // A finder hands what it found to the tracking element, or to the hosted page.
    async #find(identity) {
      this.#asking.abort();
      const { signal } = (this.#asking = new AbortController());
      this.#box.setAttribute("aria-busy", "true");
      try {
        const answer = await this.#asked(identity, signal);
        if (!signal.aborted && this.#tell("order-loaded", { order: answer.order, update: false }, true)) {
          await this.#handOver(answer, identity);
        }
      } catch (error) {
        if (!signal.aborted) await this.#refused(error, identity, false, signal);
        if (!signal.aborted) this.#goThere(null);
      }
      if (!signal.aborted) this.#box.removeAttribute("aria-busy");
    }

    async #handOver(answer, identity) {
      const named = document.getElementById(this.getAttribute("for") || "");
      const target = named || document.querySelector("karla-tracking");
      if (target instanceof KarlaTracking && target.#slug === this.#slug) {
        await target.#take(answer, identity);
      } else {
        location.assign(this.#hosted(identity));
      }
    }

    async #take(answer, identity) {
      this.#asking.abort();
      this.#told = identity;
      await this.#dress(answer);
      this.#show(answer, identity, false);
      this.#goThere(answer.order);
    }

    // What the shopper asked for is read from its beginning; where it wasn't found, they are back at the form.
    #goThere(order) {
      const place = this.#box.querySelector(order ? "h1, h2" : "[aria-invalid=true], [name=orderNumber]");
      if (!place) return;
      if (order) place.tabIndex = -1;
      place.focus();
    }

    // Follows the order while it is seen: told by the stream, by asking every minute where there is none.
    async #follow(isBehind) {
      this.#following.abort();
      if (!this.#session || !this.isConnected || document.hidden) return;
      const { signal } = (this.#following = new AbortController());
      if (isBehind) await this.#check(signal);
      while (!signal.aborted) {
        const isFine = await this.#listen(signal);
        await pause(isFine ? RECONNECT * (1 + Math.random()) : POLL, signal);
        if (!signal.aborted) await this.#check(signal);
      }
    }

    #read(path, signal, accept) {
      const headers = { Authorization: "Bearer " + this.#session, Accept: accept };
      return fetched(this.#api(path), signal, { headers });
    }

    #api(path) {
      return `${base}/v1/shops/${encodeURIComponent(this.#slug)}/storefront/${path}`;
    }

    // Whether the stream was open for a while.
    async #listen(outer) {
      const began = Date.now();
      try {
        return await within(SILENCE, outer, async (signal, again) => {
          const answer = await this.#read("order/live", signal, "text/event-stream");
          if (!answer.ok) return false;
          const reader = answer.body.getReader();
          const decoder = new TextDecoder();
          let rest = "";
          for (;;) {
            const { done, value } = await reader.read();
            if (done) return Date.now() - began > SHORT;
            again();
            const messages = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
            rest = messages.pop();
            let isChanged = false;
            for (const message of messages) isChanged = isChanged || /^event: ?changed/m.test(message);
            if (isChanged) this.#update();
          }
        });
      } catch (error) {
        return Date.now() - began > SHORT;
      }
    }

    // For what nobody told: the session has ended, or the order has changed while nothing was heard.
    async #check(outer) {
      try {
        const isOld = await within(TIMEOUT, outer, async (signal) => {
          const answer = await this.#read("order", signal, "application/json");
          if (!answer.ok) return answer.status === 401;
          return Date.parse((await answer.json()).updated_at) !== Date.parse(this.#order.updated_at);
        });
        if (isOld && !outer.aborted) await this.#update();
      } catch (error) {
        // Away for the moment: what is shown stays, and the next round asks again.
      }
    }

    #update() {
      return this.#load(this.#shown, true);
    }
  }

  class KarlaTracking extends Embedded {}
  class KarlaOrderFinder extends Embedded {}

  // An iframe of Karla's page tells its height; it is asked once, as it may have told before this script came.
  const frames = (work) => document.querySelectorAll("iframe[data-karla]").forEach(work);
  addEventListener("message", (event) => {
    const told = event.data;
    if (event.origin !== origin || !told || told.type !== "karla:height" || !(told.height > 0)) return;
    frames((frame) => {
      if (frame.contentWindow === event.source) frame.style.height = Math.min(Math.ceil(told.height), HIGHEST) + "px";
    });
  });
  const askHeights = () => frames((frame) => frame.contentWindow.postMessage({ type: "karla:height" }, "*"));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", askHeights);
  else askHeights();

  window.Karla = Object.freeze({ version: VERSION, base, shop: given.shopSlug || null });
  customElements.define("karla-tracking", KarlaTracking);
  customElements.define("karla-order-finder", KarlaOrderFinder);
})();
