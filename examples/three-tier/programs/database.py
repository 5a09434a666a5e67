"""Counts. That is all the data there is."""
import http.server
import threading

lock = threading.Lock()
count = 0


class Counter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        with lock:
            count += 1
            body = str(count).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Counter)
with open('port', 'w') as port:
    port.write(str(server.server_address[1]))
server.serve_forever()
