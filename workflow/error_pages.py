"""What people see when something cannot be done or breaks: one page in plain words, never a stack trace."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from flask import current_app, jsonify, make_response, render_template, request
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from workflow.i18n import lazy as _

Words = tuple[str | LazyString, str | LazyString, str | LazyString]

WORDS: dict[int, Words] = {
    400: (_("请求不完整"), _("提交的内容不完整，或者格式不对。"), _("请返回上一页，检查后重新提交。")),
    401: (_("需要登录"), _("这个地址需要先登录。"), _("请登录后再试。")),
    403: (_("没有权限"), _("当前身份不能办理这件事。"), _("确需办理的，请联系系统管理员调整席位。")),
    404: (_("没有找到"), _("页面不存在，或者不在您的查看范围内。"), _("请检查地址，或者从待办进入。")),
    405: (_("不能这样打开"), _("这个地址只接受页面上的按钮提交。"), _("请从待办进入，在页面上办理。")),
    409: (_("内容已经变化"), _("您打开页面之后，其他人已经办理过这一件。"), _("请重新打开，核对后再办理。")),
    413: (_("文件太大"), _("一次提交的内容不能超过 20 MB。"), _("请拆分或压缩后重新上传。")),
    429: (_("操作太频繁"), _("短时间内的请求太多。"), _("请稍后再试。")),
    500: (_("系统出错"), _("出错情况已经记录，本次提交没有保存。"), _("请稍后再试；仍不行的，把记录号告诉系统管理员。")),
    503: (_("暂时不能使用"), _("系统正在维护或者太忙。"), _("请稍后再试。")),
}
EXPIRED: Words = (_("页面已经过期"), _("为防止冒用，页面上的校验码已失效，本次提交没有保存。"), _("请返回上一页，刷新后重新提交。"))
# Only our own code raises these two with words of its own; the library's words for the others are English.
_OWN_WORDS = (403, 409)


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What the page says: the code, what happened, what the reader can do, and the number to quote."""

    code: int
    title: str
    what: str
    mend: str
    record: str = ""


def wants_data() -> bool:
    """Whether the request came to the interface for programs, which gets JSON instead of pages."""
    return request.path.startswith("/api/")


def error_page(error: HTTPException) -> Response:
    """The answer to ``error``: a page in the reader's language, or JSON under ``/api/``."""
    page = _describe(error)
    if page.record:
        current_app.logger.error("record %s: %s %s", page.record, request.method, request.path)
    response = _answer(page)
    response.status_code = page.code
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _describe(error: HTTPException) -> ErrorPage:
    code = error.code or 500
    words = EXPIRED if isinstance(error, CSRFError) else WORDS.get(code, WORDS[500 if code >= 500 else 400])
    title, what, mend = (str(word) for word in words)
    if code in _OWN_WORDS and error.description and error.description != type(error).description:
        what = error.description
    return ErrorPage(code, title, what, mend, secrets.token_hex(4) if code >= 500 else "")


def _answer(page: ErrorPage) -> Response:
    if wants_data():
        return jsonify(error={"code": page.code, "title": page.title, "what": page.what, "mend": page.mend})
    try:
        return make_response(render_template("pages/error.html", page=page))
    except Exception:
        # The page itself asks the database who is reading; when that is what broke, plain words must do.
        current_app.logger.exception("the error page could not be drawn")
        title, what, mend = escape(page.title), escape(page.what), escape(page.mend)
        return make_response(
            f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1>"
            f"<p>{what}</p><p>{mend}</p><p>{page.record}</p>"
        )
