"""The story and the demo: played on a database of their own, or continued, then served."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import click
from flask import current_app

from workflow import guards
from workflow.db import make_engine, reading, upgrade

DEMO_PORT = 8000
SUMMARY = "story.json"


def _folder() -> Path:
    """Where the databases of story and demo and the summary lie: ``GONGZHI_VAR``, else ``var``."""
    return Path(os.environ.get("GONGZHI_VAR", "var"))


def _fresh(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _engine(name: str, *, resume: bool) -> Any:
    """The story's database: ``GONGZHI_STORY_URL`` where that is set, else a SQLite file, fresh unless resumed."""
    url = os.environ.get("GONGZHI_STORY_URL")
    if url is None:
        path = _folder() / name
        if not resume:
            _fresh(path)
        url = f"sqlite:///{path.resolve()}"
    engine = make_engine(url)
    upgrade(engine)
    return engine


def _play(engine: Any) -> list[str]:
    """Play what is left of the story, saying what happens; returns where the end is not as told."""
    from tqdm import tqdm

    from workflow.story import script, summary
    from workflow.story.player import Player

    scenes = script.scenes(engine)
    player = Player(engine)
    with tqdm(total=len(scenes), unit="幕", ncols=96, file=sys.stderr, disable=None) as bar:

        def told(scene: Any, _number: int) -> None:
            bar.update(1)
            if scene.told:
                bar.write(f"{scene.at.date().isoformat()}  {script.name_of(scene)}  {scene.told}", file=sys.stdout)

        player.play(scenes, told)
    with reading(engine) as connection:
        data = summary.summary(connection)
    summary.write(data, _folder() / SUMMARY)
    return summary.not_as_told(data, script.TOLD)


def _told_to_its_end(engine: Any) -> bool:
    """Whether the whole story has been played here; what people did since then is theirs, and is left alone."""
    from workflow.story import script
    from workflow.story.player import Player

    player = Player(engine)
    return bool(player.position()) and player.position() == script.scenes(engine)[-1].position


@click.command("story")
@click.option("--resume", is_flag=True, help="从上次中断处继续 (continue one that was cut off)")
def story_command(resume: bool) -> None:
    """Play the story on a database of its own and write story.json beside it; exit 0 only if all stands as told."""
    problems = _play(_engine("story.sqlite", resume=resume))
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"故事演完，结果在 {_folder() / SUMMARY}" if not problems else f"{len(problems)} 处与所述不符")
    sys.exit(1 if problems else 0)


@click.command("demo")
@click.option("--port", type=int, default=lambda: int(os.environ.get("PORT", str(DEMO_PORT))))
@click.option("--again", is_flag=True, help="重新演一遍 (play it anew)")
def demo_command(port: int, again: bool) -> None:
    """Play the story stage by stage, then serve it on this machine with an entry page for every role."""
    engine = _engine("demo.sqlite", resume=not again)
    problems = [] if _told_to_its_end(engine) else _play(engine)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    serve(str(engine.url.render_as_string(hide_password=False)), port, "演示已就绪", "/demo")


def serve(url: str, port: int, ready: str, path: str) -> None:
    """Serve the database at ``url`` on 127.0.0.1 until stopped."""
    from waitress import serve as wait

    from workflow import create_app

    _refuse_if_taken(port)
    click.echo(f"{ready}：http://127.0.0.1:{port}{path} （按 Ctrl+C 结束）")
    wait(create_app({"DATABASE_URL": url}), host="127.0.0.1", port=port, threads=8, ident="gongzhi")


def _refuse_if_taken(port: int) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return
    except OSError as taken:
        raise click.ClickException(
            f"端口 {port} 打不开，多半是已有程序占用；请换一个，例如 PORT={port + 1} (port {port} is taken, try another)"
        ) from taken


@click.command("serve")
@click.option("--port", type=int, default=lambda: int(os.environ.get("PORT", str(DEMO_PORT))))
def serve_command(port: int) -> None:
    """Serve this house's own database on 127.0.0.1 until stopped."""
    with reading(current_app.extensions["gongzhi.engine"]) as connection:
        missing = guards.missing(connection)
    if missing:
        raise click.ClickException("数据库还没有升级或缺少触发器，请先运行 flask --app wsgi upgrade")
    serve(str(current_app.config["DATABASE_URL"]), port, "已就绪", "/")


COMMANDS = (story_command, demo_command, serve_command)
