"""Runs a workflow that is written in Python: `caisson_workflow.py SCRIPT`, or `caisson_workflow.py --function
MODULE.FUNCTION SHIM REMOVED` for a function of the plugin that this interpreter's environment belongs to.

The execution is at the other end of two pipes: it is asked for operations, and tells what came of them. The code may
be run again from its first line, when its worker was lost or its execution is resumed; what it did is recorded over
there, and is answered instead of done.
"""
import importlib
import json
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


def prepare_plugin(shim, removed):
    """Puts ours in the place of those parts of the genuine `cloudify` package that want a manager."""
    # What Python has given up since plugins were written; what it still has comes first.
    sys.path.append(removed)
    import cloudify

    genuine = list(cloudify.__path__)
    cloudify.__path__.insert(0, os.path.join(HERE, 'cloudify'))
    cloudify.__path__.append(os.path.join(shim, 'cloudify'))
    # The genuine ones may have been imported with the package.
    for name in list(sys.modules):
        if name.startswith(('cloudify.workflows', 'cloudify.plugins')):
            del sys.modules[name]
    import cloudify.plugins

    cloudify.plugins.__path__.extend(os.path.join(path, 'plugins') for path in genuine)
    from cloudify import state
    from cloudify.workflows import ctx, parameters

    state.current_workflow_ctx = Standing(ctx, parameters)


class Standing(object):
    """The workflow's context, in each of its threads."""

    def __init__(self, ctx, parameters):
        self.ctx = ctx
        self.parameters = parameters

    def get_ctx(self):
        return self.ctx

    def get_parameters(self):
        return self.parameters

    def set(self, *_, **__):
        pass

    clear = set

    def push(self, *_, **__):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def script_at(path):
    sys.argv = sys.argv[1:]
    prepare_packages()
    from cloudify.workflows import _channel, _rest, ctx, parameters

    _channel.open()
    _rest.replace_manager()
    sys.path.insert(0, os.path.dirname(path))
    with open(path, 'rb') as file:
        source = file.read()
    module = types.ModuleType('__main__')
    module.__file__ = path
    module.ctx = ctx
    module.parameters = parameters
    sys.modules['__main__'] = module
    return lambda: exec(compile(source, path, 'exec'), module.__dict__)


def function_at(name, *folders):
    prepare_plugin(*folders)
    from cloudify.workflows import _channel, _rest, ctx, parameters

    _channel.open()
    _rest.replace_manager()
    module, _, function = name.rpartition('.')

    def call():
        wanted = getattr(importlib.import_module(module), function, None)
        if not callable(wanted):
            raise AttributeError('%s has no function %s' % (module, function))
        return wanted(**dict(parameters, ctx=ctx))

    return call


def main():
    if sys.argv[1] == '--function':
        run = function_at(*sys.argv[2:])
    else:
        run = script_at(sys.argv[1])
    from cloudify.workflows import _channel, _context

    result = None
    try:
        result = run()
        _context.wait_for_all()
    except SystemExit as error:
        if error.code not in (None, 0):
            return failed(error, 'the workflow ended with exit code %s' % error.code)
        _context.wait_for_all()
    except BaseException as error:
        return failed(error, str(error) or type(error).__name__)
    _channel.send({'kind': 'done', 'result': storable(result)})
    return 0


def storable(result):
    """What it returned, as far as that can be written down; others would not know what to do with the rest."""
    try:
        return json.loads(json.dumps(result))
    except (TypeError, ValueError):
        return None


def failed(error, message):
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
    # Threads of the code are not waited for.
    os._exit(code)
