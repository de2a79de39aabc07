"""The sliders in a real browser: JupyterLab on loopback, headless Chromium, every slider moved by keyboard and mouse.

The time from a key press to the new image is printed and not asserted, apart from a wide margin: the machine may be
busy. Screenshots lie in pytest's temporary directory, whose name is printed, for a person to look at; with
COURSE_PHOTOGRAPHS=1 of the whole lesson.
"""

import ast
import contextlib
import hashlib
import importlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
import warnings

import nbformat
import psutil
import pytest
from lessons import CLAIMING, NOT_RANDOM, NOTEBOOKS, ROOT, code_cells
from lessons import number as number_of

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no browser: none of chromium, chromium-browser, google-chrome found"),
]

PRESSES = 4  # timed key presses a slider
PHOTOGRAPHS = bool(os.environ.get("COURSE_PHOTOGRAPHS"))  # of the whole page too, which takes a while
RUN_SECONDS, REDRAW_SECONDS = 600, 60  # patience: a lesson's run; one redraw, live training included
# At 150 % the same window holds fewer, larger CSS pixels. It is high so that a screenshot holds any cell's output.
WINDOWS = {percent: {"width": round(1280 * 100 / percent), "height": 1400} for percent in (100, 150)}
FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

# No cell may be taken out of the page while it is off the screen, nothing may be saved, no news fetched.
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}

# What no reader must see: messages in a figure's place, tracebacks, standard error.
WRONG = ".jp-Notebook :is([role=alert], [data-mime-type$=stderr], [data-mime-type$=error])"

# Starts to wait for the key press and for the image that follows it. `window.redraw` becomes a promise of the
# milliseconds from the one to the frame that shows the other. The keys that move in an open menu do not reach the page;
# its change does.
WATCH = """(cell) => {
    const old = cell.querySelector('.jp-OutputArea-output img');
    let pressed = null;
    for (const kind of ['keydown', 'change'])
        window.addEventListener(kind, (event) => { pressed = event.timeStamp; }, {capture: true, once: true});
    window.redraw = new Promise((done) => {
        const observer = new MutationObserver(async () => {
            const image = cell.querySelector('.jp-OutputArea-output img, .jp-OutputArea-output [role=alert]');
            if (image === null || image === old) return;
            observer.disconnect();
            if (image.decode) await image.decode();
            requestAnimationFrame(() => done(performance.now() - pressed));
        });
        observer.observe(cell, {childList: true, subtree: true});
    });
}"""
AWAIT = """(patience) => Promise.race([window.redraw, new Promise((done) => setTimeout(done, patience, null))])"""

# Words wider than their place, and outputs that would need a scroll bar.
CLIPPED = """(cell) => [...cell.querySelectorAll('.jp-OutputArea-output, .widget-label, .widget-readout')]
    .filter((part) => part.scrollWidth > part.clientWidth + 1)
    .map((part) => `${part.className}: ${part.scrollWidth} in ${part.clientWidth} pixels: ${part.innerText}`)"""


