"""Identifiers by form, validator and word: each hit beside its near misses."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Iterator

import pytest

from services.classifier.analysis import fitting, identifiers
from services.classifier.analysis.identifiers import keccak, wallets
from services.classifier.analysis.identifiers.context import words_of
from tests.classifier_parts import bench, classify, configuration, passage


def found(text: str, name: str = "", *, number: bool = False) -> set[tuple[str, str]]:
    spans = identifiers.find(passage(text, name, number=number))
    return {(span.entity_type, text[span.start : span.end]) for span in spans}


@pytest.mark.parametrize(
    ("text", "name", "kind", "value"),
    [
        # telephone numbers
        ("ring me on (415) 555-2671 today", "", "PHONE_NUMBER", "(415) 555-2671"),
        ("415-555-2671", "", "PHONE_NUMBER", "415-555-2671"),
        ("1-415-555-2671", "", "PHONE_NUMBER", "1-415-555-2671"),
        ("am Apparat: 030 901820", "", "PHONE_NUMBER", "030 901820"),
        ("Rückruf unter 0151 23456789 erbeten", "", "PHONE_NUMBER", "0151 23456789"),
        ("Su móvil nuevo es 612 34 56 78.", "", "PHONE_NUMBER", "612 34 56 78"),
        ("joignable au 06 12 34 56 78", "", "PHONE_NUMBER", "06 12 34 56 78"),
        ("电话+86 131 2345 6789，请今天更新", "", "PHONE_NUMBER", "+86 131 2345 6789"),
        ("тел. 8 (912) 345-67-89", "", "PHONE_NUMBER", "8 (912) 345-67-89"),
        ("tel:+498912345678", "", "PHONE_NUMBER", "+498912345678"),
        ("phone=+447400123456&x=1", "", "PHONE_NUMBER", "+447400123456"),
        ("Phone +44 7400 123456 2024-05-01", "", "PHONE_NUMBER", "+44 7400 123456"),
        ("phone +1 555 555 0100", "", "PHONE_NUMBER", "+1 555 555 0100"),  # invented, and called one
        ("fax: 415.555.2671", "", "PHONE_NUMBER", "415.555.2671"),
        ("(415) 555-2671x123", "", "PHONE_NUMBER", "(415) 555-2671"),
        ("手机13912345678", "", "PHONE_NUMBER", "13912345678"),
        ("mobile: 612345678", "", "PHONE_NUMBER", "612345678"),
        ("SMS to 447400123456 failed", "", "PHONE_NUMBER", "447400123456"),
        ("4155552671", "fax", "PHONE_NUMBER", "4155552671"),
        # addresses of mail
        ("mail jane.roe+x@acme.co.uk, please", "", "EMAIL_ADDRESS", "jane.roe+x@acme.co.uk"),
        ("jane@münchen.example", "", "EMAIL_ADDRESS", "jane@münchen.example"),
        ("?email=jane%40acme.example&x=1", "", "EMAIL_ADDRESS", "jane%40acme.example"),
        ("jane@acme.example:hunter2", "", "EMAIL_ADDRESS", "jane@acme.example"),  # a line of a leaked list
        ("https://acme.example/in?email=jane@acme.example&x=1", "", "EMAIL_ADDRESS", "jane@acme.example"),
        ("give ssh access to jane@acme.example please", "", "EMAIL_ADDRESS", "jane@acme.example"),
        ("ssh-keygen -C jane@acme.example", "", "EMAIL_ADDRESS", "jane@acme.example"),
        ("<jane@acme.example>.", "", "EMAIL_ADDRESS", "jane@acme.example"),
        # machines
        ("client=81.2.69.4 status=200", "", "IP_ADDRESS", "81.2.69.4"),
        ("81.2.69.4-81.2.69.9", "", "IP_ADDRESS", "81.2.69.9"),
        ("peer /81.2.69.4:5432 left", "", "IP_ADDRESS", "81.2.69.4"),
        ("allow 81.2.69.4/32", "", "IP_ADDRESS", "81.2.69.4/32"),
        ("from 2a02:cf40::1:2", "", "IP_ADDRESS", "2a02:cf40::1:2"),
        ("00-1b-44-11-3a-b7", "", "MAC_ADDRESS", "00-1b-44-11-3a-b7"),
        ("001b.4411.3ab7", "", "MAC_ADDRESS", "001b.4411.3ab7"),
        # cards
        ("2223 0031 2200 3222", "", "CREDIT_CARD", "2223 0031 2200 3222"),  # Mastercard's second range
        ("3782 822463 10005", "", "CREDIT_CARD", "3782 822463 10005"),
        ("card 4222222222222", "", "CREDIT_CARD", "4222222222222"),
        ("kartennummer 6304000000000000", "", "CREDIT_CARD", "6304000000000000"),
        # wallets
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "", "CRYPTO", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "", "CRYPTO", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
        # numbers of states
        ("536-22-1234", "", "US_SSN", "536-22-1234"),
        ("ssn 536221234", "", "US_SSN", "536221234"),
        ("912-70-1234", "", "US_ITIN", "912-70-1234"),
        ("ABCPE1234F", "", "IN_PAN", "ABCPE1234F"),
        ("PAN of the firm: ABCCE1234F", "", "IN_PAN", "ABCCE1234F"),
        # where and when
        ("she is at 48.85837, 2.29448 (gps)", "", "COORDINATES", "48.85837, 2.29448"),
        ("48.85837,2.29448", "", "COORDINATES", "48.85837,2.29448"),
        ("/maps/@48.85837,2.29448,15z", "", "COORDINATES", "48.85837,2.29448"),
        ("geo:48.858,2.294", "", "COORDINATES", "48.858,2.294"),
        ("48°51'30\"N 2°17'40\"E", "", "COORDINATES", "48°51'30\"N 2°17'40\"E"),
        ('"dob": "1980-05-12T00:00:00Z"', "", "DATE_OF_BIRTH", "1980-05-12"),
        ("DOB: 12/05/1980", "", "DATE_OF_BIRTH", "12/05/1980"),
        ("d.o.b. 12 May 1980", "", "DATE_OF_BIRTH", "12 May 1980"),
        ("born on May 12, 1980", "", "DATE_OF_BIRTH", "May 12, 1980"),
        ("geboren bin ich am 12.05.1980", "", "DATE_OF_BIRTH", "12.05.1980"),
        ("née le 3 février 1980", "", "DATE_OF_BIRTH", "3 février 1980"),
        ("fecha de nacimiento: 3 de marzo de 1980", "", "DATE_OF_BIRTH", "3 de marzo de 1980"),
        ("dateOfBirth: 1980-05-12", "", "DATE_OF_BIRTH", "1980-05-12"),
        ("1980年5月12日生まれ", "", "DATE_OF_BIRTH", "1980年5月12日"),
        ("12.05.1980 geboren", "", "DATE_OF_BIRTH", "12.05.1980"),
        # documents
        ("passport no. C01X00T47", "", "PASSPORT", "C01X00T47"),
        ('{"passport_number": "F98502642"}', "", "PASSPORT", "F98502642"),
        ("Reisepassnummer C01X00T47", "", "PASSPORT", "C01X00T47"),
        ("driver's license D1234567", "", "DRIVER_LICENSE", "D1234567"),
        ("MORGA657054SM9IJ", "", "DRIVER_LICENSE", "MORGA657054SM9IJ"),
        ("sort code 12-34-56", "", "BANK_ACCOUNT", "12-34-56"),
        ("sort code 12-34-56, account 12345678", "", "BANK_ACCOUNT", "12345678"),
        ("acct 12345678", "", "BANK_ACCOUNT", "12345678"),
        ("DL: D1234567", "", "DRIVER_LICENSE", "D1234567"),
        ("account number: 12345678", "", "BANK_ACCOUNT", "12345678"),
        # pay
        ("her salary of 92000 was", "", "INCOME", "92000"),
        ("wünscht sich 92.000 Euro im Jahr", "", "INCOME", "92.000"),
        ("offered $120,000 a year", "", "INCOME", "120,000"),
    ],
)  # fmt: skip
def test_a_value_is_found(text: str, name: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text, name)


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        # no telephone numbers
        ("12.03.1985", "", "PHONE_NUMBER"),
        ("call on 12.03.1985", "", "PHONE_NUMBER"),
        ("call on 22/03/1985", "", "PHONE_NUMBER"),
        ("2026-11-25 10:12:01", "", "PHONE_NUMBER"),
        ("call at 2026-11-25 10:12", "", "PHONE_NUMBER"),
        ("build 1717243200123 failed", "", "PHONE_NUMBER"),
        ("from=1769461362452&to=now", "text", "PHONE_NUMBER"),
        ("function call 1717243200", "", "PHONE_NUMBER"),
        ("120.0.4567.123", "", "PHONE_NUMBER"),
        ("phone-login flag 1717243200", "", "PHONE_NUMBER"),
        ("call them about 28281.23", "", "PHONE_NUMBER"),
        ("612 345 678 bytes", "", "PHONE_NUMBER"),
        ("ORD-0171-1234567", "", "PHONE_NUMBER"),
        ("0.1234567 0.7654321", "", "PHONE_NUMBER"),
        ("EUR 1.250.000,00", "", "PHONE_NUMBER"),
        # no addresses of mail
        ("git clone git@github.com:team/repo.git", "", "EMAIL_ADDRESS"),
        ("git@github.com:team/repo", "", "EMAIL_ADDRESS"),
        ("scp x deploy@10.0.0.1:/srv", "", "EMAIL_ADDRESS"),
        ("deploy@10.0.0.1", "", "EMAIL_ADDRESS"),
        ("rsync -a charts/ deploy@web-01.prod.example.com:/srv/", "", "EMAIL_ADDRESS"),
        ("ssh deploy@web-01.prod.example.com uptime", "", "EMAIL_ADDRESS"),
        ("ssh -p 22 -i ~/.ssh/id deploy@web-01.prod.example.com", "", "EMAIL_ADDRESS"),
        ("ssh://git@git.example.com/x", "", "EMAIL_ADDRESS"),
        ("npm i @halberd/ui@8.6.87", "", "EMAIL_ADDRESS"),
        ("ui@8.6.87-beta.rc", "", "EMAIL_ADDRESS"),
        ("actions/checkout@v4", "", "EMAIL_ADDRESS"),
        ("logo@2x.png", "", "EMAIL_ADDRESS"),
        ("image@sha256:abcdef", "", "EMAIL_ADDRESS"),
        # nobody's machine
        ("numpy==2.4.6.1", "", "IP_ADDRESS"),
        ("Chrome/120.0.0.0", "", "IP_ADDRESS"),
        ("8.8.8.8", "app_version", "IP_ADDRESS"),
        ("https://8.8.8.8/x", "", "IP_ADDRESS"),
        ("192.168.1.1 and fe80::1", "", "IP_ADDRESS"),
        ("Abc::Def and std::vector", "", "IP_ADDRESS"),
        ("12:30:45", "", "IP_ADDRESS"),
        ("ff:ff:ff:ff:ff:ff", "", "MAC_ADDRESS"),
        ("SHA1 aa:bb:cc:dd:ee:ff:00:11:22:33:44:55", "", "MAC_ADDRESS"),
        # no cards
        ("4111111111111112", "", "CREDIT_CARD"),
        ("1111111111111117", "", "CREDIT_CARD"),  # nobody issues these
        ("0000000000000000", "card", "CREDIT_CARD"),
        ("order-4111111111111111-a", "", "CREDIT_CARD"),
        ("4222222222222", "gtin", "CREDIT_CARD"),  # thirteen digits without a word
        ("v4111111111111111", "", "CREDIT_CARD"),
        # no wallets
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "", "CRYPTO"),
        ("0x0000000000000000000000000000000000000000", "", "CRYPTO"),
        ("0x" + "ab" * 32, "", "CRYPTO"),  # a transaction
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", "", "CRYPTO"),
        # never issued, or without what is needed
        ("000-22-1234", "ssn", "US_SSN"),
        ("666-22-1234", "ssn", "US_SSN"),
        ("912-22-1234", "ssn", "US_SSN"),
        ("536-00-1234", "ssn", "US_SSN"),
        ("078-05-1120", "ssn", "US_SSN"),  # printed on a wallet insert
        ("536221234", "", "US_SSN"),
        ("536-22.1234", "", "US_SSN"),
        ("912-10-1234", "itin", "US_ITIN"),
        ("ABCCE1234F", "", "IN_PAN"),
        ("86095742719", "order", "NATIONAL_ID"),
        ("DE136695976", "tracking", "VAT_NUMBER"),
        # measures, not places
        ("loss 0.1832, 0.2210", "", "COORDINATES"),
        ("gps 123.45678, 95.12345", "", "COORDINATES"),
        ("1.2345, 2.3456", "", "COORDINATES"),
        # dates of something else
        ("on 12 May 1980", "", "DATE_OF_BIRTH"),
        ("born ready, released 99.99.1980", "", "DATE_OF_BIRTH"),
        ("passport expires 20301231", "", "PASSPORT"),
        ("passport.js of 2024", "", "PASSPORT"),
        ("license MIT-2024", "", "DRIVER_LICENSE"),
        ("account 123456789012", "", "BANK_ACCOUNT"),  # of a cloud
        ("is getting 50000 errors", "", "INCOME"),
        ("income statement of 2024", "", "INCOME"),
    ],
)  # fmt: skip
def test_a_near_miss_is_not(text: str, name: str, kind: str) -> None:
    assert kind not in {hit for hit, _ in found(text, name)}


NATIONAL = {
    "ar_cuit": ("CUIT", "20-05536168-2"), "ar_dni": ("DNI", "20.123.456"), "do_cedula": ("cédula", "00113918205"),
    "ec_cedula": ("cédula", "1714307103"), "hk_hkid": ("HKID", "A123456(3)"), "jmbg": ("JMBG", "0101006500006"),
    "my_kad": ("MyKad", "770305-02-1234"), "pk_cnic": ("CNIC", "34201-0891231-8"), "ru_inn": ("ИНН", "500100732259"),
    "ru_snils": ("СНИЛС", "112-233-445 95"), "th_pin": ("Thai ID", "1-2345-45678-78-1"),
    "tw_id": ("身分證", "A123456789"), "ua_rntrc": ("РНОКПП", "1759013776"),
    "at_svnr": ("SVNR", "1237 010180"), "au_tfn": ("TFN", "123 456 782"), "be_nn": ("INSZ", "85073003328"),
    "bg_egn": ("EGN", "7523169263"), "br_cpf": ("CPF", "39053344705"), "ca_sin": ("SIN", "123-456-782"),
    "ch_ahv": ("AHV", "7569217076985"), "cl_rut": ("RUT", "125319092"), "cz_sk_rc": ("rodné číslo", "7103192745"),
    "de_idnr": ("Steuer-ID", "36574261809"), "de_insurance": ("Sozialversicherungsnummer", "15070649C103"),
    "dk_cpr": ("CPR", "211062-5629"), "ee_lt": ("isikukood", "36805280109"), "gb_utr": ("UTR", "1955839661"),
    "gr_amka": ("AMKA", "01013099997"), "hr_oib": ("OIB", "33392005961"), "ie_pps": ("PPS", "6433435F"),
    "il_id": ("teudat zehut", "039337423"), "in_aadhaar": ("Aadhaar", "2341 2341 2346"),
    "is_kennitala": ("kennitala", "450401-3150"), "jp_my_number": ("マイナンバー", "6214 9832 0257"),
    "kr_rrn": ("RRN", "971013-9019902"), "mx_rfc": ("RFC", "GODE561231GR8"), "nl_bsn": ("BSN", "111222333"),
    "no_fnr": ("fødselsnummer", "15108695088"), "nz_ird": ("IRD", "49-098-576"), "pt_nif": ("NIF", "501964843"),
    "pt_cc": ("cartão de cidadão", "00000000 0 ZZ4"), "ro_cnp": ("CNP", "1630615123457"),
    "se_personnummer": ("personnummer", "880320-0016"), "sg_nric": ("NRIC", "S1234567D"),
    "si_emso": ("EMSO", "0101006500006"), "tr_tckn": ("TCKN", "17291716060"), "za_id": ("RSA identity",
    "7503305044089"),
}  # fmt: skip
"""Published examples, as python-stdnum's documentation and the authorities print them."""


