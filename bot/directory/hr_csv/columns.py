"""The columns of an HR export: what each may be called, without regard to case, blanks and punctuation.

The titles are those of Workday's, Personio's, BambooHR's, HiBob's and similar exports, in English as in some other
languages; app.yaml may name any other (`columns:`).
"""
# ruff: noqa: RUF001 - letters of other languages are meant

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import get_args

from bot.config import HrColumn as Column
from bot.texts import t

# What says yes of those who are not there.
IS_GONE = ("disabled", "account disabled", "is disabled", "suspended", "terminated", "archived", "deactivated", "禁用")

# The first title that the file has counts, so that "Manager e-mail" is taken where "Manager" holds a full name.
COLUMNS: Mapping[Column, Sequence[str]] = {
    "email": (
        *("work e-mail", "work e-mail address", "e-mail - primary work", "e-mail primary work", "e-mail - work"),
        *("primary work e-mail", "primary work e-mail address", "business e-mail", "business e-mail address"),
        *("company e-mail", "company e-mail address", "corporate e-mail", "office e-mail", "e-mail (work)"),
        *("e-mail", "e-mail address", "primary e-mail", "mail", "user principal name", "upn"),
        *("E-Mail-Adresse", "E-Mail geschäftlich", "geschäftliche E-Mail", "dienstliche E-Mail"),
        *("adresse e-mail", "adresse électronique", "e-mail professionnel", "courriel"),
        *(
            "correo electrónico",
            "correo",
            "endereço de e-mail",
            "work contact: work e-mail",
            "work contact - work e-mail",
        ),
        *("indirizzo e-mail", "e-mailadres", "adres e-mail", "e-postadress", "e-mailadresse", "sähköposti"),
        *("эл. почта", "электронная почта", "почта", "e-posta", "이메일", "이메일 주소", "메일", "メール", "電子郵件"),
        *("工作邮箱", "企业邮箱", "公司邮箱", "邮箱", "电子邮箱", "电子邮件", "メールアドレス"),
    ),
    "name": (
        *("name", "full name", "display name", "preferred full name", "preferred name", "employee name"),
        *("employee full name", "worker name", "legal full name", "legal name", "worker"),
        *(
            "vollständiger Name",
            "nom complet",
            "nombre completo",
            "nome completo",
            "姓名",
            "氏名",
            "名前",
            "이름",
            "성명",
        ),
        *("payroll name", "employee", "nome", "naam", "volledige naam", "imię i nazwisko", "фио", "ф.и.о.", "ad soyad"),
    ),
    "first_name": (
        *("preferred first name", "preferred name - first name", "first name", "given name", "forename"),
        *("legal first name", "legal name - first name", "Vorname", "prénom", "nombre", "primeiro nome", "名"),
        *("voornaam", "imię", "имя", "förnamn", "fornavn", "etunimi", "jméno"),
    ),
    "last_name": (
        *("preferred last name", "preferred name - last name", "last name", "family name", "surname"),
        *("legal last name", "legal name - last name", "Nachname", "nom de famille", "nom", "apellidos"),
        *("apellido", "cognome", "sobrenome", "apelido", "achternaam", "nazwisko", "фамилия", "efternamn", "efternavn"),
        *("etternavn", "sukunimi", "příjmení", "姓"),
    ),
    "id": ("id", "Bursar id"),
    "number": (
        *("employee number", "employee id", "employee no", "employee #", "eeid", "personnel number"),
        *("personnel no", "staff number", "staff id", "worker id", "worker number", "employee id in company"),
        *("payroll number", "Personalnummer", "matricule", "número de empleado", "工号", "员工编号", "社員番号"),
        *(
            "user/employee id",
            "user id",
            "员工userid",
            "associate id",
            "person number",
            "person id",
            "personeelsnummer",
            "numer pracownika",
            "табельный номер",
        ),
        *("matricola", "matrícula", "사번", "員工編號"),
    ),
    "manager": (
        *("manager e-mail", "manager e-mail address", "manager's e-mail", "manager work e-mail", "manager mail"),
        *("line manager e-mail", "direct manager e-mail", "supervisor e-mail", "supervisor e-mail address"),
        *("manager person number", "manager number", "manager user name", "manager user principal name"),
        *("reports to e-mail", "reports to (e-mail)", "reporting to e-mail", "manager id", "manager employee id"),
        *("manager employee number", "manager worker id", "supervisor id", "supervisor eid"),
        *("supervisor employee id", "supervisor employee #", "reports to id", "reports to employee id"),
        *("manager", "manager name", "worker's manager", "line manager", "line manager name", "direct manager"),
        *("reports to", "reporting to", "supervisor", "supervisor name", "Vorgesetzter", "Vorgesetzte"),
        *("reports to name", "reporting manager", "responsable", "responsable hiérarchique", "supérieur hiérarchique"),
        *("supérieur", "jefe", "jefe directo", "gestor", "gerente", "gestor direto", "responsabile", "leidinggevende"),
        *("przełożony", "руководитель", "chef", "esimies", "yönetici", "상사", "매니저", "관리자", "主管姓名"),
        *("manager direct", "直属上级", "主管", "直接上级", "上级", "汇报对象", "直属领导", "上司", "上長"),
    ),
    "team": (
        *("team", "team name", "squad", "supervisory organization", "organizational unit"),
        *("organisational unit", "org unit", "équipe", "equipo", "团队", "小组", "チーム"),
    ),
    "department": (
        *("department", "department name", "dept", "division", "business unit", "Abteilung", "département"),
        *(
            "departamento",
            "部门",
            "部署",
            "部門",
            "所属部门",
            "所属",
            "home department description",
            "department description",
        ),
        *("home department", "service", "reparto", "afdeling", "dział", "отдел", "avdelning", "afdeling", "osasto"),
        *("departman", "부서", "부서명"),
    ),
    "cost_center": (
        *("cost centre", "cost center", "cost centre code", "cost center code", "cost centre id", "cost center id"),
        *("cost center - id", "cost centers", "Kostenstelle", "centre de coûts", "centro de costo", "成本中心"),
    ),
    "owner": ("team owner", "team owner e-mail", "team owner id"),
    "zone": ("zone", "time zone", "tz", "Zeitzone", "fuseau horaire", "zona horaria", "时区"),
    "locale": ("locale",),
    "status": (
        *("status", "lifecycle status", "life cycle status", "worker status", "employee status", "account status"),
        *("employment status", "active status", "currently active", "active", "account enabled"),
        *("position status", "assignment status", "assignment status type", "user status", "employee state"),
        *("statut", "estado", "situação", "stato", "статус", "durum", "재직상태", "재직 상태"),
        *("在职状态", "员工状态", "人员状态", "状态", "狀態", "在籍状況", "在籍区分"),
        *IS_GONE,
    ),
    "start_date": (
        *("start date", "hire date", "joined", "employment start date", "joining date", "date of joining"),
        *("date of hire", "original hire date", "Eintrittsdatum", "Einstellungsdatum", "date d'embauche"),
        *("fecha de ingreso", "fecha de alta", "data de admissão", "data assunzione"),
        *(
            "datum in dienst",
            "data zatrudnienia",
            "дата приёма",
            "дата приема",
            "입사일",
            "入职日期",
            "到职日期",
            "入社日",
        ),
    ),
    "end_date": (
        *("termination date", "last day", "last day of work", "last working day", "last day of employment"),
        *("employment end date", "leaving date", "exit date", "separation date"),
        *("date of leaving", "end of employment", "end date", "Austrittsdatum", "letzter Arbeitstag"),
        *(
            "date de sortie",
            "date de départ",
            "fecha de baja",
            "fecha de salida",
            "离职日期",
            "最后工作日",
            "退職日",
            "退社日",
            "퇴사일",
            "data de desligamento",
            "data cessazione",
            "datum uit dienst",
            "дата увольнения",
        ),
    ),
    "roles": ("roles", "Bursar roles"),
}

