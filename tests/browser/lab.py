"""JupyterLab with every explorer in one notebook, and a headless Chromium that shows it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager

import nbformat

from helpers.environment import ROOT
from tests.test_explorers import EXPLORERS

BROWSERS = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
# Generous: the machine may be busy, and nothing waits longer than it has to.
START_SECONDS, CELL_SECONDS = 300, 300

# A course folder is not copied: the kernel takes helpers and the table of explorers from here.
SET_UP = """import sys
import time

sys.path.insert(0, {root!r})
from tests import test_explorers
from tests.test_explorers import EXPLORERS

def slowly(work):
    def paced(*arguments):
        for piece in work(*arguments):
            time.sleep(0.4)
            yield piece
    return paced

test_explorers.train_blocks = slowly(test_explorers.train_blocks)"""
# Off-page cells keep their explorers, nothing asks the network for news, and the state of widgets
# is saved as by `python -m helpers open`.
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
READY = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget, session = panel?.sessionContext;
    return session?.isReady && session.session?.kernel?.status === 'idle'
        && panel.content?.widgets?.length > 1;
}"""
# A failing callback of a widget belongs to no cell: what it writes is seen only here.
LISTEN = """() => {
    window.trouble = [];
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.iopubMessage.connect((_, message) => {
        const {evalue, text} = message.content;
        if (evalue || (text ?? '').includes('Traceback')) window.trouble.push(evalue ?? text);
    });
}"""
RUN_CELL = """async index => {
    const panel = window.jupyterapp.shell.currentWidget;
    panel.content.activeCellIndex = index;
    panel.content.deselectAll();
    await window.jupyterapp.commands.execute('notebook:run-cell');
}"""
SAVE_AND_STOP = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await window.jupyterapp.commands.execute('docmanager:save');
    await panel.sessionContext.shutdown();
}"""


def find_browser():
    """Return the path of a Chromium: `CHROMIUM`, then the usual names; else None."""
    return next(filter(None, map(shutil.which, filter(None, BROWSERS))), None)


class Lab:
    """A notebook with all explorers, open in a browser, its cells run.

    Attributes:
        page: The Playwright page.
        errors: What the page's console has complained about.
    """

    def __init__(self, browser, url, path, more=""):
        self._browser, self._url, self._path, self.errors = browser, url, path, []
        cells = [SET_UP.format(root=str(ROOT)) + more, *(f"EXPLORERS[{n!r}]()" for n in EXPLORERS)]
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, path)
        self._open()
        self.page.evaluate(LISTEN)
        for index in range(len(cells)):
            self.page.evaluate(RUN_CELL, index)

    def _open(self):
        self.page = self._browser.new_page(viewport={"width": 1366, "height": 768})
        self.page.set_default_timeout(1000 * CELL_SECONDS)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.goto(self._url.format(workspace=secrets.token_hex(4), name=self._path.name))
        self.page.wait_for_function(READY)

    @property
    def trouble(self):
        """Errors of the kernel and of the page, in words."""
        return self.page.evaluate("window.trouble ?? []") + self.errors

    def output(self, name):
        """Return a locator of the output of an explorer's cell."""
        cell = self.page.locator(".jp-Notebook .jp-Cell").nth(1 + [*EXPLORERS].index(name))
        return cell.locator(".jp-OutputArea").first

    def reopen_without_its_kernel(self):
        """Save the notebook, end its kernel, and open it on a new page; no cell is run."""
        self.page.evaluate(SAVE_AND_STOP)
        self.page.close()
        self.errors.clear()
        self._open()


@contextmanager
def lab(folder, more=""):
    """Yield a `Lab`; `more` is further code of its set-up cell.

    Raises:
        FileNotFoundError: If there is no browser.
        ImportError: If Playwright is not installed.
    """
    from playwright.sync_api import sync_playwright

    executable = find_browser()
    if executable is None:
        raise FileNotFoundError("no Chromium: install one, or name it in CHROMIUM")
    with ExitStack() as stack:
        url = stack.enter_context(_server(folder))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        stack.callback(browser.close)
        yield Lab(browser, url, folder / "course" / "explorers.ipynb", more)


@contextmanager
def _server(folder):
    """Yield the address of a JupyterLab that keeps everything it writes in one folder."""
    (folder / "course").mkdir()
    overrides = json.loads((ROOT / "notebooks" / "jupyterlab" / "overrides.json").read_text())
    (folder / "overrides.json").write_text(json.dumps(overrides | SETTINGS))
    names = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTER_DATA_DIR")
    names += ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    settings = {name: str(folder / name.lower()) for name in names}
    settings |= {"PYTHONDONTWRITEBYTECODE": "1"}
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
    command += [f"--IdentityProvider.token={token}", f"--LabApp.app_settings_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    with (folder / "server.log").open("w") as log:
        output = {"stdout": log, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(
            command, cwd=folder / "course", env={**os.environ, **settings}, **output
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api?token={token}", process, folder / "server.log")
            yield f"http://127.0.0.1:{port}/lab/workspaces/{{workspace}}/tree/{{name}}?token={token}"
        finally:
            process.terminate()
            process.wait()


def _wait_for(address, process, log):
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            return urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start; its log says:\n{log.read_text()}")
