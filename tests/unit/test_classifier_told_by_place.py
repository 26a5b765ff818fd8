"""What a message's standard, a column, a field's name and a checksum tell: each hit beside its near misses."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.classifier.adapters.detector import RuleDetector
from services.classifier.adapters.presidio import PresidioDetector
from services.classifier.analysis import artefacts, identifiers, taxonomy
from services.classifier.analysis.identifiers import interchange, wallets
from services.classifier.analysis.unwrapping import columns
from tests.classifier_parts import bench, classify, configuration, passage
from tests.corpora.generators.draw import Draw
from tests.corpora.generators.forms import MAKERS


def found(text: str, name: str = "", *, number: bool = False) -> set[tuple[str, str]]:
    spans = identifiers.find(passage(text, name, number=number))
    return {(span.entity_type, text[span.start : span.end]) for span in spans}


PLACES = [
    ("PID|1||4711-22^^^HOSP^MR||^^||", ("HEALTH", "4711-22")),
    ("PID|1||^^^H||^^||19840303|F", ("DATE_OF_BIRTH", "19840303")),
    ("NM1*IL*1*A*B****34*123456780~DMG*D8*19840303*M~", ("DATE_OF_BIRTH", "19840303")),
    ("NM1*IL*1*A*B****34*536904399~", ("US_SSN", "536904399")),
    ("REF*SY*536904399~", ("US_SSN", "536904399")),
    ("PER*IC*SALES*TE*4155552671~", ("PHONE_NUMBER", "4155552671")),
    ("NAD+FL'DTM+329:19840303'DTM+36:20310402'", ("DATE_OF_BIRTH", "19840303")),
    ("DOC+P:110:111+C01X00T47'", ("PASSPORT", "C01X00T47")),
    ("PVD+PC+AB1234563:DH'", ("MEDICAL_LICENSE", "AB1234563")),
    (":20:REF\n:59:/6642932900\n:71A:SHA", ("BANK_ACCOUNT", "6642932900")),
    (":50K:/D/DE4711\n", ("BANK_ACCOUNT", "DE4711")),
    ("⑆021000021⑆ 123456789012⑈ 1042", ("ABA_ROUTING_NUMBER", "021000021")),
    ("⑆021000021⑆ 123456789012⑈ 1042", ("BANK_ACCOUNT", "123456789012")),
    ("<Cd>USABA</Cd></ClrSysId><MmbId>021000021</MmbId>", ("ABA_ROUTING_NUMBER", "021000021")),
    ("<CdtrAcct><Id><Othr><Id>596994022519</Id>", ("BANK_ACCOUNT", "596994022519")),
    ("SRDOCS YY HK1-P-GBR-547405294-GBR-24FEB63-F-02APR31", ("PASSPORT", "547405294")),
    ("SRDOCS YY HK1-P-GBR-547405294-GBR-24-FEB-63-F-02APR31", ("DATE_OF_BIRTH", "24-FEB-63")),
    ("OSI YY CTCM 447400123461", ("PHONE_NUMBER", "447400123461")),
    ("1 BIRT\n2 PLAC Kiel\n2 DATE 3 MAR 1984\n1 DEAT", ("DATE_OF_BIRTH", "3 MAR 1984")),
]


@pytest.mark.parametrize(("text", "expected"), PLACES)
def test_a_place_in_a_message_tells(text: str, expected: tuple[str, str]) -> None:
    assert expected in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "DTM+137:20261102'DTM+36:20310402'", "DMG*D6*198403~", "NM1*IL*1*A*B****XX*536904399~", "REF*ZZ*536904399~",
        "NM1*IL*1*A*B****34*000904399~", "PVD+PC+AB1234567:DH'", ":20:/6642932900\n", ":79:/6642932900\n",
        "⑆021000022⑆", "<Cd>GBDSC</Cd></ClrSysId><MmbId>021000021</MmbId>", "<RmtInf><Ustrd>596994022519</Ustrd>",
        "1 CHAN\n2 DATE 3 MAR 2026\n", "PID|1||4711-22^^^HOSP^PI||^^||",
    ],
)  # fmt: skip
def test_another_place_tells_nothing(text: str) -> None:
    assert found(text) == set()


def test_no_place_is_without_an_example() -> None:
    kinds = [kind for _, (kind, _) in PLACES]
    assert {place.entity_type for place in interchange.PLACES} <= set(kinds)
    for place in interchange.PLACES:
        assert any(place.mark in text and place.pattern.search(text) for text, _ in PLACES), place.name


@pytest.mark.parametrize("place", interchange.PLACES, ids=lambda place: place.name)
def test_near_matches_of_a_place_take_linear_time(place: interchange.Place) -> None:
    part = next(text for text, _ in PLACES if place.mark in text)
    text = part[:-2] * (400_000 // len(part))
    start = time.perf_counter()
    list(place.pattern.finditer(text))
    assert time.perf_counter() - start < 1


WALLETS = [
    "LZ2zFp1ce9Y9J9vXe3Ts8WvcuHKRDCBeGm", "TRSgagauevqYRWn17MaHnPg2yQ59QbY7sR", "D9mauyhXbwx2NnieDCiwVVcWdvKCeuwemx",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
]  # fmt: skip
"""Of the coins' documentation, BIP 173 and BIP 350, and of chance."""


