"""A row of everything that is guarded, and what is tried to change the tables that came after the first ones."""

from __future__ import annotations

AT = "2026-03-01T01:00:00.000000Z"
SUBJECT = "s" * 64
RECORD = "INSERT INTO records (case_id, seq, at, role, verb, from_state, to_state, body, prev_hash, hash) VALUES"
SEAL = "INSERT INTO seals (day, at, first, last, heads, changes, merkle_root, prev_seal_hash, hash) VALUES"
INSERT_PAPER = (
    "INSERT INTO papers (id, case_id, trigger, seat_key, organisation_id, person_id, seat_id, document_number,"
    " signed_on, body, scan_sha256, subject_hash, registered_by, registered_at, state, reason, registered_for) VALUES"
)


def paper(number: int, signer: int = 1, by: int = 2, state: str = "registered", reason: str = "", on: str = "4") -> str:
    """A paper as it is registered: who signed it, who registered it, and ``on`` whose behalf."""
    signed = f"{number}, 1, 'decide', 'o', 1, {signer}, 1, '样字1号', '2026-03-01', '{{}}', 'x', '{SUBJECT}'"
    return f"{INSERT_PAPER} ({signed}, {by}, '{AT}', '{state}', '{reason}', {on})"


LATER_ROWS = (
    f"INSERT INTO recusals (case_id, person_id, reason, recorded_by, at) VALUES (1, 2, '亲属', 1, '{AT}')",
    "INSERT INTO comments (id, case_id, person_id, organisation_id, audience, body, mentions, at)"
    f" VALUES (1, 1, 1, 1, 'own', '看过', '[]', '{AT}')",
    f"INSERT INTO definitions (stage, version, body, sha256, at) VALUES ('sample', 1, '{{}}', 'x', '{AT}')",
    "INSERT INTO enacted_rules (id, seq, case_id, place, rule, since, value, status, document, document_title, issuer,"
    " issued_on, clause, says, known_since, backwards, scan_sha256, impact_sha256, person_id, at, prev_hash, hash)"
    " VALUES (1, 1, 1, 'p', 'r', '2026-04-01', '\"1\"', 'sample', '样例', '样例', '样例', '2026-03-01', '一', '样例',"
    f" '2026-03-01', 0, 'x', 'x', 1, '{AT}', '', 'e1')",
    f"INSERT INTO rule_impacts (case_id, version, body, sha256, at) VALUES (1, 1, '{{}}', 'x', '{AT}')",
    "INSERT INTO bank_accounts (id, organisation_id, holder, bank, reason, proposed_by, at)"
    f" VALUES (1, 1, '样例', '样例银行', '开户', 1, '{AT}')",
    "INSERT INTO bank_account_numbers (account_id, key, sealed, mark, tail) VALUES (1, 'k1', 's1', 'm1', '6200')",
    "INSERT INTO bank_account_answers (account_id, proposed_by, verdict, person_id, note, at)"
    f" VALUES (1, 1, 'confirmed', 2, '', '{AT}')",
    "INSERT INTO register_files (id, place, period, sha256, row_count, body, imported_by, at)"
    f" VALUES (1, 'p', '2026', 'x', 1, '{{}}', 1, '{AT}')",
    "INSERT INTO register_file_answers (file_id, imported_by, verdict, person_id, note, at)"
    f" VALUES (1, 1, 'confirmed', 2, '', '{AT}')",
    paper(1), paper(2), paper(3), paper(4, signer=2, by=3),
    f"UPDATE papers SET state = 'confirmed', closed_by = 3, closed_at = '{AT}' WHERE id = 2",
    f"UPDATE papers SET state = 'overtaken', closed_at = '{AT}' WHERE id = 3",
)
ROWS = (
    "INSERT INTO organisations (id, code, name, name_en, kind, place) VALUES (1, 'o', '样例', 'o', 'hospital', 'p')",
    "INSERT INTO persons (id, login, name, password_hash, demo) VALUES (1,'a','甲','!',1), (2,'b','乙','!',1),"
    " (3,'c','丙','!',1), (4,'d','丁','!',1)",
    "INSERT INTO seats (id, person_id, organisation_id, role, since) VALUES (1, 1, 1, 'r', '2020-01-01')",
    "INSERT INTO consortia (id, code, name, name_en, place, lead_id) VALUES (1, 'c', '样例', 'c', 'p', 1)",
    "INSERT INTO cases (id, stage, consortium_id, place, pool, period, serial, state, revision, since, dossier_version,"
    " subject_hash, progress, record_seq, record_hash, opened_at) VALUES (1, 'budget', 1, 'p', 'resident', '2026', 1,"
    f" 'draft', 1, '{AT}', 1, '{SUBJECT}', '{{}}', 2, 'h2', '{AT}')",
    f"INSERT INTO dossiers (case_id, version, body, sha256, at, person_id) VALUES (1, 1, '{{}}', 'x', '{AT}', 1)",
    "INSERT INTO attachments (id, case_id, section, name, media_type, size, sha256, person_id, at)"
    f" VALUES (1, 1, 's', 'n', 'application/pdf', 1, 'x', 1, '{AT}')",
    "INSERT INTO worksheets (case_id, version, sheet, place, day, book_digest, facts, agreement, body, sha256, at)"
    f" VALUES (1, 1, 'budget', 'p', '2026-03-01', 'd', '{{}}', '{{}}', '{{}}', 'x', '{AT}')",
    f"{RECORD} (1, 1, '{AT}', 'r', 'open', '', 'draft', '{{}}', '', 'h1')",
    f"{RECORD} (1, 2, '{AT}', 'r', 'edit', 'draft', 'draft', '{{}}', 'h1', 'h2')",
    "INSERT INTO rounds (case_id, round_no, ballot, subject_hash, dossier_version, outcome, opened_at, closed_at)"
    f" VALUES (1, 1, 'b', '{SUBJECT}', 1, 'failed', '{AT}', '{AT}'), (1, 2, 'b', '{SUBJECT}', 1, 'open', '{AT}', NULL)",
    "INSERT INTO round_seats (case_id, round_no, seat_key, organisation_id, label, eligible)"
    " VALUES (1, 1, 'o', 1, '样例', '[1]')",
    "INSERT INTO case_actors (case_id, person_id, duty) VALUES (1, 1, 'approve')",
    "INSERT INTO decisions (id, case_id, round_no, link, seat_key, organisation_id, person_id, seat_id, duty,"
    " subject_hash, verdict, opinion, details, at)"
    f" VALUES (1, 1, 1, 'approve', 'o', 1, 1, 1, 'approve', '{SUBJECT}', 'disagree', '不同意', '{{}}', '{AT}')",
    "INSERT INTO journals (id, book, year, number, biz_key, case_id, memo, at, sealed)"
    f" VALUES (1, 'fund', 2026, 1, 'k1', 1, 'm', '{AT}', 0), (2, 'fund', 2026, 2, 'k2', 1, 'm', '{AT}', 0)",
    "INSERT INTO postings (journal_id, line, account, party, fen)"
    " VALUES (1, 1, 'cash', '', 100), (1, 2, 'due', 'o', -100), (2, 1, 'cash', '', 7)",
    "UPDATE journals SET sealed = 1 WHERE id = 1",
    f"INSERT INTO answers (key, body_hash, answer, at) VALUES ('k', 'h', '{{}}', '{AT}')",
    f"INSERT INTO admin_records (id, at, person_id, verb, body) VALUES (1, '{AT}', 1, 'grant_seat', '{{}}')",
    f"{SEAL} ('2026-03-01', '{AT}', 1, 2, 1, 'c', 'r1', '', 's1')",
    f"{SEAL} ('2026-03-02', '{AT}', 3, 2, 1, 'c', 'r1', 's1', 's2')",
    "INSERT INTO seal_heads (case_id, seq, day, hash) VALUES (1, 2, '2026-03-01', 'h2')",
    *LATER_ROWS,
)
_CHANGED = {
    "recusals": "reason = '无'", "comments": "body = '没看过'", "definitions": "body = '[]'",
    "enacted_rules": "value = '2'",
    "rule_impacts": "body = '[]'", "bank_accounts": "holder = '别人'",
    "bank_account_numbers": "sealed = 's2'", "bank_account_answers": "verdict = 'refused'",
    "register_files": "row_count = 9", "register_file_answers": "verdict = 'refused'",
}  # fmt: skip
_CLOSED = f"closed_by = 3, closed_at = '{AT}'"
CITING = (
    "INSERT INTO decisions (id, case_id, round_no, link, seat_key, organisation_id, person_id, seat_id, duty,"
    " subject_hash, verdict, opinion, details, at, paper_id) VALUES"
)
ON_PAPER = (
    "DELETE FROM papers WHERE id = 1",
    "DELETE FROM papers WHERE id = 2",
    *(
        f"UPDATE papers SET {changed} WHERE id = 1"
        for changed in (
            "body = '[]'", "document_number = '样字2号'", "signed_on = '2026-02-01'", "scan_sha256 = 'y'",
            "subject_hash = 'other'", "person_id = 2", "registered_by = 3", "registered_for = NULL", "seat_key = 'p'",
            "case_id = 2", f"body = '[]', state = 'confirmed', {_CLOSED}", "reason = '无'", "state = 'confirmed'",
            f"state = 'confirmed', closed_at = '{AT}'", "state = 'confirmed', closed_by = 3",
            f"state = 'confirmed', closed_by = 2, closed_at = '{AT}'",
            f"state = 'confirmed', closed_by = 4, closed_at = '{AT}'",
            f"state = 'rejected', {_CLOSED}", f"state = 'overtaken', {_CLOSED}", f"state = 'gone', {_CLOSED}",
        )
    ),
    f"UPDATE papers SET state = 'rejected', reason = '缺章', {_CLOSED} WHERE id = 2",
    "UPDATE papers SET state = 'registered', closed_by = NULL, closed_at = NULL WHERE id = 2",
    f"UPDATE papers SET state = 'confirmed', {_CLOSED} WHERE id = 3",
    "UPDATE papers SET closed_by = 1 WHERE id = 2",
    paper(5, state="confirmed"),
    paper(5, reason="缺章"),
    paper(5, signer=2),
    paper(5, signer=4),
)
# Only the foreign key refuses these: a paper that is not there, and one that somebody else has signed.
CITATIONS = tuple(
    f"{CITING} (2, 1, 1, '{link}', 'o', 1, 1, 1, 'approve', '{SUBJECT}', 'agree', '', '{{}}', '{AT}', {paper})"
    for link, paper in (("head", 99), ("section", 4))
)
LATER_ATTACKS = (
    *(
        attack
        for table, changed in _CHANGED.items()
        for attack in (f"UPDATE {table} SET {changed}", f"DELETE FROM {table}")
    ),
    *ON_PAPER,
    "UPDATE bank_account_numbers SET key = 'k2', tail = '0000'",
    "UPDATE bank_account_numbers SET key = 'k2', account_id = 2",
)
# The same row again, over the one that lies there.
LATER_REPLACEMENTS = (
    *(f"REPLACE INTO {table} SELECT * FROM {table}" for table in _CHANGED),
    paper(2).replace("INSERT", "REPLACE"),
)
