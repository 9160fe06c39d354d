"""The pages, by an HTML parser that shares no code with what wrote them; and the checks themselves, on broken pages."""

import pytest

from pages import NAMES, page, wanted
from structure import faults


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_its_report_and_nothing_else(name):
    assert faults(page(name), wanted(name)) == []


def test_each_status_and_each_group_is_seen_on_some_page():
    groups = [(group["title"], group["status"]) for name in NAMES for group in wanted(name)["groups"]]
    assert {status for _, status in groups} == {"pass", "warn", "fail", "skip"}
    assert len({title for title, _ in groups}) == 9


BROKEN = [
    ("unescaped tag", b"<h3>the key", b"<h3><b>the key", "does not parse"),
    ("end tag lost", b"</summary>", b"", "does not parse"),
    ("script", b"</main>", b"<script>1</script></main>", "element script"),
    ("handler", b"<main>", b"<main onclick=1>", "attribute onclick"),
    ("inline style", b"<main>", b'<main style="color:red">', "attribute style"),
    ("outer link", b'href="#keys"', b'href="https://example.com/"', "leads to https"),
    ("font from elsewhere", b"</style>", b"@import 'a.css';</style>", "style that loads"),
    ("style not the policy's", b"</style>", b"p{}</style>", "has the policy"),
    ("language", b' lang="en"', b"", "language"),
    ("viewport", b"width=device-width", b"width=1280", "viewport"),
    ("level left out", b"<h2 id=\"keys-title\">keys</h2>", b"<p id=\"keys-title\">keys</p><h5>x</h5>", "level"),
    ("id twice", b'id="role"', b'id="keys"', "more than once"),
    ("nowhere", b'id="sts-title"', b'id="sts-name"', "nowhere"),
    ("link's class", b'<li class="link pass">', b'<li class="link warn">', "has the links"),
    ("link's sign", b'<a href="#keys">\n<svg class="sign" aria-hidden="true"><use href="#sign-warn"/>',
     b'<a href="#keys">\n<svg class="sign" aria-hidden="true"><use href="#sign-pass"/>', "wrong sign"),
    ("link's word", b'<strong>keys</strong>\n<span class="word">warned', b'<strong>keys</strong>\n<span class="word">passed',
     "wrong word"),
    ("link's finding", b'<span class="note">keys/sa.key is 0644', b'<span class="note">fine', "worst finding"),
    ("finding", b"<dd>0600</dd>", b"<dd>0644</dd>", "shows in keys"),
    ("no finding", b"</details>", b"</details><details></details>", "more than once, or not at all"),
    ("counts", b"4 failed", b"3 failed", "counts"),
    ("time", b"2026-11-26T01:40:00Z</time>", b"today</time>", "its time"),
]


@pytest.mark.parametrize("_, old, new, fault", BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_page_is_found_out(_, old, new, fault):
    html = page("broken")
    assert old in html
    assert any(fault in found for found in faults(html.replace(old, new, 1), wanted("broken")))
