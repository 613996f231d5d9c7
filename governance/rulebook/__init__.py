"""Rules as dated data: what policy answers at a place on a day, with the clause it comes from."""

from __future__ import annotations

from .book import Book
from .catalogue import Document, Place, RuleName, rule_names
from .findings import BadRules
from .listing import check, notices, show
from .provisions import STATUS_NAMES, STATUSES, Citation, Provision
from .rules import PlaceBook, RuleBook

__all__ = [
    "STATUSES",
    "STATUS_NAMES",
    "BadRules",
    "Book",
    "Citation",
    "Document",
    "Place",
    "PlaceBook",
    "Provision",
    "RuleBook",
    "RuleName",
    "check",
    "notices",
    "rule_names",
    "show",
]
