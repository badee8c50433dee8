"""What the name of a tool says it does with what it is named after: `store_secret`, `get_password`, `verify_pin`."""

from __future__ import annotations

from agent_audit.redaction.names.vocabulary import words

_TAKES = words("""
    set store save put write update change reset rotate add create insert register provide submit enter verify check
    validate confirm authenticate unlock use send import type fill
""")
_GIVES = words("""
    get fetch read retrieve load lookup show reveal view decrypt generate generator create make new issue mint rotate
    reset obtain request acquire resolve export derive print receive
""")
_PREPOSITIONS = words("by for from of in with at to on via using")
_STORES = words("vault keyvault keyring keychain secretsmanager secretmanager kms")
"""What is kept in these is a secret, whatever it is called."""
_ASKED_FOR = words("verify validate confirm enter submit")
_TRAILERS = words("version entry item string")


def act_and_object(parts: list[str]) -> tuple[bool, bool, str]:
    """Whether a tool takes what it is named after, whether it gives it back, and what that is called.

    Args:
        parts: the words of its name.
    """
    rest = [part for part in parts if part not in _TAKES and part not in _GIVES]
    end = next((place for place, part in enumerate(rest) if place and part in _PREPOSITIONS), len(rest))
    noun = [part for part in rest[:end] if part not in _TRAILERS]
    called = "secret" if not _STORES.isdisjoint(rest) else "_".join(noun)
    if called == "code" and not _ASKED_FOR.isdisjoint(parts):
        called = "otp"
    return not _TAKES.isdisjoint(parts), not _GIVES.isdisjoint(parts), called
