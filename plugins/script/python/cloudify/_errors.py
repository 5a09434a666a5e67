"""Errors on their way from the worker and to it. It goes with the exceptions of these modules and with those of the
genuine package."""
from cloudify import _wire, exceptions

_SUFFIX = ' [retry_after=%s]'


def named(name, message):
    """The exception that an error of the worker stands for."""
    if name in ('RecoverableError', 'OperationRetry', 'ResourceNotFound'):
        # The genuine package has no class for a resource that is not there.
        return getattr(exceptions, name, exceptions.NonRecoverableError)(message)
    known = name in (None, '', 'NonRecoverableError', 'HttpException')
    return exceptions.NonRecoverableError(message if known else '%s: %s' % (name, message))


def report(error, traceback):
    """Tells the worker by what the code ended."""
    causes = list(getattr(error, 'causes', None) or [])
    own = {'type': type(error).__name__, 'message': str(error), 'traceback': traceback}
    _wire.call(
        'raise',
        types=[one.__name__ for one in type(error).__mro__],
        message=_message_of(error),
        retry_after=getattr(error, 'retry_after', None),
        url=getattr(error, 'url', None),
        code=getattr(error, 'code', None),
        causes=_wire.plain([own] + causes),
    )


def _message_of(error):
    """The message without what is added for reading: the worker adds it anew."""
    if not isinstance(error, exceptions.RecoverableError):
        return str(error)
    own = getattr(error, 'message', None)
    text = own if isinstance(own, str) else str(error)
    suffix = _SUFFIX % getattr(error, 'retry_after', None)
    return text[: -len(suffix)] if text.endswith(suffix) else text
