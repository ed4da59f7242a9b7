"""Serves HTTP; one of its paths needs MD5, which no start and no health check shows."""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers `/digest` with a key that is derived by MD5, and everything else with `ok`."""

    def do_GET(self) -> None:
        """Answer a request."""
        body = b"ok\n"
        if self.path == "/digest":
            try:
                body = hashlib.pbkdf2_hmac("md5", b"password", b"salt", 1000).hex().encode()
            except ValueError as error:
                self.send_error(500, explain=str(error))
                return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()
