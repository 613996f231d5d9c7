"""The measure for a step: what it must read and write, by hand, through the bare driver on the same database.

One reviewer gives an opinion in a round of three bureaus. In one transaction, on one connection kept open:

* the key of the request is claimed, and its answer stored at the end;
* the case is locked and read; the actor's seat, duty and blocks are read, and who acts for the consortium, and the open
  round with its seats and decisions; the checks that need these rows are made;
* the duty and the decision are inserted, the record is inserted with its hash over the canonical text, the case is
  updated; the case's tasks and running clocks are read, the done task is deleted, the next one inserted; commit.

No statement of ours is left out and none is added but one: we also ask whether the database keeps a demo clock. The
statements are written out, rows are plain tuples, and nothing is shared with the code that is measured except the two
functions that say what a canonical text and a chain hash are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from workflow.attempt import Actor
from workflow.db import canonical
from workflow.records import chain_hash

CLAIM = "INSERT INTO answers (key, body_hash, answer, at) VALUES (?,?,'',?) ON CONFLICT (key) DO NOTHING RETURNING key"
CASE = (
    "SELECT id, stage, consortium_id, place, pool, period, serial, state, revision, since, dossier_version,"
    " subject_hash, progress, amount_fen, record_seq, record_hash, opened_at, closed_at, follows_id, definition"
    " FROM cases WHERE id = ? FOR UPDATE"
)
IN_TERM = "{0}.since <= ? AND ({0}.until IS NULL OR {0}.until >= ?)"
GIVEN = (
    "EXISTS (SELECT 1 FROM delegations g, persons d, seats o WHERE g.seat_id = s.id AND g.person_id = ?"
    f" AND g.granted_by = s.person_id AND g.revoked_at IS NULL AND {IN_TERM.format('g')} AND g.stage IN ('', ?)"
    " AND d.id = g.person_id AND d.disabled_at IS NULL AND o.person_id = g.person_id"
    f" AND o.organisation_id = s.organisation_id AND {IN_TERM.format('o')})"
)
HAS_DUTY = "EXISTS (SELECT 1 FROM case_actors WHERE case_id = ? AND person_id = x.id)"
STANDING = (
    "SELECT s.id, a.duty, b.duty, EXISTS (SELECT 1 FROM occurrences WHERE status = 'failed' AND scope = ?),"
    " EXISTS (SELECT 1 FROM recusals WHERE case_id = ? AND person_id IN (?, ?)),"
    " EXISTS (SELECT 1 FROM interventions WHERE case_id = ? AND (proposed_by IN (?, ?) OR decided_by IN (?, ?))),"
    " h.id, h.name,"
    f" (SELECT x.name FROM seats y JOIN persons x ON x.id = y.person_id WHERE y.granted_by IN (?, ?) AND {HAS_DUTY}"
    " AND EXISTS (SELECT 1 FROM records WHERE case_id = ? AND organisation_id = y.organisation_id AND role = y.role)"
    " ORDER BY y.id LIMIT 1),"
    f" (SELECT x.name FROM persons x WHERE x.id = s.granted_by AND (x.id = ? OR {HAS_DUTY}))"
    " FROM seats s JOIN persons p ON p.id = s.person_id"
    " LEFT JOIN case_actors a ON a.case_id = ? AND a.person_id = ?"
    " LEFT JOIN case_actors b ON b.case_id = ? AND b.person_id = s.person_id"
    " LEFT JOIN tasks t ON t.case_id = ? AND t.trigger = ? AND t.organisation_id = s.organisation_id"
    " AND t.role = s.role"
    " LEFT JOIN persons h ON h.id = t.person_id AND h.disabled_at IS NULL"
    " AND EXISTS (SELECT 1 FROM seats z WHERE z.person_id = h.id AND z.organisation_id = t.organisation_id"
    f" AND z.role = t.role AND {IN_TERM.format('z')})"
    " AND NOT EXISTS (SELECT 1 FROM recusals r WHERE r.case_id = t.case_id AND r.person_id = h.id)"
    " WHERE s.id = ? AND s.person_id = ? AND s.organisation_id = ? AND s.role = ?"
    f" AND {IN_TERM.format('s')} AND p.disabled_at IS NULL AND (s.person_id = ? OR {GIVEN})"
)
PARTIES = (
    "SELECT o.id, o.code, o.name, o.name_en, o.kind, o.place, m.level, c.place, c.lead_id"
    " FROM organisations o JOIN consortia c ON c.id = ?"
    " LEFT JOIN memberships m ON m.organisation_id = o.id AND m.consortium_id = c.id AND m.since <= ?"
    " AND (m.until IS NULL OR m.until >= ?)"
    " WHERE m.level IS NOT NULL OR (o.kind NOT IN ('hospital', 'township', 'village') AND o.place IN ({}))"
    " ORDER BY o.id"
)
ROUND = (
    "SELECT r.ballot, r.round_no, r.subject_hash, s.seat_key, s.organisation_id, s.eligible, d.link, d.verdict"
    " FROM rounds r LEFT JOIN round_seats s ON s.case_id = r.case_id AND s.round_no = r.round_no"
    " LEFT JOIN decisions d ON d.case_id = s.case_id AND d.round_no = s.round_no AND d.seat_key = s.seat_key"
    " WHERE r.case_id = ? AND r.outcome = 'open' ORDER BY s.seat_key, d.id"
)
DUTY = "INSERT INTO case_actors (case_id, person_id, duty) VALUES (?,?,'review')"
DECISION = (
    "INSERT INTO decisions (case_id, round_no, link, seat_key, organisation_id, person_id, seat_id, duty, subject_hash,"
    " verdict, opinion, details, at) VALUES (?,?,'review',?,?,?,?,'review',?,?,'','{}',?)"
)
RECORD = (
    "INSERT INTO records (case_id, seq, at, person_id, organisation_id, role, verb, from_state, to_state, body,"
    " prev_hash, hash) VALUES (?,?,?,?,?,?,'opine',?,?,?,?,?)"
)
KEEP = (
    "UPDATE cases SET state = ?, revision = ?, since = ?, dossier_version = ?, subject_hash = ?, progress = ?,"
    " amount_fen = ?, record_seq = ?, record_hash = ?, closed_at = ?, definition = ? WHERE id = ?"
)
TASKS = "SELECT id, case_id, trigger, organisation_id, role, since, deadline, person_id FROM tasks WHERE case_id = ?"
CLOCKS = (
    "SELECT name, deadline, paused_on, case_id, serial, rule, started_on, days, provisional, holder_role, paused_days,"
    " stopped_on, overdue_on FROM clocks WHERE case_id = ? AND stopped_on IS NULL ORDER BY deadline, name"
)
DONE = "DELETE FROM tasks WHERE id = ?"
NEXT = "INSERT INTO tasks (case_id, trigger, organisation_id, role, since, deadline) VALUES (?,'decide',?,?,?,?)"
ANSWER = "UPDATE answers SET answer = ? WHERE key = ?"

Run = Callable[[str, Sequence[Any]], Any]


def opine(run: Run, chain: Sequence[str], case_id: int, actor: Actor, key: str) -> dict[str, Any]:
    """The reads, checks and writes of one opinion, inside a transaction that the caller began and commits."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    day = at[:10]
    person, role = actor.person_id, str(actor.role)
    body = {"case": case_id, "trigger": "opine", "person": person, "role": role, "data": {"verdict": "agree"}}
    digest = hashlib.sha256(canonical(body).encode()).hexdigest()
    assert run(CLAIM, (key, digest, at)).fetchone()
    case = run(CASE, (case_id,)).fetchone()
    subject, state, seq = case[11], case[7], case[14] + 1
    standing = run(STANDING, asked_of(actor, case_id, "opine", case[1], day)).fetchone()
    _seat, duty, _theirs, failures, recused, intervened, assignee, _name, seated, seated_by = standing
    bodies = run(PARTIES.format(",".join("?" * len(chain))), (case[2], day, day, *chain)).fetchall()
    assert any(row[0] == actor.organisation_id and row[4] == role.rsplit("_", 1)[0] for row in bodies)
    seats = run(ROUND, (case_id,)).fetchall()
    seat = next(row for row in seats if row[4] == actor.organisation_id and person in json.loads(row[5]))
    assert state == "under_review" and not failures and duty in (None, "review")
    assert not recused and not intervened and assignee in (None, person) and not seated and not seated_by
    assert seat[6] is None and seat[2] == subject
    run(DUTY, (case_id, person))
    run(DECISION, (case_id, seat[1], seat[3], seat[4], person, actor.seat_id, subject, "agree", at))
    hashed = _record(run, case, seat, actor, at)
    kept = (state, case[8] + 1, case[9], case[10], subject, case[12], case[13], seq, hashed, case[17], case[19])
    run(KEEP, (*kept, case_id))
    _tasks(run, case, actor)
    answer = {"case": case_id, "state": state, "record": seq}
    run(ANSWER, (canonical(answer), key))
    return answer


