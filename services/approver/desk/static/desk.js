// The console's own behaviour: keys, dialogs, countdowns, and saying so when the connection is lost.
// Rules: no markup is built from data; nothing here decides anything; without it the pages still read well.
"use strict";

(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Time left, by the database's clock: the page says what time it was there when it was made.
  const made = new WeakMap();
  const words = (seconds) => {
    if (seconds <= 0) return "no time";
    const two = (n) => String(n).padStart(2, "0");
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
    return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
  };
  const tick = () => {
    for (const time of $$("time[data-until]")) {
      if (!made.has(time)) made.set(time, performance.now());
      const passed = performance.now() - made.get(time);
      const left = Math.floor((Date.parse(time.dataset.until) - Date.parse(time.dataset.now) - passed) / 1000);
      const text = words(left);
      if (time.textContent !== text) time.textContent = text;
      time.className = `left ${left <= 0 ? "over" : left < 120 ? "soon" : left < 600 ? "near" : "calm"}`;
    }
  };
  setInterval(tick, 1000);

  // Dialogs
  const open = (id) => {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  };
  const choose = (id) => {
    if ($(`button[data-open="${id}"]`)) open(id);
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) open(opener.dataset.open);
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog").close();
    const unfold = event.target.closest(".unfold");
    if (unfold) {
      $(".folded", unfold.closest("figure")).hidden = false;
      unfold.remove();
    }
    const menu = $(".me[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("htmx:confirm", (event) => {
    const form = event.target.closest("#reject form");
    if (!form) return;
    const wanting = !form.elements.reason.value.trim() && !$("input[name=preset]:checked", form);
    $(".wanting", form).hidden = !wanting;
    if (wanting) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const dialog = event.target.closest && event.target.closest("dialog");
    if (!dialog) return;
    if (event.detail.xhr && event.detail.xhr.status > 0) {
      dialog.close();
      $("#main").focus({ preventScroll: true });
    } else {
      say("bad", "Nothing was sent: the desk cannot be reached. Try again in a moment.");
    }
  });
  document.addEventListener("htmx:afterSwap", () => {
    tick();
    // A settled review has nothing left to confirm.
    const panel = $("#standing [data-state]");
    if (panel && panel.dataset.state !== "open") for (const dialog of $$("dialog[open]:not(#help)")) dialog.close();
    count();
  });

  // Toasts go by themselves; whoever reads slowly finds the same on the page.
  const say = (tone, text) => {
    const toast = document.createElement("div");
    toast.className = `toast ${tone}`;
    toast.textContent = text;
    $("#toasts").append(toast);
  };
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) {
      if (node.nodeType === Node.ELEMENT_NODE) setTimeout(() => node.remove(), 8000);
    }
  }).observe($("#toasts"), { childList: true });

  // The inbox says how many wait, in the title and to those who listen.
  let waiting = null;
  const count = () => {
    const list = $("#inbox [data-count]");
    if (!list) return;
    const now = Number(list.dataset.count);
    document.title = `${now ? `(${now}) ` : ""}Inbox · Placet`;
    if (waiting !== null && now !== waiting) $("#heard").textContent = now === 1 ? "1 review waits for you" : `${now} reviews wait for you`;
    waiting = now;
  };
  count();

  // Live updates: say when they stop, and that they are back.
  document.addEventListener("htmx:sseError", () => { $("#connection").textContent = "Reconnecting…"; });
  document.addEventListener("htmx:sseOpen", () => { $("#connection").textContent = ""; });

  // Keys
  const step = (by) => {
    const links = $$(".item a");
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const next = links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    a: () => choose("approve"),
    r: () => choose("reject"),
    i: () => location.assign("/"),
    "?": () => open("help"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input:not([type=radio]), textarea, select") || $("dialog[open]")) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
})();
