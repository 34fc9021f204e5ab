"""Makes pictures as cameras and editors make them, and reads pictures with Pillow and ExifRead.

`bare.py make FOLDER`  writes the files, and prints their paths.
`bare.py read FILE…`   prints one line a file: its name, then what it holds beside the picture, or "nothing".
"""

import io
import sys
from pathlib import Path

import exifread
from PIL import Image, PngImagePlugin

# What Pillow tells of the picture itself: how it is coded and how large a dot is.
OF_THE_PICTURE = {
    "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression",
    "loop", "background", "timestamp", "duration",
}
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'
BEHIND = b"PK\x03\x04 what stands behind the end"


def exif():
    tags = Image.Exif()
    tags[0x010F] = "Camara"
    gps = tags.get_ifd(0x8825)
    gps[1], gps[2] = "N", (22.0, 6.0, 21.4)
    gps[3], gps[4] = "W", (103.0, 40.0, 3.2)
    return tags


def make(folder):
    image = Image.effect_noise((640, 480), 60).convert("RGB")
    png = PngImagePlugin.PngInfo()
    png.add_text("Author", "a name")
    png.add_itxt("XML:com.adobe.xmp", XMP.decode())
    kinds = {
        "jpg": {"format": "JPEG", "exif": exif(), "xmp": XMP, "comment": b"a comment", "icc_profile": b"x" * 200},
        "png": {"format": "PNG", "exif": exif(), "pnginfo": png},
        "webp": {"format": "WEBP", "exif": exif(), "xmp": XMP},
    }
    for name, options in kinds.items():
        out = io.BytesIO()
        image.save(out, **options)
        path = Path(folder) / f"camera.{name}"
        path.write_bytes(out.getvalue() + BEHIND)
        print(path)


def end_of(data):
    """Returns where the picture ends, by its own form."""
    if data.startswith(b"\xff\xd8"):
        at = 2
        while True:
            assert data[at] == 0xFF, f"no marker at {at}"
            marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == 0xD9:
                return at + 2
            at += 2 + length
            if marker == 0xDA:
                # Coded bytes: a marker is FF with neither 00 nor a restart after it.
                while data[at] != 0xFF or data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7:
                    at += 1
    if data.startswith(b"\x89PNG"):
        at = 8
        while True:
            length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
            at += 12 + length
            if kind == b"IEND":
                return at
    assert data.startswith(b"RIFF"), "neither JPEG, PNG nor WebP"
    return 8 + int.from_bytes(data[4:8], "little")


def read(path):
    data = Path(path).read_bytes()
    image = Image.open(io.BytesIO(data))
    image.load()
    found = [f"Pillow EXIF {tag:#x}" for tag in image.getexif()]
    found += [f"Pillow {name}" for name in image.info if name not in OF_THE_PICTURE]
    found += [f"ExifRead {tag}" for tag in exifread.process_file(io.BytesIO(data), details=True)]
    behind = len(data) - end_of(data)
    if behind:
        found.append(f"{behind} bytes behind the end")
    print(f"{Path(path).name}\t{image.format} {image.size[0]}x{image.size[1]}\t{', '.join(found) or 'nothing'}")


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    for file in sys.argv[2:]:
        read(file)
