#!/usr/bin/env python3
"""Looks at every kind of page in headless Chromium: light and dark, wide and on a phone, on paper; with the mouse and the
keyboard.

    look.py SAMPLE_PAGES RESULTS.json [FOLDER]    FOLDER: keep the pages and screenshots there
"""

import itertools
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from browser import Browser, chromium

# The first sentence of each page, which is that of its data.
SENTENCES = {
    "healthy": "All 64 directions are in use: no collapse.",
    "dimensional": "24 of 64 directions carry less than 1/10,000 of the largest variance: dimensional collapse.",
    "complete": "Every row is the same: complete collapse. Nothing is left to tell one input from another.",
    "few": "50 rows are too few to say how many of the 64 directions are in use.",
    "falling": "Not collapsed yet, but its effective rank falls: it peaked at 54.2 (step 100) and ended at 22.6.",
    "collapsed-run": "24 of 64 directions of the representation carry less than 1/10,000 of the largest variance: dimensional "
                     "collapse.",
    "runs-compared": "1 of 2 runs has collapsed (\"none\"); \"mlp\" classifies best (81.2 %).",
    "live": "1 of 2 runs has collapsed so far (\"none\").",
    "explain": "The augmentation is too strong for 12 of 64 directions: along them two views (augmented copies) of one image differ more "
               "than two images do, so training erases them.",
    "theory": "The numerical checks of all 2 statements passed (all of the paper's theory).",
    "long-names": None,
    "suite": None,
}
LARGEST_PAGE = 1_000_000  # bytes
SMALLEST_LABEL = 11       # px
LEAST_CONTRAST = {"text": 4.5, "curve": 3.0}

# What the page says of itself, everything unfolded.
LOOK = """(() => {
  document.querySelectorAll("details").forEach(d => d.open = true);
  const colour = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
                       return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]); };
  const ground = light(colour(getComputedStyle(document.body).backgroundColor));
  const contrast = c => { const l = light(colour(c)); return (Math.max(l, ground) + .05) / (Math.min(l, ground) + .05); };
  const all = selector => [...document.querySelectorAll(selector)];
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done({
    sentence: document.querySelector(".answer").textContent,
    number: document.querySelector(".number b").textContent,
    advice: all(".advice li").length,
    wide: document.documentElement.scrollWidth - innerWidth,
    figures: all("figure.plot").map(f => ({
      id: f.id, marks: f.querySelectorAll(".drawn > svg .curve, .drawn > svg .cells").length,
      outside: [...f.querySelectorAll(".drawn > svg text")].filter(t => {
        const a = t.getBoundingClientRect(), b = t.ownerSVGElement.getBoundingClientRect();
        return a.left < b.left - 1 || a.right > b.right + 1; }).map(t => t.textContent),
      named: (f.querySelector(".drawn > svg").getAttribute("aria-label") || "").length,
    })),
    smallest: Math.min(...all(".drawn > svg text").map(t => parseFloat(getComputedStyle(t).fontSize) *
                                                            t.ownerSVGElement.getBoundingClientRect().width /
                                                            t.ownerSVGElement.viewBox.baseVal.width)),
    text: Math.min(...all(".answer, .number b, .note, figcaption, .said, h1").map(e => contrast(getComputedStyle(e).color))),
    curve: Math.min(...all(".drawn > svg .curve").map(e => contrast(getComputedStyle(e).stroke))),
  }))));
})()"""

problems = []


def expect(condition, what):
    if not condition:
        problems.append(what)
        print("PROBLEM:", what)


def look_at(browser, name, path, width, dark):
    where = f"{name}, {width} px, {'dark' if dark else 'light'}"
    browser.open(path, width, dark=dark)
    seen = browser.ask(LOOK)
    expect(not browser.problems, f"{where}: {browser.problems}")
    if SENTENCES[name]:
        expect(seen["sentence"].replace("\xa0", " ") == SENTENCES[name], f"{where}: the first sentence is {seen['sentence']!r}")
    expect(seen["number"] and seen["advice"], f"{where}: no number or no advice")
    expect(seen["wide"] <= 0, f"{where}: {seen['wide']} px too wide")
    expect(seen["figures"], f"{where}: no figures")
    for figure in seen["figures"]:
        expect(figure["marks"], f"{where}: {figure['id']} is empty")
        expect(not figure["outside"], f"{where}: {figure['id']} has labels outside: {figure['outside']}")
        expect(figure["named"] > 40, f"{where}: {figure['id']} says nothing to those who do not see it")
    expect(seen["smallest"] >= SMALLEST_LABEL, f"{where}: a label of {seen['smallest']} px")
    for kind, least in LEAST_CONTRAST.items():
        expect(seen[kind] is None or seen[kind] >= least, f"{where}: contrast of {kind} {seen[kind]:.2f}")


