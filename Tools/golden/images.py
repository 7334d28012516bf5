"""Writes Tests/Golden/images: small image files of every kind that ImageFiles reads.

Beside <name>.jpg, .png, .ppm or .pgm lies <name>.npy, the pixels as they are to be seen, uint8 [height, width, 3]. The
pixels of JPEG files are what Pillow reads; those of the others are known from the drawing itself.

Usage: python Tools/golden/images.py
Needs Pillow and NumPy.
"""

import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

from preprocessing import GOLDEN, drawing

FOLDER = GOLDEN / "images"
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def save(name, content, pixels):
    (FOLDER / name).write_bytes(content)
    np.save(FOLDER / f"{pathlib.Path(name).stem}.npy", np.ascontiguousarray(pixels, dtype=np.uint8))


def jpeg(image, **options):
    stream = io.BytesIO()
    image.save(stream, "JPEG", **({"quality": 90, "subsampling": 0} | options))
    return stream.getvalue()


def seen_by_pillow(content):
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))


def save_jpeg(name, content):
    save(f"{name}.jpg", content, seen_by_pillow(content))


# Values of the orientation, 6, in other types: those that Pillow takes for it, and BYTE, which it does not.
ORIENTATION_VALUES = [
    ("byte", 1, b"\6"),
    ("long", 4, struct.pack("<I", 6)),
    ("signed-byte", 6, b"\6"),
    ("signed-short", 8, struct.pack("<h", 6)),
    ("signed-long", 9, struct.pack("<i", 6)),
    ("rational", 5, struct.pack("<II", 12, 2)),
    ("float", 11, struct.pack("<f", 6)),
    ("double", 12, struct.pack("<d", 6)),
]


def exif(kind, value):
    """A TIFF structure with one value of the orientation."""
    place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", 26)
    entry = struct.pack("<HHI", 0x0112, kind, 1) + place
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + bytes(4) + (value if len(value) > 4 else b"")


def exif_segment(orientation, byte_order):
    """An Exif segment with a bystander tag before the orientation."""
    order = "<" if byte_order == b"II" else ">"
    entries = struct.pack(order + "HHHII", 2, 0x0100, 4, 1, 77)
    entries += struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = byte_order + struct.pack(order + "HI", 42, 8) + entries + bytes(4)
    payload = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload


def write_jpegs():
    image = drawing(29, 18, 1)
    save_jpeg("baseline-444", jpeg(image))
    save_jpeg("baseline-422", jpeg(image, subsampling=1))
    save_jpeg("baseline-420", jpeg(image, subsampling=2))
    save_jpeg("baseline-optimized", jpeg(image, optimize=True))
    save_jpeg("baseline-restarts", jpeg(image, restart_marker_rows=1))
    save_jpeg("baseline-one-pixel", jpeg(image.resize((1, 1))))
    save_jpeg("baseline-rgb", jpeg(image, keep_rgb=True))
    save_jpeg("progressive-444", jpeg(image, progressive=True))
    save_jpeg("progressive-420", jpeg(image, progressive=True, subsampling=2))
    save_jpeg("gray", jpeg(image.convert("L")))
    save_jpeg("progressive-gray", jpeg(image.convert("L"), progressive=True))
    cmyk = np.concatenate([255 - np.asarray(image), np.full((18, 29, 1), 40)], -1).astype(np.uint8)
    cmyk = jpeg(Image.fromarray(cmyk, "CMYK"))
    save_jpeg("cmyk", cmyk)
    # The transform byte of the Adobe marker says whether the four channels are CMYK (0) or YCCK (2).
    marker = cmyk.index(b"\xff\xee") + 4
    assert cmyk[marker : marker + 5] == b"Adobe" and cmyk[marker + 11] == 0
    save_jpeg("ycck", cmyk[: marker + 11] + b"\x02" + cmyk[marker + 12 :])
    small = drawing(21, 13, 2)
    for orientation in range(1, 9):
        byte_order = b"MM" if orientation % 2 else b"II"
        content = jpeg(small)
        content = content[:2] + exif_segment(orientation, byte_order) + content[2:]
        save_jpeg(f"orientation-{orientation}", content)
    for name, kind, value in ORIENTATION_VALUES:
        content = jpeg(small)
        payload = b"Exif\0\0" + exif(kind, value)
        save_jpeg(f"orientation-{name}", content[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + content[2:])


def chunk(kind, payload):
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(samples, depth, colour_type, interlaced=False, extra=b"", late=b""):
    """A PNG of samples [height, width, channels], without filters; chunks `extra` stand before the pixels, `late` behind them."""
    height, width, _ = samples.shape

    def rows(part):
        for row in part:
            values = row.reshape(-1)
            if depth == 16:
                yield b"\0" + values.astype(">u2").tobytes()
            elif depth == 8:
                yield b"\0" + values.astype(np.uint8).tobytes()
            else:
                bits = "".join(format(int(value), f"0{depth}b") for value in values)
                bits += "0" * (-len(bits) % 8)
                yield b"\0" + bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))

    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    data = b"".join(b"".join(rows(samples[y0::dy, x0::dx])) for x0, y0, dx, dy in passes if samples[y0::dy, x0::dx].size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data, 9)) + late + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def exif_chunk(kind, orientation):
    return chunk(b"eXIf", exif(kind, struct.pack("<H" if kind == 3 else "<I", orientation)))