@pytest.mark.parametrize("address", WALLETS)
def test_a_wallet_is_told_by_its_checksum(address: str) -> None:
    assert ("CRYPTO", address) in found(f"send it to {address} today")
    other = "2" if address[-2] != "2" else "3"
    assert found(f"send it to {address[:-2]}{other}{address[-1]} today") == set()


@pytest.mark.parametrize("name", ["bitcoin_script", "litecoin", "dogecoin", "tron"])
def test_wallets_of_other_coins_are_told(name: str) -> None:
    for number in range(20):
        assert wallets.is_base58check(MAKERS[name].make(Draw(f"t/{number}", name)))


def test_a_key_of_solana_needs_its_word() -> None:
    address = "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtVm"
    assert ("CRYPTO", address) in found(f"solana: {address}")
    assert found(f"build {address}") == set()


BIRTHS = [
    "Ich bin am 20. Juni 1964 in Kiel geboren", "nato a Parma il 20 settembre 1993", "née à Nantes le 3 mars 1984",
    'FriendlyName="dateOfBirth"><v>19820319000000Z</v>', "time data '15/04/1990' does not match (field date_of_birth)",
]  # fmt: skip


@pytest.mark.parametrize("text", BIRTHS)
def test_a_place_or_a_form_between_a_date_and_its_word(text: str) -> None:
    assert [kind for kind, _ in found(text)] == ["DATE_OF_BIRTH"]


