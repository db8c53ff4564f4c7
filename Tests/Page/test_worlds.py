"""The page in worlds of our making: what it shows, and that it stays whole."""

import json
import time
from pathlib import Path

import pytest

from support.stand_in import TOKEN
from support.worlds import WORLDS, ago, event

pytestmark = pytest.mark.worlds

CONTRAST = Path(__file__).with_name("support").joinpath("contrast.js").read_text().split("\n", 1)[1]


def keep_picture(request, page, name):
    directory = request.config.getoption("--screenshots")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        page.screenshot(Path(directory) / f"{name}.png")


def serious(page):
    """What the page complained of; a resource that does not exist yet (certificates) is none of it."""
    return [each for each in page.complaints if "/api/v1/certificates" not in each]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("world", sorted(WORLDS))
def test_every_world_is_readable_at_every_width(request, make_world, make_view, world, scheme):
    page = make_view(make_world(world).url, width=1280, scheme=scheme)
    page.run("document.querySelectorAll('details').forEach((each, index) => { each.open = index < 2; })")
    for width in (1280, 768, 360):
        page.resize(width, 900)
        page.until(f"innerWidth === {width} && document.querySelector('#mesh svg')?.clientWidth <= {width}")
        assert page.run("document.documentElement.scrollWidth") <= width
        cut = """[...document.querySelectorAll('main .card, main .verdict, header > *')]
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
            .map((each) => each.className)"""
        assert page.run(cut) == []
        poor = [each for each in page.run(f"({CONTRAST})()") if each["ratio"] < each["enough"]]
        assert poor == []
        keep_picture(request, page, f"{world}-{scheme}-{width}")
    assert serious(page) == []


def test_the_headline_names_the_broken_cluster_its_stage_and_the_reason(make_world, make_view):
    page = make_view(make_world("degraded").url)
    [line] = page.text(".verdict-line")
    assert line.startswith("1 of 5 other clusters is broken. west: tls: certificate has expired")
    page.until("document.title.startsWith('✕ east')", "the sign in the title")
    first = page.run("""[...document.querySelector('.peer').querySelectorAll('.stage')]
        .map((each) => [each.querySelector('.stage-name').textContent, each.dataset.state])""")
    assert first[:4] == [["resolve", "ok"], ["tcp", "ok"], ["tls", "failed"], ["auth", "unknown"]]
    assert page.run("document.querySelector('#mesh svg').getAttribute('aria-label')") == (
        "east and 5 other clusters: 3 live, 1 on the way, 1 broken."
    )


def test_a_peer_that_is_not_acted_on_says_so_in_the_servers_words(make_world, make_view):
    page = make_view(make_world("not_enforced").url)
    assert page.text(".peer-word") == ["NotEnforced"] * 5
    assert set(page.text(".peer-text")) == {"peers are kept and checked, but not connected to yet"}
    assert page.run("document.querySelector('.verdict').dataset.state") == "unknown"
    assert page.text(".stage") == []


def test_certificates_come_by_time_left_from_the_list_or_the_summary(make_world, make_view):
    for world, state, words in (("degraded", "failed", "in 4 days"), ("healthy", "ok", "in 89 days")):
        page = make_view(make_world(world).url)
        assert page.text(".certificate .name") == ["server", "admin", "local", "remote", "ca"]
        assert page.run("document.querySelector('.certificate').dataset.state") == state
        assert page.text(".certificate time")[0] == words


def test_names_and_messages_never_become_markup(make_world, make_view, make_page):
    stand_in = make_world("hostile")
    for scripts in (True, False):
        page = make_view(stand_in.url, scripts=scripts)
        assert page.run("document.querySelectorAll('main img, main script').length") == 0
        assert "<img src=x onerror=alert(1)>" in page.text(".event .name")[0]
        assert "{{token}}<!--isthmus:peers-->" in page.text(".event .name")[0]
        assert page.run("document.querySelectorAll('.peer').length") == 1
        assert serious(page) == []


