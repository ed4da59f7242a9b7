// Comfort only: the page says everything without it.
(function () {
  "use strict";

  const one = (id) => document.getElementById(id);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const say = (text) => { one("status").textContent = text; };

  // Colors: the switch works by style alone; this remembers it.
  const KEY = "fips-scanner-colors";
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (value) => { try { localStorage.setItem(KEY, value); } catch { /* not allowed */ } };
  const chosen = remembered() && one("theme-" + remembered());
  if (chosen) { chosen.checked = true; }
  all("input[name=theme]").forEach((input) => {
    input.addEventListener("change", () => remember(input.value));
  });

  // Folding.
  const fold = (open) => all("main details").forEach((each) => { each.open = open; });
  one("folding").hidden = false;
  one("unfold").addEventListener("click", () => { fold(true); say("Everything is unfolded."); });
  one("fold").addEventListener("click", () => { fold(false); say("Everything is folded."); });

  // What is folded is printed, and is as it was afterwards.
  let before = [];
  addEventListener("beforeprint", () => {
    before = all("main details:not([open])");
    before.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => {
    before.forEach((each) => { each.open = false; });
    before = [];
  });

  // A link into something folded unfolds it.
  const reveal = () => {
    let target = null;
    try { target = one(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    for (let each = target; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") { each.open = true; }
    }
    if (target) { target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  if (location.hash) { reveal(); }

  // The filter.
  const rows = all("[data-row]");
  const texts = rows.map((each) => each.textContent.toLowerCase());
  let unfolded = [];
  const filter = () => {
    const wanted = one("filter-text").value.trim().toLowerCase();
    unfolded.forEach((each) => { each.open = false; });
    unfolded = [];
    let number = 0;
    rows.forEach((each, at) => {
      const matches = !wanted || texts[at].includes(wanted);
      each.classList.toggle("filtered", !matches);
      if (!wanted || !matches) { return; }
      number += 1;
      for (let up = each.parentElement; up; up = up.parentElement) {
        if (up.tagName === "DETAILS" && !up.open) { up.open = true; unfolded.push(up); }
      }
    });
    document.body.classList.toggle("filtering", Boolean(wanted));
    say(wanted ? (number === 1 ? "1 entry matches." : number + " entries match.") : "");
  };
  let waiting = 0;
  one("filter").hidden = false;
  one("filter").addEventListener("submit", (event) => event.preventDefault());
  one("filter-text").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });

  // Lines to paste.
  if (navigator.clipboard) {
    all(".paste").forEach((each) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", () => {
        navigator.clipboard.writeText(each.querySelector("code").textContent).then(
          () => { button.textContent = "Copied"; say("Copied."); },
          () => { button.textContent = "Not allowed"; say("The browser does not allow it."); },
        );
      });
      each.append(button);
    });
  }
})();
