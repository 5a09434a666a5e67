"""Speaks with the worker: one request, one answer, over the address in CTX_SOCKET_URL."""
import datetime
import json
import os
import socket

from cloudify import exceptions


def call(name, **params):
    """The worker's answer. An error of the worker is raised as the exception that it names."""
    answer = _post({'call': name, 'params': params})
    payload = answer.get('payload')
    if answer.get('type') == 'error':
        from cloudify import _errors

        raise _errors.named(payload.get('type'), payload.get('message'))
    return payload


def plain(value, path='value'):
    """The value as JSON has it, or an error that names the path of what JSON has no form for."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item, '%s.%s' % (path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, '%s.%d' % (path, at)) for at, item in enumerate(value)]
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    raise exceptions.NonRecoverableError(
        '%s cannot hold %s: only JSON values are stored' % (path, type(value).__name__)
    )


def _post(request):
    url = os.environ.get('CTX_SOCKET_URL', '')
    if not url:
        raise exceptions.NonRecoverableError(
            'there is no context: the script was run with ctx_proxy_type none, or not by the script plugin'
        )
    address, _, path = url.split('://', 1)[-1].partition('/')
    host, _, port = address.rpartition(':')
    body = json.dumps(request).encode()
    head = 'POST /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n' % (path, address)
    head += 'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body)
    try:
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode() + body)
            answer = _read(connection)
    except OSError as error:
        raise exceptions.RecoverableError('the worker does not answer at %s: %s' % (address, error))
    head, _, text = answer.partition(b'\r\n\r\n')
    status = head.split(b' ', 2)[1:2]
    if status != [b'200']:
        raise exceptions.RecoverableError('the worker answered %s' % text.decode('utf-8', 'replace').strip())
    return json.loads(text.decode('utf-8'))


def _read(connection):
    parts = []
    while True:
        part = connection.recv(65536)
        if not part:
            return b''.join(parts)
        parts.append(part)
