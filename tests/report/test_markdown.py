from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agent_audit.analysis import AuditAnalyzer
from agent_audit.analysis.printable import printable
from agent_audit.report.markdown import MarkdownReporter, escaped

from .hostile import ATTACK, hostile_events

_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")


def _kinds(text: str) -> set[str]:
    return {child.type for token in _PARSER.parse(text) for child in [token, *(token.children or ())]}


@given(st.text(min_size=1) | st.text("<>&*_`[]()#|~-+1.!\\:/w@ ", min_size=1))
def test_recorded_text_is_text_to_a_markdown_parser(text: str) -> None:
    tokens = _PARSER.parse(f"- {escaped(text)}")
    allowed = {
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    }
    assert {token.type for token in tokens} <= allowed
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "text_special"}
    assert "".join(child.content for child in inline).strip() == printable(text).strip()


def test_a_hostile_log_makes_no_link_image_html_or_code() -> None:
    with AuditAnalyzer(hostile_events()) as analyzer:
        text = MarkdownReporter().render(analyzer.generate_compliance_report())
    assert not _kinds(text) & {"html_block", "html_inline", "link_open", "image", "code_inline", "fence", "code_block"}
    assert ATTACK not in text


def test_tables_keep_their_shape_whatever_is_in_them() -> None:
    with AuditAnalyzer(hostile_events()) as analyzer:
        report = analyzer.generate_compliance_report()
    tables = [
        table for table in report.document().tables if table.rows and len(table.columns) > 1 and not table.stacked
    ]
    parsed = [token.type for token in _PARSER.parse(MarkdownReporter().render(report))]
    assert parsed.count("table_open") == len(tables)
    assert parsed.count("td_open") == sum(len(table.rows) * len(table.columns) for table in tables)
