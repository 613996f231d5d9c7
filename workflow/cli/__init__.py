"""Commands of the house: rules, worksheets, working days, jobs, the trail, the demo and the story."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands to ``flask``."""
    from flask_migrate import Migrate

    from workflow.cli import (
        acting_for,
        bank_accounts,
        calendar,
        definitions,
        insured_register,
        operations,
        organisations,
        rules,
        story,
        trail,
        year_pack,
    )

    Migrate(app, _Database(app), directory=str(operations.MIGRATIONS))
    for part in (
        rules, acting_for, bank_accounts, organisations, insured_register, operations, definitions, calendar, trail,
        story, year_pack,
    ):  # fmt: skip
        for command in part.COMMANDS:
            app.cli.add_command(command)


class _Database:
    """What Flask-Migrate asks of a database: its engine and its tables."""

    def __init__(self, app: Flask) -> None:
        from workflow.db import metadata

        self.engine = app.extensions["gongzhi.engine"]
        self.metadata = metadata

    def get_engine(self) -> object:
        return self.engine
