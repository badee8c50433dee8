"""The file around the content: policy, style, script, data."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import Any

import orjson

from agent_audit.analysis.printable import printable_json
from agent_audit.report.html.element import Child, el, to_html

_MARKUP = re.compile("[<>&]")


def page(title: str, *content: Child, data: Any = None) -> str:
    """A whole HTML file.

    Args:
        title: of the document.
        *content: what stands in its body.
        data: JSON value for the script `report.js`; None: a page without any script.
    """
    style, script = _asset("report.css"), _asset("report.js") if data is not None else None
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", **{"http-equiv": "Content-Security-Policy"}, content=policy(style, script)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", title),
        _raw("style", style),
    )
    body = el("body", *content)
    if script is not None:
        body.append(_raw("script", json_for_script(data), id="report-data", type="application/json"))
        body.append(_raw("script", script))
    return "<!DOCTYPE html>\n" + to_html(el("html", head, body, lang="en")) + "\n"


def policy(style: str, script: str | None) -> str:
    """The Content-Security-Policy: nothing may be loaded or sent, only this style and this script act."""
    parts = [
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'" if script is not None else "script-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    return "; ".join(parts)


def json_for_script(value: Any) -> str:
    """JSON that no HTML parser takes for markup: another spelling of the same value."""
    text = orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
    return printable_json(_MARKUP.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _raw(tag: str, text: str, **attributes: str) -> Any:
    """A style or script: the serialiser writes their text as it is, so it must not end the element."""
    if re.search(r"</|<!--", text):
        raise ValueError(f"the text of <{tag}> could end it")
    node = el(tag, **attributes)
    node.text = text
    return node


def _asset(name: str) -> str:
    return files("agent_audit.report.html").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
