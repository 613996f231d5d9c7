"""The words of the worksheets that compare, account and monitor: ways of payment, unit accounts, indicators."""

from __future__ import annotations

TERMS: dict[str, tuple[str, str]] = {
    # ways of payment
    "spending": ("基金总支出", "total spending"), "in_county": ("县域内支出", "spending in the county"),
    "prior_in_county": ("上年县域内支出", "spending in the county the year before"),
    "prior_away": ("上年县域外支出", "spending outside the county the year before"), "prepaid": ("预付（预算）", ""),
    "excess": ("超出部分", ""), "deducted": ("扣减", ""), "not deducted": ("不扣减", ""), "left": ("基金剩余", ""),
    "not retained": ("不留用", ""), "paid_in_county": ("县域内实际支付", "paid in the county"),
    # unit accounts
    "Σ income": ("各项收入合计", "sum of the income"), "Σ costs": ("各项成本合计", "sum of the costs"),
    "Σ sold": ("按内部价格提供的服务合计", "sum of what was sold, at internal prices"),
    "Σ bought": ("按内部价格接受的服务合计", "sum of what was bought, at internal prices"),
    "Σ units": ("各单元合计", "sum of the units"), "medical_services": ("医疗服务收入", ""),
    "insurance_settlement": ("医保结算收入", ""), "signing_fees": ("签约服务费收入", ""),
    "public_health_subsidy": ("公共卫生补助", ""), "other_income": ("其他收入", ""), "staff_pay": ("人员薪酬", ""),
    "drugs_and_supplies": ("药品耗材", ""), "depreciation": ("折旧", ""), "utilities": ("水电运维", ""),
    "other_costs": ("其他成本", ""), "referral": ("转诊服务", "referrals"), "remote_consultation": ("远程会诊", ""),
    "shared_centre": ("共享中心服务", ""), "lent_hours": ("支援医生工时", "hours lent"), "income": ("收入", ""),
    "costs": ("成本", ""), "operating_income": ("经营收入", ""), "operating_costs": ("经营成本", ""),
    "internal_income": ("内部交易收入", ""), "internal_costs": ("内部交易成本", ""), "all_costs": ("经营成本与内部成本", ""),
    "operating_balance": ("经营收支差", ""), "public_benefit_income": ("公益收入", ""),
    "public_benefit_costs": ("公益成本", ""), "public_benefit_balance": ("公益收支差", ""),
    "public_benefit_score": ("公益性得分", ""), "operating_score": ("经营性得分", ""),
    "public_benefit_weight": ("公益性权重", ""), "operating_weight": ("经营性权重", ""),
    "each half reaches the pass mark of its scheme": ("公益性、经营性均达到各自合格线", ""),
    "failures_in_a_row": ("连续不达标次数", ""), "failures_to_rectify": ("须整改的连续次数", ""),
    "reward_ratio": ("奖励比例", ""), "reward": ("奖励总额", "rewards"),
    "rewards apportioned by score": ("奖励总额按得分分摊", ""),
    # indicators
    "counted": ("计数", ""), "counted_per": ("对应的分母", "what it is counted by"), "now": ("本期", ""),
    "before": ("上期", ""), "as stated": ("据核定文件", ""), "arranged and carried out": ("有明确制度安排并已组织实施", ""),
    "Π": ("各年龄组连乘", "product over the age groups of "), "rate": ("年龄组死亡率", "death rate of the group"),
    "deaths": ("死亡人数", ""), "population": ("人口数", ""), "target": ("目标值", ""),
    "change in the direction wanted": ("按指标导向判断增减", ""), "indicators reported": ("已报指标项数", ""),
    "period_end": ("期末", ""), "interval": ("间隔", ""), "period_end + interval": ("期末起顺延间隔月数", ""),
    "doctors_sent_six_months": ("派驻满6个月的医师数", ""), "resident_population": ("常住人口数", ""),
    "remote_diagnoses": ("远程诊断人次", ""), "village_clinics_with_ecg": ("配备心电设备的村卫生室", ""),
    "village_clinics": ("村卫生室总数", ""), "primary_pay_per_head": ("基层人均收入", ""),
    "lead_pay_per_head": ("牵头医院人均收入", ""), "primary_visits": ("基层诊疗人次", ""),
    "in_county_visits": ("县域内总诊疗人次", ""), "in_county_fund": ("县域内基金支出", ""), "fund": ("基金总支出（不含药店）", ""),
    "primary_fund": ("基层基金支出", ""), "in_county_inpatient_cost": ("县域内住院总费用", ""),
    "in_county_inpatients": ("县域内住院人数", ""), "in_county_admissions": ("县域内住院人次", ""),
    "admissions": ("住院总人次", ""), "tcm_visits": ("中医类诊疗人次", ""), "chronic_patients_admitted": ("住院的慢病管理人数", ""),
    "chronic_patients_managed": ("慢病健康管理人数", ""), "insured_visits_in_county": ("参保人县域内就诊人次", ""),
    "insured_visits": ("参保人就诊总人次", ""),
}  # fmt: skip
WHOLE: dict[str, tuple[str, str]] = {
    "as stated": ("直接填报", "as stated, with its source"), "raised": ("以筹资总额为预算", "the budget is all that was raised"),
    "prior_in_county": ("按上年县域内支出预付", "prepaid at the spending of the year before"),
    "excess": ("等于超出部分", "the excess"),
}  # fmt: skip
UNITS: dict[str, tuple[str, str]] = {
    "per_10000": ("每万人", "per 10,000"), "multiple": ("倍", "times"), "items": ("项", "items"), "date": ("", ""),
}  # fmt: skip
# Inputs that are counts of people or times, never amounts of money, and how many of what.
COUNTED: dict[str, tuple[str, str]] = {
    "deaths": ("人", "people"), "population": ("人", "people"), "failures_to_rectify": ("次", ""),
    "failures_in_a_row": ("次", ""), "interval": ("个月", "months"),
}  # fmt: skip
ANSWERS: dict[str, tuple[str, str, str, str]] = {"rectification": ("须整改", "不须整改", "must rectify", "need not rectify")}
CHOICES: dict[str, tuple[str, str]] = {
    "better": ("向好", "better"), "worse": ("变差", "worse"), "same": ("持平", "unchanged"),
    "reached": ("已达到", "reached"), "not_yet": ("尚未达到，未到期", "not yet due"), "missed": ("到期未达到", "missed"),
    "double_control": ("双控", "dual control"), "drg_dip": ("DRG/DIP", "DRG/DIP"),
    "global_budget": ("总额预算", "global budget"), "prior_in_county": ("按上年县域支出预付", "prepaid at last year's spending"),
    "raised": ("筹资总额为预算", "budget of all that was raised"), "carried_over": ("节省滚存", "saving carried over"),
    "retained": ("结余留用", "saving retained"), "paid": ("超出部分不扣", "excess not deducted"),
    "referral": ("转诊服务", "referral"), "remote_consultation": ("远程会诊", ""), "shared_centre": ("共享中心服务", ""),
    "lent_hours": ("支援医生工时", "hours lent"),
}  # fmt: skip
