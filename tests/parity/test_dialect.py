"""Kernels keep to the dialect in which plain and compiled code give the same bytes.

Each rule stands for a difference that was measured between numpy's scalars and numba's machine code:
powers and array functions round differently, sums are taken in another order, narrow integers wrap
in one and widen in the other, random words mixed with whole numbers become floats.
"""

import ast
from pathlib import Path

import pytest

import coop_abm

PACKAGE = Path(coop_abm.__file__).parent

#: Columns of less than 64 bits, in which arithmetic wraps around.
NARROW = {
    "strategy", "alive", "standing", "group", "member", "open", "last", "memory", "key", "holds", "cell", "entry",
    "taken",
}  # fmt: skip
FROM_NUMPY = {"int16", "int64", "uint8", "uint32", "uint64", "float64", "empty", "zeros", "ones", "full", "arange"}
FROM_MATH = {"exp", "log", "sqrt", "floor", "ceil", "inf", "pi", "isfinite", "isnan"}
METHODS = {"copy"}
BUILTINS = {"sum", "pow", "round", "sorted", "any", "all", "divmod", "map", "filter", "reversed", "set", "dict"}
ARITHMETIC = "arithmetic on a narrow column before np.int64(...)"
MIXED = "a random word mixed with a whole number that is no np.uint64"


def kernels_in(source):
    """The functions marked @kernel in the source of a module, each with its faults."""
    tree = ast.parse(source)
    words = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign) and is_word(statement.value, set())
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and any(is_mark(mark) for mark in function.decorator_list):
            yield function, sorted(set(faults(function, words)))


def is_mark(decorator):
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(called, "id", getattr(called, "attr", "")) in ("kernel", "njit", "jit", "vectorize")


def faults(function, words):
    narrow, tainted, words = NARROW.copy(), set(), words.copy()
    learn_names(function, narrow, tainted, words)
    for mark in function.decorator_list:
        if not (isinstance(mark, ast.Name) and mark.id == "kernel"):
            yield function.lineno, "a decorator other than @kernel"
    for node in ast.walk(function):
        for said in [*faults_of_operators(node, narrow, tainted, words), *faults_of_calls(node)]:
            yield node.lineno, said


def learn_names(function, narrow, tainted, words):
    """Follow plain assignments: other names of narrow columns, values read from them, random words."""
    for _ in range(3):  # a name may be used above its assignment, in a loop
        for node in ast.walk(function):
            if not isinstance(node, ast.Assign):
                continue
            for target in node.targets:
                if isinstance(target, ast.Name):
                    column = node.value.func.value if is_copy(node.value) else node.value
                    if column_of(column, NARROW) or column_of(column, narrow):
                        narrow.add(target.id)
                    if is_narrow(node.value, narrow, tainted):
                        tainted.add(target.id)
                    if is_word(node.value, words):
                        words.add(target.id)


def is_copy(value):
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "copy"


