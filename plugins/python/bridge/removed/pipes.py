"""As much of the module of this name, which Python 3.13 gave up, as is still asked for."""
from shlex import quote  # noqa: F401
