"""The form people sign in with."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from workflow.i18n import lazy as _


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Login and password."""

    login = StringField(
        _("登录名"),
        [InputRequired(_("请填写登录名")), Length(max=64, message=_("登录名不超过 64 个字"))],
        id="login-name",
        filters=[lambda text: text.strip() if text else text],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(
        _("密码"),
        [InputRequired(_("请填写密码")), Length(max=256, message=_("密码不超过 256 个字"))],
        render_kw={"autocomplete": "current-password"},
    )

    def validate_login(self, field: Field) -> None:
        """A login is printable text; the database takes nothing else."""
        if not field.data.isprintable():
            raise ValidationError(_("登录名里有不能显示的字符"))
