"""The entry of a web server: ``wsgi:app``."""

from workflow import create_app

app = create_app()
