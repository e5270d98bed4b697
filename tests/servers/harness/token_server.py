"""Where a mail provider's access tokens come from: a token endpoint (RFC 6749), and introspection (RFC 7662) for its servers."""

import base64
import http.server
import json
import secrets
import ssl
import threading
import urllib.parse

CLIENT, SECRET = "dragoman", "hush"


class TokenServer:
    def __init__(self, certificate, key, account):
        """Of one account; `url` is the token endpoint, `introspection` where servers ask."""
        self.account, self.lifetime = account, 3600
        self.refresh = secrets.token_urlsafe()
        self.access = set()  # those that are good
        self.given = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.servers = [self.serve(self.token, context), self.serve(self.introspect)]
        self.url = f"https://localhost:{self.servers[0].server_address[1]}/token"
        self.introspection = f"http://127.0.0.1:{self.servers[1].server_address[1]}/introspect"

    @staticmethod
    def serve(answer, context=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                status, said = answer(self.headers, dict(urllib.parse.parse_qsl(form)))
                said = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def token(self, headers, form):
        kind, _, credentials = (headers["Authorization"] or "").partition(" ")
        if kind != "Basic" or base64.b64decode(credentials).decode() != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh:
            return 400, {"error": "invalid_grant", "error_description": "This sign-in has ended"}
        # Each refresh token is good once.
        self.refresh, access = secrets.token_urlsafe(), secrets.token_urlsafe()
        self.access.add(access)
        self.given += 1
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime, "refresh_token": self.refresh}

    def introspect(self, _, form):
        return 200, {"active": form.get("token") in self.access, "username": self.account}

    def end_sign_in(self):
        """Neither the refresh token nor any access token is good any more."""
        self.refresh = secrets.token_urlsafe()
        self.access.clear()

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
