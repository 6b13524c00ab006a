"""photos.ipynb reads a folder of pictures, shows each step and names what can't be read."""

import nbformat
from executing import execute
from photo_pages import encoded, page


def test_a_folder_of_pictures_is_read_and_a_bad_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_OUTPUTS_DIR", str(tmp_path / "outputs"))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(encoded(page(("352 06",), rules=True)))
    (pictures / "b.jpg").write_bytes(b"%PDF-1.7")
    done = execute(tmp_path, "photos", path=pictures)
    assert "| a.png | 352 06 |" in done.text
    assert "| b.jpg | The file is a PDF document" in done.text
    shown = [
        output
        for cell in nbformat.read(done.path, as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(shown) == 8
    assert [file.name for file in (tmp_path / "outputs/plots/photos").iterdir()] == ["a.png"]
