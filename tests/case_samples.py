"""Sample view models of one case: a month's settlement with a step of every kind."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace as Model
from typing import Any

import wtforms
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from tests.page_samples import MISSING, NOW, timeline

SHANGHAI = timezone(timedelta(hours=8))


class GradeForm(wtforms.Form):
    """One standard's grade and why."""

    standard = wtforms.StringField("标准")
    grade = wtforms.RadioField("等级", choices=[SelectChoice(grade, grade) for grade in "ABC"])
    reason = wtforms.StringField("与自评不同的理由")


class RulingForm(wtforms.Form):
    """A bureau's grades and opinion."""

    grades = wtforms.FieldList(wtforms.FormField(GradeForm), label="逐项评定", min_entries=3)
    opinion = wtforms.TextAreaField("意见正文", description="将原样进入《联合评定表》。")


class ApproveForm(wtforms.Form):
    """Every kind of field a step may ask for."""

    verdict = wtforms.RadioField(
        "审批意见",
        choices=[SelectChoice("yes", "同意"), SelectChoice("no", "退回")],
        validators=[InputRequired("请选择审批意见")],
    )
    opinion = wtforms.TextAreaField("意见", description="说明核减的依据。", validators=[InputRequired("请填写意见")])
    account = wtforms.SelectField("收款账户", choices=[SelectChoice("1", "北河县人民医院 基本户")])
    amount = wtforms.StringField("金额（元）")
    voucher = wtforms.FileField("凭证", description="PDF、图片，单个不超过 20 MB。")
    confirmed = wtforms.BooleanField("已核对收款账户")
    seen = wtforms.HiddenField(default="7")


class ReasonForm(wtforms.Form):
    """Why a case goes back."""

    opinion = wtforms.TextAreaField("退回理由")


SAMPLE = Model(
    title="质量保证金比例",
    value="0.05",
    unit="",
    since=date(2026, 1, 1),
    status="sample",
    status_label="样例",
    document="云州市医保服务协议（示例）",
    clause="第十二条",
    says="按月预留一部分作为质量保证金，年度考核后返还。",
)
OFFICIAL = Model(
    title="付费标准",
    value={"住院": "5930.00", "门诊": ["96.50", "6.80"]},
    unit="元",
    since=date(2026, 1, 1),
    status="official",
    status_label="公布",
    document="湘医保发〔2024〕31号",
    clause="二（五）",
    says="按规定的支付方式计算。",
)


def line(key: str, label: str, amount_fen: int | None, formula: str, *inputs: tuple[str, str], **more: Any) -> Model:
    """One line of a sheet; without an amount it is a score."""
    given = {"value": None if amount_fen is not None else "92.5", "unit": "分", "provision": None, "total": False}
    known = {"key": key, "label": label, "amount_fen": amount_fen, "formula": formula, "inputs": list(inputs)}
    return Model(**{**given, **known, **more})


def sheet() -> Model:
    """A month's sheet: an official rule, a sample one, and lines of plain arithmetic."""
    deposit = "（应付合计 − 违规扣款）× 5%\n= (34,225,463.87 − 48,216.90) × 5%"
    parts = [("应付合计", "34,225,463.87"), ("违规扣款", "48,216.90"), ("预留比例", "5%")]
    drg = [("权重", "4862.35"), ("费率", "5930.00")]
    lines = [
        line(
            "inpatient", "住院费用（DRG 付费）", 2883373550, "权重 4,862.35 × 费率 5,930.00", *drg, provision=OFFICIAL
        ),
        line("payable", "应付合计", 3422546387, "各类应付之和"),
        line("deposit", "质量保证金", -170886235, deposit, *parts, provision=SAMPLE),
        line("score", "考核得分", None, "各项得分之和", ("得分", "92.5"), provision=SAMPLE),
        line("due", "本月应拨付", 2246838462, "各行代数和", total=True),
    ]
    day = date(2026, 10, 31)
    groups = [
        Model(name="北河县人民医院", lines=lines[:1], head=lines[0]),
        Model(name="", lines=lines[1:], head=None),
    ]
    return Model(title="结算单", place_name="云州市", on=day, book_digest="9f2c51ab77d0e4", checked=True, groups=groups)


