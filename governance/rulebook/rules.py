"""The rule book: every dated value of every place, put together, checked against each other, and asked by day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from governance.refusal import Refusal, Refused

from .book import Book, not_configured
from .bounds import check_bounds, outside
from .catalogue import HERE, Document, Place, RuleName, chains, documents_in, places_in, rule_names
from .entries import Dated, Known, dated_value, entries
from .findings import Findings, Where
from .provisions import Provision, canonical, settled
from .reading import read_file, read_text

_BOOKS_KEPT = 2048


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules of all places, loaded and checked. Never changes; ``plus`` gives a new one."""

    places: Mapping[str, Place]
    documents: Mapping[str, Document]
    chains: Mapping[str, tuple[str, ...]]
    store: Mapping[str, Mapping[str, Sequence[Dated]]]
    overridden: tuple[str, ...] = ()
    _at: dict[str, PlaceBook] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def load(extra: Sequence[Path] = ()) -> RuleBook:
        """The shipped rule book with the folders in ``extra`` added, each laid out as ``<place>/<stage>.yaml``.

        A folder may bring its own places.yaml and documents.yaml. Raises BadRules (a Refused) with every fault found,
        each with its file, rule and date. The files are read once in a process.
        """
        return _load(tuple(Path(folder).resolve() for folder in extra))

    def plus(self, place: str, text: str, name: str, documents: Mapping[str, Document] | None = None) -> RuleBook:
        """This book with the rules in ``text`` (YAML as in a rule file) added at ``place``; checked like a file.

        Raises BadRules for any fault, Refused for an unknown place.
        """
        self.at(place)
        findings = Findings()
        registered = {**self.documents, **(documents or {})}
        found = entries(read_text(text, name, findings), place, name, Known(rule_names(), registered), findings)
        store = {code: dict(rules) for code, rules in self.store.items()}
        _add(store.setdefault(place, {}), found, findings)
        return _checked(self.places, registered, store, findings)

    def chain(self, place: str) -> tuple[str, ...]:
        """The places whose rules bind ``place``, from the nation down to itself; raises Refused when unknown."""
        self.at(place)
        return self.chains[place]

    def at(self, place: str) -> PlaceBook:
        """The rules that bind at ``place``; raises Refused when there is no such place."""
        known = self._at.get(place)
        if known is None:
            if place not in self.places:
                raise Refused(_no_such_place(place))
            known = self._at[place] = PlaceBook(self, place)
        return known

    @property
    def rules(self) -> tuple[str, ...]:
        """Every rule that has a value somewhere, sorted by key."""
        return tuple(sorted({rule for rules in self.store.values() for rule in rules}))


class PlaceBook:
    """What binds at one place: the nearest place of its chain that answers wins."""

    def __init__(self, rulebook: RuleBook, place: str) -> None:
        self.place = place
        self.rulebook = rulebook
        nearest_first = [rulebook.store.get(code, {}) for code in reversed(rulebook.chains[place])]
        rules = {rule for store in nearest_first for rule in store}
        self._values = {rule: [store[rule] for store in nearest_first if rule in store] for rule in sorted(rules)}
        self._changes = sorted({dated.provision.since for lists in self._values.values() for values in lists
                                for dated in values})
        self._in_force: dict[int, Mapping[str, Provision]] = {}
        self._books: dict[tuple[date, str], Book] = {}

    def on(self, rule: str, day: date) -> Provision:
        """The provision in force on ``day`` as the place states it; raises Refused when nothing answers.

        Where the agreement is to answer, the value is ``{from: agreement, …}`` itself.
        """
        provision = self.provisions(day).get(rule)
        if provision is None:
            raise Refused(self.missing(rule))
        return provision

    def history(self, rule: str) -> Iterator[Provision]:
        """Every dated value of ``rule`` in the chain, nearest place first, then by date; a None value ends one."""
        for values in self._values.get(rule, ()):
            yield from (dated.provision for dated in values)

    def provisions(self, day: date) -> Mapping[str, Provision]:
        """Every provision in force on ``day`` by rule. Computed once between two changes."""
        epoch = bisect_right(self._changes, day)
        if epoch not in self._in_force:
            found = ((rule, _nearest(lists, day)) for rule, lists in self._values.items())
            self._in_force[epoch] = {rule: provision for rule, provision in found if provision is not None}
        return self._in_force[epoch]

    def in_force(
        self, day: date, *, agreement: Mapping[str, Any] | None = None, own: Mapping[str, Any] | None = None
    ) -> Book:
        """The book in force on ``day`` for one consortium, cheap to ask for again.

        ``agreement`` holds {rule: value} for rules the agreement answers; ``own`` {rule: value} approved for this one
        consortium (个案批复), each value as in a rule file (value, status, cite) with ``since``. Raises BadRules when
        an own value breaks its rule's shape or a wider place's bound.
        """
        answers, approvals = settled(agreement or {}), own or {}
        key = (day, canonical([answers, settled(approvals)]) if answers or approvals else "")
        book = self._books.get(key)
        if book is None:
            provisions = self.provisions(day)
            if approvals:
                provisions = {**provisions, **self._approved(approvals, day)}
            if len(self._books) >= _BOOKS_KEPT:
                self._books.clear()
            book = self._books[key] = Book(self.place, day, provisions, answers)
        return book

    def missing(self, rule: str) -> Refusal:
        """The refusal that says who is to configure a rule this place does not answer."""
        name = rule_names().get(rule)
        titled = next(self.history(rule), None)
        if name is None and titled is not None:
            name = RuleName(rule, titled.title, titled.title_en, titled.unit)
        return not_configured(rule, name)

    def _approved(self, own: Mapping[str, Any], day: date) -> dict[str, Provision]:
        findings = Findings()
        found = {}
        known = Known(rule_names(), self.rulebook.documents)
        for rule, entry in own.items():
            written = dict(entry) if isinstance(entry, dict) else {}
            since = written.pop("since", day)
            since = since if isinstance(since, date) else date.fromisoformat(since)
            where = Where("个案批复", rule, since.isoformat())
            name = known.names.get(rule) or RuleName(rule, rule, rule)
            dated = dated_value(written, name, self.place, since, known, where, findings)
            if dated is None or since > day:
                continue
            for bound in self._bounds(rule, day):
                if outside(dated.provision.value, bound):
                    findings.add(where, "超出上级规则的上下限", "outside the bounds of a wider rule")
            found[rule] = replace(dated.provision, answered_by="own")
        findings.raise_if_any()
        return found

    def _bounds(self, rule: str, day: date) -> Iterator[Any]:
        for values in self._values.get(rule, ()):
            dated = _latest(values, day)
            if dated is not None and dated.bound is not None and not dated.bound.in_principle:
                yield dated.bound


