"""Serves checksums over HTTP; a database driver brings an OpenSSL of its own along."""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"libpq {psycopg2.__libpq_version__}\n".encode()
        self.send_response(200)
        self.send_header("ETag", hashlib.md5(body).hexdigest())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", 8080), Handler)
    print("listening on 8080, checksum", hashlib.md5(b"start").hexdigest(), flush=True)
    server.serve_forever()
