import ModuleKit

/// What pages load beside pictures. Names carry a fingerprint of the content, so they can be kept for
/// a year.
enum Assets {
    static let styleName = "style.\(fingerprint(StyleSheet.text)).css"
    static let scriptName = "shop.\(fingerprint(script)).js"
    static let stylePath = "/" + styleName
    static let scriptPath = "/" + scriptName
    /// The large picture of the first page.
    static let heroName = "market.\(fingerprint(HeroDrawing.svg)).svg"

    static func fingerprint(_ text: String) -> String {
        let digits = String(StableHash.hash(text), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Puts things into the cart without leaving the page. Everything works without it.
    static let script = """
        "use strict";
        (() => {
          const toast = document.querySelector("[data-toast]");
          let timer = 0;
          const say = (text) => {
            toast.textContent = text;
            toast.classList.add("shown");
            clearTimeout(timer);
            timer = setTimeout(() => toast.classList.remove("shown"), 4000);
          };
          const show = (count) => {
            for (const place of document.querySelectorAll("[data-cart-count]")) {
              place.textContent = count > 0 ? String(count) : "";
            }
          };
          const kept = document.cookie.match(/(?:^|; )souk_cart_count=(\\d+)/);
          if (kept) show(Number(kept[1]));
          for (const form of document.querySelectorAll("[data-cart-form]")) {
            form.addEventListener("submit", async (event) => {
              event.preventDefault();
              const button = form.querySelector("[type=submit]");
              button.disabled = true;
              try {
                const answer = await fetch("/cart/add.js", {
                  method: "POST",
                  headers: { Accept: "application/json" },
                  body: new URLSearchParams(new FormData(form)),
                });
                const item = await answer.json();
                if (!answer.ok) return say(item.description || item.detail || "That did not work.");
                const cart = await (await fetch("/cart.js", { headers: { Accept: "application/json" } })).json();
                show(cart.item_count);
                say(item.product_title + " is in your cart.");
              } catch {
                form.submit();
              } finally {
                button.disabled = false;
              }
            });
          }
        })();

        """

    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#29231c"/><path d="M16 4v3M12 7h8l2.500 6c1.500 4.500-.5 8.500-2.500 12h-8c-2-3.500-4-7.500-2.500-12z" fill="#f0a95c" stroke="#f7d9a8" stroke-width="1.200" stroke-linejoin="round"/><path d="M16 11v10M13 12c-.8 3-.6 6 .3 9M19 12c.8 3 .6 6-.3 9" fill="none" stroke="#8f3514" stroke-width="1.200" stroke-linecap="round"/></svg>

        """
}
