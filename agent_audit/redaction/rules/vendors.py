"""Keys of younger and smaller services, by their documented prefixes: AI, payments, storage, tools for developers."""

from __future__ import annotations

from agent_audit.redaction.rules.model import UUID, Rule, part, token, within
from agent_audit.redaction.validators import has_digit, looks_random

_DIUU = r"[0-9a-f]{12}(?:-[0-9a-f]{4}){3}-[0-9a-f]{8}"
"""A UUID, written backwards."""


def _is_dense(text: str) -> bool:
    """Small and capital letters and digits mix, as in what is drawn at random."""
    return looks_random(text) and _is_cased(text)


def _is_cased(text: str) -> bool:
    """Small and capital letters and digits mix, in a few characters."""
    return any(map(str.isupper, text)) and any(map(str.islower, text)) and has_digit(text)


def _with_hex(prefix: str) -> str:
    """Literals of a prefix that many words end in, with the digit behind it."""
    return " ".join(prefix + digit for digit in "0123456789abcdef")


VENDORS: tuple[Rule, ...] = (
    # AI services.
    token("runway-key", "key_", r"key_[a-f0-9]{128}"),
    token("retell-key", "key_", r"key_[a-f0-9]{28}"),
    token("mem0-key", "m0-", r"m0-[A-Za-z0-9]{24,44}", has_digit),
    token("chroma-key", "ck-", r"ck-[A-Za-z0-9]{44}"),
    token("daytona-key", "dtn_", r"dtn_[a-f0-9]{64}"),
    token("steel-key", "ste-", r"ste-[A-Za-z0-9]{60,72}"),
    token("hyperbrowser-key", "hb_", r"hb_[a-f0-9]{28}"),
    token("openpipe-key", "opk_", r"opk_[a-f0-9]{42}"),
    token("lambda-key", "secret_", r"secret_[a-z0-9-]{1,40}_[a-f0-9]{32}\.[A-Za-z0-9]{32}"),
    token("arize-key", "ak-", rf"ak-{UUID}-[A-Za-z0-9_-]{{32}}"),
    token("brave-search-key", "bsa", r"BSA[A-Za-z0-9_-]{24,40}", _is_dense),
    token("gemini-key", "aq.ab8r", r"AQ\.Ab8R[A-Za-z0-9_-]{44,52}"),
    token("devin-key", "apk_ cog_", r"(?:apk_[A-Za-z0-9+/]{80,100}={0,2}|cog_[a-z2-7]{52})"),
    within("deepl-key", ":fx", _DIUU, r":fx"),
    token("browser-use-key", "bu_", r"bu_[A-Za-z0-9_-]{44,72}", _is_dense),
    token("builder-key", "bpk-", r"bpk-[a-f0-9]{32}"),
    token("coderabbit-key", "cr-", r"cr-[a-fA-F0-9]{58}"),
    token("cursor-key", "key_", r"key_[a-z0-9]{64}", has_digit),
    token("mastra-key", "msk_", r"msk_[A-Za-z0-9]{64}"),
    token("minimax-key", "minimax-", r"MINIMAX-[A-Z0-9]{8}(?:-[A-Z0-9]{8}){3}"),
    token("mintlify-key", "mint_", r"mint_(?:dsc_)?[A-Za-z0-9]{22,32}", has_digit),
    token("scale-key", "live_auth_ test_auth_", r"(?:live|test)_auth_[0-9a-f]{32}"),
    token("salad-key", "salad_cloud_user_", r"salad_cloud_user_[0-9A-Za-z]{40,60}"),
    token("voyage-atlas-key", "al-", r"al-[A-Za-z0-9_-]{43}", _is_dense),
    token("composio-key", "ak_ ck_", r"[ac]k_[A-Za-z0-9_-]{20}", _is_cased),
    token("devin-user-key", "apk_user_", r"apk_user_[A-Za-z0-9+/]{80,200}={0,2}"),
    token("letta-key", "sk-let-", r"sk-let-[A-Za-z0-9+/_-]{40,200}={0,2}"),
    token("deepseek-key", "sk-", r"sk-[a-fA-F0-9]{32}"),
    # Payments and money.
    token("brex-token", "bxt_", r"bxt_[A-Za-z0-9]{40}"),
    token(
        "ramp-secret",
        "ramp_tok_ ramp_sec_ ramp_business_tok_",
        r"ramp_(?:business_)?(?:tok|sec)_[A-Za-z0-9]{40,64}",
    ),
    token("conekta-key", "key_", r"key_[A-Za-z0-9]{20,24}", _is_dense),
    token("omise-key", "skey_", r"skey_(?:test_)?[a-z0-9]{18,24}", has_digit),
    token("cashfree-secret", "cfsk_ma_", r"cfsk_ma_(?:prod|test)_[a-f0-9]{32}_[a-f0-9]{8}"),
    token("yookassa-key", "live_ test_", r"(?:live|test)_[A-Za-z0-9_-]{43}", _is_dense),
    token(
        "mercury-token",
        "mercury_production_ mercury_sandbox_",
        r"mercury_(?:production|sandbox)_[a-z]{3,6}_[A-Za-z0-9]{40,50}_yrucrem",
    ),
    token("polar-token", "polar_at_ polar_oat_ polar_rt_", r"polar_(?:o?at|rt)_[A-Za-z0-9_-]{20,100}"),
    token("persona-key", "persona_", r"persona_(?:production|sandbox)_[a-z0-9_-]{20,80}", has_digit),
    token(
        "onfido-token",
        "api_live api_sandbox",
        r"api_(?:live|sandbox)(?:_(?:us|ca))?\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]{32}",
    ),
    token("checkout-key", "sk_", rf"sk_(?:test_|sbox_)?(?:{UUID}|[a-z0-9]{{26,32}})", has_digit),
    token(
        "crossmint-key",
        "ck_staging_ ck_production_ sk_staging_ sk_production_",
        r"[cs]k_(?:staging|production)_[A-Za-z0-9]{26,512}",
    ),
    token("heartland-key", "skapi_", r"skapi_(?:cert|prod)_[A-Za-z0-9_-]{36,48}"),
    token("seam-key", "seam_", r"seam_(?:test\d?|live)[A-Za-z0-9]{0,6}_[1-9A-HJ-NP-Za-km-z]{22,26}", has_digit),
    token("wepay-token", "stage_ production_", r"(?:STAGE|PRODUCTION)_[0-9a-f]{62}"),
    # Data stores and storage.
    token("xata-key", "xau_", r"xau_[A-Za-z0-9]{36}"),
    token("fauna-key", "fnae", r"fnAE[A-Za-z0-9_-]{36}", has_digit),
    token("astra-token", "astracs:", r"AstraCS:[A-Za-z0-9]{20,32}(?::[a-f0-9]{64})?"),
    token("clickhouse-key", "4b1d", r"4b1d[A-Za-z0-9]{38}", _is_dense),
    token("tigris-secret", "tsec_", r"tsec_[A-Za-z0-9_-]{40,80}", has_digit),
    token("backblaze-key", "k00", r"K00\d[A-Za-z0-9/+]{27}", _is_dense),
    token("imagekit-key", "private_", r"private_[A-Za-z0-9+/]{27}=", has_digit),
    token("cloudsmith-key", "csa_", r"csa_[a-f0-9]{30}[A-Za-z0-9]{6}"),
    token("upcloud-token", "ucat_", r"ucat_[0-9A-Za-z]{24,32}", has_digit),
    # Tools for developers.
    token("deno-token", "ddp_ ddo_ ddw_", r"dd[pow]_[A-Za-z0-9]{36}", has_digit),
    token("infisical-token", _with_hex("st."), r"st\.[a-f0-9]{24}\.[a-f0-9]{32}\.[a-f0-9]{32}"),
    token("zuplo-key", "zpka_", r"zpka_[a-z0-9]{32}_[a-f0-9]{8}"),
    token("svix-key", "testsk_ sk_", r"(?:testsk|sk)_[A-Za-z0-9_-]{28,40}\.[a-z]{2}", has_digit),
    token("nightfall-key", "nf-", r"NF-[A-Za-z0-9]{32}", has_digit),
    token("honeybadger-token", "hbp_", r"hbp_[A-Za-z0-9]{36}", has_digit),
    token("netbird-token", "nbp_", r"nbp_[A-Za-z0-9]{36}", has_digit),
    token("pubnub-key", "sec-c-", rf"sec-c-(?:[A-Za-z0-9]{{48}}|{UUID})"),
    token(
        "growthbook-key",
        "secret_admin_ secret_readonly_ secret_user_",
        r"secret_(?:admin|readonly|user)_[A-Za-z0-9]{32,60}",
    ),
    token(
        "unleash-token", "*:prod *:dev *:*. default:prod default:dev", r"(?:\*|default):[\w*-]{1,40}\.[a-f0-9]{56,64}"
    ),
    token("transifex-token", "1/", r"1/[a-f0-9]{40}"),
    token("rootly-key", "rootly_", r"rootly_[a-f0-9]{64}"),
    token("permit-key", "permit_key_", r"permit_key_[A-Za-z0-9]{60,120}"),
    token("checkly-key", "cu_", r"cu_[a-f0-9]{32}"),
    token("wakatime-key", "waka_", rf"waka_(?:{UUID}|[a-z0-9]{{36,64}})"),
    token("thunderstore-token", "tss_", r"tss_[A-Za-z0-9]{32,40}", has_digit),
    token("val-town-token", "vtwn_", r"vtwn_[A-Za-z0-9_-]{20,80}", has_digit),
    token("devcycle-key", "dvc_server_", r"dvc_server_[A-Za-z0-9]{8,32}(?:_[A-Za-z0-9]{8,32})?", has_digit),
    token(
        "docker-swarm-token",
        "swmtkn-1- swmkey-1-",
        r"SWM(?:TKN-1-[a-z0-9]{50,60}-[a-z0-9]{24,30}|KEY-1-[A-Za-z0-9+/]{40,50})",
    ),
    token("bitbucket-server-token", "bbdc-", r"BBDC-[A-Za-z0-9+/=]{32,64}"),
    token("aikido-token", "aik_ci_ aik_secret_", r"AIK_(?:CI|SECRET)_[A-Za-z0-9]{20,64}", has_digit),
    token("mergify-key", "mergify_application_key_", r"mergify_application_key_[A-Za-z0-9_-]{40,200}"),
    token(
        "workato-token",
        "wrka",
        r"wrka(?:[a-z]{2})?-eyJ[A-Za-z0-9_-]{8,400}\.[A-Za-z0-9_-]{16,600}\.[A-Za-z0-9_-]{64,600}",
    ),
    token("postman-collection-token", "pmat-", r"PMAT-[A-Za-z0-9]{26}", has_digit),
    token("packagist-token", "packagist_", r"packagist_(?:acs|ack|ort|out|uat|uut)_[a-f0-9]{28,96}"),
    token("nylas-key", "nyk_", r"nyk_(?:v0_)?[A-Za-z0-9]{64,67}"),
    token("samsara-token", "samsara_api_", r"samsara_api_[A-Za-z0-9]{26,32}"),
    token("canva-secret", "cnvca", r"cnvca[a-zA-Z0-9_-]{51}"),
    token("adobe-secret", "p8e-", r"p8e-[A-Za-z0-9_-]{32}", has_digit),
    token("ionic-token", "ion_", r"ion_[A-Za-z0-9]{42}", has_digit),
    token("lichess-token", "lip_", r"lip_[A-Za-z0-9]{20}", has_digit),
    token("arcjet-key", "ajkey_", r"ajkey_[a-z0-9]{26}"),
    token("block-protocol-key", "b10ck5.", rf"b10ck5\.[A-Za-z0-9]{{32}}\.(?:{UUID}|[A-Za-z0-9]{{36}})"),
    token("branch-key", "key_live_ key_test_", r"key_(?:live|test)_[A-Za-z0-9]{18,36}", has_digit),
    token("databento-key", "db-", r"db-[A-Za-z0-9]{29}", _is_dense),
    token("dryrun-key", "dryrunsec_", r"dryrunsec_[A-Za-z0-9]{32}"),
    token("dependency-track-key", "odt_", r"odt_[A-Za-z0-9]{32,42}(?:_[A-Za-z0-9]{32})?", has_digit),
    token("dub-key", "dub_", r"dub_[A-Za-z0-9]{24}", has_digit),
    token("appsweep-key", "gs_appsweep_", r"gs_appsweep_[A-Za-z0-9_-]{24,40}", has_digit),
    token("hex-token", "hxtw_ hxtp_", r"hxt[wp]_[0-9a-f]{96}"),
    token("hop-token", "ptk_", r"ptk_[A-Za-z0-9_-]{42}", _is_dense),
    token("iterative-token", "isat_", r"isat_[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    token("mappedin-secret", "mis_ mik_", r"mi[sk]_[A-Za-z0-9]{25,51}", _is_dense),
    token("open-vsx-token", "ovsxat_ ovsxp_", rf"ovsx(?:at|p)_{UUID}"),
    token("pangea-token", "pts_", r"pts_[a-z0-9]{32}", has_digit),
    token("portainer-token", "ptr_", r"ptr_[A-Za-z0-9/+_=-]{32,48}", _is_dense),
    token("riot-key", "rgapi-", r"RGAPI-[A-Za-z0-9_-]{36}", has_digit),
    token("shortcut-token", "sct_", r"sct_(?:rs|rwa|rw|r|w)_[a-z0-9-]{1,60}_[A-Za-z0-9_-]{40,240}", has_digit),
    token("tolgee-token", "tgpak_ tgpat_", r"tgpa[kt]_[a-z0-9]{40,60}", has_digit),
    token("trend-micro-key", "tmc1", r"tmc1[A-Za-z0-9]{28}:[A-Za-z0-9]{62}"),
    token("warpstream-key", "aks_", r"aks_[a-f0-9]{64}"),
    token("thingsboard-token", "thingsboard.cloud/api/v1/", r"thingsboard\.cloud/api/v1/[A-Za-z0-9]{20}"),
    token("proof-key", "prf_", r"prf_(?:cli_)?(?:test_|live_)?[A-Za-z0-9_-]{22,80}", _is_dense),
    token("pinterest-refresh-token", "pinr_", r"pinr_[A-Za-z0-9._-]{22,400}", has_digit),
    token("grafana-legacy-key", "eyjrijoi", r"eyJrIjoi[A-Za-z0-9+/]{40,380}={0,2}"),
    token("miro-token", "eyjtaxjv", r"eyJtaXJv[A-Za-z0-9-]{10,64}_[A-Za-z0-9_-]{20,64}"),
    token("endor-key", "endr+", r"endr\+[A-Za-z0-9-]{16}"),
    token("asaas-key", "$aact_", r"\$aact_(?:prod|hmlg)_[A-Za-z0-9_-]{20,200}"),
    token(
        "braintree-client-key", "production_ sandbox_", r"(?:production|sandbox)_[a-z0-9]{8}_[a-z0-9]{16}", has_digit
    ),
    within(
        "authress-key",
        ".acc- .acc_",
        r"[A-Za-z0-9]{4,6}\.[A-Za-z0-9]{5,30}_(?:cs|txe|htuacs|sserhtua)",
        r"\.acc[_-][A-Za-z0-9-]{10,32}\.[A-Za-z0-9+/_=-]{30,120}",
    ),
    within("tableau-token", "==:", r"[A-Za-z0-9+/]{22}", r"==:[A-Za-z0-9]{32}"),
    # Whose users sign in: stores, networks, identities.
    token("amazon-lwa-secret", "amzn1.oa2-cs.", r"amzn1\.oa2-cs\.v1\.[a-f0-9]{64}"),
    token("amazon-lwa-token", "atza| atzr| atza%7c atzr%7c", r"Atz[ar](?:\||%7[Cc])[A-Za-z0-9_-]{60,1200}"),
    token("ebay-token", "v^1.1#i^1#", r"v\^1\.1#i\^1#[A-Za-z0-9^#+/=]{40,4000}"),
    token(
        "microsoft-refresh-token", "m.c5 m.r3", r"M\.[CR]\d{2,3}_[A-Z0-9]{3}\.[A-Z0-9.]{0,8}-[A-Za-z0-9!*$_-]{60,2000}"
    ),
    token("entra-refresh-token", "0.a 1.a", r"[01]\.A[A-Za-z0-9_-]{40,120}\.Ag[A-Za-z0-9_-]{100,3000}"),
    token("tiktok-token", "act.", r"act\.!?[A-Za-z0-9!]{48,120}", has_digit),
    token("twitch-token", "oauth:", r"oauth:[a-z0-9]{30}", has_digit),
    token("fcm-server-key", "aaaa", r"AAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{100,200}"),
    token("discord-mfa-token", "mfa.", r"mfa\.[A-Za-z0-9_-]{84}"),
    token("vk-token", "vk1.a.", r"vk1\.a\.[A-Za-z0-9_-]{80,400}"),
    token("yandex-oauth-token", "y0_ y1_ y2_ y3_", r"y[0-3]_[A-Za-z0-9_-]{39,64}", _is_dense),
    token("linkedin-token", "aqu aqv aqw aqx", r"AQ[U-X][A-Za-z0-9_-]{120,600}", _is_dense),
    token("jumpcloud-key", "jca_", r"jca_[A-Za-z0-9]{36}", has_digit),
    token("dashlane-key", "dls_", r"dls_[A-Z0-9]{18}_[A-Za-z0-9]{40,80}"),
    token("google-hmac-id", "goog1", r"GOOG1[A-Z0-9]{56,60}"),
    part(
        "bundler-credentials",
        ("bundle_",),
        r"BUNDLE_[A-Z0-9_]{1,80}__[A-Z]{2,10}[\"']?\s?[=:]\s?[\"']?([^\s\"':=$]{1,80}:[^\s\"']{3,128})",
    ),
    part(
        "truenas-key",
        ("login_with_api_key",),
        r"login_with_api_key[\"']\s*,\s*[\"']params[\"']\s*:\s*\[\s*[\"'](\d{1,6}-[A-Za-z0-9]{64})",
    ),
    token("alibaba-sts-key", "sts.", r"STS\.[A-Za-z0-9]{20,64}", _is_dense),
)
