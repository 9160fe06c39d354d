"""What a page has to be, whatever its report says: `faults` names all that is wrong with one.

Parsed by html5lib, strictly: a browser mends what is broken, this does not.
"""

import base64
import hashlib
import re
import unicodedata

import html5lib

# Whatever else stands in a page has come from a report that broke out of its place.
TAGS = set(
    "html head meta title style body svg symbol circle path use header p time h1 h2 h3 code ul ol li main nav a "
    "strong span section div details summary dl dt dd footer".split()
)
WORDS = {"pass": "passed", "warn": "warned", "fail": "failed", "skip": "skipped"}
LONGEST, LONGEST_NOTE, LONGEST_ISSUER = 2048, 96, 512
TURNING = {"\u061c", *map(chr, range(0x200B, 0x2010)), *map(chr, range(0x2028, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def faults(html, wanted):
    """Every way in which a page is not what its report asks for."""
    try:
        builder = html5lib.getTreeBuilder("etree")
        root = html5lib.HTMLParser(builder, strict=True, namespaceHTMLElements=False).parse(html)
    except html5lib.html5parser.ParseError as error:
        return [f"does not parse: {error}"]
    for element in root.iter():
        # SVG elements and their attributes stand in namespaces of their own.
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return [*alone(root), *readable(root), *chain(root, wanted), *sections(root, wanted), *head(root, wanted)]


def alone(root):
    """It runs nothing, loads nothing and leads nowhere."""
    for element in root.iter():
        if not isinstance(element.tag, str):
            yield "has a comment"
            continue
        if element.tag not in TAGS:
            yield f"has an element {element.tag}"
        for name, value in element.attrib.items():
            name = str(name).lower()
            if name.startswith("on") or name in ("style", "src", "srcset", "srcdoc", "action", "formaction", "data"):
                yield f"has an attribute {name}"
            if name.endswith("href") and not value.startswith("#"):
                yield f"leads to {value}"
            if "url(" in value:
                yield f"loads {value}"
    styles = list(root.iter("style"))
    if len(styles) != 1:
        yield f"has {len(styles)} styles"
        return
    style = styles[0].text
    if re.search(r"url\(|@import|expression|//", re.sub(r"/\*.*?\*/", "", style, flags=re.S)):
        yield "has a style that loads"
    policy = [meta.get("content") for meta in root.iter("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    if policy != [f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"]:
        yield f"has the policy {policy}"


def readable(root):
    """Landmarks, headings, names: what a screen reader goes by; and that every reference is to something."""
    if root.get("lang") != "en":
        yield "does not say its language"
    if not any(m.get("name") == "viewport" and "width=device-width" in m.get("content") for m in root.iter("meta")):
        yield "has no viewport"
    for landmark in ("header", "main", "nav", "footer", "h1", "title"):
        if len(list(root.iter(landmark))) != 1:
            yield f"has not one {landmark}"
    level = 0
    for heading in (element for element in root.iter() if re.fullmatch("h[1-6]", str(element.tag))):
        if int(heading.tag[1]) > level + 1:
            yield f"leaves out a level before {text(heading)}"
        if not text(heading):
            yield "has an empty heading"
        level = int(heading.tag[1])
    ids = [element.get("id") for element in root.iter() if element.get("id") is not None]
    for name in {name for name in ids if ids.count(name) > 1}:
        yield f"has the id {name} more than once"
    for element in root.iter():
        named = (element.get("aria-labelledby") or "").split()
        href = next((value for name, value in element.attrib.items() if str(name).endswith("href")), "")
        for name in [*named, *([href[1:]] if href else [])]:
            if name not in ids:
                yield f"refers to {name}, which is nowhere"
        if element.tag == "svg" and element.get("aria-hidden") != "true":
            yield "has a picture without a word for it"


def chain(root, wanted):
    """One chain, with one link for each group in order, told by class, sign and word."""
    chains = having(root, "nav", "chain")
    if len(chains) != 1:
        yield f"has {len(chains)} chains"
        return
    links = having(chains[0], "li", "link")
    have = [(text(only(link, "a/strong")), link.get("class").split()[1:]) for link in links]
    want = [(group["title"], [group["status"]]) for group in wanted["groups"]]
    if have != want:
        yield f"has the links {have}, not {want}"
        return
    for link, group in zip(links, wanted["groups"]):
        status, title = group["status"], group["title"]
        if sign(only(link, "a/svg")) != f"#sign-{status}":
            yield f"shows {title} with the wrong sign"
        if text(having(only(link, "a"), "span", "word")[0]) != WORDS[status]:
            yield f"shows {title} with the wrong word"
        if only(link, "a").get("href") != f"#{title.lower()}":
            yield f"leads elsewhere from {title}"
        if text(having(only(link, "a"), "span", "note")[0]) != note(group, wanted):
            yield f"says something else of {title} than its worst finding"


def sections(root, wanted):
    """One section for each group in order, in it each of its checks once, with all that it found."""
    have = having(root, "section", "group")
    want = wanted["groups"]
    if [section.get("id") for section in have] != [group["title"].lower() for group in want]:
        yield "has other sections than groups"
        return
    for section, group in zip(have, want):
        if group["status"] not in section.get("class").split():
            yield f"shows the section {group['title']} as something else"
        if text(having(section, "p", "word")[0]) != WORDS[group["status"]]:
            yield f"says of the section {group['title']} something else"
        found = [found_in(details) for details in having(section, "details", "check")]
        if found != (checks := [as_shown(check) for check in of(group, wanted)]):
            yield f"shows in {group['title']} {found}, not {checks}"
    if len(list(root.iter("details"))) != len(wanted["report"]["checks"]):
        yield "shows a check more than once, or not at all"


def head(root, wanted):
    """What is asked about, when, by what, and how it came out."""
    header, footer = only(root, "body/header"), only(root, "body/footer")
    for place, name, value in [
        (header, "its issuer", wanted["report"]["issuer"]),
        (header, "its time", wanted["made"]["when"]),
        (footer, "its maker's version", wanted["made"]["version"]),
    ]:
        if begin(value, LONGEST_ISSUER) not in text(place):
            yield f"does not say {name}"
    statuses = [check["status"] for check in wanted["report"]["checks"]]
    counts = [text(count) for count in having(header, "ul", "counts")[0]]
    if counts != [f"{statuses.count(s)} {WORDS[s]}" for s in ("fail", "warn", "pass", "skip") if s in statuses]:
        yield f"counts {counts}"


def found_in(details):
    """What a page shows of a check."""
    summary = only(details, "summary")
    status = details.get("class").split()[1]
    rows = {text(only(row, "dt")): shown_text(only(row, "dd")) for row in only(details, "dl")}
    assert sign(only(summary, "svg")) == f"#sign-{status}"
    return {
        "status": status,
        "word": text(having(summary, "span", "word")[0]),
        "open": details.get("open") is not None,
        "title": text(only(summary, "h3")),
        "name": text(only(summary, "code")),
        **rows,
    }


def as_shown(check):
    """The same, out of the report."""
    status = check["status"]
    rows = {
        "expected": check.get("expected"),
        "why" if status == "skip" else "actual": check.get("actual"),
        "STS step": check.get("step"),
    }
    rows = {name: whole(value) for name, value in rows.items() if value is not None}
    if check.get("hint"):
        # Backticks tell commands from words, which then need none; one that is not closed quotes nothing.
        hint = check["hint"]
        quoted = len(hint) <= LONGEST and hint.count("`") % 2 == 0
        rows["to do"] = whole(hint.replace("`", "") if quoted else hint)
    return {
        "status": status,
        "word": WORDS[status],
        "open": status != "pass",
        "title": squeezed(whole(check["title"])),
        "name": squeezed(whole(check["name"])),
        **rows,
    }


def note(group, wanted):
    """The first of a group's worst findings, in a line or two."""
    checks = of(group, wanted)
    statuses = [check["status"] for check in checks]
    if group["status"] == "pass":
        skipped = f", {statuses.count('skip')} skipped" if "skip" in statuses else ""
        return f"{statuses.count('pass')} passed{skipped}"
    worst = next(check for check in checks if check["status"] == group["status"])
    return squeezed(begin(worst["actual"], LONGEST_NOTE))


def of(group, wanted):
    return [check for check in wanted["report"]["checks"] if check["group"] == group["title"].lower()]


def whole(value):
    left = len(value) - LONGEST
    return shown(value) if left <= 0 else f"{shown(value[:LONGEST])} … and {left} more characters"


def begin(value, most):
    return shown(value) if len(value) <= most else shown(value[:most]) + "…"


def shown(value):
    """Characters that eyes or parsers would obey, as escapes."""
    short = {"\t": "\\t", "\r": "\\r", "\n": "\\n"}

    def one(character):
        code = ord(character)
        nobody = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
        if nobody or character in TURNING or character == "\ufeff" or unicodedata.category(character) == "Cc":
            return short.get(character, f"\\u{{{code:x}}}")
        return character

    return "".join(map(one, value))


def having(element, tag, name):
    return [found for found in element.iter(tag) if name in (found.get("class") or "").split()]


def only(element, path):
    found = element.findall(path)
    assert len(found) == 1, f"{len(found)} of {path}"
    return found[0]


def sign(svg):
    return next(value for name, value in only(svg, "use").attrib.items() if str(name).endswith("href"))


def shown_text(element):
    return "".join(element.itertext())


def squeezed(value):
    return " ".join(value.split())


def text(element):
    return squeezed(shown_text(element))
