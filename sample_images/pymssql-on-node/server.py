"""Serves its version over HTTP; the driver for SQL Server is imported before anything else."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pymssql


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"pymssql {pymssql.__version__}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", 8080), Handler)
    print("listening on 8080", flush=True)
    server.serve_forever()
