"""Which modules are imported by whom, and that an SDK is wrapped whenever and however it is imported (S1.01)."""

from __future__ import annotations

import json

import pytest

from process_site import CALL, Site

HEAVY = ("openai", "anthropic", "httpx", "httpx2", "yaml", "sqlite3", "pydantic", "opentelemetry.sdk", "asyncio")
ASK = """
answer = openai.OpenAI(max_retries=0).chat.completions.create(
    model="auto", messages=[{"role": "user", "content": "Hi"}])
print(answer.choices[0].message.content, waypost.receipt(answer).status)
"""


def imported(site: Site, program: str) -> set[str]:
    """The heavy modules that a program has at its end."""
    ended = site.run(f"{program}\nimport json, sys\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))\n")
    assert (ended.code, ended.err) == (0, "")
    return set(json.loads(ended.lines[-1]))


def test_importing_waypost_imports_nothing_heavy(site: Site) -> None:
    """No SDK, no HTTP library, no YAML, no database, no OpenTelemetry SDK."""
    assert imported(site, "import waypost; waypost.__version__; dir(waypost)") == set()


def test_switching_on_imports_no_sdk(site: Site) -> None:
    """Neither a vendor's nor OpenTelemetry's, and nothing of what they bring."""
    found = imported(site, "import waypost; waypost.auto_instrument()")
    assert found & {"openai", "anthropic", "httpx", "httpx2", "pydantic", "opentelemetry.sdk"} == set()


def test_switched_off_it_imports_nothing_heavy(site: Site) -> None:
    """WAYPOST_ENABLED=0 costs no reading of policies."""
    found = imported(site, "import os; os.environ['WAYPOST_ENABLED'] = '0'\nimport waypost; waypost.auto_instrument()")
    assert found & {"openai", "httpx", "httpx2", "pydantic", "opentelemetry.sdk"} == set()


@pytest.mark.parametrize(
    "start",
    [
        "import openai, waypost\nwaypost.auto_instrument()",
        "import waypost\nwaypost.auto_instrument()\nimport openai",
        "import waypost\nwaypost.auto_instrument()\nfrom openai import OpenAI\nimport openai",
        "import waypost\nwaypost.auto_instrument()\nimport openai.types.chat\nimport openai",
        "import waypost\nwaypost.auto_instrument()\nimport openai._base_client\nimport openai",
        "import waypost\nwaypost.auto_instrument()\nimport importlib\nopenai = importlib.import_module('openai')",
        "import waypost\nwaypost.auto_instrument()\nwaypost.auto_instrument()\nimport openai\nwaypost.reload()",
        "import waypost\nwaypost.auto_instrument()\nimport threading\n"
        "def load():\n    import openai\n"
        "threads = [threading.Thread(target=load) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\nimport openai",
    ],
    ids=["before", "after", "from", "submodule", "private module", "import_module", "thrice", "in threads"],
)
def test_any_order_of_imports_is_routed(site: Site, start: str) -> None:
    """One receipt for one call, so it was wrapped, and once."""
    ended = site.run(start + ASK)
    assert (ended.code, ended.out, ended.err) == (0, "Hello. ok\n", "")
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"]
    assert [request.body["model"] for request in site.openai.seen] == ["gpt-4o-mini"]


def test_a_client_made_before_is_routed_too(site: Site) -> None:
    """The class is wrapped and not the client."""
    early = CALL.replace(
        "waypost.auto_instrument()\n", "client = openai.OpenAI(max_retries=0)\nwaypost.auto_instrument()\n"
    )
    ended = site.run(early.replace("openai.OpenAI(max_retries=0).chat", "client.chat"))
    assert (ended.code, ended.out) == (0, "Hello.\n")
    assert len(site.receipts()) == 1


def test_the_module_keeps_its_own_loader(site: Site) -> None:
    """Whoever looks at the module's source, resources or spec later finds what would be there without us."""
    tell = (
        "import inspect\nmodule = openai._base_client\n"
        "print(type(module.__spec__.loader).__name__, type(module.__loader__).__name__)\n"
        "print(inspect.getsource(module)[:1] != '', module.SyncAPIClient.request.__name__)\n"
    )
    ended = site.run("import waypost\nwaypost.auto_instrument()\nimport openai\n" + tell)
    assert (ended.lines, ended.err) == (["SourceFileLoader SourceFileLoader", "True request"], "")


def test_reload_of_the_sdk_is_no_harm(site: Site) -> None:
    """A module that is run again has classes of its own; calls through them are answered."""
    start = (
        "import openai, waypost\nwaypost.auto_instrument()\nimport importlib\nimportlib.reload(openai._base_client)\n"
    )
    ended = site.run(start + "waypost.auto_instrument()" + ASK)
    assert (ended.code, ended.out, ended.err) == (0, "Hello. ok\n", "")


# -- versions that do not fit -----------------------------------------------------------------------------------------

FAKES = {
    "nothing there": ("", "openai._base_client has no SyncAPIClient"),
    "no request": ("class SyncAPIClient: pass\nclass AsyncAPIClient: pass\n", "SyncAPIClient has no "),
}


@pytest.mark.parametrize("name", FAKES)
@pytest.mark.parametrize("first", ["sdk", "waypost"])
def test_a_version_that_does_not_fit_is_left_alone(site: Site, name: str, first: str) -> None:
    """It works as it is, one line says why it is not routed, and the reason is in it."""
    source, why = FAKES[name]
    package = site.folder / "openai"
    package.mkdir()
    (package / "__init__.py").write_text("from openai import _base_client\n__version__ = '99.0'\n")
    (package / "_base_client.py").write_text(f"{source}\nanswer = 42\n")
    lines = ["import openai", "import waypost; waypost.auto_instrument()"]
    program = "\n".join(lines if first == "sdk" else reversed(lines))
    ended = site.run(f"{program}\nprint(openai._base_client.answer)\nwaypost.auto_instrument()\n")
    assert (ended.code, ended.out) == (0, "42\n"), ended.err
    (line,) = ended.err.splitlines()
    assert line.startswith(f"openai._base_client is left alone: {why}")
    assert line.endswith("Calls go through unrouted and without receipts.")


def test_an_sdk_that_cannot_be_imported_raises_its_own_error(site: Site) -> None:
    """Our hook adds nothing to an ImportError, and a second attempt is as good as the first."""
    package = site.folder / "openai"
    package.mkdir()
    (package / "__init__.py").write_text("from openai import _base_client\n")
    (package / "_base_client.py").write_text("import nowhere_at_all\n")
    ended = site.run(
        "import waypost\nwaypost.auto_instrument()\n"
        "for _ in range(2):\n    try:\n        import openai\n    except ImportError as error:\n        print(error)\n"
    )
    assert (ended.lines, ended.err) == (["No module named 'nowhere_at_all'"] * 2, "")


def test_an_sdk_that_is_not_installed_stays_so(site: Site) -> None:
    """Looking for it finds nothing, with us as without us."""
    ended = site.run(
        "import sys\nsys.modules['openai'] = None\nimport waypost\nwaypost.auto_instrument()\n"
        "try:\n    import openai\nexcept ModuleNotFoundError as error:\n    print(type(error).__name__)\n"
    )
    assert (ended.lines, ended.err) == (["ModuleNotFoundError"], "")
