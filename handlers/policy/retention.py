"""For how long what is personal is kept."""

from typing import Annotated

from pydantic import Field

from handlers.policy.approvals import Frozen

Days = Annotated[int, Field(ge=30, le=36_500)] | None
Months = Annotated[int, Field(ge=25, le=1_200)] | None


class RetentionRules(Frozen):
    """For how many days or months something is kept; None is as long as the database.

    Args:
        message_days: messages that were shown, after they last changed.
        reason_days: reasons and notes of requests and exceptions, after these ended.
        version_days: what a provider said of a charge before it corrected it, after the correction.
        set_aside_days: what could not be understood, after it was last tried.
        telemetry_days: what programs told of themselves.
        token_days: tokens that ended.
        charge_months: charges cell by cell, in whole months after that of today; what they came to by day is kept.
            Two years and a month at least, for a year is compared with the one before.
    """

    message_days: Days = None
    reason_days: Days = None
    version_days: Days = None
    set_aside_days: Days = None
    telemetry_days: Days = None
    token_days: Days = None
    charge_months: Months = None