@pytest.mark.parametrize("name", NATIONAL)
def test_a_national_number_is_found_beside_its_word_only(name: str) -> None:
    word, value = NATIONAL[name]
    assert ("NATIONAL_ID", value) in found(f"{word}: {value}")
    assert ("NATIONAL_ID", value) in found(f"{value} ({word})")
    assert ("NATIONAL_ID", value) not in found(value)
    assert ("NATIONAL_ID", value) not in found(f"{word} was asked for. " + "It took a while to find. " * 4 + value)


def test_no_national_number_is_without_an_example() -> None:
    told = {rule.name for rule in identifiers.TOLD if rule.entity_type == "NATIONAL_ID"}
    assert told == set(NATIONAL)


@pytest.mark.parametrize(
    ("value", "bent"),
    [
        ("X2482300W", "X2482300A"), ("131052-308T", "131052-308U"), ("390.533.447-05", "390.533.447-06"),
        ("756.9217.0769.85", "756.9217.0769.84"), ("85.07.30-033.28", "85.07.30-033.29"),
        ("BOXW310820HNERXN09", "BOXW310820HNERXN08"), ("360426199101010071", "360426199101010072"),
        ("2 95 10 99 126 111 93", "2 95 10 99 126 111 94"),
    ],
)  # fmt: skip
def test_what_carries_its_proof_is_found_alone(value: str, bent: str) -> None:
    assert ("NATIONAL_ID", value) in found(f"x {value} y")
    assert found(f"x {bent} y") == set()


