"""As much of the module of this name, which Python 3.12 gave up, as plugins use: loading a file as a module."""
import importlib
import importlib.machinery
import importlib.util
import sys
import types

reload = importlib.reload
PY_SOURCE, PY_COMPILED, C_EXTENSION, PKG_DIRECTORY = 1, 2, 3, 5


def new_module(name):
    return types.ModuleType(name)


def load_source(name, pathname, file=None):
    """Runs the file as the module of that name."""
    loader = importlib.machinery.SourceFileLoader(name, pathname)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, pathname, loader=loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def find_module(name, path=None):
    """Returns (open file, pathname, (suffix, mode, type)), for `load_module`."""
    found = importlib.machinery.PathFinder.find_spec(name, path)
    if found is None or found.origin is None:
        raise ImportError('no module named %s' % name)
    if found.submodule_search_locations:
        return None, list(found.submodule_search_locations)[0], ('', '', PKG_DIRECTORY)
    return open(found.origin), found.origin, ('.py', 'r', PY_SOURCE)


def load_module(name, file, pathname, details):
    if details[2] == PKG_DIRECTORY:
        return importlib.import_module(name)
    return load_source(name, pathname)
