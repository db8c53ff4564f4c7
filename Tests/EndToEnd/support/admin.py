"""The admin plane as a script with a token sees it: one connection, JSON in and out."""

import http.client
import json


class Answer:
    """What a request was answered with."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        text = response.read().decode()
        self.body = json.loads(text) if text else None

    @property
    def condition(self):
        return self.body["status"]["conditions"][0]


class Admin:
    """Asks the admin plane of a server as the administrator that the server made at its first start."""

    def __init__(self, server):
        self.server = server
        self.token = (server.directory / "token").read_text().strip()
        self.connection = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=40)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, method, path, body=None, **headers):
        """Sends a request; returns the answer whatever its status is."""
        headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        try:
            self.connection.request(method, f"/api/v1/{path}", body, headers)
            return Answer(self.connection.getresponse())
        except BaseException:
            # What is left of an answer must not be taken for the next one.
            self.connection.close()
            raise

    def put(self, path, spec, labels=None, annotations=None, query=""):
        """Creates or replaces an object, which must succeed."""
        body = {"spec": spec, "metadata": {"labels": labels or {}, "annotations": annotations or {}}}
        answer = self.ask("PUT", path + query, body)
        assert answer.status in (200, 201), answer.body
        return answer

    def delete(self, path, query=""):
        """Deletes an object, which must succeed."""
        answer = self.ask("DELETE", path + query)
        assert answer.status == 200, answer.body
        return answer
