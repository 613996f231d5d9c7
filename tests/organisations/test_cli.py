"""An empty house is filled from the command line, and what is wrong is refused in Chinese with status 3."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Engine, select

from workflow.accounts import passwords
from workflow.db import reading, writing
from workflow.model import settings
from workflow.organisations.model import admin_records, insured_counts, persons
from workflow.rules import DEMO_MARK

PLACE = "demo-hunan-beihe"
STORY = (
    ("organisation", "add", "desk", "样例平台", "--kind", "platform", "--place", "cn-hunan", "--name-en", "Desk"),
    ("organisation", "add", "lead", "样例县人民医院", "--kind", "hospital", "--place", PLACE),
    ("organisation", "add", "town", "样例镇卫生院", "--kind", "township", "--place", PLACE),
    ("person", "add", "wang", "王样例"),
    ("seat", "grant", "wang", "desk", "administrator", "--since", "2026-01-01", "--until", "2030-12-31"),
    ("person", "password", "wang"),
    ("seat", "end", "wang", "desk", "administrator"),
    ("consortium", "add", "sample-a", "样例医共体", "--place", PLACE, "--lead", "lead", "--since", "2024-01-01"),
    ("consortium", "member", "sample-a", "town", "township", "--since", "2024-01-01"),
    ("consortium", "leave", "sample-a", "town", "--until", "2030-12-31"),
    ("insured", "set", "sample-a", "resident", "2026", "300000", "--source", "样例"),
    ("person", "disable", "wang"),
)


def test_an_empty_house_is_filled(app: Flask, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(settings.insert().values(name=DEMO_MARK, value="1"))
    run = app.test_cli_runner()
    for words in STORY:
        done = run.invoke(args=words, input="Sample-2026\n")
        assert done.exit_code == 0, (words, done.output, done.exception)
        assert "已" in done.output
    with reading(engine) as connection:
        assert connection.scalar(select(insured_counts.c.heads)) == 300000
        stored = connection.scalar(select(persons.c.password_hash))
        acts = connection.execute(select(admin_records)).all()
    assert passwords.matches(stored, "Sample-2026")
    assert len(acts) == len(STORY) + 1 and "Sample-2026" not in str(acts)


def test_what_is_wrong_is_refused(app: Flask, engine: Engine) -> None:
    run = app.test_cli_runner()
    for words, said in (
        (("organisation", "add", "a", "样例", "--kind", "hospital", "--place", "nowhere"), "没有代码为“nowhere”的地区"),
        (("person", "add", "wang", "王样例"), "密码太弱"),
        (("seat", "grant", "wang", "a", "auditor", "--since", "2026-01-01"), "没有登录名为“wang”的人"),
        (("consortium", "add", "c", "样例", "--place", "cn-hunan", "--lead", "a"), "医共体建在县级地区"),
        (("consortium", "add", "c", "样例", "--place", PLACE, "--lead", "a"), "只有样例规则"),
        (("insured", "set", "c", "resident", "2026", "1", "--source", "样例"), "没有代码为“c”的医共体"),
    ):
        refused = run.invoke(args=words, input="weak\n")
        assert refused.exit_code == 3 and said in refused.output, (words, refused.output)
    with reading(engine) as connection:
        assert connection.execute(select(admin_records)).all() == []
