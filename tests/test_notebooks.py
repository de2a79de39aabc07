"""What holds for every committed notebook."""

import symtable

import nbformat
import pytest
from lessons import NOTEBOOKS, ROOT, code_cells, solutions

from course_utils import checks

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each
def test_it_is_committed_executed_and_clean(path):
    code = code_cells(path)
    assert all(cell.execution_count for cell in code)
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error"
            assert not (output.output_type == "stream" and output.name == "stderr" and "Warning" in output.text)
    assert '"widgets"' not in path.read_text()


@each
def test_its_cells_are_short(path):
    lengths = sorted(len(cell.source.splitlines()) for cell in code_cells(path))
    assert lengths[len(lengths) // 2] < 10 and lengths[-1] <= 30


@each
def test_its_main_path_is_an_evening(path):
    """At most a hundred cells and three thousand words before what stands under *Going deeper*."""
    cells = nbformat.read(path, as_version=4).cells
    end = next((i for i, cell in enumerate(cells) if cell.source.startswith("## Going deeper")), len(cells))
    words = sum(len(cell.source.split()) for cell in cells[:end] if cell.cell_type == "markdown")
    assert end <= 100 and words <= 3000


def globals_of(table):
    """The global names that a function reads, its inner functions included."""
    own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return own.union(*map(globals_of, table.get_children()))


@each
def test_no_later_cell_takes_a_name_from_under_a_slider(path):
    """Whoever moves a slider has usually run the whole notebook: what it draws must still be what it drew first."""
    tables = [symtable.symtable(cell.source, "cell", "exec") for cell in code_cells(path)]
    bound = [{symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()} for table in tables]
    functions, reads = {}, {}
    for i, (cell, table) in enumerate(zip(code_cells(path), tables, strict=True)):
        functions |= {child.get_name(): globals_of(child) for child in table.get_children()}
        for name in functions if "explore(" in cell.source else ():
            if f"explore({name}," in cell.source.replace("explore(\n    ", "explore("):
                drawn = {name}
                while more := set().union(*(functions.get(used, ()) for used in drawn)) - drawn:
                    drawn |= more
                reads[i] = drawn - {name}
    assert len(reads) == sum("widgets.explore(" in cell.source for cell in code_cells(path))
    taken = {(i, j): names & bound[j] for i, names in reads.items() for j in range(i + 1, len(bound))}
    assert {cells: names for cells, names in taken.items() if names} == {}


@each
def test_it_names_no_path_of_one_machine(path):
    text = path.read_text()
    for start in ("/home/", "/root/", "/Users/", "/tmp/", f"{ROOT}/"):
        assert start not in text


@each
def test_it_has_parameters_and_a_guard(path):
    tags = [tag for cell in code_cells(path) for tag in cell.metadata.get("tags", [])]
    assert tags[:3] == ["setup", "parameters", "guard"]
    parameters = next(cell for cell in code_cells(path) if "parameters" in cell.metadata.get("tags", []))
    lines = parameters.source.splitlines()
    assert lines[0].startswith('model = "pocket-llama"') and lines[1].startswith("seed = 0")


def test_all_set_up_alike():
    assert len({code_cells(path)[0].source for path in NOTEBOOKS}) == 1


EXERCISES = [(path, name) for path in NOTEBOOKS for name in solutions(path)]


@each
def test_it_has_exercises(path):
    assert 3 <= len(solutions(path)) <= 5


@pytest.mark.parametrize(("path", "name"), EXERCISES, ids=[f"{path.stem}-{name}" for path, name in EXERCISES])
def test_the_grader_accepts_the_printed_solution_and_not_the_stub(path, name):
    namespace = {}
    exec(solutions(path)[name], namespace)
    grader = getattr(checks, name)
    assert grader(namespace[name]).ok is True
    assert grader(lambda *args, **kwargs: ...).ok is None
