"""What is wrong with rule data, said with the file, the rule and the date it concerns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from governance.refusal import Refusal, Refused


class BadRules(Refused):
    """Raised when rule data may not be loaded; carries every finding at once."""


@dataclass(frozen=True, slots=True)
class Where:
    """The spot a finding is about; empty parts are left out of its words."""

    file: str
    rule: str = ""
    day: str = ""
    line: int = 0

    def at(self, **parts: str | int) -> Where:
        return replace(self, **parts)  # type: ignore[arg-type]  # the names are this class's own fields

    def words(self) -> tuple[str, str]:
        """The spot in Chinese and in English."""
        line = (f"第 {self.line} 行", f"line {self.line}") if self.line else ("", "")
        parts = [part for part in (self.file, line[0], self.rule, self.day) if part]
        parts_en = [part for part in (self.file, line[1], self.rule, self.day) if part]
        return " · ".join(parts), " · ".join(parts_en)


@dataclass(slots=True)
class Findings:
    """Collects what is wrong, so that one load names every mistake."""

    refusals: list[Refusal] = field(default_factory=list)

    def add(self, where: Where, zh: str, en: str) -> None:
        spot, spot_en = where.words()
        self.refusals.append(
            Refusal(
                reason=f"规则数据有误：{spot}：{zh}",
                reason_en=f"Bad rule data: {spot_en}: {en}",
                who="规则管理",
                who_en="Rules officer",
                rule=where.rule,
            )
        )

    def raise_if_any(self) -> None:
        """Raises BadRules with everything found so far, or does nothing."""
        if self.refusals:
            raise BadRules(*self.refusals)
