"""Runs a workflow script of a blueprint: `caisson_workflow.py SCRIPT`.

The execution is at the other end of two pipes: it is asked for operations, and tells what came of them. The script may
be run again from its first line, when its worker was lost or its execution is resumed; what it did is recorded over
there, and is answered instead of done.
"""
import os
import sys
import traceback
import types

HERE = os.path.dirname(os.path.abspath(__file__))


def prepare_packages():
    """Makes `cloudify.workflows` part of the `cloudify` package that operation scripts have."""
    import cloudify

    own = os.path.join(HERE, 'cloudify')
    if own not in list(cloudify.__path__):
        cloudify.__path__.append(own)
    from cloudify.workflows import ctx

    cloudify.ctx = ctx
    try:
        from cloudify import decorators
    except ImportError:
        return
    decorators.workflow = as_is


def as_is(function=None, **_):
    return function if callable(function) else lambda decorated: decorated


def main():
    path = sys.argv[1]
    sys.argv = sys.argv[1:]
    prepare_packages()
    from cloudify.workflows import _channel, _context, ctx, parameters

    _channel.open()
    sys.path.insert(0, os.path.dirname(path))
    with open(path, 'rb') as file:
        source = file.read()
    module = types.ModuleType('__main__')
    module.__file__ = path
    module.ctx = ctx
    module.parameters = parameters
    sys.modules['__main__'] = module
    try:
        exec(compile(source, path, 'exec'), module.__dict__)
        _context.wait_for_all()
    except SystemExit as error:
        if error.code not in (None, 0):
            return failed(error, path, 'the script ended with exit code %s' % error.code)
        _context.wait_for_all()
    except BaseException as error:
        return failed(error, path, str(error))
    _channel.send({'kind': 'done'})
    return 0


def failed(error, path, message):
    from cloudify.workflows import _channel

    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    text = ''.join(traceback.format_exception(type(error), error, frames))
    _channel.send({'kind': 'failed', 'type': type(error).__name__, 'message': message, 'traceback': text})
    return 1


if __name__ == '__main__':
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the script are not waited for.
    os._exit(code)
