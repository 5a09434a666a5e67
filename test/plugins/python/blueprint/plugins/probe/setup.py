from setuptools import setup

setup(name='probe-plugin', version='1.0', packages=['probe_plugin'], install_requires=['cloudify-common>=6.4'])
