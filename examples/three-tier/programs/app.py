"""Answers with its own name and what the database says."""
import http.server
import os
import urllib.request


class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with urllib.request.urlopen(os.environ['DATABASE_URL']) as answer:
            count = answer.read().decode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['title']}: request {count}, answered by {os.environ['NAME']}\n".encode())


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), App)
with open('port', 'w') as port:
    port.write(str(server.server_address[1]))
server.serve_forever()
