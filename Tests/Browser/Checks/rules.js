// Accessibility rules by hand, for where axe-core is not to be had, and for what it leaves to people.
// Answers a list of texts, one for each thing that is wrong.
const wrong = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const isShown = (element) => element.checkVisibility ? element.checkVisibility() : !!element.offsetParent;
const describe = (element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 120);
const say = (text, element) => wrong.push(element ? `${text}: ${describe(element)}` : text);

const nameOf = (element) => {
    const by = element.getAttribute('aria-labelledby');
    if (by) return by.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
    const label = element.getAttribute('aria-label');
    if (label) return label.trim();
    if (element.labels && element.labels.length) return [...element.labels].map((one) => one.textContent).join(' ').trim();
    const pictures = [...element.querySelectorAll('img[alt]')].map((one) => one.alt).join(' ');
    const titles = [...element.querySelectorAll('svg title')].map((one) => one.textContent).join(' ');
    return `${element.textContent} ${pictures} ${titles} ${element.title ?? ''}`.trim();
};

if (!document.documentElement.lang) say('the document has no language');
if (!document.title.trim()) say('the document has no title');
if (!document.querySelector('meta[name=viewport]')) say('no viewport for phones');
if (/user-scalable\s*=\s*no|maximum-scale\s*=\s*1(\D|$)/.test(document.querySelector('meta[name=viewport]')?.content ?? ''))
    say('the page cannot be enlarged');
if (all('main, [role=main]').length !== 1) say(`${all('main, [role=main]').length} main landmarks instead of one`);
if (all('h1').length !== 1) say(`${all('h1').length} headings of the first level instead of one`);

let level = 0;
for (const heading of all('h1, h2, h3, h4, h5, h6').filter(isShown)) {
    const next = Number(heading.tagName[1]);
    if (level && next > level + 1) say(`heading of level ${next} after level ${level}`, heading);
    level = next;
}
for (const picture of all('img')) if (!picture.hasAttribute('alt')) say('a picture without alternative text', picture);
for (const drawing of all('canvas, svg')) {
    const hidden = drawing.closest('[aria-hidden=true]');
    const named = drawing.getAttribute('aria-label') || drawing.getAttribute('aria-labelledby') || drawing.querySelector('title')
        || drawing.textContent.trim() || drawing.getAttribute('role') === 'presentation';
    if (!hidden && !named && !drawing.closest('a, button')) say('a drawing without a name', drawing);
}
for (const control of all('input:not([type=hidden]), select, textarea').filter(isShown))
    if (!nameOf(control)) say('a field without a label', control);
for (const control of all('a[href], button, [role=button], summary').filter(isShown))
    if (!nameOf(control)) say('a link or button without a name', control);
const identifiers = new Map();
for (const element of all('[id]')) identifiers.set(element.id, (identifiers.get(element.id) ?? 0) + 1);
for (const [id, count] of identifiers) if (count > 1) say(`the id '${id}' is there ${count} times`);
for (const element of all('[aria-labelledby], [aria-describedby], [aria-controls]'))
    for (const attribute of ['aria-labelledby', 'aria-describedby', 'aria-controls'])
        for (const id of (element.getAttribute(attribute) ?? '').split(/\s+/).filter(Boolean))
            if (!document.getElementById(id)) say(`${attribute} names '${id}', which is not there`, element);
for (const element of all('[tabindex]')) if (Number(element.getAttribute('tabindex')) > 0) say('a tabindex above 0', element);
for (const table of all('table').filter(isShown)) {
    if (!table.querySelector('th')) say('a table without header cells', table);
    if (!table.caption && !table.getAttribute('aria-label') && !table.getAttribute('aria-labelledby')) say('a table without a caption', table);
}

// Contrast (WCAG 2.2, 1.4.3): 4.5, or 3 for large text. Colours are read back from a canvas, whatever
// notation the style sheet uses; a background picture or gradient cannot be judged and is passed over.
const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
const colour = (text) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    return { red, green, blue, alpha: alpha / 255 };
};
const over = (top, below) => ({
    red: top.red * top.alpha + below.red * (1 - top.alpha), green: top.green * top.alpha + below.green * (1 - top.alpha),
    blue: top.blue * top.alpha + below.blue * (1 - top.alpha), alpha: 1,
});
const luminance = ({ red, green, blue }) => {
    const [r, g, b] = [red, green, blue].map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const backgroundOf = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
        const style = getComputedStyle(one);
        if (style.backgroundImage !== 'none') return null;
        const layer = colour(style.backgroundColor);
        if (layer.alpha > 0) layers.push(layer);
        if (layer.alpha === 1) break;
    }
    const canvas = matchMedia('(prefers-color-scheme: dark)').matches
        && getComputedStyle(document.documentElement).colorScheme.includes('dark')
        ? { red: 18, green: 18, blue: 18, alpha: 1 } : { red: 255, green: 255, blue: 255, alpha: 1 };
    return layers.reverse().reduce((below, layer) => over(layer, below), canvas);
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const seen = new Set();
while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || seen.has(element) || !isShown(element)) continue;
    seen.add(element);
    if (element.closest('script, style, noscript, option, [aria-hidden=true]')) continue;
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1) continue;
    const style = getComputedStyle(element);
    const below = backgroundOf(element);
    if (!below || Number(style.opacity) < 1) continue;
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [light, dark] = [luminance(over(colour(style.color), below)), luminance(below)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (isLarge ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, element);
}
return wrong.slice(0, 20);
