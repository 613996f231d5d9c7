"""What must hold before an agreement is proposed and signed, named as facts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from governance.refusal import Refusal, Refused
from governance.roles import OrganisationKind
from governance.rulebook import Book, Provision
from workflow import decisions
from workflow.agreement.model import (
    APPLICATION_RULE,
    POOL_LABELS,
    SETTLED_WITHOUT,
    TERM_LABELS,
    asked_members,
    day_of,
    overlapping,
    unpaid_prepayment_fen,
)
from workflow.attempt import Attempt
from workflow.city_ruling.model import recognition_in_force
from workflow.clocks import months_after
from workflow.i18n import lazy as _
from workflow.organisations.model import organisations

CLERK = _("医保经办机构经办")
PUBLIC_KINDS = (OrganisationKind.HOSPITAL, OrganisationKind.TOWNSHIP, OrganisationKind.VILLAGE)


def lacking(reason: Any, fact: str, reason_en: str) -> Refusal:
    """A part of the draft is missing or wrong; the agency's clerk mends it."""
    return Refusal(reason=reason, reason_en=reason_en, who=CLERK, link="#step-draft", fact=fact)


def _book(attempt: Attempt) -> Book:
    return attempt.book(day_of(attempt.dossier, "start"), attempt.dossier.get("answers", {}))


def recognised(attempt: Attempt) -> Refusal | None:
    """The consortium's recognition is in force."""
    case = attempt.case
    if attempt.once("recognised", lambda: recognition_in_force(attempt.connection, case.consortium_id, attempt.day)):
        return None
    return Refusal(
        reason=_("医共体的认定没有生效，不能签订协议"), reason_en="The consortium's recognition is not in force",
        who=_("市级评定部门"), fact="recognition",
    )


def numbered_and_dated(attempt: Attempt) -> list[Refusal]:
    """The agreement has a number, a first and a last day."""
    names = {"number": _("协议编号"), "start": _("协议开始日期"), "end": _("协议结束日期")}
    return [
        lacking(_("缺少%(name)s", name=name), field, f"Missing: {field}")
        for field, name in names.items()
        if not attempt.dossier.get(field)
    ]


def term_within_limit(attempt: Attempt) -> list[Refusal]:
    """The term is no longer than the rules allow, and meets no other signed agreement's."""
    start, end = day_of(attempt.dossier, "start"), day_of(attempt.dossier, "end")
    if start is None or end is None:
        return []
    found, months = [], attempt.rule("agreement.term_months", on=start).integer
    last = months_after(start, months) - timedelta(days=1)
    if end > last:
        found.append(lacking(
            _("协议期最长 %(months)s 个月，自 %(start)s 起最晚到 %(last)s", months=months, start=start, last=last),
            "end", f"The term may be {months} months at most",
        ))
    other = _overlapping(attempt, start, end)
    if other:
        found.append(lacking(
            _("协议期与已签的协议 %(number)s 重叠", number=other), "start", f"The term overlaps agreement {other}",
        ))
    return found


def pools_chosen(attempt: Attempt) -> Refusal | None:
    """At least one pool is covered."""
    if attempt.dossier.get("pools"):
        return None
    return lacking(_("没有选择险种"), "pools", "No pool is chosen")


def required_terms_written(attempt: Attempt) -> list[Refusal]:
    """Every term the place asks for is spelled out."""
    required = attempt.rule("agreement.required_terms", on=day_of(attempt.dossier, "start")).value
    written = attempt.dossier.get("terms", {})
    return [
        lacking(_("协议没有写明：%(term)s", term=TERM_LABELS.get(key, key)), f"terms.{key}", f"Not spelled out: {key}")
        for key in required
        if not written.get(key)
    ]


