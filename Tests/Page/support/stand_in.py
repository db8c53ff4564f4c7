"""A server with the page's files and the answers of one world; it can go away, come back, make events."""

import hashlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from .render import DIRECTORY, page

TOKEN = "ist_test_secret"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
LISTS = {
    "peers": "Peer",
    "global-services": "GlobalService",
    "clients": "Client",
    "certificates": "Certificate",
}
MEMBERS = {"global-services": "services"}


class StandIn:
    """Serves until it is closed; `latest` is the one that was made last."""

    latest = None

    def __init__(self, answers, tree=None):
        self.answers = answers
        self.tree = tree
        self.is_away = False
        self.is_signed_out = False
        self.asked = []
        self.news = threading.Condition()
        handler = type("Handler", (Handler,), {"stand_in": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        StandIn.latest = self

    def happen(self, event):
        """Adds an event and wakes who listens."""
        with self.news:
            self.answers["events"].append(event)
            self.answers["info"]["events"]["newest"] = event["id"]
            self.news.notify_all()

    def go_away(self):
        with self.news:
            self.is_away = True
            self.news.notify_all()

    def come_back(self):
        self.is_away = False

    def sign_out(self):
        with self.news:
            self.is_signed_out = True
            self.news.notify_all()

    def close(self):
        self.go_away()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in = None

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def parse_request(self):
        if not super().parse_request():
            return False
        if self.stand_in.is_away:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        self.stand_in.asked.append(self.path)
        return True

    def answer(self, status, body=b"", kind="text/html", **fields):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def is_signed_in(self):
        return (
            f"isthmus_token={TOKEN}" in (self.headers.get("Cookie") or "") and not self.stand_in.is_signed_out
        )

    def do_GET(self):
        target = urlsplit(self.path)
        if target.path == "/":
            is_open = self.is_signed_in()
            fields = self.stand_in.tree or {} if is_open else {}
            self.answer(200, page(fields, "open" if is_open else "closed").encode(), Cache_Control="no-store")
        elif target.path == "/blank":
            self.answer(200, b"<!doctype html><title>blank</title><link rel=icon href=data:,>")
        elif target.path.startswith("/static/"):
            self.static(target.path.removeprefix("/static/"))
        elif target.path.startswith("/api/v1/"):
            self.api(target.path.removeprefix("/api/v1/"), parse_qs(target.query))
        else:
            self.answer(404)

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        attributes = "Path=/; HttpOnly; SameSite=Strict"
        if self.path == "/logout":
            self.answer(303, Location="/", Set_Cookie=f"isthmus_token=; Max-Age=0; {attributes}")
        elif form.get("token") == [TOKEN]:
            self.answer(303, Location="/", Set_Cookie=f"isthmus_token={TOKEN}; {attributes}")
        else:
            self.answer(401, page({"problem": "That token is not valid."}, "closed").encode())

    def static(self, name):
        file = DIRECTORY / name
        if "/" in name or not file.is_file() or file.suffix not in TYPES:
            return self.answer(404)
        data = file.read_bytes()
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, kind=None, ETag=tag)
        self.answer(200, data, TYPES[file.suffix], ETag=tag, Cache_Control="no-cache")

    def problem(self, status, title):
        body = {
            "type": f"/problems/{title.replace(' ', '-')}",
            "title": title,
            "status": status,
            "detail": title,
        }
        self.answer(status, json.dumps(body).encode(), "application/problem+json")

    def api(self, name, query):
        answers = self.stand_in.answers
        if not self.is_signed_in():
            self.problem(401, "unauthorized")
        elif name == "system/info":
            self.answer(200, json.dumps(answers["info"]).encode(), "application/json")
        elif name == "events":
            newest = int(answers["info"]["events"]["newest"])
            self.events(
                int(query["since"][0]) if "since" in query else max(0, newest - int(query["tail"][0]))
            )
        elif name in LISTS and MEMBERS.get(name, name) in answers:
            items = answers[MEMBERS.get(name, name)]
            begin, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
            metadata = {"resourceVersion": "9"}
            if begin + limit < len(items):
                metadata |= {"continue": str(begin + limit), "remainingItemCount": len(items) - begin - limit}
            body = {"kind": f"{LISTS[name]}List", "items": items[begin : begin + limit], "metadata": metadata}
            self.answer(200, json.dumps(body).encode(), "application/json")
        else:
            self.problem(404, "not found")

    def events(self, since):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        stand_in = self.stand_in
        while True:
            with stand_in.news:
                news = [each for each in stand_in.answers["events"] if int(each["id"]) > since]
                if not news:
                    stand_in.news.wait(10)
                if stand_in.is_away or stand_in.is_signed_out:
                    return
            for event in news or [{"id": str(since), "type": "bookmark"}]:
                since = int(event["id"])
                self.wfile.write(json.dumps(event).encode() + b"\n")
            self.wfile.flush()
