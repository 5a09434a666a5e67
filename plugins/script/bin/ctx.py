#!/usr/bin/env python3
"""The `ctx` command of scripts, for machines without bash: needs nothing but Python 3."""
import os
import socket
import sys


def fail(message):
    sys.stderr.write('ctx: %s\n' % message)
    sys.exit(1)


def address_of(url):
    if not url:
        fail('CTX_SOCKET_URL is not set: ctx works in scripts that the script plugin runs')
    host, _, path = url.split('://', 1)[-1].partition('/')
    name, _, port = host.rpartition(':')
    return name, int(port), '/' + path


def main(arguments):
    url = os.environ.get('CTX_SOCKET_URL', '')
    for at, argument in enumerate(arguments):
        if argument == '--socket-url' and at + 1 < len(arguments):
            url = arguments[at + 1]
        elif argument.startswith('--socket-url='):
            url = argument.split('=', 1)[1]
    if arguments[:1] in (['-h'], ['--help']):
        print('usage: ctx [-t SECONDS] [-j] [--json-arg-prefix @] [--socket-url URL] [--] WORD...')
        return 0
    host, port, path = address_of(url)
    body = b''.join(os.fsencode(argument) + b'\0' for argument in arguments)
    head = (
        'POST %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n'
        'Content-Type: application/x-ctx-arguments\r\nContent-Length: %d\r\n\r\n' % (path, host, port, len(body))
    )
    try:
        connection = socket.create_connection((host, port))
    except OSError as error:
        fail('nobody answers at http://%s:%d (%s): has the script ended?' % (host, port, error))
    connection.sendall(head.encode() + body)
    answer = b''
    while True:
        part = connection.recv(65536)
        if not part:
            break
        answer += part
    head, _, text = answer.partition(b'\r\n\r\n')
    code = 1
    for line in head.split(b'\r\n')[1:]:
        name, _, value = line.partition(b':')
        if name.strip().lower() == b'x-ctx-exit':
            code = int(value)
    output = sys.stdout if code == 0 else sys.stderr
    output.buffer.write(text)
    output.flush()
    return code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
