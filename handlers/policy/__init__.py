"""What the company decided: app.yaml as rules."""

from handlers.policy.amounts import House
from handlers.policy.approvals import MANAGER, STAGES, ApprovalRule, Ask, Stage, WorkingHours, because, stages_for
from handlers.policy.policy import (
    PLACE,
    STANDARD,
    TIERS,
    ZONES,
    AmountWritten,
    Budget,
    LimitRules,
    LocaleName,
    Name,
    Organization,
    Policy,
    Rates,
    Rule,
    Vendor,
    Zone,
)
from handlers.policy.thresholds import AmountText, GuardRules, WasteRules
from handlers.policy.working_hours import after_working, is_working, next_morning, next_workday

__all__ = [
    "MANAGER",
    "PLACE",
    "STAGES",
    "STANDARD",
    "TIERS",
    "ZONES",
    "AmountText",
    "AmountWritten",
    "ApprovalRule",
    "Ask",
    "Budget",
    "GuardRules",
    "House",
    "LimitRules",
    "LocaleName",
    "Name",
    "Organization",
    "Policy",
    "Rates",
    "Rule",
    "Stage",
    "Vendor",
    "WasteRules",
    "WorkingHours",
    "Zone",
    "after_working",
    "because",
    "is_working",
    "next_morning",
    "next_workday",
    "stages_for",
]
