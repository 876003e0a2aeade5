"""Start JupyterLab and a browser, run cells, and hand out the explorers on the page."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)
# Cells that are off the page keep their explorers, and nothing asks the network for news.
LAB_SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}
START_SECONDS = 60
CELL_SECONDS = 120

RUN_CELL = """async index => {
    const panel = window.jupyterapp.shell.currentWidget;
    panel.content.activeCellIndex = index;
    panel.content.deselectAll();
    await window.jupyterapp.commands.execute('notebook:run-cell');
    return panel.content.widgets[index].model.outputs.toJSON();
}"""
# A failing callback of a widget belongs to no cell: what it writes is seen only here.
LISTEN = """() => {
    window.kernelTrouble = [];
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.iopubMessage.connect((_, message) => {
        const {msg_type} = message.header, text = message.content.text ?? '';
        if (msg_type === 'error') window.kernelTrouble.push(message.content.evalue);
        if (msg_type === 'stream' && text.includes('Traceback')) window.kernelTrouble.push(text);
    });
}"""
KERNEL_READY = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const session = panel?.sessionContext;
    return session?.isReady && session.session?.kernel?.status === 'idle'
        && panel.content.widgets.length > 0;
}"""


def find_browser():
    """Return the path of a Chromium: `CHROMIUM`, then the usual names; else None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for path in map(shutil.which, BROWSER_NAMES) if path), None)


def copy_course(folder, notebooks):
    """Lay out a course folder of copies: notebooks, what they have stored, helpers."""
    (folder / "notebooks").mkdir(parents=True)
    # No link: the set-up cell of a lesson checks that the helpers lie beside the notebooks.
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "helpers", folder / "helpers", ignore=leave_out)
    shutil.copy(ROOT / "requirements.txt", folder)
    for path in notebooks:
        shutil.copy(path, folder / "notebooks" / path.name)
    results = ROOT / "notebooks" / "results"
    if results.is_dir():
        shutil.copytree(results, folder / "notebooks" / "results")


class Server:
    """A JupyterLab on a free port, with a token, that keeps everything it writes in one folder."""

    def __init__(self, folder, course):
        self._log = folder / "server.log"
        self._token = secrets.token_hex(16)
        self._port = _free_port()
        self._process = self._start(folder, course)

    def url(self, notebook):
        """Return the address that opens a notebook of the course in a fresh workspace."""
        return (
            f"http://127.0.0.1:{self._port}/lab/workspaces/{secrets.token_hex(4)}/tree/"
            f"notebooks/{notebook}?token={self._token}"
        )

    @property
    def log(self):
        """What server and kernels have written."""
        return self._log.read_text(errors="replace")

    def close(self):
        """End the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, folder, course):
        settings = folder / "settings"
        for name, values in LAB_SETTINGS.items():
            path = settings / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        places = {
            "JUPYTERLAB_SETTINGS_DIR": settings,
            "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
            "JUPYTER_DATA_DIR": folder / "data",
            "JUPYTER_CONFIG_DIR": folder / "config",
            "JUPYTER_RUNTIME_DIR": folder / "runtime",
            "IPYTHONDIR": folder / "ipython",
        }
        environment = {**os.environ, **{name: str(path) for name, path in places.items()}}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--port={self._port}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
        command += [f"--IdentityProvider.token={self._token}", f"--ServerApp.root_dir={course}"]
        command += ["--LabApp.expose_app_in_browser=True"]
        with self._log.open("w") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=course
            )
        self._wait_until_it_answers(process)
        return process

    def _wait_until_it_answers(self, process):
        request = f"http://127.0.0.1:{self._port}/api?token={self._token}"
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and process.poll() is None:
            try:
                urllib.request.urlopen(request, timeout=5).close()
                return
            except OSError:
                time.sleep(0.2)
        process.kill()
        raise RuntimeError(f"JupyterLab did not start; its log says:\n{self.log}")


@contextmanager
def browser(executable):
    """Yield a headless Chromium driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=BROWSER_OPTIONS)
        yield chromium
        chromium.close()


class OpenNotebook:
    """A notebook that is open in JupyterLab, with the errors its page and kernel report."""

    def __init__(self, chromium, server, name, viewport=None):
        self._errors = []
        self._context = chromium.new_context(viewport=viewport or {"width": 1200, "height": 1000})
        self.page = self._context.new_page()
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self._errors.append(str(error)))
        self.page.goto(server.url(name))
        self.page.wait_for_function(KERNEL_READY, timeout=START_SECONDS * 1000)
        self.page.evaluate(LISTEN)

    @property
    def errors(self):
        """Errors on the page's console and from the kernel, in words."""
        return self._errors + self.page.evaluate("window.kernelTrouble")

    def _note_console(self, message):
        if message.type == "error":
            self._errors.append(f"{message.text} ({message.location.get('url', '')})")

    def run(self, index):
        """Run a cell to its end; return its outputs."""
        self.page.set_default_timeout(CELL_SECONDS * 1000)
        return self.page.evaluate(RUN_CELL, index)

    def output(self, index):
        """Return the element that holds a cell's outputs."""
        node = self.page.evaluate_handle(
            "index => window.jupyterapp.shell.currentWidget.content.widgets[index].node", index
        ).as_element()
        return node.wait_for_selector(".jp-OutputArea")

    def close(self):
        """Close the page."""
        self._context.close()


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
