"""A picture of a digit is read, whatever its size, light or format; other files are refused."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from services import Service

from digitlib.strokes import draw

PATH = "/v1/read/photo"


def picture(digit: int, seed: int, ink: int = 40, paper: int = 215) -> Image.Image:
    """A photo-like picture of a synthetic digit: a pen line on paper, with some noise."""
    generator = np.random.default_rng(seed)
    canvas = Image.new("L", (480, 640), paper)
    pen = ImageDraw.Draw(canvas)
    for stroke in draw(digit, generator):
        points = [(90 + 300 * x, 150 + 300 * y) for x, y in stroke]
        pen.line(points, fill=ink, width=26, joint="curve")
        for x, y in points:
            pen.ellipse((x - 13, y - 13, x + 13, y + 13), fill=ink)
    noise = generator.normal(0, 5, (640, 480))
    return Image.fromarray((np.asarray(canvas) + noise).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def read(service: Service, content: bytes, name: str = "photo"):
    return service.client.post(PATH, files={name: ("digit", content)})


def test_digits_on_paper_are_read(service):
    right = 0
    for number in range(20):
        (digit,) = read(service, encoded(picture(number % 10, number))).json()["digits"]
        right += digit["likeliest"] == number % 10
    assert right >= 18


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_each_format_and_polarity_is_read_alike(service, format):
    for ink, paper in ((30, 220), (235, 20)):
        (digit,) = read(service, encoded(picture(3, 3, ink, paper), format)).json()["digits"]
        assert digit["digit"] == 3
        box = digit["box"]
        assert 60 < box["x"] < 240 and 120 < box["y"] < 330
        assert box["width"] < 340 and 150 < box["height"] < 340


def test_a_photo_that_was_taken_sideways_is_turned(service):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    content = encoded(picture(3, 3).rotate(90, expand=True), "JPEG", exif=exif)
    assert read(service, content).json()["digits"][0]["digit"] == 3


def test_transparent_paper_is_paper(service):
    grey = picture(3, 3)
    transparent = Image.merge("LA", (Image.new("L", grey.size, 0), grey.point(lambda v: 255 - v)))
    assert read(service, encoded(transparent)).json()["digits"][0]["likeliest"] == 3


def bomb() -> bytes:
    """A small file of very many pixels."""
    return encoded(Image.new("1", (20_000, 20_000)))


REFUSED = {
    "empty": b"",
    "text": b"not a picture",
    "another format": encoded(Image.new("L", (20, 20)), "GIF"),
    "PNG cut short": encoded(picture(3, 3))[:3000],
    "JPEG cut short": encoded(picture(3, 3), "JPEG")[:3000],
    "only paper": encoded(Image.new("L", (300, 300), 200)),
    "too many pixels": bomb(),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_of_a_digit_is_refused_in_words(service, name):
    answer = read(service, REFUSED[name])
    assert answer.status_code == 422, answer.text
    assert len(answer.json()["detail"]) > 30


def test_uploads_are_limited_in_size_and_form(service):
    before = service.memory
    assert read(service, b"\x89PNG" + bytes(11_000_000)).status_code == 413
    assert read(service, encoded(picture(3, 3)), name="other").status_code == 422
    assert service.client.post(PATH, json={"photo": 1}).status_code == 415
    many = [("photo", ("a", b"x"))] * 2000
    assert service.client.post(PATH, files=many).status_code in (400, 422)
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert service.client.post(PATH, content=b"--y", headers=broken).status_code in (400, 422)
    assert service.memory - before < 60e6
    assert "Traceback" not in service.log
