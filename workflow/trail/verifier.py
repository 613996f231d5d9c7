"""Verifies an exported trail or an evidence package of 共治; needs Python 3.11 and nothing else.

    python verifier.py EXPORT.jsonl|PACKAGE.zip [--seals FOLDER]

An export holds one JSON object a line: ``export`` (the head), ``case``, ``record``, ``seal``, ``proof`` and ``end``.
Ends with 0 where everything holds, with 1 where something does not (named), with 2 for input that cannot be read.

What is hashed, byte for byte (SHA-256, hexadecimal, UTF-8):
record  ``sha256|seq|hash of the record before|length of body|body``; the first one follows an empty hash
leaf    0x00, then ``case|seq|hash`` of the case's newest sealed record; node: 0x01, left, right (RFC 9162)
seal    ``seal|`` and its JSON without ``hash`` and ``changed``, keys sorted, no spaces
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SEALED = ("day", "at", "first", "last", "heads", "changes", "root", "prev")
Head = tuple[int, int, str]


def canonical(value: Any) -> str:
    """The one text of plain data: sorted keys, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def chain_hash(seq: int, prev: str, body: str) -> str:
    """The hash that ties a record to the one before it."""
    text = body.encode()
    return hashlib.sha256(b"sha256|%d|%b|%d|%b" % (seq, prev.encode(), len(text), text)).hexdigest()


def seal_hash(seal: Mapping[str, Any]) -> str:
    """The hash of a seal, whatever else its line holds."""
    return sha256("seal|" + canonical({name: seal[name] for name in SEALED}))


def leaf_hash(head: Head) -> bytes:
    """The leaf of a case's head."""
    return hashlib.sha256(b"\x00%d|%d|%b" % (head[0], head[1], head[2].encode())).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A Merkle tree over the heads of cases, in the order in which cases were first sealed; grows, and is changed."""

    def __init__(self) -> None:
        self.levels, self.place = [list[bytes]()], dict[int, int]()

    def seal(self, changed: Iterable[Head]) -> str:
        """Take in the heads of a day and return the root, in hexadecimal; new cases in the order of their numbers."""
        depth, touched = 0, set[int]()
        for head in sorted(changed):
            place = self.place.setdefault(head[0], len(self.place))
            self.levels[0][place:place + 1] = [leaf_hash(head)]
            touched.add(place)
        while len(below := self.levels[depth]) > 1:
            depth, touched = depth + 1, {place // 2 for place in touched}
            if len(self.levels) == depth:
                self.levels.append([])
            for place in sorted(touched):
                pair = below[2 * place:2 * place + 2]
                self.levels[depth][place:place + 1] = [_node(*pair) if len(pair) == 2 else pair[0]]
        return self.levels[depth][0].hex() if self.place else hashlib.sha256(b"").hexdigest()


def root_by(head: Head, path: Sequence[Sequence[str]]) -> str:
    """The root that a leaf and its way lead to."""
    found = leaf_hash(head)
    for side, other in path:
        found = _node(bytes.fromhex(other), found) if side == "left" else _node(found, bytes.fromhex(other))
    return found.hex()


class Seals:
    """A line of seals checked one by one; ``heads`` keeps what they say of each case: number → day, hash."""

    def __init__(self, source: str, *, whole: bool = True) -> None:
        self.source, self.whole, self.tree = source, whole, Tree()
        self.problems, self.hashes = list[str](), dict[str, str]()
        self.heads: dict[int, dict[int, tuple[str, str]]] = {}
        self.last: Mapping[str, Any] | None = None

    def add(self, seal: Mapping[str, Any]) -> None:
        """Check the next seal: its own hash, what it follows, its counters, its changes and its root."""
        where, before = f"{self.source} {seal['day']} 的封印", self.last
        follows = (before["hash"], before["last"] + 1) if before else ("", 1)
        if before and seal["day"] <= before["day"]:
            self.problems.append(f"{where}：排在 {before['day']} 之后，次序不对")
        elif (before or self.whole) and (seal["prev"], seal["first"]) != follows:
            self.problems.append(f"{where}：与前一个封印不相接，其间有封印被删改")
        if seal_hash(seal) != seal["hash"]:
            self.problems.append(f"{where}：内容与哈希不符")
        if "changed" in seal:
            self._changed(seal, where)
        self.hashes[seal["day"]] = seal["hash"]
        self.last = seal

    def _changed(self, seal: Mapping[str, Any], where: str) -> None:
        heads = [(case, seq, digest) for case, seq, digest in seal["changed"]]
        if sha256(canonical(heads)) != seal["changes"]:
            self.problems.append(f"{where}：所列链尾与哈希不符")
        for case, seq, digest in heads:
            self.heads.setdefault(case, {})[seq] = (seal["day"], digest)
        if self.whole and (self.tree.seal(heads), len(self.tree.place)) != (seal["root"], seal["heads"]):
            self.problems.append(f"{where}：默克尔根与链尾不符")

    def prove(self, proof: Mapping[str, Any]) -> None:
        """Take in a proof that a day's root holds the head of one case."""
        head, day = (proof["case"], proof["seq"], proof["hash"]), proof["day"]
        if self.last is None or self.last["day"] != day or root_by(head, proof["path"]) != self.last["root"]:
            self.problems.append(f"案件 {proof['case']}：所附证明与 {day} 的封印不符")
        self.heads.setdefault(head[0], {})[head[1]] = (day, head[2])

    def against(self, other: Seals, days: Iterable[str]) -> list[str]:
        """On which of ``days`` two lines of seals that should be the same differ."""
        found = []
        for day in sorted(one for one in days if self.hashes.get(one) != other.hashes.get(one)):
            lacking = [one.source for one in (self, other) if day not in one.hashes]
            said = f"{lacking[0]}缺失" if lacking else f"{self.source}与{other.source}不一致"
            found.append(f"{day} 的封印：{said}")
        return found


