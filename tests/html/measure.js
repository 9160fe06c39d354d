// Runs in a page of the check's own, beside frames that hold the doctor's pages: those have no script. Writes what a
// browser made of each frame, as JSON, into this page's own document.
"use strict";

// The parts of an rgb() colour, and its alpha.
const parts = (colour) => colour.match(/[\d.]+/g).map(Number);

// What lies behind an element: the backgrounds of all that it is in, one over the other.
function behind(view, element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const [red, green, blue, alpha = 1] = parts(view.getComputedStyle(at).backgroundColor);
    layers.push([red, green, blue, alpha]);
    if (alpha === 1) break;
  }
  return layers.reverse().reduce((under, [red, green, blue, alpha]) =>
    [red, green, blue].map((part, n) => part * alpha + under[n] * (1 - alpha)), [255, 255, 255]);
}

// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
function contrast(one, other) {
  const [dark, light] = [one, other].map((colour) => {
    const [red, green, blue] = colour.map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function measured(frame) {
  const view = frame.contentWindow, page = frame.contentDocument, root = page.documentElement;
  // Closed parts have a width and a contrast too; the chain stands above them all, and does not move.
  for (const details of page.querySelectorAll("details")) details.open = true;

  let texts = 0, lowest = { ratio: 21 };
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    texts += 1;
    const ratio = contrast(parts(view.getComputedStyle(element).color).slice(0, 3), behind(view, element));
    if (ratio < lowest.ratio) lowest = { ratio, text: text.slice(0, 40) };
  }

  const wide = [...page.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > view.innerWidth + 0.5)
    .map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class")}`);

  // The thick edge of a link has its colour: on top where there is room, else at the left.
  const links = [...page.querySelectorAll(".chain .link")].map((link) => {
    const card = link.querySelector("a"), style = view.getComputedStyle(card), box = card.getBoundingClientRect();
    const top = parseFloat(style.borderTopWidth) >= 3;
    return {
      title: link.querySelector("strong").textContent,
      height: box.height,
      colour: parts(top ? style.borderTopColor : style.borderLeftColor).slice(0, 3),
      at: (top ? [box.left + box.width / 2, box.top + 2] : [box.left + 2, box.top + box.height / 2]).map(Math.floor),
    };
  });

  return {
    page: frame.dataset.page,
    asked: Number(frame.dataset.width),
    width: view.innerWidth,
    scroll_width: Math.max(root.scrollWidth, page.body.scrollWidth),
    wide,
    dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
    texts,
    lowest,
    links,
    loaded: view.performance.getEntriesByType("resource").map((entry) => entry.name),
    hacked: "hacked" in view,
  };
}

addEventListener("load", () => {
  const out = document.createElement("pre");
  out.id = "measured";
  out.textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(measured));
  document.body.append(out);
});
