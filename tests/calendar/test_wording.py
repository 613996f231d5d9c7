"""A notice pasted in its own words gives the same year as the days it speaks of."""

import chinese_calendar
import pytest

from governance.refusal import Refused
from workflow.calendar.notice import read_notice

NOTICE = """国务院办公厅关于2026年部分节假日安排的通知
经国务院批准，现将2026年元旦、春节等放假调休日期的具体安排通知如下。
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
"""
SOURCE = "国办发明电〔2025〕7号"


def test_the_published_words_give_the_published_year() -> None:
    notice = read_notice(NOTICE, 2026, SOURCE)
    assert all(worked == chinese_calendar.is_workday(day) for day, worked in notice.kinds.items())
    assert {one.name for one in notice.named} == {"元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"}
    assert (notice.days_off, notice.days_worked) == (33, 6)


def test_a_new_year_that_begins_the_year_before_is_read() -> None:
    changed = NOTICE.replace("1月1日（周四）至3日（周六）放假调休，共3天", "2025年12月31日（周三）至2026年1月2日（周五）放假，共3天")
    named = read_notice(changed, 2026, SOURCE).named
    assert [one.day.isoformat() for one in named][:3] == ["2026-01-01", "2026-01-02", "2026-01-04"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("共9天", "共8天", "第 4 行：写的是共 8 天，所列日期是 9 天"),
        ("4月4日（周六）", "4月4日（周日）", "第 5 行：2026-04-04 不是周日，请核对年份和日期"),
        ("6月19日（周五）", "6月31日（周五）", "第 7 行：没有“6月31日（周五）至21日（周日）”这样的日期"),
        ("5月9日（周六）上班", "5月8日（周五）上班", "本来就是工作日"),
    ],
)
def test_what_does_not_add_up_is_refused_with_its_line(before: str, after: str, said: str) -> None:
    assert before in NOTICE
    with pytest.raises(Refused) as caught:
        read_notice(NOTICE.replace(before, after), 2026, SOURCE)
    assert said in " ".join(str(one.reason) for one in caught.value.refusals)


def test_words_of_another_year_do_not_pass_for_this_one() -> None:
    with pytest.raises(Refused):
        read_notice(NOTICE, 2027, SOURCE)
