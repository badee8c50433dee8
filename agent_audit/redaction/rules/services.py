"""Keys of model providers, messaging, mail, payment and shop services."""

from __future__ import annotations

import re

from agent_audit.redaction.rules.model import Rule, part, token, within
from agent_audit.redaction.validators import has_digit, looks_random

SERVICES: tuple[Rule, ...] = (
    # Model providers.
    token("anthropic-key", "sk-ant-", r"sk-ant-(?:api|admin|oat|ort|sid)\d{2}-[A-Za-z0-9_-]{40,200}"),
    token("openrouter-key", "sk-or-", r"sk-or-v1-[a-f0-9]{64}"),
    # The middle of an OpenAI key is always `T3BlbkFJ`; other services hand out `sk-` keys of many lengths.
    # No algorithm of OpenSSH for keys on a device: `sk-ssh-ed25519-cert-v01@openssh.com`.
    token("openai-key", "sk-", r"sk-(?!ant-|(?:ssh|ecdsa)-[a-z0-9-]{1,40}@)[A-Za-z0-9_-]{20,360}", has_digit),
    token("langfuse-key", "pk-lf-", r"pk-lf-[0-9a-f-]{36}"),
    token("langsmith-key", "lsv2_", r"lsv2_(?:pt|sk)_[a-fA-F0-9]{32}_[a-fA-F0-9]{10}"),
    token(
        "huggingface-token",
        "hf_ api_org_",
        r"(?:hf_[A-Za-z0-9]{34,40}|api_org_[A-Za-z]{34})",
        lambda t: len(set(t)) > 8 and not (t[:3] == "hf_" and t.islower()),
    ),
    token("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{48,56}"),
    token("xai-key", "xai-", r"xai-[A-Za-z0-9_-]{70,120}"),
    token("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{40,60}"),
    token("replicate-token", "r8_", r"r8_[A-Za-z0-9]{37}"),
    token("nvidia-key", "nvapi-", r"nvapi-[A-Za-z0-9_-]{60,70}"),
    token("fireworks-key", "fw_", r"fw_[A-Za-z0-9]{22,24}", has_digit),
    token("pinecone-key", "pcsk_", r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{50,70}"),
    token("tavily-key", "tvly-", r"tvly-(?:dev-|prod-)?[A-Za-z0-9_-]{24,64}"),
    token("firecrawl-key", "fc-", r"fc-[a-fA-F0-9]{32}"),
    token("e2b-key", "e2b_", r"e2b_[a-f0-9]{40}"),
    token("wandb-key", "wandb_v1_", r"wandb_v1_[A-Za-z0-9_]{60,120}"),
    token("inngest-signing-key", "signkey-", r"signkey-(?:prod|test|branch)-[0-9a-f]{32,64}"),
    token("secret-key-prefix", "sk_", r"sk_[A-Za-z0-9]{30,128}", looks_random),
    token("elevenlabs-key", "sk_", r"sk_[a-f0-9]{48}"),
    token("jina-key", "jina_", r"jina_[A-Za-z0-9_-]{60,64}"),
    token("runpod-key", "rpa_", r"rpa_(?:[A-Z0-9]{38,44}[A-Za-z0-9]{0,6}|[A-Za-z0-9]{30})"),
    token("n8n-key", "n8n_api_", r"n8n_api_[a-f0-9]{80}"),
    token("cartesia-key", "sk_car_", r"sk_car_[A-Za-z0-9]{20,48}"),
    token("voyage-key", "pa-", r"pa-[A-Za-z0-9_-]{43}", has_digit),
    # Messaging.
    token(
        "slack-token",
        "xoxb- xoxa- xoxp- xoxo- xoxr- xoxs- xoxc- xoxd-",
        r"xox[baporscd]-(?=[^\s]{0,80}\d)(?!\d-[A-Za-z]+(?![A-Za-z0-9-]))[A-Za-z0-9%+/-]{10,255}",
    ),
    token("slack-app-token", "xapp-", r"(?i:xapp)-\d-[A-Za-z0-9]+-\d+-[A-Za-z0-9]+"),
    token(
        "slack-config-token",
        "xoxe.xox xoxe-",
        r"(?i:xoxe)(?:\.(?i:xox)[bp]-\d-[A-Za-z0-9]{40,255}|-\d-[A-Za-z0-9]{40,255})",
    ),
    token(
        "slack-webhook",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{24,80}",
    ),
    token(
        "discord-webhook",
        "discord.com/api/ discordapp.com/api/",
        r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,80}",
    ),
    token(
        "teams-webhook",
        "webhook.office.com/",
        r"webhook\.office\.com/webhookb2/[0-9a-f@-]{36,80}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36}",
    ),
    part("telegram-bot-url", ("/bot",), r"/bot([0-9]{8,10}:[A-Za-z0-9_-]{34,36})(?![A-Za-z0-9_-])"),
    part("lark-webhook", ("/bot/v2/hook/",), r"/bot/v2/hook/([A-Za-z0-9-]{20,64})"),
    part(
        "outlook-webhook",
        ("outlook.office.com/webhook/", "outlook.office365.com/webhook/"),
        r"outlook\.office(?:365)?\.com/webhook/([0-9a-f@-]{36,80}/IncomingWebhook/[0-9a-f]{32}(?:/[0-9a-f-]{36})?)",
    ),
    within("telegram-token", ":aa :ab", r"[0-9]{8,10}", r":A[AB][A-Za-z0-9_-]{32,34}"),
    # The middle is when it was made: since 2022 it begins with `G`, since the end of 2025 with `H`.
    within(
        "discord-token",
        ".g .h .x .y",
        r"[A-Za-z0-9_-]{22,27}[MNO]",
        r"\.[GHXY][A-Za-z0-9_-]{5}\.[A-Za-z0-9_-]{27,40}",
    ),
    token(
        "twilio-key",
        " ".join(f"{kind}{digit}" for kind in ("sk", "ac") for digit in "0123456789abcdefx"),
        r"(?:SK|AC)[0-9a-f]{32}",
    ),
    token("sendgrid-key", "sg.", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64}"),
    token("sendinblue-key", "xkeysib- xsmtpsib-", r"x(?:key|smtp)sib-[a-fA-F0-9]{64}-[A-Za-z0-9]{16}"),
    token("mailgun-key", "key- pubkey-", r"(?:pub)?key-[a-f0-9]{32}"),
    token("mandrill-key", "md-", r"md-[A-Za-z0-9_]{22}"),
    token("resend-key", "re_", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,32}"),
    token("telnyx-key", "key0 key3", r"KEY[0-9A-F]{32}_[A-Za-z0-9]{22}"),
    # Payment and shops.
    token(
        "stripe-key",
        "sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_",
        r"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,250}",
    ),
    token("stripe-webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,64}"),
    token(
        "square-token",
        "sq0atp- sq0csp- sq0idp- eaaa",
        r"(?:sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60})",
    ),
    token(
        "braintree-token",
        "access_token$production$ access_token$sandbox$",
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
    ),
    token("shopify-token", "shpat_ shpca_ shppa_ shpss_ shptka_", r"shp(?:at|ca|pa|ss|tka)_[a-fA-F0-9]{32}"),
    token(
        "plaid-token",
        "access-sandbox- access-development- access-production-",
        r"access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token("flutterwave-key", "flwseck", r"(?i:FLWSECK)(?:_TEST)?-?[A-Za-z0-9]{12,64}(?:-X)?"),
    token("razorpay-key", "rzp_live_ rzp_test_", r"rzp_(?:live|test)_[A-Za-z0-9]{14,24}"),
    token("amazon-mws-token", "amzn.mws.", r"amzn\.mws\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    token("facebook-token", "eaa", r"EAA[MC][A-Za-z0-9]{80,400}"),
    token("twitter-bearer", "aaaaaaaaaaaaaaaaaaaaa", r"A{21}[A-Za-z0-9%]{60,120}"),
    token("mapbox-secret", "sk.eyj", r"sk\.eyJ[A-Za-z0-9_-]{60,}\.[A-Za-z0-9_-]{20,}"),
    Rule(
        "otp-migration",
        ("otpauth-migration://",),
        re.compile(r"otpauth-migration://offline\?data=([A-Za-z0-9%+/=_-]{16,8192})"),
        group=1,
    ),
    Rule("gcp-key-file", ('"private_key_id"',), re.compile(r'"private_key_id"\s*:\s*"([0-9a-f]{40})"'), group=1),
)
