"""Names and addresses in Chinese, Japanese and Korean, by form.

Rules:
- A name stands beside a title or a role: a frequent family name and one or two characters in Chinese and Korean, two
  runs of characters before an honorific in Japanese. Roles with an honorific (`担当者様`) are nobody.
- An address ends in a number with its mark (`号`, `丁目`, `번지`) or in a number after a road, and has a town or road
  before it: found from the number backwards, so that the time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.model import Span

_HAN: Final = "\u4e00-\u9fff々"
_KANA: Final = "\u3041-\u3096\u30a1-\u30faー"
_HANGUL: Final = "\uac00-\ud7a3"

_SURNAMES: Final = (
    "(?:欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木|南宫|歐陽|司馬|"
    "[王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許韩韓邓鄧冯馮曹彭曾肖蕭萧田董潘袁蔡蒋蔣余于杜叶葉"
    "程魏苏蘇吕呂丁任卢盧姚沈钟鍾姜崔谭譚陆陸范汪廖石金韦韋贾賈夏付傅方邹鄒熊白孟秦邱侯江尹薛闫段雷龙龍黎史陶贺賀毛郝顾顧龚龔邵万萬覃武"
    "钱錢戴严嚴莫孔汤湯])"
)
"""The hundred most frequent (Ministry of Public Security, 2020), in both spellings, and the double ones."""
_ROLE: Final = (
    "(?:客户|客戶|用户|用戶|患者|病人|员工|員工|同事|联系人|聯繫人|收件人|收货人|收貨人|申请人|申請人|负责人|負責人|投保人|持卡人|姓名|"
    "经理|經理|医生|醫生|会员|會員|学生|學生)"
)
_TITLE: Final = "(?:先生|女士|小姐|太太|老师|老師|医生|醫生|教授|经理|經理|同学|同學|主任)"
_NEXT: Final = rf"(?=[^{_HAN}]|\Z|[的在和与與已将將要请請提申说說来來给給被])"
_HONORIFIC: Final = "(?:様|さま|さん|氏|殿|先生|くん|ちゃん)"
_KOREAN: Final = (
    "[김이박최정강조윤장임한오서신권황안송류홍전고문손양배백허남심노하곽성차주우구민유진지엄채"
    "원천방공현함변염여추도소석선설마길]"
)

_NAMES: Final = (
    re.compile(rf"{_ROLE}[:：]?\s?({_SURNAMES}[{_HAN}]{{1,2}}?){_NEXT}"),
    re.compile(rf"({_SURNAMES}[{_HAN}]{{0,2}}?)\s?{_TITLE}"),
    re.compile(
        rf"(?<![{_HAN}])([{_HAN}]{{1,4}}[ \u3000]?(?:[{_HAN}]{{1,3}}|[{_KANA}]{{2,5}}))"
        rf"(?<![者員先客社主店族方皆各位手])\s?{_HONORIFIC}"
    ),
    re.compile(rf"(?:氏名|名前|担当者?|宛名)[:：]\s?([{_HAN}]{{1,4}}[ \u3000]?[{_HAN}{_KANA}]{{1,5}})"),
    re.compile(
        rf"(?:고객|환자|직원|담당자|성명|이름)[:：]?\s?({_KOREAN}[{_HANGUL}]{{1,2}})(?=님|씨|의|은|는|이|가|께|에게|[,.\s]|\Z)"
    ),
    re.compile(rf"(?<![{_HANGUL}])({_KOREAN}[{_HANGUL}]{{1,2}})\s?씨"),
)
_CHINESE_NUMBER: Final = re.compile(
    rf"\d{{1,5}}(?:[-－]\d{{1,4}})?\s?[号號弄](?:[{_HAN}]{{0,6}}?\d{{1,5}}(?:楼|樓|室|单元|單元|栋|棟|座|层|層|号|號)){{0,3}}"
)
_JAPANESE_NUMBER: Final = re.compile(
    r"[\d０-９一二三四五六七八九十]{1,3}丁目(?:\s?[\d０-９]{1,4}(?:番地?|号|[-－ー‐の])?){0,3}|"
    r"[\d０-９]{1,4}(?:(?:番地?|号|[-－‐])[\d０-９]{0,4}){0,3}"
)
_STOP: Final = re.compile(
    rf"[^{_HAN}{_KANA}\d\s〒-]|[的是在到至于於為为请請从從和與与及寄送址我你他她这這様殿氏はがをへにで、，。：:]"
)
_BACK: Final = 40
_CHINESE_ROAD: Final = re.compile(r"(?:路|街|道|巷|弄|里|村|镇|鎮|区|區)(?:[东西南北中一二三四五六七八九十]段?)?\s?\Z")
_JAPANESE_TOWN: Final = re.compile(
    rf"[{_HAN}]{{1,4}}(?:[都道府県]|市[{_HAN}]{{1,4}}区|郡[{_HAN}]{{1,5}}[町村])[{_HAN}{_KANA}]{{0,16}}\s?\Z"
)
_KOREAN_ADDRESS: Final = re.compile(
    rf"(?:[{_HANGUL}]{{2,7}}[시도]\s)?(?:[{_HANGUL}]{{1,6}}[시군구]\s){{0,2}}[{_HANGUL}\d]{{1,12}}(?:로|길|동)\s\d{{1,5}}(?:-\d{{1,4}})?(?:번지)?"
)


def find(text: str) -> Iterator[Span]:
    """Spans of people and addresses."""
    for pattern in _NAMES:
        for match in pattern.finditer(text):
            yield Span("PERSON", *match.span(1), 0.7, "pattern/name_by_form")
    for start, end in _addresses(text):
        yield Span("STREET_ADDRESS", start, end, 0.7, "pattern/address_by_form")


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in _KOREAN_ADDRESS.finditer(text):
        yield match.span()
    for number, place, needs in (
        (_CHINESE_NUMBER, _CHINESE_ROAD, 2),
        (_JAPANESE_NUMBER, _JAPANESE_TOWN, 4),
    ):
        for match in number.finditer(text):
            start = _begin(text, match.start())
            if match.start() - start >= needs and place.search(text, start, match.start()) is not None:
                yield start, match.end()


def _begin(text: str, end: int) -> int:
    """Where what could be a place begins, that ends here."""
    start = max(0, end - _BACK)
    for stop in _STOP.finditer(text, start, end):
        start = stop.end()
    while start < end and text[start].isspace():
        start += 1
    return start
