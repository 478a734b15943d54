"""The columns of an HR export: what each may be called, without regard to case, blanks and punctuation."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

Column = Literal[
    "email",
    "name",
    "given",
    "family",
    "id",
    "number",
    "manager",
    "team",
    "department",
    "cost_center",
    "owner",
    "zone",
    "locale",
    "status",
    "joined",
    "roles",
]

# The first name that the file has counts, so that "Manager e-mail" is taken where "Manager" holds a full name.
COLUMNS: Mapping[Column, Sequence[str]] = {
    "email": (
        *("e-mail", "e-mail address", "mail", "work e-mail", "work e-mail address", "business e-mail"),
        *("business e-mail address", "company e-mail", "primary e-mail", "primary work e-mail", "user principal name"),
        *("E-Mail-Adresse", "adresse e-mail", "correo electrónico"),
    ),
    "name": (
        *("name", "full name", "display name", "preferred name", "employee name", "worker name", "legal name"),
        *("vollständiger Name", "nom complet", "nombre completo"),
    ),
    "given": ("first name", "given name", "forename", "Vorname", "prénom", "nombre"),
    "family": ("last name", "family name", "surname", "Nachname", "nom de famille", "apellidos"),
    "id": ("id", "Bursar id"),
    "number": (
        *("employee number", "employee id", "employee no", "personnel number", "staff number", "worker id"),
        *("Personalnummer", "matricule"),
    ),
    "manager": (
        *("manager e-mail", "manager e-mail address", "manager's e-mail", "manager mail", "line manager e-mail"),
        *("supervisor e-mail", "reports to e-mail", "manager id", "manager employee id", "manager number"),
        *("manager", "line manager", "reports to", "supervisor", "Vorgesetzter", "Vorgesetzte", "responsable"),
    ),
    "team": ("team", "team name", "squad", "organizational unit", "organisational unit", "org unit", "équipe"),
    "department": (
        *("department", "department name", "dept", "division", "business unit", "Abteilung", "département"),
        *("departamento",),
    ),
    "cost_center": (
        *("cost centre", "cost center", "cost centre code", "cost center code", "cost centre id", "cost center id"),
        *("Kostenstelle", "centre de coûts", "centro de costo"),
    ),
    "owner": ("team owner", "team owner e-mail", "team owner id"),
    "zone": ("zone", "time zone", "tz", "Zeitzone", "fuseau horaire", "zona horaria"),
    "locale": ("locale",),
    "status": (
        *("status", "employment status", "employee status", "worker status", "account status", "active"),
        *("statut", "estado"),
    ),
    "joined": (
        *("joined", "start date", "hire date", "joining date", "date of joining", "Eintrittsdatum"),
        *("date d'embauche", "fecha de ingreso"),
    ),
    "roles": ("roles", "Bursar roles"),
}

# Whether somebody of that status is there. Who is on leave is; who will only come is not, yet.
STATUSES: Mapping[str, bool] = {
    **dict.fromkeys(
        (
            *("", "active", "employed", "current", "working", "hired", "on leave", "leave", "leave of absence"),
            *("parental leave", "maternity leave", "probation", "yes", "true", "1", "aktiv", "actif", "activo"),
        ),
        True,
    ),
    **dict.fromkeys(
        (
            *("inactive", "left", "leaver", "terminated", "former", "former employee", "departed", "resigned"),
            *("dismissed", "retired", "deceased", "offboarded", "deactivated", "disabled", "suspended"),
            *("pre-hire", "future hire", "no", "false", "0", "inaktiv", "ausgeschieden", "inactif", "inactivo"),
        ),
        False,
    ),
}


def plain(text: str) -> str:
    """A word without case, blanks and punctuation."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


STATUS_BY_WORD: Mapping[str, bool] = {plain(word): there for word, there in STATUSES.items()}


def find_columns(header: Sequence[str]) -> tuple[dict[Column, int], list[str]]:
    """Where each column is, and what is wrong with the header, a sentence each."""
    names = [plain(title) for title in header]
    found: dict[Column, int] = {}
    wrong: list[str] = []
    for column in get_args(Column):
        name = next((each for each in map(plain, COLUMNS[column]) if each in names), None)
        if name is None:
            continue
        found[column] = names.index(name)
        if names.count(name) > 1:
            wrong.append(f"there are {names.count(name)} columns “{header[found[column]].strip()}”; keep one of them")
    if "email" not in found and "id" not in found:
        wrong.append("there is no column with e-mail addresses; call it e-mail")
    if "name" not in found and not {"given", "family"} <= found.keys():
        wrong.append("there is no column with names; call it name, or have the columns first name and last name")
    return found, wrong
