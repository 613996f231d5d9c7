"""Where each input of a stored worksheet comes from: an earlier line, the line's rule, another case, a file, an entry.

What is said here is read from the line and from what the case is bound to; nothing is calculated again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import or_, select

from workflow.attempt import Attempt
from workflow.i18n import gettext
from workflow.model import cases
from workflow.pages import words
from workflow.pages.formula_words import stem

_CLAIMS = ("own", "inflow", "away", "excluded")
_ENTERED = ("penalties", "policy", "force_majeure", "other", "risk_fund", "fund_in_deficit", "earlier_deposits")
_BOOKS = ("prepayment", "prepayment_advanced", "prepayment_repaid", "prepayment_outstanding", "outstanding",
          "prepaid_before", "opening_carry", "open_carry", "carried_in")  # fmt: skip
_MONTHS = ("own", "inflow", "away", "rejected", "rejected_own", "rejected_inflow", "net_paid", "deposit_withheld")
_GIVEN = ("given", "approved amount", "audit_deduction")


class Origins:
    """The origins of one worksheet's inputs; ``openable`` are the hashes of the files the viewer may open."""

    def __init__(self, attempt: Attempt, body: Mapping[str, Any], version: int, openable: Collection[str]) -> None:
        self.attempt, self.sheet, self.openable = attempt, body["sheet"], openable
        self.place, self.on = body["place"], body["on"]
        self.seen: dict[str, Any] = {}
        bound = attempt.dossier.get("worksheet", {}).get("version") == version
        self.dossier: Mapping[str, Any] = attempt.dossier if bound else {}
        self.cases = self._cases() if bound and self.sheet == "annual-clearing" else {}

    def of_line(self, line: Mapping[str, Any]) -> list[SimpleNamespace]:
        """The origin of each input of the line, in their order; then the line counts as seen by those after it."""
        found = [self._of(line, one["name"], one["value"]) for one in line["inputs"]]
        self.seen[line["key"]] = line["amount_fen"] if line["amount_fen"] is not None else line["value"]
        return found

    def given(self, line: Mapping[str, Any]) -> SimpleNamespace | None:
        """Where the amount of a line comes from that is itself a fact."""
        if line["inputs"] or line["formula"] not in _GIVEN:
            return None
        return self._fact(line["key"].rpartition(".")[2].removesuffix("_fen"), line)

    def rule_url(self, line: Mapping[str, Any]) -> str:
        """The rule of the line where all rules of its place and day are listed."""
        rule = (line["provision"] or {}).get("rule")
        return f"/rules?place={self.place}&on={self.on}#{rule}" if rule else ""

    def files(self) -> list[SimpleNamespace]:
        """The claims files the month was tallied from, each with a link where the viewer may open it."""
        if self.sheet != "monthly-settlement":
            return []
        return [
            SimpleNamespace(
                label=one["name"], note=gettext("%(rows)s 行", rows=one["rows"]), sha256=one["sha256"],
                url=f"/files/{self.attempt.case.id}/{one['upload']}" if one.get("upload") in self.openable else "",
            )
            for one in self.dossier.get("claims", [])
        ]  # fmt: skip

    def months(self) -> list[SimpleNamespace]:
        """The cases of the months that a clearing adds up."""
        found = [(period, number) for (stage, period), number in self.cases.items() if stage == "settlement"]
        counted = set(self.dossier.get("months", ()))
        return [
            SimpleNamespace(label=words.period_label(period), note="", sha256="", url=f"/settlement/{number}")
            for period, number in sorted(found) if period in counted
        ]  # fmt: skip

    def _cases(self) -> dict[tuple[str, str], int]:
        """The year's months, budget and assessment of the consortium, asked for once."""
        case, year = self.attempt.case, self.attempt.case.period
        mine = cases.c.consortium_id == case.consortium_id
        wanted = or_(
            (cases.c.stage == "settlement") & (cases.c.pool == case.pool) & cases.c.period.between(
                f"{year}-01", f"{year}-12"),
            (cases.c.stage == "budget") & (cases.c.pool == case.pool) & (cases.c.period == year),
            (cases.c.stage == "assessment") & (cases.c.period == f"{year}-fund"),
        )
        query = select(cases.c.stage, cases.c.period, cases.c.id).where(mine, wanted).order_by(cases.c.id.desc())
        ask = self.attempt.connection.execute
        rows = self.attempt.once("origins", lambda: ask(query).all())
        return {(row.stage, row.period): row.id for row in rows}

    def _of(self, line: Mapping[str, Any], name: str, value: Any) -> SimpleNamespace:
        short = stem(name)
        earlier = self._earlier(line, name, value)
        if earlier:
            return _origin(gettext("上面的行"), line=earlier)
        known = self._known(short, line)
        if known:
            return known
        if _in_rule((line["provision"] or {}).get("value"), value):
            return _origin(gettext("本行的规则"), self.rule_url(line))
        same = [key for key, seen in self.seen.items() if seen == value and key.endswith("_fen")]
        if isinstance(value, int) and not isinstance(value, bool) and value and len(same) == 1:
            return _origin(gettext("上面的行"), line=same[0])
        return self._fact(short, line)

    def _earlier(self, line: Mapping[str, Any], name: str, value: Any) -> str:
        """The key of the earlier line that the input is: of the same member first."""
        parts = line["key"].split(".")
        group = ".".join(parts[:2]) + "." if len(parts) > 2 else ""
        for key in (f"{group}{name}", name) if group else (name,):
            if key in self.seen and self.seen[key] == value:
                return key
        return ""

    def _known(self, short: str, line: Mapping[str, Any]) -> SimpleNamespace | None:
        """The origin of a fact that another stage, a file or a book gives; ``None`` for what may be a rule's."""
        if self.sheet == "monthly-settlement" and short.rpartition(".")[2] in _CLAIMS:
            return _origin(gettext("结算明细汇总"), files=True)
        if self.sheet == "monthly-settlement" and short == "audit_deduction":
            return self._deductions(line)
        if short in _BOOKS and self.sheet in ("monthly-settlement", "annual-clearing"):
            return _origin(gettext("账簿（以前各期）"), self._ledgers())
        if self.sheet == "annual-clearing":
            return self._of_year(short)
        if self.sheet == "surplus-plan":
            return self._of_plan(short)
        return None

    def _of_year(self, short: str) -> SimpleNamespace | None:
        period = self.attempt.case.period
        if short in _MONTHS:
            return _origin(gettext("各月结算（及本件登记的调整）"), files=True)
        if short == "budget":
            return _case(gettext("总额预算"), "budget", self.cases.get(("budget", period)))
        if short in ("score", "failed"):
            return _case(gettext("成效考核"), "assessment", self.cases.get(("assessment", f"{period}-fund")))
        return _origin(gettext("本件登记的清算事实")) if short in _ENTERED else None

    def _of_plan(self, short: str) -> SimpleNamespace | None:
        if short in ("retained", "own_share"):
            return _case(gettext("年度清算"), "clearing", self.dossier.get("clearing_case"))
        if short == "weight":
            return _case(gettext("内部考核"), "assessment", self.dossier.get("assessment_case"))
        return _origin(gettext("成员单位名册"), self._consortium()) if short == "level" else None

    def _deductions(self, line: Mapping[str, Any]) -> SimpleNamespace:
        parts = line["key"].split(".")
        said = "、".join(one["decision_number"] for one in self.dossier.get("deductions", ())
                         if len(parts) > 2 and one["member"] == parts[1])
        if said:
            return _origin(gettext("审核拒付决定书 %(numbers)s", numbers=said))
        return _origin(gettext("本月没有登记审核拒付"))

    def _fact(self, short: str, line: Mapping[str, Any]) -> SimpleNamespace:
        known = self._known(short, line)
        if known:
            return known
        if short == "insured":
            return _origin(gettext("参保登记"), self._consortium())
        return _origin(gettext("本件登记"))

    def _ledgers(self) -> str:
        """The ledgers of the case's consortium, pool and year."""
        case = self.attempt.case
        return f"/ledgers/{case.consortium_id}/{case.pool or 'resident'}/{case.period[:4]}"

    def _consortium(self) -> str:
        """The consortium's page, with its members and its insured people."""
        return f"/consortia/{self.attempt.case.consortium_id}"


def _origin(label: str, url: str = "", *, line: str = "", files: bool = False) -> SimpleNamespace:
    """``line`` is the key of a line of the same sheet, ``files`` the list of sources below it."""
    return SimpleNamespace(label=label, url=url, line=line, files=files)


def _case(label: str, stage: str, number: int | None) -> SimpleNamespace:
    return _origin(label, f"/{stage}/{number}" if number else "")


def _in_rule(rule: Any, value: Any) -> bool:
    """Whether a value is the rule's, or one of the numbers inside it."""
    if isinstance(rule, Mapping):
        return any(_in_rule(one, value) for one in rule.values())
    if isinstance(rule, list | tuple):
        return any(_in_rule(one, value) for one in rule)
    return rule is not None and value is not None and not isinstance(value, bool) and str(rule) == str(value)
