"""How large things may grow: a guide measured on the code that reads best."""

from tests.architecture.source import Offence, functions, modules, verdict

LINES_OF_FUNCTION, LINES_OF_FILE, PARAMETERS = 60, 400, 7

CODE = modules("src/karla", "benchmarks", "docs", "tests", "tools")


def test_functions_are_short() -> None:
    found = []
    for module in CODE:
        for name, node in functions(module.tree):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LINES_OF_FUNCTION:
                found.append(Offence(f"{module.path}::{name}", f"{lines} lines"))
    verdict(found, {}, f"A function has up to {LINES_OF_FUNCTION} lines: name its parts and call them.")


def test_files_are_short() -> None:
    counted = [(module.path, len(module.text.splitlines())) for module in CODE]
    found = [Offence(path, f"{lines} lines") for path, lines in counted if lines > LINES_OF_FILE]
    verdict(found, {}, f"A file has up to {LINES_OF_FILE} lines: make it a package, one module a verb.")


def test_parameters_are_few() -> None:
    found = []
    for module in CODE:
        for name, node in functions(module.tree):
            given = node.args
            all_of_them = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            names = [one.arg for one in all_of_them if one and one.arg not in ("self", "cls")]
            if len(names) > PARAMETERS:
                found.append(Offence(f"{module.path}::{name}", f"{len(names)} parameters"))
    verdict(found, {}, f"A function has up to {PARAMETERS} parameters: what belongs together is a record.")
