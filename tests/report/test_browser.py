"""The report in a real browser: Debian's Chromium, offline. Skipped where it is not installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_audit.event import AuditEvent
from tests.analysis.logs import event, operation

from .test_html import hostile_page, page_of

_CHROMIUM = shutil.which("chromium")
if _CHROMIUM is None:
    pytest.skip("no chromium here (apt-get install chromium)", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=_CHROMIUM, args=_FLAGS, offline=True
        )
        yield context
        context.close()


class _Opened:
    """A page, and what happened in it that should not have."""

    def __init__(self, browser: Any, path: Path, width: int) -> None:
        self.page = browser.new_page()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())


def _open(browser: Any, folder: Path, text: str, width: int = 1280) -> _Opened:
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    return _Opened(browser, path, width)


def _sessions(count: int) -> list[AuditEvent]:
    return [
        one
        for n in range(count)
        for one in operation("tool.call", "tool.response", f"s{n}", at=n, session_id=f"session-{n:03}", action="tool.x")
    ]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_hostile_log_does_nothing_and_shows_as_text(browser: Any, tmp_path: Path, width: int) -> None:
    opened = _open(browser, tmp_path, hostile_page(), width)
    page = opened.page
    page.click("#list .row >> nth=0")
    for step in page.query_selector_all("#list .step"):
        step.click()
    assert page.evaluate("typeof owned") == "undefined"
    assert opened.complaints == []
    assert opened.requests == [(tmp_path / "report.html").as_uri()]
    assert "<img src=x onerror=owned=1>" in page.inner_text("#list .eventcard >> nth=0")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.querySelectorAll('img, iframe, object, embed').length") == 0
    page.close()


def test_the_policy_stops_a_script_even_if_one_got_in(browser: Any, tmp_path: Path) -> None:
    opened = _open(browser, tmp_path, hostile_page().replace("</main>", "<script>owned=1</script></main>"))
    assert opened.page.evaluate("typeof owned") == "undefined"
    assert any("Content Security Policy" in text for text in opened.complaints)
    opened.page.close()


def test_a_cited_event_opens_from_its_finding_and_by_keyboard(browser: Any, tmp_path: Path) -> None:
    denials = [event("permission.denied", at=n / 10, session_id="loud", error="no") for n in range(7)]
    page = _open(browser, tmp_path, page_of([*_sessions(40), *denials])).page
    link = page.query_selector("#findings a.event")
    wanted = link.get_attribute("title")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[id^='event-']:focus")
    assert page.evaluate("document.activeElement.id") == f"event-{wanted}"
    page.close()


def test_sessions_are_found_filtered_and_paged(browser: Any, tmp_path: Path) -> None:
    page = _open(browser, tmp_path, page_of(_sessions(60))).page
    assert page.locator("#list .row").count() == 25
    page.click("#pager button:has-text('Next')")
    assert "26 to 50" in page.inner_text("#found")
    page.fill("#find", "session-007")
    assert page.locator("#list .row").count() == 1
    page.fill("#find", "")
    page.click(".chip[data-filter=failed]")
    assert page.inner_text("#found") == "No session matches."
    page.close()


def test_every_control_has_a_name_and_headings_skip_no_level(browser: Any, tmp_path: Path) -> None:
    page = _open(browser, tmp_path, hostile_page()).page
    page.click("#list .row >> nth=0")
    nameless = page.evaluate(
        "Array.from(document.querySelectorAll('button, input, select, a, [role=img], [role=region]')).filter(n => !("
        "n.innerText || n.getAttribute('aria-label') || (n.labels && n.labels.length && n.labels[0].textContent)"
        ")).length"
    )
    assert nameless == 0
    levels = page.evaluate("Array.from(document.querySelectorAll('h1,h2,h3,h4'), n => Number(n.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(level <= levels[place - 1] + 1 for place, level in enumerate(levels) if place)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_both_schemes(browser: Any, tmp_path: Path, scheme: str) -> None:
    page = _open(browser, tmp_path, hostile_page()).page
    page.emulate_media(color_scheme=scheme)
    ratios = page.evaluate(_CONTRAST)
    assert ratios
    assert min(ratios.values()) >= 4.5, ratios  # WCAG 2.2, 1.4.3
    page.close()


def test_it_prints(browser: Any, tmp_path: Path) -> None:
    page = _open(browser, tmp_path, page_of(_sessions(40))).page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.top')).display") == "none"
    assert page.pdf()[:5] == b"%PDF-"
    page.close()


_CONTRAST = """() => {
  const pairs = [["--ink", "--page"], ["--soft", "--page"], ["--faint", "--page"], ["--faint", "--card"],
    ["--accent", "--card"], ["--good", "--good-soft"], ["--warn", "--warn-soft"], ["--bad", "--bad-soft"],
    ["--calm", "--calm-soft"]];
  const rgb = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    probe.remove();
    return found;
  };
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  return Object.fromEntries(pairs.map(([ink, paper]) => {
    const [high, low] = [light(rgb(ink)), light(rgb(paper))].sort((one, other) => other - one);
    return [`${ink} on ${paper}`, (high + 0.05) / (low + 0.05)];
  }));
}"""
