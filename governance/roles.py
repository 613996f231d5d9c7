"""Who takes part: kinds of organisation, roles people hold in them, and duties that exclude each other."""

from __future__ import annotations

from enum import StrEnum


class OrganisationKind(StrEnum):
    """What an organisation is; the place it stands in says for whom it acts."""

    HOSPITAL = "hospital"
    TOWNSHIP = "township"
    VILLAGE = "village"
    COUNTY_HEALTH = "county_health"
    COUNTY_INSURANCE = "county_insurance"
    COUNTY_FINANCE = "county_finance"
    CITY_INSURANCE = "city_insurance"
    CITY_HEALTH = "city_health"
    CITY_FINANCE = "city_finance"
    AGENCY = "agency"
    COMMITTEE = "committee"
    CENTRE = "centre"
    AUDIT = "audit"
    PLATFORM = "platform"


class Role(StrEnum):
    """The post a seat gives. A bureau's roles are ``<kind>_reviewer`` 经办 and ``<kind>_approver`` 负责人.

    Between the two, where its place asks it, stand ``<kind>_section`` 科室负责人 and ``<kind>_division`` 分管负责人.
    """

    LEAD_CLERK = "lead_clerk"
    LEAD_FINANCE = "lead_finance"
    LEAD_SECTION = "lead_section"
    LEAD_DIVISION = "lead_division"
    LEAD_HEAD = "lead_head"
    MEMBER_CLERK = "member_clerk"
    MEMBER_HEAD = "member_head"
    COUNTY_HEALTH_REVIEWER = "county_health_reviewer"
    COUNTY_HEALTH_SECTION = "county_health_section"
    COUNTY_HEALTH_DIVISION = "county_health_division"
    COUNTY_HEALTH_APPROVER = "county_health_approver"
    COUNTY_INSURANCE_REVIEWER = "county_insurance_reviewer"
    COUNTY_INSURANCE_SECTION = "county_insurance_section"
    COUNTY_INSURANCE_DIVISION = "county_insurance_division"
    COUNTY_INSURANCE_APPROVER = "county_insurance_approver"
    COUNTY_FINANCE_REVIEWER = "county_finance_reviewer"
    COUNTY_FINANCE_SECTION = "county_finance_section"
    COUNTY_FINANCE_DIVISION = "county_finance_division"
    COUNTY_FINANCE_APPROVER = "county_finance_approver"
    CITY_INSURANCE_REVIEWER = "city_insurance_reviewer"
    CITY_INSURANCE_SECTION = "city_insurance_section"
    CITY_INSURANCE_DIVISION = "city_insurance_division"
    CITY_INSURANCE_APPROVER = "city_insurance_approver"
    CITY_HEALTH_REVIEWER = "city_health_reviewer"
    CITY_HEALTH_SECTION = "city_health_section"
    CITY_HEALTH_DIVISION = "city_health_division"
    CITY_HEALTH_APPROVER = "city_health_approver"
    CITY_FINANCE_REVIEWER = "city_finance_reviewer"
    CITY_FINANCE_SECTION = "city_finance_section"
    CITY_FINANCE_DIVISION = "city_finance_division"
    CITY_FINANCE_APPROVER = "city_finance_approver"
    AGENCY_CLERK = "agency_clerk"
    AGENCY_REVIEWER = "agency_reviewer"
    AGENCY_SECTION = "agency_section"
    AGENCY_DIVISION = "agency_division"
    AGENCY_HEAD = "agency_head"
    COMMITTEE_CHAIR = "committee_chair"
    COMMITTEE_MEMBER = "committee_member"
    COMMITTEE_SECRETARY = "committee_secretary"
    CENTRE_CLERK = "centre_clerk"
    CENTRE_SECTION = "centre_section"
    CENTRE_DIVISION = "centre_division"
    CENTRE_HEAD = "centre_head"
    AUDITOR = "auditor"
    RULES_OFFICER = "rules_officer"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Duty(StrEnum):
    """Duties one person may not combine within a case (不相容岗位)."""

    PREPARE = "prepare"
    REVIEW = "review"
    APPROVE = "approve"
    PAY = "pay"


