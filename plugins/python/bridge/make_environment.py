"""Makes a Python environment, once: reads what to make as JSON from its input.

Whoever makes one holds a lock that the system takes away with the last process of the making, pip's included; so an
environment is made by one at a time, whichever of them is killed. Its last file says that it is whole: without it, it is
made from the beginning, and nobody uses it before.
"""
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile

# Of a distribution that stands in for another one: above all that is asked for.
VERSION = '999'


def main():
    order = json.load(sys.stdin)
    folder, complete = order['folder'], os.path.join(order['folder'], 'complete.json')
    with open(folder + '.lock', 'w') as lock:
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(complete):
            return 0
        shutil.rmtree(folder, ignore_errors=True)
        make(folder)
        python = os.path.join(folder, 'bin', 'python')
        site = tell(python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))').strip()
        for name in order['stand_ins']:
            stand_in(site, name)
        source = Source(order['content'], folder)
        if not has_tools(python):
            # Most plugins do without.
            source.install(python, order['tools'])
        for arguments in order['before']:
            code = source.install(python, arguments)
            if code != 0:
                return code
        code = source.install(python, [*source.own, *order['arguments']])
        if code != 0:
            return code
        finish(complete, order['what'], python)
    return 0


def make(folder):
    try:
        venv.create(folder, with_pip=True, symlinks=True)
    except subprocess.CalledProcessError as error:
        said = (error.output or b'').decode('utf-8', 'replace').strip()
        sys.exit(
            'error: %s has no ensurepip, which virtual environments need; on Debian: apt-get install python3-venv\n%s'
            % (sys.executable, said)
        )


def has_tools(python):
    with open(os.devnull, 'w') as nowhere:
        words = [python, '-c', 'import pkg_resources, distutils']
        return subprocess.call(words, close_fds=False, stdout=nowhere, stderr=nowhere) == 0


class Source(object):
    """What the plugin is installed from: `own` is how pip is told of it."""

    def __init__(self, content, folder):
        self._wheels = None
        if 'wagon' in content:
            self._wheels, self.own = wheels_of(content['wagon'], os.path.join(folder, 'wagon'))
        elif 'folder' in content:
            copy = os.path.join(folder, 'source')
            shutil.copytree(content['folder'], copy, symlinks=True, ignore=shutil.ignore_patterns('__pycache__'))
            self.own = [copy]
        else:
            self.own = [content['requirement']]

    def install(self, python, arguments):
        words = [python, '-m', 'pip', 'install']
        if self._wheels is None:
            return subprocess.call([*words, *arguments], close_fds=False)
        # A wagon's wheels alone first; what they lack for this Python comes from the index, as they pin it.
        local = [*words, *self._wheels, *arguments]
        return subprocess.call([*local, '--no-index'], close_fds=False) and subprocess.call(local, close_fds=False)


def wheels_of(wagon, folder):
    """Arguments by which pip finds a wagon's wheels, and the plugin in the versions that are packed with it."""
    unpack(wagon, folder)
    top = next(root for root, _, files in os.walk(folder) if 'package.json' in files)
    with open(os.path.join(top, 'package.json')) as file:
        about = json.load(file)
    wheels = os.path.join(top, 'wheels')
    pins = os.path.join(folder, 'constraints.txt')
    with open(pins, 'w') as out:
        for wheel in sorted(os.listdir(wheels)):
            if wheel.endswith('.whl'):
                name, version = wheel.split('-')[:2]
                out.write('%s==%s\n' % (name, version))
    return ['--find-links', wheels, '--constraint', pins], ['%s==%s' % (about['package_name'], about['package_version'])]


def unpack(archive, folder):
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        return
    with tarfile.open(archive) as packed:
        if hasattr(tarfile, 'data_filter'):
            packed.extractall(folder, filter='data')
            return
        root = os.path.realpath(folder)
        for member in packed.getmembers():
            target = os.path.realpath(os.path.join(root, member.name))
            if not (member.isfile() or member.isdir()) or not target.startswith(root):
                sys.exit('error: the wagon holds %s, which leads out of it' % member.name)
        packed.extractall(folder)


def stand_in(site, name):
    """A distribution without anything in it: what requires it has what it needs in another one."""
    folder = os.path.join(site, '%s-%s.dist-info' % (name.replace('-', '_'), VERSION))
    os.makedirs(folder)
    metadata = 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' % (name, VERSION)
    for file, text in {'METADATA': metadata, 'INSTALLER': 'caisson\n', 'RECORD': ''}.items():
        with open(os.path.join(folder, file), 'w') as out:
            out.write(text)


def finish(complete, what, python):
    packages = tell(python, '-m', 'pip', 'freeze').splitlines()
    part = complete + '.part'
    with open(part, 'w') as out:
        json.dump({'what': what, 'packages': packages}, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, complete)


def tell(*words):
    return subprocess.check_output(words, universal_newlines=True, close_fds=False)


if __name__ == '__main__':
    sys.exit(main())
