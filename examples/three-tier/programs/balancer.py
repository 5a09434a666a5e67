"""Passes requests on to the backends in turn. The folder `backends` has a file for each."""
import http.server
import itertools
import os
import urllib.request

turns = itertools.count()


class Balancer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        names = sorted(os.listdir('backends')) if os.path.isdir('backends') else []
        if not names:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(b'no backends\n')
            return
        with open(os.path.join('backends', names[next(turns) % len(names)])) as backend:
            url = backend.read()
        with urllib.request.urlopen(url) as answer:
            body = answer.read()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Balancer)
with open('port', 'w') as port:
    port.write(str(server.server_address[1]))
server.serve_forever()