@pytest.mark.parametrize(
    "text",
    [
        "Lieferung am 20. Juni 1964 in Kiel",
        "the date of birth is missing in all of the rows that came in until 2026-12-01",
        "date_of_birth could not be parsed in some of the rows of 1999-01-02 and 1999-01-03",
        "born globally as a company, which was founded on 12/05/1998",
        "INSERT INTO t (dob) VALUES (1990)", "birthdate 1984-03-0399",
    ],
)  # fmt: skip
def test_other_dates_are_no_days_of_birth(text: str) -> None:
    assert "DATE_OF_BIRTH" not in {kind for kind, _ in found(text)}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("at N47.95697 E23.79138 now", "COORDINATES", "N47.95697 E23.79138"),
        ("at 47.9570N, 23.7914E now", "COORDINATES", "47.9570N, 23.7914E"),
        ("+48.8577+002.2950/", "COORDINATES", "+48.8577+002.2950"),
        ("$GPGGA,123519,4807.038,N,01131.000,E,1,08", "COORDINATES", "4807.038,N,01131.000,E"),
        ("seen ::ffff:81.2.69.160 again", "IP_ADDRESS", "::ffff:81.2.69.160"),
        ("iban de89370400440532013000.", "IBAN_CODE", "de89370400440532013000"),
        ("iban de89 3704 0044 0532 0130 00.", "IBAN_CODE", "de89 3704 0044 0532 0130 00"),
        ("CLABE 032180000118359719", "BANK_ACCOUNT", "032180000118359719"),
        ("CBU 2850590940090418135201", "BANK_ACCOUNT", "2850590940090418135201"),
        ("BSB 062-000", "BANK_ACCOUNT", "062-000"),
        ("ABA and checking account 8999698056", "BANK_ACCOUNT", "8999698056"),
        ("card 4111 1111 1111 1111 exp 04/29 cid 1331", "CARD_SECURITY_CODE", "1331"),
        ("base salary $99,550 plus bonus", "INCOME", "99,550"),
        ("Das Bruttojahresgehalt beträgt 42.500 Euro", "INCOME", "42.500"),
        ("rémunération fixée à 50000 euros", "INCOME", "50000"),
        ("she makes 87k a year", "INCOME", "87k"),
        ("driver's license 045 205 623", "DRIVER_LICENSE", "045 205 623"),
        ("Personalausweis-Nr. L87N6R104", "NATIONAL_ID", "L87N6R104"),
        ("carte d'identité n° 880692310285", "NATIONAL_ID", "880692310285"),
        ("Account number(s): 7707617225", "BANK_ACCOUNT", "7707617225"),
        ('<birthTime value="19550906"/>', "DATE_OF_BIRTH", "19550906"),
        ("phone LIKE '%0121 234 5561%'", "PHONE_NUMBER", "0121 234 5561"),
        ("sip:+4915123456862@sbc.example.com", "PHONE_NUMBER", "4915123456862"),
    ],
)
def test_a_form_with_its_word_is_found(text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "iban de88370400440532013000.", "CLABE 032180000118359718", "CBU 2850590940090418135202", "gate 062-000",
        "my social security number is pending, room 878", "card 4111 1111 1111 1111 due 04/29 EUR 133",
        "wages of 120 requests", "Message-ID: <d4d8.17@mail.example.com>", "33:33:00:00:00:fb", "01:00:5e:00:00:fb",
        "UID:d4d887ed-9f68-4f9e-94d3-4f04cf47e930@cal.example.com", "mobile 0.612345", "shift phone 0700 to 1500",
        "Shift 0700-1500 starts", "seats 0151-0170 are taken", "订单号9368227935，电话", "v47.9570 N23",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert not {kind for kind, value in found(text) if kind != "CREDIT_CARD"}


@pytest.mark.parametrize(
    ("value", "name", "kinds"),
    [
        ("3c754feaefee", "ethernet_mac", {"MAC_ADDRESS"}), ("3c754feaefee", "etag", set()),
        ("905012345641", "to", {"PHONE_NUMBER"}), ("905012345641", "offset", set()), ("1764590000000", "to", set()),
        ("1234567", "cellSize", set()), ("12.34567, 45.67891", "range", set()),
        ("12.34567, 45.67891", "pickup", {"COORDINATES"}),
    ],
)  # fmt: skip
def test_a_name_tells_what_all_of_a_value_is(value: str, name: str, kinds: set[str]) -> None:
    assert {kind for kind, _ in found(value, name)} == kinds


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        ({"documents": [{"idType": "CPF", "idValue": "84511785961"}]}, "‹NATIONAL_ID_1›"),
        ({"identifier": [{"type": {"coding": [{"code": "DL"}]}, "value": "A5369335"}]}, "‹DRIVER_LICENSE_1›"),
        ({"birthday": {"$date": "1983-04-22T00:00:00Z"}}, "‹DATE_OF_BIRTH_1›"),
        ({"birthdays": [{"text": "April 15, 1998"}]}, "‹DATE_OF_BIRTH_1›"),
        ({"bank": {"bsb": "062-000", "account": "12345678"}}, "‹BANK_ACCOUNT_2›"),
        ({"routing": "021000021", "account": "596994022519"}, "‹BANK_ACCOUNT_1›"),
        ({"pickup_latitude": 48.857712}, "‹COORDINATES_1›"),
        ({"base_pay": 182000}, "‹INCOME_1›"),
        ({"campos": ["no", "clabe"], "rows": [["17", "032180000118359719"]]}, "‹BANK_ACCOUNT_1›"),
        ({"body": "Geboortedatum: 27-03-1966, BSN: 111222333"}, "BSN: ‹NATIONAL_ID_1›"),
        ({"sql": "MERGE INTO t USING (VALUES (1, '15041360')) AS s (id, account_number) ON 1=1"}, "‹BANK_ACCOUNT_1›"),
        ({"ids": [{"kind": "tax", "country": "DE", "number": "36574261809"}]}, "‹NATIONAL_ID_1›"),
        ({"note": "cell or tax 161-09-9731"}, "‹US_SSN_1›"),
        ({"norEduPersonNIN": "10055304551"}, "‹NATIONAL_ID_1›"),
        ({"body": "|| Bank || ABA/RTN || Account ||\n| A | 021000021 | 590338134911 |"}, "‹BANK_ACCOUNT_1›"),
        ({"sql": "INSERT INTO s (no, born_dt) VALUES (1, TO_DATE('11.09.1971', 'DD.MM.YYYY'))"}, "‹DATE_OF_BIRTH_1›"),
    ],
)
def test_names_beside_and_above_tell(arguments: dict[str, Any], masked: str) -> None:
    assert masked in str(classify(arguments=arguments).arguments)


