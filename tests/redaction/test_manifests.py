"""Secrets of Kubernetes as YAML, in the forms in which kubectl prints and takes them."""

from __future__ import annotations

import pytest

from agent_audit.redaction import DefaultRedactor, RedactionConfig, redact

BLOB = "S3E5dkxyM3RYdzdSbQ=="
MASKED = "[REDACTED:kubernetes-secret]"


def indented(text: str, by: str) -> str:
    return "".join(f"{by}{line}\n" for line in text.splitlines())


def test_each_secret_of_a_list_is_masked_and_nothing_of_a_config_map() -> None:
    listed = (
        "apiVersion: v1\nitems:\n"
        f"- apiVersion: v1\n  data:\n    blob: {BLOB}\n  kind: Secret\n  metadata:\n    name: a\n  type: Opaque\n"
        "- apiVersion: v1\n  data:\n    colour: red\n  kind: ConfigMap\n  metadata:\n    name: b\n"
        f"- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: c\n  data:\n    blob: {BLOB}\n"
        "kind: List\nmetadata:\n  resourceVersion: ''\n"
    )
    masked = redact(listed)
    assert masked == listed.replace(f"    blob: {BLOB}", MASKED)
    assert redact(masked) == masked


def test_what_stands_under_data_and_under_string_data_is_masked() -> None:
    text = (
        f"kind: Secret\nmetadata:\n  name: a\nstringData:\n  thing: Kq9vLr3tXw\ndata:\n  blob: {BLOB}\ntype: Opaque\n"
    )
    masked = redact(text)
    assert masked == f"kind: Secret\nmetadata:\n  name: a\nstringData:\n{MASKED}\ndata:\n{MASKED}\ntype: Opaque\n"


@pytest.mark.parametrize("kind", ["Secret", '"Secret"', "'Secret'", "Secret  # of the database", "secret"])
@pytest.mark.parametrize("by", ["", "  ", "\t"])
def test_a_value_in_a_block_is_masked_and_the_metadata_stays(kind: str, by: str) -> None:
    data = f"data:  # all of it\n  .dockercfg: |\n    {BLOB}\n    {BLOB}\n\n  user: YWRtaW4=\n"
    above = f"apiVersion: v1\n{data}metadata:\n  name: registry\ntype: kubernetes.io/dockercfg\nkind: {kind}\n"
    below = f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: registry\ntype: x\n{data}"
    for text in (above, below):
        masked = redact(indented(text, by))
        assert masked == indented(text, by).replace(indented(data, by).partition("\n")[2], f"{MASKED}\n")


def test_another_document_of_the_same_file_keeps_its_data() -> None:
    other = "apiVersion: v1\nkind: ConfigMap\ndata:\n  colour: red\n"
    secret = f"apiVersion: v1\nkind: Secret\ndata:\n  blob: {BLOB}\n"
    masked = secret.replace(f"  blob: {BLOB}", MASKED)
    assert redact(f"{other}---\n{secret}---\n{other}") == f"{other}---\n{masked}---\n{other}"
    assert redact("kind: SecretStore\ndata:\n  colour: red\n") == "kind: SecretStore\ndata:\n  colour: red\n"
    assert redact("the kind: Secret\ndata:\n  colour: red\n") == "the kind: Secret\ndata:\n  colour: red\n"


def test_the_rule_can_be_disabled() -> None:
    text = f"kind: Secret\ndata:\n  blob: {BLOB}\n"
    redactor = DefaultRedactor(RedactionConfig(disabled_rules=["kubernetes-secret"]))
    assert redactor.redact(text).value == text


def test_what_only_looks_encoded_hides_no_statement_behind_it() -> None:
    text = "apiVersion: v1\ndata:\n  extra: YWRtaW46cGFzc3dvcmQ=\nkind: Secret\n"
    assert redact(text) == f"apiVersion: v1\ndata:\n{MASKED}\nkind: Secret\n"
    assert redact("YWRtaW46cGFzc3dvcmQ= mTAN 482913") == "YWRtaW46cGFzc3dvcmQ= mTAN [REDACTED:key:otp]"