def save_oriented(name, pixels, **arguments):
    content = png(pixels, 8, 2, **arguments)
    save(f"{name}.png", content, seen_by_pillow(content))


def write_pngs():
    pixels = np.asarray(drawing(19, 14, 3))
    gray = pixels[..., :1]
    rng = np.random.default_rng(4)
    alpha = rng.integers(0, 256, (14, 19, 1))
    low = rng.integers(0, 256, (14, 19, 3))

    def repeated(values):
        return np.repeat(values, 3, axis=-1)

    save("rgb.png", png(pixels, 8, 2), pixels)
    save("rgb-interlaced.png", png(pixels, 8, 2, interlaced=True), pixels)
    save("rgb-16.png", png(pixels.astype(int) * 256 + low, 16, 2), pixels)
    save("rgb-alpha.png", png(np.concatenate([pixels, alpha], -1), 8, 6), pixels)
    save("rgb-alpha-16.png", png(np.concatenate([pixels, alpha], -1).astype(int) * 256 + 9, 16, 6), pixels)
    save("gray-8.png", png(gray, 8, 0), repeated(gray))
    save("gray-16.png", png(gray.astype(int) * 256 + low[..., :1], 16, 0), repeated(gray))
    save("gray-16-interlaced.png", png(gray.astype(int) * 256, 16, 0, interlaced=True), repeated(gray))
    save("gray-alpha.png", png(np.concatenate([gray, alpha], -1), 8, 4), repeated(gray))
    transparent = chunk(b"tRNS", struct.pack(">H", int(gray[0, 0, 0])))
    save("gray-transparent.png", png(gray, 8, 0, extra=transparent), repeated(gray))
    for depth in (1, 2, 4):
        levels = gray.astype(int) >> (8 - depth)
        save(f"gray-{depth}.png", png(levels, depth, 0), repeated(levels * 255 // (2**depth - 1)))
    for orientation in range(1, 9):
        save_oriented(f"orientation-exif-{orientation}", pixels, extra=exif_chunk(3, orientation))
    save_oriented("orientation-exif-interlaced", pixels, interlaced=True, extra=exif_chunk(3, 7))
    save_oriented("orientation-exif-late", pixels, late=exif_chunk(3, 6))
    save_oriented("orientation-exif-long", pixels, extra=exif_chunk(4, 8))
    save_oriented("orientation-exif-signature", pixels, extra=chunk(b"eXIf", b"Exif\0\0" + exif(3, b"\6\0")))
    data = b"Exif\0\0" + exif(3, b"\6\0")
    text = f"\nexif\n{len(data):8}\n{data[:20].hex()}\n{data[20:].hex()}\n".encode("latin-1")
    save_oriented("orientation-text", pixels, extra=chunk(b"tEXt", b"Raw profile type exif\0" + text))
    packed = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    save_oriented("orientation-packed-text", pixels, extra=packed)
    palette = rng.integers(0, 256, (16, 3)).astype(np.uint8)
    indices = gray.astype(int) >> 4
    colours = chunk(b"PLTE", palette.tobytes())
    save("palette.png", png(indices, 8, 3, extra=colours), palette[indices[..., 0]])
    save("palette-4.png", png(indices, 4, 3, extra=colours), palette[indices[..., 0]])
    save("palette-4-interlaced.png", png(indices, 4, 3, True, colours), palette[indices[..., 0]])
    see_through = colours + chunk(b"tRNS", bytes(range(0, 160, 10)))
    save("palette-alpha.png", png(indices, 8, 3, extra=see_through), palette[indices[..., 0]])
    save("text-and-gamma.png", png(pixels, 8, 2, extra=chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"tEXt", b"a\0b")), pixels)


def write_netpbm():
    pixels = np.asarray(drawing(11, 7, 5))
    save("colour.ppm", b"P6\n11 7\n255\n" + pixels.tobytes(), pixels)
    save("mono.pgm", b"P5 # made by hand\n# 12 34\n 11\t7\r\n255 " + pixels[..., 1].tobytes(), np.repeat(pixels[..., 1:2], 3, -1))
    levels = pixels.astype(int) * 100 // 255
    save("hundred.ppm", b"P6 11 7 100\n" + levels.astype(np.uint8).tobytes(), (levels * 255 + 50) // 100)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_jpegs()
    write_pngs()
    write_netpbm()
