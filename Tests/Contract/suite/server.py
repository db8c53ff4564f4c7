"""A server with its REST interface, and a client that sends what a test says and judges nothing."""

import json
from urllib.parse import urlencode

import yaml
from support.admin import Admin
from support.servers import Isthmus


class AdminServer(Isthmus):
    """Our server, without TLS."""

    @property
    def token(self):
        """The token that the server made at its first start; it may do everything."""
        return self.api().token

    def api(self, token=None):
        """Returns a client with a token; without one, the administrator's. An empty one sends none."""
        return API(self, token)

    def make_token(self, name, *scopes):
        """Makes a token and returns its text."""
        return Admin(self).make_token(name, *scopes)


class API:
    """Sends requests whatever the answer; bodies are encoded as their media type says."""

    def __init__(self, server, token):
        self.server = server
        self.given = token
        self.admin = Admin(server)

    @property
    def token(self):
        return self.admin.token if self.given is None else self.given

    def send(self, method, path, body=None, media="application/json", params=None, headers=None):
        fields = dict(headers or {})
        if body is not None:
            fields["Content-Type"] = media
            if not isinstance(body, (bytes, str)):
                body = yaml.safe_dump(body) if media == "application/yaml" else json.dumps(body)
        path += "?" + urlencode(params) if params else ""
        return self.admin.ask(method, path, body, fields, token=self.token)

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.send("POST", path, body, **options)

    def put(self, path, body, **options):
        return self.send("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.send("DELETE", path, **options)
