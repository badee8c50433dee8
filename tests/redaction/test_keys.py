"""Key names: what makes a value a secret, and what must not."""

from __future__ import annotations

import pytest

from agent_audit.redaction import DefaultRedactor, redact
from agent_audit.redaction.names import vocabulary
from agent_audit.redaction.names.keys import (
    KeyClass,
    KeyClassifier,
    extra_key_rule,
    field_name,
    name_words,
    segments,
    sensitive_last_words,
)

SECRET = "orchid-blue-42"

SENSITIVE = """
    password passwd db_password dbPassword DB_PASSWORD PGPASSWORD user.password pw pwd passphrase
    secret client_secret clientSecret webhookSecret token access_token accessToken refresh-token
    X-Auth-Token csrf_token id_token api_key apiKey APIKey x-api-key Api~Key OPENAI_API_KEY
    private_key signingKey encryption_key deploy_key account_key secret_access_key Authorization
    authorization Set-Cookie cookie sessionid PHPSESSID recovery_code mfa_code credentials pin otp
    cvv ssn contraseña Passwort password_confirmation api_key_prod password2
    http.request.header.authorization seed_phrase
""".split()  # noqa: SIM905  # easier to read

HARMLESS = """
    max_tokens token_count total_tokens tokens tokenizer token_type token_limit token_budget
    eos_token next_page_token primary_key primaryKey sort_key foreign_key partition_key cache_key
    object_key public_key keyboard keyboard_layout hotkey monkey turkey keys key_findings
    password_policy password_reset_url password_required has_password is_secret secret_count
    secretary author author_id authors authenticated auth_method session_id session_count pinned
    pinned_version opinion shipping spinner passenger_count passage compass_heading bypass_cache
    pass_rate credit_limit cookies_enabled certificate_count token_endpoint credentials_type
    secrets_manager_region idempotency_key_header keyframe keynote
""".split()  # noqa: SIM905  # easier to read


@pytest.mark.parametrize("key", SENSITIVE)
def test_the_value_under_a_sensitive_key_is_masked(redactor: DefaultRedactor, key: str) -> None:
    out = redactor.redact({key.replace("~", " "): SECRET})
    assert SECRET not in str(out.value)
    assert out.hits[0].rule.startswith("key:")


@pytest.mark.parametrize("key", HARMLESS)
def test_the_value_under_a_harmless_key_survives(redactor: DefaultRedactor, key: str) -> None:
    payload = {key: SECRET, "n": {key: 5}}
    out = redactor.redact(payload)
    assert out.value == payload
    assert not out.hits


@pytest.mark.parametrize("value", [None, True, False, "", 0, 17, 2.5])
def test_what_can_be_no_secret_survives_under_a_sensitive_key(redactor: DefaultRedactor, value: object) -> None:
    assert redactor.redact({"token": value}).value == {"token": value}


@pytest.mark.parametrize("key", ["pin", "otp", "cvv", "ssn", "password"])
def test_numbers_are_secrets_under_keys_whose_secrets_are_numbers(redactor: DefaultRedactor, key: str) -> None:
    assert "4711" not in str(redactor.redact({key: 4711}).value)


def test_the_working_directory_is_no_password(redactor: DefaultRedactor) -> None:
    assert redactor.redact({"PWD": "/srv/app"}).value == {"PWD": "/srv/app"}


def test_a_json_schema_of_a_sensitive_field_survives(redactor: DefaultRedactor) -> None:
    schema = {"properties": {"password": {"type": "string", "description": "at least 12 characters"}}}
    assert redactor.redact(schema).value == schema


def test_everything_inside_a_sensitive_key_is_masked_but_what_describes_it(redactor: DefaultRedactor) -> None:
    out = redactor.redact({"secrets": {"DB": SECRET, "list": [SECRET], "type": "opaque"}}).value
    assert SECRET not in str(out)
    assert out["secrets"]["type"] == "opaque"


