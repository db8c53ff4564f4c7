"""Fills the fragments as the server does (web-static/README.md), from what summary.js computed."""

import html
import re
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[3] / "web-static"


def fragments():
    source = (DIRECTORY / "fragments.html").read_text()
    return dict(re.findall(r'<template id="([\w-]+)">\n(.*?)</template>', source, re.DOTALL))


def fill(template, fields):
    """One template with its fields and slots; what is not given is empty."""

    def field(match):
        return html.escape(str(fields.get(match[1], "")), quote=True)

    def slot(match):
        return "".join(
            fill(fragments()[item["fragment"]], item["fields"]) for item in fields.get(match[1], [])
        )

    # Fields first within the template itself only: what a slot brings is filled by its own call.
    pieces = re.split(r"(<!--isthmus:\w+-->)", template)
    return "".join(
        (
            slot(match)
            if (match := re.fullmatch(r"<!--isthmus:(\w+)-->", piece))
            else re.sub(r"\{\{(\w+)\}\}", field, piece)
        )
        for piece in pieces
    )


def page(fields, session):
    body = {"fragment": "signed-in" if session == "open" else "signed-out", "key": "body", "fields": fields}
    name = fields.get("clusterName")
    title = f"{name} – Isthmus" if name else "Isthmus"
    return fill((DIRECTORY / "index.html").read_text(), {"title": title, "session": session, "body": [body]})
