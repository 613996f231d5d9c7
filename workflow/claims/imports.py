"""Claims files of a month's case: checked against what was imported before, frozen, registered, superseded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from governance.refusal import Refusal, Refused
from workflow import files
from workflow.attempt import Attempt
from workflow.claims.columns import INDEX, KEYS
from workflow.claims.engine import cursor, quoted
from workflow.claims.reading import BadRows, Batch, Expected, Row, RowError, read
from workflow.claims.storing import StoredFile, frozen
from workflow.i18n import lazy as _
from workflow.model import claim_files

SHOWN_ROWS = 50
CLERK = _("上传人")


def folder() -> Path:
    """Where frozen claims are kept: ``GONGZHI_CLAIMS``, else ``var/claims``."""
    return Path(os.environ.get("GONGZHI_CLAIMS", "var/claims"))


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """A frozen file whose claims count as imported, except those of the providers left out of their month."""

    path: Path
    left_out: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Known:
    """What the earlier files say of the claims of a new one, asked once."""

    earlier: Sequence[EarlierFile]
    reversals: set[str] = field(default_factory=set)
    reversed_before: set[str] = field(default_factory=set)

    def among(self, asked: list[str]) -> dict[str, Row]:
        """The rows of those of ``asked`` that were imported before; keeps which are or have been reversed."""
        found = _earlier_rows(self.earlier, asked)
        wanted = set(asked)
        targets = {str(row[INDEX["claim_id"]]): row[INDEX["reverses"]] for row in found}
        self.reversals = {claim for claim, target in targets.items() if target is not None}
        self.reversed_before = {str(target) for target in targets.values() if target is not None}
        return {claim: row for row in found if (claim := str(row[INDEX["claim_id"]])) in wanted}


def _earlier_rows(earlier: Sequence[EarlierFile], asked: list[str]) -> list[Row]:
    """Claim id and target of every earlier row that has, or reverses, one of the ids asked for."""
    if not earlier:
        return []
    listed = ", ".join(quoted(str(one.path)) for one in earlier)
    leaving_out = [
        f"NOT (filename = {quoted(str(one.path))} AND provider IN ({', '.join(map(quoted, sorted(one.left_out)))}))"
        for one in earlier
        if one.left_out
    ]
    database = cursor()
    try:
        return database.execute(
            "WITH asked AS (SELECT UNNEST(CAST(? AS VARCHAR[])) AS claim) "  # noqa: S608 - quoted
            f"SELECT {', '.join(KEYS)} FROM read_parquet([{listed}]{', filename = true' if leaving_out else ''}) "
            "WHERE (claim_id IN (SELECT claim FROM asked) OR reverses IN (SELECT claim FROM asked))"
            + "".join(f" AND {one}" for one in leaving_out),
            [asked],
        ).fetchall()
    finally:
        database.close()


def read_new(
    descriptor: dict[str, Any], *, expected: Expected, earlier: Sequence[EarlierFile], own: frozenset[str] | None = None
) -> Batch:
    """The rows of an uploaded file, all or none.

    ``own`` limits the institutions (a member's upload). Raises ``Refused`` with one refusal for each wrong row, at
    most 50 and how many more; among them claims imported before, and reversals of what is reversed already.
    """
    known = _Known(earlier)
    content = files.open_bytes(descriptor["sha256"])
    try:
        batch = read(content, descriptor["name"], expected=expected, known_rows=known.among)
    except BadRows as bad:
        raise Refused(*_refusals(bad.errors)) from bad
    wrong = list(_unfit(batch, known, own))
    if wrong:
        raise Refused(*_refusals(wrong))
    return batch


def _unfit(batch: Batch, known: _Known, own: frozenset[str] | None) -> Iterable[RowError]:
    for number, row in zip(batch.numbers, batch.rows, strict=True):
        target, provider = row[INDEX["reverses"]], row[INDEX["provider"]]
        if target in known.reversed_before:
            yield RowError(number, "冲正原流水号", str(target), "这条结算以前已经冲正", "it was reversed before", "删去此行")
        elif target in known.reversals:
            yield RowError(
                number, "冲正原流水号", str(target), "不能冲正一条冲正", "a reversal cannot be reversed",
                "另报一条新的结算",
            )
        if own is not None and provider not in own:
            yield RowError(
                number, "医疗机构编码", str(provider), "不是本单位的结算", "not a claim of this member", "只上传本单位的明细"
            )


def _refusals(errors: Sequence[RowError]) -> list[Refusal]:
    found = [
        Refusal(
            reason=_(
                "第 %(row)s 行“%(column)s”%(value)s：%(problem)s；%(mend)s",
                row=error.row, column=error.column, value=error.value, problem=error.problem, mend=error.mend,
            )
            if error.row
            else _("%(problem)s；%(mend)s", problem=error.problem, mend=error.mend),
            reason_en=f"Row {error.row}, {error.column}: {error.problem_en}" if error.row else error.problem_en,
            who=CLERK, field="file", fact="claims",
        )
        for error in errors[:SHOWN_ROWS]
    ]  # fmt: skip
    if len(errors) > SHOWN_ROWS:
        left = len(errors) - SHOWN_ROWS
        found.append(Refusal(reason=_("另有 %(left)s 处错误未列出", left=left), who=CLERK, field="file", fact="claims"))
    return found


def register(attempt: Attempt, batch: Batch, descriptor: dict[str, Any]) -> StoredFile:
    """Freeze a batch and enter it with the case; the upload itself stays with the case as evidence."""
    stored = frozen(batch, folder())
    held = attempt.connection.execute(
        claim_files.update()
        .where(claim_files.c.case_id == attempt.case.id, claim_files.c.sha256 == stored.sha256)
        .values(superseded=False)
    )
    if held.rowcount == 0:
        attempt.connection.execute(
            claim_files.insert(),
            {
                "case_id": attempt.case.id,
                "sha256": stored.sha256,
                "name": descriptor["name"],
                "path": str(stored.path.relative_to(folder())),
                "row_count": stored.rows,
                "person_id": attempt.actor.person_id,
                "at": attempt.at,
                "superseded": False,
            },
        )
    files.attach(attempt, "claims", descriptor)
    return stored


def supersede(attempt: Attempt, digests: Iterable[str]) -> None:
    """Mark files of the case as replaced by a later import."""
    attempt.connection.execute(
        claim_files.update()
        .where(claim_files.c.case_id == attempt.case.id, claim_files.c.sha256.in_(list(digests)))
        .values(superseded=True)
    )


def paths(attempt: Attempt) -> list[Path]:
    """The frozen files that count for the case."""
    query = select(claim_files.c.path).where(
        claim_files.c.case_id == attempt.case.id, claim_files.c.superseded == 0
    )
    return [folder() / path for path in attempt.connection.scalars(query)]
