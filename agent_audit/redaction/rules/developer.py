"""Tokens of code hosts, package registries, build and test services."""

from __future__ import annotations

import re

from agent_audit.redaction.rules.model import Rule, part, token, within
from agent_audit.redaction.validators import is_checked_token

DEVELOPER: tuple[Rule, ...] = (
    # GitHub: prefix by kind; 36 characters with a checksum, longer ones are announced.
    token("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}", is_checked_token),
    token("github-fine-grained-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{36,255}"),
    # GitLab: prefix by kind; routable tokens add dotted parts.
    token(
        "gitlab-token",
        "glpat- gldt- glptt- glrt- glrtr- glcbt- glimt- glft- glagent- gloas- glsoat- glffct- glwt-",
        r"gl(?:ptt-(?=[\w-]{40}(?![\w-]))|agent-(?=[\w-]{40})|(?:pat|dt|rtr?|cbt|imt|ft|oas|soat|ffct|wt)-)[A-Za-z0-9_=-]{20,300}(?:\.[0-9a-z]{2}\.?[0-9a-z]{7,9})?",
    ),
    token("gitlab-runner-token", "gr1348941", r"GR1348941[A-Za-z0-9_-]{20,50}"),
    part("gitlab-session", ("_gitlab_session=",), r"(_gitlab_session=[0-9a-z]{32})"),
    token("bitbucket-token", "atctt3 atbb", r"(?:ATCTT3[A-Za-z0-9+/=_-]{24,400}|ATBB[A-Za-z0-9]{24,40})"),
    token("atlassian-token", "atatt3", r"ATATT3[A-Za-z0-9_=.-]{100,250}"),
    token("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}", is_checked_token),
    part(
        "npmrc-token",
        ("_authtoken", "_auth=", "_auth ="),
        r"(?<![\w.])_auth(?:[Tt]oken)?\s{0,3}=\s{0,3}[\"']?([A-Za-z0-9+/=_.-]{16,400})(?![\w(\[])",
    ),
    token("pypi-token", "pypi-", r"pypi-(?:AgEI|AgEN)[A-Za-z0-9_-]{50,1000}"),
    token("rubygems-key", "rubygems_", r"rubygems_[a-f0-9]{48}"),
    token("crates-token", "cio", r"cio[A-Za-z0-9]{32}"),
    token("nuget-key", "oy2", r"oy2[a-z0-9]{43}"),
    token("clojars-token", "clojars_", r"(?i:clojars_)[a-z0-9]{60}"),
    token("docker-token", "dckr_pat_ dckr_oat_", r"dckr_[po]at_[A-Za-z0-9_-]{27,40}"),
    token("jfrog-key", "akcp cmvmd", r"(?:AKCp[A-Za-z0-9]{68,70}|cmVmd[A-Za-z0-9]{59})"),
    token("sonarqube-token", "sqp_ sqa_ squ_", r"sq[pau]_[a-f0-9]{40}"),
    token("sourcegraph-token", "sgp_", r"sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}"),
    token("sourcegraph-cody-token", "slk_", r"slk_[a-f0-9]{64}"),
    token("postman-key", "pmak-", r"PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}"),
    token("launchdarkly-key", "api- sdk- mob-", r"(?:api|sdk|mob)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    token("circleci-token", "ccipat_ cciprj_", r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[a-z0-9]{40}"),
    token(
        "buildkite-token",
        "bkua_ bkaa_ bkaj_ bkar_ bkct_ bkpt_ bkps_ bkcq_ bkpat_",
        r"bk(?:[a-z]{2}|pat)_[A-Za-z0-9_-]{36,340}",
    ),
    token("airtable-token", "pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    token(
        "notion-token",
        "ntn_ secret_",
        r"(?:ntn_[0-9]{11}[A-Za-z0-9]{35}|ntn_[A-Za-z0-9]{46}|secret_[A-Za-z0-9]{43})",
    ),
    token("linear-key", "lin_api_ lin_oauth_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"),
    token("figma-token", "figd_ figu_ figo_", r"fig[duo]_[A-Za-z0-9_-]{36,64}"),
    token("asana-token", "0/1 1/1 2/1 2/4", r"[0-2]/[1-9][0-9]{15}(?:/[0-9]{16})?:[a-f0-9]{32}"),
    token("typeform-token", "tfp_", r"tfp_[A-Za-z0-9_.=-]{40,59}"),
    token("readme-key", "rdme_", r"rdme_[a-z0-9]{70}"),
    token("frameio-token", "fio-u-", r"fio-u-[A-Za-z0-9_=-]{64}"),
    token("contentful-token", "cfpat-", r"CFPAT-[A-Za-z0-9_-]{43}"),
    token("prismic-token", "mc5x", r"MC5x[A-Za-z0-9._-]{50,150}"),
    token(
        "hubspot-token",
        "pat-na1- pat-eu1- pat-na2-",
        r"pat-(?:na|eu)\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    token("posthog-key", "phc_ phx_ phs_ pha_ phr_", r"ph[cxsar]_[A-Za-z0-9_-]{36,64}"),
    token("adafruit-key", "aio_", r"aio_[A-Za-z0-9]{28}"),
    token("intra42-secret", "s-s4t2ud- s-s4t2af-", r"s-s4t2(?:ud|af)-[a-f0-9]{64}"),
    token("settlemint-token", "sm_aat_ sm_pat_ sm_sat_", r"sm_[aps]at_[A-Za-z0-9]{16}"),
    token("defined-token", "dnkey-", r"dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}"),
    token("stackhawk-key", "hawk.", r"hawk\.[A-Za-z0-9_-]{20}\.[A-Za-z0-9_-]{20}"),
    token("ubidots-key", "bbff-", r"BBFF-[A-Za-z0-9]{30}"),
    token("lob-key", "live_ test_", r"(?:live|test)_(?:pub_)?[a-f0-9]{31,35}"),
    token("snyk-token", "snyk_", r"snyk_(?:uat|sat)\.[a-z0-9]{8}\.[A-Za-z0-9_.-]{40,400}"),
    token("apify-token", "apify_api_", r"apify_api_[A-Za-z0-9-]{34,38}"),
    token("zapier-hook", "hooks.zapier.com/hooks/catch/", r"hooks\.zapier\.com/hooks/catch/[A-Za-z0-9/]{10,60}"),
    token("easypost-key", "ezak eztk", r"EZ[AT]K[A-Za-z0-9]{54}"),
    token("duffel-token", "duffel_test_ duffel_live_", r"duffel_(?:test|live)_[A-Za-z0-9_=-]{43}"),
    token("shippo-token", "shippo_live_ shippo_test_", r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    token("beamer-token", "b_", r"b_[A-Za-z0-9=_-]{44}"),
    within("mailchimp-key", "-us", r"[0-9a-f]{32}", r"-us[0-9]{1,2}"),
    # bcrypt, argon2, SHA-crypt: a password's hash is worth guessing at.
    Rule("password-hash", ("$2a$", "$2b$", "$2y$"), re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")),
    Rule(
        "password-hash-crypt",
        ("$argon2", "$5$", "$6$", "$1$", "$apr1$", "$y$", "$gy$", "$7$", "$8$", "$9$", "pbkdf2_sha", "{ssha", "{smd5}"),
        re.compile(
            r"\$(?:argon2(?:id|i|d)\$[^\s\"']{20,300}|(?:1|5|6|apr1)\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22,86}"
            r"|g?y\$[./A-Za-z0-9]{1,12}\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}|7\$[./A-Za-z0-9]{11,90}\$[./A-Za-z0-9]{43}"
            r"|[89]\$[./A-Za-z0-9]{14}\$[./A-Za-z0-9]{43})"  # of Cisco
            # Django; LDAP (RFC 2307).
            r"|pbkdf2_sha\d{1,3}\$\d{4,8}\$[./A-Za-z0-9]{8,64}\$[A-Za-z0-9+/]{20,90}={0,2}"
            r"|\{(?i:SSHA(?:256|384|512)?|SMD5)\}[A-Za-z0-9+/]{24,200}={0,2}"
        ),
    ),
    Rule(
        "kerberos-hash",
        ("$krb5tgs$", "$krb5asrep$", "$krb5pa$"),
        re.compile(r"\$krb5(?:tgs|asrep|pa)\$\d{1,2}\$[^\s\"']{32,8192}"),
    ),
)
