"""What must hold of a case after every step, read back from the database by questions of its own."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, text

from governance.money import yuan
from workflow import records
from workflow.machines import STAGES

ROWS = {
    "case": "SELECT * FROM cases WHERE id = :case",
    "records": "SELECT * FROM records WHERE case_id = :case ORDER BY seq",
    "rounds": "SELECT * FROM rounds WHERE case_id = :case ORDER BY round_no",
    "seats": "SELECT * FROM round_seats WHERE case_id = :case",
    "decisions": "SELECT * FROM decisions WHERE case_id = :case ORDER BY id",
    "actors": "SELECT * FROM case_actors WHERE case_id = :case",
    "journals": "SELECT * FROM journals WHERE case_id = :case",
    "tasks": "SELECT * FROM tasks WHERE case_id = :case",
    "dossiers": "SELECT * FROM dossiers WHERE case_id = :case ORDER BY version",
    "added": "SELECT * FROM added_seats WHERE case_id = :case ORDER BY seat_key",
    "papers": "SELECT * FROM papers WHERE case_id = :case ORDER BY id",
    "recusals": "SELECT * FROM recusals WHERE case_id = :case",
    "interventions": "SELECT * FROM interventions WHERE case_id = :case ORDER BY id",
}
DUTY_OF = {
    "edit": "prepare", "submit": "prepare", "amend": "prepare", "straight_back": "prepare", "pay": "pay",
}  # fmt: skip


def arrows() -> set[tuple[str, str, str]]:
    """Every way of the stage as it is registered now, by its verb."""
    return {
        (one.trigger, source, dest)
        for one in STAGES["sample"].steps
        for source in one.source
        for dest in one.dests or (one.dest or source,)
    }


def picture(connection: Connection, case_id: int) -> dict[str, list[Any]]:
    """Every row of the case, table by table."""
    return {name: list(connection.execute(text(query), {"case": case_id})) for name, query in ROWS.items()}


def violations(connection: Connection, case_id: int) -> list[str]:
    """Everything that is wrong with a case, in words; empty when nothing is."""
    seen = picture(connection, case_id)
    return [
        *records.verify(connection, case_id), *_history(seen), *_rounds(seen), *_decisions(seen), *_people(seen),
        *_money(seen),
    ]  # fmt: skip


def _history(seen: dict[str, list[Any]]) -> list[str]:
    """Each state was reached by an arrow of the table, and the newest record tells where the case stands."""
    found, state, ways = [], None, arrows()
    for row in seen["records"]:
        if state is not None and row.from_state != state:
            found.append(f"record {row.seq} leaves {row.from_state}, but the case was {state}")
        arrow = (row.verb, row.from_state, row.to_state)
        if row.seq > 1 and row.to_state != row.from_state and arrow not in ways:
            found.append(f"record {row.seq}: no such way {arrow}")
        state = row.to_state
    case = seen["case"][0]
    if state != case.state or len(seen["records"]) != case.record_seq:
        found.append(f"the case is {case.state} after {len(seen['records'])} records, told {state}")
    if seen["dossiers"][-1].sha256 != case.subject_hash:
        found.append("the newest dossier is not what is decided")
    return found


def _rounds(seen: dict[str, list[Any]]) -> list[str]:
    """One round is open exactly while the case is under review, on its present content, undecided."""
    case, found = seen["case"][0], []
    opened = [row for row in seen["rounds"] if row.outcome == "open"]
    if len(opened) != (case.state == "under_review"):
        return [f"{len(opened)} open rounds in {case.state}"]
    for one in opened:
        if one.subject_hash != case.subject_hash:
            found.append(f"round {one.round_no} is on other content")
        if len(_counted(seen, one.round_no)) == 3 and None not in _asked(seen, one.round_no):
            found.append(f"round {one.round_no} is stuck")
    for one in seen["rounds"]:
        verdicts = _counted(seen, one.round_no)
        asked = set(_asked(seen, one.round_no))
        if one.outcome == "passed" and (sorted(verdicts.values()) != ["agree"] * 3 or asked - {"agree", "abstain"}):
            found.append(f"round {one.round_no} passed on {verdicts} and {asked}")
        if one.outcome == "failed" and set(verdicts.values()) | asked <= {"agree", None}:
            found.append(f"round {one.round_no} failed on {verdicts} and {asked}")
    return found


def _counted(seen: dict[str, list[Any]], number: int) -> dict[str, str]:
    rows = seen["decisions"]
    return {row.seat_key: row.verdict for row in rows if row.round_no == number and row.link == "approve"}


def _asked(seen: dict[str, list[Any]], number: int) -> list[str | None]:
    """What those said who were asked besides, by seats that were not taken back; ``None`` for who has not spoken."""
    said = {row.seat_key: row.verdict for row in seen["decisions"] if row.round_no == number}
    rows = [row for row in seen["added"] if row.round_no == number]
    late = [row.seat_key for row in rows if row.removed_at is not None and row.seat_key in said]
    return [said.get(row.seat_key) for row in rows if row.removed_at is None] + ["taken back"] * len(late)


def _decisions(seen: dict[str, list[Any]]) -> list[str]:
    """Each decision is on its round's content, by someone who was listed as the round opened, once a seat and link."""
    rounds = {row.round_no: row for row in seen["rounds"]}
    listed = {(row.round_no, row.seat_key): json.loads(row.eligible) for row in seen["seats"]}
    found, once = [], set()
    for row in seen["decisions"]:
        if row.subject_hash != rounds[row.round_no].subject_hash:
            found.append(f"decision {row.id} is on other content than its round")
        if (row.for_person_id or row.person_id) not in listed[row.round_no, row.seat_key]:
            found.append(f"decision {row.id} is by someone who was not listed")
        if (row.round_no, row.seat_key, row.link) in once:
            found.append(f"decision {row.id} is the seat's second")
        once.add((row.round_no, row.seat_key, row.link))
        if row.verdict != "agree" and not row.opinion:
            found.append(f"decision {row.id} gives no reason")
    return found + _on_paper(seen)


