"""Every page renders from plain view models, keeps to the content policy, and stays inside the screen."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import wtforms
from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader
from wtforms.fields.choices import SelectChoice

from tests import case_samples
from tests import page_samples as samples

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "workflow" / "static"
VOID = {"meta", "link", "input", "br", "use", "circle", "rect", "path"}
FORBIDDEN_CSS = [
    "color-mix",
    "oklch",
    "light-dark",
    ":has",
    "@layer",
    "@container",
    "inset:",
    "aspect-ratio",
    "@import",
    "http",
]
FORBIDDEN_SCRIPT = ["?.", "??", "eval(", "innerHTML"]


def environment() -> Environment:
    """A bare Jinja environment with the filters and functions the application supplies."""
    section = DictLoader({"section.html": "<p>{{ section.title }}：{{ section.rows|join('、') }}</p>"})
    env = Environment(
        loader=ChoiceLoader([FileSystemLoader(ROOT / "templates"), section]),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    env.filters["yuan"] = lambda fen: f"{Decimal(fen) / 100:,.2f}"
    env.filters["wan"] = lambda fen: f"{Decimal(fen) / 1000000:,.2f}"
    env.filters["day"] = lambda day: f"{date.isoformat(day)} 周{'一二三四五六日'[day.weekday()]}"
    env.filters["moment"] = lambda at: f"{at:%Y-%m-%d %H:%M}"
    env.globals["csrf_token"] = lambda: "token"
    env.globals["url_for"] = lambda endpoint, filename: (STATIC / filename).as_uri()
    env.globals["get_flashed_messages"] = lambda with_categories: [("message", "已提交")]
    return env


ENV = environment()


def render(template: str, /, **more: Any) -> str:
    """The page as HTML, given the shell and what else the page needs."""
    return ENV.get_template(f"pages/{template}.html").render(samples.shell(**more))


def wrong_form(form: Any) -> Any:
    """The form after validation, with its errors."""
    form.validate()
    return form


PAGES: dict[str, dict[str, Any]] = {
    "home": {"page": samples.home()},
    "inbox": {"page": samples.inbox()},
    "consortia": {"page": samples.consortia()},
    "consortium": {"page": samples.consortium()},
    "case": {"page": case_samples.case()},
    "login": {"form": samples.LoginForm(), "viewer": None},
    "demo": {"page": samples.demo(), "viewer": None},
    "error": {"page": samples.fault()},
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, given) for name, given in PAGES.items()},
    "home-big": ("home", {"page": samples.home(), "big": True}),
    "case-big": ("case", {"page": case_samples.case(), "big": True}),
    "case-wide": ("case", {"page": case_samples.case(wide=True)}),
    "case-wide-wrong": ("case", {"page": case_samples.case(wrong_form(case_samples.RulingForm()))}),
    "case-wrong": ("case", {"page": case_samples.case(wrong_form(case_samples.ApproveForm()))}),
    "login-wrong": ("login", {"form": wrong_form(samples.LoginForm()), "viewer": None}),
}


class Outline(HTMLParser):
    """Collects tags, ids and references, and checks that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def values(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


@pytest.mark.parametrize("name", VARIANTS)
def test_page_is_well_formed_and_every_reference_leads_somewhere(name: str) -> None:
    page, given = VARIANTS[name]
    outline = Outline(render(page, **given))
    ids = outline.values("id")
    assert outline.open == []
    assert sorted(ids) == sorted(set(ids))
    named = (
        outline.values("for")
        + outline.values("form")
        + " ".join(outline.values("aria-labelledby") + outline.values("aria-describedby")).split()
    )
    named += [href[1:] for href in outline.values("href") if href.startswith("#")]
    assert set(named) <= set(ids)
    assert sum(tag == "h1" for tag, _ in outline.tags) == 1


@pytest.mark.parametrize("name", VARIANTS)
def test_page_keeps_to_the_content_policy(name: str) -> None:
    page, given = VARIANTS[name]
    outline = Outline(render(page, **given))
    for tag, attrs in outline.tags:
        assert "style" not in attrs and not any(key.startswith("on") for key in attrs), (tag, attrs)
        assert tag != "style" and (tag != "script" or attrs.get("src")), (tag, attrs)
        assert not (tag == "button" and "disabled" in attrs), "a step that is closed says why instead"
    posts = sum(tag == "form" and attrs.get("method") == "post" for tag, attrs in outline.tags)
    assert posts == outline.values("name").count("csrf_token")


def test_amount_opens_onto_formula_inputs_and_clause() -> None:
    text = render("case", **PAGES["case"])
    assert '<span class="num neg">-1,708,862.35</span>' in text
    for words in ("预留比例", "第十二条", "样例", "按月预留一部分作为质量保证金", "算术行，不另引条款", "规则版本"):
        assert words in text
    assert "公布" not in text, "an official rule needs no mark"


def test_closed_step_says_why_who_and_where() -> None:
    text = render("case", **PAGES["case"])
    assert "现在还不能办" in text and "（由规则管理处理）" in text and 'href="/declarations/8"' in text
    assert "Shitang has not declared" in render("case", page=case_samples.case(), locale="en")


def test_step_carries_its_key_and_the_version_seen() -> None:
    text = render("case", **PAGES["case"])
    assert '<input type="hidden" name="_key" value="key-approve">' in text
    assert text.count('<input type="hidden" name="_seen" value="7">') == 3
    assert 'form="step-note-form"' in text, "a step without a form is sent from the bar"


def test_wrong_form_lists_every_error_and_links_to_its_field() -> None:
    text = render("case", **VARIANTS["case-wrong"][1])
    assert 'role="alert"' in text and "有 3 处需要改正" in text
    assert 'href="#step-approve-verdict-0"' in text and 'href="#step-approve-opinion"' in text
    assert 'aria-invalid="true"' in text


def test_error_in_a_row_of_a_table_links_to_that_row() -> None:
    text = render("case", page=case_samples.case(wrong_form(case_samples.RulingForm())))
    assert "有 3 处需要改正" in text
    assert 'href="#step-approve-grades-2-grade-0"' in text and 'id="step-approve-grades-2-grade-0"' in text


def test_several_of_a_list_are_ticked_without_holding_a_key() -> None:
    class Copies(wtforms.Form):
        to = wtforms.SelectMultipleField("阅知谁", choices=[SelectChoice("1", "市医保局"), SelectChoice("2", "<市财政局>")])

    drawn = "{% from '_forms.html' import form_fields with context %}{{ form_fields(form, 'act') }}"
    html = environment().from_string(drawn).render(form=Copies(to=["2"]))
    assert "<select" not in html
    assert re.findall(r'<input type="checkbox" id="([^"]+)" name="to" value="(.)"( checked)?>', html) == [
        ("act-to-0", "1", ""), ("act-to-1", "2", " checked"),
    ]  # fmt: skip
    assert "<span>&lt;市财政局&gt;</span>" in html


def test_deadline_is_told_in_words_not_only_in_colour() -> None:
    text = render("home", **PAGES["home"])
    for words in ("已超 1 个工作日", "剩 4 个工作日", "无期限", "暂定"):
        assert words in text


def test_reader_input_is_escaped() -> None:
    page = case_samples.case()
    page.trail[0].note = "<script>alert(1)</script>"
    assert "<script>alert" not in render("case", page=page)


def test_finished_case_and_empty_lists_say_so() -> None:
    page = samples.consortium()
    page.now, page.cases = None, []
    text = render("consortium", page=page)
    assert "已办结" in text and "还没有办过的事项" in text
    nothing = samples.home()
    nothing.tasks, nothing.running = [], []
    assert "没有待办。" in render("home", page=nothing)


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.css")), ids=lambda path: path.name)
def test_style_sheet_uses_nothing_an_old_chromium_lacks(path: Path) -> None:
    text = path.read_text("utf-8")
    assert [word for word in FORBIDDEN_CSS if word in text] == []
    assert text.count("{") == text.count("}")


def test_script_uses_nothing_an_old_chromium_lacks() -> None:
    text = (STATIC / "app.js").read_text("utf-8")
    assert [word for word in FORBIDDEN_SCRIPT if word in text] == []


def test_first_page_is_light() -> None:
    assert (
        sum(path.stat().st_size for path in STATIC.glob("*.*")) + len(render("home", **PAGES["home"]).encode())
        < 150_000
    )


def test_every_word_people_read_goes_through_gettext() -> None:
    bare = re.compile(r"[\u4e00-\u9fff]+")
    for path in [ROOT / "templates" / "base.html", *sorted((ROOT / "templates").glob("_*.html"))]:
        text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert bare.findall(text) in ([], ["中文"]), path.name


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desktop", "phone"])
def test_no_page_scrolls_sideways(page: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for name, (template, given) in VARIANTS.items():
        path = tmp_path / f"{name}.html"
        path.write_text(render(template, **given), "utf-8")
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], name
