"""Secrets on a page as a browsing agent sees it: HTML, Markdown, the tree of an accessibility snapshot."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.redaction import redact

W, K = "hunter2x9", "q8W2e7R5t1"


@pytest.mark.parametrize(
    ("page", "secret"),
    [
        (f"<tr><th>Password</th><td>{W}</td></tr>", W),
        (f"<td>Password</td><td>{W}</td>", W),
        (f"<TABLE><TR><TD>Password</TD>\n<TD>{W}</TD></TR></TABLE>", W),
        (f'<td><b>Password:</b></td>\n  <td class="v"><code>{W}</code> <button>Copy</button></td>', W),
        (f'<tr><td>Password</td><td><input type="text" value="{W}"></td></tr>', W),
        ("<table><tr><td>User</td><td>bob</td></tr><tr><td>PIN</td><td>4821</td></tr></table>", "4821"),
        (f"<table><tr><th>Name</th><th>Value</th></tr><tr><td>api_token</td><td>{K}</td></tr></table>", K),
        (f"<dt>API key</dt><dd>{K}</dd>", K),
        (f"<b>Password:</b> {W}", W),
        (f"<li><strong>Password</strong>: {W}</li>", W),
        (f"<p>Password: <code>{W}</code></p>", W),
        (f"<p>Password:</p><p>{W}</p>", W),
        (f"<p>Your account was created. The password is: <code>{W}</code></p>", W),
        (f"<label>Password</label> <code>{W}</code>", W),
        (f'<label for="p">Password</label><input type="text" id="p" value="{W}">', W),
        ('<div class="label">PIN</div><div class="value">4821</div>', "4821"),
        ("<dt>CVV</dt><dd>123</dd>", ">123<"),
        (f"<p><strong>Temporary password</strong><br>{W}</p>", W),
        (f'<input name="password" type="text" value="{W}">', W),
        (f"<input value='{W}' type=text id='api_token'/>", W),
        (f"**Password:** {W}", W),
        (f"**Password**: {W}", W),
        (f"| Password | {W} |", W),
        (f"| Field | Value |\n|---|---|\n| **API key** | `{K}` |", K),
        (f'- textbox "Password" [ref=e5]: {W}', W),
        (f'- textbox "Password" [ref=e5]:\n  - /placeholder: required\n  - text: {W}', W),
        (f'- row "Access":\n  - cell "Password" [ref=e1]\n  - cell "{W}" [ref=e2]', W),
        (f"- term: API key\n- definition: {K}", K),
    ],
)
def test_a_value_beside_its_label_on_a_page_is_masked(page: str, secret: str) -> None:
    masked = redact(page)
    assert secret not in masked
    assert masked.count("[REDACTED:") == 1
    assert redact(masked) == masked


@pytest.mark.parametrize("cell", ["th", "td"])
def test_every_row_below_a_header_is_masked_and_nothing_behind_the_table(cell: str) -> None:
    page = (
        f"<table><thead><tr><{cell}>User</{cell}><{cell}>Password</{cell}></tr></thead><tbody>"
        f"<tr><td>bob</td><td>{W}</td></tr><tr><td>al</td><td>swordfish</td></tr></tbody></table><p>word1234</p>"
    )
    masked = redact(page)
    assert masked == page.replace(W, "[REDACTED:key:password]").replace("swordfish", "[REDACTED:key:password]")


@pytest.mark.parametrize(
    "page",
    [
        "<td>password</td><td>string</td><td>The user's password</td>",
        "<td>token</td><td>int64</td>",
        "<td>password</td><td>VARCHAR(255)</td>",
        "<tr><td>password</td><td>utf8mb4</td></tr><tr><td>token</td><td>SHA-256</td></tr>",
        "<tr><td>password</td><td>sha256sum</td></tr><tr><td>secret</td><td>base64url</td></tr>",
        "<tr><td>password</td><td>90days</td></tr><tr><td>secret</td><td>my-secret-v1</td></tr>",
        "<tr><td>password</td><td>DB_PASSWORD_2</td></tr><tr><td>token</td><td>v1.2.3</td></tr>",
        "<tr><td>password</td><td>8-64</td></tr><tr><td>secret</td><td>2024-01-01</td></tr>",
        "<tr><td>Passwords</td><td>15234</td></tr>",
        "<td>Password</td><td>&lt;password1&gt;</td>",
        "<td>Password</td><td></td><td>address1</td>",
        "<td>Password strength</td><td>8chars+1</td>",
        "<tr><th>Cookie</th><th>Purpose</th></tr><tr><td>_ga_5QWE12</td><td>statistics</td></tr>",
        "<tr><th>Token</th><th>Value</th></tr><tr><td>spacing-2xl-wide</td><td>4px</td></tr>",
        '<a href="/reset">Forgot password</a></li><li><a href="/x">Web3Forms</a></li>',
        '<label>Password</label><input type="checkbox" value="remember1">',
        '<input name="password" type="submit" value="Reset1x">',
        '<input name="password" placeholder="a"><input name="x" value="hunter2x9">',
        '<label for="password">Password</label>',
        '<comment xml:lang="en">PKCS#8 private key</comment>\n<comment xml:lang="de">PKCS#8 privater</comment>',
        "**api_key:** explicit ``api_key`` (returned unchanged)",
        "*:LogiPat*\n:LogiPat is a command",
        "<td><b>Password:</b></td></tr></table>",
        "<p>Use <b>password</b> auth2x9y now</p>",
        "<li><code>password</code> (string, sha256sum)</li>",
        "| Name | Type |\n|---|---|\n| password | VARCHAR(255) |\n| token | int64 |\n| secret | sha256sum |",
        '- columnheader "Password"\n- columnheader "Role2admin"',
        "- password\n- address1\n- city",
    ],
)
def test_a_page_that_describes_secrets_survives(page: str) -> None:
    assert redact(page) == page


TAGS = [
    "<table>",
    "</table>",
    "<tr>",
    "</tr>",
    "<td>",
    "</td>",
    "<th>",
    "</th>",
    "<b>",
    "</b>",
    "<dd>",
    "<li>",
    "<input",
]
TEXTS = ["Password", "PIN", "User", W, K, "4821", "x", "value='hunter2x9'", "[REDACTED:pin]"]
pieces = st.sampled_from([*TAGS, *TEXTS, ":", " ", "\n", "- ", "|", ">"])


@given(st.lists(pieces, max_size=16).map("".join))
@settings(max_examples=400)
def test_redacting_a_page_twice_changes_nothing(page: str) -> None:
    once = redact(page)
    assert redact(once) == once
