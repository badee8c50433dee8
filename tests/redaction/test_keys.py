"""Key names: what makes a value a secret, and what must not."""

from __future__ import annotations

import pytest

from agent_audit.redaction import DefaultRedactor
from agent_audit.redaction.keys import segments

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
