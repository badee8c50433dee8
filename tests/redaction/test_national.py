"""Numbers by which states know people are masked beside the word that names them, when their check digits fit."""

from __future__ import annotations

import pytest

from agent_audit.redaction import DefaultRedactor

# The examples that the registries or the articles about them give.
EXAMPLES = {
    "CPF": "111.444.777-35",
    "DNI": "12345678Z",
    "NIE": "X1234567L",
    "PESEL": "44051401359",
    "BSN": "111222333",
    "Codice fiscale": "RSSMRA80A01H501U",
    "Numéro de sécurité sociale": "255081416802538",
    "Aadhaar": "2341 2341 2346",
    "SIN": "130 692 544",
    "TFN": "876 543 210",
    "身份证号": "11010519491231002X",
    "HETU": "131052-308T",
    "Personnummer": "811228-9874",
    "Fødselsnummer": "010107 50160",
    "Steuer-ID": "36 574 261 809",
    "AHV": "756.9217.0769.85",
    "Rijksregister": "85.07.30-033.28",
    "T.C. Kimlik No": "10000000146",
    "RUT": "30.686.957-4",
    "ЕГН": "7523169263",
    "Rodné číslo": "710319/2745",
    "Contribuinte": "123456789",
    "PPS number": "6433435F",
    "CUIT": "20-05536168-2",
    "マイナンバー": "1234 5678 9018",
    "HKID": "A123456(3)",
    "NPI": "1234567893",
    "เลขประจำตัวประชาชน": "1-2345-67890-12-1",
    "SVNR": "1237 010180",
    "JMBG": "0101006500006",
    "Isikukood": "36805280109",
    "Asmens kodas": "33309240064",
    "OIB": "33392005961",
    "AMKA": "01013099997",
    "ИНН": "500100732259",
    "СНИЛС": "112-233-445 95",
    "CNP": "1630615123457",
    "NHS": "4010232137",
    "Krankenversichertennummer": "A123456780",
    "Segurança Social": "11234567892",
    "Seguridad Social": "28 12345678 40",
    "N.º de la Seguridad Social": "281234567840",
    "IMSS": "12345678903",
    "South African ID": "8001015009087",
    "BIS-nummer": "90211500134",
    "n° sécu": "255081416802538",
    "CF": "RSSMRA80A01H501U",
    "kimlik no": "10000000146",
}
# Without check digits, or with those of one state only.
PAPERS = {
    "PAN": "ABCPE1234F",
    "Medicare": "2123 45670 1",
    "MBI": "1EG4-TE5-MK73",
    "Reisepassnummer": "C01X00T47",
    "Personalausweis": "L01X00T471",
    "passeport n°": "12AB34567",
    "pasaporte": "AAA123456",
    "dowód osobisty": "ABA 300000",
    "паспорт": "4509 123456",
    "护照": "E12345678",
    "cédula": "1.032.456.789",
    "Rentenversicherung": "65070193J000",
    "ITIN": "911701234",
    "Carte nationale d'identité": "1AB123456",
    "Cartão de Cidadão": "00000000 0ZZ4",
    "외국인등록번호": "820519-6736018",
    "여권번호": "M123A4567",
    "운전면허번호": "11-23-456789-01",
    "Voter ID": "ABC1234567",
    "Passport": "PAE123456",
    "passport number": "XR1001R58",
}


@pytest.fixture(scope="module")
def redactor() -> DefaultRedactor:
    return DefaultRedactor()


@pytest.mark.parametrize("said", ["{} {}", "{}: {}", '{{"{}": "{}"}}', "{} = {}, valid"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_number_beside_its_name_is_masked(redactor: DefaultRedactor, name: str, said: str) -> None:
    assert EXAMPLES[name] not in redactor.redact(said.format(name, EXAMPLES[name])).value


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_number_whose_check_digits_do_not_fit_is_left_alone(redactor: DefaultRedactor, name: str) -> None:
    *front, last = EXAMPLES[name]
    others = "0123456789" if last.isdigit() else "ABCDEFGHJKLMNPQRSTUVWXYZ"
    wrong = ["".join((*front, other)) for other in others if other != last]
    left = [one for one in wrong if one in redactor.redact(f"{name} {one}").value]
    assert len(left) >= len(wrong) - 1, "at most one more fits where eleven remainders have ten digits"


@pytest.mark.parametrize("name", EXAMPLES)
def test_without_its_name_it_is_any_number(redactor: DefaultRedactor, name: str) -> None:
    assert redactor.redact(f"article {EXAMPLES[name]} in stock").value == f"article {EXAMPLES[name]} in stock"


@pytest.mark.parametrize("name", PAPERS)
def test_the_number_of_a_paper_is_masked_beside_its_name_only(redactor: DefaultRedactor, name: str) -> None:
    for said in ("{} {}", "{}: {}", '{{"{}": "{}"}}', "{} = {}, valid"):
        assert PAPERS[name] not in redactor.redact(said.format(name, PAPERS[name])).value
    assert redactor.redact(f"article {PAPERS[name]} in stock").value == f"article {PAPERS[name]} in stock"


@pytest.mark.parametrize(
    "text",
    [
        "The PAN is truncated to the last four digits.",
        "Medicare 2026 Part B premium",
        "Reisepass erforderlich",
        "mi cédula vence en 2027",
        "passport control at gate 12, pasaporte vigente",
        "pps 12345 packets per second",
        "passport-local 1.0.0 and passport: ABCDEFGHI",
        "see cf. RFC 9110, bis zu 12345678901",
        "egn: 1234567891",
        "Medicare 2123 45671 1",
    ],
)
def test_what_is_no_number_beside_such_a_name_stays(redactor: DefaultRedactor, text: str) -> None:
    assert redactor.redact(text).value == text


def test_names_of_such_numbers_as_keys(redactor: DefaultRedactor) -> None:
    masked = redactor.redact({"cpf": 11144477735, "codiceFiscale": "RSSMRA80A01H501U", "dni_valid": True}).value
    assert masked == {
        "cpf": "[REDACTED:key:national-id]",
        "codiceFiscale": "[REDACTED:key:national-id]",
        "dni_valid": True,
    }
