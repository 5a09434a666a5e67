"""The current operation's context and inputs."""
from cloudify import _context
from cloudify._context import ctx

__all__ = ['ctx', 'ctx_parameters', 'current_ctx', 'current_parameters', 'workctx']


class Parameters(dict):
    """The operation's inputs, also as attributes. They are looked up at the first use."""

    def __init__(self):
        super().__init__()
        self.__dict__['_loaded'] = False

    def _load(self):
        if not self.__dict__['_loaded']:
            self.__dict__['_loaded'] = True
            dict.update(self, _context.parameters())
        return self

    def __getattr__(self, name):
        # Asked for by name: copying and pickling look for special members, which no input is.
        if name.startswith('__'):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name, value):
        self[name] = value


def _loading(name):
    method = getattr(dict, name)

    def loaded(self, *args, **kwargs):
        self._load()
        return method(self, *args, **kwargs)

    loaded.__name__ = name
    return loaded


for _name in (
    '__contains__ __delitem__ __eq__ __ne__ __getitem__ __iter__ __len__ __repr__ __setitem__ '
    'copy get items keys pop popitem setdefault update values'
).split():
    setattr(Parameters, _name, _loading(_name))


class CurrentContext(object):
    def get_ctx(self):
        return ctx

    def get_parameters(self):
        return ctx_parameters._load()

    def set(self, *_, **__):
        """Plugins' tests call it; here there is one context only."""

    def clear(self):
        """See `set`."""


ctx_parameters = Parameters()
current_parameters = ctx_parameters
current_ctx = CurrentContext()


class _NoWorkflow(object):
    def __getattr__(self, name):
        raise RuntimeError('No context set in current execution thread: the script is an operation, not a workflow')


workctx = _NoWorkflow()