def asked_of(actor: Actor, case_id: int, trigger: str, stage: str, day: str) -> tuple[Any, ...]:
    """The values of ``STANDING``, in the order of its question marks."""
    pair = (actor.person_id, actor.person_id)
    return (
        case_id, case_id, *pair, case_id, *pair, *pair, *pair, case_id, case_id, actor.person_id, case_id,
        case_id, actor.person_id, case_id, case_id, trigger, day, day,
        actor.seat_id, actor.person_id, actor.organisation_id, str(actor.role), day, day, actor.person_id,
        actor.person_id, day, day, stage, day, day,
    )  # fmt: skip


def _record(run: Run, case: Any, seat: Any, actor: Actor, at: str) -> str:
    state, seq, role = case[7], case[14] + 1, str(actor.role)
    noted = {
        "round": seat[1], "seat": seat[3], "link": "review", "verdict": "agree", "subject": case[11],
        "revision": case[8] + 1,
    }  # fmt: skip
    text = canonical(
        {
            "case": case[0], "at": at, "verb": "opine", "from": state, "to": state, "role": role,
            "person": actor.person_id, "organisation": actor.organisation_id, "data": noted,
        }
    )  # fmt: skip
    hashed = chain_hash(seq, case[15], text)
    who = (actor.person_id, actor.organisation_id, role)
    run(RECORD, (case[0], seq, at, *who, state, state, text, case[15], hashed))
    return hashed


def _tasks(run: Run, case: Any, actor: Actor) -> None:
    present = {(row[2], row[3], row[4]): row[0] for row in run(TASKS, (case[0],)).fetchall()}
    running = [row[1] for row in run(CLOCKS, (case[0],)).fetchall() if row[2] is None]
    run(DONE, (present["opine", actor.organisation_id, str(actor.role)],))
    approver = str(actor.role).replace("_reviewer", "_approver")
    run(NEXT, (case[0], actor.organisation_id, approver, case[9], min(running, default="9999-12-31")))
