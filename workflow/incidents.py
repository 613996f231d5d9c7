"""Failed runs of scheduled jobs: they block the next step of what they concern until retried or resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from governance.refusal import Refusal
from governance.roles import Role
from workflow.i18n import lazy as _
from workflow.model import occurrences
from workflow.prepared import Prepared

if TYPE_CHECKING:
    from workflow.attempt import Attempt

_FAILED = Prepared(
    select(occurrences.c.job).where(
        occurrences.c.scope == bindparam("case"), occurrences.c.status == "failed"
    )
)


def blocking(attempt: Attempt) -> list[Refusal]:
    """One refusal for each failed run that concerns the case; the system itself is not blocked, so it may retry.

    It says in words what did not happen and what waits for it; what the machine said stands on the page of jobs.
    """
    from workflow.jobs import label_of

    if attempt.actor.role is Role.SYSTEM:
        return []
    if "failures" not in attempt.read:
        attempt.read["failures"] = _FAILED.rows(attempt.connection, {"case": attempt.case.id})
    return [
        Refusal(
            reason=_("系统的“%(job)s”没有完成，完成之前本件不能往下办；已列入定时任务页，系统管理员可见", job=label_of(row.job)),
            who=_("医保经办机构或系统管理"),
            link="/jobs",
            fact="incident",
        )
        for row in attempt.read["failures"]
    ]