# What the three kinds of colour-blind eyes see of linear light (Machado, Oliveira and Fernandes 2009), and all others.
EYES = [
    ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    ((.152286, 1.052583, -.204868), (.114503, .786281, .099216), (-.003882, -.048116, 1.051998)),
    ((.367322, .860646, -.227968), (.280085, .672501, .047413), (-.011820, .042940, .968881)),
    ((1.255528, -.076749, -.178779), (-.078411, .930809, .147602), (.004733, .691367, .303900)),
]
LEAST_DIFFERENCE = 10  # between two colours, CIE 1976


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def lab(colour, eye):
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    light = [c / 12.92 if c <= .04045 else ((c + .055) / 1.055) ** 2.4 for c in channels]
    seen = [min(1, max(0, c)) for c in times(eye, light)]
    xyz = times(((.4124, .3576, .1805), (.2126, .7152, .0722), (.0193, .1192, .9505)), seen)
    x, y, z = (c ** (1 / 3) if c > .008856 else 7.787 * c + 16 / 116 for c in (xyz[0] / .9505, xyz[1], xyz[2] / 1.089))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def look_at_colours(browser, path):
    """Two curves of a figure differ in colour for every eye."""
    for dark in (False, True):
        browser.open(path, 1200, dark=dark)
        colours = browser.ask("[0,1,2,3,4,5,6,7].map(i => getComputedStyle(document.documentElement)"
                              ".getPropertyValue('--c' + i).trim())")
        for eye in EYES:
            seen = [lab(colour, eye) for colour in colours]
            least = min(math.dist(a, b) for a, b in itertools.combinations(seen, 2))
            expect(least >= LEAST_DIFFERENCE, f"two colours of {colours} differ by {least:.1f} for eye {EYES.index(eye)}")


