"""How a migration reaches its database: on the connection it is given, else on the engine of the running application.

Everything runs in one transaction on both databases. SQLite keeps its DDL in a transaction only where a BEGIN was
sent, which the engine of ``workflow.db`` does; so a migration that is killed half way leaves nothing behind.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

import workflow.accounts.model
import workflow.model
import workflow.organisations.model  # noqa: F401
from workflow.db import metadata, writing
from workflow.guards import check_after_migration


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
    check_after_migration(connection, context.get_context().get_current_heads())


def _run() -> None:
    if context.is_offline_mode():
        raise RuntimeError("迁移需要连接数据库。Migrations need a database to run on.")
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    from flask import current_app

    with writing(current_app.extensions["gongzhi.engine"]) as own:
        _migrate(own)


_run()