def test_an_event_appears_at_once_and_brings_what_it_concerns(make_world, make_view):
    stand_in = make_world("healthy")
    page = make_view(stand_in.url)
    page.until("document.querySelectorAll('.event').length === 8")
    stand_in.answers["peers"].pop()
    stand_in.happen(event(9, "Peer", "deleted", "harbour", 0))
    page.until("document.querySelector('.event .name').textContent === 'harbour'", "the event at the top")
    page.until("document.querySelectorAll('.peer').length === 4", "the list without the peer")
    assert page.text(".verdict-line") == ["All 4 other clusters are live."]
    assert serious(page) == []


def test_an_update_keeps_the_focus_and_what_is_open(make_world, make_view):
    stand_in = make_world("healthy")
    page = make_view(stand_in.url)
    page.run("""document.querySelector('#peer-south details').open = true;
        document.querySelector('#peer-south summary').focus();""")
    stand_in.answers["peers"][2]["status"]["phase"] = "Degraded"
    stand_in.happen(event(9, "Peer", "updated", "south", 0))
    page.until("document.querySelector('.peer').id === 'peer-south'", "the degraded peer to come first")
    assert page.run("document.querySelector('#peer-south details').open")
    assert page.run("document.activeElement === document.querySelector('#peer-south summary')")


def test_a_server_that_is_gone_is_said_with_since_when_and_found_again(request, make_world, make_view):
    stand_in = make_world("healthy")
    page = make_view(stand_in.url)
    stand_in.go_away()
    page.until("!document.getElementById('banner').hidden", "the banner")
    assert page.run("document.body.dataset.link") in ("away", "connecting")
    assert page.text("#banner-text")[0].startswith("Not connected since 20")
    assert page.run("document.querySelectorAll('.peer').length") == 5
    page.until("/next try in \\d+ s/.test(document.getElementById('banner-next').textContent)")
    said = page.text("#banner-text")
    page.run("""window.words = [];
        new MutationObserver(() => words.push(document.getElementById('link-word').textContent))
            .observe(document.getElementById('link-word'), { childList: true });""")
    page.until("words.join() === 'Connecting,Not connected'", "a try and its failure")
    assert page.text("#banner-text") == said, "it is read aloud once, not at every try"
    keep_picture(request, page, "server-gone")
    stand_in.answers["info"]["store"]["revision"] = "182300"
    stand_in.come_back()
    page.run("document.getElementById('retry').click()")
    page.until("document.body.dataset.link === 'live'", "the link")
    page.until("document.getElementById('banner').hidden")
    assert page.text(".big") == ["182,300"]


def test_a_session_that_ends_is_said_and_nothing_more_is_asked(make_world, make_view):
    stand_in = make_world("healthy")
    page = make_view(stand_in.url)
    stand_in.sign_out()
    page.until("document.body.dataset.link === 'signedOut'", "the end of the session")
    assert page.text("#banner-text") == ["You are signed out. What you see is from before."]
    assert page.text("#retry") == ["Sign in"]
    asked = len(stand_in.asked)
    page.run("new Promise((resolve) => setTimeout(resolve, 1500))")
    assert len(stand_in.asked) == asked


def test_a_pause_stops_everything_and_going_on_catches_up(make_world, make_view):
    stand_in = make_world("healthy")
    page = make_view(stand_in.url)
    page.until("document.querySelectorAll('.event').length === 8")
    page.run("document.getElementById('pause').click()")
    assert page.text("#link-word") == ["Paused"]
    stand_in.happen(event(9, "Service", "created", "shop/new", 0))
    page.run("new Promise((resolve) => setTimeout(resolve, 300))")
    assert len(page.text(".event")) == 8
    page.run("document.getElementById('pause').click()")
    page.until("document.querySelectorAll('.event').length === 9", "the event that was missed")


