"""The columns of an HR export: what each may be called, without regard to case, blanks and punctuation.

The titles are those of Workday's, Personio's, BambooHR's, HiBob's and similar exports, in English as in some other
languages; app.yaml may name any other (`columns:`).
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import get_args

from bot.config import HrColumn as Column
from bot.texts import t

# The first title that the file has counts, so that "Manager e-mail" is taken where "Manager" holds a full name.
COLUMNS: Mapping[Column, Sequence[str]] = {
    "email": (
        *("work e-mail", "work e-mail address", "e-mail - primary work", "e-mail primary work", "e-mail - work"),
        *("primary work e-mail", "primary work e-mail address", "business e-mail", "business e-mail address"),
        *("company e-mail", "company e-mail address", "corporate e-mail", "office e-mail", "e-mail (work)"),
        *("e-mail", "e-mail address", "primary e-mail", "mail", "user principal name", "upn"),
        *("E-Mail-Adresse", "E-Mail geschäftlich", "geschäftliche E-Mail", "dienstliche E-Mail"),
        *("adresse e-mail", "adresse électronique", "e-mail professionnel", "courriel"),
        *("correo electrónico", "correo", "endereço de e-mail"),
        *("工作邮箱", "企业邮箱", "公司邮箱", "邮箱", "电子邮箱", "电子邮件", "メールアドレス"),
    ),
    "name": (
        *("name", "full name", "display name", "preferred full name", "preferred name", "employee name"),
        *("employee full name", "worker name", "legal full name", "legal name", "worker"),
        *("vollständiger Name", "nom complet", "nombre completo", "姓名", "氏名"),
    ),
    "first_name": (
        *("preferred first name", "preferred name - first name", "first name", "given name", "forename"),
        *("legal first name", "legal name - first name", "Vorname", "prénom", "nombre", "primeiro nome", "名"),
    ),
    "last_name": (
        *("preferred last name", "preferred name - last name", "last name", "family name", "surname"),
        *("legal last name", "legal name - last name", "Nachname", "nom de famille", "nom", "apellidos"),
        *("apellido", "cognome", "sobrenome", "姓"),
    ),
    "id": ("id", "Bursar id"),
    "number": (
        *("employee number", "employee id", "employee no", "employee #", "eeid", "personnel number"),
        *("personnel no", "staff number", "staff id", "worker id", "worker number", "employee id in company"),
        *("payroll number", "Personalnummer", "matricule", "número de empleado", "工号", "员工编号", "社員番号"),
    ),
    "manager": (
        *("manager e-mail", "manager e-mail address", "manager's e-mail", "manager work e-mail", "manager mail"),
        *("line manager e-mail", "direct manager e-mail", "supervisor e-mail", "supervisor e-mail address"),
        *("reports to e-mail", "reports to (e-mail)", "reporting to e-mail", "manager id", "manager employee id"),
        *("manager number", "manager employee number", "manager worker id", "supervisor id", "supervisor eid"),
        *("supervisor employee id", "supervisor employee #", "reports to id", "reports to employee id"),
        *("manager", "manager name", "worker's manager", "line manager", "line manager name", "direct manager"),
        *("reports to", "reporting to", "supervisor", "supervisor name", "Vorgesetzter", "Vorgesetzte"),
        *("responsable", "manager direct", "直属上级", "主管", "直接上级", "上级", "汇报对象", "上司"),
    ),
    "team": (
        *("team", "team name", "squad", "supervisory organization", "organizational unit"),
        *("organisational unit", "org unit", "équipe", "equipo", "团队", "小组", "チーム"),
    ),
    "department": (
        *("department", "department name", "dept", "division", "business unit", "Abteilung", "département"),
        *("departamento", "部门", "部署"),
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
        *("statut", "estado"),
        *("在职状态", "员工状态", "状态"),
    ),
    "start_date": (
        *("start date", "hire date", "joined", "employment start date", "joining date", "date of joining"),
        *("date of hire", "original hire date", "Eintrittsdatum", "Einstellungsdatum", "date d'embauche"),
        *("fecha de ingreso", "入职日期", "入社日"),
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
            *("在职", "试用期", "试用", "休假", "停薪留职", "在籍", "休職"),
        ),
        True,
    ),
    **dict.fromkeys(
        (
            *("inactive", "left", "leaver", "terminated", "former", "former employee", "departed", "resigned"),
            *("dismissed", "retired", "deceased", "offboarded", "deactivated", "disabled", "suspended"),
            *("garden leave", "alumni", "pre-hire", "future hire", "onboarding", "not started", "no", "false", "0"),
            *("staged", "deprovisioned", "not enabled"),
            *("inaktiv", "ausgeschieden", "nein", "falsch", "inactif", "non", "faux", "inactivo", "离职", "退職"),
        ),
        False,
    ),
}


def plain(text: str) -> str:
    """A word without case, blanks and punctuation."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


STATUS_BY_WORD: Mapping[str, bool] = {plain(word): there for word, there in STATUSES.items()}
_PARTS = str.maketrans(dict.fromkeys("-–—:/(),;|", "\n"))


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
    names = [plain(title) for title in header]
    found: dict[Column, int] = {}
    wrong: list[str] = []
    for column in get_args(Column):
        titles = [mapping[column]] if column in mapping else COLUMNS[column]
        name = next((each for each in map(plain, titles) if each in names), None)
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