class Chains:
    """Chains of records checked record by record, in the order of cases and numbers, against lines of seals."""

    def __init__(self, *witnesses: Seals) -> None:
        self.witnesses, self.problems, self.counted = witnesses, list[str](), 0
        self.begin(0)

    def begin(self, case: int) -> None:
        """The records that follow are of this case."""
        self.case, self.seq, self.hash, self._good = case, 0, "", [0] * len(self.witnesses)
        self._sealed, self._mark = [one.heads.pop(case, {}) for one in self.witnesses], f',"case":{case},'

    def add(self, seq: int, prev: str, digest: str, body: str) -> None:
        """Check the next record of the case."""
        self.counted += 1
        if seq != self.seq + 1:
            self.problems.append(f"案件 {self.case} 第 {seq} 条：应为第 {self.seq + 1} 条，中间有缺失或次序不对")
        elif prev != self.hash:
            self.problems.append(f"案件 {self.case} 第 {seq} 条：与上一条的哈希不相接")
        if chain_hash(seq, prev, body) != digest:
            self.problems.append(f"案件 {self.case} 第 {seq} 条：内容与哈希不符")
        if self._mark not in body[:80]:
            self.problems.append(f"案件 {self.case} 第 {seq} 条：正文属于另一案件")
        for number, sealed in enumerate(self._sealed):
            if seq in sealed:
                self._against(number, seq, digest, sealed.pop(seq))
        self.seq, self.hash = seq, digest

    def _against(self, number: int, seq: int, digest: str, seal: tuple[str, str]) -> None:
        if digest == seal[1]:
            self._good[number] = seq
            return
        span = f"第 {self._good[number] + 1}—{seq} 条，与{self.witnesses[number].source} {seal[0]} 的封印不符"
        self.problems.append(f"案件 {self.case} {span}，封印之后被改")

    def end(self, seq: int, digest: str) -> None:
        """The case says that its chain ends here."""
        if (seq, digest) != (self.seq, self.hash):
            self.problems.append(f"案件 {self.case}：链尾与案件不符，第 {min(seq, self.seq) + 1} 条起被删或被加")
        for one, sealed in zip(self.witnesses, self._sealed, strict=True):
            for cut in sorted(sealed):
                self.problems.append(f"案件 {self.case} 第 {cut} 条：{one.source} {sealed[cut][0]} 已封印，现已缺失")

    def close(self) -> None:
        """No more cases: those that are sealed and did not come are missing."""
        for one in self.witnesses:
            for case, sealed in sorted(one.heads.items()):
                self.problems.append(f"案件 {case}：{one.source} {sealed[min(sealed)][0]} 已封印，现整件缺失")