def offer(trigger: str, label: str, form: Any = None, **more: Any) -> Model:
    """One step of a case, open unless said otherwise."""
    given = {
        "open": True,
        "refusals": [],
        "url": f"/cases/9/{trigger}",
        "primary": False,
        "dangerous": False,
        "key": f"key-{trigger}",
        "seen": 7,
    }
    return Model(**{**given, "trigger": trigger, "label": label, "form": form, **more})


def at(day: int, hour: int, minute: int) -> datetime:
    """A moment of November 2026 in Shanghai."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def seat(organisation: str, role_label: str, **more: Any) -> Model:
    """One seat of a round, still to speak unless said otherwise."""
    given = {"status_label": "待评", "verdict_label": "", "opinion": "", "person": "", "at": None, "acting_note": ""}
    return Model(**{**given, "organisation": organisation, "role_label": role_label, **more})


def joint_round() -> Model:
    """Three bureaus, one of which has signed."""
    signed = {"status_label": "已签署", "verdict_label": "同意", "opinion": "总额付费条件具备。", "person": "李建华"}
    seats = [
        seat("市医疗保障局", "牵头", at=at(18, 15, 20), acting_note="授权代签", tone="good", **signed),
        seat("市财政局", "评定"),
        seat("市卫生健康委员会", "评定"),
    ]
    return Model(label="第 1 轮 联合评定", state_label="进行中", opened=at(16, 9, 0), hash="a1b2c3d4e5f6", seats=seats)


def entry(seq: int, moment: datetime, verb: str, to_label: str, **more: Any) -> Model:
    """One record of the trail, left by the system unless said otherwise."""
    given = {"who": "", "organisation": "", "from_label": "", "note": "", "hash": f"{seq}badcafe99", "by_system": True}
    return Model(**{**given, "seq": seq, "at": moment, "verb": verb, "to_label": to_label, **more})


def offers(form: Any, wide: bool) -> list[Model]:
    """A step with a form, a dangerous one, one without a form, a closed one, and when ``wide`` one with a table."""
    listed = [
        offer("approve", "审批通过，送支付", form or ApproveForm(), primary=True),
        offer("send_back", "退回牵头医院", ReasonForm(), dangerous=True),
        offer("note", "阅知"),
        offer("pay", "登记拨付", open=False, refusals=MISSING),
    ]
    return [*listed, offer("grade", "提交评定", RulingForm(), primary=True)] if wide else listed


def case(form: Any = None, wide: bool = False) -> Model:
    """A settlement under review with one step of each kind; ``form`` replaces the approval form."""
    person = {"who": "赵敏", "organisation": "北河县人民医院", "by_system": False}
    trail = [
        entry(2, at(16, 9, 1), "计算", "已计算", from_label="已申报"),
        entry(1, at(12, 16, 40), "提交汇总", "已申报", note="12 家成员均已申报", **person),
    ]
    name = "2026年10月费用明细汇总表（盖章）.pdf"
    file = Model(name=name, url="/files/1", size="1.2 MB", sha256="d6fdc75f204e", by="赵敏", at=at(12, 16, 38))
    return Model(
        title="北河县人民医院医共体 2026年10月结算",
        stage_label="月度结算",
        state_label="复核中",
        consortium=Model(name="北河县人民医院医共体", url="/consortia/1"),
        period="2026年10月",
        pool_label="居民医保",
        timeline=timeline(4),
        now=NOW,
        facts=[("单号", "JS-2026-10-0003"), ("参保人数", "214,600 人")],
        sections=[Model(title="成员申报", template="section.html", rows=["城关镇中心卫生院"])],
        worksheets=[sheet()],
        rounds=[joint_round()],
        offers=offers(form, wide),
        trail=trail,
        attachments=[file],
        documents=[Model(name="结算单", url="/documents/1", number="样例")],
    )