# Whether somebody of that status is there. Who is on leave is; who will only come is not, yet.
STATUSES: Mapping[str, bool] = {
    **dict.fromkeys(
        (
            *("", "active", "employed", "current", "currently active", "working", "hired", "on leave", "leave"),
            *("leave of absence", "LOA", "paid leave", "unpaid leave", "parental leave", "maternity leave"),
            *("paternity leave", "family leave", "sick leave", "medical leave", "military leave", "FMLA"),
            *("sabbatical", "disability", "furlough", "furloughed", "probation", "notice period", "under notice"),
            *("full-time", "part-time", "permanent", "temporary", "fixed-term", "contractor", "contract", "intern"),
            *("regular", "apprentice", "working student", "on notice", "yes", "true", "1", "enabled"),
            *("provisioned", "recovery", "password expired", "locked out", "password reset"),
            *("aktiv", "ja", "wahr", "beurlaubt", "Elternzeit", "actif", "oui", "vrai", "activo", "sí"),
            *("A", "L", "active assignment", "employee", "contingent worker", "secondment", "seconded", "paternity"),
            *("ativo", "afastado", "férias", "attivo", "actief", "in dienst", "aktywny", "zatrudniony", "работает"),
            *(
                "активен",
                "в отпуске",
                "baja médica",
                "aktif",
                "재직",
                "재직중",
                "휴직",
                "是",
                "はい",
                "예",
                "tak",
                "да",
            ),
            *(
                "在职",
                "试用期",
                "试用",
                "正式",
                "实习",
                "外包",
                "休假",
                "产假",
                "停薪留职",
                "待离职",
                "在籍",
                "在職",
                "休職",
            ),
            *("启用", "正常", "已激活"),
        ),
        True,
    ),
    **dict.fromkeys(
        (
            *("inactive", "left", "leaver", "terminated", "former", "former employee", "departed", "resigned"),
            *("dismissed", "retired", "deceased", "offboarded", "deactivated", "disabled", "suspended"),
            *("garden leave", "alumni", "pre-hire", "future hire", "onboarding", "not started", "no", "false", "0"),
            *(
                "staged",
                "deprovisioned",
                "not enabled",
                "T",
                "I",
                "R",
                "archived",
                "withdrawn",
                "pre-boarding",
                "preboarding",
            ),
            *("pre-boarded", "candidate", "offer accepted", "redundant", "quit", "separated", "end of contract"),
            *(
                "sorti",
                "parti",
                "baja",
                "cesado",
                "desligado",
                "demitido",
                "inativo",
                "cessato",
                "dimesso",
                "uit dienst",
            ),
            *("zwolniony", "nieaktywny", "уволен", "уволена", "неактивен", "pasif", "퇴사", "퇴직", "已离职", "待入职"),
            *("否", "いいえ", "아니오", "nie", "нет"),
            *("禁用", "停用", "未激活", "已禁用", "退社", "離職"),
            *("inaktiv", "ausgeschieden", "nein", "falsch", "inactif", "non", "faux", "inactivo", "离职", "退職"),
        ),
        False,
    ),
}