def test_many_rows_are_cut_and_found_by_the_filter(make_world, make_view):
    page = make_view(make_world("huge").url)
    page.until("document.querySelectorAll('.services tbody tr').length === 30")
    assert page.text(".services .note span") == ["and 4,970 more"]
    assert page.text(".peers .note span") == ["and 470 more"]
    begun = time.monotonic()
    page.run("""document.querySelector('[data-filter=services]').focus()""")
    page.type("team-07 4147")
    page.until("document.querySelectorAll('.services tbody tr').length === 1", "one match")
    assert time.monotonic() - begun < 5
    assert page.text(".services th .name") == ["team-07/service-4147"]
    page.type(" nothing")
    page.until("document.querySelector('.services .note span').textContent === 'Nothing matches the filter.'")
    page.run("document.querySelector('.peers [data-show]').click()")
    page.until("document.querySelectorAll('.peer').length === 60", "another thirty")


def test_nothing_freezes_with_five_hundred_clusters(make_world, make_view):
    page = make_view(make_world("huge").url)
    page.until("document.querySelector('#mesh svg')")
    longest = page.run("""new Promise((resolve) => {
        let longest = 0, last = performance.now(), left = 90;
        const step = () => {
            const now = performance.now();
            longest = Math.max(longest, now - last);
            last = now;
            if ((left -= 1) > 0) setTimeout(step, 60); else resolve(longest);
        };
        step();
    })""")
    assert longest < 1500, "the page did not answer for so many milliseconds"


def test_paper_shows_everything_without_controls(request, make_world, make_view):
    page = make_view(make_world("degraded").url)
    page.emulate("light", media="print")
    assert page.run("getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert page.run("getComputedStyle(document.querySelector('.event-list')).maxHeight") == "none"
    keep_picture(request, page, "print")


def test_motion_happens_only_where_it_is_wanted(make_world, make_view):
    stand_in = make_world("healthy")
    for reduced, name in ((True, "none"), (False, "arrive")):
        page = make_view(stand_in.url, reduced=reduced)
        page.until("document.querySelector('.event')")
        assert page.run("getComputedStyle(document.querySelector('.event')).animationName") == name


def test_the_theme_is_chosen_and_remembered(make_world, make_view):
    page = make_view(make_world("healthy").url, scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.run(ground)
    for theme in ("light", "dark"):
        page.run("document.getElementById('theme').click()")
        assert page.text("#theme") == [f"Theme: {theme}"]
    dark = page.run(ground)
    assert dark != light
    page._loads.clear()
    page.call("Page.reload")
    page.loaded()
    page.until("document.body.dataset.link === 'live'")
    assert page.run(ground) == dark


def test_times_are_relative_and_exact_on_demand(make_world, make_view):
    stand_in = make_world("healthy")
    page = make_view(stand_in.url)
    page.until("document.querySelector('.event')")
    shown, exact = page.run(
        """(() => {
            const time = document.querySelectorAll('.event time')[2];
            return [time.textContent, time.title];
        })()"""
    )
    assert shown == "5 min ago"
    assert exact.endswith(" UTC") and exact[:10] == ago(340)[:10]
    page.run("document.getElementById('exact').click()")
    assert page.text(".event time")[2] == exact


def test_numbers_and_times_read_as_the_readme_says(make_world, make_page):
    page = make_page()
    page.open(f"{make_world('empty').url}/blank")
    cases = json.loads(Path(__file__).with_name("fixtures").joinpath("words.json").read_text())
    for name, pairs in cases.items():
        said = page.run(
            f"""(all) => import('/static/format.js')
                .then((words) => all.map(([given]) => words.{name}(...[given].flat())))""",
            pairs,
        )
        assert said == [expected for _, expected in pairs], name


def test_the_token_of_the_stand_in_is_never_in_an_address(make_world, make_view):
    page = make_view(make_world("healthy").url)
    assert all(TOKEN not in each for each in page.requests)
