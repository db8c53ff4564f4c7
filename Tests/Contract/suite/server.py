"""A server with an admin listener, and a client of its REST interface."""

import json

import requests
import yaml
from support.servers import Isthmus


class AdminServer(Isthmus):
    """Our server, without TLS, and its REST interface."""

    @property
    def address_of_admin(self):
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def token(self):
        """The token that the server made at its first start; it may do everything."""
        return (self.directory / "token").read_text().strip()

    def is_ready(self):
        return super().is_ready() and (self.directory / "token").exists()

    def api(self, token=None):
        """Returns a client with a token; without one, the administrator's. An empty one sends none."""
        return API(self.address_of_admin, self.token if token is None else token)

    def make_token(self, name, *scopes):
        """Makes a token and returns its secret."""
        answer = self.api().post("/api/v1/tokens", {"metadata": {"name": name}, "spec": {"scopes": list(scopes)}})
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]


class API:
    """Sends requests and returns the answers of `requests`."""

    def __init__(self, address, token):
        self.address = address
        self.session = requests.Session()
        # Neither a proxy nor a netrc file of this machine has a say.
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def send(self, method, path, body=None, media=None, **options):
        headers = dict(options.pop("headers", {}))
        if body is not None:
            media = media or "application/json"
            headers["Content-Type"] = media
            if not isinstance(body, (bytes, str)):
                body = yaml.safe_dump(body) if media == "application/yaml" else json.dumps(body)
        return self.session.request(
            method, self.address + path, data=body, headers=headers, timeout=30, allow_redirects=False, **options
        )

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.send("POST", path, body, **options)

    def put(self, path, body, **options):
        return self.send("PUT", path, body, **options)

    def patch(self, path, body, **options):
        return self.send("PATCH", path, body, media="application/merge-patch+json", **options)

    def delete(self, path, **options):
        return self.send("DELETE", path, **options)