def plain(text: str) -> str:
    """A word without case, blanks and punctuation."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


STATUS_BY_WORD: Mapping[str, bool] = {plain(word): there for word, there in STATUSES.items()}
_BRACKETS = re.compile(r"\[[^\]]*\]")
"""Google writes behind a title what may be done with the column: Email Address [Required]."""
_PARTS = str.maketrans(dict.fromkeys("-–—:/(),;|", "\n"))


def _title(text: str) -> str:
    """A title in its plain form; “Employee #” is a number, and “Employee” somebody's name."""
    return plain(text.replace("#", " no"))


def says_who_is_gone(title: str) -> bool:
    """Whether a column says yes of those who are not there."""
    return plain(title) in {plain(each) for each in IS_GONE}


def is_there(status: str, own: Mapping[str, bool]) -> bool | None:
    """Whether somebody of a status is there; None if the status is not known.

    What is in several parts, such as “Active - Leave”, is known by one of them; who has left by any part has left.

    Args:
        status: as it is written.
        own: what app.yaml says of words, in their plain form.
    """
    words = {**STATUS_BY_WORD, **own}
    whole = words.get(plain(status))
    if whole is not None:
        return whole
    parts = {words.get(plain(part)) for part in status.translate(_PARTS).splitlines() if plain(part)}
    return False if False in parts else True if True in parts else None


def find_columns(header: Sequence[str], mapping: Mapping[Column, str]) -> tuple[dict[Column, int], list[str]]:
    """Where each column is, and what is wrong with the header, a sentence each.

    Args:
        header: the titles.
        mapping: what app.yaml says: the title of a column. It counts more than the titles that are known.
    """
    names = [_title(_BRACKETS.sub("", title) or title) for title in header]
    found: dict[Column, int] = {}
    wrong: list[str] = []
    for column in get_args(Column):
        titles = [mapping[column]] if column in mapping else COLUMNS[column]
        name = next((each for each in map(_title, titles) if each in names), None)
        if name is None:
            if column in mapping:
                wrong.append(_no_such(mapping[column], header))
            continue
        found[column] = names.index(name)
        if names.count(name) > 1:
            title = header[found[column]].strip()
            wrong.append(t("the column “{title}” stands {n} times; keep one", title=title, n=names.count(name)))
    if wrong:
        return found, wrong
    titles_there = ", ".join(title.strip() for title in header if title.strip())
    if "email" not in found and "id" not in found:
        wrong.append(
            t(
                "there is no column with e-mail addresses among {titles}; name it in app.yaml (columns, email)",
                titles=titles_there,
            )
        )
    if "name" not in found and not {"first_name", "last_name"} & found.keys():
        wrong.append(
            t("there is no column with names among {titles}; name it in app.yaml (columns, name)", titles=titles_there)
        )
    return found, wrong


def _no_such(title: str, header: Sequence[str]) -> str:
    close = get_close_matches(title, [each.strip() for each in header], n=1, cutoff=0.6)
    if close:
        return t("there is no column “{title}”. Did you mean “{name}”?", title=title, name=close[0])
    return t("there is no column “{title}”", title=title)
