"""Names before placeholders are found from their end as they would be from their beginning."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.redaction.texts import bound

FORWARDS = [
    (
        bound._COLUMN_BACKWARDS,
        re.compile(
            r"(\w{1,64})[`\"\]]?\s{0,8}(?:[=<>!]{1,2}|\b(?:not )?i?like\b|\b(?:not )?in\b)\s{0,8}"
            r"(?:\w{1,24})?\(?[\s,?%s:$\d]{0,64}\Z",
            re.IGNORECASE,
        ),
        160,
    ),
    (bound._NAME_BACKWARDS, re.compile(r"(\w{1,64})[`\"\]]?\s?\Z"), 66),
]
words = st.sampled_from([*'_é =<?,(`"', "name", "a1", "%s", "$1", "not in", "in", "like"])


@given(st.lists(words, max_size=14).map("".join), st.text(" ", max_size=9), st.sampled_from(FORWARDS))
@settings(max_examples=1000)
def test_the_name_before_a_placeholder_is_the_one_that_a_search_from_its_beginning_finds(
    text: str, blanks: str, form: tuple[re.Pattern[str], re.Pattern[str], int]
) -> None:
    backwards, forwards, reach = form
    text += blanks
    found = forwards.search(text, max(0, len(text) - reach))
    assert bound._before(backwards, text, max(0, len(text) - reach), len(text)) == (found[1] if found else "")
