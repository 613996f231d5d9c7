"""How strong a password must be: long, or eight characters of three kinds (等保二级 身份鉴别: 复杂度要求)."""

from __future__ import annotations

from workflow.attempt import refuse
from workflow.i18n import lazy as _

LONG, SHORTEST, LONGEST = 12, 8, 256
KINDS, DISTINCT = 3, 5


def require_strength(password: str, login: str) -> None:
    """Raises ``Refused`` for a password that is too short, too plain, too long, or holds the login."""
    if len(password) > LONGEST:
        raise refuse(_("密码不超过 %(most)s 个字", most=LONGEST), field="new_password")
    if len(password) < LONG and (len(password) < SHORTEST or _kinds(password) < KINDS):
        raise refuse(
            _("密码太弱：至少 12 个字；或至少 8 个字，且含大写字母、小写字母、数字、其他符号中的三种"),
            field="new_password",
        )
    if len(set(password)) < DISTINCT:
        raise refuse(_("密码太弱：至少要有 %(least)s 个不同的字", least=DISTINCT), field="new_password")
    if login in password.casefold():
        raise refuse(_("密码里不能含登录名"), field="new_password")


def _kinds(password: str) -> int:
    return len({_kind(character) for character in password})


def _kind(character: str) -> str:
    if character.isdecimal():
        return "digit"
    return "upper" if character.isupper() else "lower" if character.islower() else "other"
