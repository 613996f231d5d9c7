"""The words of the worksheets on public-health money, chronic packages and health-management units."""

from __future__ import annotations

TERMS: dict[str, tuple[str, str]] = {
    # public-health money
    "residents": ("常住人口", ""), "per_head": ("人均标准", "amount per head"), "year_total": ("经费总额", "the year's total"),
    "prepaid_ratio": ("预拨比例", "prepaid share"), "year_prepaid": ("全年预拨", "prepaid in the year"),
    "quarter": ("季度", "number of the quarter"), "prepaid before": ("前几季度预拨", "prepaid in earlier quarters"),
    "prepaid_before": ("前几季度预拨", "prepaid in earlier quarters"),
    "quarter_prepayment": ("本季度预拨", "the quarter's prepayment"),
    "township_residents": ("本乡镇常住人口", "the township's residents"), "village_money": ("村级经费总额", ""),
    "village_part": ("所占比例", "its part"), "process_part": ("过程评价额度", "process part"),
    "target_part": ("目标评价额度", "target part"), "result_part": ("结果评价额度", "result part"),
    "process_paid": ("过程评价实付", "process part paid"), "target_paid": ("目标评价实付", "target part paid"),
    "result_paid": ("结果评价实付", "result part paid"), "process_deducted": ("过程考核扣减", "deducted from process"),
    "target_unmet": ("目标未达标", "targets not met"), "result_pool": ("可分配结果评价资金", "result money"),
    "part_money": ("这部分额度", "the part"), "heads": ("人数", "people"), "all_heads": ("各单元人数合计", "people of all units"),
    "unit_quota": ("本单元额度", "the unit's quota"), "Σ quarter score × quarter weight": ("各季度得分 × 季度权重之和", ""),
    "first_quarter": ("第一季度得分", "first quarter"), "second_quarter": ("第二季度得分", "second quarter"),
    "third_quarter": ("第三季度得分", "third quarter"), "fourth_quarter": ("第四季度得分", "fourth quarter"),
    "Σ quota of each indicator met": ("达标各项指标的额度合计", ""), "indicator_count": ("指标项数", "indicators"),
    "indicators_met": ("达标项数", "indicators met"), "Σ units": ("各单元合计", "sum of the units"),
    "medical_spending": ("年度医疗总支出", "medical spending of the year"), "unit_count": ("单元数", "units"),
    "place by spending per head before rounding": ("按人均医疗总支出（四舍五入前）从低到高的名次", ""), "rank": ("名次", ""),
    "first band whose edge the rank reaches": ("名次所在的档，档边界为单元数 × 比例向上取整", ""),
    "band_money": ("本档资金", "the band's money"), "band_heads": ("本档人数合计", "people of the band"),
    # chronic package
    "as enacted": ("据规定", ""), "packaged": ("包干额", "the package"), "own_heads": ("本医共体人数", "its people"),
    "signed": ("签约人数", "people signed"), "signed_supplement": ("签约补助标准", "supplement per person"),
    "drg_spending": ("从DRG预算列支", "spent from the DRG budget"),
    "package_spending": ("从包干基金列支", "spent from the package"), "fund_spending": ("基金支出", "fund spending"),
    "tier_part": ("本级所占份额", "the tier's part"), "tier_money": ("本级金额", "the tier's amount"),
    "all_weights": ("本级权重合计", "weights of the tier"),
    # health-management units
    "prior_spending": ("上年基金支出", "fund spending the year before"), "prior_heads": ("上年人数", "people the year before"),
    "mean of the units' growth per head": ("各单元人均支出增幅的平均", ""),
    "growth per head below 0": ("人均支出增幅低于 0", ""),
    "growth per head below 0, or below the county's mean": ("人均支出增幅低于 0，或低于全县单元平均增幅", ""),
    "unit_growth": ("人均支出增幅", "growth per head"), "mean_growth": ("全县单元平均增幅", "the county's mean growth"),
    "team_money": ("单元所得", "what reaches the unit"), "team_part": ("团队内所占份额", "part inside the team"),
    "units_surplus": ("各单元结余合计", "surplus of the units"), "shared_surplus": ("参与分配的结余", "surplus that is shared"),
}  # fmt: skip
UNITS: dict[str, tuple[str, str]] = {"rank": ("名", "place"), "groups": ("组", "groups")}
# Inputs that count something, and what.
COUNTED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("residents", "township_residents", "heads", "all_heads", "band_heads", "own_heads", "prior_heads",
                     "signed"), ("人", "people")),
    "quarter": ("", ""), "rank": ("", ""), "unit_count": ("个", ""), "indicator_count": ("项", ""),
    "indicators_met": ("项", ""),
}  # fmt: skip
PERCENTS = {"prepaid_ratio", "village_part", "unit_growth", "mean_growth"}
# Inputs that are a number of parts of the rule's, such as the 4 of 4:4:2.
PARTS = {"tier_part", "team_part"}
