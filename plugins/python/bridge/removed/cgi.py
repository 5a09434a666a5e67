"""As much of the module of this name, which Python 3.13 gave up, as is still asked for: headers of HTTP."""
from email.message import Message
from html import escape  # noqa: F401


def parse_header(line):
    """`text/plain; charset=utf-8` -> ('text/plain', {'charset': 'utf-8'})"""
    message = Message()
    message['content-type'] = line
    parameters = message.get_params(unquote=True) or [('', '')]
    return parameters[0][0], {name: value for name, value in parameters[1:]}
