"""What holds for the page of any server: run it against a real one with --base-url and --token."""

import json
import urllib.error
import urllib.request
import uuid

import pytest

from support.stand_in import StandIn
from support.worlds import event

SECTIONS = [
    "Mesh",
    "This cluster",
    "Recent events",
    "Clusters",
    "Services across clusters",
    "Certificates by time left",
    "Connected clients",
]


def fetch(url, **fields):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=fields)) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def directives(policy):
    return {
        name: set(sources) for name, *sources in (each.split() for each in policy.split(";") if each.strip())
    }


def test_the_policy_allows_nothing_from_elsewhere(site):
    status, fields, _ = fetch(f"{site[0]}/")
    assert status == 200
    policy = directives(fields["Content-Security-Policy"])
    assert policy == {
        "default-src": {"'none'"},
        "script-src": {"'self'"},
        "style-src": {"'self'"},
        "img-src": {"'self'", "data:"},
        "connect-src": {"'self'"},
        "form-action": {"'self'"},
        "base-uri": {"'none'"},
        "frame-ancestors": {"'none'"},
    }
    assert fields["X-Content-Type-Options"] == "nosniff"


def test_files_have_types_and_tags_and_nothing_else_is_served(site):
    kinds = {
        "page.js": "text/javascript",
        "base.css": "text/css",
        "logo.svg": "image/svg+xml",
        "fragments.html": "text/html",
    }
    for name, kind in kinds.items():
        status, fields, _ = fetch(f"{site[0]}/static/{name}")
        assert (status, fields["Content-Type"].split(";")[0]) == (200, kind)
        assert fetch(f"{site[0]}/static/{name}", **{"If-None-Match": fields["ETag"]})[0] == 304
    for name in ("nothing.js", "..%2fPackage.swift", "../README.md", "%2e%2e/README.md", "."):
        assert fetch(f"{site[0]}/static/{name}")[0] in (400, 404), name


@pytest.mark.parametrize("scripts", [True, False])
def test_without_a_token_there_is_a_form_and_nothing_about_the_mesh(site, make_page, scripts):
    page = make_page(scripts=scripts, width=360)
    page.open(f"{site[0]}/")
    assert page.text("label") == ["Access token"]
    assert page.run("document.querySelector('form').action.endsWith('/login')")
    assert page.run("document.querySelector('.card, .verdict, .where')") is None
    assert page.run("document.documentElement.scrollWidth") <= 360
    assert page.complaints == []
    assert not any("/api/" in each for each in page.requests)


def test_a_wrong_token_is_refused_with_a_reason_and_asked_for_again(site, make_page):
    page = make_page(scripts=False)
    page.open(f"{site[0]}/")
    page.run("document.getElementById('token').value = 'ist_wrong_wrong'")
    page._loads.clear()
    page.run("document.querySelector('form').submit()")
    page.loaded()
    assert page.text("[role=alert]")[0] != ""
    assert page.text("label") == ["Access token"]


def test_every_section_is_there_without_scripts(site, make_view):
    page = make_view(*site, scripts=False)
    shown = """[...document.querySelectorAll('main h2')]
        .filter((each) => each.checkVisibility()).map((each) => each.innerText)"""
    assert page.run(shown) == SECTIONS[1:], "all but the picture"
    assert page.text(".verdict-line")[0] != ""
    assert page.text(".where .name")[0] != ""
    assert page.text(".big")[0].replace(",", "").isdigit()
    assert page.text(".certificate .name") != []
    assert "{{" not in page.run("document.documentElement.outerHTML")
    assert "<!--isthmus:" not in page.run("document.documentElement.outerHTML")
    assert page.run("[...document.querySelectorAll('.script-only')].every((each) => !each.checkVisibility())")
    assert page.complaints == []


def test_signing_out_brings_the_form_back(site, make_view):
    page = make_view(*site)
    page._loads.clear()
    page.run("document.querySelector('form[action=\"/logout\"]').requestSubmit()")
    page.loaded()
    assert page.text("label") == ["Access token"]