@pytest.mark.parametrize(
    ("word", "value", "bent"),
    [
        ("VAT", "DE136695976", "DE136695978"), ("TVA", "FR40303265045", "FR40303265046"),
        ("btw", "NL4495445B01", "NL4495446B01"), ("VAT", "GB980780684", "GB980780685"),
        ("UID", "CHE-107.787.577 MWST", "CHE-107.787.578 MWST"), ("NIP", "856-734-62-15", "856-734-62-16"),
        ("partita IVA", "00743110157", "00743110158"), ("CIF", "J99216582", "J99216583"),
        ("GSTIN", "27AAPFU0939F1ZV", "27AAPFU0939F1ZW"), ("ABN", "83 914 571 673", "83 914 571 674"),
        ("CNPJ", "16.727.230/0001-97", "16.727.230/0001-98"),
    ],
)  # fmt: skip
def test_vat_numbers_are_found_beside_their_word(word: str, value: str, bent: str) -> None:
    assert ("VAT_NUMBER", value) in found(f"{word} {value}.")
    assert "VAT_NUMBER" not in {kind for kind, _ in found(f"{word} {bent}.")}
    assert "VAT_NUMBER" not in {kind for kind, _ in found(value)}


def test_keccak_is_the_one_of_before_sha3() -> None:
    assert keccak.keccak_256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak.keccak_256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    with pytest.raises(ValueError, match="one block"):
        keccak.keccak_256(bytes(keccak.LONGEST + 1))


