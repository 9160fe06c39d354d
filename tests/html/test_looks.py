"""What Chromium makes of the pages: on a phone and on a desktop, light and dark.

`scripts/check-html.sh` writes measured-SCHEME.html (in it what measure.js found) and
NAME-SIZE-SCHEME.png beside the pages.
"""

import json
from functools import cache

import html5lib
import pytest

from pages import DIRECTORY, NAMES, wanted
from png import Picture

SCHEMES = ["light", "dark"]
SIZES = {"phone": (360, 800), "desktop": (1280, 900)}
# The narrowest phone (WCAG 2.2, 1.4.10), a phone, a tablet, a desktop.
WIDTHS = [320, 360, 768, 1280]


@cache
def measures(scheme):
    root = html5lib.parse((DIRECTORY / f"measured-{scheme}.html").read_bytes(), namespaceHTMLElements=False)
    measured = [json.loads(found.text) for found in root.iter("pre") if found.get("id") == "measured"]
    assert len(measured) == 1, "the browser has measured nothing"
    return {(found["page"], found["asked"]): found for found in measured[0]}


every_frame = pytest.mark.parametrize(
    "scheme, name, width", [(scheme, name, width) for scheme in SCHEMES for name in NAMES for width in WIDTHS]
)


@every_frame
def test_nothing_has_to_be_scrolled_sideways(scheme, name, width):
    found = measures(scheme)[name, width]
    assert found["width"] == width, "the frame has another width than was asked for"
    assert found["scroll_width"] <= width
    assert found["wide"] == []


@every_frame
def test_every_text_stands_out_from_what_is_behind_it(scheme, name, width):
    found = measures(scheme)[name, width]
    assert found["dark"] == (scheme == "dark")
    assert found["texts"] > 50
    # https://www.w3.org/TR/WCAG22/#contrast-minimum
    assert found["lowest"]["ratio"] >= 4.5, found["lowest"]


@every_frame
def test_nothing_is_loaded_and_nothing_runs(scheme, name, width):
    found = measures(scheme)[name, width]
    assert (found["loaded"], found["hacked"]) == ([], False)


@every_frame
def test_links_can_be_hit_by_a_thumb(scheme, name, width):
    links = measures(scheme)[name, width]["links"]
    assert links and all(link["height"] >= 44 for link in links)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_the_picture_shows_each_link_in_its_colour(name, size, scheme):
    picture = Picture((DIRECTORY / f"{name}-{size}-{scheme}.png").read_bytes())
    width, height = SIZES[size]
    assert (picture.width, picture.height) == (width, height)
    shades = picture.shades()
    assert len(shades) > 50 and shades.most_common(1)[0][1] < 0.97 * width * height, "as good as blank"
    assert (sum(shades.most_common(1)[0][0]) < 3 * 128) == (scheme == "dark")

    statuses = {group["title"]: group["status"] for group in wanted(name)["groups"]}
    seen = set()
    for link in measures(scheme)[name, width]["links"]:
        x, y = link["at"]
        if y >= height:
            continue
        pixel = picture.pixel(x, y)
        assert all(abs(have - want) <= 2 for have, want in zip(pixel, link["colour"])), f"{link}: {pixel}"
        assert looks_like(pixel) == statuses[link["title"]], f"{link}: {pixel}"
        seen.add(statuses[link["title"]])
    # The worst is never below the fold, and on a desktop the whole chain is above it.
    assert min(statuses.values(), key=["fail", "warn", "pass", "skip"].index) in seen
    if size == "desktop":
        assert seen == set(statuses.values())


def looks_like(pixel):
    """Green, amber, red or grey, as eyes have it."""
    red, green, blue = pixel
    if max(pixel) - min(pixel) < 40:
        return "skip"
    if green > red:
        return "pass"
    return "warn" if green - blue > 40 else "fail"
