"""The forms of the register; their field names are the commands' keywords, which check what is typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from governance.roles import KIND_NAMES, ROLE_NAMES, Role
from workflow.forms import DayField, StepForm
from workflow.i18n import lazy as _
from workflow.pages import words

_TEXT = Length(max=200)
_REQUIRED = [InputRequired(_("请填写")), _TEXT]
_OPTIONAL = [Optional(), _TEXT]


def _options(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    return [SelectChoice(value=value, label=label) for value, label in pairs]


class _Choice(SelectField):
    """A choice whose answer the command checks, so that what is out of scope is not found rather than invalid."""

    def __init__(self, label: Any, **options: Any) -> None:
        super().__init__(label, [InputRequired(_("请选择"))], choices=[], validate_choice=False, **options)


class _Register(StepForm):
    """A form that offers places, organisations and consortium members of an office."""

    def offer(self, **choices: list[tuple[str, Any]]) -> _Register:
        """Fill the choices of the fields named; returns the form."""
        for name, offered in choices.items():
            if name in self:
                self[name].choices = _options(offered)
        return self

    def command_data(self) -> dict[str, Any]:
        """The command's keywords: nothing typed is an empty text, a password stays as it was typed, blanks and all."""
        data = {name: "" if value is None else value for name, value in super().command_data().items()}
        if "new_password" in data:
            del data["new_password"]
            data["password"] = self["new_password"].data
        return data


def kinds() -> list[tuple[str, Any]]:
    """Every kind of organisation to choose from."""
    return [(kind, words.pick(*names)) for kind, names in KIND_NAMES.items()]


def roles() -> list[tuple[str, Any]]:
    """Every post to choose from."""
    return [(role, words.pick(*names)) for role, names in ROLE_NAMES.items() if role != Role.SYSTEM]


class OrganisationForm(_Register):
    """A new organisation."""

    code = StringField(_("代码"), _REQUIRED, description=_("小写字母、数字、连字符，登记后不再改"))
    name = StringField(_("名称"), _REQUIRED)
    name_en = StringField(_("英文名称"), _OPTIONAL)
    kind = _Choice(_("机构类别"))
    place = _Choice(_("地区"))


class _Newcomer(_Register):
    """Who someone is; its fields come first wherever it is used."""

    name = StringField(_("姓名"), _REQUIRED)
    login = StringField(_("登录名"), _REQUIRED, render_kw={"autocomplete": "off"})
    new_password = PasswordField(
        _("初始密码"),
        [InputRequired(_("请填写"))],
        description=_("至少 12 个字；或至少 8 个字，且含大写字母、小写字母、数字、其他符号中的三种"),
        render_kw={"autocomplete": "new-password"},
    )


class GrantForm(_Register):
    """A seat for a person."""

    organisation = _Choice(_("机构"))
    role = _Choice(_("岗位"))
    since = DayField(_("起始日"), _REQUIRED)
    until = DayField(_("最后一天"), _OPTIONAL, description=_("不填为长期"))


class PersonForm(GrantForm, _Newcomer):
    """A new person with a first seat."""


class PasswordForm(_Register):
    """Another password for a person."""

    new_password = PasswordField(_("新密码"), [InputRequired(_("请填写"))], render_kw={"autocomplete": "new-password"})


class EndForm(_Register):
    """The end of a seat."""

    organisation = StringField(_("机构"), _REQUIRED)
    role = StringField(_("岗位"), _REQUIRED)
    until = DayField(_("最后一天"), _OPTIONAL)


class ConsortiumForm(_Register):
    """A new consortium."""

    code = StringField(_("代码"), _REQUIRED, description=_("小写字母、数字、连字符，登记后不再改"))
    name = StringField(_("名称"), _REQUIRED)
    name_en = StringField(_("英文名称"), _OPTIONAL)
    place = _Choice(_("地区"))
    lead = _Choice(_("牵头单位"))
    since = DayField(_("成立日"), _REQUIRED)


class MemberForm(_Register):
    """A new member of a consortium."""

    organisation = _Choice(_("机构"))
    level = SelectField(_("级别"), choices=_options(words.LEVELS.items()), validate_choice=False)
    since = DayField(_("起始日"), _REQUIRED)
    until = DayField(_("最后一天"), _OPTIONAL, description=_("不填为长期"))


class LeaveForm(_Register):
    """The last day of a member."""

    organisation = StringField(_("机构"), _REQUIRED)
    until = DayField(_("最后一天"), _REQUIRED)


class InsuredForm(_Register):
    """How many people a pool insures."""

    pool = SelectField(
        _("基金"), choices=_options(pair for pair in words.POOLS.items() if pair[0]), validate_choice=False
    )
    period = StringField(_("期间"), _REQUIRED, description=_("年度写 2026，月份写 2026-03"))
    heads = StringField(_("参保人数"), _REQUIRED)
    source = StringField(_("出处"), _REQUIRED, description=_("文件名称与日期"))