# What may lie between who prepares an opinion and who decides for an organisation, lowest first.
BETWEEN = ("section", "division")
BETWEEN_NAMES = {"section": ("科室负责人", "head of section"), "division": ("分管负责人", "deputy head in charge")}


def levels_of(*sides: str) -> tuple[Role, ...]:
    """The posts between reviewer and head in these kinds of organisation, lowest first: ``agency``, ``city_health``."""
    return tuple(Role(f"{side}_{level}") for side in sides for level in BETWEEN)


KIND_NAMES: dict[str, tuple[str, str]] = {
    "hospital": ("县级医院", "County hospital"),
    "township": ("乡镇卫生院", "Township hospital"),
    "village": ("村卫生室", "Village clinic"),
    "county_health": ("县卫生健康局", "County health bureau"),
    "county_insurance": ("县医保局", "County insurance bureau"),
    "county_finance": ("县财政局", "County finance bureau"),
    "city_insurance": ("市医保局", "City insurance bureau"),
    "city_health": ("市卫健委", "City health commission"),
    "city_finance": ("市财政局", "City finance bureau"),
    "agency": ("医保经办机构", "Insurance agency"),
    "committee": ("医共体管委会", "Management committee"),
    "centre": ("经营管理中心", "Management centre"),
    "audit": ("审计监管", "Audit"),
    "platform": ("平台管理", "Platform"),
}

ROLE_NAMES: dict[str, tuple[str, str]] = {
    "lead_clerk": ("牵头医院经办", "Lead hospital clerk"),
    "lead_finance": ("牵头医院财务", "Lead hospital finance"),
    "lead_head": ("牵头医院负责人", "Head of the lead hospital"),
    "member_clerk": ("成员单位经办", "Member clerk"),
    "member_head": ("成员单位负责人", "Head of the member"),
    **{
        f"{kind}_{post}": (f"{KIND_NAMES[kind][0]}{zh}", f"{KIND_NAMES[kind][1]} {en}")
        for kind in (
            "county_health", "county_insurance", "county_finance",
            "city_insurance", "city_health", "city_finance",
        )
        for post, zh, en in (("reviewer", "经办", "reviewer"), ("approver", "负责人", "approver"))
    },
    **{
        f"{side}_{post}": (f"{zh}{BETWEEN_NAMES[post][0]}", f"{en} {BETWEEN_NAMES[post][1]}")
        for side, zh, en in (
            ("lead", "牵头医院", "Lead hospital"),
            *((kind, *KIND_NAMES[kind]) for kind in KIND_NAMES if f"{kind}_section" in set(Role)),
        )
        for post in BETWEEN
    },
    "agency_clerk": ("医保经办机构经办", "Agency clerk"),
    "agency_reviewer": ("医保经办机构复核", "Agency reviewer"),
    "agency_head": ("医保经办机构负责人", "Head of the agency"),
    "committee_chair": ("管委会主任", "Chair of the committee"),
    "committee_member": ("管委会委员", "Committee member"),
    "committee_secretary": ("管委会秘书", "Committee secretary"),
    "centre_clerk": ("管理中心经办", "Centre clerk"),
    "centre_head": ("管理中心负责人", "Head of the centre"),
    "auditor": ("审计监管", "Auditor"),
    "rules_officer": ("规则管理", "Rules officer"),
    "administrator": ("系统管理", "Administrator"),
    "system": ("系统", "System"),
}

DUTY_NAMES: dict[str, tuple[str, str]] = {
    "prepare": ("经办", "prepare"),
    "review": ("复核", "review"),
    "approve": ("审批", "approve"),
    "pay": ("支付", "pay"),
}
