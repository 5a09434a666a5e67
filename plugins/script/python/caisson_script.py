"""Evaluates a script of a blueprint as Python: `caisson_script.py SCRIPT [ARGUMENT...]`.

The script finds the operation's context in `cloudify.ctx`. How it ends is told to the worker: an exception with its
class, message and traceback; properties that were written are stored either way.
"""
import sys
import traceback
import types


def main():
    path = sys.argv[1]
    sys.argv = sys.argv[1:]
    from cloudify import _context, ctx
    from cloudify.state import ctx_parameters

    with open(path, 'rb') as file:
        source = file.read()
    module = types.ModuleType('__main__')
    module.__file__ = path
    module.ctx = ctx
    module.inputs = ctx_parameters
    sys.modules['__main__'] = module
    try:
        exec(compile(source, path, 'exec'), module.__dict__)
    except SystemExit:
        _context.store()
        raise
    except BaseException as error:
        return _failed(error, path)
    try:
        _context.store()
    except Exception as error:
        return _failed(error, path)
    return 0


def _failed(error, path):
    from cloudify import _context, _errors

    try:
        _context.store()
    except Exception:
        # The script's own error says more.
        pass
    _errors.report(error, _traceback(error, path))
    return 1


def _traceback(error, path):
    """The part of the traceback that is the script's."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return ''.join(traceback.format_exception(type(error), error, frames))


if __name__ == '__main__':
    code = main()
    sys.stdout.flush()
    sys.exit(code)