@pytest.mark.parametrize(
    "payload",
    [
        {"name": "password", "value": SECRET},
        {"env": [{"key": "DB_PASSWORD", "value": SECRET}]},
        {"headers": [["Authorization", SECRET], ["Accept", "text/html"]]},
        {"headers": [(b"authorization", SECRET.encode())]},
        {"columns": ["id", "password"], "rows": [[1, SECRET]]},
        {"argv": ["psql", "--password", SECRET]},
        {b"api_key": SECRET},
    ],
)
def test_a_name_beside_its_value_counts_as_a_key(redactor: DefaultRedactor, payload: object) -> None:
    assert SECRET not in str(redactor.redact(payload).value)


def test_a_value_named_beside_it_stays_masked_whole_when_a_token_is_inside(redactor: DefaultRedactor) -> None:
    payload = {"name": "password", "value": f"{SECRET} and ghp_{'a1B2' * 9} too"}
    out = redactor.redact(payload)
    assert out.value == {"name": "password", "value": "[REDACTED:key:password]"}
    assert [hit.rule for hit in out.hits] == ["key:password"]


def test_a_list_of_field_names_is_no_header_pair(redactor: DefaultRedactor) -> None:
    payload = {"required": ["password", "username"]}
    assert redactor.redact(payload).value == payload


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("AWSSecretAccessKey", ["aws", "secret", "access", "key"]),
        ("x-api-key", ["x", "api", "key"]),
        ("gen_ai.usage.inputTokens", ["gen", "ai", "usage", "input", "tokens"]),
    ],
)
def test_names_are_split_at_case_and_separators(name: str, parts: list[str]) -> None:
    assert segments(name) == parts


def told(name: str) -> str | None:
    """Rule and kind of what a name says, in short."""
    found = KeyClassifier().classify(name)
    if found is None or found.joint:
        return found and "joint"
    kinds = [kind for kind in ("numeric", "weak", "path_ok") if getattr(found, kind)]
    return " ".join([found.rule, *kinds])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("password", "key:password numeric"),
        ("password2", "key:password numeric"),
        ("password_2", "key:password numeric"),
        ("passwordHash", "key:password numeric"),
        ("new_password_confirmation", "key:password numeric"),
        ("has_password", None),
        ("password_policy", None),
        ("PWD", "key:password numeric path_ok"),
        ("pwd", "key:password numeric path_ok"),
        ("OLDPWD", None),
        ("oldPwd", "key:password numeric"),
        ("db_pwd", "key:password numeric"),
        ("ski_pass", None),
        ("db_pass", "key:password numeric"),
        ("pass_word", "key:password numeric"),
        ("PGPASSWORD", "key:password numeric"),
        ("clientsecret", "key:secret"),
        ("webhooktoken", "key:token"),
        ("token", "key:token"),
        ("next_token", None),
        ("tokens", "key:token weak"),
        ("csrf", "key:token weak"),
        ("_xsrf", "key:token weak"),
        ("secrets", "key:secret"),
        ("image_pull_secrets", None),
        ("api_key", "key:api-key"),
        ("apikey", "key:api-key"),
        ("api_keys", "key:api-key"),
        ("ssh_key", "key:private-key"),
        ("rsa-key", "key:private-key"),
        ("gpg.key", "key:private-key"),
        ("pgpKey", "key:private-key"),
        ("deploy_key", "key:private-key"),
        ("private_key", "key:private-key"),
        ("signing_key", "key:api-key"),
        ("key", "key:api-key weak"),
        ("license_no_key", "key:api-key weak"),
        ("apollo_key", "key:api-key weak"),
        ("apollo_keys", None),
        ("primary_key", None),
        ("auth", "key:auth weak"),
        ("x-auth", "key:authorization"),
        ("y-x-auth", "key:auth weak"),
        ("Authorization", "key:authorization"),
        ("sig", "key:signature weak"),
        ("request_signature", "key:signature weak"),
        ("access_signature", "key:token"),
        ("access", "key:access weak"),
        ("private", "key:access weak"),
        ("phone", "phone numeric weak"),
        ("phone_number", "phone numeric weak"),
        ("number", None),
        ("card_number", "key:card numeric"),
        ("order_number", None),
        ("pin_number", "key:pin numeric"),
        ("passport", "key:national-id numeric"),
        ("passport_number", "key:national-id numeric"),
        ("social_security_number", "key:ssn numeric"),
        ("security", None),
        ("cvv", "key:cvv numeric"),
        ("cvv2", "key:cvv numeric"),
        ("cvc2", "key:cvv numeric"),
        ("otp1", "key:otp numeric"),
        ("mfa_code", "key:otp numeric"),
        ("status_code", None),
        ("pan", None),
        ("card_pan", None),
        ("session_cookie", "key:cookie"),
        ("credentials", "key:credential"),
        ("2", None),
        ("", None),
        ("---", None),
        ("value", "joint"),
        ("rows", "joint"),
        ("element", "joint"),
        ("answer", "joint"),
        ("kty", "joint"),
        ("stringData", "joint"),
        ("colour", None),
        ("x" * 200 + "_password", "key:password numeric"),
        ("password" + "_x" * 200, None),
        ("pass\u200bword", "key:password numeric"),
        ("[REDACTED:email] password", "key:password numeric"),
        ("password [REDACTED:email]", "key:password numeric"),
        ("\u092a\u093e\u0938\u0935\u0930\u094d\u0921", "key:password numeric"),
    ],
)
def test_what_a_name_says_of_its_value(name: str, said: str | None) -> None:
    assert told(name) == said