def left_to_agreement(book: Book) -> list[Provision]:
    """The rules of the place that say the agreement answers them, prepayment aside (an agreement may have none)."""
    return [
        provision
        for provision in book
        if provision.rule not in SETTLED_WITHOUT
        and isinstance(provision.value, dict)
        and "agreement" in (provision.value.get("from"), provision.value.get("kind"))
    ]


def rules_answered(attempt: Attempt) -> list[Refusal]:
    """Every rule left to the agreement is answered within its bounds, and no other rule is answered otherwise."""
    book, answers = _book(attempt), attempt.dossier.get("answers", {})
    left = {provision.rule: provision for provision in left_to_agreement(book)}
    found = [
        lacking(
            _("缺少协议约定：%(title)s", title=provision.title), rule, f"Not answered by the agreement: {provision.title_en}"
        )
        for rule, provision in left.items()
        if rule not in answers
    ]
    for rule, answer in answers.items():
        try:
            ruled = book.rule(rule)
        except Refused as refused:
            found += refused.refusals
            continue
        if rule not in left and not _same(ruled.value, answer):
            found.append(lacking(
                _("本地规则已经规定“%(title)s”，协议不能另行约定", title=ruled.title), rule,
                f"The place has already settled {ruled.title_en}",
            ))
    return found


def _same(ruled: Any, answer: Any) -> bool:
    if isinstance(ruled, dict) and isinstance(answer, dict):
        return all(ruled.get(key) == value for key, value in answer.items())
    return bool(ruled == answer)


def overrun_spelled_out(attempt: Attempt) -> Refusal | None:
    """The circumstances in which an overrun is shared are listed."""
    if attempt.dossier.get("overrun_circumstances"):
        return None
    return lacking(
        _("没有写明可以分担超支的情形"), "overrun_circumstances", "The circumstances of a shared overrun are not listed"
    )


def prepayment_stated(attempt: Attempt) -> list[Refusal]:
    """Each pool's prepayment is stated, nothing included."""
    stated = attempt.dossier.get("prepayment_fen", {})
    return [
        lacking(
            _("缺少%(pool)s的预付金数额（没有的填 0）", pool=POOL_LABELS[pool]), f"prepayment_fen.{pool}",
            f"The prepayment of {pool} is not stated",
        )
        for pool in attempt.dossier.get("pools", [])
        if pool not in stated
    ]


TERMS_COMPLETE = (
    recognised, numbered_and_dated, term_within_limit, pools_chosen, required_terms_written, rules_answered,
    overrun_spelled_out, prepayment_stated,
)


def terms_complete(attempt: Attempt) -> bool:
    """Whether the draft could be proposed."""
    return not any(bool(guard(attempt)) for guard in TERMS_COMPLETE)


def members_current(attempt: Attempt) -> Refusal | None:
    """The members the draft was proposed for are still the members."""
    if attempt.dossier.get("members") == [member.code for member in attempt.parties.members]:
        return None
    return Refusal(
        reason=_("草案提交之后成员单位有变化，请经办收回修改后重新提交"),
        reason_en="The members have changed since the draft was proposed", who=CLERK, fact="members",
    )


def authorised_where_required(attempt: Attempt) -> list[Refusal]:
    """Where the place asks for it, every member has authorised the lead."""
    rule = attempt.find_rule("agreement.authorisation_required")
    if rule is None or rule.value != "true":
        return []
    given = attempt.dossier.get("authorisations", {})
    return [
        Refusal(
            reason=_("缺少成员单位授权：%(name)s", name=member.name), reason_en=f"Not authorised by {member.code}",
            who=member.name, fact=f"authorisations.{member.code}",
        )
        for member in asked_members(attempt.parties)
        if member.code not in given
    ]


def may_authorise(attempt: Attempt) -> Refusal | None:
    """The actor's organisation is a member other than the lead and has not authorised it yet."""
    organisation = attempt.actor.organisation_id
    if organisation is None:
        return None
    if organisation == attempt.consortium.lead_id:
        return Refusal(reason=_("牵头医院自己签署，不需要授权"), reason_en="The lead signs itself", fact="member")
    if attempt.parties.codes.get(organisation) in attempt.dossier.get("authorisations", {}):
        return Refusal(reason=_("本单位已经授权"), reason_en="Already authorised", fact="authorisations")
    return None