def _on_paper(seen: dict[str, list[Any]]) -> list[str]:
    """What counts from paper was confirmed by a second person, and neither of the two is who signed."""
    found, counted = [], {row.paper_id for row in seen["decisions"] if row.paper_id is not None}
    for row in seen["papers"]:
        three = {row.person_id, row.registered_by, row.closed_by}
        if (row.id in counted) != (row.state == "confirmed") or (row.id in counted and len(three) != 3):
            found.append(f"paper {row.id} is {row.state} with {three}")
        if row.id in counted and row.subject_hash not in {one.subject_hash for one in seen["decisions"]}:
            found.append(f"paper {row.id} counts for other content")
    return found


def _people(seen: dict[str, list[Any]]) -> list[str]:
    """Nobody takes part in two excluding duties, whoever they acted for; as the records tell it."""
    duties: dict[int, set[str]] = {}
    for row in seen["records"]:
        if row.verb in DUTY_OF and row.person_id is not None:
            principal = json.loads(row.body)["data"].get("for")
            for person in {row.person_id, principal or row.person_id}:
                duties.setdefault(person, set()).add(DUTY_OF[row.verb])
    for row in seen["decisions"]:
        for person in {row.person_id, row.for_person_id or row.person_id}:
            duties.setdefault(person, set()).add(row.duty)
    found = [f"person {person} took part in {sorted(taken)}" for person, taken in duties.items() if len(taken) > 1]
    staff = {one for row in seen["interventions"] for one in (row.proposed_by, row.decided_by) if one is not None}
    return found + [f"administrator {person} took part in the case" for person in staff & duties.keys()] + _gone(seen)


def _gone(seen: dict[str, list[Any]]) -> list[str]:
    """Whoever has stepped back has done nothing since."""
    since = {row.person_id: row.at for row in seen["recusals"]}
    acts = [(row.person_id, row.at, row.seq) for row in seen["records"] if row.verb != "recuse"]
    return [f"record {seq} is by someone who stepped back" for who, at, seq in acts if who in since and at > since[who]]


def _money(seen: dict[str, list[Any]]) -> list[str]:
    """Paid exactly once, exactly when the case says so, after a round that passed on what is paid."""
    case, paid = seen["case"][0], len(seen["journals"])
    if paid != (case.state == "paid"):
        return [f"{paid} journals in {case.state}"]
    if not paid:
        return []
    passed = [row for row in seen["rounds"] if row.outcome == "passed"]
    if not passed or passed[-1].subject_hash != case.subject_hash:
        return [f"{yuan(case.amount_fen or 0)} paid without a round that passed on it"]
    return []