@pytest.mark.parametrize(
    "address",  # the test vectors of EIP-55
    [
        "0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)  # fmt: skip
def test_the_case_of_an_ethereum_address_is_its_checksum(address: str) -> None:
    assert wallets.is_ethereum(address)
    if address[2:] not in {address[2:].upper(), address[2:].lower()}:
        assert not wallets.is_ethereum("0x" + address[2:].swapcase())


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"type": "pesel", "value": "44051401359"}, "NATIONAL_ID"),
        ({"kind": "codice fiscale", "value": "RSSMRA85T10A562S"}, "NATIONAL_ID"),
        ({"id_check": {"type": "passport", "number": "J97773069"}}, "PASSPORT"),
        ({"telecom": [{"system": "phone", "value": "4155552671"}]}, "PHONE_NUMBER"),
        ({"card": {"number": "4111 1111 1111 1111"}}, "CREDIT_CARD"),
        ({"bank": {"clearing": "8327", "account": "9312202222"}}, "BANK_ACCOUNT"),
        ({"lat": 48.85837}, "COORDINATES"),
        ({"position": {"coordinates": [13.40495, 52.52001]}}, "COORDINATES"),
        ({"telefono": "612 34 56 78"}, "PHONE_NUMBER"),
        ({"steuer_id": "36574261809"}, "NATIONAL_ID"),
    ],
)
def test_a_name_beside_or_above_tells(arguments: dict[str, object], kind: str) -> None:
    assert kind in {finding.entity_type for finding in classify(bench(), arguments=arguments).findings}