def test_the_engine_is_asked_under_the_name_of_a_column() -> None:
    body = "id,nhs_no\n" + "17,x\n" * 20 + "18,9434765919\n"
    assert (
        "18,‹UK_NHS_1›"
        in classify(bench(RuleDetector(), PresidioDetector()), arguments={"body": body}).arguments["body"]
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"sin": 0.70710678}, {"nie": "-0.5123"}, {"cell": "sin = f(130692)\nage = [41, 42]\n"}, {"account": "440000"},
        {"iban": "DE89************3000"}, {"ssn": "***-**-6789"},
        {"documents": [{"idType": "string", "idValue": "84511785961"}]},
    ],
)  # fmt: skip
def test_a_field_holds_only_what_it_can(arguments: dict[str, Any]) -> None:
    assert classify(arguments=arguments).arguments == arguments


def test_a_masked_number_that_shows_much_is_still_one() -> None:
    fields = configuration().taxonomy
    assert isinstance(fields, taxonomy.Taxonomy)
    assert not fields.field_holds("BANK_ACCOUNT", "DE89************3000")
    assert fields.field_holds("BANK_ACCOUNT", "DE8937040044***53201300")


@pytest.mark.parametrize(
    ("name", "arguments", "moved"),
    [
        ("config.patch", {"model_path": "/models/ner/model.onnx"}, False),
        ("sagemaker.create_training_job", {"init_checkpoint": "/opt/base/model.safetensors"}, False),
        ("storage.put", {"model_path": "/models/ner/model.onnx"}, True),
        ("models.export", {"weights": "best.pt"}, True),
        ("config.patch", {"model_source": "s3://models/ner.onnx"}, True),
        ("config.patch", {"path": "/models/ner/model.onnx"}, True),
        ("registry.describe", {"path": "/models/ner/model.onnx"}, False),
    ],
)
def test_naming_weights_moves_none(name: str, arguments: dict[str, str], moved: bool) -> None:
    result = classify(name=name, arguments=arguments)
    assert ("model_artifact" in result.labels) is moved


def test_weights_that_were_left_where_they_are_are_seen_when_they_move() -> None:
    on, arguments = bench(RuleDetector()), {"model_path": "/models/ner/model.onnx"}
    labels = [classify(on, name=name, arguments=arguments).labels for name in ("config.patch", "storage.put")]
    assert labels == [(), ("model_artifact",)]


def test_verbs_of_moving_are_words_of_an_action() -> None:
    actions = ("s3.copy_object", "config.patch", "computer.describe")
    assert [artefacts.movement(one) for one in actions] == [
        artefacts.Movement.MOVES,
        artefacts.Movement.MAY_MOVE,
        artefacts.Movement.LOOKS,
    ]


def test_a_guess_of_the_model_gives_way_to_a_number_in_it() -> None:
    from services.classifier.analysis.spans import resolve  # noqa: PLC0415
    from services.classifier.model import Span  # noqa: PLC0415

    guess, number = Span("STREET_ADDRESS", 0, 30, 0.9, "rampart/address"), Span("UK_NINO", 6, 19, 0.85, "presidio/x")
    assert [(one.entity_type, one.start, one.end) for one in resolve([guess, number], frozenset())] == [
        ("UK_NINO", 0, 30)
    ]


def test_a_header_as_jira_writes_it_parts_its_cells() -> None:
    pairs = list(columns.find("|| Name || Phone ||\n| A | 12345 |\n"))
    assert [(pair.hints, pair.value) for pair in pairs][-1] == (("phone",), "12345")


@pytest.mark.parametrize(
    "text",
    [
        "updated member [birth_dt: 1984-03-03] ok",
        "member 7 (holder_dob: 03.03.1984)",
        'level=info holder_dob="03.03.1984"',
        "member 7: birthdate changed from 03.03.1984 to 04.03.1984",
        "<nascimento>03/03/1984</nascimento>",
        "pt_dob=19840303 plan=pro",
        "customer.dob1: 03.03.1984",
    ],
)
def test_a_name_beside_a_day_of_birth_tells_it(text: str) -> None:
    result = classify(bench(), arguments={"text": text})
    assert {finding.entity_type for finding in result.findings} == {"DATE_OF_BIRTH"}
    assert "1984" not in result.arguments["text"]


def test_what_somebody_says_is_no_number_under_their_name() -> None:
    text = "Caller: my order is late, and the case number is 47389704."
    assert classify(bench(), arguments={"text": text}).findings == ()
