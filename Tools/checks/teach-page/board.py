"""A served board and a camera, for the checks of the teach page."""

import itertools
import json
import pathlib
import re
import shutil
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
PHOTOS = ROOT / "Examples" / "parts"


class Camera:
    """Shows photos of one kind again and again, by putting them into a folder."""

    def __init__(self, folder: pathlib.Path, kind: str, rate: float = 5):
        self.folder, self.rate = folder, rate
        folder.mkdir()
        self.show(kind)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()

    def show(self, kind: str):
        self.photos = sorted(PHOTOS.glob(f"*/{kind}/*.jpg"))
        assert self.photos, kind

    def run(self):
        for number in itertools.count():
            photo = self.photos[number % len(self.photos)]
            hidden = self.folder / ".next"
            # Other bytes each time, as from a camera: what stands behind a JPEG's end is not looked at.
            hidden.write_bytes(photo.read_bytes() + number.to_bytes(4, "little"))
            hidden.rename(self.folder / "frame.jpg")
            if self.stopped.wait(1 / self.rate):
                return

    def stop(self):
        self.stopped.set()
        self.thread.join()


class Board:
    """edgessl serve as a process."""

    def __init__(self, command: pathlib.Path, folder: pathlib.Path, *arguments: str, port: int = 0):
        self.log = (folder.parent / f"serve-{time.monotonic_ns()}.log").open("w+")
        self.process = subprocess.Popen(
            [command, "serve", *arguments, "--folder", folder, "--listen", f"127.0.0.1:{port}"],
            stdin=subprocess.PIPE,
            stderr=self.log,
        )
        deadline = time.monotonic() + 60
        while True:
            text = pathlib.Path(self.log.name).read_text()
            if found := re.search(r"open (http://[^/]+)/", text):
                self.address = found[1]
                self.port = int(self.address.rsplit(":", 1)[1])
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"edgessl serve did not start:\n{text}")
            time.sleep(0.05)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return answer.read()

    def post(self, path: str, body: bytes = b"") -> dict:
        request = urllib.request.Request(self.address + path, data=body, method="POST", headers={"Content-Type": "image/jpeg"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def json(self, path: str = "/api/board") -> dict:
        return json.loads(self.get(path))

    def work(self, path: str) -> dict:
        self.post(path)
        while (work := self.json()["work"])["state"] == "running":
            time.sleep(0.05)
        assert work["state"] == "done", work
        return work

    def resident(self) -> int:
        """Kibibytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()
            self.log.close()


def command() -> pathlib.Path:
    """The newest build that has both programs."""
    builds = [ROOT / ".build" / kind for kind in ("release", "debug")]
    found = [build / "edgessl" for build in builds if (build / "edgessl").exists() and (build / "edgessl-serve").exists()]
    if not found:
        raise SystemExit("no edgessl and edgessl-serve: swift build --product edgessl && swift build --product edgessl-serve")
    return max(found, key=lambda path: path.stat().st_mtime)


def browser_programs() -> tuple[str, str] | None:
    """Chromium and its driver."""
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    return programs if all(programs) else None