def signed_by_the_lead(attempt: Attempt) -> Refusal | None:
    """The lead has signed exactly this content."""
    signed = decisions.last_round(attempt, "lead", "passed")
    if signed is not None and signed.subject_hash == attempt.case.subject_hash:
        return None
    return Refusal(
        reason=_("牵头医院签署的不是现在这份内容，请退回后重新签署"),
        reason_en="The lead has not signed this content", who=_("牵头医院负责人"), fact="lead_signature",
    )


def prepayment_due(attempt: Attempt) -> Refusal | None:
    """A prepayment was agreed and is still to be paid, in a place that pays it without an application."""
    if unpaid_prepayment_fen(attempt.dossier, attempt.progress):
        asked = attempt.find_rule(APPLICATION_RULE)
        if asked is None or asked.value != "true":
            return None
        return Refusal(
            reason=_("本地预付金须由牵头医院申请，经核查审批后在“预付金”事项中拨付"),
            reason_en="Here a prepayment is applied for, and paid in a case of its own", who=_("牵头医院经办"),
            link="/prepayment/new", fact="application", rule=APPLICATION_RULE,
        )
    return Refusal(reason=_("没有待拨付的预付金"), reason_en="No prepayment is due", fact="prepayment")


def not_a_public_body(attempt: Attempt) -> Refusal | None:
    """The lead is no public medical body (国家医疗保障局令第2号第四十四条)."""
    query = select(organisations.c.kind).where(organisations.c.id == attempt.consortium.lead_id)
    kind = attempt.once("kind of the lead", lambda: attempt.connection.scalar(query))
    if kind not in PUBLIC_KINDS:
        return None
    return Refusal(
        reason=_("公立医疗机构不得主动提出中止或解除协议（国家医疗保障局令第2号第四十四条）"),
        reason_en="A public hospital may not itself ask to suspend or end the agreement", who=_("医保经办机构负责人"),
        fact="public",
    )


def over(attempt: Attempt) -> Refusal | None:
    """The last day of the term has passed."""
    end = day_of(attempt.dossier, "end")
    if end is not None and end < attempt.day:
        return None
    return Refusal(reason=_("协议尚未到期"), reason_en="The term is not over", fact="end")


def followed(attempt: Attempt) -> Refusal | None:
    """The agreement that follows this one is in force from today or earlier."""
    if renewal_started(attempt, attempt.day):
        return None
    return Refusal(
        reason=_("续签的协议尚未生效"), reason_en="The renewal is not in force", who=CLERK, fact="renewal",
    )


def renewal_started(attempt: Attempt, on: date) -> bool:
    """Whether another signed agreement of the consortium holds on ``on``."""
    return bool(_overlapping(attempt, on, on))


def _overlapping(attempt: Attempt, first: date, last: date) -> str | None:
    case = attempt.case
    return attempt.once(
        ("overlapping", first, last),
        lambda: overlapping(attempt.connection, case.consortium_id, case.id, first, last),
    )


def not_resumed_in_time(attempt: Attempt) -> Refusal | None:
    """The suspension has lasted as long as it may."""
    held = attempt.progress.get("suspensions", [])
    if held and held[-1]["latest"] < attempt.day.isoformat():
        return None
    return Refusal(reason=_("中止尚未期满"), reason_en="The suspension is not over", fact="suspension")


def within_the_term(attempt: Attempt) -> Refusal | None:
    """The term is not over: what is over cannot be resumed."""
    end = day_of(attempt.dossier, "end")
    if end is None or attempt.day <= end:
        return None
    return Refusal(reason=_("协议期已满，不能恢复"), reason_en="The term is over", fact="end")

