// Runs tests in Pyodide: CPython for WebAssembly, under Node. Nothing is fetched; see pyodide.sh for what it is given.
//   node pyodide.mjs FOLDER_OF_THE_NPM_PACKAGE FOLDER_OF_UNPACKED_WHEELS FOLDER_WITH_THE_TESTS ARGUMENT_OF_PYTEST...
import path from "node:path";
import { pathToFileURL } from "node:url";

const [npm, wheels, project] = process.argv.slice(2, 5).map((folder) => path.resolve(folder));
const { loadPyodide } = await import(pathToFileURL(path.join(npm, "pyodide.mjs")).href);
const python = await loadPyodide({ indexURL: npm + path.sep });
for (const [name, root] of [["/wheels", wheels], ["/project", project]]) {
  python.FS.mkdir(name);
  python.FS.mount(python.FS.filesystems.NODEFS, { root }, name);
}
python.globals.set("options", process.argv.slice(5));
process.exitCode = python.runPython(`
import asyncio, os, platform, sys, time
sys.path.insert(0, "/wheels")
os.chdir("/project")

class WithoutSockets(asyncio.BaseEventLoop):
    """For what waits only for time and for other tasks: Pyodide's own event loop runs only while no Python does."""

    def __init__(self):
        super().__init__()
        self._selector = self

    def select(self, timeout):
        time.sleep(timeout or 0)
        return []

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass

asyncio._set_running_loop(None)
asyncio.new_event_loop = asyncio.events.new_event_loop = WithoutSockets

import importlib.util, pytest
# Not imported: pytest warns of a plugin's package that was there before it.
package = importlib.util.find_spec("chaukas_spec_lite")
print("CPython", platform.python_version(), "on", sys.platform, "with", package.origin)
# There are no threads to watch for tests that hang: the step has a time limit instead.
int(pytest.main(["-q", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=0", *options.to_py()]))
`);
