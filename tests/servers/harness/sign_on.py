"""Where people log in by a browser: as much of a CAS server as a homeserver asks for. Its people need no password."""

import html.parser
import http.server
import threading
import urllib.error
import urllib.parse
import urllib.request


class SignOnServer:
    def __init__(self):
        owner = self
        self.who = ""  # whom the next browser is

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                asked = dict(urllib.parse.parse_qsl(url.query))
                if url.path == "/login":
                    service = asked["service"]
                    ticket = urllib.parse.urlencode({"ticket": f"ST-{owner.who}"})
                    self.send_response(302)
                    self.send_header("Location", service + ("&" if "?" in service else "?") + ticket)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                said = ("<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'><cas:authenticationSuccess><cas:user>"
                        f"{asked['ticket'].removeprefix('ST-')}</cas:user></cas:authenticationSuccess></cas:serviceResponse>")
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def browse(self, link, who):
        """Opens a link as somebody, says yes to what is asked, and returns the address where the browser ends."""
        self.who = who
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(link, timeout=20) as page:
            links = _Links()
            links.feed(page.read().decode())
        return next(link for link in links.found if "loginToken=" in link)


class _Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if tag == "a" and name == "href"]
