"""Keys of data stores, identity providers, shops, payments, work and more AI services, by their documented prefixes."""

from __future__ import annotations

from agent_audit.redaction.rules.model import Rule, part, token, within
from agent_audit.redaction.validators import has_digit

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

PLATFORMS: tuple[Rule, ...] = (
    # AI services.
    token("cerebras-key", "csk-", r"csk-[A-Za-z0-9]{40,60}", has_digit),
    token("together-key", "tgp_v1_", r"tgp_v1_[A-Za-z0-9_-]{40,60}"),
    token("anyscale-key", "esecret_", r"esecret_[A-Za-z0-9]{20,60}"),
    token("friendli-token", "flp_", r"flp_[A-Za-z0-9]{40,60}"),
    token("modal-token", "ak- as-", r"a[ks]-[A-Za-z0-9]{22}", has_digit),
    token("browserbase-key", "bb_live_ bb_test_", r"bb_(?:live|test)_[A-Za-z0-9_-]{20,60}"),
    token("langchain-hub-key", "ls__", r"ls__[a-f0-9]{32}"),
    token("llama-cloud-key", "llx-", r"llx-[A-Za-z0-9]{40,60}"),
    token("logfire-token", "pylf_v", r"pylf_v\d_[a-z]{2}_[A-Za-z0-9]{40,60}"),
    token("smithery-key", "smry_", r"smry_[A-Za-z0-9]{24,64}"),
    token("composio-key", "comp_", r"comp_[A-Za-z0-9]{24,64}", has_digit),
    # Data stores and data tools.
    token("neon-key", "napi_", r"napi_[A-Za-z0-9]{48,72}"),
    token("aiven-password", "avns_", r"AVNS_[A-Za-z0-9_-]{19}"),
    token("aiven-token", "aivenv1", r"aivenv1[A-Za-z0-9+/=]{100,400}"),
    token("cockroach-key", "ccdb1_", r"CCDB1_[A-Za-z0-9]{22}_[A-Za-z0-9]{40}"),
    token("elastic-cloud-key", "essu_", r"essu_[A-Za-z0-9+/_-]{40,200}={0,2}"),
    token("dbt-token", "dbtc_ dbtu_ dbts_", r"dbt[cus]_[A-Za-z0-9_-]{30,60}"),
    token("axiom-token", "xaat- xapt-", rf"xa(?:at|pt)-{_UUID}"),
    token("influx-token", "apiv3_", r"apiv3_[A-Za-z0-9_-]{60,100}"),
    token("convex-key", "prod:", r"prod:[a-z]+-[a-z]+-\d{3}\|[A-Za-z0-9+/=]{40,400}"),
    token("appwrite-key", "standard_", r"standard_[a-f0-9]{180,300}"),
    token("tinybird-token", "p.eyj", r"p\.eyJ[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{20,100}"),
    # Identity and secrets.
    part("okta-token", ("ssws ",), r"(?i:SSWS) (00[A-Za-z0-9_-]{38,42})"),
    token("ory-token", "ory_", r"ory_(?:at|rt|pat|ac|st|lo)_[A-Za-z0-9_.-]{20,128}"),
    token("stytch-secret", "secret-live- secret-test-", r"secret-(?:live|test)-[A-Za-z0-9_-]{30,60}={0,2}"),
    token("unkey-key", "unkey_", r"unkey_[A-Za-z0-9]{20,40}"),
    token("onepassword-token", "ops_eyj", r"ops_eyJ[A-Za-z0-9_-]{100,2000}={0,2}"),
    token(
        "onepassword-secret-key", "a3-", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"
    ),
    token("teleport-token", "cap_", r"cap_[a-f0-9]{32,64}"),
    # Hosting and networks.
    within("azure-devops-token", "azdo", r"[A-Za-z0-9]{76}", r"AZDO[A-Za-z0-9]{4}"),
    within("azure-function-key", "azfu", r"[A-Za-z0-9_-]{44}", r"AzFu[A-Za-z0-9_-]{4,10}={0,2}"),
    within("azure-search-key", "azse", r"[A-Za-z0-9]{42}", r"AzSe[A-Za-z0-9]{6}"),
    within("azure-cache-key", "azca", r"[A-Za-z0-9]{33}", r"AzCa[A-Za-z0-9+/]{5,8}={0,2}"),
    within("azure-cosmos-key", "acdb", r"[A-Za-z0-9+/]{76}", r"ACDb[A-Za-z0-9+/]{4,8}={0,2}"),
    within("azure-registry-key", "+acr", r"[A-Za-z0-9+/]{42}", r"\+ACR[A-Za-z0-9+/]{4,8}={0,2}"),
    within("azure-event-hub-key", "+aeh", r"[A-Za-z0-9+/]{33}", r"\+AEh[A-Za-z0-9+/]{4,8}={0,2}"),
    within("azure-service-bus-key", "+asb", r"[A-Za-z0-9+/]{33}", r"\+ASb[A-Za-z0-9+/]{4,8}={0,2}"),
    token("scaleway-access-key", "scw", r"SCW[A-Z0-9]{17}", has_digit),
    token("exoscale-key", "exo", r"EXO[a-fA-F0-9]{24,32}"),
    token("akamai-token", "akab-", r"akab-[a-z0-9]{16}-[a-z0-9]{16}"),
    token("ngrok-key", "ak_ cr_", r"(?:ak|cr)_[A-Za-z0-9]{27}", has_digit),
    token("zerotier-token", "zt_", r"zt_[A-Za-z0-9]{32}"),
    token("socket-token", "sktsec_", r"sktsec_[A-Za-z0-9_-]{20,80}(?:_api)?"),
    token("deepsource-token", "dsp_", r"dsp_[a-f0-9]{40}"),
    token("semgrep-token", "sgt_", r"sgt_[a-f0-9]{60,70}"),
    token("trunk-token", "trunk_", r"trunk_[a-f0-9]{32,64}"),
    token("flagsmith-key", "ser.", r"ser\.[A-Za-z0-9]{20,30}", has_digit),
    token("statsig-key", "secret-", r"secret-[A-Za-z0-9]{40,60}", has_digit),
    token("configcat-key", "configcat-sdk-1/", r"configcat-sdk-1/[A-Za-z0-9_-]{22}/[A-Za-z0-9_-]{22}"),
    token("rollbar-token", "rollbar_", r"rollbar_[a-f0-9]{32}"),
    part("pagerduty-token", ("token token=",), r"(?i:Token token)=([A-Za-z0-9_+-]{18,32})"),
    # Payments and shops.
    token("woocommerce-key", "ck_ cs_", r"c[ks]_[a-f0-9]{40}"),
    token("mollie-key", "live_ test_", r"(?:live|test)_[A-Za-z0-9]{30}", has_digit),
    token("gocardless-token", "live_ sandbox_", r"(?:live|sandbox)_[A-Za-z0-9_-]{40}", has_digit),
    token(
        "paddle-key",
        "pdl_live_ pdl_sdbx_",
        r"pdl_(?:live|sdbx)_(?:apikey|ntfset)_[a-z0-9]{26}_[A-Za-z0-9+/]{22,40}(?:_[A-Za-z0-9]{3})?",
    ),
    token("xendit-key", "xnd_", r"xnd_(?:production|development|public_\w{4,12})_[A-Za-z0-9]{40,120}"),
    token("midtrans-key", "mid-server-", r"(?:SB-)?Mid-server-[A-Za-z0-9_-]{16,40}"),
    token(
        "mercadopago-token",
        "app_usr- test-",
        r"(?:APP_USR|TEST)-\d{10,20}-\d{6}-[a-f0-9]{32}(?:__[A-Z]{2}_[A-Z]{2}__)?-\d{5,12}",
    ),
    token("pagarme-key", "ak_live_ ak_test_", r"ak_(?:live|test)_[A-Za-z0-9]{24,64}"),
    token("adyen-key", "aqe", r"AQE[A-Za-z0-9][A-Za-z0-9+/=.*^{}:~<>&%@,;!$()\[\]-]{80,400}"),
    token("paypal-token", "a21aa", r"A21AA[A-Za-z0-9_-]{80,140}"),
    token("coinbase-key", "organizations/", rf"organizations/{_UUID}/apiKeys/{_UUID}"),
    token("bitcoin-extended-key", "xprv yprv zprv tprv", r"[xyzt]prv[1-9A-HJ-NP-Za-km-z]{100,112}"),
    # Mail, messages, work.
    token("mailersend-token", "mlsn.", r"mlsn\.[A-Za-z0-9]{30,100}"),
    token("courier-key", "pk_prod_ pk_test_", r"pk_(?:prod|test)_[A-Z0-9]{28}"),
    token("klaviyo-key", "pk_", r"pk_[a-f0-9]{34}"),
    token("clickup-token", "pk_", r"pk_\d{6,10}_[A-Z0-9]{32,36}"),
    token("zoho-token", "1000.", r"1000\.[a-f0-9]{32}\.[a-f0-9]{32}"),
    token("trello-token", "atta", r"ATTA[a-f0-9]{64,72}"),
    token("dropbox-token", "sl.", r"sl\.(?:u\.)?[A-Za-z0-9_-]{130,1600}"),
    token("pinterest-token", "pina_", r"pina_[A-Z0-9]{60,400}"),
    token("linkedin-secret", "wpl_ap1.", r"WPL_AP1\.[A-Za-z0-9]{16}\.[A-Za-z0-9+/]{6}=="),
    token("instagram-token", "igqw igqv igaa", r"IG(?:Q[VW]|AA)[A-Za-z0-9_-]{60,300}"),
    token("facebook-app-token", "eaa", r"EAA[A-Za-z0-9]{80,400}"),
    token("mattermost-webhook", "/hooks/", r"/hooks/[a-z0-9]{26}"),
    token(
        "google-chat-webhook",
        "chat.googleapis.com/",
        r"chat\.googleapis\.com/v1/spaces/[A-Za-z0-9_-]{6,40}/messages\?key=[A-Za-z0-9_&=%.-]{40,200}",
    ),
    token(
        "power-automate-webhook",
        ".powerplatform.com",
        r"\.powerplatform\.com(?::443)?/powerautomate/automations/[^\s\"'<>]{40,600}",
    ),
    token("make-webhook", "hook.eu hook.us", r"hook\.(?:eu|us)\d\.make\.com/[a-z0-9]{32}"),
    token(
        "ifttt-webhook",
        "maker.ifttt.com/",
        r"maker\.ifttt\.com/(?:trigger|use)/[^\s\"']{1,80}/key/[A-Za-z0-9_-]{20,60}",
    ),
    token("teamwork-token", "tkn.v1_", r"tkn\.v1_[A-Za-z0-9+/]{40,120}={0,2}"),
    token("storyblok-token", "sb_", r"sb_[A-Za-z0-9]{22,64}", has_digit),
    token("home-assistant-webhook", "hooks.nabu.casa/", r"hooks\.nabu\.casa/[A-Za-z0-9_-]{40,160}"),
)
