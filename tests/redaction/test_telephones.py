"""Digits behind a word that names a telephone, and that are no telephone number."""

from __future__ import annotations

import pytest

from agent_audit.redaction import DefaultRedactor, RedactionConfig, redact


@pytest.mark.parametrize(
    "text",
    [
        "Telefon 2024-05-01",
        "Telefonat am 12.05.2024 um 14:30",
        "Tel. 12.05.2024 14:30",
        "Tel. 09.00-17.00 Uhr",
        "Telefon Modell 12345678",
        "Telefonbuch 2023/2024",
        "Telefon: 112",
        "Telefon 10.20.30.40",
        "telefon 14.990,00 TL",
        "Telefon 1.299.000 Ft",
        "iPhone 15 2024 1299",
        "The phone costs 1299.00 dollars",
        "phone model 20240501",
        "phone: 111-111-1111",
        "phone: 4000 mAh",
        "phone screens: 1080 x 2400",
        "phones sold: 12,345,678",
        "phones: 12345678 units",
        "portable: 3.11.4.20240501",
        "mobile=true&build=20240501",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) Mobile/15E148 Safari/604.1",
        "телефон стоит 12 999 рублей",
        "номер телефона указан в договоре 1234567",
        "手机 SKU 12345678901",
        "Telefon defekt, Inventar 4711-2233-44",
        "phone VARCHAR(20), created 20240501",
        "phoneId=1234567890",
        "phone IMEI: 356938035643809",
        "mobile app version 10.2.3456",
        "mobile build 20240501",
        "mobile: 15.000.000 EUR",
        "mobile 2023/2024",
        "mobile users: 12345678 in 2023",
        "handy tool 12345678",
        "Handyvertrag 4500198823",
        "portable drive serial 12345678",
        "portable 2024.1234567",
        "hotel 12345678",
        "excel. 1234567",
        "cancel: 12345678",
        "cell A12: 1234567.89",
        "cell: 123456789.5",
        "telemetry 123456789",
        "tel aviv 6100000",
        "celular 2023-2024",
        "gsm 900 1800 1900",
        "fax 9600 14400",
        "whatsapp version 2.24.10.851234",
        "手机 2024 年",
        "手机价格 1299.00",
        "电话会议 2024-05-01 10:00",
        "call tool 123456789",
        "call me at 14:30",
        "call us at 10.20.30.40",
        "call you on 12.05.2024 at 10",
        "call us by 20240501",
        "reach us at 48.137154, 11.576124",
        "text me 100000000 EUR",
        "dial 911",
        "q=a%2B12345678",
        "2024-01-01T00:00:00%2B0000",
        "key=%2B12345678%2F",
    ],
)
def test_other_digits_behind_the_name_of_a_telephone_survive(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCARD\nTEL;TYPE=CELL,VOICE:{}\nEND:VCARD",
        "<dt>Telefon</dt><dd>{}</dd>",
        "<tr><td>Phone:</td><td class='x'>{}</td></tr>",
        "<label>Mobile</label>\n  <span>{}</span>",
        "| Telefon | {} |",
        'phone_number: "{}"',
        "mobile_no={}",
        "WhatsApp-Nr.: {}",
        "Tel. {} | Fax",
        "(Tel. {})",
        "SMS to {} sent",
        "my number is {}.",
        "Call me back at {}!",
        "\\nTel. {}\\n",
    ],
)
@pytest.mark.parametrize(
    "number", ["98553 02177", "602 553 117", "0351/4417203", "8 (916) 553-02-17", "0171-5560283 x12"]
)
def test_a_number_beside_a_label_is_masked_whole_and_nothing_else(text: str, number: str) -> None:
    assert redact(text.format(number)) == text.format("[REDACTED:phone]")


def test_the_rule_for_telephones_can_be_disabled() -> None:
    text = "Telefon: 0351/4417203"
    assert DefaultRedactor(RedactionConfig(disabled_rules=frozenset({"phone"}))).redact(text).value == text
