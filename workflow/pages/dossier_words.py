"""The words of a dossier: what its entries are called, and what its coded values mean, in Chinese and in English."""

from __future__ import annotations

from workflow.pages import formula_words
from workflow.pages.words import pick

TERMS: dict[str, tuple[str, str]] = {
    # every stage
    "consortium": ("医共体", "consortium"), "lead": ("牵头单位", "lead"), "members": ("成员单位", "members"),
    "member": ("成员单位", "member"), "pool": ("险种", "pool"), "pools": ("险种", "pools"), "period": ("月份", "month"),
    "year": ("年度", "year"), "on": ("日期", "day"), "by": ("由谁", "by"), "reason": ("原因", "reason"),
    "remark": ("说明", "remark"), "summary": ("摘要", "summary"), "number": ("编号", "number"), "name": ("名称", "name"),
    "name_en": ("英文名称", "English name"), "code": ("代码", "code"), "key": ("代码", "key"), "value": ("内容", "value"),
    "amount": ("金额", "amount"), "document": ("文件", "document"), "files": ("文件", "files"), "kind": ("类别", "kind"),
    "how": ("方式", "how"), "start": ("起", "from"), "end": ("止", "to"), "since": ("自", "since"), "note": ("说明", "note"),
    "worksheet": ("计算单", "worksheet"), "facts": ("取数", "facts"), "files_sha256": ("文件校验", "file hash"),
    "sha256": ("校验", "hash"), "category": ("类别", "category"), "returned_for": ("退回要求", "asked to mend"),
    # self-assessment and ruling
    "grades": ("自评", "grades"), "grade": ("等级", "grade"), "explanation": ("说明", "explanation"),
    "evidence": ("佐证", "evidence"), "purpose": ("用途", "purpose"), "standard": ("标准", "standard"),
    "total_payment": ("实行总额付费", "total payment"), "applied_on": ("申请日期", "applied on"),
    "self_assessment": ("自评件", "self-assessment"), "corrections": ("补正", "corrections"), "items": ("条目", "items"),
    "reply": ("答复", "reply"), "answered_on": ("答复日期", "answered on"), "conference": ("会商", "conference"),
    "present": ("参加", "present"), "site_visits": ("现场核查", "site visits"), "findings": ("核查情况", "findings"),
    "people": ("人员", "people"), "objections": ("异议", "objections"), "ruling": ("评定", "ruling"),
    "bureaus": ("评定部门", "bureaus"), "substantive": ("实质运行", "substantive operation"), "verdict": ("结论", "verdict"),
    "outcome": ("结果", "outcome"), "issued": ("印发日期", "issued"), "effective": ("生效日期", "effective"),
    "title": ("标题", "title"), "title_en": ("英文标题", "English title"), "cite": ("出处", "source"),
    "clause": ("条款", "clause"),
    "says": ("内容", "says"), "place": ("适用地区", "place"), "rule": ("规则", "rule"), "status": ("状态", "status"),
    "unit": ("单位", "unit"), "known_since": ("获知日期", "known since"), "pinned_on": ("固定日期", "pinned on"),
    "decision": ("判定条件", "decision"), "all_of": ("须全部达到", "all of"), "max_c": ("C 级上限", "C at most"),
    "min_a": ("A 级下限", "A at least"), "min_a_per_dimension": ("每个维度 A 级下限", "A in each dimension at least"),
    "dimensions": ("维度", "dimensions"), "criteria": ("条目", "criteria"), "label": ("名称", "label"),
    "label_en": ("英文名称", "English label"), "text": ("正文", "text"), "text_en": ("英文正文", "English text"),
    "levels": ("等级", "levels"), "met": ("达到", "met"), "not_met": ("未达到", "not met"),
    # takeover and agreement
    "agreement": ("协议", "agreement"), "answers": ("协议约定", "agreed answers"), "overrun": ("超支分担", "overrun"),
    "fund": ("基金分担", "fund's share"), "upto": ("至", "up to"), "settlement": ("月度结算", "settlement"),
    "deposit_ratio": ("质量保证金比例", "deposit ratio"), "prepayment": ("预付金", "prepayment"),
    "opening": ("期初余额", "opening balances"), "resident": ("城乡居民", "residents"), "employee": ("职工", "employees"),
    "budget_used": ("已用预算", "budget used"), "deposit": ("质量保证金", "deposit"), "recognition": ("认定", "recognition"),
    "date": ("日期", "date"), "authorisations": ("成员授权", "authorisations"), "declined": ("不授权", "declined"),
    "overrun_circumstances": ("超支分担情形", "overrun circumstances"), "own_agreement": ("另签协议的成员", "own agreements"),
    "renews": ("续签自", "renews"), "takeover": ("接入", "takeover"), "terms": ("条款", "terms"), "budget": ("预算", "budget"),
    "assessment": ("考核", "assessment"), "liability": ("违约责任", "liability"), "scope": ("服务范围", "scope"),
    "surplus": ("结余", "surplus"), "case": ("件号", "case"), "clearing": ("年度清算", "clearing"),
    "supplements": ("补充协议", "supplements"), "joining": ("加入", "joining"), "leaving": ("退出", "leaving"),
    "file_standard": ("文件所载支付标准", "standard of the file"),
    "categories": ("各支付类别", "categories"),
    "standard_counts": ("以哪个支付标准为准", "which standard counts"),
    "additions": ("特例单议、申诉", "special cases and appeals"),
    "difference": ("与原结算的差额", "difference from what was settled"),
    "supplement": ("补充协议", "supplement"),
    # budget
    "consultation": ("协商", "consultation"), "participants": ("参加", "participants"), "basis": ("口径", "basis"),
    "approved": ("批准金额", "approved"), "carve_outs": ("单列", "carve-outs"), "consortia": ("各医共体", "consortia"),
    "factors": ("因素", "factors"), "function": ("功能定位", "function"), "insured": ("参保人数", "insured"),
    "prior_payments": ("上年支付额", "prior payments"), "risk": ("疾病风险", "risk"),
    "service_volume": ("服务量", "service volume"), "catastrophic_premium": ("大病保险", "catastrophic premium"),
    "pool_budget": ("统筹基金预算", "the pool's budget"), "risk_fund_increment": ("增量基金风险金", "risk fund increment"),
    "opinions": ("意见", "opinions"), "adjustments": ("调整", "adjustments"),
    # monthly settlement
    "claims": ("结算明细", "claims"), "columns": ("各成员费用", "members' columns"), "aid": ("医疗救助", "aid"),
    "cases": ("例数", "cases"), "catastrophic": ("大病保险", "catastrophic"), "other": ("其他", "other"),
    "patient": ("个人负担", "patient"), "declarations": ("申报", "declarations"), "proposed_by": ("提出人", "proposed by"),
    "differences": ("差异", "differences"), "deductions": ("审核拒付", "deductions"),
    "decision_number": ("决定书文号", "decision number"), "left_open": ("未申报留待", "left open"),
    "tallies": ("汇总", "tallies"), "away": ("县域外", "away"), "excluded": ("不计入", "excluded"),
    "inflow": ("外来", "inflow"), "own": ("本地", "own"), "offset": ("冲抵预付金", "offset"), "kept": ("份数", "kept"),
    "disputes": ("争议", "disputes"), "dispute": ("争议", "dispute"), "carried": ("结转", "carried"),
    "unregistered": ("名册外机构", "unregistered"), "owner": ("来源", "owner"), "rows": ("行数", "rows"),
    "upload": ("自行上传", "upload"), "differing_standards": ("标准不一致", "differing standards"),
    "offset_asked": ("申请冲抵", "offset asked"), "returned": ("退回", "returned"),
    # assessment
    "daily": ("日常检查", "daily checks"), "scores": ("得分", "scores"), "score": ("得分", "score"),
    "entries": ("指标", "entries"), "scheme": ("考核办法", "scheme"), "review": ("复核", "review"),
    "reviewed": ("复核", "reviewed"), "objection": ("异议", "objection"), "indicators": ("指标", "indicators"),
    "cost_growth": ("费用增长", "cost growth"), "in_county_fund_share": ("县域内基金支付占比", "fund share in county"),
    "primary_fund_share": ("基层基金支付占比", "fund share of primary care"), "quality": ("质量", "quality"),
    "primary_visit_share": ("基层就诊占比", "visit share of primary care"), "workload": ("工作量", "workload"),
    "reimbursement_ratio": ("实际报销比例", "reimbursement ratio"), "chronic_control": ("慢病管理", "chronic control"),
    "primary_care": ("基层服务", "primary care"), "chronic_package": ("慢病包干", "chronic package"),
    "drg_budget": ("DRG 预算", "DRG budget"),
    # clearing and surplus plan
    "earlier_deposits": ("以前质量保证金", "earlier deposits"), "penalties": ("违约金", "penalties"),
    "last_day": ("最后一天", "last day"),
    "before": ("上次清算", "the clearing before"), "source": ("来源", "source"),
    "carried_months": ("结转的月份", "carried months"), "parts": ("分配部分", "parts"), "reasons": ("原因", "reasons"),
    "carry": ("结转", "carry"), "consortium_risk_fund": ("医共体风险基金", "consortium risk fund"),
    "entered": ("核定事项", "entered"), "fund_in_deficit": ("基金当期赤字", "fund in deficit"),
    "overrun_causes": ("超支原因", "overrun causes"), "force_majeure": ("不可抗力", "force majeure"),
    "policy": ("政策性原因", "policy"), "risk_fund": ("当年风险金", "risk fund"), "months": ("月份", "months"),
    "assessment_case": ("内部考核件", "assessment"), "clearing_case": ("年度清算件", "clearing"),
    "settled_with_clearing": ("随清算结清", "settled with the clearing"), "weights": ("各成员得分", "weights"),
    # prepayment
    "application": ("申请", "application"), "uses": ("用途", "uses"), "statement": ("申请理由", "statement"),
    "undertaking": ("承诺", "undertaking"), "check": ("条件核查", "check"), "base": ("月均支出", "monthly mean"),
    "limit": ("最多可预付", "limit"), "agreed": ("协议约定", "agreed"), "reserve_months": ("可支付月数", "months covered"),
    "deficit_last_year": ("上年赤字", "deficit last year"), "deficit_forecast": ("预计赤字", "deficit forecast"),
    "late_reason": ("逾期原因", "why late"), "conditions": ("条件", "conditions"), "found": ("核查情况", "found"),
    "found_en": ("英文核查情况", "found in English"), "asked": ("规定", "asked"), "within_base": ("基数", "base"),
    "reserve": ("基金结余", "reserve"), "no_deficit": ("没有赤字", "no deficit"),
    "prior_repaid": ("以前年度收回", "earlier years repaid"), "not_excluded": ("没有因违规收回", "not excluded"),
    "applied_in_time": ("申请时间", "applied in time"),
    "fen": ("金额", "amount"), "standing": ("医疗机构条件", "standing"), "drugs": ("药品", "drugs"),
    "consumables": ("医用耗材", "consumables"), "agreement_performed": ("协议履行良好", "agreement performed"),
    "accounts_sound": ("财务制度健全", "sound accounts"), "no_serious_violation": ("没有重大违规", "no serious violation"),
    # rule changes, and what follows from those that work backwards
    "rule_change": ("规则发布", "rule change"), "impact": ("影响", "impact"), "version": ("版本", "version"),
    "tallied": ("汇总明细时使用", "read by tallies"), "read": ("用到", "read it"), "changed": ("结果不同", "differ"),
    "refused": ("不能计算", "refused"), "unknown": ("不能重算", "cannot be recomputed"), "sums": ("合计", "sums"),
    "digest": ("规则校验", "rules hash"), "first": ("自", "from"), "last": ("至", "to"),
    "supplementary": ("须补充办理", "to be made up"), "overrides": ("另行规定", "overrides"),
    "backwards": ("溯及以前", "works backwards"), "scan": ("扫描件", "scan"), "issuer": ("发文机关", "issuer"),
    "issued_on": ("发文日期", "issued on"), "serial": ("序号", "serial"), "absent": ("未申报", "absent"),
    "subject_sha256": ("原件校验", "hash of what was decided"), "evidence_name": ("依据", "evidence"),
    "worksheet_sha256": ("结算表校验", "worksheet hash"), "decided": ("已定", "decided"), "right": ("更正后", "right"),
    "would": ("新规则下", "would be"), "lines": ("各行", "lines"), "sheets": ("张数", "sheets"), "sheet": ("工作表", "sheet"),
}  # fmt: skip
VALUES: dict[str, tuple[str, str]] = {
    "drg": ("DRG住院", "DRG inpatient"), "dip": ("DIP住院", "DIP inpatient"),
    "bed_day": ("床日", "bed-day"), "capitation": ("门诊包干", "capitation"), "item": ("按项目", "by item"),
    "family_doctor": ("家庭医生签约", "family doctor"), "agency": ("医保经办机构", "agency"),
    "file": ("以文件所载为准", "as the file says"), "computed": ("以规则计算为准", "as the rules compute"),
    "factor_share": ("按因素分配", "by factors"),
    "reconciled": ("对账", "reconciled"), "uploaded": ("自行上传", "uploaded"), "nil": ("零申报", "nil"),
    "absent": ("未申报登记", "absent"), "own": ("本地参保人", "own"), "inflow": ("外来参保人", "inflow"),
    "recognised": ("予以认定", "recognised"), "not_recognised": ("不予认定", "not recognised"), "agree": ("同意", "agree"),
    "disagree": ("不同意", "disagree"), "return": ("退回", "return"), "abstain": ("弃权", "abstain"),
    "resident": ("城乡居民", "residents"), "employee": ("职工", "employees"), "met": ("达到", "met"),
    "not_met": ("未达到", "not met"), "surplus": ("结余", "surplus"), "overrun": ("超支", "overrun"),
    "fund": ("成效考核", "fund"), "contribution": ("内部考核", "contribution"), "apply": ("申请", "apply"),
    "recheck": ("复查", "re-check"), "acceptance": ("受理", "acceptance"), "member": ("成员单位", "member"),
    "expenditure": ("按支出", "expenditure"), "lead": ("牵头单位", "lead"),
    "consortium_risk_fund": ("医共体风险基金", "consortium risk fund"), "drugs": ("药品", "drugs"),
    "consumables": ("医用耗材", "consumables"), "agreement_performed": ("协议履行良好", "agreement performed"),
    "accounts_sound": ("财务制度健全", "sound accounts"), "no_serious_violation": ("没有重大违规", "no serious violation"),
}  # fmt: skip


def term(part: str) -> str:
    """What one entry of a dossier is called; as it is written where it has no word."""
    stem = part.removesuffix("_fen")
    if stem not in TERMS:
        return formula_words.term(stem)
    return str(pick(*TERMS[stem]))


def known(part: str) -> bool:
    """Whether an entry has a word."""
    stem = part.removesuffix("_fen")
    return stem in TERMS or stem in formula_words.TERMS


def value(text: str) -> str:
    """What a coded value means; any other text is itself."""
    zh, en = VALUES.get(text, (text, text))
    return str(pick(zh, en))
