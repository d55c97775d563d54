"""Pictures on the pages: WebP in place of the PNG that cells draw, loaded when they come near.

WebP keeps every pixel in about half of the bytes. A large picture with the many colors of a
photograph may lose what nobody sees, unless its cell says that the lesson is in its pixels::

    :mystnb: {image: {alt: "…", classes: exact}}
"""

import base64
import functools
import hashlib
import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docutils import nodes
from PIL import Image

from course_lib._files import written_whole

from . import editions, execute, pages

EXACT = "exact"
_FOLDER = editions.ROOT / "_build" / "pictures"
_LOSSLESS = {"lossless": True, "quality": 80, "method": 4}
#: With the colors in full resolution, as thin colored lines need them.
_LOSSY = {"quality": 90, "method": 5, "use_sharp_yuv": True, "exact": True}
#: A smaller picture keeps its pixels: there is little to win.
_SMALL = 60_000
#: A drawing, and what is gray, has fewer colors than that; a photograph has tens of thousands.
_FEW_COLORS = 4_000
#: And so many bytes for a pixel, because most of it is empty; a photograph has about one.
_DRAWN = 0.3
_WITHIN = re.compile(r'<img ([^>]*?)\bsrc="data:image/(png|svg\+xml);base64,([^"]+)"')
_SIDES = re.compile(r'<svg [^>]*?\bwidth="([\d.]+)(pt|)" height="([\d.]+)\2"')
_SHOWN = re.compile(r'<img [^>]*?\bsrc="(?:\.\./)*_images/([^"]+)"[^>]*>')


_encoder = ThreadPoolExecutor(1)
#: Files that are being written ahead, by their names
_ahead = {}


def as_webp(file, exact=False):
    """The picture of a PNG file as a WebP file, which is kept for the next time."""
    return _kept_as_webp(file.read_bytes(), exact)


def _kept_as_webp(content, exact):
    name = _name(content, exact)
    return _ahead.pop(name).result() if name in _ahead else _write_webp(name, content, exact)


def _name(content, exact):
    recipe = repr([_LOSSLESS, _LOSSY, _SMALL, _FEW_COLORS, _DRAWN, exact])
    return f"{_digest(content + recipe.encode())}.webp"


def _write_webp(name, content, exact):
    return _kept(name, lambda: _encoded(Image.open(io.BytesIO(content)), exact))


def _begin(app, env, docnames):
    """Write pictures of the pages that will be read: reading keeps one processor busy."""
    _ahead.clear()
    for path in editions.chapter_files():
        chapter = pages.is_wanted(path) and env.path2doc(path) in docnames and execute.stored(path)
        for cell in editions.book_edition(chapter).cells if chapter else ():
            exact = EXACT in cell.metadata.get("mystnb", {}).get("image", {}).get("classes", ())
            for output in cell.get("outputs", ()):
                if "image/png" in output.get("data", ()):
                    content = base64.b64decode(output.data["image/png"])
                    name = _name(content, exact)
                    _ahead[name] = _encoder.submit(_write_webp, name, content, exact)


def _kept(name, make):
    target = _FOLDER / name
    if not target.is_file():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        with written_whole(target) as temporary:
            temporary.write_bytes(make())
    return target


def _digest(content):
    return hashlib.sha256(content).hexdigest()[:32]


def _encoded(picture, exact):
    if picture.mode != "RGB" and _is_opaque(picture):
        picture = picture.convert("RGB")
    lossless = _webp(picture, _LOSSLESS)
    light = max(_SMALL, _DRAWN * picture.width * picture.height)
    if exact or len(lossless) <= light or picture.getcolors(_FEW_COLORS):
        return lossless
    return min(lossless, _webp(picture, _LOSSY), key=len)


def _is_opaque(picture):
    return picture.convert("RGBA").getextrema()[3][0] == 255


def _webp(picture, options):
    file = io.BytesIO()
    picture.save(file, "webp", **options)
    return file.getvalue()


def _lighten(app, doctree):
    for image in doctree.findall(nodes.image):
        uri = image["uri"]
        if not uri.endswith(".png") or "://" in uri:
            continue
        _, file = app.env.relfn2path(uri, app.env.docname)
        if Path(file).is_file():
            light = as_webp(Path(file), EXACT in image.get("classes", ()))
            image["uri"] = f"/{light.relative_to(editions.ROOT).as_posix()}"


def _take_out(app, page, template, context, doctree):
    """Pictures that an output holds itself, like those of a report, become files of the page.

    They keep every pixel: nobody can say of them whether a lesson needs it.
    """

    def taken_out(shown):
        before, kind, content = shown.groups()
        content = base64.b64decode(content)
        if kind == "png":
            file = _kept_as_webp(content, exact=True)
        else:
            file = _kept(f"{_digest(content)}.svg", lambda: content)
        app.builder.images[file.relative_to(editions.ROOT).as_posix()] = file.name
        address = context["pathto"](f"{app.builder.imagedir}/{file.name}", 1)
        return f'<img {before}src="{address}"'

    if "body" in context:
        context["body"] = _WITHIN.sub(taken_out, context["body"])


def _give_size(app, page, template, context, doctree):
    """Room for a picture before it is there, which is when the reader comes near."""
    files = {name: Path(app.srcdir, uri) for uri, name in app.builder.images.items()}

    def sized(shown):
        tag, name = shown[0], shown[1]
        if "width" in tag or name not in files:
            return tag
        room = "".join(f'{side}="{size}" ' for side, size in _size(files[name]).items())
        return f'<img {room}loading="lazy" decoding="async" {tag.removeprefix("<img ")}'

    if "body" in context:
        context["body"] = _SHOWN.sub(sized, context["body"])


@functools.cache
def _size(file):
    """Width and height in pixels of a page, as far as the picture says them."""
    if file.suffix == ".svg":
        found = _SIDES.search(file.read_text(encoding="utf-8"))
        if not found:
            return {}
        # 72 points are an inch, and so are 96 pixels of a page.
        scale = 96 / 72 if found[2] else 1
        return {"width": round(float(found[1]) * scale), "height": round(float(found[3]) * scale)}
    with Image.open(file) as picture:
        return dict(zip(("width", "height"), picture.size, strict=True))


def _forget(app, exception):
    """Delete pictures that no page of the whole book shows any more."""
    if exception or pages.is_one_chapter():
        return
    shown = {Path(uri).name for uri in app.env.images}
    for file in _FOLDER.glob("*.webp"):
        if file.name not in shown:
            file.unlink()


def connect(app):
    """Register with Sphinx."""
    app.connect("env-before-read-docs", _begin)
    # Before Sphinx collects the pictures of a page, with 500.
    app.connect("doctree-read", _lighten, priority=400)
    app.connect("html-page-context", _take_out, priority=400)
    app.connect("html-page-context", _give_size)
    app.connect("build-finished", _forget)
