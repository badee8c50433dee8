"""Credentials of cloud and hosting providers, by the formats they document."""

from __future__ import annotations

from agent_audit.redaction.rules.model import Rule, part, token, within

CLOUD: tuple[Rule, ...] = (
    # AWS IAM identifiers: four-letter prefix by kind of key, 16 characters of base 32.
    token("aws-access-key", "akia asia abia acca a3t", r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}"),
    token("google-oauth-code", "4/0a", r"4/0A[A-Za-z0-9_-]{40,120}"),
    token("aws-bedrock-key", "absk", r"ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
    token(
        "aws-bedrock-key-short",
        "bedrock-api-key-",
        r"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[A-Za-z0-9+/=_-]{0,2000}",
    ),
    part("aws-signature", ("x-amz-signature=",), r"(?i:x-amz-signature)=([0-9a-fA-F]{64})"),
    part(
        "aws-security-token",
        ("x-amz-security-token=",),
        r"(?i:x-amz-security-token)=([A-Za-z0-9%+/=_.-]{16,4000})",
    ),
    token("google-api-key", "aiza", r"AIza[A-Za-z0-9_-]{35}"),
    token("google-oauth-secret", "gocspx-", r"GOCSPX-[A-Za-z0-9_-]{20,40}"),
    token("google-access-token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,2048}"),
    token("google-refresh-token", "1//0", r"1//0[A-Za-z0-9_-]{35,256}"),
    # Microsoft Entra client secrets: 3 characters, digit, `Q~`, 31 to 34 characters.
    within("azure-client-secret", "q~", r"[0-9][A-Za-z0-9_~.-]{3}", r"Q~[A-Za-z0-9_~.-]{31,34}"),
    part("azure-sas", ("sig=",), r"sig=([A-Za-z0-9%+/]{40,100}(?:%3[Dd]|=){0,2})"),
    # Azure keys carry a checkable signature in fixed places (Microsoft's common annotated security keys).
    within("azure-key", "jqqj99", r"[A-Za-z0-9+/]{52}", r"JQQJ99[A-Za-z0-9+/]{20,40}={0,2}"),
    part(
        "azure-storage-key",
        ("azure.account.key.",),
        r"azure\.account\.key\.[\w.-]{1,128}[\"']?(?:\s{0,4}[=:,]\s{0,4}|\s)[\"']?([A-Za-z0-9+/]{40,88}={0,2})",
    ),
    within("azure-storage-key", "+ast", r"[A-Za-z0-9/+]{76}", r"\+ASt[A-Za-z0-9+/]{5,10}={0,2}"),
    token("alibaba-access-key", "ltai", r"LTAI[A-Za-z0-9]{17,24}"),
    token("tencent-secret-id", "akid", r"AKID[A-Za-z0-9]{32,40}"),
    token(
        "yandex-key",
        "aqvn ycaj t1.9eu",
        r"(?:AQVN[A-Za-z0-9_-]{35,38}|YCAJ[A-Za-z0-9_-]{21,36}|t1\.9eu[A-Za-z0-9_.=-]{40,300})",
    ),
    token("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    token("heroku-key", "hrku-", r"HRKU-[A-Za-z0-9_-]{36,62}"),
    token("cloudflare-origin-key", "v1.0-", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{100,160}"),
    token("cloudflare-token", "cfut_ cfat_ cfk_", r"cf(?:ut|at|k)_[A-Za-z0-9_-]{36,64}"),
    token(
        "flyio-token",
        "fo1_ fm1r_ fm2_",
        r"(?:fo1_[A-Za-z0-9_-]{40,}|fm1r_[A-Za-z0-9+/=_-]{60,}|fm2_[A-Za-z0-9+/=_-]{60,})",
    ),
    token(
        "vercel-token",
        "vcp_ vca_ vck_ vci_ vcr_ vercel_blob_rw_",
        r"(?:vc[pakir]_[A-Za-z0-9_-]{24,100}|vercel_blob_rw_[A-Za-z0-9_]{20,80})",
    ),
    token("netlify-token", "nfp_ nfc_ nfo_ nfb_ nfu_", r"nf[pcobu]_[A-Za-z0-9_-]{36,60}"),
    token("render-key", "rnd_", r"rnd_[A-Za-z0-9]{28,40}"),
    token("supabase-key", "sbp_ sb_secret_", r"(?:sbp_(?:v0_)?[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{24,60})"),
    token("planetscale-token", "pscale_", r"pscale_(?:tkn|pw|oauth|oauthrefresh|sec)_[A-Za-z0-9=._-]{32,64}"),
    token("databricks-token", "dapi dkea dose", r"(?:dapi|dkea|dose)[a-f0-9]{32}(?:-\d)?"),
    token("confluent-key", "cflt", r"cflt[A-Za-z0-9+/]{60}"),
    within("terraform-token", ".atlasv1.", r"[A-Za-z0-9]{14}", r"\.atlasv1\.[A-Za-z0-9=_-]{60,70}"),
    token("vault-token", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{24,300}"),
    token(
        "doppler-token",
        "dp.",
        r"dp\.(?:ct|pt|st|sa|scim|audit|scrt)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",
    ),
    token("pulumi-token", "pul-", r"pul-[a-f0-9]{40}"),
    token("tailscale-key", "tskey-", r"tskey-[a-z]+-[A-Za-z0-9]+(?:-[A-Za-z0-9]+)?"),
    token("dynatrace-token", "dt0", r"dt0[a-z]\d{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}"),
    token("newrelic-key", "nrak- nrjs- nrii- nraa- nriq-", r"NR(?:AK|JS|II|AA|IQ|RA|SP)-[A-Za-z0-9_-]{19,32}"),
    token(
        "grafana-token",
        "glc_ glsa_",
        r"(?:glc_[A-Za-z0-9+/]{32,400}={0,3}|glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})",
    ),
    token("sentry-token", "sntrys_ sntryu_ sntrya_", r"sntry(?:s_[A-Za-z0-9+/=_-]{30,400}|[ua]_[a-f0-9]{64})"),
    token("honeycomb-key", "hcaik_ hcalk_ hcxik_ hcxlk_", r"hc[a-z][il]k_[a-z0-9]{58}"),
    token(
        "age-secret-key",
        "age-secret-key-1 age-secret-key-pq-1",
        r"(?i:AGE-SECRET-KEY-(?:PQ-)?1)[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    ),
    token("infracost-key", "ico-", r"(?<!\.)ico-[A-Za-z0-9]{32}"),
    token("scalingo-token", "tk-us-", r"tk-us-[A-Za-z0-9_-]{48}"),
    token("openshift-token", "sha256~", r"sha256~[A-Za-z0-9_-]{43}"),
    token("prefect-key", "pnu_ pnb_", r"pn[ub]_[A-Za-z0-9]{36}"),
    # 32 hexadecimal digits are the end of a page's address in Notion.
    token("octopus-key", "api-", r"API-(?![0-9A-F]{32}(?![A-Z0-9]))[A-Z0-9]{25,36}"),
    token("harness-key", "pat. sat.", r"[ps]at\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}"),
    token("mongodb-atlas-secret", "mdb_sa_sk_", r"mdb_sa_sk_[A-Za-z0-9_-]{40}"),
    within("maxmind-key", "_mmk", r"[A-Za-z0-9]{29}_[A-Za-z0-9]{6}", r"_mmk"),
)
