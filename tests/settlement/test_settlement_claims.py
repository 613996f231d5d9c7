"""Claims files as they come: not what they claim, imported before, replaced, reversed twice, or somebody else's."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from governance.refusal import Refused
from governance.roles import Role
from tests.claims.files import case, csv_of, reversal
from tests.settlement.months import Month
from workflow import files
from workflow.db import reading
from workflow.model import claim_files, records

HERE = {"provider": "tcm", "insured_consortium": "sample-a", "period": "2025-03"}
HERE |= {"admitted_on": "2025-03-02", "discharged_on": "2025-03-09"}
APRIL = HERE | {"period": "2025-04"}


def refused(month: Month, content: bytes, on: str = "2025-04-02", name: str = "detail.csv") -> list[str]:
    with pytest.raises(Refused) as found:
        month.import_bytes(content, on, name)
    return [str(one.reason) for one in found.value.refusals]


def counting(month: Month) -> list[bool]:
    with reading(month.engine) as connection:
        query = select(claim_files.c.superseded).where(claim_files.c.case_id == month.case_id)
        return list(connection.scalars(query.order_by(claim_files.c.id)))


@pytest.mark.parametrize(("content", "name"), [(b"PK\x03\x04 not a workbook", "detail.xlsx"), (b"a\x00b", "d.csv")])
def test_a_file_that_is_not_what_it_claims(month: Month, content: bytes, name: str) -> None:
    with pytest.raises(Refused):
        files.keep(content, name)


def test_a_pdf_is_evidence_but_no_claims(month: Month) -> None:
    assert "只接受 .csv 和 .xlsx" in refused(month, b"%PDF-1.4", name="detail.pdf")[0]


def test_no_file_no_import(month: Month) -> None:
    with pytest.raises(Refused):
        month.take("import_claims", Role.AGENCY_CLERK, file=None)


def test_every_wrong_row_is_named_up_to_fifty(month: Month) -> None:
    rows = [case(f"C{number}", **HERE, pool="employee") for number in range(60)]
    said = refused(month, csv_of(*rows))
    assert len(said) == 51
    assert said[0].startswith("第 2 行“pool”employee：险种与本次导入不符")
    assert said[-1] == "另有 10 处错误未列出"
    assert counting(month) == []


def test_a_claim_comes_once_over_all_months(month: Month) -> None:
    month.import_bytes(csv_of(case("C1", **HERE)))
    month.open("2025-04", "2025-05-01")
    assert "以前已导入" in refused(month, csv_of(case("C1", **APRIL)), "2025-05-02")[0]


def test_a_claim_is_reversed_once_over_all_months(month: Month) -> None:
    month.import_bytes(csv_of(case("C1", **HERE), reversal("R1", "C1", **HERE)))
    month.open("2025-04", "2025-05-01")
    assert "已经冲正" in refused(month, csv_of(reversal("R2", "C1", **APRIL)), "2025-05-02")[0]
    assert "不能冲正一条冲正" in refused(month, csv_of(reversal("R3", "R1", **APRIL)), "2025-05-02")[0]
    assert "不存在" in refused(month, csv_of(reversal("R4", "C9", **APRIL)), "2025-05-02")[0]


def test_a_later_month_reverses_an_earlier_claim(month: Month) -> None:
    month.import_bytes(csv_of(case("C1", **HERE)))
    month.open("2025-04", "2025-05-01")
    month.import_bytes(csv_of(case("C2", **APRIL), reversal("R1", "C1", **APRIL)), "2025-05-02")


def test_a_later_month_reverses_what_was_entered_and_nothing_else(month: Month) -> None:
    month.import_bytes(csv_of(case("C1", **HERE)))
    month.open("2025-04", "2025-05-01")
    for changes, said in (({"provider": "lead"}, "原为tcm"), ({"standard_fen": "-1"}, "应为 -8,000.00 元")):
        found = refused(month, csv_of(reversal("R1", "C1", **APRIL | changes)), "2025-05-02")
        assert len(found) == 1 and said in found[0] and "以前导入的原结算" in found[0]


def test_an_unknown_consortium_is_refused_and_an_unknown_provider_is_listed(month: Month) -> None:
    typed = csv_of(case("C1", **HERE | {"insured_consortium": "sample-x"}))
    assert "“insured_consortium”sample-x：名册里没有这个医共体" in refused(month, typed)[0]
    month.import_bytes(csv_of(case("C1", **HERE | {"provider": "tmc"}), case("C2", **HERE)))
    assert month.content()[0]["claims"][0]["unregistered"] == ["tmc"]
    with reading(month.engine) as connection:
        query = select(records.c.body).where(records.c.case_id == month.case_id, records.c.verb == "import_claims")
        assert '"unregistered_providers":["tmc"]' in connection.scalars(query).all()[-1]


def test_an_import_replaces_the_one_before_and_members_are_asked_again(month: Month) -> None:
    month.import_bytes(csv_of(case("C1", **HERE), reversal("R1", "C1", **HERE)))
    month.take("declare_nil", Role.MEMBER_CLERK, "town-1")
    month.take("reconcile", Role.MEMBER_CLERK, "tcm")
    month.import_bytes(csv_of(case("C1", **HERE), reversal("R2", "C1", **HERE), case("C3", **HERE)))
    assert counting(month) == [True, False]
    assert list(month.content()[0]["declarations"]) == ["town-1"]
    month.import_bytes(csv_of(case("C1", **HERE), reversal("R1", "C1", **HERE)))
    assert counting(month) == [False, True]


def test_the_same_detail_again_asks_nobody(month: Month) -> None:
    month.import_bytes(csv_of(case("C1", **HERE)))
    month.take("reconcile", Role.MEMBER_CLERK, "tcm")
    month.import_bytes(csv_of(case("C1", **HERE)))
    assert list(month.content()[0]["declarations"]) == ["tcm"]


def test_a_months_detail_may_come_in_several_files(month: Month) -> None:
    month.import_bytes(csv_of(case("C1", **HERE)))
    with pytest.raises(Refused):
        month.import_bytes(csv_of(case("C1", **HERE), case("C2", **HERE)), add=True)
    month.import_bytes(csv_of(case("C2", **HERE)), add=True)
    assert counting(month) == [False, False]


def test_a_member_uploads_its_own_claims_only(month: Month) -> None:
    def upload(code: str, *rows: dict[str, str]) -> None:
        month.take("upload", Role.MEMBER_CLERK, code, file=files.keep(csv_of(*rows), "own.csv"))

    with pytest.raises(Refused, match="不是本单位的结算"):
        upload("tcm", case("C1", **HERE), case("C2", **HERE | {"provider": "lead"}))
    upload("tcm", case("C1", **HERE))
    upload("tcm", case("C1", **HERE), case("C4", **HERE))
    upload("town-1", case("C2", **HERE | {"provider": "town-1"}), case("C3", **HERE | {"provider": "village-1"}))
    with pytest.raises(Refused, match="以前已导入"):
        upload("town-2", case("C2", **HERE | {"provider": "town-2"}))
    for code in ("lead", "town-2"):
        month.take("declare_nil", Role.MEMBER_CLERK, code)
    month.jobs("2025-04-08")
    assert {code: one["gross_fen"] for code, one in month.results()["members"].items()} == {
        "lead": 0, "tcm": 1_200_000, "town-1": 600_000, "town-2": 0, "village-1": 600_000,
    }  # fmt: skip


def test_where_the_platform_gives_the_detail_members_reconcile(month: Month) -> None:
    month.import_sample()
    with pytest.raises(Refused, match="医保平台明细"):
        month.take("upload", Role.MEMBER_CLERK, "tcm", file=files.keep(csv_of(case("C1", **HERE)), "own.csv"))
