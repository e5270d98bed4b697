"""Where the files of XMPP users lie: a small HTTP server on loopback, and a way to get what a link gives."""

import http.server
import threading
import urllib.error
import urllib.request


class FileServer:
    def __init__(self):
        self.files = {}  # path -> (media type, bytes)
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, with_body):
                found = owner.files.get(self.path)
                self.send_response(200 if found else 404)
                kind, data = found or ("text/plain", b"")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                try:
                    if with_body:
                        self.wfile.write(data)
                except ConnectionError:
                    pass  # who asked has had enough

            def do_GET(self):
                self.answer(True)

            def do_HEAD(self):
                self.answer(False)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, name, media_type, data):
        """Its URL."""
        self.files[f"/{name}"] = (media_type, data)
        return f"http://127.0.0.1:{self.server.server_address[1]}/{name}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def fetch(url):
    """(status, media type, bytes) of a link."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get_content_type(), error.read()
