"""Who has no part in a paper: whoever put somebody in office beside it, administered the case, or stands behind it."""

from __future__ import annotations

from governance.roles import Role
from tests.acts.acting import act, moment, refused
from tests.acts.giving import for_, give
from tests.acts.papers import (  # noqa: F401 - fixtures
    HEAD,
    a_case_to_sign,
    paper,
    registered,
    registrar,
    row_of,
    what_is_allowed,
)  # fmt: skip
from tests.kernel.sample_stage import REVIEWERS, Sample
from workflow.acts.model import interventions
from workflow.attempt import Actor
from workflow.db import writing
from workflow.organisations.model import seats


def put_in_office(sample: Sample, whom: Actor, by: Actor) -> None:
    with writing(sample.engine) as connection:
        connection.execute(seats.update().where(seats.c.id == whom.seat_id).values(granted_by=by.person_id))


def test_who_seated_the_signer_neither_registers_nor_confirms(sample: Sample, case_id: int) -> None:
    clerk, second, signer = registrar(sample), sample.actor(HEAD, 1), sample.actor(HEAD)
    put_in_office(sample, signer, clerk)
    said = refused(sample.engine, case_id, "register_paper", clerk, **paper(sample, case_id))
    assert "签署人须是" in said
    put_in_office(sample, signer, second)
    number = registered(sample, case_id)
    said = refused(sample.engine, case_id, "confirm_paper", second, paper=number, said="confirm")
    assert f"{signer.name}的席位由您授予，您不能确认" in said
    act(sample.engine, case_id, "confirm_paper", sample.actor(REVIEWERS[0]), paper=number, said="confirm")


def test_whom_the_opinion_giver_seated_does_not_sign(sample: Sample, case_id: int) -> None:
    """The signer's own exclusions hold on paper as in the system."""
    number, signer = registered(sample, case_id), sample.actor(HEAD)
    put_in_office(sample, signer, sample.actor(REVIEWERS[0]))
    said = refused(sample.engine, case_id, "confirm_paper", sample.actor(HEAD, 1), paper=number, said="confirm")
    assert "您办理所用的席位由" in said


def test_registrar_and_second_person_did_not_put_each_other_in_office(sample: Sample, case_id: int) -> None:
    clerk, second = registrar(sample), sample.actor(REVIEWERS[0])
    number = registered(sample, case_id)
    put_in_office(sample, clerk, second)
    said = refused(sample.engine, case_id, "confirm_paper", second, paper=number, said="confirm")
    assert f"{clerk.name}的席位由您授予" in said
    put_in_office(sample, clerk, sample.actor(Role.LEAD_CLERK))
    put_in_office(sample, second, clerk)
    said = refused(sample.engine, case_id, "confirm_paper", second, paper=number, said="confirm")
    assert "您的席位由登记人授予" in said


def test_on_whose_behalf_it_was_registered_does_not_confirm_it(sample: Sample, case_id: int) -> None:
    """A colleague registers from the seat of another, who would then be both."""
    owner, delegate = sample.actor(REVIEWERS[0]), registrar(sample)
    give(sample.engine, owner, delegate)
    act(sample.engine, case_id, "register_paper", for_(owner, delegate), **paper(sample, case_id))
    row = row_of(sample.engine, case_id)
    assert (row.registered_by, row.registered_for) == (delegate.person_id, owner.person_id)
    for who in (owner, delegate):
        said = refused(sample.engine, case_id, "confirm_paper", who, paper=row.id, said="confirm")
        assert "登记人不能确认" in said
    act(sample.engine, case_id, "confirm_paper", sample.actor(HEAD, 1), paper=row.id, said="confirm")


def test_who_administered_the_case_or_stepped_back_has_no_part_in_its_papers(sample: Sample, case_id: int) -> None:
    clerk, second = registrar(sample), sample.actor(REVIEWERS[0])
    number = registered(sample, case_id)
    done = {
        "case_id": case_id, "kind": "reseat", "reason": "样例", "body": "ruling", "proposed_at": moment("03-01"),
        "state": "proposed", "note": "",
    }  # fmt: skip
    with writing(sample.engine) as connection:
        for one in (clerk, second):
            connection.execute(interventions.insert().values(**done, proposed_by=one.person_id))
    said = refused(sample.engine, case_id, "confirm_paper", second, paper=number, said="confirm")
    assert "您办理过本件的管理干预" in said
    act(sample.engine, case_id, "confirm_paper", sample.actor(HEAD, 1), paper=number, said="reject", reason="重登")
    said = refused(sample.engine, case_id, "register_paper", clerk, **paper(sample, case_id))
    assert "您办理过本件的管理干预" in said
    other = sample.actor(HEAD, 1)
    act(sample.engine, case_id, "recuse", other, person=other.person_id, reason="近亲属")
    assert "您已在本件中回避" in refused(sample.engine, case_id, "confirm_paper", other, paper=number, said="confirm")
