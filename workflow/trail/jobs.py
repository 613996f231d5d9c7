"""Scheduled work of the trail: seal every day that is over, then write the seals outside the database."""

from __future__ import annotations

from workflow.i18n import lazy as _
from workflow.occurrences import Job
from workflow.trail import seal_files, sealing

SEAL_DAY = Job("seal_day", _("封印办理记录"), sealing.days_due, sealing.seal_day)
WRITE_SEALS = Job("write_seals", _("写出封印"), seal_files.due, seal_files.write)
JOBS = [SEAL_DAY, WRITE_SEALS]
