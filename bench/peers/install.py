"""Environments of Python for the peers that need one."""

import json
import shutil

from harness import WORK, run


def install_python(name, packages):
    """Makes an environment of its own with `packages`, unless it is there."""
    home = WORK / name
    done = home / "installed"
    if done.exists() and json.loads(done.read_text()) == packages:
        return
    shutil.rmtree(home, ignore_errors=True)
    run(["python3", "-m", "venv", home], 60)
    run([home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *packages], 300)
    done.write_text(json.dumps(packages))


def python_versions(name, package):
    """Returns the version of `package` in the environment, and of its Python."""
    python = WORK / name / "bin" / "python"
    code = "import platform, sys; from importlib.metadata import version"
    code += "; print(version(sys.argv[1]), platform.python_version())"
    version, language = run([python, "-I", "-c", code, package], 30).split()
    return f"{version}, Python {language}"
