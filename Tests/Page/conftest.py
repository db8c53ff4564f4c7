"""Fixtures: the browser, stand-ins with a world each, or a real server by --base-url and --token."""

import os

import pytest

from support.browser import PROGRAM, Browser
from support.stand_in import TOKEN, StandIn
from support.worlds import WORLDS


def pytest_addoption(parser):
    parser.addoption("--base-url", help="a real server's address; without it a stand-in serves the page")
    parser.addoption(
        "--token", default=os.environ.get("ISTHMUS_TOKEN"), help="an admin token of the real server"
    )
    parser.addoption("--screenshots", help="a directory for pictures of every world")


def pytest_configure(config):
    if not PROGRAM:
        raise pytest.UsageError(
            "chromium is not installed: run .ci/install-packages test, or name it by CHROMIUM"
        )
    if config.getoption("--base-url") and not config.getoption("--token"):
        raise pytest.UsageError("--base-url needs --token")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--base-url"):
        for item in items:
            if item.get_closest_marker("worlds"):
                item.add_marker(pytest.mark.skip(reason="needs answers of our making"))


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    running = Browser(tmp_path_factory.mktemp("browser"))
    yield running
    running.close()


@pytest.fixture
def make_page(browser):
    made = []

    def make(**options):
        made.append(browser.page(**options))
        return made[-1]

    yield make
    for page in made:
        page.close()


@pytest.fixture
def make_world(make_page):
    """Serves a world; the first view is what summary.js makes of it, as it is for the real server."""
    made = []

    def make(name):
        stand_in = StandIn(WORLDS[name]())
        made.append(stand_in)
        maker = make_page()
        maker.open(f"{stand_in.url}/blank")
        stand_in.tree = maker.run(
            """(answers) => import('/static/summary.js')
                .then((all) => all.summary(answers, Date.now() / 1000))""",
            stand_in.answers,
        )
        assert maker.complaints == []
        return stand_in

    yield make
    for stand_in in made:
        stand_in.close()


@pytest.fixture
def site(request, make_world):
    """The address of a server and a token for it: the real one's, or the degraded world's."""
    base = request.config.getoption("--base-url")
    if base:
        return base.rstrip("/"), request.config.getoption("--token")
    return make_world("degraded").url, TOKEN


@pytest.fixture
def make_view(make_page):
    """Opens the page of a server, signed in through its form."""

    def make(url, token=TOKEN, **options):
        page = make_page(**options)
        page.open(f"{url}/")
        if options.get("scripts", True):
            page.run("(token) => { document.getElementById('token').value = token; }", token)
            page._loads.clear()
            page.run("document.querySelector('form').requestSubmit()")
        else:
            page.run("(token) => { document.getElementById('token').value = token; }", token)
            page._loads.clear()
            page.run("document.querySelector('form').submit()")
        page.loaded()
        if options.get("scripts", True):
            page.until("document.body.dataset.link === 'live'", "the page to be live")
        return page

    return make
