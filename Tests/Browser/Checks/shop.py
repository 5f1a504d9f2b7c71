"""Buying: what a person does, by what is to be read on the page."""

import json

from selenium.webdriver.common.by import By

from Runner import http

from .browser import Wrong


def products(address):
    """Products that can be bought."""
    answer = http.request(address, "GET", "/products.json?limit=250")
    found = [product for product in json.loads(answer.body)["products"]
             if any(variant["available"] for variant in product["variants"])]
    if len(found) < 2:
        raise Wrong("fewer than two products can be bought")
    return found


def buy(browser, address, name):
    """From the first page to the confirmation; answers what was to be paid, and when it was confirmed."""
    site = f"http://{address}"
    browser.open(site + "/")
    browser.check_page()
    browser.shoot(f"{name}-home")
    browser.press("main a[href^='/products/'], main a[href^='/collections/']")
    if "/collections/" in browser.driver.current_url:
        browser.press("main a[href^='/products/']")
    browser.wait("a product's page", lambda driver: "/products/" in driver.current_url)
    title = browser.find("h1").text
    browser.check_page()
    browser.shoot(f"{name}-product")
    _choose(browser)
    browser.press("main button", "Add to cart")
    _to_cart(browser, site)
    if title.lower() not in browser.find("main").text.lower():
        raise Wrong(f"'{title}' is not in the cart: {browser.find('main').text[:200]}")
    browser.check_page()
    browser.shoot(f"{name}-cart")
    browser.press("main button, main a", "Check out")
    email = browser.find("input[type=email]")
    browser.check_page()
    email.send_keys(f"{name}@example.test")
    browser.shoot(f"{name}-checkout")
    browser.press("main button", "order")
    browser.wait("the confirmation", lambda driver: "/orders/" in driver.current_url)
    confirmed = browser.script(
        "const one = performance.getEntriesByType('navigation')[0];"
        "return performance.timeOrigin + (one.redirectEnd || one.responseStart)")
    text = browser.find("main").text
    if title.lower() not in text.lower():
        raise Wrong(f"'{title}' is not on the confirmation: {text[:300]}")
    browser.check_page()
    browser.shoot(f"{name}-order")
    return confirmed


def _choose(browser):
    """Takes the first variant that is not sold out, where there is a choice."""
    for radio in browser.driver.find_elements(By.CSS_SELECTOR, "main input[type=radio]"):
        if radio.is_enabled():
            browser.script("arguments[0].closest('label')?.scrollIntoView({block: 'center', behavior: 'instant'})", radio)
            browser.click(radio.find_element(By.XPATH, "ancestor::label"))
            return


def _to_cart(browser, site):
    """With script the page may stay; without, the browser is sent to the cart."""
    if browser.has_script:
        browser.wait("something in the cart", lambda _: browser.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "fetch('/cart.js').then(one => one.json()).then(one => done(one.item_count > 0), () => done(false))"))
    else:
        browser.wait("something in the cart", lambda driver: "/cart" in driver.current_url)
    if not browser.driver.current_url.rstrip("/").endswith("/cart"):
        browser.open(site + "/cart")
