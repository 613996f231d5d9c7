"""Flows as pages: a stage's diagram with its table of steps, and the report of where cases are stuck."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("flows", __name__)
