"""Addresses that are secrets themselves: whoever has one may post, stream, deploy or sign in."""

from __future__ import annotations

from agent_audit.redaction.rules.files import is_value
from agent_audit.redaction.rules.model import UUID, Lazy, Rule, part
from agent_audit.redaction.validators import has_digit, is_mixed, looks_random

_END = r"(?![A-Za-z0-9_-])"


def _is_generated(text: str) -> bool:
    return has_digit(text) and looks_random(text)


LINKS: tuple[Rule, ...] = (
    # Mattermost has an id of 26 letters, Rocket.Chat the id of the integration and its token.
    part(
        "chat-hook",
        ("/hooks/",),
        rf"/hooks/[A-Za-z0-9]{{4,24}}/([A-Za-z0-9]{{40,64}}){_END}",
        has_digit,
    ),
    part("chat-hook", ("/hooks/",), rf"/hooks/([a-z0-9]{{26}}){_END}", has_digit),
    part("home-assistant-hook", ("/api/webhook/",), rf"/api/webhook/([A-Za-z0-9_-]{{20,128}}){_END}", has_digit),
    part(
        "pagerduty-integration",
        ("events.pagerduty.com/integration/",),
        rf"events\.pagerduty\.com/integration/([0-9a-f]{{32}}){_END}",
    ),
    part("loggly-token", (".loggly.com/",), rf"\.loggly\.com/(?:inputs|bulk)/({UUID}){_END}"),
    part("healthchecks-ping", ("hc-ping.com/",), rf"hc-ping\.com/({UUID}){_END}"),
    part("cronitor-ping", ("cronitor.link/p/",), rf"cronitor\.link/p/([0-9a-f]{{32}}){_END}"),
    part("betterstack-heartbeat", ("/api/v1/heartbeat/",), rf"/api/v1/heartbeat/([A-Za-z0-9]{{20,40}}){_END}"),
    part("dropbox-link", ("rlkey=",), r"[?&]?rlkey=([a-z0-9]{20,40})(?![a-z0-9])", has_digit),
    part("docker-hub-trigger", ("/trigger/",), rf"/trigger/({UUID})/call"),
    part("render-deploy-hook", ("api.render.com/deploy/",), r"api\.render\.com/deploy/[\w-]{1,64}\?key=([\w-]{8,64})"),
    part(
        "vercel-deploy-hook",
        ("api.vercel.com/v1/integrations/deploy/",),
        rf"api\.vercel\.com/v1/integrations/deploy/[\w-]{{3,64}}/(\w{{8,64}}){_END}",
    ),
    part("netlify-build-hook", ("/build_hooks/",), rf"/build_hooks/([0-9a-f]{{24}}){_END}"),
    part("bark-key", ("api.day.app/",), rf"api\.day\.app/([A-Za-z0-9]{{20,24}}){_END}", is_mixed),
    part("serverchan-key", ("ftqq.com/sct",), r"ftqq\.com/(SCT[A-Za-z0-9]{20,60})(?=\.send)"),
    # The last part of the address of a live stream is its key.
    part(
        "stream-key",
        ("rtmp://", "rtmps://"),
        r"rtmps?://[^\s/@\"'<>]{1,128}/[\w.-]{1,32}/([\w-]{16,128}(?:\?[\w=&.%-]{1,256})?)",
        has_digit,
    ),
    # The service ticket of CAS is worth one sign-in.
    Rule(
        "cas-ticket",
        ("ticket=st-", "ticket=pt-", "ticket=tgt-", "pgtid=tgt-", "tgt-", "pgtiou-"),
        Lazy(r"(?:[Tt]icket=|pgtId=)?((?:(?<==)(?:ST|PT)|TGT|PGTIOU)-\d{1,9}-[A-Za-z0-9_]{16,128}(?:-[\w.-]{1,64})?)"),
        group=1,
        accept=has_digit,
    ),
    part(
        "confirmation-link",
        (
            *(
                "verify-email/",
                "verify_email/",
                "email/verify/",
                "confirm-email/",
                "confirm_email/",
                "email-verification/",
            ),
            *("/confirm/", "/activate/", "/invite/accept/", "/invitation/"),
        ),
        r"(?i:verify[-_]email|email/verify|confirm[-_]email|email-verification|/confirm|/activate|/invite/accept"
        r"|/invitation)/(?:[A-Za-z0-9_-]{1,24}/)?([A-Za-z0-9_-]{24,512})(?![\w-])",
        _is_generated,
    ),
    # Of proxies the user of the address is the password.
    part(
        "proxy-link",
        ("trojan://", "hysteria2://", "hy2://", "anytls://", "vless://", "tuic://"),
        r"(?:trojan|hysteria2|hy2|anytls|vless|tuic)://([^\s@/?#\"'<>]{4,256})@",
        is_value,
    ),
    part(
        "query-login",
        ("?u=", "&u=", "?user=", "&user="),
        r"[?&]u(?:ser)?=[^&\s\"'<>]{1,64}&p=([^&\s\"'<>#]{6,128})",
        lambda text: not (text.isalpha() or text.isdigit()) and is_value(text),
    ),
    # Oracle's easy connect names the host behind two slashes: `user/password@//host:1521/service`.
    Rule(
        "oracle-password",
        ("@//",),
        Lazy(r"(?=@//[\w.\[-])"),
        before=Lazy(r"[^\s/@\"'`]{3,128}(?=/[\w$#]{1,30}(?:[\s\"'`=(]|\Z))"),
        accept=is_value,
    ),
)
