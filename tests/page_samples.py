"""Sample view models for every page: one county's story, invented names and amounts."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace as Model
from typing import Any

import wtforms
from wtforms.validators import InputRequired

from governance.refusal import Refusal


class LoginForm(wtforms.Form):
    """Name and password."""

    username = wtforms.StringField("用户名", validators=[InputRequired("请填写用户名")])
    password = wtforms.PasswordField("密码", validators=[InputRequired("请填写密码")])


MISSING = [
    Refusal(
        "石塘镇卫生院未完成 2026年10月申报",
        "Shitang has not declared",
        "石塘镇卫生院经办",
        "its clerk",
        link="/declarations/8",
    ),
    Refusal("尚未配置：月度质量保证金比例", who="规则管理"),
]
STAGES = ["自评", "申请与联合评定", "医保协议", "年度预算", "月度结算", "成效考核", "年度清算", "结余分配"]


def shell(**more: Any) -> dict[str, Any]:
    """What every page is given, and more."""
    seat = Model(organisation="云州市医疗保障事务中心", role_name="医保经办机构复核")
    viewer = Model(name="陈静", seats=[seat], organisation="云州市医疗保障事务中心", may_see_jobs=True)
    given = {
        "viewer": viewer,
        "demo": True,
        "today": date(2026, 11, 23),
        "locale": "zh",
        "big": False,
        "inbox_count": 3,
    }
    return {**given, **more}


def task(title: str, step: str, left: int | None, **more: Any) -> Model:
    """One row of work; a negative ``left`` is overdue."""
    given = {
        "url": "/cases/9",
        "case_title": title,
        "step_label": step,
        "consortium": "北河县人民医院医共体",
        "since": date(2026, 11, 6),
        "deadline": None if left is None else date(2026, 11, 27),
        "left_working_days": left,
        "overdue": left is not None and left < 0,
        "provisional": False,
        "blocked": [],
    }
    return Model(**{**given, **more})


TASKS = [
    task("云州区第二人民医院医共体 2025 年度清算", "复核", -1),
    task("北河县人民医院医共体 2026年10月结算", "审批", 4, blocked=["石塘镇卫生院未完成 2026年10月申报"]),
    task("东岭县第一人民医院医共体 申请", "联合评定", 7),
    task("石塘县中医院医共体 2025 年度结余分配方案", "备案", 18, provisional=True),
    task("省医保局关于 2027 年度预算编制的通知", "阅知", None),
]


def home() -> Model:
    """A day with five tasks and two cases in other hands."""
    labels = [
        ("overdue", "已超期", 1),
        ("soon", "5 个工作日内", 1),
        ("due", "期限内", 2),
        ("open", "无期限", 1),
        ("running", "等别人办", 2),
    ]
    tiles = [
        Model(key=key, label=label, count=count, url=f"/?tile={key}", active=key == "soon")
        for key, label, count in labels
    ]
    held = [
        Model(
            url="/cases/3",
            title="清溪县人民医院医共体 申请",
            state_label="补正",
            holder="清溪县卫生健康局 李春",
            deadline=date(2026, 11, 26),
        )
    ]
    return Model(
        greeting="陈静，今天有 5 件待办，最急的已超 1 个工作日",
        tiles=tiles,
        tasks=TASKS,
        running=held * 2,
        empty_text="没有待办。",
    )


def inbox() -> Model:
    """Three boxes, the first open."""
    boxes = [
        Model(key=label, label=label, count=2, url="/inbox", active=label == "阅知")
        for label in ("阅知", "提醒", "已读")
    ]
    return Model(boxes=boxes, tasks=TASKS[2:], empty_text="没有消息。")


def timeline(reached: int, returned: bool = False) -> list[Model]:
    """Stages done up to ``reached``, that one now, the rest to come."""
    states = ["done"] * reached + ["returned" if returned else "now"] + ["todo"] * (len(STAGES) - reached - 1)
    days = [date(2026, 10, 9 + number) if state == "done" else None for number, state in enumerate(states)]
    return [
        Model(key=label, label=label, state=state, on=on, url="/cases/1" if on else "")
        for label, state, on in zip(STAGES, states, days, strict=True)
    ]


def consortia() -> Model:
    """Two consortiums, one of them sent back."""
    rows = [
        Model(
            url=f"/consortia/{number}",
            name=name,
            place_name="云州市",
            lead=name.removesuffix("医共体"),
            state_label=label,
            stages=stages,
        )
        for number, (name, label, stages) in enumerate(
            [
                ("北河县人民医院医共体", "已纳入", timeline(4)),
                ("东岭县第一人民医院医共体", "退回补正", timeline(1, returned=True)),
            ]
        )
    ]
    return Model(rows=rows)


NOW = Model(
    holders=["云州市医疗保障事务中心 陈静（本人）"],
    missing=MISSING,
    since=date(2026, 11, 16),
    elapsed_working_days=5,
    allowed_working_days=30,
    deadline=date(2026, 12, 24),
    left_working_days=23,
    provisional=True,
)


def consortium() -> Model:
    """A consortium in its first year with two settled months."""
    members = [
        Model(name=f"{town}镇中心卫生院", level_label="乡镇", since=date(2025, 1, 1), until=None)
        for town in ("城关", "白石", "双河")
    ]
    case = Model(
        url="/cases/9",
        title="2026年10月结算",
        period="2026年10月",
        pool_label="居民医保",
        state_label="复核",
        since=date(2026, 11, 16),
        deadline=date(2026, 12, 24),
        amount_fen=2246838462,
    )
    groups = [
        Model(stage_label="月度结算", cases=[case, case]),
        Model(
            stage_label="年度预算",
            cases=[Model(**{**vars(case), "amount_fen": None, "deadline": None, "title": "2026 年度预算"})],
        ),
    ]
    return Model(
        name="北河县人民医院医共体",
        lead="北河县人民医院",
        state_label="已纳入",
        place_name="云州市北河县",
        members=members,
        timeline=timeline(4),
        now=NOW,
        cases=groups,
    )


def demo() -> Model:
    """Role cards of two organisations."""
    people = [
        Model(
            name="周敏",
            role_name="市财政局经办",
            sentence="评定清溪县的申请，核对结算与清算。",
            todo_count=3,
            url="/demo/enter/1",
        ),
        Model(name="王志远", role_name="市财政局负责人", sentence="签署本局意见。", todo_count=0, url="/demo/enter/2"),
    ]
    return Model(
        groups=[Model(organisation="云州市财政局", people=people), Model(organisation="北河县人民医院", people=people)]
    )


def fault() -> Model:
    """A refused page that says whom to ask."""
    return Model(
        code=403, title="不能打开这一件", what="这一件不属于您所在的单位。", mend="如需查看，请联系云州市医保局。"
    )
