"""The lines of budgets and monthly settlements that their formula names in words rather than spells out."""

from __future__ import annotations

from collections.abc import Callable

from workflow.workbook.apportioning import split
from workflow.workbook.exact import NOTHING, NotExact, Term, compared, least, most, total
from workflow.workbook.parsing import named
from workflow.workbook.source import Line, Source


def as_given(source: Source, line: Line) -> Term:
    """An amount that is a fact: the fact of the line's own name, or of the named entry of a list."""
    key = line["key"]
    lines, facts = source.about(line)
    inside = key.removeprefix(lines)
    for path in (f"{facts}{inside}", key):
        if path in source.facts.at:
            return source.fact(path)
    entry = source.record(key)
    fields = ("amount_fen", "returned_fen")
    return source.fact(next((f"{entry}.{name}" for name in fields if f"{entry}.{name}" in source.facts.at), entry))


def package(source: Source, line: Line) -> Term:
    """The package by the method's formula, with its adjustments."""
    own = f"consortia.{source.given.get('consortium')}"
    if line["formula"] == "factor_share":
        return source.line(own if source.has_line(own) else "pool_budget_fen")
    adjustments = [one["key"] for one in source.lines if one["key"].startswith("adjustments.")]
    return total([source.line("formula_fen"), *map(source.line, adjustments)])


def general_part(source: Source, line: Line) -> Term:
    """What the memo amounts leave of the package, or of the consortium's own part of it."""
    own = f"consortia.{source.given.get('consortium')}"
    approved, shared = source.has_line("approved_fen"), source.data["results"]["method"] == "factor_share"
    whole = own if source.has_line(own) and not shared else "approved_fen" if approved else "package_fen"
    carved = [one["key"] for one in source.lines if one["key"].startswith("carve_outs.")]
    return source.line(whole) - total([source.line(key) for key in carved]) if carved else source.line(whole)


def member_gross(source: Source, line: Line) -> Term:
    """What a member is owed in every category, own and inflow."""
    _, facts = source.about(line)
    return _payable(source, facts, ("own", "inflow"))


def _payable(source: Source, facts: str, kinds: tuple[str, ...]) -> Term:
    paths = [path for path in source.facts.under(f"{facts}payable_fen") if path.rpartition(".")[2] in kinds]
    return total([source.fact(path) for path in paths])


def sum_of_members(source: Source, line: Line) -> Term:
    """The line of the same name of every member."""
    return total([source.line(f"{lines}{line['key']}") for lines, _ in source.each("members")])


def payable(source: Source) -> Term:
    """What the members' available amounts come to, each at least nothing."""
    return total([most(source.line(f"{lines}available_fen"), NOTHING) for lines, _ in source.each("members")])


def offset_of_the_month(source: Source, line: Line) -> Term:
    """The least of what is asked, what is outstanding and what the members can bear."""
    bearable = total([weight for _, weight in _bearable(source)])
    return least(source.fact("prepayment_offset_requested_fen"), source.fact("prepayment_outstanding_fen"), bearable)


def _bearable(source: Source) -> list[tuple[str, Term]]:
    """What each member's month can bear of an offset: its available, or at most what it received and still holds."""
    found = []
    for lines, facts in source.each("members"):
        weight = most(source.line(f"{lines}available_fen"), NOTHING)
        if _by_receipt(source, f"{lines}prepayment_offset_fen"):
            weight = least(weight, source.fact(f"{facts}prepayment_outstanding_fen"))
        found.append((lines.split(".", 1)[1].rstrip("."), weight))
    return found


def _by_receipt(source: Source, key: str) -> bool:
    line = next(one for one in source.lines if one["key"] == key)
    return line["provision"] is not None and line["provision"]["value"] != "available"


def offset_of_a_member(source: Source, line: Line) -> Term:
    """The member's part of the month's offset."""
    return once(source, "offset", lambda: split(
        source, "冲抵预付金 prepayment offset", source.line("prepayment_offset_fen"), _bearable(source)
    ))[_place(source, line)]


def net_to_lead(source: Source, line: Line) -> Term:
    """What every member is available, less the offset."""
    return payable(source) - source.line("prepayment_offset_fen")


def charged(source: Source, line: Line) -> Term:
    """The month's or the year's cost of the consortium's own patients, paid anywhere."""
    if "own_fen" in source.facts.at:
        return named(source, line, "own") + named(source, line, "away")
    own = total([_payable(source, facts, ("own",)) for _, facts in source.each("members")])
    return own + source.fact("away_fen")


def memo(source: Source, line: Line) -> Term:
    """An amount shown beside the month: what was given, and of what is excluded also what the members have."""
    given = source.fact(line["key"])
    if line["key"] != "excluded_fen":
        return given
    return given + total([_payable(source, facts, ("excluded",)) for _, facts in source.each("members")])


def deposit_of_a_member(source: Source, line: Line) -> Term:
    """The member's part of the deposit that is returned; of one that left within the year what its exit fixed."""
    fixed = f"{source.about(line)[1]}exit_returned_fen"
    if fixed in source.facts.at:
        return source.fact(fixed)
    weights = [(lines.split(".", 1)[1].rstrip("."), _held_to_the_end(source, facts))
               for lines, facts in source.each("members")]
    shared = source.line("deposit_returned_fen")
    if "exit_deposit_returned_fen" in source.facts.at:
        shared = source.keep("按比例分的保证金 deposit to share", shared - source.fact("exit_deposit_returned_fen"))
    return once(source, "deposit", lambda: split(
        source, "退还保证金 deposit returned", shared, weights))[_place(source, line)]


def _held_to_the_end(source: Source, facts: str) -> Term:
    """The deposit by which a member takes part; of one that left, nothing."""
    return NOTHING if f"{facts}exit_returned_fen" in source.facts.at else source.fact(f"{facts}deposit_withheld_fen")


def _place(source: Source, line: Line) -> int:
    return [lines for lines, _ in source.each("members")].index(source.about(line)[0])


def unshared(source: Source, line: Line) -> Term:
    """What of the own share no member bears yet."""
    shared = total([source.fact(f"{facts}own_share_fen") for _, facts in source.each("members")])
    return source.line("own_share_fen") - shared


def once(source: Source, name: str, make: Callable[[], list[Term]]) -> list[Term]:
    """A table that several lines read, written once."""
    if name not in source.tables:
        source.tables[name] = make()
    return source.tables[name]


def nothing_while(source: Source, line: Line, which: str) -> Term:
    """0 while the line ``which`` is 0; another shape of worksheet, so #N/A, when the facts change that."""
    test = compared(source.line(which), "=", NOTHING)
    if not test.holds:
        raise NotExact(f"{which} is not zero")
    return Term(f"IF({test.text},0,NA())", NOTHING.value)
