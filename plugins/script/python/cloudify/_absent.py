"""Parts of a Cloudify manager that do not exist here."""
from cloudify.exceptions import NonRecoverableError


class Absent(object):
    """Calling it, or anything of it, says that there is no such part."""

    # What else the author may do.
    _advice = ''

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        part = Absent('%s.%s' % (self._name, name))
        part._advice = self._advice
        return part

    def __call__(self, *_, **__):
        raise NonRecoverableError(
            '%s() needs a Cloudify manager, and there is none: Caisson runs on Temporal%s' % (self._name, self._advice)
        )
