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


def test_names_of_such_numbers_as_keys(redactor: DefaultRedactor) -> None:
    masked = redactor.redact({"cpf": 11144477735, "codiceFiscale": "RSSMRA80A01H501U", "dni_valid": True}).value
    assert masked == {
        "cpf": "[REDACTED:key:national-id]",
        "codiceFiscale": "[REDACTED:key:national-id]",
        "dni_valid": True,
    }
