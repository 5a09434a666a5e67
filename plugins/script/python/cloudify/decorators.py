"""Decorators of operation functions."""
import functools
import inspect

from cloudify._context import ctx


def operation(func=None, resumable=False, **_):
    """Gives the function `ctx` if it takes it and was not given one."""
    if func is None:
        return functools.partial(operation, resumable=resumable)

    parameters = inspect.signature(func).parameters.values()
    takes_ctx = any(one.name == 'ctx' or one.kind == inspect.Parameter.VAR_KEYWORD for one in parameters)
    first_is_ctx = next((one.name == 'ctx' for one in parameters), False)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        if takes_ctx and not (first_is_ctx and args):
            kwargs.setdefault('ctx', ctx)
        return func(*args, **kwargs)

    wrapper.resumable = resumable
    return wrapper


def workflow(*_, **__):
    raise RuntimeError('a workflow cannot be defined in the script of an operation')


def serial_operation(*_, **__):
    """Siblings do not wait for each other here."""
    return lambda func: func