def _latest(values: Sequence[Dated], day: date) -> Dated | None:
    found = None
    for dated in values:
        if dated.provision.since <= day:
            found = dated
    return found


def _nearest(lists: Sequence[Sequence[Dated]], day: date) -> Provision | None:
    for values in lists:
        dated = _latest(values, day)
        if dated is not None and dated.provision.value is not None:
            return dated.provision
    return None


def _no_such_place(place: str) -> Refusal:
    return Refusal(
        reason=f"没有这个地区：{place}。地区登记在规则库的 places.yaml 里。",
        reason_en=f"There is no such place: {place}. Places are registered in the rule book's places.yaml.",
        who="规则管理",
        who_en="Rules officer",
        fact="place",
    )


@cache
def _load(extra: tuple[Path, ...]) -> RuleBook:
    findings = Findings()
    places: dict[str, Place] = {}
    documents: dict[str, Document] = {}
    for root in (HERE, *extra):
        if not root.is_dir():
            findings.add(Where(str(root)), "没有这个规则文件夹", "there is no such rule book folder")
        _register(places, places_in(root, findings), f"{root.name}/places.yaml", findings)
        _register(documents, documents_in(root, findings), f"{root.name}/documents.yaml", findings)
    store: dict[str, dict[str, Sequence[Dated]]] = {}
    for root in (HERE, *extra):
        for path in sorted(root.glob("*/*.yaml")):
            name = f"{path.parent.name}/{path.name}"
            if path.parent.name not in places:
                findings.add(Where(name), f"没有登记这个地区：{path.parent.name}", f"unknown place: {path.parent.name}")
                continue
            read = read_file(path, name, findings)
            found = entries(read, path.parent.name, name, Known(rule_names(), documents), findings)
            _add(store.setdefault(path.parent.name, {}), found, findings)
    return _checked(places, documents, store, findings)


def _register(known: dict[str, Any], found: Mapping[str, Any], file: str, findings: Findings) -> None:
    for key, entry in found.items():
        if key in known and known[key] != entry:
            findings.add(Where(file, key), "已登记过，内容不同", "already registered, with other content")
        known[key] = entry


def _add(rules: dict[str, Sequence[Dated]], found: Mapping[str, Sequence[Dated]], findings: Findings) -> None:
    """Adds one file's values to a place's; the same date in two files is a fault, never an overwriting."""
    for rule, values in found.items():
        held = {dated.provision.since: dated for dated in rules.get(rule, ())}
        for dated in values:
            if dated.provision.since in held:
                other, _ = held[dated.provision.since].where.words()
                findings.add(dated.where, f"同一生效日期已有值（{other}）", f"this date already has a value ({other})")
            held.setdefault(dated.provision.since, dated)
        rules[rule] = tuple(held[since] for since in sorted(held))


def _checked(
    places: Mapping[str, Place],
    documents: Mapping[str, Document],
    store: Mapping[str, Mapping[str, Sequence[Dated]]],
    findings: Findings,
) -> RuleBook:
    found_chains = chains(places, findings)
    overridden = check_bounds(store, found_chains, findings)
    findings.raise_if_any()
    return RuleBook(places, documents, found_chains, store, tuple(overridden))