def column_of(node, narrow):
    """The narrow column that a name or an attribute stands for."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name if name in narrow else ""


def is_narrow(node, narrow, tainted):
    """Is this the value of a narrow column?"""
    if isinstance(node, ast.IfExp):
        return is_narrow(node.body, narrow, tainted) or is_narrow(node.orelse, narrow, tainted)
    if isinstance(node, ast.Subscript):
        inner = node.value
        while isinstance(inner, ast.Subscript):
            inner = inner.value
        return bool(column_of(inner, narrow))
    return isinstance(node, ast.Name) and node.id in tainted


def is_word(node, words):
    """Is this a random word, an np.uint64?"""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "uint64"
    if isinstance(node, ast.BinOp):
        return is_word(node.left, words) or is_word(node.right, words)
    return isinstance(node, ast.Name) and node.id in words


def is_whole_number(node):
    if isinstance(node, ast.UnaryOp):
        return is_whole_number(node.operand)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "int64"
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def faults_of_operators(node, narrow, tainted, words):
    operands = []
    if isinstance(node, ast.BinOp):
        operands = [node.left, node.right]
    elif isinstance(node, ast.AugAssign):
        operands = [node.target, node.value]
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
        operands = [node.operand]
    if not operands:
        return
    if isinstance(node.op, ast.Pow):
        yield "a power: multiply, or read a table"
    if isinstance(node.op, ast.MatMult):
        yield "a matrix product: write the loop"
    if any(is_narrow(operand, narrow, tainted) for operand in operands):
        yield ARITHMETIC
    if any(is_word(x, words) for x in operands) and any(is_whole_number(x) for x in operands):
        yield MIXED


def faults_of_calls(node):
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy"):
        if node.attr not in FROM_NUMPY:
            yield f"np.{node.attr}: write the loop, or use math"
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math":
        if node.attr not in FROM_MATH:
            yield f"math.{node.attr} is not known to be the same in both"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        module = isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy", "math")
        if not module and node.func.attr not in METHODS:
            yield f"the method .{node.func.attr}(): write the loop"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in BUILTINS:
            yield f"the builtin {node.func.id}(): write the loop"
        if node.func.id in ("min", "max") and len(node.args) < 2:
            yield f"the builtin {node.func.id}() of an array: write the loop"
    elif isinstance(node, ast.keyword) and node.arg == "fastmath":
        yield "fastmath"


# ------------------------------------------------------------------------------- the package

FILES = sorted(path for path in PACKAGE.rglob("*.py") if "@kernel" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_kernel_keeps_to_the_dialect(path):
    found = [
        f"{path.name}:{line}: {function.name} has {said}"
        for function, spotted in kernels_in(path.read_text(encoding="utf-8"))
        for line, said in spotted
    ]
    assert not found, "\n".join(found)


def test_the_kernels_of_the_package_are_found():
    found = {function.name for path in FILES for function, _ in kernels_in(path.read_text(encoding="utf-8"))}
    assert {
        "uniform",
        "settle",
        "seek",
        "learn_in_turn",
        "advance_graph",
        "advance_keyed",
        "competitor",
        "grow",
    } <= found


def test_no_module_compiles_behind_the_back_of_the_kernel_decorator():
    elsewhere = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "fastmath":
                assert getattr(node.value, "value", True) is False, f"{path.name}:{node.value.lineno}: fastmath"
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            elsewhere += [str(path.relative_to(PACKAGE)) for name in named if name.split(".")[0] == "numba"]
    assert set(elsewhere) == {"core/kernel.py", "core/machine_code.py"}


# ------------------------------------------------------------------------------- planted faults


def spotted_in(line):
    source = f"import numpy as np\nWORD = np.uint64(7)\n@kernel\ndef planted(k, i, x, strategy, met, u):\n    {line}\n"
    return [said for _, spotted in kernels_in(source) for _, said in spotted]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("return x ** 2", "a power"),
        ("x **= 2", "a power"),
        ("return pow(x, 2)", "the builtin pow()"),
        ("return math.pow(x, 2)", "math.pow"),
        ("return math.tanh(x)", "math.tanh"),
        ("return x @ x", "a matrix product"),
        ("x @= x", "a matrix product"),
        ("return sum(x)", "the builtin sum()"),
        ("return min(x)", "the builtin min() of an array"),
        ("return max(x)", "the builtin max() of an array"),
        *[(f"return np.{name}(x)", f"np.{name}") for name in ("exp", "log", "tanh", "power", "sum", "mean", "dot")],
        ("return numpy.exp(x)", "np.exp"),
        ("return np.random.random()", "np.random"),
        *[(f"return x.{name}()", f".{name}()") for name in ("sum", "mean", "dot", "max", "any", "cumsum")],
        ("return x[k].sum()", ".sum()"),
        ("return strategy[k, i] + 1", ARITHMETIC),
        ("return 2 * strategy[k, i]", ARITHMETIC),
        ("return -strategy[k, i]", ARITHMETIC),
        ("strategy[k, i] += 1", ARITHMETIC),
        ("x += met.last[k, i, 0]", ARITHMETIC),
        ("return (met.last[k, i, 0] - 1) // 2", ARITHMETIC),
        ("return x[met.memory[k, i, 0] + 1]", ARITHMETIC),
        ("return strategy[k][i] * 2", ARITHMETIC),
        ("own = strategy[k, i]; return own * 2", ARITHMETIC),
        ("own = strategy[k, i] if x else 0; own += 1", ARITHMETIC),
        ("before = met.standing.copy(); return 1 - before[k, i]", ARITHMETIC),
        ("row = strategy; return row[k, i] << 1", ARITHMETIC),
        ("return np.uint64(x) >> 3", MIXED),
        ("return 5 * np.uint64(x)", MIXED),
        ("return np.uint64(x) + np.int64(i)", MIXED),
        ("return (np.uint64(x) ^ np.uint64(u)) + 1", MIXED),
        ("word = np.uint64(x); return word & 255", MIXED),
        ("word = np.uint64(x); word += 1", MIXED),
        ("return WORD + 1", MIXED),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(line, said):
    assert any(said in found for found in spotted_in(line)), spotted_in(line)


@pytest.mark.parametrize("mark", ["@kernel(fastmath=True)", "@numba.njit(fastmath=True)", "@njit", "@numba.vectorize"])
def test_another_way_to_compile_is_found(mark):
    spotted = [said for _, found in kernels_in(f"{mark}\ndef planted(x):\n    return x\n") for _, said in found]
    assert "a decorator other than @kernel" in spotted


@pytest.mark.parametrize(
    "line",
    [
        "return np.int64(strategy[k, i]) + 1",
        "strategy[k, i] = strategy[k, i - 1]",
        "return strategy[k, i] == 1 and met.open[k, i] > 0",
        "return x[strategy[k, i], k + 1]",
        "own = np.int64(strategy[k, i]); return 2 * own",
        "return not met.open[k, i]",
        "return (np.uint64(x) >> np.uint64(5)) * 67108864.0",
        "return np.uint64(64 - i) << np.uint64(i)",
        "word = np.uint64(x); return word & WORD",
        "return math.exp(-u * x) + max(x, 1.0)",
        "total = 0.0\n    for at in range(x.shape[0]):\n        total += x[at]\n    return total",
        "return np.zeros(k), strategy[k].copy()",
    ],
)
def test_what_the_dialect_permits_is_not_found_fault_with(line):
    assert spotted_in(line) == []
