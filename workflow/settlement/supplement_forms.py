"""What people type into a red-letter supplement: the month and why, and each correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import has_request_context, request
from flask_wtf.file import FileField
from sqlalchemy import Connection, func, select
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from workflow.claims.columns import CATEGORIES, POOLS
from workflow.forms import OPINION_LENGTH, MoneyField, ReasonForm, StepForm
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.model import cases
from workflow.organisations.model import consortia, organisations
from workflow.pages.words import pick
from workflow.rules import place_chain, rulebook
from workflow.settlement.model import State, members_of_month
from workflow.settlement.supplements import WHAT

if TYPE_CHECKING:
    from workflow.attempt import Actor, Attempt

MOST_MONTHS = 600
AN_AMOUNT = InputRequired(_("请填写金额"))


class BeginSupplementForm(ReasonForm):
    """The closed month, why it is corrected, and the evidence."""

    month = SelectField(_("已办结的月份"), coerce=int, validators=[InputRequired(_("请选择月份"))])
    evidence = FileField(_("依据（文件扫描件等）"), validators=[InputRequired(_("请附上依据"))])

    def prepare_for(self, connection: Connection, actor: Actor) -> None:
        """The closed months of the agency's places, the latest first, each by the last case that settled it."""
        self.month.choices = [
            SelectChoice(row.id, f"{pick(row.name, row.name_en)} {row.period} {POOLS[row.pool]}")
            for row in closed_months(connection, actor)
        ]
        asked = request.args.get("month", type=int) if has_request_context() else None
        if asked is not None and self.month.raw_data is None:
            self.month.data = asked


def closed_months(connection: Connection, actor: Actor) -> list[Any]:
    """The closed months of the places of the actor's body: of each month its newest case that was not withdrawn."""
    home = connection.scalar(select(organisations.c.place).where(organisations.c.id == actor.organisation_id))
    places = [code for code in rulebook().places if home in place_chain(code)]
    same = (cases.c.consortium_id, cases.c.pool, cases.c.period)
    newest = (
        select(func.max(cases.c.id).label("id"))
        .where(
            cases.c.stage == "settlement", cases.c.place.in_(places), cases.c.state != str(State.WITHDRAWN)
        )
        .group_by(*same)
        .subquery()
    )
    query = (
        select(cases.c.id, cases.c.period, cases.c.pool, consortia.c.name, consortia.c.name_en)
        .join(newest, newest.c.id == cases.c.id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(cases.c.state == str(State.CLOSED))
        .order_by(cases.c.period.desc(), consortia.c.name, cases.c.pool)
        .limit(MOST_MONTHS)
    )
    return list(connection.execute(query).all())


class CorrectForm(StepForm):
    """One correction: by how much the decided amount should have been more, or less."""

    what = SelectField(_("更正什么"), choices=[SelectChoice(*one) for one in WHAT.items()])
    member = SelectField(_("成员单位（县域外费用不选）"), validators=[Optional()])
    category = SelectField(
        _("支付类别（更正应付时选）"), validators=[Optional()],
        choices=[SelectChoice("", "—"), *(SelectChoice(*one) for one in CATEGORIES.items())],
    )  # fmt: skip
    amount_fen = MoneyField(_("增减金额（元，红冲为负数）"), validators=[AN_AMOUNT], signed=True)
    note = StringField(
        _("说明（哪一笔、为什么）"), validators=[InputRequired(_("请写明说明")), Length(max=OPINION_LENGTH)]
    )

    def prepare(self, attempt: Attempt) -> None:
        """Offer the members of the month."""
        found = [SelectChoice(one.code, one.name) for one in members_of_month(attempt)]
        self.member.choices = [SelectChoice("", "—"), *found]


class DropCorrectionForm(ReasonForm):
    """A correction to be taken back, with the reason."""

    number = SelectField(_("要删去的更正"), coerce=int, validators=[InputRequired()])

    def prepare(self, attempt: Attempt) -> None:
        """Offer the corrections there are."""
        self.number.choices = [
            SelectChoice(number, f"{number}. {one['note'][:40]} {yuan(one['amount_fen'])}")
            for number, one in enumerate(attempt.dossier.get("corrections", []), start=1)
        ]
