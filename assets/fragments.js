/* Loads the moving parts of a page: each element with data-fragment="/path" gets what that path
   answers. What the element shows before stays if that fails or takes too long. */
(() => {
  "use strict";
  const limit = 4000;
  const isLocal = (path) => /^\/(?![\/\\])/.test(path);

  const load = async (path) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), limit);
    try {
      const answer = await fetch(path, {
        credentials: "same-origin",
        redirect: "error",
        headers: { Accept: "text/html" },
        signal: stop.signal,
      });
      const type = answer.headers.get("Content-Type") || "";
      return answer.ok && type.startsWith("text/html") ? await answer.text() : null;
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  };

  const fill = async (places, path) => {
    for (const place of places) place.setAttribute("aria-busy", "true");
    const text = await load(path);
    for (const place of places) {
      if (text !== null) place.innerHTML = text;
      place.removeAttribute("aria-busy");
      place.removeAttribute("data-fragment");
      place.dispatchEvent(new CustomEvent("fragment", { bubbles: true, detail: { path, ok: text !== null } }));
    }
  };

  const start = (root) => {
    const byPath = new Map();
    for (const place of root.querySelectorAll("[data-fragment]")) {
      const path = place.getAttribute("data-fragment");
      if (!isLocal(path)) continue;
      if (!byPath.has(path)) byPath.set(path, []);
      byPath.get(path).push(place);
    }
    for (const [path, places] of byPath) fill(places, path);
  };

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => start(document));
  } else {
    start(document);
  }
})();