def read_seals(folder: Path, source: str = "封印文件", until: str = "9999") -> Seals:
    """The seals up to the day ``until`` in the yearly files of ``folder``, checked; unreadable lines are problems."""
    found = Seals(source)
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9].jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1], start=1):
            try:
                if (seal := json.loads(line))["day"] <= until:
                    found.add(seal)
            except (ValueError, KeyError, TypeError):
                found.problems.append(f"{source} {path.name} 第 {number} 行：无法读取")
    return found


class Export:
    """An export read line by line; ``problems`` says what does not hold."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder, self.problems = folder, list[str]()
        self.own, self.chains = Seals("所附封印"), Chains()
        self.counts, self.scope = dict.fromkeys(("seal", "proof", "case", "record"), 0), ""
        self.closing, self.end = (0, ""), dict[str, Any]()

    def read(self, lines: Iterable[str]) -> list[str]:
        """Check every line; returns what does not hold."""
        for told in map(json.loads, lines):
            if "record" in told:
                self.chains.add(told["record"], told["prev"], told["hash"], told["body"])
            else:
                self._other(told)
        self.chains.end(*self.closing)
        self.counts["record"] = self.chains.counted
        if not self.scope or self.end != self.counts:
            self.problems.append("导出文件不完整：首行、末行或件数不符")
        if self.scope == "all":
            self.chains.close()
        self.problems += self.own.problems + self.chains.problems
        return self.problems

    def _other(self, told: dict[str, Any]) -> None:
        self.counts = {kind: number + (kind in told) for kind, number in self.counts.items()}
        if "export" in told:
            self.scope, self.own.whole = told["scope"], told["scope"] == "all"
        elif "seal" in told:
            self.own.add(told["seal"])
        elif "proof" in told:
            self.own.prove(told["proof"])
        elif "case" in told:
            if self.counts["case"] == 1:
                self.chains = Chains(self.own, *self._witnesses())
            self.chains.end(*self.closing)
            self.closing = (told["seq"], told["hash"])
            self.chains.begin(told["case"])
        else:
            self.end = told["end"]

    def _witnesses(self) -> Iterator[Seals]:
        if self.folder is not None and self.own.last is not None:
            kept = read_seals(self.folder, until=self.own.last["day"])
            last = kept.last["day"] if kept.last else ""
            self.problems += kept.problems or ([] if last else [f"{self.folder}：没有可比对的封印"])
            self.problems += self.own.against(kept, [day for day in self.own.hashes if day <= last])
            yield kept


def check_package(path: Path, export: Export) -> list[str]:
    """Check an evidence package: every file against the manifest, then its records and what they refer to."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    kept = {name: one["sha256"] for name, one in json.loads(files.pop("manifest.json"))["files"].items()}
    there = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    wrong = sorted(name for name in kept.keys() | there.keys() if kept.get(name) != there.get(name))
    problems = [f"{name}：与清单不符（改动、缺失或多出）" for name in wrong]
    if problems:
        return problems
    about, told = json.loads(files["case.json"])["subject"], files["records.jsonl"].decode()
    problems += export.read(io.StringIO(told))
    for name in sorted(files):
        if name.startswith("dossiers/"):
            subject = {"case": about["case"], "dossier": json.loads(files[name])}
            if sha256(f"{about['stage']}/v1\n{canonical(subject)}") not in told:
                problems.append(f"{name}：与办理记录所载的内容哈希不符")
        elif name.startswith("attachments/") and there[name] != name[12:76]:
            problems.append(f"{name}：内容与文件名所载的哈希不符")
    return problems


def main(arguments: Sequence[str]) -> int:
    """Verify the file named first; returns the code to end with."""
    places = [one for one in arguments if one != "--seals"]
    if len(places) != 1 + ("--seals" in arguments) or arguments[:1] == ["--seals"]:
        print("python verifier.py EXPORT.jsonl|PACKAGE.zip [--seals FOLDER]", file=sys.stderr)
        return 2
    export = Export(Path(places[1]) if len(places) > 1 else None)
    try:
        if zipfile.is_zipfile(places[0]):
            problems = check_package(Path(places[0]), export)
        else:
            with Path(places[0]).open(encoding="utf-8", newline="\n") as lines:
                problems = export.read(lines)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"无法读取 {places[0]}：{type(error).__name__} {error}", file=sys.stderr)
        return 2
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    good = f"完整：{export.counts['case']} 件，{export.chains.counted} 条记录，封印至 {(export.own.last or {}).get('day', '无')}"
    print(f"{len(problems)} 处问题" if problems else good)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
