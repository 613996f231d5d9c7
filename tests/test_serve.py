"""Serving a house: a port that somebody else holds is told in words."""

import socket
from pathlib import Path

import click
import pytest

from workflow.cli.story import serve


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(click.ClickException) as caught:
            serve(f"sqlite:///{tmp_path / 'house.sqlite'}", port, "已就绪", "/")
    assert caught.value.message.startswith(f"端口 {port} 打不开")
    assert f"PORT={port + 1}" in caught.value.message