@pytest.mark.parametrize(
    "arguments",
    [
        {"type": "string", "value": "44051401359"},
        {"kind": "Deployment", "id": "44051401359"},
        {"order": {"number": "4111"}},
        {"account": {"number": "prod"}},
        {"pan": "not a card"},
        {"card": "checkout-25"},
        {"lat": 12},
        {"system": "https://fhir.example.org/Id/local", "value": "3960650310"},
    ],
)
def test_a_name_that_says_nothing_tells_nothing(arguments: dict[str, object]) -> None:
    assert classify(bench(), arguments=arguments).findings == ()


def test_numbers_in_sql_are_told_by_their_column() -> None:
    sql = "UPDATE staff SET grade = 7000 WHERE id = 4711001 AND annual_salary = 76000; SELECT 1 LIMIT 5000"
    result = classify(bench(), arguments={"sql": sql})
    assert result.arguments["sql"] == sql.replace("76000", "‹INCOME_1›")


def test_a_secret_under_a_kind_is_still_one() -> None:
    result = classify(bench(), arguments={"password": {"type": "string", "value": "hunter2"}})
    assert [finding.entity_type for finding in result.findings] == ["SECRET"]


def test_every_type_has_a_meaning() -> None:
    assert identifiers.TYPES | set(fitting.GATES) <= set(configuration().taxonomy.types)


