"""Settings come from the environment; parameters are checked by name."""

import logging
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter
from traitlets.log import get_logger

from digitlib import notebook, settings
from digitlib.store.errors import StoreError
from digitlib.store.store import Store

CELL = "epochs: int = 10  # passes\nlearning_rate: float = 0.002"


def test_each_folder_is_set_separately(monkeypatch, tmp_path):
    for name in ("DIGITS_DATA_DIR", "DIGITS_OUTPUTS_DIR", "DIGITS_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    root = settings.project_root()
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path))
    assert settings.data_dir() == tmp_path.resolve()
    assert settings.outputs_dir() == root / "outputs"
    assert settings.database_url() == str(root / "data" / "digits.duckdb")


def test_a_relative_folder_starts_at_the_projects_root(monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITS_OUTPUTS_DIR", "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert settings.outputs_dir() == settings.project_root() / "elsewhere"


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("DIGITS_OUTPUTS_DIR", "~/outputs")
    monkeypatch.setenv("DIGITS_DATABASE", "~/digits.duckdb")
    assert settings.outputs_dir() == (Path.home() / "outputs").resolve()
    assert settings.database_url() == str((Path.home() / "digits.duckdb").resolve())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"/data/digits.duckdb"', "/data/digits.duckdb"),
        ("'/data/digits.duckdb'", "/data/digits.duckdb"),
        (" '/data/my digits.duckdb' ", "/data/my digits.duckdb"),
        ("$HOME/digits.duckdb", "HOME/digits.duckdb"),
        ("${HOME}/digits.duckdb", "HOME/digits.duckdb"),
        ("file:///data/my%20digits.duckdb", "/data/my digits.duckdb"),
        ("file://localhost/data/digits.duckdb", "/data/digits.duckdb"),
        ("/home/o'neill/digits.duckdb", "/home/o'neill/digits.duckdb"),
        ("''", "ROOT/data/digits.duckdb"),
        ("  ", "ROOT/data/digits.duckdb"),
        ('"postgresql://me@host/digits"', "postgresql://me@host/digits"),
    ],
)
def test_a_database_is_understood_as_it_was_meant(monkeypatch, written, meant):
    monkeypatch.setenv("DIGITS_DATABASE", written)
    root, home = str(settings.project_root()), str(Path.home())
    assert settings.database_url() == meant.replace("HOME", home).replace("ROOT", root)


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        (":memory:", "give a file, such as data/digits.duckdb"),
        (
            "duckdb:///data/digits.duckdb",
            "give a path on this machine, such as /data/digits.duckdb",
        ),
        ("file://server/digits.duckdb", "give a path on this machine"),
        ("$DIGITS_NOWHERE/digits.duckdb", r"\$DIGITS_NOWHERE is not set; write the path in full"),
        ("${DIGITS_NOWHERE}/digits.duckdb", "is not set"),
        ('"/data/digits.duckdb', "remove the quotes"),
        ('/data/"digits.duckdb"', "remove the quotes"),
        ("/data/'digits.duckdb'", "remove the quotes"),
        ("~no such user/digits.duckdb", "home"),
        ("/", "this is a folder; give a file in it"),
    ],
)
def test_a_database_that_cannot_be_meant_is_refused_with_the_remedy(monkeypatch, written, remedy):
    monkeypatch.setenv("DIGITS_DATABASE", written)
    with pytest.raises(ValueError, match=f"^DIGITS_DATABASE=.*{remedy}"):
        settings.database_url()
    with pytest.raises(StoreError, match=remedy):
        Store()


@pytest.mark.parametrize("setting", ["DIGITS_DATA_DIR", "DIGITS_OUTPUTS_DIR"])
def test_a_folder_is_understood_or_refused_likewise(monkeypatch, setting):
    folder = settings.data_dir if setting == "DIGITS_DATA_DIR" else settings.outputs_dir
    for written in ('"/data"', "'/data'", "file:///data", "/data/"):
        monkeypatch.setenv(setting, written)
        assert folder() == Path("/data")
    for written in ("$DIGITS_NOWHERE/data", "'/data", "s3://bucket/data"):
        monkeypatch.setenv(setting, written)
        with pytest.raises(ValueError, match=rf"^{setting}=.*(not set|quotes|on this machine)"):
            folder()


def test_a_servers_url_is_kept(monkeypatch):
    monkeypatch.setenv("DIGITS_DATABASE", "postgres:dbname=digits")
    assert settings.database_url() == "postgres:dbname=digits"


@pytest.mark.parametrize(("value", "debug"), [("1", True), ("0", False), ("false", False)])
def test_debug_mode_logs_everything(monkeypatch, value, debug):
    monkeypatch.setenv("DEBUG_MODE", value)
    settings.configure_logging()
    assert logging.getLogger("digitlib").isEnabledFor(logging.DEBUG) is debug


def test_the_given_parameters_are_found_and_their_values_taken():
    history = ["", CELL, "# Parameters\nepochs = 3\n", "print(1)"]
    assert notebook.passed_parameters(history) == ["epochs"]
    values = notebook.notebook_parameters(history, {"epochs": 3, "learning_rate": 0.002})
    assert values == {"epochs": 3, "learning_rate": 0.002}


def test_a_name_of_an_earlier_version_counts_as_todays(caplog, monkeypatch):
    monkeypatch.setattr(notebook.logger, "propagate", True)  # off once logging is configured
    history = ["", "stroke_model: bool = False  # too", "# Parameters\npen_reader = True\n"]
    assert notebook.passed_parameters(history) == ["stroke_model"]
    names = {"pen_reader": True, "stroke_model": False}
    assert notebook.notebook_parameters(history, names) == {"stroke_model": True}
    assert "`pen_reader` is now called `stroke_model`" in caplog.text


def test_the_end_of_a_kernel_is_no_error_in_the_log(monkeypatch, caplog):
    """papermill interrupts a kernel before it shuts it down."""
    monkeypatch.setitem(sys.modules, "ipykernel", None)
    settings.configure_logging()
    log = logging.getLogger(get_logger().name)
    monkeypatch.setattr(log, "propagate", True)
    log.error("KeyboardInterrupt caught in kernel.")
    log.error("Exception in message handler:")
    assert [record.message for record in caplog.records] == ["Exception in message handler:"]


def test_a_result_is_markdown_in_jupyter_and_plain_text_in_a_log():
    shown, metadata = DisplayFormatter().format(notebook.Markdown("**99 %** accuracy"))
    assert shown == {"text/plain": "99 % accuracy", "text/markdown": "**99 %** accuracy"}
    assert metadata == {}


def test_in_jupyterlab_nothing_was_passed():
    assert notebook.passed_parameters(["", CELL, "%matplotlib inline"]) == []


def test_a_misspelt_parameter_is_named_with_its_nearest_spelling():
    history = ["", CELL, "# Parameters\nepohcs = 3\n"]
    with pytest.raises(ValueError, match=r"`epohcs`. Did you mean `epochs`\? Known: epochs, learn"):
        notebook.notebook_parameters(history, {})


def test_a_full_disk_keeps_the_old_file(tmp_path: Path):
    """A limit on the file size stands in for the full disk."""
    path = tmp_path / "file"
    path.write_text("old")
    code = (
        "import sys; from pathlib import Path; from digitlib import settings\n"
        "settings.write_atomically(Path(sys.argv[1]), b'x' * 100_000)"
    )

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        preexec_fn=small_disk, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "OSError" in done.stderr
    assert path.read_text() == "old"
    assert list(tmp_path.glob(".*partial")) == []
