"""The interface's older name."""
from cloudify.workflows.api import *  # noqa: F401,F403