def test_words_are_compared_without_case_accents_and_camels() -> None:
    assert words_of("Rückruf anÁlex: homePhone fax_no") >= {"ruckruf", "home", "phone", "fax", "no"}


def test_no_validator_asks_the_clock() -> None:
    used = [module for name, module in sys.modules.items() if name.startswith("stdnum.") and _is_used(module)]
    assert len(used) > 40
    for module in used:
        assert "today(" not in inspect.getsource(module), module.__name__


def _is_used(module: object) -> bool:
    ours = [value for name, value in sys.modules.items() if name.startswith(identifiers.__name__)]
    return any(value is module for one in ours for value in vars(one).values())


def near_matches() -> Iterator[str]:
    """Texts of 100 kB that begin every form over and over, and never end one."""
    for part in (
        "1", "1 ", "1-", "1.", "+1 ", "(1", "0171 ", "12.3456,", "12.34567, ", "a@", "a.b@c.", "a%40b.", "0x", "bc1q",
        "1A", "DE1", "VAT DE ", "born ", "born 1.", "geboren am ", "1 May ", "12.12.", "passport ", "passport A",
        "driving licence D", "account number ", "1°", "2001:db8:", "aa:bb:", "aa-bb-", "1.2.3.", "salary ", "1,000 ",
        "$1 000 ", "X1234567", "123-45-", "ABCPE1", "ssn 12345678 ", "pesel 4405140135 ", "card 4111 1111 ", "ssh a@b.",
        "MORGA65705", "tel 0", "call (415) 555-", "電話", "née le 3 f", "wage\n",
    ):  # fmt: skip
        yield (part * (100_000 // len(part)))[:100_000]


@pytest.mark.parametrize("hostile", list(near_matches()), ids=lambda text: repr(text[:8]))
def test_near_matches_take_linear_time(hostile: str) -> None:
    started = time.process_time()
    list(identifiers.find(passage(hostile)))
    assert time.process_time() - started < 10
