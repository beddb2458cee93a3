"""Words of hospitals' tables: who died, which sex, what a header is about, what names a person.

English, German, French and Chinese. They propose and they doubt; what a status means is always said by the user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from survdash.sources.column_mapping import fold

_DEAD = frozenset((
    "dead", "deceased", "died", "death", "expired", "exitus", "verstorben", "gestorben", "tot", "tod", "dod", "doc",
    "décédé", "décédée", "décédé(e)", "decede", "mort", "morte",
    "死亡", "已死亡", "死", "去世", "已故", "病故",
))  # fmt: skip
_ALIVE = frozenset((
    "alive", "living", "lives", "censored", "ned", "awd", "lebend", "lebt", "lebendig", "zensiert",
    "vivant", "vivante", "vivant(e)", "censuré",
    "存活", "生存", "健在", "在世", "活",
))  # fmt: skip
_LONGER = (  # what a longer phrase begins with: "dead of disease", "alive with tumour"
    ("dead", re.compile(r"(dead|deceased|died|verstorben|gestorben|tod durch|décès|décédé|死于|死亡)\b.*")),
    ("alive", re.compile(r"(alive|living|lebt|lebend|am leben|en vie|vivant|存活)\b.*")),
)
UNKNOWN = frozenset(fold(word) for word in (
    "unknown", "not known", "not reported", "unbekannt", "k.a.", "k. a.", "ka", "n.a.", "inconnu", "inconnue", "nd",
    "n.d.", "nr", "non renseigné", "不详", "未知", "不明", "无",
))  # fmt: skip
_FEMALE = ("female", "f", "w", "weiblich", "frau", "woman", "femme", "féminin", "女", "女性")
_MALE = ("male", "m", "männlich", "maennlich", "mann", "man", "homme", "h", "masculin", "男", "男性")
SEXES: Mapping[str, str] = MappingProxyType(dict.fromkeys(_FEMALE, "female") | dict.fromkeys(_MALE, "male"))
# Key of a mapping: what a header looks like that plainly names it. The first key that fits takes the column.
_HEADERS: Mapping[str, re.Pattern[str]] = MappingProxyType({key: re.compile("|".join(words)) for key, words in {
    "case": (
        r"case( ?id)?", r"patients?( ?(id|nr|no|nummer|number|code))?", r"pat ?(id|nr|no)?", r"pid", r"pseudonym",
        r"(submitter|subject|study) ?id", r"bcr patient barcode", r"fall ?(id|nr|nummer)",
        r"(numéro|n|code|id) (du )?patient", r"病例号", r"(病人|患者)(编号|id)", r"编号", r"病案号", r"住院号",
    ),
    "birth": (
        r"(date of )?birth( ?date)?", r"birth ?day", r"dob", r"geburts ?(datum|tag)", r"geb( ?dat(um)?)?",
        r"date de naissance", r"出生(日期|年月日?)", r"生日",
    ),
    "diagnosis": (
        r"(date of |date )?(initial )?diagnosis( date)?", r"dx ?date", r"date ?dx", r"(erst)?diagnose ?datum",
        r"datum (der )?(erst)?diagnose", r"erstdiagnose", r"ed( ?datum)?", r"date (de|du) diagnostic",
        r"(确诊|诊断|手术)(日期|时间)", r"surgery date", r"date of surgery", r"op ?datum", r"date (de )?chirurgie",
    ),
    "death": (
        r"(date of )?death ?date", r"date (of )?death", r"todes ?(datum|tag)", r"sterbe ?datum", r"datum (des )?todes",
        r"date (de|du) décès", r"死亡(日期|时间)",
    ),
    "last_contact": (
        r"(date of |date )?last ?(contact|follow ?up|fu|seen|visit|news)( ?date)?", r"follow ?up date",
        r"(datum )?letzte[rns]? (kontakt|vorstellung|nachsorge|info)( ?datum)?", r"(datum )?letztkontakt",
        r"(date (de|des) )?dernières? (nouvelles?|contact|visite)", r"(末次|最后)(随访|联系)(日期|时间)?", r"随访日期",
    ),
    "time": (
        r"(os|overall survival|survival|follow ?up|fu)( ?time)?", r"os (d|m|mo|mos)", r"time( to event)?", r"fu ?time",
        r"(gesamt)?überleben(szeit)?", r"nachbeobachtung(szeit)?", r"survie( globale)?", r"(délai|durée) de suivi",
        r"(总)?生存(时间|期)?", r"随访时间", r"(survival|os|time|fu)",
    ),
    "status": (
        r"(os|vital|survival|life|patient) ?(status|state)", r"status", r"(os|death)? ?event", r"dead", r"fu ?stat",
        r"vital", r"censor(ed|ing|ship)?", r"verstorben", r"(überlebens|lebens|vital) ?status", r"statut( vital)?",
        r"décès", r"décédée?", r"état( vital)?", r"(生存|存活)(状态|状况)", r"是否死亡", r"结局",
    ),
    "age": (r"age( (at|in) .*)?", r"alter( .*)?", r"âge( .*)?", r"年龄"),
    "sex": (r"sex", r"gender", r"geschlecht", r"sexe", r"性别"),
    "stage": (
        r"((ajcc|uicc|tnm|pathologic(al)?|clinical|tumou?r) )*stage( .*)?", r"(uicc|tumor)? ?stadium( .*)?", r"uicc",
        r"stade( .*)?", r"(临床|病理|tnm)?分期",
    ),
    "site": (
        r"(tissue source |treating )?(site|hospital|cent(er|re)|institution)", r"klinik", r"zentrum", r"standort",
        r"hôpital", r"医院", r"中心",
    ),
}.items()})  # fmt: skip
_IDENTIFIERS = re.compile("|".join((
    r"((first|last|sur|family|given|full|patient|vor|nach|zu|familien) ?)?names?", r"(vor|nach|familien) ?namen?",
    r"nom( de .*)?", r"prénom", r"姓名", r"名字", r"患者姓名",
    r"address(e)?", r"adresse", r"street", r"stra(ß|ss)e", r"zip( ?code)?", r"plz", r"post ?(code|al code|leitzahl)",
    r"code postal", r"地址", r"住址", r"邮编",
    r"e ?mail", r"(tele)?phone( .*)?", r"telefon( .*)?", r"tel", r"mobile", r"téléphone", r"(电话|手机)(号码?)?",
    r"ssn", r"social security.*", r"(national|insurance|health) (id|number)", r"versicherten ?(nr|nummer)", r"kvnr",
    r"身份证(号码?)?", r"mrn", r"medical record.*", r"kranken ?(akten)?(nr|nummer)",
    r"birth.*", r"(date of )?birth.*", r"geburts.*", r"geb( ?dat(um)?)?", r"dob", r".*naissance", r"出生.*", r"生日",
    r"(haus)?arzt", r"physician( .*)?",
)))  # fmt: skip
_UNITS: Mapping[str, re.Pattern[str]] = MappingProxyType({unit: re.compile(words) for unit, words in (
    ("months", r"(.* )?(months?|mos?|monaten?|mois)|.*月"),
    ("days", r"(.* )?(days?|tagen?|jours?)|.*[天日]"),
    ("years", r"(.* )?(years?|yrs?|jahren?|ans|années)|.*[年岁]"),
)})  # fmt: skip
_UNIT_AT_END = re.compile(
    r"[ ]?(in )?\b(days?|months?|mos?|years?|yrs?|tagen?|monaten?|jahren?|jours?|mois|ans|années)$| ?[天日月年岁]$"
)
_CAUSE = re.compile(r"cause of death.*|todesursache.*|cause (du|de) décès|死亡原因|死因")
_PERSON = re.compile(r"[A-ZÀ-Þ][^\W\d_'’ -]+([ '’-][^\W\d_]+)*, ?[A-ZÀ-Þ][^\W\d_.]*([ .-]+[^\W\d_.]+)*\.?")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
_PHONE = re.compile(r"(\+|00?)\d{1,4}[ /-]\d[\d /-]{5,}")
_NATIONAL = re.compile(r"\d{17}[\dXx]|[1-9]\d{2}-\d{2}-\d{4}")


def meaning_of_status(word: str) -> str | None:
    """What a word of a status plainly says: dead, alive or ignore; None for numbers and words that say neither.

    >>> [meaning_of_status(word) for word in ("1:DECEASED", "lebt", "Unknown", "1", "yes")]
    ['dead', 'alive', 'ignore', None, None]
    """
    plain = re.sub(r"^[01] ?[:=-] ?", "", fold(word))
    if plain in UNKNOWN:
        return "ignore"
    for meaning, words in (("dead", _DEAD), ("alive", _ALIVE)):
        if plain in words:
            return meaning
    return next((meaning for meaning, pattern in _LONGER if pattern.fullmatch(plain)), None)


def key_of_header(header: str) -> str | None:
    """Which key of a mapping a header plainly names; None if none.

    >>> [key_of_header(header) for header in ("Fall-Nr.", "OS_MONTHS", "Geburtsdatum", "年龄(岁)", "Ki-67")]
    ['case', 'time', 'birth', 'age', None]
    """
    whole = _header(header)
    if whole == "os":  # with a unit a time; alone, as in the tables of Xena and the CDR, the event
        return "status"
    for plain in (whole, _UNIT_AT_END.sub("", whole)):
        found = next((key for key, pattern in _HEADERS.items() if pattern.fullmatch(plain)), None)
        if found is not None:
            return found
    return None


def unit_in_header(header: str) -> str | None:
    """The unit of time that a header names, if it does.

    >>> [unit_in_header(header) for header in ("Überleben (Tage)", "os.months", "生存时间(月)", "time")]
    ['days', 'months', 'months', None]
    """
    plain = _header(header)
    return next((unit for unit, pattern in _UNITS.items() if pattern.fullmatch(plain)), None)


def says_cause_of_death(header: str) -> bool:
    """Whether a column tells of what a patient died: who has an entry there is dead."""
    return _CAUSE.fullmatch(_header(header)) is not None


def why_identifier(header: str, texts: Sequence[str]) -> str | None:
    """Why a column may name a person; None if it does not look like it.

    Parameters
    ----------
    header : str
    texts : sequence of str
        Its cells that are not missing.
    """
    if _IDENTIFIERS.fullmatch(_header(header)):
        return "its header names a person's data"
    for pattern, what in ((_PERSON, "names"), (_MAIL, "e-mail addresses"), (_PHONE, "telephone numbers"),
                          (_NATIONAL, "national numbers")):  # fmt: skip
        if texts and 2 * sum(pattern.fullmatch(text) is not None for text in texts) > len(texts):
            return f"its cells look like {what} of persons"
    return None


def _header(header: str) -> str:
    """A header without capitals, signs between words, and brackets."""
    parted = re.sub(r"(?<=[a-zäöü])(?=[A-Z][a-z])", " ", header)
    return " ".join(re.sub(r"[\W_]+", " ", parted.replace("°", "")).split()).casefold()