def test_a_classifier_that_has_seen_many_names_says_the_same() -> None:
    keys = KeyClassifier()
    before = keys.classify("password"), keys.classify("colour")
    for number in range(5000):
        keys.classify(f"n{number}")
    assert (keys.classify("password"), keys.classify("colour")) == before
    assert (keys.classify("password"), keys.classify("colour")) == before


def test_own_names_are_compared_by_their_words() -> None:
    keys = KeyClassifier(frozenset({"Api-Token"}), {"Badge No.": "mask", "--Ä--": "mask"})
    assert keys.classify("apiToken") is None
    assert keys.classify("badge_no") == KeyClass("key:badge-no", numeric=True)
    assert keys.classify("Badge.No") == keys.classify("BADGE NO")
    assert keys.classify("ä") == KeyClass("key:own", numeric=True)
    assert keys.classify("badge") is None
    assert extra_key_rule("x" * 60) == "key:" + "x" * 40


@pytest.mark.parametrize("name", ["phone", "value", "colour"])
def test_some_names_are_no_reason_to_mask_what_stands_beside_them(name: str) -> None:
    assert KeyClassifier().secret(name) is None


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Password textbox", "password"),
        ("Password", "password"),
        ("input[name='password']", "input name password"),
        ("Enter your new password field", "your new password"),
        ("#login-form__password-input", "login form password"),
        ("Text box", "text"),
    ],
)
def test_the_name_of_a_field_is_the_end_of_its_label_without_what_says_that_it_is_one(label: str, name: str) -> None:
    assert field_name(label) == name


def test_whatever_makes_a_name_sensitive_is_among_the_last_words() -> None:
    known = sensitive_last_words()
    names = [name for name in SENSITIVE if told(name.replace("~", " "))]
    for name in (*names, "keys", "csrf", "xsrf", "auth", "sig", "signature", "access", "private", "fax", "card_number"):
        last = name_words(name.replace("~", " "))[-1].rstrip("0123456789")
        assert any(last.endswith(word) for word in known), name
    assert {"key", "keys", "number", "phone", "code", "passwd", "secretkey", "pin", "jwt"} <= known
    assert not {"policy", "type", "id_token", "author"} & known


@pytest.mark.parametrize("word", sorted((vocabulary.PASSWORD | vocabulary.SECRET) - {"השער"}))
def test_each_word_for_a_password_is_looked_for_in_texts_too(word: str) -> None:
    assert "H3rbstLaub99" not in redact(f"{word} = H3rbstLaub99")
