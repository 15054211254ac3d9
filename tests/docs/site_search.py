#!/usr/bin/env python3
"""Searches the site as a reader does who has opened its files, without a server.

    site_search.py FOLDER    the site that tools/site has written
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pages"))
from browser import Browser, chromium  # noqa: E402

RESULTS = "[...document.querySelectorAll('.md-search-result__link')].map(a => a.getAttribute('href'))"
# Pages in several folders, words that a page about the matter has, and that page.
SEARCHES = [("index.html", "dimensional collapse", "guide.html"), ("commands/train.html", "projector", "math.html")]


def found(browser, words):
    """The links that the search gives, once it gives any."""
    browser.ask("document.querySelector('label[for=__search]').click()")
    browser.ask(f"(() => {{ const q = document.querySelector('.md-search__input'); q.focus(); q.value = {words!r};"
                " q.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true })); })()")
    for _ in range(600):
        links = browser.ask(RESULTS)
        if links:
            return links
        time.sleep(0.1)
    return []


def main():
    if chromium() is None:
        print("SKIPPED: no chromium here")
        return 77
    problems = []
    with Browser() as browser:
        for page, words, wanted in SEARCHES:
            if not (Path(sys.argv[1]) / page).exists():
                problems.append(f"there is no {page}")
                continue
            browser.open(Path(sys.argv[1]) / page, 1200)
            links = found(browser, words)
            if not any(wanted in link for link in links):
                problems.append(f"{page}: {words!r} gives {links}, without {wanted}")
            problems += [f"{page}: {problem}" for problem in browser.problems]
    for problem in problems:
        print("PROBLEM:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
