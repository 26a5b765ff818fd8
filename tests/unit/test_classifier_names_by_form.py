"""Names, addresses, organisations and illnesses that form or a word beside them tells: hits beside near misses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pytest

from services.classifier.adapters.detector import Detectors, RuleDetector
from services.classifier.analysis.language import health, introduced, organisations, scripts
from services.classifier.model import Passage, Span
from tests.classifier_parts import KEY, bench, classify, passage

Find = Callable[[Passage], Iterable[Span]]


def found(find: Find, text: str) -> list[str]:
    return [text[span.start : span.end] for span in find(Passage(text))]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("was diagnosed with type 2 diabetes mellitus", ["type 2 diabetes mellitus"]),
        ("history of major depressive disorder.", ["major depressive disorder"]),
        ("Crohn's disease, rheumatoid arthritis", ["Crohn's disease", "rheumatoid arthritis"]),
        ("chronic obstructive pulmonary disease", ["chronic obstructive pulmonary disease"]),
        ("died of congestive heart failure", ["congestive heart failure"]),
        ("hepatitis C since May", ["hepatitis C"]),
        ("takes metformin 500 mg and insulin glargine", ["metformin 500 mg", "insulin glargine"]),
        ("on lisinopril, sertraline 50 mg, adalimumab", ["lisinopril", "sertraline 50 mg", "adalimumab"]),
        ("krank wegen Brustkrebs und Lungenentzündung", ["Brustkrebs", "Lungenentzündung"]),
        ("epilepsy", ["epilepsy"]),
        ("HIV positive", ["HIV"]),
        ("SQL injection, cold start, stroke-width: 2", []),
        ("imposter syndrome in April", []),
        ("the disorder of the list", []),
        ("diagnosis: osmosis, academia, diploma, empathy", []),
        ("see notes/asthma.txt and run cancer.py", []),
        ("x-cancer-registry@2", []),
        ("virus scan found nothing; memory pressure is chronic", []),
        ("Krebs", []),
    ],
)
def test_illnesses_and_medicines(text: str, values: list[str]) -> None:
    assert found(health.find, text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a contract with Nordwind Energie GmbH.", ["Nordwind Energie GmbH"]),
        ("Counsel for Castellan & Frost LLP said", ["Castellan & Frost LLP"]),
        ("Siemens AG & Co. KG", ["Siemens AG & Co. KG"]),
        ("paid to Acme, Inc. today", ["Acme, Inc."]),
        ("the University of nowhere, Emory University", ["Emory University"]),
        ("联系武汉长江科技有限公司", ["联系武汉长江科技有限公司"]),
        ("ООО «Ромашка» платит", ["ООО «Ромашка»"]),
        ("the Auto Scaling Group", []),
        ("flags BV and NV", []),
        ("Test University", []),
        ("see acme/Bank", []),
        ("limited by Inc counters", []),
    ],
)
def test_organisations(text: str, values: list[str]) -> None:
    assert found(organisations.find, text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Sehr geehrter Herr Vollmer,", ["Vollmer"]),
        ("Frau Dr. Annika Wächter kommt", ["Annika Wächter"]),
        ("Mme Lefèvre est là", ["Lefèvre"]),
        ("patient Mensah, Uma, admitted", ["Mensah, Uma"]),
        ('df[df.surname == "Sutherland"].head()', ["Sutherland"]),
        ("{'full_name': 'Jane Roe', 'age': 3}", ["Jane Roe"]),
        ("WHERE last_name LIKE '%Haddad%'", ["Haddad"]),
        ("the patient Portal is down", []),
        ("Dr. Watson.js", []),
        ("Frau und Herr", []),
        ("'full_name': 'required'", []),
        ('"last_name": "${LAST_NAME}"', []),
        ("hostname = 'Alpha'", []),
    ],
)
def test_names_that_are_introduced(text: str, values: list[str]) -> None:
    assert found(introduced.find, text) == values


@pytest.mark.parametrize(
    ("name", "text", "person"),
    [
        ("family", "Yamada", True),
        ("given", "Anne-Marie", True),
        ("family", "inet", False),
        ("fontFamily", "Helvetica", False),
        ("name", "Yamada", False),  # the model's affair
    ],
)
def test_parts_of_a_name_stand_under_their_fields(name: str, text: str, *, person: bool) -> None:
    found = RuleDetector().detect(passage(text, name))
    assert bool(found) is person
    assert bool(Detectors([RuleDetector()], key=KEY).detect(passage(text, name))) is person


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("佐々木 彩香様 横浜市西区桜通り 12へ送りました", {"佐々木 彩香", "横浜市西区桜通り 12"}),
        ("山田太郎様、東京都千代田区丸の内1-1-1です", {"山田太郎", "東京都千代田区丸の内1-1-1"}),
        ("客户欧阳伟的新地址是武汉市江岸区人民路12号，请更新。", {"欧阳伟", "武汉市江岸区人民路12号"}),
        ("请联系王秀英女士。", {"王秀英"}),
        ("고객 김민수 님의 주소는 서울시 강남구 테헤란로 152 입니다.", {"김민수", "서울시 강남구 테헤란로 152"}),
        ("Клиент Анна Соколова, ул. Садовая 12, Казань, 420111", {"Анна Соколова", "ул. Садовая 12, Казань, 420111"}),
        ("Передайте Морозову Д. А., Тверь, ул. Лесная, д. 4", {"Морозову Д. А.", "Тверь, ул. Лесная, д. 4"}),
        ("担当者様 お客様 皆様へ、クラスタを再起動しました。", set()),
        ("部署已完成，请在今天检查集群。版本 3 的路径", set()),
        ("Сервер Казань перезапущен, задержка 12 мс", set()),
        ("서버 3 대를 다시 시작했습니다", set()),
        ("für Zoë, naïve café, 5 µs", set()),
    ],
)
def test_names_and_addresses_in_other_scripts(text: str, values: set[str]) -> None:
    assert set(found(scripts.find, text)) == values


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("部署完了", True),
        ("Anna Соколова", True),
        ("مرحبا", True),
        ("שלום", True),
        ("ελληνικά", True),
        ("नमस्ते", True),
        ("σ = 5 µs, Δt", False),
        ("Grüße aus Łódź, s’il vous plaît", False),
        ("deploy", False),
        ("🚀🚀🚀🚀", False),
    ],
)
def test_text_that_the_model_does_not_read_is_told(text: str, *, unread: bool) -> None:
    assert scripts.unread(text) is unread


def test_text_in_another_script_is_labelled_not_called_clean_and_not_masked() -> None:
    text = "デプロイが完了しました"
    result = classify(bench(), arguments={"text": text})
    assert "unread_language" in result.labels
    assert result.sensitivity == "confidential"
    assert result.arguments == {"text": text}
    assert result.incomplete == ()


def test_what_a_field_says_needs_no_reader() -> None:
    assert "unread_language" not in classify(bench(), arguments={"full_name": "Анна Соколова"}).labels
    assert "unread_language" not in classify(bench(), arguments={"text": "Grüße"}).labels


_HOSTILE = (
    "王", "欧阳", "客户王王", "市区町", "1号", "人民路1", "西区桜通り12", "Аа ", "Иванов ", "ул. Аа ", "가시 ",
    "가로 1", "A ", "Aa Bb ", "Aa & ", "Aa GmbH ", "chronic ", "type 2 ", "itis", "mab", "Ab'", "Ab-", "А.А.", "号市区",
    "Frau ", "name='", "surname: 'A", "Mr. ", "patient Aa, ",
)  # fmt: skip


@pytest.mark.parametrize("part", _HOSTILE)
def test_near_matches_do_not_take_for_ever(part: str) -> None:
    text = part * (100_000 // len(part))
    started = time.process_time()
    for find in (health.find, introduced.find, organisations.find, scripts.find):
        list(find(Passage(text)))
    assert time.process_time() - started < 10