def test_the_page_comes_to_life_without_a_complaint(site, make_view):
    page = make_view(*site)
    page.until("document.querySelector('#mesh svg')")
    assert page.text("#link-word") == ["Live"]
    assert page.text("main h2") == SECTIONS
    assert [each for each in page.complaints if "/api/v1/certificates" not in each] == []
    origin = site[0] + "/"
    assert [each for each in page.requests if not each.startswith((origin, "data:", "about:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(site, make_view, width, scheme):
    page = make_view(*site, width=width, scheme=scheme)
    page.until("document.querySelector('#mesh svg')")
    assert page.run("document.documentElement.scrollWidth") <= width


def test_everything_is_reached_by_keyboard_and_seen_when_reached(site, make_view):
    page = make_view(*site)
    page.until("document.querySelector('#mesh svg')")
    page.run("document.activeElement.blur()")
    seen = []
    for _ in range(40):
        page.key("Tab")
        what, has_ring = page.run("""(() => {
            const each = document.activeElement, style = getComputedStyle(each);
            const list = each.closest('main [data-slot]');
            const name = each.id || each.dataset.filter || list?.dataset.slot || each.className;
            const hasRing = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            return [(name || each.textContent).trim(), hasRing || each.className === 'skip'];
        })()""")
        if what in seen[:1] or page.run("document.activeElement === document.body"):
            break
        seen.append(what)
        assert has_ring, what
    assert seen[0] == "skip"
    assert {"pause", "exact", "theme", "peers", "services", "clients", "certificates"} <= set(seen)
    assert len(seen) < 30, "one stop for each list, not one for each row"


def test_the_first_stop_skips_to_the_state(site, make_view):
    page = make_view(*site)
    page.run("document.activeElement.blur()")
    page.key("Tab")
    page.key("Enter")
    page.until("document.activeElement.id === 'main'", "the focus to skip")


def test_arrow_keys_walk_the_rows_of_a_list(site, make_view):
    page = make_view(*site)
    page.until("document.querySelectorAll('.certificate').length > 1")
    page.run("document.querySelector('.certificate').focus()")
    index = "[...document.querySelectorAll('.certificate')].indexOf(document.activeElement)"
    page.key("ArrowDown")
    assert page.run(index) == 1
    page.key("End")
    assert page.run(index) == page.run("document.querySelectorAll('.certificate').length") - 1
    page.key("Home")
    assert page.run(index) == 0
    assert "20" in page.run(
        """(() => {
            const time = document.querySelector('.certificate time');
            return getComputedStyle(time, '::after').content + time.title;
        })()"""
    )


def test_landmarks_and_labels_are_in_place(site, make_view):
    page = make_view(*site)
    assert page.run("document.documentElement.lang") == "en"
    for landmark in ("header", "main", "footer", "h1"):
        assert (
            page.run(f"document.querySelectorAll('body > {landmark}, main > {landmark}').length") == 1
        ), landmark
    assert page.run(
        """[...document.querySelectorAll('section')]
            .every((each) => document.getElementById(each.getAttribute('aria-labelledby')))"""
    )
    assert page.run("[...document.querySelectorAll('input')].every((each) => each.labels.length === 1)")
    assert page.run(
        """[...document.querySelectorAll('button')]
            .every((each) => each.innerText.trim() || !each.checkVisibility())"""
    )
    assert page.run(
        """(() => {
            const names = [...document.querySelectorAll('[id]')].map((each) => each.id);
            return new Set(names).size === names.length;
        })()"""
    )


def test_what_happens_is_seen_while_the_page_is_open(site, make_view, request):
    base, token = site
    page = make_view(base, token)
    name = f"page-{uuid.uuid4().hex[:8]}"
    if request.config.getoption("--base-url"):
        body = {"spec": {"priority": 1, "action": "allow"}}
        rule = f"{base}/api/v1/export-rules/{name}"
        fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        urllib.request.urlopen(
            urllib.request.Request(rule, json.dumps(body).encode(), fields, method="PUT")
        ).close()
        request.addfinalizer(
            lambda: urllib.request.urlopen(
                urllib.request.Request(rule, headers=fields, method="DELETE")
            ).close()
        )
    else:
        StandIn.latest.happen(event(9, "ExportRule", "created", name, 0))
    page.until(
        f"[...document.querySelectorAll('.event .name')].some((each) => each.textContent === '{name}')",
        "the event",
    )


# The page without what scripts add, and without what the clock changes.
WITHOUT_TIME = """(() => {
    const copy = document.querySelector('main').cloneNode(true);
    const empty = 'noscript, #mesh, [data-spark], time, .rate, .clients tbody, .board > .events';
    copy.querySelectorAll(empty).forEach((each) => each.replaceChildren());
    for (const each of copy.querySelectorAll('*')) {
        ['tabindex', 'title', 'datetime'].forEach((name) => each.removeAttribute(name));
    }
    return copy.innerHTML.replaceAll(/\\s*\\n\\s*/g, '').replaceAll(/>\\s+</g, '><');
})()"""


def test_the_first_view_and_the_live_view_are_the_same_markup(site, make_view):
    """What the server fills in and what the scripts draw: same fragments, same fields."""
    written = make_view(*site, scripts=False).run(WITHOUT_TIME)
    drawn = make_view(*site)
    drawn.until("document.querySelector('#mesh svg')")
    assert drawn.run(WITHOUT_TIME) == written
