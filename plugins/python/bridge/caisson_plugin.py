"""Runs one operation of a Cloudify plugin: `caisson_plugin.py MODULE.FUNCTION SHIM`.

The plugin and the `cloudify` package it is built on are the genuine ones, of the environment that this interpreter belongs
to. What the package expects of a manager, the worker does: `caisson_bridge` stands between the two. `SHIM` is the folder
with the modules that scripts of blueprints speak to the worker by; those of them that the genuine package lacks join it.
"""
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    function, shim = sys.argv[1:3]
    # What Python has given up since plugins were written; what it still has comes first.
    sys.path.append(os.path.join(HERE, 'removed'))
    import cloudify

    cloudify.__path__.append(os.path.join(shim, 'cloudify'))
    from cloudify import _errors
    from caisson_bridge.run import Ended, run

    try:
        return run(function)
    except Ended as end:
        error = end.error
    except Exception as caught:
        error = caught
    _errors.report(error, ''.join(traceback.format_exception(type(error), error, _of_plugin(error.__traceback__))))
    return 1


def _of_plugin(frames):
    """The part of the traceback that is the plugin's."""
    first = frames
    while first is not None and first.tb_frame.f_code.co_filename.startswith(HERE):
        first = first.tb_next
    return first or frames


if __name__ == '__main__':
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the plugin are not waited for: its operation has ended.
    os._exit(code)