@contextlib.contextmanager
def jupyterlab(directory, build, values):
    """JupyterLab on a copy of the course below `directory`, with no setting of this machine's user.

    What lessons leave for each other stands in `build`. Parameters take a lesson's quick values, then `values`.

    Gives the course's address, the token and where the kernels' connection files are.
    """
    course = directory / "course"
    shutil.copytree(ROOT / "notebooks", course / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for path in (course / "notebooks").glob("*.ipynb"):
        shorten(path, values)
    shutil.copytree(ROOT / "images", course / "images")  # the server follows no link out of its directory
    for name in ("course_utils", "requirements.txt"):
        (course / name).symlink_to(ROOT / name)
    places = {f"JUPYTER_{name}_DIR": directory / name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
    places |= {f"JUPYTERLAB_{name}_DIR": directory / name.lower() for name in ("SETTINGS", "WORKSPACES")}
    places |= {"IPYTHONDIR": directory / "ipython", "COURSE_BUILD": build}
    overrides = directory / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(json.dumps(SETTINGS))
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_HEADLESS"}
    environment |= {name: str(place) for name, place in places.items()}
    token = os.urandom(16).hex()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    command += [f"--IdentityProvider.token={token}"]
    command += [
        "--FileContentsManager.preferred_dir=notebooks",
        "--LabApp.extension_manager=readonly",
    ]  # the first as `make lab`
    log = directory / "jupyterlab.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=course, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        address = until(lambda: address_of(places["JUPYTER_RUNTIME_DIR"], process), 120, lambda: log.read_text())
        yield address, token, places["JUPYTER_RUNTIME_DIR"]
    finally:
        process.terminate()  # the server ends its kernels
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def shorten(path, values):
    """Puts a notebook's own quick values and these into its parameters cell: its sliders are the same."""
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    quick = notebook.metadata["course"]["quick"]
    for name, value in (quick | values).items():
        cell.source, found = re.subn(rf"^{name} = .*", f"{name} = {value!r}", cell.source, flags=re.MULTILINE)
        assert found == 1 or name not in quick, f"{path.name} has no parameter {name}"
    nbformat.write(notebook, path)


@pytest.fixture
def values(notebook, request):
    """What a lesson is run with beside its quick values: mostly another model, which it then needs no run for."""
    return {} if number_of(notebook) in NOT_RANDOM else {"model": str(request.getfixturevalue("tiny_model"))}


@pytest.fixture
def build(lane, tmp_path_factory):
    """Where the lessons write. An adapter that lesson 06 has trained by now, beside the tests, is not trained again."""
    place = tmp_path_factory.getbasetemp() / "browser-build"
    if "full_run" in lane.jobs and (trained := lane.output("full_run") / "adapters" / "pocket-chat").is_dir():
        shutil.copytree(trained, place / "adapters" / "pocket-chat", dirs_exist_ok=True)
    return place


def address_of(runtime, process):
    """Where the server says it listens, once it answers there."""
    assert process.poll() is None, "JupyterLab ended"
    for path in runtime.glob("jpserver-*.json"):
        with contextlib.suppress(OSError, ValueError):
            server = json.loads(path.read_text())
            with urllib.request.urlopen(f"{server['url']}api/status?token={server['token']}", timeout=10):
                return server["url"]
    return None


def settled(page, cell):
    """The figure that stays: the kernel idle and the same figure for a second, as drags leave redraws behind them."""
    idle(page, REDRAW_SECONDS)
    seen = []

    def stays():
        seen.append(picture(cell))
        return len(set(seen[-10:])) == 1 and len(seen) >= 10

    until(stays, REDRAW_SECONDS, lambda: "the figure keeps changing")
    idle(page, REDRAW_SECONDS)
    return picture(cell)


def until(condition, seconds, explain):
    """Asks `condition` until it gives something, for at most so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(explain())


@contextlib.contextmanager
def chromium(profile):
    """A page of headless Chromium with a new profile, and the list of what it asked for elsewhere than on loopback."""
    with sync_api.sync_playwright() as playwright:
        # Without a sandbox because continuous integration is often root, which Chromium's sandbox refuses.
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=FLAGS, chromium_sandbox=False, viewport=WINDOWS[100]
        )
        elsewhere = []
        here = re.compile(r"(data|blob|about):|\w+://127\.0\.0\.1[:/]")
        context.on("request", lambda request: here.match(request.url) or elsewhere.append(request.url))
        page = context.pages[0]
        page.set_default_timeout(120_000)
        yield page, elsewhere
        context.close()


def explorers_of(notebook):
    """What each `widgets.explore` of a notebook draws, in order: its number and the name of its function."""
    names = []
    for cell in code_cells(notebook):
        if "explore(" in cell.source:
            calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
            names += [call.args[0].id for call in calls if ast.unparse(call.func) == "widgets.explore"]
    return [f"{number:02}-{name}" for number, name in enumerate(names, 1)]


def idle(page, seconds=RUN_SECONDS):
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=1000 * seconds)


class Stuck(Exception):
    """A run of all cells that does not end."""


def run_all(page, cells):
    """Runs every cell of the open notebook, its stored outputs cleared, and waits for the end."""
    page.wait_for_function(f"document.querySelectorAll('.jp-CodeCell').length === {cells}")
    # JupyterLab shows a notebook that has no kernel yet as idle too; cells run then only raise a question.
    name = "document.querySelector('.jp-KernelName')?.innerText"
    page.wait_for_function(f"![undefined, '', 'No Kernel'].includes({name})")
    idle(page)
    for menu, command in (("Edit", "editmenu:clear-all"), ("Run", "runmenu:run-all")):
        page.get_by_role("menuitem", name=menu, exact=True).click()
        page.locator(f"li[data-command='{command}']").click()
    # A cell that waits shows [*]; after an error the rest shows [ ] again. JupyterLab files tracebacks under stderr.
    prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map((prompt) => prompt.innerText)"
    numbered = f"{prompts}.filter((text) => /\\d/.test(text)).length"
    wrong = f'document.querySelector("{WRONG}") !== null'
    try:
        page.wait_for_function(f"{numbered} === {cells} || {wrong}", timeout=1000 * RUN_SECONDS)
    except sync_api.TimeoutError:
        kernel = page.locator(".jp-Notebook-ExecutionIndicator").get_attribute("data-status")
        raise Stuck(f"after {RUN_SECONDS} s the kernel is {kernel}, the prompts {page.evaluate(prompts)}") from None
    idle(page)
    assert complaints(page) == []
    assert page.evaluate(numbered) == cells
    images = "[...document.querySelectorAll('.jp-Notebook img')]"
    page.wait_for_function(f"{images}.every((image) => image.complete)")
    assert page.evaluate(f"{images}.filter((image) => image.naturalWidth === 0).map((image) => image.alt)") == []


@contextlib.contextmanager
def ran(notebook, directory, build, values):
    """A lesson in JupyterLab after all its cells have run.

    Kernels of ipykernel 7 have lost messages (https://github.com/ipython/ipykernel/issues/1554): the page then waits
    for a kernel that does nothing. That is no fault of a lesson, and the run is made once more, with a warning; a
    kernel that is at work, or stuck twice, fails.

    Gives the page, what it asked for elsewhere, and where the kernel's connection file is.
    """
    for attempt in ("first", "second"):
        with (
            jupyterlab(directory / attempt, build, values) as (address, token, runtime),
            chromium(directory / attempt / "profile") as (page, other),
        ):
            page.goto(f"{address}lab/tree/notebooks/{notebook.name}?token={token}")
            try:
                run_all(page, len(code_cells(notebook)))
            except Stuck as stuck:
                if attempt == "second" or busy(runtime):
                    raise
                warnings.warn(f"{notebook.stem}: the kernel lost a message, {stuck}", stacklevel=1)
                continue
            yield page, other, runtime
            return


def busy(runtime):
    """Whether the one kernel that runs is at work: the share of a core that it uses for three seconds."""
    (connection,) = runtime.glob("kernel-*.json")
    (kernel,) = (
        process for process in psutil.process_iter(["cmdline"]) if str(connection) in (process.info["cmdline"] or ())
    )
    return kernel.cpu_percent(interval=3) > 10


def complaints(page):
    """The texts of what no reader must see."""
    return page.locator(WRONG).all_inner_texts()


def told(runtime, name):
    """A value in the one kernel that runs, by its name in the package: what JSON can hold of it."""
    from jupyter_client import BlockingKernelClient

    (connection,) = runtime.glob("kernel-*.json")
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        code = f"__import__('json').dumps(__import__('course_utils.{name.split('.')[0]}').{name})"
        reply = client.execute("", silent=True, user_expressions={"told": code}, reply=True, timeout=60)
    finally:
        client.stop_channels()
    return json.loads(ast.literal_eval(reply["content"]["user_expressions"]["told"]["data"]["text/plain"]))


def picture(cell):
    """A hash of the figure that the cell shows."""
    source = cell.locator(".jp-OutputArea-output img").get_attribute("src")
    return hashlib.sha256(source.encode()).hexdigest()


def redraw(page, cell, act):
    """Does `act`, a key press; gives milliseconds to the new image."""
    cell.evaluate(WATCH)
    act()
    took = page.evaluate(AWAIT, 1000 * REDRAW_SECONDS)
    assert took is not None, f"no new image after {REDRAW_SECONDS} s"
    idle(page, REDRAW_SECONDS)
    return took


def move_by_keyboard(page, cell, control, presses):
    """Moves a control one step and back again; gives the milliseconds of each move and the new figures.

    After an even number of presses the figure must be the one from before: one that lags behind its slider is not.
    """
    handle = control.locator("[role=slider], select, input[type=checkbox]")
    kind = handle.evaluate("(element) => element.tagName")
    assert handle.evaluate("(element) => element.tabIndex") == 0, "the Tab key does not reach it"
    handle.focus()
    keys = {"DIV": ("ArrowRight", "ArrowLeft"), "SELECT": ("ArrowDown", "ArrowUp"), "INPUT": ("Space", "Space")}[kind]
    ends = {
        "DIV": "(handle) => Number(handle.ariaValueNow) >= Number(handle.ariaValueMax)",
        "SELECT": "(menu) => menu.selectedIndex === menu.options.length - 1",
        "INPUT": "(box) => false",
    }
    if handle.evaluate(ends[kind]):
        keys = keys[::-1]

    def press(key):
        if kind == "SELECT":  # an arrow key on a closed menu is JupyterLab's: it goes to the next cell
            page.keyboard.press("Space")
            until(lambda: handle.evaluate("(menu) => menu.matches(':open')"), 60, lambda: "the menu does not open")
        page.keyboard.press(key)
        if kind == "SELECT":
            page.keyboard.press("Enter")

    before, times, seen = picture(cell), [], set()
    for number in range(presses):
        times.append(redraw(page, cell, lambda key=keys[number % 2]: press(key)))
        seen.add(picture(cell))
        assert handle.evaluate("(element) => element === document.activeElement"), "a key moved the focus away"
    assert presses % 2 or picture(cell) == before, "back where it was, the slider shows another figure"
    return times, seen - {before}


def move_by_mouse(page, cell, control):
    """Drags a slider's handle to the farther end, or chooses the last entry of a menu, or clicks a switch.

    Gives the figure that this leaves.
    """
    before = picture(cell)
    control.scroll_into_view_if_needed()
    if control.locator("select").count():
        menu = control.locator("select")
        chosen, count = menu.evaluate("(menu) => [menu.selectedIndex, menu.options.length]")
        menu.select_option(index=0 if chosen == count - 1 else count - 1)
    elif control.locator("input[type=checkbox]").count():
        control.locator("input[type=checkbox]").click()
    else:
        handle, track = (control.locator(part).bounding_box() for part in (".noUi-handle", ".noUi-base"))
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        left, right = track["x"], track["x"] + track["width"]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(right if right - x > x - left else left, y, steps=4)
        page.mouse.up()
    until(lambda: picture(cell) != before, REDRAW_SECONDS, lambda: "the mouse did not change the figure")
    return settled(page, cell)


def photograph(page, directory, names, explorers):
    """Each explorer, and if asked for the whole lesson a screen at a time; gives what is clipped."""
    clipped = []
    for percent, size in WINDOWS.items():
        page.set_viewport_size(size)
        page.wait_for_function(f"innerWidth === {size['width']}")
        for name, cell in zip(names, explorers, strict=True):
            cell.locator(".jp-Cell-outputWrapper").screenshot(path=directory / f"{name}-{percent}.png")
            clipped += [f"{name} at {percent} %: {what}" for what in cell.evaluate(CLIPPED)]
        if not PHOTOGRAPHS:
            continue
        scroller = page.locator(".jp-WindowedPanel-outer")
        height, window = scroller.evaluate("(it) => [it.scrollHeight, it.clientHeight]")
        for number, top in enumerate(range(0, height, window)):
            scroller.evaluate("(it, top) => { it.scrollTop = top; }", top)
            scroller.screenshot(path=directory / f"lesson-{percent}-{number:02}.png")
    page.set_viewport_size(WINDOWS[100])
    return clipped


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_slider_moves_its_figure(notebook, values, build, tmp_path, capsys, record_property):
    # A redraw of these takes seconds by nature: moved once by key and once by mouse, and not counted.
    training = nbformat.read(notebook, as_version=4).metadata["course"].get("live_training", [])
    names = explorers_of(notebook)
    times, counted, table = (
        {},
        [],
        [f"\n{notebook.stem}: milliseconds from key press to new image; screenshots in {tmp_path}"],
    )
    with ran(notebook, tmp_path, build, values) as (page, other, runtime):
        explorers = page.locator(".jp-CodeCell:has(.jp-OutputArea-output .widget-vbox)").all()
        assert len(explorers) == len(names)
        clipped = photograph(page, tmp_path, names, explorers)
        for name, cell in zip(names, explorers, strict=True):
            cell.scroll_into_view_if_needed()
            for control in cell.locator(".widget-vbox > *").all():
                label = control.locator(".widget-label").first.inner_text()
                live = name[3:] in training
                presses, figures = move_by_keyboard(page, cell, control, 1 if live else PRESSES)
                assert figures, f"{name}, {label}: the keys did not change the figure"
                move_by_mouse(page, cell, control)
                if not live:  # does the figure show where the drag ended? (At an end a step may change nothing.)
                    presses += move_by_keyboard(page, cell, control, 2)[0]
                    counted += presses
                assert complaints(page) == [], f"{name}, {label}"
                times[f"{name}, {label}"] = presses
            cell.locator(".jp-Cell-outputWrapper").screenshot(path=tmp_path / f"{name}-moved.png")
        assert told(runtime, "widgets.ERRORS") == []
        claims = importlib.import_module(f"test_lesson_{number_of(notebook)}")
        assert hasattr(claims, "of_another_model") == (number_of(notebook) in CLAIMING)
        if number_of(notebook) in CLAIMING:
            claims.of_another_model(told(runtime, "results.RECORDED"))
        assert other == [], "the page asked for something that is not on this machine"

    for name, some in times.items():
        table.append(f"  {statistics.median(some):7.0f}  {name} ({len(some)} presses: {min(some):.0f}–{max(some):.0f})")
    table.append(f"  {statistics.median(counted):7.0f}  median of {len(counted)} presses of the instant sliders")
    with capsys.disabled():
        print("\n".join(table))
    record_property("redraw_ms", {name: statistics.median(some) for name, some in times.items()})
    record_property("redraw_ms_median", statistics.median(counted))
    assert clipped == []
    assert statistics.median(counted) < 2000  # the aim is 100 ms on two free cores
