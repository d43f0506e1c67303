"""Where a model class lives: words that name one, and the digest of the source that makes it what it is."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from coop_abm.core.errors import InputError, quoted
from coop_abm.sweeps.work import told

#: Files that were loaded by path: the name of their module, and the file.
_LOADED: dict[str, Path] = {}


def is_reference(text: str) -> bool:
    """Does this name a class, ``package.module:Class`` or ``path/to/file.py:Class``, and no scenario?"""
    place, colon, name = text.rpartition(":")
    return bool(colon and place) and name.replace(".", "").isidentifier() and not text.endswith(".toml")


def model_of(reference: str) -> type:
    """The model class that is meant by ``package.module:Class`` or ``path/to/file.py:Class``.

    A file is loaded as Python would run it: what lies beside it can be imported.

    Raises
    ------
    InputError
        in one line, if there is no such file, module or class, or importing it fails
    """
    place, _colon, name = reference.rpartition(":")
    if not is_reference(reference):
        raise InputError(
            f"model must be written package.module:Class or path/to/file.py:Class; got {quoted(reference, 200)}"
        )
    module = _file(place) if place.endswith(".py") else _module(place)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    from mesa import Model

    if isinstance(found, type) and issubclass(found, Model):
        return found
    models = [n for n, v in vars(module).items() if isinstance(v, type) and issubclass(v, Model) and v is not Model]
    near = difflib.get_close_matches(name, models, 1)
    known = f"; did you mean {near[0]}?" if near else f"; its models are {', '.join(models) or 'none'}"
    raise InputError(f"model: {quoted(place, 200)[1:-1]} has no Mesa model {quoted(name)}{known}")


def reference_of(model: type) -> str:
    """Words by which another process can load a class that was loaded by path; empty for any other class."""
    path = _LOADED.get(model.__module__)
    return f"{path}:{model.__qualname__}" if path else ""


def absolute(reference: str) -> str:
    """The reference as it can be read in any folder."""
    place, _colon, name = reference.rpartition(":")
    return f"{Path(place).resolve()}:{name}" if place.endswith(".py") else reference


def _module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:  # a console script does not look into the current folder
        sys.path.append(here)
    return _imported(name, name)


def _file(place: str) -> ModuleType:
    path = Path(place).resolve()
    if not path.is_file():
        raise InputError(f"model: there is no file {quoted(place, 200)}")
    known = next((name for name, loaded in _LOADED.items() if loaded == path), None)
    if known is not None:
        return sys.modules[known]
    parts, root = [path.stem], path.parent
    while (root / "__init__.py").is_file():  # part of a package, so its relative imports need the package's name
        parts.insert(0, root.name)
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    if len(parts) > 1:
        module = _imported(".".join(parts), place)
        if Path(module.__file__ or "").resolve() != path:
            raise InputError(
                f"model: {quoted(place, 200)} cannot be loaded, another module {module.__name__} was loaded before"
            )
    else:
        name = f"{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"
        module = _imported(name, place, path)
    _LOADED[module.__name__] = path
    return module


def _imported(name: str, said: str, path: Path | None = None) -> ModuleType:
    try:
        if path is None:
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError("it is no Python source")
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module
    except (Exception, SystemExit) as error:
        raise InputError(f"model: {quoted(said, 200)} cannot be imported ({told(error)})") from error


# ------------------------------------------------------------------------------------- identity


def name_of(model: type) -> str:
    """``module:qualname``, the same whether its file was run as a script, given by path or imported from its folder."""
    return f"{_label(model.__module__)}:{model.__qualname__}"


def source_digest(model: type) -> str:
    """SHA-256 of the source that makes a model what it is, in hexadecimal.

    That is the module of the class and of its bases, and of what these take from modules of the same package or
    folder: agents are often defined in a file of their own. Mesa, coop_abm and the standard library are known by
    version. Of a notebook, whose cells change all the time, it is the class and whatever it names.

    Raises
    ------
    InputError
        if the source cannot be found
    """
    text = hashlib.sha256()
    for label, source in sorted(_sources(model)):
        text.update(f"{label} {hashlib.sha256(source).hexdigest()}\n".encode())
    return text.hexdigest()


def _sources(model: type) -> Iterator[tuple[str, bytes]]:
    own = [base for base in model.__mro__ if base is model or not _by_version(base.__module__)]
    for base in own:
        if _path(base.__module__) is None:
            yield from ((f"{base.__module__}.{thing.__qualname__}", _text(thing, model)) for thing in _named_by(base))
    queue = [base.__module__ for base in own if _path(base.__module__) is not None]
    seen: set[str] = set()
    while queue:
        name = queue.pop()
        path = _path(name)
        if name in seen or path is None:
            continue
        seen.add(name)
        yield _label(name), path.read_bytes()
        queue += [other for other in _reached(sys.modules[name]) if _near(other, name)]


def _reached(module: ModuleType) -> Iterator[str]:
    for value in vars(module).values():
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(value, (type, FunctionType)) and value.__module__ in sys.modules:
            yield value.__module__


def _near(other: str, name: str) -> bool:
    """Does this module belong to the same work: the same package, or the same folder?"""
    path, here = _path(other), _path(name)
    if path is None or here is None:
        return False
    package = "." in name and name.split(".")[0] == other.split(".")[0] and not _by_version(name)
    return package or path.parent == here.parent


def _by_version(module: str) -> bool:
    top = module.split(".")[0]
    return top in {"mesa", "coop_abm"} or (top in sys.stdlib_module_names and top != "__main__")


def _path(module: str) -> Path | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    path = Path(file) if file else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _label(module: str) -> str:
    path = _path(module)
    return path.stem if path is not None and (module in ("__main__", "__mp_main__") or module in _LOADED) else module


def _named_by(thing: Any) -> list[Any]:
    """This class or function of a notebook, and those that its code names, and so on."""
    found, queue = [], [thing]
    while queue:
        at = queue.pop()
        if at in found or at.__module__ != thing.__module__:
            continue
        found.append(at)
        around = vars(sys.modules[thing.__module__])
        words = {word for code in _codes(at) for word in code.co_names}
        words |= {base.__name__ for base in at.__bases__} if isinstance(at, type) else set()
        queue += [around[w] for w in sorted(words) if isinstance(around.get(w), (type, FunctionType))]
    return found


def _codes(thing: Any) -> Iterator[CodeType]:
    inside = vars(thing).values() if isinstance(thing, type) else (thing,)
    queue = []
    for value in inside:
        held = getattr(value, "fget", None) or getattr(value, "__func__", value)
        if isinstance(held, FunctionType):
            queue.append(held.__code__)
    while queue:
        code = queue.pop()
        yield code
        queue += [inner for inner in code.co_consts if isinstance(inner, CodeType)]


def _text(thing: Any, model: type) -> bytes:
    try:
        return inspect.getsource(thing).encode("utf-8", "surrogatepass")
    except (OSError, TypeError) as error:
        raise InputError(
            f"{model.__name__}: the source of {thing.__qualname__} cannot be found, and without it a store cannot tell "
            f"whether its runs are of this model; put the model into a file ({error})"
        ) from None
