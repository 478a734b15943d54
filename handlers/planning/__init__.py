"""Planning: what another policy would have done, before it is in force."""

from handlers.planning.commands import propose, try_, try_policy
from handlers.planning.contract_alerts import check_contracts, report_contract
from handlers.planning.contracts import contracts
from handlers.planning.renewal import renewal
from handlers.planning.shadows import check_shadows, counting, demote, lab, promote, report_shadow
from handlers.planning.suggest import suggest

__all__ = [
    "check_contracts",
    "check_shadows",
    "contracts",
    "counting",
    "demote",
    "lab",
    "promote",
    "propose",
    "renewal",
    "report_contract",
    "report_shadow",
    "suggest",
    "try_",
    "try_policy",
]
