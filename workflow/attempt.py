"""An attempt: someone trying a step of a case, with what guards may read and what a command may change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select

from governance import sheets
from governance.refusal import Refusal, Refused
from governance.roles import Role
from governance.rulebook import Book, Provision
from governance.worksheet import Worksheet
from workflow import clock, rules
from workflow.actor import SYSTEM as SYSTEM
from workflow.actor import Actor, Signed
from workflow.db import canonical
from workflow.definitions import versions
from workflow.machines import Stage, Step
from workflow.model import cases, dossiers, notices, worksheets
from workflow.parties import Affiliations, Consortium, Parties, affiliations_of

Found = TypeVar("Found")


ON_PAGE = "page"


@dataclass(slots=True)
class Case:
    """A row of ``cases``, in the order of its columns."""

    id: int
    stage: str
    consortium_id: int
    place: str
    pool: str
    period: str
    serial: int
    state: str
    revision: int
    since: datetime
    dossier_version: int
    subject_hash: str
    progress: str
    amount_fen: int | None
    record_seq: int
    record_hash: str
    opened_at: datetime
    closed_at: datetime | None
    follows_id: int | None
    definition: int

    @property
    def seen(self) -> str:
        """The version a page was drawn from, sent back with its forms."""
        return f"{self.revision}:{self.subject_hash[:16]}"


def subject_text(case: Case, dossier: Mapping[str, Any]) -> str:
    """The canonical text of exactly what is decided in a case."""
    head = {"stage": case.stage, "pool": case.pool, "period": case.period, "serial": case.serial}
    return f"{case.stage}/v1\n" + canonical({"case": head, "dossier": dossier})


def sha256(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Attempt:
    """One try at one step. Guards read it; commands change ``dossier``, ``progress`` and ``noted``.

    ``read`` keeps what the kernel has read of the case, so that one try (or one page) asks the database once. What
    stages read goes through ``once``, which keeps it only where nothing can change meanwhile: on a page. ``follow`` is
    the step that comes next by itself, ``signed`` are decisions on paper that an act has confirmed, ``paper`` the one
    that is being taken.
    """

    connection: Connection
    case: Case
    actor: Actor
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    step: Step | None = None
    noted: dict[str, Any] = field(default_factory=dict)
    follow: str | None = None
    goes_to: str | None = None
    read: dict[Any, Any] = field(default_factory=dict)
    signed: tuple[Signed, ...] = ()
    paper: Signed | None = None

    @cached_property
    def stage(self) -> Stage:
        """The stage of the case, by the version of its table under which the case goes."""
        return versions.stage_for(self.connection, self.case.stage, self.case.definition)

    @cached_property
    def day(self) -> date:
        """The day in Shanghai of the attempt."""
        return clock.day_of(self.at)

    @cached_property
    def dossier(self) -> dict[str, Any]:
        """What is being decided; changing it makes a new version and voids an open round."""
        body = self.connection.scalar(
            select(dossiers.c.body).where(
                dossiers.c.case_id == self.case.id, dossiers.c.version == self.case.dossier_version
            )
        )
        return json.loads(body) if body else {}

    @cached_property
    def progress(self) -> dict[str, Any]:
        """What happens around the decision: references, receipts, dates; not part of what is decided."""
        return json.loads(self.case.progress)

    @property
    def affiliations(self) -> Affiliations:
        """The consortium's memberships and the bodies over it, whatever the day."""
        if "affiliations" not in self.read:
            self.read["affiliations"] = affiliations_of(self.connection, self.case.consortium_id, self.case.place)
        found: Affiliations = self.read["affiliations"]
        return found

    @cached_property
    def parties(self) -> Parties:
        """The organisations that act for this case's consortium on the day of the attempt."""
        return self.affiliations.on(self.day)

    def parties_on(self, day: date) -> Parties:
        """The organisations that act for the case's consortium on another day."""
        if ("parties", day) not in self.read:
            self.read["parties", day] = self.affiliations.on(day)
        found: Parties = self.read["parties", day]
        return found

    @property
    def for_a_page(self) -> bool:
        """Whether the case is only looked at, so that what has been read stays true until the page is drawn."""
        return ON_PAGE in self.read

    def once(self, key: Any, ask: Callable[[], Found]) -> Found:
        """What ``ask`` finds: asked for once under ``key`` for a page, and every time anew in a step that may write."""
        if not self.for_a_page:
            return ask()
        kept: dict[Any, Found] = self.read[ON_PAGE]
        if key not in kept:
            kept[key] = ask()
        return kept[key]

    def by(self, actor: Actor) -> Attempt:
        """The same case at the same moment tried by another actor; what has been read is not read again."""
        other = Attempt(self.connection, self.case, actor, self.at, read=self.read)
        for name in ("day", "stage", "parties", "dossier", "progress"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    def worksheet_body(self, version: int) -> str | None:
        """The stored text of a version of the case's worksheet, or ``None``."""
        query = select(worksheets.c.body).where(
            worksheets.c.case_id == self.case.id, worksheets.c.version == version
        )
        return self.once(("worksheet", version), lambda: self.connection.scalar(query))

    @property
    def consortium(self) -> Consortium:
        """The consortium of the case."""
        return self.parties.consortium

    def book(self, on: date | None = None, agreement: Mapping[str, Any] | None = None) -> Book:
        """The rule book in force at the case's place on ``on`` (else the day of the attempt)."""
        if "place allowed" not in self.read:
            rules.refuse_samples(self.connection, self.case.place)
            self.read["place allowed"] = True
        return rules.book_at(self.connection, self.case.place, on or self.day, agreement)

    def rule(self, key: str, on: date | None = None) -> Provision:
        """The provision in force for ``key``; raises ``Refused`` when nobody has set it."""
        return self.book(on).rule(key)

    def find_rule(self, key: str, on: date | None = None) -> Provision | None:
        """The provision in force for ``key``, or ``None``."""
        return self.book(on).find(key)

    def calculate(
        self, sheet: str, facts: Mapping[str, Any], *, on: date, agreement: Mapping[str, Any] | None = None
    ) -> Worksheet:
        """Run a worksheet, keep it as the case's next version, and bind its hash into the dossier.

        What is run are the facts as they are kept, so that they give the same bytes at any later time.
        """
        kept, answers = canonical(facts), canonical(agreement or {})
        worksheet = sheets.run(sheet, json.loads(kept), self.book(on, json.loads(answers)))
        body = worksheet.canonical().decode()
        version = 1 + (
            self.connection.scalar(
                select(func.max(worksheets.c.version)).where(worksheets.c.case_id == self.case.id)
            )
            or 0
        )
        self.connection.execute(
            worksheets.insert(),
            {
                "case_id": self.case.id,
                "version": version,
                "sheet": sheet,
                "place": self.case.place,
                "day": on,
                "book_digest": worksheet.book_digest,
                "facts": kept,
                "agreement": answers,
                "body": body,
                "sha256": sha256(body),
                "at": self.at,
            },
        )
        results = worksheet.as_data()["results"]
        self.dossier["worksheet"] = {"sheet": sheet, "version": version, "sha256": sha256(body), "results": results}
        self.noted["book_digest"] = worksheet.book_digest
        return worksheet

    @property
    def results(self) -> dict[str, Any]:
        """The results of the case's current worksheet; empty before one is calculated."""
        return dict(self.dossier.get("worksheet", {}).get("results", {}))

    def notify(self, role: Role, kind: str, body: str, organisation_id: int | None = None) -> None:
        """Tell those who hold ``role`` in this case something they need to know."""
        organisations = [organisation_id] if organisation_id else list(self.parties.of(role))
        for organisation in organisations:
            self.connection.execute(
                notices.insert(),
                {
                    "case_id": self.case.id,
                    "organisation_id": organisation,
                    "role": str(role),
                    "kind": kind,
                    "body": body,
                    "at": self.at,
                },
            )

    def earlier_case(self, stage: str, *, period: str | None = None, pool: str | None = None) -> Case | None:
        """The newest case of another stage for the same consortium, of ``period`` and ``pool`` where given."""
        return newest_case(
            self.connection, stage, self.case.consortium_id, period=period, pool=pool
        )


def newest_case(
    connection: Connection, stage: str, consortium_id: int, *, period: str | None = None, pool: str | None = None
) -> Case | None:
    """The case of ``stage`` opened last for a consortium, or ``None``."""
    query = select(cases).where(cases.c.stage == stage, cases.c.consortium_id == consortium_id)
    if period is not None:
        query = query.where(cases.c.period == period)
    if pool is not None:
        query = query.where(cases.c.pool == pool)
    row = connection.execute(query.order_by(cases.c.id.desc()).limit(1)).one_or_none()
    return Case(*row) if row else None


def dossier_of(connection: Connection, case: Case) -> dict[str, Any]:
    """What is decided in ``case``, as it stands now."""
    body = connection.scalar(
        select(dossiers.c.body).where(dossiers.c.case_id == case.id, dossiers.c.version == case.dossier_version)
    )
    return json.loads(body) if body else {}


def refuse(reason: Any, *, reason_en: str = "", who: Any = "", link: str = "", field: str = "") -> Refused:
    """A single refusal, ready to raise."""
    return Refused(Refusal(reason=reason, reason_en=reason_en, who=who, link=link, field=field))