def centre(browser, selector):
    browser.ask(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
    return browser.ask(f"(() => {{ const b = document.querySelector({selector!r}).getBoundingClientRect();"
                       " return [b.left + b.width / 2, b.top + b.height / 2]; })()")


def use_a_spectrum(browser, path):
    """Points at curves, hides one, turns the axis, zooms; with the mouse, then with keys."""
    figure = "#figure-representation"
    svg = f"{figure} .drawn > svg"
    curves = f"document.querySelectorAll('{svg} .curve').length"
    said = f"document.querySelector('{figure} .said').textContent"
    first_tick = f"document.querySelector('{svg} text').textContent"
    browser.open(path, 1200)
    x, y = centre(browser, svg)
    browser.mouse("mouseMoved", x, y)
    text = browser.ask(said)
    expect("direction, strongest first" in text and "none " in text and "mlp " in text, f"hover says {text!r}")
    before = browser.ask(curves)
    browser.click(*centre(browser, f"{figure} .key button"))
    expect(browser.ask(curves) == before - 1, "a curve that is switched off is still drawn")
    x, y = centre(browser, svg)
    browser.mouse("mouseMoved", x, y)
    expect("none " not in browser.ask(said), "hover names a curve that is switched off")
    browser.click(*centre(browser, f"{figure} .key button"))
    expect(browser.ask(curves) == before, "a curve does not come back")
    tick = browser.ask(first_tick)
    browser.click(*centre(browser, f"{figure} .tools button"))
    expect(browser.ask(first_tick) != tick, "the axis stays logarithmic")
    x, y = centre(browser, svg)
    browser.mouse("mousePressed", x - 60, y, "left")
    browser.mouse("mouseMoved", x + 60, y, "left")
    browser.mouse("mouseReleased", x + 60, y, "left")
    browser.mouse("mouseMoved", x - 220, y)
    text = browser.ask(said)
    expect("first: " not in text and "strongest first 1:" not in text, f"after a zoom the left edge is still rank 1: {text!r}")
    browser.ask(f"document.querySelector('{svg}').focus()")
    browser.key("Escape")
    browser.key("Home")
    text = browser.ask(said)
    expect(" 1: run none " in text, f"the first rank by keys: {text!r}")
    browser.key("ArrowRight")
    expect(" 2: run none " in browser.ask(said), "an arrow key moves to the next rank")
    expect(not browser.problems, str(browser.problems))


def use_a_film(browser, path):
    """Goes through a training with the slider, the map and the keys."""
    figure = "#figure-over-time-spectrum"
    said = f"document.querySelector('{figure} .said').textContent"
    browser.open(path, 390)
    expect("Step 400" in browser.ask(said), "a film begins with the last step")
    browser.ask(f"(() => {{ const s = document.querySelector('{figure} input'); s.value = 0;"
                " s.dispatchEvent(new Event('input')); })()")
    text = browser.ask(said)
    expect("Step 20:" in text and "of 64 directions dead" in text, f"the slider says {text!r}")
    browser.ask(f"document.querySelector('{figure} .drawn > svg').focus()")
    browser.key("ArrowRight")
    expect("Step 40:" in browser.ask(said), "an arrow key goes to the next step")
    expect(not browser.problems, str(browser.problems))


def use_a_map(browser, path):
    browser.open(path, 1200)
    browser.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.settle()
    x, y = centre(browser, "#figure-alignment-1 .drawn > svg")
    browser.mouse("mouseMoved", x, y - 20)
    text = browser.ask("document.querySelector('#figure-alignment-1 .said').textContent")
    expect("|A|" in text, f"a cell says {text!r}")


def wait_for(browser, expression):
    """The first value of an expression that is not empty, of a page that is loaded anew meanwhile."""
    for _ in range(600):
        try:
            value = browser.ask(f"document.readyState === 'complete' ? {expression} : null")
            if value:
                return value
        except AssertionError:  # the page that was asked is gone
            pass
        time.sleep(0.1)
    return None


def keep_what_is_chosen(browser, path):
    """A page of a training loads itself anew: what its reader has chosen stays, and when nobody writes it any more it says so."""
    browser.open(path, 1200)
    browser.mouse("mouseMoved", 1, 1)  # at no figure
    wait_for(browser, "(document.querySelector('#figure-loss .key button').click(), 1)")
    wait_for(browser, "(() => { const s = document.querySelector('#figure-spectrum-1 input'); s.value = 2;"
                      " s.dispatchEvent(new Event('input')); return 1; })()")
    loaded = wait_for(browser, "performance.timeOrigin")
    expect(wait_for(browser, f"performance.timeOrigin > {loaded}"), "a page of a training does not load itself anew")
    pressed = wait_for(browser, "document.querySelector('#figure-loss .key button').getAttribute('aria-pressed')")
    expect(pressed == "false", "a curve that was switched off is back")
    said = wait_for(browser, "document.querySelector('#figure-spectrum-1 .said').textContent")
    expect("Step 60:" in said, f"the slider did not stay at its step: {said!r}")
    name = "'directclr ' + location.pathname"
    wait_for(browser, f"(() => {{ const kept = JSON.parse(sessionStorage.getItem({name})); kept.since -= 60000;"
                      f" sessionStorage.setItem({name}, JSON.stringify(kept)); location.reload(); return 1; }})()")
    said = wait_for(browser, "document.getElementById('anew').textContent")
    expect(said and "has not been written anew" in said, "a page that nobody writes any more does not say so")


def print_it(browser, path):
    """On paper everything is unfolded, and the figures stand there without their buttons."""
    browser.open(path, 1200)
    folded = browser.ask("document.querySelectorAll('details:not([open])').length")
    browser.ask("dispatchEvent(new Event('beforeprint'))")
    expect(folded > 0 and browser.ask("document.querySelectorAll('details:not([open])').length") == 0, "folded on paper")
    browser.ask("dispatchEvent(new Event('afterprint'))")
    expect(browser.ask("document.querySelectorAll('details:not([open])').length") == folded, "unfolded after printing")


def without_scripts(browser, path):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.call("Page.navigate", url=Path(path).resolve().as_uri())
        while browser._take().get("method") != "Page.loadEventFired":
            pass
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    drawn = browser.ask("document.querySelectorAll('figure noscript svg path').length")
    expect(drawn > 0, "nothing is drawn where scripts do not run")


def has_still_pictures(name, path):
    """Every figure of a page that is not of a training under way has its picture for readers without scripts."""
    for figure in path.read_text().split('<figure class="plot" id="')[1:]:
        expect("<noscript><svg" in figure.split("</figure>")[0], f"{name}: {figure.split(chr(34))[0]} has no still picture")


def main():
    if chromium() is None:
        print("SKIPPED: no chromium here")
        return 77
    with tempfile.TemporaryDirectory() as made, Browser() as browser:
        folder = Path(sys.argv[3] if len(sys.argv) > 3 else made)
        subprocess.run([sys.argv[1], folder, sys.argv[2]], check=True)
        for name in SENTENCES:
            path = folder / name / "index.html"
            size = path.stat().st_size
            expect(size < LARGEST_PAGE, f"{name}: {size} bytes")
            if name != "live":
                has_still_pictures(name, path)
            for width, dark in ((1200, False), (390, True), (1200, True), (390, False)):
                look_at(browser, name, path, width, dark)
                if len(sys.argv) > 3:
                    browser.open(path, width, dark=dark)
                    browser.screenshot(folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")
        look_at_colours(browser, folder / "healthy/index.html")
        use_a_spectrum(browser, folder / "runs-compared/index.html")
        use_a_film(browser, folder / "falling/index.html")
        use_a_map(browser, folder / "explain/index.html")
        keep_what_is_chosen(browser, folder / "live-quick/index.html")
        print_it(browser, folder / "falling/index.html")
        without_scripts(browser, folder / "dimensional/index.html")
    print(f"{len(SENTENCES)} pages: " + (f"{len(problems)} problems" if problems else "as they should be"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
